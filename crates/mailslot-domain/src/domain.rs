//! A domain: its name, its keys, and the key expressions and tokens that follow from them.

use std::sync::Arc;
use std::time::Duration;

use mailslot_names::{NetbiosName, SlotName};
use ring::digest;
use zeroize::Zeroizing;

use crate::crypto::{KeyId, Secret, Token, first_half};
use crate::destination::{CLOCK, COMPUTER, Destination, MAX_SLOT_NAME, SLOT};
use crate::envelope::{SIGNED, VERSION};
use crate::error::{Error, Result};
use crate::escape::{escape, hex, unescape, unhex};
use crate::identity::{Certificate, Identities, Names};
use crate::names::{computer_name, folded_slot_name};
use crate::time::Time;

/// Random bytes that a new sealed domain needs: its id, the secret for names, and the first key.
pub const RANDOM: usize = 16 + 32 + 32;

/// A domain as its file describes it: sealed, with keys; or open, without any.
///
/// `Debug` shows no secret.
#[derive(Clone, Debug)]
pub struct Domain {
    name: NetbiosName,
    pub(crate) seal: Option<Seal>,
    lan: bool,
    connect: Vec<String>,
    prefix: String,
}

/// The id and secrets of a sealed domain.
#[derive(Clone, Debug)]
pub(crate) struct Seal {
    pub(crate) id: [u8; 16],
    pub(crate) naming: Secret,
    /// At least one; by `send_from`, oldest first.
    pub(crate) keys: Vec<Key>,
    /// Of the computers, if the domain has an authority.
    pub(crate) identities: Option<Identities>,
}

impl Seal {
    pub(crate) fn names(&self) -> Names<'_> {
        Names { id: &self.id, naming: &self.naming }
    }

    /// The version of everything that is sealed.
    pub(crate) fn version(&self) -> u8 {
        if self.identities.is_some() { SIGNED } else { VERSION }
    }

    /// Whether this is [`Domain::clock`] of a computer.
    pub(crate) fn is_clock(&self, destination: &Destination) -> bool {
        destination.is_directed_to(&self.naming.token(SLOT, CLOCK))
    }
}

/// A key of a domain, and when it is used. `Debug` does not show it.
#[derive(Clone, Debug)]
pub struct Key {
    id: KeyId,
    pub(crate) secret: Secret,
    send_from: Time,
    accept_until: Option<Time>,
}

impl Domain {
    /// Bytes of the longest name, in upper case, of a slot in a domain.
    pub const MAX_SLOT_NAME: usize = MAX_SLOT_NAME;

    /// A new sealed domain. Its first key is valid from an hour before `now`, so that machines whose clocks are behind
    /// can use it at once. `random` are bytes of [`random`](crate::random()).
    ///
    /// # Errors
    ///
    /// [`Error::InvalidName`] if `name` does not have 1 to 15 letters, digits, hyphens or underscores. Letters are
    /// converted to upper case.
    pub fn sealed(name: &str, now: Time, random: &[u8; RANDOM]) -> Result<Arc<Domain>> {
        let (id, rest) = random.split_first_chunk().expect("80 bytes are more than 16");
        let (naming, rest) = rest.split_first_chunk().expect("64 bytes are more than 32");
        let secret = rest.first_chunk().expect("32 bytes are left");
        let keys = vec![Key::new(Secret::new(secret), whole_second(now.before(HEAD_START)), None)];
        Ok(Arc::new(Domain::new(
            domain_name(name)?,
            Some(Seal { id: *id, naming: Secret::new(naming), keys, identities: None }),
        )))
    }

    /// A domain without keys: every program that can reach the Zenoh network can read and write.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidName`] as for [`Domain::sealed`].
    pub fn open(name: &str) -> Result<Arc<Domain>> {
        Ok(Arc::new(Domain::new(domain_name(name)?, None)))
    }

    pub(crate) fn new(name: NetbiosName, seal: Option<Seal>) -> Domain {
        let prefix = match &seal {
            Some(seal) => format!("mailslot/1/{}", hex(&seal.id)),
            None => format!("mailslot/1/open/{}", escape(name.as_str())),
        };
        Domain { name, seal, lan: false, connect: Vec::new(), prefix }
    }

    /// This domain with defaults for the machines that join: whether they discover each other by multicast, and the
    /// endpoints, in Zenoh's form, to which they connect.
    pub fn with_defaults(&self, lan: bool, connect: Vec<String>) -> Domain {
        Domain { lan, connect, ..self.clone() }
    }

