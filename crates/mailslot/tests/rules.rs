//! The rules of slots with members and taps, compared with a simple model, in sequences of every kind of event.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used)]
mod common;

use std::collections::VecDeque;

use common::{Part, name, watchdog};
use mailslot::{
    Access, Error, Mailslot, MailslotOptions, MailslotWriter, Network, NetworkOrigin, Sharing, Taps, Timeout, WhenFull,
};
use proptest::prelude::*;
use proptest::test_runner::{Config, FileFailurePersistence};

const STRANGER: u32 = 65534;

/// The options of a member.
#[derive(Clone, Copy, Debug)]
struct Kind {
    capacity: u64,
    drops: bool,
    everyone: bool,
    network: bool,
    stamp: bool,
}

impl Kind {
    fn options(self) -> MailslotOptions {
        let mut options = Mailslot::options();
        options
            .sharing(Sharing::Each)
            .taps(Taps::Allowed)
            .capacity(self.capacity)
            .when_full(if self.drops { WhenFull::DropOldest } else { WhenFull::Refuse })
            .access(if self.everyone { Access::Everyone } else { Access::Owner })
            .network(if self.network { Network::Allowed } else { Network::Refused })
            .stamp(self.stamp);
        options
    }

    /// A record takes its bytes, and those of a time if it has one, rounded up to a multiple of 8, plus 24.
    fn record(self, size: usize) -> usize {
        24 + (size + if self.stamp { 11 } else { 0 }).next_multiple_of(8)
    }
}

/// A member in a separate process, which reads every message.
const CHILD: Kind = Kind { capacity: 1 << 20, drops: true, everyone: true, network: false, stamp: false };

/// The numbers select among what exists at the time.
#[derive(Clone, Debug)]
enum Event {
    Join(Kind),
    JoinInAnotherProcess,
    Leave(usize),
    Kill(usize),
    Tap(u64),
    Untap(usize),
    Open,
    Write {
        writer: usize,
        size: usize,
    },
    WriteBatch {
        writer: usize,
        sizes: Vec<usize>,
    },
    Read {
        reader: usize,
        count: usize,
    },
    /// Passes a slot to another owner.
    Pass(usize),
    WriteByAnotherUser {
        size: usize,
    },
    WriteByAnotherMachine {
        size: usize,
    },
}

fn event() -> impl Strategy<Value = Event> {
    let kind = (0..3_u32, any::<[bool; 4]>()).prop_map(|(capacity, flags)| {
        let [drops, everyone, network, stamp] = flags;
        Kind { capacity: 4096 << capacity, drops, everyone, network, stamp }
    });
    prop_oneof![
        3 => kind.prop_map(Event::Join),
        1 => Just(Event::JoinInAnotherProcess),
        2 => any::<usize>().prop_map(Event::Leave),
        1 => any::<usize>().prop_map(Event::Kill),
        2 => (0..3_u32).prop_map(|capacity| Event::Tap(4096 << capacity)),
        1 => any::<usize>().prop_map(Event::Untap),
        2 => Just(Event::Open),
        20 => (any::<usize>(), 8..700_usize).prop_map(|(writer, size)| Event::Write { writer, size }),
        8 => (any::<usize>(), prop::collection::vec(8..700_usize, 0..12))
            .prop_map(|(writer, sizes)| Event::WriteBatch { writer, sizes }),
        5 => (any::<usize>(), 0..20_usize).prop_map(|(reader, count)| Event::Read { reader, count }),
        1 => any::<usize>().prop_map(Event::Pass),
        2 => (8..700_usize).prop_map(|size| Event::WriteByAnotherUser { size }),
        2 => (8..700_usize).prop_map(|size| Event::WriteByAnotherMachine { size }),
    ]
}

/// A queue of this process, and its expected contents.
struct Queue {
    slot: Mailslot,
    kind: Kind,
    unread: VecDeque<Vec<u8>>,
    lost: u64,
    /// Messages of another user that wait until there is room.
    outside: VecDeque<Vec<u8>>,
}

impl Queue {
    fn new(slot: Mailslot, kind: Kind) -> Queue {
        Queue { slot, kind, unread: VecDeque::new(), lost: 0, outside: VecDeque::new() }
    }

    fn fits(&self, message: &[u8]) -> bool {
        let used: usize = self.unread.iter().map(|message| self.kind.record(message.len())).sum();
        used + self.kind.record(message.len()) <= self.kind.capacity as usize - 8
    }

