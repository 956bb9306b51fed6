//! A slot that a child process inherits: the child reads messages that were written before it started.
//!
//! `cargo run -p mailslot --example inherit`

use std::io;
use std::process::Command;

use mailslot::{Handles, Inheritance, Mailslot, MailslotOptions, MailslotWriter};

const SLOT: &str = "EXAMPLE_SLOT";

fn main() -> io::Result<()> {
    match std::env::var(SLOT) {
        Ok(handles) => child(handles.parse()?),
        Err(_) => parent(),
    }
}

fn parent() -> io::Result<()> {
    let slot = MailslotOptions::new()
        .inheritance(Inheritance::Inherited)
        .create(format!("example-inherit-{}", std::process::id()))?;
    let writer = MailslotWriter::open(slot.name())?;
    writer.write_batch(&["from before", "quit"])?;
    let mut child = Command::new(std::env::current_exe()?).env(SLOT, slot.share().to_string()).spawn()?;
    // The child is the owner from here on.
    drop(slot);
    let status = child.wait()?;
    println!("the child ended with {status}; the slot is closed: {}", writer.is_closed());
    Ok(())
}

fn child(handles: Handles) -> io::Result<()> {
    let slot = Mailslot::from_handles(handles)?;
    for message in &slot {
        match message?.data.as_slice() {
            b"quit" => break,
            data => println!("the child reads: {}", String::from_utf8_lossy(data)),
        }
    }
    Ok(())
}
