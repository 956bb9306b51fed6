//! Domains with an authority: what one computer has signed is believed under its name, and nothing else is.

use std::sync::Arc;
use std::time::Duration;

use mailslot_domain::{
    Authority, Batch, DeliveryOutcome, Destination, Domain, Envelope, Error, Kind, Limits, Refused, SessionId, Time,
    random,
};
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use ring::hkdf;

use crate::envelope::{DOMAINS, broadcast_bytes};
use crate::members::*;

const YEAR: Duration = Duration::from_secs(365 * 86_400);
const SECRET: [u8; 32] = [3; 32];
/// Bytes of the header, of a signature, and of a tag.
const HEADER: usize = 34;
const SIGNATURE: usize = 64;

/// An authority, and the domain as its operator has it. The secret of its key is [`SECRET`].
struct Operator {
    authority: Authority,
    domain: Domain,
}

impl Operator {
    fn new() -> Operator {
        let authority = Authority::new("PLANT", &random().expect("random bytes")).expect("a good name");
        let domain = authority.establish(&DOMAINS[0]).expect("sealed, without an authority");
        Operator { authority, domain }
    }

    fn invite(&self, name: &str) -> Arc<Domain> {
        self.invite_with(name, None, (NOW, NOW + YEAR))
    }

    fn invite_with(&self, name: &str, slots: Option<&[&str]>, times: (Time, Time)) -> Arc<Domain> {
        let slots: Option<Vec<_>> = slots.map(|slots| slots.iter().map(|name| slot(name)).collect());
        let random = random().expect("random bytes");
        let invited = self.authority.invite(&self.domain, &computer(name), slots.as_deref(), times, &random);
        through_file(&invited.expect("a small certificate"))
    }

    fn revoke(&mut self, name: &str, now: Time) {
        self.domain = self.authority.revoke(&self.domain, &computer(name), now).expect("its authority");
    }
}

/// The domain as another machine reads it.
fn through_file(domain: &Domain) -> Arc<Domain> {
    Arc::new(Domain::from_toml(&domain.to_toml()).expect("what is written can be read"))
}

/// What a member makes who has the domain's key, and does not keep to the rules: `change` is given the version and the
/// plaintext of `envelope`.
fn reseal(envelope: &Envelope, to: &Destination, change: impl FnOnce(&mut u8, &mut Vec<u8>)) -> Envelope {
    let (header, sealed) = envelope.payload.split_at(HEADER);
    let prk = hkdf::Salt::new(hkdf::HKDF_SHA256, &header[10..26]).extract(&SECRET);
    let (id, to) = (DOMAINS[0].id().expect("sealed"), broadcast_bytes(to));
    let info: [&[u8]; 4] = [b"mailslot 1 stream", &id, &[header[1]], &to];
    let key = LessSafeKey::new(UnboundKey::from(prk.expand(&info, &AES_256_GCM).expect("32 bytes")));
    let mut nonce = [0; 12];
    nonce[4..].copy_from_slice(&header[26..]);
    let nonce = || Nonce::assume_unique_for_key(nonce);
    let (mut header, mut plaintext) = (header.to_vec(), sealed.to_vec());
    let size = key.open_in_place(nonce(), Aad::from(&header), &mut plaintext).expect("the key is right").len();
    plaintext.truncate(size);
    change(&mut header[0], &mut plaintext);
    key.seal_in_place_append_tag(nonce(), Aad::from(&header), &mut plaintext).expect("short");
    Envelope { payload: [header, plaintext].concat(), attachment: Vec::new() }
}

/// The parts of a plaintext: signature, length and certificate, and the rest.
fn parts(plaintext: &[u8]) -> (Vec<u8>, Vec<u8>, Vec<u8>) {
    let (signature, rest) = plaintext.split_at(SIGNATURE);
    let size = 2 + usize::from(u16::from_be_bytes([rest[0], rest[1]]));
    (signature.to_vec(), rest[..size].to_vec(), rest[size..].to_vec())
}

