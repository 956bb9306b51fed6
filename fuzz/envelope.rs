//! What must hold for anything that arrives in a domain, including from a member that breaks the format: no panic; a
//! message that was accepted is not accepted again; nothing is accepted that no member has sealed; and what is decoded
//! is the same when it is encoded and decoded again.

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use mailslot::Address;
use mailslot_domain::{
    Authority, Batch, Destination, Domain, Envelope, Kind, Limits, Opener, Refused, Sealer, SessionId, Time,
};
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use ring::hkdf;

pub const NOW: Time = Time::from_millis(1_795_564_800_000);
const SECRET: [u8; 32] = [3; 32];

/// A sealed domain whose key is known, and an open one.
pub static DOMAINS: LazyLock<[Arc<Domain>; 2]> = LazyLock::new(|| {
    let mut random = [1; 80];
    random[16..48].fill(2);
    random[48..].copy_from_slice(&SECRET);
    let sealed = Domain::sealed("PLANT", NOW, &random).expect("a good name");
    [sealed, Domain::open("PLANT").expect("a good name")]
});

/// The first byte says what the others are.
pub fn envelope(bytes: &[u8]) {
    let Some((what, bytes)) = bytes.split_first() else { return };
    match what % 9 {
        0 => stranger(bytes),
        1 => member(bytes),
        2 => attachment(bytes),
        3 => receipt(bytes),
        4 => presence(&String::from_utf8_lossy(bytes)),
        5 => destination(&String::from_utf8_lossy(bytes)),
        6 => file(&String::from_utf8_lossy(bytes)),
        7 => confirmed(bytes),
        _ => uncertified(bytes),
    }
}

/// A domain with identities, of the same key, as the computer A has it.
static CERTIFIED: LazyLock<Arc<Domain>> = LazyLock::new(|| {
    let authority = Authority::new("PLANT", &[4; 32]).expect("a good name");
    let computer = "A".parse().expect("a good name");
    let domain = authority.establish(&DOMAINS[0]).expect("sealed");
    let until = NOW + Duration::from_secs(3600);
    Arc::new(authority.invite(&domain, &computer, None, (NOW, until), &[5; 32]).expect("its authority"))
});

/// A member that has the key, and no certificate, makes any plaintext: one that is any bytes, or that begins with the
/// certificate of A.
fn uncertified(bytes: &[u8]) {
    let Some((what, bytes)) = bytes.split_first() else { return };
    let (mut opener, to) = opener(&CERTIFIED);
    let certified = |bytes: &[u8]| {
        let file = CERTIFIED.to_toml();
        let line = file.lines().find_map(|line| line.strip_prefix("certificate = "));
        let digits = line.expect("it was invited").trim_matches('"');
        let certificate: Vec<u8> = (0..digits.len() / 2)
            .map(|at| u8::from_str_radix(&digits[2 * at..2 * at + 2], 16).expect("hexadecimal digits"))
            .collect();
        let (signature, rest) = bytes.split_at(bytes.len().min(64));
        let mut signature = signature.to_vec();
        signature.resize(64, 0);
        let length = u16::try_from(certificate.len()).expect("small").to_be_bytes();
        [&signature[..], &length, &certificate, rest].concat()
    };
    let plaintext = if what % 2 == 0 { bytes.to_vec() } else { certified(bytes) };
    let mut payload = sealed_in_version(2, 1, [9; 16], 1, &broadcast_bytes(&to), &plaintext);
    let refused = opener.open(Kind::Message, &to, NOW, &mut payload, None).expect_err("nobody has signed it");
    assert_ne!(refused, Refused::Forged, "the key is right");
    assert_eq!(opener.counters().opened, 0);
}

/// What a member who has the key can make of any plaintext.
pub fn sealed_by_member(kind: u8, session: [u8; 16], sequence: u64, to: &[u8], plaintext: &[u8]) -> Vec<u8> {
    sealed_in_version(1, kind, session, sequence, to, plaintext)
}

