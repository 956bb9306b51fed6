//! The vocabulary of the cases: short names for common steps.
//!
//! Steps that expect success panic at their caller's line on failure.

use core::fmt::{self, Display};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread::ScopedJoinHandle;

use crate::peer::Peer;
use crate::system::{ANY_SIZE, Client, Code, Info, NO_WAIT, Server, System};

/// The prefix of every local name.
pub const PREFIX: &str = r"\\.\mailslot\";
/// A buffer that is large enough for every message, for cases that are not about sizes.
const BUFFER: usize = 64 << 10;

/// The context of a case: a system and unique names.
#[derive(Clone)]
pub struct Context {
    system: Arc<dyn System>,
}

impl Context {
    /// A context for cases about `system`.
    pub fn new(system: Arc<dyn System>) -> Context {
        Context { system }
    }

    /// A slot name, without prefix, that no other case and no other process uses.
    pub fn unique(&self) -> String {
        static COUNTER: AtomicU32 = AtomicU32::new(0);
        format!("conformance-{}-{}", std::process::id(), COUNTER.fetch_add(1, Ordering::Relaxed))
    }

    /// The path of a unique slot name.
    pub fn path(&self) -> String {
        format!("{PREFIX}{}", self.unique())
    }

    /// The path of a new slot name of exactly `units` UTF-16 units, which contains `part`.
    pub fn padded(&self, part: &str, units: usize) -> String {
        let mut name = self.unique() + part;
        let missing = units.checked_sub(name.encode_utf16().count()).expect("room for the part");
        name.extend(std::iter::repeat_n('n', missing));
        format!("{PREFIX}{name}")
    }

    /// Creates a slot with a new name.
    #[track_caller]
    pub fn slot(&self, max_message_size: u32, read_timeout: u32) -> Slot<'_> {
        self.slot_with(&self.path(), max_message_size, read_timeout)
    }

    /// Creates a slot at `path` for messages of any size, whose reads do not wait.
    #[track_caller]
    pub fn slot_at(&self, path: &str) -> Slot<'_> {
        self.slot_with(path, ANY_SIZE, NO_WAIT)
    }

    #[track_caller]
    fn slot_with(&self, path: &str, max_message_size: u32, read_timeout: u32) -> Slot<'_> {
        match self.create(path, max_message_size, read_timeout) {
            Ok(slot) => slot,
            Err(code) => panic!("creating {} failed with {code}", Brief(path)),
        }
    }

    /// Tries to create a slot.
    ///
    /// # Errors
    ///
    /// The system's code.
    pub fn create(&self, path: &str, max_message_size: u32, read_timeout: u32) -> Result<Slot<'_>, Code> {
        let server = self.system.create(path, max_message_size, read_timeout)?;
        Ok(Slot { context: self, path: path.to_owned(), server })
    }

    /// Opens the slot at `path`.
    #[track_caller]
    pub fn writer(&self, path: &str) -> Writer {
        match self.open(path) {
            Ok(writer) => writer,
            Err(code) => panic!("opening {} failed with {code}", Brief(path)),
        }
    }

    /// Tries to open a slot.
    ///
    /// # Errors
    ///
    /// The system's code.
    pub fn open(&self, path: &str) -> Result<Writer, Code> {
        self.system.open(path).map(Writer)
    }

    /// Expects that creating a slot at `path` fails with `code`.
    #[track_caller]
    pub fn refuses_to_create(&self, path: &str, code: Code) {
        let error = self.create(path, ANY_SIZE, NO_WAIT).err();
        assert_eq!(error, Some(code), "creating {}", Brief(path));
    }

    /// Expects that opening a slot at `path` fails with `code`.
    #[track_caller]
    pub fn refuses_to_open(&self, path: &str, code: Code) {
        assert_eq!(self.open(path).err(), Some(code), "opening {}", Brief(path));
    }

    /// Expects that `one` and `other` are names of the same slot, whichever of them creates it.
    #[track_caller]
    pub fn same_slot(&self, one: &str, other: &str) {
        for (creator, opener) in [(one, other), (other, one)] {
            let slot = self.slot_at(creator);
            self.refuses_to_create(opener, crate::code::ALREADY_EXISTS);
            self.writer(opener).put(b"through the other name");
            assert_eq!(slot.take(), b"through the other name", "{} for {}", Brief(opener), Brief(creator));
        }
    }

    /// Expects that `one` and `other` are names of different slots.
    #[track_caller]
    pub fn different_slots(&self, one: &str, other: &str) {
        let first = self.slot_at(one);
        self.refuses_to_open(other, crate::code::FILE_NOT_FOUND);
        let second = self.slot_at(other);
        first.writer().put(b"first");
        second.writer().put(b"second");
        assert_eq!((first.take(), second.take()), (b"first".to_vec(), b"second".to_vec()));
        assert_eq!((first.count(), second.count()), (0, 0));
    }

    /// Another process that uses the same system.
    #[track_caller]
    pub fn peer(&self) -> Peer {
        Peer::start()
    }
}

