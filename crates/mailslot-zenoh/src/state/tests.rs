//! Computers of a domain that exchange sealed bytes, without a network.

use std::collections::HashSet;
use std::time::Duration;

use mailslot::{Mailslot, MailslotOptions, Network, Origin, SlotName};
use mailslot_domain::Presence;

use super::*;
use crate::presences::Whom;

/// Two computers of a domain, without a network.
fn computers(domain: &Arc<Domain>, names: [&str; 2]) -> [Arc<State>; 2] {
    names.map(|name| {
        let computer = name.parse().expect("valid");
        Arc::new(State::new(Arc::clone(domain), &computer, &Settings::default(), Arc::default()).expect("random bytes"))
    })
}

fn sealed() -> Arc<Domain> {
    Domain::sealed("PLANT", now(), &random().expect("random bytes")).expect("valid")
}

fn slot(name: &str) -> SlotName {
    name.parse::<Address>().expect("valid").slot().clone()
}

/// A slot of this process, announced by `state`.
fn open_slot(state: &State, number: u8) -> (Mailslot, SlotName) {
    let name = format!("zenoh-state-{}-{number}", std::process::id());
    let mailslot = MailslotOptions::new().network(Network::Allowed).create(&name).expect("free");
    let name = slot(&name);
    let to = state.domain().directed(&state.computer, &name).expect("short");
    state.add_slot(to, Arc::new(Mutex::new(Inbox::new(name.clone()))));
    (mailslot, name)
}

/// The outcome of an answer that is not a reply.
fn receipt(state: &State, wanted: Wanted) -> Envelope {
    let Answered::Outcome(outcome) = wanted.answer else { panic!("it was not a request") };
    state.receipt(&wanted.request, outcome).expect("there is a key")
}

fn counted(state: &State, label: &str) -> u64 {
    state.counters.all().find(|(name, _)| name == label).expect("a counter").1
}

#[test]
fn what_one_computer_seals_is_in_the_slot_of_another_one_with_its_origin() {
    for (number, domain) in [sealed(), Domain::open("LAB").expect("valid")].into_iter().enumerate() {
        let [a, b] = computers(&domain, ["A", "B"]);
        let (mailslot, name) = open_slot(&b, number as u8);
        let to = domain.directed(&b.computer, &name).expect("short");
        let (envelope, _) = a.seal(Kind::Message, &to, None, b"hello").expect("small");
        let attachment = Some(&envelope.attachment[..]).filter(|attachment| !attachment.is_empty());
        // It is delivered twice, and appears once.
        for _ in 0..2 {
            b.take_directed(to.key_expression(), envelope.payload.clone(), attachment);
        }
        assert_eq!((counted(&b, "delivered"), mailslot.info().expect("ours").count), (1, 1));
        let message = mailslot.receive().expect("there");
        let Origin::Network(origin) = message.origin else { panic!("{:?}", message.origin) };
        assert_eq!((message.data.as_slice(), origin.computer.as_str()), (&b"hello"[..], "A"));
        assert_eq!((origin.authenticated, origin.computer_authenticated), (domain.is_sealed(), false));
        b.remove_slot(&to);
        b.take_directed(to.key_expression(), envelope.payload, None);
        assert_eq!(counted(&b, "undelivered_no_slot"), 1);
    }
}

#[test]
fn a_confirmed_write_is_answered_with_what_became_of_it() {
    let domain = sealed();
    let [a, b] = computers(&domain, ["A", "B"]);
    let (_mailslot, name) = open_slot(&b, 9);
    let confirm = |name: &SlotName| {
        let to = domain.directed(&b.computer, name).expect("short");
        let (envelope, request) = a.seal(Kind::Confirmed, &to, None, b"x").expect("small");
        let receipt = receipt(&b, b.confirm_directed(to.key_expression(), envelope.payload, None)?);
        let receipt = a.open_receipt(&request, receipt.payload, None).expect("by a member");
        assert_eq!(receipt.computer, "B");
        Some(from_domain(receipt.outcome))
    };
    // A missing slot is reported only once all slots are known.
    assert_eq!(confirm(&slot("nothing")), Some(Outcome::Refused));
    b.slots_known();
    assert_eq!(confirm(&slot("nothing")), Some(Outcome::NoSlot));
    assert_eq!(confirm(&name), Some(Outcome::Delivered));
    b.use_keys(sealed());
    assert_eq!(confirm(&name), None, "what it cannot open is not answered");
}

