//! Finds the program of a child process.

use std::path::{Path, PathBuf};

/// The program at a path.
pub(crate) fn at(path: &str) -> PathBuf {
    spellings(path).into_iter().find(|path| is_program(path)).unwrap_or_else(|| PathBuf::from(path))
}

/// The program beside this one, in the current directory, or in `PATH`.
pub(crate) fn search(name: &str) -> Option<PathBuf> {
    let own = std::env::current_exe().ok().and_then(|path| path.parent().map(Path::to_owned));
    let current = std::env::current_dir().ok();
    let path = mailslot::secure_env("PATH").unwrap_or_default();
    let directories: Vec<PathBuf> = own.into_iter().chain(current).chain(std::env::split_paths(&path)).collect();
    spellings(name).into_iter().find_map(|spelling| match spelling.components().count() {
        0 | 1 if !spelling.has_root() => {
            directories.iter().map(|directory| directory.join(&spelling)).find(|candidate| is_program(candidate))
        }
        _ => is_program(&spelling).then_some(spelling),
    })
}

/// A name unchanged, and in the forms of programs built on Linux: with slashes, and without `.exe`.
fn spellings(name: &str) -> Vec<PathBuf> {
    let slashes = name.replace('\\', "/");
    let end = slashes.len().saturating_sub(4);
    let without_exe = match slashes.get(end..) {
        Some(extension) if end > 0 && extension.eq_ignore_ascii_case(".exe") => &slashes[..end],
        _ => &slashes,
    };
    vec![PathBuf::from(name), PathBuf::from(&slashes), PathBuf::from(without_exe)]
}

fn is_program(path: &Path) -> bool {
    rustix::fs::access(path, rustix::fs::Access::EXEC_OK).is_ok() && path.is_file()
}
