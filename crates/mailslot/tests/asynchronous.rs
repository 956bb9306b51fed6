//! Reading in async programs.
#![cfg(feature = "tokio")]
#![allow(clippy::unwrap_used)]
mod common;

use core::pin::Pin;
use std::thread::JoinHandle;

use common::{pair, watchdog};
use futures_core::Stream;
use mailslot::{AsyncMailslot, MailslotWriter};

/// Writes 10,000 messages, which the reader now and then has to wait for.
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
        let next = core::future::poll_fn(|context| Pin::new(&mut messages).poll_next(context)).await;
        assert_eq!(next.unwrap().unwrap().data, expected);
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
    // What is there is still received.
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
