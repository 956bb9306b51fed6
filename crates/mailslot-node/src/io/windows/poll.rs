//! Waits for requests and for the end.

use std::time::Instant;

use mailslot::Timeout;

use super::intake::Intake;
use super::signals::Signals;
use super::sockets::SocketId;
use crate::error::Result;

/// The purpose of a source, as on Unix.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Token {
    /// The end.
    Signals,
    /// Interfaces, addresses or routes have changed.
    Changes,
    /// Messages of this machine's programs to other machines.
    Outgoing,
    /// Requests of this machine's programs.
    Control,
    /// Modern domains.
    Domains,
    /// Datagrams from nmbd.
    Nmbd,
    /// Packets: never.
    #[allow(dead_code, reason = "there are no sockets")]
    Socket(SocketId),
}

/// What a node can wait for.
#[derive(Clone, Copy)]
pub(crate) enum Source<'a> {
    Signals(&'a Signals),
    Slot(&'a Intake),
}

/// What to wait for: one slot at most, as a node without a legacy network has one, and the end.
#[derive(Default)]
pub(crate) struct Poll<'a> {
    signals: Option<&'a Signals>,
    slot: Option<(Token, &'a Intake)>,
}

impl<'a> Poll<'a> {
    pub(crate) fn new() -> Poll<'a> {
        Poll::default()
    }

    pub(crate) fn add(&mut self, token: Token, source: impl Into<Option<Source<'a>>>) {
        match source.into() {
            None => {}
            Some(Source::Signals(signals)) => self.signals = Some(signals),
            Some(Source::Slot(slot)) => self.slot = Some((token, slot)),
        }
    }

    /// Waits until there is a message, the time `until` has come, or the end is requested. Returns what is ready.
    pub(crate) fn wait(self, now: Instant, until: Option<Instant>) -> Result<Vec<Token>> {
        let Poll { signals, slot } = self;
        match (slot, signals) {
            (Some((token, slot)), signals) => {
                let is_end = signals.is_some_and(|signals| signals.end_reads_of(slot.slot()));
                let left = until.map_or(Timeout::Forever, |until| until.saturating_duration_since(now).into());
                let has_message = slot.wait(if is_end { Timeout::Zero } else { left });
                Ok(if has_message { vec![token] } else { Vec::new() })
            }
            (None, Some(signals)) => {
                signals.wait(until);
                Ok(Vec::new())
            }
            (None, None) => Ok(Vec::new()),
        }
    }
}
