//! `mailslot peer`: the other process of `bench` and `demo`. Not for users.

use std::hint;
use std::io;
use std::thread;
use std::time::{Duration, Instant};

use clap::Subcommand;
use mailslot::{Error, Mailslot, MailslotWriter, Timeout};

use crate::exit::{Failure, Result};
use crate::sys::{self, Datagram};

/// The other process of a measurement
#[derive(Subcommand)]
pub enum Peer {
    /// Write to a slot until it is closed
    FloodSlot { slot: String, size: usize },
    /// Write to the socket on standard input until it is closed
    FloodSocket { size: usize },
    /// Create the slot `own`, and write its messages to `back`
    EchoSlot { own: String, back: String, size: usize },
    /// Send messages from the socket on standard input back to it
    EchoSocket { size: usize },
}

impl Peer {
    pub fn run(self) -> Result {
        match self {
            Peer::FloodSlot { slot, size } => flood_slot(&slot, size),
            Peer::FloodSocket { size } => flood_socket(size),
            Peer::EchoSlot { own, back, size } => echo_slot(&own, &back, size),
            Peer::EchoSocket { size } => echo_socket(size),
        }
    }
}

/// Writes the number of a message into its beginning.
pub fn stamp(message: &mut [u8], number: u64) {
    if let Some(start) = message.first_chunk_mut() {
        *start = number.to_le_bytes();
    }
}

/// Whether a message has this number.
pub fn is_stamped(message: &[u8], number: u64) -> bool {
    message.first_chunk() == Some(&number.to_le_bytes())
}

/// A wait without sleep. It fails after a time in which the other process must have ended.
pub struct Spin {
    turns: u32,
    begin: Instant,
    /// Turns between two calls that yield the processor. Without them, every wait would last for a whole time slice on
    /// a machine with fewer than two free processors.
    yields: u32,
}

impl Spin {
    pub fn new() -> Spin {
        let alone = thread::available_parallelism().is_ok_and(|processors| processors.get() == 1);
        Spin { turns: 0, begin: Instant::now(), yields: if alone { 1 } else { YIELD_TURNS } }
    }

    pub fn reset(&mut self) {
        self.turns = 0;
    }

    pub fn turn(&mut self) -> Result {
        // The clock is read rarely, to keep its cost out of the measurement.
        if self.turns == 0 {
            self.begin = Instant::now();
        }
        self.turns = self.turns.wrapping_add(1);
        if self.turns.is_multiple_of(self.yields) {
            thread::yield_now()
        } else {
            hint::spin_loop()
        }
        if self.turns.is_multiple_of(CLOCK_TURNS) && self.begin.elapsed() > SILENCE {
            return Err(Failure::Unexpected("the other process does not answer".into()));
        }
        Ok(())
    }
}

/// The first message of an echo.
pub const READY: &[u8] = b"ready";
/// How long the other process may be silent.
pub const SILENCE: Duration = Duration::from_secs(10);
const CLOCK_TURNS: u32 = 1 << 14;
const YIELD_TURNS: u32 = 256;

fn flood_slot(slot: &str, size: usize) -> Result {
    let writer = MailslotWriter::open(slot)?;
    let mut message = vec![0; size];
    for number in 0.. {
        stamp(&mut message, number);
        match writer.write_within(&message, Timeout::Forever) {
            Ok(()) => {}
            Err(Error::Closed) => break,
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

fn flood_socket(size: usize) -> Result {
    let socket = inherited_socket()?;
    let mut message = vec![0; size];
    for number in 0.. {
        stamp(&mut message, number);
        // The other end closes when it has measured enough.
        if socket.send(&message).is_err() {
            break;
        }
    }
    Ok(())
}

fn echo_slot(own: &str, back: &str, size: usize) -> Result {
    let slot = Mailslot::create(own)?;
    let writer = MailslotWriter::open(back)?;
    let mut message = vec![0; size];
    let mut spin = Spin::new();
    // Notifies the other process that the slot exists.
    writer.write(READY)?;
    loop {
        match slot.read_within(&mut message, Timeout::Zero) {
            Ok(_) => match writer.write(&message) {
                Ok(()) => spin.reset(),
                Err(Error::Closed) => return Ok(()),
                Err(error) => return Err(error.into()),
            },
            Err(Error::TimedOut) => spin.turn()?,
            Err(error) => return Err(error.into()),
        }
    }
}

fn echo_socket(size: usize) -> Result {
    let socket = inherited_socket()?;
    socket.set_nonblocking(true).map_err(socket_failure)?;
    let mut message = vec![0; size];
    let mut spin = Spin::new();
    loop {
        match socket.recv(&mut message) {
            Ok(_) => {
                if socket.send(&message).is_err() {
                    return Ok(());
                }
                spin.reset();
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => spin.turn()?,
            Err(_) => return Ok(()),
        }
    }
}

fn inherited_socket() -> Result<Datagram> {
    sys::inherited_datagram().map_err(socket_failure)
}

fn socket_failure(source: io::Error) -> Failure {
    Failure::io("use a Unix datagram socket", source)
}
