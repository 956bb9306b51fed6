//! Threads: the standard library's part, rustix's, and the robust list.

use core::cell::Cell;
use core::ffi::c_void;
use core::marker::PhantomData;
use core::time::Duration;

pub use system_rustix::process::Pid;

use crate::world;

pub fn yield_now() {
    world::note_call(|| "yields".to_owned());
    if world::point() && !std::thread::panicking() {
        world::while_others_run(shuttle::thread::yield_now);
    }
}

pub fn sleep(time: Duration) {
    world::block(world::Wait::Unparked, Some(world::now() + time));
}

pub fn gettid() -> Pid {
    Pid::from_raw(world::thread_number(world::me()) as i32).expect("no thread has the number 0")
}

/// Begins threads of the same process.
#[derive(Debug, Default)]
pub struct Builder;

impl Builder {
    pub fn new() -> Builder {
        Builder
    }

    pub fn name(self, _: String) -> Builder {
        self
    }

    pub fn stack_size(self, _: usize) -> Builder {
        self
    }

    pub fn spawn(self, act: impl FnOnce() + Send + 'static) -> std::io::Result<world::Handle<()>> {
        if world::is_dead() || std::thread::panicking() {
            return Err(std::io::ErrorKind::Other.into());
        }
        Ok(world::spawn(world::who(), act))
    }
}

/// A thread-local variable of a type that is copied.
#[derive(Debug)]
pub struct LocalKey<T> {
    first: fn() -> T,
    kind: PhantomData<fn() -> T>,
}

impl<T> LocalKey<T> {
    pub const fn new(first: fn() -> T) -> LocalKey<T> {
        LocalKey { first, kind: PhantomData }
    }
}

impl<T: Copy + 'static> LocalKey<Cell<T>> {
    pub fn get(&'static self) -> T {
        world::local(core::ptr::from_ref(self) as usize, || (self.first)().get())
    }

    pub fn set(&'static self, value: T) {
        world::set_local(core::ptr::from_ref(self) as usize, value);
    }
}

pub mod futex {
    //! Futexes.

    use core::time::Duration;

    use system_rustix::io::{Errno, Result};
    pub use system_rustix::thread::futex::Flags;
    use system_rustix::time::Timespec;

    use crate::atomic::{AtomicU32, Ordering};
    use crate::world::{self, Wait};

    pub fn wait(word: &AtomicU32, _: Flags, value: u32, time: Option<&Timespec>) -> Result<()> {
        if word.load(Ordering::Relaxed) != value {
            return Err(Errno::AGAIN);
        }
        world::note_call(|| format!("waits for a futex that is {value:#x}, for {time:?}"));
        let limit = time.map(|time| world::now() + Duration::new(time.tv_sec as u64, time.tv_nsec as u32));
        if world::block(Wait::Futex(word.as_ptr() as usize, value), limit) { Ok(()) } else { Err(Errno::TIMEDOUT) }
    }

    pub fn wake(word: &AtomicU32, _: Flags, most: u32) -> Result<usize> {
        if world::point() {
            world::wake_address(word.as_ptr() as usize, most as usize);
        }
        Ok(0)
    }
}

/// The head of the robust list that the C library has registered for the thread on which shuttle runs all of ours. The
/// engine finds it as usual. Its `list_op_pending`, the lock that is being taken, belongs to whichever of our threads
/// runs.
#[derive(Clone, Copy)]
struct Robust {
    offset: isize,
    pending: *mut *mut c_void,
}

#[repr(C)]
struct Head {
    list: *mut c_void,
    offset: libc_long,
    pending: *mut c_void,
}

#[allow(non_camel_case_types)]
type libc_long = system_libc::c_long;

fn robust() -> Robust {
    thread_local! {
        static ROBUST: Robust = {
            let mut head: *mut Head = core::ptr::null_mut();
            let mut size: usize = 0;
            // SAFETY: the call writes a pointer and a size to the two locals; 0 is the calling thread.
            let result = unsafe {
                system_libc::syscall(system_libc::SYS_get_robust_list, 0, &raw mut head, &raw mut size)
            };
            assert!(result == 0 && !head.is_null(), "a C library that registers the list at a thread's start");
            // SAFETY: the head of this thread, which lives as long as it.
            unsafe { Robust { offset: (*head).offset as isize, pending: &raw mut (*head).pending } }
        };
    }
    ROBUST.with(|robust| *robust)
}

/// Takes the running thread's word out, to make room for another thread's.
pub(crate) fn take_pending() -> *mut c_void {
    // SAFETY: the word belongs to this thread; the kernel reads it only when the thread ends.
    unsafe {
        let pending = robust().pending.read_volatile();
        robust().pending.write_volatile(core::ptr::null_mut());
        pending
    }
}

pub(crate) fn put_pending(pending: *mut c_void) {
    // SAFETY: as above.
    unsafe { robust().pending.write_volatile(pending) };
}

pub(crate) fn forget_pending() {
    put_pending(core::ptr::null_mut());
}

/// Does what the kernel does with a lock that a thread was taking, held or was releasing when it died.
pub(crate) fn pass_lock_on(pending: *mut c_void, thread: usize) {
    if pending.is_null() {
        return;
    }
    let word = pending.wrapping_byte_offset(robust().offset).cast::<core::sync::atomic::AtomicU32>();
    // SAFETY: the engine put the address of a lock there, whose memory lives as long as the world.
    let lock = unsafe { &*word };
    let order = core::sync::atomic::Ordering::Relaxed;
    let value = lock.load(order);
    let waiters = value & system_libc::FUTEX_WAITERS;
    let ours = value & system_libc::FUTEX_TID_MASK == world::thread_number(thread);
    if ours {
        lock.store(waiters | system_libc::FUTEX_OWNER_DIED, order);
    }
    // Released, and the waiter that was to be woken is still asleep.
    if (ours && waiters != 0) || value == 0 {
        world::wake_address(word as usize, 1);
    }
}
