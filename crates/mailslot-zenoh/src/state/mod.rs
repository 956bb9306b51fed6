//! What a machine knows and does in one domain, apart from the session that carries it.

use std::collections::{BTreeSet, HashMap};
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant, SystemTime};

use mailslot::network::Inbox;
use mailslot::network::routes::Answer;
use mailslot::{Address, NetbiosName, NetworkOrigin, Outcome, Replies, ReplyTo};
use mailslot_domain::settings::Settings;
use mailslot_domain::{
    Batch, Destination, Domain, Envelope, Error, Kind, Legacy, Opened, Opener, OtherClock, Presence, Receipt, Reply,
    Request, Sealer, SessionId, Time, random,
};

use crate::clock::Clock;
use crate::counters::{Counted, Counters};
use crate::error::Result;
use crate::known::{Known, Owner};
use crate::lock::lock;
use crate::places::{Place, Places};
use crate::presences::{Group, Matched, Presences, Waiting};
use crate::sys::owner;

/// Requests whose replies a machine waits for at one time in one domain. Each has a thread, and a slot.
const MAX_REPLYING: usize = 128;

/// The state of a domain that all threads share. None of its locks is held while another one is taken, nor during a
/// call of Zenoh.
pub(crate) struct State {
    /// The domain with the keys that it has now. Names and destinations are the same with all of them.
    domain: RwLock<Arc<Domain>>,
    pub(crate) name: NetbiosName,
    pub(crate) computer: NetbiosName,
    pub(crate) counters: Counters,
    sealer: Mutex<Sealer>,
    opener: Mutex<Opener>,
    presences: Mutex<Presences>,
    /// The computers that are, or were, in sealed domains, and which this one is if it is sealed.
    known: Arc<Known>,
    owner: Option<Owner>,
    clock: Clock,
    /// For requests of others.
    replying: Arc<Places>,
    /// The slots that are announced, by the key expressions that lead to them alone.
    directed: RwLock<HashMap<String, Slot>>,
    /// Whether those were all at the last look. Without descriptors or memory there is no looking.
    directed_are_all: AtomicBool,
}

/// A slot that is announced, and where messages for it alone are sent.
type Slot = (Destination, Arc<Mutex<Inbox>>);

/// A message that has come, and what its sender wants to know.
pub(crate) struct Wanted {
    pub(crate) request: Request,
    pub(crate) answer: Answered,
}

/// What he is told.
pub(crate) enum Answered {
    /// What became of it.
    Outcome(Outcome),
    /// What its slot's owner replies, for so long.
    Replies { replies: Replies, within: Duration, place: Place },
}

/// Bytes of replies that may wait in a slot: one is passed on.
const REPLY_CAPACITY: u64 = 2 << 20;

impl State {
    pub(crate) fn new(
        domain: Arc<Domain>,
        computer: &NetbiosName,
        settings: &Settings,
        known: Arc<Known>,
    ) -> Result<State> {
        let (limits, session) = (settings.limits(), SessionId::new(random()?));
        Ok(State {
            computer: computer.clone(),
            counters: Counters::default(),
            sealer: Mutex::new(Sealer::new(Arc::clone(&domain), computer.as_str(), session, limits)?),
            opener: Mutex::new(Opener::new(Arc::clone(&domain), now(), limits)),
            presences: Mutex::default(),
            known,
            owner: domain.id().map(|id| Owner { name: domain.name().clone(), id }),
            clock: Clock::new(),
            replying: Places::new(MAX_REPLYING),
            directed: RwLock::default(),
            directed_are_all: AtomicBool::new(false),
            name: domain.name().clone(),
            domain: RwLock::new(domain),
        })
    }

