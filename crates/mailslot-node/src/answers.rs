//! Answering requests of local programs: the node's side of [`control`](crate::control).

use std::collections::{BTreeMap, HashMap};
use std::time::Instant;

use mailslot::{Address, MailslotWriter};
use mailslot_wire::Name;
use mailslot_wire::name_service::{Entry, Holder, NameFlags};

use crate::config;
use crate::control::{Answer, Envelope, HolderOf, InterfaceStatus, NameAt, NameStatus, Request, Status};
use crate::modern::Modern;
use crate::proto::{Config, NameKind, NameState, Node, NodeStatus, Outcome, RequestId, Resolved, SendError, Target};

/// Requests whose answers are still to come.
#[derive(Default)]
pub(crate) struct Answers {
    waiting: HashMap<RequestId, Address>,
}

impl Answers {
    /// Handles what somebody wrote into the slot for requests. What is no request gets no answer.
    pub(crate) fn handle(
        &mut self,
        now: Instant,
        bytes: &[u8],
        config: &Config,
        node: &mut Node,
        interface: &impl Fn(u32) -> String,
        counters: BTreeMap<String, u64>,
        modern: &Modern,
    ) {
        let Ok(Envelope { reply, request }) = serde_json::from_slice(bytes) else { return };
        // Only slots of this machine: the node must not be made to answer elsewhere.
        let Ok(reply @ Address::Local(_)) = reply.parse() else { return };
        let begun = match request {
            Request::Status => {
                return answer(&reply, &Answer::Status(status(config, node, interface, counters, modern)));
            }
            #[cfg(feature = "zenoh")]
            Request::Members(domain) => return answer(&reply, &modern.members(&domain)),
            Request::Resolve(name) => scoped(&name, config).map(|name| node.resolve(now, name)),
            Request::NodeStatus(address) => Ok(node.node_status(now, address)),
            Request::Send { group, slot, data } => scoped(&group, config).and_then(|group| {
                node.send_mailslot(now, Target::Group(group), slot.as_bytes(), &data).map_err(|error| error.to_string())
            }),
        };
        match begun {
            // Bounded by what the node has under way: it ends each request, at once if there are too many.
            Ok(request) => drop(self.waiting.insert(request, reply)),
            Err(why) => answer(&reply, &Answer::Refused(why)),
        }
    }

    pub(crate) fn sent(&mut self, request: RequestId, result: Result<usize, SendError>) {
        self.end(request, || match result {
            Ok(_) => Answer::Sent,
            Err(error) => Answer::Refused(error.to_string()),
        });
    }

    pub(crate) fn resolved(&mut self, request: RequestId, outcome: Outcome<Resolved>) {
        self.end(request, || match outcome {
            Outcome::Found(resolved) => {
                let holders = resolved.holders.iter();
                let holder = |holder: &Holder| HolderOf { address: holder.address, group: holder.flags.is_group() };
                Answer::Holders(holders.map(holder).collect())
            }
            Outcome::NotFound => Answer::Holders(Vec::new()),
            Outcome::NoServer => Answer::Refused("no name server answers".to_owned()),
            Outcome::Busy => Answer::Refused("the node has too many queries under way".to_owned()),
        });
    }

    pub(crate) fn node_status(&mut self, request: RequestId, status: Option<NodeStatus>) {
        self.end(request, || match status {
            Some(status) => Answer::Names(status.entries.iter().map(name_at).collect()),
            None => Answer::Refused("that address does not answer".to_owned()),
        });
    }

    fn end(&mut self, request: RequestId, made: impl FnOnce() -> Answer) {
        if let Some(reply) = self.waiting.remove(&request) {
            answer(&reply, &made());
        }
    }
}

/// Whoever has gone, or has no room, gets no answer.
fn answer(reply: &Address, answer: &Answer) {
    if let (Ok(writer), Ok(bytes)) = (MailslotWriter::open(reply.clone()), serde_json::to_vec(answer)) {
        let _ = writer.write(&bytes);
    }
}

fn scoped(text: &str, config: &Config) -> Result<Name, String> {
    let name = config::name(text).map_err(|error| error.to_string())?;
    name.with_scope(config.computer.scope().clone()).map_err(|error| error.to_string())
}

fn status(
    config: &Config,
    node: &Node,
    interface: &impl Fn(u32) -> String,
    counters: BTreeMap<String, u64>,
    #[cfg_attr(not(feature = "zenoh"), allow(unused_variables))] modern: &Modern,
) -> Status {
    let interfaces = node.interfaces().iter().map(|used| InterfaceStatus {
        name: interface(used.id),
        address: used.address,
        prefix: used.prefix,
        broadcast: used.broadcast,
    });
    let names = node.names().map(|held| NameStatus {
        name: held.name.to_string(),
        group: held.kind == NameKind::Group,
        interface: interface(held.interface),
        state: state(held.state).to_owned(),
    });
    Status {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        computer: config.computer.to_string(),
        workgroup: config.workgroup.to_string(),
        node_type: format!("{:?}", config.node_type),
        interfaces: interfaces.collect(),
        names: names.collect(),
        #[cfg(feature = "zenoh")]
        domains: modern.status(),
        counters,
    }
}

fn state(state: NameState) -> &'static str {
    match state {
        NameState::Claiming => "claiming",
        NameState::Held => "held",
        NameState::Refused => "refused",
        NameState::Conflict => "conflict",
        NameState::Released => "released",
    }
}

fn name_at(entry: &Entry) -> NameAt {
    NameAt {
        name: entry.name().to_string(),
        group: entry.flags.is_group(),
        active: entry.flags.contains(NameFlags::ACTIVE),
        conflict: entry.flags.contains(NameFlags::CONFLICT),
    }
}