/// The number of what was refused for this reason is 1, and nothing was opened.
fn refuses(domain: &Arc<Domain>, now: Time, to: &Destination, envelope: &Envelope, reason: Refused) {
    let mut opener = opener(domain);
    assert_eq!(open_at(now, &mut opener, to, envelope), Err(reason));
    assert_eq!((opener.counters().refused(reason), opener.counters().opened), (1, 0));
}

#[test]
fn what_a_computer_signs_is_believed_under_its_name() {
    let operator = Operator::new();
    let (one, two) = (operator.invite("SRV1"), operator.invite("SRV2"));
    let to = alerts(&one);
    assert_eq!(to, alerts(&DOMAINS[0]), "names stay");
    let (mut sealer, mut opener) = (sealer(&one, "srv1"), opener(&two));
    for data in [&b""[..], b"x", &[7; 100_000]] {
        let envelope = seal(&mut sealer, &to, data);
        let told = open_with(NOW, &mut opener, &to, &envelope, |opened| {
            opened.messages.eq([data])
                && opened.computer == Some("SRV1")
                && opened.authenticated
                && opened.computer_authenticated
        });
        assert_eq!(told, Ok(true));
        assert_eq!(open(&mut opener, &to, &envelope), Err(Refused::Replayed));
    }
    let mut batch = Batch::new(&Limits::default());
    (0..10).for_each(|number| assert!(batch.push(&[number])));
    let mut envelope = Envelope::default();
    sealer.seal_batch_into(&to, NOW, &batch, &mut envelope).expect("there is a key");
    assert_eq!(open(&mut opener, &to, &envelope).expect("signed"), (0..10).collect::<Vec<u8>>());
    assert_eq!(opener.counters().lost, 0);
}

#[test]
fn a_member_cannot_write_as_another() {
    let operator = Operator::new();
    let (one, two) = (operator.invite("SRV1"), operator.invite("SRV2"));
    let to = alerts(&one);
    let honest = seal(&mut sealer(&one, "SRV1"), &to, b"honest");
    let own = seal(&mut sealer(&two, "SRV2"), &to, b"hostile");
    let mut theirs = Vec::new();
    reseal(&honest, &to, |_, plaintext| theirs.clone_from(plaintext));
    let (signature, certificate, _) = parts(&theirs);
    let rename = |rest: &[u8]| {
        let mut rest = rest.to_vec();
        let at = rest.windows(4).position(|part| part == b"SRV2").expect("the head has the name");
        rest[at + 3] = b'1';
        rest
    };
    // Under its own certificate; under the other's, with its own signature, and with one that the other has made; and
    // without any.
    let renamed = reseal(&own, &to, |_, plaintext| {
        let (signature, certificate, rest) = parts(plaintext);
        *plaintext = [signature, certificate, rename(&rest)].concat();
    });
    refuses(&two, NOW, &to, &renamed, Refused::Certificate);
    let replayed_certificate = reseal(&own, &to, |_, plaintext| {
        let (signature, _, rest) = parts(plaintext);
        *plaintext = [signature, certificate.clone(), rename(&rest)].concat();
    });
    refuses(&two, NOW, &to, &replayed_certificate, Refused::Signature);
    let replayed_signature = reseal(&own, &to, |_, plaintext| {
        let (_, _, rest) = parts(plaintext);
        *plaintext = [signature.clone(), certificate.clone(), rename(&rest)].concat();
    });
    refuses(&two, NOW, &to, &replayed_signature, Refused::Signature);
    let unsigned = reseal(&own, &to, |version, plaintext| {
        let (_, _, rest) = parts(plaintext);
        *version = 1;
        *plaintext = rename(&rest);
    });
    refuses(&two, NOW, &to, &unsigned, Refused::Unsigned);
    // A member whose file has no authority any more, or never had one.
    refuses(&two, NOW, &to, &seal(&mut sealer(&DOMAINS[0], "SRV1"), &to, b"x"), Refused::Unsigned);
    refuses(&DOMAINS[0].clone(), NOW, &to, &honest, Refused::Version);
}

