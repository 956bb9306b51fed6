//! File times of a slot.

use std::time::{SystemTime, UNIX_EPOCH};

use mailslot::Statistics;

use crate::abi::FileTime;

/// Seconds between 1601 and 1970.
const EPOCH: u64 = 11_644_473_600;

/// The times of a slot's creation, last read and last write.
///
/// Reads and writes do not read the clock, which would cost more than the rest of them. So the last two are the times
/// at which this process noticed: never earlier than the read or write.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Times {
    pub(crate) creation: FileTime,
    pub(crate) access: FileTime,
    pub(crate) write: FileTime,
    seen: Statistics,
}

impl Times {
    pub(crate) fn new(created: SystemTime, seen: Statistics) -> Times {
        let created = FileTime::from(created);
        Times { creation: created, access: created, write: created, seen }
    }

    /// Notes reads and writes since the last call.
    pub(crate) fn notice(&mut self, statistics: Statistics) {
        let now = FileTime::from(SystemTime::now());
        if statistics.read != self.seen.read {
            self.access = now;
        }
        if statistics.written != self.seen.written {
            self.write = now;
        }
        self.seen = statistics;
    }
}

impl From<SystemTime> for FileTime {
    fn from(time: SystemTime) -> FileTime {
        let since_1970 = time.duration_since(UNIX_EPOCH).unwrap_or_default();
        let ticks = (since_1970.as_secs() + EPOCH) * 10_000_000 + u64::from(since_1970.subsec_nanos()) / 100;
        FileTime { low: ticks as u32, high: (ticks >> 32) as u32 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_times_count_from_1601() {
        let FileTime { low, high } = FileTime::from(UNIX_EPOCH);
        assert_eq!(u64::from(high) << 32 | u64::from(low), 116_444_736_000_000_000);
    }
}
