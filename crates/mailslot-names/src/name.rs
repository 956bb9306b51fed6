//! Names of slots, computers and domains.

use core::cmp::Ordering;
use core::fmt;

use crate::error::{InvalidName, NameError};

/// Longest NetBIOS name in characters (RFC 1001 section 14, less the suffix byte).
const MAX_NETBIOS: usize = 15;

/// The name of a slot on its machine: the part after `\mailslot\`, for example `alerts` or `plant\line 1`.
///
/// Case is kept for display but does not count: `Alerts` and `ALERTS` are equal. Every character except NUL may
/// occur. Parts before the last are not directories that exist by themselves; `a` and `a\b` are independent slots.
///
/// Text is taken as after `\\?\mailslot\`: nothing is normalised, `/` is a character like any other, and the output of
/// [`Display`](fmt::Display) parses to an equal name. For names that people type, in their many spellings, use
/// `Address` of the crate `mailslot`.
///
/// ```
/// use mailslot_names::SlotName;
///
/// let name: SlotName = r"Plant\Line 1".parse()?;
/// assert_eq!(name, SlotName::try_from(r"PLANT\LINE 1")?);
/// assert_eq!(name.as_str(), r"Plant\Line 1");
/// # Ok::<(), mailslot_names::InvalidName>(())
/// ```
///
/// # Sources
///
/// Win32 *Mailslot Names*; file name normalisation as by `GetFullPathName`.
#[derive(Clone, Debug)]
pub struct SlotName {
    display: String,
    folded: String,
}

/// The name of a computer or a domain: 1 to 15 characters, in upper case (RFC 1001 section 14).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NetbiosName(String);

impl SlotName {
    /// Longest name in UTF-16 units: an NT path has at most 32766 of them, and `\??\MAILSLOT\` takes 13.
    pub const MAX_UNITS: usize = 32766 - 13;

    /// The name as it was first written.
    pub fn as_str(&self) -> &str {
        &self.display
    }

    /// The name in upper case. Two names are equal if these are.
    pub fn folded(&self) -> &str {
        &self.folded
    }

    /// The name as after `\\?\mailslot\`, without normalisation. The error does not hold the text; that of `parse`
    /// does.
    ///
    /// ```
    /// use mailslot_names::{NameError, SlotName};
    ///
    /// assert_eq!(SlotName::new("alerts")?.as_str(), "alerts");
    /// assert_eq!(SlotName::new(r"alerts\"), Err(NameError::TrailingSeparator));
    /// # Ok::<(), NameError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`NameError::NoSlotName`] of no text, [`TrailingSeparator`](NameError::TrailingSeparator),
    /// [`Nul`](NameError::Nul), and [`TooLong`](NameError::TooLong) above [`MAX_UNITS`](SlotName::MAX_UNITS).
    pub fn new(text: impl Into<String>) -> Result<SlotName, NameError> {
        let display = text.into();
        if display.is_empty() {
            return Err(NameError::NoSlotName);
        }
        if display.ends_with('\\') && display.len() > 1 {
            return Err(NameError::TrailingSeparator);
        }
        if display.contains('\0') {
            return Err(NameError::Nul);
        }
        // A fast path: most names are ASCII, and opening a slot for one message waits for this.
        let (units, folded) = if display.is_ascii() {
            (display.len(), display.to_ascii_uppercase())
        } else {
            (display.encode_utf16().count(), display.chars().map(upper).collect())
        };
        if units > SlotName::MAX_UNITS {
            return Err(NameError::TooLong { units, limit: SlotName::MAX_UNITS });
        }
        Ok(SlotName { display, folded })
    }
}

impl NetbiosName {
    /// The name, in upper case.
    pub fn as_str(&self) -> &str {
        &self.0
    }
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

impl PartialOrd for SlotName {
    fn partial_cmp(&self, other: &SlotName) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// By the names in upper case, to agree with equality.
impl Ord for SlotName {
    fn cmp(&self, other: &SlotName) -> Ordering {
        self.folded.cmp(&other.folded)
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

/// The name as it was first written. There is no `Borrow<str>`: texts compare by letter case, names do not.
impl AsRef<str> for SlotName {
    fn as_ref(&self) -> &str {
        &self.display
    }
}

impl AsRef<str> for NetbiosName {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

/// Accepts 1 to 32,753 UTF-16 units without a NUL, which do not end with `\` unless that is the whole name. Nothing is
/// normalised.
///
/// # Errors
///
/// [`InvalidName`], with the text and what is wrong with it.
impl core::str::FromStr for SlotName {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<SlotName, InvalidName> {
        SlotName::new(text).map_err(|reason| InvalidName { name: text.to_owned(), reason })
    }
}

impl TryFrom<&str> for SlotName {
    type Error = InvalidName;

    fn try_from(text: &str) -> Result<SlotName, InvalidName> {
        text.parse()
    }
}

impl TryFrom<String> for SlotName {
    type Error = InvalidName;

    fn try_from(text: String) -> Result<SlotName, InvalidName> {
        text.parse()
    }
}

/// Accepts 1 to 15 characters, none of them a control character or one of `\ / : * ? " < > |`.
impl core::str::FromStr for NetbiosName {
    type Err = NameError;

    fn from_str(text: &str) -> Result<NetbiosName, NameError> {
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

impl TryFrom<&str> for NetbiosName {
    type Error = NameError;

    fn try_from(text: &str) -> Result<NetbiosName, NameError> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use std::hash::{BuildHasher, RandomState};

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn letter_case_does_not_count() {
        let name = |text: &str| text.parse::<SlotName>().expect("valid");
        assert_eq!(name("Straße É"), name("STRAßE é"));
        assert_ne!(name("i"), name("ı"));
        assert_ne!(name("strasse"), name("straße"));
    }

    proptest! {
        #[test]
        fn order_equality_and_hash_agree(a in "[aAäÄßıi/\\\\]{1,3}", b in "[aAäÄßıi/\\\\]{1,3}") {
            if let (Ok(a), Ok(b)) = (SlotName::try_from(a.as_str()), SlotName::try_from(b.as_str())) {
                let hasher = RandomState::new();
                prop_assert_eq!(a == b, a.cmp(&b).is_eq());
                prop_assert_eq!(a.cmp(&b), b.cmp(&a).reverse());
                prop_assert!(a != b || hasher.hash_one(&a) == hasher.hash_one(&b));
            }
        }

        #[test]
        fn names_are_taken_as_they_are(text in r"[^\x00\\]{1,20}") {
            prop_assert_eq!(SlotName::try_from(text.as_str()).expect("a name").to_string(), text);
        }
    }
}
