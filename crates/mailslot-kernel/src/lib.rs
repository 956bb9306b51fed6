//! A scripted kernel: what the crate `mailslot` takes from the system, under the same names, for threads that shuttle
//! schedules.
//!
//! The crate `mailslot-waiting` names this crate `rustix`, `libc` and `tokio`, and takes its `std::sync`,
//! `std::thread`, `std::time` and `std::os::fd` from here. So the engine's source files run over it. All steps are
//! sequentially consistent: the effects of weak memory are left to the loom model and ThreadSanitizer.
//!
//! | module | has |
//! |---|---|
//! | `world` | threads and processes, blocking and waking, time, death |
//! | `object` | what descriptors lead to, and when it is ready |
//! | `atomic`, `sync`, `fd`, `clock` | the standard library's |
//! | `event`, `fs`, `io`, `mm`, `net`, `process`, `thread`, `time`, … | rustix's |
//! | `task`, `io::unix` | tokio's |
//!
//! Time stands still while any thread can run, except that a timer may expire at any point, because any thread may be
//! held up for any time. When no thread can run, the next timer expires; if there is none, that is a deadlock, and the
//! test fails.

#![allow(missing_docs)] // The crates whose names these are document them.
#![allow(clippy::missing_safety_doc)] // As above.
#![cfg(target_os = "linux")]

pub mod atomic;
mod calls;
pub mod clock;
pub mod event;
pub mod fd;
pub mod fs;
pub mod io;
pub mod mm;
pub mod net;
mod object;
pub mod sync;
pub mod task;
pub mod thread;
pub mod world;

pub use calls::{
    dup3, fcntl, getauxval, getsockopt, pthread_atfork, pthread_sigmask, recvmmsg, sigaddset, sigemptyset, sigfillset,
    sigismember,
};
pub use system_libc::*;
pub use system_rustix::{cmsg_space, param, system};

pub mod process {
    //! The process of the running thread.

    use system_rustix::io::{Errno, Result};
    pub use system_rustix::process::{Gid, Pid, Resource, Rlimit, Uid};

    use crate::world;

    pub fn geteuid() -> Uid {
        Uid::from_raw(world::who().uid)
    }

    pub fn getegid() -> Gid {
        Gid::from_raw(world::who().uid)
    }

    pub fn getpid() -> Pid {
        Pid::from_raw(world::who().pid as i32).expect("no process has the number 0")
    }

    pub fn test_kill_process(pid: Pid) -> Result<()> {
        if world::exists(pid.as_raw_pid() as u32) { Ok(()) } else { Err(Errno::SRCH) }
    }

    /// The usual limit of descriptors; nothing else is limited.
    pub fn getrlimit(resource: Resource) -> Rlimit {
        let most = (resource == Resource::Nofile).then_some(1024);
        Rlimit { current: most, maximum: most }
    }
}

pub mod rand {
    //! Numbers that follow from the schedule, not secret ones.

    pub use system_rustix::rand::GetRandomFlags;

    pub fn getrandom(bytes: &mut [u8], _: GetRandomFlags) -> system_rustix::io::Result<usize> {
        bytes.fill(0);
        Ok(bytes.len())
    }
}

pub mod time {
    //! Timers, and the clock of the world.

    use std::time::Duration;

    use system_rustix::io::Result;
    pub use system_rustix::time::{ClockId, Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec};

    use crate::fd::{AsFd, OwnedFd};
    use crate::object::{self, Object};
    use crate::world;

    pub fn timerfd_create(_: TimerfdClockId, _: TimerfdFlags) -> Result<OwnedFd> {
        world::point();
        Ok(object::open(Object::Timer { expiry: None, ready: false }))
    }

    pub fn timerfd_settime(timer: impl AsFd, _: TimerfdTimerFlags, new: &Itimerspec) -> Result<()> {
        world::point();
        let Timespec { tv_sec, tv_nsec } = new.it_value;
        let time = Duration::new(tv_sec as u64, tv_nsec as u32);
        object::set_timer(timer.as_fd(), (!time.is_zero()).then_some(time).filter(|time| *time < world::FOR_EVER));
        Ok(())
    }
}
