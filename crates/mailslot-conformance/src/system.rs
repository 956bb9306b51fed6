//! The interface that an implementation of mailslots supplies to the cases.

/// A Win32 error code, as returned by `GetLastError`.
pub type Code = u32;

/// Maximum message size that admits messages of every size.
pub const ANY_SIZE: u32 = 0;
/// Read timeout that never waits.
pub const NO_WAIT: u32 = 0;
/// Read timeout that never ends: `MAILSLOT_WAIT_FOREVER`.
pub const FOREVER: u32 = u32::MAX;
/// Next message size of an empty slot: `MAILSLOT_NO_MESSAGE`.
pub const NO_MESSAGE: u32 = u32::MAX;

/// An implementation of mailslots.
///
/// Names are Win32 paths. They are text, so names that are not Unicode, and `NULL`, cannot be passed.
pub trait System: Send + Sync {
    /// `CreateMailslot` with default security.
    ///
    /// # Errors
    ///
    /// The code of the failure.
    fn create(&self, name: &str, max_message_size: u32, read_timeout: u32) -> Result<Box<dyn Server>, Code>;

    /// `CreateFile` of an existing name for writing, sharing everything.
    ///
    /// # Errors
    ///
    /// The code of the failure.
    fn open(&self, name: &str) -> Result<Box<dyn Client>, Code>;
}

/// A server handle. Dropping it is `CloseHandle`.
pub trait Server: Send + Sync {
    /// `ReadFile` into a buffer of `buffer` bytes, without an `OVERLAPPED`; returns the bytes that it stored.
    ///
    /// # Errors
    ///
    /// The code of the failure.
    fn read(&self, buffer: usize) -> Result<Vec<u8>, Code>;

    /// `GetMailslotInfo`.
    ///
    /// # Errors
    ///
    /// The code of the failure.
    fn info(&self) -> Result<Info, Code>;

    /// `SetMailslotInfo`.
    ///
    /// # Errors
    ///
    /// The code of the failure.
    fn set_read_timeout(&self, millis: u32) -> Result<(), Code>;

    /// `DuplicateHandle` within the process.
    ///
    /// # Errors
    ///
    /// The code of the failure.
    fn duplicate(&self) -> Result<Box<dyn Server>, Code>;
}

/// A client handle. Dropping it is `CloseHandle`.
pub trait Client: Send + Sync {
    /// `WriteFile`, without an `OVERLAPPED`; returns how many bytes it reports as written.
    ///
    /// # Errors
    ///
    /// The code of the failure.
    fn write(&self, message: &[u8]) -> Result<usize, Code>;
}

/// The four values of `GetMailslotInfo`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Info {
    /// Bytes of the largest message, or [`ANY_SIZE`].
    pub max_message_size: u32,
    /// Bytes of the message at the head, or [`NO_MESSAGE`].
    pub next_size: u32,
    /// Messages waiting.
    pub count: u32,
    /// Milliseconds that a read waits, or [`FOREVER`].
    pub read_timeout: u32,
}

/// The codes that cases expect.
pub mod code {
    use super::Code;

    /// There is no such local slot.
    pub const FILE_NOT_FOUND: Code = 2;
    /// The path leads to no device.
    pub const PATH_NOT_FOUND: Code = 3;
    /// A write to a slot that is gone (section 11, row 2).
    pub const HANDLE_EOF: Code = 38;
    /// A write above the maximum message size (section 11, row 1).
    pub const INVALID_PARAMETER: Code = 87;
    /// No message arrived in time.
    pub const SEM_TIMEOUT: Code = 121;
    /// The buffer is smaller than the message.
    pub const INSUFFICIENT_BUFFER: Code = 122;
    /// No slot can have this name.
    pub const INVALID_NAME: Code = 123;
    /// The name is in use.
    pub const ALREADY_EXISTS: Code = 183;
    /// The name is too long.
    pub const FILENAME_EXCED_RANGE: Code = 206;
    /// The queue is full, where a system bounds it.
    pub const NO_SYSTEM_RESOURCES: Code = 1450;
    /// Mailslots of other machines are switched off.
    pub const REMOTE_MAILSLOTS_DEPRECATED: Code = 3025;
}
