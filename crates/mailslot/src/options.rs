//! The options that a slot is created with.

use crate::address::Address;
use crate::error::{Error, Operation, Result};
use crate::mailslot::Mailslot;
pub(crate) use crate::timeout::Timeout;

/// Who may write to a slot, besides the user that created it and the superuser.
///
/// # Portability
///
/// On Windows this becomes the slot's security descriptor, which gives the creator, the administrators and the system
/// full access. Windows has no numeric ids for groups and users: `Group` and `Users` are refused with
/// [`Error::InvalidOption`].
#[derive(Clone, Debug, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Access {
    /// Only the owner and the superuser.
    #[default]
    Owner,
    /// The members of the group with this id. The creator must be a member too, or privileged.
    Group(u32),
    /// The users with these ids, at most 256.
    Users(Vec<u32>),
    /// Every user of this machine.
    Everyone,
}

/// Whether other machines may write to a slot through the network node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Network {
    /// They may not.
    #[default]
    Refused,
    /// They may, as far as the node's rules allow.
    Allowed,
}

/// Whether child processes inherit the handle of a slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Inheritance {
    /// They do not.
    #[default]
    Private,
    /// They do; see [`Mailslot::share`].
    Inherited,
}

/// Which processes may read a slot besides its first creator.
///
/// # Portability
///
/// `Each` is Linux only: elsewhere it is refused with [`Error::InvalidOption`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Sharing {
    /// None: a name has one slot, as with Win32.
    #[default]
    One,
    /// Processes of the same user that create the slot as well, with `Each`. Each creator is a *member*, which gets
    /// every message and has a separate capacity and counters; the name is free when the last member has ended.
    Each,
}

/// Whether a slot may have [taps](crate::Mailslot::tap), which see its messages.
///
/// # Portability
///
/// `Allowed` is Linux only: elsewhere it is refused with [`Error::InvalidOption`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Taps {
    /// It may not.
    #[default]
    Refused,
    /// Processes of its owner's user and of the superuser may tap it.
    Allowed,
}

/// What happens to a message for which a slot has no room.
///
/// # Portability
///
/// `DropOldest` is Linux only: elsewhere it is refused with [`Error::InvalidOption`], as Windows does not bound slots.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum WhenFull {
    /// It is refused: the write fails, or waits.
    #[default]
    Refuse,
    /// The oldest unread messages are dropped to make room for it. The next message that is read reports how many were
    /// lost ([`Message::lost_before`](crate::Message::lost_before)), and [`Statistics::lost`](crate::Statistics::lost)
    /// counts them.
    ///
    /// Reads then exclude writes: one that does not wait finds nothing while a writer is preempted in the middle of a
    /// write.
    DropOldest,
}

/// Creates a [`Mailslot`], like [`std::fs::OpenOptions`] opens a file.
///
/// ```
/// use mailslot::{Access, MailslotOptions};
/// use std::time::Duration;
///
/// let slot = MailslotOptions::new()
///     .max_message_size(424)
///     .read_timeout(Duration::from_secs(2))
///     .access(Access::Everyone)
///     .create(format!("doc-options-{}", std::process::id()))?;
/// assert_eq!(slot.info()?.max_message_size, 424);
/// # Ok::<(), mailslot::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct MailslotOptions {
    pub(crate) max_message_size: u32,
    pub(crate) read_timeout: Timeout,
    pub(crate) capacity: u64,
    pub(crate) access: Access,
    pub(crate) network: Network,
    pub(crate) stamp: bool,
    pub(crate) inheritance: Inheritance,
    pub(crate) sharing: Sharing,
    pub(crate) when_full: WhenFull,
    pub(crate) taps: Taps,
}

/// The most users that an access list may name: other processes read the whole list. More users need a group.
const MOST_USERS: usize = 256;
/// The smallest and the largest capacity in bytes.
const CAPACITY: core::ops::RangeInclusive<u64> = 4 << 10..=64 << 30;

