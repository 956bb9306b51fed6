//! Helpers for the tests: members of a domain, and their messages.

use std::sync::Arc;
use std::time::Duration;

use mailslot::{Address, NetbiosName, SlotName};
use mailslot_domain::{
    Destination, Domain, Envelope, Kind, Legacy, Limits, Opened, Opener, Refused, Sealer, SessionId, Time, random,
};

pub const NOW: Time = Time::from_millis(1_795_564_800_000);

pub fn after(seconds: u64) -> Time {
    NOW + Duration::from_secs(seconds)
}

pub fn before(seconds: u64) -> Time {
    Time::from_millis(NOW.as_millis() - 1000 * seconds)
}

pub fn slot(name: &str) -> SlotName {
    let address: Address = name.parse().expect("a good name");
    address.slot().clone()
}

pub fn computer(name: &str) -> NetbiosName {
    name.parse().expect("a good name")
}

/// A new sealed domain.
pub fn domain() -> Arc<Domain> {
    random().and_then(|random| Domain::sealed("PLANT", NOW, &random)).expect("a good name")
}

pub fn sealer(domain: &Arc<Domain>, name: &str) -> Sealer {
    let session = SessionId::new(random().expect("the system has random bytes"));
    Sealer::new(domain.clone(), name, session, Limits::default()).expect("a good name")
}

/// A receiver that started a minute ago.
pub fn opener(domain: &Arc<Domain>) -> Opener {
    Opener::new(domain.clone(), before(60), Limits::default())
}

pub fn alerts(domain: &Domain) -> Destination {
    domain.broadcast(&slot("alerts")).expect("a short name")
}

/// Seals a message now.
pub fn seal(sealer: &mut Sealer, to: &Destination, data: &[u8]) -> Envelope {
    seal_at(NOW, sealer, to, data)
}

pub fn seal_at(now: Time, sealer: &mut Sealer, to: &Destination, data: &[u8]) -> Envelope {
    seal_from(None, now, sealer, to, data)
}

pub fn seal_from(
    legacy: Option<&Legacy<'_>>,
    now: Time,
    sealer: &mut Sealer,
    to: &Destination,
    data: &[u8],
) -> Envelope {
    let mut envelope = Envelope::default();
    sealer.seal_into(Kind::Message, to, now, legacy, data, &mut envelope).expect("it can be sealed");
    envelope
}

/// The data of a message that arrives now, or why it is refused.
pub fn open(opener: &mut Opener, to: &Destination, envelope: &Envelope) -> Result<Vec<u8>, Refused> {
    open_at(NOW, opener, to, envelope)
}

pub fn open_at(now: Time, opener: &mut Opener, to: &Destination, envelope: &Envelope) -> Result<Vec<u8>, Refused> {
    open_with(now, opener, to, envelope, |opened| opened.messages.collect::<Vec<_>>().concat())
}

pub fn open_with<T>(
    now: Time,
    opener: &mut Opener,
    to: &Destination,
    envelope: &Envelope,
    look: impl FnOnce(Opened<'_>) -> T,
) -> Result<T, Refused> {
    let attachment = Some(&envelope.attachment[..]).filter(|attachment| !attachment.is_empty());
    opener.open(Kind::Message, to, now, &mut envelope.payload.clone(), attachment).map(look)
}
