//! NetBIOS names.

use core::fmt;
use core::str::FromStr;

use crate::dns_name::{DnsName, MAX_ENCODED, read_labels};
use crate::error::{Error, NameError, Result};
use crate::reader::Reader;
use crate::text;

/// Bytes of a name, its suffix included.
const SIZE: usize = 16;
/// Bytes of the first label: two for each byte of the name.
const FIRST_LABEL: u8 = 32;
const MSBROWSE: &[u8; 15] = b"\x01\x02__MSBROWSE__\x02";

/// A NetBIOS name: 15 bytes padded with blanks, a suffix for the name's purpose, and a scope, nearly always empty.
/// Comparison is by all 16 bytes and by the scope without its letter case.
///
/// ```text
///  first level                         second level, in packets
/// +-------------------------+         +----+----------------------+-------------+----+
/// | two characters, A to P, |         | 32 | 32 first-level bytes | the scope's | 00 |
/// | for each of 16 bytes    |         |    |                      |   labels    |    |
/// +-------------------------+         +----+----------------------+-------------+----+
/// ```
///
/// # Sources
///
/// RFC 1001 sections 5.2 and 14.1; RFC 1002 section 4.1; suffixes: MS-NBTE, MS-BRWS, MS-MAIL section 3.2.3.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name {
    bytes: [u8; SIZE],
    scope: DnsName,
}

/// The purposes of names: the values of their last byte.
pub mod suffix {
    /// A computer, or all members of a group: the name of every mailslot receiver.
    pub const WORKSTATION: u8 = 0x00;
    /// All local master browsers of a subnet, on [`Name::msbrowse`](super::Name::msbrowse).
    pub const MASTER_BROWSERS: u8 = 0x01;
    /// The messenger service of a computer or a user.
    pub const MESSENGER: u8 = 0x03;
    /// The domain master browser: the primary domain controller.
    pub const DOMAIN_MASTER_BROWSER: u8 = 0x1B;
    /// The domain controllers of a domain.
    pub const DOMAIN_CONTROLLERS: u8 = 0x1C;
    /// The local master browser of a group.
    pub const MASTER_BROWSER: u8 = 0x1D;
    /// All participants in browser elections.
    pub const BROWSER_ELECTIONS: u8 = 0x1E;
    /// The file server of a computer.
    pub const SERVER: u8 = 0x20;
}

impl Name {
    /// The name `text`, in upper case, in the empty scope. It is padded with blanks; only `*` alone, the wildcard, is
    /// padded with zeros.
    ///
    /// # Errors
    ///
    /// [`Error::Name`] if `text` does not have 1 to 15 characters, or has one outside ASCII: use [`Name::from_bytes`]
    /// for a name in an OEM code page.
    pub fn new(text: &str, suffix: u8) -> Result<Name> {
        let wrong = |reason| Error::Name { field: "name", reason };
        if let Some(character) = text.chars().find(|c| !c.is_ascii()) {
            return Err(wrong(NameError::NotAscii { character }));
        }
        if !(1..SIZE).contains(&text.len()) {
            return Err(wrong(NameError::Length { length: text.len() }));
        }
        if text == "*" {
            return Ok(Name::wildcard().with_suffix(suffix));
        }
        let mut bytes = [b' '; SIZE];
        for (byte, from) in bytes.iter_mut().zip(text.bytes()) {
            *byte = from.to_ascii_uppercase();
        }
        bytes[SIZE - 1] = suffix;
        Ok(Name::from_bytes(bytes))
    }

    /// The name of these 16 bytes as they are, in the empty scope.
    pub fn from_bytes(bytes: [u8; 16]) -> Name {
        Name { bytes, scope: DnsName::default() }
    }

    /// `*`, which every node answers to.
    pub fn wildcard() -> Name {
        let mut bytes = [0; SIZE];
        bytes[0] = b'*';
        Name::from_bytes(bytes)
    }

    /// The group of all local master browsers.
    pub fn msbrowse() -> Name {
        let mut bytes = [suffix::MASTER_BROWSERS; SIZE];
        bytes[..SIZE - 1].copy_from_slice(MSBROWSE);
        Name::from_bytes(bytes)
    }

    /// This name in `scope`.
    ///
    /// # Errors
    ///
    /// [`Error::Name`] if the encoded name would have more than 255 bytes.
    pub fn with_scope(self, scope: DnsName) -> Result<Name> {
        if usize::from(FIRST_LABEL) + 1 + scope.encoded_len() > MAX_ENCODED {
            return Err(Error::Name { field: "scope", reason: NameError::TooLong });
        }
        Ok(Name { scope, ..self })
    }

