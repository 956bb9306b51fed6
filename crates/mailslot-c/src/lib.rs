//! Mailslots as a C library.
//!
//! Programs do not use this crate from Rust: they include `include/mailslot.h`, which states each call's contract, and
//! link `libmailslot`. All work is done by the library `mailslot`. A slot in C is a boxed value of that library, so
//! there is no table of handles; only the error numbers are those of Win32.
//!
//! | module | is |
//! |---|---|
//! | `exports` | the exported functions, each one a few lines |
//! | `failure` | failures, and the thread's sentence about its last one |
//! | `growing` | structs that later versions may make longer |
//! | `options`, `info`, `origin`, `status` | those structs |
//! | `time` | times as numbers |
//!
//! Before 0.2 these functions were part of `libmailslot_win32`. Since then, `mailslot_options` and `mailslot_info`
//! begin with their size, and the two reads have a parameter for the message's origin.

mod exports;
mod failure;
mod growing;
mod info;
mod options;
mod origin;
mod status;
mod time;
