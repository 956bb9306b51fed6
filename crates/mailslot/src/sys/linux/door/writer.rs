//! The writing side of a door.

use std::io::IoSlice;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags};
use rustix::fs::MemfdFlags;
use rustix::io::Errno;
use rustix::net::{
    AddressFamily, SendAncillaryBuffer, SendAncillaryMessage, SendFlags, SocketFlags, SocketType, connect, sendmsg,
    socket_with,
};

use super::super::fork::PerProcess;
use super::super::label::Label;
use super::super::preface::Preface;
use super::super::process;
use super::super::ring::layout::largest_payload;
use super::super::root::SlotDirectory;
use super::super::wait;
use super::{ATTACHED, INLINE, MAX_INLINE, MISSED, PREFACED, VERSION};
use crate::error::{Error, Result};
use crate::options::{Access, Network, Timeout};
use mailslot_names::SlotName;

/// The size of the send buffer that a writer asks the kernel for; the system's limit may be lower.
const SEND_BUFFER: usize = 4 << 20;

/// How long a writer waits before it tries to connect again while too many others wait.
const RECONNECT_PAUSE: Duration = Duration::from_millis(5);

/// Packets below this size are assembled in one buffer before they are sent.
const SHORT: usize = 128;

/// A writer that writes through the door.
pub(crate) struct Writer {
    name: SlotName,
    /// Shows whether the owner lives, and where the door is.
    slot: SlotDirectory,
    /// If an owner that shares the slot with other processes has closed it, a new connection replaces it under the same
    /// descriptor number: so threads that use the number meanwhile need no lock.
    connection: OwnedFd,
    /// How many times it was replaced.
    reconnects: AtomicU32,
    /// Locked by the thread that reconnects.
    reconnecting: PerProcess<Mutex<()>>,
    max_message: usize,
    network: Network,
    stamp: bool,
    /// Messages that a tap lacks and that have not been reported to it yet.
    missed: AtomicU32,
}

impl Writer {
    /// Connects to a slot; `Ok(None)` if its owner is gone.
    pub(crate) fn open(slot: SlotDirectory, name: &SlotName) -> Result<Option<Writer>> {
        let label = Label::read(slot.dir.as_fd(), slot.user.uid)
            .map_err(|error| Error::io(format!("read the label of slot {name}"), error))?;
        let Some(label) = label else { return Ok(None) };
        if label.door != VERSION {
            // It would accept the message, not know its form, and drop it.
            let action = format!("write to slot {name}");
            return Err(Error::other_version(action, label.door.into(), VERSION.into()));
        }
        let uid = process::uid();
        // The owner enforces the list as well; this check lets an honest writer know.
        if let Access::Users(users) = &label.access
            && uid != 0
            && uid != slot.user.uid
            && !users.contains(&uid)
        {
            return Err(Error::NotAllowed(name.clone()));
        }
        let Some(connection) = connection_to(&slot, name)? else { return Ok(None) };
        let largest = largest_payload(label.capacity.max(4096)) as usize;
        let max_message = match label.max_message_size {
            0 => largest,
            limit => largest.min(limit as usize),
        };
        Ok(Some(Writer {
            name: name.clone(),
            slot,
            connection,
            reconnects: AtomicU32::new(0),
            reconnecting: PerProcess::new(),
            max_message,
            network: label.network,
            stamp: label.stamp,
            missed: AtomicU32::new(0),
        }))
    }

    pub(crate) fn max_message(&self) -> usize {
        self.max_message
    }

    /// Whether messages of other machines are accepted.
    pub(crate) fn network(&self) -> bool {
        self.network == Network::Allowed
    }

    /// The user who owns the slot.
    pub(crate) fn owner(&self) -> u32 {
        self.slot.user.uid
    }

