//! Identities of computers: what the [authority](crate::Authority) has signed, and what the computers sign.
//!
//! ```text
//! certificate: version 1 · issued 8 · until 8 · public key 32 · computer text8 · slots · signature 64
//! slots:       255, every one; or their number 1, from 0 to 254, and the folded name of each as text8
//! revocations: version 1 · number 8 · count 4 · for each: computer text8, time 8 · signature 64
//! proof:       signature 64 · length 2 · certificate
//! ```

use core::fmt;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use mailslot_names::NetbiosName;
use ring::digest;
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};

use crate::crypto::{Secret, Token};
use crate::destination::{CLOCK, Destination, SLOT};
use crate::envelope::HEADER;
use crate::error::{Error, Refused, Result};
use crate::names::{computer_name, folded_slot_name};
use crate::reader::Reader;
use crate::time::Time;

pub(crate) const VERSION: u8 = 1;
const SIGNATURE: usize = 64;
/// Slots: every one.
pub(crate) const EVERY_SLOT: u8 = 255;
/// Bytes of the largest certificate. It travels in every envelope.
pub(crate) const MAX_CERTIFICATE: usize = 1024;
/// Bytes of the largest proof.
pub(crate) const MAX_PROOF: usize = SIGNATURE + 2 + MAX_CERTIFICATE;
/// Certificates that a receiver keeps so as not to verify them again.
const MAX_VERIFIED: usize = 4096;

pub(crate) type PublicKey = [u8; 32];

/// The identity of one computer, as the authority has signed it: public.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    computer: NetbiosName,
    issued: Time,
    until: Time,
    /// The folded names of the slots that the computer may write to; `None` if to every one.
    slots: Option<Vec<String>>,
    public_key: PublicKey,
    bytes: Vec<u8>,
}

/// What a member of a domain with identities knows beside the keys.
#[derive(Clone, Debug)]
pub(crate) struct Identities {
    pub(crate) authority: PublicKey,
    pub(crate) revocations: Option<Revocations>,
    pub(crate) own: Option<Arc<Identity>>,
}

/// This computer's certificate and key.
#[derive(Debug)]
pub(crate) struct Identity {
    pub(crate) certificate: Certificate,
    pub(crate) secret: Secret,
    pub(crate) key: Ed25519KeyPair,
}

/// The authority's list of computers whose certificates count no longer.
#[derive(Clone, Debug)]
pub(crate) struct Revocations {
    /// Grows with each list.
    pub(crate) number: u64,
    /// For each computer the time up to which certificates were issued that count no longer.
    pub(crate) computers: BTreeMap<String, Time>,
    pub(crate) bytes: Vec<u8>,
}

/// Certificates that have been verified, by their SHA-256.
#[derive(Debug, Default)]
pub(crate) struct Verified(HashMap<[u8; 32], Arc<Known>>);

/// A verified certificate, with the tokens of the slots that it names.
#[derive(Debug)]
struct Known {
    certificate: Certificate,
    slots: Option<Vec<Token>>,
}

/// What the names of a domain follow from.
#[derive(Clone, Copy)]
pub(crate) struct Names<'s> {
    pub(crate) id: &'s [u8; 16],
    pub(crate) naming: &'s Secret,
}

/// The signature of an envelope, and what it is of.
pub(crate) struct Proof<'p> {
    signature: &'p [u8],
    certificate: &'p [u8],
    signed: &'p [u8],
}

pub(crate) const CERTIFICATE_LABEL: &[u8] = b"mailslot 1 certificate";
pub(crate) const REVOCATIONS_LABEL: &[u8] = b"mailslot 1 revocations";
const SIGNATURE_LABEL: &[u8] = b"mailslot 1 signature";

impl Certificate {
    /// The computer that it is for.
    pub fn computer(&self) -> &NetbiosName {
        &self.computer
    }

    /// When it was issued: it counts from then on.
    pub fn issued(&self) -> Time {
        self.issued
    }

    /// When it ends.
    pub fn until(&self) -> Time {
        self.until
    }

