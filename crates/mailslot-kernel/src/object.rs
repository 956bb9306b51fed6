//! What descriptors lead to.

use core::time::Duration;
use std::collections::{BTreeMap, VecDeque};

use system_rustix::io::{Errno, Result};

use crate::event::PollFlags;
use crate::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use crate::world::{self, Who, World};

/// Bytes that a pipe holds: few, so that it is full sometimes.
const PIPE: usize = 4;
/// Packets that a socket holds: few, for the same reason.
const PACKETS: usize = 6;

pub(crate) enum Object {
    Directory {
        uid: u32,
        entries: BTreeMap<String, usize>,
    },
    File(File),
    Pipe {
        bytes: usize,
    },
    Socket(Socket),
    Epoll(Vec<Watched>),
    Timer {
        expiry: Option<Duration>,
        ready: bool,
    },
    /// An edge-triggered epoll on one descriptor.
    Edge {
        of: usize,
        armed: bool,
    },
    Other,
}

#[derive(Default)]
pub(crate) struct File {
    pub(crate) uid: u32,
    pub(crate) bytes: Vec<u8>,
    /// The memory that all its mappings share.
    pub(crate) memory: Option<Memory>,
    pub(crate) is_anonymous: bool,
    /// Descriptions that have a lock on it, and its kind.
    pub(crate) locks: Vec<(usize, i16)>,
}

#[derive(Default)]
pub(crate) struct Socket {
    pub(crate) kind: u32,
    pub(crate) listens: bool,
    pub(crate) waiting: VecDeque<usize>,
    pub(crate) peer: Option<(usize, Who)>,
    pub(crate) packets: VecDeque<Packet>,
    pub(crate) reads_no_more: bool,
    pub(crate) is_closed: bool,
    pub(crate) owner: Option<Who>,
}

pub(crate) struct Packet {
    pub(crate) bytes: Vec<u8>,
    /// Descriptions passed with it.
    pub(crate) files: Vec<usize>,
}

pub(crate) struct Watched {
    pub(crate) object: usize,
    pub(crate) key: u64,
}

/// Page-aligned memory.
pub(crate) struct Memory(Box<[Page]>);

#[repr(C, align(4096))]
#[derive(Clone, Copy)]
struct Page([u8; 4096]);

impl Memory {
    pub(crate) fn new(size: usize) -> Memory {
        Memory(vec![Page([0; 4096]); size.div_ceil(4096)].into_boxed_slice())
    }

    pub(crate) fn size(&self) -> usize {
        self.0.len() * 4096
    }

    pub(crate) fn address(&mut self) -> *mut u8 {
        self.0.as_mut_ptr().cast()
    }
}

/// An open file description: descriptors and mappings lead to it.
struct Description {
    object: usize,
    reads: bool,
    users: usize,
}

pub(crate) struct Objects {
    objects: Vec<Object>,
    descriptions: Vec<Description>,
    descriptors: BTreeMap<i32, (u32, usize)>,
    /// Mappings: the address, the process and the description of each.
    maps: Vec<(usize, u32, usize)>,
    root: usize,
}

impl Objects {
    pub(crate) const fn new() -> Objects {
        Objects {
            objects: Vec::new(),
            descriptions: Vec::new(),
            descriptors: BTreeMap::new(),
            maps: Vec::new(),
            root: 0,
        }
    }

    pub(crate) fn root(&mut self) -> usize {
        if self.objects.is_empty() {
            self.root = self.add(Object::Directory { uid: 0, entries: BTreeMap::new() });
        }
        self.root
    }

    pub(crate) fn add(&mut self, object: Object) -> usize {
        self.objects.push(object);
        self.objects.len() - 1
    }

    pub(crate) fn get(&mut self, object: usize) -> &mut Object {
        &mut self.objects[object]
    }

    pub(crate) fn socket(&mut self, object: usize) -> Result<&mut Socket> {
        match &mut self.objects[object] {
            Object::Socket(socket) => Ok(socket),
            _ => Err(Errno::NOTSOCK),
        }
    }

    pub(crate) fn file(&mut self, object: usize) -> Result<&mut File> {
        match &mut self.objects[object] {
            Object::File(file) => Ok(file),
            _ => Err(Errno::INVAL),
        }
    }

    pub(crate) fn describe(&mut self, object: usize, reads: bool) -> usize {
        self.descriptions.push(Description { object, reads, users: 0 });
        self.descriptions.len() - 1
    }

    pub(crate) fn descriptor(&mut self, pid: u32, description: usize) -> i32 {
        self.descriptions[description].users += 1;
        // Never a number of another world, whichever test made it: one that a static variable still holds must lead
        // nowhere.
        static NEXT: std::sync::atomic::AtomicI32 = std::sync::atomic::AtomicI32::new(3);
        let fd = NEXT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        self.descriptors.insert(fd, (pid, description));
        fd
    }

