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
/// A writer belongs to the slot that it was opened for: when the slot closes, every write fails with [`Error::Closed`],
/// even if a slot of the same name is created again. A writer does not keep a slot alive.
///
/// A writer may be used from several threads. A clone is another handle to the same writer, without another descriptor
/// or mapping: the messages of all clones arrive in the order in which they are written, as those of a single writer
/// do.
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

/// The longest wait for room before checking again whether the owner lives.
const TURN: Duration = Duration::from_millis(100);

/// The longest wait for members before checking again whether the slot still lives.
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
    /// - [`Error::NotOnNetwork`] if the node is in modern domains only, and knows no such computer or domain
    /// - [`Error::DomainNotOpen`] if the address is that of a modern domain which has a file on this machine, and no
    ///   node is a member of it: a message for a domain is sent to no other network
    /// - [`Error::NodeSilent`] if the node does not answer
    /// - [`Error::NodeRefused`] if the node does not let messages to the address go anywhere
    /// - [`Error::RemoteMailslotsOff`] if the address is on the network, on a Windows that has remote mailslots
    ///   switched off
    /// - [`Error::Full`] if so many other writers wait to be accepted that the system takes no more
    /// - [`Error::Io`] if the system refuses something else, such as one more descriptor
    ///
    /// # Portability
    ///
    /// On Linux, a writer to the network is connected to the network node of this machine: it does not show whether
    /// computer and slot exist, and its errors are those of the node's slot. In the legacy network nothing shows
    /// whether a message arrived; in modern domains [`wait_for_receivers`](MailslotWriter::wait_for_receivers) and
    /// [`write_confirmed`](MailslotWriter::write_confirmed) do.
    ///
    /// A same-user writer may need the slot's directory again when it first has to wake a reader. A process that gives
    /// up its user or its access to files must do so before it opens writers.
    ///
    /// A Windows that has remote mailslots switched on sends by itself and checks nothing here: only writing shows
    /// whether the computer exists, and nothing shows whether the slot does.
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

    /// Opens the slot at `address` for writing, waiting until it exists as long as `timeout` says. Does not wait for a
    /// slot elsewhere: only [`wait_for_receivers`](MailslotWriter::wait_for_receivers) can tell whether it exists.
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
    /// Those of [`open`](MailslotWriter::open), with [`Error::TimedOut`] instead of `NotFound`. `Timeout::Zero` is the
    /// same as `open`.
    ///
    /// # Portability
    ///
    /// Windows does not notify of new slots: there, this tries again every 50 milliseconds.
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

    /// The address of the slot; the same for each name of a slot of this machine.
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

    /// Bytes of the largest message that the slot accepts.
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
    /// Windows before 8, and Wine, report it only to the slot's owner. Elsewhere this is then the largest possible
    /// size, and the system decides when writing.
    pub fn max_message_size(&self) -> usize {
        match self.end() {
            End::Here(client) => client.max_message_size(),
            End::Elsewhere(writer) => writer.max_message_size(),
        }
    }

    /// Writes one message. If this succeeds, the message is in the slot; if it fails, nothing was written, except for
    /// `Partial`. Never waits for the reader. [`MailslotWriter`] itself has an example.
    ///
    /// # Errors
    ///
    /// - [`Error::TooLarge`] if the message is larger than the slot accepts
    /// - [`Error::TooLargeForNetwork`] if the slot is elsewhere, and the message is larger than can be sent
    /// - [`Error::Full`] if the slot has no room now
    /// - [`Error::Partial`] if it has [members](crate::Sharing::Each), and some of them did not get the message, as
    ///   they have no room or for another of these reasons
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
    /// Those of [`write`](MailslotWriter::write), with [`Error::TimedOut`] instead of `Full` and `Stalled`, also as the
    /// source of `Partial`. `Timeout::Zero` is the same as `write`.
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

    /// Writes several messages, one after the other, with no message of another same-user writer in between, and
    /// returns how many were written: fewer than given if one could not be. In a slot that has
    /// [members](crate::Sharing::Each) it counts the messages that all members have. If several writers are faster than
    /// a member reads, some members may have more.
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

    /// Writes several messages, waiting for room as long as `timeout` says in all, and returns how many were written:
    /// fewer than given if the time was over, or one could not be. While this waits, other writers may write messages
    /// in between.
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

    /// Writes one message of `size` bytes that `fill` puts where the reader will find it. The bytes passed to `fill`
    /// have unknown content. If `fill` panics, nothing is written.
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

    /// Like [`write_in_place`](MailslotWriter::write_in_place), which has an example, waiting for room as long as
    /// `timeout` says.
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
        // `fill` is called once, when there is room.
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

    /// Waits as long as `timeout` says for another writer, but not for room.
    fn try_write_in_place(&self, size: usize, timeout: Timeout, fill: impl FnOnce(&mut [u8])) -> Result<()> {
        match self.end() {
            End::Here(client) => client.write_in_place(size, timeout, fill),
            End::Elsewhere(writer) => writer.write_in_place(size, fill),
        }
    }

    /// Waits until at least `at_least` slots receive what is written here, or until the time is over, and returns how
    /// many do then, perhaps fewer. A slot of this machine is one receiver and never more, so this does not wait for
    /// others. One that has [members](crate::Sharing::Each), or may be tapped, counts as its number of members, without
    /// taps.
    ///
    /// Otherwise a program's first message may be sent before any receiver has been discovered.
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
    /// - [`Error::NodeSilent`], [`Error::NodeRefused`] if the node does not answer, or refuses to
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

    /// Writes one message and returns the outcome at each computer that receives at the address. Waits at most
    /// `timeout`, and at most a minute; computers that have not answered by then are
    /// [`Outcome::Silent`](crate::Outcome::Silent). For a slot of this machine it returns at once, or fails with one of
    /// the errors below.
    ///
    /// Empty if no computer receives there. A message to one computer that has no such slot is
    /// [`Outcome::NoSlot`](crate::Outcome::NoSlot); for a domain only the computers that have the slot are listed.
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
    /// Windows does not report it: there this is whether no slot of the name lives, and false for a slot elsewhere.
    pub fn is_closed(&self) -> bool {
        match self.end() {
            End::Here(client) => client.is_closed(),
            End::Elsewhere(writer) => writer.is_closed(),
        }
    }

    /// The user who owns the slot, as the kernel reports it; `None` if the slot is elsewhere.
    /// `open_owned` has an example.
    ///
    /// # Portability
    ///
    /// Always `None` on Windows, which has no numbers for users.
    pub fn owner(&self) -> Option<u32> {
        match self.end() {
            End::Here(client) => client.owner(),
            End::Elsewhere(_) => None,
        }
    }

    /// Whether messages go to several members, of which some may have one while others have no room. A writer that
    /// waits then has to remember which members have it.
    pub(crate) fn has_members(&self) -> bool {
        matches!(self.end(), End::Here(client) if client.has_members())
    }

    fn check_size(&self, size: usize) -> Result<()> {
        let limit = self.max_message_size();
        if size > limit { Err(Error::TooLarge { size, limit }) } else { Ok(()) }
    }

    /// Waits until there may be room for a message of `size` bytes, or `deadline`.
    fn wait_for_room(&self, size: usize, deadline: Option<Instant>) -> Result<()> {
        // Does not wait for room that cannot exist: the next try returns the error.
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

    /// Waits at most `time` until there may be room for a message of `size` bytes. Returns whether to try again.
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

/// Waits until the slot has `at_least` members, and returns how many it has.
fn wait_for_members(client: &sys::Client, at_least: usize, timeout: Timeout) -> Result<usize> {
    let deadline = timeout.deadline();
    let mut appearing = None;
    loop {
        // Counted before the check for the end, so that members of a slot that has ended are not returned.
        let found = client.receivers();
        if client.is_closed() {
            return Err(Error::Closed);
        }
        if found >= at_least || timeout == Timeout::Zero || !client.has_members() {
            return Ok(found);
        }
        match &appearing {
            // Members that joined before the watch are found by counting again.
            None => appearing = Some(sys::Appearing::watch()?),
            Some(appearing) => {
                // Nothing notifies of the end of the last member, so check now and then.
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
