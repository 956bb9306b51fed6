//! Linux.

mod wake;
mod watch;

use std::fs::Metadata;
use std::hash::{Hash, Hasher};
use std::net::IpAddr;
use std::os::unix::fs::MetadataExt;
use std::time::Duration;

pub(crate) use mailslot::AsyncMailslot;
use mailslot::MailslotWriter;
use nix::ifaddrs::getifaddrs;
use nix::net::if_::{InterfaceFlags, if_nametoindex};
use nix::sys::socket::SockaddrStorage;
use rustix::process::{Resource, getrlimit, setrlimit};
use rustix::time::{ClockId, clock_gettime};
pub(crate) use wake::Wake;
pub(crate) use watch::{Watch, open_slots};

use super::InterfaceAddress;
pub(crate) use crate::link::turn_linger_off;

/// The addresses of all interfaces that are up.
pub(crate) fn interface_addresses() -> Option<Vec<InterfaceAddress>> {
    let listed = getifaddrs().ok()?.filter(|listed| listed.flags.contains(InterfaceFlags::IFF_UP));
    let found = listed.filter_map(|listed| {
        let address = address(listed.address.as_ref()?)?;
        // An interface that has just gone has no index, and is of no use.
        let index = if_nametoindex(listed.interface_name.as_str()).ok()?;
        let can_multicast = listed.flags.contains(InterfaceFlags::IFF_MULTICAST);
        Some(InterfaceAddress { interface: listed.interface_name, index, address, can_multicast })
    });
    Some(found.collect())
}

fn address(storage: &SockaddrStorage) -> Option<IpAddr> {
    if let Some(address) = storage.as_sockaddr_in() {
        return Some(IpAddr::V4(address.ip()));
    }
    let address = storage.as_sockaddr_in6()?.ip();
    // A link-local address means nothing without its link.
    (!address.is_unicast_link_local()).then_some(IpAddr::V6(address))
}

/// The user who owns the writer's slot; `None` if that is elsewhere.
pub(crate) fn owner(writer: &MailslotWriter) -> Option<u32> {
    writer.owner()
}

/// Feeds `hasher` what differs once the file was replaced or written.
pub(crate) fn version_of(file: &Metadata, hasher: &mut impl Hasher) {
    (file.ino(), file.size(), file.mtime(), file.mtime_nsec()).hash(hasher);
}

/// The time since boot, including sleep.
pub(crate) fn running() -> Duration {
    time_of(ClockId::Boottime)
}

/// The processor time of this thread: what other threads delay does not count as long.
pub(crate) fn processor_time() -> Duration {
    time_of(ClockId::ThreadCPUTime)
}

fn time_of(clock: ClockId) -> Duration {
    let time = clock_gettime(clock);
    Duration::new(u64::try_from(time.tv_sec).unwrap_or(0), u32::try_from(time.tv_nsec).unwrap_or(0))
}

pub(crate) fn raise_descriptor_limit() {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    // Raising it to the maximum cannot fail; `descriptors_few` reports if that is too low.
    let _ = setrlimit(Resource::Nofile, limit);
}

/// Descriptors that this process may have; `None` if there is no limit.
pub(crate) fn descriptor_limit() -> Option<u64> {
    getrlimit(Resource::Nofile).current
}