    /// Replaces the slot's handles by new ones.
    fn pass(&mut self) {
        let handles = self.slot.share().as_fds().map(|fd| fd.try_clone_to_owned().unwrap());
        self.slot = Mailslot::from_handles(handles).unwrap();
    }

    /// Returns whether the queue accepts the message.
    fn write(&mut self, message: &[u8]) -> bool {
        while self.kind.drops && !self.fits(message) {
            self.unread.pop_front();
            self.lost += 1;
        }
        let fits = self.fits(message);
        if fits {
            self.unread.push_back(message.to_vec());
        }
        fits
    }

    /// A message of another user, which every queue that admits the user accepts.
    fn write_from_outside(&mut self, message: &[u8]) {
        // This accepts the connection.
        let _ = self.slot.info().unwrap();
        if !self.write(message) {
            self.outside.push_back(message.to_vec());
        }
    }

    fn read(&mut self, most: usize) {
        for _ in 0..most {
            let expected = self.unread.pop_front().or_else(|| self.outside.pop_front());
            let read = match &expected {
                Some(_) => Some(self.slot.receive().unwrap()),
                None => self.slot.try_receive().unwrap(),
            };
            let lost = if read.is_some() { std::mem::take(&mut self.lost) } else { 0 };
            assert_eq!(read.as_ref().map_or(0, |message| message.lost_before), lost);
            assert!(read.map(|message| message.data) == expected);
            if expected.is_none() {
                return;
            }
        }
    }

    fn read_all(&mut self) {
        self.read(usize::MAX);
    }
}

enum Member {
    Here(Box<Queue>),
    InAnotherProcess { _part: Part },
}

impl Member {
    fn kind(&self) -> Kind {
        match self {
            Member::Here(queue) => queue.kind,
            Member::InAnotherProcess { .. } => CHILD,
        }
    }

    fn write(&mut self, message: &[u8]) -> bool {
        match self {
            Member::Here(queue) => queue.write(message),
            Member::InAnotherProcess { .. } => true,
        }
    }
}

/// Writes as another user, on command, and reports the results.
struct Stranger {
    _part: Part,
    asks: MailslotWriter,
    answers: Mailslot,
}

impl Stranger {
    fn start(slot: &str) -> Stranger {
        let answers = Mailslot::options().access(Access::Everyone).create(format!("{slot}-answers")).unwrap();
        let part = Part::start_as(STRANGER, &format!("stranger {slot}"));
        let asks = MailslotWriter::wait_open(format!("{slot}-asks"), Timeout::Forever).unwrap();
        Stranger { _part: part, asks, answers }
    }

    fn write(&self, message: &[u8]) -> Vec<u8> {
        self.asks.write(message).unwrap();
        self.answers.receive().unwrap().data
    }
}

/// The slot to which a process writes once it has become a member.
fn joined(name: &str) -> String {
    format!("{name}-joined")
}

fn be_a_stranger(slot: &str) {
    let asks = Mailslot::options().access(Access::Everyone).create(format!("{slot}-asks")).unwrap();
    let answers = MailslotWriter::open(format!("{slot}-answers")).unwrap();
    let mut writer = None;
    for message in asks.iter() {
        let message = message.unwrap().data;
        let mut write = || -> mailslot::Result<()> {
            loop {
                let open = match writer.take() {
                    Some(open) => open,
                    None => MailslotWriter::open(slot)?,
                };
                match open.write(&message) {
                    // The writer belonged to an earlier slot of the name.
                    Err(Error::Closed) => {}
                    written => {
                        writer = Some(open);
                        return written;
                    }
                }
            }
        };
        let said = match write() {
            Ok(()) => "written".to_owned(),
            Err(Error::NotFound(_)) => "not found".to_owned(),
            Err(Error::NotAllowed(_)) => "not allowed".to_owned(),
            Err(error) => error.to_string(),
        };
        answers.write(said.as_bytes()).unwrap();
    }
}

#[test]
fn plays_its_part() {
    let Some(part) = common::part() else { return };
    match part.split_once(' ').unwrap() {
        ("own", name) => {
            let slot = CHILD.options().create(name).unwrap();
            MailslotWriter::open(joined(name)).unwrap().write(b"").unwrap();
            slot.iter().for_each(|message| drop(message.unwrap()));
        }
        ("stranger", slot) => be_a_stranger(slot),
        _ => panic!("{part}"),
    }
}

