//! Code that the tests share.
#![allow(dead_code, clippy::unwrap_used)]

#[cfg(target_os = "linux")]
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use mailslot::{Mailslot, MailslotWriter};

/// A slot name that no other test uses.
pub fn name() -> String {
    static COUNTER: AtomicU32 = AtomicU32::new(0);
    format!("test-{}-{}", std::process::id(), COUNTER.fetch_add(1, Ordering::Relaxed))
}

/// A new slot and a writer to it.
pub fn pair() -> (Mailslot, MailslotWriter) {
    let slot = Mailslot::create(name()).unwrap();
    let writer = MailslotWriter::open(slot.name().as_str()).unwrap();
    (slot, writer)
}

/// Turns a hang into a failure: the process aborts, naming the test, when it and its children have slept for a minute
/// with few interruptions. On a slow machine a test with work to do does not sleep. A test that runs for ever is not
/// noticed.
pub fn watchdog() -> Watchdog {
    let done = Arc::new(AtomicBool::new(false));
    let seen = done.clone();
    let test = std::thread::current().name().unwrap_or("a test").to_owned();
    std::thread::spawn(move || {
        // Sleeping readers wake every few seconds, so this many checks may find them awake.
        let (mut looks, mut awake) = (0, 0);
        while !seen.load(Ordering::Relaxed) {
            std::thread::park_timeout(Duration::from_millis(100));
            looks += 1;
            awake += u32::from(somebody_is_awake());
            if awake > 20 {
                (looks, awake) = (0, 0);
            } else if looks == 600 {
                eprintln!("{test} hangs");
                std::process::abort();
            }
        }
    });
    Watchdog(done)
}

/// How many descriptors this process has open, without those of the watchdog.
#[cfg(target_os = "linux")]
pub fn open_descriptors() -> usize {
    let files = std::fs::read_dir("/proc/self/fd").unwrap().map(|entry| entry.unwrap().path());
    files.filter(|path| std::fs::read_link(path).is_ok_and(|file| !file.starts_with("/proc"))).count()
}

/// Whether a thread of this process, except the calling one, or of a process below it, is running or runnable.
#[cfg(target_os = "linux")]
fn somebody_is_awake() -> bool {
    use std::fs::{read_dir, read_to_string};
    let own = format!("{}", rustix::thread::gettid().as_raw_pid());
    let mut processes = vec![std::process::id().to_string()];
    while let Some(process) = processes.pop() {
        for thread in read_dir(format!("/proc/{process}/task")).into_iter().flatten().flatten() {
            let of = |file: &str| read_to_string(thread.path().join(file)).unwrap_or_default();
            // The thread may have ended, and its name may contain any character.
            let sleeps = of("stat").rsplit(") ").next().is_none_or(|rest| rest.starts_with(['S', 'T', 't', 'Z', 'X']));
            if !sleeps && thread.file_name() != *own {
                return true;
            }
            processes.extend(of("children").split_whitespace().map(str::to_owned));
        }
    }
    false
}

/// On other systems hangs are not detected.
#[cfg(not(target_os = "linux"))]
fn somebody_is_awake() -> bool {
    true
}

pub struct Watchdog(Arc<AtomicBool>);