    /// The connection, which hangs up when the owner ends or wants the writer to reconnect.
    pub(crate) fn connection(&self) -> BorrowedFd<'_> {
        self.connection.as_fd()
    }

    pub(crate) fn is_closed(&self) -> bool {
        // If that cannot be determined, the next write returns the error.
        !self.slot.is_living().unwrap_or(true)
    }

    /// Records that this tap has lost `count` messages. The next write reports it first.
    pub(crate) fn count_missed(&self, count: u32) {
        self.missed.fetch_add(count, Ordering::Relaxed);
    }

    fn tell_missed(&self) -> rustix::io::Result<()> {
        if self.missed.load(Ordering::Relaxed) == 0 {
            return Ok(());
        }
        let count = self.missed.swap(0, Ordering::Relaxed);
        let [a, b, c, d] = count.to_le_bytes();
        let flags = SendFlags::DONTWAIT | SendFlags::NOSIGNAL;
        let told = rustix::net::send(&self.connection, &[MISSED, a, b, c, d], flags);
        if told.is_err() {
            self.missed.fetch_add(count, Ordering::Relaxed);
        }
        told.map(drop)
    }

    fn check_size(&self, size: usize) -> Result<()> {
        if size > self.max_message {
            return Err(Error::TooLarge { size, limit: self.max_message });
        }
        Ok(())
    }

    pub(crate) fn write(&self, message: &[u8], timeout: Timeout) -> Result<()> {
        if self.stamp {
            return self.write_prefaced(Preface::default(), message, timeout);
        }
        self.check_size(message.len())?;
        self.write_parts(&[], message, timeout)
    }

    /// Writes a message behind its preface. If the preface names another machine, the caller must have checked that the
    /// slot accepts messages of other machines.
    pub(crate) fn write_prefaced(&self, preface: Preface<'_>, message: &[u8], timeout: Timeout) -> Result<()> {
        self.check_size(message.len())?;
        self.write_parts(&preface.stamped(self.stamp).encode()?, message, timeout)
    }

    /// `preface` is empty for a message that has none.
    fn write_parts(&self, preface: &[u8], message: &[u8], timeout: Timeout) -> Result<()> {
        let deadline = timeout.deadline();
        loop {
            let reconnects = self.reconnects.load(Ordering::Acquire);
            let sent = self.send(preface, message);
            match sent {
                Ok(()) => return Ok(()),
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) if timeout == Timeout::Zero => return Err(Error::Full { capacity: None }),
                Err(Errno::AGAIN) => {
                    if deadline.is_some_and(|deadline| deadline <= Instant::now()) {
                        return Err(Error::TimedOut);
                    }
                    self.wait_for_room(deadline)?;
                }
                Err(Errno::PIPE | Errno::CONNRESET | Errno::NOTCONN) => match self.reconnect(reconnects) {
                    // So many writers wait to be accepted that the kernel takes no more. It does not notify when it
                    // does again.
                    Err(Error::Full { .. }) if timeout != Timeout::Zero => {
                        if deadline.is_some_and(|deadline| deadline <= Instant::now()) {
                            return Err(Error::TimedOut);
                        }
                        std::thread::sleep(RECONNECT_PAUSE);
                    }
                    reconnected => reconnected?,
                },
                Err(Errno::NOBUFS | Errno::NOMEM | Errno::NOSPC) => return Err(Error::OutOfMemory),
                Err(error) => return Err(Error::io(format!("send to slot {}", self.name), error)),
            }
        }
    }

    fn send(&self, preface: &[u8], message: &[u8]) -> rustix::io::Result<()> {
        self.tell_missed()?;
        let form = if preface.is_empty() { 0 } else { PREFACED };
        let connection = &self.connection;
        let flags = SendFlags::DONTWAIT | SendFlags::NOSIGNAL;
        let size = preface.len() + message.len();
        if size < SHORT && preface.is_empty() {
            // One buffer costs the kernel less than two.
            let mut packet = [INLINE; SHORT];
            packet[1..=message.len()].copy_from_slice(message);
            rustix::net::send(connection, &packet[..=message.len()], flags)?;
            return Ok(());
        }
        if size <= MAX_INLINE {
            let form = [INLINE | form];
            let packet = [IoSlice::new(&form), IoSlice::new(preface), IoSlice::new(message)];
            sendmsg(connection, &packet, &mut SendAncillaryBuffer::default(), flags)?;
            return Ok(());
        }
        let file = memory_file(&[preface, message])?;
        let files = [file.as_fd()];
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
        let mut attachment = SendAncillaryBuffer::new(&mut space);
        attachment.push(SendAncillaryMessage::ScmRights(&files));
        let (form, size) = ([ATTACHED | form], (size as u64).to_le_bytes());
        sendmsg(connection, &[IoSlice::new(&form), IoSlice::new(&size)], &mut attachment, flags)?;
        Ok(())
    }

    /// Waits until the connection has room, has ended, or `deadline` passes. Returns whether it has ended.
    fn wait_for_room(&self, deadline: Option<Instant>) -> Result<bool> {
        let mut fds = [PollFd::new(&self.connection, PollFlags::OUT)];
        wait::sleep(&mut fds, deadline, None).map_err(|error| Error::io("wait for room in a slot", error))?;
        Ok(fds[0].revents().contains(PollFlags::HUP))
    }

    /// Like `wait_for_room`, for a write that has found no room.
    pub(crate) fn wait_to_retry(&self, deadline: Option<Instant>) -> Result<()> {
        if self.wait_for_room(deadline)? {
            // Too many other writers wait to be accepted. The kernel does not notify when it takes more.
            std::thread::sleep(RECONNECT_PAUSE);
        }
        Ok(())
    }

    /// Reconnects after the connection that was replaced `reconnects` times has ended, unless the slot is gone.
    fn reconnect(&self, reconnects: u32) -> Result<()> {
        // With two new connections, the owner could accept the one with a thread's first message last.
        let _reconnecting = self.reconnecting.get_or(Mutex::default).lock().unwrap_or_else(PoisonError::into_inner);
        if self.reconnects.load(Ordering::Acquire) != reconnects {
            return Ok(());
        }
        if self.is_closed() {
            return Err(Error::Closed);
        }
        let connection = connection_to(&self.slot, &self.name)?.ok_or(Error::Closed)?;
        put_in_place_of(&self.connection, connection)
            .map_err(|error| Error::io(format!("connect to slot {}", self.name), error))?;
        self.reconnects.store(reconnects.wrapping_add(1), Ordering::Release);
        Ok(())
    }
}

