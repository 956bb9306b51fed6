//! Names made of labels, as in the DNS.

use core::cmp::Ordering;
use core::fmt;
use core::hash::{Hash, Hasher};
use std::borrow::Cow;

use crate::error::{Error, NameError, Result};
use crate::reader::Reader;
use crate::text;

/// Longest encoded name, with its final zero (RFC 1002 section 4.1).
pub(crate) const MAX_ENCODED: usize = 255;
/// Longest label (RFC 1002 section 4.1).
const MAX_LABEL: usize = 63;
/// More pointers than this in one name are an attack: senders use one.
const MAX_POINTERS: usize = 10;

/// A name of labels with dots between, such as `corp.example`: a NetBIOS scope, or a domain in NETLOGON messages. May
/// be empty. Letter case is kept, but ignored in comparisons.
///
/// ```text
/// +--------+---------+--------+---------+-----+------+
/// | length |  label  | length |  label  | ... | 0x00 |
/// +--------+---------+--------+---------+-----+------+
/// ```
///
/// # Sources
///
/// RFC 1002 section 4.1; RFC 1035 section 4.1.4.
#[derive(Clone, Default)]
pub struct DnsName {
    /// Length bytes and labels, without the final zero: never more than 254 bytes.
    labels: Vec<u8>,
}

impl DnsName {
    /// Parses text with dots between the labels; empty text is the empty name.
    ///
    /// # Errors
    ///
    /// [`Error::Name`] if a label is empty or longer than 63 bytes, or the whole name is too long.
    pub fn new(text: &str) -> Result<DnsName> {
        let mut labels = Vec::new();
        for label in text.split('.').filter(|_| !text.is_empty()) {
            let reason = NameError::LabelLength { length: label.len() };
            let length = u8::try_from(label.len()).ok().filter(|n| (1..=MAX_LABEL).contains(&usize::from(*n)));
            labels.push(length.ok_or(Error::Name { field: "name", reason })?);
            labels.extend_from_slice(label.as_bytes());
        }
        if labels.len() >= MAX_ENCODED {
            return Err(Error::Name { field: "name", reason: NameError::TooLong });
        }
        Ok(DnsName { labels })
    }

    /// Whether the name has no labels.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// The labels, first to last.
    pub fn labels(&self) -> impl Iterator<Item = &[u8]> {
        let mut rest = &self.labels[..];
        core::iter::from_fn(move || {
            let (&length, after) = rest.split_first()?;
            let (label, after) = after.split_at_checked(usize::from(length))?;
            rest = after;
            Some(label)
        })
    }

    /// Bytes of the encoded name, with its final zero.
    pub fn encoded_len(&self) -> usize {
        self.labels.len() + 1
    }

    pub(crate) fn read(reader: &mut Reader<'_>, field: &'static str) -> Result<DnsName> {
        read_labels(reader, field).map(|labels| DnsName { labels: labels.into_owned() })
    }

    pub(crate) fn from_labels(labels: &[u8]) -> DnsName {
        DnsName { labels: labels.to_vec() }
    }

    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.labels);
        out.push(0);
    }

    /// Appends the name to the message that begins at the start of `out`. Labels at a place in `known` become a pointer
    /// to it.
    pub(crate) fn write_compressed(&self, out: &mut Vec<u8>, known: &mut Known) {
        let mut rest = &self.labels[..];
        while let Some((&length, _)) = rest.split_first() {
            if let Some((_, at)) = known.0.iter().find(|(labels, _)| labels == rest) {
                out.extend_from_slice(&(0xC000 | at).to_be_bytes());
                return;
            }
            if let Some(at) = u16::try_from(out.len()).ok().filter(|at| *at < 0x4000) {
                known.0.push((rest.to_vec(), at));
            }
            let (label, after) = rest.split_at(usize::from(length) + 1);
            out.extend_from_slice(label);
            rest = after;
        }
        out.push(0);
    }
}

