//! The exported functions. The headers state their Win32 contracts; the code here only connects them to the rest.
//!
//! Names and their case are those of C.
#![allow(non_snake_case)]

mod acl;
mod calendar;
mod code_page;
mod confirmed;
mod console;
mod console_input;
mod control;
mod critical_section;
mod crt_thread;
mod environment;
mod event;
mod file;
mod file_mapping;
mod handle;
mod init_once;
mod last_error;
mod mailslot;
mod memory;
mod message;
mod message_box;
mod mutex;
mod overlapped;
mod process;
mod screen;
mod security;
mod semaphore;
mod sid;
mod srw_lock;
mod stream;
mod string;
mod sync_object;
mod system;
mod thread;
mod time;
mod timer;
mod timer_queue;
mod tls;
mod toolhelp;
mod wait;
