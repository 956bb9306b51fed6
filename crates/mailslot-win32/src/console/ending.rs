//! Restores the terminal before the program ends, by a signal or by an exit in any thread.

use core::cell::UnsafeCell;
use core::mem::MaybeUninit;
use std::sync::Once;
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};

pub(super) const STDIN: i32 = 0;
/// The signals that end or stop a program without a handler.
const SIGNALS: [libc::c_int; 22] = [
    libc::SIGHUP,
    libc::SIGINT,
    libc::SIGQUIT,
    libc::SIGILL,
    libc::SIGTRAP,
    libc::SIGABRT,
    libc::SIGBUS,
    libc::SIGFPE,
    libc::SIGSEGV,
    libc::SIGPIPE,
    libc::SIGALRM,
    libc::SIGTERM,
    libc::SIGUSR1,
    libc::SIGUSR2,
    libc::SIGXCPU,
    libc::SIGXFSZ,
    libc::SIGVTALRM,
    libc::SIGPROF,
    libc::SIGIO,
    libc::SIGSYS,
    libc::SIGTSTP,
    libc::SIGTTIN,
];

/// Sequences that restore the terminal's colours and title.
const NO_COLOURS: &[u8] = b"\x1b[0m";
const OLD_TITLE: &[u8] = b"\x1b[23;0t";

/// The terminal's original settings; read only by the thread that changed `CHANGED` from true to false.
struct Before(UnsafeCell<MaybeUninit<libc::termios>>);

// SAFETY: written only while `CHANGED` is false and the lock of the console is held, and read only by a thread that
// found it true.
unsafe impl Sync for Before {}

static BEFORE: Before = Before(UnsafeCell::new(MaybeUninit::uninit()));
static CHANGED: AtomicBool = AtomicBool::new(false);
/// The process that has changed the terminal: a child forked meanwhile does not restore it.
static OWNER: AtomicI32 = AtomicI32::new(0);
/// Descriptors of terminals on which the program has set colours or a title; -1 for none.
static COLOURED: AtomicI32 = AtomicI32::new(-1);
static TITLED: AtomicI32 = AtomicI32::new(-1);

/// The settings of standard input before this process changed them. The lock of the console must be held. `None` if it
/// is not a terminal.
pub(super) fn settings_before() -> Option<libc::termios> {
    own();
    if CHANGED.load(Ordering::SeqCst) {
        // SAFETY: written before `CHANGED` was set; it is written again only by holders of the lock.
        return Some(unsafe { (*BEFORE.0.get()).assume_init() });
    }
    let mut settings = MaybeUninit::<libc::termios>::zeroed();
    // SAFETY: room for the one structure; all of its bytes are valid in any case.
    let settings = unsafe { (libc::tcgetattr(STDIN, settings.as_mut_ptr()) == 0).then(|| settings.assume_init()) }?;
    // SAFETY: no thread reads it until `CHANGED` is set, and no other thread is here.
    unsafe { (*BEFORE.0.get()).write(settings) };
    Some(settings)
}

/// Gives standard input these settings, at most until the end of the program. The lock of the console must be held.
pub(super) fn change(settings: &libc::termios) -> bool {
    CHANGED.store(true, Ordering::SeqCst);
    expect();
    // SAFETY: a structure that the system has filled in.
    unsafe { libc::tcsetattr(STDIN, libc::TCSANOW, settings) == 0 }
}

/// Notes that the terminal of this descriptor must lose its colours at the end, or has lost them.
pub(super) fn set_coloured(descriptor: i32, coloured: bool) {
    own();
    COLOURED.store(if coloured { descriptor } else { -1 }, Ordering::SeqCst);
    if coloured { expect() } else { relax() }
}

/// Notes that the terminal of this descriptor must get its title back at the end. Returns whether that is new.
pub(super) fn set_titled(descriptor: i32) -> bool {
    own();
    let new = TITLED.swap(descriptor, Ordering::SeqCst) < 0;
    expect();
    new
}

/// Restores standard input.
pub(super) fn put_input_back() {
    put_settings_back();
    relax();
}

/// Restores everything, once. Async-signal-safe.
pub(super) extern "C" fn restore() {
    // SAFETY: no parameters.
    if OWNER.load(Ordering::SeqCst) != unsafe { libc::getpid() } {
        return;
    }
    put_settings_back();
    for (descriptor, sequence) in [(&COLOURED, NO_COLOURS), (&TITLED, OLD_TITLE)] {
        let descriptor = descriptor.swap(-1, Ordering::SeqCst);
        if descriptor >= 0 {
            // SAFETY: a constant text of that length. If it cannot be written, nothing more can be done.
            unsafe { libc::write(descriptor, sequence.as_ptr().cast(), sequence.len()) };
        }
    }
}

