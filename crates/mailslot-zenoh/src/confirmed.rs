//! Writes of this machine that wait for receipts.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use mailslot::network::ask::Asker;
use mailslot::network::routes::Answer;
use mailslot::{Outcome, Receipt};
use mailslot_domain::Request;
use zenoh::query::Reply;

use crate::counters::Counted;
use crate::places::Place;
use crate::state::{State, answer, from_domain, lock};

/// Writes that may wait at one time: each holds its message.
pub(crate) const MOST: usize = 256;

/// Computers whose receipts one write keeps. In an open domain anybody can answer under any name.
const MOST_COMPUTERS: usize = 1 << 16;

/// One confirmed write. Zenoh drops it when all who received it have answered, or the time is over; then whoever wrote
/// gets the receipts.
pub(crate) struct Pending {
    state: Arc<State>,
    request: Request,
    asker: Asker,
    /// The computers that should answer, and what they did.
    receipts: Mutex<BTreeMap<String, Option<Outcome>>>,
    _place: Place,
}

impl Pending {
    pub(crate) fn new(
        state: &Arc<State>,
        request: Request,
        expected: impl IntoIterator<Item = String>,
        asker: Asker,
        place: Place,
    ) -> Pending {
        state.counters.count(Counted::Confirmed);
        let receipts = Mutex::new(expected.into_iter().map(|computer| (computer, None)).collect());
        Pending { state: Arc::clone(state), request, asker, receipts, _place: place }
    }

    /// A computer has answered. The first answer of each counts.
    pub(crate) fn take(&self, reply: &Reply) {
        let receipt = match reply.result() {
            Ok(sample) => self.state.open_receipt(&self.request, sample),
            Err(_) => None,
        };
        let kept = receipt.is_some_and(|receipt| {
            let mut receipts = lock(&self.receipts);
            if receipts.len() >= MOST_COMPUTERS && !receipts.contains_key(&receipt.computer) {
                return false;
            }
            let outcome = receipts.entry(receipt.computer).or_default();
            let first = outcome.is_none();
            outcome.get_or_insert(from_domain(receipt.outcome));
            first
        });
        self.state.counters.count(if kept { Counted::ReceiptsReceived } else { Counted::ReceiptsRefused });
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        let receipts = std::mem::take(&mut *lock(&self.receipts));
        let receipt = |(computer, outcome): (String, Option<Outcome>)| Receipt {
            computer,
            outcome: outcome.unwrap_or(Outcome::Silent),
        };
        answer(&self.asker, &Answer::Receipts(receipts.into_iter().map(receipt).collect()));
    }
}
