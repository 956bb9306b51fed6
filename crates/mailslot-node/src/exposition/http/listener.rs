//! A listening socket, TCP or Unix.

use std::io;
use std::net::TcpListener;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::FileTypeExt;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::fs::Mode;
use rustix::io::Errno;
use rustix::net::{AddressFamily, Shutdown, SocketAddrUnix, SocketFlags, SocketType};

use crate::exposition::Endpoint;

/// Connections that may wait to be accepted.
const BACKLOG: i32 = 64;
/// The node's user and group may connect.
const MODE: Mode = Mode::from_raw_mode(0o660);

/// Listens until it is dropped.
pub(super) struct Listener {
    endpoint: Endpoint,
    /// The address as bound, with the port that the system chose.
    address: String,
    socket: Arc<Socket>,
}

/// The side that accepts connections.
pub(super) struct Accepting(Arc<Socket>);

struct Socket {
    fd: OwnedFd,
    is_given_up: AtomicBool,
}

/// Accepting a connection failed.
#[derive(Debug)]
pub(super) struct Ended;

impl Listener {
    pub(super) fn bind(endpoint: &Endpoint) -> io::Result<Listener> {
        let (fd, address) = match endpoint {
            Endpoint::Tcp(address) => {
                let listener = TcpListener::bind(address)?;
                listener.set_nonblocking(true)?;
                let address = listener.local_addr()?.to_string();
                (listener.into(), address)
            }
            Endpoint::Unix(path) => (bind_unix(path)?, endpoint.to_string()),
        };
        let socket = Arc::new(Socket { fd, is_given_up: AtomicBool::new(false) });
        Ok(Listener { endpoint: endpoint.clone(), address, socket })
    }

    pub(super) fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    pub(super) fn address(&self) -> String {
        self.address.clone()
    }

    pub(super) fn accepted(&self) -> Accepting {
        Accepting(Arc::clone(&self.socket))
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.socket.is_given_up.store(true, Ordering::SeqCst);
        if let Endpoint::Unix(path) = &self.endpoint {
            // It may have been removed already.
            let _ = std::fs::remove_file(path);
        }
        // Wakes the thread, and frees the port even before the thread has ended.
        let _ = rustix::net::shutdown(&self.socket.fd, Shutdown::Both);
    }
}

impl Accepting {
    /// The next connection, if there is one; never blocks.
    pub(super) fn accept(&self) -> Result<Option<OwnedFd>, Ended> {
        match rustix::net::accept_with(&self.0.fd, SocketFlags::CLOEXEC | SocketFlags::NONBLOCK) {
            Ok(socket) => Ok(Some(socket)),
            // The peer has closed the connection again, or there was none.
            Err(Errno::AGAIN | Errno::INTR | Errno::CONNABORTED) => Ok(None),
            Err(_) => Err(Ended),
        }
    }

    pub(super) fn is_given_up(&self) -> bool {
        self.0.is_given_up.load(Ordering::SeqCst)
    }
}

impl AsFd for Accepting {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.fd.as_fd()
    }
}

/// Binds a socket at `path`. Replaces a socket there on which no process listens any more.
fn bind_unix(path: &Path) -> io::Result<OwnedFd> {
    let address = SocketAddrUnix::new(path)?;
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let fd = rustix::net::socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None)?;
    match rustix::net::bind(&fd, &address) {
        Err(Errno::ADDRINUSE) if is_left_over(path) => {
            std::fs::remove_file(path)?;
            rustix::net::bind(&fd, &address)?;
        }
        bound => bound?,
    }
    // Nobody can connect before `listen`.
    rustix::fs::chmod(path, MODE)?;
    rustix::net::listen(&fd, BACKLOG)?;
    Ok(fd)
}

/// Whether this is a socket whose process has ended.
fn is_left_over(path: &Path) -> bool {
    let is_socket = std::fs::symlink_metadata(path).is_ok_and(|file| file.file_type().is_socket());
    is_socket && UnixStream::connect(path).is_err_and(|error| error.kind() == io::ErrorKind::ConnectionRefused)
}
