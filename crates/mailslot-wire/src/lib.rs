#![forbid(unsafe_code)]
#![warn(missing_docs)]
mod bits;
pub mod datagram;
mod dns_name;
mod error;
pub mod name;
pub mod name_service;
mod node_type;
mod reader;
pub mod smb;
mod text;
pub use dns_name::DnsName;
pub use error::{Error, NameError, Result};
pub use name::Name;
pub use node_type::NodeType;
pub use text::{Text, WideText};
