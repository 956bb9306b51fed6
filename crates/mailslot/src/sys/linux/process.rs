//! Properties of this process.

use std::ffi::OsString;
use std::os::fd::{AsRawFd, BorrowedFd};
use std::sync::atomic::{AtomicU64, Ordering};

use rustix::io::Errno;

use crate::error::{Error, Result};
use crate::sys::linux::fork::fork_generation;
use crate::sys::linux::ring::layout::{Kind, Stamp};
use mailslot_names::NetbiosName;

/// The effective user id.
pub(crate) fn uid() -> u32 {
    rustix::process::geteuid().as_raw()
}

/// A number that cannot be guessed.
pub(crate) fn random() -> Result<[u8; 16]> {
    let mut bytes = [0; 16];
    // The kernel returns so few bytes in one call.
    rustix::rand::getrandom(&mut bytes, rustix::rand::GetRandomFlags::empty())
        .map_err(|error| Error::io("get random numbers", error))?;
    Ok(bytes)
}

/// Whether the program has privileges that its caller does not have (set-user-ID, set-group-ID, file capabilities):
/// then the caller chose its environment and its descriptors, and the program must not trust them.
pub(crate) fn has_raised_privileges() -> bool {
    // SAFETY: `getauxval` reads a value that the kernel gave the process.
    unsafe { libc::getauxval(libc::AT_SECURE) != 0 }
}

/// An environment variable that is set and not empty; like secure_getenv(3), none in a program with raised privileges.
pub(crate) fn secure_env(name: &str) -> Option<OsString> {
    if has_raised_privileges() {
        return None;
    }
    std::env::var_os(name).filter(|value| !value.is_empty())
}

/// The stamp that a friend records in its messages.
pub(crate) fn stamp() -> Stamp {
    Stamp::new(Kind::Friend, pid(), uid(), rustix::process::getegid().as_raw())
}

/// The process id.
fn pid() -> u32 {
    static PID: OfThisProcess = OfThisProcess::new();
    PID.get(|| u64::from(rustix::process::getpid().as_raw_pid() as u32)) as u32
}

/// The inode number of this process's pid namespace. Thread ids are valid only within one namespace, and the rings'
/// locks hold thread ids.
///
/// # Errors
///
/// If it cannot be determined, as without `/proc`.
pub(crate) fn pid_namespace() -> rustix::io::Result<u64> {
    // A child may begin in another namespace.
    static NAMESPACE: OfThisProcess = OfThisProcess::new();
    NAMESPACE.try_get(|| Ok(rustix::fs::stat("/proc/self/ns/pid")?.st_ino))
}

/// A number that does not change while the process lives, determined once.
struct OfThisProcess {
    number: AtomicU64,
    /// The [`fork_generation`] for which it is valid.
    generation: AtomicU64,
}

impl OfThisProcess {
    const fn new() -> OfThisProcess {
        OfThisProcess { number: AtomicU64::new(0), generation: AtomicU64::new(0) }
    }

    fn get(&self, find: impl FnOnce() -> u64) -> u64 {
        match self.try_get(|| Ok::<_, core::convert::Infallible>(find())) {
            Ok(number) => number,
        }
    }

    fn try_get<E>(&self, find: impl FnOnce() -> core::result::Result<u64, E>) -> core::result::Result<u64, E> {
        if self.generation.load(Ordering::Acquire) == fork_generation() {
            return Ok(self.number.load(Ordering::Relaxed));
        }
        let found = find()?;
        self.number.store(found, Ordering::Relaxed);
        // Release: a thread that sees the generation sees its number. All threads store the same.
        self.generation.store(fork_generation(), Ordering::Release);
        Ok(found)
    }
}

/// Whether an error leaves open what a check should have found: this process, or the machine, has run out of something,
/// the call was interrupted, or there is no `/proc` ([`why_not_in`]).
pub(crate) fn tells_nothing(error: Errno) -> bool {
    use Errno as E;
    matches!(error, E::MFILE | E::NFILE | E::NOMEM | E::NOBUFS | E::INTR | E::AGAIN | E::IO | E::NOSYS)
}

/// A path to an entry of an open directory, for calls that accept no directory descriptor. It needs `/proc`.
pub(crate) fn path_in(dir: BorrowedFd<'_>, name: &str) -> String {
    format!("/proc/self/fd/{}/{name}", dir.as_raw_fd())
}

/// The meaning of an error of such a call: `NOENT` becomes `NOSYS` if `/proc` is missing, as after a `chroot`. Then the
/// entry may well exist: code that took it for dead would remove a living slot.
pub(crate) fn why_not_in(dir: BorrowedFd<'_>, error: Errno) -> Errno {
    if error == Errno::NOENT && !has_proc(dir) { Errno::NOSYS } else { error }
}

/// Whether `path_in` works for `dir`.
pub(crate) fn has_proc(dir: BorrowedFd<'_>) -> bool {
    let looked = rustix::fs::stat(format!("/proc/self/fd/{}", dir.as_raw_fd()).as_str());
    // Any other error leaves that open.
    !matches!(looked, Err(Errno::NOENT | Errno::NOTDIR))
}

/// Like `tells_nothing`, for something of user `uid`. Another user may forbid access, and then the thing does not
/// count; only a security module can forbid access to this user's things, and those exist nevertheless.
pub(crate) fn tells_nothing_of(uid: u32, error: Errno) -> bool {
    tells_nothing(error) || (uid == self::uid() && matches!(error, Errno::ACCESS | Errno::PERM))
}

/// Fails if this process may not make a file of `size` bytes: trying to would end the process.
pub(crate) fn check_file_size(size: u64) -> rustix::io::Result<()> {
    let most = rustix::process::getrlimit(rustix::process::Resource::Fsize).current;
    if most.is_none_or(|most| size <= most) { Ok(()) } else { Err(Errno::FBIG) }
}

/// The NetBIOS name of this machine: the first label of its host name, cut to 15 characters.
pub(crate) fn computer_name() -> Option<NetbiosName> {
    let uname = rustix::system::uname();
    let host = uname.nodename().to_str().ok()?;
    let label: String = host.split('.').next()?.chars().take(15).collect();
    label.parse().ok()
}