    /// This name with another suffix.
    pub fn with_suffix(mut self, suffix: u8) -> Name {
        self.bytes[SIZE - 1] = suffix;
        self
    }

    /// All 16 bytes.
    pub fn as_bytes(&self) -> &[u8; 16] {
        &self.bytes
    }

    /// The name without suffix and padding: blanks, or zeros after a `*`.
    pub fn text(&self) -> &[u8] {
        let name = &self.bytes[..SIZE - 1];
        let padding = if self.bytes[0] == b'*' && self.bytes[1] == 0 { 0 } else { b' ' };
        let length = name.iter().rposition(|byte| *byte != padding).map_or(0, |last| last + 1);
        &name[..length]
    }

    /// The name without suffix and padding as text that is safe to display: bytes that are not printable ASCII, and the
    /// backslash, become `\xNN`. Up to 60 characters.
    pub fn printable(&self) -> String {
        struct Printable<'a>(&'a [u8]);
        impl fmt::Display for Printable<'_> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                text::escape(self.0, f)
            }
        }
        let name = self.text();
        let is_plain = name.iter().all(|byte| matches!(byte, b' '..=b'~') && *byte != b'\\');
        // A fast path, because this runs for each message: nearly all names are printable.
        match core::str::from_utf8(name) {
            Ok(plain) if is_plain => plain.to_owned(),
            _ => Printable(name).to_string(),
        }
    }

    /// The last byte; see [`suffix`].
    pub fn suffix(&self) -> u8 {
        self.bytes[SIZE - 1]
    }

    /// The scope.
    pub fn scope(&self) -> &DnsName {
        &self.scope
    }

    /// Whether this is `*`, with any suffix, padded with zeros or blanks: senders disagree.
    pub fn is_wildcard(&self) -> bool {
        self.bytes[0] == b'*' && self.bytes[1..SIZE - 1].iter().all(|byte| *byte == 0 || *byte == b' ')
    }

    /// Whether this is another spelling of `other`: ASCII letters in either case. Senders should encode upper case (RFC
    /// 1001 section 14.1). One that does not, such as a script, means the same name.
    ///
    /// ```
    /// use mailslot_wire::Name;
    ///
    /// let spelled = Name::from_bytes(*b"Srv1           \x20");
    /// assert!(Name::new("SRV1", 0x20)?.is_spelled(&spelled));
    /// assert!(!Name::new("SRV1", 0x00)?.is_spelled(&spelled));
    /// # Ok::<(), mailslot_wire::Error>(())
    /// ```
    pub fn is_spelled(&self, other: &Name) -> bool {
        self.suffix() == other.suffix() && self.text_is_spelled(other)
    }

    /// Like [`is_spelled`](Name::is_spelled), but ignores the suffixes.
    pub fn text_is_spelled(&self, other: &Name) -> bool {
        let [text, others] = [self, other].map(|name| &name.bytes[..SIZE - 1]);
        // Nearly all that mean the same name spell it in the same way.
        (text == others || text.eq_ignore_ascii_case(others)) && self.scope == other.scope
    }

    /// The 32 characters of the first-level encoding.
    pub fn first_level(&self) -> [u8; 32] {
        let mut label = [0; FIRST_LABEL as usize];
        for (pair, byte) in label.chunks_exact_mut(2).zip(self.bytes) {
            pair.copy_from_slice(&[b'A' + (byte >> 4), b'A' + (byte & 15)]);
        }
        label
    }

    /// Parses a second-level encoded name that begins at the first of `bytes`; what follows it is ignored.
    ///
    /// # Errors
    ///
    /// [`Error::Short`] if the name does not end within `bytes`, else [`Error::Name`].
    pub fn parse(bytes: &[u8]) -> Result<Name> {
        Name::read(&mut Reader::new(bytes), "name")
    }

    /// The second-level encoding: 34 bytes in the empty scope, never more than 255.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.encoded_len());
        self.write(&mut out);
        out
    }

    /// Bytes of the second-level encoding.
    pub fn encoded_len(&self) -> usize {
        usize::from(FIRST_LABEL) + 1 + self.scope.encoded_len()
    }

    pub(crate) fn read(reader: &mut Reader<'_>, field: &'static str) -> Result<Name> {
        Name::read_optional(reader, field)?.ok_or(Error::Name { field, reason: NameError::Missing })
    }

    /// Reads a name, or none from a single zero: some packets leave it out.
    pub(crate) fn read_optional(reader: &mut Reader<'_>, field: &'static str) -> Result<Option<Name>> {
        let labels = read_labels(reader, field)?;
        let Some((&length, rest)) = labels.split_first() else { return Ok(None) };
        let wrong = |reason| Error::Name { field, reason };
        let (label, scope) = match rest.split_first_chunk::<{ FIRST_LABEL as usize }>() {
            Some((label, scope)) if length == FIRST_LABEL => (label, scope),
            _ => return Err(wrong(NameError::FirstLabel { length })),
        };
        let mut bytes = [0; SIZE];
        for (four, characters) in bytes.as_chunks_mut().0.iter_mut().zip(label.as_chunks().0) {
            let is_wrong = |character: &u8| !(b'A'..=b'P').contains(character);
            *four = decode(*characters).ok_or_else(|| {
                let found = characters.iter().copied().find(is_wrong).unwrap_or_default();
                wrong(NameError::Digit { found })
            })?;
        }
        Ok(Some(Name { bytes, scope: DnsName::from_labels(scope) }))
    }

    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        out.push(FIRST_LABEL);
        out.extend_from_slice(&self.first_level());
        self.scope.write(out);
    }
}

