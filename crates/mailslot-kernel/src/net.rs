//! Unix sockets that keep packets apart.

use std::io::{IoSlice, IoSliceMut};
use std::mem::MaybeUninit;

use system_rustix::io::{Errno, Result};
pub use system_rustix::net::{
    AddressFamily, Protocol, RecvFlags, ReturnFlags, SendFlags, Shutdown, SocketFlags, SocketType,
};

use crate::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use crate::fs::{enter, follow};
use crate::object::{self, Object, Packet, Socket, open_in};
use crate::world;

#[derive(Debug)]
pub struct SocketAddrUnix(String);

impl SocketAddrUnix {
    pub fn new(path: String) -> Result<SocketAddrUnix> {
        Ok(SocketAddrUnix(path))
    }
}

pub fn socket_with(_: AddressFamily, kind: SocketType, _: SocketFlags, _: Option<Protocol>) -> Result<OwnedFd> {
    world::point();
    let owner = Some(world::who());
    Ok(object::open(Object::Socket(Socket { kind: kind.as_raw(), owner, ..Socket::default() })))
}

pub fn bind(socket: impl AsFd, address: &SocketAddrUnix) -> Result<()> {
    let socket = socket.as_fd().as_raw_fd();
    world::with(|world| {
        let object = world.objects.object(socket)?;
        let path = address.0.strip_prefix("/proc/self/fd/").and_then(|path| path.split_once('/'));
        let (dir, name) = path.ok_or(Errno::NOENT)?;
        enter(world, dir.parse().map_err(|_| Errno::NOENT)?, name, object).map_err(|_| Errno::ADDRINUSE)
    })
}

pub fn listen(socket: impl AsFd, _: i32) -> Result<()> {
    let socket = socket.as_fd().as_raw_fd();
    world::with(|world| {
        let object = world.objects.object(socket)?;
        world.objects.socket(object)?.listens = true;
        Ok(())
    })
}

pub fn connect(socket: impl AsFd, address: &SocketAddrUnix) -> Result<()> {
    world::point();
    let socket = socket.as_fd().as_raw_fd();
    world::changed(|world| {
        let (from, to) = (world.objects.object(socket)?, follow(world, &address.0)?);
        let kind = world.objects.socket(from)?.kind;
        let who = world.who();
        let listener = world.objects.socket(to).map_err(|_| Errno::CONNREFUSED)?;
        if listener.is_closed {
            return Err(Errno::CONNREFUSED);
        }
        if listener.kind != kind {
            return Err(Errno::PROTOTYPE);
        }
        if !listener.listens {
            return Err(Errno::CONNREFUSED);
        }
        let owner = listener.owner.ok_or(Errno::CONNREFUSED)?;
        let accepted = Socket { kind, peer: Some((from, who)), owner: Some(owner), ..Socket::default() };
        let accepted = world.objects.add(Object::Socket(accepted));
        world.objects.socket(from)?.peer = Some((accepted, owner));
        world.objects.socket(to)?.waiting.push_back(accepted);
        world.objects.notify(to);
        Ok(())
    })
}

pub fn accept_with(socket: impl AsFd, _: SocketFlags) -> Result<OwnedFd> {
    world::point();
    let socket = socket.as_fd().as_raw_fd();
    world::with(|world| {
        let object = world.objects.object(socket)?;
        let accepted = world.objects.socket(object)?.waiting.pop_front().ok_or(Errno::AGAIN)?;
        Ok(open_in(world, accepted, true))
    })
}

pub fn shutdown(socket: impl AsFd, how: Shutdown) -> Result<()> {
    assert!(matches!(how, Shutdown::Read), "the engine shuts down reading only");
    world::point();
    let socket = socket.as_fd().as_raw_fd();
    world::changed(|world| {
        let object = world.objects.object(socket)?;
        let socket = world.objects.socket(object)?;
        socket.reads_no_more = true;
        world.objects.notify(object);
        Ok(())
    })
}

pub fn send(socket: impl AsFd, bytes: &[u8], _: SendFlags) -> Result<usize> {
    send_packet(socket.as_fd(), bytes.to_vec(), &[])
}

