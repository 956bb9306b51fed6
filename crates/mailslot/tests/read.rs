//! Reading: sizes, timeouts, order, peeking, batches, reading in place.
#![allow(clippy::unwrap_used)]
mod common;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use common::{name, pair, watchdog};
use mailslot::{Error, Inheritance, Mailslot, MailslotOptions, MailslotWriter, Timeout};

#[test]
fn messages_keep_their_order_and_boundaries() {
    let (slot, writer) = pair();
    for message in [&b"one"[..], b"", b"three"] {
        writer.write(message).unwrap();
    }
    assert_eq!(slot.receive().unwrap().data, b"one");
    assert_eq!(slot.receive().unwrap().data, b"");
    assert_eq!(slot.receive().unwrap().data, b"three");
    assert!(slot.try_receive().unwrap().is_none());
}

/// Programs that see a count above zero allocate memory by the size of the next message.
#[test]
fn there_is_a_next_message_exactly_where_some_are_counted() {
    const MESSAGES: usize = 20_000;
    let _watchdog = watchdog();
    let (slot, writer) = pair();
    let read = AtomicUsize::new(0);
    let mut told_otherwise = None;
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for number in 0..MESSAGES {
                // Each goes into an empty slot while the reader looks at it.
                while read.load(Ordering::Relaxed) < number {
                    std::hint::spin_loop();
                }
                (0..number % 61).for_each(|_| std::hint::spin_loop());
                writer.write(b"five!").unwrap();
            }
        });
        while read.load(Ordering::Relaxed) < MESSAGES {
            let info = slot.info().unwrap();
            if info.next_size.is_some() != (info.count > 0) {
                told_otherwise = Some(info);
            }
            if slot.try_receive().is_ok_and(|message| message.is_some()) {
                read.fetch_add(1, Ordering::Relaxed);
            }
        }
    });
    assert!(told_otherwise.is_none(), "{told_otherwise:?}");
}

#[test]
fn too_small_buffer_keeps_the_message() {
    let (slot, writer) = pair();
    writer.write(b"hello").unwrap();
    let error = slot.read(&mut [0; 4]).unwrap_err();
    assert!(matches!(error, Error::BufferTooSmall { size: 5, buffer: 4 }));
    assert_eq!(error.win32_code(), 122);
    assert_eq!(slot.info().unwrap().count, 1);
    let mut buffer = [0; 9];
    assert_eq!(slot.read(&mut buffer).unwrap(), 5);
    assert_eq!(&buffer[..5], b"hello");
}

#[test]
fn a_read_that_tells_the_origin_keeps_what_does_not_fit() {
    for inheritance in [Inheritance::Private, Inheritance::Inherited] {
        let slot = MailslotOptions::new().inheritance(inheritance).create(name()).unwrap();
        let writer = MailslotWriter::open(slot.name().as_str()).unwrap();
        let mut buffer = [0; 9];
        assert!(matches!(slot.read_with_origin_within(&mut buffer, Timeout::Zero), Err(Error::TimedOut)));
        writer.write(b"hello").unwrap();
        let error = slot.read_with_origin_within(&mut buffer[..4], Timeout::Zero).unwrap_err();
        assert!(matches!(error, Error::BufferTooSmall { size: 5, buffer: 4 }));
        let expected = slot.peek().unwrap().unwrap().origin;
        assert_eq!(slot.read_with_origin_within(&mut buffer, Timeout::Forever).unwrap(), (5, expected));
        assert_eq!(&buffer[..5], b"hello");
        assert_eq!(slot.info().unwrap().count, 0);
    }
}

#[test]
fn empty_slot_times_out_but_not_early() {
    let slot = MailslotOptions::new().read_timeout(Timeout::After(Duration::from_millis(80))).create(name()).unwrap();
    let start = Instant::now();
    assert!(matches!(slot.receive(), Err(Error::TimedOut)));
    assert!(start.elapsed() >= Duration::from_millis(80));
    slot.set_read_timeout(Timeout::Zero);
    assert!(matches!(slot.read(&mut []), Err(Error::TimedOut)));
    assert_eq!(slot.info().unwrap().read_timeout, Timeout::Zero);
}

#[test]
fn timeout_of_one_read_is_its_own() {
    let _watchdog = watchdog();
    for slots in [Timeout::Zero, Timeout::After(Duration::from_millis(20)), Timeout::Forever] {
        let slot = MailslotOptions::new().read_timeout(slots).create(name()).unwrap();
        let start = Instant::now();
        let limit = Duration::from_millis(80);
        assert!(matches!(slot.read_within(&mut [0; 9], Timeout::After(limit)), Err(Error::TimedOut)));
        assert!(start.elapsed() >= limit);
        assert!(slot.try_receive().unwrap().is_none());
        assert_eq!(slot.info().unwrap().read_timeout, slots);
        // Cancelled reads take no message.
        MailslotWriter::open(slot.name().as_str()).unwrap().write(b"late").unwrap();
        assert_eq!(slot.receive_within(Timeout::Forever).unwrap().data, b"late");
    }
}

