//! The writing end.

use std::time::Duration;

use crate::error::{Error, Result};
use crate::name::Address;
use crate::network;
use crate::options::Timeout;
use crate::receipt::{Outcome, Receipt};
use crate::sys;

/// The writing end of a slot.
///
/// Writers belong to the slot they were opened for: when it closes, every write fails with [`Error::Closed`], even if a
/// slot of the same name is created again. A writer may be used from several threads. It keeps no slot alive.
///
/// ```no_run
/// use mailslot::MailslotWriter;
///
/// let writer = MailslotWriter::open(r"\\.\mailslot\alerts")?;
/// writer.write(b"boiler 3: over pressure")?;
/// # Ok::<(), mailslot::Error>(())
/// ```
///
/// # Sources
///
/// Win32 `CreateFile`, `WriteFile`.
pub struct MailslotWriter {
    address: Address,
    end: End,
}

/// Where the slot is.
enum End {
    Here(sys::Client),
    Elsewhere(network::Writer),
}

impl MailslotWriter {
    /// Opens the slot at `address` for writing.
    ///
    /// # Errors
    ///
    /// - [`Error::InvalidName`] if `address` is not a mailslot's name
    /// - [`Error::NotFound`] if no such slot lives on this machine
    /// - [`Error::NotAllowed`] if its owner does not let this user write
    /// - [`Error::NoNetworkNode`] if the address is on the network, and no network node runs on this machine
    /// - [`Error::NotOnNetwork`] if one runs that is in modern domains only, and knows no such computer or domain
    /// - [`Error::DomainNotOpen`] if the address is that of a modern domain which has a file on this machine, and no node takes
    ///   part in it: what is meant for a domain is sent to no other network
    /// - [`Error::NodeSilent`] if it does not answer
    /// - [`Error::NodeRefused`] if it does not let messages to the address go anywhere
    /// - [`Error::RemoteMailslotsOff`] if it is, on a Windows that has them switched off
    /// - [`Error::Full`] if so many other writers wait to be let in that the system takes no more
    /// - [`Error::Io`] if the system refuses something else, such as one more descriptor
    ///
    /// # Portability
    ///
    /// On Linux, a writer to the network belongs to the network node of this machine: whether computer and slot exist does
    /// not show, and its errors are those of the node's slot. In the legacy network nothing tells whether a message arrived;
    /// in modern domains [`wait_for_receivers`](MailslotWriter::wait_for_receivers) and
    /// [`write_confirmed`](MailslotWriter::write_confirmed) do.
    ///
    /// A writer of the slot's own user may need the slot's directory once more, when it first has to wake a reader: a process
    /// that gives up its user or its access to files does so before it opens writers.
    ///
    /// Where Windows has remote mailslots switched on, it sends by itself and checks nothing here: whether the computer
    /// exists shows when writing, and whether the slot exists does not show at all.
    pub fn open<A>(address: A) -> Result<MailslotWriter>
    where
        A: TryInto<Address>,
        A::Error: Into<Error>,
    {
        let address = address.try_into().map_err(Into::into)?;
        match address.resolved_at(sys::computer_name) {
            Address::Local(slot) => {
                let end = End::Here(sys::Client::open(&slot)?);
                Ok(MailslotWriter { address: Address::Local(slot), end })
            }
            remote => {
                let end = End::Elsewhere(network::Writer::open(remote.clone())?);
                Ok(MailslotWriter { address: remote, end })
            }
        }
    }

    /// Opens the slot at `address` for writing, and waits until there is one as long as `timeout` says. A slot elsewhere is not
    /// waited for: nothing tells whether it is there, but for [`wait_for_receivers`](MailslotWriter::wait_for_receivers).
    ///
    /// ```
    /// use std::time::Duration;
    /// use mailslot::{Error, MailslotWriter, Timeout};
    ///
    /// let opened = MailslotWriter::wait_open("nobody-makes-this", Timeout::After(Duration::from_millis(10)));
    /// assert!(matches!(opened, Err(Error::TimedOut)));
    /// # Ok::<(), mailslot::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`open`](MailslotWriter::open), with [`Error::TimedOut`] instead of `NotFound`. `Timeout::Zero` is the same as
    /// `open`.
    ///
    /// # Portability
    ///
    /// Windows does not tell that a slot appears: it is looked for every 50 milliseconds there.
    pub fn wait_open<A>(address: A, timeout: Timeout) -> Result<MailslotWriter>
    where
        A: TryInto<Address>,
        A::Error: Into<Error>,
    {
        let address = address.try_into().map_err(Into::into)?;
        let deadline = timeout.deadline();
        match MailslotWriter::open(address.clone()) {
            Err(Error::NotFound(_)) if timeout != Timeout::Zero => {}
            opened => return opened,
        }
        let appearing = sys::Appearing::watch()?;
        loop {
            match MailslotWriter::open(address.clone()) {
                Err(Error::NotFound(_)) => {}
                opened => return opened,
            }
            if !appearing.wait(deadline)? {
                return Err(Error::TimedOut);
            }
        }
    }

