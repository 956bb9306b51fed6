//! What `run` tells the library, through the environment, which child processes inherit.

use std::fmt::Arguments;
use std::fs::OpenOptions;
use std::io::Write;
use std::path::PathBuf;
use std::sync::OnceLock;

/// The file to which the library appends what it does.
pub(super) const LOG: &str = "MAILSLOT_RUN_LOG";
/// Not empty: messages may be as large as the domain takes.
pub(super) const ANY_SIZE: &str = "MAILSLOT_RUN_ANY_SIZE";

/// The handles for [`handles::inherit`](super::handles::inherit); from a parent to its child alone.
pub(super) const HANDLES: &str = "MAILSLOT_RUN_HANDLES";

struct Settings {
    log: Option<PathBuf>,
    any_size: bool,
}

/// As they were at the first use: a program may change its environment.
fn settings() -> &'static Settings {
    static SETTINGS: OnceLock<Settings> = OnceLock::new();
    let variable = |name| std::env::var_os(name).filter(|value| !value.is_empty());
    SETTINGS.get_or_init(|| Settings { log: variable(LOG).map(PathBuf::from), any_size: variable(ANY_SIZE).is_some() })
}

/// Whether messages may be larger than the legacy network takes.
pub(super) fn any_size() -> bool {
    settings().any_size
}

/// Appends a line to the log, if there is one.
pub(super) fn log(text: Arguments<'_>) {
    let Some(path) = &settings().log else { return };
    let line = format!("{}: {text}\n", std::process::id());
    // A program must not fail because its log does.
    let _ = OpenOptions::new().create(true).append(true).open(path).and_then(|mut log| log.write_all(line.as_bytes()));
}
