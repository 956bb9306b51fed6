//! What this process is.

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

/// A number that nobody can guess.
pub(crate) fn random() -> Result<[u8; 16]> {
    let mut bytes = [0; 16];
    // The kernel hands out so few at once.
    rustix::rand::getrandom(&mut bytes, rustix::rand::GetRandomFlags::empty())
        .map_err(|error| Error::io("get random numbers", error))?;
    Ok(bytes)
}

/// Whether the program got privileges that its caller does not have (set-user-ID, set-group-ID, file capabilities): then its
/// environment and its descriptors are the caller's choice, and not to be trusted.
pub(crate) fn has_raised_privileges() -> bool {
    // SAFETY: `getauxval` reads a value that the kernel gave the process.
    unsafe { libc::getauxval(libc::AT_SECURE) != 0 }
}

/// An environment variable that is set and not empty, as with secure_getenv(3): none in a program with raised privileges.
pub(crate) fn secure_env(name: &str) -> Option<OsString> {
    if has_raised_privileges() {
        return None;
    }
    std::env::var_os(name).filter(|value| !value.is_empty())
}

/// What a friend records in its messages.
pub(crate) fn stamp() -> Stamp {
    Stamp::new(Kind::Friend, pid(), uid(), rustix::process::getegid().as_raw())
}

/// The process id.
fn pid() -> u32 {
    static PID: OfThisProcess = OfThisProcess::new();
    PID.get(|| u64::from(rustix::process::getpid().as_raw_pid() as u32)) as u32
}

/// The inode number of this process's pid namespace. Thread ids of one namespace mean nothing in another, and the rings' locks hold
/// thread ids.
///
/// # Errors
///
/// If it cannot be found out, as without `/proc`.
pub(crate) fn pid_namespace() -> rustix::io::Result<u64> {
    // A child may begin in another one.
    static NAMESPACE: OfThisProcess = OfThisProcess::new();
    NAMESPACE.try_get(|| Ok(rustix::fs::stat("/proc/self/ns/pid")?.st_ino))
}

/// A number that stays the same as long as the process lives, found out once.
struct OfThisProcess {
    number: AtomicU64,
    /// The [`fork_generation`] for which it holds.
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
        // Release: whoever sees the generation sees its number. All threads store the same.
        self.generation.store(fork_generation(), Ordering::Release);
        Ok(found)
    }
}

/// Whether nothing follows from the failure to look at something: this process, or the machine, has run out of something, the
/// call was cut short, or there is no `/proc` ([`why_not_in`]).
pub(crate) fn tells_nothing(error: Errno) -> bool {
    use Errno as E;
    matches!(error, E::MFILE | E::NFILE | E::NOMEM | E::NOBUFS | E::INTR | E::AGAIN | E::IO | E::NOSYS)
}

/// A path to what is in a directory that is open, for calls that take no descriptor of one. It needs `/proc`.
pub(crate) fn path_in(dir: BorrowedFd<'_>, name: &str) -> String {
    format!("/proc/self/fd/{}/{name}", dir.as_raw_fd())
}

/// What the failure of such a call means: `NOENT` becomes `NOSYS` if it is `/proc` that is missing, as it is after a `chroot`. Nothing
/// follows from that for what is there: who takes it for dead removes what lives.
pub(crate) fn why_not_in(dir: BorrowedFd<'_>, error: Errno) -> Errno {
    if error == Errno::NOENT && !has_proc(dir) { Errno::NOSYS } else { error }
}

/// Whether there are paths to what is in `dir`.
pub(crate) fn has_proc(dir: BorrowedFd<'_>) -> bool {
    let looked = rustix::fs::stat(format!("/proc/self/fd/{}", dir.as_raw_fd()).as_str());
    // Any other failure says nothing of that.
    !matches!(looked, Err(Errno::NOENT | Errno::NOTDIR))
}

/// The same for something of user `uid`. Others may close what is theirs, and then it is not there; what is this user's own is
/// closed to it by a security module at most, and there all the same.
pub(crate) fn tells_nothing_of(uid: u32, error: Errno) -> bool {
    tells_nothing(error) || (uid == self::uid() && matches!(error, Errno::ACCESS | Errno::PERM))
}

/// Fails if this process may not make a file of `size` bytes: to try it would end the process.
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
