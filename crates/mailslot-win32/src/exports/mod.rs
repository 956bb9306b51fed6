//! The exported functions. Each states its Win32 contract in the headers; here is only how it reaches the rest.
//!
//! The names are those of C, and so is the case.
#![allow(non_snake_case)]

mod confirmed;
mod console;
mod critical_section;
mod crt_thread;
mod event;
mod file;
mod handle;
mod init_once;
mod last_error;
mod mailslot;
mod memory;
mod message;
mod mutex;
mod native;
mod overlapped;
mod process;
mod security;
mod semaphore;
mod srw_lock;
mod string;
mod sync_object;
mod thread;
mod time;
mod timer;
mod tls;
mod wait;
