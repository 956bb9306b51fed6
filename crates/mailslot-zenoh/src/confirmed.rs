//! Writes of this machine that wait for receipts.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use mailslot::node::routes::Answer;
use mailslot::{Outcome, Receipt, SlotName};
use mailslot_domain::Request;
use zenoh::query::Reply;

use crate::counters::Counted;
use crate::state::{State, answer, from_domain, lock};

/// Writes that may wait at one time: each holds its message.
const MOST: usize = 256;

/// Computers whose receipts one write keeps. In an open domain anybody can answer under any name.
const MOST_COMPUTERS: usize = 1 << 16;

/// One confirmed write. Zenoh drops it when all who received it have answered, or the time is over; then whoever wrote
/// gets the receipts.
pub(crate) struct Pending {
    state: Arc<State>,
    request: Request,
    reply: SlotName,
    /// The computers that should answer, and what they did.
    receipts: Mutex<BTreeMap<String, Option<Outcome>>>,
    _place: Place,
}

/// One of the places for confirmed writes.
pub(crate) struct Place(Arc<AtomicUsize>);

impl Place {
    /// `None` if all are taken.
    pub(crate) fn take(places: &Arc<AtomicUsize>) -> Option<Place> {
        let place = Place(Arc::clone(places));
        (places.fetch_add(1, Ordering::Relaxed) < MOST).then_some(place)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Pending {
    pub(crate) fn new(
        state: &Arc<State>,
        request: Request,
        expected: impl IntoIterator<Item = String>,
        reply: SlotName,
        place: Place,
    ) -> Pending {
        state.counters.count(Counted::Confirmed);
        let receipts = Mutex::new(expected.into_iter().map(|computer| (computer, None)).collect());
        Pending { state: Arc::clone(state), request, reply, receipts, _place: place }
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
        answer(&self.reply, &Answer::Receipts(receipts.into_iter().map(receipt).collect()));
    }
}
