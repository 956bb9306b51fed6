//! Asking the running node of this machine: requests and answers are messages in slots.
//!
//! A request is JSON in the slot [`SLOT`], and so is its answer; a request and its reply ([`MailslotWriter::request`]). Any local user may ask:
//! nothing that is answered is a secret, or does more than a program could do by itself. The one exception,
//! [`Request::Capture`], is for root and the node's own user.

use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;
use std::time::Duration;

use mailslot::network::Undecoded;
use mailslot::{Access, MailslotWriter, Replies};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::bridge::BridgeStatus;
use crate::error::{Error, Result};

/// The slot for requests. It lives as long as a node does.
pub const SLOT: &str = r"\\.\mailslot\mailslot\node\control";

/// How long the node's slot may be full, because others ask as well, until asking fails.
const PATIENCE: Duration = Duration::from_secs(2);

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
    Members(String),
    /// Write to a mailslot of the members of a group: [`Answer::Sent`].
    Send {
        /// Which of them.
        #[serde(default)]
        to: Members,
        /// The group, as for [`config::name`](crate::config::name).
        group: String,
        /// The slot, without `\MAILSLOT\`.
        slot: String,
        /// The message.
        data: Vec<u8>,
    },
    /// Copy all packets to the asker, from now until its slot for answers closes: first [`Answer::Capturing`], then
    /// [`Captured`](crate::capture::Captured) ones. [`Capture`](crate::capture::Capture) asks for it.
    Capture,
}

/// Members of a group.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Members {
    /// Those on the node's subnets, by broadcast and without asking who they are: for the names of the browser service, some of
    /// which cannot be asked for.
    #[default]
    Near,
    /// Those that name servers tell, each by itself and wherever it is; without such, those on the node's subnets.
    Known,
}

/// What the node answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Answer {
    /// To [`Request::Status`].
    Status(Box<Status>),
    /// To [`Request::Resolve`]; empty if nobody has the name.
    Holders(Vec<HolderOf>),
    /// To [`Request::NodeStatus`].
    Names(Vec<NameAt>),
    /// To [`Request::Members`]: the computers, and the slots of each.
    Members(BTreeMap<String, BTreeSet<String>>),
    /// To [`Request::Send`].
    Sent,
    /// To [`Request::Capture`].
    Capturing,
    /// To anything: it is not for this user.
    NotAllowed,
    /// To anything: it could not be done.
    Refused(String),
}

impl Answer {
    /// The bytes for the asker.
    pub(crate) fn encode(&self) -> Vec<u8> {
        // Nothing in it can fail to become JSON: its maps have text as keys.
        serde_json::to_vec(self).unwrap_or_default()
    }
}

/// A node in full.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the names say it")]
#[non_exhaustive]
pub struct Status {
    /// The version of this crate; empty if the node does not tell.
    #[serde(default)]
    pub version: String,
    pub computer: String,
    pub workgroup: String,
    /// Whether it is in a NetBIOS network; if not, what follows up to `names` says nothing.
    #[serde(default = "yes")]
    pub netbios: bool,
    pub node_type: String,
    pub interfaces: Vec<InterfaceStatus>,
    /// What the node does not use, and is not told to leave out.
    #[serde(default)]
    pub unused: Vec<Unused>,
    pub names: Vec<NameStatus>,
    /// The modern domains.
    #[serde(default)]
    pub domains: Vec<mailslot_domain::status::Status>,
    /// The bridges to modern domains.
    #[serde(default)]
    pub bridges: Vec<BridgeStatus>,
    /// Whether nmbd hands datagrams on; `None` if the node has the ports itself.
    pub nmbd_connected: Option<bool>,
    /// Everything that was counted, by its label.
    pub counters: BTreeMap<String, u64>,
}

/// Nodes that do not tell are in one.
fn yes() -> bool {
    true
}

/// An interface that the node uses.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the names say it")]
#[non_exhaustive]
pub struct InterfaceStatus {
    pub name: String,
    pub address: Ipv4Addr,
    pub prefix: u8,
    /// `None` where nothing can be broadcast: only name servers find others there.
    pub broadcast: Option<Ipv4Addr>,
}

