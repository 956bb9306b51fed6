//! Security descriptors as bytes: `SECURITY_DESCRIPTOR`, `ACL`, `ACE`, `SID` of winnt.h.
//!
//! # Sources
//!
//! [MS-DTYP] 2.4.2 (SID), 2.4.4 (ACE), 2.4.5 (ACL), 2.4.6 (security descriptor).

use core::ffi::c_void;
use core::mem::offset_of;

use super::acl::{Acl, Description, Entry, Kind, Sid};
use super::raw::read;
use super::sid;
use crate::code::{Code, Result};

const REVISION: u8 = 1;
pub(super) const ACL_REVISION: u8 = 2;
/// Bytes of an access list before its entries.
pub(super) const ACL_HEADER: usize = 8;
/// `SE_DACL_PRESENT`, `SE_SELF_RELATIVE`.
const DACL_PRESENT: u16 = 0x4;
const SELF_RELATIVE: u16 = 0x8000;
/// Bytes of a self-relative descriptor before its parts, and the position of the access list's offset.
const HEADER: usize = 20;
const DACL_OFFSET: usize = 16;
const OWNER_OFFSET: usize = 4;
const GROUP_OFFSET: usize = 8;
const ALLOWED: u8 = 0;
const DENIED: u8 = 1;

/// `SECURITY_DESCRIPTOR`, the absolute form.
#[repr(C)]
pub(crate) struct Absolute {
    revision: u8,
    reserved: u8,
    control: u16,
    owner: *const c_void,
    group: *const c_void,
    sacl: *const c_void,
    dacl: *const c_void,
}

/// Initialises the absolute descriptor at `descriptor`, without an access list.
pub(crate) fn initialize(descriptor: *mut c_void, revision: u32) -> Result<()> {
    if descriptor.is_null() {
        return Err(Code::INVALID_PARAMETER);
    }
    if revision != REVISION.into() {
        return Err(Code::UNKNOWN_REVISION);
    }
    let none = core::ptr::null();
    let empty =
        Absolute { revision: REVISION, reserved: 0, control: 0, owner: none, group: none, sacl: none, dacl: none };
    // SAFETY: not NULL, hence room for a SECURITY_DESCRIPTOR, as the header demands.
    unsafe { descriptor.cast::<Absolute>().write_unaligned(empty) };
    Ok(())
}

/// Gives the absolute descriptor at `descriptor` an access list, `NULL` for everyone, or none.
pub(crate) fn set_dacl(descriptor: *mut c_void, present: bool, dacl: *const c_void) -> Result<()> {
    let control = control(descriptor)?;
    if control & SELF_RELATIVE != 0 {
        return Err(Code::INVALID_SECURITY_DESCR);
    }
    // SAFETY: `control` has found an absolute descriptor.
    let mut absolute = unsafe { descriptor.cast::<Absolute>().read_unaligned() };
    absolute.control = if present { control | DACL_PRESENT } else { control & !DACL_PRESENT };
    absolute.dacl = if present { dacl } else { core::ptr::null() };
    // SAFETY: as above; the caller gave a pointer for writing.
    unsafe { descriptor.cast::<Absolute>().write_unaligned(absolute) };
    Ok(())
}

pub(crate) fn is_valid(descriptor: *const c_void) -> bool {
    !descriptor.is_null() && dacl(descriptor).is_ok()
}

/// The access list of a descriptor of either form; `None` if it has none, or a `NULL` one.
pub(crate) fn dacl(descriptor: *const c_void) -> Result<Option<Acl>> {
    let control = control(descriptor)?;
    if control & DACL_PRESENT == 0 {
        return Ok(None);
    }
    let acl = place_of_dacl(descriptor, control);
    if acl.is_null() { Ok(None) } else { decode_acl(acl).map(Some) }
}

/// A pointer to the access list of a descriptor of either form, `NULL` for everyone; `None` if it has none.
pub(crate) fn dacl_pointer(descriptor: *const c_void) -> Result<Option<*const c_void>> {
    let control = control(descriptor)?;
    Ok((control & DACL_PRESENT != 0).then(|| place_of_dacl(descriptor, control)))
}

