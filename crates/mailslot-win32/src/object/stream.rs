//! The standard streams, and the terminal.

use std::os::fd::{AsRawFd, OwnedFd};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rustix::fs::{FileType, Mode, OFlags};

use crate::code::{Code, Result};
use crate::code_page::CodePage;
use crate::console::{self, pages};
use crate::per_process::PerProcess;
use crate::wait::Signal;

/// Bytes of one read from a terminal, which returns a line at most.
const LINE: usize = 4096;

/// Standard input, output or error. The stream itself stays open when its handles are closed, because stdio uses it as
/// well.
pub(crate) struct Stream {
    descriptor: i32,
    is_input: bool,
    /// The descriptor to close, unless it is stdio's.
    own: Option<OwnedFd>,
    signal: Signal,
    /// Whether a thread waits for input.
    watched: AtomicBool,
    /// Typed text that was read. A forked child starts without it.
    typed: PerProcess<Mutex<Typed>>,
}

/// Text read from the terminal that the program has not read yet.
#[derive(Default)]
struct Typed {
    text: String,
    /// The same in the console's code page, once the program reads bytes.
    bytes: Vec<u8>,
}

impl Stream {
    /// `None` if it is closed.
    pub(crate) fn new(descriptor: i32) -> Option<Arc<Stream>> {
        // SAFETY: takes any number.
        let open = unsafe { libc::fcntl(descriptor, libc::F_GETFD) } >= 0;
        open.then(|| Arc::new(Stream::of(descriptor)))
    }

    /// The screen: standard output or error if one of them is a terminal, otherwise the controlling terminal.
    ///
    /// # Errors
    ///
    /// `ERROR_INVALID_HANDLE` if there is none
    pub(crate) fn of_screen() -> Result<Stream> {
        if let Some(stream) = Stream::of_terminal() {
            return Ok(stream);
        }
        let flags = OFlags::WRONLY | OFlags::NOCTTY | OFlags::CLOEXEC;
        let own = rustix::fs::open("/dev/tty", flags, Mode::empty()).map_err(|_| Code::INVALID_HANDLE)?;
        let mut stream = Stream::of(own.as_raw_fd());
        // In a process without standard input, the descriptor may be 0.
        stream.is_input = false;
        stream.own = Some(own);
        Ok(stream)
    }

    /// Standard output or error, whichever is a terminal.
    pub(crate) fn of_terminal() -> Option<Stream> {
        [1, 2].into_iter().find(|descriptor| console::is_terminal(*descriptor)).map(Stream::of)
    }

    fn of(descriptor: i32) -> Stream {
        Stream {
            descriptor,
            is_input: descriptor == 0,
            own: None,
            signal: Signal::new(true),
            watched: AtomicBool::new(false),
            typed: PerProcess::new(),
        }
    }

    pub(crate) fn descriptor(&self) -> i32 {
        self.descriptor
    }

    /// The type of file, by the numbers of `GetFileType`.
    pub(crate) fn file_type(&self) -> u32 {
        match self.kind() {
            Some(FileType::RegularFile) => 1,
            Some(FileType::CharacterDevice) => 2,
            Some(FileType::Fifo | FileType::Socket) => 3,
            _ => 0,
        }
    }

    fn kind(&self) -> Option<FileType> {
        // SAFETY: room for the one structure, which is valid when all bytes are zero; takes any number.
        let mut stat: libc::stat = unsafe { core::mem::zeroed() };
        // SAFETY: as above.
        (unsafe { libc::fstat(self.descriptor, &raw mut stat) } == 0).then(|| FileType::from_raw_mode(stat.st_mode))
    }

    /// This, if it is a terminal for output, or for input.
    ///
    /// # Errors
    ///
    /// `ERROR_INVALID_HANDLE` if not.
    pub(crate) fn terminal(&self, for_input: bool) -> Result<&Stream> {
        let is_such = self.is_input == for_input && console::is_terminal(self.descriptor);
        if is_such { Ok(self) } else { Err(Code::INVALID_HANDLE) }
    }

    pub(crate) fn is_input(&self) -> bool {
        self.is_input
    }

    /// Columns and rows.
    pub(crate) fn size(&self) -> Result<(i16, i16)> {
        // SAFETY: room for the one structure, which is valid when all bytes are zero.
        let mut size: libc::winsize = unsafe { core::mem::zeroed() };
        // SAFETY: as above.
        let told = unsafe { libc::ioctl(self.descriptor, libc::TIOCGWINSZ, &raw mut size) } == 0;
        match (i16::try_from(size.ws_col), i16::try_from(size.ws_row)) {
            (Ok(columns @ 1..), Ok(rows @ 1..)) if told => Ok((columns, rows)),
            _ => Err(Code::NOT_SUPPORTED),
        }
    }

    /// Reads available bytes, waiting for some. None at the end.
    pub(crate) fn read(&self, target: &mut [u8]) -> Result<usize> {
        if !self.is_input {
            return Err(Code::ACCESS_DENIED);
        }
        if !console::is_terminal(self.descriptor) {
            return match self.read_bytes(target)? {
                // A pipe without writers.
                0 if !target.is_empty() && self.file_type() == 3 => Err(Code::BROKEN_PIPE),
                count => Ok(count),
            };
        }
        let mut typed = self.typed();
        if typed.bytes.is_empty() {
            let text = self.line(&mut typed)?;
            typed.bytes = match pages::INPUT.other() {
                Some(page) => page.encode(&text.encode_utf16().collect::<Vec<u16>>(), b"?", false, false)?.bytes,
                None => text.into_bytes(),
            };
        }
        let count = target.len().min(typed.bytes.len());
        target[..count].copy_from_slice(&typed.bytes[..count]);
        typed.bytes.drain(..count);
        Ok(count)
    }

