//! Names of users and groups, as `/etc/passwd` and `/etc/group` have them.
//!
//! Accounts of a directory service are not found here; wherever a name is taken, an id is as well.

use std::fs;

const USERS: &str = "/etc/passwd";
const GROUPS: &str = "/etc/group";

/// The id of a user, given as a name or as a number.
pub fn user_id(text: &str) -> Result<u32, String> {
    id_in(USERS, text).ok_or_else(|| format!("no user {text:?} in {USERS}: give the user's id"))
}

/// The id of a group, given as a name or as a number.
pub fn group_id(text: &str) -> Result<u32, String> {
    id_in(GROUPS, text).ok_or_else(|| format!("no group {text:?} in {GROUPS}: give the group's id"))
}

/// A user's name, or the id where it has none.
pub fn user(uid: u32) -> String {
    name_in(USERS, uid).unwrap_or_else(|| uid.to_string())
}

/// A group's name, or the id where it has none.
pub fn group(gid: u32) -> String {
    name_in(GROUPS, gid).unwrap_or_else(|| gid.to_string())
}

fn id_in(file: &str, text: &str) -> Option<u32> {
    text.parse().ok().or_else(|| find(file, |name, id| (name == text).then_some(id)))
}

fn name_in(file: &str, wanted: u32) -> Option<String> {
    find(file, |name, id| (id == wanted).then(|| name.to_owned()))
}

/// The first account that `pick` wants. Both files begin their lines with `name:password:id`.
fn find<T>(file: &str, pick: impl Fn(&str, u32) -> Option<T>) -> Option<T> {
    let text = String::from_utf8_lossy(&fs::read(file).ok()?).into_owned();
    text.lines().find_map(|line| {
        let mut fields = line.split(':');
        let (name, id) = (fields.next()?, fields.nth(1)?);
        pick(name, id.parse().ok()?)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_superuser_is_found_both_ways() {
        assert_eq!(user(0), "root");
        assert_eq!(user_id("root"), Ok(0));
        assert_eq!(group_id("root"), Ok(0));
    }

    #[test]
    fn ids_need_no_account() {
        assert_eq!(user_id("4000000001"), Ok(4_000_000_001));
        assert_eq!(user(4_000_000_001), "4000000001");
        assert!(user_id("no such user").is_err());
    }
}
