//! The outcomes of malformed and hostile packets.

use libtest_mimic::Failed;
use mailslot_wire::{Error, NameError};

use crate::packet::{Layers, Vector};

/// The outcome for a packet, by the number in its file's name.
fn expected(number: &str) -> Result<(), Error> {
    let short = |field, needed, left| Err(Error::Short { field, needed, left });
    let value = |field, expected, found| Err(Error::Value { field, expected, found });
    let name = |field, reason| Err(Error::Name { field, reason });
    let pointer = |field, target, from| name(field, NameError::PointerNotBackward { target, from });
    let outside = |offset, count| Err(Error::DataOutside { offset, count, earliest: 81, end: 88 });
    let unterminated = |field| Err(Error::Unterminated { field });
    let sections = |expected| Err(Error::Sections { expected });
    match number {
        "01" => short("packet_offset", 2, 1),
        "02" => short("source name", 1, 0),
        "03" => short("destination name", 32, 19),
        "04" => name("source name", NameError::LabelType { found: b'A' }),
        "05" => pointer("source name", 0x3F45, 14),
        "06" => name("source name", NameError::Digit { found: b'Z' }),
        "07" => name("source name", NameError::Digit { found: b'e' }),
        "08" => short("destination name", 63, 10),
        "11" => value("packet_offset", "0 in a first fragment", 100),
        "12" => value("msg_type", "0x10 to 0x16", 0x17),
        "13" => short("transaction words", 6, 1),
        "14" => value("protocol", "FF 53 4D 42", 0xFE53_4D42),
        "15" => value("command", "0x25", 0x32),
        "16" => value("word count", "17", 16),
        "17" => value("setup count", "3", 2),
        "18" => value("mailslot opcode", "1", 2),
        "19" => outside(0, 7),
        "20" => outside(70, 7),
        "21" => outside(65_535, 7),
        "22" => outside(81, 4095),
        "23" => outside(65_535, 65_535),
        "26" => unterminated("mailslot name"),
        "27" | "28" => Err(Error::NotMailslot),
        "33" => short("error_code", 1, 0),
        "35" => short("server name", 16, 14),
        "36" | "37" => unterminated("server name"),
        "38" => unterminated("backup server name"),
        "39" => unterminated("computer"),
        "50" => short("arcount", 2, 1),
        "51" => short("question name", 1, 0),
        "52" => sections("a question"),
        "53" | "54" => pointer("question name", 12, 12),
        "55" => pointer("question name", 0x3FFF, 12),
        "56" => name("question name", NameError::LabelType { found: 64 }),
        "57" => name("question name", NameError::TooLong),
        "58" => short("rdata", 600, 6),
        "59" => value("rdlength", "a multiple of 6", 5),
        "60" => sections("one question and one additional record"),
        "61" => sections("the same name in the question and in the additional record"),
        "62" => short("status name", 16, 10),
        // Well formed: wrong lengths that receivers ignore, names that are not paths, and faults that only a node can
        // detect.
        "09" | "10" | "24" | "25" | "29" | "30" | "31" | "32" | "34" | "40" | "63" | "64" => Ok(()),
        new => panic!("no expectation for the malformed packet {new}"),
    }
}

pub fn check(name: &str, vector: &Vector) -> Result<(), Failed> {
    let number = name.split('-').nth(1).unwrap_or_default();
    let decoded = vector.decode(&vector.bytes);
    let (found, expected) = (decoded.as_ref().map(|_| ()).map_err(Clone::clone), expected(number));
    if found != expected {
        return Err(format!("{found:?} instead of {expected:?}").into());
    }
    match decoded {
        Ok(layers) => reencodes(vector, &layers),
        Err(_) => Ok(()),
    }
}

fn reencodes(vector: &Vector, layers: &Layers<'_>) -> Result<(), Failed> {
    let encoded = layers.encode(vector.style());
    match vector.decode(&encoded)?.says_the_same_as(layers) {
        true => Ok(()),
        false => Err("encoded to something else".into()),
    }
}