    /// This domain with a new key made of `secret`, 32 bytes of [`random`](crate::random()).
    ///
    /// Members seal with the new key after half of `overlap`, so that the file can reach all members before. At the end
    /// of `overlap`, members stop opening what older keys have sealed. Keys that have expired are removed.
    ///
    /// # Errors
    ///
    /// [`Error::Open`] if the domain is open.
    pub fn rotated(&self, now: Time, overlap: Duration, secret: [u8; 32]) -> Result<Domain> {
        let mut domain = self.clone();
        let seal = domain.seal.as_mut().ok_or_else(|| Error::Open(self.name.to_string()))?;
        let end = whole_second(now + overlap);
        seal.keys.retain(|key| key.accept_until.is_none_or(|until| until > now));
        for key in &mut seal.keys {
            key.accept_until = Some(key.accept_until.map_or(end, |until| until.min(end)));
        }
        let begin = whole_second(now + overlap / 2);
        seal.keys.push(Key::new(Secret::new(&Zeroizing::new(secret)), begin, None));
        seal.keys.sort_by_key(|key| key.send_from);
        Ok(domain)
    }

    /// The name, as in `\\PLANT\mailslot\alerts`.
    pub fn name(&self) -> &NetbiosName {
        &self.name
    }

    /// The id that never changes; `None` in an open domain.
    pub fn id(&self) -> Option<[u8; 16]> {
        self.seal.as_ref().map(|seal| seal.id)
    }

    /// Whether messages are sealed.
    pub fn is_sealed(&self) -> bool {
        self.seal.is_some()
    }

    /// The public key of the authority, if the domain has identities.
    pub fn authority(&self) -> Option<[u8; 32]> {
        self.identities().map(|identities| identities.authority)
    }

    /// The certificate of this computer, if the domain has identities and this computer has been invited.
    pub fn certificate(&self) -> Option<&Certificate> {
        Some(&self.identities()?.own.as_ref()?.certificate)
    }

    /// The number of the list of revocations, which grows with each list; 0 without one.
    pub fn revocations(&self) -> u64 {
        self.identities().and_then(|identities| identities.revocations.as_ref()).map_or(0, |list| list.number)
    }

    /// The computers whose certificates are revoked, each with the time up to which they were issued.
    pub fn revoked(&self) -> impl Iterator<Item = (&str, Time)> {
        let list = self.identities().and_then(|identities| identities.revocations.as_ref());
        list.into_iter().flat_map(|list| list.computers())
    }

    fn identities(&self) -> Option<&Identities> {
        self.seal.as_ref()?.identities.as_ref()
    }

    /// Whether machines discover each other by multicast, unless their own settings override it.
    pub fn lan(&self) -> bool {
        self.lan
    }

    /// The Zenoh endpoints to which machines connect, in addition to those of their own settings.
    pub fn connect(&self) -> &[String] {
        &self.connect
    }

    /// The keys, oldest first; none in an open domain.
    pub fn keys(&self) -> &[Key] {
        self.seal.as_ref().map_or(&[], |seal| &seal.keys)
    }

    /// The key to seal with: the newest one whose time has begun.
    ///
    /// # Errors
    ///
    /// - [`Error::NoKey`] if no key has begun, or the newest one that has begun has expired
    /// - [`Error::Open`] if the domain is open
    pub fn sending_key(&self, now: Time) -> Result<&Key> {
        let seal = self.seal.as_ref().ok_or_else(|| Error::Open(self.name.to_string()))?;
        let begun = seal.keys.iter().rev().find(|key| key.send_from <= now);
        let next = || seal.keys.iter().map(|key| key.send_from).find(|from| *from > now);
        begun.filter(|key| !key.expired(now)).ok_or_else(|| Error::NoKey { now, next: next() })
    }

    /// When the next key begins or expires: until then [`Domain::sending_key`] stays the same, and readable presences
    /// stay readable.
    pub fn next_change(&self, now: Time) -> Option<Time> {
        let times = self.keys().iter().flat_map(|key| [Some(key.send_from), key.accept_until]);
        times.flatten().filter(|time| *time > now).min()
    }

    /// The prefix of all key expressions of the domain.
    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    /// The slot of every computer of the domain.
    ///
    /// # Errors
    ///
    /// [`Error::SlotNameTooLong`] if the name has more than 255 bytes in upper case.
    pub fn broadcast(&self, slot: &SlotName) -> Result<Destination> {
        let (text, token) = self.slot_part(slot)?;
        Ok(Destination::broadcast(&self.prefix, &text, token))
    }

    /// The slot of one computer.
    ///
    /// # Errors
    ///
    /// [`Error::SlotNameTooLong`] if the name has more than 255 bytes in upper case.
    pub fn directed(&self, computer: &NetbiosName, slot: &SlotName) -> Result<Destination> {
        let (slot, slot_token) = self.slot_part(slot)?;
        let (computer, computer_token) = self.part(COMPUTER, computer.as_str());
        Ok(Destination::directed(&self.prefix, (&computer, computer_token), (&slot, slot_token)))
    }

