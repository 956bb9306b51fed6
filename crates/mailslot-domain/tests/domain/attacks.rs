//! Attacks of strangers and of malicious members. Each refusal is counted under its reason, and refused messages leave
//! no state.

use std::net::Ipv4Addr;
use std::time::Duration;

use mailslot_domain::{Domain, Envelope, Error, Kind, Legacy, Limits, Opener, Refused, Sealer, SessionId};

use crate::envelope::{DOMAINS, broadcast_bytes, sealed_by_member};
use crate::limits;
use crate::members::*;

#[test]
fn recorded_messages_are_delivered_once() {
    let domain = domain();
    let to = alerts(&domain);
    let mut sender = sealer(&domain, "SRV1");
    let messages: Vec<Envelope> = (0..3).map(|n| seal(&mut sender, &to, &[n])).collect();
    let mut opener = opener(&domain);
    for order in [2, 0, 1] {
        assert_eq!(open(&mut opener, &to, &messages[order]), Ok(vec![order as u8]), "in any order");
    }
    for message in &messages {
        assert_eq!(open(&mut opener, &to, message), Err(Refused::Replayed));
    }
    assert_eq!((opener.counters().opened, opener.counters().refused(Refused::Replayed)), (3, 3));
}

#[test]
fn streams_of_one_sender_do_not_disturb_each_other() {
    let domain = domain();
    let (one, other) = (alerts(&domain), domain.broadcast(&slot("other")).expect("short"));
    let mut sender = sealer(&domain, "SRV1");
    let mut opener = opener(&domain);
    for _ in 0..3 {
        for to in [&one, &other] {
            let envelope = seal(&mut sender, to, b"x");
            assert!(open(&mut opener, to, &envelope).is_ok());
        }
    }
    assert_eq!(opener.counters().lost, 0);
}

#[test]
fn gaps_are_counted_as_losses_until_they_close() {
    let domain = domain();
    let to = alerts(&domain);
    let mut sender = sealer(&domain, "SRV1");
    let messages: Vec<Envelope> = (0..10).map(|n| seal(&mut sender, &to, &[n])).collect();
    let mut opener = opener(&domain);
    for (order, lost) in [(2, 0), (3, 0), (7, 3), (5, 2), (0, 2), (9, 3)] {
        assert!(open(&mut opener, &to, &messages[order]).is_ok());
        assert_eq!(opener.counters().lost, lost, "after message {order}");
    }
}

#[test]
fn messages_far_behind_are_too_old() {
    let domain = domain();
    let to = alerts(&domain);
    let mut sender = sealer(&domain, "SRV1");
    let messages: Vec<Envelope> = (0..1026).map(|_| seal(&mut sender, &to, b"x")).collect();
    let mut opener = opener(&domain);
    assert!(open(&mut opener, &to, &messages[1025]).is_ok());
    assert_eq!(open(&mut opener, &to, &messages[1]), Err(Refused::TooOld));
    assert!(open(&mut opener, &to, &messages[2]).is_ok());
}

#[test]
fn clocks_may_differ_by_the_tolerance_and_no_more() {
    let domain = domain();
    let to = alerts(&domain);
    let mut opener = Opener::new(domain.clone(), before(1000), Limits::default());
    for (time, expected) in [
        (before(60), Ok(b"x".to_vec())),
        (before(61), Err(Refused::Clock)),
        (after(60), Ok(b"x".to_vec())),
        (after(61), Err(Refused::Clock)),
    ] {
        let envelope = seal_at(time, &mut sealer(&domain, "SRV1"), &to, b"x");
        assert_eq!(open(&mut opener, &to, &envelope), expected, "{time}");
    }
    assert_eq!(opener.counters().refused(Refused::Clock), 2);
}

#[test]
fn what_was_recorded_before_a_restart_is_not_delivered_after_it() {
    let domain = domain();
    let to = alerts(&domain);
    let envelope = seal_at(before(10), &mut sealer(&domain, "SRV1"), &to, b"x");
    let mut first = Opener::new(domain.clone(), before(20), Limits::default());
    assert!(open_at(before(9), &mut first, &to, &envelope).is_ok());
    let mut restarted = Opener::new(domain.clone(), before(5), Limits::default());
    assert_eq!(open(&mut restarted, &to, &envelope), Err(Refused::BeforeStart));
}

