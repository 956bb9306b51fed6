//! Answers QUESTIONS like a node of the domain PLANT with two receivers: for `tests/programs/areas/confirmed.c`, as a
//! Win32 program cannot reply.
//!
//! `cargo run -p mailslot-win32 --example routes -- QUESTIONS`
#![forbid(unsafe_code)]

use std::time::Duration;

use mailslot::network::routes::{Answer, Question};
use mailslot::{Mailslot, MailslotOptions, Outcome, Receipt, Timeout};

const WAY: &str = r"\\.\mailslot\mailslot\node\domain\PLANT";

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let questions: u32 = std::env::args().nth(1).ok_or("how many questions?")?.parse()?;
    let _way = Mailslot::create(WAY)?;
    let routes = MailslotOptions::new().read_timeout(Timeout::Forever).create(r"\\.\mailslot\mailslot\node\routes")?;
    for _ in 0..questions {
        let message = routes.receive()?;
        let answer = match Question::decode(&message.data).map_err(|_| "that is no question")? {
            Question::Route(_) => {
                Answer::Route { slot: WAY.parse::<mailslot::Address>()?.slot().clone(), max_message: 1000 }
            }
            Question::Receivers { .. } => Answer::Receivers(2),
            Question::Confirmed { data, .. } if data == b"sure" => Answer::Receipts(
                [("SRV1", Outcome::Delivered), ("SRV2", Outcome::Silent)]
                    .map(|(computer, outcome)| Receipt::new(computer, outcome))
                    .into(),
            ),
            Question::Confirmed { .. } => return Err("another message was to be confirmed".into()),
            _ => return Err("programs of Win32 have no other questions".into()),
        };
        message.reply(&answer.encode())?;
    }
    // The last of them is still to be read.
    std::thread::park_timeout(Duration::from_secs(60));
    Ok(())
}
