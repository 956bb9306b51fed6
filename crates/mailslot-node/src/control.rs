//! Requests to the running node of this machine. Requests and answers are messages in slots.
//!
//! Both are JSON: the request is written to the slot [`SLOT`], and the answer is its reply
//! ([`MailslotWriter::request`]). Any local user may ask: no answer is secret, and no request does more than a program
//! could do by itself. The one exception, [`Request::Capture`], is reserved for root and the node's user.

use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;
use std::time::Duration;

use mailslot::network::Undecoded;
use mailslot::{Access, MailslotWriter, Replies};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::bridge::BridgeStatus;
use crate::error::{Error, Result};

/// The slot for requests. It exists while a node runs.
pub const SLOT: &str = r"\\.\mailslot\mailslot\node\control";

/// How long to wait while the node's slot is full of other requests.
const PATIENCE: Duration = Duration::from_secs(2);

/// A request to the node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Request {
    /// The node's state and counters: [`Answer::Status`].
    Status,
    /// The holders of a name, in the form of [`config::name`](crate::config::name): [`Answer::Holders`].
    Resolve(String),
    /// The names of the node at an address: [`Answer::Names`].
    NodeStatus(Ipv4Addr),
    /// The computers in the modern domain of this name, and the slots that each has open: [`Answer::Members`].
    Members(String),
    /// A write to a mailslot of the members of a group: [`Answer::Sent`].
    Send {
        /// Which of the members.
        #[serde(default)]
        to: Members,
        /// The group, in the form of [`config::name`](crate::config::name).
        group: String,
        /// The slot, without `\MAILSLOT\`.
        slot: String,
        /// The message.
        data: Vec<u8>,
    },
    /// Copies of all packets, until the asker's slot for answers closes: first [`Answer::Capturing`], then
    /// [`Captured`](crate::capture::Captured) packets. [`Capture`](crate::capture::Capture) sends this request.
    Capture,
}

/// Members of a group.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Members {
    /// Those on the node's subnets, by broadcast and without a query: for the names of the browser service, some of
    /// which cannot be queried.
    #[default]
    Near,
    /// Those that name servers report, each by unicast, on any subnet; without name servers, those on the node's
    /// subnets.
    Known,
}

/// An answer of the node.
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
    /// To any request: this user may not make it.
    NotAllowed,
    /// To any request: it could not be done, for this reason.
    Refused(String),
}

impl Answer {
    /// The bytes for the asker.
    pub(crate) fn encode(&self) -> Vec<u8> {
        // Encoding cannot fail: all map keys are text.
        serde_json::to_vec(self).unwrap_or_default()
    }
}

/// The state of a node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the names say it")]
#[non_exhaustive]
pub struct Status {
    /// The version of this crate; empty from nodes too old to report it.
    #[serde(default)]
    pub version: String,
    pub computer: String,
    pub workgroup: String,
    /// Whether it is in a NetBIOS network; if not, the fields up to `names` are meaningless.
    #[serde(default = "yes")]
    pub netbios: bool,
    pub node_type: String,
    pub interfaces: Vec<InterfaceStatus>,
    /// Interfaces and addresses that the node does not use although the settings do not exclude them.
    #[serde(default)]
    pub unused: Vec<Unused>,
    pub names: Vec<NameStatus>,
    /// The modern domains.
    #[serde(default)]
    pub domains: Vec<mailslot_domain::status::Status>,
    /// The bridges to modern domains.
    #[serde(default)]
    pub bridges: Vec<BridgeStatus>,
    /// Whether the connection to nmbd is open; `None` if the node has the ports itself.
    pub nmbd_connected: Option<bool>,
    /// All counters, by their labels.
    pub counters: BTreeMap<String, u64>,
}

impl Status {
    /// The computer's name, such as `SRV1`: `computer` without the suffix that NetBIOS adds.
    pub fn computer_name(&self) -> &str {
        without_suffix(&self.computer)
    }

    /// The name of the workgroup, in the same way.
    pub fn workgroup_name(&self) -> &str {
        without_suffix(&self.workgroup)
    }
}

/// A NetBIOS name as it is printed, `NAME<00>`, without its suffix.
fn without_suffix(name: &str) -> &str {
    name.split('<').next().unwrap_or_default()
}

/// Nodes too old to report it are always in a NetBIOS network.
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
    /// `None` where nothing can be broadcast: other nodes are found there only through name servers.
    pub broadcast: Option<Ipv4Addr>,
}

/// An interface, or an address of one, that the node does not use.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the names say it")]
#[non_exhaustive]
pub struct Unused {
    /// As the system or the settings name it.
    pub name: String,
    pub reason: String,
    /// Whether the settings want it to be used, so that this is a fault.
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
    /// The name server that reported it; `None` if the holder answered itself.
    #[serde(default)]
    pub server: Option<Ipv4Addr>,
}

impl HolderOf {
    /// A holder of a unique name that has answered itself.
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

/// Sends a request to the node of this machine and waits for its answer, at most for `timeout`.
///
/// # Errors
///
/// - [`Error::NotRunning`] if there is no node
/// - [`Error::NoAnswer`] if it does not answer in time
/// - [`Error::NotForThisUser`] if this user may not make the request
/// - [`Error::Refused`] if the node could not do it, or has another version than this library
/// - [`Error::Slot`] if a slot could not be created or written to
pub fn ask(request: Request, timeout: Duration) -> Result<Answer> {
    answer(&begin(&request, None)?, timeout)
}

/// The access for a slot that only the node of this machine, with messages of the network, may write to: only the
/// node's user may write.
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

/// Sends a request to the node. Up to `capacity` bytes of answers may wait.
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
        // `Closed`: the node has ended meanwhile.
        Err(mailslot::Error::TimedOut | mailslot::Error::Closed) => return Err(Error::NoAnswer),
        answer => answer?,
    };
    match decode(&answer.data) {
        Ok(Answer::NotAllowed) => Err(Error::NotForThisUser),
        Ok(Answer::Refused(why)) => Err(Error::Refused(why)),
        answer => answer.map_err(|undecoded| Error::Refused(undecoded.of_node().to_owned())),
    }
}

/// Decodes JSON of the other side. Versions only add requests, answers and fields, and added fields have defaults. JSON
/// that does not fit is therefore from a newer version.
pub(crate) fn decode<T: DeserializeOwned>(json: &[u8]) -> core::result::Result<T, Undecoded> {
    serde_json::from_slice(json).map_err(|error| if error.is_data() { Undecoded::Newer } else { Undecoded::Malformed })
}
