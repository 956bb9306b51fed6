//! Iterating over messages.

use core::iter::FusedIterator;

use crate::error::{Error, Result};
use crate::mailslot::Mailslot;
use crate::message::Message;
use crate::options::Timeout;

/// An iterator over the messages of a slot, made by [`Mailslot::iter`] and [`Mailslot::try_iter`].
///
/// It ends when no message arrives in time, and after [`Mailslot::abort_reads`]. Any other error is its last item.
#[derive(Clone, Debug)]
pub struct Iter<'a> {
    slot: &'a Mailslot,
    /// `None`: the slot's read timeout.
    timeout: Option<Timeout>,
    ended: bool,
}

impl Mailslot {
    /// The messages as they arrive. Waits for each as long as the slot's read timeout says: for ever, unless another
    /// one was set.
    ///
    /// ```
    /// use mailslot::{Mailslot, MailslotOptions, MailslotWriter};
    /// use std::time::Duration;
    ///
    /// let name = format!("doc-iter-{}", std::process::id());
    /// let slot = MailslotOptions::new().read_timeout(Duration::from_millis(10)).create(&name)?;
    /// MailslotWriter::open(&name)?.write_batch(&["one", "two"])?;
    /// for message in &slot {
    ///     println!("{} bytes", message?.data.len());
    /// }
    /// # Ok::<(), mailslot::Error>(())
    /// ```
    pub fn iter(&self) -> Iter<'_> {
        Iter { slot: self, timeout: None, ended: false }
    }

    /// The messages that are there, and those that arrive meanwhile; never waits.
    ///
    /// ```
    /// use mailslot::{Mailslot, MailslotWriter};
    ///
    /// let name = format!("doc-try-iter-{}", std::process::id());
    /// let slot = Mailslot::create(&name)?;
    /// MailslotWriter::open(&name)?.write_batch(&["one", "two"])?;
    /// let data: mailslot::Result<Vec<_>> = slot.try_iter().map(|message| Ok(message?.data)).collect();
    /// assert_eq!(data?, [b"one", b"two"]);
    /// # Ok::<(), mailslot::Error>(())
    /// ```
    pub fn try_iter(&self) -> Iter<'_> {
        Iter { slot: self, timeout: Some(Timeout::Zero), ended: false }
    }
}

impl Iterator for Iter<'_> {
    type Item = Result<Message>;

    fn next(&mut self) -> Option<Result<Message>> {
        if self.ended {
            return None;
        }
        let next = self.timeout.map_or_else(|| self.slot.receive(), |timeout| self.slot.receive_within(timeout));
        self.ended = next.is_err();
        match next {
            Err(Error::TimedOut | Error::Closed) => None,
            next => Some(next),
        }
    }
}

impl FusedIterator for Iter<'_> {}

/// The messages of [`Mailslot::iter`].
impl<'a> IntoIterator for &'a Mailslot {
    type Item = Result<Message>;
    type IntoIter = Iter<'a>;

    fn into_iter(self) -> Iter<'a> {
        self.iter()
    }
}
