//! Messages in files, as `record` writes and `replay` reads them.

mod files;
mod ndjson;
mod pcapng;
mod reader;
mod record;

use std::path::Path;

use clap::ValueEnum;

pub use self::files::{Files, Rotation};
pub use self::reader::{Ended, Reader};
pub use self::record::Record;

/// The format of a file of records.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// One JSON object on a line for each message, as `listen --json` prints it, but bytes in base64
    Ndjson,
    /// Packets of link type USER0 for Wireshark, whose dissector is wireshark/mailslot.lua
    Pcapng,
}

impl Format {
    /// The format for a file with this name.
    pub fn of(path: &Path) -> Format {
        match path.extension() {
            Some(extension) if extension.eq_ignore_ascii_case("pcapng") => Format::Pcapng,
            _ => Format::Ndjson,
        }
    }

    /// The header of a file.
    fn header(self) -> Vec<u8> {
        match self {
            Format::Ndjson => Vec::new(),
            Format::Pcapng => pcapng::header(),
        }
    }

    fn encode(self, record: &Record) -> std::io::Result<Vec<u8>> {
        match self {
            Format::Ndjson => ndjson::encode(record),
            Format::Pcapng => pcapng::encode(record),
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use mailslot::{Message, NetworkOrigin, Origin};

    use super::*;

    /// Records of all kinds: every origin, with and without its parts, and data of every kind.
    pub fn records() -> Vec<Record> {
        let mut full = NetworkOrigin::new("SRV1");
        full.domain = Some("PLÄNT".to_owned());
        full.address = Some("2001:db8::1".parse().expect("an address"));
        full.authenticated = true;
        let mut legacy = NetworkOrigin::new("");
        legacy.address = Some("192.0.2.1".parse().expect("an address"));
        let mut certified = NetworkOrigin::new("SRV2");
        (certified.authenticated, certified.computer_authenticated) = (true, true);
        let local: Origin =
            serde_json::from_str(r#"{"pid":4294967295,"uid":1000,"gid":0,"attested":true}"#).expect("an origin");
        let origins = [
            local,
            full.into(),
            legacy.into(),
            certified.into(),
            NetworkOrigin::new("x".repeat(255)).into(),
            Origin::Unknown,
        ];
        let data: [&[u8]; 5] = [b"door 2 opened", b"", b"a\nb\"\\\0\x1b", &[0xff, 0, 0xfe], &[7; 70_000]];
        let mut records = Vec::new();
        for (number, origin) in origins.iter().enumerate() {
            for (at, data) in data.iter().enumerate() {
                let mut message = Message::new(*data, origin.clone());
                message.lost_before = [0, 0, 1, u64::MAX][(number + at) % 4];
                records.push(Record {
                    time: UNIX_EPOCH + Duration::new(1_790_000_000 + number as u64, (1 + at as u32 * 111_111) * 1000),
                    slot: [r"plant\line1", "Überdruck"][at % 2].parse().expect("a name"),
                    message,
                });
            }
        }
        records
    }
}
