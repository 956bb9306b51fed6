//! Confirmed writes and their receipts.

use mailslot_domain::{DeliveryOutcome, Domain, Envelope, Kind, Receipt, Refused, Request, Sealer};

use crate::members::*;

/// A confirmed write to all, as the sender's and the receiver's request.
fn write(domain: &std::sync::Arc<Domain>, sender: &mut Sealer) -> (Request, Request) {
    let to = alerts(domain);
    let mut envelope = Envelope::default();
    let request = sender.seal_into(Kind::Confirmed, &to, NOW, None, b"x", &mut envelope).expect("small");
    let attachment = Some(&envelope.attachment[..]).filter(|attachment| !attachment.is_empty());
    let mut receiver = opener(domain);
    let opened =
        receiver.open(Kind::Confirmed, &to, NOW, &mut envelope.payload, attachment).expect("sealed by a member");
    (request, opened.request)
}

fn receipt(sealer: &mut Sealer, request: &Request, outcome: DeliveryOutcome) -> Envelope {
    let mut envelope = Envelope::default();
    sealer.receipt_into(request, NOW, outcome, &mut envelope).expect("there is a key");
    envelope
}

#[test]
fn receipts_tell_what_became_of_a_write() {
    for domain in [domain(), Domain::open("PLANT").expect("a good name")] {
        let (mut sender, mut receiver) = (sealer(&domain, "SRV1"), sealer(&domain, "SRV2"));
        let outcomes = [
            DeliveryOutcome::Delivered,
            DeliveryOutcome::NoSuchSlot,
            DeliveryOutcome::Full,
            DeliveryOutcome::Refused,
            DeliveryOutcome::TooLarge,
            DeliveryOutcome::Other(77),
        ];
        for outcome in outcomes {
            let (request, at_receiver) = write(&domain, &mut sender);
            let mut envelope = receipt(&mut receiver, &at_receiver, outcome);
            let Envelope { payload, attachment } = &mut envelope;
            let attachment = Some(&attachment[..]).filter(|attachment| !attachment.is_empty());
            let found = opener(&domain).open_receipt(&request, NOW, payload, attachment);
            let authenticated = domain.is_sealed();
            assert_eq!(found, Ok(Receipt { computer: "SRV2".to_owned(), outcome, authenticated }));
        }
    }
}

#[test]
fn receipts_fit_no_other_write() {
    let domain = domain();
    let mut sender = sealer(&domain, "SRV1");
    let (first, at_receiver) = write(&domain, &mut sender);
    let (second, _) = write(&domain, &mut sender);
    let other = domain.directed(&computer("SRV2"), &slot("alerts")).expect("short");
    let mut scratch = Envelope::default();
    let same_number = sender.seal_into(Kind::Confirmed, &other, NOW, None, b"x", &mut scratch).expect("small");
    let envelope = receipt(&mut sealer(&domain, "SRV2"), &at_receiver, DeliveryOutcome::Delivered);
    let mut opener = opener(&domain);
    for request in [&second, &same_number] {
        let found = opener.open_receipt(request, NOW, &mut envelope.payload.clone(), None);
        assert_eq!(found, Err(Refused::Forged));
    }
    assert!(opener.open_receipt(&first, NOW, &mut envelope.payload.clone(), None).is_ok());
}

#[test]
fn receipts_cannot_be_changed_or_made_by_strangers() {
    let (domain, other) = (domain(), domain());
    let (request, at_receiver) = write(&domain, &mut sealer(&domain, "SRV1"));
    let envelope = receipt(&mut sealer(&domain, "SRV2"), &at_receiver, DeliveryOutcome::Delivered);
    let mut opener = opener(&domain);
    for bit in 0..8 * envelope.payload.len() {
        let mut changed = envelope.payload.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        assert!(opener.open_receipt(&request, NOW, &mut changed, None).is_err(), "bit {bit}");
    }
    let mut foreign = receipt(&mut sealer(&other, "SRV2"), &at_receiver, DeliveryOutcome::Delivered);
    assert_eq!(opener.open_receipt(&request, NOW, &mut foreign.payload, None), Err(Refused::KeyUnknown));
    let mut message = seal(&mut sealer(&domain, "SRV2"), &alerts(&domain), b"\x01");
    assert_eq!(opener.open_receipt(&request, NOW, &mut message.payload, None), Err(Refused::Malformed));
}

/// The same nonce with the same key would reveal both messages.
#[test]
fn two_receipts_for_one_write_are_numbered_apart() {
    let domain = domain();
    let (_, at_receiver) = write(&domain, &mut sealer(&domain, "SRV1"));
    let mut receiver = sealer(&domain, "SRV2");
    let one = receipt(&mut receiver, &at_receiver, DeliveryOutcome::Full);
    let two = receipt(&mut receiver, &at_receiver, DeliveryOutcome::Delivered);
    assert_ne!(one.payload[26..34], two.payload[26..34]);
}
