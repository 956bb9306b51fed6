//! Reads that wait.
//!
//! No case can see whether a read of another thread waits already, so none depends on it: the result for a read that
//! had not begun is either the same, or is recognised and tried again.

use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use crate::case::{Case, case};
use crate::code::{INSUFFICIENT_BUFFER, SEM_TIMEOUT};
use crate::context::{Context, Slot, joined};
use crate::system::{ANY_SIZE, FOREVER, NO_MESSAGE, NO_WAIT};

pub(super) const CASES: &[Case] = &[
    case!(a_read_lasts_as_long_as_the_timeout, "2.5", "5", "A.4"),
    case!(the_timeout_counts_from_each_read, "5"),
    case!(a_buffer_of_no_bytes_waits_as_well, "2.5", "5"),
    case!(a_message_ends_a_wait_without_timeout, "5"),
    case!(a_message_ends_a_wait_with_the_longest_timeout, "5"),
    case!(a_message_ends_a_wait_of_weeks, "5"),
    case!(a_zero_length_message_ends_a_wait, "3", "5"),
    case!(a_message_too_large_for_a_waiting_read_stays, "5", "11.17"),
    case!(a_message_that_comes_too_late_is_kept, "5"),
    case!(clients_that_come_and_go_do_not_end_a_wait, "4", "5"),
    case!(a_new_timeout_holds_for_later_reads, "2.3"),
    case!(a_shorter_timeout_leaves_waiting_reads_alone, "2.3", "11.16"),
    case!(a_longer_timeout_leaves_waiting_reads_alone, "2.3", "11.16"),
    case!(every_waiting_reader_is_woken_by_a_message_of_its_own, "3"),
    case!(no_wake_up_is_lost_between_two_slots, "5"),
    case!(no_wake_up_is_lost_when_timeouts_race_with_messages, "5"),
];

/// By how much a wait may be too short: clocks of 64 ticks a second round.
const TICK: Duration = Duration::from_millis(16);

fn a_read_lasts_as_long_as_the_timeout(cx: &Context) {
    for millis in [1, 50, 200, 1000] {
        let slot = cx.slot(ANY_SIZE, millis);
        times_out_after(&slot, millis, 100);
    }
}

fn the_timeout_counts_from_each_read(cx: &Context) {
    let slot = cx.slot(ANY_SIZE, 100);
    times_out_after(&slot, 100, 100);
    times_out_after(&slot, 100, 100);
    slot.writer().put(b"x");
    slot.take();
    times_out_after(&slot, 100, 100);
}

fn a_buffer_of_no_bytes_waits_as_well(cx: &Context) {
    times_out_after(&cx.slot(ANY_SIZE, 100), 100, 0);
}

fn a_message_ends_a_wait_without_timeout(cx: &Context) {
    message_ends_wait(cx, FOREVER, b"at last");
}

fn a_message_ends_a_wait_with_the_longest_timeout(cx: &Context) {
    message_ends_wait(cx, 0xffff_fffe, b"at last");
}

fn a_message_ends_a_wait_of_weeks(cx: &Context) {
    message_ends_wait(cx, 0x7fff_ffff, b"at last");
    message_ends_wait(cx, 0x8000_0000, b"at last");
}

fn a_zero_length_message_ends_a_wait(cx: &Context) {
    message_ends_wait(cx, FOREVER, b"");
}

fn a_message_too_large_for_a_waiting_read_stays(cx: &Context) {
    let slot = cx.slot(ANY_SIZE, FOREVER);
    let writer = slot.writer();
    thread::scope(|scope| {
        let reader = scope.spawn(|| slot.read(4));
        writer.put(b"0123456789");
        assert_eq!(joined(reader), Err(INSUFFICIENT_BUFFER));
    });
    assert_eq!(slot.next_and_count(), (10, 1));
    assert_eq!(slot.read(10), Ok(b"0123456789".to_vec()));
}

fn a_message_that_comes_too_late_is_kept(cx: &Context) {
    let slot = cx.slot(ANY_SIZE, 20);
    let writer = slot.writer();
    for _ in 0..5 {
        assert_eq!(slot.read(100), Err(SEM_TIMEOUT));
        writer.put(b"late");
        assert_eq!(slot.next_and_count(), (4, 1));
        assert_eq!(slot.read(100), Ok(b"late".to_vec()));
    }
}

fn clients_that_come_and_go_do_not_end_a_wait(cx: &Context) {
    let slot = cx.slot(ANY_SIZE, 200);
    thread::scope(|scope| {
        let reader = scope.spawn(|| times_out_after(&slot, 200, 100));
        while !reader.is_finished() {
            slot.writer().close();
        }
        joined(reader);
    });
    assert_eq!(slot.next_and_count(), (NO_MESSAGE, 0));
}

fn a_new_timeout_holds_for_later_reads(cx: &Context) {
    let slot = cx.slot(ANY_SIZE, NO_WAIT);
    assert_eq!(slot.read(100), Err(SEM_TIMEOUT));
    slot.set_read_timeout(100);
    times_out_after(&slot, 100, 100);
    slot.set_read_timeout(200);
    times_out_after(&slot, 200, 100);
    slot.set_read_timeout(FOREVER);
    slot.set_read_timeout(NO_WAIT);
    assert_eq!(slot.read(100), Err(SEM_TIMEOUT));
}

