//! The version that most messages end with, and the tokens behind it.

use crate::bits::bits;
use crate::error::Result;
use crate::reader::Reader;

/// Bytes of the version and the tokens at the end of most messages.
pub(super) const TAIL: usize = 8;

bits! {
    /// In a request, the forms of answers that the asker understands; in an answer, its form. Controllers choose the
    /// richest form; nmbd has the first only.
    ///
    /// # Sources
    ///
    /// MS-ADTS section 6.3.1.1, *NETLOGON_NT_VERSION*.
    Version(u32) {
        /// The form of Windows NT 4.
        NT4 = 0x0000_0001,
        /// The form with a [`Directory`](super::Directory).
        NT5 = 0x0000_0002,
        /// The form of [`ResponseEx`](super::ResponseEx).
        EX = 0x0000_0004,
        /// The form of [`ResponseEx`](super::ResponseEx), with an address.
        EX_WITH_ADDRESS = 0x0000_0008,
        /// Only a controller of the closest site is wanted.
        CLOSEST_SITE = 0x0000_0010,
        /// Controllers should not pretend to be of Windows NT 4.
        AVOID_NT4_EMULATION = 0x0100_0000,
        /// A primary domain controller is wanted.
        PRIMARY = 0x1000_0000,
        /// A global catalogue is wanted.
        GLOBAL_CATALOGUE = 0x8000_0000,
    }
}

impl Version {
    /// The version of these bits; all of them are kept.
    pub const fn from_bits(bits: u32) -> Version {
        Version(bits)
    }

    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Version> {
        reader.u32_le("version").map(Version)
    }

    /// The version at the end of the message, wherever the reader is.
    pub(super) fn read_last(reader: &mut Reader<'_>) -> Result<Version> {
        let excess = reader.left().saturating_sub(TAIL);
        reader.take(excess, "version")?;
        Version::read(reader)
    }
}

/// The version and two tokens.
pub(super) fn write_tail(version: Version, out: &mut Vec<u8>) {
    out.extend_from_slice(&version.bits().to_le_bytes());
    out.extend_from_slice(&[0xFF; 4]);
}
