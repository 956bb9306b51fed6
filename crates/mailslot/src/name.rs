//! Names of slots and addresses of messages: text becomes a value here, once.

use core::fmt;

use crate::error::{Error, NameError, Operation};

/// Longest slot name in UTF-16 units: an NT path has at most 32766 of them, and `\??\MAILSLOT\` takes 13.
const MAX_UNITS: usize = 32766 - 13;
/// Longest NetBIOS name in characters (RFC 1001 section 14, less the suffix byte).
const MAX_NETBIOS: usize = 15;

/// The name of a slot on its machine: the part after `\mailslot\`, for example `alerts` or `plant\line 1`.
///
/// Case is kept for display but does not count: `Alerts` and `ALERTS` are equal. Every character except NUL may
/// occur. Parts before the last are not directories that exist by themselves; `a` and `a\b` are independent slots.
///
/// # Sources
///
/// Win32 *Mailslot Names*; file name normalisation as by `GetFullPathName`.
#[derive(Clone, Debug)]
pub struct SlotName {
    display: String,
    folded: String,
}

/// Where a message goes: a slot of this machine, of another one, or of every machine of a domain.
///
/// Text forms, with `/` and `\` being equal and letter case not counting:
///
/// | text | means |
/// |---|---|
/// | `\\.\mailslot\alerts` | the slot `alerts` of this machine |
/// | `alerts`, `plant\line 1` | the same, written short |
/// | `\\SRV1\mailslot\alerts` | that slot of the computer `SRV1`, or of every machine of a domain `SRV1` |
/// | `\\*\mailslot\alerts` | that slot of every machine of the own domain |
///
/// ```
/// use mailslot::Address;
///
/// let address: Address = r"\\.\mailslot\Plant\Line 1".parse()?;
/// assert_eq!(address, "//./MAILSLOT/plant//line 1".parse()?);
/// assert_eq!(address.to_string(), r"\\.\mailslot\Plant\Line 1");
/// # Ok::<(), mailslot::Error>(())
/// ```
///
/// # Sources
///
/// Win32 *Mailslot Names*, `CreateMailslot`, `CreateFile`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Address {
    /// A slot of this machine.
    Local(SlotName),
    /// A slot of one computer, or of every machine of a domain: only the network can tell which of the two `target` is.
    Remote {
        /// The computer's or the domain's NetBIOS name.
        target: NetbiosName,
        /// The slot there.
        slot: SlotName,
    },
    /// A slot of every machine of this computer's own domain.
    Broadcast(SlotName),
}

/// The name of a computer or a domain: 1 to 15 characters, in upper case (RFC 1001 section 14).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NetbiosName(String);

impl SlotName {
    /// The name as it was first written.
    pub fn as_str(&self) -> &str {
        &self.display
    }

    /// The name in upper case: what decides whether two names are the same.
    pub fn folded(&self) -> &str {
        &self.folded
    }

    /// A name from normalised parts.
    fn new(display: String) -> Result<SlotName, NameError> {
        if display.is_empty() {
            return Err(NameError::NoSlotName);
        }
        if display.contains('\0') {
            return Err(NameError::Nul);
        }
        // Most names are ASCII, and whoever opens a slot for one message waits for this.
        let (units, folded) = if display.is_ascii() {
            (display.len(), display.to_ascii_uppercase())
        } else {
            (display.encode_utf16().count(), display.chars().map(upper).collect())
        };
        if units > MAX_UNITS {
            return Err(NameError::TooLong { units, limit: MAX_UNITS });
        }
        Ok(SlotName { display, folded })
    }
}

impl Address {
    /// Parses exactly what `CreateFile` takes for a mailslot: the forms of the table that begin with two separators,
    /// and `\\?\mailslot\name` and `\??\mailslot\name`, after which nothing is normalised.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidName`] says what is wrong with `text`.
    pub fn parse_win32(text: &str) -> Result<Address, Error> {
        parse(text).map_err(|reason| Error::invalid_name(text, reason, Operation::Open))
    }

