//! Large messages without copies: a writer fills the memory that the reader reads.
//!
//! `cargo run -p mailslot --example in_place`

use mailslot::{Mailslot, MailslotWriter, Timeout};

/// Samples in a frame of 64 KiB.
const SAMPLES: usize = 16 << 10;

fn main() -> mailslot::Result<()> {
    let slot = Mailslot::create(format!("example-in-place-{}", std::process::id()))?;
    let writer = MailslotWriter::open(slot.name())?;
    let filling = std::thread::spawn(move || {
        (0..100_u32).try_for_each(|frame| {
            writer.write_in_place_within(4 * SAMPLES, Timeout::Forever, |bytes| {
                bytes.chunks_exact_mut(4).for_each(|sample| sample.copy_from_slice(&frame.to_le_bytes()));
            })
        })
    });

    let mut sum = 0_u64;
    for _ in 0..100 {
        sum += slot.read_in_place(|bytes, _origin| {
            bytes
                .chunks_exact(4)
                .map(|sample| u64::from(u32::from_le_bytes([sample[0], sample[1], sample[2], sample[3]])))
                .sum::<u64>()
        })?;
    }
    filling.join().expect("the writer does not panic")?;
    println!("the sum of all samples is {sum}");
    Ok(())
}
