//! Mappings: all mappings of a file are one memory.

use core::ffi::c_void;

use system_rustix::io::{Errno, Result};
pub use system_rustix::mm::{Advice, MapFlags, ProtFlags};

use crate::fd::{AsFd, AsRawFd};
use crate::world;

/// The address of mappings that may not be accessed.
const NOWHERE: usize = 1 << 40;

pub unsafe fn mmap(
    _: *mut c_void,
    size: usize,
    access: ProtFlags,
    _: MapFlags,
    fd: impl AsFd,
    _: u64,
) -> Result<*mut c_void> {
    world::point();
    let fd = fd.as_fd().as_raw_fd();
    world::with(|world| {
        let pid = world.who().pid;
        let (object, description) = (world.objects.object(fd)?, world.objects.description(fd)?);
        let memory = world.objects.file(object)?.memory.as_mut().ok_or(Errno::INVAL)?;
        assert!(size <= memory.size(), "a mapping ends at the file's end");
        let address = if access.is_empty() { (NOWHERE + (fd as usize) * 4096) as *mut u8 } else { memory.address() };
        world.objects.add_map(address as usize, pid, description);
        Ok(address.cast())
    })
}

pub unsafe fn munmap(address: *mut c_void, _: usize) -> Result<()> {
    if world::point() {
        world::changed(|world| {
            let pid = world.who().pid;
            world.objects.remove_map(address as usize, pid);
        });
    }
    Ok(())
}

pub unsafe fn madvise(address: *mut c_void, size: usize, advice: Advice) -> Result<()> {
    if world::point() && matches!(advice, Advice::LinuxRemove) {
        // SAFETY: as the caller promises; the memory lives as long as the world.
        unsafe { address.cast::<u8>().write_bytes(0, size) };
    }
    Ok(())
}
