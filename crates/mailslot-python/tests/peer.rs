//! The Rust library at the other end of the tests of the Python package (`tests/peer.py` has the same messages in
//! Python).
//!
//!     peer write SLOT WRITER     writes numbered messages, waiting for room, until it is killed or the slot is gone;
//!                                prints the number of each
//!     peer read SLOT             creates the slot, prints "ready", and reads up to an empty message; then prints the
//!                                counts of each writer, as WRITER COUNT
//!     peer hold SLOT             writes empty messages for 30 ms each, until the slot is gone; prints a line at the
//!                                beginning
//!     peer deliver SLOT COMPUTER DOMAIN ADDRESS AUTHENTICATED
//!                                writes one message as the network node does; "-" is none
#![forbid(unsafe_code)]

use std::collections::BTreeMap;
use std::error::Error;
use std::io::Write as _;
use std::time::Duration;

use mailslot::{Mailslot, MailslotWriter, NetworkOrigin, Timeout};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["write", slot, writer] => write(slot, writer.parse()?),
        ["read", slot] => read(slot),
        ["hold", slot] => hold(slot),
        ["deliver", slot, computer, domain, address, authenticated] => {
            let known = |text: &str| (text != "-").then(|| text.to_owned());
            let mut origin = NetworkOrigin::new(computer);
            origin.domain = known(domain);
            origin.address = known(address).map(|address| address.parse()).transpose()?;
            origin.authenticated = authenticated.parse()?;
            Ok(MailslotWriter::open(slot)?.write_from(&origin, b"from elsewhere")?)
        }
        _ => Err("peer write SLOT WRITER, read SLOT, or deliver SLOT COMPUTER DOMAIN ADDRESS AUTHENTICATED".into()),
    }
}

fn write(slot: &str, writer: u32) -> Result<(), Box<dyn Error>> {
    let end = MailslotWriter::open(slot)?;
    let mut said = std::io::stdout().lock();
    for number in 0.. {
        match end.write_within(&message(writer, number), Timeout::Forever) {
            Ok(()) => writeln!(said, "{number}")?,
            Err(mailslot::Error::Closed) => break,
            Err(error) => return Err(error.into()),
        }
    }
    writeln!(said, "closed")?;
    Ok(())
}

fn read(slot: &str) -> Result<(), Box<dyn Error>> {
    let slot = Mailslot::create(slot)?;
    println!("ready");
    let mut counts = BTreeMap::<u32, u32>::new();
    loop {
        let data = slot.receive()?.data;
        if data.is_empty() {
            break;
        }
        let writer = data.first_chunk().copied().map(u32::from_le_bytes).ok_or("a message without a writer")?;
        let count = counts.entry(writer).or_default();
        if data != message(writer, *count) {
            return Err(format!("message {count} of writer {writer} is lost, repeated or damaged").into());
        }
        *count += 1;
    }
    for (writer, count) in counts {
        println!("{writer} {count}");
    }
    Ok(())
}

fn hold(slot: &str) -> Result<(), Box<dyn Error>> {
    let end = MailslotWriter::open(slot)?;
    let held = |_: &mut [u8]| {
        println!("held");
        std::thread::sleep(Duration::from_millis(30));
    };
    loop {
        match end.write_in_place_within(0, Timeout::Forever, held) {
            // Leaves others as much time: the lock is not fair, and taking it again at once would starve them.
            Ok(()) => std::thread::sleep(Duration::from_millis(30)),
            Err(mailslot::Error::Closed) => return Ok(()),
            Err(error) => return Err(error.into()),
        }
    }
}

/// Writer and number, followed by bytes that depend on both, as many as the number.
fn message(writer: u32, number: u32) -> Vec<u8> {
    let size = number.wrapping_mul(2_654_435_761) >> 20;
    let mut bytes = [writer.to_le_bytes(), number.to_le_bytes()].concat();
    bytes.resize(8 + size as usize, (writer ^ number) as u8);
    bytes
}
