//! A program that is the network node of its machine while it runs: prints what other machines write to its slot.
//!
//! ```text
//! embedded COMPUTER WORKGROUP SLOT     ends with the message "quit"
//! ```

use mailslot::{MailslotOptions, Network};
use mailslot_node::Embedded;
use mailslot_node::config;
use mailslot_node::log::{self, Format};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [computer, workgroup, slot] = arguments.as_slice() else {
        return Err("usage: embedded COMPUTER WORKGROUP SLOT".into());
    };
    let mut settings = config::Settings::default();
    (settings.computer, settings.workgroup) = (Some(computer.clone()), workgroup.clone());
    let slot = MailslotOptions::new().network(Network::Allowed).create(slot)?;
    log::init(Format::of_stderr(), |line| eprintln!("{line}"))?;
    let node = Embedded::start(settings)?;
    loop {
        let message = slot.receive()?;
        println!("{:?} from {:?}", String::from_utf8_lossy(&message.data), message.origin);
        if message.data == b"quit" {
            return Ok(node.stop()?);
        }
    }
}
