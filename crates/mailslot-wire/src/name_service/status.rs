//! The status that a node reports.

use crate::error::Result;
use crate::name::Name;
use crate::name_service::flags::NameFlags;
use crate::reader::Reader;

/// Bytes of the statistics.
const STATISTICS: usize = 46;
const NAME: usize = 16;

/// One of a node's names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The name, suffix last. Its scope is that of the question.
    pub name: [u8; 16],
    /// Its state.
    pub flags: NameFlags,
}

/// Counters of a node. Senders fill in the unit id or nothing.
///
/// ```text
/// +---------------------------+---------+-------------+---------+------------+
/// | UNIT_ID, the MAC address  | jumpers | test result | version |   period   |
/// |             6             |    1    |      1      |    2    |     2      |
/// +---------------------------+---------+-------------+---------+------------+
/// | CRC errors 2 · alignment errors 2 · collisions 2 · send aborts 2         |
/// | good sends 4 · good receives 4 · retransmits 2 · no resources 2          |
/// | free, total, maximum of command blocks 2 each                            |
/// | pending sessions 2 · their maximum 2 · most sessions 2 · packet size 2   |
/// +--------------------------------------------------------------------------+
/// ```
///
/// # Sources
///
/// RFC 1002 section 4.2.18.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Statistics {
    /// Usually the MAC address.
    pub unit_id: [u8; 6],
    /// The rest; some senders leave out its end, or add to it.
    rest: Vec<u8>,
}

impl Entry {
    /// The entry's name as a [`Name`].
    pub fn name(&self) -> Name {
        Name::from_bytes(self.name)
    }
}

impl Statistics {
    /// The statistics of a node that counts nothing: 46 bytes, all zero but the unit id.
    pub fn new(unit_id: [u8; 6]) -> Statistics {
        Statistics { unit_id, rest: vec![0; STATISTICS - unit_id.len()] }
    }

    /// The bytes after the unit id: 40, unless the sender has left some out or added some.
    pub fn counters(&self) -> &[u8] {
        &self.rest
    }

    pub(super) fn read(reader: &mut Reader<'_>) -> Statistics {
        let mut unit_id = [0; 6];
        let rest = reader.rest();
        let (id, rest) = rest.split_at(rest.len().min(unit_id.len()));
        unit_id[..id.len()].copy_from_slice(id);
        Statistics { unit_id, rest: rest.to_vec() }
    }

    pub(super) fn len(&self) -> usize {
        self.unit_id.len() + self.rest.len()
    }

    pub(super) fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.unit_id);
        out.extend_from_slice(&self.rest);
    }
}

pub(super) fn read_entries(reader: &mut Reader<'_>) -> Result<Vec<Entry>> {
    let count = reader.u8("number of names")?;
    (0..count)
        .map(|_| {
            let name = reader.array::<NAME>("status name")?;
            Ok(Entry { name, flags: NameFlags::from_bits(reader.u16_be("name flags")?) })
        })
        .collect()
}

impl Entry {
    /// Bytes of one entry.
    pub(super) const SIZE: usize = NAME + 2;

    pub(super) fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.name);
        out.extend_from_slice(&self.flags.bits().to_be_bytes());
    }
}
