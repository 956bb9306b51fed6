//! Starts unchanged 64-bit Windows programs so that what they write to mailslots of other machines goes to the node of
//! this machine, and through it to modern domains. Empty on other systems.
//!
//! ```text
//! run                       starts the program suspended, has it load mailslot_redirect.dll, and lets it run
//!
//! NtCreateFile              of a mailslot elsewhere: asks the node; if it knows the name, opens a slot of the library
//! NtWriteFile               to a handle from there: hands the message to the node
//! NtDuplicateObject         of such a handle: so is the duplicate
//! CreateProcessInternalW    does for child processes what `run` did
//! ```
//!
//! These four are all the functions that the library replaces in the program. The first two are where every way to open
//! and write a file ends: `CreateFileA`, `CreateFileW`, `CopyFile`, the C library. All other calls are the system's,
//! and so are the handles: each is one of a mailslot that the library itself owns. What reaches that slot from another
//! process without the library, through a handle that it has inherited, a thread reads and sends to the node as well.
//!
//! The program sees the rules of the legacy network: a message of up to 424 bytes, and error 53 for a larger one or if
//! the node is gone. A name that the node does not know goes to the system, as does every name if there is no node; but
//! the name of a domain whose file the program can see never does, because its messages would not be sealed.

#[cfg(windows)]
mod windows;

#[cfg(windows)]
pub use windows::{Error, Options, run};
