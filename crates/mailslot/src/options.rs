//! How a slot is created.

use crate::address::Address;
use crate::error::{Error, Operation, Result};
use crate::mailslot::Mailslot;
use crate::sys;
pub(crate) use crate::timeout::Timeout;

/// Who may write to a slot, besides the user that created it and the superuser.
///
/// # Portability
///
/// On Windows this becomes the slot's security descriptor, which lets the creator, the administrators and the system do
/// everything. There are no numbers for groups and users there: `Group` and `Users` are refused with
/// [`Error::InvalidOption`].
#[derive(Clone, Debug, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Access {
    /// Nobody else.
    #[default]
    Owner,
    /// The members of the group with this id. The creator must be a member itself, or privileged.
    Group(u32),
    /// The users with these ids, 256 at most.
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
    /// They may, as far as the node's own rules go.
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

/// Who may read a slot besides its first creator.
///
/// # Portability
///
/// `Each` is Linux only: elsewhere it is refused with [`Error::InvalidOption`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Sharing {
    /// Nobody: a name has one slot, as with Win32.
    #[default]
    One,
    /// Whoever of the same user creates the slot as well, with `Each`. Each creator is a *member*, which gets every message and
    /// has a capacity and counters of its own; the name is free when the last one has ended.
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
    /// Processes of its owner's user, and the superuser's, may tap it.
    Allowed,
}

/// What becomes of a message for which a slot has no room.
///
/// # Portability
///
/// `DropOldest` is Linux only: elsewhere it is refused with [`Error::InvalidOption`], as Windows bounds no slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum WhenFull {
    /// It is refused: the write fails, or waits.
    #[default]
    Refuse,
    /// The oldest messages that are unread make room for it. The next one that is read tells how many they were
    /// ([`Message::lost_before`](crate::Message::lost_before)), and [`Statistics::lost`](crate::Statistics::lost) counts them.
    ///
    /// Reads then exclude writes: one that does not wait finds nothing while a writer has no processor in the middle of a write.
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

/// Users whom a slot may let write by name: others read the list, and a longer one is a group's business.
const MOST_USERS: usize = 256;
/// Smallest and largest capacity in bytes.
const CAPACITY: core::ops::RangeInclusive<u64> = 4 << 10..=64 << 30;

impl MailslotOptions {
    /// Any message size, reads that wait for ever, 16 MiB of capacity, and only the owner may write.
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

    /// How long reads wait for a message that is not there yet. [`Mailslot::set_read_timeout`] changes it later.
    ///
    /// # Portability
    ///
    /// Windows rounds it up to whole milliseconds.
    pub fn read_timeout(&mut self, timeout: impl Into<Timeout>) -> &mut MailslotOptions {
        self.read_timeout = timeout.into();
        self
    }

    /// Bytes that unread messages may take together, from 4 KiB to 64 GiB, rounded up to a power of two. Each message
    /// takes its own bytes, rounded up to a multiple of 8, and 24 more; 8 bytes stay free.
    ///
    /// Memory is only taken for what is unread.
    ///
    /// # Portability
    ///
    /// Windows sets no limit, whatever is asked for.
    pub fn capacity(&mut self, bytes: u64) -> &mut MailslotOptions {
        self.capacity = bytes;
        self
    }

    /// Who may write. The superuser always may.
    pub fn access(&mut self, access: Access) -> &mut MailslotOptions {
        self.access = access;
        self
    }

    /// Whether other machines may write, through a network node ([`network`](crate::network)) that may write to the slot itself.
    ///
    /// # Portability
    ///
    /// Where Windows has remote mailslots switched on, it delivers to every slot, whatever is asked for.
    pub fn network(&mut self, network: Network) -> &mut MailslotOptions {
        self.network = network;
        self
    }

    /// Whether each message has the time at which it was written, by its writer's account: [`Message::time`](crate::Message::time).
    /// It takes 11 bytes of room, and a look at the clock, for each message.
    ///
    /// # Portability
    ///
    /// Windows keeps no times.
    pub fn stamp(&mut self, stamp: bool) -> &mut MailslotOptions {
        self.stamp = stamp;
        self
    }

    /// Whether child processes inherit the handle. A slot that is shared between processes reads a little slower: every
    /// read then takes the lock that otherwise only writers take.
    pub fn inheritance(&mut self, inheritance: Inheritance) -> &mut MailslotOptions {
        self.inheritance = inheritance;
        self
    }

    /// Who else may read. A writer opens the name as ever, and writes to all members: those of its own user in any case, and those
    /// of another user that let it write. Each member says for itself who may, how large messages are, and what it holds.
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

    /// What becomes of a message for which there is no room. A slot that drops the oldest reads a little slower: every read then
    /// takes the lock that otherwise only writers take. Messages of other users wait outside until the slot is read, what finds no room there is refused.
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

    /// Whether the slot may have taps. [`Mailslot::tap`] has an example. Of a slot that has members the oldest one's word counts.
    ///
    /// Writers then look whether there is one, which costs them some nanoseconds.
    ///
    /// # Portability
    ///
    /// That of [`Taps`].
    pub fn taps(&mut self, taps: Taps) -> &mut MailslotOptions {
        self.taps = taps;
        self
    }

    /// Taps the slot `name` with this read timeout, and this capacity or that of the slot if it is larger. What else is set here is
    /// the slot's own affair. [`Mailslot::tap`] has an example.
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
            Ok(slot) => sys::Server::tap(slot, self).map(Mailslot::from_server),
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
    /// - [`Error::AlreadyExists`] if a slot of this name lives on this machine, whoever owns it, unless that and this one are for
    ///   [each](Sharing::Each)
    /// - [`Error::NotOwner`] if they are, and it is another user's
    /// - [`Error::InvalidOption`] if an option is out of its range
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
        sys::Server::create(slot, self).map(Mailslot::from_server)
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
