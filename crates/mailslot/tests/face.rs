//! Properties that a program may rely on besides the effects of calls: types, forms, conversions.
#![allow(clippy::unwrap_used)]
mod common;

use std::error::Error as _;
use std::fmt::{Debug, Display};
use std::hash::Hash;
use std::io;
use std::str::FromStr;
use std::time::Duration;

use common::{name, pair, watchdog};
use mailslot::{
    Access, Address, Envelope, Error, Handles, Info, Inheritance, InvalidName, Iter, Mailslot, MailslotOptions,
    MailslotWriter, Message, NameError, NetbiosName, Network, NetworkOrigin, Operation, Origin, Outcome, Quoted,
    Receipt, ReplyTo, Sharing, SlotName, SlotStatus, Statistics, Taps, Timeout, WhenFull,
};

/// Compiles only if all of these may be used in and moved between threads.
#[test]
fn every_public_type_is_send_and_sync() {
    fn is<T: Send + Sync + 'static>() {}
    is::<Mailslot>();
    is::<MailslotOptions>();
    is::<MailslotWriter>();
    is::<Handles>();
    is::<Iter<'static>>();
    is::<(Address, SlotName, NetbiosName, Quoted<'static>)>();
    is::<(Message, Envelope, ReplyTo, Origin, NetworkOrigin, Receipt, Outcome)>();
    is::<(Info, Statistics, SlotStatus)>();
    is::<(Access, Inheritance, Network, Sharing, Taps, Timeout, WhenFull)>();
    is::<(Error, Operation, NameError, InvalidName)>();
    #[cfg(unix)]
    is::<(mailslot::Replies, mailslot::ReplyWriter, mailslot::Progress)>();
    #[cfg(feature = "tokio")]
    is::<(mailslot::AsyncMailslot, mailslot::AsyncMailslotWriter, mailslot::Messages)>();
}

/// The test above names all of them.
#[test]
fn every_public_type_is_looked_at() {
    let (_, looked_at) = include_str!("face.rs").split_once("fn every_public_type_is_send_and_sync").unwrap();
    let (looked_at, _) = looked_at.split_once("\n}\n").unwrap();
    let looked_at: Vec<_> = looked_at.split(|c: char| !c.is_alphanumeric()).collect();
    let names = include_str!("../src/lib.rs").split("\npub use ").skip(1).flat_map(|used| {
        let (used, _) = used.split_once(';').unwrap();
        used.split(|c: char| !c.is_alphanumeric()).filter(|word| word.starts_with(char::is_uppercase))
    });
    let missing: Vec<_> = names.filter(|name| *name != "Result" && !looked_at.contains(name)).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

/// Compiles only if types have the traits that generic code expects.
#[test]
fn types_have_the_traits_of_their_kind() {
    fn is_name<T>()
    where
        T: Clone + Ord + Hash + Debug + Display + AsRef<str> + FromStr + for<'a> TryFrom<&'a str> + TryInto<Address>,
    {
    }
    fn is_value<T: Clone + Eq + Hash + Debug>() {}
    fn is_choice<T: Copy + Eq + Debug + Default>() {}
    fn is_end<T: Clone + Debug>() {}
    fn is_error<T: std::error::Error + Into<io::Error>>() {}
    fn waits(_: impl Into<Timeout>) {}
    is_name::<SlotName>();
    is_value::<(Address, NetbiosName, Message, Origin, NetworkOrigin, Outcome)>();
    is_choice::<Network>();
    is_choice::<(Inheritance, Sharing)>();
    is_choice::<(Taps, WhenFull, Timeout)>();
    is_end::<(Mailslot, MailslotWriter, Handles)>();
    is_error::<Error>();
    waits(Duration::ZERO);
    waits(Timeout::Forever);
    // The type of an array would contain its length.
    let _: &'static [Outcome] = Outcome::ALL;
    #[cfg(unix)]
    {
        use std::os::fd::{AsFd, AsRawFd};
        fn is_watched<T: AsFd + AsRawFd>() {}
        is_watched::<Mailslot>();
    }
}

#[test]
fn clones_of_a_writer_are_one_writer_and_outlive_each_other() {
    let _watchdog = watchdog();
    let (slot, writer) = pair();
    let threads: Vec<_> = (0..4_u8)
        .map(|thread| {
            let writer = writer.clone();
            std::thread::spawn(move || {
                (0..1000_u16).for_each(|i| writer.write(&[&[thread][..], &i.to_le_bytes()].concat()).unwrap())
            })
        })
        .collect();
    drop(writer);
    let mut next = [0_u16; 4];
    for message in slot.iter().take(4000) {
        let [thread, low, high] = message.unwrap().data[..] else { panic!("another size") };
        let expected = &mut next[usize::from(thread)];
        assert_eq!(u16::from_le_bytes([low, high]), *expected);
        *expected += 1;
    }
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    assert_eq!((next, slot.try_receive().unwrap()), ([1000; 4], None));
}

#[test]
fn iterators_end_where_nothing_comes_in_time_and_stay_ended() {
    let (slot, writer) = pair();
    slot.set_read_timeout(Duration::from_millis(5));
    fn into_iter(slot: &Mailslot) -> Iter<'_> {
        slot.into_iter()
    }
    for iter in [Mailslot::iter, Mailslot::try_iter, into_iter] {
        writer.write_batch(&["one", "two"]).unwrap();
        let mut messages = iter(&slot);
        let data: Vec<_> = messages.by_ref().map(|message| message.unwrap().data).collect();
        assert_eq!(data, [b"one", b"two"]);
        writer.write(b"late").unwrap();
        assert!(messages.next().is_none());
        assert_eq!(slot.receive().unwrap().data, b"late");
    }
}

#[cfg(unix)]
#[test]
fn iterators_end_when_reads_are_aborted_and_nothing_is_left() {
    let _watchdog = watchdog();
    let (slot, writer) = pair();
    let reader = slot.clone();
    let (told, heard) = std::sync::mpsc::channel();
    let reading = std::thread::spawn(move || {
        (&reader).into_iter().map(|message| message.unwrap()).inspect(|_| told.send(()).unwrap()).count()
    });
    writer.write(b"first").unwrap();
    heard.recv().unwrap();
    writer.write(b"second").unwrap();
    heard.recv().unwrap();
    slot.abort_reads();
    assert_eq!(reading.join().unwrap(), 2);
    writer.write(b"third").unwrap();
    assert_eq!(slot.iter().map(|message| message.unwrap().data).collect::<Vec<_>>(), [b"third"]);
}

/// Each way to read, in its three forms: with the slot's timeout, with the given one, and without waiting. Returns the
/// size.
type Read = fn(&Mailslot) -> mailslot::Result<Option<usize>>;
const WITHIN: Duration = Duration::from_millis(5);
const FORMS: [[Read; 3]; 6] = [
    [
        |slot| slot.read(&mut [0; 9]).map(Some),
        |slot| slot.read_within(&mut [0; 9], WITHIN).map(Some),
        |slot| slot.try_read(&mut [0; 9]),
    ],
    [
        |slot| slot.read_with_origin(&mut [0; 9]).map(|(size, _)| Some(size)),
        |slot| slot.read_with_origin_within(&mut [0; 9], WITHIN).map(|(size, _)| Some(size)),
        |slot| slot.try_read_with_origin(&mut [0; 9]).map(|found| found.map(|(size, _)| size)),
    ],
    [
        |slot| slot.receive().map(|message| Some(message.data.len())),
        |slot| slot.receive_within(WITHIN).map(|message| Some(message.data.len())),
        |slot| slot.try_receive().map(|found| found.map(|message| message.data.len())),
    ],
    [
        |slot| in_batch(|messages| slot.receive_batch(messages, 9)),
        |slot| in_batch(|messages| slot.receive_batch_within(messages, 9, WITHIN)),
        |slot| in_batch(|messages| slot.try_receive_batch(messages, 9)),
    ],
    [
        |slot| slot.read_in_place(|bytes, _| bytes.len()).map(Some),
        |slot| slot.read_in_place_within(WITHIN, |bytes, _| bytes.len()).map(Some),
        |slot| slot.try_read_in_place(|bytes, _| bytes.len()),
    ],
    [
        |slot| in_batch(|messages| slot.read_batch_in_place(9, |data, from| messages.push(Message::new(data, from)))),
        |slot| {
            in_batch(|messages| {
                slot.read_batch_in_place_within(9, WITHIN, |data, from| messages.push(Message::new(data, from)))
            })
        },
        |slot| {
            in_batch(|messages| slot.try_read_batch_in_place(9, |data, from| messages.push(Message::new(data, from))))
        },
    ],
];

fn in_batch(read: impl FnOnce(&mut Vec<Message>) -> mailslot::Result<usize>) -> mailslot::Result<Option<usize>> {
    let mut messages = Vec::new();
    let count = read(&mut messages)?;
    assert_eq!(count, messages.len());
    Ok(messages.first().map(|message| message.data.len()))
}

#[test]
fn each_way_to_read_has_three_forms_that_differ_in_waiting_alone() {
    for shared in [false, true] {
        let (slot, writer) = pair();
        slot.set_read_timeout(WITHIN);
        let _handles = shared.then(|| slot.share());
        for [read, within, at_once] in FORMS {
            for form in [read, within, at_once] {
                writer.write(b"hello").unwrap();
                assert_eq!(form(&slot).unwrap(), Some(5));
            }
            for form in [read, within] {
                assert!(matches!(form(&slot), Err(Error::TimedOut)));
            }
            assert_eq!(at_once(&slot).unwrap(), None);
            // `…_within` ignores the slot's timeout, and the plain form uses it.
            slot.set_read_timeout(Timeout::Forever);
            assert!(matches!(within(&slot), Err(Error::TimedOut)));
            slot.set_read_timeout(Timeout::Zero);
            assert!(matches!(read(&slot), Err(Error::TimedOut)));
            slot.set_read_timeout(WITHIN);
        }
    }
}

#[test]
fn each_way_to_write_waits_for_room_if_told_so() {
    let _watchdog = watchdog();
    type Write = fn(&MailslotWriter, Timeout) -> mailslot::Result<()>;
    const FORMS: [Write; 3] = [
        |writer, timeout| writer.write_within(&[1; 3000], timeout),
        |writer, timeout| writer.write_batch_within(&[[1; 3000]], timeout).map(|count| assert_eq!(count, 1)),
        |writer, timeout| writer.write_in_place_within(3000, timeout, |bytes| bytes.fill(1)),
    ];
    for write in FORMS {
        let slot = MailslotOptions::new().capacity(4096).create(name()).unwrap();
        let writer = MailslotWriter::open(slot.name()).unwrap();
        writer.write(&[0; 3000]).unwrap();
        assert!(matches!(write(&writer, Timeout::Zero), Err(Error::Full { .. })));
        let refused = slot.statistics().refused_full;
        assert!(matches!(write(&writer, WITHIN.into()), Err(Error::TimedOut)));
        assert_eq!(slot.statistics().refused_full, refused + 1, "a write that waits is refused once");
        let waiting = std::thread::spawn(move || write(&writer, Timeout::Forever).map(|()| writer));
        while slot.statistics().refused_full < refused + 2 {
            std::thread::yield_now();
        }
        assert_eq!(slot.receive().unwrap().data, [0; 3000]);
        assert_eq!(slot.receive().unwrap().data, [1; 3000]);
        let writer = waiting.join().unwrap().unwrap();
        // No write waits for room that can never exist.
        let too_large = |size| writer.write_in_place_within(size, Timeout::Forever, |_| panic!("there is no room"));
        assert!(matches!(too_large(4096), Err(Error::TooLarge { .. })));
        let refused = writer.write_batch_within(&[&[1; 10][..], &[2; 4096], &[3; 10]], Timeout::Forever);
        assert_eq!((refused.unwrap(), slot.receive().unwrap().data), (1, vec![1; 10]));
        // Nor for an owner that is gone.
        writer.write(&[0; 3000]).unwrap();
        let waiting = std::thread::spawn(move || write(&writer, Timeout::Forever));
        drop(slot);
        assert!(matches!(waiting.join().unwrap(), Err(Error::Closed)));
    }
}

#[test]
fn a_batch_that_waits_is_written_whole_and_in_order() {
    let _watchdog = watchdog();
    let slot = MailslotOptions::new().capacity(4096).create(name()).unwrap();
    let writer = MailslotWriter::open(slot.name()).unwrap();
    let batch: Vec<_> = (0..1000_u32).map(|i| [i.to_le_bytes(); 16].concat()).collect();
    let expected = batch.clone();
    let writing = std::thread::spawn(move || writer.write_batch_within(&batch, Timeout::Forever).unwrap());
    for data in expected {
        assert_eq!(slot.receive().unwrap().data, data);
    }
    assert_eq!(writing.join().unwrap(), 1000);
}

#[cfg(unix)]
#[test]
fn handles_are_taken_over_in_each_of_their_forms() {
    use std::os::fd::{AsRawFd, OwnedFd};
    type TakeOver = fn(Handles) -> mailslot::Result<Mailslot>;
    const FORMS: [TakeOver; 5] = [
        |handles| Mailslot::from_handles(handles),
        |handles| Mailslot::from_handles(handles.to_string().as_str()),
        |handles| Mailslot::from_handles(handles.to_string().parse::<Handles>()?),
        |handles| Mailslot::from_handles(handles.as_fds().map(|fd| fd.try_clone_to_owned().unwrap())),
        |handles| Ok(handles.clone().into()),
    ];
    for form in FORMS {
        let (slot, writer) = pair();
        let handles = slot.share();
        assert_eq!(handles.to_string(), handles.as_fds().map(|fd| fd.as_raw_fd().to_string()).join(","));
        let heir = form(handles).unwrap();
        assert_eq!(heir.name(), slot.name());
        drop(slot);
        writer.write(b"to the heir").unwrap();
        assert_eq!(heir.receive().unwrap().data, b"to the heir");
        drop(heir);
        assert!(matches!(writer.write(b"too late"), Err(Error::Closed)));
    }
    let (slot, _) = pair();
    for text in ["", "5", "5,6", "5,6,7,8", "a,b,c", "-1,-1,-1", "0,1,2", "99999999999,1,1", " 5,6,7"] {
        assert!(matches!(text.parse::<Handles>(), Err(Error::InvalidInheritance(_))), "{text:?}");
    }
    let files = || -> [OwnedFd; 3] { std::array::from_fn(|_| std::fs::File::open("/dev/null").unwrap().into()) };
    assert!(matches!(Mailslot::from_handles(files()), Err(Error::InvalidInheritance(_))));
    drop(slot);
}

#[test]
fn status_takes_whatever_is_a_name_of_this_machine() {
    let (slot, _) = pair();
    let text = slot.name().to_string();
    let names: [&dyn Fn() -> mailslot::Result<SlotStatus>; 7] = [
        &|| mailslot::status(text.as_str()),
        &|| mailslot::status(&text),
        &|| mailslot::status(text.to_uppercase()),
        &|| mailslot::status(slot.name()),
        &|| mailslot::status(slot.name().clone()),
        &|| mailslot::status(format!(r"\\.\mailslot\{text}")),
        &|| mailslot::status(&Address::try_from(format!("//LocalHost/mailslot/{text}"))?),
    ];
    for name in names {
        assert_eq!(&name().unwrap().name, slot.name());
    }
    for elsewhere in [format!(r"\\*\mailslot\{text}"), format!(r"\\elsewhere\mailslot\{text}")] {
        assert!(!Address::try_from(&elsewhere).unwrap().is_here());
        let error = mailslot::status(&elsewhere).unwrap_err();
        assert!(matches!(error, Error::InvalidName { reason: NameError::NotThisMachine, .. }), "{error}");
    }
    drop(slot);
    assert!(matches!(mailslot::status(&text), Err(Error::NotFound(_))));
}

#[cfg(target_os = "linux")]
#[test]
fn the_record_of_a_slot_is_one_wherever_it_is_asked_for() {
    let slot = MailslotOptions::new().max_message_size(424).read_timeout(WITHIN).create(name()).unwrap();
    let writer = MailslotWriter::open(slot.name()).unwrap();
    for count in 0..3_usize {
        let info = slot.info().unwrap();
        assert_eq!((info.count, info.next_size), (count as u64, (count > 0).then_some(5)));
        assert_eq!(info.statistics, Some(slot.statistics()));
        assert_eq!(writer.info().unwrap(), info);
        let status = mailslot::status(slot.name()).unwrap();
        assert_eq!((status.info, status.max_message_size), (Some(info), Some(info.max_message_size)));
        assert_eq!(status.capacity, Some(info.capacity));
        writer.write(b"hello").unwrap();
    }
}

/// One of each error, with a source that itself has a source where possible.
fn errors() -> Vec<Error> {
    let slot = || "alerts".parse::<SlotName>().unwrap();
    let address = || Address::try_from(r"\\SRV2\mailslot\alerts").unwrap();
    let invalid = |operation| Error::InvalidName { name: "x".to_owned(), reason: NameError::Nul, operation };
    let source = || io::Error::new(io::ErrorKind::StorageFull, io::Error::other("no block is left"));
    vec![
        invalid(Operation::Create),
        invalid(Operation::Open),
        Error::AlreadyExists(slot()),
        Error::NotFound(slot()),
        Error::NotAllowed(slot()),
        Error::NotOwner(slot()),
        Error::NoTaps(slot()),
        Error::Partial { delivered: 1, members: 2, source: Box::new(Error::Full { capacity: Some(1) }) },
        Error::TooLarge { size: 2, limit: 1 },
        Error::TooLargeForNetwork { size: 2, limit: 1 },
        Error::Full { capacity: Some(1) },
        Error::Full { capacity: None },
        Error::Closed,
        Error::TimedOut,
        Error::BufferTooSmall { size: 2, buffer: 1 },
        Error::NoNetworkNode(address()),
        Error::NotOnNetwork(address()),
        Error::DomainNotOpen(address()),
        Error::NetworkDoesNotTell(address()),
        Error::RequestElsewhere(address()),
        Error::Undelivered { computer: "SRV2".to_owned(), outcome: Outcome::Full },
        Error::NotARequest,
        Error::NodeSilent,
        Error::NodeRefused("no".to_owned()),
        Error::RemoteMailslotsOff(address()),
        Error::OutOfMemory,
        Error::NotEnoughMemory { size: 1 },
        Error::Damaged,
        Error::Stalled(Duration::from_secs(1)),
        Error::Nested,
        Error::NotInherited,
        Error::InvalidOption { option: "capacity", expected: "more".to_owned() },
        Error::InvalidInheritance("no".to_owned()),
        Error::Io { action: "read a slot".to_owned(), source: source() },
        Error::Io { action: "read a slot".to_owned(), source: io::Error::from_raw_os_error(5) },
    ]
}

/// The name of an error's variant.
fn variant(error: &Error) -> String {
    format!("{error:?}").chars().take_while(|c| c.is_alphanumeric()).collect()
}

#[test]
fn every_error_is_looked_at_and_has_the_kind_that_is_documented() {
    let source = include_str!("../src/error.rs");
    let (_, listed) = source.split_once("pub enum Error {\n").unwrap();
    let (listed, _) = listed.split_once("\n}\n").unwrap();
    let listed = listed.lines().filter(|line| line.starts_with("    ") && line[4..].starts_with(char::is_uppercase));
    let mut listed: Vec<_> =
        listed.map(|line| line.trim().split(|c: char| !c.is_alphanumeric()).next().unwrap()).collect();
    let errors = errors();
    let names: Vec<_> = errors.iter().map(variant).collect();
    listed.retain(|name| !names.iter().any(|looked_at| looked_at == name));
    assert!(listed.is_empty(), "{listed:?}");

    let table: Vec<_> = source.lines().filter_map(|line| line.strip_prefix("/// | `")).collect();
    for error in errors {
        let name = variant(&error);
        let row = table
            .iter()
            .find(|row| row.split(" | ").next().unwrap().split(", ").any(|each| each.trim_matches('`') == name));
        let row = row.unwrap_or_else(|| panic!("{name} is not in the table of kinds"));
        let kind = format!("{:?}", io::Error::from(error).kind());
        assert!(
            row.contains(&format!("[`{kind}`]")) || row.contains("of that name") && name == kind || name == "Io",
            "{row}, not {kind}"
        );
    }
}

#[test]
fn no_error_says_what_its_source_says_again() {
    for error in errors() {
        let text = error.to_string();
        let mut source = error.source();
        while let Some(error) = source {
            assert!(!text.contains(&error.to_string()), "{text:?} and its source {error}");
            source = error.source();
        }
    }
}

#[test]
fn errors_are_errors_of_std_with_a_kind_and_all_they_know() {
    for error in errors() {
        let (text, code) = (error.to_string(), error.win32_code());
        let from_system = matches!(error, Error::Io { .. });
        let error = io::Error::from(error);
        assert_eq!(error.to_string(), text);
        let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<Error>()).expect("it is kept");
        assert_eq!(inner.win32_code(), code);
        // Only errors of the system or of the node may have the kind `Other`.
        assert!(
            from_system || error.kind() != io::ErrorKind::Other || matches!(inner, Error::NodeRefused(_)),
            "{text}"
        );
    }
    let kind = |error: Error| io::Error::from(error).kind();
    assert_eq!(kind(MailslotWriter::open(name()).unwrap_err()), io::ErrorKind::NotFound);
    let (slot, writer) = pair();
    assert_eq!(kind(Mailslot::create(slot.name()).unwrap_err()), io::ErrorKind::AlreadyExists);
    assert_eq!(kind(slot.receive_within(Timeout::Zero).unwrap_err()), io::ErrorKind::TimedOut);
    writer.write(b"12").unwrap();
    assert_eq!(kind(slot.read(&mut [0]).unwrap_err()), io::ErrorKind::InvalidInput);
    drop(slot);
    assert_eq!(kind(writer.write(b"3").unwrap_err()), io::ErrorKind::BrokenPipe);
    assert_eq!(
        kind(Error::Io { action: String::new(), source: io::ErrorKind::StorageFull.into() }),
        io::ErrorKind::StorageFull
    );
}

