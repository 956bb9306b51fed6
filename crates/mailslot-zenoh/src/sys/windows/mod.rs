//! Windows.

mod outgoing;
mod wake;
mod watch;

use std::fs::Metadata;
use std::hash::{Hash, Hasher};
use std::os::windows::fs::MetadataExt;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use mailslot::MailslotWriter;
pub(crate) use outgoing::AsyncMailslot;
pub(crate) use wake::Wake;
pub(crate) use watch::{Watch, open_slots};

use super::InterfaceAddress;

/// Zenoh lists them, once in a process: addresses that come later are not discovered from.
pub(crate) fn interface_addresses() -> Option<Vec<InterfaceAddress>> {
    None
}

/// Windows has no numbers for users.
pub(crate) fn owner(_writer: &MailslotWriter) -> Option<u32> {
    Some(0)
}

/// Feeds `hasher` what differs once the file was replaced or written.
pub(crate) fn version_of(file: &Metadata, hasher: &mut impl Hasher) {
    (file.creation_time(), file.file_size(), file.last_write_time()).hash(hasher);
}

/// The time since the first call. The clock of `Instant` counts sleep, and nobody can set it.
pub(crate) fn running() -> Duration {
    static BEGUN: LazyLock<Instant> = LazyLock::new(Instant::now);
    BEGUN.elapsed()
}

/// The time that passes: what other threads delay counts as long, too.
pub(crate) fn processor_time() -> Duration {
    running()
}

/// Windows has no such limit.
pub(crate) fn raise_descriptor_limit() {}

/// Windows has no such limit.
pub(crate) fn descriptor_limit() -> Option<u64> {
    None
}

/// Windows does not list the sockets of a process: a connection to a machine that is cut off may hold up others for ten
/// seconds when it is closed.
pub(crate) fn turn_linger_off() {}
