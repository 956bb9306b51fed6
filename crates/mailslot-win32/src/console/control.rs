//! Ctrl-C and similar events: signals that call the program's handlers in separate threads.

use std::sync::atomic::{AtomicI32, Ordering};
use std::sync::{Mutex, PoisonError};

use super::ending;
use crate::abi::Bool;
use crate::code::{Code, Result};
use crate::engine;
use crate::per_process::PerProcess;

/// `PHANDLER_ROUTINE`.
pub(crate) type Routine = extern "C" fn(event: u32) -> Bool;

/// `CTRL_C_EVENT`, `CTRL_BREAK_EVENT`, `CTRL_CLOSE_EVENT`.
const CTRL_C: u32 = 0;
const CTRL_BREAK: u32 = 1;
const CTRL_CLOSE: u32 = 2;

const SIGNALS: [i32; 4] = [libc::SIGINT, libc::SIGQUIT, libc::SIGHUP, libc::SIGTERM];

/// The program's handlers, in the order of their calls. A forked child has none.
static HANDLERS: PerProcess<Mutex<Vec<Routine>>> = PerProcess::new();
/// The pipe that carries signals to the waiting thread, and the process that owns it.
static PIPE: AtomicI32 = AtomicI32::new(-1);
static OWNER: AtomicI32 = AtomicI32::new(0);

/// Adds a handler, which is called before the existing ones.
pub(crate) fn add(routine: Routine) -> Result<()> {
    let mut handlers = HANDLERS.get().lock().unwrap_or_else(PoisonError::into_inner);
    if handlers.is_empty() {
        start()?;
        for signal in SIGNALS {
            ending::let_go(signal);
            // A signal that was ignored at the start, by nohup for example, remains ignored.
            set(signal, libc::SIG_DFL, raised as *const () as usize);
        }
    }
    handlers.push(routine);
    Ok(())
}

/// # Errors
///
/// `ERROR_INVALID_PARAMETER` if there is no such handler.
pub(crate) fn remove(routine: Routine) -> Result<()> {
    let mut handlers = HANDLERS.get().lock().unwrap_or_else(PoisonError::into_inner);
    let same = |other: &Routine| *other as usize == routine as usize;
    let index = handlers.iter().rposition(same).ok_or(Code::INVALID_PARAMETER)?;
    handlers.remove(index);
    if handlers.is_empty() {
        SIGNALS.into_iter().for_each(|signal| set(signal, raised as *const () as usize, libc::SIG_DFL));
        ending::take_back();
    }
    Ok(())
}

/// Ignores Ctrl-C, in this process and those that it starts, or no longer.
pub(crate) fn ignore(ignored: bool) {
    let handlers = HANDLERS.get().lock().unwrap_or_else(PoisonError::into_inner);
    let handled = if handlers.is_empty() { libc::SIG_DFL } else { raised as *const () as usize };
    ending::let_go(libc::SIGINT);
    if ignored {
        set(libc::SIGINT, handled, libc::SIG_IGN);
    } else {
        set(libc::SIGINT, libc::SIG_IGN, handled);
    }
    ending::take_back();
}

/// Sends an event to all processes of this one's group, itself included.
pub(crate) fn generate(event: u32, group: u32) -> Result<()> {
    let signal = match event {
        CTRL_C => libc::SIGINT,
        CTRL_BREAK => libc::SIGQUIT,
        _ => return Err(Code::INVALID_PARAMETER),
    };
    if group != 0 {
        return Err(Code::NOT_SUPPORTED);
    }
    // SAFETY: takes any numbers.
    if unsafe { libc::kill(0, signal) } == 0 { Ok(()) } else { Err(std::io::Error::last_os_error().into()) }
}

/// Makes sure that this process has a thread that waits for signals.
fn start() -> Result<()> {
    // SAFETY: no parameters.
    let own = unsafe { libc::getpid() };
    if OWNER.load(Ordering::SeqCst) == own {
        return Ok(());
    }
    let mut ends = [0; 2];
    // SAFETY: room for two descriptors.
    if unsafe { libc::pipe2(ends.as_mut_ptr(), libc::O_CLOEXEC) } != 0 {
        return Err(std::io::Error::last_os_error().into());
    }
    let [from, to] = ends;
    engine::spawn("mailslot-control", move || {
        let mut signal = 0_u8;
        // SAFETY: room for one byte. The pipe stays open as long as the process lives.
        while unsafe { libc::read(from, (&raw mut signal).cast(), 1) } == 1 {
            let signal = i32::from(signal);
            // In a new thread, so that a slow handler does not delay the next event.
            if engine::spawn("mailslot-event", move || call(signal)).is_err() {
                call(signal);
            }
        }
    })?;
    PIPE.store(to, Ordering::SeqCst);
    OWNER.store(own, Ordering::SeqCst);
    Ok(())
}

/// Calls the handlers until one has handled the event. If none has, the signal has its default effect; for SIGHUP and
/// SIGTERM it has that in any case.
fn call(signal: i32) {
    let (event, ends) = match signal {
        libc::SIGINT => (CTRL_C, false),
        libc::SIGQUIT => (CTRL_BREAK, false),
        _ => (CTRL_CLOSE, true),
    };
    let handlers = HANDLERS.get().lock().unwrap_or_else(PoisonError::into_inner).clone();
    let handled = handlers.into_iter().rev().any(|routine| routine(event).is_true());
    if handled && !ends {
        return;
    }
    ending::restore();
    set(signal, raised as *const () as usize, libc::SIG_DFL);
    // SAFETY: the set is plain data, initialised by the first call; then the signal reaches this thread if no other.
    unsafe {
        let mut set = core::mem::zeroed();
        libc::sigemptyset(&raw mut set);
        libc::sigaddset(&raw mut set, signal);
        libc::pthread_sigmask(libc::SIG_UNBLOCK, &raw const set, core::ptr::null_mut());
        libc::kill(libc::getpid(), signal);
    }
}

/// Passes the signal to the thread. Async-signal-safe.
extern "C" fn raised(signal: libc::c_int) {
    // SAFETY: the place of this thread's error number; calls that are allowed in a handler; one byte to write.
    unsafe {
        let error = *libc::__errno_location();
        if OWNER.load(Ordering::SeqCst) == libc::getpid() {
            let byte = signal as u8;
            libc::write(PIPE.load(Ordering::SeqCst), (&raw const byte).cast(), 1);
        } else {
            // A forked child does not have the thread. The signal is blocked until this handler returns.
            set(signal, raised as *const () as usize, libc::SIG_DFL);
            libc::raise(signal);
        }
        *libc::__errno_location() = error;
    }
}

/// Replaces a signal's handler, if the current one is the expected one.
fn set(signal: i32, expected: libc::sighandler_t, new: libc::sighandler_t) {
    // SAFETY: the structure is valid when all bytes are zero; the handler takes one number and is async-signal-safe.
    unsafe {
        let mut action: libc::sigaction = core::mem::zeroed();
        if libc::sigaction(signal, core::ptr::null(), &raw mut action) != 0 || action.sa_sigaction != expected {
            return;
        }
        action.sa_sigaction = new;
        action.sa_flags = libc::SA_RESTART;
        libc::sigaction(signal, &raw const action, core::ptr::null_mut());
    }
}
