//! Names of mailslots, computers and domains: which texts are names, which names are equal, and what is wrong with
//! other texts.
//!
//! The crate `mailslot` has the slots themselves and re-exports these types. They are a crate for code that uses names
//! but no local slots, on any system: protocols and their peers.
//!
//! ```
//! use mailslot_names::{NetbiosName, SlotName};
//!
//! let slot: SlotName = r"Plant\Line 1".parse()?;
//! assert_eq!(slot, r"PLANT\LINE 1".parse()?);
//! let computer: NetbiosName = "srv1".parse()?;
//! assert_eq!(computer.as_str(), "SRV1");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Features
//!
//! | feature | adds |
//! |---|---|
//! | `serde` | `Serialize` and `Deserialize` for both names, as text |

#![forbid(unsafe_code)]
#![warn(missing_docs)]

mod error;
mod name;
mod quoted;
#[cfg(feature = "serde")]
mod serialization;

pub use error::{InvalidName, NameError};
pub use name::{NetbiosName, SlotName};
pub use quoted::Quoted;
