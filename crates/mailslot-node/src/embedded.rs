//! A node as a part of another program.

use std::thread::{self, JoinHandle};

use crate::config::Settings;
use crate::error::{Error, Result};
use crate::io::signals::{End, Signals};
use crate::run::Machine;

/// The node of this machine, in a thread of this program: as good as `mailslot node`, as long as this value lives.
///
/// Every program of the machine can then send to the network, and receive if it wants to. There can be one node on a
/// machine, and it needs the ports, or [`beside_samba`](Settings::beside_samba). Programs that only send now and then have
/// less to ask for with [`Sender`](crate::Sender).
///
/// ```no_run
/// use mailslot::{Mailslot, MailslotOptions, MailslotWriter, Network};
/// use mailslot_node::Embedded;
/// use mailslot_node::config::Settings;
///
/// let mut settings = Settings::default();
/// settings.workgroup = "PLANT".to_owned();
/// let node = Embedded::start(settings)?;
///
/// let replies = MailslotOptions::new().network(Network::Allowed).create("replies")?;
/// MailslotWriter::open(r"\\PLANT\mailslot\alerts")?.write(b"who is there?")?;
/// println!("{:?}", replies.receive()?);
///
/// node.stop()?; // gives its names up
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Embedded {
    end: End,
    thread: Option<JoinHandle<Result<()>>>,
}

impl Embedded {
    /// Starts a node: when this returns it has its ports and slots, and claims its names. What
    /// happens is told by [`tracing`]; [`log`](crate::log) writes it.
    ///
    /// # Errors
    ///
    /// - [`Error::AlreadyRuns`], [`Error::PortInUse`], [`Error::PortNotAllowed`] as with [`run`](crate::run())
    /// - [`Error::Settings`] if the settings are wrong; they may name no user to become
    /// - [`Error::Slot`], [`Error::Io`] if the system refuses something else
    pub fn start(settings: Settings) -> Result<Embedded> {
        if settings.user.is_some() {
            return Err(Error::Settings("user: a node in another program cannot become another user".to_owned()));
        }
        let (signals, end) = Signals::by_program()?;
        let mut machine = Machine::start(settings)?;
        let thread = thread::Builder::new()
            .name("mailslot-node".to_owned())
            // No signal asks for other settings.
            .spawn(move || machine.run(&signals, |_| {}));
        let thread = thread.map_err(|error| Error::io("start a thread", error))?;
        Ok(Embedded { end, thread: Some(thread) })
    }

    /// Gives all names up and ends the node. Messages that it has not sent yet are lost. Dropping does the same.
    ///
    /// # Errors
    ///
    /// What has ended it before, if anything.
    pub fn stop(mut self) -> Result<()> {
        self.join()
    }

    fn join(&mut self) -> Result<()> {
        self.end.set();
        match self.thread.take().map(JoinHandle::join) {
            None => Ok(()),
            Some(Ok(result)) => result,
            // What the program's subscriber does with an event is its own.
            Some(Err(panic)) => std::panic::resume_unwind(panic),
        }
    }
}

impl Drop for Embedded {
    fn drop(&mut self) {
        self.end.set();
        if let Some(thread) = self.thread.take() {
            // Whoever wants to know what went wrong calls `stop`.
            let _ = thread.join();
        }
    }
}