/// Makes the descriptor number of `old` refer to `new`. A concurrent call on the number uses either one.
fn put_in_place_of(old: &OwnedFd, new: OwnedFd) -> std::io::Result<()> {
    // SAFETY: both are open descriptors of this process, and neither number becomes free.
    while unsafe { libc::dup3(new.as_raw_fd(), old.as_raw_fd(), libc::O_CLOEXEC) } < 0 {
        let error = std::io::Error::last_os_error();
        if error.kind() != std::io::ErrorKind::Interrupted {
            return Err(error);
        }
    }
    Ok(())
}

/// Connects to the door of a slot; `Ok(None)` if no process listens.
fn connection_to(slot: &SlotDirectory, name: &SlotName) -> Result<Option<OwnedFd>> {
    let failed = |error| Error::io(format!("connect to slot {name}"), error);
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let connection = socket_with(AddressFamily::UNIX, SocketType::SEQPACKET, flags, None).map_err(failed)?;
    let connected = connect(&connection, &super::path(slot.dir.as_fd()).map_err(failed)?);
    match connected.map_err(|error| process::why_not_in(slot.dir.as_fd(), error)) {
        Ok(()) => {}
        Err(Errno::CONNREFUSED | Errno::NOENT) => return Ok(None),
        Err(Errno::ACCESS | Errno::PERM) => return Err(Error::NotAllowed(name.clone())),
        Err(Errno::AGAIN) => return Err(Error::Full { capacity: None }),
        Err(error) => return Err(failed(error)),
    }
    // Whatever the path led to, nothing is sent to a socket of anybody except the slot's owner.
    let listener =
        super::peer(connection.as_fd()).map_err(|error| Error::io(format!("connect to slot {name}"), error))?;
    if listener.uid != slot.user.uid {
        return Ok(None);
    }
    // With a smaller buffer, the slot is only full a little earlier.
    let _ = rustix::net::sockopt::set_socket_send_buffer_size(&connection, SEND_BUFFER);
    Ok(Some(connection))
}

/// A copy of a message in a memory file, to be attached to a packet.
fn memory_file(parts: &[&[u8]]) -> rustix::io::Result<OwnedFd> {
    process::check_file_size(parts.iter().map(|part| part.len() as u64).sum())?;
    let file = rustix::fs::memfd_create("mailslot message", MemfdFlags::CLOEXEC)?;
    for part in parts {
        let mut rest = *part;
        while !rest.is_empty() {
            let n = rustix::io::retry_on_intr(|| rustix::io::write(&file, rest))?;
            rest = &rest[n..];
        }
    }
    Ok(file)
}
