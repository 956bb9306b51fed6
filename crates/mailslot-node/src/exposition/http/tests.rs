use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;

const REQUEST: &[u8] = b"GET /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n";
/// Longer than anything here takes.
const LONG: Duration = Duration::from_secs(60);

fn serving(text: impl Into<String>) -> (Exporter, String) {
    let text = text.into();
    let exporter = Exporter::default().with(Some(&tcp()), move || Ok(text.clone())).expect("a free port");
    let address = exporter.address().expect("it serves");
    (exporter, address)
}

fn tcp() -> Endpoint {
    "127.0.0.1:0".parse().expect("an address")
}

fn connect(address: &str) -> TcpStream {
    let stream = TcpStream::connect(address).expect("somebody listens");
    stream.set_read_timeout(Some(LONG)).expect("a time");
    stream
}

/// The body of the answer to a complete request.
fn get(address: &str) -> String {
    let mut stream = connect(address);
    stream.write_all(REQUEST).expect("room");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    answer.split_once("\r\n\r\n").expect("a head").1.to_owned()
}

/// Waits until the peer has closed the connection, with or without an error.
fn is_closed(mut stream: TcpStream) -> bool {
    let mut rest = Vec::new();
    match stream.read_to_end(&mut rest) {
        Ok(_) => true,
        Err(error) => error.kind() == std::io::ErrorKind::ConnectionReset,
    }
}

#[test]
fn whoever_is_slow_keeps_nobody_out() {
    let (_exporter, address) = serving("x 1\n");
    let mut slow = Vec::new();
    for round in 0..4 * MAX_CONNECTIONS {
        let mut stream = connect(&address);
        // All prefixes of a request, including the empty one.
        stream.write_all(&REQUEST[..round % REQUEST.len()]).expect("room");
        slow.push(stream);
        assert_eq!(get(&address), "x 1\n");
    }
    // The oldest were replaced by others, and the last ones have timed out.
    assert!(slow.into_iter().all(is_closed));
    assert_eq!(get(&address), "x 1\n");
}

#[test]
fn a_connection_lives_on_while_others_come_and_go() {
    let (_exporter, address) = serving("x 1\n");
    let mut slow = connect(&address);
    slow.write_all(&REQUEST[..7]).expect("room");
    for _ in 0..2 * MAX_CONNECTIONS {
        assert_eq!(get(&address), "x 1\n");
    }
    slow.write_all(&REQUEST[7..]).expect("room");
    let mut answer = String::new();
    slow.read_to_string(&mut answer).expect("an answer");
    assert!(answer.ends_with("\r\n\r\nx 1\n"), "{answer}");
}

#[test]
fn whoever_does_not_read_keeps_nobody_out() {
    let text = "x 1\n".repeat(4 << 20);
    let (_exporter, address) = serving(text.clone());
    let deaf: Vec<TcpStream> = (0..2 * MAX_CONNECTIONS).map(|_| connect(&address)).collect();
    for mut stream in &deaf {
        // The connection may have been closed already, to make room.
        let _ = stream.write_all(REQUEST);
    }
    let whole = get(&address);
    assert!(whole == text, "{} of {} bytes", whole.len(), text.len());
}

#[test]
fn requests_that_are_too_large_are_refused() {
    let (_exporter, address) = serving("x 1\n");
    for _ in 0..2 * MAX_CONNECTIONS {
        let mut stream = connect(&address);
        // The connection may be closed during the write.
        let _ = stream.write_all(&[b'G'; 1 << 20]);
        assert!(is_closed(stream));
    }
    assert_eq!(get(&address), "x 1\n");
}

#[test]
fn many_requests_gather_seldom_and_failures_are_told() {
    let (asked, seen) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let count = Arc::clone(&asked);
    let gather = move || {
        count.fetch_add(1, Ordering::SeqCst);
        Err(Error::NoAnswer)
    };
    let exporter = Exporter::default().with(Some(&tcp()), gather).expect("a free port");
    let address = exporter.address().expect("it serves");
    let begun = Instant::now();
    for _ in 0..200 {
        let mut stream = connect(&address);
        stream.write_all(REQUEST).expect("room");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("an answer");
        assert!(answer.starts_with("HTTP/1.1 500 ") && answer.contains("did not answer"), "{answer}");
        seen.fetch_add(1, Ordering::SeqCst);
    }
    let most = 1 + begun.elapsed().as_millis() / FRESH.as_millis();
    assert!(asked.load(Ordering::SeqCst) as u128 <= most, "{asked:?} of {most} for {seen:?}");
}

#[test]
fn the_same_address_is_kept_and_another_one_replaces_it() {
    let (first, address) = serving("x 1\n");
    let same = first.at(Some(&tcp())).expect("it is there");
    assert_eq!(same.address().as_deref(), Some(address.as_str()));
    drop(first);
    assert_eq!(get(&address), "x 1\n");
    let nothing = same.at(None).expect("nothing is always there");
    drop(same);
    assert_eq!(nothing.address(), None);
    // The port is free at once.
    let again = address.parse().expect("an address");
    let again = nothing.with(Some(&again), || Ok("y 2\n".to_owned())).expect("the port is free");
    assert_eq!(get(&address), "y 2\n");
    let taken = Exporter::default().with(Some(&address.parse().expect("an address")), || Ok(String::new()));
    assert!(taken.is_err_and(|error| error.to_string().contains(&address)));
    drop(again);
}

/// A separate directory for each test.
struct Directory(PathBuf);

impl Directory {
    fn new(test: &str) -> Directory {
        let path = std::env::temp_dir().join(format!("mailslot-{test}-{}", std::process::id()));
        std::fs::create_dir_all(&path).expect("a directory");
        Directory(path)
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn unix(path: &Path) -> Endpoint {
    Endpoint::Unix(path.to_owned())
}

fn get_unix(path: &Path) -> String {
    let mut stream = UnixStream::connect(path).expect("somebody listens");
    stream.write_all(REQUEST).expect("room");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    answer
}

#[test]
fn a_socket_is_for_the_user_and_the_group_and_goes_with_its_exporter() {
    let directory = Directory::new("socket");
    let path = directory.0.join("metrics");
    let serve = || Exporter::default().with(Some(&unix(&path)), || Ok("x 1\n".to_owned()));
    let exporter = serve().expect("a free path");
    let metadata = std::fs::metadata(&path).expect("a socket");
    assert!(metadata.file_type().is_socket());
    assert_eq!(metadata.permissions().mode() & 0o777, 0o660);
    assert!(get_unix(&path).ends_with("\r\n\r\nx 1\n"));
    // There is a listener at this path.
    assert!(serve().is_err());
    assert!(get_unix(&path).ends_with("\r\n\r\nx 1\n"));
    drop(exporter);
    assert!(!path.exists());
    // A killed process leaves its socket behind.
    drop(std::os::unix::net::UnixListener::bind(&path).expect("a free path"));
    assert!(path.exists());
    let exporter = serve().expect("nobody listens there");
    assert!(get_unix(&path).ends_with("\r\n\r\nx 1\n"));
    drop(exporter);
    // A file that is not a socket is not removed.
    std::fs::write(&path, "kept").expect("a file");
    assert!(serve().is_err());
    assert_eq!(std::fs::read_to_string(&path).expect("the file"), "kept");
}
