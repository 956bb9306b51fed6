//! Handles of a slot for other processes.

use core::fmt;
use core::str::FromStr;
use std::sync::Arc;

use crate::error::{Error, Result};
use crate::sys;

/// A handle of a slot in the forms that another process can take over: as text for a child that inherits it, and on
/// Unix as descriptors to send over a socket. [`Mailslot::share`](crate::Mailslot::share) makes it;
/// [`Mailslot::from_handles`](crate::Mailslot::from_handles) takes it over.
///
/// It keeps the slot alive, like any handle.
///
/// ```no_run
/// use mailslot::{Handles, Inheritance, Mailslot, MailslotOptions};
///
/// // The parent:
/// let slot = MailslotOptions::new().inheritance(Inheritance::Inherited).create("alerts")?;
/// let child = std::process::Command::new("reader").env("ALERTS", slot.share().to_string()).spawn();
///
/// // The child:
/// let handles: Handles = std::env::var("ALERTS").unwrap_or_default().parse()?;
/// let slot = Mailslot::from_handles(handles)?;
/// # Ok::<(), mailslot::Error>(())
/// ```
///
/// # Sources
///
/// Win32 *Handle Inheritance*, `DuplicateHandle`; unix(7), `SCM_RIGHTS`.
#[derive(Clone)]
pub struct Handles {
    pub(crate) server: Arc<sys::Server>,
}

impl Handles {
    /// The three descriptors, for `SCM_RIGHTS`. They belong to the slot, and programs that this process starts inherit
    /// them only if the slot was created with [`Inheritance::Inherited`](crate::Inheritance::Inherited). The program
    /// `examples/pass_over_socket.rs` passes them to another process.
    ///
    /// # Portability
    ///
    /// Unix only.
    #[cfg(unix)]
    pub fn as_fds(&self) -> [std::os::fd::BorrowedFd<'_>; 3] {
        self.server.descriptors()
    }
}

/// The text for a child process, as an argument or in its environment.
///
/// # Portability
///
/// On Linux it contains the numbers of the three descriptors, which stay open across `exec`; on Windows a handle and
/// the slot's name. The child must be started so that it inherits handles, as [`std::process::Command`] does.
impl fmt::Display for Handles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.server.inheritance())
    }
}

/// Takes over the handle that the parent process has described; the parent's handle stays open.
///
/// # Errors
///
/// - [`Error::InvalidInheritance`] if the text is not that of a handle, or if the handle is not open here
/// - [`Error::NotFound`] if the slot is gone
/// - [`Error::Io`] if the system refuses something else, such as one more descriptor
impl FromStr for Handles {
    type Err = Error;

    fn from_str(text: &str) -> Result<Handles> {
        Ok(Handles { server: Arc::new(sys::Server::inherit(text)?) })
    }
}

impl TryFrom<&str> for Handles {
    type Error = Error;

    fn try_from(text: &str) -> Result<Handles> {
        text.parse()
    }
}

/// Takes over the descriptors of [`as_fds`](Handles::as_fds), in the same order, received from another process.
///
/// # Errors
///
/// [`Error::InvalidInheritance`] if they are not those of a living slot of this user.
///
/// # Portability
///
/// Unix only.
#[cfg(unix)]
impl TryFrom<[std::os::fd::OwnedFd; 3]> for Handles {
    type Error = Error;

    fn try_from(fds: [std::os::fd::OwnedFd; 3]) -> Result<Handles> {
        Ok(Handles { server: Arc::new(sys::Server::from_handles(fds)?) })
    }
}

impl fmt::Debug for Handles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handles").field("slot", self.server.name()).finish_non_exhaustive()
    }
}