    /// The slot's name on its machine.
    pub fn slot(&self) -> &SlotName {
        match self {
            Address::Local(slot) | Address::Remote { slot, .. } | Address::Broadcast(slot) => slot,
        }
    }

    /// This address, with the name that `computer` finds out taken as "this machine".
    pub(crate) fn resolved_at(self, computer: impl FnOnce() -> Option<NetbiosName>) -> Address {
        match self {
            Address::Remote { target, slot } if target.0 == "LOCALHOST" || computer().as_ref() == Some(&target) => {
                Address::Local(slot)
            }
            other => other,
        }
    }
}

impl NetbiosName {
    /// The name, in upper case.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub(crate) fn parse(text: &str) -> Result<NetbiosName, NameError> {
        let length = text.chars().count();
        if length == 0 || length > MAX_NETBIOS {
            return Err(NameError::ComputerNameLength { length });
        }
        match text.chars().find(|c| c.is_control() || r#"\/:*?"<>|"#.contains(*c)) {
            Some(character) => Err(NameError::ComputerNameCharacter { character }),
            None => Ok(NetbiosName(text.chars().map(upper).collect())),
        }
    }
}

/// Parses the Win32 forms.
fn parse(text: &str) -> Result<Address, NameError> {
    if text.is_empty() {
        return Err(NameError::Empty);
    }
    for prefix in [r"\\?\", r"\??\"] {
        if let Some(rest) = text.strip_prefix(prefix) {
            let (device, slot) = rest.split_once('\\').unwrap_or((rest, ""));
            check_device(device, slot)?;
            return verbatim(slot).map(Address::Local);
        }
    }
    let mut chars = text.chars();
    if !(chars.next().is_some_and(is_separator) && chars.next().is_some_and(is_separator)) {
        return Err(NameError::NoPrefix);
    }
    let rest = chars.as_str();
    let (host, rest) = rest.split_once(is_separator).unwrap_or((rest, ""));
    if host.is_empty() {
        return Err(NameError::NoPrefix);
    }
    let rest = rest.trim_start_matches(is_separator);
    let (device, slot) = rest.split_once(is_separator).unwrap_or((rest, ""));
    check_device(device, slot)?;
    let slot = normalise(slot)?;
    match host {
        "." => Ok(Address::Local(slot)),
        "*" => Ok(Address::Broadcast(slot)),
        _ => Ok(Address::Remote { target: NetbiosName::parse(host)?, slot }),
    }
}

/// Parses the Win32 forms and bare names.
fn parse_short(text: &str) -> Result<Address, NameError> {
    match text.chars().next() {
        None => Err(NameError::Empty),
        Some(first) if is_separator(first) => parse(text),
        Some(_) if is_drive_path(text) => Err(NameError::NoPrefix),
        Some(_) => {
            let device = text.split(is_separator).next().unwrap_or(text);
            // `mailslot\x` nearly always is a prefix that a shell has eaten, not a slot of that name.
            if device.len() < text.len() && device.eq_ignore_ascii_case("mailslot") {
                return Err(NameError::NoPrefix);
            }
            normalise(text).map(Address::Local)
        }
    }
}

/// `path` is what follows the device.
fn check_device(device: &str, path: &str) -> Result<(), NameError> {
    if device.eq_ignore_ascii_case("mailslot") {
        Ok(())
    } else if path.is_empty() || device.eq_ignore_ascii_case("pipe") {
        Err(NameError::NotMailslot { device: device.to_owned() })
    } else {
        Err(NameError::UnknownDevice { device: device.to_owned() })
    }
}

