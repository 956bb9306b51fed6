//! What is known about a slot, for people and for programs.

use std::time::{SystemTime, UNIX_EPOCH};

use mailslot::{Access, Network, SlotStatus, Timeout};
use serde::Serialize;

use crate::accounts;

/// A slot's status as JSON.
#[derive(Serialize)]
pub struct StatusJson<'a> {
    name: &'a str,
    pid: Option<u32>,
    uid: Option<u32>,
    owner: Option<String>,
    access: Option<String>,
    network: Option<bool>,
    /// 0 is any size.
    max_message_size: Option<u32>,
    capacity: Option<u64>,
    created_unix_ms: Option<u64>,
    counts: Option<CountsJson>,
}

#[derive(Serialize)]
struct CountsJson {
    count: u64,
    next_size: Option<usize>,
    /// None is for ever.
    read_timeout_ms: Option<u64>,
    written: Option<u64>,
    read: Option<u64>,
    bytes_written: Option<u64>,
    bytes_read: Option<u64>,
    refused_full: Option<u64>,
    refused_too_large: Option<u64>,
    high_water: Option<u64>,
}

impl<'a> From<&'a SlotStatus> for StatusJson<'a> {
    fn from(slot: &'a SlotStatus) -> StatusJson<'a> {
        StatusJson {
            name: slot.name.as_str(),
            pid: slot.pid,
            uid: slot.uid,
            owner: slot.uid.map(accounts::user),
            access: slot.access.as_ref().map(access),
            network: slot.network.map(|network| network == Network::Allowed),
            max_message_size: slot.max_message_size,
            capacity: slot.capacity,
            created_unix_ms: slot.created.and_then(unix_millis),
            counts: slot.counts.map(|counts| CountsJson {
                count: counts.count,
                next_size: counts.next_size,
                read_timeout_ms: millis(counts.read_timeout),
                written: counts.statistics.map(|all| all.written),
                read: counts.statistics.map(|all| all.read),
                bytes_written: counts.statistics.map(|all| all.bytes_written),
                bytes_read: counts.statistics.map(|all| all.bytes_read),
                refused_full: counts.statistics.map(|all| all.refused_full),
                refused_too_large: counts.statistics.map(|all| all.refused_too_large),
                high_water: counts.statistics.map(|all| all.high_water),
            }),
        }
    }
}

/// Who may write, spelled as `listen --access` takes it.
pub fn access(access: &Access) -> String {
    match access {
        Access::Owner => "owner".into(),
        Access::Group(gid) => format!("group:{}", accounts::group(*gid)),
        Access::Users(uids) => {
            let users: Vec<String> = uids.iter().map(|uid| accounts::user(*uid)).collect();
            format!("users:{}", users.join(","))
        }
        Access::Everyone => "everyone".into(),
        other => format!("{other:?}"),
    }
}

/// The same for people, of whom nobody reads thousands of names.
pub fn access_in_short(access: &Access) -> String {
    const MOST: usize = 8;
    match access {
        Access::Users(uids) if uids.len() > MOST => {
            let users: Vec<String> = uids[..MOST].iter().map(|uid| accounts::user(*uid)).collect();
            format!("users:{} and {} more", users.join(","), uids.len() - MOST)
        }
        access => self::access(access),
    }
}

/// The size limit of messages.
pub fn max_message_size(bytes: u32) -> String {
    match bytes {
        0 => "any".into(),
        bytes => bytes.to_string(),
    }
}

/// Bytes, with a unit where that is exact.
pub fn bytes(bytes: u64) -> String {
    for (unit, shift) in [("G", 30), ("M", 20), ("K", 10)] {
        if bytes != 0 && bytes.is_multiple_of(1 << shift) {
            return format!("{}{unit}", bytes >> shift);
        }
    }
    bytes.to_string()
}

/// A count that may be unknown.
pub fn known<T: ToString>(value: Option<T>) -> String {
    value.map_or_else(|| "-".into(), |value| value.to_string())
}

fn millis(timeout: Timeout) -> Option<u64> {
    match timeout {
        Timeout::Zero => Some(0),
        Timeout::After(time) => u64::try_from(time.as_millis()).ok(),
        Timeout::Forever => None,
    }
}

fn unix_millis(time: SystemTime) -> Option<u64> {
    u64::try_from(time.duration_since(UNIX_EPOCH).ok()?.as_millis()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_only_used_where_they_are_exact() {
        assert_eq!(bytes(16 << 20), "16M");
        assert_eq!(bytes(4096), "4K");
        assert_eq!(bytes(4097), "4097");
        assert_eq!(bytes(0), "0");
    }

    #[test]
    fn people_are_told_of_a_few_users_and_programs_of_all() {
        let users = |number: u32| Access::Users((4_000_000_000..4_000_000_000 + number).collect());
        assert_eq!(access_in_short(&users(2)), "users:4000000000,4000000001");
        assert_eq!(access_in_short(&users(8)), access(&users(8)));
        assert!(access_in_short(&users(320)).ends_with(",4000000007 and 312 more"));
        assert_eq!(access(&users(320)).matches(',').count(), 319);
    }
}
