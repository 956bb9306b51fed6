//! The interface of a platform: what each of them supplies to the rest of the crate.
//!
//! | item | is |
//! |---|---|
//! | `Server` | the reading end: `create`, `inherit`, `name`, `read`, `next`, `try_next`, `info`, `statistics`, `read_timeout`, `set_read_timeout`, `inheritance`, `share`, `is_shared`, `locks_reads`, `abort_reads`, `close`; on Unix `tap`, `from_handles`, `descriptors`, `as_fd`; on Windows `as_handle` |
//! | `Client` | the writing end: `open`, `write`, `write_batch`, `write_in_place`, `wait_for_room`, `max_message_size`, `has_members`, `receivers`, `is_closed`, `open_owned`, `owner`, `write_batch_from`, `write_request`, `write_request_from`, `write_reply`, `wait_for_end`; on Unix `write_more`, `info` |
//! | `Progress` | the progress of a write to several members: `end`; on Unix public, with `has_begun` |
//! | `Appearing` | waiting until slots may have appeared: `watch`, `wait` |
//! | `Elsewhere` | on Windows: the writing end of a slot of another machine, with the methods of [`network::Writer`](crate::network) |
//! | `Next` | the next message of a slot, which stays there unless it is taken: `len`, `origin`, `envelope`, `copy_to`, `to_message`, `bytes`, `no_memory`, `take` |
//! | `list()`, `status()` | the living slots of this machine, and one of them |
//! | `peek()` | copies of the next messages of a slot, which stay there |
//! | `root()`, `slot_directories()` | on Unix: where they are |
//! | `own_objects()` | on Unix: a directory for what other libraries share between processes of this user |
//! | `secure_env()` | a variable of the environment, if that can be trusted; on Unix `has_raised_privileges()` says whether it can |
//! | `user()`, `random()` | the effective user id of this process, on Windows 0; numbers that cannot be guessed |
//! | `fork_generation()` | on Unix: a number that differs between this process and those that it was forked from |
//! | `appoint_node()` | on Unix: lets a user be the network node |
//! | `computer_name()` | the NetBIOS name of this machine |
//! | `win32_code()` | the Win32 code of a system error |
//!
//! Dropping closes; `close` also passes on everything that was accepted.

#[cfg(target_os = "linux")]
mod linux;
#[cfg(target_os = "linux")]
pub use linux::Progress;
#[cfg(target_os = "linux")]
pub(crate) use linux::{
    Appearing, Client, Next, Server, appoint_node, computer_name, fork_generation, has_raised_privileges, list,
    own_objects, peek, random, root, secure_env, slot_directories, status, user, win32_code,
};

#[cfg(windows)]
mod windows;
#[cfg(windows)]
pub(crate) use windows::{
    Appearing, Client, Elsewhere, Next, Progress, Server, computer_name, list, peek, random, secure_env, status, user,
    win32_code,
};

#[cfg(not(any(target_os = "linux", windows)))]
compile_error!("the mailslot crate supports Linux and Windows");
