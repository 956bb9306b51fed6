//! Asking the node of this machine: a request in one of its slots, and what it answers in a slot of the asker.
//!
//! Everybody may write to the node's slots, and anybody may create a slot, so neither side believes what the other says of
//! itself:
//!
//! - The asker's slot has a name that cannot be guessed, and lets nobody write but the user whose slot the node's is. An
//!   answer counts if the kernel says that this user wrote it, and if it repeats the id of the request, which nobody else has
//!   seen: neither a late answer nor one to another request is taken for this one's.
//! - The node answers the user who asks, as the kernel tells it ([`Asker`]): only a slot of that user is written to, and of its
//!   slots none but those made for answers.
//!
//! ```text
//! request:  version 1 · id 16 · reply 16 · content
//! answer:   version 1 · id 16 · content
//! ```
//!
//! The slot for the answers is `mailslot\reply\` and the 32 hexadecimal digits of `reply`.

use std::os::fd::{AsFd, BorrowedFd};
use std::time::Instant;

use crate::address::Address;
use crate::error::{Error, Result};
use crate::name::SlotName;
use crate::options::{Access, MailslotOptions, Timeout};
use crate::{Mailslot, MailslotWriter, Message, Origin, sys};

/// First byte of requests and answers. Raised whenever their layout changes, or that of their content.
const VERSION: u8 = 2;
/// Bytes of an id.
const ID: usize = 16;

/// How long a slot of the node may be full, because others ask as well, until asking fails.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(2);

/// A request that the node has got, and what it answers.
#[derive(Debug)]
pub struct Conversation {
    reply: Mailslot,
    id: [u8; ID],
    node: MailslotWriter,
    /// Whose the node is.
    user: u32,
}

/// Who has asked, for whoever is to answer: a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Asker {
    uid: u32,
    id: [u8; ID],
    reply: [u8; ID],
}

/// The way back to an asker who gets more than one answer.
#[derive(Debug)]
pub struct AnswerWriter {
    writer: MailslotWriter,
    id: [u8; ID],
}

impl Conversation {
    /// Writes `content` to the node's slot `slot`. Up to `capacity` bytes of answers may wait to be received, or as many as
    /// any slot holds if that is `None`.
    ///
    /// # Errors
    ///
    /// - [`Error::NotFound`] if no node has this slot
    /// - those of creating a slot, and of writing to the node's, with [`Error::TimedOut`] if it stays full
    pub fn begin(slot: &str, content: &[u8], capacity: Option<u64>) -> Result<Conversation> {
        let node = MailslotWriter::open(slot)?;
        // Every slot that is not on the network has an owner.
        let user = node.owner().ok_or(Error::Closed)?;
        let (id, reply) = (sys::random()?, sys::random()?);
        let mut options = MailslotOptions::new();
        options.access(if user == sys::user() { Access::Owner } else { Access::Users(vec![user]) });
        if let Some(bytes) = capacity {
            options.capacity(bytes);
        }
        let conversation = Conversation { reply: options.create(Address::Local(reply_name(&reply)?))?, id, node, user };
        let request = [&[VERSION], &id[..], &reply, content].concat();
        conversation.node.write_within(&request, Timeout::After(PATIENCE))?;
        Ok(conversation)
    }

    /// The next answer. What the node's user has not written, or not to this request, is thrown away.
    ///
    /// # Errors
    ///
    /// [`Error::TimedOut`] if none comes within `timeout`, and those of reading.
    pub fn receive_within(&self, timeout: Timeout) -> Result<Vec<u8>> {
        let deadline = timeout.deadline();
        loop {
            let left = deadline.map_or(timeout, |end| Timeout::After(end.saturating_duration_since(Instant::now())));
            let message = self.reply.receive_within(left)?;
            if let Some(content) = answer_in(&message, self.user, &self.id) {
                return Ok(content.to_vec());
            }
        }
    }

    /// Whether the node's slot is gone: then there are no more answers than those that wait.
    pub fn is_over(&self) -> bool {
        self.node.is_closed()
    }
}

/// Readable when there is something to receive.
impl AsFd for Conversation {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.reply.as_fd()
    }
}

impl Asker {
    /// Who asks and what, in a message to one of the node's slots; `None` if it is no request.
    pub fn of(message: &Message) -> Option<(Asker, &[u8])> {
        let uid = user_of(message)?;
        let (id, rest) = message.data.strip_prefix(&[VERSION])?.split_first_chunk()?;
        let (reply, content) = rest.split_first_chunk()?;
        Some((Asker { uid, id: *id, reply: *reply }, content))
    }

    /// The user who asks, as the kernel tells it.
    pub fn uid(&self) -> u32 {
        self.uid
    }

