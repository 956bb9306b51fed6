//! NATS: its text protocol over TCP, spoken here, because that is shorter than any client.

use std::fs;
use std::io::{BufRead, BufReader, BufWriter, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, PoisonError};

use super::meter::Took;
use super::task::{Send, Task};
use crate::Result;
use crate::process::{report_and_stay, step};

const SUBJECT: &str = "bench";

/// The server, ended when dropped.
pub(crate) struct Server(Child);

impl Server {
    /// Starts a server that lets receivers lag behind by as much as fits into memory, so that none is cut off.
    pub(crate) fn start(port: u16, directory: &Path) -> Result<Server> {
        let config = directory.join("nats.conf");
        fs::write(&config, "max_pending: 512MB\nmax_payload: 8MB\nwrite_deadline: \"30s\"\n")?;
        let server = Command::new(PROGRAM)
            .args(["--addr", "127.0.0.1", "--port", &port.to_string(), "--config"])
            .arg(&config)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| format!("{PROGRAM}: {error}"))?;
        Ok(Server(server))
    }

    pub(crate) fn id(&self) -> u32 {
        self.0.id()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Both fail only for a server that has ended.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

const PROGRAM: &str = "nats-server";

pub(crate) fn version() -> Option<String> {
    let output = Command::new(PROGRAM).arg("--version").output().ok()?;
    Some(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

fn connect(task: &Task) -> Result<TcpStream> {
    // The server has no other sign that it is ready.
    let stream = loop {
        match TcpStream::connect(("127.0.0.1", task.port)) {
            Ok(stream) => break stream,
            Err(error) if error.kind() == std::io::ErrorKind::ConnectionRefused => std::thread::yield_now(),
            Err(error) => return Err(error.into()),
        }
    };
    stream.set_nodelay(true)?;
    (&stream).write_all(b"CONNECT {\"verbose\":false,\"pedantic\":false,\"echo\":false}\r\n")?;
    Ok(stream)
}

pub(crate) fn receive(task: &Task) -> Result<()> {
    let stream = connect(task)?;
    (&stream).write_all(format!("SUB {SUBJECT} 1\r\n").as_bytes())?;
    let mut reader = BufReader::with_capacity(256 << 10, &stream);
    let (mut meter, mut line, mut payload) = (task.meter(), String::new(), Vec::new());
    let mut greeted = false;
    loop {
        line.clear();
        if reader.read_line(&mut line)? == 0 {
            return Err("the server has closed the connection".into());
        }
        if line.starts_with("PING") {
            (&stream).write_all(b"PONG\r\n")?;
        } else if line.starts_with("-ERR") {
            return Err(line.trim().into());
        }
        // MSG subject subscription size
        let Some(size) = line.strip_prefix("MSG ").and_then(|line| line.trim_end().rsplit(' ').next()) else {
            continue;
        };
        let size: usize = size.parse()?;
        payload.resize(size + 2, 0);
        reader.read_exact(&mut payload)?;
        match meter.take(&payload[..size]) {
            Took::Hello if !greeted => {
                greeted = true;
                step()?;
            }
            Took::Done => return report_and_stay(&meter.seen()),
            _ => {}
        }
    }
}

pub(crate) struct Sender(Mutex<BufWriter<TcpStream>>);

impl Sender {
    pub(crate) fn open(task: &Task) -> Result<Sender> {
        Ok(Sender(Mutex::new(BufWriter::with_capacity(64 << 10, connect(task)?))))
    }
}

impl Send for Sender {
    fn send(&self, message: &[u8]) -> Result<()> {
        let mut stream = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        write!(stream, "PUB {SUBJECT} {}\r\n", message.len())?;
        stream.write_all(message)?;
        Ok(stream.write_all(b"\r\n")?)
    }

    fn flush(&self) -> Result<()> {
        Ok(self.0.lock().unwrap_or_else(PoisonError::into_inner).flush()?)
    }
}
