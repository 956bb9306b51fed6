//! Requests and their replies.

use std::sync::Arc;
use std::time::Duration;

use mailslot_domain::{DeliveryOutcome, Domain, Envelope, Error, Kind, Refused, Request, Sealer, SessionId};
use proptest::prelude::*;

use crate::limits;
use crate::members::*;

const WITHIN: Duration = Duration::from_millis(1500);

/// A request to all, as the sender's and the receiver's request.
fn ask(domain: &Arc<Domain>, sender: &mut Sealer) -> (Request, Request) {
    let to = alerts(domain);
    let mut envelope = Envelope::default();
    let request = sender.request_into(&to, NOW, WITHIN, b"x", &mut envelope).expect("small");
    let mut receiver = opener(domain);
    let opened = receiver.open(Kind::Confirmed, &to, NOW, &mut envelope.payload, None).expect("sealed by a member");
    assert_eq!((opened.within, opened.authenticated), (Some(WITHIN), true));
    assert_eq!(opened.messages.collect::<Vec<_>>(), [b"x"]);
    (request, opened.request)
}

fn reply(sealer: &mut Sealer, request: &Request, data: &[u8]) -> Vec<u8> {
    let mut envelope = Envelope::default();
    sealer.reply_into(request, NOW, data, &mut envelope).expect("there is a key");
    envelope.payload
}

proptest! {
    #[test]
    fn replies_are_what_was_replied(data: Vec<u8>) {
        let domain = domain();
        let (request, at_receiver) = ask(&domain, &mut sealer(&domain, "SRV1"));
        let mut payload = reply(&mut sealer(&domain, "SRV2"), &at_receiver, &data);
        let mut opener = opener(&domain);
        let found = opener.open_reply(&request, NOW, &mut payload).expect("sealed by a member");
        prop_assert_eq!((found.computer, found.outcome, found.data), ("SRV2", DeliveryOutcome::Delivered, &data[..]));
    }
}

#[test]
fn a_receipt_says_why_there_is_no_reply() {
    let domain = domain();
    for outcome in [
        DeliveryOutcome::NoSuchSlot,
        DeliveryOutcome::Full,
        DeliveryOutcome::Refused,
        DeliveryOutcome::TooLarge,
        DeliveryOutcome::Other(77),
    ] {
        let (request, at_receiver) = ask(&domain, &mut sealer(&domain, "SRV1"));
        let mut envelope = Envelope::default();
        sealer(&domain, "SRV2").receipt_into(&at_receiver, NOW, outcome, &mut envelope).expect("there is a key");
        let mut opener = opener(&domain);
        let found = opener.open_reply(&request, NOW, &mut envelope.payload).expect("sealed by a member");
        assert_eq!((found.outcome, found.data), (outcome, &b""[..]));
    }
}

#[test]
fn replies_fit_no_other_request_and_nobody_else_makes_or_changes_them() {
    let (domain, other) = (domain(), domain());
    let mut sender = sealer(&domain, "SRV1");
    let (first, at_receiver) = ask(&domain, &mut sender);
    let (second, _) = ask(&domain, &mut sender);
    let mut opener = opener(&domain);
    let true_reply = reply(&mut sealer(&domain, "SRV2"), &at_receiver, b"yes");
    assert_eq!(opener.open_reply(&second, NOW, &mut true_reply.clone()), Err(Refused::Forged));
    for bit in 0..8 * true_reply.len() {
        let mut changed = true_reply.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        assert!(opener.open_reply(&first, NOW, &mut changed).is_err(), "bit {bit}");
    }
    let mut foreign = reply(&mut sealer(&other, "SRV2"), &at_receiver, b"no");
    assert_eq!(opener.open_reply(&first, NOW, &mut foreign), Err(Refused::KeyUnknown));
    let mut message = seal(&mut sealer(&domain, "SRV2"), &alerts(&domain), b"\x01no");
    assert_eq!(opener.open_reply(&first, NOW, &mut message.payload), Err(Refused::Malformed));
    assert!(opener.open_reply(&first, NOW, &mut true_reply.clone()).is_ok());
    // As a receipt it has too much data.
    assert!(opener.open_receipt(&first, NOW, &mut true_reply.clone(), None).is_err());
}

#[test]
fn sizes_are_limited_on_both_ways() {
    let domain = domain();
    let limits = limits(|limits| limits.max_message_size = 10);
    let mut small = Sealer::new(domain.clone(), "SRV2", SessionId::new([7; 16]), limits).expect("a good name");
    let too_large = |error| matches!(error, Error::TooLarge { size: 11, limit: 10 });
    let mut envelope = Envelope::default();
    let asked = small.request_into(&alerts(&domain), NOW, WITHIN, &[0; 11], &mut envelope);
    assert!(asked.is_err_and(too_large) && envelope == Envelope::default());
    let (request, at_receiver) = ask(&domain, &mut sealer(&domain, "SRV1"));
    let replied = small.reply_into(&at_receiver, NOW, &[0; 11], &mut envelope);
    assert!(replied.is_err_and(too_large) && envelope == Envelope::default());
    let mut opener = mailslot_domain::Opener::new(domain.clone(), NOW, limits);
    for (size, fits) in [(10, true), (11, false), (5000, false)] {
        let mut payload = reply(&mut sealer(&domain, "SRV2"), &at_receiver, &vec![0; size]);
        assert_eq!(opener.open_reply(&request, NOW, &mut payload).is_ok(), fits, "{size}");
    }
}

/// Nothing there would authenticate the reply.
#[test]
fn open_domains_have_no_requests() {
    let domain = Domain::open("PLANT").expect("a good name");
    let mut envelope = Envelope::default();
    let asked = sealer(&domain, "SRV1").request_into(&alerts(&domain), NOW, WITHIN, b"x", &mut envelope);
    let Err(Error::Open(_)) = asked else { panic!("{asked:?}") };
    let mut sender = sealer(&domain, "SRV1");
    let request = sender.seal_into(Kind::Confirmed, &alerts(&domain), NOW, None, b"x", &mut envelope).expect("small");
    assert!(sender.reply_into(&request, NOW, b"x", &mut envelope).is_err());
    assert!(opener(&domain).open_reply(&request, NOW, &mut [1, 2, 3]).is_err());
}

/// A put cannot carry a request.
#[test]
fn a_request_is_no_message() {
    let domain = domain();
    let mut envelope = Envelope::default();
    let to = alerts(&domain);
    sealer(&domain, "SRV1").request_into(&to, NOW, WITHIN, b"x", &mut envelope).expect("small");
    let found = opener(&domain).open(Kind::Message, &to, NOW, &mut envelope.payload, None);
    assert_eq!(found, Err(Refused::Malformed));
}
