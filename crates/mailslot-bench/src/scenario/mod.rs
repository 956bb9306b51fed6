//! The scenarios, one per file: the parent's part, which starts children and computes, and the children's.

pub(crate) mod backlog;
pub(crate) mod curves;
pub(crate) mod idle;
pub(crate) mod latency_asleep;
pub(crate) mod latency_spinning;
pub(crate) mod opening;
pub(crate) mod slots;
pub(crate) mod throughput;

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};
use serde::{Deserialize, Serialize};

use crate::Result;
use crate::peer::{self, Peer, Receiver, Sender, Shape, Visitor, WORD};
use crate::place::{Place, Places};
use crate::process::{self, Child, Cpus};

/// The task of a child.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Task {
    pub(crate) place: Place,
    pub(crate) peer: Peer,
    pub(crate) shape: Shape,
    /// The processors that it runs on; empty for any.
    pub(crate) cpus: Vec<usize>,
    pub(crate) role: Role,
}

/// A child's part in a scenario.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) enum Role {
    Ping(latency_spinning::Ping),
    Pong,
    Sleeper,
    Waker(latency_asleep::Waker),
    Drain,
    Flood(throughput::Flood),
    Reopen(opening::Reopen),
    Idle(idle::Idle),
    SlotsReader(slots::Plan),
    SlotsWriter(slots::Plan),
    BacklogReader(backlog::Plan),
    BacklogWriter(backlog::Plan),
}

impl Task {
    /// Does the task, in the child.
    pub(crate) fn run(self) -> Result<()> {
        process::settle(&self.cpus)?;
        peer::with(self.peer, self)
    }
}

impl Visitor for Task {
    fn visit<R: Receiver, S: Sender>(self) -> Result<()> {
        match &self.role {
            Role::Ping(ping) => ping.run::<R, S>(&self),
            Role::Pong => latency_spinning::pong::<R, S>(&self),
            Role::Sleeper => latency_asleep::sleeper::<R>(&self),
            Role::Waker(waker) => waker.run::<S>(&self),
            Role::Drain => throughput::drain::<R>(&self),
            Role::Flood(flood) => flood.run::<S>(&self),
            Role::Reopen(reopen) => reopen.run::<S>(&self),
            Role::Idle(idle) => idle.run::<R, S>(&self),
            Role::SlotsReader(plan) => plan.read::<R>(&self),
            Role::SlotsWriter(plan) => plan.write::<S>(&self),
            Role::BacklogReader(plan) => plan.read::<R>(&self),
            Role::BacklogWriter(plan) => plan.write::<S>(&self),
        }
    }
}

/// Shared by all scenarios, in the parent.
pub(crate) struct Bench {
    pub(crate) places: Places,
    pub(crate) cpus: Cpus,
    pub(crate) effort: Effort,
}

impl Bench {
    /// Starts the reading child of a pair.
    pub(crate) fn reader(&self, place: &Place, peer: Peer, shape: Shape, role: Role) -> Result<Child> {
        Child::start(&Task { place: place.clone(), peer, shape, cpus: self.cpus.reader.clone(), role })
    }

    /// Starts the writing child of a pair.
    pub(crate) fn writer(&self, place: &Place, peer: Peer, shape: Shape, role: Role) -> Result<Child> {
        Child::start(&Task { place: place.clone(), peer, shape, cpus: self.cpus.writer(), role })
    }
}

/// The amounts of a run.
#[derive(Clone, Debug)]
pub(crate) struct Effort {
    /// Repetitions of each measure, interleaved with those of its peers.
    pub(crate) repetitions: usize,
    /// Repetitions of each point of a curve.
    pub(crate) curve_repetitions: usize,
    /// How long one repetition of a throughput or round-trip measure runs.
    pub(crate) time: Duration,
    /// How long one repetition of a curve's point runs.
    pub(crate) curve_time: Duration,
    /// Messages to a sleeping reader.
    pub(crate) wakes: u32,
    /// Messages of new writers.
    pub(crate) openings: u32,
    /// How long a flood over the network takes, and a run at a rate without loss.
    pub(crate) network_time: Duration,
    pub(crate) loss_time: Duration,
    /// Slots whose memory is measured.
    pub(crate) idle_slots: usize,
    /// Points of the curves.
    pub(crate) sizes: Vec<usize>,
    pub(crate) writers: Vec<usize>,
    pub(crate) members: Vec<usize>,
    pub(crate) slots: Vec<usize>,
    pub(crate) depths: Vec<usize>,
    pub(crate) nodes: Vec<usize>,
}

impl Effort {
    /// Amounts for meaningful results.
    pub(crate) fn full() -> Effort {
        Effort {
            repetitions: 7,
            curve_repetitions: 3,
            time: Duration::from_millis(150),
            curve_time: Duration::from_millis(80),
            wakes: 600,
            openings: 2000,
            network_time: Duration::from_millis(500),
            loss_time: Duration::from_secs(10),
            idle_slots: 1000,
            sizes: vec![0, 16, 64, 256, 424, 1 << 10, 4 << 10, 16 << 10, 64 << 10, 256 << 10, 1 << 20],
            writers: vec![1, 2, 4, 8, 16, 32, 64],
            members: vec![1, 2, 4, 8, 16, 32],
            slots: vec![1, 10, 100, 1000, 3000, 10_000],
            depths: vec![1, 10, 100, 1000, 10_000, 100_000, 190_000],
            nodes: vec![10, 20, 50, 100, 200, 500, 1000],
        }
    }

    /// Amounts for a test that everything runs.
    pub(crate) fn quick() -> Effort {
        Effort {
            // Two: what is left of one must not hinder the next.
            repetitions: 2,
            curve_repetitions: 1,
            time: Duration::from_millis(5),
            curve_time: Duration::from_millis(3),
            wakes: 10,
            openings: 20,
            network_time: Duration::from_millis(10),
            loss_time: Duration::from_millis(100),
            idle_slots: 20,
            sizes: vec![0, 64, 64 << 10],
            writers: vec![1, 4],
            members: vec![1, 3],
            slots: vec![1, 20],
            depths: vec![1, 10, 1000],
            nodes: vec![10, 30],
        }
    }
}

/// Nanoseconds of the clock that all processes share.
#[inline]
pub(crate) fn now() -> u64 {
    let time = clock_gettime(ClockId::Monotonic);
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}

/// The number of the message that ends a run. Sent as a message of `Shape::buffer` bytes.
pub(crate) const END: u64 = u64::MAX - 1;

/// Writes `number` at the beginning of a message, if it fits.
#[inline]
pub(crate) fn stamp(message: &mut [u8], number: u64) {
    if let Some(word) = message.first_chunk_mut::<WORD>() {
        *word = number.to_ne_bytes();
    }
}

/// The number in the beginning of a message, if it is long enough to have one.
#[inline]
pub(crate) fn number(message: &[u8]) -> Option<u64> {
    message.first_chunk::<WORD>().map(|word| u64::from_ne_bytes(*word))
}
