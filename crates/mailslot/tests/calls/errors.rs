//! The errors of each system call that the library makes.

use rustix::io::Errno;

/// Calls that this program makes for itself, those of the allocator, and those at a thread's beginning and end.
const NOT_OURS: &[&str] = &[
    "readv",
    "writev",
    "brk",
    "mprotect",
    "exit",
    "exit_group",
    "rt_sigaction",
    "sigaltstack",
    "rseq",
    "set_tid_address",
    "clone3",
    "clone",
    "restart_syscall",
    "sched_getaffinity",
    "execve",
    "open",
    "prctl",
];

/// The errors that a call may return, however it is used here: for example, opening a file in memory is never
/// interrupted. Empty for a call that cannot fail, or whose failure would be a fault of the library. `None` for an
/// unknown call.
pub fn of(call: &str) -> Option<&'static [Errno]> {
    const DESCRIPTORS: &[Errno] = &[Errno::MFILE, Errno::NFILE, Errno::NOMEM];
    const ENTRY: &[Errno] = &[Errno::NOSPC, Errno::DQUOT, Errno::NOMEM, Errno::ACCESS];
    Some(match call {
        call if NOT_OURS.contains(&call) => &[],
        "getpid" | "gettid" | "geteuid" | "getegid" | "uname" | "close" | "rt_sigprocmask" | "sched_yield"
        | "clock_gettime" | "tgkill" | "kill" | "listen" | "timerfd_settime" | "rt_sigtimedwait" | "lseek"
        | "shutdown" | "getsockopt" | "setsockopt" | "prlimit64" => &[],
        "openat" => &[Errno::MFILE, Errno::NFILE, Errno::NOMEM, Errno::ACCESS],
        "openat2" => &[Errno::MFILE, Errno::NFILE, Errno::NOMEM, Errno::ACCESS, Errno::NOSYS, Errno::PERM],
        "flock" => &[Errno::NOLCK, Errno::INTR],
        "fcntl" => &[Errno::NOLCK, Errno::MFILE],
        "fallocate" => &[Errno::INTR, Errno::NOSPC, Errno::DQUOT, Errno::NOMEM, Errno::FBIG],
        "ftruncate" => &[Errno::INTR, Errno::NOSPC, Errno::FBIG],
        "mmap" => &[Errno::NOMEM, Errno::AGAIN],
        "munmap" => &[Errno::NOMEM],
        "madvise" => &[Errno::NOMEM, Errno::INVAL, Errno::AGAIN],
        "epoll_create1" | "timerfd_create" | "eventfd2" | "memfd_create" => DESCRIPTORS,
        "epoll_ctl" => &[Errno::NOMEM, Errno::NOSPC],
        "epoll_wait" | "epoll_pwait" | "epoll_pwait2" => &[Errno::INTR],
        "poll" | "ppoll" => &[Errno::INTR, Errno::NOMEM],
        "socket" => &[Errno::MFILE, Errno::NFILE, Errno::NOMEM, Errno::NOBUFS],
        "bind" => &[Errno::NOMEM, Errno::NOSPC, Errno::DQUOT, Errno::ACCESS],
        "connect" => &[Errno::AGAIN, Errno::NOMEM, Errno::ACCESS],
        "accept4" => {
            &[Errno::INTR, Errno::MFILE, Errno::NFILE, Errno::CONNABORTED, Errno::NOMEM, Errno::NOBUFS, Errno::PERM]
        }
        "recvmmsg" | "recvmsg" | "recvfrom" => &[Errno::INTR, Errno::NOMEM, Errno::NOBUFS],
        "sendto" => &[Errno::INTR, Errno::AGAIN, Errno::NOMEM, Errno::NOBUFS],
        "sendmsg" => &[Errno::INTR, Errno::AGAIN, Errno::NOMEM, Errno::NOBUFS, Errno::TOOMANYREFS],
        "fstat" => &[Errno::NOMEM],
        "newfstatat" | "statx" => &[Errno::NOMEM, Errno::ACCESS],
        "readlinkat" | "access" | "faccessat" => &[Errno::NOMEM, Errno::ACCESS],
        "mkdirat" | "mkdir" | "symlinkat" | "mknodat" | "renameat" | "renameat2" | "linkat" => ENTRY,
        "unlinkat" | "fchmodat" | "fchmod" | "fchownat" | "utimensat" => &[Errno::NOMEM, Errno::IO, Errno::ACCESS],
        "fgetxattr" => &[Errno::NOMEM, Errno::IO],
        "getdents64" => &[Errno::NOMEM],
        "pread64" => &[Errno::INTR, Errno::IO, Errno::NOMEM],
        "read" => &[Errno::INTR],
        "write" => &[Errno::INTR, Errno::NOMEM, Errno::NOSPC, Errno::DQUOT],
        "futex" => &[Errno::INTR, Errno::AGAIN, Errno::TIMEDOUT],
        "get_robust_list" | "set_robust_list" => &[Errno::PERM, Errno::NOSYS],
        "getrandom" => &[Errno::INTR, Errno::NOSYS],
        "setxattr" => &[Errno::OPNOTSUPP, Errno::NOSPC, Errno::DQUOT],
        "clock_nanosleep" => &[Errno::INTR],
        _ => return None,
    })
}

/// Whether a call, in strace's form, may fail with this error: one name can stand for several kinds of calls.
pub fn is_possible(call: &str, error: Errno) -> bool {
    match error {
        Errno::NOLCK if call.contains("fcntl(") => call.contains("LK, "),
        Errno::MFILE if call.contains("fcntl(") => call.contains("F_DUPFD"),
        _ => true,
    }
}

/// Whether the library makes, or may make, this call.
pub fn is_ours(call: &str) -> bool {
    !NOT_OURS.contains(&call)
}

/// Whether the error that a caller got, a variant of the library's error and the system's number, is right for this
/// error of this call. `others` means that the slot is another user's: then what that user hides does not exist.
pub fn says(variant: &str, number: i32, call: &str, error: Errno, others: bool) -> bool {
    match variant {
        // Interrupted calls are repeated.
        _ if error == Errno::INTR => false,
        "NotFound" => others && matches!(error, Errno::ACCESS | Errno::PERM),
        "Io" => number == error.raw_os_error(),
        "OutOfMemory" => matches!(error, Errno::NOMEM | Errno::NOSPC | Errno::DQUOT | Errno::NOBUFS),
        "Full" => error == Errno::AGAIN && matches!(call, "connect" | "sendto" | "sendmsg"),
        "NotAllowed" => error == Errno::ACCESS && call == "connect",
        _ => false,
    }
}
