//! The common parts of `mailslot-c` and `mailslot-win32`: pointers from C programs, and receipts.
//!
//! Programs link those two libraries, never this one. It exports no function to C, so each of the two exports only its
//! own.

#![warn(missing_docs)]

mod pointer;
mod receipt;

pub use pointer::{Array, BadPointer, Buffer, In, InOut, Narrow, Out, Owned, Wide};
pub use receipt::Receipt;