struct World {
    name: String,
    /// In the order in which they joined.
    members: Vec<Member>,
    taps: Vec<Queue>,
    writers: Vec<MailslotWriter>,
    stranger: Option<Stranger>,
    written: u64,
}

impl World {
    fn here(&mut self) -> impl Iterator<Item = &mut Queue> {
        self.members.iter_mut().filter_map(|member| match member {
            Member::Here(queue) => Some(&mut **queue),
            Member::InAnotherProcess { .. } => None,
        })
    }

    fn message(&mut self, size: usize) -> Vec<u8> {
        self.written += 1;
        let mut message = vec![self.written as u8; size];
        message[..8].copy_from_slice(&self.written.to_le_bytes());
        message
    }

    fn do_as_said(&mut self, event: &Event) {
        match *event {
            Event::Join(kind) if self.members.len() < 6 => {
                let slot = kind.options().create(&self.name).unwrap();
                self.members.push(Member::Here(Box::new(Queue::new(slot, kind))));
            }
            Event::JoinInAnotherProcess if self.members.len() < 6 => {
                let joined = Mailslot::create(joined(&self.name)).unwrap();
                let part = Part::start(&format!("own {}", self.name));
                // It is listed earlier, but open writers need not know of it before its creation has ended.
                joined.receive().unwrap();
                self.members.push(Member::InAnotherProcess { _part: part });
            }
            Event::Leave(number) => self.end(number, |member| matches!(member, Member::Here(_))),
            Event::Kill(number) => self.end(number, |member| matches!(member, Member::InAnotherProcess { .. })),
            Event::Tap(capacity) if self.taps.len() < 4 => match self.members.first().map(Member::kind) {
                None => assert!(matches!(Mailslot::tap(&self.name), Err(Error::NotFound(_)))),
                Some(oldest) => {
                    let tap = Mailslot::options().capacity(capacity).tap(&self.name).unwrap();
                    let capacity = capacity.max(oldest.capacity);
                    let kind = Kind { capacity, drops: true, stamp: false, ..oldest };
                    self.taps.push(Queue::new(tap, kind));
                }
            },
            Event::Untap(number) if !self.taps.is_empty() => {
                drop(self.taps.swap_remove(number % self.taps.len()));
            }
            Event::Open => match MailslotWriter::open(&self.name) {
                Ok(writer) => self.writers.push(writer),
                Err(error) => assert!(matches!(error, Error::NotFound(_)) && self.members.is_empty(), "{error}"),
            },
            Event::Write { writer, size } if !self.writers.is_empty() => self.write(writer, size),
            Event::WriteBatch { writer, ref sizes } if !self.writers.is_empty() => self.write_batch(writer, sizes),
            Event::Pass(reader) => {
                let number = self.here().count().max(1);
                if let Some(queue) = self.here().nth(reader % number) {
                    queue.pass();
                }
            }
            Event::Read { reader, count } => {
                let number = self.here().count();
                if number > 0 {
                    self.here().nth(reader % number).unwrap().read(count);
                } else if !self.taps.is_empty() {
                    let number = self.taps.len();
                    self.taps[reader % number].read(count);
                }
            }
            Event::WriteByAnotherUser { size } => self.write_by_another_user(size),
            Event::WriteByAnotherMachine { size } => self.write_by_another_machine(size),
            _ => {}
        }
        let listed = mailslot::status(&self.name).map_or((0, 0), |status| (status.members, status.taps));
        assert_eq!(listed, (self.members.len(), if self.members.is_empty() { 0 } else { self.taps.len() }));
    }

    /// Ends one of the members for which `is_meant` is true.
    fn end(&mut self, number: usize, is_meant: impl Fn(&Member) -> bool) {
        let meant: Vec<_> = (0..self.members.len()).filter(|&at| is_meant(&self.members[at])).collect();
        if meant.is_empty() {
            return;
        }
        // This kills the process of a member in another process.
        drop(self.members.remove(meant[number % meant.len()]));
        let closed = self.writers.iter().filter(|writer| writer.is_closed()).count();
        assert_eq!(closed, if self.members.is_empty() { self.writers.len() } else { 0 });
        if self.members.is_empty() {
            for writer in self.writers.drain(..) {
                assert!(matches!(writer.write(b"late"), Err(Error::Closed)));
            }
            for mut tap in self.taps.drain(..) {
                let left = tap.unread.len();
                tap.read(left);
                let end = tap.slot.receive();
                assert!(matches!(end, Err(Error::Closed)), "{end:?}");
            }
        }
    }

