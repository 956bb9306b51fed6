//! Requests and replies: a request is a message that says where replies to it go, and a private slot receives them.
//!
//! Any user may write to a slot that admits everybody, and any user may create a slot, so neither side trusts what the
//! other claims about itself:
//!
//! - The asker makes a slot for the replies to each request. Its name cannot be guessed, and only the user who owns the
//!   slot that was asked may write to it. A reply counts if the kernel says that this user wrote it, and if it repeats
//!   the id of the request, which only readers of the request have seen. A late reply finds the slot gone.
//! - The record of a request contains the number of that slot and the id, and no more. A responder writes only to a
//!   slot of the user who asks, as the kernel reports it, and only to one made for replies.
//!
//! A request to a slot of another machine is a request to the node of this one, which has it carried to the node there
//! in a sealed domain; that one asks the slot as any program would. So each reply is authenticated three times: on both
//! machines by the kernel, which says who wrote it, and in between by the domain's key, with which it is sealed for
//! this request.
//!
//! The slot for replies is named `mailslot\reply\` followed by the 32 hexadecimal digits of its number.

use std::time::{Duration, Instant};

use crate::address::Address;
use crate::error::{Error, Result};
use crate::mailslot::Mailslot;
use crate::message::{Message, NetworkOrigin, Origin, ReplyTo};
use crate::network;
use crate::options::{Access, MailslotOptions, Timeout};
use crate::sys::{self, Progress};
use crate::writer::{End, MailslotWriter};
use mailslot_names::SlotName;

/// How long to wait for a reply before also watching whether the owner of the asked slot lives: the watch takes two
/// more descriptors.
const SOON: Duration = Duration::from_millis(1);

/// The replies to a request, as they arrive: [`MailslotWriter::begin_request`].
///
/// Dropping it cancels the request: the slot for the replies is gone then, and later replies fail with an error.
#[derive(Debug)]
pub struct Replies {
    slot: Mailslot,
    /// To the slot that was asked.
    asked: MailslotWriter,
    /// The user who owns that slot; `None` on Windows.
    responder: Option<u32>,
    reply: [u8; 16],
    id: [u8; 16],
    /// Which members of the slot have the request.
    progress: Progress,
    /// Set if the slot is elsewhere: then the messages received are the node's answers.
    elsewhere: Option<Box<network::Asking>>,
}

/// The writer of a responder that replies more than once: [`ReplyTo::open`].
#[derive(Debug)]
pub struct ReplyWriter {
    writer: MailslotWriter,
    id: [u8; 16],
}

/// Sending requests.
///
/// # Portability
///
/// On Windows only slots of the node can be asked ([`network`]): mailslots of the system have no room for where replies
/// go. A request that came from another machine is never written there.
impl MailslotWriter {
    /// Writes a message that asks for a reply, and returns what its reader [replies](Message::reply). The timeout
    /// covers both the wait for room in the slot and the wait for the reply.
    ///
    /// The reply is authentic: the kernel says that a process of the slot's user wrote it, and it repeats an id that
    /// only readers of the request know, in a slot that was made for it and is gone when this returns. Any number of
    /// threads may ask at once; a reply that arrives too late is lost.
    ///
    /// A slot elsewhere can be asked in a sealed domain, for at most a minute: the node of its machine asks it, and the
    /// reply is authentic because it is sealed with the domain's key, for this request alone. If a whole domain is
    /// asked, the first reply of any computer is returned.
    ///
    /// ```
    /// use mailslot::{Mailslot, MailslotWriter};
    /// use std::time::Duration;
    ///
    /// let slot = Mailslot::create(format!("doc-request-{}", std::process::id()))?;
    /// let name = slot.name().clone();
    /// let serving = std::thread::spawn(move || slot.receive()?.reply(b"pong"));
    /// let reply = MailslotWriter::open(name)?.request(b"ping", Duration::from_secs(10))?;
    /// assert_eq!(reply.data, b"pong");
    /// serving.join().expect("no panic")?;
    /// # Ok::<(), mailslot::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// - [`Error::TimedOut`] if there was no room, or no reply arrived, in time
    /// - [`Error::Closed`] if the slot is gone, or its owner has ended without a reply; where the system does not
    ///   report this at once, after some tenths of a second
    /// - [`Error::RequestElsewhere`] if the slot is in a network where nothing proves who replies, as in the legacy
    ///   one, and [`Error::NodeRefused`] if that is an open domain
    /// - [`Error::Undelivered`] if the computer that was asked does not accept the request
    /// - [`Error::NotEnoughMemory`] if this process has no memory for the reply, which is lost then; that of
    ///   [`begin_request`](MailslotWriter::begin_request) waits until it is received
    /// - those of [`write`](MailslotWriter::write), and of [`MailslotOptions::create`] for the slot for the reply
    pub fn request(&self, message: &[u8], timeout: impl Into<Timeout>) -> Result<Message> {
        let timeout = timeout.into();
        let deadline = timeout.deadline();
        self.begin_request(message, None, timeout)?.receive_until(deadline)
    }

