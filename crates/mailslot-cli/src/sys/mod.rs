//! What depends on the operating system. This is the only place of the command that chooses by it.
//!
//! | item | is |
//! |---|---|
//! | `accounts` | names and numbers of users and groups: `user`, `group`, `user_id`, `group_id` |
//! | `signals::Signals` | what asks the command to end: `catch`, `check` |
//! | `Slots` | the slots of this process, waited for together |
//! | `done()` | two ends: one that waits until the other tells, or has gone, or a signal comes |
//! | `Stdout` | standard output, for messages |
//! | `shell()`, `describe()` | a command of the user's shell, and how it ended |
//! | `line()` | a line of input without what its end leaves |
//! | `Datagram`, `datagram_pair()`, `inherited_datagram()` | the Unix datagram sockets that `bench` compares with |
//! | `KILL` | what kills a process |
//! | `DEATH_ENDS_SLOTS` | whether writers surely learn that an owner has died |

#[cfg(unix)]
mod unix;
#[cfg(unix)]
pub use unix::*;

#[cfg(windows)]
mod windows;
#[cfg(windows)]
pub use windows::*;
