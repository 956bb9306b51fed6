//! A session of Zenoh: what is declared in it, with bytes in and out.

use std::sync::Arc;
use std::sync::mpsc::{TryRecvError, channel};
use std::time::Duration;

use mailslot_domain::Envelope;
use zenoh::bytes::ZBytes;
use zenoh::liveliness::LivelinessToken;
use zenoh::pubsub::{Publisher, Subscriber};
use zenoh::qos::{CongestionControl, Priority};
use zenoh::query::{ConsolidationMode, Query, QueryTarget, Queryable};
use zenoh::sample::{Sample, SampleKind};
use zenoh::{Session, Wait};
use zenoh_runtime::ZRuntime;

use super::config::Config;
use crate::error::{Error, Result};
use crate::wake::Wake;

/// The priority of plain messages. What is asked and answered (confirmed writes, presences) is above, in other queues: it
/// overtakes a flood, and waits there for room as long as it takes.
const PRIORITY: Priority = Priority::DataLow;

/// The longest wait for a session to close. Usually it takes some hundredths of a second.
const CLOSING: Duration = Duration::from_millis(500);

/// An open session. It can be cloned; all are the same one.
#[derive(Clone)]
pub(crate) struct Link(Session);

/// What is undeclared when it is dropped: one who hears, one who answers, a token of a presence.
pub(crate) struct Subscription {
    _subscriber: Subscriber<()>,
}
pub(crate) struct Answering {
    _queryable: Queryable<()>,
}
pub(crate) struct Token {
    _token: LivelinessToken,
}

/// The way to a key expression on which more than one message is put. Its name travels once, and not with each.
pub(crate) struct Way(Publisher<'static>);

/// A query that is to be answered. Who asks waits until it is dropped, or his time is over.
pub(crate) struct Asked(Query);

/// The payload and the attachment of an answer; nothing if somebody reports an error instead.
pub(crate) type Answer = Option<(Vec<u8>, Option<Vec<u8>>)>;

/// What has become of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Seen {
    There,
    Gone,
}

impl Link {
    /// Opens a session, for as long as that takes, or until `given_up` says so, which is asked when `woken` is woken; `None` then.
    pub(crate) fn open(config: &Config, woken: &Arc<Wake>, given_up: impl Fn() -> bool) -> Result<Option<Link>> {
        let (opening, woken_then) = (zenoh::open(config.0.clone()), Arc::clone(woken));
        let (sender, opened) = channel();
        let task = ZRuntime::Application.spawn(async move {
            // Who has given up does not want it any more.
            let _ = sender.send(opening.await);
            woken_then.wake();
        });
        loop {
            woken.clear();
            match opened.try_recv() {
                Ok(opened) => {
                    return opened.map(|session| Some(Link(session))).map_err(Error::zenoh("open the session"));
                }
                Err(TryRecvError::Empty) => {}
                // It has panicked, and is tried again.
                Err(TryRecvError::Disconnected) => return Err(Error::zenoh("open the session")("a panic".into())),
            }
            if given_up() {
                task.abort();
                return Ok(None);
            }
            woken.wait(None);
        }
    }

    /// Closes it, waiting at most [`CLOSING`]: an attempt to resolve a name that no server answers for would hold up the
    /// node's thread. What is left then ends by itself, and peers notice the end in any case.
    pub(crate) fn close(&self) {
        let (session, (closing, closed)) = (self.0.clone(), channel::<()>());
        ZRuntime::Application.spawn(async move {
            let _ = session.close().await;
            drop(closing);
        });
        // Nothing is ever sent there: this returns when the other end is gone.
        let _ = closed.recv_timeout(CLOSING);
    }

    /// With how many peers and routers it is connected.
    pub(crate) fn connections(&self) -> (usize, usize) {
        let info = self.0.info();
        (info.peers_zid().wait().count(), info.routers_zid().wait().count())
    }

    /// Calls `take` with the key expression, the payload and the attachment of each message.
    pub(crate) fn subscribe(
        &self,
        key_expression: &str,
        take: impl Fn(&str, Vec<u8>, Option<&[u8]>) + Send + Sync + 'static,
    ) -> Result<Subscription> {
        let callback = move |sample: Sample| {
            if sample.kind() == SampleKind::Put {
                let attachment = sample.attachment().map(ZBytes::to_bytes);
                take(sample.key_expr().as_str(), owned(sample.payload()), attachment.as_deref());
            }
        };
        let subscriber = self.0.declare_subscriber(key_expression.to_owned()).callback(callback).wait();
        let subscriber = subscriber.map_err(Error::zenoh("subscribe to messages"))?;
        Ok(Subscription { _subscriber: subscriber })
    }

