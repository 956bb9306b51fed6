//! Closing connections without waiting for the peer.
//!
//! Zenoh sets a `SO_LINGER` of ten seconds on the sockets of its `tcp/` and `tls/` links, and has no setting for it.
//! Closing the connection to a machine that is cut off, with unacknowledged data under way, then blocks a thread that
//! receives for all sessions. Without it the system still sends that data, and no thread waits.

#![allow(unsafe_code)]

use std::io::{Error, Result};
use std::mem::size_of;

/// The value that Zenoh sets.
const ZENOHS: libc::linger = libc::linger { l_onoff: 1, l_linger: 10 };
const OFF: libc::linger = libc::linger { l_onoff: 0, l_linger: 0 };

/// Turns it off for all sockets of this process that have exactly Zenoh's value.
pub(crate) fn turn_off() {
    // Without the directory nothing can be done, and connections linger.
    let Ok(descriptors) = std::fs::read_dir("/dev/fd") else { return };
    for number in descriptors.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok()) {
        if get(number).is_ok_and(|linger| (linger.l_onoff != 0, linger.l_linger) == (true, ZENOHS.l_linger)) {
            // The socket may have been closed meanwhile.
            let _ = set(number, OFF);
        }
    }
}

// Both functions take numbers instead of `BorrowedFd`, because Zenoh's threads may close their descriptors at any time.
// A number that is no longer open is an error. One that has become another socket's loses its linger only if the look
// at it found Zenoh's value a moment before. Memory is not touched in any case.

fn get(socket: i32) -> Result<libc::linger> {
    let mut linger = OFF;
    let mut size = size_of::<libc::linger>() as libc::socklen_t;
    // SAFETY: the pointers are to `linger`, of which `size` says how much may be written, and to `size` itself.
    let result =
        unsafe { libc::getsockopt(socket, libc::SOL_SOCKET, libc::SO_LINGER, (&raw mut linger).cast(), &raw mut size) };
    if result == 0 { Ok(linger) } else { Err(Error::last_os_error()) }
}

fn set(socket: i32, linger: libc::linger) -> Result<()> {
    let size = size_of::<libc::linger>() as libc::socklen_t;
    // SAFETY: the pointer is to `linger`, which is read only and `size` bytes long.
    let result =
        unsafe { libc::setsockopt(socket, libc::SOL_SOCKET, libc::SO_LINGER, (&raw const linger).cast(), size) };
    if result == 0 { Ok(()) } else { Err(Error::last_os_error()) }
}

#[cfg(test)]
mod tests {
    use std::net::{TcpListener, TcpStream};
    use std::os::fd::AsRawFd;

    use super::*;

    #[test]
    fn it_goes_where_it_is_as_zenoh_sets_it() {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let connect = |linger| {
            let socket = TcpStream::connect(listener.local_addr().expect("bound")).expect("a connection");
            set(socket.as_raw_fd(), linger).expect("a socket");
            socket
        };
        let (zenohs, other) = (connect(ZENOHS), connect(libc::linger { l_onoff: 1, l_linger: 3 }));
        turn_off();
        let found = |socket: &TcpStream| get(socket.as_raw_fd()).map(|found| (found.l_onoff, found.l_linger)).ok();
        assert_eq!(found(&zenohs).map(|(on, _)| on), Some(0));
        assert_eq!(found(&other), Some((1, 3)));
        assert!(get(-1).is_err() && set(-1, OFF).is_err());
    }
}