    fn write(&mut self, writer: usize, size: usize) {
        let message = self.message(size);
        let written = self.writers[writer % self.writers.len()].write(&message);
        self.is_written(&message, written);
    }

    /// Writes as many as all have room for; if that is none, the first as if it were written by itself.
    fn write_batch(&mut self, writer: usize, sizes: &[usize]) {
        let messages: Vec<_> = sizes.iter().map(|&size| self.message(size)).collect();
        let written = self.writers[writer % self.writers.len()].write_batch(&messages);
        let mut all = 0;
        for message in &messages {
            let fits =
                |member: &Member| matches!(member, Member::Here(queue) if !queue.kind.drops && !queue.fits(message));
            if self.members.iter().any(fits) {
                break;
            }
            self.is_written(message, Ok(()));
            all += 1;
        }
        match (written, messages.first()) {
            (Ok(written), _) => assert_eq!(written, all),
            (Err(error), Some(first)) if all == 0 => self.is_written(first, Err(error)),
            (Err(error), _) => panic!("{error}"),
        }
    }

    fn is_written(&mut self, message: &[u8], written: mailslot::Result<()>) {
        let delivered = self.members.iter_mut().map(|member| usize::from(member.write(message))).sum::<usize>();
        if delivered > 0 {
            self.taps.iter_mut().for_each(|tap| assert!(tap.write(message)));
        }
        let members = self.members.len();
        match written {
            Ok(()) => assert_eq!(delivered, members),
            Err(Error::Full { .. }) => assert!(delivered == 0 && members > 0),
            Err(Error::Partial { delivered: said, members: of, source }) => {
                assert_eq!((said, of), (delivered, members));
                assert!(said > 0 && said < of && matches!(*source, Error::Full { .. }));
            }
            Err(error) => panic!("{error}"),
        }
    }

    fn write_by_another_user(&mut self, size: usize) {
        if !rustix::process::geteuid().is_root() {
            return;
        }
        let message = self.message(size);
        let name = &self.name;
        let said = self.stranger.get_or_insert_with(|| Stranger::start(name)).write(&message);
        let admitted = self.members.iter().filter(|member| member.kind().everyone).count();
        let expected = match (self.members.len(), admitted) {
            (0, _) => "not found",
            (_, 0) => "not allowed",
            _ => "written",
        };
        assert_eq!(String::from_utf8_lossy(&said), expected);
        if admitted > 0 {
            let taps = self.taps.iter_mut();
            for queue in taps.filter(|tap| tap.kind.everyone) {
                queue.write_from_outside(&message);
            }
            for queue in self.here().filter(|queue| queue.kind.everyone) {
                queue.write_from_outside(&message);
                // A message that waits outside enters once there is room, after those written meanwhile.
                queue.read_all();
            }
        }
    }

    /// Its origin takes room as well, so everything is read before and after.
    fn write_by_another_machine(&mut self, size: usize) {
        let Ok(writer) = MailslotWriter::open(&self.name) else { return assert!(self.members.is_empty()) };
        self.here().for_each(Queue::read_all);
        self.taps.iter_mut().for_each(Queue::read_all);
        let message = self.message(size);
        let written = writer.write_from(&NetworkOrigin::new("SRV2"), &message);
        if self.members.iter().any(|member| member.kind().network) {
            written.unwrap();
            let taps = self.taps.iter_mut().filter(|tap| tap.kind.network);
            taps.for_each(|tap| assert!(tap.write(&message)));
            self.here().filter(|queue| queue.kind.network).for_each(|queue| assert!(queue.write(&message)));
        } else {
            assert!(matches!(written, Err(Error::NotAllowed(_))));
        }
        self.here().for_each(Queue::read_all);
        self.taps.iter_mut().for_each(Queue::read_all);
    }
}

proptest! {
    #![proptest_config(Config {
        cases: 60,
        max_shrink_iters: 200,
        failure_persistence: Some(Box::new(FileFailurePersistence::Off)),
        ..Config::default()
    })]

    #[test]
    fn whatever_happens_goes_by_the_rules(events in prop::collection::vec(event(), 1..150)) {
        let _watchdog = watchdog();
        let mut world = World {
            name: name(),
            members: Vec::new(),
            taps: Vec::new(),
            writers: Vec::new(),
            stranger: None,
            written: 0,
        };
        events.iter().for_each(|event| world.do_as_said(event));
        world.here().for_each(Queue::read_all);
        world.taps.iter_mut().for_each(Queue::read_all);
    }
}
