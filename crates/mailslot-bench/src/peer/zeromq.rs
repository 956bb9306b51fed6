//! ZeroMQ: publish-subscribe over `ipc://`, with unbounded queues, because no message may be lost.

use zmq::{Context, DONTWAIT, Socket};

use super::Shape;
use crate::Result;
use crate::place::Place;

/// A subscriber.
pub(crate) struct Receiver {
    socket: Socket,
}

/// A publisher.
pub(crate) struct Sender {
    socket: Socket,
}

impl super::Receiver for Receiver {
    fn create(place: &Place, _: Shape) -> Result<Receiver> {
        let socket = Context::new().socket(zmq::SUB)?;
        socket.set_rcvhwm(0)?;
        // Reconnects until the publisher exists.
        socket.set_reconnect_ivl(1)?;
        socket.set_subscribe(b"")?;
        socket.connect(&endpoint(place))?;
        Ok(Receiver { socket })
    }

    fn try_receive(&mut self, buffer: &mut [u8]) -> Result<Option<usize>> {
        match self.socket.recv_into(buffer, DONTWAIT) {
            Ok(size) => Ok(Some(size)),
            Err(zmq::Error::EAGAIN) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    fn receive(&mut self, buffer: &mut [u8]) -> Result<usize> {
        Ok(self.socket.recv_into(buffer, 0)?)
    }
}

impl super::Sender for Sender {
    fn open(place: &Place, shape: Shape) -> Result<Sender> {
        // A publisher that is notified of each subscriber.
        let socket = Context::new().socket(zmq::XPUB)?;
        socket.set_xpub_verbose(true)?;
        socket.set_sndhwm(0)?;
        socket.bind(&endpoint(place))?;
        for _ in 0..shape.members {
            socket.recv_bytes(0)?;
        }
        Ok(Sender { socket })
    }

    fn send(&mut self, message: &[u8]) -> Result<()> {
        Ok(self.socket.send(message, 0)?)
    }
}

fn endpoint(place: &Place) -> String {
    format!("ipc://{}", place.path("zmq").display())
}
