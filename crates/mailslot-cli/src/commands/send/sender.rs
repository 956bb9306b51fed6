//! Messages of `mailslot send`, from all sources.

use std::fs::File;
use std::io::{self, BufRead, Read};
use std::path::Path;
use std::time::Duration;

use mailslot::{Address, Error, Outcome, Receipt, Timeout};
use serde::Serialize;

use super::end::End;
use crate::escape::{Ending, cell};
use crate::exit::{self, Failure, Result};
use crate::text::Text;
use crate::{output, sys};

/// Sends messages and counts them.
pub(super) struct Sender {
    pub(super) end: End,
    pub(super) wait: Timeout,
    pub(super) text: Text,
    pub(super) sent: u64,
    /// How long to wait for the receipts of each message, if they are wanted.
    pub(super) confirm: Option<Duration>,
    /// Whether receipts are printed as JSON.
    pub(super) json: bool,
    /// Messages that were not delivered everywhere.
    pub(super) lost: u64,
}

impl Sender {
    pub(super) fn file(&mut self, path: &Path) -> Result {
        let name = path.display();
        let file = File::open(path).map_err(|source| Failure::io(format!("open {name}"), source))?;
        self.whole(file, &name.to_string())
    }

    /// Sends all of `input` as one message.
    pub(super) fn whole(&mut self, input: impl Read, name: &str) -> Result {
        let limit = self.end.max_message_size();
        let mut message = Vec::new();
        // Reads at most one byte beyond the limit, because input may be endless.
        let most = self.text.most(limit);
        let bytes = u64::try_from(most).unwrap_or(u64::MAX).saturating_add(1);
        input.take(bytes).read_to_end(&mut message).map_err(|source| Failure::io(format!("read {name}"), source))?;
        if message.len() > most {
            return Err(self.too_large(limit));
        }
        self.all(&[&message])
    }

    /// Sends each line of `input` as soon as it is read, in one batch with others read together.
    pub(super) fn lines(&mut self, mut input: impl BufRead, end: Ending) -> Result {
        let is_end = |byte: &u8| *byte == end.byte();
        let limit = self.end.max_message_size();
        let mut begun = Vec::new();
        loop {
            let read = match input.fill_buf() {
                Ok(read) => read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(Failure::io("read standard input", error)),
            };
            if read.is_empty() {
                return if begun.is_empty() { Ok(()) } else { self.all(&[&begun]) };
            }
            let consumed = read.len();
            // After the last line end, the rest is the beginning of a line, perhaps an empty one.
            let rest = match read.iter().rposition(is_end) {
                None => read,
                Some(last) => {
                    let (ended, rest) = (&read[..last], &read[last + 1..]);
                    let mut lines: Vec<&[u8]> = ended.split(is_end).collect();
                    if let Some(first) = lines.first_mut() {
                        begun.extend_from_slice(first);
                        *first = &begun;
                    }
                    if end == Ending::Line {
                        lines.iter_mut().for_each(|line| *line = sys::line(line));
                    }
                    self.all(&lines)?;
                    begun.clear();
                    rest
                }
            };
            begun.extend_from_slice(rest);
            input.consume(consumed);
            if begun.len() > self.text.most(limit) {
                return Err(self.too_large(limit));
            }
        }
    }

    fn too_large(&self, limit: usize) -> Failure {
        let size = limit.saturating_add(1);
        let error = match self.end.address() {
            Address::Local(_) => Error::TooLarge { size, limit },
            _ => Error::TooLargeForNetwork { size, limit },
        };
        Failure::InputTooLarge { sent: self.sent, limit, code: error.win32_code() }
    }

    /// Sends texts as messages, up to the first that cannot be encoded.
    pub(super) fn all(&mut self, texts: &[&[u8]]) -> Result {
        if self.text.is_bytes() {
            return self.messages(texts);
        }
        let mut messages = Vec::with_capacity(texts.len());
        let mut wrong = None;
        for text in texts {
            match self.text.message(text) {
                Ok(message) => messages.push(message),
                Err(what) => {
                    wrong = Some(what);
                    break;
                }
            }
        }
        self.messages(&messages.iter().map(Vec::as_slice).collect::<Vec<_>>())?;
        wrong.map_or(Ok(()), |what| Err(Failure::Text { sent: self.sent, what }))
    }

    fn messages(&mut self, mut messages: &[&[u8]]) -> Result {
        if let Some(within) = self.confirm {
            return messages.iter().try_for_each(|message| self.confirmed(message, within));
        }
        while !messages.is_empty() {
            let written = self.end.write(messages, self.wait, self.sent)?;
            self.sent += written as u64;
            messages = messages.get(written..).unwrap_or_default();
        }
        Ok(())
    }

    fn confirmed(&mut self, message: &[u8], within: Duration) -> Result {
        let receipts = self.end.write_confirmed(message, within);
        let receipts = receipts.map_err(|cause| Failure::Send { sent: self.sent, cause })?;
        self.sent += 1;
        let delivered = |receipt: &Receipt| receipt.outcome == Outcome::Delivered;
        if receipts.is_empty() {
            exit::complain("no slot receives at this address");
        }
        self.lost += u64::from(receipts.is_empty() || !receipts.iter().all(delivered));
        if self.json {
            let message = self.sent;
            return output::print_json_lines(receipts.iter().map(|receipt| ReceiptJson { message, receipt }));
        }
        output::lines(receipts.iter().map(|receipt| line_of(&receipt.computer, receipt.outcome)))
    }
}

/// A receipt with the number of its message, from 1.
#[derive(Serialize)]
struct ReceiptJson<'a> {
    message: u64,
    #[serde(flatten)]
    receipt: &'a Receipt,
}

fn line_of(computer: &str, outcome: Outcome) -> String {
    format!("{} {outcome}", cell(computer))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hostile;

    #[test]
    fn receipts_stay_in_their_cells() {
        hostile::stays_in_its_cells(|text| vec![line_of(text, Outcome::Delivered)]);
    }
}
