//! A request and its reply by hand: whoever asks makes a slot for the answer, and says its name in the request.
//!
//! `cargo run -p mailslot --example request_reply`

use std::thread;
use std::time::Duration;

use mailslot::{Error, Mailslot, MailslotOptions, MailslotWriter, Message, SlotName};

fn main() -> mailslot::Result<()> {
    let server = Mailslot::create(format!("example-adder-{}", std::process::id()))?;
    let name = server.name().clone();
    let serving = thread::spawn(move || server.iter().take(2).try_for_each(|request| serve(&request?)));

    println!("1 + 2 = {}", ask(&name, 0, "1 2")?);
    println!("20 + 22 = {}", ask(&name, 1, "20 22")?);
    serving.join().expect("the server does not panic")
}

/// The request is a line with the slot for the reply, and behind it what is asked.
fn ask(server: &SlotName, number: u32, question: &str) -> mailslot::Result<String> {
    let reply = format!("example-reply-{}-{number}", std::process::id());
    // Who may write the answer: by default this user alone.
    let slot = MailslotOptions::new().read_timeout(Duration::from_secs(5)).create(&reply)?;
    MailslotWriter::open(server)?.write(format!("{reply}\n{question}").as_bytes())?;
    Ok(String::from_utf8_lossy(&slot.receive()?.data).into_owned())
}

fn serve(request: &Message) -> mailslot::Result<()> {
    let text = String::from_utf8_lossy(&request.data);
    let Some((reply, question)) = text.split_once('\n') else { return Ok(()) };
    let sum: i64 = question.split(' ').filter_map(|number| number.parse::<i64>().ok()).sum();
    match answer_slot(request, &reply.parse()?) {
        Ok(writer) => writer.write(sum.to_string().as_bytes()),
        // Who has gone meanwhile needs no answer.
        Err(Error::NotFound(_)) => Ok(()),
        Err(error) => Err(error),
    }
}

/// The answer goes into a slot of the user who asks, so that nobody has answers sent to somebody else.
#[cfg(unix)]
fn answer_slot(request: &Message, reply: &SlotName) -> mailslot::Result<MailslotWriter> {
    match request.origin {
        mailslot::Origin::Local { uid, .. } => MailslotWriter::open_owned(reply, uid),
        _ => Err(Error::NotFound(reply.clone())),
    }
}

/// Windows does not tell who asks.
#[cfg(not(unix))]
fn answer_slot(_request: &Message, reply: &SlotName) -> mailslot::Result<MailslotWriter> {
    MailslotWriter::open(reply)
}
