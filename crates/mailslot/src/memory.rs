//! Memory for messages: that there is none is an error, and not the end of the process.
//!
//! A message may be larger than what a process has left, so memory whose size a message decides is asked for here. What is small,
//! as a slot's name, is not: without memory for that, the process ends, as every program in Rust does.

use crate::error::{Error, Result};

/// `size` bytes for a message, all 0.
pub(crate) fn zeroed(size: usize) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    reserve(&mut bytes, size)?;
    bytes.resize(size, 0);
    Ok(bytes)
}

/// These parts, one behind the other.
pub(crate) fn joined(parts: &[&[u8]]) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    reserve(&mut bytes, parts.iter().map(|part| part.len()).sum())?;
    parts.iter().for_each(|part| bytes.extend_from_slice(part));
    Ok(bytes)
}

/// Room for one more in `list`: whoever takes a message out of a slot makes sure of it first.
pub(crate) fn room_for_one<T>(list: &mut Vec<T>) -> Result<()> {
    list.try_reserve(1).map_err(|_| Error::NotEnoughMemory { size: size_of::<T>() })
}

fn reserve(bytes: &mut Vec<u8>, size: usize) -> Result<()> {
    bytes.try_reserve_exact(size).map_err(|_| Error::NotEnoughMemory { size })
}
