//! Confirmed writes of this machine, which wait for receipts.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use mailslot::network::routes::Answer;
use mailslot::{Address, Outcome, Receipt, ReplyTo};
use mailslot_domain::{Kind, Request};

use crate::counters::Counted;
use crate::link::{self, Link};
use crate::lock::lock;
use crate::places::{Place, Places};
use crate::presences::{Group, Whom};
use crate::state::{State, answer, from_domain};
use crate::survey::Surveys;

/// Writes that may wait at one time. A write that has all its receipts still waits for queryables that do not answer,
/// which anybody may have declared, but it holds no message.
const MAX_WRITES: usize = 4096;

/// Computers whose receipts one write keeps. In an open domain anybody can answer under any name.
const MAX_COMPUTERS: usize = 1 << 16;

/// The shortest time that unexpected computers still have to answer once all expected ones have.
const GRACE: Duration = Duration::from_millis(50);

/// The confirmed writes of a machine in one domain.
pub(crate) struct Confirming {
    places: Arc<Places>,
}

impl Confirming {
    pub(crate) fn new() -> Confirming {
        Confirming { places: Places::new(MAX_WRITES) }
    }

    /// Sends a message, and has the asker told what became of it. Who receives is asked meanwhile, if there are
    /// `surveys`. The error is what to tell the asker instead.
    #[expect(clippy::too_many_arguments, reason = "each is one thing of the question")]
    pub(crate) fn begin(
        &self,
        link: &Link,
        state: &Arc<State>,
        address: &Address,
        data: &[u8],
        within: Duration,
        asker: ReplyTo,
        surveys: Option<&Arc<Surveys>>,
    ) -> Result<(), (ReplyTo, String)> {
        let Some(place) = self.places.take(asker.uid()) else {
            return Err((asker, "too many confirmed writes are waiting, of this user or of all".to_owned()));
        };
        let sealed = state.destination(address).and_then(|to| Ok((state.seal(Kind::Confirmed, &to, None, data)?, to)));
        let ((envelope, request), to) = match sealed {
            Ok(sealed) => sealed,
            Err(error) => return Err((asker, error.to_string())),
        };
        let group = state.group(address);
        let expected = match (&group, surveys) {
            (Group::One(computer, _), _) => Some(BTreeSet::from([computer.to_string()])),
            (Group::Everyone(_), None) => Some(state.receivers(&group)),
            (Group::Everyone(_), Some(_)) => None,
        };
        let pending = Pending::new(state, request, expected, asker, place);
        if let (Group::Everyone(slot), Some(surveys)) = (&group, surveys) {
            let write = Arc::clone(&pending.write);
            surveys.ask(state, Whom::Slot(slot.clone()), move |found| {
                if let Some(found) = found {
                    write.expect(found.receivers(&group));
                }
            });
        }
        let asked = link.ask(to.key_expression(), envelope, within, move |answer| pending.take(answer));
        if asked.is_err() {
            // The closure has been dropped, which has told the asker that nobody answered.
            state.counters.count(Counted::OutgoingRefused);
        }
        Ok(())
    }
}

/// One confirmed write, as Zenoh holds it: until every queryable has answered, or the time is over. The asker gets the
/// receipts then at the latest, or when it is known who receives, and usually earlier ([`Write`]).
struct Pending {
    write: Arc<Write>,
    _place: Place,
}

/// A write and its receipts.
///
/// Zenoh ends a query when every matching queryable has answered. Anybody who reaches the Zenoh network can declare one
/// that never answers, without a key; so a write ends when all computers that are known to receive have answered, and
/// others have had some time.
struct Write {
    state: Arc<State>,
    request: Request,
    asker: ReplyTo,
    begun: Instant,
    /// `None` once the asker has been told.
    receipts: Mutex<Option<Receipts>>,
}

/// The answers so far, and the computers that have yet to answer.
#[derive(Default)]
struct Receipts {
    outcomes: BTreeMap<String, Option<Outcome>>,
    /// How many of `outcomes` are still missing.
    missing: usize,
    /// Whether it is known who should answer.
    is_known: bool,
}

/// The effect of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Taken {
    /// The answer is kept, and others are still missing.
    Kept,
    /// The answer is kept, and was the last that was expected.
    Last,
    /// The answer is dropped: its computer has answered before, or too many computers have.
    Refused,
}

impl Pending {
    /// A write to the computers in `expected`, and to any others that receive it; `None` if it is not known yet who
    /// receives it.
    fn new(
        state: &Arc<State>,
        request: Request,
        expected: Option<BTreeSet<String>>,
        asker: ReplyTo,
        place: Place,
    ) -> Pending {
        state.counters.count(Counted::Confirmed);
        let mut receipts = Receipts::default();
        if let Some(expected) = expected {
            receipts.expect(expected);
        }
        let receipts = Mutex::new(Some(receipts));
        let write = Write { state: Arc::clone(state), request, asker, begun: Instant::now(), receipts };
        Pending { write: Arc::new(write), _place: place }
    }

    /// Takes the answer of a computer. The first answer of each counts.
    fn take(&self, answer: link::Answer) {
        let Write { state, request, receipts, .. } = &*self.write;
        let receipt =
            answer.and_then(|(payload, attachment)| state.open_receipt(request, payload, attachment.as_deref()));
        let taken = match (receipt, &mut *lock(receipts)) {
            (Some(receipt), Some(receipts)) => receipts.take(receipt.computer, from_domain(receipt.outcome)),
            _ => Taken::Refused,
        };
        state.counters.count(match taken {
            Taken::Refused => Counted::ReceiptsRefused,
            _ => Counted::ReceiptsReceived,
        });
        if taken == Taken::Last {
            self.write.finish_soon();
        }
    }
}

