//! A machine's part as a bridge in one domain: what it subscribes to for the legacy network, and how other bridges
//! learn of it. Which messages it carries is decided elsewhere.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{SyncSender, TrySendError};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use mailslot::{NetbiosName, SlotName};
use mailslot_domain::{Destination, Domain, Kind, Limits, Opener, Presence, Refused, Request, Segment, Time};

use crate::announcing::{Renewal, token};
use crate::error::Result;
use crate::link::{Link, Subscription, Token};
use crate::lock::lock;
use crate::state::now;
use crate::sys::Wake;

/// Messages of all domains that may wait to be taken by the bridges of this machine.
pub(crate) const MAX_WAITING: usize = 1024;
/// Bytes of the largest message that is passed on: a datagram of a legacy network holds no more.
const MAX_MESSAGE_SIZE: usize = 432;

/// A message of a domain that a bridge may carry into a legacy network.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct FromDomain {
    /// The domain.
    pub domain: NetbiosName,
    /// The slot that it was sent to.
    pub slot: SlotName,
    /// The computer that sent it; empty if a program in an open domain did not name one.
    pub computer: String,
    /// Whether a bridge has already carried it from a legacy network.
    pub is_legacy: bool,
    /// Bytes of the message.
    pub size: usize,
    /// The message; empty if it is larger than any in a legacy network.
    pub data: Vec<u8>,
}

impl FromDomain {
    /// A message to every computer that has the slot in the domain, of which nothing else is known.
    pub fn new(domain: NetbiosName, slot: SlotName, data: &[u8]) -> FromDomain {
        let (size, data) = (data.len(), if data.len() > MAX_MESSAGE_SIZE { Vec::new() } else { data.to_vec() });
        FromDomain { domain, slot, computer: String::new(), is_legacy: false, size, data }
    }
}

/// What a bridge subscribes to and announces in a domain.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct BridgeWants {
    /// The slots whose messages it may carry into the legacy network.
    pub slots: Vec<SlotName>,
    /// The segments into which it carries.
    pub segments: Vec<Segment>,
}

/// A machine's part as a bridge in one domain.
pub(crate) struct Bridge {
    wants: Mutex<Option<BridgeWants>>,
    declared: Mutex<Declared>,
    receiving: Arc<Receiving>,
}

/// What is declared in the current session.
#[derive(Default)]
pub(crate) struct Declared {
    /// By the upper-case form of the slots' names.
    subscribers: BTreeMap<String, Subscription>,
    tokens: Vec<(Segment, Token)>,
    renewal: Renewal,
    /// Since when other bridges know of this one.
    since: Option<Instant>,
}

/// What the subscribers share.
struct Receiving {
    name: NetbiosName,
    /// A separate opener, because slots of this machine may get the same messages. It holds the domain with its current
    /// keys.
    opener: Mutex<Opener>,
    waiting: SyncSender<FromDomain>,
    wake: Arc<Wake>,
    /// Messages dropped because the queue was full.
    busy: AtomicU64,
}

impl Bridge {
    pub(crate) fn new(
        domain: &Arc<Domain>,
        limits: Limits,
        waiting: SyncSender<FromDomain>,
        wake: Arc<Wake>,
    ) -> Bridge {
        let opener = Mutex::new(Opener::new(Arc::clone(domain), now(), limits));
        let receiving = Receiving { name: domain.name().clone(), opener, waiting, wake, busy: 0.into() };
        Bridge { wants: Mutex::default(), declared: Mutex::default(), receiving: Arc::new(receiving) }
    }

    /// Sets what is wanted from now on. Returns whether that differs from what was wanted before.
    pub(crate) fn want(&self, wants: Option<BridgeWants>) -> bool {
        let mut current = lock(&self.wants);
        let changed = *current != wants;
        *current = wants;
        changed
    }

    /// Whether this machine takes part as a bridge.
    pub(crate) fn is_wanted(&self) -> bool {
        lock(&self.wants).is_some()
    }

    /// Continues with other keys.
    pub(crate) fn use_keys(&self, domain: &Arc<Domain>) {
        lock(&self.receiving.opener).update(Arc::clone(domain));
        self.renew_at_once();
    }

    /// Renews the tokens soon: the keys have changed, or the clock that says which of them is in use.
    pub(crate) fn renew_at_once(&self) {
        lock(&self.declared).renewal.at_once();
    }

    /// Sets when this machine began to take part, by the clock as it is now.
    pub(crate) fn clock_says(&self, start: Time) {
        lock(&self.receiving.opener).clock_says(start);
    }

    /// Takes a member's answer to a question for the time.
    pub(crate) fn confirm_clock(&self, request: &Request, own: &NetbiosName, mut payload: Vec<u8>) {
        // An answer that fails to convince is counted by the opener that asked.
        let _ = lock(&self.receiving.opener).confirm_clock(request, own.as_str(), now(), &mut payload);
    }

    /// Since when other bridges know of this one.
    pub(crate) fn since(&self) -> Option<Instant> {
        lock(&self.declared).since
    }

