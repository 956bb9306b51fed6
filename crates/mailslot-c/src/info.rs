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
    capacity: u64,
    written: u64,
    read: u64,
    bytes_written: u64,
    bytes_read: u64,
    refused_full: u64,
    refused_too_large: u64,
    high_water: u64,
    lost: u64,
}

// SAFETY: all members are numbers, for which zero is a value.
unsafe impl Zeroable for Info {}
// SAFETY: as above, in the order of C; there is no padding, as the assertion below checks.
unsafe impl Pod for Info {}
const _: () = assert!(size_of::<Info>() == 104);

impl Growing for Info {
    const BAD_SIZE: &'static str = "the size in mailslot_info is not set: begin with MAILSLOT_INFO_INIT";
    const UNKNOWN: &'static str = "";
}

impl From<mailslot::Info> for Info {
    fn from(info: mailslot::Info) -> Info {
        let counted = info.statistics.unwrap_or_default();
        Info {
            size: size_of::<Info>() as u64,
            count: info.count,
            next_size: info.next_size.unwrap_or(0) as u64,
            max_message_size: info.max_message_size,
            has_next: info.next_size.is_some().into(),
            capacity: info.capacity,
            written: counted.written,
            read: counted.read,
            bytes_written: counted.bytes_written,
            bytes_read: counted.bytes_read,
            refused_full: counted.refused_full,
            refused_too_large: counted.refused_too_large,
            high_water: counted.high_water,
            lost: counted.lost,
        }
    }
}
