//! Receiving several packets with one system call, which is most of the cost of a stranger's message.

use std::ops::Range;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::sync::Arc;

use rustix::event::{EventfdFlags, eventfd};
use rustix::io::{Errno, retry_on_intr};
use rustix::net::{RecvAncillaryBuffer, RecvFlags, ReturnFlags};

use super::{MAX_INLINE, closing};
use crate::memory;

/// The most packets that are received at a time.
pub(super) const BATCH: usize = 16;
/// Bytes kept for one packet: its first byte and the largest inline message.
const PACKET: usize = 1 + MAX_INLINE;
/// Bytes kept for all packets.
pub(super) const MEMORY: usize = PACKET * BATCH;
/// The most descriptors that the system lets travel with one packet. A writer attaches at most one; but the kernel
/// closes descriptors for which there is no room, in this thread, and that can block for as long as their maker likes.
const DESCRIPTORS: usize = 253;
/// Room for the control message that carries them.
const CONTROL: usize = {
    // SAFETY: arithmetic on its argument.
    (unsafe { libc::CMSG_SPACE((DESCRIPTORS * size_of::<libc::c_int>()) as u32) }) as usize
};

/// Packets received from a socket, in buffers that are reused.
pub(super) struct Packets {
    /// Shared with messages that wait in it because there was no memory for a copy: nothing is received into it
    /// meanwhile.
    bytes: Arc<Vec<u8>>,
    sizes: [usize; BATCH],
    attached: [Attached; BATCH],
    controls: Vec<Control>,
    /// Closed when this process has no other descriptor left for a large message.
    spare: Option<OwnedFd>,
}

/// One packet.
pub(super) struct Packet<'a> {
    /// The memory for packets, and where in it this one lies.
    pub(super) memory: &'a Arc<Vec<u8>>,
    pub(super) place: Range<usize>,
    pub(super) attached: Attached,
}

impl<'a> Packet<'a> {
    pub(super) fn bytes(&self) -> &'a [u8] {
        &self.memory[self.place.clone()]
    }
}

/// The descriptors that came with a packet.
pub(super) enum Attached {
    Nothing,
    File(OwnedFd),
    /// More than one.
    Many(Vec<OwnedFd>),
    /// There was something, but this process had no descriptor left for it.
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
    /// An empty buffer. The memory is allocated when packets are received.
    pub(super) fn new() -> Packets {
        Packets {
            bytes: Arc::default(),
            sizes: [0; BATCH],
            attached: [const { Attached::Nothing }; BATCH],
            controls: Vec::new(),
            spare: None,
        }
    }

    /// Allocates the memory for packets, [`MEMORY`] bytes, unless there is some that no message waits in. Returns
    /// whether there is memory.
    pub(super) fn have_memory(&mut self) -> bool {
        if !self.bytes.is_empty() && Arc::get_mut(&mut self.bytes).is_some() {
            return true;
        }
        let Ok(bytes) = memory::zeroed(MEMORY) else { return false };
        if self.controls.try_reserve_exact(BATCH - self.controls.len()).is_err() {
            return false;
        }
        self.controls.resize(BATCH, Control { bytes: [0; CONTROL] });
        self.bytes = Arc::new(bytes);
        true
    }

