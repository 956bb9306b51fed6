//! The requests in progress of this machine's users, so that no user takes all that the protocols can handle at once.

use std::collections::BTreeMap;

use mailslot_netbios::RequestId;

/// One user may have this fraction of the requests: a quarter.
const SHARE: usize = 4;

/// Requests to the protocols, of which one user may have a quarter in progress.
pub(crate) struct UnderWay<T> {
    most: usize,
    /// Few, by ascending ids, which are cheaper to compare than to hash.
    requests: BTreeMap<RequestId, (u32, T)>,
}

impl<T> UnderWay<T> {
    /// At most `most` requests may be in progress.
    pub(crate) fn new(most: usize) -> UnderWay<T> {
        UnderWay { most, requests: BTreeMap::new() }
    }

    /// Whether the user may begin another one.
    pub(crate) fn has_room(&self, user: u32) -> bool {
        // There are at most some hundred requests.
        let own = self.requests.values().filter(|(other, _)| *other == user).count();
        own < (self.most / SHARE).max(1)
    }

    /// Records that a request of the user has begun.
    pub(crate) fn begin(&mut self, request: RequestId, user: u32, what: T) {
        self.requests.insert(request, (user, what));
    }

    /// Removes a completed request. Returns its user and value; `None` if it is no user's.
    pub(crate) fn end(&mut self, request: RequestId) -> Option<(u32, T)> {
        self.requests.remove(&request)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mailslot_netbios::{Config, Node};
    use std::time::Instant;

    #[test]
    fn one_user_has_a_quarter_under_way_and_gets_it_back() {
        let mut under_way = UnderWay::new(16);
        let requests: Vec<RequestId> = ids(8);
        for (number, request) in requests.iter().enumerate() {
            let user = u32::try_from(number).expect("small") / 4;
            assert!(under_way.has_room(user), "{number}");
            under_way.begin(*request, user, number);
        }
        assert_eq!([0, 1, 2].map(|user| under_way.has_room(user)), [false, false, true]);
        assert_eq!((under_way.end(requests[5]), under_way.end(requests[5])), (Some((1, 5)), None));
        assert_eq!([0, 1].map(|user| under_way.has_room(user)), [false, true]);
    }

    /// Different ids, which only the protocols can create.
    fn ids(number: usize) -> Vec<RequestId> {
        let config = Config::new("SRV1", "PLANT").expect("valid names");
        let mut node = Node::new(config, Vec::new(), Instant::now(), 1);
        let name = mailslot_wire::Name::new("SRV2", 0).expect("a valid name");
        (0..number).map(|_| node.resolve(Instant::now(), name.clone())).collect()
    }
}
