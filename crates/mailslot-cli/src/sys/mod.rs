//! Everything that depends on the operating system. All choices by system are made here.
//!
//! | item | is |
//! |---|---|
//! | `accounts` | names and numbers of users and groups: `user`, `group`, `user_id`, `group_id` |
//! | `signals::Signals` | signals that end the command: `catch`, `check` |
//! | `Slots` | the slots of this process, waited for together |
//! | `done()` | two ends: one waits until the other notifies it or is dropped, or a signal comes |
//! | `Stdout` | standard output, for messages |
//! | `shell()`, `describe()` | a command of the user's shell, and how it ended |
//! | `line()` | a line of input without the remains of its end |
//! | `Datagram`, `datagram_pair()`, `inherited_datagram()` | the Unix datagram sockets that `bench` compares with |
//! | `KILL` | the call that kills a process |
//! | `DEATH_ENDS_SLOTS` | whether writers are sure to notice that an owner has died |

#[cfg(unix)]
mod unix;
#[cfg(unix)]
pub use unix::*;

#[cfg(windows)]
mod windows;
#[cfg(windows)]
pub use windows::*;