impl Drop for Watchdog {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Runs a test again in a separate process, with separate slots and domain files, through another program if `wrapper`
/// names one. True in that process.
#[cfg(target_os = "linux")]
pub fn is_apart(test: &str, wrapper: &[&str]) -> bool {
    use std::os::unix::fs::PermissionsExt;
    if std::env::var_os("MAILSLOT_TEST_APART").is_some() {
        std::mem::forget(watchdog());
        return true;
    }
    let root = std::env::temp_dir().join(format!("mailslot-{}", name()));
    std::fs::create_dir_all(root.join("domains")).unwrap();
    std::fs::set_permissions(&root, std::fs::Permissions::from_mode(0o1777)).unwrap();
    let test_binary = std::env::current_exe().unwrap().into_os_string();
    let mut command = wrapper.iter().map(std::ffi::OsString::from).chain([test_binary]);
    let status = Command::new(command.next().unwrap())
        .args(command)
        .args(["--exact", test, "--nocapture", "--quiet"])
        .env("MAILSLOT_TEST_APART", "1")
        .env("MAILSLOT_ROOT", &root)
        .env("MAILSLOT_DOMAINS", root.join("domains"))
        .status()
        .unwrap();
    std::fs::remove_dir_all(&root).unwrap();
    assert!(status.success(), "{status}");
    false
}

/// Like `is_apart`, with slots on a separate file system, and after the commands in `set_up`. Needs root; without it
/// the test is skipped, with a message.
#[cfg(target_os = "linux")]
pub fn is_mounted_apart(test: &str, options: &str, unshare: &[&str], set_up: &str) -> bool {
    if !is_root(test) {
        return false;
    }
    let mount = format!(
        r#"mount -t tmpfs -o mode=1777,{options} slots "$MAILSLOT_ROOT" && mkdir "$MAILSLOT_DOMAINS" &&
        {set_up} exec "$0" "$@""#
    );
    is_apart(test, &[&["unshare", "--mount"], unshare, &["sh", "-c", &mount]].concat())
}

/// Whether there can be other users, which needs root.
#[cfg(target_os = "linux")]
pub fn is_root(test: &str) -> bool {
    use std::os::unix::fs::MetadataExt;
    let root = std::fs::metadata("/proc/self").unwrap().uid() == 0;
    if !root {
        eprintln!("{test}: SKIPPED, other users and networks need root");
    }
    root
}

/// The exit status of a test binary with a failed test.
const FAILED: i32 = 101;

/// The test binary started again, for its test `plays_its_part`, which gets its part from [`part`]. Dropping this kills
/// the process, even if the test fails. If a part fails, the test binary aborts: its tests would wait for that part.
pub struct Part(Child);

impl Part {
    pub fn start(part: &str) -> Part {
        let child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "plays_its_part", "--nocapture", "--quiet"])
            .env("MAILSLOT_TEST_PART", part)
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        Part::watched(child, part)
    }

    /// Like `start`, as another user, which needs root.
    #[cfg(target_os = "linux")]
    pub fn start_as(uid: u32, part: &str) -> Part {
        let spawn = |program: &std::path::Path| {
            Command::new(program)
                .args(["--exact", "plays_its_part", "--nocapture", "--quiet"])
                .env("MAILSLOT_TEST_PART", part)
                .current_dir("/")
                .uid(uid)
                .gid(uid)
                .stdout(Stdio::null())
                .spawn()
        };
        // This program, at any path: the user may not be able to enter its directory. Under an emulator this path does
        // not work.
        let child = spawn("/proc/self/exe".as_ref());
        Part::watched(child.unwrap_or_else(|_| spawn(&std::env::current_exe().unwrap()).unwrap()), part)
    }

    #[cfg(target_os = "linux")]
    fn watched(child: Child, part: &str) -> Part {
        use rustix::process::{Pid, WaitId, WaitIdOptions, waitid};
        let (pid, part) = (Pid::from_child(&child), part.to_owned());
        std::thread::spawn(move || {
            // Leaves the child to be waited for; there is none if that was faster.
            let ended = waitid(WaitId::Pid(pid), WaitIdOptions::EXITED | WaitIdOptions::NOWAIT);
            if ended.ok().flatten().is_some_and(|status| status.exit_status() == Some(FAILED)) {
                eprintln!("the part {part:?} failed");
                std::process::abort();
            }
        });
        Part(child)
    }

    #[cfg(not(target_os = "linux"))]
    fn watched(child: Child, _part: &str) -> Part {
        Part(child)
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.0.id()
    }

    /// Whether it has not ended.
    pub fn is_running(&mut self) -> bool {
        self.0.try_wait().unwrap().is_none()
    }

    /// Waits until it has ended, and checks that it succeeded.
    pub fn finish(mut self) {
        assert!(self.0.wait().unwrap().success());
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.0.kill();
        self.0.wait().unwrap();
    }
}

/// The part that this process plays, if it is a [`Part`]. It ends with the test's thread: left over, it would keep the
/// pipe open that whoever started the tests reads to its end.
pub fn part() -> Option<String> {
    let part = std::env::var("MAILSLOT_TEST_PART").ok()?;
    #[cfg(target_os = "linux")]
    end_with_parent();
    Some(part)
}

/// Ends this process with its parent's thread.
#[cfg(target_os = "linux")]
pub fn end_with_parent() {
    rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL)).unwrap();
}
