//! Unix datagram sockets.

use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixDatagram;

use rustix::io::Errno;
use rustix::net::{RecvFlags, recv, sockopt};

use super::Shape;
use crate::Result;
use crate::place::Place;

/// A bound socket.
pub(crate) struct Receiver {
    socket: UnixDatagram,
}

/// A connected socket.
pub(crate) struct Sender {
    socket: UnixDatagram,
}

impl super::Receiver for Receiver {
    fn create(place: &Place, _: Shape) -> Result<Receiver> {
        let path = place.path("sock");
        let socket = UnixDatagram::bind(&path)?;
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o777))?;
        Ok(Receiver { socket })
    }

    fn try_receive(&mut self, buffer: &mut [u8]) -> Result<Option<usize>> {
        match recv(&self.socket, buffer, RecvFlags::DONTWAIT) {
            Ok((size, _)) => Ok(Some(size)),
            Err(Errno::AGAIN) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    fn receive(&mut self, buffer: &mut [u8]) -> Result<usize> {
        Ok(self.socket.recv(buffer)?)
    }
}

impl super::Sender for Sender {
    fn open(place: &Place, shape: Shape) -> Result<Sender> {
        let socket = UnixDatagram::unbound()?;
        socket.connect(place.path("sock"))?;
        if shape.size > DEFAULT_LARGEST {
            sockopt::set_socket_send_buffer_size(&socket, 2 * shape.size)?;
        }
        Ok(Sender { socket })
    }

    fn send(&mut self, message: &[u8]) -> Result<()> {
        self.socket.send(message)?;
        Ok(())
    }
}

/// A connected socket for each of several readers, whose places are branches of the sender's place.
pub(crate) struct Each {
    senders: Vec<Sender>,
}

impl super::Sender for Each {
    fn open(place: &Place, shape: Shape) -> Result<Each> {
        let open = |number| <Sender as super::Sender>::open(&place.branch(number), shape);
        Ok(Each { senders: (0..shape.members).map(open).collect::<Result<_>>()? })
    }

    fn send(&mut self, message: &[u8]) -> Result<()> {
        self.senders.iter_mut().try_for_each(|sender| sender.send(message))
    }
}

/// A message that is sure to fit into a send buffer of the default size.
const DEFAULT_LARGEST: usize = 100 << 10;

/// Bytes of the largest message: with its overhead it fits the send buffer at its largest size.
pub(crate) fn largest_message() -> usize {
    let buffer = std::fs::read_to_string("/proc/sys/net/core/wmem_max").ok();
    let buffer = buffer.and_then(|text| text.trim().parse::<usize>().ok()).unwrap_or(2 * DEFAULT_LARGEST);
    (buffer / 2).max(DEFAULT_LARGEST)
}
