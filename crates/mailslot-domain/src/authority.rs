//! The authority of a domain, which certifies its computers and revokes certificates.

use std::sync::Arc;
use std::time::Duration;

use mailslot_names::{NetbiosName, SlotName};
use ring::signature::Ed25519KeyPair;
use serde::Deserialize;
use zeroize::Zeroizing;

use crate::crypto::Secret;
use crate::destination::MAX_SLOT_NAME;
use crate::domain::{Domain, domain_name};
use crate::error::{Error, Result};
use crate::file::{secret, syntax};
use crate::head::text;
use crate::identity::{
    CERTIFICATE_LABEL, Certificate, EVERY_SLOT, Identities, Identity, MAX_CERTIFICATE, REVOCATIONS_LABEL, Revocations,
    VERSION, key_pair, public_key,
};
use crate::time::Time;

/// The key that signs the computers' keys. It stays with the domain's operator: no computer of the domain needs it.
///
/// `Debug` shows no secret.
#[derive(Debug)]
pub struct Authority {
    name: NetbiosName,
    secret: Secret,
    key: Ed25519KeyPair,
}

impl Authority {
    /// A new authority for the domain of this name. `random` are bytes of [`random`](crate::random()).
    ///
    /// # Errors
    ///
    /// [`Error::InvalidName`] as for [`Domain::sealed`].
    pub fn new(name: &str, random: &[u8; 32]) -> Result<Authority> {
        Authority::from_secret(domain_name(name)?, Secret::new(random))
    }

    fn from_secret(name: NetbiosName, secret: Secret) -> Result<Authority> {
        let key = key_pair(&secret)?;
        Ok(Authority { name, secret, key })
    }

    /// The name of its domain.
    pub fn name(&self) -> &NetbiosName {
        &self.name
    }

    /// `domain` with this authority: from now on members accept only what certified computers have signed.
    ///
    /// # Errors
    ///
    /// - [`Error::Open`] if the domain is open
    /// - [`Error::OtherAuthority`] if it has an authority already
    pub fn establish(&self, domain: &Domain) -> Result<Domain> {
        let mut domain = domain.clone();
        let name = domain.name().to_string();
        let seal = domain.seal.as_mut().ok_or_else(|| Error::Open(name.clone()))?;
        if seal.identities.is_some() {
            return Err(Error::OtherAuthority(name));
        }
        seal.identities = Some(Identities { authority: public_key(&self.key), revocations: None, own: None });
        Ok(domain)
    }

    /// The domain as the file of one computer has it: with a certificate for the computer, and the key of that.
    /// `slots` are those that it may write to; `None` means every one. `random` are bytes of
    /// [`random`](crate::random()).
    ///
    /// The certificate counts from `now` on, even if an earlier one of the computer was revoked.
    ///
    /// # Errors
    ///
    /// - [`Error::OtherAuthority`] if the domain has another authority or none
    /// - [`Error::SlotNameTooLong`], [`Error::CertificateTooLarge`] for the slots
    pub fn invite(
        &self,
        domain: &Domain,
        computer: &NetbiosName,
        slots: Option<&[SlotName]>,
        (now, until): (Time, Time),
        random: &[u8; 32],
    ) -> Result<Domain> {
        let mut domain = domain.clone();
        let (id, identities) = self.identities(&mut domain)?;
        let revoked = identities.revocations.as_ref().and_then(|list| list.computers.get(computer.as_str()));
        let issued = revoked.map_or(now, |revoked| now.max(*revoked + Duration::from_millis(1)));
        let secret = Secret::new(random);
        let key = key_pair(&secret)?;
        let mut bytes = vec![VERSION];
        bytes.extend_from_slice(&issued.as_millis().to_be_bytes());
        bytes.extend_from_slice(&until.as_millis().to_be_bytes());
        bytes.extend_from_slice(&public_key(&key));
        text("computer's name", computer.as_str(), &mut bytes)?;
        match slots {
            None => bytes.push(EVERY_SLOT),
            Some(slots) => {
                let count = u8::try_from(slots.len()).ok().filter(|count| *count != EVERY_SLOT);
                bytes.push(count.ok_or(Error::CertificateTooLarge { limit: MAX_CERTIFICATE })?);
                for slot in slots {
                    let size = slot.folded().len();
                    if size > MAX_SLOT_NAME {
                        return Err(Error::SlotNameTooLong { size, limit: MAX_SLOT_NAME });
                    }
                    text("slot's name", slot.folded(), &mut bytes)?;
                }
            }
        }
        self.sign(CERTIFICATE_LABEL, &id, &mut bytes);
        if bytes.len() > MAX_CERTIFICATE {
            return Err(Error::CertificateTooLarge { limit: MAX_CERTIFICATE });
        }
        let certificate = Certificate::parse(&bytes).ok_or_else(|| Error::InvalidComputer(computer.to_string()))?;
        identities.own = Some(Arc::new(Identity { certificate, secret, key }));
        Ok(domain)
    }