fn sealed_in_version(version: u8, kind: u8, session: [u8; 16], sequence: u64, to: &[u8], plaintext: &[u8]) -> Vec<u8> {
    let domain = &DOMAINS[0];
    let (id, key_id) = (domain.id().expect("sealed"), domain.keys()[0].id().to_string());
    let mut header = vec![version, kind];
    header.extend((0..8).map(|at| u8::from_str_radix(&key_id[2 * at..2 * at + 2], 16).expect("hexadecimal digits")));
    header.extend_from_slice(&session);
    header.extend_from_slice(&sequence.to_be_bytes());
    let prk = hkdf::Salt::new(hkdf::HKDF_SHA256, &session).extract(&SECRET);
    let info: [&[u8]; 4] = [b"mailslot 1 stream", &id, &[kind], to];
    let key = LessSafeKey::new(UnboundKey::from(prk.expand(&info, &AES_256_GCM).expect("32 bytes")));
    let mut nonce = [0; 12];
    nonce[4..].copy_from_slice(&sequence.to_be_bytes());
    let mut sealed = plaintext.to_vec();
    key.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(&header), &mut sealed).expect("short");
    header.extend_from_slice(&sealed);
    header
}

pub fn slot() -> mailslot::SlotName {
    let address: Address = "alerts".parse().expect("a good name");
    address.slot().clone()
}

/// What the keys of messages to all slots `alerts` are derived from.
pub fn broadcast_bytes(to: &Destination) -> Vec<u8> {
    let token = to.key_expression().rsplit('/').next().expect("has parts");
    let token = (0..16).map(|at| u8::from_str_radix(&token[2 * at..2 * at + 2], 16).expect("hexadecimal digits"));
    [1].into_iter().chain(token).collect()
}

fn opener(domain: &Arc<Domain>) -> (Opener, Destination) {
    (Opener::new(domain.clone(), NOW, Limits::default()), domain.broadcast(&slot()).expect("a short name"))
}

fn stranger(bytes: &[u8]) {
    let (mut opener, to) = opener(&DOMAINS[0]);
    let refused = opener.open(Kind::Message, &to, NOW, &mut bytes.to_vec(), Some(bytes)).is_err();
    assert!(refused, "no stranger has a key");
}

fn member(plaintext: &[u8]) {
    let (mut opener, to) = opener(&DOMAINS[0]);
    let payload = sealed_by_member(1, [9; 16], 1, &broadcast_bytes(&to), plaintext);
    let mut copy = payload.clone();
    let Ok(opened) = opener.open(Kind::Message, &to, NOW, &mut copy, None) else { return };
    assert!(opened.authenticated);
    let computer = opened.computer.expect("sealed messages have one");
    assert!(opened.time.expect("and a time") >= NOW);
    let messages: Vec<&[u8]> = opened.messages.collect();
    assert!(messages.last().is_none_or(|last| plaintext.ends_with(last)));
    again(&messages, computer, opened.legacy.as_ref(), opened.time.expect("a time"));
    assert_eq!(opener.open(Kind::Message, &to, NOW, &mut payload.clone(), None), Err(Refused::Replayed));
}

/// The same as a confirmed write, which may be a request.
fn confirmed(plaintext: &[u8]) {
    let (mut opener, to) = opener(&DOMAINS[0]);
    let payload = sealed_by_member(2, [9; 16], 1, &broadcast_bytes(&to), plaintext);
    let mut copy = payload.clone();
    let Ok(opened) = opener.open(Kind::Confirmed, &to, NOW, &mut copy, None) else { return };
    let (computer, time, within) =
        (opened.computer.expect("it has one"), opened.time.expect("and a time"), opened.within);
    let messages: Vec<&[u8]> = opened.messages.collect();
    assert!(matches!(messages[..], [data] if plaintext.ends_with(data)), "no batch");
    assert_eq!(opener.open(Kind::Confirmed, &to, NOW, &mut payload.clone(), None), Err(Refused::Replayed));
    let Some(within) = within else { return };
    assert_eq!(opened.legacy, None, "a bridge carries no requests");
    let session = SessionId::new([8; 16]);
    let Ok(mut sealer) = Sealer::new(DOMAINS[0].clone(), computer, session, Limits::default()) else { return };
    let mut envelope = Envelope::default();
    sealer.request_into(&to, time, within, messages[0], &mut envelope).expect("what fitted fits");
    let again = opener.open(Kind::Confirmed, &to, NOW, &mut envelope.payload, None).expect("a member has sealed it");
    assert_eq!((again.within, again.time, again.computer), (Some(within), Some(time), Some(computer)));
}

