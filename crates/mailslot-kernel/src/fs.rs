//! One directory tree.

pub use system_rustix::fs::{
    AtFlags, FallocateFlags, FileType, Gid, MemfdFlags, Mode, OFlags, SealFlags, Stat, Timespec, Uid, XattrFlags,
};
use system_rustix::io::{Errno, Result};

use crate::fd::{AsFd, AsRawFd, OwnedFd};
use crate::object::{File, Memory, Object, open_in};
use crate::world::{self, World};

/// The root of the tree.
pub fn root() -> OwnedFd {
    world::with(|world| {
        let root = world.objects.root();
        open_in(world, root, true)
    })
}

fn find(world: &mut World, dir: i32, name: &str) -> Result<Option<usize>> {
    let dir = world.objects.object(dir)?;
    match world.objects.get(dir) {
        Object::Directory { entries, .. } => Ok(entries.get(name).copied()),
        _ => Err(Errno::NOTDIR),
    }
}

pub(crate) fn enter(world: &mut World, dir: i32, name: &str, object: usize) -> Result<()> {
    let dir = world.objects.object(dir)?;
    let Object::Directory { entries, .. } = world.objects.get(dir) else { return Err(Errno::NOTDIR) };
    if entries.contains_key(name) {
        return Err(Errno::EXIST);
    }
    entries.insert(name.to_owned(), object);
    Ok(())
}

/// What a path below `/proc/self/fd` leads to: a descriptor's object, or an entry of that directory.
pub(crate) fn follow(world: &mut World, path: &str) -> Result<usize> {
    let path = path.strip_prefix("/proc/self/fd/").ok_or(Errno::NOENT)?;
    match path.split_once('/') {
        Some((fd, name)) => find(world, fd.parse().map_err(|_| Errno::NOENT)?, name)?.ok_or(Errno::NOENT),
        None => world.objects.object(path.parse().map_err(|_| Errno::NOENT)?),
    }
}

pub fn mkdirat(dir: impl AsFd, name: &str, _: Mode) -> Result<()> {
    let dir = dir.as_fd().as_raw_fd();
    world::with(|world| {
        let uid = world.who().uid;
        let made = world.objects.add(Object::Directory { uid, entries: Default::default() });
        enter(world, dir, name, made)
    })
}

pub fn unlinkat(dir: impl AsFd, name: &str, _: AtFlags) -> Result<()> {
    world::point();
    let dir = dir.as_fd().as_raw_fd();
    world::with(|world| {
        let dir = world.objects.object(dir)?;
        let Object::Directory { entries, .. } = world.objects.get(dir) else { return Err(Errno::NOTDIR) };
        entries.remove(name).map(|_| ()).ok_or(Errno::NOENT)
    })
}

/// Within one directory.
pub fn renameat(dir: impl AsFd, old: &str, _: impl AsFd, new: &str) -> Result<()> {
    world::point();
    let dir = dir.as_fd().as_raw_fd();
    world::with(|world| {
        let dir = world.objects.object(dir)?;
        let Object::Directory { entries, .. } = world.objects.get(dir) else { return Err(Errno::NOTDIR) };
        let object = entries.remove(old).ok_or(Errno::NOENT)?;
        entries.insert(new.to_owned(), object);
        Ok(())
    })
}

/// Adds an entry in `other` for what `dir` has under `name`.
pub fn linkat(dir: impl AsFd, name: &str, other: impl AsFd, new: &str, _: AtFlags) -> Result<()> {
    world::point();
    let (dir, other) = (dir.as_fd().as_raw_fd(), other.as_fd().as_raw_fd());
    world::with(|world| {
        let object = find(world, dir, name)?.ok_or(Errno::NOENT)?;
        enter(world, other, new, object)
    })
}

pub fn mknodat(dir: impl AsFd, name: &str, kind: FileType, _: Mode, _: u64) -> Result<()> {
    assert_eq!(kind, FileType::Fifo, "mknodat makes named pipes only");
    let dir = dir.as_fd().as_raw_fd();
    world::with(|world| {
        let made = world.objects.add(Object::Pipe { bytes: 0 });
        enter(world, dir, name, made)
    })
}

