//! The Win32 mailslot calls as a C library for Linux.
//!
//! Programs do not use this crate from Rust: they include `include/windows.h` and link `libmailslot_win32`, or include
//! `mailslot.h` of `mailslot-c` for the same slots without Win32 names. The README of the crate says how, and what is
//! supported; the headers state each call's contract, above all that of its pointers.
//!
//! The library `mailslot` does the work. This crate adds the rest of Win32: handles, last errors, overlapped reads,
//! waiting, security descriptors, and child processes that inherit handles.
//!
//! | module | is |
//! |---|---|
//! | `exports` | the exported functions, each one a few lines |
//! | `boundary`, `pointer`, `abi` | the layers of every export: failures and panics, pointers, layouts |
//! | `handles` | handle values and their objects, found without a lock |
//! | `object` | the objects of handles: slots, their clients, events, processes and their lists, threads |
//! | `request`, `engine` | overlapped reads, and the one thread that waits for their messages |
//! | `threads` | starting threads, and cleaning up at their end |
//! | `timer_queue` | timers that call a routine |
//! | `wait` | waiting for objects, completion routines |
//! | `sync_object`, `view` | mutexes, semaphores, timers, shared events and memory, and their names; views of memory |
//! | `srw_lock`, `futex` | locks in the program's own memory |
//! | `security` | security descriptors, and their meaning for a slot |
//! | `inheritance`, `command_line`, `program` | child processes |
//! | `console` | the terminal: keys, modes, colours, Ctrl-C |
//! | `system`, `calendar` | names and places, times |
//! | `sync` | the atomics of `handles`, which its models replace |
//! | `clock` | the clocks of the system |
//! | `code_page` | text in other code pages than UTF-8 |
//! | `sentences`, `template` | the texts of error codes, and the templates of `FormatMessage` |
//! | `per_process` | state that a forked child must not share with its parent |

mod abi;
mod boundary;
mod calendar;
mod clock;
mod code;
mod code_page;
mod command_line;
mod console;
mod engine;
mod exports;
mod futex;
mod handles;
mod inheritance;
mod object;
mod per_process;
mod pointer;
mod program;
mod request;
mod security;
mod sentences;
mod srw_lock;
mod sync;
mod sync_object;
mod system;
mod template;
mod text;
mod threads;
mod timer_queue;
mod view;
mod wait;