#[test]
fn thousands_of_senders_take_no_more_than_the_table() {
    let domain = domain();
    let to = alerts(&domain);
    let limits = limits(|limits| limits.streams = 1000);
    let mut opener = Opener::new(domain.clone(), before(60), limits);
    let mut first = sealer(&domain, "SRV1");
    assert!(open(&mut opener, &to, &seal(&mut first, &to, b"x")).is_ok());
    for _ in 0..5000 {
        let _ = open(&mut opener, &to, &seal(&mut sealer(&domain, "SRV2"), &to, b"x"));
    }
    assert_eq!((opener.counters().opened, opener.counters().refused(Refused::StreamsFull)), (1000, 4001));
    assert!(open(&mut opener, &to, &seal(&mut first, &to, b"x")).is_ok(), "those who are followed stay so");
    let later = after(121);
    let envelope = seal_at(later, &mut sealer(&domain, "SRV3"), &to, b"x");
    assert!(open_at(later, &mut opener, &to, &envelope).is_ok(), "room comes when others have ended");
}

#[test]
fn forgeries_take_no_room() {
    let domain = domain();
    let to = alerts(&domain);
    let mut opener = Opener::new(domain.clone(), before(60), limits(|limits| limits.streams = 1));
    for _ in 0..100 {
        let mut envelope = seal(&mut sealer(&domain, "SRV1"), &to, b"x");
        *envelope.payload.last_mut().expect("not empty") ^= 1;
        assert_eq!(open(&mut opener, &to, &envelope), Err(Refused::Forged));
    }
    assert!(open(&mut opener, &to, &seal(&mut sealer(&domain, "SRV1"), &to, b"x")).is_ok());
}

#[test]
fn giants_are_refused_on_both_sides() {
    let domain = domain();
    let to = alerts(&domain);
    let small = limits(|limits| limits.max_message_size = 1000);
    let mut sender = Sealer::new(domain.clone(), "SRV1", SessionId::new([1; 16]), small).expect("a good name");
    let mut envelope = Envelope::default();
    let error = sender.seal_into(Kind::Message, &to, NOW, None, &[0; 1001], &mut envelope).expect_err("too large");
    assert!(matches!(error, Error::TooLarge { size: 1001, limit: 1000 }), "{error}");
    assert!(sender.seal_into(Kind::Message, &to, NOW, None, &[0; 1000], &mut envelope).is_ok());
    let mut opener = Opener::new(domain.clone(), before(60), small);
    assert!(open(&mut opener, &to, &envelope).is_ok());
    for size in [1001, 1 << 20] {
        let envelope = seal(&mut sealer(&domain, "SRV1"), &to, &vec![0; size]);
        assert_eq!(open(&mut opener, &to, &envelope), Err(Refused::TooLarge), "{size}");
    }
}

#[test]
fn members_who_do_not_keep_to_the_form_are_refused() {
    let domain = &DOMAINS[0];
    let to = alerts(domain);
    let mut opener = opener(domain);
    let time = NOW.as_millis().to_be_bytes();
    let head = |rest: &[u8]| [&time[..], rest].concat();
    for (name, plaintext, sequence, expected) in [
        ("nothing", vec![], 1, Err(Refused::Malformed)),
        ("only a time", head(&[]), 1, Err(Refused::Malformed)),
        ("unknown flags", head(b"\x03\x01A"), 1, Err(Refused::Malformed)),
        ("an empty batch", head(b"\x02\x01A"), 1, Err(Refused::Malformed)),
        ("a batch cut short", head(b"\x02\x01A\0\0\0\x02x"), 1, Err(Refused::Malformed)),
        ("a batch of 257", head(&[&b"\x02\x01A"[..], &[0; 4 * 257]].concat()), 1, Err(Refused::Malformed)),
        ("a batch behind the end", head(b"\x02\x01A\0\0\0\0\0\0\0\0"), u64::MAX, Err(Refused::Malformed)),
        ("no computer", head(b"\x00\x00"), 1, Err(Refused::Malformed)),
        ("a short computer", head(b"\x00\x02A"), 1, Err(Refused::Malformed)),
        ("no UTF-8", head(b"\x00\x01\xff"), 1, Err(Refused::Malformed)),
        ("no origin", head(b"\x01\x01A"), 1, Err(Refused::Malformed)),
        ("sequence 0", head(b"\x00\x01Ax"), 0, Err(Refused::Malformed)),
        ("the last sequence", head(b"\x00\x01Ax"), u64::MAX, Ok(b"x".to_vec())),
        ("a message", head(b"\x00\x01Ax"), 1, Err(Refused::TooOld)),
    ] {
        let payload = sealed_by_member(1, [9; 16], sequence, &broadcast_bytes(&to), &plaintext);
        let envelope = Envelope { payload, ..Envelope::default() };
        assert_eq!(open(&mut opener, &to, &envelope), expected, "{name}");
    }
}