#[test]
fn message_that_was_looked_at_counts_and_stays_the_next_one() {
    let (slot, writer) = pair();
    writer.write(b"first").unwrap();
    writer.write(b"second one").unwrap();
    assert_eq!(slot.peek().unwrap().unwrap().data, b"first");
    let info = slot.info().unwrap();
    assert_eq!((info.count, info.next_size), (2, Some(5)));
    assert!(matches!(slot.read(&mut [0; 2]), Err(Error::BufferTooSmall { size: 5, buffer: 2 })));
    let mut buffer = [0; 10];
    assert_eq!(slot.read(&mut buffer).unwrap(), 5);
    assert_eq!(slot.read(&mut buffer).unwrap(), 10);
    assert_eq!(slot.info().unwrap().count, 0);
}

#[test]
fn large_message_reaches_a_reader_that_waits() {
    let _watchdog = watchdog();
    let (slot, writer) = pair();
    let large = vec![7; 100_000];
    let reader = std::thread::spawn(move || slot.receive_within(Timeout::Forever).unwrap().data);
    std::thread::yield_now();
    writer.write(&large).unwrap();
    assert!(reader.join().unwrap() == large);
}

#[test]
fn sleeping_reader_is_woken_by_a_message() {
    let _watchdog = watchdog();
    let (slot, writer) = pair();
    for round in 0..200_u32 {
        let reader = {
            let slot = slot.clone();
            std::thread::spawn(move || slot.receive_within(Timeout::Forever).unwrap().data)
        };
        if round.is_multiple_of(2) {
            std::thread::yield_now();
        }
        writer.write(&round.to_le_bytes()).unwrap();
        assert_eq!(reader.join().unwrap(), round.to_le_bytes());
    }
}

#[test]
fn peeking_leaves_the_message() {
    let (slot, writer) = pair();
    assert!(slot.peek().unwrap().is_none());
    writer.write(b"look").unwrap();
    assert_eq!(slot.peek().unwrap().unwrap().data, b"look");
    assert_eq!(slot.peek().unwrap().unwrap().data, b"look");
    assert_eq!(slot.receive().unwrap().data, b"look");
}

#[test]
fn batch_takes_what_is_there_up_to_its_limit() {
    let (slot, writer) = pair();
    for i in 0..10_u8 {
        writer.write(&[i]).unwrap();
    }
    let mut messages = Vec::new();
    assert_eq!(slot.receive_batch_within(&mut messages, 4, Timeout::Zero).unwrap(), 4);
    assert_eq!(slot.receive_batch_within(&mut messages, 100, Timeout::Forever).unwrap(), 6);
    let read: Vec<u8> = messages.iter().map(|message| message.data[0]).collect();
    assert_eq!(read, (0..10).collect::<Vec<u8>>());
    assert!(matches!(slot.receive_batch_within(&mut messages, 1, Timeout::Zero), Err(Error::TimedOut)));
}

#[test]
fn batch_in_place_takes_what_is_there_up_to_its_limit() {
    for inheritance in [Inheritance::Private, Inheritance::Inherited] {
        let slot = MailslotOptions::new().inheritance(inheritance).create(name()).unwrap();
        let writer = MailslotWriter::open(slot.name().as_str()).unwrap();
        for i in 0..10_u8 {
            writer.write(&[i]).unwrap();
        }
        let mut read = Vec::new();
        assert_eq!(
            slot.read_batch_in_place_within(0, Timeout::Zero, |_, _| panic!("no message was asked for")).unwrap(),
            0
        );
        assert_eq!(slot.read_batch_in_place_within(4, Timeout::Zero, |bytes, _| read.push(bytes[0])).unwrap(), 4);
        assert_eq!(slot.read_batch_in_place_within(100, Timeout::Forever, |bytes, _| read.push(bytes[0])).unwrap(), 6);
        assert_eq!(read, (0..10).collect::<Vec<u8>>());
        assert!(matches!(slot.read_batch_in_place_within(1, Timeout::Zero, |_, _| ()), Err(Error::TimedOut)));
    }
}

#[test]
fn batch_in_place_keeps_the_message_at_which_the_reader_panics_and_those_behind_it() {
    let (slot, writer) = pair();
    for i in 0..4_u8 {
        writer.write(&[i]).unwrap();
    }
    let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        slot.read_batch_in_place_within(4, Timeout::Zero, |bytes, _| assert_ne!(bytes, [2], "on purpose"))
    }));
    assert!(panicked.is_err());
    let mut left = Vec::new();
    assert_eq!(slot.read_batch_in_place_within(4, Timeout::Zero, |bytes, _| left.push(bytes[0])).unwrap(), 2);
    assert_eq!(left, [2, 3]);
}

#[test]
fn message_read_in_place_stays_if_the_reader_panics() {
    let (slot, writer) = pair();
    writer.write(b"fragile").unwrap();
    let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        slot.read_in_place_within(Timeout::Zero, |_, _| panic!("on purpose"))
    }));
    assert!(panicked.is_err());
    assert_eq!(slot.read_in_place_within(Timeout::Zero, |bytes, _| bytes.to_vec()).unwrap(), b"fragile");
    assert!(slot.try_receive().unwrap().is_none());
}