    /// Writes a message that asks for replies, waiting for room as long as `timeout` says. For programs that expect
    /// more than one reply, or wait for something else as well. Up to `capacity` bytes of replies may wait to be
    /// received, or 16 MiB if that is `None`. From a slot elsewhere, one reply of each computer arrives, for as long as
    /// `timeout` says, or for a minute if that is `Zero`, `Forever` or longer.
    ///
    /// [`Replies`] has an example.
    ///
    /// # Errors
    ///
    /// Those of [`request`](MailslotWriter::request).
    pub fn begin_request(&self, message: &[u8], capacity: Option<u64>, timeout: impl Into<Timeout>) -> Result<Replies> {
        let timeout = timeout.into();
        let mut replies = self.expect_replies(capacity, timeout)?;
        match replies.ask_within(message, timeout) {
            Ok(()) => Ok(replies),
            Err(error) => Err(replies.end(error)),
        }
    }

    /// Makes the slot for the replies to a request; [`Replies::ask_within`] then writes the request, in as many tries
    /// as necessary. Replies from a slot elsewhere arrive for as long as `timeout` says; the rest is as for
    /// [`begin_request`](MailslotWriter::begin_request). [`Replies::ask_within`] has an example.
    ///
    /// # Errors
    ///
    /// Those of [`request`](MailslotWriter::request).
    pub fn expect_replies(&self, capacity: Option<u64>, timeout: impl Into<Timeout>) -> Result<Replies> {
        match self.end() {
            End::Here(client) => self.expect(client, capacity),
            End::Elsewhere(writer) => {
                let (node, asking) = writer.ask_for_replies(timeout.into())?;
                Ok(Replies { elsewhere: Some(Box::new(asking)), ..node.expect_replies(capacity, Timeout::Zero)? })
            }
        }
    }

    /// Writes a request that another machine has sent, as [`write_from`](MailslotWriter::write_from) does. For network
    /// nodes, which pass the replies on.
    ///
    /// ```
    /// # use mailslot::{MailslotOptions, MailslotWriter, Network, NetworkOrigin, Timeout};
    /// # let name = format!("doc-request-from-{}", std::process::id());
    /// let slot = MailslotOptions::new().network(Network::Allowed).create(&name)?;
    /// let replies = MailslotWriter::open(&name)?.begin_request_from(&NetworkOrigin::new("SRV2"), b"ping", None)?;
    /// slot.receive()?.reply(b"pong")?;
    /// assert_eq!(replies.receive_within(Timeout::Forever)?.data, b"pong");
    /// # Ok::<(), mailslot::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`write_from`](MailslotWriter::write_from), and of [`MailslotOptions::create`] for the slot for the
    /// replies.
    pub fn begin_request_from(&self, origin: &NetworkOrigin, message: &[u8], capacity: Option<u64>) -> Result<Replies> {
        let not_allowed = || Error::NotAllowed(self.address().slot().clone());
        let End::Here(client) = self.end() else { return Err(not_allowed()) };
        let replies = self.expect(client, capacity)?;
        match client.write_request_from(origin, replies.reply, replies.id, message)? {
            true => Ok(replies),
            false => Err(not_allowed()),
        }
    }

