//! Receiving several packets with one system call, which is most of what a stranger's message costs.

use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

use rustix::event::{EventfdFlags, eventfd};
use rustix::io::Errno;

use super::{MAX_INLINE, closing};

/// Most packets that are received at a time.
pub(super) const BATCH: usize = 16;
/// Bytes kept for one packet: its first byte and the largest message that travels in it.
const PACKET: usize = 1 + MAX_INLINE;
/// The most descriptors that the system lets travel with one packet. A writer attaches one at most; but what did not find room
/// here would be closed by the kernel, in this thread, and that can wait for as long as whoever made it likes.
const DESCRIPTORS: usize = 253;
/// Room for the control message that carries them.
const CONTROL: usize = {
    // SAFETY: arithmetic on its argument.
    (unsafe { libc::CMSG_SPACE((DESCRIPTORS * size_of::<libc::c_int>()) as u32) }) as usize
};

/// Packets as they came from a socket, in buffers that are used again and again.
pub(super) struct Packets {
    bytes: Vec<u8>,
    sizes: [usize; BATCH],
    attached: [Attached; BATCH],
    controls: Vec<Control>,
    /// Packets that are received at a time: no more than this process has descriptors for, whatever they bring.
    most: usize,
    /// Kept from the beginning, and given up for a moment where a file is expected, so that its descriptor can come when this process
    /// has none left.
    spare: Option<OwnedFd>,
}

/// One packet.
pub(super) struct Packet<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) attached: Attached,
}

/// The descriptors that came with a packet.
pub(super) enum Attached {
    Nothing,
    File(OwnedFd),
    /// More than one.
    Many(Vec<OwnedFd>),
    /// There was something, for which this process had no descriptor left.
    Lost,
}

impl Attached {
    pub(super) fn is_file(&self) -> bool {
        matches!(self, Attached::File(_))
    }
}

/// A control buffer with the alignment of its header.
#[repr(C)]
#[derive(Clone, Copy)]
union Control {
    header: libc::cmsghdr,
    bytes: [u8; CONTROL],
}

impl Packets {
    /// Nothing received yet. The memory is taken when packets fill it.
    pub(super) fn new() -> Packets {
        Packets {
            bytes: Vec::new(),
            sizes: [0; BATCH],
            attached: [const { Attached::Nothing }; BATCH],
            controls: Vec::new(),
            most: BATCH,
            spare: None,
        }
    }

