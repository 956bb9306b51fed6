//! A separate machine for each test, as far as slots are concerned, and operations on it.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use rustix::fs::{CWD, FileType, Mode};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::TempDir;

use crate::terminal::Terminal;

/// The place of a test's slots.
pub struct Machine {
    /// `None`: the root of the test's own process.
    root: Option<TempDir>,
    _watchdog: Watchdog,
}

/// A process that has ended.
#[derive(Debug)]
pub struct Done {
    pub status: ExitStatus,
    pub stdout: Vec<u8>,
    pub stderr: String,
}

/// A `listen` that has created its slot.
pub struct Listener {
    child: Child,
    stderr: BufReader<ChildStderr>,
}

impl Machine {
    /// A machine without slots.
    pub fn new() -> Machine {
        Machine { root: Some(tempfile::tempdir().expect("a directory")), _watchdog: Watchdog::start() }
    }

    /// The machine of the test itself, where other tests have slots: use unique names.
    pub fn here() -> Machine {
        Machine { root: None, _watchdog: Watchdog::start() }
    }

    /// The directory of the slots.
    pub fn root(&self) -> &Path {
        self.root.as_ref().expect("a separate machine").path()
    }

    /// Sends a signal to the process of this machine that runs a command with these words.
    pub fn signal_by_name(&self, words: &str, signal: &str) {
        let root = format!("MAILSLOT_ROOT={}", self.root().display());
        let of = |entry: std::io::Result<std::fs::DirEntry>| -> Option<String> {
            let process = entry.ok()?.path();
            let arguments = std::fs::read(process.join("cmdline")).ok()?;
            let line = String::from_utf8_lossy(&arguments).replace('\0', " ");
            let environment = std::fs::read(process.join("environ")).ok()?;
            let is_here = environment.split(|byte| *byte == 0).any(|variable| variable == root.as_bytes());
            (is_here && line.starts_with(words)).then(|| process.file_name()?.to_str().map(str::to_owned))?
        };
        let found: Vec<String> = std::fs::read_dir("/proc").expect("readable").filter_map(of).collect();
        let [process] = &found[..] else { panic!("{words}: {found:?}") };
        let sent = Command::new("kill").args(["-s", signal, process]).status().expect("kill starts");
        assert!(sent.success(), "{signal} {process}");
    }

    /// A listener that has taken one message out of its slot, takes no other, and ends when the pipe is written to.
    pub fn busy_listener(&self, name: &str) -> (Listener, PathBuf) {
        let gate = self.root().join("gate");
        rustix::fs::mknodat(CWD, &gate, FileType::Fifo, Mode::RWXU, 0).expect("a pipe");
        let script = format!("echo begun; read line < '{}'", gate.display());
        let mut listener = self.listen(&[name, "--count", "1", "--exec", &script]);
        self.send(name, &["first"]);
        let mut begun = String::new();
        let mut printed = BufReader::new(listener.child().stdout.take().expect("a pipe"));
        printed.read_line(&mut begun).expect("readable");
        assert_eq!(begun, "begun\n");
        (listener, gate)
    }