pub fn openat(dir: impl AsFd, name: &str, flags: OFlags, _: Mode) -> Result<OwnedFd> {
    world::point();
    let dir = dir.as_fd().as_raw_fd();
    world::with(|world| {
        let found = find(world, dir, name)?;
        if found.is_some() && flags.contains(OFlags::CREATE | OFlags::EXCL) {
            return Err(Errno::EXIST);
        }
        let object = match found {
            Some(object) => object,
            None if flags.contains(OFlags::CREATE) => {
                let uid = world.who().uid;
                let made = world.objects.add(Object::File(File { uid, ..File::default() }));
                enter(world, dir, name, made)?;
                made
            }
            None => return Err(Errno::NOENT),
        };
        let access = flags & OFlags::RWMODE;
        let path_only = flags.contains(OFlags::PATH);
        let reads = access != OFlags::WRONLY && !path_only;
        if matches!(world.objects.get(object), Object::Pipe { .. }) && !reads && !world.objects.is_read(object) {
            return Err(Errno::NXIO);
        }
        Ok(open_in(world, object, reads))
    })
}

fn stat_of(world: &mut World, object: usize) -> Stat {
    // SAFETY: plain data, for which zeroes are valid.
    let mut stat: Stat = unsafe { core::mem::zeroed() };
    stat.st_ino = object as u64 + 1;
    stat.st_nlink = 1;
    let kind = match world.objects.get(object) {
        Object::Directory { uid, .. } => {
            stat.st_uid = *uid;
            FileType::Directory
        }
        Object::File(file) => {
            stat.st_uid = file.uid;
            stat.st_size = file.memory.as_ref().map_or(file.bytes.len(), Memory::size) as _;
            FileType::RegularFile
        }
        Object::Pipe { .. } => FileType::Fifo,
        Object::Socket(socket) => {
            stat.st_uid = socket.owner.map_or(0, |who| who.uid);
            FileType::Socket
        }
        _ => FileType::Unknown,
    };
    stat.st_mode = kind.as_raw_mode() | 0o600;
    stat
}

pub fn fstat(fd: impl AsFd) -> Result<Stat> {
    let fd = fd.as_fd().as_raw_fd();
    world::with(|world| {
        let object = world.objects.object(fd)?;
        Ok(stat_of(world, object))
    })
}

pub fn statat(dir: impl AsFd, name: &str, _: AtFlags) -> Result<Stat> {
    let dir = dir.as_fd().as_raw_fd();
    world::with(|world| {
        let object = find(world, dir, name)?.ok_or(Errno::NOENT)?;
        Ok(stat_of(world, object))
    })
}

/// Of anything outside the tree: all processes are in one namespace.
pub fn stat(_: &str) -> Result<Stat> {
    world::with(|world| Ok(stat_of(world, 0)))
}

pub fn ftruncate(fd: impl AsFd, size: u64) -> Result<()> {
    let fd = fd.as_fd().as_raw_fd();
    world::with(|world| {
        let object = world.objects.object(fd)?;
        world.objects.file(object)?.memory = Some(Memory::new(size as usize));
        Ok(())
    })
}

/// Never fails: memory is never short.
pub fn fallocate(_: impl AsFd, _: FallocateFlags, _: u64, _: u64) -> Result<()> {
    world::point();
    Ok(())
}

pub fn fchmod(_: impl AsFd, _: Mode) -> Result<()> {
    Ok(())
}

pub fn chmodat(_: impl AsFd, _: &str, _: Mode, _: AtFlags) -> Result<()> {
    Ok(())
}

pub fn chownat(_: impl AsFd, _: &str, _: Option<Uid>, _: Option<Gid>, _: AtFlags) -> Result<()> {
    Ok(())
}

pub fn setxattr(_: impl AsRef<str>, _: &str, _: &[u8], _: XattrFlags) -> Result<()> {
    Ok(())
}

pub fn memfd_create(_: &str, _: MemfdFlags) -> Result<OwnedFd> {
    world::point();
    world::with(|world| {
        let uid = world.who().uid;
        let object = world.objects.add(Object::File(File { uid, is_anonymous: true, ..File::default() }));
        Ok(open_in(world, object, true))
    })
}

pub fn fcntl_get_seals(fd: impl AsFd) -> Result<SealFlags> {
    let fd = fd.as_fd().as_raw_fd();
    world::with(|world| {
        let object = world.objects.object(fd)?;
        if world.objects.file(object)?.is_anonymous { Ok(SealFlags::empty()) } else { Err(Errno::INVAL) }
    })
}