    /// The domain with the keys that it has now.
    pub(crate) fn domain(&self) -> Arc<Domain> {
        Arc::clone(&self.domain.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Goes on with other keys of the same domain.
    pub(crate) fn use_keys(&self, domain: Arc<Domain>) {
        // First what others may seal with already.
        lock(&self.opener).update(Arc::clone(&domain));
        *self.domain.write().unwrap_or_else(PoisonError::into_inner) = Arc::clone(&domain);
        lock(&self.sealer).update(domain);
    }

    /// Removes the presences that the keys of now do not open any more.
    pub(crate) fn remove_expired_presences(&self) {
        let (domain, now) = (self.domain(), now());
        let announced = lock(&self.presences).key_expressions();
        for key_expression in announced {
            if domain.presence(&key_expression, now).is_err() {
                lock(&self.presences).remove(&key_expression);
            }
        }
    }

    /// Where messages to `address` go, which is in this domain.
    pub(crate) fn destination(&self, address: &Address) -> mailslot_domain::Result<Destination> {
        let domain = self.domain();
        match self.group(address) {
            Group::Everyone(slot) => domain.broadcast(&slot),
            Group::One(computer, slot) => domain.directed(&computer, &slot),
        }
    }

    /// Who receives at `address`.
    pub(crate) fn group(&self, address: &Address) -> Group {
        let slot = address.slot().clone();
        match address {
            Address::Remote { target, .. } if *target != self.name => Group::One(target.clone(), slot),
            _ => Group::Everyone(slot),
        }
    }

    /// Seals a message, which a bridge carries if it is `legacy`.
    pub(crate) fn seal(
        &self,
        kind: Kind,
        to: &Destination,
        legacy: Option<&Legacy<'_>>,
        data: &[u8],
    ) -> mailslot_domain::Result<(Envelope, Request)> {
        let mut envelope = Envelope::default();
        let request = self.sealed(|sealer| sealer.seal_into(kind, to, now(), legacy, data, &mut envelope))?;
        Ok((envelope, request))
    }

    /// Seals messages together.
    pub(crate) fn seal_batch(&self, to: &Destination, batch: &Batch) -> mailslot_domain::Result<Envelope> {
        let mut envelope = Envelope::default();
        self.sealed(|sealer| sealer.seal_batch_into(to, now(), batch, &mut envelope))?;
        Ok(envelope)
    }

    /// What `seal` returns, in a new session if the old one has begun all the streams that it can.
    fn sealed<T>(&self, mut seal: impl FnMut(&mut Sealer) -> mailslot_domain::Result<T>) -> mailslot_domain::Result<T> {
        let mut sealer = lock(&self.sealer);
        match seal(&mut sealer) {
            Err(Error::SessionFull { .. }) => {
                sealer.renew(SessionId::new(random()?));
                seal(&mut sealer)
            }
            sealed => sealed,
        }
    }

    /// Seals a request.
    pub(crate) fn seal_request(
        &self,
        to: &Destination,
        within: Duration,
        data: &[u8],
    ) -> mailslot_domain::Result<(Envelope, Request)> {
        let mut envelope = Envelope::default();
        let request = self.sealed(|sealer| sealer.request_into(to, now(), within, data, &mut envelope))?;
        Ok((envelope, request))
    }

    /// A message for all that have the slot of `inbox` has come.
    pub(crate) fn take(&self, to: &Destination, inbox: &Mutex<Inbox>, mut payload: Vec<u8>, attachment: Option<&[u8]>) {
        // What is refused is counted by the opener, whose lock is free again when the slot is written to.
        let opened = lock(&self.opener).open(Kind::Message, to, now(), &mut payload, attachment);
        if let Ok(opened) = opened {
            self.deliver(opened, inbox);
        }
    }

    /// A message for one slot of this computer has come, which may not be there.
    pub(crate) fn take_directed(&self, key_expression: &str, payload: Vec<u8>, attachment: Option<&[u8]>) {
        match self.slot_at(key_expression) {
            Some((to, inbox)) => self.take(&to, &inbox, payload, attachment),
            None => self.counters.count(Counted::UndeliveredNoSlot),
        }
    }

    /// Delivers a message that wants an answer. `None` if what came was not let in: it gets none.
    pub(crate) fn confirm(
        &self,
        to: &Destination,
        inbox: &Mutex<Inbox>,
        mut payload: Vec<u8>,
        attachment: Option<&[u8]>,
    ) -> Option<Wanted> {
        let opened = lock(&self.opener).open(Kind::Confirmed, to, now(), &mut payload, attachment).ok()?;
        if let Some(within) = opened.within {
            return Some(self.ask(opened, within, inbox));
        }
        let request = opened.request;
        let outcome = self.deliver(opened, inbox);
        Some(Wanted { request, answer: Answered::Outcome(outcome) })
    }

    /// The same for one slot of this computer, which may not be there.
    pub(crate) fn confirm_directed(
        &self,
        key_expression: &str,
        mut payload: Vec<u8>,
        attachment: Option<&[u8]>,
    ) -> Option<Wanted> {
        if let Some((to, inbox)) = self.slot_at(key_expression) {
            return self.confirm(&to, &inbox, payload, attachment);
        }
        let to = self.domain().destination(key_expression)?;
        let opened = lock(&self.opener).open(Kind::Confirmed, &to, now(), &mut payload, attachment);
        let request = opened.ok()?.request;
        let (counted, outcome) = if self.directed_are_all.load(Ordering::Relaxed) {
            (Counted::UndeliveredNoSlot, Outcome::NoSlot)
        } else {
            (Counted::UndeliveredRefused, Outcome::Refused)
        };
        self.counters.count(counted);
        Some(Wanted { request, answer: Answered::Outcome(outcome) })
    }

    /// Opens an answer to `request`.
    pub(crate) fn open_receipt(
        &self,
        request: &Request,
        mut payload: Vec<u8>,
        attachment: Option<&[u8]>,
    ) -> Option<Receipt> {
        lock(&self.opener).open_receipt(request, now(), &mut payload, attachment).ok()
    }

    /// What became of what was let in: of the last message, as only that of a single one is asked for.
    fn deliver(&self, opened: Opened<'_>, inbox: &Mutex<Inbox>) -> Outcome {
        let origin = self.origin(&opened);
        let messages: Vec<&[u8]> = opened.messages.collect();
        let mut last = Outcome::Refused;
        lock(inbox).deliver(&origin, &messages, |outcome, number| {
            last = outcome;
            (0..number).for_each(|_| self.count(outcome));
        });
        last
    }

    /// Asks the slot what was asked.
    fn ask(&self, mut opened: Opened<'_>, within: Duration, inbox: &Mutex<Inbox>) -> Wanted {
        let origin = self.origin(&opened);
        let message = opened.messages.next().unwrap_or_default();
        let asked = lock(inbox).with_writer(|writer| {
            // Slots of one user that never reply leave room to those of others.
            let owner = owner(writer).ok_or(mailslot::Error::Closed)?;
            let Some(place) = self.replying.take(owner) else { return Ok(None) };
            Ok(Some((writer.begin_request_from(&origin, message, Some(REPLY_CAPACITY))?, place)))
        });
        let answer = match asked {
            Ok(Some((replies, place))) => Answered::Replies { replies, within, place },
            Ok(None) => Answered::Outcome(Outcome::Full),
            Err(error) => Answered::Outcome(Outcome::from(&error)),
        };
        self.count(if let Answered::Outcome(outcome) = answer { outcome } else { Outcome::Delivered });
        Wanted { request: opened.request, answer }
    }

    fn count(&self, outcome: Outcome) {
        self.counters.count(match outcome {
            Outcome::Delivered => Counted::Delivered,
            Outcome::NoSlot => Counted::UndeliveredNoSlot,
            Outcome::Full => Counted::UndeliveredFull,
            Outcome::TooLarge => Counted::UndeliveredTooLarge,
            _ => Counted::UndeliveredRefused,
        });
    }

    fn origin(&self, opened: &Opened<'_>) -> NetworkOrigin {
        match opened.legacy {
            Some(legacy) => {
                let mut origin = NetworkOrigin::new(legacy.computer);
                origin.domain = Some(legacy.domain.to_owned()).filter(|domain| !domain.is_empty());
                origin.address = Some(IpAddr::V4(legacy.address));
                origin
            }
            None => {
                let mut origin = NetworkOrigin::new(opened.computer.unwrap_or_default());
                origin.domain = Some(self.name.to_string());
                origin.authenticated = opened.authenticated;
                origin.computer_authenticated = opened.computer_authenticated;
                origin
            }
        }
    }

    /// Seals what says what became of a write.
    pub(crate) fn receipt(&self, request: &Request, outcome: Outcome) -> Option<Envelope> {
        let mut envelope = Envelope::default();
        let outcome = to_domain(outcome);
        lock(&self.sealer).receipt_into(request, now(), outcome, &mut envelope).ok()?;
        self.counters.count(Counted::ReceiptsSent);
        Some(envelope)
    }

    /// Seals a reply, or what says that it is too large.
    pub(crate) fn reply(&self, request: &Request, reply: &[u8]) -> Option<Envelope> {
        let mut envelope = Envelope::default();
        let sealed = lock(&self.sealer).reply_into(request, now(), reply, &mut envelope);
        match sealed {
            Err(Error::TooLarge { .. }) => return self.receipt(request, Outcome::TooLarge),
            sealed => sealed.ok()?,
        }
        self.counters.count(Counted::ReceiptsSent);
        Some(envelope)
    }

    /// Hands the answer to a request to `look`, if it is one.
    pub(crate) fn open_reply<T>(
        &self,
        request: &Request,
        payload: &mut [u8],
        look: impl FnOnce(Reply<'_>) -> T,
    ) -> Option<T> {
        let opened = lock(&self.opener).open_reply(request, now(), payload);
        opened.ok().map(look)
    }

    /// Makes the slot known to directed messages.
    pub(crate) fn add_slot(&self, to: Destination, inbox: Arc<Mutex<Inbox>>) {
        let mut directed = self.directed.write().unwrap_or_else(PoisonError::into_inner);
        directed.insert(to.key_expression().to_owned(), (to, inbox));
    }

    pub(crate) fn remove_slot(&self, to: &Destination) {
        self.directed.write().unwrap_or_else(PoisonError::into_inner).remove(to.key_expression());
    }

    /// All slots that are open to the network are known.
    pub(crate) fn slots_known(&self) {
        self.directed_are_all.store(true, Ordering::Relaxed);
    }

    /// There may be others than those that are known.
    pub(crate) fn slots_unknown(&self) {
        self.directed_are_all.store(false, Ordering::Relaxed);
    }

    fn slot_at(&self, key_expression: &str) -> Option<Slot> {
        self.directed.read().unwrap_or_else(PoisonError::into_inner).get(key_expression).cloned()
    }

    /// A presence exists, as a session was told.
    pub(crate) fn presence_is_there(&self, key_expression: &str, session: u64) {
        if let Some(presence) = self.open_presence(key_expression) {
            let mut presences = lock(&self.presences);
            if presences.is_watched(&presence) && !presences.add(key_expression, presence, session) {
                self.counters.count(Counted::PresenceFull);
            }
        }
        self.answer_waiting(Instant::now());
    }

    /// It has gone.
    pub(crate) fn presence_is_gone(&self, key_expression: &str, session: u64) {
        lock(&self.presences).remove_as_told(key_expression, session);
    }

    /// Adds a presence to the answer to a question, if a member has announced it; false if there is no room.
    pub(crate) fn add_presence(&self, key_expression: &str, to: &Mutex<Presences>) -> bool {
        let Some(presence) = self.open_presence(key_expression) else { return true };
        let has_room = lock(to).add(key_expression, presence, 0);
        if !has_room {
            self.counters.count(Counted::PresenceFull);
        }
        has_room
    }

    /// What is announced, if a member has announced it.
    fn open_presence(&self, key_expression: &str) -> Option<Presence> {
        let domain = self.domain();
        let Ok(presence) = domain.presence(key_expression, now()) else {
            // One of a key that this machine does not have yet is asked for again when it has.
            self.counters.count(Counted::PresenceRefused);
            return None;
        };
        if !domain.is_found_by_name(key_expression, &presence) {
            self.counters.count(Counted::PresenceUngrouped);
        }
        self.remember(presence.computer());
        Some(presence)
    }

    /// Remembers that the domain has the computer.
    pub(crate) fn remember(&self, computer: &NetbiosName) {
        // In an open domain anybody can announce any name.
        if let Some(owner) = &self.owner
            && !self.known.remember(computer, owner)
        {
            self.counters.count(Counted::ComputerFull);
        }
    }

    /// Which sealed domain this is; `None` if it is open.
    pub(crate) fn owner(&self) -> Option<&Owner> {
        self.owner.as_ref()
    }

    /// Looks at the clock. Returns when this machine began to take part by it, and by how many milliseconds it was set
    /// since the last look, if it was.
    pub(crate) fn look_at_clock(&self) -> (Time, Option<i64>) {
        let (start, set) = self.clock.look(now());
        lock(&self.opener).clock_says(start);
        (start, set)
    }

    /// Whether another member is to be asked for the time.
    pub(crate) fn is_clock_in_doubt(&self) -> bool {
        lock(&self.opener).is_clock_in_doubt()
    }

    /// A member has answered a question for the time.
    pub(crate) fn confirm_clock(&self, request: &Request, mut payload: Vec<u8>) {
        // What does not convince is counted by the opener.
        let _ = lock(&self.opener).confirm_clock(request, self.computer.as_str(), now(), &mut payload);
    }

    /// The last clock that did not agree with this machine's.
    pub(crate) fn other_clock(&self) -> Option<OtherClock> {
        lock(&self.opener).other_clock().cloned()
    }

    /// Answers those whose wait for receivers is over at `now`.
    pub(crate) fn answer_waiting(&self, now: Instant) {
        let matched = lock(&self.presences).matched(now);
        for Matched { asker, count } in matched {
            answer(&asker, &Answer::Receivers(u32::try_from(count).unwrap_or(u32::MAX)));
        }
    }

    /// Has `waiting` answered when its wait is over.
    pub(crate) fn wait(&self, waiting: Waiting) {
        lock(&self.presences).wait(waiting);
        self.answer_waiting(Instant::now());
    }

    /// When the next wait is over in any case.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        lock(&self.presences).deadline()
    }

    pub(crate) fn has_computer(&self, computer: &NetbiosName) -> bool {
        lock(&self.presences).has_computer(computer)
    }

    pub(crate) fn receivers(&self, group: &Group) -> BTreeSet<String> {
        lock(&self.presences).receivers(group)
    }

    /// Looks at who is there. A closure, because a guard in an expression would outlive what it is for.
    pub(crate) fn presences<T>(&self, look: impl FnOnce(&mut Presences) -> T) -> T {
        look(&mut lock(&self.presences))
    }

    /// The names of the slots that are announced.
    pub(crate) fn slots(&self) -> Vec<String> {
        let directed = self.directed.read().unwrap_or_else(PoisonError::into_inner);
        let inboxes: Vec<Arc<Mutex<Inbox>>> = directed.values().map(|(_, inbox)| Arc::clone(inbox)).collect();
        drop(directed);
        let mut slots: Vec<String> = inboxes.iter().map(|inbox| lock(inbox).name().to_string()).collect();
        slots.sort_unstable();
        slots
    }

    /// Whether a message of a legacy network is new: it is not if a bridge has carried it already.
    pub(crate) fn is_first(&self, legacy_id: [u8; 16]) -> bool {
        lock(&self.opener).is_first(legacy_id)
    }

    /// What the opener has counted.
    pub(crate) fn opener_counters(&self) -> mailslot_domain::Counters {
        *lock(&self.opener).counters()
    }
}

/// Whoever has gone, or has no room, gets no answer.
pub(crate) fn answer(asker: &ReplyTo, answer: &Answer) {
    let _ = asker.write(&answer.encode());
}

pub(crate) fn now() -> Time {
    Time::from(SystemTime::now())
}

fn to_domain(outcome: Outcome) -> mailslot_domain::DeliveryOutcome {
    match outcome {
        Outcome::Delivered => mailslot_domain::DeliveryOutcome::Delivered,
        Outcome::NoSlot => mailslot_domain::DeliveryOutcome::NoSuchSlot,
        Outcome::Full => mailslot_domain::DeliveryOutcome::Full,
        Outcome::TooLarge => mailslot_domain::DeliveryOutcome::TooLarge,
        _ => mailslot_domain::DeliveryOutcome::Refused,
    }
}

pub(crate) fn from_domain(outcome: mailslot_domain::DeliveryOutcome) -> Outcome {
    match outcome {
        mailslot_domain::DeliveryOutcome::Delivered => Outcome::Delivered,
        mailslot_domain::DeliveryOutcome::NoSuchSlot => Outcome::NoSlot,
        mailslot_domain::DeliveryOutcome::Full => Outcome::Full,
        mailslot_domain::DeliveryOutcome::TooLarge => Outcome::TooLarge,
        _ => Outcome::Refused,
    }
}

#[cfg(test)]
mod tests;