#[test]
fn every_bit_of_what_is_signed_counts() {
    let operator = Operator::new();
    let (one, two) = (operator.invite("SRV1"), operator.invite("SRV2"));
    let to = alerts(&one);
    let envelope = seal(&mut sealer(&one, "SRV1"), &to, b"data");
    let mut size = 0;
    reseal(&envelope, &to, |_, plaintext| size = plaintext.len());
    let mut opener = opener(&two);
    for bit in 0..8 * size {
        let changed = reseal(&envelope, &to, |_, plaintext| plaintext[bit / 8] ^= 1 << (bit % 8));
        let refused = open(&mut opener, &to, &changed).expect_err("changed");
        let expected = [
            Refused::Signature,
            Refused::Certificate,
            Refused::Malformed,
            Refused::Clock,
            Refused::BeforeStart,
            // A plain message that claims to be a batch.
            Refused::TooLarge,
        ];
        assert!(expected.contains(&refused), "{bit}: {refused:?}");
    }
    for end in 0..size {
        let cut = reseal(&envelope, &to, |_, plaintext| plaintext.truncate(end));
        open(&mut opener, &to, &cut).expect_err("cut");
    }
    assert_eq!(opener.counters().opened, 0);
    assert_eq!(open(&mut opener, &to, &envelope), Ok(b"data".to_vec()), "nothing of it has had an effect");
}

#[test]
fn nobody_uses_up_the_numbers_of_another() {
    let operator = Operator::new();
    let (one, two) = (operator.invite("SRV1"), operator.invite("SRV2"));
    let to = alerts(&one);
    let session = SessionId::new([9; 16]);
    let limits = Limits::default();
    let mut honest = mailslot_domain::Sealer::new(one, "SRV1", session, limits).expect("a good name");
    let mut hostile = mailslot_domain::Sealer::new(two.clone(), "SRV2", session, limits).expect("a good name");
    let mut opener = opener(&two);
    for _ in 0..5 {
        assert!(open(&mut opener, &to, &seal(&mut hostile, &to, b"x")).is_ok());
    }
    for _ in 0..5 {
        assert!(open(&mut opener, &to, &seal(&mut honest, &to, b"x")).is_ok());
    }
}

#[test]
fn certificates_count_between_their_times() {
    let operator = Operator::new();
    let two = operator.invite("SRV2");
    let to = alerts(&two);
    let one = operator.invite_with("SRV1", None, (after(600), after(1200)));
    let mut sealer = sealer(&one, "SRV1");
    refuses(&two, after(500), &to, &seal_at(after(500), &mut sealer, &to, b"x"), Refused::CertificateExpired);
    for now in [after(600), after(1199)] {
        assert!(open_at(now, &mut opener(&two), &to, &seal_at(now, &mut sealer, &to, b"x")).is_ok());
    }
    let late = seal_at(after(1199), &mut sealer, &to, b"x");
    refuses(&two, after(1200), &to, &late, Refused::CertificateExpired);
    let mut scratch = Envelope::default();
    let error = sealer.seal_into(Kind::Message, &to, after(1200), None, b"x", &mut scratch).expect_err("expired");
    assert!(matches!(error, Error::CertificateExpired { .. }) && scratch.payload.is_empty(), "{error}");
}

#[test]
fn rights_are_those_of_the_certificate() {
    let operator = Operator::new();
    let two = operator.invite("SRV2");
    let one = operator.invite_with("SRV1", Some(&["Alerts", r"\\.\mailslot\plant\line 1"]), (NOW, NOW + YEAR));
    let mut sealer = sealer(&one, "SRV1");
    let to = |name: &str| two.broadcast(&slot(name)).expect("short");
    let directed = |name: &str| two.directed(&computer("SRV2"), &slot(name)).expect("short");
    for to in [to("alerts"), directed("ALERTS"), to(r"\\.\mailslot\PLANT\LINE 1")] {
        assert!(open(&mut opener(&two), &to, &seal(&mut sealer, &to, b"x")).is_ok());
    }
    for to in [to("orders"), directed("orders"), to("alert")] {
        refuses(&two, NOW, &to, &seal(&mut sealer, &to, b"x"), Refused::NotAllowed);
    }
    let clock = two.clock(&computer("SRV2"));
    let mut envelope = Envelope::default();
    sealer.seal_into(Kind::Confirmed, &clock, NOW, None, b"", &mut envelope).expect("a key");
    opener(&two)
        .open(Kind::Confirmed, &clock, NOW, &mut envelope.payload, None)
        .expect("everybody may ask for the time");
    let none = operator.invite_with("SRV3", Some(&[]), (NOW, NOW + YEAR));
    refuses(
        &two,
        NOW,
        &to("alerts"),
        &seal(&mut crate::members::sealer(&none, "SRV3"), &to("alerts"), b"x"),
        Refused::NotAllowed,
    );
}

