//! The messages of one slot, shown below the table.

use std::collections::VecDeque;
use std::os::fd::{AsFd, BorrowedFd};

use mailslot::{Error, Mailslot, Message, SlotName};

use crate::escape::{self, cell};

/// The most lines kept: more than a terminal has.
const LINES: usize = 500;
/// The most messages read before the picture is drawn again.
const MAX_READS: usize = 4096;
/// The most characters of a message kept: terminals may be wide.
const WIDE: usize = 1000;
/// Bytes that unread messages may take. Beyond that they may be lost: too many to look at.
const CAPACITY: u64 = 4 << 20;

pub struct Tap {
    name: String,
    /// `None` after the end of the slot or a failure, which the last line shows.
    slot: Option<Mailslot>,
    lines: VecDeque<String>,
}

impl Tap {
    pub fn open(name: &SlotName) -> Tap {
        let opened = Mailslot::options().capacity(CAPACITY).tap(name);
        let (slot, lines) = match opened {
            Ok(slot) => (Some(slot), VecDeque::new()),
            Err(error) => (None, VecDeque::from([escape::Line(error).to_string()])),
        };
        Tap { name: cell(name), slot, lines }
    }

    /// Reads the messages that have arrived.
    pub fn take(&mut self) {
        let Some(slot) = &self.slot else { return };
        for _ in 0..MAX_READS {
            match slot.try_receive() {
                Ok(Some(message)) => add(&mut self.lines, &message),
                Ok(None) => return,
                Err(error) => {
                    let why = if matches!(error, Error::Closed) {
                        "the slot has ended".to_owned()
                    } else {
                        error.to_string()
                    };
                    push(&mut self.lines, format!("({})", escape::Line(why)));
                    self.slot = None;
                    return;
                }
            }
        }
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    /// The last lines, at most `most`.
    pub fn last(&self, most: usize) -> impl Iterator<Item = &str> {
        self.lines.iter().skip(self.lines.len().saturating_sub(most)).map(String::as_str)
    }

    /// A descriptor that is readable when more messages arrive.
    pub fn source(&self) -> Option<BorrowedFd<'_>> {
        self.slot.as_ref().map(AsFd::as_fd)
    }
}

fn add(lines: &mut VecDeque<String>, message: &Message) {
    if message.lost_before > 0 {
        push(lines, format!("({} lost: too many to show)", message.lost_before));
    }
    let mut text = String::new();
    escape::bytes_into(&message.data[..message.data.len().min(WIDE)], &mut text);
    push(lines, text);
}

fn push(lines: &mut VecDeque<String>, line: String) {
    if lines.len() >= LINES {
        lines.pop_front();
    }
    lines.push_back(line);
}

#[cfg(test)]
mod tests {
    use mailslot::Origin;

    use super::*;
    use crate::hostile;

    #[test]
    fn a_message_is_a_line_whatever_is_in_it_and_the_last_ones_are_kept() {
        let mut lines = VecDeque::new();
        for text in hostile::texts() {
            add(&mut lines, &Message::new(text.as_bytes(), Origin::Unknown));
        }
        assert_eq!(lines.len(), hostile::texts().len().min(LINES));
        assert!(lines.iter().all(|line| !line.chars().any(char::is_control)), "{lines:?}");
        for number in 0..2 * LINES {
            add(&mut lines, &Message::new(number.to_string(), Origin::Unknown));
        }
        let mut gap = Message::new("last", Origin::Unknown);
        gap.lost_before = 7;
        add(&mut lines, &gap);
        assert_eq!(lines.len(), LINES);
        let tap = Tap { name: String::new(), slot: None, lines };
        let last = [(2 * LINES - 1).to_string(), "(7 lost: too many to show)".to_owned(), "last".to_owned()];
        assert!(tap.last(3).eq(last.iter().map(String::as_str)));
    }
}
