//! The addresses of the system's interfaces, which a node without a legacy network does not need.

use crate::error::{Error, Result};
use crate::io::interfaces::Address;

/// # Errors
///
/// [`Error::Io`] always.
pub(crate) fn list() -> Result<Vec<Address>> {
    Err(Error::io("list the network interfaces", std::io::ErrorKind::Unsupported))
}
