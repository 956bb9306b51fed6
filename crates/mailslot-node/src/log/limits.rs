//! Reports limits that cause drops, so that the operator can raise them.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use mailslot_netbios::{Counters, DropReason};

/// The least time between two reports of one reason.
const EVERY: Duration = Duration::from_secs(60);

/// The last report of each reason.
#[derive(Default)]
pub(crate) struct Limits {
    said: BTreeMap<&'static str, Said>,
}

#[derive(Clone, Copy)]
struct Said {
    at: Option<Instant>,
    count: u64,
}

impl Limits {
    /// Logs which limits have caused drops. Called regularly.
    pub(crate) fn tell(&mut self, now: Instant, counters: &Counters) {
        for (reason, number) in self.bitten(now, counters) {
            let limits = reason.limits().join(",");
            tracing::warn!(name: "limit_reached", dropped = reason.label(), number, limits);
        }
    }

    /// The reasons with limits for which something was dropped since their last report, and how often. Each is reported
    /// at once the first time, and then at most once a minute.
    fn bitten(&mut self, now: Instant, counters: &Counters) -> Vec<(DropReason, u64)> {
        let mut bitten = Vec::new();
        for (reason, count) in counters.drops().filter(|(reason, _)| !reason.limits().is_empty()) {
            let said = self.said.entry(reason.label()).or_insert(Said { at: None, count: 0 });
            // A restarted node counts from 0.
            said.count = said.count.min(count);
            if count > said.count && said.at.is_none_or(|at| now >= at + EVERY) {
                bitten.push((reason, count - said.count));
                *said = Said { at: Some(now), count };
            }
        }
        bitten
    }
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddrV4;

    use mailslot_netbios::{Cast, Config, Interface, Node, Received, Service};
    use mailslot_wire::Name;
    use mailslot_wire::name_service::Packet;

    use super::*;

    /// The reports of a node that answers one request a second, while a neighbour sends `per_second` requests a second
    /// for `seconds` seconds.
    fn said(per_second: u32, seconds: u64) -> Vec<(u64, DropReason, u64)> {
        let mut config = Config::new("PC", "PLANT").expect("valid names");
        let rate = mailslot_netbios::limits::Rate { per_second: 1, burst: 1 };
        config.limits.answers_per_source = rate;
        let mut now = Instant::now();
        let start = now;
        let interface =
            Interface { id: 1, address: [10, 0, 0, 5].into(), prefix: 24, broadcast: Some([10, 0, 0, 255].into()) };
        let mut node = Node::new(config, vec![interface], now, 7);
        let (mut limits, mut said) = (Limits::default(), Vec::new());
        let from = SocketAddrV4::new([10, 0, 0, 9].into(), 137);
        let received = Received { interface: 1, from, service: Service::Name, cast: Cast::Unicast };
        let question = Packet::node_status_request(1, Name::wildcard()).encode();
        for second in 0..seconds {
            for _ in 0..per_second {
                node.handle_packet(now, received, &question);
                while node.poll_transmit().is_some() {}
            }
            let bitten = limits.bitten(now, node.counters());
            said.extend(bitten.into_iter().map(|(reason, count)| (second, reason, count)));
            now = start + Duration::from_secs(second + 1);
        }
        said
    }

    #[test]
    fn a_limit_that_bites_is_said_at_once_and_then_once_a_minute() {
        let said = said(100, 200);
        let seconds: Vec<u64> = said.iter().map(|(second, ..)| *second).collect();
        assert_eq!(seconds, [0, 60, 120, 180]);
        assert!(said.iter().all(|(_, reason, count)| *reason == DropReason::AnswerRate && *count > 0), "{said:?}");
    }

    #[test]
    fn a_limit_that_does_not_bite_is_not_said() {
        assert_eq!(said(0, 200), []);
    }
}
