//! The writing end.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::address::Address;
use crate::error::{Error, Result};
use crate::memory;
use crate::network;
use crate::options::Timeout;
use crate::receipt::{Outcome, Receipt};
use crate::sys;

/// The writing end of a slot.
///
/// Writers belong to the slot they were opened for: when it closes, every write fails with [`Error::Closed`], even if a
/// slot of the same name is created again. It keeps no slot alive.
///
/// A writer may be used from several threads. A clone is the same writer once more, without another descriptor or mapping: messages
/// of all of them come in the order in which they are written, as those of one do.
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
#[derive(Clone)]
pub struct MailslotWriter {
    opened: Arc<Opened>,
}

struct Opened {
    address: Address,
    end: End,
}

/// The longest wait for room before the owner is looked for again.
const TURN: Duration = Duration::from_millis(100);

/// The longest wait for members before there is a look for whether the slot still lives.
const LOOK_FOR_END: Duration = Duration::from_secs(1);

/// Where the slot is.
pub(crate) enum End {
    Here(sys::Client),
    Elsewhere(network::Writer),
}

impl MailslotWriter {
    /// Opens the slot at `address` for writing. [`MailslotWriter`] itself has an example.
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
        match address.try_into().map_err(Into::into)?.into_slot() {
            Ok(slot) => {
                let end = End::Here(sys::Client::open(&slot)?);
                Ok(MailslotWriter::new(Address::Local(slot), end))
            }
            Err(elsewhere) => {
                let end = End::Elsewhere(network::Writer::open(elsewhere.clone())?);
                Ok(MailslotWriter::new(elsewhere, end))
            }
        }
    }

    /// Opens the slot at `address` for writing, and waits until there is one as long as `timeout` says. A slot elsewhere is not
    /// waited for: nothing tells whether it is there, but for [`wait_for_receivers`](MailslotWriter::wait_for_receivers).
    ///
    /// ```
    /// use std::time::Duration;
    /// use mailslot::{Error, MailslotWriter};
    ///
    /// let opened = MailslotWriter::wait_open("nobody-makes-this", Duration::from_millis(10));
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
    pub fn wait_open<A>(address: A, timeout: impl Into<Timeout>) -> Result<MailslotWriter>
    where
        A: TryInto<Address>,
        A::Error: Into<Error>,
    {
        let (address, timeout) = (address.try_into().map_err(Into::into)?, timeout.into());
        let deadline = timeout.deadline();
        match MailslotWriter::open(&address) {
            Err(Error::NotFound(_)) if timeout != Timeout::Zero => {}
            opened => return opened,
        }
        let appearing = sys::Appearing::watch()?;
        loop {
            match MailslotWriter::open(&address) {
                Err(Error::NotFound(_)) => {}
                opened => return opened,
            }
            if !appearing.wait(deadline)? {
                return Err(Error::TimedOut);
            }
        }
    }

    pub(crate) fn new(address: Address, end: End) -> MailslotWriter {
        MailslotWriter { opened: Arc::new(Opened { address, end }) }
    }

    /// The address of the slot, that of this machine for each of its names.
    ///
    /// ```
    /// # use mailslot::{Address, Mailslot, MailslotWriter};
    /// # let name = format!("doc-address-{}", std::process::id());
    /// # let _slot = Mailslot::create(&name)?;
    /// let writer = MailslotWriter::open(format!(r"\\localhost\mailslot\{name}"))?;
    /// assert!(matches!(writer.address(), Address::Local(slot) if slot.as_str() == name));
    /// # Ok::<(), mailslot::Error>(())
    /// ```
    pub fn address(&self) -> &Address {
        &self.opened.address
    }

    /// Bytes of the largest message that the slot takes.
    ///
    /// ```
    /// # use mailslot::{MailslotOptions, MailslotWriter};
    /// # let name = format!("doc-max-{}", std::process::id());
    /// let _slot = MailslotOptions::new().max_message_size(424).create(&name)?;
    /// assert_eq!(MailslotWriter::open(&name)?.max_message_size(), 424);
    /// # Ok::<(), mailslot::Error>(())
    /// ```
    ///
    /// # Portability
    ///
    /// Windows before 8, and Wine, tell only the slot's owner; the largest possible size then stands for the unknown one,
    /// and the system decides when writing.
    pub fn max_message_size(&self) -> usize {
        match self.end() {
            End::Here(client) => client.max_message_size(),
            End::Elsewhere(writer) => writer.max_message_size(),
        }
    }

    /// Writes one message. It is in the slot when this returns, or was not written at all. Never waits for the reader.
    /// [`MailslotWriter`] itself has an example.
    ///
    /// # Errors
    ///
    /// - [`Error::TooLarge`] if the message is larger than the slot takes
    /// - [`Error::TooLargeForNetwork`] if the slot is elsewhere, and the message larger than what can be sent
    /// - [`Error::Full`] if the slot has no room now
    /// - [`Error::Partial`] if it has [members](crate::Sharing::Each), and not all could have the message, as they have no room or for
    ///   another of these reasons
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
    /// ```
    /// # use mailslot::{Error, MailslotOptions, MailslotWriter};
    /// # use std::time::Duration;
    /// # let name = format!("doc-write-within-{}", std::process::id());
    /// let slot = MailslotOptions::new().capacity(4096).create(&name)?;
    /// let writer = MailslotWriter::open(&name)?;
    /// writer.write(&[0; 4040])?;
    /// assert!(matches!(writer.write(b"more"), Err(Error::Full { .. })));
    /// assert!(matches!(writer.write_within(b"more", Duration::from_millis(5)), Err(Error::TimedOut)));
    /// slot.receive()?;
    /// writer.write_within(b"more", Duration::from_millis(5))?;
    /// # Ok::<(), mailslot::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`write`](MailslotWriter::write), with [`Error::TimedOut`] instead of `Full` and `Stalled`, also as the source of `Partial`.
    /// `Timeout::Zero` is the same as `write`.
    ///
    /// # Portability
    ///
    /// On Windows a slot is never full, so this never waits.
    #[inline]
    pub fn write_within(&self, message: &[u8], timeout: impl Into<Timeout>) -> Result<()> {
        let timeout = timeout.into();
        match self.end() {
            End::Here(client) => client.write(message, timeout),
            End::Elsewhere(writer) => writer.write(message, timeout),
        }
    }

    /// Writes several messages, one after the other with none of another writer of this user in between, and returns how
    /// many were written: fewer than given if one could not be. In a slot that has [members](crate::Sharing::Each) they are those that
    /// all members have. Where several writers are faster than a member reads, some members may have more than are told.
    ///
    /// ```
    /// # use mailslot::{Mailslot, MailslotWriter};
    /// # let name = format!("doc-write-batch-{}", std::process::id());
    /// let slot = Mailslot::create(&name)?;
    /// assert_eq!(MailslotWriter::open(&name)?.write_batch(&["one", "two"])?, 2);
    /// assert_eq!(slot.info()?.count, 2);
    /// # Ok::<(), mailslot::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`write`](MailslotWriter::write), if the first one could not be written.
    ///
    /// # Portability
    ///
    /// On Windows, messages of other writers may come in between.
    pub fn write_batch<M: AsRef<[u8]>>(&self, messages: &[M]) -> Result<usize> {
        self.write_batch_within(messages, Timeout::Zero)
    }

    /// Writes several messages, waiting for room as long as `timeout` says in all, and returns how many were written: fewer than
    /// given if the time was over, or one could not be. While this waits, messages of other writers come in between.
    ///
    /// [`write_batch`](MailslotWriter::write_batch) has an example.
    ///
    /// # Errors
    ///
    /// Those of [`write_within`](MailslotWriter::write_within), if the first one could not be written.
    pub fn write_batch_within<M: AsRef<[u8]>>(&self, messages: &[M], timeout: impl Into<Timeout>) -> Result<usize> {
        let timeout = timeout.into();
        let writer = match self.end() {
            End::Here(client) => return client.write_batch(messages, timeout),
            End::Elsewhere(writer) => writer,
        };
        let deadline = timeout.deadline();
        for (written, message) in messages.iter().enumerate() {
            match writer.write(message.as_ref(), timeout.left(deadline)) {
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
    /// ```
    /// # use mailslot::{Mailslot, MailslotWriter};
    /// # let name = format!("doc-write-in-place-{}", std::process::id());
    /// # let slot = Mailslot::create(&name)?;
    /// let writer = MailslotWriter::open(&name)?;
    /// writer.write_in_place(3, |bytes| bytes.copy_from_slice(&[1, 2, 3]))?;
    /// assert_eq!(slot.receive()?.data, [1, 2, 3]);
    /// # Ok::<(), mailslot::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`write`](MailslotWriter::write).
    ///
    /// # Portability
    ///
    /// On Windows the message is copied, and nobody waits.
    pub fn write_in_place(&self, size: usize, fill: impl FnOnce(&mut [u8])) -> Result<()> {
        self.try_write_in_place(size, Timeout::Zero, fill)
    }

    /// Like [`write_in_place`](MailslotWriter::write_in_place), which has an example, waiting for room as long as `timeout` says.
    ///
    /// # Errors
    ///
    /// Those of [`write_within`](MailslotWriter::write_within).
    pub fn write_in_place_within(
        &self,
        size: usize,
        timeout: impl Into<Timeout>,
        fill: impl FnOnce(&mut [u8]),
    ) -> Result<()> {
        let timeout = timeout.into();
        if self.has_members() {
            self.check_size(size)?;
            let mut message = memory::zeroed(size)?;
            fill(&mut message);
            return self.write_within(&message, timeout);
        }
        let deadline = timeout.deadline();
        // It is called once, when there is room.
        let mut fill = Some(fill);
        loop {
            let fill = |bytes: &mut [u8]| fill.take().into_iter().for_each(|fill| fill(bytes));
            match self.try_write_in_place(size, timeout.left(deadline), fill) {
                Err(Error::Full { .. } | Error::Stalled(_)) if timeout != Timeout::Zero => {
                    self.wait_for_room(size, deadline)?;
                }
                done => return done,
            }
        }
    }

    /// Waits for another writer as long as `timeout` says, and not for room.
    fn try_write_in_place(&self, size: usize, timeout: Timeout, fill: impl FnOnce(&mut [u8])) -> Result<()> {
        match self.end() {
            End::Here(client) => client.write_in_place(size, timeout, fill),
            End::Elsewhere(writer) => writer.write_in_place(size, fill),
        }
    }

    /// Waits until at least `at_least` slots receive what is written here, and returns how many do then, or when the time
    /// is over: perhaps fewer. A slot of this machine is one receiver, and never more, so nothing is waited for; one that has
    /// [members](crate::Sharing::Each), or may be tapped, is as many as it has, without taps.
    ///
    /// Otherwise a program's first message may be sent before any receiver has been found.
    ///
    /// ```no_run
    /// # use mailslot::MailslotWriter;
    /// # use std::time::Duration;
    /// let writer = MailslotWriter::open(r"\\PLANT\mailslot\alerts")?;
    /// if writer.wait_for_receivers(3, Duration::from_secs(5))? >= 3 {
    ///     writer.write(b"all out")?;
    /// }
    /// # Ok::<(), mailslot::Error>(())
    /// ```
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
    pub fn wait_for_receivers(&self, at_least: usize, timeout: impl Into<Timeout>) -> Result<usize> {
        match self.end() {
            End::Here(client) => wait_for_members(client, at_least, timeout.into()),
            End::Elsewhere(writer) => writer.wait_for_receivers(at_least, timeout.into()),
        }
    }

    /// Writes one message and returns what became of it at each computer that receives at the address, waiting at most
    /// `timeout` for them, and a minute; those who have not answered by then are [`Outcome::Silent`](crate::Outcome::Silent). A slot of
    /// this machine answers at once, or with one of the errors below.
    ///
    /// Empty if nobody receives there. A message to one computer that has no such slot is
    /// [`Outcome::NoSlot`](crate::Outcome::NoSlot); of a domain only those that have it are told of.
    ///
    /// ```
    /// # use mailslot::{Mailslot, MailslotWriter, Outcome};
    /// # use std::time::Duration;
    /// # let name = format!("doc-confirmed-{}", std::process::id());
    /// # let _slot = Mailslot::create(&name)?;
    /// let receipts = MailslotWriter::open(&name)?.write_confirmed(b"all out", Duration::from_secs(1))?;
    /// assert!(receipts.iter().all(|receipt| receipt.outcome == Outcome::Delivered));
    /// # Ok::<(), mailslot::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`write`](MailslotWriter::write) and of [`wait_for_receivers`](MailslotWriter::wait_for_receivers).
    ///
    /// # Portability
    ///
    /// On Windows only writes to slots of this machine can be confirmed.
    pub fn write_confirmed(&self, message: &[u8], timeout: impl Into<Timeout>) -> Result<Vec<Receipt>> {
        match self.end() {
            End::Here(client) => {
                client.write(message, Timeout::Zero)?;
                let computer = sys::computer_name().map(|name| name.to_string()).unwrap_or_default();
                Ok(vec![Receipt::new(computer, Outcome::Delivered)])
            }
            End::Elsewhere(writer) => writer.write_confirmed(message, timeout.into().to_duration()),
        }
    }

    /// Whether the slot is gone.
    ///
    /// ```
    /// # use mailslot::{Mailslot, MailslotWriter};
    /// # let name = format!("doc-is-closed-{}", std::process::id());
    /// let slot = Mailslot::create(&name)?;
    /// let writer = MailslotWriter::open(&name)?;
    /// assert!(!writer.is_closed());
    /// drop(slot);
    /// assert!(writer.is_closed());
    /// # Ok::<(), mailslot::Error>(())
    /// ```
    ///
    /// # Portability
    ///
    /// Windows does not tell: there this is whether no slot of the name lives, and false for a slot elsewhere.
    pub fn is_closed(&self) -> bool {
        match self.end() {
            End::Here(client) => client.is_closed(),
            End::Elsewhere(writer) => writer.is_closed(),
        }
    }

    /// Whether what is written goes to several members, of which some may have it while others have no room: then the writer has to
    /// remember that while it waits.
    pub(crate) fn has_members(&self) -> bool {
        matches!(self.end(), End::Here(client) if client.has_members())
    }

    fn check_size(&self, size: usize) -> Result<()> {
        let limit = self.max_message_size();
        if size > limit { Err(Error::TooLarge { size, limit }) } else { Ok(()) }
    }

    /// Waits until there may be room for a message of `size` bytes, or `deadline`.
    fn wait_for_room(&self, size: usize, deadline: Option<Instant>) -> Result<()> {
        // No room is waited for that there cannot be: the next try tells.
        while size <= self.max_message_size() {
            let left = deadline.map_or(TURN, |deadline| deadline.saturating_duration_since(Instant::now()));
            if left.is_zero() {
                return Err(Error::TimedOut);
            }
            if self.look_for_room(size, left.min(TURN))? {
                break;
            }
        }
        Ok(())
    }

    /// Waits until there may be room for a message of `size` bytes, at most `time`. Returns whether it is worth trying again.
    pub(crate) fn look_for_room(&self, size: usize, time: Duration) -> Result<bool> {
        match self.end() {
            End::Here(client) => client.wait_for_room(size, time),
            End::Elsewhere(writer) => writer.wait_for_room(size, time),
        }
    }

    #[inline]
    pub(crate) fn end(&self) -> &End {
        &self.opened.end
    }
}

/// Waits until the slot has so many members, and returns how many it has.
fn wait_for_members(client: &sys::Client, at_least: usize, timeout: Timeout) -> Result<usize> {
    let deadline = timeout.deadline();
    let mut appearing = None;
    loop {
        // First, so that the members of a slot that has ended count for nothing.
        let found = client.receivers();
        if client.is_closed() {
            return Err(Error::Closed);
        }
        if found >= at_least || timeout == Timeout::Zero || !client.has_members() {
            return Ok(found);
        }
        match &appearing {
            // Who came before there was a watch is found by another look.
            None => appearing = Some(sys::Appearing::watch()?),
            Some(appearing) => {
                // Nothing tells the end of the last member, so it is looked for now and then.
                let turn = Instant::now() + LOOK_FOR_END;
                let is_over = !appearing.wait(Some(deadline.map_or(turn, |end| end.min(turn))))?;
                if is_over && deadline.is_some_and(|end| end <= Instant::now()) {
                    return Ok(client.receivers());
                }
            }
        }
    }
}

impl core::fmt::Debug for MailslotWriter {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("MailslotWriter").field("address", self.address()).finish_non_exhaustive()
    }
}
