//! What a machine announces in a domain: itself and its slots, as tokens that only members can read.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use mailslot::SlotName;
use mailslot::network::Inbox;
use mailslot_domain::{Destination, Domain, Presence, Time, random};

use crate::error::{Error, Result};
use crate::link::{Answering, Link, Subscription, Token};
use crate::replying;
use crate::session::Session;
use crate::state::{State, now};

/// A token for the presence, with the key that is to be used now.
pub(crate) fn token(link: &Link, domain: &Domain, presence: &Presence) -> Result<Token> {
    link.token(domain.presence_key_expression(presence, now(), &random()?)?)
}

/// When tokens are to be made anew, because keys change.
#[derive(Debug, Default)]
pub(crate) struct Renewal(Option<Time>);

impl Renewal {
    pub(crate) fn at_once(&mut self) {
        self.0 = Some(Time::from_millis(0));
    }

    pub(crate) fn is_due(&self) -> bool {
        self.0.is_some_and(|time| time <= now())
    }

    /// All tokens are made with the key of this time.
    pub(crate) fn done(&mut self, domain: &Domain, time: Time) {
        self.0 = domain.next_change(time);
    }
}

/// What is announced in a session.
#[derive(Default)]
pub(crate) struct Announced {
    slots: BTreeMap<String, AnnouncedSlot>,
    node: Option<Token>,
    renewal: Renewal,
}

struct AnnouncedSlot {
    declared: Declared,
    inbox: Arc<Mutex<Inbox>>,
    to_this_computer: Destination,
    name: SlotName,
}

/// What is declared of a slot. Fields are undeclared in their order: who sees a token finds the rest.
struct Declared {
    token: Token,
    _subscription: Subscription,
    _answering: Answering,
}

/// What was announced in a session that another one has followed: it goes when this is dropped.
pub(crate) struct Before {
    slots: Vec<Declared>,
    _node: Option<Token>,
}

impl Announced {
    /// Keys have changed, or the clock that says which of them is to be used.
    pub(crate) fn renew_at_once(&mut self) {
        self.renewal.at_once();
    }

    /// Announces the slots, and takes back what is gone. What could not be announced is tried again with the next call.
    pub(crate) fn update(&mut self, session: &Session, state: &Arc<State>, slots: &BTreeMap<String, SlotName>) {
        let link = &session.link;
        let keys_change = self.renewal.is_due();
        if keys_change {
            state.remove_expired_presences();
        }
        if (keys_change || self.node.is_none()) && self.renew(link, state).is_err() {
            return;
        }
        if keys_change {
            session.ask_for_presences(state, || {});
        }
        self.take_back(state, slots);
        let mut all = true;
        for (key, name) in slots {
            if self.slots.contains_key(key) {
                continue;
            }
            match AnnouncedSlot::new(link, state, name) {
                Ok(slot) => drop(self.slots.insert(key.clone(), slot)),
                Err(error) => {
                    // Nobody can ask for a slot that no domain can name.
                    all &= matches!(error, Error::Domain(_));
                    tracing::warn!(name: "slot_not_announced", slot = %name, reason = %error);
                }
            }
        }
        if all { state.slots_known() } else { state.slots_unknown() }
    }

    /// Announces everything in another session, and returns what was declared in the one before. What that does not
    /// take is announced with the next update.
    pub(crate) fn move_to(&mut self, link: &Link, state: &Arc<State>) -> Before {
        let mut before = Before { slots: Vec::new(), _node: None };
        self.slots.retain(|_, slot| match Declared::new(link, state, &slot.name, &slot.inbox) {
            Ok(declared) => {
                before.slots.push(std::mem::replace(&mut slot.declared, declared));
                true
            }
            Err(_) => {
                state.remove_slot(&slot.to_this_computer);
                false
            }
        });
        before._node = std::mem::replace(&mut self.node, node_token(link, state).ok());
        before
    }

    /// Takes everything back: the session ends.
    pub(crate) fn end(mut self, state: &State) {
        self.take_back(state, &BTreeMap::new());
        state.slots_unknown();
    }

    /// Makes all tokens anew. Each old one goes when the new one is there, so that nobody misses it.
    fn renew(&mut self, link: &Link, state: &State) -> Result<()> {
        let (domain, time) = (state.domain(), now());
        self.node = Some(node_token(link, state)?);
        for slot in self.slots.values_mut() {
            slot.declared.token = token(link, &domain, &presence(state, &slot.name))?;
        }
        self.renewal.done(&domain, time);
        Ok(())
    }

    fn take_back(&mut self, state: &State, slots: &BTreeMap<String, SlotName>) {
        self.slots.retain(|key, slot| {
            let stays = slots.contains_key(key);
            if !stays {
                state.remove_slot(&slot.to_this_computer);
            }
            stays
        });
    }
}

impl AnnouncedSlot {
    fn new(link: &Link, state: &Arc<State>, name: &SlotName) -> Result<AnnouncedSlot> {
        let to_this_computer = state.domain().directed(&state.computer, name)?;
        let inbox = Arc::new(Mutex::new(Inbox::new(name.clone())));
        state.add_slot(to_this_computer.clone(), Arc::clone(&inbox));
        let declared = Declared::new(link, state, name, &inbox);
        let declared = declared.inspect_err(|_| state.remove_slot(&to_this_computer))?;
        Ok(AnnouncedSlot { declared, inbox, to_this_computer, name: name.clone() })
    }
}

impl Declared {
    fn new(link: &Link, state: &Arc<State>, name: &SlotName, inbox: &Arc<Mutex<Inbox>>) -> Result<Declared> {
        let domain = state.domain();
        let to_all = domain.broadcast(name)?;
        let (taking, to, slot) = (Arc::clone(state), to_all.clone(), Arc::clone(inbox));
        let subscription = link.subscribe(to_all.key_expression(), move |_, payload, attachment| {
            taking.take(&to, &slot, payload, attachment);
        })?;
        let (answering, to, slot) = (Arc::clone(state), to_all.clone(), Arc::clone(inbox));
        let answering = link.answer(to_all.key_expression(), move |_, payload, attachment, asked| {
            replying::answer(&answering, answering.confirm(&to, &slot, payload, attachment), asked);
        })?;
        let token = token(link, &domain, &presence(state, name))?;
        Ok(Declared { token, _subscription: subscription, _answering: answering })
    }
}

fn node_token(link: &Link, state: &State) -> Result<Token> {
    token(link, &state.domain(), &Presence::Node { computer: state.computer.clone() })
}

fn presence(state: &State, slot: &SlotName) -> Presence {
    Presence::Slot { computer: state.computer.clone(), slot: slot.clone() }
}
