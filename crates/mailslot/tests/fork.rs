//! A slot's owner and its writers after a fork.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used)]
mod common;

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use common::{Part, name, pair, part, watchdog};
use mailslot::{Inheritance, Mailslot, MailslotWriter, Timeout};
use rustix::process::{Pid, Signal, WaitOptions, kill_process, waitpid};

/// Forks; the child exits with the status that `play` returns.
fn fork(play: impl FnOnce() -> i32) -> Pid {
    // SAFETY: children of these tests do only what the library promises to support after a fork.
    child_of(unsafe { libc::fork() }, play)
}

/// Like `fork`, unnoticed by the C library.
fn bare_fork(play: impl FnOnce() -> i32) -> Pid {
    // SAFETY: as above; without flags and a stack the call is a fork.
    child_of(unsafe { libc::syscall(libc::SYS_clone, libc::SIGCHLD, 0, 0, 0, 0) as i32 }, play)
}

fn child_of(forked: i32, play: impl FnOnce() -> i32) -> Pid {
    if forked == 0 {
        let status = play();
        // SAFETY: ends the child, without running the end of the test.
        unsafe { libc::_exit(status) }
    }
    Pid::from_raw(forked).unwrap()
}

fn status_of(child: Pid) -> Option<i32> {
    waitpid(Some(child), WaitOptions::empty()).unwrap().unwrap().1.exit_status()
}

#[test]
fn plays_its_part() {
    let Some(part) = part() else { return };
    match part.split_once(' ').unwrap() {
        ("enter", slot) => enter_another_namespace(slot),
        (part, _) => panic!("{part}"),
    }
}

/// The lock holds the child's own id, and passes to others when the child dies.
#[test]
fn child_that_is_killed_in_a_write_is_not_its_parent() {
    let _watchdog = watchdog();
    let (slot, writer) = pair();
    writer.write(b"this thread is known").unwrap();
    slot.receive().unwrap();
    let (reached, reach) = rustix::pipe::pipe().unwrap();
    let child = bare_fork(|| {
        let written = writer.write_in_place(8, |_| {
            rustix::io::write(&reach, &[1]).unwrap();
            loop {
                std::thread::park();
            }
        });
        i32::from(written.is_ok())
    });
    assert_eq!(rustix::io::read(&reached, &mut [0]).unwrap(), 1);
    kill_process(child, Signal::KILL).unwrap();
    assert_eq!(status_of(child), None);
    std::thread::spawn(move || writer.write_within(b"next", Timeout::Zero).unwrap()).join().unwrap();
    assert_eq!(slot.receive().unwrap().data, b"next");
}

/// Thread ids are different there.
#[test]
fn who_has_entered_another_pid_namespace_is_no_friend() {
    let _watchdog = watchdog();
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let (slot, _writer) = pair();
    Part::start(&format!("enter {}", slot.name())).finish();
    assert_eq!(slot.receive_within(Timeout::After(Duration::from_secs(60))).unwrap().data, b"from there");
}

fn enter_another_namespace(slot: &str) {
    let friend = MailslotWriter::open(slot).unwrap();
    assert!(friend.info().is_ok(), "the namespace is known, as that of the slot");
    // SAFETY: the call takes a number, and only affects later children.
    assert_eq!(unsafe { libc::unshare(libc::CLONE_NEWPID) }, 0);
    let child = fork(|| {
        let writer = MailslotWriter::open(slot).unwrap();
        if writer.info().is_ok() {
            return 1;
        }
        writer.write(b"from there").map_or(2, |()| 0)
    });
    assert_eq!(status_of(child), Some(0));
}

/// Whatever another thread of the parent is doing at that moment.
#[test]
fn children_of_a_busy_reader_read_what_they_inherit() {
    let _watchdog = watchdog();
    let slot = Mailslot::options().inheritance(Inheritance::Inherited).create(name()).unwrap();
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                slot.try_receive().unwrap();
                mailslot::status(slot.name()).unwrap();
            }
        });
        let read = || {
            // SAFETY: takes a number. It ends a child that hangs.
            unsafe { libc::alarm(20) };
            let read = slot.try_receive().is_ok();
            let found = mailslot::list().is_ok();
            i32::from(!read || !found)
        };
        let statuses: Vec<_> =
            (0..300).map(|_| status_of(fork(read))).take_while(|status| *status == Some(0)).collect();
        done.store(true, Ordering::Relaxed);
        assert_eq!(statuses.len(), 300, "a child that hangs or cannot read");
    });
}
