//! Samba's nmbd as a peer: it also receives datagrams from the network and passes them to readers on this machine.
//! Those for other programs' mailslots go through the Unix socket `unexpected`.

use std::fs;
use std::io::{ErrorKind, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::lan::NMBD;
use crate::Result;

/// A running nmbd, ended when dropped.
pub(super) struct Nmbd {
    child: Child,
    pub(super) socket: PathBuf,
}

/// How long nmbd may take until its socket exists.
const PATIENCE: Duration = Duration::from_secs(20);

impl Nmbd {
    /// Starts nmbd in `namespace` on `cpus`, with all its files below `dir`.
    pub(super) fn start(namespace: &str, cpus: &[usize], dir: &Path) -> Result<Nmbd> {
        for part in ["lock", "state", "cache", "pid", "private", "ncalrpc", "bind", "sock", "log"] {
            fs::create_dir_all(dir.join(part))?;
        }
        let at = dir.display();
        let settings = format!(
            "[global]\nworkgroup = BENCHES\nnetbios name = NMBD\ninterfaces = {NMBD}/24\nbind interfaces only = yes\n\
             lock directory = {at}/lock\nstate directory = {at}/state\ncache directory = {at}/cache\n\
             pid directory = {at}/pid\nprivate dir = {at}/private\nncalrpc dir = {at}/ncalrpc\n\
             binddns dir = {at}/bind\n\
             nmbd:socket dir = {at}/sock\nlog file = {at}/log/log.%m\nlog level = 0\ndns proxy = no\n\
             local master = no\ndomain master = no\npreferred master = no\n"
        );
        fs::write(dir.join("smb.conf"), settings)?;
        let mut command = Command::new("ip");
        command.args(["netns", "exec", namespace]);
        if let Some(cpu) = cpus.first() {
            command.args(["taskset", "-c", &cpu.to_string()]);
        }
        command.args(["nmbd", "--foreground", "--no-process-group", "--debug-stdout", "-s"]).arg(dir.join("smb.conf"));
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
        let mut nmbd = Nmbd { child, socket: dir.join("sock/unexpected") };
        nmbd.wait()?;
        Ok(nmbd)
    }

    /// The process id.
    pub(super) fn id(&self) -> u32 {
        self.child.id()
    }

    fn wait(&mut self) -> Result<()> {
        let end = Instant::now() + PATIENCE;
        while UnixStream::connect(&self.socket).is_err() {
            if self.child.try_wait()?.is_some() {
                return Err("nmbd does not run here".into());
            }
            if Instant::now() > end {
                return Err("nmbd has no socket for its clients".into());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }
}

impl Drop for Nmbd {
    fn drop(&mut self) {
        // Both fail only if the process has ended and was waited for.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A reader at nmbd's socket. `mailslot_node` documents the layout of its packets.
pub(super) struct Connection {
    stream: UnixStream,
    unread: Vec<u8>,
}

const REQUEST: usize = 24;
const HEADER: usize = 32;
const DATAGRAM: u32 = 1;

impl Connection {
    /// Asks for all datagrams.
    pub(super) fn open(path: &Path) -> Result<Connection> {
        let mut stream = UnixStream::connect(path)?;
        let mut request = [0; REQUEST];
        request[..4].copy_from_slice(&DATAGRAM.to_ne_bytes());
        request[16..20].copy_from_slice(&(-1i32).to_ne_bytes());
        stream.write_all(&request)?;
        stream.read_exact(&mut [0])?;
        Ok(Connection { stream, unread: Vec::new() })
    }

    /// Takes datagrams until none has arrived for `silence`.
    pub(super) fn receive(&mut self, silence: Duration, mut take: impl FnMut(&[u8]) -> Result<()>) -> Result<()> {
        self.stream.set_read_timeout(Some(silence))?;
        let mut buffer = vec![0; 256 << 10];
        loop {
            match self.stream.read(&mut buffer) {
                Ok(0) => return Err("nmbd has closed the connection".into()),
                Ok(size) => self.unread.extend_from_slice(&buffer[..size]),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error.into()),
            }
            let mut rest = self.unread.as_slice();
            while let Some((header, after)) = rest.split_first_chunk::<HEADER>() {
                let size = header.first_chunk().map_or(0, |size| u64::from_ne_bytes(*size));
                let Some((datagram, after)) = after.split_at_checked(usize::try_from(size)?) else { break };
                take(datagram)?;
                rest = after;
            }
            let used = self.unread.len() - rest.len();
            self.unread.drain(..used);
        }
    }
}
