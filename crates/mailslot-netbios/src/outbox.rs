//! The queues of packets and events until the caller takes them.

use std::collections::VecDeque;
use std::net::SocketAddrV4;
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};

use crate::counters::{Counters, DropReason};
use crate::event::{Event, RequestId};
use crate::keyed::Keyed;
use crate::limits::Limits;
use crate::packet::{Service, Transmit};

/// The output of all state machines of a node, and their source of random numbers.
pub(super) struct Outbox {
    transmits: VecDeque<Transmit>,
    events: VecDeque<Event>,
    pub(super) counters: Counters,
    random: StdRng,
    next_request: u64,
    max_transmits: usize,
    max_events: usize,
}

impl Outbox {
    pub(super) fn new(limits: &Limits, seed: u64) -> Outbox {
        Outbox {
            transmits: VecDeque::new(),
            events: VecDeque::new(),
            counters: Counters::default(),
            random: StdRng::seed_from_u64(seed),
            next_request: 0,
            max_transmits: limits.transmits,
            max_events: limits.events,
        }
    }

    pub(super) fn id(&mut self) -> u16 {
        let [high, low, ..] = self.random.next_u32().to_be_bytes();
        u16::from_be_bytes([high, low])
    }

    pub(super) fn key(&mut self) -> Keyed {
        Keyed::new([self.random.next_u64(), self.random.next_u64()])
    }

    /// A time between half of `time` and one and a half times `time`, so that nodes that began together do not stay in
    /// step.
    pub(super) fn about(&mut self, time: Duration) -> Duration {
        time / 2 + time.mul_f64(f64::from(self.random.next_u32()) / f64::from(u32::MAX))
    }

    pub(super) fn request(&mut self) -> RequestId {
        self.next_request += 1;
        RequestId(self.next_request)
    }

    pub(super) fn event(&mut self, event: Event) {
        if self.events.len() == self.max_events {
            return self.counters.drop(DropReason::EventRoom);
        }
        if matches!(event, Event::Message(_)) {
            self.counters.messages_received += 1;
        }
        self.events.push_back(event);
    }

    pub(super) fn send(&mut self, interface: u32, to: SocketAddrV4, service: Service, bytes: Vec<u8>) {
        if self.transmits.len() == self.max_transmits {
            return self.counters.drop(DropReason::TransmitRoom);
        }
        self.counters.packets_sent += 1;
        self.transmits.push_back(Transmit { interface, to, service, bytes });
    }

    pub(super) fn take_transmit(&mut self) -> Option<Transmit> {
        self.transmits.pop_front()
    }

    pub(super) fn take_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }
}