fn a_shorter_timeout_leaves_waiting_reads_alone(cx: &Context) {
    holds_once_the_read_waits(|pause| {
        let slot = cx.slot(ANY_SIZE, FOREVER);
        let writer = slot.writer();
        let (begins, begun) = mpsc::channel();
        thread::scope(|scope| {
            let slot = &slot;
            let reader = scope.spawn(move || {
                begins.send(()).expect("the case waits for this");
                slot.read(100)
            });
            begun.recv().expect("the reader announces its read");
            thread::sleep(pause);
            slot.set_read_timeout(NO_WAIT);
            thread::sleep(pause);
            writer.put(b"for the waiting read");
            // A read that began after the change may return 121.
            match joined(reader) {
                Err(SEM_TIMEOUT) => false,
                other => {
                    assert_eq!(other, Ok(b"for the waiting read".to_vec()));
                    true
                }
            }
        })
    });
}

fn a_longer_timeout_leaves_waiting_reads_alone(cx: &Context) {
    holds_once_the_read_waits(|pause| {
        let slot = cx.slot(ANY_SIZE, 1000);
        let writer = slot.writer();
        let (reports, reported) = mpsc::channel();
        thread::scope(|scope| {
            let slot = &slot;
            scope.spawn(move || {
                reports.send(None).expect("the case waits for this");
                reports.send(Some(slot.read(100))).expect("the case waits for this");
            });
            reported.recv().expect("the reader announces its read");
            thread::sleep(pause);
            slot.set_read_timeout(FOREVER);
            match reported.recv_timeout(Duration::from_secs(10)) {
                Ok(result) => {
                    assert_eq!(result, Some(Err(SEM_TIMEOUT)));
                    true
                }
                // The read began after the change, or the change reached it: release it.
                Err(_) => {
                    writer.put(b"release");
                    false
                }
            }
        })
    });
}

fn every_waiting_reader_is_woken_by_a_message_of_its_own(cx: &Context) {
    const READERS: usize = 8;
    let slot = cx.slot(ANY_SIZE, FOREVER);
    let writer = slot.writer();
    let mut got: Vec<_> = thread::scope(|scope| {
        let readers: Vec<_> =
            (0..READERS).map(|_| slot.duplicate()).map(|own| scope.spawn(move || own.take())).collect();
        (0..READERS).for_each(|number| writer.put(&[number as u8]));
        readers.into_iter().map(joined).collect()
    });
    got.sort();
    assert!(got.iter().map(Vec::as_slice).eq((0..READERS).map(|number| [number as u8])), "{got:?}");
}

fn no_wake_up_is_lost_between_two_slots(cx: &Context) {
    const ROUNDS: u32 = 5000;
    let (there, back) = (cx.slot(ANY_SIZE, FOREVER), cx.slot(ANY_SIZE, FOREVER));
    let (to_there, to_back) = (there.writer(), back.writer());
    thread::scope(|scope| {
        let echo = scope.spawn(|| (0..ROUNDS).for_each(|_| to_back.put(&there.take())));
        for round in 0..ROUNDS {
            to_there.put(&round.to_le_bytes());
            assert_eq!(back.take(), round.to_le_bytes());
        }
        joined(echo);
    });
}

fn no_wake_up_is_lost_when_timeouts_race_with_messages(cx: &Context) {
    const MESSAGES: u32 = 300;
    let slot = cx.slot(ANY_SIZE, 1);
    let writer = slot.writer();
    thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let mut next = 0;
            while next < MESSAGES {
                match slot.read(4) {
                    Ok(message) => {
                        assert_eq!(message, next.to_le_bytes());
                        next += 1;
                    }
                    Err(code) => assert_eq!(code, SEM_TIMEOUT),
                }
            }
        });
        for number in 0..MESSAGES {
            writer.put(&number.to_le_bytes());
            // About the time at which a read times out.
            thread::sleep(Duration::from_micros(900 + u64::from(number)));
        }
        joined(reader);
    });
    slot.is_empty_on_read();
}

#[track_caller]
fn times_out_after(slot: &Slot<'_>, millis: u32, buffer: usize) {
    let begin = Instant::now();
    assert_eq!(slot.read(buffer), Err(SEM_TIMEOUT));
    let lasted = begin.elapsed();
    let least = Duration::from_millis(millis.into()).saturating_sub(TICK);
    assert!(lasted >= least, "a read with timeout {millis} lasted only {lasted:?}");
}

#[track_caller]
fn message_ends_wait(cx: &Context, timeout: u32, message: &[u8]) {
    let slot = cx.slot(ANY_SIZE, timeout);
    let writer = slot.writer();
    let (begins, begun) = mpsc::channel();
    let got = thread::scope(|scope| {
        let slot = &slot;
        let reader = scope.spawn(move || {
            begins.send(()).expect("the case waits for this");
            slot.read(100)
        });
        begun.recv().expect("the reader announces its read");
        // The pause makes it likely that the read waits, which the case is about; the result is the same if it does
        // not.
        thread::sleep(Duration::from_millis(30));
        writer.put(message);
        joined(reader)
    });
    assert_eq!(got, Ok(message.to_vec()));
    assert_eq!(slot.next_and_count(), (NO_MESSAGE, 0));
}

/// Tries `attempt` with ever longer pauses until it returns that the read had been waiting. Fails on a system where no
/// result shows that.
#[track_caller]
fn holds_once_the_read_waits(attempt: impl Fn(Duration) -> bool) {
    let held = [10, 100, 400].map(Duration::from_millis).into_iter().any(attempt);
    assert!(held, "the change reached the read that waited");
}
