//! Another async runtime: any that can wait for descriptors can wait for a slot. This one is `async-io`, the basis of
//! smol.
//!
//! `cargo run -p mailslot --example async_io`

#[cfg(unix)]
fn main() -> std::io::Result<()> {
    use std::os::fd::AsFd;

    use async_io::{Async, block_on};
    use mailslot::{Mailslot, MailslotWriter, Message};

    /// Returns the next message once it arrives.
    async fn receive(slot: &Mailslot, readable: &Async<std::os::fd::OwnedFd>) -> std::io::Result<Message> {
        loop {
            if let Some(message) = slot.try_receive()? {
                return Ok(message);
            }
            readable.readable().await?;
        }
    }

    let slot = Mailslot::create(format!("example-async-io-{}", std::process::id()))?;
    let writer = MailslotWriter::open(slot.name())?;
    let writing = std::thread::spawn(move || (0..1000_u32).try_for_each(|i| writer.write(&i.to_le_bytes())));

    // Made once: from then on it becomes ready for each message that arrives after a look found none.
    let readable = Async::new_nonblocking(slot.as_fd().try_clone_to_owned()?)?;
    let last = block_on(async {
        let mut last = Vec::new();
        for _ in 0..1000 {
            last = receive(&slot, &readable).await?.data;
        }
        Ok::<_, std::io::Error>(last)
    })?;
    writing.join().expect("the writer does not panic")?;
    println!("the last of 1000 messages is {last:?}");
    Ok(())
}

#[cfg(not(unix))]
fn main() {
    println!("only on Unix");
}