impl MailslotOptions {
    /// Messages of any size, reads that wait for ever, 16 MiB of capacity, and writing by the owner only.
    pub fn new() -> MailslotOptions {
        MailslotOptions {
            max_message_size: 0,
            read_timeout: Timeout::Forever,
            capacity: 16 << 20,
            access: Access::Owner,
            network: Network::Refused,
            stamp: false,
            inheritance: Inheritance::Private,
            sharing: Sharing::One,
            when_full: WhenFull::Refuse,
            taps: Taps::Refused,
        }
    }

    /// Bytes of the largest message; 0 is any size that the capacity allows.
    pub fn max_message_size(&mut self, bytes: u32) -> &mut MailslotOptions {
        self.max_message_size = bytes;
        self
    }

    /// How long reads wait for a message. [`Mailslot::set_read_timeout`] changes it later.
    ///
    /// # Portability
    ///
    /// Windows rounds it up to whole milliseconds.
    pub fn read_timeout(&mut self, timeout: impl Into<Timeout>) -> &mut MailslotOptions {
        self.read_timeout = timeout.into();
        self
    }

    /// Bytes that unread messages may take together, from 4 KiB to 64 GiB, rounded up to a power of two. Each message
    /// takes its size, rounded up to a multiple of 8, plus 24 bytes; 8 bytes stay free.
    ///
    /// Only unread messages take memory.
    ///
    /// # Portability
    ///
    /// Windows has no limit, whatever is set here.
    pub fn capacity(&mut self, bytes: u64) -> &mut MailslotOptions {
        self.capacity = bytes;
        self
    }

    /// Who may write. The superuser always may.
    pub fn access(&mut self, access: Access) -> &mut MailslotOptions {
        self.access = access;
        self
    }

    /// Whether other machines may write, through a network node ([`network`](crate::network)) that may write to the
    /// slot itself.
    ///
    /// # Portability
    ///
    /// A Windows that has remote mailslots switched on delivers to every slot, whatever is set here.
    pub fn network(&mut self, network: Network) -> &mut MailslotOptions {
        self.network = network;
        self
    }

    /// Whether each message has the time at which it was written, as reported by its writer:
    /// [`Message::time`](crate::Message::time). It costs 11 bytes of room and a clock reading for each message.
    ///
    /// # Portability
    ///
    /// Windows keeps no times.
    pub fn stamp(&mut self, stamp: bool) -> &mut MailslotOptions {
        self.stamp = stamp;
        self
    }

    /// Whether child processes inherit the handle. A slot that is shared between processes reads a little slower, as
    /// every read then takes the lock that otherwise only writers take.
    pub fn inheritance(&mut self, inheritance: Inheritance) -> &mut MailslotOptions {
        self.inheritance = inheritance;
        self
    }

    /// Which other processes may read. A writer opens the name as usual, and writes to all members: always to those of
    /// its own user, and to those of another user that let it write. Each member sets its access, message size and
    /// capacity itself.
    ///
    /// ```
    /// use mailslot::{MailslotOptions, MailslotWriter, Sharing};
    ///
    /// let name = format!("doc-sharing-{}", std::process::id());
    /// let log = MailslotOptions::new().sharing(Sharing::Each).create(&name)?;
    /// let panel = MailslotOptions::new().sharing(Sharing::Each).create(&name)?;
    /// MailslotWriter::open(&name)?.write(b"door 2 opened")?;
    /// assert_eq!(log.receive()?.data, b"door 2 opened");
    /// assert_eq!(panel.receive()?.data, b"door 2 opened");
    /// # Ok::<(), mailslot::Error>(())
    /// ```
    ///
    /// # Portability
    ///
    /// That of [`Sharing`].
    pub fn sharing(&mut self, sharing: Sharing) -> &mut MailslotOptions {
        self.sharing = sharing;
        self
    }

