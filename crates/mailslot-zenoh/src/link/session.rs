//! A Zenoh session: what is declared in it, with bytes in and out.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::mpsc::{TryRecvError, channel};
use std::time::Duration;

use mailslot_domain::Envelope;
use zenoh::Wait;
use zenoh::bytes::ZBytes;
use zenoh::pubsub::{Publisher, Subscriber};
use zenoh::qos::{CongestionControl, Priority};
use zenoh::query::{ConsolidationMode, Query, QueryTarget, Queryable};
use zenoh::sample::{Sample, SampleKind};
use zenoh_runtime::ZRuntime;

use super::config::Config;
use crate::error::{Error, Result};
use crate::sys::Wake;

/// The priority of plain messages. Queries and replies (confirmed writes, presences) have a higher one, with queues of
/// their own: they overtake a flood, and wait for room in their queue as long as it takes.
const PRIORITY: Priority = Priority::DataLow;

/// The longest wait for a session to close. Usually it takes some hundredths of a second.
const CLOSING: Duration = Duration::from_millis(500);

/// An open session. All clones are the same session.
#[derive(Clone)]
pub(crate) struct Link {
    pub(super) session: zenoh::Session,
    /// Whether this machine is a client, which knows others through a router only.
    pub(super) is_client: bool,
    /// How many tokens were told to watches.
    pub(super) watched: Arc<AtomicU64>,
}

/// A declared subscriber or queryable, which is undeclared when it is dropped.
pub(crate) struct Subscription {
    pub(super) _subscriber: Subscriber<()>,
}
pub(crate) struct Answering {
    _queryable: Queryable<()>,
}

/// A publisher: the route to a key expression for more than one message. The key expression is transmitted once, rather
/// than with each message.
pub(crate) struct Way(Publisher<'static>);

/// A query that is to be answered. The asker waits until this is dropped, or the time is over.
pub(crate) struct Asked(Query);

/// The payload and the attachment of an answer; `None` if the answer is an error.
pub(crate) type Answer = Option<(Vec<u8>, Option<Vec<u8>>)>;

impl Link {
    /// Opens a session, however long that takes. Returns `None` once `given_up` returns true, which is checked when
    /// `woken` is woken.
    pub(crate) fn open(config: &Config, woken: &Arc<Wake>, given_up: impl Fn() -> bool) -> Result<Option<Link>> {
        let (opening, woken_then) = (zenoh::open(config.0.clone()), Arc::clone(woken));
        let (sender, opened) = channel();
        let task = ZRuntime::Application.spawn(async move {
            // Sending fails if the caller has given up, and no longer wants the session.
            let _ = sender.send(opening.await);
            woken_then.wake();
        });
        loop {
            woken.clear();
            match opened.try_recv() {
                Ok(opened) => {
                    let is_client = config.is_client();
                    return opened
                        .map(|session| Some(Link { session, is_client, watched: Arc::default() }))
                        .map_err(Error::zenoh("open the session"));
                }
                Err(TryRecvError::Empty) => {}
                // The task has panicked; the caller tries again.
                Err(TryRecvError::Disconnected) => return Err(Error::zenoh("open the session")("a panic".into())),
            }
            if given_up() {
                task.abort();
                return Ok(None);
            }
            woken.wait(None);
        }
    }

    /// Closes the session, waiting at most [`CLOSING`]: an attempt to resolve a name while no name server answers would
    /// block the node's thread. The rest ends by itself, and peers notice the end in any case.
    pub(crate) fn close(&self) {
        let (session, (closing, closed)) = (self.session.clone(), channel::<()>());
        ZRuntime::Application.spawn(async move {
            let _ = session.close().await;
            drop(closing);
        });
        // Nothing is ever sent there: this returns when the other end is dropped.
        let _ = closed.recv_timeout(CLOSING);
    }

    /// The numbers of peers and of routers to which the session is connected.
    pub(crate) fn connections(&self) -> (usize, usize) {
        let info = self.session.info();
        (info.peers_zid().wait().count(), info.routers_zid().wait().count())
    }

    /// The peers and routers that it is connected with.
    pub(crate) fn neighbours(&self) -> BTreeSet<String> {
        let info = self.session.info();
        info.peers_zid().wait().chain(info.routers_zid().wait()).map(|id| id.to_string()).collect()
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
        let subscriber = self.session.declare_subscriber(key_expression.to_owned()).callback(callback).wait();
        let subscriber = subscriber.map_err(Error::zenoh("subscribe to messages"))?;
        Ok(Subscription { _subscriber: subscriber })
    }

    /// Calls `answer` with the key expression, the payload and the attachment of each query, and with the query itself,
    /// to be answered.
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
        let queryable = self.session.declare_queryable(key_expression.to_owned()).callback(callback).wait();
        let queryable = queryable.map_err(Error::zenoh("receive confirmed writes"))?;
        Ok(Answering { _queryable: queryable })
    }

    pub(crate) fn way(&self, key_expression: String) -> Result<Way> {
        let publisher = self
            .session
            .declare_publisher(key_expression)
            .congestion_control(CongestionControl::Drop)
            .priority(PRIORITY)
            .wait();
        publisher.map(Way).map_err(Error::zenoh("declare a publisher"))
    }

    /// Puts one message.
    pub(crate) fn put(&self, key_expression: &str, envelope: Envelope) -> Result<()> {
        let (payload, attachment) = parts(envelope);
        self.session
            .put(key_expression, payload)
            .attachment(attachment)
            .congestion_control(CongestionControl::Drop)
            .priority(PRIORITY)
            .wait()
            .map_err(Error::zenoh("put a message"))
    }

    /// Queries every queryable at the key expression, and calls `answered` with each answer. The closure is dropped
    /// when all have answered, or the time is over.
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
        self.session
            .get(key_expression)
            .payload(payload)
            .attachment(attachment)
            .target(QueryTarget::All)
            .consolidation(ConsolidationMode::None)
            // The thread that asks serves all programs of this machine: it is better to lose a query than to wait for
            // one slow peer.
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
        // An asker that is gone needs no answer.
        let _ = self.0.reply(self.0.key_expr(), payload).attachment(attachment).wait();
    }
}

impl Way {
    /// Puts a message. Waits for 10 ms when the queue to a receiver becomes full, or for 50 ms if the message has
    /// fragments, and then drops it.
    pub(crate) fn put(&self, envelope: Envelope) -> Result<()> {
        let (payload, attachment) = parts(envelope);
        self.0.put(payload).attachment(attachment).wait().map_err(Error::zenoh("put a message"))
    }
}

/// The payload as a vector, to be opened in place.
fn owned(payload: &ZBytes) -> Vec<u8> {
    payload.to_bytes().into_owned()
}

/// The payload and the attachment of a put, query or reply.
fn parts(envelope: Envelope) -> (ZBytes, Option<ZBytes>) {
    let attachment = Some(envelope.attachment).filter(|attachment| !attachment.is_empty());
    (envelope.payload.into(), attachment.map(ZBytes::from))
}