/// An interface, or an address of one, that the node does not use.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the names say it")]
#[non_exhaustive]
pub struct Unused {
    /// As the system, or the settings, have it.
    pub name: String,
    pub reason: String,
    /// Whether that is against the settings, and not as they leave it.
    pub is_fault: bool,
}

/// A name of the node on one of its interfaces.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the names say it")]
#[non_exhaustive]
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
#[non_exhaustive]
pub struct HolderOf {
    pub address: Ipv4Addr,
    pub group: bool,
    /// The name server that told of it; `None` if it did itself.
    #[serde(default)]
    pub server: Option<Ipv4Addr>,
}

impl HolderOf {
    /// A holder that has told itself that it has a name of its own.
    pub fn new(address: Ipv4Addr) -> HolderOf {
        HolderOf { address, group: false, server: None }
    }
}

/// A name of another node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the names say it")]
#[non_exhaustive]
pub struct NameAt {
    pub name: String,
    pub group: bool,
    pub active: bool,
    pub conflict: bool,
}

impl NameAt {
    /// A unique name that its node holds.
    pub fn new(name: impl Into<String>) -> NameAt {
        NameAt { name: name.into(), group: false, active: true, conflict: false }
    }
}

/// Asks the node of this machine and waits for its answer, as long as `timeout`.
///
/// # Errors
///
/// - [`Error::NotRunning`] if there is no node
/// - [`Error::NoAnswer`] if it does not answer in time
/// - [`Error::NotForThisUser`] if it is not for this user
/// - [`Error::Refused`] if it could not do it, or is of another version than this library
/// - [`Error::Slot`] if a slot could not be made or written to
pub fn ask(request: Request, timeout: Duration) -> Result<Answer> {
    answer(&begin(&request, None)?, timeout)
}

/// Who may write to a slot that gets messages of the network through the node of this machine, and nothing else: the node's user.
///
/// # Errors
///
/// - [`Error::NotRunning`] if there is no node
/// - [`Error::Slot`] if its slot cannot be opened
pub fn node_access() -> Result<Access> {
    let node = match MailslotWriter::open(SLOT) {
        Err(mailslot::Error::NotFound(_)) => return Err(Error::NotRunning),
        node => node?,
    };
    Ok(node.owner().map_or(Access::Owner, |uid| Access::Users(vec![uid])))
}

/// Asks the node. Up to `capacity` bytes of answers may wait.
pub(crate) fn begin(request: &Request, capacity: Option<u64>) -> Result<Replies> {
    let content = serde_json::to_vec(request).map_err(|error| Error::io("write JSON", error))?;
    let node = match MailslotWriter::open(SLOT) {
        Err(mailslot::Error::NotFound(_)) => return Err(Error::NotRunning),
        node => node?,
    };
    Ok(node.begin_request(&content, capacity, PATIENCE)?)
}

/// The node's answer.
pub(crate) fn answer(replies: &Replies, timeout: Duration) -> Result<Answer> {
    let answer = match replies.receive_within(timeout) {
        // A node that has ended meanwhile says nothing either.
        Err(mailslot::Error::TimedOut | mailslot::Error::Closed) => return Err(Error::NoAnswer),
        answer => answer?,
    };
    match decode(&answer.data) {
        Ok(Answer::NotAllowed) => Err(Error::NotForThisUser),
        Ok(Answer::Refused(why)) => Err(Error::Refused(why)),
        answer => answer.map_err(|undecoded| Error::Refused(undecoded.of_node().to_owned())),
    }
}

/// What JSON of the other side says. Requests, answers and their fields are added, and what is added to one has a default: JSON that does
/// not fit is of a newer version.
pub(crate) fn decode<T: DeserializeOwned>(json: &[u8]) -> core::result::Result<T, Undecoded> {
    serde_json::from_slice(json).map_err(|error| if error.is_data() { Undecoded::Newer } else { Undecoded::Malformed })
}