fn place_of_dacl(descriptor: *const c_void, control: u16) -> *const c_void {
    if control & SELF_RELATIVE != 0 {
        match u32::from_le_bytes(read(descriptor, DACL_OFFSET)) as usize {
            0 => core::ptr::null(),
            offset => descriptor.wrapping_byte_add(offset),
        }
    } else {
        let at = offset_of!(Absolute, dacl);
        core::ptr::with_exposed_provenance(usize::from_ne_bytes(read(descriptor, at)))
    }
}

/// The owner of a descriptor of either form, or its group, if it names one.
pub(super) fn owner(descriptor: *const c_void, is_group: bool) -> Result<Option<Sid>> {
    let place: *const c_void = if control(descriptor)? & SELF_RELATIVE != 0 {
        match u32::from_le_bytes(read(descriptor, if is_group { GROUP_OFFSET } else { OWNER_OFFSET })) {
            0 => core::ptr::null(),
            offset => descriptor.wrapping_byte_add(offset as usize),
        }
    } else {
        let at = if is_group { offset_of!(Absolute, group) } else { offset_of!(Absolute, owner) };
        core::ptr::with_exposed_provenance(usize::from_ne_bytes(read(descriptor, at)))
    };
    if place.is_null() { Ok(None) } else { sid::read(place).map(Some) }
}

/// Sets the owner or the group in the absolute descriptor at `descriptor`. They have no effect on who may write.
pub(crate) fn set_owner(descriptor: *mut c_void, owner: *const c_void, is_group: bool) -> Result<()> {
    if control(descriptor)? & SELF_RELATIVE != 0 {
        return Err(Code::INVALID_SECURITY_DESCR);
    }
    if !owner.is_null() {
        sid::read(owner)?;
    }
    // SAFETY: `control` has found an absolute descriptor; the caller gave a pointer for writing.
    unsafe {
        let mut absolute = descriptor.cast::<Absolute>().read_unaligned();
        *(if is_group { &mut absolute.group } else { &mut absolute.owner }) = owner;
        descriptor.cast::<Absolute>().write_unaligned(absolute);
    }
    Ok(())
}

/// The self-relative descriptor of `described`.
///
/// # Errors
///
/// `ERROR_ALLOTTED_SPACE_EXCEEDED` if the list has more bytes than lists can have
pub(crate) fn encode(described: &Description) -> Result<Vec<u8>> {
    let sid = |sid: &Option<Sid>| sid.as_ref().map(sid::encode);
    let list = described.acl.as_ref().map(encode_acl).transpose()?;
    let present = if list.is_some() { DACL_PRESENT } else { 0 };
    let mut bytes = vec![REVISION, 0];
    bytes.extend((SELF_RELATIVE | present | described.list_flags).to_le_bytes());
    let mut behind: Vec<u8> = Vec::new();
    // Owner, group, auditing, and who may do what.
    for part in [sid(&described.owner), sid(&described.group), None, list] {
        let offset = if part.is_some() { HEADER + behind.len() } else { 0 };
        bytes.extend((offset as u32).to_le_bytes());
        behind.extend(part.unwrap_or_default());
    }
    bytes.extend(behind);
    Ok(bytes)
}

pub(super) fn control(descriptor: *const c_void) -> Result<u16> {
    if descriptor.is_null() {
        return Err(Code::INVALID_PARAMETER);
    }
    match read(descriptor, 0) {
        [REVISION, _, low, high] => Ok(u16::from_le_bytes([low, high])),
        _ => Err(Code::INVALID_SECURITY_DESCR),
    }
}

pub(super) fn decode_acl(acl: *const c_void) -> Result<Acl> {
    let [revision, _, size_low, size_high, count_low, count_high, _, _] = read(acl, 0);
    // Revision 4 is for object entries of directories; its other entries are the same.
    if revision != ACL_REVISION && revision != 4 {
        return Err(Code::INVALID_ACL);
    }
    let size = u16::from_le_bytes([size_low, size_high]) as usize;
    // SAFETY: a program that gives an access list gives all of it, as the header demands; `size` is its own size field.
    let bytes = unsafe { core::slice::from_raw_parts(acl.cast::<u8>(), size) };
    let mut rest = bytes.get(8..).ok_or(Code::INVALID_ACL)?;
    let mut entries = Vec::new();
    for _ in 0..u16::from_le_bytes([count_low, count_high]) {
        let (entry, behind) = decode_entry(rest)?;
        entries.push(entry);
        rest = behind;
    }
    Ok(Acl { entries })
}

