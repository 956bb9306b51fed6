//! The budgets of log lines for each kind of event, so that no user or network can fill a disk, or hide one event
//! behind many others.

use std::collections::BTreeMap;
use std::time::Instant;

use mailslot_netbios::limits::{Limiter, Rate};

/// Lines of one kind of event. The burst suffices for a start on a machine with many interfaces.
const EVENT: Rate = Rate { per_second: 2, burst: 100 };
/// Lines of one kind that one user has caused, so that others of that kind still have room.
const USER: Rate = Rate { per_second: 1, burst: 20 };
/// Lines of all kinds.
const ALL: Rate = Rate { per_second: 20, burst: 1000 };
/// No bound on the lines of all users: the budgets of each kind and of all kinds bound them.
const ANY: Rate = Rate { per_second: u32::MAX, burst: u32::MAX };
/// Pairs of user and kind with separate budgets; pairs beyond these share one.
const USERS: usize = 1024;
/// Kinds of events with separate budgets, of which the node has some forty; kinds beyond these would share one.
const EVENTS: usize = 256;

/// Token buckets for lines, and the number of lines that found theirs empty.
pub(super) struct Budget {
    users: Limiter<(&'static str, u32)>,
    events: Limiter<&'static str>,
    left_out: BTreeMap<&'static str, u64>,
}

impl Budget {
    pub(super) fn new(now: Instant) -> Budget {
        Budget {
            users: Limiter::new(USER, ANY, USERS, now),
            events: Limiter::new(EVENT, ALL, EVENTS, now),
            left_out: BTreeMap::new(),
        }
    }

    /// Takes a line for `event`, caused by this user, if any. Returns `false` if the line is to be left out.
    pub(super) fn take(&mut self, now: Instant, event: &'static str, uid: Option<u32>) -> bool {
        // A user whose budget is spent takes nothing from the other budgets.
        let taken = uid.is_none_or(|uid| self.users.take(ANY, (event, uid), now)) && self.events.take(ALL, event, now);
        if !taken {
            *self.left_out.entry(event).or_default() += 1;
        }
        taken
    }

    /// How many lines of each event were left out; counting restarts from 0.
    pub(super) fn take_left_out(&mut self) -> BTreeMap<&'static str, u64> {
        std::mem::take(&mut self.left_out)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    /// How many lines are logged, of twenty in each millisecond for this many seconds.
    fn flood(budget: &mut Budget, start: Instant, seconds: u64, event: &'static str, uid: Option<u32>) -> u64 {
        let times = (0..seconds * 1000).map(|millis| start + Duration::from_millis(millis));
        times.map(|now| (0..20).filter(|_| budget.take(now, event, uid)).count() as u64).sum()
    }

    #[test]
    fn a_flood_gets_the_rate_and_the_rest_is_counted() {
        let start = Instant::now();
        for (uid, rate) in [(None, EVENT), (Some(1000), USER)] {
            let mut budget = Budget::new(start);
            let seconds = 10;
            let logged = flood(&mut budget, start, seconds, "not_sent", uid);
            let most = u64::from(rate.burst) + seconds * u64::from(rate.per_second);
            assert!(logged <= most && logged + 1 >= most, "{logged} of {most}");
            let left_out = budget.take_left_out();
            assert_eq!(left_out.into_iter().collect::<Vec<_>>(), [("not_sent", seconds * 20_000 - logged)]);
            assert!(budget.take_left_out().is_empty());
        }
    }

    #[test]
    fn one_users_flood_hides_neither_other_users_nor_other_events() {
        let start = Instant::now();
        let mut budget = Budget::new(start);
        flood(&mut budget, start, 10, "not_sent", Some(1000));
        let now = start + Duration::from_secs(10);
        assert!(budget.take(now, "not_sent", Some(1001)));
        assert!(budget.take(now, "not_sent", None));
        assert!(budget.take(now, "name_in_conflict", None));
    }

    #[test]
    fn many_users_together_get_no_more_than_the_event() {
        let start = Instant::now();
        let mut budget = Budget::new(start);
        let lines = (0..100 * 5000).filter(|n| budget.take(start, "not_sent", Some(n % 5000)));
        assert_eq!(lines.count(), EVENT.burst as usize);
        assert!(budget.take(start, "name_held", None));
    }
}
