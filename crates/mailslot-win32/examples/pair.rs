//! The Rust side of `tests/programs/pair.c`: the same loop through the Rust API.
//!
//! `cargo run --release -p mailslot-win32 --example pair -- [PAIRS [BYTES]]`
#![forbid(unsafe_code)]

use std::time::Instant;

use mailslot::{Access, MailslotOptions, MailslotWriter, Timeout};

fn main() -> mailslot::Result<()> {
    let mut numbers = std::env::args().skip(1).map(|text| text.parse().unwrap_or(0));
    let (pairs, bytes) = (numbers.next().unwrap_or(1_000_000), numbers.next().unwrap_or(64));
    let name = format!("pair-{}", std::process::id());
    let slot = MailslotOptions::new().access(Access::Everyone).read_timeout(Timeout::Zero).create(&name)?;
    let writer = MailslotWriter::open(&name)?;
    let (message, mut buffer) = (vec![0; bytes], vec![0; 65536]);
    let begin = Instant::now();
    for _ in 0..pairs {
        writer.write(&message)?;
        slot.read(&mut buffer)?;
    }
    println!("{:.1} ns per pair", begin.elapsed().as_nanos() as f64 / pairs as f64);
    Ok(())
}