    /// What happens to a message for which there is no room. A slot that drops the oldest reads a little slower, as
    /// every read then takes the lock that otherwise only writers take. Messages of other users wait outside until the
    /// slot is read; those that find no room outside are refused.
    ///
    /// ```
    /// use mailslot::{MailslotOptions, MailslotWriter, WhenFull};
    ///
    /// let name = format!("doc-when-full-{}", std::process::id());
    /// let slot = MailslotOptions::new().capacity(4096).when_full(WhenFull::DropOldest).create(&name)?;
    /// let writer = MailslotWriter::open(&name)?;
    /// for number in 0..100_u8 {
    ///     writer.write(&[number; 1000])?;
    /// }
    /// let message = slot.receive()?;
    /// assert_eq!((message.data[0], message.lost_before), (97, 97));
    /// # Ok::<(), mailslot::Error>(())
    /// ```
    ///
    /// # Portability
    ///
    /// That of [`WhenFull`].
    pub fn when_full(&mut self, when_full: WhenFull) -> &mut MailslotOptions {
        self.when_full = when_full;
        self
    }

    /// Whether the slot may have taps. [`Mailslot::tap`] has an example. In a slot that has members, the oldest one
    /// decides.
    ///
    /// Each write then checks whether there is a tap, which takes some nanoseconds.
    ///
    /// # Portability
    ///
    /// That of [`Taps`].
    pub fn taps(&mut self, taps: Taps) -> &mut MailslotOptions {
        self.taps = taps;
        self
    }

    /// Taps the slot `name` with this read timeout, and with the larger of this capacity and the slot's. Its access,
    /// network and message size follow from the slot, and it always drops the oldest. [`Mailslot::tap`] has an example.
    ///
    /// # Errors
    ///
    /// Those of [`Mailslot::tap`], and [`Error::InvalidOption`] if the capacity is out of its range.
    ///
    /// # Portability
    ///
    /// Unix only.
    #[cfg(unix)]
    pub fn tap<A>(&self, name: A) -> Result<Mailslot>
    where
        A: TryInto<Address>,
        A::Error: Into<Error>,
    {
        self.check()?;
        match name.try_into().map_err(Into::into)?.into_slot() {
            Ok(slot) => Mailslot::tap_with(slot, self),
            Err(elsewhere) => {
                let reason = crate::NameError::NotThisMachine;
                Err(Error::invalid_name(&elsewhere.to_string(), reason, Operation::Open))
            }
        }
    }

    /// Creates the slot; this process then owns it.
    ///
    /// # Errors
    ///
    /// - [`Error::InvalidName`] if `name` is not a local slot's name
    /// - [`Error::AlreadyExists`] if a slot of this name lives on this machine, whoever owns it, unless both that one
    ///   and this one are for [each](Sharing::Each)
    /// - [`Error::NotOwner`] if both are, and that one is another user's
    /// - [`Error::InvalidOption`] if an option is out of range
    /// - [`Error::OutOfMemory`] if the file system that holds the slots is full
    /// - [`Error::Io`] if the system refuses something else, such as one more descriptor
    ///
    /// # Sources
    ///
    /// Win32 `CreateMailslot`.
    pub fn create<A>(&self, name: A) -> Result<Mailslot>
    where
        A: TryInto<Address>,
        A::Error: Into<Error>,
    {
        let address = match name.try_into().map_err(Into::into) {
            Ok(address) => address,
            Err(Error::InvalidName { name, reason, .. }) => {
                return Err(Error::InvalidName { name, reason, operation: Operation::Create });
            }
            Err(error) => return Err(error),
        };
        let Address::Local(slot) = address else {
            let reason = crate::NameError::NotThisMachine;
            return Err(Error::invalid_name(&address.to_string(), reason, Operation::Create));
        };
        self.check()?;
        Mailslot::create_with(slot, self)
    }

    fn check(&self) -> Result<()> {
        if !CAPACITY.contains(&self.capacity) {
            return Err(Error::InvalidOption {
                option: "capacity",
                expected: format!("{} to {} bytes", CAPACITY.start(), CAPACITY.end()),
            });
        }
        if let Access::Users(users) = &self.access
            && users.len() > MOST_USERS
        {
            let expected = format!("of {MOST_USERS} users at most; a group may be larger");
            return Err(Error::InvalidOption { option: "access", expected });
        }
        Ok(())
    }
}

impl Default for MailslotOptions {
    fn default() -> MailslotOptions {
        MailslotOptions::new()
    }
}
