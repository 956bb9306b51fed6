//! Lives without names and times: a file that is locked as long as the slot has an owner.

use std::os::fd::{AsFd, OwnedFd};

use rustix::fs::{AtFlags, Mode, OFlags};
use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketFlags, SocketType, socket_with};

use super::lock;

pub(crate) struct Begun {
    pub(crate) life: OwnedFd,
    pub(crate) door: OwnedFd,
}

/// No other life could live again.
pub(crate) enum Ending {}

/// Fails with `EXIST` if there is a file of this name.
pub(crate) fn begin(file: &str) -> rustix::io::Result<Begun> {
    let root = rustix::fs::root();
    let door = socket_with(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None)?;
    // Two processes that begin at the same time may both fail, as with names.
    let made = format!("{file}.made");
    let flags = OFlags::RDWR | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
    let life = rustix::fs::openat(&root, &made, flags, Mode::RUSR)?;
    let begun =
        lock::write_lock(life.as_fd()).and_then(|()| rustix::fs::linkat(&root, &made, &root, file, AtFlags::empty()));
    let _ = rustix::fs::unlinkat(&root, &made, AtFlags::empty());
    begun.map(|()| Begun { life, door })
}

pub(crate) fn is_living(file: &str) -> rustix::io::Result<bool> {
    match rustix::fs::openat(rustix::fs::root(), file, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty()) {
        Ok(life) => lock::has_write_lock(life.as_fd()),
        Err(Errno::NOENT) => Ok(false),
        Err(error) => Err(error),
    }
}
