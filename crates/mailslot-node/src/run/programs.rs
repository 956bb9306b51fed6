//! Serves programs of this machine: sends their messages and answers their requests.

use std::fmt::Display;
use std::time::{Duration, Instant};

use mailslot::network::{self, Undecoded};
use mailslot::{Access, Address, MailslotOptions};

use super::shared::Shared;
use crate::answers::{Answers, State};
use crate::config;
use crate::control::{self, Unused};
use crate::error::{Error, Result};
use crate::io::driver::Driver;
use crate::io::intake::Intake;
use crate::io::poll::{Poll, Token};
use crate::routing;
use crate::under_way::UnderWay;
use mailslot_netbios::{Config, RequestId, SendError};

/// Bytes of messages that may wait for the node.
const CAPACITY: u64 = 1 << 20;
/// How often to try again to create a slot that already exists, and after which pause.
const TRIES: u32 = 10;
const PAUSE: Duration = Duration::from_millis(20);

/// The node's slots, and the requests from them that are in progress.
pub(super) struct Programs {
    control: Intake,
    /// Messages to send in the NetBIOS network, if this machine is in one.
    outgoing: Option<Intake>,
    /// Messages of users that wait until their destination is found.
    waiting: UnderWay<()>,
    pub(super) answers: Answers,
}

impl Programs {
    /// Creates only the slot for requests. The slot for messages is created later, so that a program that finds it
    /// finds a node that can send.
    ///
    /// # Errors
    ///
    /// [`Error::AlreadyRuns`] if another node has the slot, [`Error::Slot`] if it cannot be created.
    pub(super) fn new(config: &Config, now: Instant) -> Result<Programs> {
        Ok(Programs {
            control: slot(control::SLOT)?,
            outgoing: None,
            waiting: UnderWay::new(config.limits.waiting_messages),
            answers: Answers::new(config, now),
        })
    }

    /// Opens or closes the slot for messages, according to the settings.
    ///
    /// # Errors
    ///
    /// As [`new`](Programs::new).
    pub(super) fn open(&mut self, settings: &config::Settings) -> Result<()> {
        match (settings.netbios, &self.outgoing) {
            (false, _) => self.outgoing = None,
            (true, None) => self.outgoing = Some(slot(network::SLOT)?),
            (true, Some(_)) => {}
        }
        Ok(())
    }

    /// Drops all requests in progress, without answers.
    pub(super) fn restart(&mut self, config: &Config, now: Instant) {
        self.waiting = UnderWay::new(config.limits.waiting_messages);
        self.answers = Answers::new(config, now);
    }

    /// Makes `poll` wait for messages and requests.
    pub(super) fn wait_in<'a>(&'a self, poll: &mut Poll<'a>, now: Instant) {
        poll.add(Token::Outgoing, self.outgoing.as_ref().and_then(|outgoing| outgoing.source(now)));
        poll.add(Token::Control, self.control.source(now));
    }

    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        self.control.poll_timeout().into_iter().chain(self.outgoing.as_ref().and_then(Intake::poll_timeout)).min()
    }

    /// Sends the next message that a program has written to the node's slot. Returns whether there was one.
    pub(super) fn send_next(&mut self, now: Instant, driver: &mut Driver, shared: &mut Shared) -> bool {
        let Some(message) = self.outgoing.as_mut().and_then(|outgoing| outgoing.next(now)) else {
            return false;
        };
        let decoded = network::Outgoing::decode(&message.data);
        if let Err(undecoded @ (Undecoded::Older | Undecoded::Newer)) = &decoded {
            tracing::warn!(name: "not_sent", uid = message.origin.local_user(), reason = undecoded.of_program());
        }
        let parsed = decoded.ok().zip(message.origin.local_user());
        let routed = parsed.and_then(|(outgoing, user)| {
            let target = routing::target(&outgoing.address, &shared.config)?;
            Some((outgoing, user, target))
        });
        let Some((network::Outgoing { address, data }, user, target)) = routed else {
            shared.metrics.outgoing_malformed += 1;
            return true;
        };
        shared.metrics.outgoing += 1;
        let slot = address.slot().as_str().as_bytes();
        let begun = match shared.modern.protects(&address) {
            // The writer did not look up the network, or did so before the domain was there.
            Some(why) => Err(why),
            None if !self.waiting.has_room(user) => Err("too many messages of this user wait".to_owned()),
            None => driver.node.send_mailslot(now, target, slot, data).map_err(|error| error.to_string()),
        };
        match begun {
            Ok(request) => self.waiting.begin(request, user, ()),
            Err(why) => not_sent(Some(user), Some(&address), why, shared),
        }
        true
    }

    /// Handles the outcome of sending a message.
    pub(super) fn sent(
        &mut self,
        request: RequestId,
        result: core::result::Result<usize, SendError>,
        shared: &mut Shared,
    ) {
        let user = self.waiting.end(request).map(|(user, ())| user);
        if let Err(error) = &result {
            not_sent(user, None, error, shared);
        }
        self.answers.sent(request, result);
    }

    /// Answers the next request, or begins to find the answer. Returns whether there was one.
    pub(super) fn answer_next(
        &mut self,
        now: Instant,
        driver: &mut Driver,
        shared: &mut Shared,
        nmbd_connected: Option<bool>,
        unused: impl FnOnce() -> Vec<Unused>,
    ) -> bool {
        let Some(message) = self.control.next(now) else { return false };
        let Shared { settings, config, modern, metrics, .. } = shared;
        let state = State { config, netbios: settings.netbios, driver, modern, metrics, nmbd_connected, unused };
        self.answers.handle(now, &message, state);
        true
    }
}

/// Counts and logs that a message was not sent. `uid` is its user and `to` its destination, where known.
fn not_sent(uid: Option<u32>, to: Option<&Address>, reason: impl Display, shared: &mut Shared) {
    shared.metrics.outgoing_refused += 1;
    tracing::warn!(name: "not_sent", uid, to = to.map(display), reason = %reason);
}

/// Creates one of the node's slots.
fn slot(name: &str) -> Result<Intake> {
    let mut tries = TRIES;
    loop {
        match MailslotOptions::new().access(Access::Everyone).capacity(CAPACITY).create(name) {
            // A process that lists slots briefly holds the claim that a killed node has left, in order to remove it.
            Err(mailslot::Error::AlreadyExists(_)) if tries > 0 => {
                tries -= 1;
                std::thread::sleep(PAUSE);
            }
            Err(mailslot::Error::AlreadyExists(_)) => return Err(Error::AlreadyRuns),
            created => return Ok(Intake::new(created?)),
        }
    }
}
