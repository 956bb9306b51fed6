//! Accounts of the users who write through a door: what they cost its owner, and how much each may cost.
//!
//! Room in the ring is shared as switches share their memory: a user may have as many unread bytes there as are still
//! free for all. One user alone gets half of it, two get a third each, and a new user always finds some.

use std::collections::VecDeque;

/// Connections of one user that are kept open. Further ones are accepted, emptied and closed, so that the writer
/// reconnects.
const CONNECTIONS: usize = 64;
/// The most connections of all users that are kept open, and the part of this process's descriptors that they may take.
const CONNECTIONS_OF_ALL: usize = 512;
const PART: u64 = 8;
/// The most messages of one user that may lie unread in the ring: more would only delay those of all others.
const WINDOW: usize = 64;
/// How many users are remembered although they have nothing here any more, such as those who are shut out.
const REMEMBERED: usize = 1024;

/// The accounts of all users.
pub(super) struct Accounts {
    /// Sorted by user id.
    accounts: Vec<Account>,
    /// The most connections of all users that are kept open.
    most: usize,
}

#[derive(Default)]
struct Account {
    uid: u32,
    connections: usize,
    /// Whether nothing is accepted from this user any more.
    shut_out: bool,
    /// The ends and sizes of the user's records in the ring, oldest first, as far as they may be unread.
    unread: VecDeque<(u64, u64)>,
    unread_bytes: u64,
}

impl Accounts {
    pub(super) fn new() -> Accounts {
        let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile).current.unwrap_or(u64::MAX);
        let most = usize::try_from(limit / PART).unwrap_or(usize::MAX).clamp(1, CONNECTIONS_OF_ALL);
        Accounts { accounts: Vec::new(), most }
    }

    /// The most connections of all users that are kept open.
    pub(super) fn most_kept(&self) -> usize {
        self.most
    }

    /// Records an accepted connection of `uid`. Returns whether it may be kept.
    pub(super) fn connected(&mut self, uid: u32) -> bool {
        let most = self.most;
        let of_all: usize = self.accounts.iter().map(|account| account.connections).sum();
        let account = self.of(uid);
        account.connections += 1;
        account.connections <= CONNECTIONS && of_all < most
    }

    pub(super) fn disconnected(&mut self, uid: u32) {
        let account = self.of(uid);
        account.connections = account.connections.saturating_sub(1);
        self.tidy();
    }

    /// Accepts nothing from `uid` any more: it has sent what no correct writer sends.
    pub(super) fn shut_out(&mut self, uid: u32) {
        self.of(uid).shut_out = true;
    }

    pub(super) fn is_shut_out(&self, uid: u32) -> bool {
        self.find(uid).is_ok_and(|at| self.accounts[at].shut_out)
    }

    /// The users who are shut out.
    pub(super) fn all_shut_out(&self) -> impl Iterator<Item = u32> {
        self.accounts.iter().filter(|account| account.shut_out).map(|account| account.uid)
    }

    /// Records a message of `uid` in the ring, whose record of `bytes` bytes ends at `end`.
    pub(super) fn added(&mut self, uid: u32, end: u64, bytes: u64) {
        let account = self.of(uid);
        account.unread.push_back((end, bytes));
        account.unread_bytes += bytes;
    }

    /// How many messages `uid` may add when all before `head` are read and there is `room` for bytes of all users.
    pub(super) fn allowance(&mut self, uid: u32, head: u64, room: u64) -> usize {
        let account = self.of(uid);
        while let Some((end, bytes)) = account.unread.front()
            && head.wrapping_sub(*end) as i64 >= 0
        {
            account.unread_bytes -= bytes;
            account.unread.pop_front();
        }
        if account.shut_out || account.unread_bytes > room { 0 } else { WINDOW.saturating_sub(account.unread.len()) }
    }

    fn of(&mut self, uid: u32) -> &mut Account {
        let at = match self.find(uid) {
            Ok(at) => at,
            Err(at) => {
                self.accounts.insert(at, Account { uid, ..Account::default() });
                at
            }
        };
        &mut self.accounts[at]
    }

    fn find(&self, uid: u32) -> Result<usize, usize> {
        self.accounts.binary_search_by_key(&uid, |account| account.uid)
    }

    fn tidy(&mut self) {
        if self.accounts.len() > REMEMBERED {
            self.accounts.retain(|account| account.connections > 0 || !account.unread.is_empty());
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn further_connections_of_a_user_are_not_kept_and_those_of_others_are() {
        let mut accounts = Accounts { accounts: Vec::new(), most: CONNECTIONS_OF_ALL };
        assert_eq!((0..1000).filter(|_| accounts.connected(1)).count(), CONNECTIONS);
        assert!(!accounts.connected(2), "a thousand connections that are not kept are open still");
        (0..1000 - CONNECTIONS).for_each(|_| accounts.disconnected(1));
        assert!(accounts.connected(2) && accounts.connected(0));
        accounts.disconnected(1);
        assert!(accounts.connected(1) && !accounts.connected(1));
    }

    #[test]
    fn who_is_shut_out_stays_so() {
        let mut accounts = Accounts { accounts: Vec::new(), most: CONNECTIONS_OF_ALL };
        accounts.connected(7);
        accounts.shut_out(7);
        accounts.disconnected(7);
        assert!(accounts.is_shut_out(7) && !accounts.is_shut_out(8));
        assert_eq!(accounts.allowance(7, 0, u64::MAX), 0);
    }

    proptest! {
        /// Whatever some users add and a reader reads, a user who has nothing unread finds room if there is any.
        #[test]
        fn nobody_takes_all_the_room(turns in prop::collection::vec((0..4_u32, 1..5000_u64, any::<bool>()), 1..300)) {
            const ROOM: u64 = 64 << 10;
            let mut accounts = Accounts { accounts: Vec::new(), most: CONNECTIONS_OF_ALL };
            let (mut tail, mut head) = (0, 0);
            let mut ends = VecDeque::new();
            for (uid, bytes, read) in turns {
                let room = ROOM.saturating_sub(tail - head);
                let fits = bytes <= room;
                if accounts.allowance(uid, head, room) > 0 && fits {
                    tail += bytes;
                    ends.push_back(tail);
                    accounts.added(uid, tail, bytes);
                }
                prop_assert!(ROOM - (tail - head) > 0 || bytes == room);
                let room = ROOM - (tail - head);
                prop_assert!(room == 0 || accounts.allowance(99, head, room) > 0);
                if read && let Some(end) = ends.pop_front() {
                    head = end;
                }
            }
        }
    }
}
