//! Hearing of changes of interfaces, addresses and routes when they happen.

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

use nix::errno::Errno;
use nix::sys::socket::{AddressFamily, MsgFlags, NetlinkAddr, SockFlag, SockProtocol, SockType, bind, recv, socket};

/// Groups of rtnetlink(7): RTMGRP_LINK, RTMGRP_IPV4_IFADDR, RTMGRP_IPV4_ROUTE.
const GROUPS: u32 = 0x1 | 0x10 | 0x40;

/// A netlink socket that is told of every change. What has changed is not taken from there, but looked at: messages can be
/// lost, and the system's lists cannot.
pub(crate) struct Changes {
    socket: OwnedFd,
}

impl Changes {
    /// # Errors
    ///
    /// What the system says, if it does not allow this process a netlink socket.
    pub(crate) fn watch() -> io::Result<Changes> {
        let flags = SockFlag::SOCK_NONBLOCK | SockFlag::SOCK_CLOEXEC;
        let socket = socket(AddressFamily::Netlink, SockType::Raw, flags, SockProtocol::NetlinkRoute)?;
        bind(socket.as_raw_fd(), &NetlinkAddr::new(0, GROUPS))?;
        Ok(Changes { socket })
    }

    /// Takes what has been told, after which the descriptor is no longer readable.
    pub(crate) fn take(&self) {
        let mut buffer = [0; 8192];
        // ENOBUFS: more has changed than the system could keep.
        while matches!(
            recv(self.socket.as_raw_fd(), &mut buffer, MsgFlags::empty()),
            Ok(1..) | Err(Errno::EINTR | Errno::ENOBUFS)
        ) {}
    }
}

/// Readable when something has changed.
impl AsFd for Changes {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}
