//! Answers to confirmed writes and requests of other machines.
//!
//! The slot's owner is asked as by any program of this machine, so that the reply can be believed because the kernel
//! says who wrote it. It is then sealed for the asker.

use std::sync::Arc;
use std::time::Duration;

use mailslot::network::routes::LONGEST;
use mailslot::{Error, Outcome, Replies};
use mailslot_domain::Request;

use crate::link::Asked;
use crate::state::{Answered, State, Wanted};

/// Bytes of the stack of a thread that waits for a reply and seals it.
const STACK_SIZE: usize = 256 << 10;

/// Answers `asked`. What was not let in (`wanted` is `None`) gets no answer.
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
            let thread = std::thread::Builder::new().name("request".to_owned()).stack_size(STACK_SIZE);
            if let Err(error) = thread.spawn(work) {
                tracing::warn!(name: "request_not_answered", reason = %error);
            }
        }
    }
}

/// Passes on the first reply.
fn pass_on(state: &State, request: &Request, replies: &Replies, within: Duration, asked: &Asked) {
    match replies.receive_within(within) {
        Ok(reply) => {
            if let Some(envelope) = state.reply(request, &reply.data) {
                asked.answer(envelope);
            }
        }
        // The asker has given up by now.
        Err(Error::TimedOut) => {}
        Err(error) => tell(state, request, Outcome::from(&error), asked),
    }
}

fn tell(state: &State, request: &Request, outcome: Outcome, asked: &Asked) {
    if let Some(envelope) = state.receipt(request, outcome) {
        asked.answer(envelope);
    }
}
