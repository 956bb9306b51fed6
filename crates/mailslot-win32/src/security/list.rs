//! Access lists that a program builds in its memory.

use core::ffi::c_void;

use super::acl::Entry;
use super::bytes::{self, ACL_HEADER, ACL_REVISION};
use super::raw;
use crate::code::{Code, Result};

/// `ACL_REVISION_DS`, the last one.
const LAST_REVISION: u8 = 4;

/// Makes `size` bytes at `acl` an empty list.
///
/// # Errors
///
/// - `ERROR_INSUFFICIENT_BUFFER` if there is no room for a list
/// - `ERROR_INVALID_PARAMETER` for `NULL`, a wrong revision, and more bytes than a list can have
pub(crate) fn initialize(acl: *mut c_void, size: u32, revision: u32) -> Result<()> {
    let size = u16::try_from(size).map_err(|_| Code::INVALID_PARAMETER)?;
    let revision = u8::try_from(revision).map_err(|_| Code::INVALID_PARAMETER)?;
    if usize::from(size) < ACL_HEADER {
        return Err(Code::INSUFFICIENT_BUFFER);
    }
    if acl.is_null() || !(ACL_REVISION..=LAST_REVISION).contains(&revision) {
        return Err(Code::INVALID_PARAMETER);
    }
    let [low, high] = size.to_le_bytes();
    // SAFETY: room for `size` bytes, which are at least these, as the header demands.
    unsafe { acl.cast::<[u8; ACL_HEADER]>().write_unaligned([revision, 0, low, high, 0, 0, 0, 0]) };
    Ok(())
}

pub(crate) fn is_valid(acl: *const c_void) -> bool {
    !acl.is_null() && places(acl).is_ok()
}

/// Appends an entry.
///
/// # Errors
///
/// - `ERROR_INVALID_ACL`
/// - `ERROR_ALLOTTED_SPACE_EXCEEDED` if there is no room for it
pub(crate) fn add(acl: *mut c_void, entry: &Entry) -> Result<()> {
    let places = places(acl)?;
    let encoded = bytes::encode_entry(entry);
    if places.end + encoded.len() > places.size {
        return Err(Code::ALLOTTED_SPACE_EXCEEDED);
    }
    let count = (places.entries.len() as u16 + 1).to_le_bytes();
    // SAFETY: the list has `size` bytes, as its own field says, and both writes are within.
    unsafe {
        core::ptr::copy_nonoverlapping(encoded.as_ptr(), acl.cast::<u8>().add(places.end), encoded.len());
        acl.cast::<u8>().add(4).cast::<[u8; 2]>().write_unaligned(count);
    }
    Ok(())
}

/// The entry of this number, counted from 0.
///
/// # Errors
///
/// `ERROR_INVALID_PARAMETER` if there is none
pub(crate) fn entry(acl: *mut c_void, index: u32) -> Result<*mut c_void> {
    let places = places(acl)?;
    let offset = places.entries.get(index as usize).ok_or(Code::INVALID_PARAMETER)?;
    Ok(acl.wrapping_byte_add(*offset))
}

/// The number of a list's entries, and its used and free bytes.
pub(crate) fn count_and_size(acl: *const c_void) -> Result<[u32; 3]> {
    let places = places(acl)?;
    Ok([places.entries.len() as u32, places.end as u32, (places.size - places.end) as u32])
}

/// The positions of a list's entries, of their end, and of the list's end.
struct Places {
    entries: Vec<usize>,
    end: usize,
    size: usize,
}

fn places(acl: *const c_void) -> Result<Places> {
    if acl.is_null() {
        return Err(Code::INVALID_ACL);
    }
    let [revision, _, size_low, size_high, count_low, count_high, _, _] = raw::read(acl, 0);
    let size = usize::from(u16::from_le_bytes([size_low, size_high]));
    if !(ACL_REVISION..=LAST_REVISION).contains(&revision) || size < ACL_HEADER {
        return Err(Code::INVALID_ACL);
    }
    let mut places = Places { entries: Vec::new(), end: ACL_HEADER, size };
    for _ in 0..u16::from_le_bytes([count_low, count_high]) {
        if places.end + 4 > size {
            return Err(Code::INVALID_ACL);
        }
        let [_, _, low, high] = raw::read(acl, places.end);
        let length = usize::from(u16::from_le_bytes([low, high]));
        if length < 4 || places.end + length > size {
            return Err(Code::INVALID_ACL);
        }
        places.entries.push(places.end);
        places.end += length;
    }
    Ok(places)
}