    /// Messages that were not passed on, by their label.
    pub(crate) fn counters(&self) -> impl Iterator<Item = (String, u64)> {
        let counters = *lock(&self.receiving.opener).counters();
        let busy = self.receiving.busy.load(Ordering::Relaxed);
        let dropped = Refused::ALL.map(|reason| (format!("dropped_{}", reason.name()), counters.refused(reason)));
        dropped.into_iter().chain([("busy".to_owned(), busy)])
    }

    /// Wakes the thread that takes messages from the bridges, so that it looks at the domain.
    pub(crate) fn wake(&self) {
        self.receiving.wake.wake();
    }

    /// Declares what is wanted, and undeclares the rest.
    pub(crate) fn update(&self, link: &Link, computer: &NetbiosName) {
        let wants = lock(&self.wants).clone();
        let mut declared = lock(&self.declared);
        let Some(wants) = wants else { return *declared = Declared::default() };
        let result = self.subscribe(link, &wants, &mut declared);
        let result = result.and_then(|()| self.announce(link, computer, &wants, &mut declared));
        if let Err(error) = result {
            // The next look tries again.
            tracing::warn!(name: "bridge_not_announced", domain = %self.receiving.name, reason = %error);
            return;
        }
        declared.since.get_or_insert_with(Instant::now);
    }

    /// Declares everything in another session, and returns what was declared in the previous one. For other bridges
    /// this one was there throughout.
    pub(crate) fn move_to(&self, link: &Link, computer: &NetbiosName) -> Declared {
        let before = std::mem::take(&mut *lock(&self.declared));
        self.update(link, computer);
        let mut declared = lock(&self.declared);
        declared.since = declared.since.and(before.since);
        before
    }

    /// Undeclares everything, because the session ends. Another session declares it again.
    pub(crate) fn end_session(&self) {
        *lock(&self.declared) = Declared::default();
    }

    /// Stops taking part as a bridge.
    pub(crate) fn stop(&self) {
        *lock(&self.wants) = None;
        self.end_session();
    }

    fn subscribe(&self, link: &Link, wants: &BridgeWants, declared: &mut Declared) -> Result<()> {
        declared.subscribers.retain(|key, _| wants.slots.iter().any(|slot| slot.folded() == key));
        for slot in &wants.slots {
            if declared.subscribers.contains_key(slot.folded()) {
                continue;
            }
            let to = self.receiving.domain().broadcast(slot)?;
            let (receiving, key_expression, name) =
                (Arc::clone(&self.receiving), to.key_expression().to_owned(), slot.clone());
            let subscriber = link.subscribe(&key_expression, move |_, payload, attachment| {
                receiving.take(&to, &name, payload, attachment);
            })?;
            declared.subscribers.insert(slot.folded().to_owned(), subscriber);
        }
        Ok(())
    }

    fn announce(
        &self,
        link: &Link,
        computer: &NetbiosName,
        wants: &BridgeWants,
        declared: &mut Declared,
    ) -> Result<()> {
        let (domain, time) = (self.receiving.domain(), now());
        let token = |segment: &Segment| {
            token(link, &domain, &Presence::Bridge { computer: computer.clone(), segment: segment.clone() })
        };
        declared.tokens.retain(|(segment, _)| wants.segments.contains(segment));
        if declared.renewal.is_due() {
            // Replace each token only once the new one is declared: otherwise another bridge would take over in
            // between.
            for (segment, announced) in &mut declared.tokens {
                *announced = token(segment)?;
            }
        }
        for segment in &wants.segments {
            if declared.tokens.iter().any(|(announced, _)| announced == segment) {
                continue;
            }
            declared.tokens.push((segment.clone(), token(segment)?));
            // The other bridges and this one learn of each other only now.
            declared.since = None;
        }
        declared.renewal.done(&domain, time);
        Ok(())
    }
}

impl Receiving {
    /// The domain with its current keys.
    fn domain(&self) -> Arc<Domain> {
        Arc::clone(lock(&self.opener).domain())
    }

    /// Takes a message to every computer that has the slot.
    fn take(&self, to: &Destination, slot: &SlotName, mut payload: Vec<u8>, attachment: Option<&[u8]>) {
        let opened = lock(&self.opener).open(Kind::Message, to, now(), &mut payload, attachment);
        // The opener counts what it refuses.
        let Ok(opened) = opened else { return };
        for data in opened.messages {
            let mut message = FromDomain::new(self.name.clone(), slot.clone(), data);
            message.computer = opened.computer.unwrap_or_default().to_owned();
            message.is_legacy = opened.legacy.is_some();
            match self.waiting.try_send(message) {
                Ok(()) => self.wake.wake(),
                Err(TrySendError::Full(_)) => drop(self.busy.fetch_add(1, Ordering::Relaxed)),
                // The receiving end is gone: the domains are ending.
                Err(TrySendError::Disconnected(_)) => {}
            }
        }
    }
}
