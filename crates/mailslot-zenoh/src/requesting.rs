//! Requests of this machine to slots elsewhere in a sealed domain.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use mailslot::network::routes::Answer;
use mailslot::{Address, Outcome, ReplyTo};
use mailslot_domain::{Reply, Request};

use crate::counters::Counted;
use crate::link::{self, Link};
use crate::lock::lock;
use crate::places::{Place, Places};
use crate::presences::Group;
use crate::state::{State, answer, from_domain};

/// Requests that may wait at one time.
const MAX_REQUESTS: usize = 1024;

/// The requests of a machine in one domain.
pub(crate) struct Requesting {
    places: Arc<Places>,
}

impl Requesting {
    pub(crate) fn new() -> Requesting {
        Requesting { places: Places::new(MAX_REQUESTS) }
    }

    /// Sends a request, and has the asker told the replies. The error is what to tell the asker instead.
    pub(crate) fn begin(
        &self,
        link: &Link,
        state: &Arc<State>,
        address: &Address,
        data: &[u8],
        within: Duration,
        asker: ReplyTo,
    ) -> Result<(), String> {
        if state.owner().is_none() {
            return Err(format!(
                "{} is an open domain, where nothing proves who replies: requests go to sealed ones",
                state.name
            ));
        }
        let place = self.places.take(asker.uid()).ok_or("too many requests are waiting, of this user or of all")?;
        let sealed = state.destination(address).and_then(|to| Ok((state.seal_request(&to, within, data)?, to)));
        let ((envelope, request), to) = sealed.map_err(|error| error.to_string())?;
        let (target, is_one) = match state.group(address) {
            Group::One(computer, _) => (computer, true),
            Group::Everyone(_) => (state.name.clone(), false),
        };
        state.counters.count(Counted::Confirmed);
        let heard = Mutex::default();
        let pending = Pending {
            state: Arc::clone(state),
            request,
            asker,
            target: target.to_string(),
            is_one,
            heard,
            _place: place,
        };
        let asked = link.ask(to.key_expression(), envelope, within, move |answer| pending.take(answer));
        if asked.is_err() {
            // The closure has been dropped, which has told the asker that nobody replies.
            state.counters.count(Counted::OutgoingRefused);
        }
        Ok(())
    }
}

/// One request, as Zenoh holds it: until every queryable has answered, or the time is over.
struct Pending {
    state: Arc<State>,
    request: Request,
    asker: ReplyTo,
    /// The computer or domain that is asked.
    target: String,
    is_one: bool,
    /// The computers that have answered, and what became of the request there. Each counts once.
    heard: Mutex<BTreeMap<String, Outcome>>,
    _place: Place,
}

impl Pending {
    /// Takes the answer of a computer.
    fn take(&self, answered: link::Answer) {
        let told = answered.and_then(|(mut payload, _)| {
            let look = |reply: Reply<'_>| (reply.computer.to_owned(), from_domain(reply.outcome), reply.data.to_vec());
            self.state.open_reply(&self.request, &mut payload, look)
        });
        // If one computer is asked, only it may answer. Answering in its name takes the key, but a member may do so by
        // mistake.
        let new = told.filter(|(computer, outcome, _)| {
            let is_asked = !self.is_one || *computer == self.target;
            is_asked && self.is_first(computer, *outcome)
        });
        self.state.counters.count(if new.is_some() { Counted::ReceiptsReceived } else { Counted::ReceiptsRefused });
        match new {
            Some((computer, Outcome::Delivered, data)) => answer(&self.asker, &Answer::Reply { computer, data }),
            // If several are asked, one that does not reply leaves it to the others.
            Some((computer, outcome, _)) if self.is_one => answer(&self.asker, &Answer::NoReply { computer, outcome }),
            _ => {}
        }
    }

    fn is_first(&self, computer: &str, outcome: Outcome) -> bool {
        match lock(&self.heard).entry(computer.to_owned()) {
            Entry::Vacant(new) => {
                new.insert(outcome);
                true
            }
            Entry::Occupied(_) => false,
        }
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        let heard = std::mem::take(&mut *lock(&self.heard));
        let has_replied = heard.values().any(|outcome| *outcome == Outcome::Delivered);
        let last = match heard.into_iter().next() {
            Some(_) if has_replied || self.is_one => Answer::Over,
            // Report why one of them does not reply.
            Some((computer, outcome)) => Answer::NoReply { computer, outcome },
            None => Answer::NoReply { computer: self.target.clone(), outcome: Outcome::Silent },
        };
        answer(&self.asker, &last);
    }
}
