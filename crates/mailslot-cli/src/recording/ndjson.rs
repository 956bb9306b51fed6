//! Records as lines of JSON: as of `listen --json`, but with bytes in base64, which is a third shorter than
//! hexadecimal.

use std::borrow::Cow;
use std::io;

use data_encoding::{BASE64, HEXLOWER_PERMISSIVE};
use mailslot::{Message, Origin, SlotName};
use serde::{Deserialize, Serialize};

use super::record::Record;
use crate::escape;
use crate::printer::is_none_lost;

#[derive(Serialize, Deserialize)]
struct Line<'a> {
    time: String,
    slot: Cow<'a, SlotName>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    data: Option<Cow<'a, str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    data_base64: Option<String>,
    /// Only `listen` writes it.
    #[serde(default, skip_serializing)]
    data_hex: Option<String>,
    #[serde(default)]
    size: usize,
    #[serde(default, skip_serializing_if = "is_none_lost")]
    lost_before: u64,
    #[serde(default = "unknown")]
    origin: Cow<'a, Origin>,
}

fn unknown() -> Cow<'static, Origin> {
    Cow::Owned(Origin::Unknown)
}

/// The line of a record, with its end.
pub fn encode(record: &Record) -> io::Result<Vec<u8>> {
    let Message { data, origin, .. } = &record.message;
    let text = std::str::from_utf8(data).ok();
    let line = serde_json::to_string(&Line {
        time: humantime::format_rfc3339_micros(record.time).to_string(),
        slot: Cow::Borrowed(&record.slot),
        data: text.map(Cow::Borrowed),
        data_base64: text.is_none().then(|| BASE64.encode(data)),
        data_hex: None,
        size: data.len(),
        lost_before: record.message.lost_before,
        origin: Cow::Borrowed(origin),
    })?;
    // The file may be displayed on a terminal.
    let mut line = escape::json(line).into_bytes();
    line.push(b'\n');
    Ok(line)
}

/// The record of a line, or why it is invalid.
pub fn decode(line: &[u8]) -> Result<Record, String> {
    let line: Line<'_> = serde_json::from_slice(line).map_err(|error| error.to_string())?;
    let time = humantime::parse_rfc3339(&line.time)
        .map_err(|_| format!("`time` is {}: write it as 2026-01-31T12:00:00.5Z", mailslot::Quoted(&line.time)))?;
    let data = match (line.data, line.data_base64, line.data_hex) {
        (Some(text), None, None) => text.into_owned().into_bytes(),
        (None, Some(text), None) => {
            BASE64.decode(text.as_bytes()).map_err(|error| format!("`data_base64`: {error}"))?
        }
        (None, None, Some(digits)) => {
            HEXLOWER_PERMISSIVE.decode(digits.as_bytes()).map_err(|error| format!("`data_hex`: {error}"))?
        }
        _ => return Err("a message must have one of `data`, `data_base64` and `data_hex`".to_owned()),
    };
    let mut message = Message::new(data, line.origin.into_owned());
    message.lost_before = line.lost_before;
    Ok(Record { time, slot: line.slot.into_owned(), message })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recording::tests::records;

    #[test]
    fn records_are_lines_and_come_back() {
        for record in records() {
            let line = encode(&record).expect("records are JSON");
            assert_eq!(line.iter().position(|byte| *byte == b'\n'), Some(line.len() - 1));
            assert_eq!(decode(&line), Ok(record));
        }
    }

    #[test]
    fn what_listen_prints_is_a_record() {
        let line = br#"{"slot":"alerts","time":"2026-01-31T12:00:00Z","data_hex":"00ff","size":2,"origin":null}"#;
        assert_eq!(decode(line).expect("a record").message, Message::new([0, 0xff], Origin::Unknown));
    }

    #[test]
    fn what_is_no_record_is_an_error_that_says_what_is_missing() {
        let time = r#""time":"2026-01-31T12:00:00Z""#;
        for (wrong, word) in [
            (String::new(), "EOF"),
            ("{}".to_owned(), "time"),
            (format!(r#"{{{time},"slot":"a"}}"#), "data_base64"),
            (format!(r#"{{{time},"slot":"a","data":"","data_hex":""}}"#), "one of"),
            (format!(r#"{{{time},"slot":"a","data_base64":"?"}}"#), "data_base64"),
            (format!(r#"{{{time},"slot":"a","data_hex":"0"}}"#), "data_hex"),
            (format!(r#"{{{time},"slot":"","data":""}}"#), "mailslot name"),
            (r#"{"time":"yesterday","slot":"a","data":""}"#.to_owned(), "2026-01-31"),
        ] {
            let error = decode(wrong.as_bytes()).expect_err(&wrong);
            assert!(error.contains(word), "{wrong}: {error}");
        }
    }
}