    /// The slots, in upper case, that the computer may write to; `None` if to every one.
    pub fn slots(&self) -> Option<&[String]> {
        self.slots.as_deref()
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Parses a certificate; `None` if it is none. The signature is not verified.
    pub(crate) fn parse(bytes: &[u8]) -> Option<Certificate> {
        let mut reader = Reader::new(bytes);
        reader.u8().filter(|version| *version == VERSION && bytes.len() <= MAX_CERTIFICATE)?;
        let issued = Time::from_millis(reader.u64()?);
        let until = Time::from_millis(reader.u64()?);
        let public_key = reader.array()?;
        let computer = computer_name(reader.text()?)?;
        let slot = |reader: &mut Reader<'_>| Some(folded_slot_name(reader.text()?)?.folded().to_owned());
        let slots = match reader.u8()? {
            EVERY_SLOT => None,
            count => Some((0..count).map(|_| slot(&mut reader)).collect::<Option<Vec<_>>>()?),
        };
        reader.take(SIGNATURE)?;
        let certificate = Certificate { computer, issued, until, slots, public_key, bytes: bytes.to_vec() };
        reader.is_empty().then_some(certificate)
    }
}

impl Revocations {
    /// Parses a list; `None` if it is none. The signature is not verified.
    fn parse(bytes: &[u8]) -> Option<Revocations> {
        let mut reader = Reader::new(bytes);
        reader.u8().filter(|version| *version == VERSION)?;
        let number = reader.u64()?;
        let count = u32::from_be_bytes(reader.array()?);
        let mut computers = BTreeMap::new();
        for _ in 0..count {
            let computer = computer_name(reader.text()?)?;
            computers.insert(computer.as_str().to_owned(), Time::from_millis(reader.u64()?));
        }
        reader.take(SIGNATURE)?;
        let list = Revocations { number, computers, bytes: bytes.to_vec() };
        reader.is_empty().then_some(list)
    }

    fn revokes(&self, certificate: &Certificate) -> bool {
        self.computers.get(certificate.computer.as_str()).is_some_and(|time| certificate.issued <= *time)
    }

    /// The computers, each with the time up to which its certificates are revoked.
    pub(crate) fn computers(&self) -> impl Iterator<Item = (&str, Time)> {
        self.computers.iter().map(|(computer, time)| (computer.as_str(), *time))
    }
}

impl Identities {
    /// From a domain file. The error says what is wrong.
    pub(crate) fn new(
        id: &[u8; 16],
        authority: PublicKey,
        own: Option<(Vec<u8>, Secret)>,
        revocations: Option<Vec<u8>>,
    ) -> Result<Identities> {
        let parse = |bytes: Vec<u8>| {
            Revocations::parse(&bytes).filter(|_| is_signed(REVOCATIONS_LABEL, id, &authority, &bytes))
        };
        let revocations = match revocations {
            Some(bytes) => Some(parse(bytes).ok_or_else(|| Error::wrong("`revoked` is not signed by the authority"))?),
            None => None,
        };
        let own = match own {
            Some((bytes, secret)) => {
                let certificate = Certificate::parse(&bytes)
                    .filter(|_| is_signed(CERTIFICATE_LABEL, id, &authority, &bytes))
                    .ok_or_else(|| Error::wrong("`certificate` is not signed by the authority"))?;
                let key = key_pair(&secret)?;
                if public_key(&key) != certificate.public_key {
                    return Err(Error::wrong("`private-key` is not that of the `certificate`"));
                }
                Some(Arc::new(Identity { certificate, secret, key }))
            }
            None => None,
        };
        Ok(Identities { authority, revocations, own })
    }

    /// The identity to sign with as `computer`.
    pub(crate) fn signer(&self, computer: &str, now: Time) -> Result<&Identity> {
        let own = self.own.as_deref().ok_or_else(|| Error::NoCertificate { computer: computer.to_owned() })?;
        let certificate = &own.certificate;
        if certificate.computer.as_str() != computer {
            let certified = certificate.computer.to_string();
            return Err(Error::OtherCertificate { computer: computer.to_owned(), certified });
        }
        if certificate.until <= now {
            return Err(Error::CertificateExpired { until: certificate.until });
        }
        match &self.revocations {
            Some(list) if list.revokes(certificate) => Err(Error::Revoked { computer: computer.to_owned() }),
            _ => Ok(own),
        }
    }

    /// The certificate of a proof, if it counts now for a message of `computer`.
    fn certificate(
        &self,
        names: Names<'_>,
        verified: &mut Verified,
        proof: &Proof<'_>,
        computer: &str,
        (now, tolerance): (Time, Duration),
    ) -> Result<Arc<Known>, Refused> {
        let known = verified.look_up(names, &self.authority, proof.certificate).ok_or(Refused::Certificate)?;
        let certificate = &known.certificate;
        if certificate.computer.as_str() != computer {
            return Err(Refused::Certificate);
        }
        if certificate.until <= now || certificate.issued > now + tolerance {
            return Err(Refused::CertificateExpired);
        }
        match &self.revocations {
            Some(list) if list.revokes(certificate) => Err(Refused::Revoked),
            _ => Ok(known),
        }
    }
}

impl Identity {
    /// Bytes of the proof in each envelope.
    pub(crate) fn proof_size(&self) -> usize {
        SIGNATURE + 2 + self.certificate.bytes.len()
    }

    /// Appends a proof without its signature, which [`sign`](Identity::sign) puts there when everything is behind it.
    pub(crate) fn begin(&self, bytes: &mut Vec<u8>) {
        bytes.extend_from_slice(&[0; SIGNATURE]);
        let certificate = &self.certificate.bytes;
        // No certificate has more bytes than MAX_CERTIFICATE.
        bytes.extend_from_slice(&(certificate.len() as u16).to_be_bytes());
        bytes.extend_from_slice(certificate);
    }

