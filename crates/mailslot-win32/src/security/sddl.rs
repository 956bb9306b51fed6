//! The text form of security descriptors: the part of SDDL that a slot supports.
//!
//! # Sources
//!
//! [MS-DTYP] 2.5.1 (security descriptor description language).

use super::acl::{Acl, Description, Entry, Kind, Sid};
use crate::code::{Code, Result};

/// `D:NO_ACCESS_CONTROL`: a `NULL` access list.
const NO_ACCESS_CONTROL: &str = "NO_ACCESS_CONTROL";

/// Parses `text`. Auditing is skipped: it has no effect on who may write.
pub(crate) fn parse(text: &str) -> Result<Description> {
    let mut description = Description::default();
    let mut rest = text.trim();
    while !rest.is_empty() {
        let (kind, behind) = rest.split_once(':').ok_or(Code::INVALID_PARAMETER)?;
        let end = next_part(behind);
        let (body, next) = behind.split_at(end);
        match kind.trim() {
            "O" => description.owner = Some(parse_sid(body.trim())?),
            "G" => description.group = Some(parse_sid(body.trim())?),
            "D" => (description.list_flags, description.acl) = parse_acl(body.trim())?,
            "S" => check_balanced(body)?,
            _ => return Err(Code::INVALID_PARAMETER),
        }
        rest = next;
    }
    Ok(description)
}

/// The position of the next `O:`, `G:`, `D:` or `S:`.
fn next_part(text: &str) -> usize {
    let mut depth = 0;
    let bytes = text.as_bytes();
    for (index, byte) in bytes.iter().enumerate() {
        match byte {
            b'(' => depth += 1,
            b')' => depth -= 1,
            b':' if depth == 0 && index > 0 => return index - 1,
            _ => {}
        }
    }
    text.len()
}

fn check_balanced(text: &str) -> Result<()> {
    let opened = text.matches('(').count();
    if opened == text.matches(')').count() { Ok(()) } else { Err(Code::INVALID_PARAMETER) }
}

fn parse_acl(text: &str) -> Result<(u16, Option<Acl>)> {
    let start = text.find('(').unwrap_or(text.len());
    let (flags, mut rest) = text.split_at(start);
    if flags.trim() == NO_ACCESS_CONTROL {
        return Ok((0, None));
    }
    let flags = parse_flags(flags.trim())?;
    let mut entries = Vec::new();
    while !rest.is_empty() {
        let (entry, behind) =
            rest.strip_prefix('(').and_then(|rest| rest.split_once(')')).ok_or(Code::INVALID_PARAMETER)?;
        entries.push(parse_entry(entry)?);
        rest = behind.trim_start();
    }
    Ok((flags, Some(Acl { entries })))
}

/// `P` (protected), `AR` and `AI` (inheritance): a slot inherits nothing.
fn parse_flags(mut flags: &str) -> Result<u16> {
    let mut bits = 0;
    while !flags.is_empty() {
        let known = LIST_FLAGS.iter().find_map(|(flag, bit)| Some((flags.strip_prefix(flag)?, bit)));
        let (rest, bit) = known.ok_or(Code::INVALID_PARAMETER)?;
        (flags, bits) = (rest, bits | bit);
    }
    Ok(bits)
}

fn parse_entry(text: &str) -> Result<Entry> {
    let fields: Vec<&str> = text.split(';').map(str::trim).collect();
    let [kind, flags, rights, object, inherited, sid] = fields[..] else {
        // A seventh field is a condition.
        return Err(if fields.len() == 7 { Code::NOT_SUPPORTED } else { Code::INVALID_PARAMETER });
    };
    let kind = match kind {
        "A" => Kind::Allow,
        "D" => Kind::Deny,
        "OA" | "OD" | "XA" | "XD" | "ZA" => return Err(Code::NOT_SUPPORTED),
        _ => return Err(Code::INVALID_PARAMETER),
    };
    if !object.is_empty() || !inherited.is_empty() {
        return Err(Code::NOT_SUPPORTED);
    }
    Ok(Entry { kind, flags: parse_entry_flags(flags)?, mask: parse_rights(rights)?, sid: parse_sid(sid)? })
}

