//! A terminal that gives each key at once, and does not show it.

use core::cell::UnsafeCell;
use core::mem::MaybeUninit;
use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};

use super::STDIN;

/// The signals that end or stop a program that does not expect them.
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

/// How the terminal was; to be read only by who turned `CHANGED` from true to false.
struct Before(UnsafeCell<MaybeUninit<libc::termios>>);

// SAFETY: written only while `CHANGED` is false and the lock of the console is held, read by one who found it true.
unsafe impl Sync for Before {}

static BEFORE: Before = Before(UnsafeCell::new(MaybeUninit::uninit()));
static CHANGED: AtomicBool = AtomicBool::new(false);

/// While this lives, the terminal gives each key at once.
pub(super) struct Raw(());

impl Raw {
    /// The lock of the console must be held.
    pub(super) fn enter() -> Option<Raw> {
        static AT_EXIT: Once = Once::new();
        // SAFETY: a function without parameters, which may run at any exit.
        AT_EXIT.call_once(|| unsafe {
            libc::atexit(restore);
        });
        // SAFETY: room for the one structure; all of its bytes are valid in any case.
        let mut settings = unsafe {
            let mut settings = MaybeUninit::<libc::termios>::zeroed();
            if libc::tcgetattr(STDIN, settings.as_mut_ptr()) != 0 {
                return None;
            }
            settings.assume_init()
        };
        // SAFETY: nobody reads it until `CHANGED` is set, and no other thread is here.
        unsafe { (*BEFORE.0.get()).write(settings) };
        settings.c_lflag &= !(libc::ICANON | libc::ECHO);
        settings.c_iflag &= !(libc::ICRNL | libc::INLCR | libc::IGNCR);
        settings.c_cc[libc::VMIN] = 1;
        settings.c_cc[libc::VTIME] = 0;
        CHANGED.store(true, Ordering::SeqCst);
        let raw = Raw(());
        for signal in SIGNALS {
            replace(signal, libc::SIG_DFL, put_back_and_end as *const () as usize);
        }
        // SAFETY: a structure that the system has filled in.
        (unsafe { libc::tcsetattr(STDIN, libc::TCSANOW, &raw const settings) } == 0).then_some(raw)
    }
}

impl Drop for Raw {
    fn drop(&mut self) {
        restore();
        for signal in SIGNALS {
            replace(signal, put_back_and_end as *const () as usize, libc::SIG_DFL);
        }
    }
}

/// Puts the terminal back, once. Async-signal-safe.
extern "C" fn restore() {
    if CHANGED.swap(false, Ordering::SeqCst) {
        // SAFETY: `CHANGED` was true, so the settings are complete, and nobody writes them before the next `enter`.
        unsafe { libc::tcsetattr(STDIN, libc::TCSANOW, (*BEFORE.0.get()).as_ptr()) };
    }
}

/// The default of a signal, after the terminal was put back. If the program only stopped, the read that was interrupted
/// begins again.
extern "C" fn put_back_and_end(signal: libc::c_int) {
    restore();
    replace(signal, put_back_and_end as *const () as usize, libc::SIG_DFL);
    // SAFETY: the signal is blocked until this handler returns, and then does what it always does.
    unsafe { libc::raise(signal) };
}

/// Changes what a signal does, if it does what is expected.
fn replace(signal: libc::c_int, expected: libc::sighandler_t, new: libc::sighandler_t) {
    // SAFETY: both structures are valid when all bytes are zero; the handlers take one number and are async-signal-safe.
    // With all signals blocked in the handler, setting the terminal cannot stop a program in the background.
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