impl Write {
    /// Sets the computers that should answer, which were not known before.
    fn expect(self: &Arc<Write>, expected: BTreeSet<String>) {
        let have_all_answered = lock(&self.receipts).as_mut().is_some_and(|receipts| receipts.expect(expected));
        if have_all_answered {
            self.finish_soon();
        }
    }

    fn finish_soon(self: &Arc<Write>) {
        let write = Arc::clone(self);
        // A computer whose presence has not arrived yet, or was withheld, may be as far away as the last one that
        // answered.
        let grace = self.begun.elapsed().max(GRACE);
        link::later(grace, move || write.finish());
    }

    /// Tells the asker the receipts, once.
    fn finish(&self) {
        let Some(receipts) = lock(&self.receipts).take() else { return };
        if !receipts.is_known && receipts.outcomes.is_empty() {
            let why = format!("{} has neither answered nor told who receives", self.state.name);
            return answer(&self.asker, &Answer::Refused(why));
        }
        let receipt =
            |(computer, outcome): (String, Option<Outcome>)| Receipt::new(computer, outcome.unwrap_or(Outcome::Silent));
        answer(&self.asker, &Answer::Receipts(receipts.outcomes.into_iter().map(receipt).collect()));
    }
}

/// Nobody can answer any more, and nobody will tell who should.
impl Drop for Write {
    fn drop(&mut self) {
        self.finish();
    }
}

impl Receipts {
    /// These should answer. Returns whether they have.
    fn expect(&mut self, expected: BTreeSet<String>) -> bool {
        self.is_known = true;
        let is_anybody = !expected.is_empty();
        for computer in expected {
            if let Entry::Vacant(missing) = self.outcomes.entry(computer) {
                missing.insert(None);
                self.missing += 1;
            }
        }
        is_anybody && self.missing == 0
    }

    fn take(&mut self, computer: String, outcome: Outcome) -> Taken {
        let room = self.outcomes.len() < MAX_COMPUTERS;
        match self.outcomes.entry(computer) {
            Entry::Occupied(mut expected) if expected.get().is_none() => {
                expected.insert(Some(outcome));
                self.missing -= 1;
                if self.missing == 0 && self.is_known { Taken::Last } else { Taken::Kept }
            }
            Entry::Vacant(other) if room => {
                other.insert(Some(outcome));
                Taken::Kept
            }
            _ => Taken::Refused,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expecting(computers: impl IntoIterator<Item = String>) -> Receipts {
        let mut receipts = Receipts::default();
        receipts.expect(computers.into_iter().collect());
        receipts
    }

    #[test]
    fn the_last_expected_answer_is_known_whatever_else_is_answered_and_in_any_order() {
        const COMPUTERS: [&str; 5] = ["A", "B", "C", "X", "Y"];
        // Every set of expected computers, and five orders of two answers of each computer.
        for expected in 0..1 << COMPUTERS.len() {
            let is_expected = |index: usize| expected >> index & 1 == 1;
            for first in 0..COMPUTERS.len() {
                let names =
                    (0..COMPUTERS.len()).filter(|index| is_expected(*index)).map(|index| COMPUTERS[index].into());
                let mut receipts = expecting(names);
                let mut missing = receipts.missing;
                for step in 0..2 * COMPUTERS.len() {
                    let (index, again) = ((first + step) % COMPUTERS.len(), step >= COMPUTERS.len());
                    let taken = receipts.take(COMPUTERS[index].to_owned(), Outcome::Full);
                    missing -= usize::from(is_expected(index) && !again);
                    let correct = match (again, is_expected(index) && missing == 0) {
                        (true, _) => Taken::Refused,
                        (false, true) => Taken::Last,
                        (false, false) => Taken::Kept,
                    };
                    assert_eq!(taken, correct, "expected {expected:b}, first {first}, step {step}");
                }
                assert_eq!(receipts.outcomes.len(), COMPUTERS.len());
            }
        }
    }

    #[test]
    fn answers_under_made_up_names_are_bounded_and_keep_nobody_out_who_is_expected() {
        let mut receipts = expecting(["EXPECTED".to_owned()]);
        for number in 1..MAX_COMPUTERS {
            assert_eq!(receipts.take(number.to_string(), Outcome::Delivered), Taken::Kept);
        }
        assert_eq!(receipts.take("ANOTHER".to_owned(), Outcome::Delivered), Taken::Refused);
        assert_eq!(receipts.take("EXPECTED".to_owned(), Outcome::Delivered), Taken::Last);
    }

    #[test]
    fn nobody_is_the_last_before_it_is_known_who_should_answer() {
        // Every set of computers that answer before that is known, of three that should and one that nobody expects.
        const COMPUTERS: [&str; 4] = ["A", "B", "C", "X"];
        for before in 0..1 << COMPUTERS.len() {
            let mut receipts = Receipts::default();
            let (early, late): (Vec<_>, Vec<_>) = (0..COMPUTERS.len()).partition(|index| before >> index & 1 == 1);
            for index in early {
                assert_eq!(receipts.take(COMPUTERS[index].to_owned(), Outcome::Full), Taken::Kept);
            }
            let expected = COMPUTERS[..3].iter().map(|name| (*name).to_owned()).collect();
            let missing = late.iter().filter(|index| **index < 3).count();
            assert_eq!(receipts.expect(expected), missing == 0, "{before:b}");
            let taken: Vec<Taken> =
                late.iter().map(|index| receipts.take(COMPUTERS[*index].to_owned(), Outcome::Full)).collect();
            assert_eq!(
                taken.iter().filter(|taken| **taken == Taken::Last).count(),
                usize::from(missing > 0),
                "{before:b}"
            );
        }
    }
}