fn parse_entry_flags(text: &str) -> Result<u8> {
    pairs(text)?.try_fold(0, |flags, pair| {
        let flag = ENTRY_FLAGS.iter().find(|(name, _)| *name == pair);
        flag.map(|(_, flag)| flags | flag).ok_or(Code::INVALID_PARAMETER)
    })
}

fn parse_rights(text: &str) -> Result<u32> {
    if let Some(hexadecimal) = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        return u32::from_str_radix(hexadecimal, 16).map_err(|_| Code::INVALID_PARAMETER);
    }
    if text.starts_with(|c: char| c.is_ascii_digit()) {
        return text.parse().map_err(|_| Code::INVALID_PARAMETER);
    }
    pairs(text)?.try_fold(0, |rights, pair| {
        let right = SEVERAL_RIGHTS.iter().chain(&RIGHTS).find(|(name, _)| *name == pair);
        right.map(|(_, right)| rights | right).ok_or(Code::INVALID_PARAMETER)
    })
}

fn pairs(text: &str) -> Result<impl Iterator<Item = &str>> {
    if !text.is_ascii() || !text.len().is_multiple_of(2) {
        return Err(Code::INVALID_PARAMETER);
    }
    Ok((0..text.len()).step_by(2).map(move |start| &text[start..start + 2]))
}

pub(crate) fn parse_sid(text: &str) -> Result<Sid> {
    match SIDS.iter().find(|(name, ..)| *name == text) {
        Some((_, authority, subs)) => Ok(Sid::new(*authority, subs)),
        None => parse_numeric_sid(text),
    }
}

fn parse_numeric_sid(text: &str) -> Result<Sid> {
    let numbers = text.strip_prefix("S-1-").or_else(|| text.strip_prefix("s-1-")).ok_or(Code::INVALID_SID)?;
    let mut numbers = numbers.split('-');
    let authority = match numbers.next() {
        Some(number) => match number.strip_prefix("0x") {
            Some(hexadecimal) => u64::from_str_radix(hexadecimal, 16).ok(),
            None => number.parse().ok(),
        },
        None => None,
    };
    let authority = authority.filter(|authority| *authority < 1 << 48).ok_or(Code::INVALID_SID)?;
    let subs: Vec<u32> =
        numbers.map(str::parse).collect::<core::result::Result<_, _>>().map_err(|_| Code::INVALID_SID)?;
    if subs.is_empty() || subs.len() > 15 { Err(Code::INVALID_SID) } else { Ok(Sid { authority, subs }) }
}

/// Bits of a descriptor's control word, in the order in which they are written: `SE_DACL_PROTECTED`,
/// `SE_DACL_AUTO_INHERIT_REQ`, `SE_DACL_AUTO_INHERITED`.
pub(super) const LIST_FLAGS: [(&str, u16); 3] = [("P", 0x1000), ("AR", 0x100), ("AI", 0x400)];

/// In the order in which they are written.
pub(super) const ENTRY_FLAGS: [(&str, u8); 5] = [("OI", 0x1), ("CI", 0x2), ("NP", 0x4), ("IO", 0x8), ("ID", 0x10)];

/// Each right that has a name, in the order in which they are written.
#[rustfmt::skip]
pub(super) const RIGHTS: [(&str, u32); 17] = [
    ("CC", 0x1), ("DC", 0x2), ("LC", 0x4), ("SW", 0x8), ("RP", 0x10), ("WP", 0x20), ("DT", 0x40), ("LO", 0x80),
    ("CR", 0x100),
    ("SD", 0x0001_0000), ("RC", 0x0002_0000), ("WD", 0x0004_0000), ("WO", 0x0008_0000),
    ("GA", 0x1000_0000), ("GX", 0x2000_0000), ("GW", 0x4000_0000), ("GR", 0x8000_0000),
];

/// Names of several rights together.
pub(super) const SEVERAL_RIGHTS: [(&str, u32); 4] =
    [("FA", 0x001F_01FF), ("FR", 0x0012_0089), ("FW", 0x0012_0116), ("FX", 0x0012_00A0)];

/// Identifiers that have names: authority and numbers.
pub(super) const SIDS: [(&str, u64, &[u32]); 13] = [
    ("WD", 1, &[0]),
    ("CO", 3, &[0]),
    ("OW", 3, &[4]),
    ("NU", 5, &[2]),
    ("IU", 5, &[4]),
    ("AN", 5, &[7]),
    ("AU", 5, &[11]),
    ("SY", 5, &[18]),
    ("LS", 5, &[19]),
    ("NS", 5, &[20]),
    ("BA", 5, &[32, 544]),
    ("BU", 5, &[32, 545]),
    ("BG", 5, &[32, 546]),
];

