//! Messages of other machines: how a network node delivers them, and how it receives those to send.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used)]
mod common;

use std::path::{Path, PathBuf};
use std::time::Duration;

use common::{is_apart, name, watchdog};
use mailslot::network::routes::{self, Answer, Question};
use mailslot::network::{self, ask_routes};
use mailslot::{
    Access, Address, Error, Inheritance, Mailslot, MailslotOptions, MailslotWriter, Message, NameError, Network,
    NetworkOrigin, Origin, Outcome, Receipt, ReplyTo, SlotName, Timeout,
};

fn open_to_network() -> MailslotOptions {
    let mut options = MailslotOptions::new();
    options.network(Network::Allowed).read_timeout(Timeout::Zero);
    options
}

fn origin() -> NetworkOrigin {
    let mut origin = NetworkOrigin::new("SRV1");
    origin.domain = Some("PLANT".to_owned());
    origin.address = Some("192.0.2.7".parse().unwrap());
    origin
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
            assert_eq!(mailslot::status(slot.name()).unwrap().info.unwrap().next_size, Some(data.len()));
            assert_eq!(writer.info().unwrap().next_size, Some(data.len()));
            let peeked = slot.peek().unwrap().unwrap();
            assert_eq!((&peeked.data[..], &peeked.origin), (data, &from));
            if let Some(shorter) = data.len().checked_sub(1) {
                let error = slot.read(&mut vec![0; shorter]).unwrap_err();
                assert!(matches!(error, Error::BufferTooSmall { size, .. } if size == data.len()), "{error}");
            }
            slot.read_in_place_within(Timeout::Zero, |bytes, found| assert_eq!((bytes, &found), (data, &from)))
                .unwrap();
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
fn writers_to_the_network_go_through_the_node() {
    if !is_apart("writers_to_the_network_go_through_the_node", &[]) {
        return;
    }
    let _watchdog = watchdog();
    let open = |address: &str| MailslotWriter::open(address);
    let error = open(r"\\SRV1\mailslot\alerts").unwrap_err();
    assert!(matches!(error, Error::NoNetworkNode(_)), "{error}");
    assert_eq!(error.win32_code(), 3025);

    let node = open_to_all(network::SLOT);
    let writer = open(r"\\srv1\mailslot\alerts").unwrap();
    writer.write(b"one").unwrap();
    assert_eq!(writer.write_batch(&[b"two", b"six"]).unwrap(), 2);
    writer.write_in_place(4, |bytes| bytes.copy_from_slice(b"four")).unwrap();
    for data in [&b"one"[..], b"two", b"six", b"four"] {
        let message = node.receive().unwrap().data;
        let outgoing = network::Outgoing::decode(&message).unwrap();
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
    assert_eq!(network::Outgoing::decode(&node.receive().unwrap().data).unwrap().data, [1; 416]);

    let error = open("\\\\SRV1\\mailslot\\ä").unwrap_err();
    let reason = NameError::NetworkCharacter { character: 'ä' };
    assert!(matches!(&error, Error::InvalidName { reason: found, .. } if *found == reason), "{error}");
    drop(node);
    assert!(writer.is_closed());
    assert!(matches!(writer.write(b"late"), Err(Error::Closed)));
}

fn open_to_all(name: &str) -> Mailslot {
    MailslotOptions::new().access(Access::Everyone).create(name).unwrap()
}

/// A node that knows the domain PLANT, with two receivers, and answers `requests` requests; and the domain's slot.
fn modern_node(requests: usize) -> (std::thread::JoinHandle<Mailslot>, Mailslot) {
    let (slot, outgoing) = (open_to_all(routes::SLOT), open_to_all(r"\\.\mailslot\mailslot\node\domain\PLANT"));
    let way = outgoing.name().clone();
    let node = std::thread::spawn(move || {
        (0..requests).for_each(|_| answer(&slot.receive().unwrap(), &way));
        slot
    });
    (node, outgoing)
}

#[test]
fn writers_to_modern_domains_go_where_the_node_says() {
    if !is_apart("writers_to_modern_domains_go_where_the_node_says", &[]) {
        return;
    }
    let _watchdog = watchdog();
    let (node, outgoing) = modern_node(12);

    let writer = MailslotWriter::open("\\\\plant\\mailslot\\ärger").unwrap();
    assert_eq!(writer.max_message_size(), 1000);
    writer.write(&[7; 1000]).unwrap();
    let message = outgoing.receive().unwrap().data;
    let sent = network::Outgoing::decode(&message).unwrap();
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

    let minute = Duration::from_secs(60);
    let reply = writer.request(b"now?", minute).unwrap();
    let mut origin = NetworkOrigin::new("SRV2");
    origin.authenticated = true;
    assert_eq!((reply.data, reply.origin), (b"late".to_vec(), origin.into()));
    let error = writer.request(b"nobody?", minute).unwrap_err();
    assert!(
        matches!(&error, Error::Undelivered { computer, outcome: Outcome::Silent } if computer == "SRV2"),
        "{error}"
    );
    assert!(matches!(writer.request(b"?", minute), Err(Error::Closed)));
    assert!(matches!(writer.request(&[7; 1001], minute), Err(Error::TooLargeForNetwork { .. })));

    let error = MailslotWriter::open(r"\\OTHER\mailslot\x").unwrap_err();
    assert!(matches!(error, Error::NotOnNetwork(_)), "{error}");
    assert_eq!(error.win32_code(), 53);
    let legacy = open_to_all(network::SLOT);
    let writer = MailslotWriter::open(r"\\OTHER\mailslot\x").unwrap();
    assert_eq!(writer.max_message_size(), 424);
    assert!(matches!(MailslotWriter::open("\\\\OTHER\\mailslot\\ä"), Err(Error::InvalidName { .. })));
    drop((writer, legacy));
    let writer = MailslotWriter::open(r"\\PLANT\mailslot\x").unwrap();
    drop(outgoing);
    assert!(writer.is_closed());
    // The slot exists, and nobody answers.
    let silent = node.join().unwrap();
    assert!(matches!(MailslotWriter::open(r"\\PLANT\mailslot\x"), Err(Error::NodeSilent)));
    drop(silent);
    assert!(matches!(MailslotWriter::open(r"\\PLANT\mailslot\x"), Err(Error::NoNetworkNode(_))));
}

/// Answers one request like a node.
fn answer(message: &Message, way: &SlotName) {
    let question = Question::decode(&message.data).unwrap();
    let plant = question.address().to_string().starts_with(r"\\PLANT\");
    let answer = match question {
        _ if !plant => Answer::Legacy,
        Question::Route(_) => Answer::Route { slot: way.clone(), max_message: 1000 },
        Question::Receivers { at_least, .. } if at_least > 9 => Answer::Refused("too many".to_owned()),
        Question::Receivers { .. } => Answer::Receivers(2),
        Question::Confirmed { data, .. } => {
            assert_eq!(data, b"sure");
            let receipt = |computer: &str, outcome| Receipt::new(computer, outcome);
            Answer::Receipts(vec![receipt("SRV1", Outcome::Delivered), receipt("SRV2", Outcome::Full)])
        }
        Question::Request { data, .. } => match data {
            b"now?" => Answer::Reply { computer: "SRV2".to_owned(), data: b"late".to_vec() },
            b"nobody?" => Answer::NoReply { computer: "SRV2".to_owned(), outcome: Outcome::Silent },
            _ => Answer::Over,
        },
        question => panic!("{question:?}"),
    };
    // Messages that do not answer this request do not end the wait, whoever wrote them.
    let slots: Vec<_> = mailslot::list().unwrap().into_iter().filter(is_for_answers).collect();
    assert_eq!(slots.len(), 1);
    let writer = MailslotWriter::open(Address::from(slots[0].name.clone())).unwrap();
    for noise in [&b""[..], b"noise", &Answer::Receivers(9).encode()] {
        writer.write(noise).unwrap();
    }
    let other = ReplyTo::from_parts(message.reply_to.unwrap().uid(), {
        let mut token = message.reply_to.unwrap().token();
        token[16] ^= 1;
        token
    });
    other.write(&Answer::Receivers(9).encode()).unwrap();
    message.reply(&answer.encode()).unwrap();
}

fn is_for_answers(slot: &mailslot::SlotStatus) -> bool {
    slot.name.as_str().starts_with(r"mailslot\reply\")
}

#[test]
fn domains_with_a_file_here_are_sent_to_in_no_other_network() {
    if !is_apart("domains_with_a_file_here_are_sent_to_in_no_other_network", &[]) {
        return;
    }
    let _watchdog = watchdog();
    let files = PathBuf::from(std::env::var_os("MAILSLOT_DOMAINS").unwrap());
    let away = |address: &str| {
        let error = MailslotWriter::open(address).unwrap_err();
        assert!(matches!(&error, Error::DomainNotOpen(_)), "{address}: {error}");
        assert_eq!(error.win32_code(), 3025);
    };
    std::fs::write(files.join("PLANT.toml"), "not even a domain").unwrap();
    away(r"\\plant\mailslot\x");
    let legacy = open_to_all(network::SLOT);
    away(r"\\plant\mailslot\x");
    for open in [r"\\OTHER\mailslot\x", r"\\*\mailslot\x"] {
        MailslotWriter::open(open).unwrap();
    }
    // Whatever a node answers.
    let requests = open_to_all(routes::SLOT);
    let node = std::thread::spawn(move || {
        for _ in 0..2 {
            let message = requests.receive().unwrap();
            message.reply(&Answer::Legacy.encode()).unwrap();
        }
    });
    away(r"\\PLANT\mailslot\x");
    MailslotWriter::open(r"\\OTHER\mailslot\x").unwrap();
    node.join().unwrap();
    assert_eq!(legacy.info().unwrap().count, 0);
}

#[test]
fn the_longest_waits_are_no_trouble() {
    if !is_apart("the_longest_waits_are_no_trouble", &[]) {
        return;
    }
    let _watchdog = watchdog();
    let (node, _outgoing) = modern_node(3);
    let writer = MailslotWriter::open(r"\\PLANT\mailslot\x").unwrap();
    assert_eq!(writer.write_confirmed(b"sure", Duration::MAX).unwrap().len(), 2);
    assert_eq!(writer.wait_for_receivers(2, Timeout::After(Duration::MAX)).unwrap(), 2);
    node.join().unwrap();
}

/// User ids that are used only in these tests.
const ASKER: u32 = 60_001;
const STRANGER: u32 = 60_002;

/// The node, the user who asks, and one who forges answers.
#[test]
fn answers_of_others_than_the_node_are_not_believed() {
    let test = "answers_of_others_than_the_node_are_not_believed";
    if !common::is_root(test) || !is_apart(test, &[]) {
        return;
    }
    let _watchdog = watchdog();
    let requests =
        MailslotOptions::new().access(Access::Everyone).read_timeout(Timeout::Zero).create(routes::SLOT).unwrap();
    // Nobody may write to it, even if asked to: neither the stranger nor the node.
    let private = MailslotOptions::new().create(reply_name(&[7; 16])).unwrap();
    let mut stranger = common::Part::start_as(STRANGER, "stranger");
    let mut asked = [0; 2];
    let asker = common::Part::start_as(ASKER, "asker");
    let asker = std::thread::spawn(move || asker.finish());
    let mut before: Option<ReplyTo> = None;
    while !asker.is_finished() {
        let Ok(message) = requests.receive_within(Timeout::After(Duration::from_millis(10))) else { continue };
        let Some(who) = message.reply_to else { continue };
        let number = match Question::decode(&message.data).unwrap() {
            Question::Receivers { at_least, .. } => at_least,
            question => panic!("{question:?}"),
        };
        asked[usize::from(who.uid() == STRANGER)] += 1;
        // A late answer to the previous question: nobody waits for it any more.
        if let Some(before) = before.replace(who) {
            let _ = before.write(&Answer::Receivers(FORGED).encode());
        }
        // The stranger may have stopped waiting.
        let _ = who.write(&Answer::Receivers(number).encode());
    }
    asker.join().unwrap();
    assert!(stranger.is_running(), "the stranger has given up");
    assert_eq!(private.info().unwrap().count, 0);
    assert!(asked[0] >= QUESTIONS && asked[1] > 0, "{asked:?}");
}

const QUESTIONS: u32 = 300;
/// A number that nobody asks for.
const FORGED: u32 = 1 << 20;

fn reply_name(reply: &[u8; 16]) -> String {
    format!(r"\\.\mailslot\mailslot\reply\{:032x}", u128::from_be_bytes(*reply))
}

#[test]
fn plays_its_part() {
    match common::part().as_deref() {
        Some("asker") => asks(),
        Some("stranger") => forges(),
        _ => {}
    }
}

/// Checks that every answer is the one to its question.
fn asks() {
    let address: Address = r"\\PLANT\mailslot\x".parse().unwrap();
    for number in 0..QUESTIONS {
        let question = Question::Receivers { address: address.clone(), at_least: number, within: Duration::ZERO };
        assert_eq!(ask_routes(&question).unwrap(), Some(Answer::Receivers(number)));
    }
}

/// Answers everybody who waits for an answer, through the library and through the door itself, and asks the node to
/// answer in the name of others, until it is killed.
fn forges() {
    let root = PathBuf::from(std::env::var_os("MAILSLOT_ROOT").unwrap());
    let address: Address = r"\\PLANT\mailslot\x".parse().unwrap();
    let forged =
        [Answer::Receivers(FORGED), Answer::Legacy, Answer::Receipts(Vec::new()), Answer::Refused("no".into())];
    let content = Question::Receivers { address, at_least: FORGED, within: Duration::ZERO }.encode();
    let node = MailslotWriter::open(routes::SLOT).unwrap();
    loop {
        for slot in mailslot::list().unwrap().into_iter().filter(is_for_answers) {
            let number = slot.name.as_str().rsplit('\\').next().unwrap();
            let reply = u128::from_str_radix(number, 16).unwrap().to_be_bytes();
            // A request in the asker's name, whose replies would go into the asker's slot.
            doors(&root, "ROUTES").iter().for_each(|door| write_through(door, &request(reply, &content)));
            let Err(Error::NotAllowed(_) | Error::NotFound(_)) = MailslotWriter::open(Address::from(slot.name)) else {
                panic!("a slot for answers lets strangers in");
            };
        }
        for door in doors(&root, "REPLY") {
            for answer in &forged {
                write_through(&door, &[&[0], &answer.encode()[..]].concat());
                // A reply to a request whose id is unknown.
                write_through(&door, &[&[2, 19, 0, 128], &[3; 16][..], &answer.encode()].concat());
            }
        }
        if let Ok(answer) = node.request(&content, Duration::from_secs(1)) {
            assert_eq!(Answer::decode(&answer.data), Ok(Answer::Receivers(FORGED)));
        }
    }
}

/// A packet with a request whose replies go into the slot with this number.
fn request(reply: [u8; 16], content: &[u8]) -> Vec<u8> {
    [&[2, 35, 0, 32], &reply[..], &[3; 16], content].concat()
}

/// The doors of all slots with `part` in their path, wherever the library keeps them.
fn doors(directory: &Path, part: &str) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(directory) else { return Vec::new() };
    let mut found = Vec::new();
    for path in entries.filter_map(Result::ok).map(|entry| entry.path()) {
        if path.ends_with("door") && path.to_string_lossy().contains(part) {
            found.push(path);
        } else if path.is_dir() {
            found.extend(doors(&path, part));
        }
    }
    found
}

/// Writes as no correct writer does: without checking whether it may.
fn write_through(door: &Path, message: &[u8]) {
    use rustix::net::{AddressFamily, SendFlags, SocketAddrUnix, SocketType, connect, send, socket};
    let connection = socket(AddressFamily::UNIX, SocketType::SEQPACKET, None).unwrap();
    // The whole path is too long for a socket address.
    let near = door.parent().is_some_and(|directory| std::env::set_current_dir(directory).is_ok());
    if near && connect(&connection, &SocketAddrUnix::new("door").unwrap()).is_ok() {
        let _ = send(&connection, message, SendFlags::NOSIGNAL | SendFlags::DONTWAIT);
    }
}
