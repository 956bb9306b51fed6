//! Values derived from the secrets. Labels separate the uses of one secret; `docs/domains.md` lists them.

use core::fmt;

use ring::aead::{AES_256_GCM, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::rand::{SecureRandom, SystemRandom};
use ring::{hkdf, hmac};
use zeroize::Zeroizing;

use crate::error::{Error, Result};
use crate::escape::{hex, unhex_into};

/// Bytes of a tag.
pub(crate) const TAG: usize = 16;

/// A name as it appears in the key expressions of a sealed domain.
pub(crate) type Token = [u8; 16];

/// 32 bytes that only members know. They are on the heap, because moving a value leaves a copy on the stack.
#[derive(Clone)]
pub(crate) struct Secret(Box<Zeroizing<[u8; 32]>>);

/// The fingerprint of a domain's key, which reveals nothing about the key. `Display` writes 16 hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct KeyId(pub(crate) [u8; 8]);

/// Unpredictable bytes, from the operating system.
///
/// # Errors
///
/// [`Error::Io`] if the system has none.
pub fn random<const N: usize>() -> Result<[u8; N]> {
    let mut bytes = [0; N];
    let fail =
        |_| Error::Io { action: "get random bytes".to_owned(), source: std::io::Error::other("none are available") };
    SystemRandom::new().fill(&mut bytes).map_err(fail)?;
    Ok(bytes)
}

impl Secret {
    pub(crate) fn new(bytes: &[u8; 32]) -> Secret {
        let mut secret = Secret::zeros();
        secret.0.copy_from_slice(bytes);
        secret
    }

    /// From the domain file; `None` unless it is exactly 64 hexadecimal digits.
    pub(crate) fn from_hex(text: &str) -> Option<Secret> {
        let mut secret = Secret::zeros();
        unhex_into(text, &mut **secret.0).then_some(secret)
    }

    fn zeros() -> Secret {
        Secret(Box::new(Zeroizing::new([0; 32])))
    }

    /// Only for the domain file.
    pub(crate) fn to_hex(&self) -> Zeroizing<String> {
        Zeroizing::new(hex(&**self.0))
    }

    pub(crate) fn bytes(&self) -> &[u8; 32] {
        &self.0
    }

    pub(crate) fn key_id(&self) -> KeyId {
        let mut id = [0; 8];
        let prk = hkdf::Salt::new(hkdf::HKDF_SHA256, &[]).extract(&**self.0);
        prk.expand(&[b"mailslot 1 key id"], Length(8))
            .and_then(|okm| okm.fill(&mut id))
            .expect("8 bytes can be expanded, and are");
        KeyId(id)
    }

    pub(crate) fn stream_key(
        &self,
        session: SessionId,
        domain: &[u8; 16],
        kind: u8,
        destination: &[u8],
    ) -> LessSafeKey {
        self.derive(&session.to_bytes(), &[b"mailslot 1 stream", domain, &[kind], destination])
    }

    pub(crate) fn presence_key(&self, salt: &[u8; 16], domain: &[u8; 16]) -> LessSafeKey {
        self.derive(salt, &[b"mailslot 1 presence", domain])
    }

    /// The token of a name, which reveals nothing about it to outsiders. `kind` distinguishes slots and computers of
    /// the same name.
    pub(crate) fn token(&self, kind: u8, folded: &str) -> Token {
        let mut context = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, &**self.0));
        context.update(&[kind]);
        context.update(folded.as_bytes());
        first_half(context.sign().as_ref())
    }

    /// The group of a name's presences, from 0 to 15. It has another label than [`token`](Secret::token), so that the
    /// key expressions of messages, which begin with a token, do not tell outsiders which presences belong to them.
    pub(crate) fn group(&self, kind: u8, folded: &str) -> u8 {
        let mut group = [0];
        let prk = hkdf::Salt::new(hkdf::HKDF_SHA256, &[]).extract(&**self.0);
        prk.expand(&[b"mailslot 1 group", &[kind], folded.as_bytes()], Length(1))
            .and_then(|okm| okm.fill(&mut group))
            .expect("one byte can be expanded, and is");
        group[0] >> 4
    }

    /// HKDF-SHA256 with the concatenated parts of `info`.
    fn derive(&self, salt: &[u8], info: &[&[u8]]) -> LessSafeKey {
        let prk = hkdf::Salt::new(hkdf::HKDF_SHA256, salt).extract(&**self.0);
        let okm = prk.expand(info, &AES_256_GCM).expect("32 bytes can be expanded");
        LessSafeKey::new(UnboundKey::from(okm))
    }
}

/// 4 zero bytes and the number. Only one sender ever uses a key, and it never uses a number twice.
pub(crate) fn nonce(sequence: u64) -> Nonce {
    let mut nonce = [0; NONCE_LEN];
    nonce[NONCE_LEN - 8..].copy_from_slice(&sequence.to_be_bytes());
    Nonce::assume_unique_for_key(nonce)
}

/// The first 16 of 32 bytes.
pub(crate) fn first_half(hash: &[u8]) -> [u8; 16] {
    *hash.first_chunk().expect("SHA-256 has 32 bytes")
}

/// How many bytes HKDF expands to.
struct Length(usize);

impl hkdf::KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex(&self.0))
    }
}

/// The id of a sender's session: 16 random bytes, new at each start, and never used again by any sender.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct SessionId(pub(crate) [u8; 16]);

impl SessionId {
    /// The id with these bytes: 16 bytes of [`random`](crate::random()), except in tests.
    pub fn new(random: [u8; 16]) -> SessionId {
        SessionId(random)
    }

    /// The bytes.
    pub fn to_bytes(self) -> [u8; 16] {
        self.0
    }
}

impl fmt::Debug for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SessionId({})", hex(&self.0))
    }
}
