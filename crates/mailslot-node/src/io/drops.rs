//! Counts packets that the system dropped because the node did not receive them in time.

use std::fs;

/// The system's table of the UDP sockets of this network namespace.
const TABLE: &str = "/proc/self/net/udp";
/// Columns of the table.
const INODE: usize = 9;
const DROPS: usize = 12;

/// How many packets were dropped at the sockets with these inode numbers; `None` if the system does not report it.
pub(crate) fn at(inodes: &[u64]) -> Option<u64> {
    fs::read_to_string(TABLE).ok().map(|table| in_table(&table, inodes))
}

fn in_table(table: &str, inodes: &[u64]) -> u64 {
    let of_socket = |line: &str| -> Option<u64> {
        let columns: Vec<&str> = line.split_ascii_whitespace().collect();
        let inode: u64 = columns.get(INODE)?.parse().ok()?;
        columns.get(DROPS)?.parse().ok().filter(|_| inodes.contains(&inode))
    };
    table.lines().filter_map(of_socket).sum()
}

#[cfg(test)]
mod tests {
    use std::net::UdpSocket;
    use std::os::fd::OwnedFd;
    use std::os::unix::fs::MetadataExt;

    use super::*;

    #[test]
    fn what_a_full_socket_loses_is_counted() {
        let socket = UdpSocket::bind("127.0.0.1:0").expect("a free port");
        let address = socket.local_addr().expect("bound");
        let other = UdpSocket::bind("127.0.0.1:0").expect("a free port");
        let inode = |socket: &UdpSocket| {
            let fd: OwnedFd = socket.try_clone().expect("one more descriptor").into();
            fs::File::from(fd).metadata().expect("a socket").ino()
        };
        assert_eq!(at(&[inode(&socket)]), Some(0));
        nix::sys::socket::setsockopt(&socket, nix::sys::socket::sockopt::RcvBuf, &2304).expect("a small buffer");
        for _ in 0..100 {
            other.send_to(&[0; 100], address).expect("loopback takes all");
        }
        let lost = at(&[inode(&socket), inode(&other)]).expect("Linux tells");
        socket.set_nonblocking(true).expect("possible");
        let kept = std::iter::from_fn(|| socket.recv(&mut [0; 100]).ok()).count() as u64;
        assert!(lost > 0 && lost + kept == 100, "{lost} lost and {kept} kept");
        assert_eq!(at(&[inode(&other)]), Some(0));
    }
}
