//! Many producers: a writer is opened once, and each thread has a clone of it.
//!
//! `cargo run -p mailslot --example many_producers`

use std::thread;

use mailslot::{MailslotOptions, MailslotWriter, Timeout};

const PRODUCERS: usize = 8;
const EACH: usize = 10_000;

fn main() -> mailslot::Result<()> {
    // Small enough that the producers have to wait for the reader.
    let name = format!("example-producers-{}", std::process::id());
    let slot = MailslotOptions::new().capacity(64 << 10).create(&name)?;
    let writer = MailslotWriter::open(&name)?;
    let producers: Vec<_> = (0..PRODUCERS)
        .map(|producer| {
            let writer = writer.clone();
            thread::spawn(move || (0..EACH).try_for_each(|_| writer.write_within(&[producer as u8], Timeout::Forever)))
        })
        .collect();

    let mut counts = [0; PRODUCERS];
    while counts.iter().sum::<usize>() < PRODUCERS * EACH {
        slot.read_batch_in_place(1024, |message, _origin| counts[usize::from(message[0])] += 1)?;
    }
    for producer in producers {
        producer.join().expect("producers do not panic")?;
    }
    println!("{counts:?}");
    Ok(())
}
