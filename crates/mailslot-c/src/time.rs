//! Times, as numbers of nanoseconds since 1970.

use std::time::{SystemTime, UNIX_EPOCH};

/// 0 if the time is not known or before 1970; the largest number after 2554.
pub(crate) fn nanoseconds(time: Option<SystemTime>) -> u64 {
    let since = time.and_then(|time| time.duration_since(UNIX_EPOCH).ok()).unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}
