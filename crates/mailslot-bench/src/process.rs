//! Child processes: this program again, with a task as its argument, and results as lines of JSON.
//!
//! A child reports on its standard output that it has reached a step, and continues at a line on its standard input. No
//! step is timed by sleeping.

use std::io::{BufRead, BufReader, Write};
use std::os::fd::AsFd;
use std::path::Path;
use std::process::{ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Signal, set_parent_process_death_signal};
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::Result;
use crate::place::Place;
use crate::scenario::Task;

/// The hidden subcommands of a child: with a task between processes, and with one on the network.
pub(crate) const CHILD: &str = "child";
pub(crate) const NETWORK_CHILD: &str = "network-child";

/// A step that takes longer than this hangs.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running child, killed when dropped.
pub(crate) struct Child {
    child: std::process::Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    task: String,
}

impl Child {
    /// Starts a child with `task`.
    pub(crate) fn start(task: &Task) -> Result<Child> {
        Child::spawn(
            Command::new(std::env::current_exe()?).arg(CHILD),
            serde_json::to_string(task)?,
            &task.place.slots(),
        )
    }

    /// Starts a child with a task in a network namespace.
    pub(crate) fn start_in(namespace: &str, place: &Place, task: &impl Serialize) -> Result<Child> {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", namespace]).arg(std::env::current_exe()?).arg(NETWORK_CHILD);
        Child::spawn(&mut command, serde_json::to_string(task)?, &place.slots())
    }

    /// Starts a child with the hidden subcommand `word`, a task, and slots in the directory `slots`.
    #[cfg(feature = "domains")]
    pub(crate) fn start_as(word: &str, task: &impl Serialize, slots: &Path) -> Result<Child> {
        Child::spawn(Command::new(std::env::current_exe()?).arg(word), serde_json::to_string(task)?, slots)
    }

    fn spawn(command: &mut Command, text: String, slots: &Path) -> Result<Child> {
        let mut child = command
            .arg(&text)
            .env("MAILSLOT_ROOT", slots)
            .env("RUST_BACKTRACE", "0")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let input = child.stdin.take().ok_or("child without input")?;
        let output = BufReader::new(child.stdout.take().ok_or("child without output")?);
        Ok(Child { child, input, output, task: text })
    }

    /// Waits until the child has reached its next step, or for its result after the last step.
    pub(crate) fn line(&mut self) -> Result<String> {
        if self.output.buffer().is_empty() {
            let mut fds = [PollFd::new(self.output.get_ref(), PollFlags::IN)];
            let patience = Timespec { tv_sec: PATIENCE.as_secs() as i64, tv_nsec: 0 };
            if poll(&mut fds, Some(&patience))? == 0 {
                return Err(format!("no answer from child {}", self.task).into());
            }
        }
        let mut line = String::new();
        if self.output.read_line(&mut line)? == 0 {
            return Err(format!("child failed: {}", self.task).into());
        }
        if let Some(error) = line.strip_prefix(FAILED) {
            return Err(error.trim().into());
        }
        Ok(line)
    }

    /// Waits until the child has reached its next step.
    pub(crate) fn reached(&mut self) -> Result<()> {
        match self.line()?.trim() {
            STEP => Ok(()),
            other => Err(format!("child printed {other:?} instead of taking a step: {}", self.task).into()),
        }
    }

    /// Lets the child continue.
    pub(crate) fn proceed(&mut self) -> Result<()> {
        Ok(self.input.write_all(b"\n")?)
    }

    /// Waits for the child's result.
    pub(crate) fn result<T: DeserializeOwned>(&mut self) -> Result<T> {
        Ok(serde_json::from_str(&self.line()?)?)
    }

    /// Waits for the child's result and its end.
    pub(crate) fn finish<T: DeserializeOwned>(mut self) -> Result<T> {
        let result = self.result()?;
        self.end()?;
        Ok(result)
    }

    /// Waits for the child's end.
    pub(crate) fn end(mut self) -> Result<()> {
        let status = self.child.wait()?;
        if status.success() { Ok(()) } else { Err(format!("child ended with {status}: {}", self.task).into()) }
    }

    /// The child's process id.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        // Both fail only if the child has ended and was waited for.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

const STEP: &str = "step";
/// The prefix of the line with the reason for which a child fails.
const FAILED: &str = "failed: ";

/// In a child: ties its life to the parent's and puts it on `cpus`.
pub(crate) fn settle(cpus: &[usize]) -> Result<()> {
    set_parent_process_death_signal(Some(Signal::KILL))?;
    if !cpus.is_empty() {
        let mut set = CpuSet::new();
        cpus.iter().for_each(|&cpu| set.set(cpu));
        sched_setaffinity(None, &set)?;
    }
    Ok(())
}

/// In a child: becomes another user for good.
pub(crate) fn become_user(id: u32) -> Result<()> {
    let (uid, gid) = (rustix::process::Uid::from_raw(id), rustix::process::Gid::from_raw(id));
    // A child has one thread, so the thread's ids are the process's.
    rustix::thread::set_thread_groups(&[])?;
    rustix::thread::set_thread_res_gid(gid, gid, gid)?;
    rustix::thread::set_thread_res_uid(uid, uid, uid)?;
    // Set again, because the change of user has cleared it.
    Ok(set_parent_process_death_signal(Some(Signal::KILL))?)
}

/// In a child: reports that a step is reached, and waits for the parent.
pub(crate) fn step() -> Result<()> {
    passed()?;
    wait()
}

/// In a child: reports that a step is reached, and continues.
pub(crate) fn passed() -> Result<()> {
    say(STEP)
}

/// In a child: reports the result, and stays until the parent lets it end.
pub(crate) fn report_and_stay<T: Serialize>(result: &T) -> Result<()> {
    report(result)?;
    wait()
}

fn wait() -> Result<()> {
    let mut line = [0];
    let mut read = 0;
    while read == 0 {
        // Unbuffered: a buffer might hold bytes that a later step needs.
        read = rustix::io::read(std::io::stdin().as_fd(), &mut line)?;
        if read == 0 {
            return Err("parent is gone".into());
        }
    }
    Ok(())
}

/// In a child: reports the result.
pub(crate) fn report<T: Serialize>(result: &T) -> Result<()> {
    say(&serde_json::to_string(result)?)
}

/// In a child: tells why it gives up.
pub(crate) fn fail(error: &dyn std::error::Error) {
    // Without a parent nobody wants to know.
    let _ = say(&format!("{FAILED}{}", error.to_string().replace('\n', " ")));
}

fn say(text: &str) -> Result<()> {
    let mut out = std::io::stdout().lock();
    out.write_all(format!("{text}\n").as_bytes())?;
    Ok(out.flush()?)
}

/// Where readers and writers run.
#[derive(Clone, Debug, Default)]
pub(crate) struct Cpus {
    /// The reader's, alone. Empty if there is only one, which all share.
    pub(crate) reader: Vec<usize>,
    /// All others.
    pub(crate) writers: Vec<usize>,
}

impl Cpus {
    /// Splits the CPUs that this process may use.
    pub(crate) fn split() -> Result<Cpus> {
        let set = sched_getaffinity(None)?;
        let mut all = (0..CpuSet::MAX_CPU).filter(|&cpu| set.is_set(cpu));
        let reader: Vec<usize> = all.next().into_iter().collect();
        let writers: Vec<usize> = all.collect();
        Ok(if writers.is_empty() { Cpus::default() } else { Cpus { reader, writers } })
    }

    /// One CPU that is not the reader's.
    pub(crate) fn writer(&self) -> Vec<usize> {
        self.writers.first().copied().into_iter().collect()
    }
}
