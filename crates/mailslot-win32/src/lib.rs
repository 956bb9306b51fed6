//! The Win32 mailslot calls as a C library for Linux.
//!
//! Programs do not use this crate from Rust: they include `include/windows.h` and link `libmailslot_win32`, or include
//! `include/mailslot.h` for the same slots with names of their own. The README of the crate tells how, and what is
//! supported; the headers state each call's contract, above all what its pointers must point to.
//!
//! The library `mailslot` does the work. Here is what Win32 has around it: handles, last errors, overlapped reads,
//! waiting, security descriptors, and child processes that inherit handles.
//!
//! | module | is |
//! |---|---|
//! | `exports` | the exported functions, each one a few lines |
//! | `boundary`, `pointer`, `abi` | the three things that every export goes through: failures and panics, pointers, layouts |
//! | `handles` | handle values and what they stand for, found without a lock |
//! | `object` | what handles stand for: slots, their clients, events, processes and their lists, threads |
//! | `request`, `engine` | overlapped reads, and the one thread that waits for their messages |
//! | `threads` | starting threads, and what ends with each |
//! | `timer_queue` | timers that call a routine |
//! | `wait` | waiting for objects, completion routines |
//! | `sync_object`, `view` | mutexes, semaphores, timers, shared events and memory, and their names; where that memory is |
//! | `srw_lock`, `futex` | locks in the program's own memory |
//! | `security` | descriptors, and what they mean for a slot |
//! | `inheritance`, `command_line`, `program` | child processes |
//! | `console` | the terminal: keys, modes, colours, Ctrl-C |
//! | `system`, `calendar` | names and places, times |
//! | `sync` | the atomics of `handles`, which its models replace |
//! | `clock` | the clocks of the system |
//! | `code_page` | text in other code pages than UTF-8 |
//! | `sentences`, `template` | the texts of error codes, and what `FormatMessage` makes of text |
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
