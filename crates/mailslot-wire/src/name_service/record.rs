//! Questions and resource records, and the four sections of a packet that hold them.

use crate::error::{Error, Result};
use crate::name::Name;
use crate::reader::Reader;

/// Types of questions and records (RFC 1002 section 4.2.1.3).
pub mod kind {
    /// An IPv4 address.
    pub const A: u16 = 0x0001;
    /// The name of a name server.
    pub const NS: u16 = 0x0002;
    /// Nothing.
    pub const NULL: u16 = 0x000A;
    /// The holders of a name.
    pub const NB: u16 = 0x0020;
    /// The status of a node.
    pub const NBSTAT: u16 = 0x0021;
}

/// The class of everything: the Internet.
pub(super) const CLASS_IN: u16 = 1;
/// A pointer to the first name of the packet, right after the header.
const POINTER_TO_QUESTION: u16 = 0xC00C;

/// A question.
///
/// ```text
/// +------------------+------+-------+
/// | name, compressed | type | class |
/// |      or not      |   2  |   2   |
/// +------------------+------+-------+
/// ```
///
/// # Sources
///
/// RFC 1002 section 4.2.1.2.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// The name asked about.
    pub name: Name,
    /// The type of record wanted, of [`kind`].
    pub kind: u16,
    /// 1.
    pub class: u16,
}

/// A resource record whose data are left as they are. Pointers in the data refer to the packet that the record came
/// from.
///
/// ```text
/// +------------------+------+-------+-----+----------+----------+
/// | name, compressed | type | class | TTL | RDLENGTH |  RDATA   |
/// |      or not      |   2  |   2   |  4  |    2     | RDLENGTH |
/// +------------------+------+-------+-----+----------+----------+
/// ```
///
/// # Sources
///
/// RFC 1002 section 4.2.1.3.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// The name that the record is about; a single zero byte is no name.
    pub name: Option<Name>,
    /// The type of the data, of [`kind`].
    pub kind: u16,
    /// 1.
    pub class: u16,
    /// How long the record is valid, in seconds; 0 is without limit, or unknown.
    pub ttl: u32,
    /// The data, never more than 65,535 bytes.
    data: Vec<u8>,
}

/// Everything after the header, in a packet of unknown form.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sections {
    /// The questions.
    pub questions: Vec<Question>,
    /// The answers.
    pub answers: Vec<Record>,
    /// The name server section.
    pub authorities: Vec<Record>,
    /// The additional section.
    pub additionals: Vec<Record>,
}

/// A record, with a cursor at its data, for code that knows their form.
pub(super) struct Raw<'a> {
    pub(super) record: Record,
    pub(super) data: Reader<'a>,
}

/// The sections before their records are decoded.
pub(super) struct RawSections<'a> {
    pub(super) questions: Vec<Question>,
    pub(super) answers: Vec<Raw<'a>>,
    pub(super) authorities: Vec<Raw<'a>>,
    pub(super) additionals: Vec<Raw<'a>>,
}

impl Record {
    /// A record of class IN.
    ///
    /// # Errors
    ///
    /// [`Error::TooLong`] if `data` have more than 65,535 bytes.
    pub fn new(name: Option<Name>, kind: u16, ttl: u32, data: Vec<u8>) -> Result<Record> {
        if data.len() > usize::from(u16::MAX) {
            return Err(Error::TooLong { field: "rdata", size: data.len(), limit: u16::MAX.into() });
        }
        Ok(Record { name, kind, class: CLASS_IN, ttl, data })
    }

    /// The data.
    pub fn data(&self) -> &[u8] {
        &self.data
    }

    fn write(&self, out: &mut Vec<u8>) {
        match &self.name {
            Some(name) => name.write(out),
            None => out.push(0),
        }
        write_record_head(self.kind, self.class, self.ttl, self.data.len(), out);
        out.extend_from_slice(&self.data);
    }
}

impl Sections {
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        for question in &self.questions {
            write_question(&question.name, question.kind, question.class, out);
        }
        for record in self.answers.iter().chain(&self.authorities).chain(&self.additionals) {
            record.write(out);
        }
    }
}

impl<'a> RawSections<'a> {
    /// Reads as many questions and records as the counts say. Memory is allocated as they are read, never by count.
    pub(super) fn read(reader: &mut Reader<'a>, counts: [u16; 4]) -> Result<RawSections<'a>> {
        let [questions, answers, authorities, additionals] = counts;
        Ok(RawSections {
            questions: (0..questions).map(|_| read_question(reader)).collect::<Result<_>>()?,
            answers: (0..answers).map(|_| Raw::read(reader)).collect::<Result<_>>()?,
            authorities: (0..authorities).map(|_| Raw::read(reader)).collect::<Result<_>>()?,
            additionals: (0..additionals).map(|_| Raw::read(reader)).collect::<Result<_>>()?,
        })
    }

    pub(super) fn into_sections(self) -> Sections {
        let records = |raw: Vec<Raw<'_>>| raw.into_iter().map(|raw| raw.record).collect();
        Sections {
            questions: self.questions,
            answers: records(self.answers),
            authorities: records(self.authorities),
            additionals: records(self.additionals),
        }
    }
}

impl<'a> Raw<'a> {
    fn read(reader: &mut Reader<'a>) -> Result<Raw<'a>> {
        let name = Name::read_optional(reader, "record name")?;
        let kind = reader.u16_be("record type")?;
        let class = reader.u16_be("record class")?;
        let ttl = reader.u32_be("ttl")?;
        let length = reader.u16_be("rdlength")?;
        let data = reader.sub(length.into(), "rdata")?;
        Ok(Raw { record: Record { name, kind, class, ttl, data: data.clone().rest().to_vec() }, data })
    }

    pub(super) fn is(&self, kind: u16) -> bool {
        self.record.kind == kind && self.record.class == CLASS_IN
    }

    pub(super) fn is_empty(&self) -> bool {
        self.record.data.is_empty()
    }
}

fn read_question(reader: &mut Reader<'_>) -> Result<Question> {
    Ok(Question {
        name: Name::read(reader, "question name")?,
        kind: reader.u16_be("question type")?,
        class: reader.u16_be("question class")?,
    })
}

pub(super) fn write_question(name: &Name, kind: u16, class: u16, out: &mut Vec<u8>) {
    name.write(out);
    out.extend_from_slice(&kind.to_be_bytes());
    out.extend_from_slice(&class.to_be_bytes());
}

/// Writes a record except its name and its data.
pub(super) fn write_record_head(kind: u16, class: u16, ttl: u32, length: usize, out: &mut Vec<u8>) {
    out.extend_from_slice(&kind.to_be_bytes());
    out.extend_from_slice(&class.to_be_bytes());
    out.extend_from_slice(&ttl.to_be_bytes());
    out.extend_from_slice(&saturated(length).to_be_bytes());
}

pub(super) fn write_pointer_to_question(out: &mut Vec<u8>) {
    out.extend_from_slice(&POINTER_TO_QUESTION.to_be_bytes());
}

/// A length or count for its field; values are checked before they get here.
pub(super) fn saturated(length: usize) -> u16 {
    u16::try_from(length).unwrap_or(u16::MAX)
}
