//! The access rights of a handle, for objects that may be shared.

use crate::code::{Code, Result};

/// An access mask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Access(u32);

const SYNCHRONIZE: u32 = 0x0010_0000;
/// `SECTION_MAP_WRITE` is the same bit.
const MODIFY_STATE: u32 = 0x2;
const SECTION_MAP_READ: u32 = 0x4;
const GENERIC_ALL: u32 = 0x1000_0000;
const GENERIC_EXECUTE: u32 = 0x2000_0000;
const GENERIC_WRITE: u32 = 0x4000_0000;
const GENERIC_READ: u32 = 0x8000_0000;
const MAXIMUM_ALLOWED: u32 = 0x0200_0000;

impl Access {
    /// The rights of an object's creator.
    pub(crate) const ALL: Access = Access(0x001F_001F);

    /// The rights that an open requests. All are granted: objects belong to their user.
    pub(crate) fn granted(mask: u32) -> Access {
        let mut granted = mask & Access::ALL.0;
        if mask & (GENERIC_ALL | MAXIMUM_ALLOWED) != 0 {
            granted = Access::ALL.0;
        }
        if mask & GENERIC_EXECUTE != 0 {
            granted |= SYNCHRONIZE;
        }
        if mask & GENERIC_WRITE != 0 {
            granted |= MODIFY_STATE;
        }
        if mask & GENERIC_READ != 0 {
            granted |= SECTION_MAP_READ;
        }
        Access(granted)
    }

    pub(crate) fn to_wait(self) -> Result<()> {
        self.allows(SYNCHRONIZE)
    }

    /// Checks the right to change the state, for all except mutexes, which their holders may always release.
    pub(crate) fn to_modify(self) -> Result<()> {
        self.allows(MODIFY_STATE)
    }

    /// Checks the right to read the data of a section.
    pub(crate) fn to_read(self) -> Result<()> {
        self.allows(SECTION_MAP_READ)
    }

    pub(crate) fn mask(self) -> u32 {
        self.0
    }

    fn allows(self, right: u32) -> Result<()> {
        if self.0 & right == 0 { Err(Code::ACCESS_DENIED) } else { Ok(()) }
    }
}
