//! Asking who is there: where a machine does not watch everybody, it asks when somebody wants to know.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::link::Link;
use crate::lock::lock;
use crate::presences::Presences;
use crate::state::State;

/// How long an answer may take. Routers give it from what they know, without asking anybody, so that this is for the
/// way. Programs that do not want to wait so long say that the node is silent.
pub(crate) const SURVEY: Duration = Duration::from_secs(10);

/// What is done with an answer: nothing came if not all presences were told in time, or nobody who knows them could be
/// asked.
type Then = Box<dyn FnOnce(Option<&Presences>) + Send>;

/// The questions of a machine in one domain: one at a time for each key expression, so that many who ask cost no more
/// than two answers.
#[derive(Default)]
pub(crate) struct Surveys {
    /// The session that is open, and its number.
    link: Mutex<(u64, Option<Link>)>,
    /// Those who wait for the next question, by the key expression of the one that is under way, whose answer may be
    /// older than what they want to know.
    next: Mutex<HashMap<String, Vec<Then>>>,
}

impl Surveys {
    /// Questions are asked in this session from now on, and those of the one before asked again if that does not
    /// answer.
    pub(crate) fn use_link(&self, link: Option<Link>) {
        let mut current = lock(&self.link);
        *current = (current.0 + 1, link);
    }

    /// Asks for the presences at `key_expression` that are there now or later, and has `then` done with them.
    pub(crate) fn ask(
        self: &Arc<Surveys>,
        state: &Arc<State>,
        key_expression: String,
        then: impl FnOnce(Option<&Presences>) + Send + 'static,
    ) {
        let mut next = lock(&self.next);
        if let Some(next) = next.get_mut(&key_expression) {
            return next.push(Box::new(then));
        }
        next.insert(key_expression.clone(), Vec::new());
        drop(next);
        self.begin(state, key_expression, vec![Box::new(then)]);
    }

    fn begin(self: &Arc<Surveys>, state: &Arc<State>, key_expression: String, asked: Vec<Then>) {
        let (number, Some(link)) = lock(&self.link).clone() else {
            let next = lock(&self.next).remove(&key_expression);
            return asked.into_iter().chain(next.into_iter().flatten()).for_each(|then| then(None));
        };
        let found = Arc::new(Mutex::new(Presences::default()));
        let (adding, to) = (Arc::clone(state), Arc::clone(&found));
        let told = move |token: &str| adding.add_presence(token, 0, &to);
        let (surveys, of, at) = (Arc::clone(self), Arc::clone(state), key_expression.clone());
        link.ask_for_tokens(&key_expression, SURVEY, told, move |is_whole| {
            if !is_whole && lock(&surveys.link).0 != number {
                return surveys.begin(&of, at, asked);
            }
            if let Some(next) = surveys.end(&at) {
                surveys.begin(&of, at, next);
            }
            let found = std::mem::take(&mut *lock(&found));
            asked.into_iter().for_each(|then| then(is_whole.then_some(&found)));
        });
    }

    /// Those who want another one; `None` if there are none, and it is over.
    fn end(&self, key_expression: &str) -> Option<Vec<Then>> {
        let mut next = lock(&self.next);
        let waiting = next.get_mut(key_expression).map(std::mem::take).filter(|waiting| !waiting.is_empty());
        if waiting.is_none() {
            next.remove(key_expression);
        }
        waiting
    }
}