/// Path normalisation as `CreateFile` does it before the name reaches the mailslot file system.
fn normalise(slot: &str) -> Result<SlotName, NameError> {
    if slot.ends_with(is_separator) && !slot.trim_matches(is_separator).is_empty() {
        return Err(NameError::TrailingSeparator);
    }
    let mut parts: Vec<&str> = Vec::new();
    for part in slot.split(is_separator) {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop().ok_or(NameError::LeavesPrefix)?;
            }
            part => parts.push(part),
        }
    }
    let joined = parts.join("\\");
    SlotName::new(joined.trim_end_matches(['.', ' ']).to_owned())
}

/// A name after `\\?\`, which is taken as it is.
fn verbatim(slot: &str) -> Result<SlotName, NameError> {
    if slot.ends_with('\\') && slot.len() > 1 {
        return Err(NameError::TrailingSeparator);
    }
    SlotName::new(slot.to_owned())
}

fn is_separator(c: char) -> bool {
    c == '\\' || c == '/'
}

fn is_drive_path(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() >= 3 && bytes[0].is_ascii_alphabetic() && bytes[1] == b':' && is_separator(char::from(bytes[2]))
}

/// Simple upper-case mapping of one UTF-16 unit, no locale. Where Unicode's upper case is longer than one unit, or
/// would turn another letter into an ASCII one (dotless i), the character stays, as on Windows.
fn upper(c: char) -> char {
    if c.is_ascii() {
        return c.to_ascii_uppercase();
    }
    let mut mapped = c.to_uppercase();
    match (mapped.next(), mapped.next()) {
        (Some(upper), None) if !upper.is_ascii() && c.len_utf16() == 1 && upper.len_utf16() == 1 => upper,
        _ => c,
    }
}

impl PartialEq for SlotName {
    fn eq(&self, other: &SlotName) -> bool {
        self.folded == other.folded
    }
}

impl Eq for SlotName {}

impl core::hash::Hash for SlotName {
    fn hash<H: core::hash::Hasher>(&self, state: &mut H) {
        self.folded.hash(state);
    }
}

impl fmt::Display for SlotName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.display)
    }
}

impl fmt::Display for NetbiosName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Address::Local(slot) => write!(f, r"\\.\mailslot\{slot}"),
            Address::Remote { target, slot } => write!(f, r"\\{target}\mailslot\{slot}"),
            Address::Broadcast(slot) => write!(f, r"\\*\mailslot\{slot}"),
        }
    }
}

/// Takes 1 to 15 characters, none of them a control character or one of `\ / : * ? " < > |`.
impl core::str::FromStr for NetbiosName {
    type Err = NameError;

    fn from_str(text: &str) -> Result<NetbiosName, NameError> {
        NetbiosName::parse(text)
    }
}

impl core::str::FromStr for Address {
    type Err = Error;

    fn from_str(text: &str) -> Result<Address, Error> {
        parse_short(text).map_err(|reason| Error::invalid_name(text, reason, Operation::Open))
    }
}

impl TryFrom<&str> for Address {
    type Error = Error;

    fn try_from(text: &str) -> Result<Address, Error> {
        text.parse()
    }
}

impl TryFrom<&String> for Address {
    type Error = Error;

    fn try_from(text: &String) -> Result<Address, Error> {
        text.parse()
    }
}

impl TryFrom<String> for Address {
    type Error = Error;

    fn try_from(text: String) -> Result<Address, Error> {
        text.parse()
    }
}