    /// Makes the slot for the replies to a request.
    fn expect(&self, client: &sys::Client, capacity: Option<u64>) -> Result<Replies> {
        let responder = client.owner();
        if cfg!(unix) && responder.is_none() {
            // Every slot of this machine has an owner.
            return Err(Error::Closed);
        }
        let (reply, id) = (sys::random()?, sys::random()?);
        let mut options = MailslotOptions::new();
        options.access(match responder {
            Some(other) if other != sys::user() => Access::Users(vec![other]),
            _ => Access::Owner,
        });
        if let Some(bytes) = capacity {
            options.capacity(bytes);
        }
        let slot = options.create(Address::Local(name(&reply)?))?;
        let progress = Progress::default();
        Ok(Replies { slot, asked: self.clone(), responder, reply, id, progress, elsewhere: None })
    }
}

/// ```
/// use mailslot::{Error, Mailslot, MailslotWriter, Timeout};
///
/// let slot = Mailslot::create(format!("doc-replies-{}", std::process::id()))?;
/// let replies = MailslotWriter::open(slot.name())?.begin_request(b"count", None, Timeout::Zero)?;
/// let request = slot.receive()?;
/// request.reply(b"one")?;
/// request.reply(b"two")?;
/// drop(slot);
/// assert_eq!(replies.receive_within(Timeout::Forever)?.data, b"one");
/// assert_eq!(replies.receive_within(Timeout::Forever)?.data, b"two");
/// assert!(matches!(replies.receive_within(Timeout::Forever), Err(Error::Closed)));
/// # Ok::<(), mailslot::Error>(())
/// ```
impl Replies {
    /// The next reply. Messages of other users, and of processes that have not read the request, are discarded.
    ///
    /// # Errors
    ///
    /// - [`Error::TimedOut`] if none comes within `timeout`
    /// - [`Error::Closed`] if there is none and the slot that was asked is gone, as for [`MailslotWriter::request`]
    /// - those of [`Mailslot::receive`]
    pub fn receive_within(&self, timeout: impl Into<Timeout>) -> Result<Message> {
        self.receive_until(timeout.into().deadline())
    }

    /// Writes the request, waiting for room as long as `timeout` says. For event loops, and for languages whose waits
    /// end at a signal. After [`Error::Full`] or [`Error::TimedOut`], call it again with the same message; those of the
    /// slot's [members](crate::Sharing::Each) that have the request do not get it twice. After any other error, call
    /// [`end`](Replies::end).
    ///
    /// ```
    /// # use mailslot::{Error, MailslotOptions, MailslotWriter, Sharing, Timeout};
    /// # let name = format!("doc-ask-within-{}", std::process::id());
    /// let join = |capacity| MailslotOptions::new().sharing(Sharing::Each).capacity(capacity).create(&name);
    /// let (roomy, tight) = (join(65_536)?, join(4096)?);
    /// let writer = MailslotWriter::open(&name)?;
    /// writer.write(&[0; 4060])?;
    /// let mut replies = writer.expect_replies(None, Timeout::Forever)?;
    /// while let Err(error) = replies.ask_within(b"ping", Timeout::Zero) {
    ///     assert!(matches!(error, Error::Full { .. }));
    ///     tight.receive()?;
    /// }
    /// assert_eq!(roomy.info()?.count, 2);
    /// tight.receive()?.reply(b"pong")?;
    /// assert_eq!(replies.receive_within(Timeout::Forever)?.data, b"pong");
    /// # Ok::<(), mailslot::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`MailslotWriter::write_within`], never inside an [`Error::Partial`].
    pub fn ask_within(&mut self, message: &[u8], timeout: impl Into<Timeout>) -> Result<()> {
        let End::Here(client) = self.asked.end() else { return Err(Error::Closed) };
        let ask = |message: &[u8], progress: &mut Progress, timeout| {
            client.write_request(self.reply, self.id, message, progress, timeout)
        };
        match &self.elsewhere {
            Some(asking) => ask(&asking.question(message)?, &mut self.progress, network::PATIENCE.into()),
            None => ask(message, &mut self.progress, timeout.into()),
        }
    }

