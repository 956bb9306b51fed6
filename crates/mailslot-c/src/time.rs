//! Times, as numbers of nanoseconds since 1970.

use std::time::{SystemTime, UNIX_EPOCH};

/// 0 if it is not known, or before that; beyond 2554 the largest number.
pub(crate) fn nanoseconds(time: Option<SystemTime>) -> u64 {
    let since = time.and_then(|time| time.duration_since(UNIX_EPOCH).ok()).unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}
