//! The cursor that all decoders use.

use crate::error::{Error, Result};

/// A position in a packet, and the end up to which it may read. Names need the whole packet, because pointers count
/// from its first byte.
#[derive(Clone, Debug)]
pub(crate) struct Reader<'a> {
    packet: &'a [u8],
    at: usize,
    end: usize,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(packet: &'a [u8]) -> Reader<'a> {
        Reader { packet, at: 0, end: packet.len() }
    }

    /// Bytes between the start of the packet and this position.
    pub(crate) fn position(&self) -> usize {
        self.at
    }

    pub(crate) fn left(&self) -> usize {
        self.end - self.at
    }

    pub(crate) fn take(&mut self, n: usize, field: &'static str) -> Result<&'a [u8]> {
        let short = Error::Short { field, needed: n, left: self.left() };
        let end = self.at.checked_add(n).filter(|end| *end <= self.end);
        let bytes = end.and_then(|end| self.packet.get(self.at..end)).ok_or(short)?;
        self.at += n;
        Ok(bytes)
    }

    pub(crate) fn array<const N: usize>(&mut self, field: &'static str) -> Result<[u8; N]> {
        let mut array = [0; N];
        array.copy_from_slice(self.take(N, field)?);
        Ok(array)
    }

    pub(crate) fn u8(&mut self, field: &'static str) -> Result<u8> {
        self.array::<1>(field).map(|[byte]| byte)
    }

    pub(crate) fn u16_be(&mut self, field: &'static str) -> Result<u16> {
        self.array(field).map(u16::from_be_bytes)
    }

    pub(crate) fn u32_be(&mut self, field: &'static str) -> Result<u32> {
        self.array(field).map(u32::from_be_bytes)
    }

    pub(crate) fn u16_le(&mut self, field: &'static str) -> Result<u16> {
        self.array(field).map(u16::from_le_bytes)
    }

    pub(crate) fn u32_le(&mut self, field: &'static str) -> Result<u32> {
        self.array(field).map(u32::from_le_bytes)
    }

    /// The bytes before the next zero, which is skipped.
    pub(crate) fn until_nul(&mut self, field: &'static str) -> Result<&'a [u8]> {
        let mut rest = self.clone();
        let length = rest.rest().iter().position(|byte| *byte == 0).ok_or(Error::Unterminated { field })?;
        let text = self.take(length, field)?;
        self.take(1, field)?;
        Ok(text)
    }

    /// All remaining bytes.
    pub(crate) fn rest(&mut self) -> &'a [u8] {
        let rest = self.packet.get(self.at..self.end).unwrap_or_default();
        self.at = self.end;
        rest
    }

    /// A cursor over the next `n` bytes, which this one skips.
    pub(crate) fn sub(&mut self, n: usize, field: &'static str) -> Result<Reader<'a>> {
        let at = self.at;
        self.take(n, field)?;
        Ok(Reader { packet: self.packet, at, end: self.at })
    }

    /// A cursor at another position of the same packet, up to the packet's end.
    pub(crate) fn elsewhere(&self, at: usize) -> Reader<'a> {
        Reader { packet: self.packet, at: at.min(self.packet.len()), end: self.packet.len() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_short_is_named() {
        let mut reader = Reader::new(&[1, 2, 3]);
        assert_eq!(reader.u16_be("id"), Ok(0x0102));
        assert_eq!(reader.u16_le("flags"), Err(Error::Short { field: "flags", needed: 2, left: 1 }));
        assert_eq!(reader.u8("type"), Ok(3));
        assert_eq!(reader.take(usize::MAX, "data"), Err(Error::Short { field: "data", needed: usize::MAX, left: 0 }));
    }

    #[test]
    fn a_part_does_not_reach_beyond_its_end() {
        let mut reader = Reader::new(b"ab\0cd\0");
        let mut part = reader.sub(2, "part").expect("2 bytes are there");
        assert_eq!(part.until_nul("text"), Err(Error::Unterminated { field: "text" }));
        assert_eq!(reader.until_nul("text"), Ok(&b""[..]));
        assert_eq!(reader.until_nul("text"), Ok(&b"cd"[..]));
        assert_eq!((reader.left(), reader.position()), (0, 6));
    }
}