pub fn sendmsg(
    socket: impl AsFd,
    parts: &[IoSlice<'_>],
    attached: &mut SendAncillaryBuffer<'_, '_, '_>,
    _: SendFlags,
) -> Result<usize> {
    let bytes: Vec<u8> = parts.iter().flat_map(|part| part.iter().copied()).collect();
    send_packet(socket.as_fd(), bytes, attached.files)
}

/// Drops the next packet.
pub fn recv(socket: impl AsFd, _: &mut [u8], _: RecvFlags) -> Result<usize> {
    if !world::point() {
        return Err(Errno::IO);
    }
    let socket = socket.as_fd().as_raw_fd();
    world::changed(|world| {
        let object = world.objects.object(socket)?;
        let it = world.objects.socket(object)?;
        let (packet, peer) = (it.packets.pop_front(), it.peer);
        match packet {
            Some(packet) => packet.files.into_iter().for_each(|file| world.objects.release(file)),
            None if world.objects.is_over(object) => return Ok(0),
            None => return Err(Errno::AGAIN),
        }
        if let Some((peer, _)) = peer {
            // The packet is gone: the peer may send again.
            world.objects.notify(peer);
        }
        Ok(0)
    })
}

/// Without room for anything.
#[derive(Default)]
pub struct RecvAncillaryBuffer {
    _space: (),
}

pub struct RecvMsg {
    pub flags: ReturnFlags,
}

/// Peeks at a packet and its sender's credentials, into a buffer without room for ancillary data.
pub fn recvmsg(
    socket: impl AsFd,
    _: &mut [IoSliceMut<'_>],
    _: &mut RecvAncillaryBuffer,
    flags: RecvFlags,
) -> Result<RecvMsg> {
    assert!(flags.contains(RecvFlags::PEEK), "the engine only peeks by recvmsg");
    if !world::point() {
        return Err(Errno::IO);
    }
    let socket = socket.as_fd().as_raw_fd();
    world::with(|world| {
        let object = world.objects.object(socket)?;
        if !world.objects.socket(object)?.packets.is_empty() {
            Ok(RecvMsg { flags: ReturnFlags::CTRUNC })
        } else if world.objects.is_over(object) {
            Ok(RecvMsg { flags: ReturnFlags::empty() })
        } else {
            Err(Errno::AGAIN)
        }
    })
}

fn send_packet(socket: BorrowedFd<'_>, bytes: Vec<u8>, files: &[BorrowedFd<'_>]) -> Result<usize> {
    if !world::point() {
        return Err(Errno::IO);
    }
    world::changed(|world| {
        let object = world.objects.object(socket.as_raw_fd())?;
        let count = bytes.len();
        let files: Vec<usize> =
            files.iter().map(|file| world.objects.description(file.as_raw_fd())).collect::<Result<_>>()?;
        files.iter().for_each(|file| world.objects.keep(*file));
        let sent = world.objects.send(object, Packet { bytes, files: files.clone() });
        if sent.is_err() {
            files.into_iter().for_each(|file| world.objects.release(file));
        }
        sent.map(|()| count)
    })
}

pub enum SendAncillaryMessage<'slice, 'fd> {
    ScmRights(&'slice [BorrowedFd<'fd>]),
}

#[derive(Default)]
pub struct SendAncillaryBuffer<'buf, 'slice, 'fd> {
    files: &'slice [BorrowedFd<'fd>],
    _space: core::marker::PhantomData<&'buf ()>,
}

impl<'buf, 'slice, 'fd> SendAncillaryBuffer<'buf, 'slice, 'fd> {
    pub fn new(_: &'buf mut [MaybeUninit<u8>]) -> SendAncillaryBuffer<'buf, 'slice, 'fd> {
        SendAncillaryBuffer::default()
    }

    pub fn push(&mut self, message: SendAncillaryMessage<'slice, 'fd>) -> bool {
        let SendAncillaryMessage::ScmRights(files) = message;
        self.files = files;
        true
    }
}

pub mod sockopt {
    //! Options of sockets.

    use system_rustix::io::Result;
    use system_rustix::net::SocketType;

    use crate::fd::{AsFd, AsRawFd};
    use crate::world;

    pub fn socket_type(socket: impl AsFd) -> Result<SocketType> {
        let socket = socket.as_fd().as_raw_fd();
        world::with(|world| {
            let object = world.objects.object(socket)?;
            Ok(SocketType::from_raw(world.objects.socket(object)?.kind))
        })
    }

    pub fn socket_acceptconn(socket: impl AsFd) -> Result<bool> {
        let socket = socket.as_fd().as_raw_fd();
        world::with(|world| {
            let object = world.objects.object(socket)?;
            Ok(world.objects.socket(object)?.listens)
        })
    }

    /// Without effect: `recvmsg` returns the credentials either way.
    pub fn set_socket_passcred(_: impl AsFd, _: bool) -> Result<()> {
        Ok(())
    }

    pub fn set_socket_send_buffer_size(_: impl AsFd, _: usize) -> Result<()> {
        Ok(())
    }
}
