//! The parts of writers that exist on Unix only.

use crate::address::Address;
use crate::error::{Error, Result};
use crate::message::Info;
use crate::options::Timeout;
use crate::sys;
use crate::writer::{End, MailslotWriter};
use mailslot_names::SlotName;

/// Writing with the caller's own waits.
///
/// # Portability
///
/// Unix only.
impl MailslotWriter {
    /// Writes one message in as many tries as necessary. For event loops, and for languages whose waits end at a
    /// signal. After [`Error::Full`] or [`Error::TimedOut`], call it again with the same message and the same
    /// `progress`; those of the slot's [members](crate::Sharing::Each) that have the message do not get it twice. After
    /// any other result the write is over.
    ///
    /// ```
    /// # use mailslot::{Error, MailslotOptions, MailslotWriter, Progress, Sharing, Timeout};
    /// # let name = format!("doc-write-more-{}", std::process::id());
    /// let join = |capacity| MailslotOptions::new().sharing(Sharing::Each).capacity(capacity).create(&name);
    /// let (roomy, tight) = (join(65_536)?, join(4096)?);
    /// let writer = MailslotWriter::open(&name)?;
    /// let mut progress = Progress::default();
    /// writer.write(&[0; 4060])?;
    /// while let Err(error) = writer.write_more(b"more", &mut progress, Timeout::Zero) {
    ///     assert!(matches!(error, Error::Full { .. }) && progress.has_begun());
    ///     tight.receive()?;
    /// }
    /// assert_eq!((roomy.info()?.count, tight.receive()?.data), (2, b"more".to_vec()));
    /// # Ok::<(), mailslot::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`write_within`](MailslotWriter::write_within), never inside an [`Error::Partial`]:
    /// [`Progress::end`](crate::Progress::end) makes one.
    pub fn write_more(&self, message: &[u8], progress: &mut sys::Progress, timeout: impl Into<Timeout>) -> Result<()> {
        match self.end() {
            End::Here(client) => client.write_more(message, progress, timeout.into()),
            End::Elsewhere(writer) => writer.write(message, timeout.into()),
        }
    }
}

/// The owner of a slot.
///
/// # Portability
///
/// Unix only.
impl MailslotWriter {
    /// Opens the slot `name` of this machine only if the user `uid` owns it. For programs that answer the users who ask
    /// them, and must not write to slots of others.
    ///
    /// ```
    /// # use mailslot::{Mailslot, MailslotWriter};
    /// let slot = Mailslot::create(format!("doc-owned-{}", std::process::id()))?;
    /// let owner = MailslotWriter::open(slot.name())?.owner().expect("it is here");
    /// MailslotWriter::open_owned(slot.name(), owner)?.write(b"an answer")?;
    /// # Ok::<(), mailslot::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// - [`Error::NotFound`] if this user has no such slot
    /// - those of [`open`](MailslotWriter::open) for a slot of this machine
    pub fn open_owned(name: &SlotName, uid: u32) -> Result<MailslotWriter> {
        let end = End::Here(sys::Client::open_owned(name, uid)?);
        Ok(MailslotWriter::new(Address::Local(name.clone()), end))
    }
}

/// The slot's contents, for same-user writers.
///
/// # Portability
///
/// Unix only.
impl MailslotWriter {
    /// The slot's contents and options, as returned by [`Mailslot::info`](crate::Mailslot::info), which has an example.
    /// Available only to same-user writers.
    ///
    /// # Errors
    ///
    /// - [`Error::NotAllowed`] for a writer of another user
    /// - [`Error::Closed`] if the slot is gone
    /// - [`Error::Damaged`] if another process of this user has written into the slot's memory
    ///
    /// # Sources
    ///
    /// Win32 `GetMailslotInfo` on a client handle.
    pub fn info(&self) -> Result<Info> {
        let info = match self.end() {
            End::Here(client) => client.info()?,
            End::Elsewhere(_) => None,
        };
        info.ok_or_else(|| Error::NotAllowed(self.address().slot().clone()))
    }
}
