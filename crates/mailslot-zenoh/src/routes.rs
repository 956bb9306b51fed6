//! Answering the programs of this machine: which way, how many receivers, what became of a message.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Instant;

use mailslot::network::Retry;
use mailslot::network::ask::Asker;
use mailslot::network::routes::{Answer, Question};
use mailslot::{Address, Mailslot, Message, NetbiosName, Timeout};

use crate::events::{Events, field};
use crate::known::AllKnown;
use crate::member::Member;
use crate::state::answer;

/// The domains of this machine.
#[derive(Default)]
pub(crate) struct Parts {
    /// Those that it takes part in, in the order of their names.
    pub(crate) members: Vec<Arc<Member>>,
    /// Those that it should take part in and cannot, and why.
    pub(crate) missing: BTreeMap<NetbiosName, String>,
    /// The computers that those of both kinds which are sealed have, or have had.
    pub(crate) known: AllKnown,
}

/// Where messages to an address go.
pub(crate) enum Way {
    Domain(Arc<Member>),
    /// Nowhere, and why: they must not go to another network.
    Refused(String),
    /// To no domain of this machine.
    Legacy,
}

/// Answers until `stop` says so. `legacy` tells whether this machine is in a legacy network, too.
pub(crate) fn run(slot: &Mailslot, parts: &RwLock<Parts>, legacy: bool, stop: &AtomicBool, events: &Events) {
    let mut retry = Retry::default();
    while !stop.load(Ordering::SeqCst) {
        let now = Instant::now();
        let waiting = current(parts);
        waiting.iter().for_each(|member| member.state.answer_waiting(now));
        let deadline = waiting.iter().filter_map(|member| member.state.deadline()).min();
        let timeout = deadline.map_or(Timeout::Forever, |end| Timeout::After(end.saturating_duration_since(now)));
        match slot.receive_within(timeout) {
            Ok(message) => {
                retry.worked();
                // There may be other domains than before the wait.
                handle(&message, parts, legacy);
            }
            Err(mailslot::Error::TimedOut) => {}
            // Reads are aborted.
            Err(_) if stop.load(Ordering::SeqCst) => return,
            Err(error) => {
                let failed = retry.failed(now, &error);
                if failed.is_news {
                    events.send("slot_not_read", vec![field("slot", slot.name()), field("reason", error)]);
                }
                // Whoever stops it unparks it.
                std::thread::park_timeout(failed.pause);
            }
        }
    }
}

/// A copy, so that nobody waits for anybody who works with it.
pub(crate) fn current(parts: &RwLock<Parts>) -> Vec<Arc<Member>> {
    parts.read().unwrap_or_else(PoisonError::into_inner).members.clone()
}

/// What is no request gets no answer.
fn handle(message: &Message, parts: &RwLock<Parts>, legacy: bool) {
    let Some((asker, content)) = Asker::of(message) else { return };
    let Some(question) = Question::decode(content) else {
        return answer(&asker, &Answer::Refused("the question is of another version than the node".to_owned()));
    };
    let way = parts.read().unwrap_or_else(PoisonError::into_inner).way(question.address(), legacy);
    let member = match way {
        Way::Domain(member) => member,
        Way::Refused(why) => return answer(&asker, &Answer::Refused(why)),
        Way::Legacy => return answer(&asker, &Answer::Legacy),
    };
    match question {
        Question::Route(address) => answer(&asker, &member.route(&address)),
        Question::Receivers { address, at_least, within } => {
            member.count_receivers(&address, at_least as usize, within, asker);
        }
        Question::Confirmed { address, within, data } => member.confirm(&address, data, within, asker),
    }
}

impl Parts {
    /// The domain that has this name, or else one where a computer of this name takes part: sealed ones come first, and a computer
    /// that one of them knows is looked for nowhere else. The own domain is the legacy one, or else the only one.
    pub(crate) fn way(&self, address: &Address, legacy: bool) -> Way {
        match address {
            Address::Remote { target, .. } => self.way_to(target),
            Address::Broadcast(_) if !legacy => match (self.members.as_slice(), self.missing.first_key_value()) {
                ([member], None) => Way::Domain(Arc::clone(member)),
                ([], Some((name, why))) if self.missing.len() == 1 => Way::Refused(format!("{name}: {why}")),
                _ => Way::Legacy,
            },
            _ => Way::Legacy,
        }
    }

    fn way_to(&self, target: &NetbiosName) -> Way {
        if let Some(member) = self.members.iter().find(|member| member.name() == target) {
            return Way::Domain(Arc::clone(member));
        }
        if let Some(why) = self.missing.get(target) {
            return Way::Refused(format!("{target}: {why}"));
        }
        let with_computer = |sealed| {
            let has = |member: &&Arc<Member>| {
                member.state.domain().is_sealed() == sealed && member.state.has_computer(target)
            };
            self.members.iter().find(has).map(|member| Way::Domain(Arc::clone(member)))
        };
        let away = || {
            let (domain, _) = self.known.iter().find(|(_, known)| known.has(target))?;
            Some(Way::Refused(format!("{target} is a member of {domain} and away")))
        };
        with_computer(true).or_else(away).or_else(|| with_computer(false)).unwrap_or(Way::Legacy)
    }

    /// Why messages to `address` must not be sent in a legacy network, if they must not: it is a domain of this machine, or a
    /// computer that a sealed one knows.
    pub(crate) fn protects(&self, address: &Address) -> Option<String> {
        let Address::Remote { target, .. } = address else { return None };
        match self.way_to(target) {
            Way::Refused(why) => Some(why),
            Way::Domain(member) if member.name() == target => Some(format!("{target} is a domain of this machine")),
            Way::Domain(member) if member.state.domain().is_sealed() => {
                Some(format!("{target} is a member of {}", member.name()))
            }
            Way::Domain(_) | Way::Legacy => None,
        }
    }
}