    /// Receives up to `most` packets that are already there, and returns how many. A packet that is longer than any
    /// message counts as empty, which no message is. 0 means the end of the connection, or an empty packet. If the
    /// packets of this connection `attach` files, they are received one at a time.
    ///
    /// # Errors
    ///
    /// `AGAIN` if there is none; `MFILE` if the packet stays where it is, because this process has no descriptor for
    /// the file attached to it; `NOMEM` if there is no memory for packets; otherwise the system's error.
    pub(super) fn receive(&mut self, socket: BorrowedFd<'_>, most: usize, attach: bool) -> rustix::io::Result<usize> {
        if !self.have_memory() {
            return Err(Errno::NOMEM);
        }
        let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile).current.unwrap_or(u64::MAX);
        if self.spare.is_none() {
            self.spare = eventfd(0, EventfdFlags::CLOEXEC).ok();
        }
        // At least a quarter of the descriptors is left for the program.
        let packets = usize::try_from(limit).unwrap_or(usize::MAX) / DESCRIPTORS;
        let several = most.min(BATCH).min(packets - packets / 4);
        let are_left = |packets: &usize| *packets > 0 && has_descriptors_left(limit, packets * DESCRIPTORS);
        match [several, 1].iter().find(|packets| !attach && are_left(packets)) {
            None => self.receive_one(socket),
            Some(packets) => {
                let count = self.call(socket, *packets, 0)?;
                // The end of a connection reads as packets of no bytes; a message is never empty.
                Ok(self.sizes.iter().take(count).take_while(|size| **size > 0).count())
            }
        }
    }

    /// Receives one packet, for which there may be no descriptors. So it peeks first, which leaves the packet and its
    /// files in the socket.
    fn receive_one(&mut self, socket: BorrowedFd<'_>) -> rustix::io::Result<usize> {
        self.call(socket, 1, libc::MSG_PEEK)?;
        if matches!(self.attached[0], Attached::Lost) && self.spare.take().is_some() {
            self.call(socket, 1, libc::MSG_PEEK)?;
        }
        if matches!(self.attached[0], Attached::Lost) {
            return Err(Errno::MFILE);
        }
        // Of several files, which no correct writer attaches, some may not be open here.
        if !matches!(self.attached[0], Attached::Many(_))
            && let Err(error) = retry_on_intr(|| rustix::net::recv(socket, &mut [0; 0], RecvFlags::DONTWAIT))
        {
            self.drop_rest();
            return Err(error);
        }
        Ok(usize::from(self.sizes[0] > 0))
    }

    /// Makes the system call. Returns the number of packets.
    fn call(&mut self, socket: BorrowedFd<'_>, most: usize, flags: libc::c_int) -> rustix::io::Result<usize> {
        // SAFETY: plain data, for which zeroes mean "none".
        let mut headers: [libc::mmsghdr; BATCH] = unsafe { core::mem::zeroed() };
        let mut parts = [libc::iovec { iov_base: core::ptr::null_mut(), iov_len: 0 }; BATCH];
        let Some(bytes) = Arc::get_mut(&mut self.bytes) else { return Err(Errno::NOMEM) };
        for (index, buffer) in bytes.chunks_exact_mut(PACKET).enumerate() {
            parts[index] = libc::iovec { iov_base: buffer.as_mut_ptr().cast(), iov_len: PACKET };
            headers[index].msg_hdr.msg_iov = &raw mut parts[index];
            headers[index].msg_hdr.msg_iovlen = 1;
            headers[index].msg_hdr.msg_control = (&raw mut self.controls[index]).cast();
            headers[index].msg_hdr.msg_controllen = CONTROL as _;
        }
        let flags = libc::MSG_DONTWAIT | libc::MSG_CMSG_CLOEXEC | flags;
        let most = most as u32;
        // SAFETY: `headers` has at least `most` entries; each points to a separate part of `self.bytes` and to a
        // separate control buffer, with their true sizes. All of them live through the call, and nothing else uses
        // them.
        let mut receive = || unsafe {
            libc::recvmmsg(socket.as_raw_fd(), headers.as_mut_ptr(), most, flags as _, core::ptr::null_mut())
        };
        let count = loop {
            let count = receive();
            match (count < 0).then(|| Errno::from_io_error(&std::io::Error::last_os_error()).unwrap_or(Errno::IO)) {
                Some(Errno::INTR) => {}
                Some(error) => return Err(error),
                None => break count,
            }
        };
        for (index, header) in headers.iter().enumerate().take(count as usize) {
            self.attached[index] = attached(&header.msg_hdr);
            let cut = header.msg_hdr.msg_flags & libc::MSG_TRUNC != 0;
            self.sizes[index] = if cut { 0 } else { (header.msg_len as usize).min(PACKET) };
        }
        Ok(count as usize)
    }

    /// Returns the packet at `index` of those that were received last.
    pub(super) fn take(&mut self, index: usize) -> Packet<'_> {
        let start = index * PACKET;
        let attached = core::mem::replace(&mut self.attached[index], Attached::Nothing);
        Packet { memory: &self.bytes, place: start..start + self.sizes[index], attached }
    }

    /// Drops received packets that were not taken. Returns whether one of them was meant to do harm.
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

/// Whether a packet lies on a connection that has ended. Reading a packet of no bytes would look like reading none.
pub(super) fn is_waiting(socket: &OwnedFd) -> bool {
    let with_credentials = |with| rustix::net::sockopt::set_socket_passcred(socket, with);
    // The sender's credentials then come with each packet, and find no room.
    let _ = with_credentials(true);
    let flags = RecvFlags::DONTWAIT | RecvFlags::PEEK;
    let peeked = retry_on_intr(|| rustix::net::recvmsg(socket, &mut [], &mut RecvAncillaryBuffer::default(), flags));
    let _ = with_credentials(false);
    peeked.is_ok_and(|peeked| peeked.flags.contains(ReturnFlags::CTRUNC))
}

/// Whether this process, with a limit of `limit` descriptors, has `left` of them left. The system assigns the lowest
/// free number, so one check is enough.
fn has_descriptors_left(limit: u64, left: usize) -> bool {
    let number = libc::c_int::try_from(limit.saturating_sub(left as u64));
    // SAFETY: only queries a descriptor number, whatever is open there.
    !number.is_ok_and(|number| unsafe { libc::fcntl(number, libc::F_GETFD, 0) } >= 0)
}

/// Whether this is a memory file: only those have seals. Reading or closing anything else could block for ever.
pub(super) fn is_memory(file: &OwnedFd) -> bool {
    retry_on_intr(|| rustix::fs::fcntl_get_seals(file)).is_ok()
}

/// The descriptors in a message's control buffer.
fn attached(message: &libc::msghdr) -> Attached {
    let cut = message.msg_flags & libc::MSG_CTRUNC != 0;
    // SAFETY: the kernel filled in the control buffer and its length, and the message still points to it.
    let Some(control) = (unsafe { libc::CMSG_FIRSTHDR(message).as_ref() }) else {
        return if cut { Attached::Lost } else { Attached::Nothing };
    };
    if control.cmsg_level != libc::SOL_SOCKET || control.cmsg_type != libc::SCM_RIGHTS {
        return Attached::Nothing;
    }
    // SAFETY: arithmetic on its argument.
    let header = unsafe { libc::CMSG_LEN(0) } as usize;
    // The type of this length differs between C libraries.
    let number = (control.cmsg_len as u64 as usize).saturating_sub(header) / size_of::<libc::c_int>();
    let file = |at| {
        // SAFETY: the length says that so many descriptors follow the header; they may lie unaligned. They are new in
        // this process, and nothing else owns them.
        unsafe { OwnedFd::from_raw_fd(libc::CMSG_DATA(control).cast::<libc::c_int>().add(at).read_unaligned()) }
    };
    match number {
        0 => Attached::Lost,
        1 if !cut => Attached::File(file(0)),
        _ => Attached::Many((0..number).map(file).collect()),
    }
}
