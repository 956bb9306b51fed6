//! Runs the compiled programs, each with a separate root for slots.

use std::fs::Permissions;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};

/// After this many seconds a program counts as hung, and is killed. Machines may pause for a minute.
const HUNG_AFTER: &str = "300";

/// Runs a program under valgrind, which ends it with 9 for any mistake or leaked memory.
pub const VALGRIND: &[&str] = &[
    "valgrind",
    "-q",
    "--error-exitcode=9",
    "--leak-check=full",
    "--show-leak-kinds=definite",
    "--errors-for-leak-kinds=definite",
];
/// The same without a check for leaks: a forked child has lost the memory held by the threads of its parent.
pub const VALGRIND_FORKING: &[&str] = &["valgrind", "-q", "--error-exitcode=9", "--leak-check=no"];

/// A directory for slots that no other test uses, below shared memory as in real life.
pub struct Slots(PathBuf);

impl Slots {
    pub fn new() -> Slots {
        static COUNTER: AtomicU32 = AtomicU32::new(0);
        let number = COUNTER.fetch_add(1, Ordering::Relaxed);
        let path = PathBuf::from(format!("/dev/shm/mailslot-win32-test-{}-{number}", std::process::id()));
        std::fs::create_dir(&path).expect("a directory in /dev/shm");
        // Other users take part in the tests about access.
        std::fs::set_permissions(&path, Permissions::from_mode(0o1777)).expect("the directory is ours");
        Slots(path)
    }

    pub fn path(&self) -> &Path {
        &self.0
    }

    /// A program that is about to start. `wrapper` runs it, if it is not empty.
    pub fn command(&self, wrapper: &[&str], program: &Path, arguments: &[&str]) -> Command {
        let mut command = Command::new("timeout");
        command
            .args(["-k", "5", HUNG_AFTER])
            .args(wrapper)
            .arg(program)
            .args(arguments)
            .env("MAILSLOT_ROOT", &self.0)
            // Cargo's value might find a library of another build.
            .env_remove("LD_LIBRARY_PATH")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// Runs a program to its end and returns its output. A failure and output on standard error are errors.
    pub fn run(&self, wrapper: &[&str], program: &Path, arguments: &[&str], input: &str) -> Result<String, String> {
        Running::start(self.command(wrapper, program, arguments))?.finish(input)
    }
}

impl Drop for Slots {
    fn drop(&mut self) {
        // Left behind only if a program was killed; the name will not be used again.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A program that runs.
pub struct Running {
    child: Child,
    output: BufReader<ChildStdout>,
    seen: String,
}

impl Running {
    pub fn start(mut command: Command) -> Result<Running, String> {
        let mut child = command.spawn().map_err(|error| format!("{command:?}: {error}"))?;
        let output = BufReader::new(child.stdout.take().expect("its output is a pipe"));
        Ok(Running { child, output, seen: String::new() })
    }

    /// Waits until it prints a line.
    pub fn line(&mut self) -> Result<String, String> {
        let mut line = String::new();
        self.output.read_line(&mut line).map_err(|error| error.to_string())?;
        self.seen.push_str(&line);
        Ok(line.trim_end().to_owned())
    }

    /// After its end, kills processes that it left running, which would keep its output open for ever. `timeout` has
    /// put them all into one group.
    fn kill_what_it_leaves_behind(&self) {
        let pid = Pid::from_child(&self.child);
        std::thread::spawn(move || {
            // Not reaped, so that the id is not reused until the child is collected.
            if waitid(WaitId::Pid(pid), WaitIdOptions::EXITED | WaitIdOptions::NOWAIT).is_ok() {
                // Fails if none is left, as usual.
                let _ = kill_process_group(pid, Signal::KILL);
            }
        });
    }

    /// Writes `input`, closes the input, waits for its end, and returns its output.
    pub fn finish(mut self, input: &str) -> Result<String, String> {
        let mut stdin = self.child.stdin.take().expect("its input is a pipe");
        let written = stdin.write_all(input.as_bytes());
        drop(stdin);
        self.kill_what_it_leaves_behind();
        let read = self.output.read_to_string(&mut self.seen);
        let mut complaints = String::new();
        let mut stderr = self.child.stderr.take().expect("its standard error is a pipe");
        stderr.read_to_string(&mut complaints).map_err(|error| error.to_string())?;
        // Remarks of valgrind, such as about an unknown system call, begin so; errors begin with "==".
        let complaints: Vec<&str> = complaints.lines().filter(|line| !line.starts_with("--")).collect();
        let status: ExitStatus = self.child.wait().map_err(|error| error.to_string())?;
        if !status.success() || !complaints.is_empty() || read.is_err() || written.is_err() {
            return Err(format!("{status}\n{}\n{}", self.seen, complaints.join("\n")));
        }
        Ok(self.seen)
    }
}
