//! Who wrote a message, and a test of the function that handles it.
//!
//! `cargo run -p mailslot --example origin`

use mailslot::{Mailslot, MailslotWriter, Message, NetworkOrigin, Origin};

/// Handles a message.
fn handle(message: &Message) -> String {
    let text = String::from_utf8_lossy(&message.data);
    match &message.origin {
        Origin::Local { uid: 0, attested: true, .. } => format!("root says {text}"),
        Origin::Local { attested: true, uid, .. } => format!("user {uid} says {text}"),
        // Written by the slot's user, whose ids may be forged.
        Origin::Local { .. } => format!("we say {text}"),
        Origin::Network(origin) if origin.authenticated => format!("{} says {text}", origin.computer),
        Origin::Network(_) => "somebody elsewhere, who is not believed".to_owned(),
        _ => format!("somebody says {text}"),
    }
}

fn main() -> mailslot::Result<()> {
    // Messages can be constructed, so a handler can be tested without a slot, another user or a network.
    let local = Origin::Local { pid: 1, uid: 0, gid: 0, attested: true };
    let mut elsewhere = NetworkOrigin::new("SRV2");
    assert_eq!(handle(&Message::new("reboot", local)), "root says reboot");
    assert_eq!(handle(&Message::new("reboot", elsewhere.clone().into())), "somebody elsewhere, who is not believed");
    elsewhere.authenticated = true;
    assert_eq!(handle(&Message::new("reboot", elsewhere.into())), "SRV2 says reboot");

    let slot = Mailslot::create(format!("example-origin-{}", std::process::id()))?;
    MailslotWriter::open(slot.name())?.write(b"hello")?;
    println!("{}", handle(&slot.receive()?));
    Ok(())
}
