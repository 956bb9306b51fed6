//! Starting and ending threads, and cleaning up at their end.

use core::cell::{Cell, RefCell};
use core::ffi::c_void;
use std::mem::{ManuallyDrop, MaybeUninit};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};

use crate::abi::{Handle, ThreadRoutine, VoidThreadRoutine};
use crate::code::{Code, Result};
use crate::handles;
use crate::object::{Object, Thread};
use crate::per_process::PerProcess;
use crate::sync_object;
use crate::wait;

/// The routine of a thread.
#[derive(Clone, Copy)]
pub(crate) enum Routine {
    WithExitCode(ThreadRoutine),
    /// The exit code is 0.
    Void(VoidThreadRoutine),
}

/// How a thread is started.
pub(crate) struct Start {
    pub(crate) routine: Routine,
    pub(crate) parameter: *mut c_void,
    /// The least number of bytes; 0 is the system's default.
    pub(crate) stack: usize,
    pub(crate) suspended: bool,
    /// Whether its handle is closed when it ends, by the thread itself.
    pub(crate) closes_handle: bool,
}

/// The parameters of a new thread, from its starter.
struct Birth {
    thread: Arc<Thread>,
    handle: Handle,
    routine: Routine,
    parameter: *mut c_void,
}

/// The threads that this library has started.
#[derive(Default)]
struct Started {
    state: Mutex<Running>,
    ended: Condvar,
}

#[derive(Default)]
struct Running {
    threads: usize,
    /// Exit code of the thread that ended last.
    last_exit_code: u32,
}

static STARTED: PerProcess<Started> = PerProcess::new();

/// The state of the running thread.
struct Current {
    thread: RefCell<Option<Arc<Thread>>>,
    exit_code: Cell<u32>,
    /// Closed with the thread, unless it is `NULL`.
    handle: Cell<Handle>,
    /// The process that counts this thread, if one does.
    counted_by: Cell<Option<u64>>,
}

thread_local! {
    // No thread-local value has a destructor: programs also call at the end of a thread and from exit handlers, after
    // values with one are gone.
    static CURRENT: ManuallyDrop<Current> = const {
        ManuallyDrop::new(Current {
            thread: RefCell::new(None),
            exit_code: Cell::new(0),
            handle: Cell::new(Handle::NULL),
            counted_by: Cell::new(None),
        })
    };
}

unsafe extern "C-unwind" {
    // Not those of the libc crate: a thread that ends early unwinds through these functions.
    fn pthread_create(
        thread: *mut libc::pthread_t,
        attributes: *const libc::pthread_attr_t,
        begin: extern "C-unwind" fn(*mut c_void) -> *mut c_void,
        argument: *mut c_void,
    ) -> i32;
    fn pthread_exit(result: *mut c_void) -> !;
}

/// The running thread.
pub(crate) fn current() -> Arc<Thread> {
    let make = || {
        let thread = Thread::new(false);
        thread.runs_here();
        Arc::new(thread)
    };
    notice_end();
    CURRENT.with(|current| Arc::clone(current.thread.borrow_mut().get_or_insert_with(make)))
}

/// Makes sure that the end of the running thread is noticed, in whatever way it ends, even a second time if it does
/// more after that. For the main thread, the end of the process does not count: exit handlers may still use its state.
pub(crate) fn notice_end() {
    static ENDS: OnceLock<Option<libc::pthread_key_t>> = OnceLock::new();
    let key = ENDS.get_or_init(|| {
        let mut key = 0;
        // SAFETY: `key` is a local that the call writes; `ended` may be called in any thread.
        (unsafe { libc::pthread_key_create(&raw mut key, Some(ended)) } == 0).then_some(key)
    });
    if let Some(key) = key {
        // SAFETY: the key was made above and is never deleted. Its value is only compared with NULL.
        unsafe { libc::pthread_setspecific(*key, (&raw const ENDS).cast()) };
    }
}

extern "C" fn ended(_: *mut c_void) {
    CURRENT.with(|current| current.end());
}

/// Starts a thread. Returns it and a handle for it.
pub(crate) fn start(start: Start, inherit: bool) -> Result<(Arc<Thread>, Handle)> {
    let thread = Arc::new(Thread::new(start.suspended));
    let handle = handles::insert(Object::Thread(Arc::clone(&thread)), inherit)?;
    let birth = Birth {
        thread: Arc::clone(&thread),
        handle: if start.closes_handle { handle } else { Handle::NULL },
        routine: start.routine,
        parameter: start.parameter,
    };
    // Counted before it runs, so that it cannot be missed.
    STARTED.get().running().threads += 1;
    let begun = create(start.stack, Box::new(birth));
    if begun.is_err() {
        STARTED.get().ended(0);
        handles::close(handle)?;
    }
    begun.map(|()| (thread, handle))
}

