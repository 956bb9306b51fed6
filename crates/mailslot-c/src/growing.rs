//! Structs that may grow: the first member is the size that the program was compiled with, so that program and library
//! need not be of one version. A member that one of them lacks is zero to the other.
//!
//! A member that this library does not know is refused, never ignored, unless it is zero.

use bytemuck::Pod;

use crate::failure::Failure;

/// A struct whose first member is its size, a `uint64_t`, so that
/// a layout is the same on all systems.
///
/// All members are zero by default, and there is no padding, as [`Pod`] asks.
pub(crate) trait Growing: Pod {
    /// The failure for an invalid size.
    const BAD_SIZE: &'static str;
    /// The failure for members that this version does not know.
    const UNKNOWN: &'static str;
}

/// A struct that an export reads. `NULL`, or valid for reading as many bytes as its first member says.
#[repr(transparent)]
pub(crate) struct GrowingIn<T>(*const T);

/// A struct that an export fills. `NULL`, or valid for writing as many bytes as its first member, which the program has
/// set, says.
#[repr(transparent)]
pub(crate) struct GrowingOut<T>(*mut T);

/// Bytes of the first member.
const SIZE: usize = size_of::<u64>();
/// No struct becomes as long as this: a larger size was never initialised.
const TOO_LONG: usize = 1 << 16;

impl<T: Growing> GrowingIn<T> {
    /// The struct, if there is one.
    pub(crate) fn read(&self) -> Result<Option<T>, Failure> {
        if self.0.is_null() {
            return Ok(None);
        }
        // SAFETY: not NULL, hence valid for reading, as the type promises.
        let size = checked::<T>(unsafe { self.0.cast::<u64>().read_unaligned() })?;
        // SAFETY: as above, for `size` bytes.
        let bytes = unsafe { core::slice::from_raw_parts(self.0.cast::<u8>(), size) };
        let (known, unknown) = bytes.split_at(size.min(size_of::<T>()));
        if unknown.iter().any(|byte| *byte != 0) {
            return Err(Failure::Argument(T::UNKNOWN));
        }
        let mut value = T::zeroed();
        bytemuck::bytes_of_mut(&mut value)[..known.len()].copy_from_slice(known);
        Ok(Some(value))
    }
}

impl<T: Growing> GrowingOut<T> {
    /// The size that the program has set, 0 if it wants no struct. Call this before the operation: its result could not
    /// be returned in a struct of an invalid size.
    pub(crate) fn size(&self) -> Result<usize, Failure> {
        if self.0.is_null() {
            return Ok(0);
        }
        // SAFETY: not NULL, hence valid, as the type promises.
        checked::<T>(unsafe { self.0.cast::<u64>().read_unaligned() })
    }

    /// Stores as much of `value` as fits into `size` bytes, and zeros beyond `value`. The size stays as it is.
    pub(crate) fn set(&self, size: usize, value: &T) {
        if size <= SIZE {
            return;
        }
        // SAFETY: `size` was read there and is not 0, so the struct is valid for writing `size` bytes, as the type
        // promises.
        let room = unsafe { core::slice::from_raw_parts_mut(self.0.cast::<u8>(), size) };
        let known = size.min(size_of::<T>());
        room[SIZE..known].copy_from_slice(&bytemuck::bytes_of(value)[SIZE..known]);
        room[known..].fill(0);
    }
}

fn checked<T: Growing>(size: u64) -> Result<usize, Failure> {
    let size = usize::try_from(size).ok().filter(|size| (SIZE..TOO_LONG).contains(size));
    size.ok_or(Failure::Argument(T::BAD_SIZE))
}