#[test]
fn revoked_certificates_count_no_longer_and_new_ones_do() {
    let mut operator = Operator::new();
    let (old, mut receiver) = (operator.invite("SRV1"), opener(&operator.invite("SRV2")));
    let to = alerts(&old);
    let mut stolen = sealer(&old, "SRV1");
    assert!(open(&mut receiver, &to, &seal(&mut stolen, &to, b"x")).is_ok());
    operator.revoke("SRV1", after(1));
    receiver.update(operator.invite("SRV2"));
    let envelope = seal(&mut stolen, &to, b"x");
    assert_eq!(open(&mut receiver, &to, &envelope), Err(Refused::Revoked));
    assert_eq!(receiver.counters().refused(Refused::Revoked), 1);
    let renewed = operator.invite("SRV1");
    assert!(
        open_at(after(2), &mut receiver, &to, &seal_at(after(2), &mut sealer(&renewed, "SRV1"), &to, b"x")).is_ok()
    );
    assert_eq!(renewed.revoked().collect::<Vec<_>>(), [("SRV1", after(1))]);
    // The computer itself refuses, too, once it knows.
    stolen.update(through_file(&operator.authority.revoke(&old, &computer("SRV1"), after(1)).expect("its authority")));
    let mut scratch = Envelope::default();
    let error = stolen.seal_into(Kind::Message, &to, after(2), None, b"x", &mut scratch).expect_err("revoked");
    assert!(matches!(error, Error::Revoked { .. }), "{error}");
}

#[test]
fn numbers_of_lists_grow_however_the_clock_is_set() {
    let mut operator = Operator::new();
    let mut before = operator.domain.revocations();
    for (name, now) in [("A", after(10)), ("B", after(10)), ("C", NOW), ("A", NOW)] {
        operator.revoke(name, now);
        assert!(operator.domain.revocations() > before);
        before = operator.domain.revocations();
    }
    assert_eq!(operator.domain.revoked().collect::<Vec<_>>(), [("A", after(10)), ("B", after(10)), ("C", NOW)]);
}

#[test]
fn receipts_and_replies_are_the_computers() {
    let operator = Operator::new();
    let (one, two, three) = (operator.invite("SRV1"), operator.invite("SRV2"), operator.invite("SRV3"));
    let to = alerts(&one);
    let mut envelope = Envelope::default();
    let request =
        sealer(&one, "SRV1").request_into(&to, NOW, Duration::from_secs(9), b"x", &mut envelope).expect("small");
    let mut payload = envelope.payload.clone();
    let asked = opener(&two).open(Kind::Confirmed, &to, NOW, &mut payload, None).expect("signed").request;
    let mut asker = opener(&one);
    let answer = |domain: &Arc<Domain>, name: &str| {
        let (mut receipt, mut reply, mut sealer) = (Envelope::default(), Envelope::default(), sealer(domain, name));
        sealer.receipt_into(&asked, NOW, DeliveryOutcome::Delivered, &mut receipt).expect("a key");
        sealer.reply_into(&asked, NOW, b"reply", &mut reply).expect("a key");
        (receipt.payload, reply.payload)
    };
    let (mut receipt, mut reply) = answer(&two, "SRV2");
    let told = asker.open_receipt(&request, NOW, &mut receipt, None).expect("signed");
    assert_eq!((told.computer.as_str(), told.outcome), ("SRV2", DeliveryOutcome::Delivered));
    let told = asker.open_reply(&request, NOW, &mut reply).expect("signed");
    assert_eq!((told.computer, told.data), ("SRV2", &b"reply"[..]));
    // A member that has only the domain's key, as each had before there was an authority.
    let (mut receipt, mut reply) = answer(&DOMAINS[0], "SRV2");
    assert_eq!(asker.open_receipt(&request, NOW, &mut receipt, None), Err(Refused::Unsigned));
    assert_eq!(asker.open_reply(&request, NOW, &mut reply), Err(Refused::Unsigned));
    // Another authority's.
    let foreign = Operator::new().invite("SRV2");
    let (mut receipt, mut reply) = answer(&foreign, "SRV2");
    assert_eq!(asker.open_receipt(&request, NOW, &mut receipt, None), Err(Refused::Certificate));
    assert_eq!(asker.open_reply(&request, NOW, &mut reply), Err(Refused::Certificate));
    let mut revoking = operator;
    revoking.revoke("SRV3", after(1));
    asker.update(revoking.invite("SRV1"));
    let (mut receipt, _) = answer(&three, "SRV3");
    assert_eq!(asker.open_receipt(&request, NOW, &mut receipt, None), Err(Refused::Revoked));
}