    /// Receives up to `most` packets that are there already, and returns how many. A packet that is longer than any
    /// message counts as empty, which no message is. 0 is the end of the connection. If the packets of this connection
    /// `attach` files, the next time there will be a descriptor for one.
    ///
    /// # Errors
    ///
    /// `AGAIN` if there is none; what else `recvmmsg` reports.
    pub(super) fn receive(&mut self, socket: BorrowedFd<'_>, most: usize, attach: bool) -> rustix::io::Result<usize> {
        if self.bytes.is_empty() {
            self.bytes = vec![0; PACKET * BATCH];
            self.controls = vec![Control { bytes: [0; CONTROL] }; BATCH];
            let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile).current.unwrap_or(u64::MAX);
            let packets = usize::try_from(limit).unwrap_or(usize::MAX) / DESCRIPTORS;
            // A quarter of them is the program's.
            self.most = (packets - packets / 4).clamp(1, BATCH);
            self.spare = spare();
        }
        // SAFETY: plain data, for which zeroes mean "none of it".
        let mut headers: [libc::mmsghdr; BATCH] = unsafe { core::mem::zeroed() };
        let mut parts = [libc::iovec { iov_base: core::ptr::null_mut(), iov_len: 0 }; BATCH];
        for (index, buffer) in self.bytes.chunks_exact_mut(PACKET).enumerate() {
            parts[index] = libc::iovec { iov_base: buffer.as_mut_ptr().cast(), iov_len: PACKET };
            headers[index].msg_hdr.msg_iov = &raw mut parts[index];
            headers[index].msg_hdr.msg_iovlen = 1;
            headers[index].msg_hdr.msg_control = (&raw mut self.controls[index]).cast();
            headers[index].msg_hdr.msg_controllen = CONTROL as _;
        }
        let flags = libc::MSG_DONTWAIT | libc::MSG_CMSG_CLOEXEC;
        let most = most.min(self.most) as u32;
        if attach {
            self.spare = None;
        }
        // SAFETY: `headers` has at least `most` entries; each leads to a part of `self.bytes` of its own and to a control
        // buffer of its own, with their true sizes. All of them live through the call and are used by nobody else.
        let mut receive = || unsafe {
            libc::recvmmsg(socket.as_raw_fd(), headers.as_mut_ptr(), most, flags as _, core::ptr::null_mut())
        };
        let (count, failed) = loop {
            let count = receive();
            match (count < 0).then(|| Errno::from_io_error(&std::io::Error::last_os_error()).unwrap_or(Errno::IO)) {
                Some(Errno::INTR) => {}
                failed => break (count, failed),
            }
        };
        if attach {
            self.spare = spare();
        }
        if let Some(error) = failed {
            return Err(error);
        }
        for (index, header) in headers.iter().enumerate().take(count as usize) {
            self.attached[index] = attached(&header.msg_hdr);
            let cut = header.msg_hdr.msg_flags & libc::MSG_TRUNC != 0;
            self.sizes[index] = if cut { 0 } else { (header.msg_len as usize).min(PACKET) };
        }
        // The end of a connection reads as packets of no bytes; a message is never one.
        Ok(self.sizes.iter().take(count as usize).take_while(|size| **size > 0).count())
    }

    /// The packet at `index` of those that were received last.
    pub(super) fn take(&mut self, index: usize) -> Packet<'_> {
        let start = index * PACKET;
        let attached = core::mem::replace(&mut self.attached[index], Attached::Nothing);
        Packet { bytes: &self.bytes[start..start + self.sizes[index]], attached }
    }

    /// Drops what was received and not taken. Returns whether there was something among it that is there to do harm.
    pub(super) fn drop_rest(&mut self) -> bool {
        let mut hostile = false;
        for attached in &mut self.attached {
            match core::mem::replace(attached, Attached::Nothing) {
                Attached::File(file) if is_memory(&file) => {}
                Attached::File(file) => {
                    closing::close(file);
                    hostile = true;
                }
                Attached::Many(files) => {
                    files.into_iter().for_each(closing::close);
                    hostile = true;
                }
                Attached::Nothing | Attached::Lost => {}
            }
        }
        hostile
    }
}

/// A descriptor that can be given up for another.
fn spare() -> Option<OwnedFd> {
    eventfd(0, EventfdFlags::CLOEXEC).ok()
}

/// Whether this is a memory file: only those have seals. Reading anything else could wait for ever, and so could closing it.
pub(super) fn is_memory(file: &OwnedFd) -> bool {
    rustix::io::retry_on_intr(|| rustix::fs::fcntl_get_seals(file)).is_ok()
}

/// What came in a message's control buffer.
fn attached(message: &libc::msghdr) -> Attached {
    let cut = message.msg_flags & libc::MSG_CTRUNC != 0;
    // SAFETY: the kernel filled in the control buffer and its length, and the message still leads to it.
    let Some(control) = (unsafe { libc::CMSG_FIRSTHDR(message).as_ref() }) else {
        return if cut { Attached::Lost } else { Attached::Nothing };
    };
    if control.cmsg_level != libc::SOL_SOCKET || control.cmsg_type != libc::SCM_RIGHTS {
        return Attached::Nothing;
    }
    // SAFETY: arithmetic on its argument.
    let header = unsafe { libc::CMSG_LEN(0) } as usize;
    // The type of this length is not the same in all C libraries.
    let number = (control.cmsg_len as u64 as usize).saturating_sub(header) / size_of::<libc::c_int>();
    let file = |at| {
        // SAFETY: the length says that so many descriptors follow the header; they may lie unaligned. They are new in this
        // process, and nobody else knows them.
        unsafe { OwnedFd::from_raw_fd(libc::CMSG_DATA(control).cast::<libc::c_int>().add(at).read_unaligned()) }
    };
    match number {
        0 => Attached::Lost,
        1 if !cut => Attached::File(file(0)),
        _ => Attached::Many((0..number).map(file).collect()),
    }
}
