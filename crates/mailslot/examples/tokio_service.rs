//! A service with tokio: one task reads, others write and wait for room, and all end in good order.
//!
//! `cargo run -p mailslot --features tokio --example tokio_service`

#[cfg(unix)]
#[tokio::main(flavor = "current_thread")]
async fn main() -> mailslot::Result<()> {
    use futures_util::StreamExt;
    use mailslot::{AsyncMailslot, AsyncMailslotWriter, MailslotOptions};

    // Small enough that the writer has to wait for the reader, in the same thread.
    let name = format!("example-tokio-{}", std::process::id());
    let slot = AsyncMailslot::new(MailslotOptions::new().capacity(4096).create(&name)?)?;

    // The stream is moved into the task.
    let mut messages = slot.messages();
    let reading = tokio::spawn(async move {
        let mut bytes = 0;
        while let Some(message) = messages.next().await {
            bytes += message?.data.len();
        }
        Ok::<_, mailslot::Error>(bytes)
    });

    let writer = AsyncMailslotWriter::open(&name).await?;
    let writing = (0..4).map(|_| {
        let writer = writer.clone();
        tokio::spawn(async move {
            for _ in 0..100 {
                writer.write(&[0; 1000]).await?;
            }
            Ok::<_, mailslot::Error>(())
        })
    });
    for writing in writing.collect::<Vec<_>>() {
        writing.await.expect("writers do not panic")?;
    }

    // The stream ends once all messages are read.
    slot.get_ref().abort_reads();
    println!("{} bytes", reading.await.expect("the reader does not panic")?);
    Ok(())
}

#[cfg(not(unix))]
fn main() {
    println!("only on Unix");
}
