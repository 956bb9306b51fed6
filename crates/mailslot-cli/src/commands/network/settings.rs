//! The place of the node's settings, unless it is given.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::exit;

/// Names the file. Empty, it says that there is none.
const VARIABLE: &str = "MAILSLOT_CONFIG";
#[cfg(unix)]
const FILE: &str = "/etc/mailslot/node.toml";

/// The file with the settings: the one given, else that of the environment, else this machine's.
pub fn file(given: Option<&Path>) -> Option<PathBuf> {
    let found = choose(given, std::env::var_os(VARIABLE), &machines());
    match &found {
        Some(file) => exit::note(format_args!("settings from {}", file.display())),
        None => exit::note("no settings file"),
    }
    found
}

/// The file of this machine.
#[cfg(unix)]
fn machines() -> PathBuf {
    FILE.into()
}

/// The file of this machine.
#[cfg(windows)]
fn machines() -> PathBuf {
    let data = std::env::var_os("ProgramData").unwrap_or_else(|| r"C:\ProgramData".into());
    Path::new(&data).join(r"mailslot\node.toml")
}

fn choose(given: Option<&Path>, variable: Option<OsString>, machines: &Path) -> Option<PathBuf> {
    match (given, variable) {
        (Some(given), _) => Some(given.to_owned()),
        (None, Some(variable)) => (!variable.is_empty()).then(|| variable.into()),
        // A file that may exist is returned, so that reading it reports the error.
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
        // Whether the file exists is unknown here; ignoring it might leave settings out.
        assert_eq!(choose(None, None, &nowhere), Some(nowhere.clone()));
    }
}
