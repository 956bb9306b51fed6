//! Messages and what is known about them.

use std::net::IpAddr;
use std::time::SystemTime;

use crate::timeout::Timeout;

/// A message taken out of a slot.
///
/// ```
/// use mailslot::{Message, Origin};
///
/// fn handle(message: &Message) -> usize {
///     message.data.len()
/// }
/// assert_eq!(handle(&Message::new(b"door 2 opened", Origin::Unknown)), 13);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Message {
    /// The bytes that were written.
    pub data: Vec<u8>,
    /// Who wrote them.
    pub origin: Origin,
    /// When they were written, as reported by their writer, if the slot was created with
    /// [`MailslotOptions::stamp`](crate::MailslotOptions::stamp).
    pub time: Option<SystemTime>,
    /// Where replies go, if it is a request.
    pub reply_to: Option<ReplyTo>,
    /// How many accepted messages were lost between the one that was read before this one and this one: always 0 unless
    /// the slot [drops the oldest](crate::WhenFull::DropOldest).
    pub lost_before: u64,
    /// The id of the request that it answers.
    pub(crate) in_reply_to: Option<[u8; 16]>,
}

impl Message {
    /// A message like those from a slot, for tests of programs that handle messages.
    pub fn new(data: impl Into<Vec<u8>>, origin: Origin) -> Message {
        Envelope::new(origin).around(data.into())
    }
}

/// All that is known of a message besides its bytes: the same as in a [`Message`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Envelope {
    /// Who wrote it.
    pub origin: Origin,
    /// When, as in [`Message::time`].
    pub time: Option<SystemTime>,
    /// Where replies go, if it is a request.
    pub reply_to: Option<ReplyTo>,
    /// How many messages were lost before it, as in [`Message::lost_before`].
    pub lost_before: u64,
    pub(crate) in_reply_to: Option<[u8; 16]>,
}

impl Envelope {
    pub(crate) fn new(origin: Origin) -> Envelope {
        Envelope { origin, time: None, reply_to: None, lost_before: 0, in_reply_to: None }
    }

    pub(crate) fn around(self, data: Vec<u8>) -> Message {
        let Envelope { origin, time, reply_to, lost_before, in_reply_to } = self;
        Message { data, origin, time, reply_to, lost_before, in_reply_to }
    }
}

/// Where replies to a request go: a slot that its asker has made for them. [`Message::reply`] writes to it.
///
/// It is a value: a program may keep it and reply later, from any thread.
///
/// # Portability
///
/// On Windows only the node is asked: [`network`](crate::network).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ReplyTo {
    pub(crate) uid: u32,
    pub(crate) reply: [u8; 16],
    pub(crate) id: [u8; 16],
}

impl AsRef<[u8]> for Message {
    fn as_ref(&self) -> &[u8] {
        &self.data
    }
}

/// Who wrote a message.
///
/// # Portability
///
/// Windows never reports it: there it is always [`Origin::Unknown`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(untagged))]
#[non_exhaustive]
pub enum Origin {
    /// A process of this machine.
    Local {
        /// Its process id, as seen from the reader's pid namespace (0 if it is not visible there).
        pid: u32,
        /// Its effective user id.
        uid: u32,
        /// Its effective group id.
        gid: u32,
        /// Whether the kernel vouches for the three, as it does for other-user writers (with the ids at the moment when
        /// the writer opened the slot). Same-user writers record them themselves, and so could record anything.
        attested: bool,
    },
    /// Another machine, whose message the network node has delivered. Boxed, so that local messages stay small.
    Network(Box<NetworkOrigin>),
    /// The system does not report it.
    Unknown,
}

/// Where a message from the network came from, as the network node reports it.
///
/// It is as trustworthy as the process that delivered it: any process that may write to a slot that is open to the
/// network could claim any origin. And the node's knowledge is only as good as the network: unless the message is
/// `authenticated`, its sender chose every field.
///
/// Made with [`NetworkOrigin::new`]; set its fields afterwards.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct NetworkOrigin {
    /// The computer that sent it, as reported by itself. At most 255 bytes.
    pub computer: String,
    /// The domain that it was sent to; `None` if it was sent to this computer alone. At most 255 bytes.
    pub domain: Option<String>,
    /// The address that it came from; `None` where the network does not report it, as in modern domains.
    pub address: Option<IpAddr>,
    /// Whether cryptography proves that a member of the domain sent it: any holder of the domain's key, under any name.
    /// Never the case in NetBIOS networks.
    pub authenticated: bool,
    /// Whether cryptography proves as well that `computer` has sent it: so in modern domains with identities, of
    /// messages and requests; of replies it is not told. Only without an `address`, which those do not have.
    // Left out where it says nothing new, so that domains without identities look as they did.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "core::ops::Not::not"))]
    pub computer_authenticated: bool,
}

