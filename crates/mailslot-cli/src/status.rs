//! The status of a slot, for people and for programs.

use mailslot::{Access, SlotStatus};
use serde_json::Value;

use crate::accounts;
use crate::exit::{Failure, Result};

/// A slot's status as JSON: the library's, with the names of its owner and of the users who may write.
pub fn json(slot: &SlotStatus) -> Result<Value> {
    let mut json = serde_json::to_value(slot).map_err(|error| Failure::io("write JSON", error))?;
    json["owner"] = slot.uid.map(accounts::user).into();
    json["access"] = slot.access.as_ref().map(access).into();
    Ok(json)
}

/// Who may write, in the syntax of `listen --access`.
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

/// The same for people, with a long list of names cut.
pub fn access_in_short(access: &Access) -> String {
    const SHOWN: usize = 8;
    match access {
        Access::Users(uids) if uids.len() > SHOWN => {
            let users: Vec<String> = uids[..SHOWN].iter().map(|uid| accounts::user(*uid)).collect();
            format!("users:{} and {} more", users.join(","), uids.len() - SHOWN)
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

/// Bytes, with a unit if that is exact.
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
