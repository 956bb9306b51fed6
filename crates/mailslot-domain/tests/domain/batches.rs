//! Messages that are sealed together.

use mailslot_domain::{Batch, Domain, Envelope, Error, Kind, Limits, Opener, Refused, Sealer, SessionId};

use crate::envelope::{DOMAINS, broadcast_bytes, sealed_by_member};
use crate::limits;
use crate::members::*;

fn batch(messages: &[&[u8]]) -> Batch {
    let mut batch = Batch::new(&Limits::default());
    assert!(messages.iter().all(|message| batch.push(message)));
    batch
}

fn seal_batch(sealer: &mut Sealer, domain: &Domain, messages: &[&[u8]]) -> Envelope {
    let mut envelope = Envelope::default();
    sealer.seal_batch_into(&alerts(domain), NOW, &batch(messages), &mut envelope).expect("it can be sealed");
    envelope
}

#[test]
fn each_message_counts_for_itself() {
    let domain = domain();
    let to = alerts(&domain);
    let (mut sender, mut opener) = (sealer(&domain, "SRV1"), opener(&domain));
    let first = seal(&mut sender, &to, b"0");
    let lost = seal_batch(&mut sender, &domain, &[b"1", b"2", b"3"]);
    let next = seal_batch(&mut sender, &domain, &[b"4", b""]);
    let last = seal(&mut sender, &to, b"6");
    assert!(open(&mut opener, &to, &first).is_ok() && open(&mut opener, &to, &last).is_ok());
    assert_eq!((opener.counters().opened, opener.counters().lost), (2, 5));
    let messages = |opened: mailslot_domain::Opened<'_>| opened.messages.map(<[u8]>::to_vec).collect::<Vec<_>>();
    assert_eq!(open_with(NOW, &mut opener, &to, &next, messages), Ok(vec![b"4".to_vec(), Vec::new()]));
    assert_eq!((opener.counters().opened, opener.counters().lost), (4, 3));
    for again in [&first, &next, &last] {
        assert_eq!(open(&mut opener, &to, again), Err(Refused::Replayed));
    }
    assert_eq!(open(&mut opener, &to, &lost), Ok(b"123".to_vec()));
    assert_eq!((opener.counters().opened, opener.counters().lost), (7, 0));
}

#[test]
fn messages_that_are_too_large_are_left_out_and_counted() {
    let domain = domain();
    let small = limits(|limits| limits.max_message_size = 3);
    let mut opener = Opener::new(domain.clone(), before(60), small);
    let envelope = seal_batch(&mut sealer(&domain, "SRV1"), &domain, &[b"abc", b"abcd", b"", b"abcde"]);
    assert_eq!(open(&mut opener, &alerts(&domain), &envelope), Ok(b"abc".to_vec()));
    let counters = opener.counters();
    assert_eq!((counters.opened, counters.refused(Refused::TooLarge), counters.lost), (2, 2, 0));
}

#[test]
fn one_message_is_sealed_as_such_and_none_not_at_all() {
    let domain = domain();
    let sealer =
        || Sealer::new(domain.clone(), "SRV1", SessionId::new([1; 16]), Limits::default()).expect("a good name");
    let alone = seal(&mut sealer(), &alerts(&domain), b"x");
    assert_eq!(seal_batch(&mut sealer(), &domain, &[b"x"]), alone);
    assert_eq!(seal_batch(&mut sealer(), &domain, &[]), Envelope::default());
}

#[test]
fn confirmed_writes_are_no_batches() {
    let to = alerts(&DOMAINS[0]);
    let plaintext = [&NOW.as_millis().to_be_bytes()[..], b"\x02\x01A\0\0\0\x01x\0\0\0\x01y"].concat();
    let mut payload = sealed_by_member(Kind::Confirmed as u8, [9; 16], 1, &broadcast_bytes(&to), &plaintext);
    let mut opener = opener(&DOMAINS[0]);
    assert_eq!(opener.open(Kind::Confirmed, &to, NOW, &mut payload, None), Err(Refused::Malformed));
}

#[test]
fn open_domains_have_no_batches() {
    let domain = Domain::open("PLANT").expect("a good name");
    let (mut sender, mut envelope) = (sealer(&domain, "SRV1"), Envelope::default());
    let result = sender.seal_batch_into(&alerts(&domain), NOW, &batch(&[b"x"]), &mut envelope);
    assert!(matches!(result, Err(Error::Open(_))), "{result:?}");
}
