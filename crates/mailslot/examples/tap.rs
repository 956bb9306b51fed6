//! Monitoring: a tap sees what is written to another reader's slot, and holds up nobody. A slot that drops the oldest
//! loses messages for which its reader has no time, and reports how many.
//!
//! `cargo run -p mailslot --example tap`

#[cfg(target_os = "linux")]
fn main() -> mailslot::Result<()> {
    use mailslot::{Mailslot, MailslotOptions, MailslotWriter, Taps, WhenFull};

    let mut options = MailslotOptions::new();
    options.capacity(4096).when_full(WhenFull::DropOldest).taps(Taps::Allowed);
    let sensor = options.create(format!("example-tap-{}", std::process::id()))?;
    let log = Mailslot::tap(sensor.name())?; // as a rule in another process

    let writer = MailslotWriter::open(sensor.name())?;
    for number in 0..1000_u32 {
        // Never fails for lack of room.
        writer.write(&[number.to_le_bytes(); 25].concat())?;
    }
    let newest = sensor.try_receive()?.expect("a full slot has messages");
    let number = newest.data.first_chunk().copied().map(u32::from_le_bytes);
    println!("the reader lost {} messages, and goes on with number {number:?}", newest.lost_before);
    let seen: u64 = std::iter::from_fn(|| log.try_receive().transpose())
        .map(|message| message.map(|message| message.lost_before + 1))
        .sum::<mailslot::Result<u64>>()?;
    println!("the tap saw or missed {seen}");
    Ok(())
}

#[cfg(not(target_os = "linux"))]
fn main() {
    println!("there are no taps here");
}
