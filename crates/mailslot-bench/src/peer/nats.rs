//! NATS: its text protocol over TCP, implemented here because that is shorter than using a client.

use std::io::{BufRead, BufReader, BufWriter, ErrorKind, Read, Write};
use std::net::TcpStream;

use super::Shape;
use crate::Result;
use crate::place::Place;

const SUBJECT: &str = "bench";

/// A subscriber.
pub(crate) struct Subscriber {
    stream: BufReader<TcpStream>,
    line: Vec<u8>,
}

/// A publisher, which sends when it has 64 KiB.
pub(crate) struct Publisher(BufWriter<TcpStream>);

fn connect(port: u16) -> Result<TcpStream> {
    // Connecting is the only sign that the server is ready.
    let mut stream = loop {
        match TcpStream::connect(("127.0.0.1", port)) {
            Ok(stream) => break stream,
            Err(error) if error.kind() == ErrorKind::ConnectionRefused => std::thread::yield_now(),
            Err(error) => return Err(error.into()),
        }
    };
    stream.set_nodelay(true)?;
    stream.write_all(b"CONNECT {\"verbose\":false,\"pedantic\":false,\"echo\":false}\r\n")?;
    Ok(stream)
}

impl Subscriber {
    /// Subscribes at the server on this port. After this returns, it gets every message published.
    pub(crate) fn open(port: u16) -> Result<Subscriber> {
        let mut stream = connect(port)?;
        stream.write_all(format!("SUB {SUBJECT} 1\r\nPING\r\n").as_bytes())?;
        let mut subscriber = Subscriber { stream: BufReader::with_capacity(256 << 10, stream), line: Vec::new() };
        while subscriber.line()? != b"PONG" {}
        Ok(subscriber)
    }

    /// Takes the next message into `buffer`, from its beginning, and returns its size.
    pub(crate) fn next(&mut self, buffer: &mut Vec<u8>) -> Result<usize> {
        loop {
            // MSG subject subscription size
            let line = self.line()?;
            if !line.starts_with(b"MSG ") {
                continue;
            }
            let size = line.rsplit(|&byte| byte == b' ').next().unwrap_or_default();
            let size: usize = std::str::from_utf8(size)?.parse()?;
            buffer.resize(buffer.len().max(size), 0);
            self.stream.read_exact(&mut buffer[..size])?;
            self.stream.read_exact(&mut [0; 2])?;
            return Ok(size);
        }
    }

    /// The next line of the protocol. Answers the server's pings.
    fn line(&mut self) -> Result<&[u8]> {
        loop {
            self.line.clear();
            if self.stream.read_until(b'\n', &mut self.line)? == 0 {
                return Err("the server has closed the connection".into());
            }
            if self.line.starts_with(b"PING") {
                self.stream.get_mut().write_all(b"PONG\r\n")?;
            } else if self.line.starts_with(b"-ERR") {
                return Err(String::from_utf8_lossy(&self.line).trim().into());
            } else {
                return Ok(self.line.trim_ascii_end());
            }
        }
    }
}

impl Publisher {
    pub(crate) fn open(port: u16) -> Result<Publisher> {
        Ok(Publisher(BufWriter::with_capacity(64 << 10, connect(port)?)))
    }

    pub(crate) fn publish(&mut self, message: &[u8]) -> Result<()> {
        write!(self.0, "PUB {SUBJECT} {}\r\n", message.len())?;
        self.0.write_all(message)?;
        Ok(self.0.write_all(b"\r\n")?)
    }

    pub(crate) fn flush(&mut self) -> Result<()> {
        Ok(self.0.flush()?)
    }
}

/// A subscriber at the server of a place.
pub(crate) struct Receiver {
    subscriber: Subscriber,
    message: Vec<u8>,
}

impl super::Receiver for Receiver {
    fn create(place: &Place, _: Shape) -> Result<Receiver> {
        Ok(Receiver { subscriber: Subscriber::open(place.port()?)?, message: Vec::new() })
    }

    fn try_receive(&mut self, buffer: &mut [u8]) -> Result<Option<usize>> {
        self.receive(buffer).map(Some)
    }

    fn receive(&mut self, buffer: &mut [u8]) -> Result<usize> {
        let size = self.subscriber.next(&mut self.message)?;
        buffer[..size].copy_from_slice(&self.message[..size]);
        Ok(size)
    }
}

impl super::Sender for Publisher {
    fn open(place: &Place, _: Shape) -> Result<Publisher> {
        Publisher::open(place.port()?)
    }

    fn send(&mut self, message: &[u8]) -> Result<()> {
        self.publish(message)
    }

    fn flush(&mut self) -> Result<()> {
        Publisher::flush(self)
    }
}
