//! A slot passed to another process over a Unix socket (`SCM_RIGHTS`): for a process that is not a child, or already
//! runs.
//!
//! `cargo run -p mailslot --example pass_over_socket`

#[cfg(unix)]
fn main() -> std::io::Result<()> {
    unix::main()
}

#[cfg(not(unix))]
fn main() {
    println!("only on Unix");
}

#[cfg(unix)]
mod unix {
    use std::io::{self, IoSlice, IoSliceMut};
    use std::mem::MaybeUninit;
    use std::os::fd::{AsFd, OwnedFd};
    use std::os::unix::net::UnixStream;
    use std::process::{Command, Stdio};

    use mailslot::{Error, Handles, Mailslot, MailslotWriter};
    use rustix::net::{RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer};
    use rustix::net::{SendAncillaryMessage, SendFlags, recvmsg, sendmsg};

    pub fn main() -> io::Result<()> {
        match std::env::args().nth(1).as_deref() {
            Some("child") => child(),
            _ => parent(),
        }
    }

    fn parent() -> io::Result<()> {
        let (here, there) = UnixStream::pair()?;
        let child =
            Command::new(std::env::current_exe()?).arg("child").stdin(Stdio::from(OwnedFd::from(there))).spawn();

        let slot = Mailslot::create(format!("example-pass-{}", std::process::id()))?;
        MailslotWriter::open(slot.name())?.write(b"from before")?;
        send(&here, &slot.share())?;
        // The slot stays open: its descriptors are in transit.
        drop(slot);
        let status = child?.wait()?;
        println!("the other process ended with {status}");
        Ok(())
    }

    fn child() -> io::Result<()> {
        let slot = Mailslot::from_handles(receive(&UnixStream::from(io::stdin().as_fd().try_clone_to_owned()?))?)?;
        println!("the other process reads: {}", String::from_utf8_lossy(&slot.receive()?.data));
        Ok(())
    }

    fn send(socket: &UnixStream, handles: &Handles) -> io::Result<()> {
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(3))];
        let mut ancillary = SendAncillaryBuffer::new(&mut space);
        let fds = handles.as_fds();
        ancillary.push(SendAncillaryMessage::ScmRights(&fds));
        sendmsg(socket, &[IoSlice::new(b"m")], &mut ancillary, SendFlags::empty())?;
        Ok(())
    }

    fn receive(socket: &UnixStream) -> io::Result<Handles> {
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(3))];
        let mut ancillary = RecvAncillaryBuffer::new(&mut space);
        recvmsg(socket, &mut [IoSliceMut::new(&mut [0])], &mut ancillary, RecvFlags::CMSG_CLOEXEC)?;
        let fds: Vec<OwnedFd> = ancillary
            .drain()
            .filter_map(|message| match message {
                RecvAncillaryMessage::ScmRights(fds) => Some(fds),
                _ => None,
            })
            .flatten()
            .collect();
        let fds: [OwnedFd; 3] =
            fds.try_into().map_err(|_| Error::InvalidInheritance("not three descriptors came".to_owned()))?;
        Ok(fds.try_into()?)
    }
}