#[test]
fn a_computer_without_its_certificate_sends_nothing() {
    let operator = Operator::new();
    let to = alerts(&operator.domain);
    let mut envelope = Envelope::default();
    let mut tries = |domain: Arc<Domain>, name: &str| {
        sealer(&domain, name).seal_into(Kind::Message, &to, NOW, None, b"x", &mut envelope).expect_err("not certified")
    };
    let error = tries(through_file(&operator.domain), "SRV1");
    assert!(matches!(error, Error::NoCertificate { .. }) && error.to_string().contains("invite SRV1"), "{error}");
    let error = tries(operator.invite("SRV2"), "SRV1");
    assert!(matches!(error, Error::OtherCertificate { .. }), "{error}");
}

#[test]
fn files_whose_signatures_are_wrong_are_refused() {
    let mut operator = Operator::new();
    operator.revoke("SRV9", NOW);
    let file = operator.invite_with("SRV1", Some(&["alerts"]), (NOW, NOW + YEAR)).to_toml();
    let other = {
        let mut other = Operator::new();
        other.revoke("SRV9", NOW);
        other.invite("SRV1").to_toml()
    };
    let line = |text: &str, field: &str| {
        text.lines().find(|line| line.starts_with(&format!("{field} = "))).expect("the field is there").to_owned()
    };
    for field in ["certificate", "private-key", "revoked", "authority"] {
        let mixed = file.replace(&line(&file, field), &line(&other, field));
        Domain::from_toml(&mixed).expect_err(field);
        let value = line(&file, field);
        for at in value.find('"').expect("text") + 1..value.len() - 1 {
            let digit = if &value[at..=at] == "0" { "1" } else { "0" };
            let mut changed = value.clone();
            changed.replace_range(at..=at, digit);
            let error = Domain::from_toml(&file.replace(&value, &changed)).expect_err("changed");
            assert!(!error.to_string().contains(&value[at.min(value.len() - 20)..]), "no secrets: {error}");
        }
    }
    for field in ["certificate", "private-key"] {
        Domain::from_toml(&file.replace(&line(&file, field), "")).expect_err("they belong together");
    }
}

#[test]
fn authorities_are_kept_in_files_of_their_own() {
    let operator = Operator::new();
    let text = operator.authority.to_toml();
    let again = Authority::from_toml(&text).expect("what is written can be read");
    let invited = again.invite(&operator.domain, &computer("A"), None, (NOW, NOW + YEAR), &[7; 32]);
    assert_eq!(invited.expect("the same authority").authority(), operator.domain.authority());
    assert!(!format!("{again:?}").contains(text.split('"').nth(3).expect("the key")), "no secret is shown");
    let error = again.establish(&operator.domain).expect_err("it has one");
    assert!(matches!(error, Error::OtherAuthority(_)));
    let error = Operator::new().authority.revoke(&operator.domain, &computer("A"), NOW).expect_err("another one's");
    assert!(matches!(error, Error::OtherAuthority(_)));
    let slots: Vec<_> = (0..100).map(|number| slot(&format!("slot number {number}"))).collect();
    let error = again.invite(&operator.domain, &computer("A"), Some(&slots), (NOW, NOW + YEAR), &[7; 32]);
    assert!(matches!(error.expect_err("too many slots"), Error::CertificateTooLarge { .. }));
}
