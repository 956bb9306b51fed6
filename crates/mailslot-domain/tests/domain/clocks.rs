//! Clocks that are wrong at the start, or are set while a receiver runs.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use mailslot_domain::{DeliveryOutcome, Destination, Domain, Envelope, Kind, Limits, Opener, Refused, Sealer, Time};
use proptest::prelude::*;

use crate::members::*;

/// A receiver whose clock differs from the true time by `ahead` seconds, beside a member whose clock is right.
struct World {
    domain: Arc<Domain>,
    to: Destination,
    /// Seconds since [`NOW`].
    time: u64,
    ahead: i64,
    began: u64,
    receiver: Opener,
    asking: Sealer,
    member: (Sealer, Opener),
    recorded: Vec<Envelope>,
    delivered: HashSet<u64>,
}

impl World {
    fn new(ahead: i64) -> World {
        let domain = domain();
        let mut world = World {
            to: alerts(&domain),
            time: 0,
            ahead,
            began: 0,
            receiver: opener(&domain),
            asking: sealer(&domain, "SRV2"),
            member: (sealer(&domain, "SRV1"), opener(&domain)),
            recorded: Vec::new(),
            delivered: HashSet::new(),
            domain,
        };
        world.restart(ahead);
        world
    }

    fn clock(&self) -> Time {
        let millis = after(self.time).as_millis() as i64 + 1000 * self.ahead;
        Time::from_millis(u64::try_from(millis).expect("later than the epoch"))
    }

    /// Another receiver of the same computer, without state.
    fn restart(&mut self, ahead: i64) {
        // A restart takes some time.
        self.time += 1;
        (self.ahead, self.began) = (ahead, self.time);
        self.receiver = Opener::new(self.domain.clone(), self.clock(), Limits::default());
        self.asking = sealer(&self.domain, "SRV2");
    }

    fn set_clock(&mut self, ahead: i64) {
        self.ahead = ahead;
        self.look();
    }

    /// A node's action of every second.
    fn look(&mut self) {
        let elapsed = 1000 * (self.time - self.began);
        self.receiver.clock_says(Time::from_millis(self.clock().as_millis() - elapsed));
    }

    fn pass(&mut self, seconds: u64) {
        self.time += seconds;
        self.look();
    }

    /// The member sends something, which is recorded. Returns whether it is accepted.
    fn send(&mut self) -> Result<(), Refused> {
        let number = self.recorded.len() as u64;
        let envelope = seal_at(after(self.time), &mut self.member.0, &self.to, &number.to_be_bytes());
        self.recorded.push(envelope.clone());
        self.show(&envelope)
    }

    fn show(&mut self, envelope: &Envelope) -> Result<(), Refused> {
        let (now, mut payload) = (self.clock(), envelope.payload.clone());
        let opened = self.receiver.open(Kind::Message, &self.to, now, &mut payload, None)?;
        for message in opened.messages {
            let number = u64::from_be_bytes(message.try_into().expect("as sent"));
            assert!(self.delivered.insert(number), "{number} is delivered twice");
        }
        Ok(())
    }

    /// Asks `other` for the time. Returns whether its receipt confirms the clock.
    fn ask_for_time(&mut self) -> bool {
        let (now, right) = (self.clock(), after(self.time));
        let to = self.domain.clock(&computer("SRV1"));
        let mut question = Envelope::default();
        let Ok(request) = self.asking.seal_into(Kind::Confirmed, &to, now, None, b"", &mut question) else {
            return false;
        };
        let (member, opener) = &mut self.member;
        let Ok(asked) = opener.open(Kind::Confirmed, &to, right, &mut question.payload, None) else { return false };
        let mut answer = Envelope::default();
        member.receipt_into(&asked.request, right, DeliveryOutcome::NoSuchSlot, &mut answer).expect("there is a key");
        self.receiver.confirm_clock(&request, "SRV2", now, &mut answer.payload).is_ok()
    }
}

const HOURS: i64 = 3600;

#[test]
fn a_clock_that_was_wrong_at_the_start_and_is_set_right_keeps_nothing_out() {
    for ahead in [2 * HOURS, -2 * HOURS, -20_000 * 24 * HOURS] {
        let mut world = World::new(ahead);
        world.pass(100);
        assert!(world.send().is_err());
        world.set_clock(0);
        assert!(world.receiver.is_clock_in_doubt());
        assert!(world.ask_for_time(), "{ahead}");
        assert!(!world.receiver.is_clock_in_doubt());
        assert_eq!(world.send(), Ok(()), "{ahead}");
    }
}

#[test]
fn a_clock_that_is_set_back_lets_nothing_in_from_before_the_start() {
    let mut world = World::new(0);
    world.pass(1000);
    world.send().expect("it is fresh");
    world.pass(10);
    world.restart(0);
    world.pass(1000);
    world.set_clock(-2010);
    let old = world.recorded[0].clone();
    // By the clock it would be fresh, and later than the start; but the clock of the only member differs.
    assert!(!world.ask_for_time());
    world.pass(1000);
    assert_eq!(world.show(&old), Err(Refused::BeforeStart));
    world.set_clock(0);
    assert_eq!(world.send(), Ok(()), "set right again, nobody has to be asked");
}