    /// Calls `answer` with the key expression, the payload and the attachment of each query, and with what answers it.
    pub(crate) fn answer(
        &self,
        key_expression: &str,
        answer: impl Fn(&str, Vec<u8>, Option<&[u8]>, Asked) + Send + Sync + 'static,
    ) -> Result<Answering> {
        let callback = move |query: Query| {
            let Some(payload) = query.payload().map(owned) else { return };
            let attachment = query.attachment().map(|attachment| attachment.to_bytes().into_owned());
            let key_expression = query.key_expr().as_str().to_owned();
            answer(&key_expression, payload, attachment.as_deref(), Asked(query));
        };
        let queryable = self.0.declare_queryable(key_expression.to_owned()).callback(callback).wait();
        let queryable = queryable.map_err(Error::zenoh("take confirmed writes"))?;
        Ok(Answering { _queryable: queryable })
    }

    /// Calls `told` with the key expression of each token that is there, comes or goes.
    pub(crate) fn watch_tokens(
        &self,
        key_expression: &str,
        told: impl Fn(&str, Seen) + Send + Sync + 'static,
    ) -> Result<Subscription> {
        let callback = move |sample: Sample| {
            let seen = if sample.kind() == SampleKind::Put { Seen::There } else { Seen::Gone };
            told(sample.key_expr().as_str(), seen);
        };
        let declared =
            self.0.liveliness().declare_subscriber(key_expression.to_owned()).history(true).callback(callback).wait();
        let subscriber = declared.map_err(Error::zenoh("learn who is there"))?;
        Ok(Subscription { _subscriber: subscriber })
    }

    /// Calls `told` with the key expression of each token that is there now.
    pub(crate) fn ask_for_tokens(
        &self,
        key_expression: &str,
        told: impl Fn(&str) + Send + Sync + 'static,
    ) -> Result<()> {
        let callback = move |reply: zenoh::query::Reply| {
            if let Ok(sample) = reply.result() {
                told(sample.key_expr().as_str());
            }
        };
        let asked = self.0.liveliness().get(key_expression.to_owned()).callback(callback).wait();
        asked.map_err(Error::zenoh("ask who is there"))
    }

    /// Lets others see that this key expression is there, until the token is dropped or the session ends.
    pub(crate) fn token(&self, key_expression: String) -> Result<Token> {
        let token = self.0.liveliness().declare_token(key_expression).wait();
        Ok(Token { _token: token.map_err(Error::zenoh("announce a presence"))? })
    }

    pub(crate) fn way(&self, key_expression: String) -> Result<Way> {
        let publisher = self
            .0
            .declare_publisher(key_expression)
            .congestion_control(CongestionControl::Drop)
            .priority(PRIORITY)
            .wait();
        publisher.map(Way).map_err(Error::zenoh("declare a publisher"))
    }

    /// Puts one message.
    pub(crate) fn put(&self, key_expression: &str, envelope: Envelope) -> Result<()> {
        let (payload, attachment) = parts(envelope);
        self.0
            .put(key_expression, payload)
            .attachment(attachment)
            .congestion_control(CongestionControl::Drop)
            .priority(PRIORITY)
            .wait()
            .map_err(Error::zenoh("put a message"))
    }

    /// Asks everybody at the key expression, and calls `answered` with each answer. When all have answered, or the time is over, the
    /// closure is dropped.
    pub(crate) fn ask(
        &self,
        key_expression: &str,
        envelope: Envelope,
        within: Duration,
        answered: impl Fn(Answer) + Send + Sync + 'static,
    ) -> Result<()> {
        let (payload, attachment) = parts(envelope);
        let callback = move |reply: zenoh::query::Reply| match reply.result() {
            Ok(sample) => answered(Some((owned(sample.payload()), sample.attachment().map(owned)))),
            Err(_) => answered(None),
        };
        self.0
            .get(key_expression)
            .payload(payload)
            .attachment(attachment)
            .target(QueryTarget::All)
            .consolidation(ConsolidationMode::None)
            // The thread that asks serves all programs of this machine: better silence than waiting for one slow peer.
            .congestion_control(CongestionControl::Drop)
            .timeout(within.max(Duration::from_millis(1)))
            .callback(callback)
            .wait()
            .map_err(Error::zenoh("ask for receipts"))
    }
}

impl Asked {
    pub(crate) fn answer(&self, envelope: Envelope) {
        let (payload, attachment) = parts(envelope);
        // Who has gone needs no answer.
        let _ = self.0.reply(self.0.key_expr(), payload).attachment(attachment).wait();
    }
}

impl Way {
    /// Puts a message. Waits when the way to a receiver becomes full, for 10 ms or 50 ms if there are fragments, and then drops.
    pub(crate) fn put(&self, envelope: Envelope) -> Result<()> {
        let (payload, attachment) = parts(envelope);
        self.0.put(payload).attachment(attachment).wait().map_err(Error::zenoh("put a message"))
    }
}

/// The payload, to be opened in place.
fn owned(payload: &ZBytes) -> Vec<u8> {
    payload.to_bytes().into_owned()
}

/// What goes into a put, query or reply: its payload and its attachment.
fn parts(envelope: Envelope) -> (ZBytes, Option<ZBytes>) {
    let attachment = Some(envelope.attachment).filter(|attachment| !attachment.is_empty());
    (envelope.payload.into(), attachment.map(ZBytes::from))
}