#[test]
fn a_message_that_two_bridges_carry_is_delivered_once() {
    let legacy = |id| Legacy { id: [id; 16], address: Ipv4Addr::LOCALHOST, computer: "OLD1", domain: "" };
    for domain in [domain(), Domain::open("PLANT").expect("a good name")] {
        let to = alerts(&domain);
        let mut opener = opener(&domain);
        let carried = |bridge, id| seal_from(Some(&legacy(id)), NOW, &mut sealer(&domain, bridge), &to, b"x");
        assert!(open(&mut opener, &to, &carried("BRIDGE1", 1)).is_ok());
        assert_eq!(open(&mut opener, &to, &carried("BRIDGE2", 1)), Err(Refused::Copy));
        assert!(open(&mut opener, &to, &carried("BRIDGE2", 2)).is_ok());
    }
}

#[test]
fn sessions_end_before_their_numbers_begin_again() {
    let domain = domain();
    let limits = limits(|limits| limits.streams = 2);
    let mut sender = Sealer::new(domain.clone(), "SRV1", SessionId::new([1; 16]), limits).expect("a good name");
    let mut send = |name: &str, renew: bool| {
        if renew {
            sender.renew(SessionId::new([2; 16]));
        }
        let to = domain.broadcast(&slot(name)).expect("short");
        sender.seal_into(Kind::Message, &to, NOW, None, b"x", &mut Envelope::default())
    };
    assert!(send("a", false).is_ok() && send("b", false).is_ok() && send("a", false).is_ok());
    assert!(matches!(send("c", false), Err(Error::SessionFull { limit: 2 })));
    assert!(send("c", true).is_ok());
}

/// A caller that ignores an error must not send unsealed data.
#[test]
fn errors_leave_no_plaintext_behind() {
    let domain = domain();
    let to = alerts(&domain);
    let mut sender = sealer(&domain, "SRV1");
    let mut envelope = seal(&mut sender, &to, b"before");
    assert!(sender.seal_into(Kind::Message, &to, before(7200), None, b"secret", &mut envelope).is_err());
    assert_eq!(envelope, Envelope::default());
    let computer = "x".repeat(256);
    let legacy = Legacy { id: [0; 16], address: Ipv4Addr::LOCALHOST, computer: &computer, domain: "" };
    assert!(sender.seal_into(Kind::Message, &to, NOW, Some(&legacy), b"secret", &mut envelope).is_err());
    assert_eq!(envelope, Envelope::default());
}

#[test]
fn open_domains_take_messages_of_any_program_and_name_no_sender() {
    let domain = Domain::open("PLANT").expect("a good name");
    let to = alerts(&domain);
    assert_eq!(to.key_expression(), "mailslot/1/open/PLANT/all/ALERTS");
    let mut opener = opener(&domain);
    let foreign = Envelope { payload: b"x".to_vec(), ..Envelope::default() };
    let told = open_with(NOW, &mut opener, &to, &foreign, |opened| (opened.computer.is_none(), opened.authenticated));
    assert_eq!(told, Ok((true, false)));
    let mut sender = sealer(&domain, "SRV1");
    let envelope = seal(&mut sender, &to, b"x");
    assert_eq!(envelope.payload, b"x");
    assert!(open(&mut opener, &to, &envelope).is_ok());
    assert_eq!(open(&mut opener, &to, &envelope), Err(Refused::Replayed));
    let late = Duration::from_secs(1_000_000);
    assert!(open_at(NOW + late, &mut opener, &to, &seal(&mut sender, &to, b"x")).is_ok(), "clocks do not matter");
    for size in 1..envelope.attachment.len() {
        let cut = Envelope { attachment: envelope.attachment[..size].to_vec(), ..envelope.clone() };
        assert_eq!(open(&mut opener, &to, &cut), Err(Refused::Malformed), "{size}");
    }
}

#[test]
fn open_domains_are_not_silenced_by_a_full_table() {
    let domain = Domain::open("PLANT").expect("a good name");
    let to = alerts(&domain);
    let mut opener = Opener::new(domain.clone(), NOW, limits(|limits| limits.streams = 1));
    for _ in 0..3 {
        assert!(open(&mut opener, &to, &seal(&mut sealer(&domain, "SRV1"), &to, b"x")).is_ok());
    }
}
