//! Reading what the program points to.

use core::ffi::c_void;

/// Bytes of a descriptor, an access list or a SID.
pub(super) fn read<const N: usize>(from: *const c_void, offset: usize) -> [u8; N] {
    // SAFETY: callers read the fixed parts of structures that the program gave whole, as the header demands.
    unsafe { from.byte_add(offset).cast::<[u8; N]>().read_unaligned() }
}
