//! A reader as a loop, which ends when another thread says so.
//!
//! `cargo run -p mailslot --example iterator`

use mailslot::{Mailslot, MailslotWriter};

fn main() -> mailslot::Result<()> {
    let slot = Mailslot::create(format!("example-iterator-{}", std::process::id()))?;
    let writer = MailslotWriter::open(slot.name())?;
    writer.write_batch(&["door 1 opened", "door 2 opened", "door 1 closed", "quit"])?;

    // Waits for each message as long as the slot's read timeout says: for ever.
    for message in &slot {
        let message = message?;
        if message.data == b"quit" {
            break;
        }
        println!("{}", String::from_utf8_lossy(&message.data));
    }

    // Reads the messages that are there, without waiting.
    writer.write_batch(&["left", "over"])?;
    println!("{} left over", slot.try_iter().count());
    Ok(())
}
