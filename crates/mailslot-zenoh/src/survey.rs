//! Asking who is there: where a machine does not watch everybody, it asks when somebody wants to know.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use std::vec::IntoIter;

use crate::link::{self, Extent, Link};
use crate::lock::lock;
use crate::presences::{Presences, Whom};
use crate::state::State;

/// How long the answer to one part of a question may take. Routers give it from what they know, without asking anybody,
/// so that this is for the way, and for Zenoh here to take in thousands of names.
const PATIENCE: Duration = Duration::from_secs(15);
/// Parts of a question that are under way at one time: more would make each answer later, and the whole one no earlier.
const MAX_PARTS_AT_ONCE: usize = 2;
/// How often a part is asked for again whose answer was cut short, and by how much the pause before that grows: while a
/// watch is told tens of thousands of presences, more questions would only make that later.
const MAX_AGAIN: u32 = 20;
const PAUSE: Duration = Duration::from_millis(10);

/// What is done with an answer: nothing came if not all presences were told in time, or nobody who knows them could be
/// asked.
type Then = Box<dyn FnOnce(Option<&Presences>) + Send>;

/// The questions of a machine in one domain: one at a time for the same presences, so that many who ask cost no more
/// than two answers.
#[derive(Default)]
pub(crate) struct Surveys {
    /// The session that is open, and its number.
    link: Mutex<(u64, Option<Link>)>,
    /// Those who wait for the next question, by what is asked in the one that is under way, whose answer may be older
    /// than what they want to know.
    next: Mutex<HashMap<Whom, Vec<Then>>>,
}

impl Surveys {
    /// Questions are asked in this session from now on, and those of the previous one asked again if that does not
    /// answer.
    pub(crate) fn use_link(&self, link: Option<Link>) {
        let mut current = lock(&self.link);
        *current = (current.0 + 1, link);
    }

    /// Asks for presences that exist now or later, and has `then` done with the answer, in which there may be others as
    /// well.
    pub(crate) fn ask(
        self: &Arc<Surveys>,
        state: &Arc<State>,
        whom: Whom,
        then: impl FnOnce(Option<&Presences>) + Send + 'static,
    ) {
        let mut next = lock(&self.next);
        if let Some(next) = next.get_mut(&whom) {
            return next.push(Box::new(then));
        }
        next.insert(whom.clone(), Vec::new());
        drop(next);
        self.begin(state, whom, vec![Box::new(then)]);
    }

    fn begin(self: &Arc<Surveys>, state: &Arc<State>, whom: Whom, asked: Vec<Then>) {
        let (number, link) = lock(&self.link).clone();
        let (Some(link), Ok(parts)) = (link, whom.parts(&state.domain())) else {
            let next = lock(&self.next).remove(&whom);
            return asked.into_iter().chain(next.into_iter().flatten()).for_each(|then| then(None));
        };
        let found = Arc::new((Mutex::new(Presences::default()), AtomicBool::new(true)));
        let (adding, to) = (Arc::clone(state), Arc::clone(&found));
        let told = move |token: &str| {
            if !adding.add_presence(token, &to.0) {
                to.1.store(false, Ordering::Relaxed);
            }
        };
        let (surveys, of) = (Arc::clone(self), Arc::clone(state));
        ask_in_parts(&link, parts, told, move |is_whole| {
            if !is_whole && lock(&surveys.link).0 != number {
                return surveys.begin(&of, whom, asked);
            }
            if let Some(next) = surveys.end(&whom) {
                surveys.begin(&of, whom, next);
            }
            let is_whole = is_whole && found.1.load(Ordering::Relaxed);
            let found = std::mem::take(&mut *lock(&found.0));
            asked.into_iter().for_each(|then| then(is_whole.then_some(&found)));
        });
    }

    /// Those who want another one; `None` if there are none, and it is over.
    fn end(&self, whom: &Whom) -> Option<Vec<Then>> {
        let mut next = lock(&self.next);
        let waiting = next.get_mut(whom).map(std::mem::take).filter(|waiting| !waiting.is_empty());
        if waiting.is_none() {
            next.remove(whom);
        }
        waiting
    }
}

/// Calls `told` with the tokens at each of the key expressions, and then `over`, in a thread where it may call Zenoh:
/// with false if some may be missing. What comes after the first answer that is not whole is not asked any more.
pub(crate) fn ask_in_parts(
    link: &Link,
    parts: Vec<String>,
    told: impl Fn(&str) + Send + Sync + 'static,
    over: impl FnOnce(bool) + Send + 'static,
) {
    let asking = Arc::new(Asking {
        link: link.clone(),
        parts: Mutex::new(parts.into_iter()),
        is_whole: AtomicBool::new(true),
        told,
        over: Mutex::new(Some(Box::new(over))),
    });
    for _ in 0..MAX_PARTS_AT_ONCE {
        Arc::clone(&asking).ask_next();
    }
}

/// What is done when a question is over: whether all tokens were told.
type Over = Box<dyn FnOnce(bool) + Send>;

/// A question in parts. It is over when the last of those that are under way drops it.
struct Asking<T> {
    link: Link,
    parts: Mutex<IntoIter<String>>,
    is_whole: AtomicBool,
    told: T,
    over: Mutex<Option<Over>>,
}

impl<T: Fn(&str) + Send + Sync + 'static> Asking<T> {
    fn ask_next(self: Arc<Self>) {
        if !self.is_whole.load(Ordering::Relaxed) {
            return;
        }
        let Some(part) = lock(&self.parts).next() else { return };
        self.ask(part, 0);
    }

    /// Asks for a part, which was asked for so often `before`.
    fn ask(self: Arc<Self>, part: String, before: u32) {
        let (link, asked) = (self.link.clone(), part.clone());
        link.ask_for_tokens(&asked, PATIENCE, move |tokens, extent| {
            if extent == Extent::CutShort && before < MAX_AGAIN {
                let ask_again = move || link::while_nothing_is_sent(move || self.ask(part, before + 1));
                return link::later(PAUSE * before, ask_again);
            }
            tokens.iter().for_each(|token| (self.told)(token));
            if extent != Extent::Whole {
                self.is_whole.store(false, Ordering::Relaxed);
            }
            self.ask_next();
        });
    }
}

impl<T> Drop for Asking<T> {
    fn drop(&mut self) {
        if let Some(over) = lock(&self.over).take() {
            let is_whole = self.is_whole.load(Ordering::Relaxed);
            // Zenoh may be the last to drop it, with locks of its own.
            link::later(Duration::ZERO, move || over(is_whole));
        }
    }
}
