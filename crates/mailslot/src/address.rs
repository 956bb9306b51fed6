//! Addresses of messages, parsed from text once.

use core::fmt;

use crate::error::{Error, Operation};
use crate::sys;
use mailslot_names::{NameError, NetbiosName, SlotName};

/// Where a message goes: to a slot of this machine, of another one, or of every machine of a domain.
///
/// Text forms, in which `/` and `\` are equal and letter case does not matter:
///
/// | text | means |
/// |---|---|
/// | `\\.\mailslot\alerts` | the slot `alerts` of this machine |
/// | `alerts`, `plant\line 1` | the same in short form |
/// | `\\SRV1\mailslot\alerts` | that slot of the computer `SRV1`, or of every machine of a domain `SRV1` |
/// | `\\*\mailslot\alerts` | that slot of every machine of this machine's domain |
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
    /// A slot of every machine of this computer's domain.
    Broadcast(SlotName),
}

impl Address {
    /// Parses exactly what `CreateFile` accepts as a mailslot: the forms of the table that begin with two separators,
    /// and `\\?\mailslot\name` and `\??\mailslot\name`, in which nothing is normalised after the prefix.
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

    /// Whether a writer to this address writes to a slot of this machine: its host is `.`, this computer's name, or
    /// `localhost`. False for a broadcast, which is for other machines as well.
    ///
    /// ```
    /// use mailslot::Address;
    ///
    /// assert!(Address::try_from("alerts")?.is_here());
    /// assert!(Address::try_from(r"\\localhost\mailslot\alerts")?.is_here());
    /// assert!(!Address::try_from(r"\\*\mailslot\alerts")?.is_here());
    /// # Ok::<(), mailslot::Error>(())
    /// ```
    pub fn is_here(&self) -> bool {
        self.is_at(sys::computer_name)
    }

    /// Like `is_here`, with `computer` returning this machine's name.
    fn is_at(&self, computer: impl FnOnce() -> Option<NetbiosName>) -> bool {
        match self {
            Address::Local(_) => true,
            Address::Remote { target, .. } => target.as_str() == "LOCALHOST" || computer().as_ref() == Some(target),
            Address::Broadcast(_) => false,
        }
    }

    /// The slot if it is on this machine, else the address.
    pub(crate) fn into_slot(self) -> Result<SlotName, Address> {
        match self {
            Address::Local(slot) => Ok(slot),
            Address::Remote { ref slot, .. } if self.is_here() => Ok(slot.clone()),
            elsewhere => Err(elsewhere),
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
            return SlotName::new(slot).map(Address::Local);
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
        _ => Ok(Address::Remote { target: host.parse()?, slot }),
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
            // `mailslot\x` is nearly always a full name whose prefix a shell has removed, not a slot of that name.
            if device.len() < text.len() && device.eq_ignore_ascii_case("mailslot") {
                return Err(NameError::NoPrefix);
            }
            normalise(text).map(Address::Local)
        }
    }
}

/// `path` is the rest after the device.
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
    // The result may end with a separator again: that of `a\ .` does.
    SlotName::new(parts.join("\\").trim_end_matches(['.', ' ']))
}

fn is_separator(c: char) -> bool {
    c == '\\' || c == '/'
}

fn is_drive_path(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() >= 3 && bytes[0].is_ascii_alphabetic() && bytes[1] == b':' && is_separator(char::from(bytes[2]))
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

/// The address of a slot of this machine.
impl From<&SlotName> for Address {
    fn from(slot: &SlotName) -> Address {
        Address::Local(slot.clone())
    }
}

impl From<&Address> for Address {
    fn from(address: &Address) -> Address {
        address.clone()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

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
        assert_eq!(local(r"\\.\mailslot\x\ ."), Err(NameError::TrailingSeparator));
        assert_eq!(local("x/"), Err(NameError::TrailingSeparator));
        assert_eq!(local("a\0b"), Err(NameError::Nul));
        assert_eq!(local(r"mailslot\x"), Err(NameError::NoPrefix));
        assert_eq!(local(r"\mailslot\x"), Err(NameError::NoPrefix));
        assert_eq!(local(r"C:\x"), Err(NameError::NoPrefix));
        assert_eq!(local(r"\\"), Err(NameError::NoPrefix));
        assert_eq!(local(r"\\.\pipe\x"), Err(NameError::NotMailslot { device: "pipe".into() }));
        assert_eq!(local(r"\\.\mailslotx"), Err(NameError::NotMailslot { device: "mailslotx".into() }));
        assert_eq!(
            local(&"x".repeat(SlotName::MAX_UNITS + 1)),
            Err(NameError::TooLong { units: SlotName::MAX_UNITS + 1, limit: SlotName::MAX_UNITS })
        );
        assert!(local(&"x".repeat(SlotName::MAX_UNITS)).is_ok());
        assert_eq!(parse("blah"), Err(NameError::NoPrefix));
    }

    #[test]
    fn any_character_but_nul_may_be_in_a_name() {
        for text in ["*", "?", "<>|\"", "R:\\FRED", "nul", "COM1", "tab\there", "\u{7f}\u{1}", "é 😀", "#%+~"] {
            assert_eq!(local(&format!(r"\\.\mailslot\{text}")), Ok(text.to_owned()));
        }
    }

    #[test]
    fn computers_and_domains_are_recognised() {
        let slot = || SlotName::new("x").expect("valid");
        assert_eq!(parse(r"\\*\mailslot\x"), Ok(Address::Broadcast(slot())));
        let srv: NetbiosName = "SRV1".parse().expect("valid");
        let remote = Address::Remote { target: srv.clone(), slot: slot() };
        assert_eq!(parse("//srv1/mailslot/x"), Ok(remote.clone()));
        assert!(remote.is_at(|| Some(srv)) && !remote.is_at(|| None));
        assert!(Address::Local(slot()).is_at(|| None) && !Address::Broadcast(slot()).is_at(|| None));
        assert_eq!(parse(r"\\sixteen-letters-\mailslot\x"), Err(NameError::ComputerNameLength { length: 16 }));
        assert_eq!(parse(r"\\a*b\mailslot\x"), Err(NameError::ComputerNameCharacter { character: '*' }));
        assert_eq!(parse(r"\\*\mailslot\"), Err(NameError::NoSlotName));
    }

    proptest! {
        #[test]
        fn what_is_displayed_is_the_same_address_and_name_again(
            text in r"([/\\]{2}[.?*a-z]{1,3}[/\\]mailslot[/\\])?[/\\. aÄß*]{0,8}",
        ) {
            if let Ok(address) = text.parse::<Address>() {
                let slot = address.slot();
                let same: SlotName = slot.to_string().parse().expect("a name");
                prop_assert_eq!(slot.as_str(), same.as_str());
                // After `\\?\` any name is valid; the other forms cannot express all names.
                if !text.starts_with(r"\\?\") {
                    prop_assert_eq!(&address, &address.to_string().parse::<Address>().expect("an address"));
                }
            }
        }
    }
}
