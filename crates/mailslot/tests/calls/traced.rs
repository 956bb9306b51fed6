//! A process that runs under strace, and its trace.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write;
use std::os::fd::AsFd;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;

use super::{errors, part};

/// A time limit for every expected event, long enough for slow machines.
pub const BOUND: Duration = Duration::from_secs(20);

/// The fault that is injected into a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    Error(i32),
    Kill,
}

/// One call of a process, and the fault that is injected into it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Injection {
    pub call: String,
    pub when: u32,
    pub fault: Fault,
}

impl std::fmt::Display for Injection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Injection { call, when, fault } = self;
        match fault {
            Fault::Error(number) => write!(f, "{call}:error={number}:when={when}"),
            Fault::Kill => write!(f, "{call}:signal=KILL:when={when}"),
        }
    }
}

impl Injection {
    pub fn error(&self) -> Option<Errno> {
        match self.fault {
            Fault::Error(number) => Some(Errno::from_raw_os_error(number)),
            Fault::Kill => None,
        }
    }
}

/// A process with which lines are exchanged.
pub struct Process {
    child: Child,
    input: Option<File>,
    output: File,
    heard: Vec<u8>,
}

/// The result of waiting for its next line.
#[derive(Debug)]
pub enum Heard {
    Line(String),
    /// It has ended.
    End,
    /// It sent nothing for [`BOUND`].
    Silence,
}

impl Process {
    fn start(command: &mut Command, uid: u32) -> Process {
        if uid != 0 {
            command.uid(uid).gid(uid);
        }
        let mut child =
            command.current_dir("/").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("it starts");
        let input = std::os::fd::OwnedFd::from(child.stdin.take().expect("a pipe"));
        let output = std::os::fd::OwnedFd::from(child.stdout.take().expect("a pipe"));
        Process { child, input: Some(input.into()), output: output.into(), heard: Vec::new() }
    }

    /// A part that runs without strace.
    pub fn plain(program: &Path, uid: u32, arguments: &[&str]) -> Process {
        Process::start(Command::new(program).arg("part").args(arguments), uid)
    }

    pub fn tell(&mut self, line: &str) {
        // If it has died, `hear` reports that.
        let _ = self.input.as_mut().expect("not ended").write_all(format!("{line}\n").as_bytes());
    }

    pub fn hear(&mut self) -> Heard {
        let deadline = Instant::now() + BOUND;
        loop {
            if let Some(end) = self.heard.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = self.heard.drain(..=end).collect();
                return Heard::Line(String::from_utf8_lossy(&line).trim_end().to_owned());
            }
            let left = deadline.saturating_duration_since(Instant::now());
            let left = Timespec { tv_sec: left.as_secs() as _, tv_nsec: left.subsec_nanos() as _ };
            let mut fds = [PollFd::new(&self.output, PollFlags::IN)];
            if poll(&mut fds, Some(&left)) == Ok(0) {
                return Heard::Silence;
            }
            let mut bytes = [0; 4096];
            match rustix::io::read(self.output.as_fd(), &mut bytes) {
                Ok(0) | Err(_) => return Heard::End,
                Ok(count) => self.heard.extend_from_slice(&bytes[..count]),
            }
        }
    }

    pub fn ask(&mut self, line: &str) -> Heard {
        self.tell(line);
        self.hear()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.input = None;
        let group = rustix::process::Pid::from_child(&self.child);
        // For a group leader this kills the whole group; any other process is killed alone.
        let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A part under strace.
pub struct Traced {
    pub process: Process,
    log: PathBuf,
    errors: PathBuf,
}

impl Traced {
    /// Traces all calls, or makes one of them fail.
    pub fn start(program: &Path, uid: u32, injection: Option<&Injection>, arguments: &[&str]) -> Traced {
        let directory = program.parent().expect("a directory");
        // One file per user: in a sticky directory another user's file may not be opened for writing.
        let file = |what: &str| directory.join(format!("{what}.{}.{uid}", std::process::id()));
        let (log, errors) = (file("trace"), file("errors"));
        let mut command = Command::new("timeout");
        // `timeout` leads a process group, which ends with it.
        command.args(["--signal=KILL", "90", "strace", "-f", "-qq", "-e", "signal=none", "-o"]).arg(&log);
        match injection {
            None => command.args(["-e", "trace=all"]),
            Some(injection) => command
                .args(["--seccomp-bpf", "-e", &format!("trace={}", injection.call)])
                .args(["-e", &format!("inject={injection}")]),
        };
        let _ = std::fs::remove_file(&errors);
        command.stderr(File::create(&errors).expect("a file"));
        command.arg(program).arg("part").args(arguments).env("RUST_BACKTRACE", "0");
        Traced { process: Process::start(&mut command, uid), log, errors }
    }

    /// Waits for its end, after the last command, or kills it if it cannot be expected to end.
    pub fn end(mut self, wait: bool) -> Ended {
        self.process.input = None;
        let deadline = Instant::now() + if wait { BOUND } else { Duration::ZERO };
        let status = loop {
            match self.process.child.try_wait().expect("our child") {
                None if Instant::now() < deadline => std::thread::sleep(Duration::from_micros(200)),
                status => break status,
            }
        };
        drop(self.process);
        let text = |path| String::from_utf8_lossy(&std::fs::read(path).unwrap_or_default()).into_owned();
        Ended { status, trace: text(&self.log), errors: text(&self.errors) }
    }
}

/// The remains of a traced process.
pub struct Ended {
    /// `None` if it did not end.
    pub status: Option<ExitStatus>,
    trace: String,
    pub errors: String,
}

impl Ended {
    pub fn was_injected(&self, fault: Fault) -> bool {
        match fault {
            Fault::Error(_) => self.trace.contains("(INJECTED)"),
            Fault::Kill => self.status.is_some_and(|status| !status.success()),
        }
    }

    /// The call that failed, in strace's form.
    pub fn failed_call(&self) -> &str {
        self.trace.lines().find(|line| line.contains("(INJECTED)")).unwrap_or_default()
    }

    /// Which occurrences of which calls were made for the library, in all threads.
    pub fn calls(&self) -> Result<BTreeMap<String, Vec<u32>>, String> {
        let mut counts: BTreeMap<(&str, &str), u32> = BTreeMap::new();
        let mut calls: BTreeMap<String, Vec<u32>> = BTreeMap::new();
        let (mut begun, mut main) = (false, "");
        for line in self.trace.lines() {
            let Some((pid, rest)) = line.split_once(' ') else { continue };
            let Some((call, arguments)) = rest.trim_start().split_once('(') else { continue };
            if !call.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
                continue;
            }
            let count = counts.entry((pid, call)).or_default();
            *count += 1;
            if arguments.contains(part::BEGIN) {
                (begun, main) = (true, pid);
            } else if arguments.contains(part::END) {
                break;
            } else if begun && errors::is_ours(call) {
                let when = calls.entry(call.to_owned()).or_default();
                if !when.contains(count) {
                    when.push(*count);
                }
            }
        }
        if main.is_empty() { Err(format!("nothing was traced: {}", self.errors)) } else { Ok(calls) }
    }
}
