//! Keys over time.

use std::sync::Arc;
use std::time::Duration;

use mailslot_domain::{Domain, Error, KeyId, Presence, Refused};

use crate::members::*;

const OVERLAP: Duration = Duration::from_secs(1000);

fn sending(domain: &Domain, seconds: u64) -> KeyId {
    domain.sending_key(after(seconds)).expect("there is a key").id()
}

/// A domain, and the same after a rotation now.
fn rotated() -> (Arc<Domain>, Arc<Domain>) {
    let old = domain();
    let new = old.rotated(NOW, OVERLAP, [7; 32]).expect("sealed");
    (old, Arc::new(new))
}

#[test]
fn the_new_key_seals_after_half_of_the_overlap() {
    let (old, new) = rotated();
    assert_eq!(sending(&new, 499), old.keys()[0].id());
    assert_eq!(sending(&new, 500), new.keys()[1].id());
    assert_eq!(new.keys()[0].accept_until(), Some(after(1000)));
    assert_eq!([0, 500, 1000].map(|s| new.next_change(after(s))), [Some(after(500)), Some(after(1000)), None]);
}

#[test]
fn members_with_the_old_and_the_new_file_understand_each_other_for_half_of_the_overlap() {
    let (old, new) = rotated();
    let to = alerts(&old);
    assert_eq!(to, alerts(&new), "key expressions stay");
    for (sender, receiver) in [(&old, &new), (&new, &old)] {
        let envelope = seal_at(after(499), &mut sealer(sender, "SRV1"), &to, b"x");
        assert!(open_at(after(499), &mut opener(receiver), &to, &envelope).is_ok());
    }
    let late = seal_at(after(500), &mut sealer(&new, "SRV1"), &to, b"x");
    assert_eq!(open_at(after(500), &mut opener(&old), &to, &late), Err(Refused::KeyUnknown));
}

#[test]
fn nothing_sealed_with_the_old_key_is_opened_after_the_overlap() {
    let (old, new) = rotated();
    let to = alerts(&old);
    let mut sender = sealer(&old, "SRV1");
    let mut receiver = opener(&new);
    let envelope = seal_at(after(999), &mut sender, &to, b"x");
    assert!(open_at(after(999), &mut receiver, &to, &envelope).is_ok());
    let envelope = seal_at(after(1000), &mut sender, &to, b"x");
    assert_eq!(open_at(after(1000), &mut receiver, &to, &envelope), Err(Refused::KeyExpired));
    let error = new.sending_key(before(100_000)).expect_err("no key has begun");
    assert!(matches!(error, Error::NoKey { next: Some(_), .. }) && error.to_string().contains("set the clock"));
}

#[test]
fn numbers_go_on_under_the_next_key() {
    let (_, new) = rotated();
    let to = alerts(&new);
    let (mut sender, mut receiver) = (sealer(&new, "SRV1"), opener(&new));
    let first = seal_at(after(499), &mut sender, &to, b"1");
    let second = seal_at(after(500), &mut sender, &to, b"2");
    assert_ne!(first.payload[2..10], second.payload[2..10], "key ids");
    for envelope in [&second, &first] {
        assert!(open_at(after(500), &mut receiver, &to, envelope).is_ok(), "in any order");
        assert_eq!(open_at(after(500), &mut receiver, &to, envelope), Err(Refused::Replayed));
    }
}

#[test]
fn a_running_node_takes_the_new_file() {
    let (old, new) = rotated();
    let to = alerts(&old);
    let (mut sender, mut receiver) = (sealer(&old, "SRV1"), opener(&old));
    let first = seal(&mut sender, &to, b"1");
    assert!(open(&mut receiver, &to, &first).is_ok());
    sender.update(new.clone());
    receiver.update(new);
    assert_eq!(open(&mut receiver, &to, &first), Err(Refused::Replayed), "what was let in stays known");
    let second = seal_at(after(600), &mut sender, &to, b"2");
    assert_eq!(second.payload[33], 2, "numbers go on");
    assert!(open_at(after(600), &mut receiver, &to, &second).is_ok());
    assert_eq!(receiver.counters().lost, 0);
}

#[test]
fn keys_that_have_ended_leave_with_the_next_rotation() {
    let (_, new) = rotated();
    let soon = new.rotated(after(100), OVERLAP, [8; 32]).expect("sealed");
    let ends: Vec<_> = soon.keys().iter().map(|key| key.accept_until()).collect();
    assert_eq!(ends, [Some(after(1000)), Some(after(1100)), None], "an end that is set does not move");
    let later = new.rotated(after(2000), OVERLAP, [8; 32]).expect("sealed");
    assert_eq!(later.keys().len(), 2);
    assert_eq!(later.keys()[0].id(), new.keys()[1].id());
}

#[test]
fn without_overlap_the_old_key_ends_at_once() {
    let new = domain().rotated(NOW, Duration::ZERO, [7; 32]).expect("sealed");
    assert_eq!(sending(&new, 0), new.keys()[1].id());
    assert_eq!(new.keys()[0].accept_until(), Some(NOW));
}

#[test]
fn presences_end_with_their_key() {
    let (old, new) = rotated();
    let presence = Presence::Node { computer: computer("SRV1") };
    let text = old.presence_key_expression(&presence, NOW, &[1; 16]).expect("short");
    assert_eq!(new.presence(&text, after(999)), Ok(presence));
    assert_eq!(new.presence(&text, after(1000)), Err(Refused::KeyExpired));
}

#[test]
fn open_domains_have_no_keys_to_rotate() {
    let open = Domain::open("PLANT").expect("a good name");
    assert!(matches!(open.rotated(NOW, OVERLAP, [7; 32]), Err(Error::Open(_))));
}
