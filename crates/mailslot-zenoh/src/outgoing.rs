//! Sending what programs of this machine have written. Messages for one address that wait together travel together.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use mailslot::network::{self, Retry, Undecoded};
use mailslot::{Address, Mailslot, Timeout};
use mailslot_domain::{Batch, Destination, Envelope, Kind, Limits};
use tokio::task::{block_in_place, yield_now};

use crate::counters::Counted;
use crate::error::Result;
use crate::link::{Link, QUEUE, Way};
use crate::state::State;
use crate::sys::AsyncMailslot;

/// Addresses whose publishers are kept.
const MAX_PUBLISHERS: usize = 256;
/// Up to this many messages of up to this many bytes are put in Zenoh's thread that sends: each fits into a packet, and
/// a session's queue has room for all of them.
const FEW_MESSAGES: usize = QUEUE;
const SMALL_SIZE: usize = 48 << 10;
/// Messages that are read from the slot before those that wait are sent.
const MANY_MESSAGES: usize = 1024;

/// The messages between the domain's slot and the session.
pub(crate) struct Sender<'m> {
    ways: Ways<'m>,
    /// Messages that wait, and the encoded address of all of them.
    batch: Batch,
    address: Vec<u8>,
    /// Whether messages may travel together.
    joins: bool,
}

impl<'m> Sender<'m> {
    pub(crate) fn new(state: &'m State, link: &'m Link, limits: &Limits) -> Sender<'m> {
        let ways = Ways { state, link, known: HashMap::new() };
        Sender { ways, batch: Batch::new(limits), address: Vec::new(), joins: state.domain().is_sealed() }
    }

    /// Sends what programs write until `stop` is true, in a task of Zenoh's runtime that sends. A slot that cannot be
    /// read is tried again.
    ///
    /// There a put wakes no thread: the work that it causes runs next in the same one. But nothing is sent while the
    /// task blocks, so puts that may wait for room, or are many, run with `block_in_place`. That is everything if the
    /// queue is `shared` with other traffic.
    pub(crate) async fn run(&mut self, slot: &AsyncMailslot, shared: bool, stop: &AtomicBool) {
        let mut retry = Retry::default();
        while !stop.load(Ordering::SeqCst) {
            let read = slot.read_batch_in_place(FEW_MESSAGES, |bytes, _| {
                if shared || bytes.len() > SMALL_SIZE {
                    block_in_place(|| self.take(bytes));
                } else {
                    self.take(bytes);
                }
            });
            let count = match read.await {
                Ok(count) => count,
                Err(error) => {
                    self.flush();
                    let failed = retry.failed(Instant::now(), &error);
                    if failed.is_news {
                        tracing::warn!(name: "slot_not_read", domain = %self.ways.state.name, reason = %error);
                    }
                    tokio::time::sleep(failed.pause).await;
                    continue;
                }
            };
            retry.worked();
            if shared || count == FEW_MESSAGES {
                block_in_place(|| self.drain(slot.get_ref(), stop));
            } else {
                self.flush();
            }
            // Another task of this thread sends what was put: let it run first.
            yield_now().await;
        }
    }

    /// Sends until no message waits any more.
    fn drain(&mut self, slot: &Mailslot, stop: &AtomicBool) {
        loop {
            self.flush();
            if stop.load(Ordering::SeqCst)
                || slot.read_batch_in_place_within(MANY_MESSAGES, Timeout::Zero, |bytes, _| self.take(bytes)).is_err()
            {
                return;
            }
        }
    }

    /// Takes what a program of this machine has written to the domain's slot. It is sent with the next
    /// [`flush`](Sender::flush) at the latest.
    fn take(&mut self, bytes: &[u8]) {
        self.ways.state.counters.count(Counted::Outgoing);
        let Some((address, data)) = network::Outgoing::split(bytes) else {
            return self.ways.state.counters.count(Counted::OutgoingMalformed);
        };
        let joins = self.joins && address == self.address;
        if joins && self.batch.push(data) {
            return;
        }
        self.flush();
        self.address.clear();
        self.address.extend_from_slice(address);
        if !self.joins || !self.batch.push(data) {
            self.ways.send(address, 1, |state, to| Ok(state.seal(Kind::Message, to, None, data)?.0));
        }
    }

    /// Sends the messages that wait.
    fn flush(&mut self) {
        if !self.batch.is_empty() {
            let batch = &self.batch;
            self.ways.send(&self.address, batch.len(), |state, to| state.seal_batch(to, batch));
            self.batch.clear();
        }
    }
}

/// The publishers of addresses that were written to before.
struct Ways<'m> {
    state: &'m State,
    link: &'m Link,
    /// By encoded address.
    known: HashMap<Vec<u8>, (Destination, Way)>,
}

impl Ways<'_> {
    /// Sends `count` messages to `address` in one envelope, or reports why it does not.
    fn send(
        &mut self,
        address: &[u8],
        count: usize,
        seal: impl FnOnce(&State, &Destination) -> mailslot_domain::Result<Envelope>,
    ) {
        let state = self.state;
        let counted = match self.find(address) {
            None => Counted::OutgoingMalformed,
            Some(way) => match way.and_then(|(to, way)| way.put(seal(state, to)?)) {
                Ok(()) => return,
                Err(error) => {
                    let to = network::Outgoing::decode(address)
                        .map(|message| message.address.to_string())
                        .unwrap_or_default();
                    tracing::warn!(name: "not_sent", to = %to, reason = %error);
                    Counted::OutgoingRefused
                }
            },
        };
        (0..count).for_each(|_| state.counters.count(counted));
    }

    /// The publisher for `address`; `None` if the address is malformed.
    fn find(&mut self, address: &[u8]) -> Option<Result<&(Destination, Way)>> {
        if !self.known.contains_key(address) {
            let decoded = match network::Outgoing::decode(address) {
                Ok(decoded) => decoded,
                Err(undecoded) => {
                    if undecoded != Undecoded::Malformed {
                        tracing::warn!(name: "not_sent", reason = undecoded.of_program());
                    }
                    return None;
                }
            };
            // Declaring a publisher informs peers, which may wait for room in the queues to them.
            match block_in_place(|| self.make(&decoded.address)) {
                Ok(way) => {
                    if self.known.len() >= MAX_PUBLISHERS {
                        self.known.clear();
                    }
                    self.known.insert(address.to_vec(), way);
                }
                Err(error) => return Some(Err(error)),
            }
        }
        self.known.get(address).map(Ok)
    }

    fn make(&self, address: &Address) -> Result<(Destination, Way)> {
        let to = self.state.destination(address)?;
        let way = self.link.way(to.key_expression().to_owned())?;
        Ok((to, way))
    }
}