    /// Signs a plaintext that begins with a proof.
    pub(crate) fn sign(&self, id: &[u8; 16], header: &[u8; HEADER], destination: &[u8], plaintext: &mut [u8]) {
        if let Some((signature, signed)) = plaintext.split_at_mut_checked(SIGNATURE) {
            signature.copy_from_slice(self.key.sign(&statement(id, header, destination, signed)).as_ref());
        }
    }
}

impl Verified {
    /// The certificate in `bytes`, if the authority has signed it.
    fn look_up(&mut self, names: Names<'_>, authority: &PublicKey, bytes: &[u8]) -> Option<Arc<Known>> {
        let hash = sha256(bytes);
        if let Some(known) = self.0.get(&hash) {
            return Some(Arc::clone(known));
        }
        let certificate = Certificate::parse(bytes)?;
        if !is_signed(CERTIFICATE_LABEL, names.id, authority, bytes) {
            return None;
        }
        let tokens = |slots: &[String]| slots.iter().map(|slot| names.naming.token(SLOT, slot)).collect();
        let slots = certificate.slots().map(tokens);
        let known = Arc::new(Known { certificate, slots });
        // Only the authority can fill this, one certificate after the other.
        if self.0.len() >= MAX_VERIFIED {
            self.0.clear();
        }
        self.0.insert(hash, Arc::clone(&known));
        Some(known)
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }
}

impl Known {
    fn may_write_to(&self, names: Names<'_>, to: &Destination) -> bool {
        // Everybody may ask for the time: it tells nothing, and changes nothing.
        self.slots.as_ref().is_none_or(|slots| slots.contains(&to.slot()))
            || to.slot() == names.naming.token(SLOT, CLOCK)
    }
}

impl<'p> Proof<'p> {
    /// Splits a plaintext into its proof and the rest.
    pub(crate) fn split(plaintext: &'p [u8]) -> Option<(Proof<'p>, &'p [u8])> {
        let mut reader = Reader::new(plaintext);
        let signature = reader.take(SIGNATURE)?;
        let signed = plaintext.get(SIGNATURE..)?;
        let length = u16::from_be_bytes(reader.array()?);
        let certificate = reader.take(length.into())?;
        Some((Proof { signature, certificate, signed }, reader.rest()))
    }

    /// Checks that `computer` has signed this, and may write to `to` if this is a message. Returns its public key.
    #[expect(clippy::too_many_arguments, reason = "each is one part of what is signed, or says when that counts")]
    pub(crate) fn check(
        &self,
        names: Names<'_>,
        identities: &Identities,
        verified: &mut Verified,
        header: &[u8; HEADER],
        destination: &[u8],
        to: Option<&Destination>,
        computer: &str,
        times: (Time, Duration),
    ) -> Result<PublicKey, Refused> {
        let known = identities.certificate(names, verified, self, computer, times)?;
        let statement = statement(names.id, header, destination, self.signed);
        // ring compares R byte by byte and takes only the least S, so a signature has one form. That a public key of
        // small order could have others does not matter: the authority has made each key that it has signed.
        let key = UnparsedPublicKey::new(&ED25519, known.certificate.public_key);
        key.verify(&statement, self.signature).map_err(|_| Refused::Signature)?;
        match to {
            Some(to) if !known.may_write_to(names, to) => Err(Refused::NotAllowed),
            _ => Ok(known.certificate.public_key),
        }
    }
}

/// What a computer signs: everything that the seal binds, and the SHA-256 of what follows the signature.
fn statement(id: &[u8; 16], header: &[u8; HEADER], destination: &[u8], signed: &[u8]) -> Vec<u8> {
    [SIGNATURE_LABEL, id, header, &sha256(signed), destination].concat()
}

fn is_signed(label: &[u8], id: &[u8; 16], authority: &PublicKey, bytes: &[u8]) -> bool {
    let Some((signed, signature)) = bytes.split_last_chunk::<SIGNATURE>() else { return false };
    UnparsedPublicKey::new(&ED25519, authority).verify(&[label, id, signed].concat(), signature).is_ok()
}

pub(crate) fn key_pair(secret: &Secret) -> Result<Ed25519KeyPair> {
    // Every 32 bytes are a seed.
    Ed25519KeyPair::from_seed_unchecked(secret.bytes())
        .map_err(|_| Error::wrong("the private key is not one of Ed25519"))
}

pub(crate) fn public_key(key: &Ed25519KeyPair) -> PublicKey {
    *key.public_key().as_ref().first_chunk().expect("a public key of Ed25519 has 32 bytes")
}

pub(crate) fn sha256(bytes: &[u8]) -> [u8; 32] {
    *digest::digest(&digest::SHA256, bytes).as_ref().first_chunk().expect("SHA-256 has 32 bytes")
}

impl fmt::Display for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} until {}", self.computer, self.until)?;
        match &self.slots {
            Some(slots) => write!(f, ", writes to {}", slots.join(", ")),
            None => Ok(()),
        }
    }
}