/// A living slot of a case, through one of its server handles.
pub struct Slot<'a> {
    context: &'a Context,
    path: String,
    server: Box<dyn Server>,
}

impl Slot<'_> {
    /// The path it was created with.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Opens the slot.
    #[track_caller]
    pub fn writer(&self) -> Writer {
        self.context.writer(&self.path)
    }

    /// Reads into a buffer of `buffer` bytes.
    ///
    /// # Errors
    ///
    /// The system's code.
    pub fn read(&self, buffer: usize) -> Result<Vec<u8>, Code> {
        self.server.read(buffer)
    }

    /// Reads a message of at most 64 KiB.
    #[track_caller]
    pub fn take(&self) -> Vec<u8> {
        match self.read(BUFFER) {
            Ok(message) => message,
            Err(code) => panic!("reading failed with {code}"),
        }
    }

    /// Expects that a read finds no message.
    #[track_caller]
    pub fn is_empty_on_read(&self) {
        assert_eq!(self.read(BUFFER), Err(crate::code::SEM_TIMEOUT));
    }

    /// The slot's values.
    #[track_caller]
    pub fn info(&self) -> Info {
        match self.server.info() {
            Ok(info) => info,
            Err(code) => panic!("asking for the slot's values failed with {code}"),
        }
    }

    /// How many messages wait.
    #[track_caller]
    pub fn count(&self) -> u32 {
        self.info().count
    }

    /// Size of the next message and number of messages.
    #[track_caller]
    pub fn next_and_count(&self) -> (u32, u32) {
        let info = self.info();
        (info.next_size, info.count)
    }

    /// Changes the read timeout.
    #[track_caller]
    pub fn set_read_timeout(&self, millis: u32) {
        assert_eq!(self.server.set_read_timeout(millis), Ok(()), "setting the read timeout {millis}");
    }

    /// One more server handle.
    #[track_caller]
    pub fn duplicate(&self) -> Self {
        match self.server.duplicate() {
            Ok(server) => Slot { context: self.context, path: self.path.clone(), server },
            Err(code) => panic!("duplicating failed with {code}"),
        }
    }

    /// Closes this server handle and returns the path.
    pub fn close(self) -> String {
        self.path
    }
}

/// A client handle of a case.
pub struct Writer(Box<dyn Client>);

impl Writer {
    /// Writes a message.
    ///
    /// # Errors
    ///
    /// The system's code.
    pub fn write(&self, message: &[u8]) -> Result<usize, Code> {
        self.0.write(message)
    }

    /// Writes a message, and expects that it is accepted whole.
    #[track_caller]
    pub fn put(&self, message: &[u8]) {
        assert_eq!(self.write(message), Ok(message.len()), "writing {} bytes", message.len());
    }

    /// Closes the client handle.
    pub fn close(self) {}
}

/// The result of a thread of a case. Resumes its panic in the case.
pub fn joined<T>(thread: ScopedJoinHandle<'_, T>) -> T {
    thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

/// A path, cut so that it can still be recognised.
struct Brief<'a>(&'a str);

impl Display for Brief<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.char_indices().nth(100) {
            Some((end, _)) => write!(f, "{:?}… ({} bytes)", &self.0[..end], self.0.len()),
            None => write!(f, "{:?}", self.0),
        }
    }
}
