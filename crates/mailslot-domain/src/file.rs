//! The domain file: TOML with a domain's name, secrets and defaults.

use std::fmt::Write as _;

use serde::Deserialize;
use toml::value::Datetime;
use zeroize::Zeroizing;

use crate::crypto::Secret;
use crate::domain::{Domain, Key, Seal, domain_name};
use crate::error::{Error, Result};
use crate::escape::{hex, unhex, unhex_all};
use crate::identity::Identities;
use crate::time::Time;

/// The fields of the file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct File {
    name: String,
    id: Option<String>,
    naming: Option<Zeroizing<String>>,
    #[serde(default)]
    open: bool,
    #[serde(default)]
    lan: bool,
    #[serde(default)]
    connect: Vec<String>,
    #[serde(default)]
    key: Vec<KeyEntry>,
    identities: Option<IdentitiesEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct IdentitiesEntry {
    authority: String,
    certificate: Option<String>,
    private_key: Option<Zeroizing<String>>,
    revoked: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct KeyEntry {
    secret: Zeroizing<String>,
    send_from: Datetime,
    accept_until: Option<Datetime>,
}

impl Domain {
    /// Reads the text of a domain file.
    ///
    /// # Errors
    ///
    /// [`Error::Syntax`], whose text never includes anything that may be a secret.
    pub fn from_toml(text: &str) -> Result<Domain> {
        let file: File = toml::from_str(text).map_err(|error| syntax(&error, text))?;
        let name = domain_name(&file.name).map_err(|error| Error::wrong(&error.to_string()))?;
        let seal = match (file.open, file.id, file.naming) {
            (true, None, None) if file.key.is_empty() && file.identities.is_none() => None,
            (true, ..) => {
                return Err(Error::wrong("an open domain has no `id`, `naming`, `[[key]]` or `[identities]`"));
            }
            (false, Some(id), Some(naming)) => {
                let id = unhex(&id).ok_or_else(|| Error::wrong("`id` must have 32 hexadecimal digits"))?;
                let identities = file.identities.as_ref().map(|entry| identities(&id, entry)).transpose()?;
                Some(Seal { id, naming: secret(&naming, "naming")?, keys: keys(&file.key)?, identities })
            }
            (false, ..) => {
                return Err(Error::wrong(
                    "a sealed domain needs `id`, `naming` and `[[key]]`; an open one `open = true`",
                ));
            }
        };
        Ok(Domain::new(name, seal).with_defaults(file.lan, file.connect))
    }

    /// The text of the domain file. It contains the secrets.
    pub fn to_toml(&self) -> Zeroizing<String> {
        // Large enough for any useful number of keys: when it grows, a copy of the secrets would stay in memory.
        let mut text = Zeroizing::new(String::with_capacity(16 << 10));
        let _ = writeln!(text, "name = \"{}\"", self.name());
        match &self.seal {
            Some(seal) => {
                let _ = writeln!(text, "# Whoever has what follows is a member of the domain: keep it secret.");
                let _ = writeln!(text, "id = \"{}\"\nnaming = \"{}\"", hex(&seal.id), *seal.naming.to_hex());
            }
            None => text.push_str("open = true\n"),
        }
        if self.lan() {
            text.push_str("lan = true\n");
        }
        if !self.connect().is_empty() {
            let endpoints = self.connect().iter().cloned().map(toml::Value::String).collect();
            let _ = writeln!(text, "connect = {}", toml::Value::Array(endpoints));
        }
        for key in self.keys() {
            let _ = writeln!(text, "\n[[key]]\nsecret = \"{}\"\nsend-from = {}", *key.secret.to_hex(), key.send_from());
            if let Some(until) = key.accept_until() {
                let _ = writeln!(text, "accept-until = {until}");
            }
        }
        if let Some(identities) = self.seal.as_ref().and_then(|seal| seal.identities.as_ref()) {
            let _ = writeln!(text, "\n[identities]\nauthority = \"{}\"", hex(&identities.authority));
            if let Some(own) = &identities.own {
                let (certificate, secret) = (hex(own.certificate.bytes()), own.secret.to_hex());
                let _ = writeln!(text, "certificate = \"{certificate}\"\nprivate-key = \"{}\"", *secret);
            }
            if let Some(list) = &identities.revocations {
                let _ = writeln!(text, "revoked = \"{}\"", hex(&list.bytes));
            }
        }
        text
    }
}

fn identities(id: &[u8; 16], entry: &IdentitiesEntry) -> Result<Identities> {
    let bytes = |text: &String, field: &str| {
        unhex_all(text).ok_or_else(|| Error::wrong(&format!("`{field}` must have hexadecimal digits")))
    };
    let authority =
        unhex(&entry.authority).ok_or_else(|| Error::wrong("`authority` must have 64 hexadecimal digits"))?;
    let own = match (&entry.certificate, &entry.private_key) {
        (Some(certificate), Some(key)) => Some((bytes(certificate, "certificate")?, secret(key, "private-key")?)),
        (None, None) => None,
        _ => return Err(Error::wrong("`certificate` and `private-key` belong together")),
    };
    let revoked = entry.revoked.as_ref().map(|text| bytes(text, "revoked")).transpose()?;
    Identities::new(id, authority, own, revoked)
}

fn keys(entries: &[KeyEntry]) -> Result<Vec<Key>> {
    let mut keys = entries.iter().map(key).collect::<Result<Vec<Key>>>()?;
    keys.sort_by_key(Key::send_from);
    if keys.is_empty() {
        return Err(Error::wrong("a sealed domain needs a `[[key]]`"));
    }
    let ids: std::collections::HashSet<_> = keys.iter().map(Key::id).collect();
    if ids.len() < keys.len() {
        return Err(Error::wrong("a `[[key]]` appears twice"));
    }
    Ok(keys)
}

fn key(entry: &KeyEntry) -> Result<Key> {
    let until = entry.accept_until.as_ref().map(|until| time(until, "accept-until")).transpose()?;
    Ok(Key::new(secret(&entry.secret, "secret")?, time(&entry.send_from, "send-from")?, until))
}

pub(crate) fn secret(text: &str, field: &str) -> Result<Secret> {
    Secret::from_hex(text).ok_or_else(|| Error::wrong(&format!("`{field}` must have 64 hexadecimal digits")))
}

fn time(datetime: &Datetime, field: &str) -> Result<Time> {
    Time::parse(&datetime.to_string())
        .ok_or_else(|| Error::wrong(&format!("`{field}` must be a time in UTC, such as 2026-11-25T00:00:00Z")))
}

pub(crate) fn syntax(error: &toml::de::Error, text: &str) -> Error {
    let line = error.span().and_then(|span| text.get(..span.start)).map(|before| before.matches('\n').count() + 1);
    Error::Syntax { path: None, line, reason: without_secrets(error.message()) }
}

/// Removes long words from the parser's message: it quotes the file, and they may be secrets in the wrong place.
fn without_secrets(message: &str) -> String {
    let mut shown = String::with_capacity(message.len());
    for word in message.split_inclusive(|c: char| !c.is_ascii_alphanumeric()) {
        shown.push_str(if word.len() > LONGEST_WORD { "…" } else { word });
    }
    shown
}

/// Longer than the words of the parser itself, shorter than any secret.
const LONGEST_WORD: usize = 20;
