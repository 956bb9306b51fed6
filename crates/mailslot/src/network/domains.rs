//! The domains of this machine whose files this process can see.

use std::path::{Path, PathBuf};

use crate::sys;
use mailslot_names::NetbiosName;

/// Whether this process can see a domain file of this name. Its content does not matter: messages to a domain of this
/// machine are sent nowhere else, even while its file is damaged.
///
/// ```
/// let name = "NOWHERE".parse()?;
/// assert!(!mailslot::network::has_domain_file(&name));
/// # Ok::<(), mailslot::NameError>(())
/// ```
pub fn has_domain_file(name: &NetbiosName) -> bool {
    directory().is_some_and(|directory| is_in(&directory, name))
}

fn is_in(directory: &Path, name: &NetbiosName) -> bool {
    let is_named = |path: &Path| {
        path.extension().is_some_and(|extension| extension == "toml")
            && path.file_stem().is_some_and(|stem| stem.eq_ignore_ascii_case(name.as_str()))
    };
    std::fs::read_dir(directory)
        .is_ok_and(|mut entries| entries.any(|entry| entry.is_ok_and(|it| is_named(&it.path()))))
}

/// The directory of the domain files, the same that nodes and `mailslot domain` use.
#[cfg(windows)]
fn directory() -> Option<PathBuf> {
    let data = || sys::secure_env("ProgramData").map(|data| Path::new(&data).join(r"mailslot\domains"));
    sys::secure_env("MAILSLOT_DOMAINS").map(PathBuf::from).or_else(data)
}

/// The directory of the domain files, the same that nodes and `mailslot domain` use.
#[cfg(unix)]
fn directory() -> Option<PathBuf> {
    if let Some(path) = sys::secure_env("MAILSLOT_DOMAINS") {
        return Some(path.into());
    }
    if sys::user() == 0 {
        return Some("/etc/mailslot/domains".into());
    }
    let variable = |name| sys::secure_env(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let config = variable("XDG_CONFIG_HOME").or_else(|| variable("HOME").map(|home| home.join(".config")));
    config.map(|config| config.join("mailslot/domains"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_found_by_their_name_in_any_case_whatever_is_in_them() {
        let directory = std::env::temp_dir().join(format!("mailslot-domains-{}", std::process::id()));
        std::fs::create_dir_all(&directory).expect("a directory of its own");
        for file in ["plant.toml", "OFFICE.toml", "LAB.txt", "SHOP.toml~"] {
            std::fs::write(directory.join(file), "nothing of a domain").expect("room");
        }
        let found = |name: &str| is_in(&directory, &name.parse().expect("valid"));
        assert_eq!(["PLANT", "office", "LAB", "SHOP", "TOML"].map(found), [true, true, false, false, false]);
        std::fs::remove_dir_all(&directory).expect("no files that others hold");
        assert!(!found("PLANT"));
    }
}
