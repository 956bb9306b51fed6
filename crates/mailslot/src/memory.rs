//! Memory for messages: lack of memory is an error, and does not end the process.
//!
//! A message may be larger than the memory that a process has left, so memory of a message's size is allocated here.
//! Small allocations, such as a slot's name, are not made here: if one fails, the process ends, as with any program in
//! Rust.

use crate::error::{Error, Result};

/// A message of `size` zero bytes.
pub(crate) fn zeroed(size: usize) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    reserve(&mut bytes, size)?;
    bytes.resize(size, 0);
    Ok(bytes)
}

/// The concatenation of `parts`.
pub(crate) fn joined(parts: &[&[u8]]) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    reserve(&mut bytes, parts.iter().map(|part| part.len()).sum())?;
    parts.iter().for_each(|part| bytes.extend_from_slice(part));
    Ok(bytes)
}

/// Makes room for one more in `list`. Called before a message is taken out of a slot.
pub(crate) fn room_for_one<T>(list: &mut Vec<T>) -> Result<()> {
    list.try_reserve(1).map_err(|_| Error::NotEnoughMemory { size: size_of::<T>() })
}

fn reserve(bytes: &mut Vec<u8>, size: usize) -> Result<()> {
    bytes.try_reserve_exact(size).map_err(|_| Error::NotEnoughMemory { size })
}