fn put_settings_back() {
    if CHANGED.swap(false, Ordering::SeqCst) {
        // SAFETY: `CHANGED` was true, so the settings are complete, and nobody writes them before the next change.
        unsafe { libc::tcsetattr(STDIN, libc::TCSANOW, (*BEFORE.0.get()).as_ptr()) };
    }
}

/// Takes over from the parent process: its changes are not this process's.
fn own() {
    // SAFETY: no parameters.
    let own = unsafe { libc::getpid() };
    if OWNER.swap(own, Ordering::SeqCst) != own {
        CHANGED.store(false, Ordering::SeqCst);
        COLOURED.store(-1, Ordering::SeqCst);
        TITLED.store(-1, Ordering::SeqCst);
    }
}

/// Installs the handlers, because there is something to restore.
fn expect() {
    static AT_EXIT: Once = Once::new();
    // SAFETY: a function without parameters, which may run at any exit.
    AT_EXIT.call_once(|| unsafe {
        libc::atexit(restore);
    });
    for signal in SIGNALS {
        replace(signal, libc::SIG_DFL, put_back_and_end as *const () as usize);
    }
}

/// Removes the handlers, if there is nothing to restore.
fn relax() {
    if !is_changed() {
        SIGNALS.into_iter().for_each(let_go);
    }
}

/// Releases a signal to another handler, which restores the terminal before it ends the program.
pub(super) fn let_go(signal: libc::c_int) {
    replace(signal, put_back_and_end as *const () as usize, libc::SIG_DFL);
}

/// Handles the signals that have no other handler.
pub(super) fn take_back() {
    if is_changed() {
        expect();
    }
}

fn is_changed() -> bool {
    let left = |descriptor: &AtomicI32| descriptor.load(Ordering::SeqCst) >= 0;
    left(&COLOURED) || left(&TITLED) || CHANGED.load(Ordering::SeqCst)
}

/// Restores the terminal, then lets the signal have its default effect. If the program was only stopped, the terminal
/// is changed again when it continues: a read that was about to begin does not notice the signal.
extern "C" fn put_back_and_end(signal: libc::c_int) {
    let changed = CHANGED.load(Ordering::SeqCst);
    let mut settings = MaybeUninit::<libc::termios>::zeroed();
    // SAFETY: room for the one structure; the set is plain data, initialised by the first call. The signal is blocked
    // in this handler, and has its default effect once it is unblocked.
    unsafe {
        let known = libc::tcgetattr(STDIN, settings.as_mut_ptr()) == 0;
        restore();
        replace(signal, put_back_and_end as *const () as usize, libc::SIG_DFL);
        libc::raise(signal);
        let mut set = core::mem::zeroed();
        libc::sigemptyset(&raw mut set);
        libc::sigaddset(&raw mut set, signal);
        libc::pthread_sigmask(libc::SIG_UNBLOCK, &raw const set, core::ptr::null_mut());
        replace(signal, libc::SIG_DFL, put_back_and_end as *const () as usize);
        // In the background, the terminal belongs to another program.
        if changed && known && libc::tcgetpgrp(STDIN) == libc::getpgrp() {
            CHANGED.store(true, Ordering::SeqCst);
            libc::tcsetattr(STDIN, libc::TCSANOW, settings.as_ptr());
        }
    }
}

/// Replaces a signal's handler, if the current one is the expected one.
fn replace(signal: libc::c_int, expected: libc::sighandler_t, new: libc::sighandler_t) {
    // SAFETY: both structures are valid when all bytes are zero; the handlers take one number and are
    // async-signal-safe. With all signals blocked in the handler, setting the terminal cannot stop a program in the
    // background.
    unsafe {
        let mut action: libc::sigaction = core::mem::zeroed();
        if libc::sigaction(signal, core::ptr::null(), &raw mut action) != 0 || action.sa_sigaction != expected {
            return;
        }
        action.sa_sigaction = new;
        action.sa_flags = 0;
        libc::sigfillset(&raw mut action.sa_mask);
        libc::sigaction(signal, &raw const action, core::ptr::null_mut());
    }
}