/// What was understood, sealed by the crate itself, is understood the same.
fn again(messages: &[&[u8]], computer: &str, legacy: Option<&mailslot_domain::Legacy<'_>>, time: Time) {
    let (mut opener, to) = opener(&DOMAINS[0]);
    let limits = Limits::default();
    // Members may claim what is no computer's name.
    let Ok(mut sealer) = Sealer::new(DOMAINS[0].clone(), computer, SessionId::new([8; 16]), limits) else { return };
    let mut envelope = Envelope::default();
    match messages {
        [message] => drop(sealer.seal_into(Kind::Message, &to, time, legacy, message, &mut envelope)),
        _ => {
            let mut batch = Batch::new(&limits);
            assert!(messages.iter().all(|message| batch.push(message)), "what fitted fits");
            sealer.seal_batch_into(&to, time, &batch, &mut envelope).expect("there is a key");
        }
    }
    let opened = opener.open(Kind::Message, &to, NOW, &mut envelope.payload, None).expect("a member has sealed it");
    assert_eq!((opened.legacy.as_ref(), opened.time), (legacy, Some(time)));
    assert!(opened.messages.eq(messages.iter().copied()));
}

fn attachment(bytes: &[u8]) {
    let (mut opener, to) = opener(&DOMAINS[1]);
    let Ok(opened) = opener.open(Kind::Message, &to, NOW, &mut b"data".to_vec(), Some(bytes)).map(|opened| {
        assert!(!opened.authenticated && opened.messages.eq([b"data"]));
        opened.computer.map(str::to_owned)
    }) else {
        return;
    };
    assert!(opened.is_some());
    assert_eq!(opener.open(Kind::Message, &to, NOW, &mut [], Some(bytes)), Err(Refused::Replayed));
}

fn receipt(plaintext: &[u8]) {
    let (mut opener, to) = opener(&DOMAINS[0]);
    let session = SessionId::new([8; 16]);
    let mut sealer = Sealer::new(DOMAINS[0].clone(), "SRV1", session, Limits::default()).expect("a good name");
    let mut envelope = Envelope::default();
    let request = sealer.seal_into(Kind::Confirmed, &to, NOW, None, b"", &mut envelope).expect("small");
    let mut back = vec![3];
    back.extend_from_slice(&session.to_bytes());
    back.extend_from_slice(&1u64.to_be_bytes());
    back.extend_from_slice(&broadcast_bytes(&to));
    let mut payload = sealed_by_member(3, [9; 16], 1, &back, plaintext);
    if let Ok(reply) = opener.open_reply(&request, NOW, &mut payload.clone()) {
        assert!(plaintext.ends_with(reply.data) && !reply.computer.is_empty());
    }
    if let Ok(receipt) = opener.open_receipt(&request, NOW, &mut payload, None) {
        assert!(receipt.authenticated && !receipt.computer.is_empty());
    }
    assert!(opener.open_receipt(&request, NOW, &mut plaintext.to_vec(), None).is_err());
}

fn presence(last: &str) {
    for domain in DOMAINS.iter() {
        let text = format!("{}/at/{last}", domain.prefix());
        let Ok(presence) = domain.presence(&text, NOW) else { continue };
        let again = domain.presence_key_expression(&presence, NOW, &[7; 16]).expect("what fitted fits");
        assert_eq!(domain.presence(&again, NOW), Ok(presence));
        if !domain.is_sealed() {
            assert_eq!(again, text, "there is one form");
        }
    }
}

fn destination(rest: &str) {
    for domain in DOMAINS.iter() {
        let text = format!("{}/{rest}", domain.prefix());
        if let Some(destination) = domain.destination(&text) {
            assert_eq!(destination.key_expression(), text);
        }
    }
}

fn file(text: &str) {
    match Domain::from_toml(text) {
        Ok(domain) => {
            let again = Domain::from_toml(&domain.to_toml()).expect("what was written is read");
            assert_eq!(*again.to_toml(), *domain.to_toml());
            assert!(domain.rotated(NOW, Duration::from_secs(1), [9; 32]).is_ok() == domain.is_sealed());
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}