    /// Gives up a request that could not be written, and returns the error of its last try, inside an
    /// [`Error::Partial`] if some members have the request, as [`Progress::end`] makes one.
    pub fn end(self, error: Error) -> Error {
        self.progress.end(error)
    }

    fn receive_until(&self, deadline: Option<Instant>) -> Result<Message> {
        let message = self.receive_here_until(deadline)?;
        if self.elsewhere.is_some() { network::reply(message.data) } else { Ok(message) }
    }

    fn receive_here_until(&self, deadline: Option<Instant>) -> Result<Message> {
        let End::Here(client) = self.asked.end() else { return Err(Error::Closed) };
        let soon = deadline.map_or(SOON, |end| end.saturating_duration_since(Instant::now()).min(SOON));
        if let Some(message) = self.believed(soon)? {
            return Ok(message);
        }
        loop {
            let is_late = deadline.is_some_and(|end| end <= Instant::now());
            // Before the last look: a reply that was written before the end counts.
            let is_over =
                if is_late { client.is_closed() } else { client.wait_for_end(&self.slot.server, deadline)? };
            match self.believed(Duration::ZERO)? {
                Some(message) => return Ok(message),
                None if is_over => return Err(Error::Closed),
                None if is_late => return Err(Error::TimedOut),
                None => {}
            }
        }
    }

    /// The next authentic reply, if it arrives within `time`.
    fn believed(&self, time: Duration) -> Result<Option<Message>> {
        let deadline = Timeout::After(time).deadline();
        loop {
            let left = deadline.map_or(time, |end| end.saturating_duration_since(Instant::now()));
            match self.slot.receive_within(left) {
                Ok(message) if is_reply(&message, self.responder, &self.id) => return Ok(Some(message)),
                Ok(_) => {}
                Err(Error::TimedOut) => return Ok(None),
                Err(error) => return Err(error),
            }
        }
    }
}

/// Readable when there may be something to receive.
#[cfg(unix)]
impl std::os::fd::AsFd for Replies {
    fn as_fd(&self) -> std::os::fd::BorrowedFd<'_> {
        self.slot.as_fd()
    }
}

/// Replying.
impl Message {
    /// Replies to a request. Never waits. [`MailslotWriter::request`] has an example.
    ///
    /// The asker accepts it if this process is of the slot's user and the slot is still open, so reply before closing
    /// it. May be called more than once; most askers take the first reply and then stop waiting.
    ///
    /// # Errors
    ///
    /// - [`Error::NotARequest`] if the message does not ask for a reply
    /// - those of [`ReplyTo::write`]
    pub fn reply(&self, reply: &[u8]) -> Result<()> {
        self.reply_to.ok_or(Error::NotARequest)?.write(reply)
    }
}

impl ReplyTo {
    /// The user who asks, as the kernel reports it.
    ///
    /// # Portability
    ///
    /// Always 0 on Windows, which does not report it.
    pub fn uid(&self) -> u32 {
        self.uid
    }

    /// Writes a reply, as [`Message::reply`] does.
    ///
    /// # Errors
    ///
    /// - [`Error::Closed`] if the asker has ended, or no longer waits
    /// - [`Error::TooLarge`] if the reply is larger than the asker has room for, usually 16 MiB
    /// - those of [`MailslotWriter::write`]
    pub fn write(&self, reply: &[u8]) -> Result<()> {
        self.open()?.write(reply)
    }

    /// Opens the asker's slot, for programs that reply more than once.
    ///
    /// # Errors
    ///
    /// [`Error::Closed`] if the asker has ended, or no longer waits; and those of [`MailslotWriter::open`].
    pub fn open(&self) -> Result<ReplyWriter> {
        let name = name(&self.reply)?;
        match sys::Client::open_owned(&name, self.uid) {
            Err(Error::NotFound(_)) => Err(Error::Closed),
            opened => {
                let writer = MailslotWriter::new(Address::Local(name), End::Here(opened?));
                Ok(ReplyWriter { writer, id: self.id })
            }
        }
    }

