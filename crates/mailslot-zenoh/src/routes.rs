//! Answering the programs of this machine: which way, how many receivers, what became of a message.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Instant;

use mailslot::node::routes::{Answer, Question, Request};
use mailslot::{Address, Mailslot, Timeout};

use crate::member::Member;
use crate::state::answer;

/// The domains that this machine takes part in now.
pub(crate) type Members = RwLock<Vec<Arc<Member>>>;

/// Answers until `slot` is closed. `legacy` tells whether this machine is in a legacy network, too.
pub(crate) fn run(slot: &Mailslot, members: &Members, legacy: bool) {
    loop {
        let now = Instant::now();
        let waiting = current(members);
        waiting.iter().for_each(|member| member.state.answer_waiting(now));
        let deadline = waiting.iter().filter_map(|member| member.state.deadline()).min();
        let timeout = deadline.map_or(Timeout::Forever, |end| Timeout::After(end.saturating_duration_since(now)));
        match slot.receive_within(timeout) {
            // There may be other domains than before the wait.
            Ok(message) => handle(&message.data, &current(members), legacy),
            Err(mailslot::Error::TimedOut) => {}
            Err(_) => return,
        }
    }
}

/// A copy, so that nobody waits for anybody who works with it.
pub(crate) fn current(members: &Members) -> Vec<Arc<Member>> {
    members.read().unwrap_or_else(PoisonError::into_inner).clone()
}

/// What is no request gets no answer.
fn handle(bytes: &[u8], members: &[Arc<Member>], legacy: bool) {
    let Some(Request { reply, question }) = Request::decode(bytes) else { return };
    let Some(member) = find(question.address(), members, legacy) else {
        return answer(&reply, &Answer::Legacy);
    };
    match question {
        Question::Route(address) => answer(&reply, &member.route(&address)),
        Question::Receivers { address, at_least, within } => {
            member.count_receivers(&address, at_least as usize, within, reply);
        }
        Question::Confirmed { address, within, data } => member.confirm(&address, data, within, reply),
    }
}

/// The domain that has this name, or else one where a computer of this name takes part. The own domain is the legacy one,
/// or else the only one.
fn find<'a>(address: &Address, members: &'a [Arc<Member>], legacy: bool) -> Option<&'a Arc<Member>> {
    match address {
        Address::Remote { target, .. } => members
            .iter()
            .find(|member| member.name() == target)
            .or_else(|| members.iter().find(|member| member.state.has_computer(target))),
        Address::Broadcast(_) if !legacy && members.len() == 1 => members.first(),
        _ => None,
    }
}