/// Each public method of the two ends has an example, or names an item that has one.
#[test]
fn every_method_of_the_two_ends_has_an_example() {
    let sources =
        std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/src")).unwrap().map(|file| file.unwrap().path());
    let sources = sources.filter(|file| file.is_file()).map(|file| std::fs::read_to_string(file).unwrap());
    let (mut shown, mut referring, mut methods) = (Vec::new(), Vec::new(), 0);
    for source in sources.collect::<Vec<_>>() {
        let (mut documentation, mut is_end) = (String::new(), false);
        for line in source.lines() {
            let item = line.trim_start();
            if let Some(text) = item.strip_prefix("///") {
                documentation.push_str(text);
                continue;
            } else if item.starts_with("#[") {
                continue;
            }
            let declared =
                ["pub fn ", "pub async fn ", "pub struct ", "impl "].iter().find_map(|kind| item.strip_prefix(kind));
            let name = declared.map(|rest| rest.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap());
            if line.starts_with("impl") {
                is_end = ["impl Mailslot {", "impl MailslotWriter {"].contains(&line);
            }
            let is_method = is_end && line.starts_with("    pub fn ");
            methods += usize::from(is_method);
            match name {
                Some(name) if documentation.contains("```") => shown.push(name.to_owned()),
                Some(name) if is_method => referring.push((name.to_owned(), documentation.clone())),
                _ => {}
            }
            documentation.clear();
        }
    }
    assert!(methods > 50, "{methods}");
    for (method, documentation) in referring {
        let mut named = documentation.split('`').skip(1).step_by(2).map(|name| name.rsplit("::").next().unwrap());
        assert!(
            documentation.contains("example") && named.any(|name| shown.iter().any(|shown| shown == name)),
            "no example: {method}: {documentation}"
        );
    }
}
