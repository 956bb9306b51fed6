//! The directory of all slots of this machine.

use std::os::unix::fs::MetadataExt;
use std::path::Path;

use super::finding::Findings;
use crate::accounts;

const OTHERS_WRITE: u32 = 0o002;
const STICKY: u32 = 0o1000;

/// Checks that all users can have slots there, and none can take away another's.
pub fn examine(findings: &mut Findings) {
    let root = match mailslot::root() {
        Ok(root) => root,
        Err(error) => return findings.problem("root", error, "mount /dev/shm, or set MAILSLOT_ROOT to a directory"),
    };
    let metadata = match root.metadata() {
        Ok(metadata) => metadata,
        Err(error) => return findings.problem("root", format!("look at {}: {error}", root.display()), repair(root)),
    };
    let mode = metadata.mode() & 0o7777;
    if mode & OTHERS_WRITE == 0 {
        // Whoever sets the variable may want slots for one user alone.
        if std::env::var_os("MAILSLOT_ROOT").is_none() {
            let owner = accounts::user(metadata.uid());
            let found = format!("only {owner} can create slots in {}, whose mode is {mode:04o}", root.display());
            findings.problem("root", found, repair(root));
        }
    } else if mode & STICKY == 0 {
        let found =
            format!("any user can remove the slots of others from {}, whose mode is {mode:04o}", root.display());
        findings.problem("root", found, repair(root));
    }
}

fn repair(root: &Path) -> String {
    format!("chmod 1777 {}", root.display())
}