/// Ends the running thread.
pub(crate) extern "C-unwind" fn exit(exit_code: u32) -> ! {
    prepare_exit(exit_code);
    // SAFETY: this thread came from pthread_create. Between its beginning and here are frames of the program, which
    // called this, and frames of this library that own nothing.
    unsafe { pthread_exit(core::ptr::null_mut()) }
}

/// Sets the exit code. In the main thread, whose end would end the process, waits until all other threads have ended,
/// and then ends the process with the exit code of the last thread, as on Windows.
fn prepare_exit(exit_code: u32) {
    CURRENT.with(|current| current.exit_code.set(exit_code));
    if rustix::thread::gettid() != rustix::process::getpid() {
        return;
    }
    let started = STARTED.get();
    // Before it is notified: a thread that ends because of that must count as later.
    started.running().last_exit_code = exit_code;
    CURRENT.with(|current| current.end());
    let mut running = started.running();
    while running.threads > 0 {
        running = started.ended.wait(running).unwrap_or_else(PoisonError::into_inner);
    }
    let last = running.last_exit_code;
    drop(running);
    std::process::exit(last as i32)
}

fn create(stack: usize, birth: Box<Birth>) -> Result<()> {
    let mut attributes = MaybeUninit::<libc::pthread_attr_t>::uninit();
    let attributes = attributes.as_mut_ptr();
    let argument = Box::into_raw(birth);
    // SAFETY: `attributes` is a local that the first call initialises and the last one destroys. If `begin` runs, it
    // owns `argument`.
    let result = unsafe {
        let mut id = MaybeUninit::uninit();
        let mut size = 0;
        libc::pthread_attr_init(attributes);
        libc::pthread_attr_setdetachstate(attributes, libc::PTHREAD_CREATE_DETACHED);
        libc::pthread_attr_getstacksize(attributes, &raw mut size);
        let result = match stack.checked_next_multiple_of(64 << 10) {
            // As on Windows, the size that a program requests is a lower bound.
            Some(wanted) if wanted > size => libc::pthread_attr_setstacksize(attributes, wanted),
            Some(_) => 0,
            None => libc::EINVAL,
        };
        let result =
            if result == 0 { pthread_create(id.as_mut_ptr(), attributes, begin, argument.cast()) } else { result };
        libc::pthread_attr_destroy(attributes);
        result
    };
    if result != 0 {
        // SAFETY: no thread has begun, so it is still ours.
        drop(unsafe { Box::from_raw(argument) });
        return Err(if result == libc::EINVAL { Code::INVALID_PARAMETER } else { Code::NOT_ENOUGH_MEMORY });
    }
    Ok(())
}

/// Owns nothing while the routine runs, because it may be unwound.
extern "C-unwind" fn begin(argument: *mut c_void) -> *mut c_void {
    // SAFETY: from `create`, which has left it to this thread.
    let (routine, parameter) = prepare(*unsafe { Box::from_raw(argument.cast::<Birth>()) });
    let exit_code = match routine {
        Routine::WithExitCode(routine) => routine(parameter),
        Routine::Void(routine) => {
            routine(parameter);
            0
        }
    };
    CURRENT.with(|current| current.exit_code.set(exit_code));
    core::ptr::null_mut()
}

fn prepare(birth: Birth) -> (Routine, *mut c_void) {
    birth.thread.runs_here();
    notice_end();
    CURRENT.with(|current| {
        current.handle.set(birth.handle);
        current.counted_by.set(Some(mailslot::fork_generation()));
        current.thread.replace(Some(Arc::clone(&birth.thread)));
    });
    wait::wait_for_signal(&birth.thread.resumed);
    (birth.routine, birth.parameter)
}

impl Current {
    /// Cleans up at the end of the thread.
    fn end(&self) {
        let exit_code = self.exit_code.get();
        let handle = self.handle.replace(Handle::NULL);
        if !handle.is_null() {
            // Fails if the program has closed it, which it should not do.
            let _ = handles::close(handle);
        }
        sync_object::abandon_all();
        wait::apc::forget_all();
        if let Some(thread) = self.thread.take() {
            thread.ended(exit_code);
        }
        if self.counted_by.take() == Some(mailslot::fork_generation()) {
            STARTED.get().ended(exit_code);
        }
    }
}

impl Started {
    fn running(&self) -> MutexGuard<'_, Running> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn ended(&self, exit_code: u32) {
        let mut running = self.running();
        running.threads -= 1;
        running.last_exit_code = exit_code;
        self.ended.notify_all();
    }
}
