//! Messages of other machines: how a network node delivers them, and how it gets what is to be sent.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used)]
mod common;

use std::process::Command;
use std::time::Duration;

use common::{name, watchdog};
use mailslot::node::routes::{self, Answer, Question, Request};
use mailslot::node::{self, Outgoing};
use mailslot::{
    Access, Address, Error, Inheritance, Mailslot, MailslotOptions, MailslotWriter, NameError, Network, NetworkOrigin,
    Origin, Outcome, Receipt, SlotName, Timeout,
};

fn open_to_network() -> MailslotOptions {
    let mut options = MailslotOptions::new();
    options.network(Network::Allowed).read_timeout(Timeout::Zero);
    options
}

fn origin() -> NetworkOrigin {
    NetworkOrigin {
        computer: "SRV1".to_owned(),
        domain: Some("PLANT".to_owned()),
        address: Some("192.0.2.7".parse().unwrap()),
        authenticated: false,
    }
}

fn pair(options: &MailslotOptions) -> (Mailslot, MailslotWriter) {
    let slot = options.create(name()).unwrap();
    let writer = MailslotWriter::open(slot.name().as_str()).unwrap();
    (slot, writer)
}

#[test]
fn a_batch_of_one_origin_is_written_as_far_as_it_fits() {
    let _watchdog = watchdog();
    let (slot, writer) = pair(open_to_network().max_message_size(10));
    assert_eq!(writer.write_batch_from(&origin(), &[&b"one"[..], b"", b"eleven byte", b"two"]).unwrap(), 2);
    for data in [&b"one"[..], b""] {
        let message = slot.receive().unwrap();
        assert_eq!((&message.data[..], message.origin), (data, Origin::Network(Box::new(origin()))));
    }
    let error = writer.write_batch_from(&origin(), &[[1; 11]]).unwrap_err();
    assert!(matches!(error, Error::TooLarge { size: 11, limit: 10 }), "{error}");
    assert_eq!(writer.write_batch_from::<&[u8]>(&origin(), &[]).unwrap(), 0);
    assert!(matches!(slot.receive(), Err(Error::TimedOut)));
    let (_slot, writer) = pair(MailslotOptions::new().network(Network::Refused));
    assert!(matches!(writer.write_batch_from(&origin(), &[b"x"]), Err(Error::NotAllowed(_))));
}

#[test]
fn readers_see_the_message_and_its_origin_and_nothing_else() {
    let _watchdog = watchdog();
    for inheritance in [Inheritance::Private, Inheritance::Inherited] {
        let (slot, writer) = pair(open_to_network().inheritance(inheritance));
        let from = Origin::Network(Box::new(origin()));
        for data in [&b"over pressure"[..], b"", &[7; 100_000]] {
            writer.write_from(&origin(), data).unwrap();
            writer.write(b"local").unwrap();
            assert_eq!(slot.info().unwrap().next_size, Some(data.len()));
            assert_eq!(mailslot::status(slot.name()).unwrap().counts.unwrap().next_size, Some(data.len()));
            assert_eq!(writer.info().unwrap().next_size, Some(data.len()));
            let peeked = slot.peek().unwrap().unwrap();
            assert_eq!((&peeked.data[..], &peeked.origin), (data, &from));
            if let Some(shorter) = data.len().checked_sub(1) {
                let error = slot.read(&mut vec![0; shorter]).unwrap_err();
                assert!(matches!(error, Error::BufferTooSmall { size, .. } if size == data.len()), "{error}");
            }
            slot.read_in_place(Timeout::Zero, |bytes, found| assert_eq!((bytes, &found), (data, &from))).unwrap();
            assert!(matches!(slot.receive().unwrap().origin, Origin::Local { .. }));
        }
        assert_eq!(slot.info().unwrap().count, 0);
        assert_eq!(slot.statistics().written, slot.statistics().read);
    }
}

#[test]
fn messages_wrap_around_the_memory_with_their_origin() {
    let _watchdog = watchdog();
    let (slot, writer) = pair(open_to_network().capacity(4096));
    for number in 0..1000_u32 {
        let data = number.to_le_bytes().repeat(1 + number as usize % 50);
        writer.write_from(&origin(), &data).unwrap();
        assert_eq!(slot.receive().unwrap(), {
            let mut expected = slot_message(&slot, &writer, &data);
            expected.origin = Origin::Network(Box::new(origin()));
            expected
        });
    }
}

/// A message with this data; its type cannot be made outside of the library.
fn slot_message(slot: &Mailslot, writer: &MailslotWriter, data: &[u8]) -> mailslot::Message {
    writer.write(data).unwrap();
    slot.receive().unwrap()
}

#[test]
fn slots_that_are_not_open_to_the_network_refuse() {
    let (slot, writer) = common::pair();
    let error = writer.write_from(&origin(), b"x").unwrap_err();
    assert!(matches!(error, Error::NotAllowed(_)), "{error}");
    assert_eq!(slot.info().unwrap().count, 0);
}