#[test]
fn a_request_is_answered_with_what_the_owner_of_the_slot_replies() {
    let domain = sealed();
    let [a, b] = computers(&domain, ["A", "B"]);
    let (mailslot, name) = open_slot(&b, 11);
    let to = domain.directed(&b.computer, &name).expect("short");
    let ask = || {
        let (envelope, request) = a.seal_request(&to, Duration::from_secs(60), b"ping").expect("small");
        (b.confirm_directed(to.key_expression(), envelope.payload, None).expect("by a member"), request)
    };
    let (wanted, request) = ask();
    let Answered::Replies { replies, within, place } = wanted.answer else { panic!("there is such a slot") };
    assert_eq!(within, Duration::from_secs(60));
    let message = mailslot.receive().expect("there");
    let Origin::Network(origin) = &message.origin else { panic!("{:?}", message.origin) };
    assert_eq!((message.data.as_slice(), origin.computer.as_str(), origin.authenticated), (&b"ping"[..], "A", true));
    message.reply(b"pong").expect("it is waited for");
    let reply = replies.receive_within(Duration::ZERO).expect("there");
    let mut sealed = b.reply(&wanted.request, &reply.data).expect("there is a key");
    let told = a.open_reply(&request, &mut sealed.payload, |reply| (reply.computer.to_owned(), reply.data.to_vec()));
    assert_eq!(told, Some(("B".to_owned(), b"pong".to_vec())));
    let mut large = b.reply(&wanted.request, &[0; (1 << 20) + 1]).expect("there is a key");
    let outcome = a.open_reply(&request, &mut large.payload, |reply| from_domain(reply.outcome));
    assert_eq!(outcome, Some(Outcome::TooLarge));
    // Requests to slots of a user that never reply are bounded.
    let held: Vec<Wanted> = std::iter::from_fn(|| match ask() {
        (Wanted { answer: Answered::Outcome(outcome), .. }, _) => {
            assert_eq!(outcome, Outcome::Full);
            None
        }
        (wanted, _) => Some(wanted),
    })
    .collect();
    assert_eq!(held.len(), MAX_REPLYING / 4 - 1);
    drop((held, place));
    assert!(matches!(ask().0.answer, Answered::Replies { .. }));
}

#[test]
fn presences_are_known_as_long_as_their_key_is_good() {
    let domain = sealed();
    let [a, _] = computers(&domain, ["A", "B"]);
    let presence = Presence::Node { computer: "C".parse().expect("valid") };
    let token = |domain: &Domain, time| {
        domain.presence_key_expression(&presence, time, &random().expect("random bytes")).expect("short")
    };
    let there = token(&domain, now());
    a.presence_is_there(&there, 0);
    assert!(!a.has_computer(presence.computer()), "it is not watched");
    a.presences(|presences| presences.watch(&HashSet::from([Whom::All])));
    a.presence_is_there(&there, 0);
    a.presence_is_there("mailslot/1/nonsense", 0);
    assert!(a.has_computer(presence.computer()) && counted(&a, "presence_refused") == 1);
    assert_eq!(a.known.owner(presence.computer()).as_ref(), a.owner());
    let rotated = domain.rotated(now(), Duration::ZERO, [7; 32]).expect("sealed");
    a.use_keys(Arc::new(rotated));
    a.remove_expired_presences();
    assert!(!a.has_computer(presence.computer()), "its key has expired");
    assert!(a.known.owner(presence.computer()).is_some(), "and it stays this domain's own");
    a.presence_is_gone(&there, 0);
}

