//! MQTT 3.1.1 through mosquitto's Unix socket, without acknowledgements (QoS 0): three packets, which this encodes
//! itself.

use std::io::{BufReader, BufWriter, ErrorKind, Read, Write};
use std::os::unix::net::UnixStream;

use super::Shape;
use crate::Result;
use crate::place::Place;

/// The topic, after its length.
const TOPIC: &[u8] = b"\0\x05bench";

const CONNECT: u8 = 0x10;
const CONNACK: u8 = 0x20;
const PUBLISH: u8 = 0x30;
const SUBSCRIBE: u8 = 0x82;
const SUBACK: u8 = 0x90;

/// A client that has subscribed.
pub(crate) struct Receiver {
    stream: BufReader<UnixStream>,
}

/// A client that publishes, and sends when it has 64 KiB.
pub(crate) struct Sender {
    stream: BufWriter<UnixStream>,
}

impl super::Receiver for Receiver {
    fn create(place: &Place, _: Shape) -> Result<Receiver> {
        let mut stream = connect(place)?;
        // Packet identifier 1, the topic, and QoS 0.
        put(stream.get_mut(), SUBSCRIBE, &[b"\0\x01", TOPIC, b"\0"])?;
        expect(&mut stream, SUBACK)?;
        Ok(Receiver { stream })
    }

    fn try_receive(&mut self, buffer: &mut [u8]) -> Result<Option<usize>> {
        self.receive(buffer).map(Some)
    }

    fn receive(&mut self, buffer: &mut [u8]) -> Result<usize> {
        let length = expect_head(&mut self.stream, PUBLISH)?;
        let size = length.checked_sub(TOPIC.len()).ok_or("a message without its topic")?;
        self.stream.read_exact(&mut [0; TOPIC.len()])?;
        self.stream.read_exact(buffer.get_mut(..size).ok_or("a message that is too large")?)?;
        Ok(size)
    }
}

impl super::Sender for Sender {
    fn open(place: &Place, _: Shape) -> Result<Sender> {
        Ok(Sender { stream: BufWriter::with_capacity(64 << 10, connect(place)?.into_inner()) })
    }

    fn send(&mut self, message: &[u8]) -> Result<()> {
        put(&mut self.stream, PUBLISH, &[TOPIC, message])
    }

    fn flush(&mut self) -> Result<()> {
        Ok(self.stream.flush()?)
    }
}

fn connect(place: &Place) -> Result<BufReader<UnixStream>> {
    // Connecting is the only sign that the server is ready.
    let mut stream = loop {
        match UnixStream::connect(place.path("mqtt")) {
            Ok(stream) => break BufReader::with_capacity(256 << 10, stream),
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::ConnectionRefused) => {
                std::thread::yield_now();
            }
            Err(error) => return Err(error.into()),
        }
    };
    // Protocol and its level, a clean session, no keep-alive, and a client whose name the server chooses.
    put(stream.get_mut(), CONNECT, &[b"\0\x04MQTT\x04\x02\0\0", b"\0\0"])?;
    expect(&mut stream, CONNACK)?;
    Ok(stream)
}

/// Writes one packet.
fn put(stream: &mut impl Write, kind: u8, parts: &[&[u8]]) -> Result<()> {
    let mut length = parts.iter().map(|part| part.len()).sum::<usize>();
    stream.write_all(&[kind])?;
    // Seven bits in each byte, the lowest first.
    while length > 0x7f {
        stream.write_all(&[length as u8 | 0x80])?;
        length >>= 7;
    }
    stream.write_all(&[length as u8])?;
    parts.iter().try_for_each(|part| Ok(stream.write_all(part)?))
}

/// Takes a packet of this kind, with any contents.
fn expect(stream: &mut impl Read, kind: u8) -> Result<()> {
    let length = expect_head(stream, kind)?;
    Ok(stream.read_exact(&mut vec![0; length])?)
}

/// Takes kind and length of a packet, which must be of this kind.
fn expect_head(stream: &mut impl Read, kind: u8) -> Result<usize> {
    let mut byte = || -> Result<u8> {
        let mut byte = [0];
        stream.read_exact(&mut byte)?;
        Ok(byte[0])
    };
    let found = byte()?;
    if found != kind {
        return Err(format!("a packet of kind {found:#x} instead of {kind:#x}").into());
    }
    let mut length = 0;
    for shift in [0, 7, 14, 21] {
        let part = byte()?;
        length |= usize::from(part & 0x7f) << shift;
        if part & 0x80 == 0 {
            return Ok(length);
        }
    }
    Err("a length of more than four bytes".into())
}