    /// Reads typed text in UTF-16, as much as fits. Never splits a surrogate pair.
    pub(crate) fn read_wide(&self, target: &mut [u16]) -> Result<usize> {
        let mut typed = self.typed();
        if !typed.bytes.is_empty() {
            let page = pages::INPUT.other().unwrap_or(CodePage::Utf8);
            typed.text = page.decode(&core::mem::take(&mut typed.bytes), false)?;
        }
        let text = self.line(&mut typed)?;
        let (mut units, mut taken) = (0, 0);
        for character in text.chars() {
            let Some(room) = target.get_mut(units..units + character.len_utf16()) else { break };
            character.encode_utf16(room);
            (units, taken) = (units + character.len_utf16(), taken + character.len_utf8());
        }
        let none_fits = taken == 0 && !target.is_empty() && !text.is_empty();
        typed.text = text[taken..].to_owned();
        if none_fits { Err(Code::INSUFFICIENT_BUFFER) } else { Ok(units) }
    }

    /// Typed text: the rest of the last read, or the next line, with the line ends of Windows.
    fn line(&self, typed: &mut Typed) -> Result<String> {
        if !typed.text.is_empty() {
            return Ok(core::mem::take(&mut typed.text));
        }
        let mut bytes = [0; LINE];
        let count = self.read_bytes(&mut bytes)?;
        let text = String::from_utf8_lossy(&bytes[..count]);
        Ok(if console::gives_lines() { text.replace('\n', "\r\n") } else { text.into_owned() })
    }

    fn read_bytes(&self, target: &mut [u8]) -> Result<usize> {
        loop {
            // SAFETY: room for as many bytes.
            let count = unsafe { libc::read(self.descriptor, target.as_mut_ptr().cast(), target.len()) };
            match usize::try_from(count) {
                Ok(count) => return Ok(count),
                Err(_) => self.after_failure(libc::POLLIN)?,
            }
        }
    }

    /// Writes all bytes. For a terminal they are text in the console's code page.
    pub(crate) fn write(&self, bytes: &[u8]) -> Result<()> {
        if self.is_input {
            return Err(Code::ACCESS_DENIED);
        }
        match pages::OUTPUT.other().filter(|_| console::is_terminal(self.descriptor)) {
            Some(page) => self.show(page.decode(bytes, false)?.as_bytes()),
            None => self.show(bytes),
        }
    }

    /// Writes all bytes unchanged.
    pub(crate) fn show(&self, mut bytes: &[u8]) -> Result<()> {
        while !bytes.is_empty() {
            // SAFETY: as many bytes to read.
            let count = unsafe { libc::write(self.descriptor, bytes.as_ptr().cast(), bytes.len()) };
            match usize::try_from(count) {
                Ok(count) => bytes = &bytes[count..],
                Err(_) => self.after_failure(libc::POLLOUT)?,
            }
        }
        Ok(())
    }

    /// Handles a failed call: `Ok` if it should be tried again.
    fn after_failure(&self, events: i16) -> Result<()> {
        match std::io::Error::last_os_error().raw_os_error() {
            Some(libc::EINTR) => console::resume(),
            Some(libc::EAGAIN) => {
                let mut descriptor = libc::pollfd { fd: self.descriptor, events, revents: 0 };
                // SAFETY: one descriptor, as stated. If it fails, the repeated call reports it.
                unsafe { libc::poll(&raw mut descriptor, 1, -1) };
            }
            Some(libc::EBADF) => return Err(Code::INVALID_HANDLE),
            Some(libc::EPIPE) => return Err(Code::NO_DATA),
            Some(libc::ENOSPC) => return Err(Code::DISK_FULL),
            _ => return Err(Code::GEN_FAILURE),
        }
        Ok(())
    }

    /// The signal for waits: set when input can be read. Output is always signalled.
    pub(crate) fn signal(self: &Arc<Stream>) -> &Signal {
        if self.is_input {
            if self.has_input() {
                self.signal.set();
            } else {
                self.signal.reset();
                self.watch();
            }
        }
        &self.signal
    }

    fn has_input(&self) -> bool {
        let typed = self.typed.get().try_lock().is_ok_and(|typed| !typed.text.is_empty() || !typed.bytes.is_empty());
        typed || console::events::is_any() || console::is_readable(self.descriptor)
    }

    /// Sets the signal with the next input, from a thread that lives until then.
    fn watch(self: &Arc<Stream>) {
        if self.watched.swap(true, Ordering::SeqCst) {
            return;
        }
        let stream = Arc::clone(self);
        let wait = move || {
            let mut descriptor = libc::pollfd { fd: stream.descriptor, events: libc::POLLIN, revents: 0 };
            // SAFETY: one descriptor, as stated. An end and an error also count as readable.
            while unsafe { libc::poll(&raw mut descriptor, 1, -1) } < 0 {}
            stream.watched.store(false, Ordering::SeqCst);
            stream.signal.set();
        };
        if crate::engine::spawn("mailslot-input", wait).is_err() {
            // In this order, a wait may end too early, but never hangs.
            self.watched.store(false, Ordering::SeqCst);
            self.signal.set();
        }
    }

    /// Discards typed text that was not read yet.
    pub(crate) fn flush_input(&self) {
        *self.typed() = Typed::default();
        console::events::flush(self.descriptor);
    }

    fn typed(&self) -> MutexGuard<'_, Typed> {
        self.typed.get().lock().unwrap_or_else(PoisonError::into_inner)
    }
}