/// Labels that a message already holds, and their places.
#[derive(Default)]
pub(crate) struct Known(Vec<(Vec<u8>, u16)>);

/// The labels of one name with their length bytes, pointers followed, without the final zero: at most 254 bytes.
/// Borrowed from the packet if there is no pointer.
pub(crate) fn read_labels<'a>(reader: &mut Reader<'a>, field: &'static str) -> Result<Cow<'a, [u8]>> {
    let (run, mut pointer) = read_run(reader, field)?;
    let mut labels = Cow::Borrowed(run);
    for _ in 0..MAX_POINTERS {
        // Only the first run moves the caller's cursor.
        let Some(target) = pointer else { return Ok(labels) };
        let (run, next) = read_run(&mut reader.elsewhere(target), field)?;
        check_length(labels.len() + run.len(), field)?;
        labels.to_mut().extend_from_slice(run);
        pointer = next;
    }
    Err(Error::Name { field, reason: NameError::TooManyPointers })
}

/// Labels up to the final zero or a pointer, whose target is returned. The target must lie before this run, so that a
/// name cannot loop.
fn read_run<'a>(reader: &mut Reader<'a>, field: &'static str) -> Result<(&'a [u8], Option<usize>)> {
    let (from, mut start) = (reader.position(), reader.clone());
    loop {
        let length = reader.position() - from;
        check_length(length, field)?;
        let pointer = match reader.u8(field)? {
            0 => None,
            length @ 1..=63 => {
                reader.take(usize::from(length), field)?;
                continue;
            }
            high @ 0xC0.. => {
                let target = usize::from(u16::from_be_bytes([high & 0x3F, reader.u8(field)?]));
                if target >= from {
                    return Err(Error::Name { field, reason: NameError::PointerNotBackward { target, from } });
                }
                Some(target)
            }
            found => return Err(Error::Name { field, reason: NameError::LabelType { found } }),
        };
        return Ok((start.take(length, field)?, pointer));
    }
}

/// Checks a length without the final zero.
fn check_length(length: usize, field: &'static str) -> Result<()> {
    if length < MAX_ENCODED { Ok(()) } else { Err(Error::Name { field, reason: NameError::TooLong }) }
}

impl PartialEq for DnsName {
    fn eq(&self, other: &DnsName) -> bool {
        // Length bytes are below the letters, so they are compared exactly.
        self.labels.eq_ignore_ascii_case(&other.labels)
    }
}

impl Eq for DnsName {}

impl PartialOrd for DnsName {
    fn partial_cmp(&self, other: &DnsName) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for DnsName {
    fn cmp(&self, other: &DnsName) -> Ordering {
        let (ours, theirs) = (self.labels.iter(), other.labels.iter());
        ours.map(u8::to_ascii_lowercase).cmp(theirs.map(u8::to_ascii_lowercase))
    }
}

impl Hash for DnsName {
    fn hash<H: Hasher>(&self, state: &mut H) {
        // In one piece, since hashers take long for each. Without copying the empty name, which nearly all scopes are.
        if !self.labels.is_empty() {
            state.write(&self.labels.to_ascii_lowercase());
        }
        state.write_u8(0);
    }
}

impl fmt::Display for DnsName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, label) in self.labels().enumerate() {
            if index > 0 {
                f.write_str(".")?;
            }
            text::escape(label, f)?;
        }
        Ok(())
    }
}

impl fmt::Debug for DnsName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{self}\"")
    }
}

impl core::str::FromStr for DnsName {
    type Err = Error;

