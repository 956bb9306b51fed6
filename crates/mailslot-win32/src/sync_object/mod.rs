//! Objects that several processes may share: mutexes, semaphores, timers, events, and sections, which are memory.
//!
//! ```text
//! ROOT/mailslot.1000/objects     only this user can open it
//! ├ .lock                        held while a name is looked up, given or taken away
//! ├ Local!Ready                  the state of an object; whoever has the object has a shared lock on it
//! └ Local!Ready!bell             a FIFO: tells those who wait that the state has changed
//! ```
//!
//! The state is in the kernel: an object lives while there is a lock on its file, and a thread holds a mutex while it
//! holds a robust lock in it. So killed processes leave nothing behind, and their death need not be detected.

mod bell;
mod held;
mod memory;
mod name;
mod namespace;
mod robust;
mod state;

use std::fs::File;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use rustix::fs::{Mode, OFlags};
use rustix::io::FdFlags;

use crate::clock;
use crate::code::{Code, Result};
use crate::wait::change;

use bell::Bell;
pub(crate) use held::abandon_all;
use held::{Id, Released};
use memory::Memory;
pub(crate) use name::ObjectName;
pub(crate) use namespace::{create, open};
use state::Locked;
pub(crate) use state::{Initial, Kind};

/// An object that threads wait for, of this process or shared with others.
pub(crate) struct SyncObject {
    id: Id,
    kind: Kind,
    memory: Arc<Memory>,
    /// The bell, if it is shared.
    bell: Option<Arc<Bell>>,
    file: Option<File>,
    /// The name of its file, if it has one in the directory.
    name: Option<String>,
}

impl SyncObject {
    /// An object that is not shared.
    pub(crate) fn new(initial: Initial) -> Result<SyncObject> {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let id = Id { device: u64::MAX, inode: NEXT.fetch_add(1, Ordering::Relaxed) };
        let memory = Memory::anonymous(initial)?;
        SyncObject { id, kind: initial.kind, memory, bell: None, file: None, name: None }.begin(initial)
    }

