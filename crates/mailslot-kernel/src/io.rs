//! Reading and writing; and tokio's watching of a descriptor.

pub use system_rustix::io::{Errno, FdFlags, Result, retry_on_intr};

pub use crate::task::Interest;
pub use crate::task::unix;

use crate::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd};
use crate::object::Object;
use crate::world;

pub fn write(fd: impl AsFd, bytes: &[u8]) -> Result<usize> {
    if !world::point() {
        return Err(Errno::IO);
    }
    let fd = fd.as_fd().as_raw_fd();
    world::changed(|world| {
        let object = world.objects.object(fd)?;
        match world.objects.get(object) {
            Object::Pipe { .. } => world.objects.write_to_pipe(object, bytes.len()),
            Object::File(file) => {
                file.bytes.extend_from_slice(bytes);
                Ok(bytes.len())
            }
            _ => Err(Errno::INVAL),
        }
    })
}

pub fn read(fd: impl AsFd, buffer: &mut [u8]) -> Result<usize> {
    if !world::point() {
        return Err(Errno::IO);
    }
    let fd = fd.as_fd().as_raw_fd();
    world::changed(|world| {
        let object = world.objects.object(fd)?;
        let bytes = match world.objects.get(object) {
            Object::Pipe { bytes } => bytes,
            Object::Timer { ready, .. } => return if core::mem::take(ready) { Ok(8) } else { Err(Errno::AGAIN) },
            _ => return Err(Errno::INVAL),
        };
        let count = (*bytes).min(buffer.len());
        *bytes -= count;
        if count == 0 { Err(Errno::AGAIN) } else { Ok(count) }
    })
}

pub fn pread(fd: impl AsFd, buffer: &mut [u8], offset: u64) -> Result<usize> {
    let fd = fd.as_fd().as_raw_fd();
    world::with(|world| {
        let object = world.objects.object(fd)?;
        let file = world.objects.file(object)?;
        let bytes = match file.memory.as_mut() {
            // SAFETY: the memory lives as long as the world, whose threads take turns.
            Some(memory) => unsafe { core::slice::from_raw_parts(memory.address(), memory.size()) },
            None => &file.bytes,
        };
        let rest = bytes.get(offset as usize..).unwrap_or_default();
        let count = rest.len().min(buffer.len());
        buffer[..count].copy_from_slice(&rest[..count]);
        Ok(count)
    })
}

pub fn pwrite(fd: impl AsFd, bytes: &[u8], offset: u64) -> Result<usize> {
    if !world::point() {
        return Err(Errno::IO);
    }
    let fd = fd.as_fd().as_raw_fd();
    world::changed(|world| {
        let object = world.objects.object(fd)?;
        let file = world.objects.file(object)?;
        let all = match file.memory.as_mut() {
            // SAFETY: the memory lives as long as the world, whose threads take turns.
            Some(memory) => unsafe { core::slice::from_raw_parts_mut(memory.address(), memory.size()) },
            None => &mut file.bytes,
        };
        let place = all.get_mut(offset as usize..offset as usize + bytes.len()).ok_or(Errno::INVAL)?;
        place.copy_from_slice(bytes);
        Ok(bytes.len())
    })
}

pub fn fcntl_setfd(_: impl AsFd, _: FdFlags) -> Result<()> {
    Ok(())
}

pub fn fcntl_dupfd_cloexec(fd: impl AsFd, _: i32) -> Result<OwnedFd> {
    dup_for(fd, world::who().pid)
}

/// A descriptor of process `pid` for what `fd` leads to, as if it had been passed on.
pub fn dup_for(fd: impl AsFd, pid: u32) -> Result<OwnedFd> {
    let fd = fd.as_fd().as_raw_fd();
    world::with(|world| {
        let description = world.objects.description(fd)?;
        // SAFETY: it is new, and has no other owner.
        Ok(unsafe { OwnedFd::from_raw_fd(world.objects.descriptor(pid, description)) })
    })
}
