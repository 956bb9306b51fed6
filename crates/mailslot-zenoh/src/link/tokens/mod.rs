//! Liveliness tokens: declaring, watching and asking for them.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use zenoh::Wait;
use zenoh::liveliness::LivelinessToken;
use zenoh::query::Reply;
use zenoh::sample::{Sample, SampleKind};

use super::runtime::later;
use super::session::{Link, Subscription};
use crate::error::{Error, Result};
use crate::lock::lock;

/// A declared liveliness token, which is undeclared when it is dropped.
pub(crate) struct Token {
    _token: LivelinessToken,
}

/// What has become of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Seen {
    There,
    Gone,
}

/// What an answer has of the tokens that exist.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Extent {
    /// All.
    Whole,
    /// Perhaps not all, but all if it is asked again: see [`Link::ask_for_tokens`].
    CutShort,
    /// Perhaps not all: the time was over before, or there is no connection to others. A client that is cut off from
    /// its router gets an answer from itself.
    Partial,
}

/// An answer as it comes.
#[derive(Default)]
struct Coming {
    tokens: Mutex<HashSet<String>>,
    is_late: AtomicBool,
    /// Whether the thread that asks is through.
    is_asked: AtomicBool,
}

impl Link {
    /// Calls `told` with the key expression of each token that exists, and of each that is declared or undeclared
    /// later.
    pub(crate) fn watch_tokens(
        &self,
        key_expression: &str,
        told: impl Fn(&str, Seen) + Send + Sync + 'static,
    ) -> Result<Subscription> {
        let count = Arc::clone(&self.watched);
        let callback = move |sample: Sample| {
            // Before an answer ends that leaves it out: one thread does both.
            count.fetch_add(1, Ordering::Relaxed);
            let seen = if sample.kind() == SampleKind::Put { Seen::There } else { Seen::Gone };
            told(sample.key_expr().as_str(), seen);
        };
        let declared = self
            .session
            .liveliness()
            .declare_subscriber(key_expression.to_owned())
            .history(true)
            .callback(callback)
            .wait();
        let subscriber = declared.map_err(Error::zenoh("watch presences"))?;
        Ok(Subscription { _subscriber: subscriber })
    }

    /// Calls `then` with the key expressions of the tokens that exist now, in a thread where it may call Zenoh.
    ///
    /// Zenoh 1.10 tells them in two threads: in this one those that the session knows, of its peers and because they
    /// are watched, and in one that receives what a router knows. An answer is cut short
    ///
    /// - if the latter is through before the former (`send_interest` in `dispatcher/face.rs`): what was not told until
    ///   then is dropped. So it is asked again [while nothing is sent](super::while_nothing_is_sent);
    /// - if a watch is told something meanwhile: then the latter leaves that out as known (`propagate_current_token`),
    ///   and the former may have begun before it was;
    /// - if somebody who was to answer has gone.
    pub(crate) fn ask_for_tokens(
        &self,
        key_expression: &str,
        within: Duration,
        then: impl FnOnce(HashSet<String>, Extent) + Send + 'static,
    ) {
        let coming = Arc::new(Coming::default());
        let (link, taking, asked_by) = (self.clone(), Arc::clone(&coming), thread::current().id());
        let (neighbours, watched) = (self.neighbours(), self.watched.load(Ordering::Relaxed));
        // Zenoh drops the callback at the end, with locks of its own.
        let end = AtEnd(Mutex::new(Some(move || {
            let is_early = !taking.is_asked.load(Ordering::Acquire) && thread::current().id() != asked_by;
            let is_cut_short = is_early || link.watched.load(Ordering::Relaxed) != watched;
            later(Duration::ZERO, move || {
                let now = link.neighbours();
                let is_alone = link.session.is_closed() || link.is_client && now.is_empty();
                let extent = if is_alone || taking.is_late.load(Ordering::Relaxed) {
                    Extent::Partial
                } else if is_cut_short || !neighbours.is_subset(&now) {
                    Extent::CutShort
                } else {
                    Extent::Whole
                };
                then(std::mem::take(&mut *lock(&taking.tokens)), extent);
            });
        })));
        let adding = Arc::clone(&coming);
        let callback = move |reply: Reply| {
            let _ends_with_this = &end;
            match reply.result() {
                Ok(sample) => _ = lock(&adding.tokens).insert(sample.key_expr().as_str().to_owned()),
                Err(_) => adding.is_late.store(true, Ordering::Relaxed),
            }
        };
        let asked = self.session.liveliness().get(key_expression.to_owned()).timeout(within).callback(callback).wait();
        if asked.is_err() {
            coming.is_late.store(true, Ordering::Relaxed);
        }
        coming.is_asked.store(true, Ordering::Release);
    }

    /// Declares a liveliness token with this key expression, until the token is dropped or the session ends.
    pub(crate) fn token(&self, key_expression: String) -> Result<Token> {
        let token = self.session.liveliness().declare_token(key_expression).wait();
        Ok(Token { _token: token.map_err(Error::zenoh("announce a presence"))? })
    }
}

/// Does it when it is dropped.
struct AtEnd<F: FnOnce()>(Mutex<Option<F>>);

impl<F: FnOnce()> Drop for AtEnd<F> {
    fn drop(&mut self) {
        if let Some(end) = lock(&self.0).take() {
            end();
        }
    }
}

#[cfg(test)]
mod tests;
