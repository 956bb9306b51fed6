//! Security descriptors as text, which [`sddl`](super::sddl) reads, in the order of Windows.
//!
//! # Sources
//!
//! [MS-DTYP] 2.5.1 (security descriptor description language).

use core::fmt::Write as _;

use super::acl::{Acl, Entry, Kind, Sid};
use super::sddl::{ENTRY_FLAGS, LIST_FLAGS, RIGHTS, SEVERAL_RIGHTS, SIDS};

/// The identifier in two letters if it has such a name.
pub(super) fn sid(sid: &Sid) -> String {
    let named = SIDS.iter().find(|(_, authority, subs)| sid.authority == *authority && sid.subs == *subs);
    named.map_or_else(|| sid.to_string(), |(name, ..)| (*name).to_owned())
}

/// The text of an access list, or of `None` for everybody, in a descriptor with these control bits.
pub(super) fn list(acl: Option<&Acl>, control: u16) -> String {
    let mut text = String::from("D:");
    text.extend(LIST_FLAGS.iter().filter(|(_, bit)| control & bit != 0).map(|(flag, _)| *flag));
    match acl {
        Some(acl) => acl.entries.iter().for_each(|entry| text.push_str(&self::entry(entry))),
        None => text.push_str("NO_ACCESS_CONTROL"),
    }
    text
}

fn entry(entry: &Entry) -> String {
    let kind = match entry.kind {
        Kind::Allow => "A",
        Kind::Deny => "D",
    };
    let flags: String = ENTRY_FLAGS.iter().filter(|(_, bit)| entry.flags & bit != 0).map(|(flag, _)| *flag).collect();
    format!("({kind};{flags};{};;;{})", rights(entry.mask), sid(&entry.sid))
}

/// One name for all rights, or one for each, or a number if some have no name.
fn rights(mask: u32) -> String {
    if let Some((name, _)) = SEVERAL_RIGHTS.iter().find(|(_, rights)| *rights == mask) {
        return (*name).to_owned();
    }
    let (mut text, mut rest) = (String::new(), mask);
    for (name, right) in RIGHTS.iter().filter(|(_, right)| mask & right != 0) {
        text.push_str(name);
        rest &= !right;
    }
    if rest != 0 {
        text.clear();
        // Writing to a String does not fail.
        let _ = write!(text, "{mask:#x}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::super::acl::Description;
    use super::super::sddl;
    use super::*;

    #[test]
    fn every_list_is_read_as_it_was_written() {
        let sids = SIDS.iter().map(|(_, authority, subs)| Sid::new(*authority, subs));
        let sids: Vec<Sid> = sids.chain([Sid::new(22, &[1, 1000]), Sid::new(1 << 40, &[0, u32::MAX])]).collect();
        let single = (0..32).map(|bit| 1 << bit);
        let several = SEVERAL_RIGHTS.iter().map(|(_, mask)| *mask);
        let mixed = (0..32).map(|seed: u32| seed.wrapping_mul(0x9E37_79B9) & 0xF00F_01FF);
        let masks: Vec<u32> = single.chain(several).chain(mixed).chain([0, u32::MAX]).collect();
        for (index, mask) in masks.iter().enumerate() {
            let entry = |turn: usize| Entry {
                kind: if (index + turn).is_multiple_of(2) { Kind::Allow } else { Kind::Deny },
                flags: ((index * 7 + turn) % 32) as u8,
                mask: *mask,
                sid: sids[(index + turn) % sids.len()].clone(),
            };
            let acl = Acl { entries: (0..index % 4).map(entry).collect() };
            let list_flags = [0, 0x1000, 0x1500, 0x400][index % 4];
            let text = list(Some(&acl), list_flags);
            let described = Description { list_flags, acl: Some(acl), ..Description::default() };
            assert_eq!(sddl::parse(&text), Ok(described), "{text}");
        }
        assert_eq!(sddl::parse(&list(None, 0x4)), Ok(Description::default()));
    }

    #[test]
    fn texts_of_windows_come_back_as_they_were() {
        for text in [
            "D:",
            "D:P(A;;FA;;;SY)(A;;0x1200a9;;;AU)",
            "D:PAI(A;OICI;FA;;;BA)(A;OICIIO;SDGXGWGR;;;AU)(D;;GA;;;NU)",
            "D:AI(A;ID;FR;;;WD)(A;CIIOID;GXGR;;;BU)",
            "D:(A;;CCDCLCSWRPWPDTLOCRSDRCWDWO;;;S-1-22-1-1000)",
            "D:AR(A;;GA;;;S-1-5-21-1-2-3-500)",
        ] {
            let described = sddl::parse(text).expect("well-formed");
            assert_eq!(list(described.acl.as_ref(), described.list_flags), text);
        }
    }
}