    pub(crate) fn description(&self, fd: i32) -> Result<usize> {
        self.descriptors.get(&fd).map(|(_, description)| *description).ok_or(Errno::BADF)
    }

    pub(crate) fn object(&self, fd: i32) -> Result<usize> {
        self.description(fd).map(|description| self.descriptions[description].object)
    }

    /// Points a descriptor at another description.
    pub(crate) fn replace(&mut self, fd: i32, description: usize) -> Result<()> {
        let before = self.description(fd)?;
        self.keep(description);
        self.descriptors.entry(fd).and_modify(|(_, leads_to)| *leads_to = description);
        self.release(before);
        Ok(())
    }

    /// Whether a descriptor is for writing alone.
    pub(crate) fn only_writes(&self, fd: i32) -> bool {
        self.description(fd).is_ok_and(|description| !self.descriptions[description].reads)
    }

    /// Whether a pipe has a reader.
    pub(crate) fn is_read(&self, pipe: usize) -> bool {
        self.descriptions.iter().any(|it| it.users > 0 && it.object == pipe && it.reads)
    }

    pub(crate) fn add_map(&mut self, address: usize, pid: u32, description: usize) {
        self.descriptions[description].users += 1;
        self.maps.push((address, pid, description));
    }

    pub(crate) fn remove_map(&mut self, address: usize, pid: u32) {
        if let Some(at) = self.maps.iter().position(|(at, whose, _)| (*at, *whose) == (address, pid)) {
            let (_, _, description) = self.maps.swap_remove(at);
            self.release(description);
        }
    }

    /// Keeps a description open while it travels with a packet.
    pub(crate) fn keep(&mut self, description: usize) {
        self.descriptions[description].users += 1;
    }

    pub(crate) fn release(&mut self, description: usize) {
        let it = &mut self.descriptions[description];
        it.users -= 1;
        if it.users > 0 {
            return;
        }
        let object = it.object;
        for object in &mut self.objects {
            if let Object::File(file) = object {
                file.locks.retain(|(lock, _)| *lock != description);
            }
        }
        if self.descriptions.iter().any(|it| it.users > 0 && it.object == object) {
            return;
        }
        for watching in &mut self.objects {
            if let Object::Epoll(watched) = watching {
                watched.retain(|watched| watched.object != object);
            }
        }
        let Object::Socket(socket) = &mut self.objects[object] else { return };
        socket.is_closed = true;
        let peer = socket.peer;
        let lost: Vec<usize> = socket.packets.drain(..).flat_map(|packet| packet.files).collect();
        let refused: Vec<usize> = socket.waiting.drain(..).collect();
        for description in lost {
            self.release(description);
        }
        for socket in refused {
            if let Object::Socket(socket) = &mut self.objects[socket] {
                socket.is_closed = true;
            }
            self.notify_peer(socket);
        }
        if let Some((peer, _)) = peer {
            self.notify(peer);
        }
    }

    fn notify_peer(&mut self, socket: usize) {
        if let Object::Socket(Socket { peer: Some((peer, _)), .. }) = &self.objects[socket] {
            let peer = *peer;
            self.notify(peer);
        }
    }

    pub(crate) fn close(&mut self, fd: i32) {
        if let Some((_, description)) = self.descriptors.remove(&fd) {
            self.release(description);
        }
    }

    /// Closes all descriptors and mappings of a process.
    pub(crate) fn close_all(&mut self, pid: u32) {
        let open: Vec<i32> =
            self.descriptors.iter().filter(|(_, (whose, _))| *whose == pid).map(|(fd, _)| *fd).collect();
        open.into_iter().for_each(|fd| self.close(fd));
        let maps: Vec<usize> = self.maps.iter().filter(|(_, whose, _)| *whose == pid).map(|(at, ..)| *at).collect();
        maps.into_iter().for_each(|at| self.remove_map(at, pid));
    }

    /// An event on an object: arms the edges on it, and on each epoll that watches it.
    pub(crate) fn notify(&mut self, object: usize) {
        let watches =
            |it: &Object| matches!(it, Object::Epoll(watched) if watched.iter().any(|it| it.object == object));
        let watching: Vec<usize> = (0..self.objects.len()).filter(|at| watches(&self.objects[*at])).collect();
        for it in &mut self.objects {
            if let Object::Edge { of, armed } = it
                && (*of == object || watching.contains(of))
            {
                *armed = true;
            }
        }
    }

