//! Asking the running node of this machine: requests and answers are messages in slots.
//!
//! A request is one JSON object in the slot [`SLOT`], with the name of a slot of the asker, to which the answer goes. Any
//! local user may ask: nothing that is answered is a secret, or does more than a program could do by itself. The one
//! exception, [`Request::Capture`], is for root and the node's own user.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use mailslot::{Access, Mailslot, MailslotOptions, MailslotWriter, Timeout};
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// The slot for requests. It lives as long as a node does.
pub const SLOT: &str = r"\\.\mailslot\mailslot\node\control";

/// What the node can be asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Request {
    /// What the node is, has and has counted: [`Answer::Status`].
    Status,
    /// Who holds a name, given as for [`config::name`](crate::config::name): [`Answer::Holders`].
    Resolve(String),
    /// Which names the node at an address has: [`Answer::Names`].
    NodeStatus(Ipv4Addr),
    /// Who takes part in the modern domain of this name, and has which slots open: [`Answer::Members`].
    #[cfg(feature = "zenoh")]
    Members(String),
    /// Write to a mailslot of all members of a group on the node's subnets, by broadcast: [`Answer::Sent`].
    Send {
        /// The group, as for [`config::name`](crate::config::name).
        group: String,
        /// The slot, without `\MAILSLOT\`.
        slot: String,
        /// The message.
        data: Vec<u8>,
    },
    /// Copy all packets to a slot of the asker, from now until it closes: [`Answer::Capturing`].
    /// [`Capture`](crate::capture::Capture) asks for it.
    Capture {
        /// The slot.
        slot: String,
    },
}

/// What the node answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Answer {
    /// To [`Request::Status`].
    Status(Status),
    /// To [`Request::Resolve`]; empty if nobody has the name.
    Holders(Vec<HolderOf>),
    /// To [`Request::NodeStatus`].
    Names(Vec<NameAt>),
    /// To [`Request::Members`]: the computers, and the slots of each.
    #[cfg(feature = "zenoh")]
    Members(BTreeMap<String, std::collections::BTreeSet<String>>),
    /// To [`Request::Send`].
    Sent,
    /// To [`Request::Capture`].
    Capturing,
    /// To anything: it is not for this user.
    NotAllowed,
    /// To anything: it could not be done.
    Refused(String),
}

/// A node in full.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the names say it")]
pub struct Status {
    pub computer: String,
    pub workgroup: String,
    pub node_type: String,
    pub interfaces: Vec<InterfaceStatus>,
    pub names: Vec<NameStatus>,
    /// The modern domains.
    #[cfg(feature = "zenoh")]
    #[serde(default)]
    pub domains: Vec<mailslot_zenoh::Status>,
    /// Whether nmbd hands datagrams on; `None` if the node has the ports itself.
    pub nmbd_connected: Option<bool>,
    /// Everything that was counted, by its label.
    pub counters: BTreeMap<String, u64>,
}

/// An interface that the node uses.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the names say it")]
pub struct InterfaceStatus {
    pub name: String,
    pub address: Ipv4Addr,
    pub prefix: u8,
    pub broadcast: Ipv4Addr,
}

/// A name of the node on one of its interfaces.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the names say it")]
pub struct NameStatus {
    pub name: String,
    pub group: bool,
    pub interface: String,
    /// `claiming`, `held`, `refused`, `conflict` or `released`.
    pub state: String,
}

/// One holder of a name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the names say it")]
pub struct HolderOf {
    pub address: Ipv4Addr,
    pub group: bool,
}

/// A name of another node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the names say it")]
pub struct NameAt {
    pub name: String,
    pub group: bool,
    pub active: bool,
    pub conflict: bool,
}

/// A request on its way.
#[derive(Serialize, Deserialize)]
pub(crate) struct Envelope {
    /// The slot for the answer.
    pub(crate) reply: String,
    pub(crate) request: Request,
}

/// Asks the node of this machine and waits for its answer, as long as `timeout`.
///
/// # Errors
///
/// - [`Error::NotRunning`] if there is no node
/// - [`Error::NoAnswer`] if it does not answer in time
/// - [`Error::NotForThisUser`] if it is not for this user
/// - [`Error::Refused`] if it could not do it
/// - [`Error::Slot`] if a slot could not be made or written to
pub fn ask(request: Request, timeout: Duration) -> Result<Answer> {
    let writer = open()?;
    let (reply, name) = reply_slot()?;
    let envelope =
        serde_json::to_vec(&Envelope { reply: name, request }).map_err(|error| Error::io("write JSON", error))?;
    writer.write(&envelope)?;
    let answer = match reply.receive_within(Timeout::After(timeout)) {
        Err(mailslot::Error::TimedOut) => return Err(Error::NoAnswer),
        answer => answer?,
    };
    match serde_json::from_slice(&answer.data) {
        Ok(Answer::NotAllowed) => Err(Error::NotForThisUser),
        Ok(Answer::Refused(why)) => Err(Error::Refused(why)),
        answer => answer.map_err(|error| Error::io("understand the node's answer", error)),
    }
}

/// Opens the node's slot for requests.
pub(crate) fn open() -> Result<MailslotWriter> {
    match MailslotWriter::open(SLOT) {
        Err(mailslot::Error::NotFound(_)) => Err(Error::NotRunning),
        opened => Ok(opened?),
    }
}

/// A name for a slot of this process, another one each time.
pub(crate) fn own_slot(purpose: &str) -> String {
    static COUNTER: AtomicU32 = AtomicU32::new(0);
    let number = COUNTER.fetch_add(1, Ordering::Relaxed);
    format!(r"\\.\mailslot\mailslot\{purpose}\{}-{number}", std::process::id())
}

/// A slot for answers, and its name. The node may be another user's.
fn reply_slot() -> Result<(Mailslot, String)> {
    let name = own_slot("reply");
    let slot = MailslotOptions::new().access(Access::Everyone).create(&name)?;
    Ok((slot, name))
}