#[test]
fn info_tells_what_waits() {
    let slot = MailslotOptions::new().max_message_size(424).read_timeout(Timeout::Forever).create(name()).unwrap();
    let writer = MailslotWriter::open(slot.name().as_str()).unwrap();
    let info = slot.info().unwrap();
    assert_eq!((info.max_message_size, info.next_size, info.count), (424, None, 0));
    writer.write(b"").unwrap();
    writer.write(b"abc").unwrap();
    let info = slot.info().unwrap();
    assert_eq!((info.next_size, info.count, info.read_timeout), (Some(0), 2, Timeout::Forever));
}

#[test]
#[cfg(unix)] // Windows does not tell.
fn info_tells_whether_a_reader_waits() {
    let _watchdog = common::watchdog();
    let (slot, writer) = common::pair();
    let waits = || mailslot::status(slot.name()).unwrap().info.unwrap().reader_waits;
    for round in 0_u8..3 {
        assert!(!waits() && !slot.info().unwrap().reader_waits);
        let reader = slot.clone();
        let reader = std::thread::spawn(move || reader.receive().unwrap().data);
        // The reader sleeps some time after it has begun to read.
        while !waits() {
            std::thread::yield_now();
        }
        assert!(slot.info().unwrap().reader_waits);
        writer.write(&[round]).unwrap();
        assert_eq!(reader.join().unwrap(), [round]);
    }
}

#[test]
#[cfg(unix)] // Windows counts nothing and sets no limit.
fn statistics_count_everything() {
    let slot = MailslotOptions::new().max_message_size(4000).capacity(8192).create(name()).unwrap();
    let writer = MailslotWriter::open(slot.name().as_str()).unwrap();
    writer.write(&[0; 4000]).unwrap();
    writer.write(&[0; 4000]).unwrap();
    assert!(matches!(writer.write(&[0; 4000]), Err(Error::Full { .. })));
    assert!(matches!(writer.write(&[0; 4001]), Err(Error::TooLarge { size: 4001, limit: 4000 })));
    slot.receive().unwrap();
    let statistics = slot.statistics();
    assert_eq!((statistics.written, statistics.read), (2, 1));
    assert_eq!((statistics.bytes_written, statistics.bytes_read), (8000, 4000));
    assert_eq!((statistics.refused_full, statistics.refused_too_large), (1, 1));
    assert_eq!(statistics.high_water, 2 * 4024);
}

#[test]
fn messages_of_every_size_survive_going_around_the_end_of_the_memory() {
    let slot = MailslotOptions::new().capacity(4096).create(name()).unwrap();
    let writer = MailslotWriter::open(slot.name().as_str()).unwrap();
    let mut next = 0;
    let mut write = 0;
    for round in 0..5000_usize {
        let size = (round * 37) % 1500;
        let message: Vec<u8> = (0..size).map(|i| (i * 7 + round) as u8).collect();
        while let Err(Error::Full { .. }) = writer.write(&message) {
            check(&slot, &mut next);
        }
        write += 1;
        if round.is_multiple_of(3) {
            check(&slot, &mut next);
        }
    }
    while next < write {
        check(&slot, &mut next);
    }

    fn check(slot: &Mailslot, next: &mut usize) {
        let round = *next;
        let expected: Vec<u8> = (0..(round * 37) % 1500).map(|i| (i * 7 + round) as u8).collect();
        if round.is_multiple_of(2) {
            assert_eq!(slot.receive_within(Timeout::Zero).unwrap().data, expected);
        } else {
            slot.read_in_place_within(Timeout::Zero, |bytes, _| assert_eq!(bytes, expected)).unwrap();
        }
        *next += 1;
    }
}

#[cfg(unix)]
#[test]
fn aborting_ends_reads_that_wait_and_those_that_would() {
    let _watchdog = watchdog();
    let (slot, writer) = pair();
    std::thread::scope(|scope| {
        let readers: Vec<_> = (0..2).map(|_| scope.spawn(|| slot.receive())).collect();
        // Wherever the readers are by now: about to wait, or waiting.
        std::thread::sleep(Duration::from_millis(20));
        slot.abort_reads();
        for reader in readers {
            assert!(matches!(reader.join().unwrap(), Err(Error::Closed)));
        }
    });
    assert!(matches!(slot.receive(), Err(Error::Closed)));
    assert!(matches!(slot.receive_within(Timeout::Zero), Err(Error::TimedOut)));
    writer.write(b"still delivered").unwrap();
    assert_eq!(slot.receive().unwrap().data, b"still delivered");
}

#[cfg(unix)]
#[test]
fn a_writer_of_the_same_user_sees_what_the_slot_holds() {
    let (slot, writer) = pair();
    assert_eq!(writer.info().unwrap(), slot.info().unwrap());
    writer.write(b"four").unwrap();
    writer.write(b"").unwrap();
    let info = writer.info().unwrap();
    assert_eq!((info.next_size, info.count), (Some(4), 2));
    drop(slot);
    assert!(matches!(writer.info(), Err(Error::Closed)));
}
