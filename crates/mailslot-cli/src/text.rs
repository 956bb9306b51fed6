//! The conversion between text and messages: an encoding, and perhaps a NUL at the end, as programs for Windows use.

use std::borrow::Cow;

use mailslot::Message;

use crate::encoding::{Decoded, Encoding};

/// How text and messages are converted. By default, they are the same bytes.
#[derive(Clone, Copy, Default)]
pub struct Text {
    /// The encoding of messages, whose text is UTF-8 here.
    pub encoding: Option<Encoding>,
    /// Whether messages end with a NUL that is not part of the text.
    pub nul: bool,
}

/// A message, and its text.
pub struct Shown<'a> {
    pub message: &'a Message,
    /// In UTF-8, if there is an encoding.
    pub text: Cow<'a, [u8]>,
    /// Whether no byte had to be escaped.
    pub whole: bool,
}

impl Text {
    /// Whether messages are sent as they are.
    pub fn is_bytes(self) -> bool {
        self.encoding.is_none() && !self.nul
    }

    /// The text of a received message.
    pub fn show(self, message: &Message) -> Shown<'_> {
        let (mut text, whole) = match self.encoding {
            None => (Cow::Borrowed(&message.data[..]), true),
            Some(encoding) => {
                let Decoded { text, whole } = encoding.decode(&message.data);
                (Cow::Owned(text.into_bytes()), whole)
            }
        };
        if self.nul {
            // All trailing NULs: programs that send a whole buffer have filled it up with them.
            let length = text.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
            text = match text {
                Cow::Borrowed(text) => Cow::Borrowed(&text[..length]),
                Cow::Owned(mut text) => {
                    text.truncate(length);
                    Cow::Owned(text)
                }
            };
        }
        Shown { message, text, whole }
    }

    /// The message for a text, or why it cannot be encoded.
    pub fn message(self, text: &[u8]) -> Result<Vec<u8>, String> {
        let Some(encoding) = self.encoding else {
            return Ok([text, &[0][..usize::from(self.nul)]].concat());
        };
        let text = match std::str::from_utf8(text) {
            Ok(text) => text,
            Err(error) => return Err(not_utf8(text, error.valid_up_to())),
        };
        let nul = &"\0"[..usize::from(self.nul)];
        encoding.encode(&format!("{text}{nul}")).map_err(|unmappable| unmappable.to_string())
    }

    /// The most bytes of text for a message of `size` bytes.
    pub fn most(self, size: usize) -> usize {
        if self.encoding.is_some() { size.saturating_mul(Encoding::EXPANSION) } else { size }
    }
}

fn not_utf8(text: &[u8], at: usize) -> String {
    let byte = text.get(at).copied().unwrap_or_default();
    format!(
        "the text is not UTF-8: byte {} is 0x{byte:02x}. --encoding is the encoding of the message; text that has it \
         already is sent without",
        at + 1
    )
}