    /// The destination of requests of a computer's time: a slot that no computer has, so that the only effect of a
    /// confirmed write is its receipt. See [`Opener::confirm_clock`](crate::Opener::confirm_clock).
    pub fn clock(&self, computer: &NetbiosName) -> Destination {
        let (computer, computer_token) = self.part(COMPUTER, computer.as_str());
        let (slot, slot_token) = self.part(SLOT, CLOCK);
        Destination::directed(&self.prefix, (&computer, computer_token), (&slot, slot_token))
    }

    /// The key expression of every slot of one computer, including slots that it does not have.
    pub fn all_slots_of(&self, computer: &NetbiosName) -> String {
        format!("{}/to/{}/*", self.prefix, self.part(COMPUTER, computer.as_str()).0)
    }

    /// The destination that has this key expression; `None` if there is no such destination in the domain.
    pub fn destination(&self, key_expression: &str) -> Option<Destination> {
        let rest = key_expression.strip_prefix(&self.prefix)?.strip_prefix('/')?;
        let mut parts = rest.split('/');
        let destination = match (parts.next()?, parts.next()?, parts.next()) {
            ("all", slot, None) => Destination::broadcast(&self.prefix, slot, self.token_of(SLOT, slot)?),
            ("to", computer, Some(slot)) => Destination::directed(
                &self.prefix,
                (computer, self.token_of(COMPUTER, computer)?),
                (slot, self.token_of(SLOT, slot)?),
            ),
            _ => return None,
        };
        // Only one form is valid, also of hexadecimal digits.
        (destination.key_expression() == key_expression && parts.next().is_none()).then_some(destination)
    }

    fn slot_part(&self, slot: &SlotName) -> Result<(String, Token)> {
        let size = slot.folded().len();
        if size > MAX_SLOT_NAME {
            return Err(Error::SlotNameTooLong { size, limit: MAX_SLOT_NAME });
        }
        Ok(self.part(SLOT, slot.folded()))
    }

    /// A name in key expressions, and its token.
    fn part(&self, kind: u8, folded: &str) -> (String, Token) {
        let token = self.token(kind, folded);
        let text = if self.is_sealed() { hex(&token) } else { escape(folded) };
        (text, token)
    }

    /// The token of a name. In an open domain it only distinguishes streams.
    fn token(&self, kind: u8, folded: &str) -> Token {
        match &self.seal {
            Some(seal) => seal.naming.token(kind, folded),
            None => {
                let mut context = digest::Context::new(&digest::SHA256);
                context.update(&[kind]);
                context.update(folded.as_bytes());
                first_half(context.finish().as_ref())
            }
        }
    }

    /// The token of a name, from the name's form in key expressions.
    fn token_of(&self, kind: u8, part: &str) -> Option<Token> {
        match self.seal {
            Some(_) => unhex(part).filter(|token| hex(token) == part),
            None => {
                let name = unescape(part)?;
                let good = match kind {
                    COMPUTER => computer_name(&name).is_some(),
                    _ => folded_slot_name(&name).is_some(),
                };
                good.then(|| self.token(kind, &name))
            }
        }
    }
}

impl Key {
    pub(crate) fn new(secret: Secret, send_from: Time, accept_until: Option<Time>) -> Key {
        Key { id: secret.key_id(), secret, send_from, accept_until }
    }

    /// The key's fingerprint, which is part of everything that it seals.
    pub fn id(&self) -> KeyId {
        self.id
    }

    /// When members begin to seal with this key.
    pub fn send_from(&self) -> Time {
        self.send_from
    }

    /// When members stop opening what this key has sealed; `None` if that is not known yet.
    pub fn accept_until(&self) -> Option<Time> {
        self.accept_until
    }

    pub(crate) fn expired(&self, now: Time) -> bool {
        self.accept_until.is_some_and(|until| until <= now)
    }
}

/// Parses the name of a domain. The characters are restricted because the name also names a file, and is typed in
/// shells.
pub(crate) fn domain_name(text: &str) -> Result<NetbiosName> {
    let letters = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
    let name = if letters { text.parse().ok() } else { None };
    name.ok_or_else(|| Error::InvalidName(text.to_owned()))
}

/// How long before its creation the first key of a domain is valid.
const HEAD_START: Duration = Duration::from_secs(3600);

/// Domain files have whole seconds.
fn whole_second(time: Time) -> Time {
    Time::from_millis(time.as_millis() / 1000 * 1000)
}