impl NetworkOrigin {
    /// A computer of which nothing else is known, and nothing is proven.
    pub fn new(computer: impl Into<String>) -> NetworkOrigin {
        NetworkOrigin {
            computer: computer.into(),
            domain: None,
            address: None,
            authenticated: false,
            computer_authenticated: false,
        }
    }
}

impl From<NetworkOrigin> for Origin {
    fn from(origin: NetworkOrigin) -> Origin {
        Origin::Network(Box::new(origin))
    }
}

/// A slot's contents and options, as its owner and same-user writers may see them:
/// [`Mailslot::info`](crate::Mailslot::info).
///
/// # Sources
///
/// Win32 `GetMailslotInfo`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct Info {
    /// Bytes of the largest message, exactly as the slot was created; 0 is any size.
    pub max_message_size: u32,
    /// Bytes of the next message, or `None` if there is none (Win32 `MAILSLOT_NO_MESSAGE`).
    pub next_size: Option<usize>,
    /// Messages waiting to be read. [`status`](crate::status) and [`list`](crate::list) do not count those of other
    /// users that still wait outside.
    pub count: u64,
    /// How long reads wait.
    #[cfg_attr(feature = "serde", serde(rename = "read_timeout_ms", with = "crate::serialization::milliseconds"))]
    pub read_timeout: Timeout,
    /// Whether a reader sleeps, or polls, until the next message arrives. One that just checks does not count.
    ///
    /// # Portability
    ///
    /// False on Windows, which does not report it.
    #[cfg_attr(feature = "serde", serde(default))]
    pub reader_waits: bool,
    /// Bytes that unread messages may take together, overhead included; [`u64::MAX`] on Windows, which has no limit.
    pub capacity: u64,
    /// Totals since the slot was created.
    ///
    /// # Portability
    ///
    /// `None` in a [`SlotStatus`] on Windows.
    #[cfg_attr(feature = "serde", serde(flatten))]
    pub statistics: Option<Statistics>,
}

/// What happened to a slot since it was created.
///
/// # Portability
///
/// Windows counts nothing: there, `read` and `bytes_read` count what this process has read, and the others stay 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct Statistics {
    /// Messages accepted.
    pub written: u64,
    /// Messages taken out.
    pub read: u64,
    /// Bytes of the messages accepted, including the origin of those from the network.
    pub bytes_written: u64,
    /// Bytes of the messages taken out.
    pub bytes_read: u64,
    /// Writes refused because the slot was full.
    pub refused_full: u64,
    /// Writes refused because the message was too large.
    pub refused_too_large: u64,
    /// The most bytes ever waiting at once, overhead included. Recorded from 4 KiB up; 0 means that it was never more.
    pub high_water: u64,
    /// Messages accepted that were dropped unread, as the slot [drops the oldest](crate::WhenFull::DropOldest) when it
    /// is full.
    #[cfg_attr(feature = "serde", serde(default))]
    pub lost: u64,
}

/// A living slot of this machine, as [`list`](crate::list) and [`status`](crate::status) find it.
///
/// # Portability
///
/// On Linux everything is known except the counts of other users' slots. Windows reports only the maximum size and some
/// counts, and these only since Windows 8; Wine reports nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct SlotStatus {
    /// The slot.
    pub name: crate::SlotName,
    /// Process that created it.
    pub pid: Option<u32>,
    /// User that owns it.
    pub uid: Option<u32>,
    /// Who may write.
    pub access: Option<crate::Access>,
    /// Whether other machines may.
    #[cfg_attr(feature = "serde", serde(default, with = "crate::serialization::network"))]
    pub network: Option<crate::Network>,
    /// Bytes of the largest message; 0 is any size.
    pub max_message_size: Option<u32>,
    /// Bytes of capacity.
    pub capacity: Option<u64>,
    /// When it was created.
    #[cfg_attr(
        feature = "serde",
        serde(default, rename = "created_unix_ms", with = "crate::serialization::unix_milliseconds")
    )]
    pub created: Option<std::time::SystemTime>,
    /// How many processes, or parts of one, have created it: more than one only if it is for
    /// [each](crate::Sharing::Each). The other fields describe the oldest member.
    #[cfg_attr(feature = "serde", serde(default = "crate::serialization::one"))]
    pub members: usize,
    /// How many [taps](crate::Mailslot::tap) it has.
    #[cfg_attr(feature = "serde", serde(default))]
    pub taps: usize,
    /// Its contents and counters, which only the owner's user and the superuser may see.
    #[cfg_attr(feature = "serde", serde(rename = "counts"))]
    pub info: Option<Info>,
}