/// As `NAME<20>`, with `.SCOPE` after it if there is one, and unprintable bytes as `\xNN`.
impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        text::escape(self.text(), f)?;
        write!(f, "<{:02x}>", self.suffix())?;
        if self.scope.is_empty() { Ok(()) } else { write!(f, ".{}", self.scope) }
    }
}

/// Parses what [`Display`](fmt::Display) prints, byte for byte: `NAME<20>`, `NAME<20>.SCOPE`. Unlike [`Name::new`],
/// this keeps the letter case: some systems register names in lower case.
///
/// ```
/// use mailslot_wire::Name;
///
/// for printed in ["SRV1<20>", "INet~Services<1c>", "SRV1<00>.corp.example", r"\x01\x02__MSBROWSE__\x02<01>"] {
///     assert_eq!(printed.parse::<Name>()?.to_string(), printed);
/// }
/// # Ok::<(), mailslot_wire::Error>(())
/// ```
///
/// # Errors
///
/// [`Error::Name`] if the text is not of this form.
impl FromStr for Name {
    type Err = Error;

    fn from_str(text: &str) -> Result<Name> {
        let wrong = || Error::Name { field: "name", reason: NameError::NotPrinted };
        let (name, suffix, scope) = text.rmatch_indices('<').find_map(|(at, _)| split(text, at)).ok_or_else(wrong)?;
        let name = text::unescape(name).ok_or_else(wrong)?;
        if name.len() >= SIZE {
            return Err(Error::Name { field: "name", reason: NameError::Length { length: name.len() } });
        }
        let mut bytes = if name == b"*" { *Name::wildcard().as_bytes() } else { [b' '; SIZE] };
        bytes[..name.len()].copy_from_slice(&name);
        Name::from_bytes(bytes).with_suffix(suffix).with_scope(DnsName::new(scope)?)
    }
}

/// Four bytes from their eight characters, each of `A` to `P`.
fn decode(characters: [u8; 8]) -> Option<[u8; 4]> {
    // All in one word, since this is done eight times for each datagram. What is below `A` leaves more than a digit in
    // its own place, whatever it borrows from the next one.
    let digits = u64::from_be_bytes(characters).wrapping_sub(u64::from_be_bytes([b'A'; 8]));
    if digits & 0xF0F0_F0F0_F0F0_F0F0 != 0 {
        return None;
    }
    let pairs = (digits >> 4 | digits) & 0x00FF_00FF_00FF_00FF;
    let fours = (pairs >> 8 | pairs) & 0x0000_FFFF_0000_FFFF;
    Some(((fours >> 16 | fours) as u32).to_be_bytes())
}

