//! Names of users and groups, as `/etc/passwd` and `/etc/group` have them.
//!
//! Accounts of a directory service are not found here; wherever a name is taken, an id is as well.

use std::collections::HashMap;
use std::fs;
use std::sync::OnceLock;

use mailslot::Quoted;

const USERS: &str = "/etc/passwd";
const GROUPS: &str = "/etc/group";

/// The id of a user, given as a name or as a number.
pub fn user_id(text: &str) -> Result<u32, String> {
    id_in(USERS, text).ok_or_else(|| format!("no user {} in {USERS}: give the user's id", Quoted(text)))
}

/// The id of a group, given as a name or as a number.
pub fn group_id(text: &str) -> Result<u32, String> {
    id_in(GROUPS, text).ok_or_else(|| format!("no group {} in {GROUPS}: give the group's id", Quoted(text)))
}

/// A user's name, or the id where it has none.
pub fn user(uid: u32) -> String {
    static NAMES: OnceLock<Names> = OnceLock::new();
    NAMES.get_or_init(|| Names::read(USERS)).of(uid)
}

/// A group's name, or the id where it has none.
pub fn group(gid: u32) -> String {
    static NAMES: OnceLock<Names> = OnceLock::new();
    NAMES.get_or_init(|| Names::read(GROUPS)).of(gid)
}

/// Names by id. A list of slots may ask for thousands of them, so they are read once.
struct Names(HashMap<u32, String>);

impl Names {
    /// Where an id has several names, the first one counts.
    fn read(file: &str) -> Names {
        let mut names = HashMap::new();
        for (name, id) in accounts(&text_of(file)) {
            names.entry(id).or_insert_with(|| name.to_owned());
        }
        Names(names)
    }

    fn of(&self, id: u32) -> String {
        self.0.get(&id).cloned().unwrap_or_else(|| id.to_string())
    }
}

fn id_in(file: &str, wanted: &str) -> Option<u32> {
    let found = || accounts(&text_of(file)).find(|(name, _)| *name == wanted).map(|(_, id)| id);
    wanted.parse().ok().or_else(found)
}

/// A file that cannot be read has no accounts.
fn text_of(file: &str) -> String {
    fs::read(file).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default()
}

/// The accounts of a file. Both files begin their lines with `name:password:id`.
fn accounts(text: &str) -> impl Iterator<Item = (&str, u32)> {
    text.lines().filter_map(|line| {
        let mut fields = line.split(':');
        let (name, id) = (fields.next()?, fields.nth(1)?);
        Some((name, id.parse().ok()?))
    })
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

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

    #[test]
    fn the_first_name_of_an_id_counts_and_broken_lines_do_not() {
        let mut file = tempfile::NamedTempFile::new().expect("a file");
        file.write_all(b"# comment\nroot:x:0:0\n\ntoor:x:0:0\nnumber:x:y\nshort:x\nbad\xff:x:7\n").expect("writable");
        let path = file.path().to_str().expect("UTF-8");
        let names = Names::read(path);
        assert_eq!([names.of(0), names.of(7), names.of(8)], ["root", "bad\u{fffd}", "8"]);
        assert_eq!([id_in(path, "toor"), id_in(path, "short"), id_in(path, "12")], [Some(0), None, Some(12)]);
        assert_eq!(Names::read("/nowhere").of(0), "0");
    }
}
