//! Notification of changes of interfaces, addresses and routes.

use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};

use nix::errno::Errno;
use nix::sys::socket::{AddressFamily, MsgFlags, NetlinkAddr, SockFlag, SockProtocol, SockType, bind, recv, socket};

use super::poll::Source;

/// Groups of rtnetlink(7): RTMGRP_LINK, RTMGRP_IPV4_IFADDR, RTMGRP_IPV4_ROUTE.
const GROUPS: u32 = 0x1 | 0x10 | 0x40;

/// A netlink socket that is notified of every change. The messages themselves are discarded and the system's lists read
/// again, because messages can be lost.
pub(crate) struct Changes {
    socket: OwnedFd,
}

impl Changes {
    /// # Errors
    ///
    /// The system's error, if it does not allow this process a netlink socket.
    pub(crate) fn watch() -> io::Result<Changes> {
        let flags = SockFlag::SOCK_NONBLOCK | SockFlag::SOCK_CLOEXEC;
        let socket = socket(AddressFamily::Netlink, SockType::Raw, flags, SockProtocol::NetlinkRoute)?;
        bind(socket.as_raw_fd(), &NetlinkAddr::new(0, GROUPS))?;
        Ok(Changes { socket })
    }

    /// Readable when something has changed.
    pub(crate) fn source(&self) -> Source<'_> {
        self.socket.as_fd()
    }

    /// Discards the notifications, so that the descriptor is no longer readable.
    pub(crate) fn take(&self) {
        let mut buffer = [0; 8192];
        // ENOBUFS: the system's queue overflowed.
        while matches!(
            recv(self.socket.as_raw_fd(), &mut buffer, MsgFlags::empty()),
            Ok(1..) | Err(Errno::EINTR | Errno::ENOBUFS)
        ) {}
    }
}
