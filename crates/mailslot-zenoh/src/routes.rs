//! Answering programs of this machine: which route, how many receivers, what became of a message.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Instant;

use mailslot::network::routes::{Answer, Question};
use mailslot::network::{Retry, Undecoded};
use mailslot::{Address, Mailslot, Message, NetbiosName, SlotName, Timeout};
use mailslot_domain::settings::Meant;

use crate::known::Known;
use crate::member::Member;
use crate::state::answer;

/// The domains of this machine.
#[derive(Default)]
pub(crate) struct Parts {
    /// The domains that it takes part in, by name.
    pub(crate) members: Vec<Arc<Member>>,
    /// The domains that it should take part in and cannot, each with the reason.
    pub(crate) missing: BTreeMap<NetbiosName, String>,
    /// The computers that sealed domains of both kinds have, or have had.
    pub(crate) known: Arc<Known>,
    /// The operator's word on computers.
    pub(crate) computers: BTreeMap<NetbiosName, Meant>,
    /// Whether this machine is in a legacy network, too.
    pub(crate) legacy: bool,
    /// The slots that the operator opens to the network, where their creators cannot.
    pub(crate) slots: Arc<[SlotName]>,
}

/// Where messages to an address go.
pub(crate) enum Way {
    Domain(Arc<Member>),
    /// To a computer that may be in the only network of this machine; and the answer if it is not.
    Perhaps(Arc<Member>, Answer),
    /// Nowhere, with the reason: they must not go to another network.
    Refused(String),
    /// Not to a domain of this machine.
    Legacy,
}

/// Answers until `stop` is true.
pub(crate) fn run(slot: &Mailslot, parts: &RwLock<Parts>, stop: &AtomicBool) {
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
                // The domains may have changed during the wait.
                handle(&message, parts);
            }
            Err(mailslot::Error::TimedOut) => {}
            // Reads were aborted.
            Err(_) if stop.load(Ordering::SeqCst) => return,
            Err(error) => {
                let failed = retry.failed(now, &error);
                if failed.is_news {
                    tracing::warn!(name: "slot_not_read", slot = %slot.name(), reason = %error);
                }
                // To stop this thread, unpark it.
                std::thread::park_timeout(failed.pause);
            }
        }
    }
}

/// A copy, so that the lock is not held while the members are used.
pub(crate) fn current(parts: &RwLock<Parts>) -> Vec<Arc<Member>> {
    parts.read().unwrap_or_else(PoisonError::into_inner).members.clone()
}

/// Malformed requests are ignored.
fn handle(message: &Message, parts: &RwLock<Parts>) {
    let Some(asker) = message.reply_to else { return };
    let question = match Question::decode(&message.data) {
        Ok(question) => question,
        Err(undecoded) => return answer(&asker, &Answer::Refused(undecoded.of_program().to_owned())),
    };
    let way = parts.read().unwrap_or_else(PoisonError::into_inner).way(question.address());
    let member = match way {
        Way::Domain(member) => member,
        Way::Perhaps(member, away) => match &question {
            Question::Route(address @ Address::Remote { target, .. }) => {
                return member.find(target, address, asker, away);
            }
            // It counts nobody then, or the outcome is that the computer is silent.
            _ => member,
        },
        Way::Refused(why) => return answer(&asker, &Answer::Refused(why)),
        Way::Legacy => return answer(&asker, &Answer::Legacy),
    };
    match question {
        Question::Route(address) => answer(&asker, &member.route(&address)),
        Question::Receivers { address, at_least, within } => {
            member.count_receivers(&address, at_least as usize, within, asker);
        }
        Question::Confirmed { address, within, data } => member.confirm(&address, data, within, asker),
        Question::Request { address, within, data } => member.request(&address, data, within, asker),
        _ => answer(&asker, &Answer::Refused(Undecoded::Newer.of_program().to_owned())),
    }
}

