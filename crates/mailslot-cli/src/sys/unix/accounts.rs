//! Names of users and groups, from all sources of the system: files, directory services, units with dynamic users.

use std::collections::BTreeMap;
use std::sync::Mutex;

use mailslot::Quoted;
use nix::errno::Errno;
use nix::unistd::{Gid, Group, Uid, User};

/// The id of a user, given as a name or as a number.
pub fn user_id(text: &str) -> Result<u32, String> {
    id("user", text, User::from_name(text).map(|user| user.map(|user| user.uid.as_raw())))
}

/// The id of a group, given as a name or as a number.
pub fn group_id(text: &str) -> Result<u32, String> {
    id("group", text, Group::from_name(text).map(|group| group.map(|group| group.gid.as_raw())))
}

/// A user's name, or the id if it has none.
pub fn user(uid: u32) -> String {
    static NAMES: Names = Names::new();
    NAMES.of(uid, |uid| Some(User::from_uid(Uid::from_raw(uid)).ok()??.name))
}

/// A group's name, or the id if it has none.
pub fn group(gid: u32) -> String {
    static NAMES: Names = Names::new();
    NAMES.of(gid, |gid| Some(Group::from_gid(Gid::from_raw(gid)).ok()??.name))
}

/// A number is always an id, so that ids without a name can be given.
fn id(kind: &str, text: &str, found: nix::Result<Option<u32>>) -> Result<u32, String> {
    if let Ok(id) = text.parse() {
        return Ok(id);
    }
    match found {
        Ok(Some(id)) => Ok(id),
        // The errors that getpwnam(3) lists for a name that is not found; C libraries differ.
        Ok(None) | Err(Errno::ENOENT | Errno::ESRCH | Errno::EBADF | Errno::EPERM) => {
            Err(format!("this system knows no {kind} {}: write its name or id", Quoted(text)))
        }
        Err(error) => Err(format!("the system cannot look up {kind} {}: {}", Quoted(text), error.desc())),
    }
}

/// A cache of names: a list of slots looks up the same few names repeatedly, and a directory service is slow.
struct Names(Mutex<BTreeMap<u32, String>>);

impl Names {
    const fn new() -> Names {
        Names(Mutex::new(BTreeMap::new()))
    }

    fn of(&self, id: u32, look_up: impl Fn(u32) -> Option<String>) -> String {
        let mut names = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        names.entry(id).or_insert_with(|| look_up(id).unwrap_or_else(|| id.to_string())).clone()
    }
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    /// The accounts of the system by `getent`: names and ids.
    fn accounts(database: &str) -> Vec<(String, u32)> {
        let output = Command::new("getent").arg(database).output().expect("getent starts");
        let text = String::from_utf8(output.stdout).expect("UTF-8");
        let account = |line: &str| {
            let mut fields = line.split(':');
            Some((fields.next()?.to_owned(), fields.nth(1)?.parse().ok()?))
        };
        text.lines().filter_map(account).collect()
    }

    #[test]
    fn every_account_of_the_system_is_found_both_ways() {
        let first = |accounts: &[(String, u32)], id| accounts.iter().find(|account| account.1 == id).cloned();
        let (users, groups) = (accounts("passwd"), accounts("group"));
        assert!(users.contains(&("root".to_owned(), 0)), "{users:?}");
        for (name, uid) in &users {
            assert_eq!(user_id(name), Ok(*uid));
            assert_eq!(Some((user(*uid), *uid)), first(&users, *uid));
        }
        for (name, gid) in &groups {
            assert_eq!(group_id(name), Ok(*gid));
            assert_eq!(Some((group(*gid), *gid)), first(&groups, *gid));
        }
    }

    #[test]
    fn ids_need_no_account() {
        assert_eq!(user_id("4000000001"), Ok(4_000_000_001));
        assert_eq!([user(4_000_000_001), group(4_000_000_001)], ["4000000001", "4000000001"]);
        for wrong in ["no such user", "", "a\0b", "root\n"] {
            assert!(user_id(wrong).is_err_and(|error| error.contains("name or id")), "{wrong:?}");
            assert!(group_id(wrong).is_err_and(|error| error.contains("name or id")), "{wrong:?}");
        }
    }
}