    /// The way back to the asker.
    ///
    /// # Errors
    ///
    /// Those of [`MailslotWriter::open_owned`]: [`Error::NotFound`] if the asker has no such slot, or no longer.
    pub fn open(&self) -> Result<AnswerWriter> {
        Ok(AnswerWriter { writer: MailslotWriter::open_owned(&reply_name(&self.reply)?, self.uid)?, id: self.id })
    }

    /// Answers. Who has gone, or has no room, gets no answer.
    pub fn answer(&self, content: &[u8]) {
        if let Ok(writer) = self.open() {
            let _ = writer.write(content);
        }
    }
}

impl AnswerWriter {
    /// Writes an answer. Never waits.
    ///
    /// # Errors
    ///
    /// Those of [`MailslotWriter::write`].
    pub fn write(&self, content: &[u8]) -> Result<()> {
        self.writer.write(&[&[VERSION], &self.id[..], content].concat())
    }

    /// Whether the asker is gone.
    pub fn is_closed(&self) -> bool {
        self.writer.is_closed()
    }
}

/// What the node of the user `user` has answered to the request `id`, if the message is that.
fn answer_in<'m>(message: &'m Message, user: u32, id: &[u8; ID]) -> Option<&'m [u8]> {
    let content = message.data.strip_prefix(&[VERSION])?.strip_prefix(id)?;
    (user_of(message) == Some(user)).then_some(content)
}

/// The user who wrote the message, by the word of the kernel; `None` if it is of no process of this machine. Where the kernel is
/// not asked, which is for writers of the slot's own user alone, it is this process's user.
pub fn user_of(message: &Message) -> Option<u32> {
    match message.origin {
        Origin::Local { uid, attested: true, .. } => Some(uid),
        Origin::Local { attested: false, .. } => Some(sys::user()),
        _ => None,
    }
}

fn reply_name(reply: &[u8; ID]) -> Result<SlotName> {
    format!(r"mailslot\reply\{:032x}", u128::from_be_bytes(*reply)).parse()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn message(data: Vec<u8>, uid: u32) -> Message {
        Message { data, origin: Origin::Local { pid: 1, uid, gid: 0, attested: true }, lost_before: 0 }
    }

    fn network_origin() -> crate::NetworkOrigin {
        crate::NetworkOrigin { computer: String::new(), domain: None, address: None, authenticated: true }
    }

    proptest! {
        #[test]
        fn requests_tell_who_asks_and_what(id: [u8; ID], reply: [u8; ID], uid: u32, content: Vec<u8>, cut: usize) {
            let bytes = [&[VERSION], &id[..], &reply, &content].concat();
            let asked = message(bytes.clone(), uid);
            prop_assert_eq!(Asker::of(&asked), Some((Asker { uid, id, reply }, &content[..])));
            let short = message(bytes[..cut % (1 + 2 * ID)].to_vec(), uid);
            prop_assert_eq!(Asker::of(&short), None);
        }

        #[test]
        fn what_is_no_request_has_no_asker(bytes: Vec<u8>) {
            let is_request = bytes.first() == Some(&VERSION) && bytes.len() > 2 * ID;
            prop_assert_eq!(Asker::of(&message(bytes.clone(), 1)).is_some(), is_request);
            let of_nobody = Message { data: bytes, origin: Origin::Unknown, lost_before: 0 };
            prop_assert_eq!(Asker::of(&of_nobody), None);
        }

        #[test]
        fn answers_are_those_of_the_nodes_user_to_this_request(
            id: [u8; ID], other: [u8; ID], user in 0..4_u32, writer in 0..4_u32, content: Vec<u8>, cut in 0..=ID,
        ) {
            let bytes = [&[VERSION], &id[..], &content].concat();
            let said = message(bytes.clone(), writer);
            prop_assert_eq!(answer_in(&said, user, &id), (writer == user).then_some(&content[..]));
            prop_assert_eq!(answer_in(&said, writer, &other).is_some(), id == other);
            let short = message(bytes[..cut].to_vec(), writer);
            prop_assert_eq!(answer_in(&short, writer, &id), None);
            // Whoever needs no word of the kernel is of the own user.
            let recorded = Origin::Local { pid: 1, uid: writer, gid: 0, attested: false };
            let said = Message { data: bytes.clone(), origin: recorded, lost_before: 0 };
            prop_assert_eq!(answer_in(&said, user, &id).is_some(), user == sys::user());
            for origin in [Origin::Unknown, Origin::Network(Box::new(network_origin()))] {
                let of_nobody = Message { data: bytes.clone(), origin, lost_before: 0 };
                prop_assert_eq!(answer_in(&of_nobody, user, &id), None);
            }
        }

        #[test]
        fn slots_for_answers_are_one_for_each_number(one: [u8; ID], other: [u8; ID]) {
            let (name, another) = (reply_name(&one).expect("valid"), reply_name(&other).expect("valid"));
            prop_assert_eq!(name == another, one == other);
            prop_assert!(name.as_str().starts_with(r"mailslot\reply\"));
        }
    }
}
