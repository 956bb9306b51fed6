//! Which slots there are, and the contents of one of them.
//!
//! `cargo run -p mailslot --example status [NAME]`

use mailslot::{Access, Mailslot, MailslotOptions, MailslotWriter, Network};

fn main() -> mailslot::Result<()> {
    match std::env::args().nth(1) {
        Some(name) => show(&name),
        None => show(make_one()?.name().as_str()),
    }
}

fn make_one() -> mailslot::Result<Mailslot> {
    let slot = MailslotOptions::new()
        .max_message_size(424)
        .access(Access::Everyone)
        .network(Network::Allowed)
        .create(format!("example-status-{}", std::process::id()))?;
    MailslotWriter::open(slot.name())?.write_batch(&["first", "second"])?;
    Ok(slot)
}

fn show(name: &str) -> mailslot::Result<()> {
    let slot = mailslot::status(name)?;
    if let Some(access) = slot.access {
        println!("may be written to by: {access}");
    }
    if let Some(info) = slot.info {
        println!("{} messages, the next one of {} bytes", info.count, info.next_size.unwrap_or_default());
    }
    // Windows documents no way to list slots.
    if cfg!(unix) {
        let listed = mailslot::list()?.into_iter().any(|other| other.name == slot.name);
        println!("listed: {listed}");
    }
    Ok(())
}