#[test]
fn computers_ask_each_other_for_the_time_when_their_clocks_were_set() {
    let domain = sealed();
    let [a, b] = computers(&domain, ["A", "B"]);
    b.slots_known();
    lock(&a.opener).clock_says(Time::from_millis(now().as_millis() - 7_200_000));
    assert!(a.is_clock_in_doubt());
    let to = domain.clock(&b.computer);
    let (question, request) = a.seal(Kind::Confirmed, &to, None, &[]).expect("small");
    let wanted = b.confirm_directed(to.key_expression(), question.payload, None).expect("it is asked nicely");
    let answer = receipt(&b, wanted);
    a.confirm_clock(&request, answer.payload);
    assert!(!a.is_clock_in_doubt());
}

#[test]
fn in_a_domain_with_identities_only_what_a_computer_has_signed_arrives_under_its_name() {
    let authority = mailslot_domain::Authority::new("PLANT", &random().expect("random bytes")).expect("valid");
    let without = sealed();
    let with = authority.establish(&without).expect("sealed");
    let until = now() + Duration::from_secs(3600);
    let invite = |domain: &Domain, name: &str, slots: Option<&[SlotName]>| {
        let (name, random) = (name.parse().expect("valid"), random().expect("random bytes"));
        Arc::new(authority.invite(domain, &name, slots, (now(), until), &random).expect("small"))
    };
    let state = |domain: &Arc<Domain>, name: &str| {
        let computer = name.parse().expect("valid");
        Arc::new(State::new(Arc::clone(domain), &computer, &Settings::default(), Arc::default()).expect("random bytes"))
    };
    let b = state(&invite(&with, "B", None), "B");
    let (mailslot, name) = open_slot(&b, 21);
    let to = with.directed(&b.computer, &name).expect("short");
    let refused = |reason| b.opener_counters().refused(reason);
    let puts = |from: &State| {
        let (envelope, _) = from.seal(Kind::Message, &to, None, b"x")?;
        b.take_directed(to.key_expression(), envelope.payload, None);
        Ok::<_, Error>(counted(&b, "delivered"))
    };
    let a = state(&invite(&with, "A", Some(std::slice::from_ref(&name))), "A");
    assert_eq!(puts(&a).expect("certified"), 1);
    let Origin::Network(origin) = mailslot.receive().expect("there").origin else { panic!("of a computer") };
    let proven = (origin.authenticated, origin.computer_authenticated);
    assert_eq!((origin.computer.as_str(), proven), ("A", (true, true)));

    // A receipt, which A believes from B alone.
    let (envelope, request) = a.seal(Kind::Confirmed, &to, None, b"x").expect("certified");
    let wanted = b.confirm_directed(to.key_expression(), envelope.payload, None).expect("let in");
    let forged = state(&without, "B").receipt(&wanted.request, Outcome::Full).expect("there is a key");
    assert_eq!(a.open_receipt(&request, forged.payload, None), None);
    assert_eq!(a.opener_counters().refused(mailslot_domain::Refused::Unsigned), 1);
    let receipt = a.open_receipt(&request, receipt(&b, wanted).payload, None).expect("signed");
    assert_eq!(receipt.computer, "B");
    assert_eq!(counted(&b, "delivered"), 2);

    // Nothing else gets in, and each try is counted.
    assert_eq!(puts(&state(&without, "A")).expect("there is a key"), 2);
    assert_eq!(refused(mailslot_domain::Refused::Unsigned), 1);
    assert_eq!(puts(&state(&invite(&with, "C", Some(&[slot("other")])), "C")).expect("certified"), 2);
    assert_eq!(refused(mailslot_domain::Refused::NotAllowed), 1);
    let error = puts(&state(&invite(&with, "C", None), "A")).expect_err("C's certificate");
    assert!(matches!(error, Error::OtherCertificate { .. }), "{error}");
    let revoked = authority.revoke(&with, &a.computer, now()).expect("its authority");
    b.use_keys(invite(&revoked, "B", None));
    assert_eq!(puts(&a).expect("it does not know"), 2);
    assert_eq!(refused(mailslot_domain::Refused::Revoked), 1);
    a.use_keys(invite(&revoked, "A", None));
    assert_eq!(puts(&a).expect("invited again"), 3);
}
