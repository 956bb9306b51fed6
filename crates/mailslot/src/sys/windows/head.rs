//! What precedes each message in the slots of a node and in those for replies.
//!
//! Mailslots of Windows carry bytes and nothing else. Whoever answers requests also needs to know where replies go, and
//! whoever has asked, which request is answered. In these slots, and in no others, a message therefore begins with
//!
//! ```text
//! plain    0
//! request  1 · number of the slot for replies 16 · id 16
//! reply    2 · id of the request 16
//! ```
//!
//! A program that writes something else to such a slot is ignored: nothing here trusts what a head says. A forged
//! request gets its reply in a slot that only who has made it can read, and a forged reply lacks the id.

use crate::message::{Envelope, Origin, ReplyTo};
use mailslot_names::SlotName;

/// The names of these slots, as they are compared.
const NODE: &str = r"MAILSLOT\NODE";
const REPLIES: &str = r"MAILSLOT\REPLY\";

const PLAIN: u8 = 0;
const REQUEST: u8 = 1;
const REPLY: u8 = 2;

/// Whether messages in the slot begin with a head.
pub(super) fn precedes(name: &SlotName) -> bool {
    is_of_node(name) || name.folded().starts_with(REPLIES)
}

/// Whether the slot is one of a node.
pub(super) fn is_of_node(name: &SlotName) -> bool {
    name.folded().strip_prefix(NODE).is_some_and(|rest| rest.is_empty() || rest.starts_with('\\'))
}

pub(super) fn plain() -> Vec<u8> {
    vec![PLAIN]
}

pub(super) fn request(reply: [u8; 16], id: [u8; 16]) -> Vec<u8> {
    [&[REQUEST], &reply[..], &id[..]].concat()
}

pub(super) fn reply(id: [u8; 16]) -> Vec<u8> {
    [&[REPLY], &id[..]].concat()
}

/// What the head says, and its size. A message without one is empty, and says nothing.
pub(super) fn take(message: &[u8]) -> (Envelope, usize) {
    let mut envelope = Envelope::new(Origin::Unknown);
    let size = match message.split_first() {
        Some((&PLAIN, _)) => 1,
        Some((&REQUEST, rest)) => {
            match rest.split_first_chunk().and_then(|(reply, rest)| Some((reply, rest.first_chunk()?))) {
                Some((reply, id)) => {
                    envelope.reply_to = Some(ReplyTo { uid: super::user(), reply: *reply, id: *id });
                    33
                }
                None => message.len(),
            }
        }
        Some((&REPLY, rest)) => match rest.first_chunk() {
            Some(id) => {
                envelope.in_reply_to = Some(*id);
                17
            }
            None => message.len(),
        },
        _ => message.len(),
    };
    (envelope, size)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> SlotName {
        text.parse().expect("valid")
    }

    #[test]
    fn slots_of_a_node_and_for_replies_have_heads_and_no_others() {
        for text in [r"mailslot\node", r"Mailslot\Node\control", r"mailslot\reply\00ff"] {
            assert!(precedes(&name(text)), "{text}");
        }
        for text in [r"mailslot\nodes", r"node", r"mailslot\reply", r"x\mailslot\node"] {
            assert!(!precedes(&name(text)), "{text}");
        }
    }

    #[test]
    fn heads_say_what_was_meant_and_what_is_cut_says_nothing() {
        let (number, id) = ([1; 16], [2; 16]);
        for (head, reply_to, in_reply_to) in [
            (plain(), None, None),
            (request(number, id), Some(ReplyTo { uid: 0, reply: number, id }), None),
            (reply(id), None, Some(id)),
        ] {
            let (envelope, size) = take(&[&head[..], b"data"].concat());
            assert_eq!((envelope.reply_to, envelope.in_reply_to, size), (reply_to, in_reply_to, head.len()));
            for cut in 0..head.len() {
                let (envelope, size) = take(&head[..cut]);
                assert_eq!((envelope.reply_to, envelope.in_reply_to, size), (None, None, cut));
            }
        }
        assert_eq!(take(b"\x03newer").1, 6);
    }
}
