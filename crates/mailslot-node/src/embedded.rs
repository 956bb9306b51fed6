//! A node within another program.

use std::thread::{self, JoinHandle};

use crate::config;
use crate::error::{Error, Result};
use crate::io::signals::{End, Signals};
use crate::run::Machine;

/// The node of this machine, in a thread of this program: equivalent to `mailslot node`, until this value is dropped.
///
/// Every program of the machine can then send to the network, and receive from it. A machine can have one node, which
/// needs the ports, or [`beside_samba`](config::Settings::beside_samba). For programs that only send now and then,
/// [`Sender`](crate::Sender) needs less.
///
/// ```no_run
/// use mailslot::{Mailslot, MailslotOptions, MailslotWriter, Network};
/// use mailslot_node::Embedded;
/// use mailslot_node::config;
///
/// let mut settings = config::Settings::default();
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
    /// Starts a node. When this returns, the node has its ports and slots, and claims its names. It reports events by
    /// [`tracing`]; [`log`](crate::log) writes them.
    ///
    /// # Errors
    ///
    /// - [`Error::AlreadyRuns`], [`Error::PortInUse`], [`Error::PortNotAllowed`] as with [`run`](crate::run())
    /// - [`Error::Settings`] if the settings are invalid, or name a user to become
    /// - [`Error::Slot`], [`Error::Io`] if the system refuses something else
    pub fn start(settings: config::Settings) -> Result<Embedded> {
        if settings.user.is_some() {
            return Err(Error::Settings("user: a node in another program cannot become another user".to_owned()));
        }
        let (signals, end) = Signals::by_program()?;
        let mut machine = Machine::start(settings)?;
        let thread = thread::Builder::new()
            .name("mailslot-node".to_owned())
            // No signal makes it reload its settings.
            .spawn(move || machine.run(&signals, |_| {}));
        let thread = thread.map_err(|error| Error::io("start a thread", error))?;
        Ok(Embedded { end, thread: Some(thread) })
    }

    /// Releases all names and ends the node. Messages that it has not sent yet are lost. Dropping does the same.
    ///
    /// # Errors
    ///
    /// The error that ended the node before, if one did.
    pub fn stop(mut self) -> Result<()> {
        self.join()
    }

    fn join(&mut self) -> Result<()> {
        self.end.set();
        match self.thread.take().map(JoinHandle::join) {
            None => Ok(()),
            Some(Ok(result)) => result,
            // A panic of the program's `tracing` subscriber is passed on to the program.
            Some(Err(panic)) => std::panic::resume_unwind(panic),
        }
    }
}

impl Drop for Embedded {
    fn drop(&mut self) {
        self.end.set();
        if let Some(thread) = self.thread.take() {
            // `stop` reports errors; `drop` ignores them.
            let _ = thread.join();
        }
    }
}
