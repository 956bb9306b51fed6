//! How writers learn of a new member of a slot: a number that changes, in a file to which all members have a hard link.
//!
//! A new member changes it once it can be found. So if a write finds the number of its last look, it goes to all
//! members that were there when it began. Members that end need not change it: a write to them fails, however they
//! ended.

use core::ffi::c_void;
use core::ptr::NonNull;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::atomic::{AtomicU64, Ordering};

use rustix::fs::{FallocateFlags, FileType, Mode, OFlags, Stat};
use rustix::io::{Errno, retry_on_intr};
use rustix::mm::{MapFlags, ProtFlags};

use super::process;
use super::root::FileId;

/// The file in the directory of each member.
pub(crate) const NAME: &str = "members";
const SIZE: usize = size_of::<AtomicU64>();

/// The number, opened by an owner or a writer.
pub(crate) struct Members {
    file: OwnedFd,
    /// The mapped number: only for members of this user, as no other user could then change it.
    word: Option<Word>,
}

/// Makes the file of a new slot, in the directory of its first member.
pub(crate) fn create(slot: BorrowedFd<'_>) -> rustix::io::Result<()> {
    let flags = OFlags::RDWR | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let file = rustix::fs::openat(slot, NAME, flags, Mode::RUSR | Mode::WUSR)?;
    retry_on_intr(|| rustix::fs::ftruncate(&file, SIZE as u64))?;
    // Reserves memory, so that no access raises a signal.
    retry_on_intr(|| rustix::fs::fallocate(&file, FallocateFlags::empty(), 0, SIZE as u64))?;
    rustix::fs::fchmod(&file, Mode::RUSR | Mode::WUSR | Mode::RGRP | Mode::ROTH)
}

/// Announces a new member, whose directory, of this user, is `slot`.
pub(crate) fn announce(slot: BorrowedFd<'_>) -> rustix::io::Result<()> {
    Members::open(slot, process::uid())?.word.ok_or(Errno::PERM)?.get().fetch_add(1, Ordering::SeqCst);
    Ok(())
}

/// Announces a tap of the superuser, whose directory is `slot`, to members of user `uid`, without mapping a file that
/// this user could truncate.
pub(crate) fn announce_to(slot: BorrowedFd<'_>, uid: u32) -> rustix::io::Result<()> {
    let (file, _) = open(slot, uid, OFlags::RDWR)?;
    // A random number: whatever others write at the same moment, nobody has seen it before.
    let number = process::random().map_err(|_| Errno::IO)?;
    retry_on_intr(|| rustix::io::pwrite(&file, &number[..SIZE], 0)).map(drop)
}

/// Opens the file of the slot of user `uid` of which `slot` is a member's directory. Other users may have put anything
/// there.
fn open(slot: BorrowedFd<'_>, uid: u32, access: OFlags) -> rustix::io::Result<(OwnedFd, Stat)> {
    let flags = access | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = rustix::fs::openat(slot, NAME, flags, Mode::empty())?;
    let stat = rustix::fs::fstat(&file)?;
    let is_file = FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile;
    if is_file && stat.st_uid == uid && stat.st_size >= SIZE as i64 { Ok((file, stat)) } else { Err(Errno::NOENT) }
}

impl Members {
    /// The file of the slot of user `uid` of which `slot` is a member's directory.
    pub(crate) fn open(slot: BorrowedFd<'_>, uid: u32) -> rustix::io::Result<Members> {
        let own = uid == process::uid();
        let (file, stat) = open(slot, uid, if own { OFlags::RDWR } else { OFlags::RDONLY })?;
        let word = (own && stat.st_mode & 0o022 == 0).then(|| Word::map(file.as_fd())).transpose()?;
        Ok(Members { file, word })
    }

    /// Distinguishes this slot from one that was made later under its name, as long as this is open.
    pub(crate) fn id(&self) -> rustix::io::Result<FileId> {
        FileId::of(&self.file)
    }

    /// The current number.
    pub(crate) fn count(&self) -> rustix::io::Result<u64> {
        match &self.word {
            // SeqCst: a writer that sees the number finds the member as well.
            Some(word) => Ok(word.get().load(Ordering::SeqCst)),
            None => {
                let mut bytes = [0; SIZE];
                match retry_on_intr(|| rustix::io::pread(&self.file, &mut bytes, 0))? {
                    SIZE => Ok(u64::from_ne_bytes(bytes)),
                    _ => Err(Errno::IO),
                }
            }
        }
    }
}

/// The start of the file, mapped.
struct Word(NonNull<c_void>);

// SAFETY: the mapping is plain process-wide memory, of which nothing but an atomic is accessed.
unsafe impl Send for Word {}
// SAFETY: as above.
unsafe impl Sync for Word {}

impl Word {
    fn map(file: BorrowedFd<'_>) -> rustix::io::Result<Word> {
        let flags = ProtFlags::READ | ProtFlags::WRITE;
        // SAFETY: a new mapping at an address of the kernel's choice; nothing in this process depends on it yet.
        let base = unsafe { rustix::mm::mmap(core::ptr::null_mut(), SIZE, flags, MapFlags::SHARED, file.as_fd(), 0) }?;
        NonNull::new(base).map(Word).ok_or(Errno::NOMEM)
    }

    fn get(&self) -> &AtomicU64 {
        // SAFETY: `map` made the mapping, page-aligned, of a file that is as long, and it stays mapped as long as
        // `self`. All others that access it are of this user, and whatever they write is a valid number.
        unsafe { self.0.cast().as_ref() }
    }
}

impl Drop for Word {
    fn drop(&mut self) {
        // SAFETY: our own mapping, to which only borrows of `self` point. It cannot fail for what `mmap` returned.
        let _ = unsafe { rustix::mm::munmap(self.0.as_ptr(), SIZE) };
    }
}
