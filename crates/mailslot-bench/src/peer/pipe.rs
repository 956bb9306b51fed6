//! A named pipe. A stream, so all messages have one size; writes of up to `PIPE_BUF` bytes are atomic.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::OpenOptionsExt;

use rustix::fs::{CWD, FileType, Mode, OFlags};

use super::Shape;
use crate::Result;
use crate::place::Place;

/// The reading end.
pub(crate) struct Receiver {
    pipe: File,
    /// The same pipe, opened with non-blocking reads.
    polled: File,
    size: usize,
}

/// The writing end.
pub(crate) struct Sender {
    pipe: File,
}

impl super::Receiver for Receiver {
    fn create(place: &Place, shape: Shape) -> Result<Receiver> {
        let path = place.path("pipe");
        rustix::fs::mknodat(CWD, &path, FileType::Fifo, Mode::from_raw_mode(0o600), 0)?;
        // Opened for writing as well, so that it ends only when we close it.
        let mut options = OpenOptions::new();
        options.read(true).write(true);
        let pipe = options.open(&path)?;
        let polled = options.custom_flags(OFlags::NONBLOCK.bits() as i32).open(&path)?;
        Ok(Receiver { pipe, polled, size: shape.size })
    }

    fn try_receive(&mut self, buffer: &mut [u8]) -> Result<Option<usize>> {
        let message = &mut buffer[..self.size];
        match self.polled.read(message) {
            Ok(read) => {
                self.pipe.read_exact(&mut message[read..])?;
                Ok(Some(self.size))
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    fn receive(&mut self, buffer: &mut [u8]) -> Result<usize> {
        self.pipe.read_exact(&mut buffer[..self.size])?;
        Ok(self.size)
    }
}

impl super::Sender for Sender {
    fn open(place: &Place, _: Shape) -> Result<Sender> {
        Ok(Sender { pipe: OpenOptions::new().write(true).open(place.path("pipe"))? })
    }

    fn send(&mut self, message: &[u8]) -> Result<()> {
        Ok(self.pipe.write_all(message)?)
    }
}
