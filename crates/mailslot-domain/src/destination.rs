//! Destinations of messages: a slot of every computer of a domain, or of one computer.

use crate::crypto::Token;

/// A slot of every computer of a domain, or of one computer: has the key expression for puts and subscriptions.
///
/// From [`Domain::broadcast`](crate::Domain::broadcast), [`Domain::directed`](crate::Domain::directed) and
/// [`Domain::destination`](crate::Domain::destination).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Destination {
    key_expression: String,
    id: Id,
}

/// Identifies a destination in the derivation of keys, and in streams.
///
/// ```text
/// 1 · token of the slot 16
/// 2 · token of the computer 16 · token of the slot 16
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Id {
    bytes: [u8; DIRECTED],
    size: u8,
}

const BROADCAST: usize = 17;
const DIRECTED: usize = 33;

/// Longest name of a slot in a domain, in bytes of its upper-case form: it must fit into a presence.
pub(crate) const MAX_SLOT_NAME: usize = 255;

/// The name, in upper case, of a slot that no computer has, for requests of a computer's time. Names with this prefix
/// are reserved for the node.
pub(crate) const CLOCK: &str = "MAILSLOT\\NODE\\CLOCK";

/// The kinds of names: a computer and a slot of the same name have different tokens.
pub(crate) const SLOT: u8 = 1;
pub(crate) const COMPUTER: u8 = 2;

impl Destination {
    pub(crate) fn broadcast(prefix: &str, slot: &str, token: Token) -> Destination {
        let mut bytes = [0; DIRECTED];
        bytes[0] = 1;
        bytes[1..BROADCAST].copy_from_slice(&token);
        Destination { key_expression: format!("{prefix}/all/{slot}"), id: Id { bytes, size: BROADCAST as u8 } }
    }

    pub(crate) fn directed(prefix: &str, computer: (&str, Token), slot: (&str, Token)) -> Destination {
        let mut bytes = [0; DIRECTED];
        bytes[0] = 2;
        bytes[1..BROADCAST].copy_from_slice(&computer.1);
        bytes[BROADCAST..].copy_from_slice(&slot.1);
        let key_expression = format!("{prefix}/to/{}/{}", computer.0, slot.0);
        Destination { key_expression, id: Id { bytes, size: DIRECTED as u8 } }
    }

    /// The key expression to put to, to subscribe to, to query and to answer queries on.
    pub fn key_expression(&self) -> &str {
        &self.key_expression
    }

    pub(crate) fn id(&self) -> Id {
        self.id
    }

    /// The token of the slot: the last part of both forms.
    pub(crate) fn slot(&self) -> Token {
        *self.id.bytes().last_chunk().expect("both forms end with 16 bytes")
    }

    /// Whether it is one computer's slot with this token.
    pub(crate) fn is_directed_to(&self, slot: &Token) -> bool {
        self.id.bytes().get(BROADCAST..) == Some(slot)
    }
}

impl Id {
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.size)]
    }
}
