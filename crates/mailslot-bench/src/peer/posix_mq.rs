//! POSIX message queues.

use std::ffi::CString;
use std::fs;
use std::io::{Error, ErrorKind};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use super::Shape;
use crate::Result;
use crate::place::Place;

/// The reading end, which owns the name.
pub(crate) struct Receiver {
    queue: Queue,
    /// The same queue, opened with non-blocking reads.
    polled: Queue,
    name: CString,
}

/// The writing end.
pub(crate) struct Sender {
    queue: Queue,
}

impl super::Receiver for Receiver {
    fn create(place: &Place, shape: Shape) -> Result<Receiver> {
        let name = name(place);
        let queue = Queue::create(&name, depth(shape.buffer()), shape.buffer())?;
        let polled = Queue::open(&name, libc::O_RDONLY | libc::O_NONBLOCK)?;
        Ok(Receiver { queue, polled, name })
    }

    fn try_receive(&mut self, buffer: &mut [u8]) -> Result<Option<usize>> {
        match self.polled.receive(buffer) {
            Ok(size) => Ok(Some(size)),
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    fn receive(&mut self, buffer: &mut [u8]) -> Result<usize> {
        Ok(self.queue.receive(buffer)?)
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        unlink(&self.name);
    }
}

impl super::Sender for Sender {
    fn open(place: &Place, _: Shape) -> Result<Sender> {
        Ok(Sender { queue: Queue::open(&name(place), libc::O_WRONLY)? })
    }

    fn send(&mut self, message: &[u8]) -> Result<()> {
        Ok(self.queue.send(message)?)
    }
}

/// Removes the queue that a killed child left.
pub(crate) fn remove(place: &Place) {
    unlink(&name(place));
}

/// Raises the limits of queues and messages to the kernel's. For a separate IPC namespace.
pub(crate) fn raise_limits() {
    // A limit that cannot be raised bounds `depth` and `largest_message`.
    let _ = setrlimit(Resource::Msgqueue, Rlimit { current: None, maximum: None });
    let _ = fs::write(setting_path("msg_max"), HARD_MESSAGES.to_string());
    let _ = fs::write(setting_path("msgsize_max"), HARD_SIZE.to_string());
}

/// Bytes of the largest message of which a queue can hold at least two.
pub(crate) fn largest_message() -> usize {
    setting("msgsize_max", 8192).min(bytes_allowed() / 2 - OVERHEAD)
}

/// Messages of `size` bytes that a queue holds: as many as allowed, up to a number beyond which it does not become
/// faster.
pub(crate) fn depth(size: usize) -> usize {
    (HARD_SIZE / size.max(1)).clamp(2, ENOUGH).min(setting("msg_max", 10)).min(bytes_allowed() / (size + OVERHEAD))
}

/// The kernel's `HARD_MSGMAX` and `HARD_MSGSIZEMAX`.
const HARD_MESSAGES: usize = 65536;
const HARD_SIZE: usize = 16 << 20;
const ENOUGH: usize = 4096;
/// Bytes that the kernel counts for each message besides its size, rounded up.
const OVERHEAD: usize = 256;

/// Bytes that all queues of this user may take together, less some for queues that are just being removed.
fn bytes_allowed() -> usize {
    getrlimit(Resource::Msgqueue).current.map_or(usize::MAX, |bytes| bytes as usize) / 2
}

fn setting(name: &str, default: usize) -> usize {
    let text = fs::read_to_string(setting_path(name)).ok();
    text.and_then(|text| text.trim().parse().ok()).unwrap_or(default)
}

fn setting_path(name: &str) -> String {
    format!("/proc/sys/fs/mqueue/{name}")
}

fn name(place: &Place) -> CString {
    CString::new(format!("/{}", place.unique())).unwrap_or_default()
}

fn unlink(name: &CString) {
    // SAFETY: a valid string. Fails if the queue is gone already.
    unsafe { libc::mq_unlink(name.as_ptr()) };
}

/// A descriptor of a queue.
struct Queue(libc::mqd_t);

impl Queue {
    fn create(name: &CString, messages: usize, size: usize) -> Result<Queue> {
        // SAFETY: `mq_attr` is plain data.
        let mut attributes: libc::mq_attr = unsafe { std::mem::zeroed() };
        attributes.mq_maxmsg = messages as _;
        attributes.mq_msgsize = size as _;
        let flags = libc::O_RDONLY | libc::O_CREAT | libc::O_EXCL | libc::O_CLOEXEC;
        // SAFETY: a valid string, and with O_CREAT a mode and attributes that outlive the call.
        checked(unsafe { libc::mq_open(name.as_ptr(), flags, 0o600 as libc::mode_t, &raw mut attributes) })
    }

    fn open(name: &CString, flags: i32) -> Result<Queue> {
        // SAFETY: a valid string; without O_CREAT there are no more arguments.
        checked(unsafe { libc::mq_open(name.as_ptr(), flags | libc::O_CLOEXEC) })
    }

    fn send(&self, message: &[u8]) -> std::io::Result<()> {
        // SAFETY: the pointer and the length are of one slice, which is only read.
        match unsafe { libc::mq_send(self.0, message.as_ptr().cast(), message.len(), 0) } {
            0 => Ok(()),
            _ => Err(Error::last_os_error()),
        }
    }

    fn receive(&self, buffer: &mut [u8]) -> std::io::Result<usize> {
        // SAFETY: the pointer and the length are of one slice, borrowed mutably; the priority may be NULL.
        let size = unsafe { libc::mq_receive(self.0, buffer.as_mut_ptr().cast(), buffer.len(), std::ptr::null_mut()) };
        usize::try_from(size).map_err(|_| Error::last_os_error())
    }
}

impl Drop for Queue {
    fn drop(&mut self) {
        // SAFETY: the descriptor is ours and not used again.
        unsafe { libc::mq_close(self.0) };
    }
}

fn checked(queue: libc::mqd_t) -> Result<Queue> {
    if queue < 0 { Err(format!("mq_open: {}", Error::last_os_error()).into()) } else { Ok(Queue(queue)) }
}