impl Parts {
    /// The domain with this name, or else the domain that the computer of this name is in. A broadcast goes to this
    /// machine's domain: the legacy one, or else the only one.
    pub(crate) fn way(&self, address: &Address) -> Way {
        match address {
            Address::Remote { target, .. } => self.way_to(target),
            Address::Broadcast(_) if !self.legacy => match (self.members.as_slice(), self.missing.first_key_value()) {
                ([member], None) => Way::Domain(Arc::clone(member)),
                ([], Some((name, why))) if self.missing.len() == 1 => Way::Refused(format!("{name}: {why}")),
                _ => Way::Legacy,
            },
            _ => Way::Legacy,
        }
    }

    fn way_to(&self, target: &NetbiosName) -> Way {
        self.domain(target).unwrap_or_else(|| match self.computers.get(target) {
            Some(Meant::Legacy) => Way::Legacy,
            Some(Meant::Domain(name)) => self.domain(name).unwrap_or_else(|| {
                Way::Refused(format!("the settings place {target} in {name}, which is not a domain of this machine"))
            }),
            None => self.way_to_computer(target),
        })
    }

    /// The domain with this name, if this machine has it.
    fn domain(&self, name: &NetbiosName) -> Option<Way> {
        if let Some(member) = self.members.iter().find(|member| member.name() == name) {
            return Some(Way::Domain(Arc::clone(member)));
        }
        self.missing.get(name).map(|why| Way::Refused(format!("{name}: {why}")))
    }

    /// The domain that is the only network of this machine, so that a name can mean a computer of no other.
    pub(crate) fn only(&self) -> Option<&Arc<Member>> {
        match self.members.as_slice() {
            [member] if !self.legacy && self.missing.is_empty() => Some(member),
            _ => None,
        }
    }

    /// The first sealed domain that had the computer, whichever has it now: other members and strangers cannot take its
    /// messages by announcing its name elsewhere. A computer that no sealed domain has had may be in an open one.
    fn way_to_computer(&self, target: &NetbiosName) -> Way {
        if let Some(member) = self.only() {
            let is_known = self.known.owner(target).is_some_and(|owner| member.state.owner() == Some(&owner));
            let away = if is_known { Answer::Refused(away(target, member.name())) } else { Answer::Legacy };
            return Way::Perhaps(Arc::clone(member), away);
        }
        let there = |sealed: bool| {
            let has =
                |member: &&Arc<Member>| member.state.owner().is_some() == sealed && member.state.has_computer(target);
            self.members.iter().find(has).map(|member| Way::Domain(Arc::clone(member)))
        };
        let is_own = || self.members.iter().any(|member| member.state.computer == *target);
        match self.known.owner(target) {
            Some(owner) => {
                let is_there =
                    |member: &&Arc<Member>| member.state.owner() == Some(&owner) && member.state.has_computer(target);
                let away = || Way::Refused(away(target, &owner.name));
                let member = self.members.iter().find(is_there).map(|member| Way::Domain(Arc::clone(member)));
                // This machine is in all of its domains.
                member.or_else(|| there(true).filter(|_| is_own())).unwrap_or_else(away)
            }
            // There may be more computers than are remembered.
            None => there(true).or_else(|| there(false)).unwrap_or(Way::Legacy),
        }
    }

    /// Why messages to `address` must not be sent in a legacy network; `None` if they may. They must not if the address
    /// is a domain of this machine, or a computer that a sealed one knows.
    pub(crate) fn protects(&self, address: &Address) -> Option<String> {
        let Address::Remote { target, .. } = address else { return None };
        match self.way_to(target) {
            Way::Refused(why) => Some(why),
            Way::Domain(member) if member.name() == target => Some(format!("{target} is a domain of this machine")),
            // In an open domain anybody can announce any name, to keep messages from where they should go.
            Way::Domain(member) if member.state.owner().is_some() || self.computers.contains_key(target) => {
                Some(format!("{target} is a member of {}", member.name()))
            }
            // There is no legacy network then.
            Way::Domain(_) | Way::Perhaps(..) | Way::Legacy => None,
        }
    }
}

fn away(computer: &NetbiosName, domain: &NetbiosName) -> String {
    format!("{computer} is a member of {domain} and is away")
}