    pub fn command<A: AsRef<OsStr>>(&self, args: &[A]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_mailslot"));
        if let Some(root) = &self.root {
            command.env("MAILSLOT_ROOT", root.path());
        }
        command.args(args).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    pub fn run<A: AsRef<OsStr>>(&self, args: &[A]) -> Done {
        self.command(args).output().expect("the command starts").into()
    }

    pub fn run_with_input<A: AsRef<OsStr>>(&self, args: &[A], input: &[u8]) -> Done {
        let mut child = self.command(args).stdin(Stdio::piped()).spawn().expect("the command starts");
        // The command may end before it has read everything.
        let _ = child.stdin.take().expect("a pipe").write_all(input);
        child.wait_with_output().expect("the command ends").into()
    }

    pub fn listen<A: AsRef<OsStr>>(&self, args: &[A]) -> Listener {
        Listener::start(&mut self.command(&["listen", "--verbose"]), args)
    }

    /// Sends, and asserts success.
    pub fn send<A: AsRef<OsStr>>(&self, name: &str, messages: &[A]) {
        let mut command = self.command(&["send", name]);
        Done::from(command.args(messages).output().expect("the command starts")).succeeded();
    }
}

impl Listener {
    /// Starts `command` with `args`, and waits until its slot exists.
    pub fn start<A: AsRef<OsStr>>(command: &mut Command, args: &[A]) -> Listener {
        let mut child = command.args(args).spawn().expect("the command starts");
        let mut stderr = BufReader::new(child.stderr.take().expect("a pipe"));
        let mut ready = String::new();
        stderr.read_line(&mut ready).expect("readable");
        assert!(ready.contains("listening on") || ready.contains("tapping"), "{ready}");
        Listener { child, stderr }
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    pub fn child(&mut self) -> &mut Child {
        &mut self.child
    }

    /// The next line of its standard error.
    pub fn next_line(&mut self) -> String {
        let mut line = String::new();
        self.stderr.read_line(&mut line).expect("readable");
        line
    }

    pub fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).expect("the listener lives");
    }

    /// Waits until it ends, with standard output on a terminal. Returns its status and its output.
    pub fn finish_on(self, terminal: Terminal) -> (ExitStatus, String) {
        terminal.finish(self.child)
    }

    pub fn finish(self) -> Done {
        let Listener { child, mut stderr } = self;
        // Reads both streams at once: the command must not block on either.
        let said = thread::spawn(move || {
            let mut said = String::new();
            stderr.read_to_string(&mut said).expect("UTF-8");
            said
        });
        let output = child.wait_with_output().expect("the command ends");
        Done { stderr: said.join().expect("no panic"), ..output.into() }
    }
}

impl Done {
    pub fn code(&self) -> Option<i32> {
        self.status.code()
    }

    /// The standard output, after asserting success.
    #[track_caller]
    pub fn succeeded(self) -> Vec<u8> {
        assert_eq!((self.code(), self.status.signal()), (Some(0), None), "{self:?}");
        assert_eq!(self.stderr, "");
        self.stdout
    }

    #[track_caller]
    pub fn text(self) -> String {
        String::from_utf8(self.succeeded()).expect("UTF-8")
    }

    #[track_caller]
    pub fn json(self) -> Value {
        serde_json::from_slice(&self.succeeded()).expect("JSON")
    }

    #[track_caller]
    pub fn json_lines(self) -> Vec<Value> {
        self.text().lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
    }

    /// Asserts a failure with this status, and these words in its diagnostics.
    #[track_caller]
    pub fn failed(self, code: i32, words: &[&str]) {
        assert_eq!(self.code(), Some(code), "{self:?}");
        assert!(self.stderr.starts_with("mailslot: "), "{}", self.stderr);
        for word in words {
            assert!(self.stderr.contains(word), "{word:?} is not in {}", self.stderr);
        }
    }
}

impl From<std::process::Output> for Done {
    fn from(output: std::process::Output) -> Done {
        let stderr = String::from_utf8(output.stderr).expect("diagnostics are UTF-8");
        Done { status: output.status, stdout: output.stdout, stderr }
    }
}

/// A name that no other test has, in this or another process.
pub fn unique_name() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    format!("cli-test-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed))
}

/// Turns a hanging test into a failure with its name.
struct Watchdog {
    _alive: mpsc::Sender<()>,
}

impl Watchdog {
    fn start() -> Watchdog {
        let (alive, ended) = mpsc::channel::<()>();
        let test = thread::current().name().unwrap_or("a test").to_owned();
        thread::spawn(move || {
            if ended.recv_timeout(Duration::from_secs(120)) == Err(RecvTimeoutError::Timeout) {
                eprintln!("{test} hangs");
                std::process::abort();
            }
        });
        Watchdog { _alive: alive }
    }
}
