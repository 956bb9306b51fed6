//! The sending machine: numbered datagrams, as fast as possible or at a rate.

use std::net::{Ipv4Addr, SocketAddrV4, UdpSocket};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::lan::SENDER;
use super::packet;
use super::udp::{self, BATCH, Batch};
use crate::Result;
use crate::process::{report, step};
use crate::scenario::now;

/// A plan for sending: to which address, how fast and how long.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Plan {
    pub(super) to: SocketAddrV4,
    pub(super) time: Duration,
    pub(super) pace: Pace,
}

/// How fast.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) enum Pace {
    /// This many datagrams per second, evenly.
    Rate(f64),
    /// As many as the system accepts, each as a separate packet, with `sendmmsg`.
    Single,
    /// As many as the system accepts, 64 in one piece that is split at the receiver's socket (UDP segmentation
    /// offload). The sender then costs so little that only the receiver limits the rate.
    Joined,
}

/// Datagrams of one call when sending at a rate: few enough to be even.
const EVEN: usize = 16;
/// No plan sends more.
const MAX_DATAGRAMS: u64 = 20_000_000;

impl Plan {
    pub(super) fn run(&self) -> Result<()> {
        let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0))?;
        socket.connect(self.to)?;
        let datagram = packet::template(SENDER)?;
        let mut batch = Batch::outgoing(&datagram);
        if matches!(self.pace, Pace::Joined) {
            udp::segment(&socket, datagram.len())?;
        }
        step()?;
        let (begin, mut sent) = (now(), 0);
        loop {
            let passed = now() - begin;
            if passed >= self.time.as_nanos() as u64 || sent >= MAX_DATAGRAMS {
                return report(&sent);
            }
            let count = match self.pace {
                Pace::Single | Pace::Joined => BATCH,
                Pace::Rate(rate) if (sent as f64) < rate * passed as f64 / 1e9 => EVEN,
                Pace::Rate(_) => continue,
            };
            for (place, number) in batch.places().take(count).zip(sent..) {
                // Another id than in the run before: a node would take it for a copy.
                packet::number(place, begin.wrapping_add(number), number);
            }
            sent += match self.pace {
                Pace::Joined => batch.send_joined(&socket, count)?,
                _ => batch.send(&socket, count)?,
            } as u64;
        }
    }
}