#[test]
fn limits_are_of_the_message_not_of_its_origin() {
    let (slot, writer) = pair(open_to_network().max_message_size(10));
    writer.write_from(&origin(), &[1; 10]).unwrap();
    let error = writer.write_from(&origin(), &[1; 11]).unwrap_err();
    assert!(matches!(error, Error::TooLarge { size: 11, limit: 10 }), "{error}");
    assert_eq!(slot.statistics().refused_too_large, 1);
    let (slot, writer) = pair(open_to_network().capacity(4096));
    let error = writer.write_from(&origin(), &[1; 4096 - 32]).unwrap_err();
    assert!(matches!(error, Error::TooLarge { size: 4064, limit } if limit < 4064), "{error}");
    let mut long = origin();
    long.computer = "x".repeat(256);
    assert!(matches!(writer.write_from(&long, b""), Err(Error::InvalidOption { option: "computer", .. })));
    assert_eq!(slot.info().unwrap().count, 0);
}

/// Runs another test of this file with slots of its own: there is one node on a machine, and it may be in use.
fn run_apart(test: &str) {
    let root = std::env::temp_dir().join(format!("mailslot-{test}-{}", std::process::id()));
    std::fs::create_dir(&root).unwrap();
    let status = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture", "--quiet"])
        .env("MAILSLOT_TEST_NODE", "1")
        .env("MAILSLOT_ROOT", &root)
        .status()
        .unwrap();
    std::fs::remove_dir_all(&root).unwrap();
    assert!(status.success(), "{status}");
}

#[test]
fn writers_to_the_network_go_through_the_node() {
    run_apart("plays_the_node");
}

#[test]
fn writers_to_modern_domains_go_where_the_node_says() {
    run_apart("plays_a_modern_node");
}

#[test]
fn slots_of_this_machine_are_one_receiver_that_confirms() {
    let (slot, writer) = common::pair();
    assert_eq!(writer.wait_for_receivers(5, Timeout::Forever).unwrap(), 1);
    let receipts = writer.write_confirmed(b"sure", Duration::ZERO).unwrap();
    assert_eq!(receipts.len(), 1);
    assert_eq!(receipts[0].outcome, Outcome::Delivered);
    assert_eq!(slot.receive().unwrap().data, b"sure");
    drop(slot);
    assert!(matches!(writer.wait_for_receivers(1, Timeout::Zero), Err(Error::Closed)));
    assert!(matches!(writer.write_confirmed(b"late", Duration::ZERO), Err(Error::Closed)));
}

#[test]
fn plays_the_node() {
    if std::env::var_os("MAILSLOT_TEST_NODE").is_none() {
        return;
    }
    let _watchdog = watchdog();
    let open = |address: &str| MailslotWriter::open(address);
    let error = open(r"\\SRV1\mailslot\alerts").unwrap_err();
    assert!(matches!(error, Error::NoNetworkNode(_)), "{error}");
    assert_eq!(error.win32_code(), 3025);

    let node = MailslotOptions::new().access(Access::Everyone).create(node::SLOT).unwrap();
    let writer = open(r"\\srv1\mailslot\alerts").unwrap();
    writer.write(b"one").unwrap();
    assert_eq!(writer.write_batch(&[b"two", b"six"]).unwrap(), 2);
    writer.write_in_place(4, |bytes| bytes.copy_from_slice(b"four")).unwrap();
    for data in [&b"one"[..], b"two", b"six", b"four"] {
        let message = node.receive().unwrap().data;
        let outgoing = Outgoing::decode(&message).unwrap();
        assert_eq!((outgoing.address.to_string().as_str(), outgoing.data), (r"\\SRV1\mailslot\alerts", data));
    }

    assert_eq!(writer.max_message_size(), 424);
    let error = writer.write(&[0; 425]).unwrap_err();
    assert!(matches!(error, Error::TooLargeForNetwork { size: 425, limit: 424 }), "{error}");
    assert_eq!((error.win32_code(), error.to_string().contains("424")), (53, true));
    assert!(matches!(writer.wait_for_receivers(1, Timeout::Zero), Err(Error::NetworkDoesNotTell(_))));
    let error = writer.write_confirmed(b"x", Duration::ZERO).unwrap_err();
    assert!(matches!(error, Error::NetworkDoesNotTell(_)), "{error}");
    assert_eq!(error.win32_code(), 50);
    let writer = open(r"\\*\mailslot\a longer name").unwrap();
    assert_eq!(writer.max_message_size(), 416);
    writer.write(&[1; 416]).unwrap();
    assert!(matches!(writer.write_in_place(417, |_| ()), Err(Error::TooLargeForNetwork { limit: 416, .. })));
    assert_eq!(Outgoing::decode(&node.receive().unwrap().data).unwrap().data, [1; 416]);

    let error = open("\\\\SRV1\\mailslot\\ä").unwrap_err();
    let reason = NameError::NetworkCharacter { character: 'ä' };
    assert!(matches!(&error, Error::InvalidName { reason: found, .. } if *found == reason), "{error}");
    drop(node);
    assert!(writer.is_closed());
    assert!(matches!(writer.write(b"late"), Err(Error::Closed)));
}