#[cfg(test)]
mod tests {
    use super::super::Permissions;
    use super::*;
    use mailslot::Access;

    fn access(text: &str) -> Result<Access> {
        parse(text)?
            .acl
            .map_or(Ok(Permissions::EVERYONE), |acl| acl.permissions())
            .map(|permissions| permissions.access)
    }

    #[test]
    fn who_may_write_follows_from_the_text() {
        for (text, expected) in [
            ("", Access::Everyone),
            ("O:BAG:SY", Access::Everyone),
            ("D:NO_ACCESS_CONTROL", Access::Everyone),
            ("D:", Access::Owner),
            ("D:P", Access::Owner),
            ("D:PAI(A;;GA;;;SY)(A;;GA;;;BA)(A;;GA;;;OW)", Access::Owner),
            ("D:(A;;GW;;;WD)", Access::Everyone),
            ("D:(A;;GR;;;WD)", Access::Owner),
            ("D:(A;IO;GW;;;WD)", Access::Owner),
            ("D:(A;OICI;0x40000000;;;AU)", Access::Everyone),
            ("D:(D;;GA;;;NU)(A;;FW;;;BU)", Access::Everyone),
            ("D:(D;;GA;;;AN)(A;;GRGW;;;S-1-1-0)", Access::Everyone),
            ("D:(A;;GW;;;S-1-22-1-1000)(A;;GW;;;S-1-22-1-1001)", Access::Users(vec![1000, 1001])),
            ("O:SYG:SYD:(A;;GW;;;S-1-22-2-100)S:(ML;;NW;;;LW)", Access::Group(100)),
            ("D:(A;;GW;;;S-1-22-1-0)", Access::Owner),
        ] {
            assert_eq!(access(text), Ok(expected), "{text}");
        }
    }

    #[test]
    fn what_cannot_be_followed_is_refused() {
        for (text, code) in [
            ("D:(D;;GW;;;WD)", Code::NOT_SUPPORTED),
            ("D:(D;;GW;;;S-1-22-1-5)(A;;GW;;;WD)", Code::NOT_SUPPORTED),
            ("D:(A;;GW;;;S-1-5-21-1-2-3-500)", Code::NOT_SUPPORTED),
            ("D:(A;;GW;;;S-1-22-1-1)(A;;GW;;;S-1-22-2-1)", Code::NOT_SUPPORTED),
            ("D:(A;;GW;;;S-1-22-2-2)(A;;GW;;;S-1-22-2-1)", Code::NOT_SUPPORTED),
            (r#"D:(XA;;GW;;;WD;(@User.a == "b"))"#, Code::NOT_SUPPORTED),
            ("nonsense", Code::INVALID_PARAMETER),
            ("D:(A;;GW;;;WD", Code::INVALID_PARAMETER),
            ("D:(A;;GW;;WD)", Code::INVALID_PARAMETER),
            ("D:(A;;QQ;;;WD)", Code::INVALID_PARAMETER),
            ("D:(A;;G;;;WD)", Code::INVALID_PARAMETER),
            ("D:Q(A;;GW;;;WD)", Code::INVALID_PARAMETER),
            ("X:(A;;GW;;;WD)", Code::INVALID_PARAMETER),
            ("D:(A;;GW;;;QQ)", Code::INVALID_SID),
            ("D:(A;;GW;;;S-1-)", Code::INVALID_SID),
            ("D:(A;;GW;;;S-1-22)", Code::INVALID_SID),
        ] {
            assert_eq!(access(text), Err(code), "{text}");
        }
    }

    #[test]
    fn network_writers_may_write_only_where_everybody_may() {
        let network = |text: &str| {
            parse(text).map(|described| described.acl.expect("a list").permissions().expect("clear").network)
        };
        assert_eq!(network("D:(A;;GW;;;WD)"), Ok(true));
        assert_eq!(network("D:(D;;GW;;;NU)(A;;GW;;;WD)"), Ok(false));
        assert_eq!(network("D:(A;;GW;;;S-1-22-1-1000)"), Ok(false));
    }
}
