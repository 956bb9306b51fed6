//! Throughput by size of messages and by number of writers or readers.

use super::{Bench, throughput};
use crate::Result;
use crate::peer::{Peer, Shape};
use crate::report::Curve;
use crate::statistics::median;

const PEERS: [Peer; 6] = [Peer::Slot, Peer::Iceoryx, Peer::Datagram, Peer::Seqpacket, Peer::PosixMq, Peer::Pipe];

/// Message sizes: messages and bytes per second.
pub(crate) fn sizes(bench: &Bench) -> Result<[Curve; 2]> {
    let mut messages = Curve::new("size_messages", "Throughput and message size", "bytes per message", "messages/s");
    let mut bytes = Curve::new("size_bytes", "Bandwidth and message size", "bytes per message", "bytes/s");
    for &size in &bench.effort.sizes {
        let shape = Shape { size, writers: 1, strangers: false, members: 0 };
        points(bench, &PEERS, &mut messages, size, shape, |peer, rate| {
            if size > 0 {
                bytes.add(peer.name(), size as f64, rate * size as f64);
            }
        })?;
    }
    Ok([messages, bytes])
}

/// Numbers of writers.
pub(crate) fn writers(bench: &Bench) -> Result<Curve> {
    let mut curve = Curve::new("writers", "Throughput and number of writers, 64 B", "writers", "messages/s");
    for &writers in &bench.effort.writers {
        let shape = Shape { size: 64, writers, strangers: false, members: 0 };
        points(bench, &PEERS, &mut curve, writers, shape, |_, _| {})?;
    }
    Ok(curve)
}

const PEERS_TO_ALL: [Peer; 9] = [
    Peer::Slot,
    Peer::Iceoryx,
    Peer::DatagramEach,
    Peer::ZeroMq,
    Peer::Nats,
    Peer::Mosquitto,
    Peer::SlotBatchEach,
    Peer::NatsBatch,
    Peer::MosquittoBatch,
];

/// Numbers of readers that each get every message.
pub(crate) fn members(bench: &Bench) -> Result<[Curve; 2]> {
    let mut small = Curve::new("members_64", "One writer to several readers, 64 B", "readers", "messages/s");
    let mut large = Curve::new("members_1024", "One writer to several readers, 1 KiB", "readers", "messages/s");
    for (curve, size) in [(&mut small, 64), (&mut large, 1 << 10)] {
        for &members in &bench.effort.members {
            let shape = Shape { size, writers: 1, strangers: false, members };
            points(bench, &PEERS_TO_ALL, curve, members, shape, |_, _| {})?;
        }
    }
    Ok([small, large])
}

fn points(
    bench: &Bench,
    peers: &[Peer],
    curve: &mut Curve,
    x: usize,
    shape: Shape,
    mut also: impl FnMut(Peer, f64),
) -> Result<()> {
    let peers: Vec<Peer> = peers.iter().copied().filter(|peer| peer.takes(shape.size)).collect();
    let mut rates = vec![Vec::new(); peers.len()];
    let repetitions = if shape.members > 0 { bench.effort.repetitions } else { bench.effort.curve_repetitions };
    for _ in 0..repetitions {
        for (&peer, rates) in peers.iter().zip(&mut rates) {
            let rate = match shape.members {
                0 => throughput::rate(bench, peer, shape, None, bench.effort.curve_time),
                _ => throughput::rate_to_all(bench, peer, shape, bench.effort.curve_time),
            };
            match rate {
                Ok(rate) => rates.push(rate),
                Err(error) => curve.skip(peer, x, &error.to_string()),
            }
        }
    }
    for (&peer, rates) in peers.iter().zip(&rates).filter(|(_, rates)| !rates.is_empty()) {
        curve.add(peer.name(), x as f64, median(rates));
        curve.add_range(peer.name(), x as f64, rates);
        also(peer, median(rates));
    }
    Ok(())
}