    fn from_str(text: &str) -> Result<DnsName> {
        DnsName::new(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(packet: &[u8], at: usize) -> Result<DnsName> {
        DnsName::read(&mut Reader::new(packet).elsewhere(at), "name")
    }

    fn wrong<T>(reason: NameError) -> Result<T> {
        Err(Error::Name { field: "name", reason })
    }

    #[test]
    fn text_and_labels_are_the_same() {
        let name = read(b"\x04corp\x07example\0", 0).expect("well formed");
        assert_eq!(DnsName::new("CORP.example"), Ok(name.clone()));
        assert_eq!((name.to_string(), name.encoded_len()), ("corp.example".into(), 14));
        assert_eq!(read(b"\0", 0), DnsName::new(""));
    }

    #[test]
    fn malformed_text_is_refused() {
        assert_eq!(DnsName::new("a..b"), wrong(NameError::LabelLength { length: 0 }));
        assert_eq!(DnsName::new("."), wrong(NameError::LabelLength { length: 0 }));
        assert_eq!(DnsName::new(&"x".repeat(64)), wrong(NameError::LabelLength { length: 64 }));
        let longest = [63, 63, 63, 61].map(|length| "x".repeat(length)).join(".");
        assert!(DnsName::new(&longest).is_ok_and(|name| name.encoded_len() == MAX_ENCODED));
        assert_eq!(DnsName::new(&format!("{longest}x")), wrong(NameError::TooLong));
    }

    #[test]
    fn pointers_lead_backwards_only() {
        assert_eq!(read(b"\x01b\0\x01a\xC0\x00", 3), DnsName::new("a.b"));
        assert_eq!(read(b"\xC0\x00", 0), wrong(NameError::PointerNotBackward { target: 0, from: 0 }));
        assert_eq!(read(b"\x01a\xC0\x00", 0), wrong(NameError::PointerNotBackward { target: 0, from: 0 }));
        assert_eq!(read(b"\xC0\x05", 0), wrong(NameError::PointerNotBackward { target: 5, from: 0 }));
        assert_eq!(read(b"\xC0", 0), Err(Error::Short { field: "name", needed: 1, left: 0 }));
    }

    #[test]
    fn long_names_end_at_255_bytes_with_pointers_or_without() {
        let labels = |lengths: &[u8]| lengths.iter().flat_map(|n| vec![*n; usize::from(*n) + 1]).collect::<Vec<u8>>();
        let (longest, longer) = (labels(&[63, 63, 63, 61]), labels(&[63, 63, 63, 62]));
        assert!(read(&[&longest[..], &[0]].concat(), 0).is_ok_and(|name| name.encoded_len() == MAX_ENCODED));
        assert_eq!(read(&[&longer[..], &[0]].concat(), 0), wrong(NameError::TooLong));
        for (lengths, is_whole) in [(&[63, 63][..], true), (&[63, 63, 1], false)] {
            let target = [labels(&[63, 61]), vec![0]].concat();
            let packet = [&target[..], &labels(lengths), &[0xC0, 0]].concat();
            assert_eq!(read(&packet, target.len()).is_ok(), is_whole);
        }
    }

    #[test]
    fn chains_of_pointers_end() {
        let mut packet = vec![0];
        let mut at = 0_u16;
        for _ in 0..MAX_POINTERS {
            let next = u16::try_from(packet.len()).expect("short");
            packet.extend_from_slice(&(0xC000 | at).to_be_bytes());
            at = next;
        }
        assert_eq!(read(&packet, usize::from(at)), wrong(NameError::TooManyPointers));
        assert_eq!(read(&packet, usize::from(at) - 2), DnsName::new(""));
    }

    #[test]
    fn compression_writes_what_reading_understands() {
        let names = ["corp.example", "corp.example", "host.corp.example", "", "other.example"];
        let (mut out, mut known) = (vec![7], Known::default());
        for name in names {
            DnsName::new(name).expect("valid").write_compressed(&mut out, &mut known);
        }
        assert_eq!(out, b"\x07\x04corp\x07example\0\xC0\x01\x04host\xC0\x01\0\x05other\xC0\x06");
        let mut reader = Reader::new(&out).elsewhere(1);
        for name in names {
            assert_eq!(DnsName::read(&mut reader, "name"), DnsName::new(name));
        }
    }
}
