//! Mailslots as a C library.
//!
//! Programs do not use this crate from Rust: they include `include/mailslot.h`, which states each call's contract, and
//! link `libmailslot`. Everything behind it is the library `mailslot`; a slot of C is one of its values in a box, so there
//! is no table of handles, and nothing of Win32 but the numbers of errors.
//!
//! | module | is |
//! |---|---|
//! | `exports` | the exported functions, each one a few lines |
//! | `failure` | failures, and the thread's sentence about its last one |
//! | `growing` | structs that later versions may make longer |
//! | `options`, `info`, `origin`, `status` | those structs |
//! | `time` | times as numbers |
//!
//! Before 0.2 these functions were a part of `libmailslot_win32`. Since then `mailslot_options` and `mailslot_info` begin
//! with their size, and the two reads have a parameter for the message's origin.

mod exports;
mod failure;
mod growing;
mod info;
mod options;
mod origin;
mod status;
mod time;