    /// As bytes, for bindings to other languages to store: see [`from_parts`](ReplyTo::from_parts).
    pub fn token(&self) -> [u8; 32] {
        let mut token = [0; 32];
        token[..16].copy_from_slice(&self.reply);
        token[16..].copy_from_slice(&self.id);
        token
    }

    /// From the user who asks and the [token](ReplyTo::token). Forging them gains nothing: replies are written with the
    /// rights of this process's user.
    pub fn from_parts(uid: u32, token: [u8; 32]) -> ReplyTo {
        let (mut reply, mut id) = ([0; 16], [0; 16]);
        reply.copy_from_slice(&token[..16]);
        id.copy_from_slice(&token[16..]);
        ReplyTo { uid, reply, id }
    }
}

impl ReplyWriter {
    /// Writes a reply. Never waits. [`Replies`] shows the other end.
    ///
    /// # Errors
    ///
    /// Those of [`ReplyTo::write`].
    pub fn write(&self, reply: &[u8]) -> Result<()> {
        match self.writer.end() {
            End::Here(client) => client.write_reply(self.id, reply),
            End::Elsewhere(_) => Err(Error::Closed),
        }
    }

    /// Whether the asker has ended, or no longer waits.
    pub fn is_closed(&self) -> bool {
        self.writer.is_closed()
    }
}

impl Origin {
    /// The user who wrote the message, as the kernel reports it; `None` if no process of this machine wrote it. For
    /// same-user writers, for which the kernel is not asked, it is this process's user.
    pub fn local_user(&self) -> Option<u32> {
        match self {
            Origin::Local { uid, attested: true, .. } => Some(*uid),
            Origin::Local { attested: false, .. } => Some(sys::user()),
            _ => None,
        }
    }
}

/// Whether this is a reply to the request `id`, written by the user `responder`.
fn is_reply(message: &Message, responder: Option<u32>, id: &[u8; 16]) -> bool {
    message.origin.local_user() == responder && message.in_reply_to.as_ref() == Some(id)
}

fn name(reply: &[u8; 16]) -> Result<SlotName> {
    format!(r"mailslot\reply\{:032x}", u128::from_be_bytes(*reply)).parse::<SlotName>().map_err(Error::from)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn users_are_those_that_the_kernel_tells(uid: u32, attested: bool) {
            let origin = Origin::Local { pid: 1, uid, gid: 0, attested };
            prop_assert_eq!(origin.local_user(), Some(if attested { uid } else { sys::user() }));
            let network = crate::NetworkOrigin::new("SRV1");
            prop_assert_eq!([Origin::Unknown, network.into()].map(|origin| origin.local_user()), [None, None]);
        }

        #[test]
        fn replies_are_those_of_who_was_asked_to_this_request(
            id: [u8; 16], other: [u8; 16], responder in 0..4_u32, writer in 0..4_u32, is_plain: bool,
        ) {
            let origin = Origin::Local { pid: 1, uid: writer, gid: 0, attested: true };
            let mut message = Message::new("yes", origin);
            message.in_reply_to = (!is_plain).then_some(id);
            prop_assert_eq!(is_reply(&message, Some(responder), &id), writer == responder && !is_plain);
            prop_assert_eq!(is_reply(&message, Some(writer), &other), id == other && !is_plain);
            message.origin = Origin::Unknown;
            prop_assert!(!is_reply(&message, Some(responder), &id));
        }

        #[test]
        fn tokens_are_all_of_where_replies_go(uid: u32, reply: [u8; 16], id: [u8; 16]) {
            let to = ReplyTo { uid, reply, id };
            prop_assert_eq!(ReplyTo::from_parts(uid, to.token()), to);
        }

        #[test]
        fn slots_for_replies_are_one_for_each_number(one: [u8; 16], other: [u8; 16]) {
            let (named, another) = (name(&one).expect("valid"), name(&other).expect("valid"));
            prop_assert_eq!(named == another, one == other);
            prop_assert!(named.as_str().starts_with(r"mailslot\reply\"));
        }
    }
}
