//! `mailslot_status`, and `mailslot_listing`, which iterates over them.

use core::ffi::c_char;
use std::ffi::CString;
use std::sync::Mutex;

use bytemuck::{Pod, Zeroable};
use mailslot::{Access, Network, SlotStatus};

use crate::growing::Growing;
use crate::options::{EVERYONE, GROUP, OWNER, USERS_ONLY};
use crate::time::nanoseconds;

#[repr(C)]
#[derive(Clone, Copy)]
pub(crate) struct Status {
    size: u64,
    pid: u32,
    uid: u32,
    access: u32,
    gid: u32,
    network: u32,
    max_message_size: u32,
    capacity: u64,
    created: u64,
    has_counts: u32,
    has_next: u32,
    count: u64,
    next_size: u64,
    members: u32,
    taps: u32,
}

// SAFETY: all members are numbers, for which zero is a value.
unsafe impl Zeroable for Status {}
// SAFETY: as above, in the order of C; there is no padding, as the assertion below checks.
unsafe impl Pod for Status {}
const _: () = assert!(size_of::<Status>() == 80);

impl Growing for Status {
    const BAD_SIZE: &'static str = "the size in mailslot_status is not set: begin with MAILSLOT_STATUS_INIT";
    const UNKNOWN: &'static str = "";
}

impl From<&SlotStatus> for Status {
    fn from(slot: &SlotStatus) -> Status {
        let (access, gid) = match &slot.access {
            Some(Access::Group(gid)) => (GROUP, *gid),
            Some(Access::Users(_)) => (USERS_ONLY, 0),
            Some(Access::Everyone) => (EVERYONE, 0),
            _ => (OWNER, 0),
        };
        let next_size = slot.info.and_then(|info| info.next_size);
        Status {
            size: size_of::<Status>() as u64,
            pid: slot.pid.unwrap_or(0),
            uid: slot.uid.unwrap_or(0),
            access,
            gid,
            network: (slot.network == Some(Network::Allowed)).into(),
            max_message_size: slot.max_message_size.unwrap_or(0),
            capacity: slot.capacity.unwrap_or(0),
            created: nanoseconds(slot.created),
            has_counts: slot.info.is_some().into(),
            has_next: next_size.is_some().into(),
            count: slot.info.map_or(0, |info| info.count),
            next_size: next_size.unwrap_or(0) as u64,
            members: u32::try_from(slot.members).unwrap_or(u32::MAX),
            taps: u32::try_from(slot.taps).unwrap_or(u32::MAX),
        }
    }
}

/// The slots at the time of the call, and the name of the last one returned, for the program to read.
pub(crate) struct Listing {
    rest: Mutex<(std::vec::IntoIter<SlotStatus>, CString)>,
}

impl Listing {
    pub(crate) fn new(slots: Vec<SlotStatus>) -> Listing {
        Listing { rest: Mutex::new((slots.into_iter(), CString::default())) }
    }

    /// The next slot, with its name, which stays in place until the next call.
    pub(crate) fn next(&self) -> Option<(Status, *const c_char)> {
        let mut rest = self.rest.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let (slots, name) = &mut *rest;
        let slot = slots.next()?;
        // No name has a NUL.
        *name = CString::new(slot.name.as_str()).unwrap_or_default();
        Some((Status::from(&slot), name.as_ptr()))
    }
}
