//! Reading in async programs.
#![cfg(feature = "tokio")]
#![allow(clippy::unwrap_used)]
mod common;

use std::thread::JoinHandle;

use common::{name, pair, watchdog};
use futures_util::StreamExt;
use mailslot::{AsyncMailslot, AsyncMailslotWriter, MailslotOptions, MailslotWriter, Outcome, Timeout};

/// Writes 10,000 messages, for which the reader has to wait now and then.
fn write_numbers(writer: MailslotWriter) -> JoinHandle<()> {
    std::thread::spawn(move || {
        for i in 0..10_000_u32 {
            writer.write(&i.to_le_bytes()).unwrap();
            if i % 64 == 0 {
                std::thread::yield_now();
            }
        }
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn awaited_messages_arrive_in_order() {
    let _watchdog = watchdog();
    let (slot, writer) = pair();
    let slot = AsyncMailslot::new(slot).unwrap();
    let writing = write_numbers(writer);
    for i in 0..10_000_u32 {
        assert_eq!(slot.receive().await.unwrap().data, i.to_le_bytes());
    }
    writing.join().unwrap();
}

#[tokio::test]
async fn cancelled_receive_loses_no_message() {
    let _watchdog = watchdog();
    let (slot, writer) = pair();
    let slot = AsyncMailslot::new(slot).unwrap();
    for round in 0..100_u8 {
        tokio::select! {
            biased;
            message = slot.receive() => panic!("nothing was written, but {message:?} came"),
            () = tokio::task::yield_now() => {}
        }
        writer.write(&[round]).unwrap();
        assert_eq!(slot.receive().await.unwrap().data, [round]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn awaited_batches_in_place_arrive_in_order() {
    let _watchdog = watchdog();
    let (slot, writer) = pair();
    let slot = AsyncMailslot::new(slot).unwrap();
    let writing = write_numbers(writer);
    let mut next = 0_u32;
    while next < 10_000 {
        let before = next;
        let read = |bytes: &[u8], _| {
            assert_eq!(bytes, next.to_le_bytes());
            next += 1;
        };
        let count = slot.read_batch_in_place(16, read).await.unwrap();
        assert!((1..=16).contains(&count) && next == before + count as u32);
    }
    writing.join().unwrap();
}

#[tokio::test]
async fn stream_yields_messages() {
    let _watchdog = watchdog();
    let (slot, writer) = pair();
    let slot = AsyncMailslot::new(slot).unwrap();
    writer.write(b"one").unwrap();
    writer.write(b"two").unwrap();
    let mut messages = slot.messages();
    for expected in [b"one", b"two"] {
        assert_eq!(messages.next().await.unwrap().unwrap().data, expected);
    }
}

#[tokio::test]
async fn tasks_that_wait_for_one_slot_each_get_a_message() {
    let _watchdog = watchdog();
    for tasks in 1..5 {
        let (slot, writer) = pair();
        let slot = std::sync::Arc::new(AsyncMailslot::new(slot).unwrap());
        let waiting: Vec<_> = (0..tasks)
            .map(|_| {
                let slot = slot.clone();
                tokio::spawn(async move { slot.receive().await.unwrap().data })
            })
            .collect();
        tokio::task::yield_now().await;
        (0..tasks).for_each(|_| writer.write(b"one").unwrap());
        for task in waiting {
            assert_eq!(task.await.unwrap(), b"one");
        }
    }
}

#[tokio::test]
async fn abort_ends_awaited_reads() {
    let _watchdog = watchdog();
    let (slot, writer) = pair();
    let handle = slot.clone();
    let slot = std::sync::Arc::new(AsyncMailslot::new(slot).unwrap());
    let waiting: Vec<_> = (0..3)
        .map(|_| {
            let slot = slot.clone();
            tokio::spawn(async move { slot.receive().await })
        })
        .collect();
    tokio::task::yield_now().await;
    handle.abort_reads();
    for task in waiting {
        assert!(matches!(task.await.unwrap(), Err(mailslot::Error::Closed)));
    }
    // Messages that are already there are still received.
    writer.write(b"left").unwrap();
    assert_eq!(slot.receive().await.unwrap().data, b"left");
    assert!(matches!(slot.receive().await, Err(mailslot::Error::Closed)));
}

#[tokio::test]
async fn backlog_leaves_other_tasks_their_turn() {
    let _watchdog = watchdog();
    let (slot, writer) = pair();
    let slot = AsyncMailslot::new(slot).unwrap();
    (0..10_000_u32).for_each(|i| writer.write(&i.to_le_bytes()).unwrap());
    let turns = std::sync::Arc::new(std::sync::atomic::AtomicU32::new(0));
    let counted = turns.clone();
    let other = tokio::spawn(async move {
        loop {
            counted.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            tokio::task::yield_now().await;
        }
    });
    for _ in 0..10_000 {
        slot.receive().await.unwrap();
    }
    other.abort();
    assert!(turns.load(std::sync::atomic::Ordering::Relaxed) > 10);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn streams_of_one_slot_wait_in_tasks_of_their_own_and_end_with_it() {
    let _watchdog = watchdog();
    let (slot, writer) = pair();
    let slot = AsyncMailslot::new(slot).unwrap();
    let tasks: Vec<_> = (0..4)
        .map(|_| {
            let messages = slot.messages();
            tokio::spawn(messages.map(|message| message.unwrap().data).collect::<Vec<_>>())
        })
        .collect();
    write_numbers(writer).join().unwrap();
    slot.get_ref().abort_reads();
    let mut received = Vec::new();
    for task in tasks {
        let part = task.await.unwrap();
        let numbers = part.iter().map(|data| u32::from_le_bytes(data[..].try_into().unwrap()));
        assert!(numbers.is_sorted(), "each gets its messages in order");
        received.extend(part);
    }
    assert_eq!(received.len(), 10_000);
    let mut ended = slot.messages();
    assert!(ended.next().await.is_none() && ended.next().await.is_none());
}

#[tokio::test]
async fn a_stream_leaves_other_tasks_their_turn_and_a_dropped_one_loses_nothing() {
    let _watchdog = watchdog();
    let (slot, writer) = pair();
    let slot = AsyncMailslot::new(slot).unwrap();
    (0..10_000_u32).for_each(|i| writer.write(&i.to_le_bytes()).unwrap());
    let turns = std::sync::Arc::new(std::sync::atomic::AtomicU32::new(0));
    let counted = turns.clone();
    let other = tokio::spawn(async move {
        loop {
            counted.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            tokio::task::yield_now().await;
        }
    });
    assert_eq!(slot.messages().take(10_000).count().await, 10_000);
    other.abort();
    assert!(turns.load(std::sync::atomic::Ordering::Relaxed) > 10);
    for round in 0..100_u8 {
        let mut messages = slot.messages();
        tokio::select! {
            biased;
            message = messages.next() => panic!("nothing was written, but {message:?} came"),
            () = tokio::task::yield_now() => {}
        }
        writer.write(&[round]).unwrap();
        // One stream that waits, and one that is dropped while it waits.
        if round % 2 == 0 {
            drop(messages);
            messages = slot.messages();
        }
        assert_eq!(messages.next().await.unwrap().unwrap().data, [round]);
    }
}

#[tokio::test]
async fn awaited_batches_are_received_and_end_where_they_should() {
    let (slot, writer) = pair();
    let slot = AsyncMailslot::new(slot).unwrap();
    let mut messages = Vec::new();
    assert_eq!(slot.receive_batch(&mut messages, 0).await.unwrap(), 0);
    assert_eq!(slot.read_batch_in_place(0, |_, _| panic!("none was asked for")).await.unwrap(), 0);
    writer.write_batch(&["one", "two", "three"]).unwrap();
    assert_eq!(slot.receive_batch(&mut messages, 2).await.unwrap(), 2);
    assert_eq!(slot.receive_batch(&mut messages, 2).await.unwrap(), 1);
    assert_eq!(messages.iter().map(|message| message.data.len()).collect::<Vec<_>>(), [3, 3, 5]);
}

#[tokio::test]
async fn awaited_writes_wait_for_room_in_the_thread_of_their_reader() {
    let _watchdog = watchdog();
    let slot = MailslotOptions::new().capacity(4096).create(name()).unwrap();
    let writer = AsyncMailslotWriter::open(slot.name()).await.unwrap();
    let statistics = slot.clone();
    let mut reader = AsyncMailslot::new(slot).unwrap().messages();
    let writing = tokio::spawn(async move {
        for i in 0..1000_u32 {
            writer.write(&i.to_le_bytes().repeat(100)).await.unwrap();
        }
        writer
    });
    for i in 0..1000_u32 {
        assert_eq!(reader.next().await.unwrap().unwrap().data, i.to_le_bytes().repeat(100));
    }
    let writer = writing.await.unwrap();
    // Each write that had to wait was refused once, and again only if another writer was faster; here there is none.
    assert!(statistics.statistics().refused_full <= 1000);
    drop((reader, statistics));
    assert!(matches!(writer.write(b"late").await, Err(mailslot::Error::Closed)));
}

#[tokio::test]
async fn a_cancelled_write_has_written_nothing_and_never_will() {
    let _watchdog = watchdog();
    let slot = MailslotOptions::new().capacity(4096).create(name()).unwrap();
    let writer = AsyncMailslotWriter::from(MailslotWriter::open(slot.name()).unwrap());
    for round in 0..50_u8 {
        writer.get_ref().write(&[round; 3000]).unwrap();
        tokio::select! {
            biased;
            written = writer.write(&[0xff; 3000]) => panic!("there is no room, but {written:?}"),
            () = tokio::task::yield_now() => {}
        }
        assert_eq!(slot.receive().unwrap().data, [round; 3000]);
        assert_eq!(slot.try_receive().unwrap(), None);
    }
    // A waiting write ends with the owner.
    writer.get_ref().write(&[0; 3000]).unwrap();
    let waiting = tokio::spawn(async move { writer.write(&[1; 3000]).await });
    tokio::task::yield_now().await;
    drop(slot);
    assert!(matches!(waiting.await.unwrap(), Err(mailslot::Error::Closed)));
}

#[tokio::test]
async fn what_else_a_writer_waits_for_is_awaited() {
    let slot = MailslotOptions::new().create(name()).unwrap();
    let writer = AsyncMailslotWriter::open(slot.name()).await.unwrap();
    assert_eq!(writer.wait_for_receivers(1, Timeout::Forever).await.unwrap(), 1);
    let receipts = writer.write_confirmed(b"sure", Timeout::Zero).await.unwrap();
    assert_eq!((receipts[0].outcome, slot.receive().unwrap().data), (Outcome::Delivered, b"sure".to_vec()));
    let missing = AsyncMailslotWriter::open(name()).await.unwrap_err();
    assert!(matches!(missing, mailslot::Error::NotFound(_)));
}
