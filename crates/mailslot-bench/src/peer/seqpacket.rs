//! Unix sequenced-packet sockets: a connection for each writer.

use std::os::fd::OwnedFd;
use std::os::unix::fs::PermissionsExt;

use rustix::event::epoll;
use rustix::io::Errno;
use rustix::net::{
    AddressFamily, RecvFlags, SendFlags, SocketAddrUnix, SocketFlags, SocketType, accept, bind, connect, listen, recv,
    send, socket_with, sockopt,
};

use super::Shape;
use crate::Result;
use crate::place::Place;

/// A listening socket and its connections.
pub(crate) struct Receiver {
    listener: OwnedFd,
    connections: Vec<OwnedFd>,
    writers: usize,
    /// Used with more than one connection.
    epoll: OwnedFd,
    ready: Vec<epoll::Event>,
}

/// A listening socket whose connections carry one message each.
pub(crate) struct Once {
    listener: OwnedFd,
}

/// A connection.
pub(crate) struct Sender {
    connection: OwnedFd,
}

impl super::Receiver for Receiver {
    fn create(place: &Place, shape: Shape) -> Result<Receiver> {
        Ok(Receiver {
            listener: listener(place)?,
            connections: Vec::new(),
            writers: shape.writers,
            epoll: epoll::create(epoll::CreateFlags::CLOEXEC)?,
            ready: Vec::new(),
        })
    }

    fn connected(&mut self) -> Result<()> {
        while self.connections.len() < self.writers {
            let connection = accept(&self.listener)?;
            let number = epoll::EventData::new_u64(self.connections.len() as u64);
            epoll::add(&self.epoll, &connection, number, epoll::EventFlags::IN)?;
            self.connections.push(connection);
        }
        Ok(())
    }

    fn try_receive(&mut self, buffer: &mut [u8]) -> Result<Option<usize>> {
        receive_from(&self.connections[0], buffer, RecvFlags::DONTWAIT)
    }

    fn receive(&mut self, buffer: &mut [u8]) -> Result<usize> {
        if let [connection] = self.connections.as_slice() {
            return receive_from(connection, buffer, RecvFlags::empty())?.ok_or_else(|| "empty wait".into());
        }
        loop {
            // A ready connection is read until it is empty, then the next one.
            if let Some(event) = self.ready.last() {
                let number = event.data.u64() as usize;
                let connection = &self.connections[number];
                match receive_from(connection, buffer, RecvFlags::DONTWAIT)? {
                    // The end of a connection looks like an empty message; several writers send no empty ones.
                    Some(0) => {
                        epoll::delete(&self.epoll, connection)?;
                        self.ready.pop();
                    }
                    Some(size) => return Ok(size),
                    None => {
                        self.ready.pop();
                    }
                }
            } else {
                self.ready.reserve(self.writers);
                epoll::wait(&self.epoll, rustix::buffer::spare_capacity(&mut self.ready), None)?;
            }
        }
    }
}

impl super::Receiver for Once {
    fn create(place: &Place, _: Shape) -> Result<Once> {
        Ok(Once { listener: listener(place)? })
    }

    fn try_receive(&mut self, buffer: &mut [u8]) -> Result<Option<usize>> {
        self.receive(buffer).map(Some)
    }

    fn receive(&mut self, buffer: &mut [u8]) -> Result<usize> {
        let connection = accept(&self.listener)?;
        Ok(recv(&connection, buffer, RecvFlags::empty())?.0)
    }
}

impl super::Sender for Sender {
    fn open(place: &Place, shape: Shape) -> Result<Sender> {
        let connection = socket()?;
        connect(&connection, &SocketAddrUnix::new(place.path("seq"))?)?;
        if shape.size > 100 << 10 {
            sockopt::set_socket_send_buffer_size(&connection, 2 * shape.size)?;
        }
        Ok(Sender { connection })
    }

    fn send(&mut self, message: &[u8]) -> Result<()> {
        send(&self.connection, message, SendFlags::NOSIGNAL)?;
        Ok(())
    }
}

fn socket() -> Result<OwnedFd> {
    Ok(socket_with(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None)?)
}

fn listener(place: &Place) -> Result<OwnedFd> {
    let path = place.path("seq");
    let listener = socket()?;
    bind(&listener, &SocketAddrUnix::new(&path)?)?;
    listen(&listener, 1024)?;
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o777))?;
    Ok(listener)
}

fn receive_from(connection: &OwnedFd, buffer: &mut [u8], flags: RecvFlags) -> Result<Option<usize>> {
    match recv(connection, buffer, flags) {
        Ok((size, _)) => Ok(Some(size)),
        Err(Errno::AGAIN) => Ok(None),
        Err(error) => Err(error.into()),
    }
}