    /// An object without a name that child processes can inherit.
    pub(crate) fn inheritable(initial: Initial) -> Result<SyncObject> {
        let file = rustix::fs::memfd_create("mailslot-win32-object", rustix::fs::MemfdFlags::CLOEXEC)?;
        memory::lengthen(&file, initial.data)?;
        let (read, write) = rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC)?;
        // One descriptor for both ends, as a FIFO has.
        let path = format!("/proc/self/fd/{}", read.as_raw_fd());
        let bell = rustix::fs::open(path, bell::FLAGS, Mode::empty())?;
        drop((read, write));
        let mapped = file.try_clone()?;
        SyncObject::shared(File::from(file), &mapped, bell, Some(initial))
    }

    /// `mapped` is the same file, opened again: a mapping by `file` would keep that locked as long as a thread holds
    /// the mutex.
    fn shared(file: File, mapped: &OwnedFd, bell: OwnedFd, initial: Option<Initial>) -> Result<SyncObject> {
        let stat = rustix::fs::fstat(&file)?;
        let id = Id { device: stat.st_dev, inode: stat.st_ino };
        let memory = Memory::map(mapped, initial)?;
        let kind = memory.state().kind()?;
        let object = SyncObject { id, kind, memory, bell: Some(Arc::new(Bell(bell))), file: Some(file), name: None };
        match initial {
            Some(initial) => object.begin(initial),
            None => Ok(object),
        }
    }

    /// Before the object is shared.
    fn begin(self, initial: Initial) -> Result<SyncObject> {
        if initial.owned {
            change(|| self.look()?.take())?;
        }
        Ok(self)
    }

    /// An object of the parent process, from the values of [`inheritance`](SyncObject::inheritance).
    pub(crate) fn inherit(file: OwnedFd, bell: OwnedFd, name: Option<&str>) -> Result<SyncObject> {
        for fd in [&file, &bell] {
            rustix::io::fcntl_setfd(fd, FdFlags::CLOEXEC)?;
        }
        let path = format!("/proc/self/fd/{}", file.as_raw_fd());
        let mapped = rustix::fs::open(path, OFlags::RDWR | OFlags::CLOEXEC, Mode::empty())?;
        let mut object = SyncObject::shared(File::from(file), &mapped, bell, None)?;
        object.name = name.map(str::to_owned);
        Ok(object)
    }

    /// The descriptors of its file and its bell, and its name. `None` if it is not shared.
    pub(crate) fn inheritance(&self) -> Option<([RawFd; 2], Option<&str>)> {
        let (file, bell) = (self.file.as_ref()?, self.bell.as_ref()?);
        Some(([file.as_raw_fd(), bell.as_fd().as_raw_fd()], self.name.as_deref()))
    }

    /// Lets its descriptors survive `exec`, or not.
    pub(crate) fn set_inheritable(&self, inheritable: bool) {
        let flags = if inheritable { FdFlags::empty() } else { FdFlags::CLOEXEC };
        if let (Some(file), Some(bell)) = (&self.file, &self.bell) {
            // Cannot fail for open descriptors.
            let _ = rustix::io::fcntl_setfd(file, flags);
            let _ = rustix::io::fcntl_setfd(&bell.0, flags);
        }
    }

    pub(crate) fn kind(&self) -> Kind {
        self.kind
    }

    /// The file of a section's data, their offset in it, and their length.
    pub(crate) fn data(&self) -> Result<(BorrowedFd<'_>, u64, u64)> {
        let file = self.file.as_ref().filter(|_| self.kind == Kind::Section).ok_or(Code::INVALID_HANDLE)?;
        let size = u64::try_from(rustix::fs::fstat(file)?.st_size).unwrap_or(0);
        Ok((file.as_fd(), memory::DATA, size.saturating_sub(memory::DATA)))
    }

    /// The protection of a section.
    pub(crate) fn protection(&self) -> u32 {
        self.memory.state().protection()
    }

    pub(crate) fn set_event(&self, signalled: bool) -> Result<()> {
        self.change(|locked| {
            locked.set_event(signalled);
            Ok(())
        })
    }

    /// Returns the previous count.
    pub(crate) fn release_semaphore(&self, count: i32) -> Result<i32> {
        self.change(|locked| locked.release_semaphore(count))
    }

    /// Releases a mutex once for the running thread.
    pub(crate) fn release_mutex(&self) -> Result<()> {
        match held::remove(self.id) {
            Released::NotHeld => Err(Code::NOT_OWNER),
            Released::Once => Ok(()),
            // Through the memory in which it was taken, because that is in the thread's list of locks.
            Released::Free(memory) => change(|| {
                let locked = memory.lock()?;
                self.tell(&locked);
                locked.release_mutex(false);
                Ok(())
            }),
        }
    }

    /// Sets a timer, with times in nanoseconds of the monotonic clock, and a period in milliseconds. Returns the number
    /// of this setting.
    pub(crate) fn set_timer(&self, due: i64, period_millis: u32) -> Result<u32> {
        self.change(|locked| {
            let setting = locked.set_timer(due, period_millis);
            locked.pass_time(clock::monotonic());
            Ok(setting)
        })
    }

    /// The number of a timer's current setting.
    pub(crate) fn setting(&self) -> u32 {
        self.memory.state().setting()
    }

    pub(crate) fn cancel_timer(&self) -> Result<()> {
        self.change(|locked| {
            locked.pass_time(clock::monotonic());
            locked.cancel_timer();
            Ok(())
        })
    }

    fn change<T>(&self, body: impl FnOnce(&Locked<'_>) -> Result<T>) -> Result<T> {
        change(|| {
            let locked = self.memory.lock()?;
            self.tell(&locked);
            body(&locked)
        })
    }

    /// Wakes waiting processes, which then see the change that follows.
    fn tell(&self, locked: &Locked<'_>) {
        if let Some(bell) = self.bell.as_ref().filter(|_| locked.is_waited_for()) {
            bell.ring();
        }
    }

    /// The bell of its changes, if other processes may change it.
    pub(crate) fn bell(&self) -> Option<BorrowedFd<'_>> {
        self.bell.as_ref().map(|bell| bell.as_fd())
    }

    /// Counts a wait for it that may sleep.
    pub(crate) fn begin_wait(&self) {
        self.memory.state().begin_wait();
    }

    pub(crate) fn end_wait(&self) {
        self.memory.state().end_wait();
    }

    /// Locks it, to read its state. To lock several objects, use their order, or two threads may deadlock.
    pub(crate) fn look(&self) -> Result<Look<'_>> {
        Ok(Look { object: self, locked: self.memory.lock()? })
    }

    /// Its place in the order of all objects, the same for all handles of one.
    pub(crate) fn order(&self) -> (u64, u64) {
        (self.id.device, self.id.inode)
    }
}

impl Drop for SyncObject {
    fn drop(&mut self) {
        if let (Some(file), Some(name)) = (self.file.take(), &self.name) {
            namespace::leave(file, name);
        }
    }
}

/// A locked object. Before taking several, check all of them.
pub(crate) struct Look<'a> {
    object: &'a SyncObject,
    locked: Locked<'a>,
}

impl Look<'_> {
    /// Whether a wait of this thread would end, and when a timer may change that.
    pub(crate) fn is_signalled(&self) -> Result<(bool, Option<i64>)> {
        let next = match self.object.kind {
            Kind::Timer => self.locked.pass_time(clock::monotonic()),
            Kind::Mutex if held::has(self.object.id) => return Ok((true, None)),
            _ => None,
        };
        Ok((self.locked.is_signalled()?, next))
    }

    /// Has the effect of a wait's end on it. Returns whether it was abandoned.
    pub(crate) fn take(&self) -> Result<bool> {
        if self.object.kind != Kind::Mutex {
            return self.locked.take();
        }
        let abandoned = !held::has(self.object.id) && self.locked.take()?;
        held::add(self.object);
        Ok(abandoned)
    }

    /// The process whose end would make it signalled.
    pub(crate) fn holder(&self) -> Option<u32> {
        let holder = Some(self.locked.holder()).filter(|_| self.object.kind == Kind::Mutex);
        holder.filter(|holder| *holder != 0 && *holder != std::process::id())
    }
}
