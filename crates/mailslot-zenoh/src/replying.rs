//! Answers to confirmed writes and requests of other machines.
//!
//! A request is asked of the slot's owner as any program of this machine would ask, so that its reply is believed because the kernel says
//! who wrote it, and then sealed for whoever has asked.

use std::sync::Arc;
use std::time::Duration;

use mailslot::network::routes::LONGEST;
use mailslot::{Error, Outcome, Replies};
use mailslot_domain::Request;

use crate::link::Asked;
use crate::state::{Answered, State, Wanted};

/// Bytes of such a thread's stack: it waits, and seals.
const STACK: usize = 256 << 10;

/// Answers `asked`, when there is something to answer. What is not let in gets no answer.
pub(crate) fn answer(state: &Arc<State>, wanted: Option<Wanted>, asked: Asked) {
    let Some(Wanted { request, answer }) = wanted else { return };
    match answer {
        Answered::Outcome(outcome) => tell(state, &request, outcome, &asked),
        Answered::Replies { replies, within, place } => {
            let state = Arc::clone(state);
            let work = move || {
                pass_on(&state, &request, &replies, within.min(LONGEST), &asked);
                drop(place);
            };
            let thread = std::thread::Builder::new().name("request".to_owned()).stack_size(STACK);
            if let Err(error) = thread.spawn(work) {
                tracing::warn!(name: "request_not_answered", reason = %error);
            }
        }
    }
}

/// Passes the first reply on.
fn pass_on(state: &State, request: &Request, replies: &Replies, within: Duration, asked: &Asked) {
    match replies.receive_within(within) {
        Ok(reply) => {
            if let Some(envelope) = state.reply(request, &reply.data) {
                asked.answer(envelope);
            }
        }
        // Whoever asks has given up by now.
        Err(Error::TimedOut) => {}
        Err(error) => tell(state, request, Outcome::from(&error), asked),
    }
}

fn tell(state: &State, request: &Request, outcome: Outcome, asked: &Asked) {
    if let Some(envelope) = state.receipt(request, outcome) {
        asked.answer(envelope);
    }
}
