//! The Rust library at one end of `test_exchange.py`, which documents its programs.
#![forbid(unsafe_code)]

use std::collections::BTreeMap;
use std::error::Error;
use std::io::Write as _;

use mailslot::{Mailslot, MailslotWriter, Origin, Outcome, Sharing, Taps, Timeout, WhenFull};

const SIZES: [usize; 11] = [0, 1, 8, 100, 416, 417, 1000, 4087, 20_000, 3, 100_000];
const STOP: u32 = u32::MAX;
const BATCH: u32 = 3;
const NEXT_LIFE: u32 = 1000;
const UNANSWERED: u32 = 200;

type Failed = Box<dyn Error>;

fn main() -> Result<(), Failed> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["write", slot, writer, kinds, count] => write(slot, writer.parse()?, kinds, count.parse()?),
        ["read", slot, options, kinds] => read(slot, options, kinds),
        _ => Err("exchange write SLOT WRITER KINDS COUNT, or read SLOT OPTIONS KINDS".into()),
    }
}

fn message(writer: u32, number: u32) -> Vec<u8> {
    let mut bytes = [writer.to_le_bytes(), number.to_le_bytes()].concat();
    bytes.resize(8 + SIZES[number as usize % SIZES.len()], (writer ^ number) as u8);
    bytes
}

fn write(name: &str, mut writer: u32, kinds: &str, count: u32) -> Result<(), Failed> {
    let mut slot = MailslotWriter::wait_open(name, Timeout::Forever)?;
    let mut said = std::io::stdout().lock();
    let mut number = 0;
    while number < count {
        match write_next(&slot, kinds, writer, number, count) {
            Ok(written) => {
                number += written;
                writeln!(said, "{}", number - 1)?;
            }
            Err(mailslot::Error::Closed) => {
                (writer, number) = (writer + NEXT_LIFE, 0);
                writeln!(said, "writer {writer}")?;
                slot = MailslotWriter::wait_open(name, Timeout::Forever)?;
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// How many messages were written.
fn write_next(slot: &MailslotWriter, kinds: &str, writer: u32, number: u32, count: u32) -> mailslot::Result<u32> {
    let data = message(writer, number);
    match number % 8 {
        1 if kinds.contains('b') && number + BATCH <= count => {
            let batch: Vec<Vec<u8>> = (number..number + BATCH).map(|number| message(writer, number)).collect();
            return Ok(slot.write_batch_within(&batch, Timeout::Forever)? as u32);
        }
        4 if kinds.contains('c') => match slot.write_confirmed(&data, Timeout::Forever) {
            Err(mailslot::Error::Full { .. }) => {}
            receipts => {
                let outcomes: Vec<Outcome> = receipts?.into_iter().map(|receipt| receipt.outcome).collect();
                assert_eq!(outcomes, [Outcome::Delivered]);
                return Ok(1);
            }
        },
        5 if kinds.contains('e') => slot.write_within(b"", Timeout::Forever)?,
        6 if kinds.contains('r') => {
            let reply = slot.request(&data, Timeout::Forever)?;
            assert!(reply.data.iter().rev().eq(&data), "another reply");
            return Ok(1);
        }
        _ => {}
    }
    slot.write_within(&data, Timeout::Forever)?;
    Ok(1)
}

fn read(name: &str, options: &str, kinds: &str) -> Result<(), Failed> {
    let has = |option| options.contains(option);
    let mut made = Mailslot::options();
    made.capacity(1 << 18).stamp(has('s'));
    made.taps(if has('T') { Taps::Allowed } else { Taps::Refused });
    made.sharing(if has('m') { Sharing::Each } else { Sharing::One });
    made.when_full(if has('d') { WhenFull::DropOldest } else { WhenFull::Refuse });
    let slot = if has('t') { made.tap(name)? } else { made.create(name)? };
    println!("ready");
    let mut following = BTreeMap::<u32, (u32, u32)>::new();
    let (mut had, mut lost, mut gaps, mut empty, mut stopped) = (0, 0, 0, 0, 1);
    loop {
        let received = match slot.receive() {
            // A tap may have lost the message that ends it.
            Err(mailslot::Error::Closed) if has('t') => {
                stopped = 0;
                break;
            }
            received => received?,
        };
        lost += received.lost_before;
        let Origin::Local { pid, .. } = received.origin else { return Err("another origin".into()) };
        let data = &received.data;
        if data.is_empty() {
            empty += 1;
            continue;
        }
        let word = |at: usize| data.get(at..at + 4).and_then(|bytes| bytes.try_into().ok()).map(u32::from_le_bytes);
        let (Some(writer), Some(number)) = (word(0), word(4)) else { return Err("cut".into()) };
        if writer == STOP {
            break;
        }
        let (next, first_pid) = following.get(&writer).copied().unwrap_or((if has('l') { number } else { 0 }, pid));
        let is_right = [
            ("lost, repeated or out of order", number == next || (number > next && (has('d') || has('t')))),
            ("cut or damaged", *data == message(writer, number)),
            ("another time", received.time.is_some() == has('s')),
            ("another process", pid == first_pid),
            ("a request or none", received.reply_to.is_some() == (number % 8 == 6 && kinds.contains('r'))),
        ];
        if let Some((what, _)) = is_right.iter().find(|(_, right)| !right) {
            return Err(format!("{what}: message {number} of writer {writer}, not {next}").into());
        }
        gaps += u64::from(number - next);
        following.insert(writer, (number + 1, pid));
        had += 1;
        if received.reply_to.is_some() && !(has('x') && number >= UNANSWERED) {
            let reply: Vec<u8> = data.iter().rev().copied().collect();
            match received.reply(&reply) {
                // The asker may have been killed, or have another member's reply.
                Ok(()) | Err(mailslot::Error::Closed) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
    if gaps > lost {
        return Err("lost without a word".into());
    }
    for (writer, (count, _)) in following {
        println!("{writer} {count}");
    }
    println!("had {had}\nlost {lost}\nempty {empty}\nstopped {stopped}");
    Ok(())
}