    /// The address of the slot.
    pub fn address(&self) -> &Address {
        &self.address
    }

    /// Bytes of the largest message that the slot takes.
    ///
    /// # Portability
    ///
    /// Windows before 8, and Wine, tell only the slot's owner; the largest possible size then stands for the unknown one,
    /// and the system decides when writing.
    pub fn max_message_size(&self) -> usize {
        match &self.end {
            End::Here(client) => client.max_message_size(),
            End::Elsewhere(writer) => writer.max_message_size(),
        }
    }

    /// Writes one message. It is in the slot when this returns, or was not written at all. Never waits for the reader.
    ///
    /// # Errors
    ///
    /// - [`Error::TooLarge`] if the message is larger than the slot takes
    /// - [`Error::TooLargeForNetwork`] if the slot is elsewhere, and the message larger than what can be sent
    /// - [`Error::Full`] if the slot has no room now
    /// - [`Error::Closed`] if the slot is gone
    /// - [`Error::OutOfMemory`] if the system has no memory for it
    /// - [`Error::Nested`] inside [`write_in_place`](MailslotWriter::write_in_place)
    /// - [`Error::Stalled`] if another process of this user was stopped in the middle of a write
    /// - [`Error::Damaged`] if another process of this user has written into the slot's memory
    #[inline]
    pub fn write(&self, message: &[u8]) -> Result<()> {
        self.write_within(message, Timeout::Zero)
    }

    /// Writes one message, waiting for room as long as `timeout` says.
    ///
    /// # Errors
    ///
    /// Those of [`write`](MailslotWriter::write), with [`Error::TimedOut`] instead of `Full`. `Timeout::Zero` is the
    /// same as `write`.
    ///
    /// # Portability
    ///
    /// On Windows a slot is never full, so this never waits.
    #[inline]
    pub fn write_within(&self, message: &[u8], timeout: Timeout) -> Result<()> {
        match &self.end {
            End::Here(client) => client.write(message, timeout),
            End::Elsewhere(writer) => writer.write(message, timeout),
        }
    }

    /// Writes several messages, one after the other with none of another writer of this user in between, and returns how
    /// many were written: fewer than given if one could not be.
    ///
    /// # Errors
    ///
    /// Those of [`write`](MailslotWriter::write), if the first one could not be written.
    ///
    /// # Portability
    ///
    /// On Windows, messages of other writers may come in between.
    pub fn write_batch<M: AsRef<[u8]>>(&self, messages: &[M]) -> Result<usize> {
        let writer = match &self.end {
            End::Here(client) => return client.write_batch(messages),
            End::Elsewhere(writer) => writer,
        };
        for (written, message) in messages.iter().enumerate() {
            match writer.write(message.as_ref(), Timeout::Zero) {
                Ok(()) => {}
                Err(error) if written == 0 => return Err(error),
                Err(_) => return Ok(written),
            }
        }
        Ok(messages.len())
    }

    /// Writes one message of `size` bytes that `fill` puts where the reader will find it. `fill` gets bytes of unknown
    /// content. If it panics, nothing is written.
    ///
    /// All other writers of the slot wait until `fill` returns; it must not write to a mailslot itself.
    ///
    /// # Errors
    ///
    /// Those of [`write`](MailslotWriter::write).
    ///
    /// # Portability
    ///
    /// On Windows the message is copied, and nobody waits.
    pub fn write_in_place(&self, size: usize, fill: impl FnOnce(&mut [u8])) -> Result<()> {
        match &self.end {
            End::Here(client) => client.write_in_place(size, fill),
            End::Elsewhere(writer) => writer.write_in_place(size, fill),
        }
    }

    /// Waits until at least `at_least` slots receive what is written here, and returns how many do then, or when the time
    /// is over: perhaps fewer. A slot of this machine is one receiver.
    ///
    /// The first message of a program then reaches them, which else could be sent before anybody is found.
    ///
    /// # Errors
    ///
    /// - [`Error::NetworkDoesNotTell`] if the slot is elsewhere, and not in a modern domain
    /// - [`Error::Closed`] if the slot, or the node of the domain, is gone
    /// - [`Error::NodeSilent`], [`Error::NodeRefused`] if the node does not tell
    ///
    /// # Portability
    ///
    /// On Windows only slots of this machine are known.
    pub fn wait_for_receivers(&self, at_least: usize, timeout: Timeout) -> Result<usize> {
        match &self.end {
            End::Here(client) if client.is_closed() => Err(Error::Closed),
            End::Here(_) => Ok(1),
            End::Elsewhere(writer) => writer.wait_for_receivers(at_least, timeout),
        }
    }

