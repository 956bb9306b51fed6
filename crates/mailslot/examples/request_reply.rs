//! A request and its reply: the asker gets the answer in a separate slot, which the library makes and removes.
//!
//! `cargo run -p mailslot --example request_reply`

/// There are no requests on Windows.
#[cfg(not(unix))]
fn main() {}

#[cfg(unix)]
fn main() -> mailslot::Result<()> {
    use std::thread;
    use std::time::Duration;

    use mailslot::{Error, Mailslot, MailslotWriter};

    let server = Mailslot::create(format!("example-adder-{}", std::process::id()))?;
    let adder = MailslotWriter::open(server.name())?;
    let serving = thread::spawn(move || {
        for request in server.iter().take(2) {
            let request = request?;
            let text = String::from_utf8_lossy(&request.data);
            let sum: i64 = text.split(' ').filter_map(|number| number.parse::<i64>().ok()).sum();
            match request.reply(sum.to_string().as_bytes()) {
                // An asker that is gone needs no reply, and a plain message gets none.
                Err(Error::Closed | Error::NotARequest) => {}
                replied => replied?,
            }
        }
        Ok(())
    });

    for (question, shown) in [("1 2", "1 + 2"), ("20 22", "20 + 22")] {
        let reply = adder.request(question.as_bytes(), Duration::from_secs(5))?;
        println!("{shown} = {}", String::from_utf8_lossy(&reply.data));
    }
    serving.join().expect("the server does not panic")
}