fn decode_entry(bytes: &[u8]) -> Result<(Entry, &[u8])> {
    let (&[kind, flags, size_low, size_high], _) = bytes.split_first_chunk().ok_or(Code::INVALID_ACL)?;
    let size = u16::from_le_bytes([size_low, size_high]) as usize;
    let (entry, behind) = bytes.split_at_checked(size).ok_or(Code::INVALID_ACL)?;
    let body = entry.get(4..).ok_or(Code::INVALID_ACL)?;
    let (mask, sid) = body.split_first_chunk().ok_or(Code::INVALID_ACL)?;
    let kind = match kind {
        ALLOWED => Kind::Allow,
        DENIED => Kind::Deny,
        // Entries with conditions or of object types.
        _ => return Err(Code::NOT_SUPPORTED),
    };
    Ok((Entry { kind, flags, mask: u32::from_le_bytes(*mask), sid: sid::decode(sid)? }, behind))
}

pub(super) fn encode_acl(acl: &Acl) -> Result<Vec<u8>> {
    let entries: Vec<u8> = acl.entries.iter().flat_map(encode_entry).collect();
    let size = u16::try_from(ACL_HEADER + entries.len()).map_err(|_| Code::ALLOTTED_SPACE_EXCEEDED)?;
    let mut bytes = vec![ACL_REVISION, 0];
    bytes.extend(size.to_le_bytes());
    bytes.extend((acl.entries.len() as u16).to_le_bytes());
    bytes.extend([0; 2]);
    bytes.extend(entries);
    Ok(bytes)
}

pub(super) fn encode_entry(entry: &Entry) -> Vec<u8> {
    let sid = sid::encode(&entry.sid);
    let kind = match entry.kind {
        Kind::Allow => ALLOWED,
        Kind::Deny => DENIED,
    };
    let mut bytes = vec![kind, entry.flags];
    bytes.extend((8 + sid.len() as u16).to_le_bytes());
    bytes.extend(entry.mask.to_le_bytes());
    bytes.extend(sid);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list() -> Acl {
        let everyone = Sid::new(1, &[0]);
        let user = Sid::new(22, &[1, 1000]);
        Acl {
            entries: vec![
                Entry { kind: Kind::Deny, flags: 0, mask: 0x1000_0000, sid: everyone },
                Entry { kind: Kind::Allow, flags: 3, mask: 0x12_0116, sid: user },
            ],
        }
    }

    #[test]
    fn descriptors_survive_encoding() {
        for acl in [None, Some(Acl::default()), Some(list())] {
            for owner in [None, Some(Sid::new(22, &[1, 1000]))] {
                for group in [None, Some(Sid::new(5, &[32, 544]))] {
                    let described = Description {
                        owner: owner.clone(),
                        group: group.clone(),
                        list_flags: 0x1000,
                        acl: acl.clone(),
                    };
                    let bytes = encode(&described).expect("small");
                    let bytes = bytes.as_ptr().cast();
                    assert_eq!(dacl(bytes), Ok(acl.clone()));
                    assert_eq!((super::owner(bytes, false), super::owner(bytes, true)), (Ok(owner.clone()), Ok(group)));
                }
            }
        }
    }

    #[test]
    fn a_sid_is_laid_out_as_windows_does() {
        let bytes = encode(&Description::from(Acl { entries: list().entries[..1].to_vec() })).expect("small");
        assert_eq!(bytes[..4], [1, 0, 4, 0x80]);
        assert_eq!(bytes[20..28], [2, 0, 28, 0, 1, 0, 0, 0]);
        assert_eq!(bytes[28..36], [1, 0, 20, 0, 0, 0, 0, 0x10]);
        assert_eq!(bytes[36..], [1, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0]);
    }

    #[test]
    fn a_list_that_has_too_many_entries_is_refused() {
        let many = Acl { entries: vec![list().entries[0].clone(); 3277] };
        assert_eq!(encode(&Description::from(many)), Err(Code::ALLOTTED_SPACE_EXCEEDED));
    }

    #[test]
    fn damaged_lists_are_refused() {
        let whole = encode_acl(&list()).expect("small");
        assert!(decode_acl(whole.as_ptr().cast()).is_ok());
        for length in 0..whole.len() {
            let mut cut = whole.clone();
            cut[2..4].copy_from_slice(&(length as u16).to_le_bytes());
            assert!(decode_acl(cut.as_ptr().cast()).is_err(), "{length}");
        }
    }
}
