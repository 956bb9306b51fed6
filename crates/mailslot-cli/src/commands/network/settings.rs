//! Where the settings of the node are, if nobody says so.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::exit;

/// Names the file. Set to nothing, it says that there is none.
const VARIABLE: &str = "MAILSLOT_CONFIG";
const FILE: &str = "/etc/mailslot/node.toml";

/// The file with the settings: the one that was given, else that of the environment, else the one of this machine.
pub fn file(given: Option<&Path>) -> Option<PathBuf> {
    let found = choose(given, std::env::var_os(VARIABLE), Path::new(FILE));
    match &found {
        Some(file) => exit::note(format_args!("settings from {}", file.display())),
        None => exit::note("no settings file"),
    }
    found
}

fn choose(given: Option<&Path>, variable: Option<OsString>, machines: &Path) -> Option<PathBuf> {
    match (given, variable) {
        (Some(given), _) => Some(given.to_owned()),
        (None, Some(variable)) => (!variable.is_empty()).then(|| variable.into()),
        // A file that may be there and cannot be looked at is for whoever reads it to complain of.
        (None, None) => machines.try_exists().unwrap_or(true).then(|| machines.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_of_the_files_counts() {
        let machines = tempfile::NamedTempFile::new().expect("a file");
        let nowhere = machines.path().join("below/a/file");
        let missing = machines.path().with_extension("missing");
        let given = Path::new("given.toml");
        let choose = |given, variable: Option<&str>, machines| choose(given, variable.map(OsString::from), machines);
        for variable in [None, Some(""), Some("variable.toml")] {
            assert_eq!(choose(Some(given), variable, machines.path()), Some(given.into()));
        }
        assert_eq!(choose(None, Some("variable.toml"), machines.path()), Some("variable.toml".into()));
        assert_eq!(choose(None, Some(""), machines.path()), None);
        assert_eq!(choose(None, None, machines.path()), Some(machines.path().into()));
        assert_eq!(choose(None, None, &missing), None);
        // Whether there is one cannot be known, and silence would leave settings out.
        assert_eq!(choose(None, None, &nowhere), Some(nowhere.clone()));
    }
}
