//! `mailslot_info`.

use bytemuck::{Pod, Zeroable};

use crate::growing::Growing;

#[repr(C)]
#[derive(Clone, Copy)]
pub(crate) struct Info {
    size: u64,
    count: u64,
    next_size: u64,
    max_message_size: u32,
    has_next: u32,
}

// SAFETY: all members are numbers, for which zero is a value.
unsafe impl Zeroable for Info {}
// SAFETY: as above, in the order of C; there is no padding, as the assertion below checks.
unsafe impl Pod for Info {}
const _: () = assert!(size_of::<Info>() == 32);

impl Growing for Info {
    const BAD_SIZE: &'static str = "the size in mailslot_info is not set: begin with MAILSLOT_INFO_INIT";
    const UNKNOWN: &'static str = "";
}

impl From<mailslot::Info> for Info {
    fn from(info: mailslot::Info) -> Info {
        Info {
            size: size_of::<Info>() as u64,
            count: info.count,
            next_size: info.next_size.unwrap_or(0) as u64,
            max_message_size: info.max_message_size,
            has_next: info.next_size.is_some().into(),
        }
    }
}