/// Name, suffix and scope of a printed name, if the suffix begins at the byte `at`.
fn split(text: &str, at: usize) -> Option<(&str, u8, &str)> {
    let (name, rest) = text.split_at_checked(at)?;
    let (suffix, rest) = rest.strip_prefix('<')?.split_once('>')?;
    let digits = suffix.len() == 2 && suffix.bytes().all(|digit| digit.is_ascii_hexdigit());
    let scope = if rest.is_empty() { rest } else { rest.strip_prefix('.').filter(|scope| !scope.is_empty())? };
    u8::from_str_radix(suffix, 16).ok().filter(|_| digits).map(|suffix| (name, suffix, scope))
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrong<T>(reason: NameError) -> Result<T> {
        Err(Error::Name { field: "name", reason })
    }

    #[test]
    fn names_are_half_ascii() {
        let name = Name::new("fred", suffix::SERVER).expect("valid");
        assert_eq!(&name.first_level(), b"EGFCEFEECACACACACACACACACACACACA");
        assert_eq!(name.encode(), b"\x20EGFCEFEECACACACACACACACACACACACA\0");
        assert_eq!(name.to_string(), "FRED<20>");
        assert_eq!(&Name::wildcard().first_level(), b"CKAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");
        assert_eq!(Name::wildcard().to_string(), "*<00>");
        assert_eq!(Name::new("*", 0), Ok(Name::wildcard()));
        assert_eq!(Name::msbrowse().to_string(), r"\x01\x02__MSBROWSE__\x02<01>");
    }

    #[test]
    fn scopes_follow_the_name() {
        let scoped = Name::new("A", 0).and_then(|name| name.with_scope(DnsName::new("corp.example")?)).expect("valid");
        let encoded = scoped.encode();
        assert_eq!(&encoded[33..], b"\x04corp\x07example\0");
        assert_eq!(Name::parse(&encoded), Ok(scoped.clone()));
        assert_eq!(scoped.to_string(), "A<00>.corp.example");
        let long = DnsName::new(&["x".repeat(60), "y".repeat(60), "z".repeat(60), "w".repeat(37)].join("."));
        assert!(Name::wildcard().with_scope(long.clone().expect("221 bytes")).is_ok());
        let longer = DnsName::new(&format!("{}w", long.expect("221 bytes"))).expect("222 bytes");
        assert_eq!(
            Name::wildcard().with_scope(longer),
            Err(Error::Name { field: "scope", reason: NameError::TooLong })
        );
    }

    #[test]
    fn every_byte_has_its_characters_and_no_others_are_digits() {
        for byte in 0..=u8::MAX {
            let name = Name::from_bytes(core::array::from_fn(|at| byte.wrapping_mul(at as u8 * 2 + 1)));
            assert_eq!(Name::parse(&name.encode()), Ok(name.clone()));
            for at in 1..=usize::from(FIRST_LABEL) {
                let mut bytes = name.encode();
                bytes[at] = byte;
                let parsed = Name::parse(&bytes);
                match byte {
                    b'A'..=b'P' => assert_eq!(parsed.map(|name| name.encode()), Ok(bytes)),
                    found => assert_eq!(parsed, wrong(NameError::Digit { found })),
                }
            }
        }
        // Of several, the first is told, whatever the others are.
        for (first, second) in (0..=u8::MAX).flat_map(|first| [0, b'@', b'Q', 0xFF].map(|second| (first, second))) {
            let mut bytes = Name::wildcard().encode();
            (bytes[3], bytes[4]) = (first, second);
            let found = if (b'A'..=b'P').contains(&first) { second } else { first };
            assert_eq!(Name::parse(&bytes), wrong(NameError::Digit { found }));
        }
    }

    #[test]
    fn malformed_names_say_what_is_wrong() {
        let good = Name::wildcard().encode();
        let with = |at: usize, byte: u8| {
            let mut bytes = good.clone();
            bytes[at] = byte;
            Name::parse(&bytes)
        };
        assert_eq!(with(1, b'Q'), wrong(NameError::Digit { found: b'Q' }));
        assert_eq!(with(2, b'a'), wrong(NameError::Digit { found: b'a' }));
        assert_eq!(with(0, 0x40), wrong(NameError::LabelType { found: 0x40 }));
        assert_eq!(Name::parse(b"\0"), wrong(NameError::Missing));
        assert_eq!(Name::parse(b"\x01A\0"), wrong(NameError::FirstLabel { length: 1 }));
        for length in 0..good.len() {
            assert!(matches!(Name::parse(&good[..length]), Err(Error::Short { .. })), "{length}");
        }
        assert_eq!(Name::new("", 0), wrong(NameError::Length { length: 0 }));
        assert_eq!(Name::new("SIXTEEN-LETTERS-", 0), wrong(NameError::Length { length: 16 }));
        assert_eq!(Name::new("É", 0), wrong(NameError::NotAscii { character: 'É' }));
    }
}