    /// Writes one message and returns what became of it at each computer that receives at the address, waiting at most
    /// `within` for them, and a minute; those who have not answered by then are [`Outcome::Silent`](crate::Outcome::Silent). A slot of
    /// this machine answers at once, or with one of the errors below.
    ///
    /// Empty if nobody receives there. A message to one computer that has no such slot is
    /// [`Outcome::NoSlot`](crate::Outcome::NoSlot); of a domain only those that have it are told of.
    ///
    /// # Errors
    ///
    /// Those of [`write`](MailslotWriter::write) and of [`wait_for_receivers`](MailslotWriter::wait_for_receivers).
    ///
    /// # Portability
    ///
    /// On Windows only writes to slots of this machine can be confirmed.
    pub fn write_confirmed(&self, message: &[u8], within: Duration) -> Result<Vec<Receipt>> {
        match &self.end {
            End::Here(client) => {
                client.write(message, Timeout::Zero)?;
                let computer = sys::computer_name().map(|name| name.to_string()).unwrap_or_default();
                Ok(vec![Receipt { computer, outcome: Outcome::Delivered }])
            }
            End::Elsewhere(writer) => writer.write_confirmed(message, within),
        }
    }

    /// Whether the slot is gone.
    ///
    /// # Portability
    ///
    /// Windows does not tell: there this is whether no slot of the name lives, and false for a slot elsewhere.
    pub fn is_closed(&self) -> bool {
        match &self.end {
            End::Here(client) => client.is_closed(),
            End::Elsewhere(writer) => writer.is_closed(),
        }
    }
}

/// What a network node does with messages of other machines.
///
/// # Portability
///
/// Unix only.
#[cfg(unix)]
impl MailslotWriter {
    /// Writes one message that another machine has sent. For network nodes, but open to all: see
    /// [`NetworkOrigin`](crate::NetworkOrigin) for what that means. Never waits for the reader.
    ///
    /// The origin takes room in the slot, up to 532 bytes, so that the largest message may be smaller by that.
    ///
    /// # Errors
    ///
    /// Those of [`write`](MailslotWriter::write), and
    /// - [`Error::NotAllowed`] unless the slot was created with [`Network::Allowed`](crate::Network::Allowed)
    /// - [`Error::InvalidOption`] if a name in `origin` has more than 255 bytes
    pub fn write_from(&self, origin: &crate::NetworkOrigin, message: &[u8]) -> Result<()> {
        self.write_batch_from(origin, &[message]).map(|_| ())
    }

    /// Writes several messages of one origin, one after the other with none of another writer of this user in between, and
    /// returns how many were written: fewer than given if one could not be.
    ///
    /// # Errors
    ///
    /// Those of [`write_from`](MailslotWriter::write_from), if the first one could not be written.
    pub fn write_batch_from<M: AsRef<[u8]>>(&self, origin: &crate::NetworkOrigin, messages: &[M]) -> Result<usize> {
        let written = match &self.end {
            End::Here(client) => client.write_batch_from(origin, messages)?,
            End::Elsewhere(_) => None,
        };
        written.ok_or_else(|| Error::NotAllowed(self.address.slot().clone()))
    }
}

/// Whose slot it is.
///
/// # Portability
///
/// Unix only.
#[cfg(unix)]
impl MailslotWriter {
    /// Opens the slot `name` of this machine that the user `uid` owns, or none: for programs that answer whoever has asked them,
    /// and write to nobody else's slot.
    ///
    /// # Errors
    ///
    /// - [`Error::NotFound`] if this user has no such slot
    /// - those of [`open`](MailslotWriter::open) for a slot of this machine
    pub fn open_owned(name: &crate::SlotName, uid: u32) -> Result<MailslotWriter> {
        let end = End::Here(sys::Client::open_owned(name, uid)?);
        Ok(MailslotWriter { address: Address::Local(name.clone()), end })
    }

    /// The user who owns the slot, as the kernel tells it; `None` if the slot is elsewhere.
    pub fn owner(&self) -> Option<u32> {
        match &self.end {
            End::Here(client) => client.owner(),
            End::Elsewhere(_) => None,
        }
    }
}

/// What the slot holds, as its writers see it.
///
/// # Portability
///
/// Unix only.
#[cfg(unix)]
impl MailslotWriter {
    /// What the slot holds and how it was created. Only writers of the owner's own user may know.
    ///
    /// # Errors
    ///
    /// - [`Error::NotAllowed`] to a writer of another user
    /// - [`Error::Closed`] if the slot is gone
    /// - [`Error::Damaged`] if another process of this user has written into the slot's memory
    ///
    /// # Sources
    ///
    /// Win32 `GetMailslotInfo` on a client handle.
    pub fn info(&self) -> Result<crate::message::Info> {
        let info = match &self.end {
            End::Here(client) => client.info()?,
            End::Elsewhere(_) => None,
        };
        info.ok_or_else(|| Error::NotAllowed(self.address.slot().clone()))
    }
}

impl core::fmt::Debug for MailslotWriter {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("MailslotWriter").field("address", &self.address).finish_non_exhaustive()
    }
}
