//! What `mailslot-c` and `mailslot-win32` have in common: the pointers that C programs give them, and receipts.
//!
//! Programs use neither; the two libraries are what they link. No function is exported here, so each library exports
//! its own alone.

#![warn(missing_docs)]

mod pointer;
mod receipt;

pub use pointer::{Array, BadPointer, Buffer, In, InOut, Narrow, Out, Owned, Wide};
pub use receipt::Receipt;