#[test]
fn who_was_behind_and_is_set_right_gets_nothing_from_before_its_start() {
    let mut world = World::new(0);
    world.send().expect("it is fresh");
    world.pass(30);
    world.restart(-2 * HOURS);
    world.pass(5);
    world.set_clock(0);
    let old = world.recorded[0].clone();
    assert_eq!(world.show(&old), Err(Refused::BeforeStart));
    assert_eq!(world.send(), Ok(()));
}

#[test]
fn computers_whose_clocks_are_set_together_tell_each_other() {
    let (domain, hours) = (domain(), Duration::from_secs(2 * 3600));
    let names = ["SRV1", "SRV2"];
    let mut openers = names.map(|_| Opener::new(domain.clone(), NOW + hours, Limits::default()));
    let mut sealers = names.map(|name| sealer(&domain, name));
    openers.iter_mut().for_each(|opener| opener.clock_says(NOW));
    for (asks, tells) in [(0, 1), (1, 0)] {
        let to = domain.clock(&computer(names[tells]));
        let mut question = Envelope::default();
        let now = after(10);
        let request = sealers[asks].seal_into(Kind::Confirmed, &to, now, None, b"", &mut question).expect("small");
        let asked = openers[tells].open(Kind::Confirmed, &to, now, &mut question.payload, None);
        let asked = asked.expect("it is let in").request;
        let mut answer = Envelope::default();
        sealers[tells].receipt_into(&asked, now, DeliveryOutcome::NoSuchSlot, &mut answer).expect("there is a key");
        let own = openers[asks].confirm_clock(&request, names[tells], now, &mut answer.payload.clone());
        assert_eq!(own, Err(Refused::Clock), "nobody confirms his own clock");
        assert_eq!(openers[asks].confirm_clock(&request, names[asks], now, &mut answer.payload), Ok(()));
        assert!(!openers[asks].is_clock_in_doubt());
    }
}

#[test]
fn nothing_but_the_question_for_the_time_is_older_than_the_start() {
    let domain = domain();
    let mut receiver = Opener::new(domain.clone(), after(30), Limits::default());
    let clock = domain.clock(&computer("SRV2"));
    let other = domain.directed(&computer("SRV2"), &slot("clock")).expect("short");
    let mut sender = sealer(&domain, "SRV1");
    for (kind, to, data, expected) in [
        (Kind::Confirmed, &clock, &b""[..], true),
        (Kind::Confirmed, &clock, b"x", false),
        (Kind::Message, &clock, b"", false),
        (Kind::Confirmed, &other, b"", false),
    ] {
        let mut envelope = Envelope::default();
        sender.seal_into(kind, to, NOW, None, data, &mut envelope).expect("small");
        // Even that only once.
        for expected in [expected, false] {
            let opened = receiver.open(kind, to, after(31), &mut envelope.payload.clone(), None).is_ok();
            assert_eq!(opened, expected, "{kind:?} {data:?}");
        }
    }
}

#[test]
fn it_is_known_whose_clock_differs_and_by_how_much() {
    let domain = domain();
    let (to, mut receiver) = (alerts(&domain), opener(&domain));
    assert_eq!(receiver.other_clock(), None);
    let envelope = seal_at(before(3000), &mut sealer(&domain, "SRV1"), &to, b"x");
    assert_eq!(open(&mut receiver, &to, &envelope), Err(Refused::Clock));
    let other = receiver.other_clock().expect("it was refused");
    assert_eq!((other.computer.as_str(), other.time, other.here), ("SRV1", before(3000), NOW));
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Pass(u64),
    SetClock(i64),
    Restart(i64),
    Send,
    Show(prop::sample::Index),
    AskForTime,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let ahead = prop_oneof![Just(0), -90..90_i64, -5000..5000_i64];
    // A clock that is behind at the start is the only fault that cannot be detected before it is set.
    let at_start = prop_oneof![Just(0), 0..5000_i64];
    let step = prop_oneof![
        (0..100_u64).prop_map(Step::Pass),
        (0..3000_u64).prop_map(Step::Pass),
        ahead.prop_map(Step::SetClock),
        at_start.prop_map(Step::Restart),
        Just(Step::Send),
        Just(Step::Send),
        any::<prop::sample::Index>().prop_map(Step::Show),
        any::<prop::sample::Index>().prop_map(Step::Show),
        Just(Step::AskForTime),
    ];
    prop::collection::vec(step, 1..60)
}

proptest! {
    /// However the clock of a running receiver is set, and whatever it is sent, nothing is delivered twice. It accepts
    /// messages again as soon as its clock is right and another member has confirmed it.
    #[test]
    fn no_setting_of_clocks_delivers_anything_twice_or_keeps_anything_out_for_long(steps in steps()) {
        let mut world = World::new(0);
        for step in steps {
            match step {
                Step::Pass(seconds) => world.pass(seconds),
                Step::SetClock(ahead) => world.set_clock(ahead),
                Step::Restart(ahead) => world.restart(ahead),
                Step::Send => drop(world.send()),
                Step::Show(index) if !world.recorded.is_empty() => {
                    let envelope = world.recorded[index.index(world.recorded.len())].clone();
                    let _ = world.show(&envelope);
                }
                Step::Show(_) => {}
                Step::AskForTime => drop(world.ask_for_time()),
            }
        }
        world.set_clock(0);
        // A receiver that has confirmed its clock before need not ask again.
        if world.receiver.is_clock_in_doubt() {
            prop_assert!(world.ask_for_time());
        }
        world.pass(1);
        prop_assert_eq!(world.send(), Ok(()));
    }
}
