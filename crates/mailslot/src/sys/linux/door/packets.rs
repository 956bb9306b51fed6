//! Receiving several packets with one system call, which is most of what a stranger's message costs.

use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

use rustix::io::Errno;

use super::MAX_INLINE;

/// Most packets that are received at a time.
pub(super) const BATCH: usize = 16;
/// Bytes kept for one packet: its first byte and the largest message that travels in it.
const PACKET: usize = 1 + MAX_INLINE;
/// Room for the control message that carries one descriptor.
const CONTROL: usize = {
    // SAFETY: arithmetic on its argument.
    (unsafe { libc::CMSG_SPACE(size_of::<libc::c_int>() as u32) }) as usize
};

/// Packets as they came from a socket, in buffers that are used again and again.
pub(super) struct Packets {
    bytes: Vec<u8>,
    sizes: [usize; BATCH],
    files: [Option<OwnedFd>; BATCH],
}

/// One packet.
pub(super) struct Packet<'a> {
    pub(super) bytes: &'a [u8],
    /// The descriptor that came with it.
    pub(super) file: Option<OwnedFd>,
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
        Packets { bytes: Vec::new(), sizes: [0; BATCH], files: [const { None }; BATCH] }
    }

    /// Receives up to `most` packets that are there already, and returns how many. A packet that is longer than any
    /// message counts as empty, which no message is. 0 is the end of the connection, or `most` was 0.
    ///
    /// # Errors
    ///
    /// `AGAIN` if there is none; what else `recvmmsg` reports.
    pub(super) fn receive(&mut self, socket: BorrowedFd<'_>, most: usize) -> rustix::io::Result<usize> {
        if self.bytes.is_empty() {
            self.bytes = vec![0; PACKET * BATCH];
        }
        // SAFETY: plain data, for which zeroes mean "none of it".
        let mut headers: [libc::mmsghdr; BATCH] = unsafe { core::mem::zeroed() };
        let mut controls = [Control { bytes: [0; CONTROL] }; BATCH];
        let mut parts = [libc::iovec { iov_base: core::ptr::null_mut(), iov_len: 0 }; BATCH];
        for (index, buffer) in self.bytes.chunks_exact_mut(PACKET).enumerate() {
            parts[index] = libc::iovec { iov_base: buffer.as_mut_ptr().cast(), iov_len: PACKET };
            headers[index].msg_hdr.msg_iov = &raw mut parts[index];
            headers[index].msg_hdr.msg_iovlen = 1;
            headers[index].msg_hdr.msg_control = (&raw mut controls[index]).cast();
            headers[index].msg_hdr.msg_controllen = CONTROL as _;
        }
        let flags = libc::MSG_DONTWAIT | libc::MSG_CMSG_CLOEXEC;
        let most = most.min(BATCH) as u32;
        // SAFETY: `headers` has at least `most` entries; each leads to a part of `self.bytes` of its own and to a control
        // buffer of its own, with their true sizes. All of them live through the call and are used by nobody else.
        let count = unsafe {
            libc::recvmmsg(socket.as_raw_fd(), headers.as_mut_ptr(), most, flags as _, core::ptr::null_mut())
        };
        if count < 0 {
            return Err(Errno::from_io_error(&std::io::Error::last_os_error()).unwrap_or(Errno::IO));
        }
        for (index, header) in headers.iter().enumerate().take(count as usize) {
            self.files[index] = descriptor(&header.msg_hdr);
            let cut = header.msg_hdr.msg_flags & libc::MSG_TRUNC != 0;
            self.sizes[index] = if cut { 0 } else { (header.msg_len as usize).min(PACKET) };
        }
        // The end of a connection reads as packets of no bytes; a message is never one.
        Ok(self.sizes.iter().take(count as usize).take_while(|size| **size > 0).count())
    }

    /// The packet at `index` of those that were received last.
    pub(super) fn take(&mut self, index: usize) -> Packet<'_> {
        let start = index * PACKET;
        Packet { bytes: &self.bytes[start..start + self.sizes[index]], file: self.files[index].take() }
    }
}

/// The descriptor that came in a message's control buffer.
fn descriptor(message: &libc::msghdr) -> Option<OwnedFd> {
    // SAFETY: the kernel filled in the control buffer and its length, and the message still leads to it.
    let control = unsafe { libc::CMSG_FIRSTHDR(message).as_ref() }?;
    // SAFETY: arithmetic on its argument.
    let whole = unsafe { libc::CMSG_LEN(size_of::<libc::c_int>() as u32) } as usize;
    if control.cmsg_level != libc::SOL_SOCKET
        || control.cmsg_type != libc::SCM_RIGHTS
        || control.cmsg_len as usize != whole
    {
        return None;
    }
    // SAFETY: the length says that one descriptor follows the header; it may lie unaligned. It is new in this process, and
    // nobody else knows it.
    Some(unsafe { OwnedFd::from_raw_fd(libc::CMSG_DATA(control).cast::<libc::c_int>().read_unaligned()) })
}
