//! A slot in a `poll` loop, together with something else that the program waits for.
//!
//! `cargo run -p mailslot --example poll_loop`

#[cfg(unix)]
fn main() -> std::io::Result<()> {
    use std::io::{Read, Write};
    use std::os::fd::AsFd;
    use std::os::unix::net::UnixStream;

    use mailslot::{Mailslot, MailslotWriter};
    use rustix::event::{PollFd, PollFlags, poll};

    let slot = Mailslot::create(format!("example-poll-{}", std::process::id()))?;
    let writer = MailslotWriter::open(slot.name())?;
    let (mut control, mut operator) = UnixStream::pair()?;
    let other = std::thread::spawn(move || -> std::io::Result<()> {
        writer.write_batch(&["door 1 opened", "door 1 closed"])?;
        writer.write(b"last")?;
        operator.write_all(b"q")
    });

    let (mut quit, mut messages) = (false, Vec::new());
    while !(quit && messages.last().is_some_and(|last| last == b"last")) {
        // First read everything that is there, then wait: `poll` reports messages that arrive after that.
        while let Some(message) = slot.try_receive()? {
            messages.push(message.data);
        }
        let mut fds = [
            PollFd::from_borrowed_fd(slot.as_fd(), PollFlags::IN),
            PollFd::from_borrowed_fd(control.as_fd(), PollFlags::IN),
        ];
        poll(&mut fds, None)?;
        let asked = fds[1].revents().contains(PollFlags::IN);
        if asked && !quit {
            control.read_exact(&mut [0])?;
            quit = true;
        }
    }
    other.join().expect("the writer does not panic")?;
    println!("{} messages", messages.len());
    Ok(())
}

#[cfg(not(unix))]
fn main() {
    println!("only on Unix");
}
