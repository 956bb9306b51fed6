//! Entries for systemd's journal, in its native protocol: <https://systemd.io/JOURNAL_NATIVE_PROTOCOL/>.
//!
//! The crate tracing-journald is not used: the journal's usual view shows what tracing calls the message, but the
//! node's events consist of fields, so a line there would be a name without its details.

use std::io;
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};

use tracing::Level;

use super::record::Record;

const SOCKET: &str = "/run/systemd/journal/socket";

/// Whether standard error leads to the journal.
pub(super) fn has_stderr() -> bool {
    let stream = std::env::var("JOURNAL_STREAM").ok();
    let stderr = rustix::fs::fstat(std::io::stderr()).ok();
    stream.zip(stderr).is_some_and(|(stream, stderr)| stream == format!("{}:{}", stderr.st_dev, stderr.st_ino))
}

pub(super) struct Journal {
    socket: UnixDatagram,
    /// The journal's socket. It is looked up for each entry, since the journal may restart.
    path: PathBuf,
}

impl Journal {
    pub(super) fn new() -> io::Result<Journal> {
        Journal::at(Path::new(SOCKET))
    }

    pub(super) fn at(path: &Path) -> io::Result<Journal> {
        let socket = UnixDatagram::unbound()?;
        // A journal that blocks must not block the node.
        socket.set_nonblocking(true)?;
        Ok(Journal { socket, path: path.to_owned() })
    }

    /// Returns whether the journal accepted the entry.
    pub(super) fn send(&self, record: &Record) -> bool {
        self.socket.send_to(&entry(record), &self.path).is_ok()
    }
}

/// Encodes each field with the length of its value, so that no value can add another field.
fn entry(record: &Record) -> Vec<u8> {
    let mut entry = Vec::new();
    let mut add = |name: &str, value: &str| {
        entry.extend_from_slice(name.as_bytes());
        entry.push(b'\n');
        entry.extend_from_slice(&(value.len() as u64).to_le_bytes());
        entry.extend_from_slice(value.as_bytes());
        entry.push(b'\n');
    };
    add("MESSAGE", &record.text(None));
    add("PRIORITY", priority(record.level));
    add("SYSLOG_IDENTIFIER", "mailslot");
    add("TARGET", record.target);
    if let Some(event) = record.event {
        add("MAILSLOT_EVENT", event);
    }
    for (name, value) in record.fields() {
        // Names of fields in the journal can have no other characters.
        let name = name.to_ascii_uppercase().replace(|c: char| !c.is_ascii_alphanumeric(), "_");
        add(&format!("MAILSLOT_{name}"), &value);
    }
    entry
}

/// The priorities of syslog.
fn priority(level: Level) -> &'static str {
    match level {
        Level::ERROR => "3",
        Level::WARN => "4",
        Level::INFO => "6",
        Level::DEBUG | Level::TRACE => "7",
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use tracing_subscriber::layer::{Context, Layer, SubscriberExt};
    use tracing_subscriber::util::SubscriberInitExt;

    use super::*;

    /// Sends every event to a journal.
    struct Sends(Journal);

    impl<S: tracing::Subscriber> Layer<S> for Sends {
        fn on_event(&self, event: &tracing::Event<'_>, _: Context<'_, S>) {
            assert!(self.0.send(&Record::of(event)));
        }
    }

    /// The fields of an entry, decoded according to the protocol.
    fn fields(mut entry: &[u8]) -> BTreeMap<String, String> {
        let mut fields = BTreeMap::new();
        while !entry.is_empty() {
            let end = entry.iter().position(|byte| *byte == b'\n').expect("a name");
            let (name, rest) = (String::from_utf8_lossy(&entry[..end]).into_owned(), &entry[end + 1..]);
            let (size, rest) = rest.split_first_chunk().expect("a length");
            let (value, rest) = rest.split_at(u64::from_le_bytes(*size) as usize);
            assert!(name.starts_with(|c: char| c.is_ascii_uppercase()), "{name}");
            assert_eq!(rest.first(), Some(&b'\n'));
            assert_eq!(fields.insert(name, String::from_utf8_lossy(value).into_owned()), None);
            entry = &rest[1..];
        }
        fields
    }

    #[test]
    fn every_value_is_its_own_field_and_no_other() {
        let path = std::env::temp_dir().join(format!("mailslot-journal-{}", std::process::id()));
        let journal = UnixDatagram::bind(&path).expect("a socket");
        let _here = tracing_subscriber::registry().with(Sends(Journal::at(&path).expect("a socket"))).set_default();
        for evil in ["x", "", "a\nPRIORITY=0\n", "a\nMESSAGE\n\u{1}\0\0\0\0\0\0\0x\n", "=", "é\u{1b}[2J"] {
            tracing::warn!(name: "test", value = %evil, uid = 7_u32);
            let mut buffer = [0; 65_536];
            let size = journal.recv(&mut buffer).expect("an entry");
            let fields = fields(&buffer[..size]);
            assert_eq!(fields["MAILSLOT_VALUE"], evil);
            assert_eq!((fields["PRIORITY"].as_str(), fields["MAILSLOT_UID"].as_str()), ("4", "7"));
            assert_eq!(fields["MAILSLOT_EVENT"], "test");
            assert!(fields["MESSAGE"].starts_with("level=warn event=test value="), "{fields:?}");
        }
        std::fs::remove_file(path).expect("the socket");
    }
}