impl From<SlotName> for Address {
    fn from(slot: SlotName) -> Address {
        Address::Local(slot)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn local(text: &str) -> Result<String, NameError> {
        parse_short(text).map(|address| match address {
            Address::Local(slot) => slot.to_string(),
            other => panic!("{other} is not local"),
        })
    }

    #[test]
    fn spellings_of_one_local_slot_are_equal() {
        for text in [
            r"\\.\mailslot\a\b",
            "//./mailslot/a/b",
            r"\\.\MAILSLOT/A\\b",
            r"\\.\mailslot\\a\.\b",
            r"\\.\mailslot\a\x\..\b",
            r"\\?\mailslot\A\B",
            r"\??\mailslot\a\b",
            r"a\b",
            "a/b",
            "a//b",
            r"\\.\mailslot\a\b. .",
        ] {
            assert_eq!(parse_short(text), parse(r"\\.\mailslot\a\b"), "{text}");
        }
    }

    #[test]
    fn malformed_names_say_what_is_wrong() {
        assert_eq!(local(""), Err(NameError::Empty));
        assert_eq!(local(r"\\.\mailslot"), Err(NameError::NoSlotName));
        assert_eq!(local(r"\\.\mailslot\"), Err(NameError::NoSlotName));
        assert_eq!(local(r"\\.\mailslot\."), Err(NameError::NoSlotName));
        assert_eq!(local(r"\\.\mailslot\.."), Err(NameError::LeavesPrefix));
        assert_eq!(local(r"\\.\mailslot\..\b"), Err(NameError::LeavesPrefix));
        assert_eq!(local("../../etc/passwd"), Err(NameError::LeavesPrefix));
        assert_eq!(local(r"\\.\mailslot\x\"), Err(NameError::TrailingSeparator));
        assert_eq!(local("x/"), Err(NameError::TrailingSeparator));
        assert_eq!(local("a\0b"), Err(NameError::Nul));
        assert_eq!(local(r"mailslot\x"), Err(NameError::NoPrefix));
        assert_eq!(local(r"\mailslot\x"), Err(NameError::NoPrefix));
        assert_eq!(local(r"C:\x"), Err(NameError::NoPrefix));
        assert_eq!(local(r"\\"), Err(NameError::NoPrefix));
        assert_eq!(local(r"\\.\pipe\x"), Err(NameError::NotMailslot { device: "pipe".into() }));
        assert_eq!(local(r"\\.\mailslotx"), Err(NameError::NotMailslot { device: "mailslotx".into() }));
        assert_eq!(
            local(&"x".repeat(MAX_UNITS + 1)),
            Err(NameError::TooLong { units: MAX_UNITS + 1, limit: MAX_UNITS })
        );
        assert!(local(&"x".repeat(MAX_UNITS)).is_ok());
        assert_eq!(parse("blah"), Err(NameError::NoPrefix));
    }

    #[test]
    fn any_character_but_nul_may_be_in_a_name() {
        for text in ["*", "?", "<>|\"", "R:\\FRED", "nul", "COM1", "tab\there", "\u{7f}\u{1}", "é 😀", "#%+~"] {
            assert_eq!(local(&format!(r"\\.\mailslot\{text}")), Ok(text.to_owned()));
        }
    }

    #[test]
    fn letter_case_does_not_count() {
        let name = |text: &str| SlotName::new(text.to_owned()).expect("valid");
        assert_eq!(name("Straße É"), name("STRAßE é"));
        assert_ne!(name("i"), name("ı"));
        assert_ne!(name("strasse"), name("straße"));
    }

    #[test]
    fn computers_and_domains_are_recognised() {
        let slot = || SlotName::new("x".into()).expect("valid");
        assert_eq!(parse(r"\\*\mailslot\x"), Ok(Address::Broadcast(slot())));
        let srv = NetbiosName("SRV1".into());
        let remote = Address::Remote { target: srv.clone(), slot: slot() };
        assert_eq!(parse("//srv1/mailslot/x"), Ok(remote.clone()));
        assert_eq!(remote.clone().resolved_at(|| Some(srv)), Address::Local(slot()));
        assert_eq!(remote.clone().resolved_at(|| None), remote);
        assert_eq!(parse(r"\\sixteen-letters-\mailslot\x"), Err(NameError::ComputerNameLength { length: 16 }));
        assert_eq!(parse(r"\\a*b\mailslot\x"), Err(NameError::ComputerNameCharacter { character: '*' }));
        assert_eq!(parse(r"\\*\mailslot\"), Err(NameError::NoSlotName));
    }
}
