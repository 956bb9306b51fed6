//! Requests and replies.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used)]
mod common;

use std::time::Duration;

use common::{Part, is_apart, name, part, watchdog};
use mailslot::{
    Access, Error, Inheritance, Mailslot, MailslotOptions, MailslotWriter, Message, Network, NetworkOrigin, Origin,
    Sharing, Timeout,
};
use proptest::prelude::*;

/// Longer than any reply takes.
const PATIENCE: Duration = Duration::from_secs(60);
/// For replies that never arrive.
const SHORT: Duration = Duration::from_millis(20);

/// How many slots for replies of this process live.
fn slots_for_replies() -> usize {
    let own = |slot: &mailslot::SlotStatus| slot.pid == Some(std::process::id());
    let for_replies = |slot: &mailslot::SlotStatus| slot.name.as_str().starts_with(r"mailslot\reply\");
    mailslot::list().unwrap().iter().filter(|slot| own(slot) && for_replies(slot)).count()
}

/// Starts a thread that replies to each request with the result of `reply`, until reads of the slot are aborted.
fn serve(slot: &Mailslot, reply: impl Fn(&Message) -> Vec<u8> + Send + 'static) -> std::thread::JoinHandle<()> {
    let slot = slot.clone();
    std::thread::spawn(move || {
        for message in slot.iter() {
            let message = message.unwrap();
            // An asker that no longer waits needs no reply.
            let _ = message.reply(&reply(&message));
        }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Of any size, through shared memory and in shared slots, wholly or partly mapped.
    #[test]
    fn requests_and_replies_are_whole(
        sizes in prop::collection::vec((0..200_000_usize, 0..200_000_usize), 1..6), inherited: bool,
    ) {
        let _watchdog = watchdog();
        let mut options = MailslotOptions::new();
        options.inheritance(if inherited { Inheritance::Inherited } else { Inheritance::Private });
        let slot = options.create(name()).unwrap();
        let expected = sizes.clone();
        let serving = serve(&slot, move |message| {
            let number = usize::from(message.data[0]);
            assert_eq!(message.data.len(), 1 + expected[number].0);
            vec![message.data[0]; expected[number].1]
        });
        let writer = MailslotWriter::open(slot.name()).unwrap();
        for (number, (size, replied)) in sizes.into_iter().enumerate() {
            let reply = writer.request(&vec![number as u8; 1 + size], PATIENCE).unwrap();
            prop_assert_eq!(reply.data, vec![number as u8; replied]);
        }
        slot.abort_reads();
        serving.join().unwrap();
    }
}

#[test]
fn each_of_many_threads_gets_the_reply_to_what_it_asked() {
    if !is_apart("each_of_many_threads_gets_the_reply_to_what_it_asked", &[]) {
        return;
    }
    let _watchdog = watchdog();
    let slot = Mailslot::create(name()).unwrap();
    let serving = [(); 2].map(|()| serve(&slot, |message| [&b"re: "[..], &message.data].concat()));
    let writer = MailslotWriter::open(slot.name()).unwrap();
    std::thread::scope(|scope| {
        for thread in 0..8 {
            let writer = &writer;
            scope.spawn(move || {
                for number in 0..25 {
                    let question = format!("{thread} {number}");
                    let reply = writer.request(question.as_bytes(), PATIENCE).unwrap();
                    assert_eq!(reply.data, format!("re: {question}").into_bytes());
                }
            });
        }
    });
    slot.abort_reads();
    serving.into_iter().for_each(|serving| serving.join().unwrap());
    assert_eq!(slots_for_replies(), 0);
}

#[test]
fn plain_messages_go_with_requests_in_order_and_are_none() {
    let _watchdog = watchdog();
    let slot = Mailslot::create(name()).unwrap();
    let writer = MailslotWriter::open(slot.name()).unwrap();
    writer.write(b"plain").unwrap();
    let pending = writer.begin_request(b"request", None, Timeout::Zero).unwrap();
    writer.write_batch(&["two", "three"]).unwrap();
    let info = slot.info().unwrap();
    assert_eq!((info.count, info.next_size), (4, Some(5)));
    let messages: Vec<Message> = slot.try_iter().map(Result::unwrap).collect();
    let data: Vec<&[u8]> = messages.iter().map(|message| &message.data[..]).collect();
    assert_eq!(data, [&b"plain"[..], b"request", b"two", b"three"]);
    for (message, is_request) in messages.iter().zip([false, true, false, false]) {
        assert_eq!(message.reply_to.is_some(), is_request);
        let replied = message.reply(b"yes");
        assert!(if is_request { replied.is_ok() } else { matches!(replied, Err(Error::NotARequest)) });
    }
    assert_eq!(pending.receive_within(PATIENCE).unwrap().data, b"yes");
}

/// Every way to read returns the request's message and nothing else.
#[test]
fn every_read_of_a_request_has_the_message_alone() {
    let _watchdog = watchdog();
    let slot = Mailslot::create(name()).unwrap();
    let writer = MailslotWriter::open(slot.name()).unwrap();
    let pending: Vec<_> = (0..6).map(|_| writer.begin_request(b"what?", None, Timeout::Zero).unwrap()).collect();
    assert_eq!(mailslot::status(slot.name()).unwrap().info.unwrap().next_size, Some(5));
    assert_eq!(slot.peek().unwrap().unwrap().data, b"what?");
    let mut buffer = [0; 5];
    assert_eq!((slot.read(&mut buffer).unwrap(), &buffer), (5, b"what?"));
    assert_eq!(slot.read_with_origin(&mut buffer).unwrap().0, 5);
    let (size, envelope) = slot.read_with_envelope_within(&mut buffer, Timeout::Zero).unwrap();
    assert_eq!((size, &buffer), (5, b"what?"));
    envelope.reply_to.unwrap().write(b"so").unwrap();
    assert_eq!(pending[2].receive_within(PATIENCE).unwrap().data, b"so");
    slot.read_in_place(|bytes, _| assert_eq!(bytes, b"what?")).unwrap();
    assert_eq!(slot.read_batch_in_place(1, |bytes, _| assert_eq!(bytes, b"what?")).unwrap(), 1);
    let mut rest = Vec::new();
    slot.close(|message| rest.push(message)).unwrap();
    assert_eq!((rest.len(), &rest[0].data[..]), (1, &b"what?"[..]));
    // The slot is gone: a later reply would no longer be accepted, but one that is written now still is.
    rest[0].reply(b"last").unwrap();
    assert_eq!(pending[5].receive_within(PATIENCE).unwrap().data, b"last");
    assert!(matches!(pending[0].receive_within(PATIENCE), Err(Error::Closed)));
}

#[test]
fn a_reply_that_comes_late_is_nobodys() {
    if !is_apart("a_reply_that_comes_late_is_nobodys", &[]) {
        return;
    }
    let _watchdog = watchdog();
    let slot = Mailslot::create(name()).unwrap();
    let writer = MailslotWriter::open(slot.name()).unwrap();
    for round in 0..20_u8 {
        assert!(matches!(writer.request(&[round], SHORT), Err(Error::TimedOut)));
        assert_eq!(slots_for_replies(), 0);
        let late = slot.receive().unwrap();
        let serving = std::thread::scope(|scope| {
            let serving = scope.spawn(|| {
                let request = slot.receive().unwrap();
                // One late reply before the right one, and one after it.
                let before = late.reply(b"late");
                request.reply(b"right").unwrap();
                let again = request.reply(b"again");
                (before, again)
            });
            assert_eq!(writer.request(b"next", PATIENCE).unwrap().data, b"right");
            serving.join().unwrap()
        });
        assert!(matches!(serving.0, Err(Error::Closed)), "{:?}", serving.0);
    }
}

#[test]
fn a_full_slot_makes_a_request_wait_and_time_out() {
    if !is_apart("a_full_slot_makes_a_request_wait_and_time_out", &[]) {
        return;
    }
    let _watchdog = watchdog();
    let slot = MailslotOptions::new().capacity(4096).create(name()).unwrap();
    let writer = MailslotWriter::open(slot.name()).unwrap();
    writer.write(&[0; 4000]).unwrap();
    assert!(matches!(writer.request(&[1; 100], SHORT), Err(Error::TimedOut)));
    assert!(matches!(writer.begin_request(&[1; 100], None, Timeout::Zero), Err(Error::Full { .. })));
    assert!(matches!(writer.request(&[1; 5000], PATIENCE), Err(Error::TooLarge { .. })));
    assert_eq!(slots_for_replies(), 0);
    let asking = {
        let writer = writer.clone();
        std::thread::spawn(move || writer.request(&[1; 100], PATIENCE))
    };
    slot.receive().unwrap();
    slot.receive().unwrap().reply(b"there was room").unwrap();
    assert_eq!(asking.join().unwrap().unwrap().data, b"there was room");
}

/// Each member has separate room, and no member that has the request gets it twice.
#[test]
fn a_request_waits_for_the_members_that_are_full() {
    let _watchdog = watchdog();
    for kind in 0..8_u32 {
        let slot = name();
        let join = |is_tight: bool| {
            let capacity = if is_tight { 4096 } else { 65_536 };
            MailslotOptions::new().sharing(Sharing::Each).capacity(capacity).create(&slot).unwrap()
        };
        let members: Vec<_> = (0..3).map(|member| join(kind >> member & 1 == 1)).collect();
        let writer = MailslotWriter::open(&slot).unwrap();
        writer.write(&[0; 4000]).unwrap();
        let full = kind.count_ones() as usize;
        let asked = writer.request(&[1; 100], SHORT);
        match (full, asked) {
            (1..3, Err(Error::Partial { delivered, members: 3, source })) => {
                assert_eq!(delivered, 3 - full);
                assert!(matches!(*source, Error::TimedOut));
            }
            (0 | 3, Err(Error::TimedOut)) => {}
            (_, asked) => panic!("{asked:?}"),
        }
        // A request that was given up stays with the members that have it.
        let given_up = |number: usize| usize::from(full < 3 && kind >> number & 1 == 0);
        std::thread::scope(|scope| {
            let asking = scope.spawn(|| writer.request(&[2; 100], PATIENCE));
            for (number, member) in members.iter().enumerate() {
                assert_eq!(member.receive().unwrap().data, [0; 4000]);
                (0..given_up(number)).for_each(|_| assert_eq!(member.receive().unwrap().data, [1; 100]));
                let request = member.receive().unwrap();
                assert_eq!(request.data, [2; 100]);
                // All but the first reply may find that nobody waits any more.
                let _ = request.reply(&[number as u8]);
            }
            assert_eq!(asking.join().unwrap().unwrap().data.len(), 1);
        });
        assert!(members.iter().all(|member| member.try_receive().unwrap().is_none()));
    }
}

#[test]
fn whoever_asks_a_slot_that_goes_is_told_at_once() {
    if !is_apart("whoever_asks_a_slot_that_goes_is_told_at_once", &[]) {
        return;
    }
    let _watchdog = watchdog();
    let slot = Mailslot::create(name()).unwrap();
    let writer = MailslotWriter::open(slot.name()).unwrap();
    let asking = {
        let writer = writer.clone();
        std::thread::spawn(move || writer.request(b"?", Timeout::Forever))
    };
    drop(slot.receive().unwrap());
    drop(slot);
    assert!(matches!(asking.join().unwrap(), Err(Error::Closed)));
    assert!(matches!(writer.request(b"?", Timeout::Forever), Err(Error::Closed)));
    assert_eq!(slots_for_replies(), 0);
}

/// In each way in which a process may hold a request when it is killed.
#[test]
fn whoever_asks_a_process_that_is_killed_is_told_at_once() {
    let _watchdog = watchdog();
    for kind in ["takes", "leaves", "shares"] {
        let slot = format!("{}-{kind}", name());
        let responder = Part::start(&format!("{kind} {slot}"));
        let writer = MailslotWriter::wait_open(&slot, PATIENCE).unwrap();
        let asking = std::thread::spawn(move || writer.request(b"?", Timeout::Forever));
        let waits_for = mailslot::MailslotWriter::open(&slot).unwrap();
        while kind != "leaves" && waits_for.info().unwrap().statistics.unwrap().read == 0 {
            std::thread::yield_now();
        }
        drop(responder);
        assert!(matches!(asking.join().unwrap(), Err(Error::Closed)), "{kind}");
    }
}

#[test]
fn requests_go_to_no_network_where_nobody_proves_who_replies() {
    let test = "requests_go_to_no_network_where_nobody_proves_who_replies";
    if !is_apart(test, &[]) {
        return;
    }
    let _node = MailslotOptions::new().create(mailslot::network::SLOT).unwrap();
    let writer = MailslotWriter::open(r"\\SRV1\mailslot\x").unwrap();
    let error = writer.request(b"?", PATIENCE).unwrap_err();
    assert!(matches!(error, Error::RequestElsewhere(_)) && error.win32_code() == 50, "{error}");
    // A message of another machine is a request only if the node says so.
    let slot = MailslotOptions::new().network(Network::Allowed).create(name()).unwrap();
    MailslotWriter::open(slot.name()).unwrap().write_from(&NetworkOrigin::new("SRV1"), b"x").unwrap();
    assert!(matches!(slot.receive().unwrap().reply(b""), Err(Error::NotARequest)));
}

/// What a node does for askers on other machines: the reader sees the other machine, and its replies return to the
/// node, in whichever way the node writes to the slot.
#[test]
fn requests_of_other_machines_are_replied_to_through_the_node() {
    let _watchdog = watchdog();
    let mut origin = NetworkOrigin::new("SRV2");
    (origin.domain, origin.authenticated) = (Some("PLANT".to_owned()), true);
    for (sharing, stamp) in [(Sharing::One, false), (Sharing::One, true), (Sharing::Each, false)] {
        let mut options = MailslotOptions::new();
        options.network(Network::Allowed).sharing(sharing).stamp(stamp);
        let slot = options.create(name()).unwrap();
        let node = MailslotWriter::open(slot.name()).unwrap();
        let replies = node.begin_request_from(&origin, b"ping", None).unwrap();
        let request = slot.receive().unwrap();
        assert_eq!((&request.data[..], &request.origin), (&b"ping"[..], &Origin::from(origin.clone())));
        request.reply(b"pong").unwrap();
        request.reply(b"once more").unwrap();
        assert_eq!(replies.receive_within(PATIENCE).unwrap().data, b"pong");
        assert_eq!(replies.receive_within(PATIENCE).unwrap().data, b"once more");
        drop(replies);
        assert!(matches!(request.reply(b"late"), Err(Error::Closed)));
    }
    let private = Mailslot::create(name()).unwrap();
    let node = MailslotWriter::open(private.name()).unwrap();
    assert!(matches!(node.begin_request_from(&origin, b"ping", None), Err(Error::NotAllowed(_))));
    assert!(private.try_receive().unwrap().is_none());
}

/// User ids that are used only in these tests.
const ASKER: u32 = 60_011;
const STRANGER: u32 = 60_012;

#[test]
fn users_ask_each_other() {
    let test = "users_ask_each_other";
    if !common::is_root(test) || !is_apart(test, &[]) {
        return;
    }
    let _watchdog = watchdog();
    let slot = MailslotOptions::new().access(Access::Everyone).create("asked").unwrap();
    let asker = Part::start_as(ASKER, "asks");
    let mut seen = 0;
    while seen < ROUNDS {
        let request = slot.receive_within(PATIENCE).unwrap();
        let to = request.reply_to.unwrap();
        assert_eq!(to.uid(), ASKER);
        // Another user can neither open the slot for replies nor write to it.
        let name =
            mailslot::list().unwrap().into_iter().find(|slot| slot.name.as_str().starts_with(r"mailslot\reply\"));
        Part::start_as(STRANGER, &format!(r"forges \\.\mailslot\{}", name.unwrap().name)).finish();
        to.write(&request.data).unwrap();
        seen += 1;
    }
    // The asker asks once more, and gets no reply.
    drop(slot.receive_within(PATIENCE).unwrap());
    drop(slot);
    asker.finish();
}

const ROUNDS: usize = 3;

#[test]
fn plays_its_part() {
    let Some(part) = part() else { return };
    let (part, argument) = part.split_once(' ').unwrap_or((&part, ""));
    match part {
        "takes" | "leaves" | "shares" => {
            let slot = Mailslot::create(argument).unwrap();
            if part == "shares" {
                slot.share();
            }
            if part != "leaves" {
                drop(slot.receive().unwrap());
            }
            loop {
                std::thread::park();
            }
        }
        "asks" => {
            let writer = MailslotWriter::open("asked").unwrap();
            for size in [0, 100, 100_000] {
                let reply = writer.request(&vec![7; size], PATIENCE).unwrap();
                assert_eq!(reply.data, vec![7; size]);
                assert_eq!(reply.origin.local_user(), Some(0));
            }
            assert!(matches!(writer.request(b"?", Timeout::Forever), Err(Error::Closed)));
        }
        "forges" => {
            let opened = MailslotWriter::open(argument);
            assert!(matches!(opened, Err(Error::NotAllowed(_) | Error::NotFound(_))), "{opened:?}");
        }
        _ => panic!("{part}"),
    }
}
