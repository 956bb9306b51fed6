//! Writers of other users that share a connection.
#![allow(clippy::unwrap_used)]
mod common;

use common::{Part, is_root, name, part, watchdog};
use mailslot::{Access, Inheritance, Mailslot, MailslotWriter, Timeout};

const THREADS: u8 = 4;
const MESSAGES: u32 = 3000;

#[test]
fn plays_its_part() {
    let Some(part) = part() else { return };
    write_in_threads(&MailslotWriter::open(&part).unwrap());
}

fn write_in_threads(writer: &MailslotWriter) {
    std::thread::scope(|threads| {
        for thread in 0..THREADS {
            threads.spawn(move || {
                for number in 0..MESSAGES {
                    let message = [&[thread], &number.to_le_bytes()[..]].concat();
                    writer.write_within(&message, Timeout::Forever).unwrap();
                }
            });
        }
    });
}

/// A slot that several processes may read hands connections back all the time. Whichever thread of the writer calls again, what each
/// of them has written comes in its order, and all of it.
#[test]
fn threads_whose_connection_is_handed_back_keep_their_order() {
    let _watchdog = watchdog();
    if !is_root("threads_whose_connection_is_handed_back_keep_their_order") {
        return;
    }
    for inheritance in [Inheritance::Private, Inheritance::Inherited] {
        let slot = Mailslot::options().access(Access::Everyone).inheritance(inheritance).create(name()).unwrap();
        let writer = Part::start_as(65534, slot.name().as_str());
        let mut next = [0; THREADS as usize];
        for _ in 0..u32::from(THREADS) * MESSAGES {
            let message = slot.receive().unwrap().data;
            let (thread, number) = (message[0], u32::from_le_bytes(message[1..].try_into().unwrap()));
            assert_eq!(number, next[usize::from(thread)], "thread {thread}, {inheritance:?}");
            next[usize::from(thread)] += 1;
        }
        writer.finish();
        assert!(slot.try_receive().unwrap().is_none());
    }
}
