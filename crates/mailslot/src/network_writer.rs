//! Writing what other machines have sent.

use crate::error::{Error, Result};
use crate::message::NetworkOrigin;
use crate::writer::{End, MailslotWriter};

/// Writing messages of other machines, for network nodes.
///
/// # Portability
///
/// Windows has no room for the origin, so readers there do not learn it, and accepts such messages in every slot that
/// this user may write to: there, a node's settings say which slots it writes to.
impl MailslotWriter {
    /// Writes one message that another machine has sent. For network nodes, but any program may call it:
    /// [`NetworkOrigin`](crate::NetworkOrigin) explains what that means. Never waits for the reader.
    ///
    /// The origin takes up to 532 bytes of the slot, so the largest possible message may be smaller by that.
    ///
    /// ```
    /// # use mailslot::{MailslotOptions, MailslotWriter, Network, NetworkOrigin, Origin};
    /// # let name = format!("doc-from-{}", std::process::id());
    /// let slot = MailslotOptions::new().network(Network::Allowed).create(&name)?;
    /// let origin = NetworkOrigin::new("SRV2");
    /// MailslotWriter::open(&name)?.write_from(&origin, b"door 2 opened")?;
    /// assert_eq!(slot.receive()?.origin, Origin::from(origin));
    /// # Ok::<(), mailslot::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`write`](MailslotWriter::write), and
    /// - [`Error::NotAllowed`] unless the slot was created with [`Network::Allowed`](crate::Network::Allowed)
    /// - [`Error::InvalidOption`] if a name in `origin` has more than 255 bytes
    pub fn write_from(&self, origin: &NetworkOrigin, message: &[u8]) -> Result<()> {
        self.write_batch_from(origin, &[message]).map(|_| ())
    }

    /// Writes several messages of one origin, one after the other, with no message of another same-user writer in
    /// between, and returns how many were written: fewer than given if one could not be.
    /// [`write_from`](MailslotWriter::write_from) has an example.
    ///
    /// # Errors
    ///
    /// Those of [`write_from`](MailslotWriter::write_from), if the first one could not be written.
    pub fn write_batch_from<M: AsRef<[u8]>>(&self, origin: &NetworkOrigin, messages: &[M]) -> Result<usize> {
        let written = match self.end() {
            End::Here(client) => client.write_batch_from(origin, messages)?,
            End::Elsewhere(_) => None,
        };
        written.ok_or_else(|| Error::NotAllowed(self.address().slot().clone()))
    }
}
