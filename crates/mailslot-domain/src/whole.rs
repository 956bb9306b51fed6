//! Reads whole files, repeatedly while a node runs: settings, keys and certificates. Whatever replaces them, the node
//! must neither block nor use all memory.

use std::fs::File;
use std::io::{self, Read};
use std::mem;
use std::path::Path;

use zeroize::Zeroizing;

/// Reads the regular file at `path`, or the one to which a symbolic link leads, if it has at most `most` bytes. The
/// bytes are erased from memory when they are dropped. `/dev/null` counts as an empty file.
///
/// # Errors
///
/// - The system's error, if it cannot be read.
/// - [`io::ErrorKind::InvalidInput`] at once if it is not a regular file: a pipe would block, and a device may never
///   end.
/// - [`io::ErrorKind::InvalidData`] if there are more bytes.
///
/// ```
/// use mailslot_domain::read_whole;
///
/// let path = std::env::temp_dir().join(format!("{}.toml", std::process::id()));
/// std::fs::write(&path, "lan = true")?;
/// assert_eq!(*read_whole(&path, 100)?, *b"lan = true");
/// assert!(read_whole(&path, 9).is_err_and(|error| error.to_string() == "it has more than 9 bytes"));
/// std::fs::remove_file(&path)?;
/// assert!(read_whole("/dev/null".as_ref(), 100)?.is_empty());
/// assert!(read_whole("/dev/zero".as_ref(), 100).is_err_and(|error| error.to_string() == "it is not a file"));
/// # std::io::Result::Ok(())
/// ```
pub fn read_whole(path: &Path, most: usize) -> io::Result<Zeroizing<Vec<u8>>> {
    read(open(path)?, most)
}

/// Reads text, as [`read_whole`] reads bytes.
///
/// # Errors
///
/// As [`read_whole`], and [`io::ErrorKind::InvalidData`] if it is not UTF-8.
///
/// ```
/// use mailslot_domain::read_text;
///
/// let path = std::env::temp_dir().join(format!("{}.txt", std::process::id()));
/// std::fs::write(&path, "lan = true")?;
/// assert_eq!(*read_text(&path, 100)?, "lan = true");
/// std::fs::write(&path, [0xff])?;
/// assert!(read_text(&path, 100).is_err());
/// std::fs::remove_file(&path)?;
/// # std::io::Result::Ok(())
/// ```
pub fn read_text(path: &Path, most: usize) -> io::Result<Zeroizing<String>> {
    text(read_whole(path, most)?)
}

/// Opens a regular file.
#[cfg(unix)]
pub(crate) fn open(path: &Path) -> io::Result<File> {
    use std::fs::{self, Metadata, OpenOptions};
    use std::os::unix::fs::{FileTypeExt, MetadataExt, OpenOptionsExt};

    // `/dev/null` is what users pass for empty settings: reading it ends at once.
    let is_null_device = |found: &Metadata| {
        let is_same = |null: Metadata| null.file_type().is_char_device() && null.rdev() == found.rdev();
        found.file_type().is_char_device() && fs::metadata("/dev/null").is_ok_and(is_same)
    };
    // Without O_NONBLOCK, opening a pipe would block until a process opens it for writing.
    let nonblock = rustix::fs::OFlags::NONBLOCK.bits() as i32;
    let file = OpenOptions::new().read(true).custom_flags(nonblock).open(path)?;
    let found = file.metadata()?;
    if found.is_file() || is_null_device(&found) { Ok(file) } else { Err(not_a_file()) }
}

/// Opens a regular file.
#[cfg(windows)]
pub(crate) fn open(path: &Path) -> io::Result<File> {
    let file = File::open(path)?;
    if file.metadata()?.is_file() { Ok(file) } else { Err(not_a_file()) }
}

fn not_a_file() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, "it is not a file")
}

/// Reads a file that has at most `most` bytes.
pub(crate) fn read(file: File, most: usize) -> io::Result<Zeroizing<Vec<u8>>> {
    // Allocated once for the whole file: growing would leave copies of secrets in memory.
    let size = usize::try_from(file.metadata()?.len()).unwrap_or(most).min(most);
    let mut bytes = Zeroizing::new(Vec::with_capacity(size + 1));
    file.take(most as u64 + 1).read_to_end(&mut bytes)?;
    if bytes.len() > most {
        return Err(io::Error::new(io::ErrorKind::InvalidData, format!("it has more than {most} bytes")));
    }
    Ok(bytes)
}

pub(crate) fn text(mut bytes: Zeroizing<Vec<u8>>) -> io::Result<Zeroizing<String>> {
    String::from_utf8(mem::take(&mut *bytes)).map(Zeroizing::new).map_err(|error| {
        let why = error.utf8_error();
        drop(Zeroizing::new(error.into_bytes()));
        io::Error::new(io::ErrorKind::InvalidData, why)
    })
}