    /// The domain with a list of revocations in which the certificates are that the computer has had up to `now`.
    ///
    /// # Errors
    ///
    /// [`Error::OtherAuthority`] if the domain has another authority or none.
    pub fn revoke(&self, domain: &Domain, computer: &NetbiosName, now: Time) -> Result<Domain> {
        let mut domain = domain.clone();
        let (id, identities) = self.identities(&mut domain)?;
        let before = identities.revocations.take();
        let number = before.as_ref().map_or(0, |list| list.number) + 1;
        // A list made from an older file must not have the number of one that was made before, so it follows the time.
        let number = number.max(now.as_millis());
        let mut computers = before.map(|list| list.computers).unwrap_or_default();
        let time = computers.entry(computer.as_str().to_owned()).or_insert(now);
        *time = now.max(*time);
        let mut bytes = vec![VERSION];
        bytes.extend_from_slice(&number.to_be_bytes());
        // No domain file holds 2³² names.
        bytes.extend_from_slice(&(computers.len() as u32).to_be_bytes());
        for (computer, time) in &computers {
            text("computer's name", computer, &mut bytes)?;
            bytes.extend_from_slice(&time.as_millis().to_be_bytes());
        }
        self.sign(REVOCATIONS_LABEL, &id, &mut bytes);
        identities.revocations = Some(Revocations { number, computers, bytes });
        Ok(domain)
    }

    fn identities<'d>(&self, domain: &'d mut Domain) -> Result<([u8; 16], &'d mut Identities)> {
        let name = domain.name().to_string();
        let seal = domain.seal.as_mut().ok_or_else(|| Error::OtherAuthority(name.clone()))?;
        let id = seal.id;
        let identities = seal.identities.as_mut().filter(|found| found.authority == public_key(&self.key));
        identities.map(|identities| (id, identities)).ok_or(Error::OtherAuthority(name))
    }

    fn sign(&self, label: &[u8], id: &[u8; 16], bytes: &mut Vec<u8>) {
        let signature = self.key.sign(&[label, id, bytes].concat());
        bytes.extend_from_slice(signature.as_ref());
    }

    /// Reads the text of an authority's file.
    ///
    /// # Errors
    ///
    /// [`Error::Syntax`], whose text never includes anything that may be a secret.
    pub fn from_toml(text: &str) -> Result<Authority> {
        let file: AuthorityFile = toml::from_str(text).map_err(|error| syntax(&error, text))?;
        let name = domain_name(&file.name).map_err(|error| Error::wrong(&error.to_string()))?;
        Authority::from_secret(name, secret(&file.private_key, "private-key")?)
    }

    /// The text of the authority's file. It contains the secret.
    pub fn to_toml(&self) -> Zeroizing<String> {
        let (name, key) = (&self.name, self.secret.to_hex());
        Zeroizing::new(format!(
            "# Whoever has this can be every computer of the domain: it stays with the operator.\n\
             name = \"{name}\"\nprivate-key = \"{}\"\n",
            *key
        ))
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct AuthorityFile {
    name: String,
    private_key: Zeroizing<String>,
}