/// What a node knows of: the domain PLANT, with two receivers.
#[test]
fn plays_a_modern_node() {
    if std::env::var_os("MAILSLOT_TEST_NODE").is_none() {
        return;
    }
    let _watchdog = watchdog();
    let create = |name: &str| MailslotOptions::new().access(Access::Everyone).create(name).unwrap();
    let (requests, outgoing) = (create(routes::SLOT), create(r"\\.\mailslot\mailslot\node\domain\PLANT"));
    let way = outgoing.name().clone();
    let node = std::thread::spawn(move || {
        for _ in 0..9 {
            answer(&requests.receive().unwrap().data, &way);
        }
        requests
    });

    let writer = MailslotWriter::open("\\\\plant\\mailslot\\ärger").unwrap();
    assert_eq!(writer.max_message_size(), 1000);
    writer.write(&[7; 1000]).unwrap();
    let message = outgoing.receive().unwrap().data;
    let sent = Outgoing::decode(&message).unwrap();
    assert_eq!((sent.address.to_string().as_str(), sent.data), ("\\\\PLANT\\mailslot\\ärger", &[7; 1000][..]));
    assert!(matches!(writer.write(&[7; 1001]), Err(Error::TooLargeForNetwork { size: 1001, limit: 1000 })));

    assert_eq!(writer.wait_for_receivers(2, Timeout::Forever).unwrap(), 2);
    assert_eq!(writer.wait_for_receivers(3, Timeout::Zero).unwrap(), 2);
    let error = writer.wait_for_receivers(10, Timeout::Zero).unwrap_err();
    assert!(matches!(&error, Error::NodeRefused(why) if why == "too many"), "{error}");
    let receipts = writer.write_confirmed(b"sure", Duration::from_secs(1)).unwrap();
    let outcomes: Vec<_> = receipts.iter().map(|receipt| (receipt.computer.as_str(), receipt.outcome)).collect();
    assert_eq!(outcomes, [("SRV1", Outcome::Delivered), ("SRV2", Outcome::Full)]);
    assert!(matches!(writer.write_confirmed(&[7; 1001], Duration::ZERO), Err(Error::TooLargeForNetwork { .. })));

    let error = MailslotWriter::open(r"\\OTHER\mailslot\x").unwrap_err();
    assert!(matches!(error, Error::NotOnNetwork(_)), "{error}");
    assert_eq!(error.win32_code(), 53);
    let legacy = create(node::SLOT);
    let writer = MailslotWriter::open(r"\\OTHER\mailslot\x").unwrap();
    assert_eq!(writer.max_message_size(), 424);
    assert!(matches!(MailslotWriter::open("\\\\OTHER\\mailslot\\ä"), Err(Error::InvalidName { .. })));
    drop((writer, legacy));
    let writer = MailslotWriter::open(r"\\PLANT\mailslot\x").unwrap();
    drop(outgoing);
    assert!(writer.is_closed());
    // The slot is there, and nobody answers.
    let silent = node.join().unwrap();
    assert!(matches!(MailslotWriter::open(r"\\PLANT\mailslot\x"), Err(Error::NodeSilent)));
    drop(silent);
    assert!(matches!(MailslotWriter::open(r"\\PLANT\mailslot\x"), Err(Error::NoNetworkNode(_))));
}

/// Answers one request as a node would.
fn answer(message: &[u8], way: &SlotName) {
    let request = Request::decode(message).unwrap();
    let plant = request.question.address().to_string().starts_with(r"\\PLANT\");
    let answer = match request.question {
        _ if !plant => Answer::Legacy,
        Question::Route(_) => Answer::Route { slot: way.clone(), max_message: 1000 },
        Question::Receivers { at_least, .. } if at_least > 9 => Answer::Refused("too many".to_owned()),
        Question::Receivers { .. } => Answer::Receivers(2),
        Question::Confirmed { data, .. } => {
            assert_eq!(data, b"sure");
            let receipt = |computer: &str, outcome| Receipt { computer: computer.to_owned(), outcome };
            Answer::Receipts(vec![receipt("SRV1", Outcome::Delivered), receipt("SRV2", Outcome::Full)])
        }
    };
    let reply = MailslotWriter::open(Address::from(request.reply)).unwrap();
    // What is no answer does not end the wait for one.
    reply.write(b"noise").unwrap();
    reply.write(&answer.encode()).unwrap();
}