    pub(crate) fn readiness(&self, object: usize) -> PollFlags {
        let when = |is: bool, flags: PollFlags| if is { flags } else { PollFlags::empty() };
        match &self.objects[object] {
            Object::Pipe { bytes } => {
                when(*bytes > 0, PollFlags::IN)
                    | when(*bytes < PIPE, PollFlags::OUT)
                    | when(!self.is_read(object), PollFlags::ERR)
            }
            Object::Socket(socket) if socket.listens => when(!socket.waiting.is_empty(), PollFlags::IN),
            Object::Socket(socket) => {
                let gone = self.is_peer_gone(socket);
                when(!socket.packets.is_empty() || gone || socket.reads_no_more, PollFlags::IN)
                    | when(gone, PollFlags::HUP)
                    | when(gone || self.has_room(socket), PollFlags::OUT)
            }
            Object::Timer { ready, .. } => when(*ready, PollFlags::IN),
            Object::Epoll(watched) => {
                when(watched.iter().any(|it| self.readiness(it.object).intersects(PollFlags::IN)), PollFlags::IN)
            }
            _ => PollFlags::empty(),
        }
    }

    pub(crate) fn is_peer_gone(&self, socket: &Socket) -> bool {
        socket.peer.is_none_or(|(peer, _)| matches!(&self.objects[peer], Object::Socket(peer) if peer.is_closed))
    }

    fn has_room(&self, socket: &Socket) -> bool {
        let peer = socket.peer.map(|(peer, _)| &self.objects[peer]);
        matches!(peer, Some(Object::Socket(peer)) if peer.packets.len() < PACKETS || peer.reads_no_more)
    }

    /// Whether an edge-triggered epoll reports an event now. An edge behind which nothing is ready is dropped.
    pub(crate) fn take_edge(&mut self, instance: usize) -> bool {
        let Object::Edge { of, armed } = &mut self.objects[instance] else { return false };
        let (of, armed) = (*of, core::mem::take(armed));
        armed && !self.readiness(of).is_empty()
    }

    /// Whether a socket receives nothing more.
    pub(crate) fn is_over(&self, socket: usize) -> bool {
        matches!(&self.objects[socket], Object::Socket(socket) if socket.reads_no_more || self.is_peer_gone(socket))
    }

    pub(crate) fn next_expiry(&self) -> Option<Duration> {
        let expiry = |object: &Object| match object {
            Object::Timer { expiry, .. } => *expiry,
            _ => None,
        };
        self.objects.iter().filter_map(expiry).min()
    }

    pub(crate) fn expire(&mut self, now: Duration) {
        let mut expired = Vec::new();
        for (at, object) in self.objects.iter_mut().enumerate() {
            if let Object::Timer { expiry, ready } = object
                && expiry.is_some_and(|expiry| expiry <= now)
            {
                (*expiry, *ready) = (None, true);
                expired.push(at);
            }
        }
        expired.into_iter().for_each(|timer| self.notify(timer));
    }

    pub(crate) fn write_to_pipe(&mut self, pipe: usize, count: usize) -> Result<usize> {
        if !self.is_read(pipe) {
            return Err(Errno::PIPE);
        }
        let Object::Pipe { bytes } = &mut self.objects[pipe] else { return Err(Errno::INVAL) };
        if *bytes >= PIPE {
            return Err(Errno::AGAIN);
        }
        let count = count.min(PIPE - *bytes);
        *bytes += count;
        self.notify(pipe);
        Ok(count)
    }

    pub(crate) fn send(&mut self, socket: usize, packet: Packet) -> Result<()> {
        let it = self.socket(socket)?;
        let (peer, _) = it.peer.ok_or(Errno::NOTCONN)?;
        let to = self.socket(peer)?;
        if to.is_closed || to.reads_no_more {
            return Err(Errno::PIPE);
        }
        if to.packets.len() >= PACKETS {
            return Err(Errno::AGAIN);
        }
        to.packets.push_back(packet);
        self.notify(peer);
        Ok(())
    }
}

/// A descriptor of the running process for something new.
pub(crate) fn open(object: Object) -> OwnedFd {
    world::with(|world| {
        let object = world.objects.add(object);
        open_in(world, object, true)
    })
}

/// A descriptor of the running process.
pub(crate) fn open_in(world: &mut World, object: usize, reads: bool) -> OwnedFd {
    let description = world.objects.describe(object, reads);
    let pid = world.who().pid;
    // SAFETY: it is new, and has no other owner.
    unsafe { OwnedFd::from_raw_fd(world.objects.descriptor(pid, description)) }
}

pub(crate) fn close(fd: i32) {
    if !world::is_dead() {
        world::point();
        world::changed(|world| world.objects.close(fd));
    }
}

pub(crate) fn set_timer(timer: BorrowedFd<'_>, time: Option<Duration>) {
    world::changed(|world| {
        let expires = time.map(|time| world::now_of(world) + time);
        if let Ok(object) = world.objects.object(timer.as_raw_fd())
            && let Object::Timer { expiry, ready } = world.objects.get(object)
        {
            (*expiry, *ready) = (expires, false);
        }
    });
}
