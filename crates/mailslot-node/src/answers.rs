//! Answers requests of local programs: the node's side of [`control`](crate::control).

use std::time::Instant;

use mailslot::{Message, ReplyTo};
use mailslot_wire::Name;
use mailslot_wire::name_service::{Entry, Holder, NameFlags};

use crate::config;
use crate::control;
use crate::control::{Answer, HolderOf, InterfaceStatus, Members, NameAt, NameStatus, Request, Unused};
use crate::io::driver::Driver;
use crate::metrics::Metrics;
use crate::modern::Modern;
use crate::under_way::UnderWay;
use mailslot_netbios::limits::{Limiter, Rate};
use mailslot_netbios::{Config, NameKind, NameState, NodeStatus, QueryOutcome, RequestId, SendError, Target};

/// The rates of requests, of one user and in total. Each answer costs the node access to the asker's slot.
const ONE_USER: Rate = Rate { per_second: 50, burst: 200 };
const ALL_USERS: Rate = Rate { per_second: 1_000, burst: 2_000 };
/// Users with a separate budget.
const USERS: usize = 1_024;

/// Requests that are not answered yet, and the rates of the users.
pub(crate) struct Answers {
    waiting: UnderWay<ReplyTo>,
    rates: Limiter<u32>,
}

/// The state from which answers are made.
pub(crate) struct State<'a, F> {
    pub(crate) config: &'a Config,
    /// Whether the node is in a NetBIOS network.
    pub(crate) netbios: bool,
    pub(crate) driver: &'a mut Driver,
    pub(crate) modern: &'a Modern,
    pub(crate) metrics: &'a Metrics,
    pub(crate) nmbd_connected: Option<bool>,
    /// Lists what the node is not attached to.
    pub(crate) unused: F,
}

impl Answers {
    pub(crate) fn new(config: &Config, now: Instant) -> Answers {
        let rates = Limiter::new(ONE_USER, ALL_USERS, USERS, now);
        Answers { waiting: UnderWay::new(config.limits.queries), rates }
    }

    /// Handles a message in the slot for requests. A message that asks for no reply is ignored.
    pub(crate) fn handle(&mut self, now: Instant, message: &Message, state: State<'_, impl FnOnce() -> Vec<Unused>>) {
        let Some(asker) = message.reply_to else { return };
        let refuse = |why: &str| answer(&asker, &Answer::Refused(why.to_owned()));
        if !self.rates.take(ALL_USERS, asker.uid(), now) {
            return refuse("too many requests to the node are waiting, of this user or of all");
        }
        let request = match control::decode(&message.data) {
            Ok(request) => request,
            Err(undecoded) => return refuse(undecoded.of_program()),
        };
        match request {
            Request::Status => return answer(&asker, &Answer::Status(Box::new(status(state)))),
            Request::Members(domain) => return state.modern.members(&domain, move |members| answer(&asker, &members)),
            Request::Capture => {
                if let Some(refusal) = state.driver.sinks.add(&asker) {
                    answer(&asker, &refusal);
                }
                return;
            }
            _ => {}
        }
        if !self.waiting.has_room(asker.uid()) {
            return refuse("the node has too many requests of this user under way");
        }
        let begun = match request {
            Request::Resolve(name) => scoped(&name, state.config).map(|name| state.driver.node.resolve(now, name)),
            Request::NodeStatus(address) => Ok(state.driver.node.node_status(now, address)),
            Request::Send { to, group, slot, data } => scoped(&group, state.config).and_then(|group| {
                let target = match to {
                    Members::Near => Target::Group(group),
                    Members::Known => Target::Name(group),
                };
                state.driver.node.send_mailslot(now, target, slot.as_bytes(), &data).map_err(|error| error.to_string())
            }),
            _ => Err("the node does not know this request".to_owned()),
        };
        match begun {
            // The node completes each request, at once if there are too many.
            Ok(request) => self.waiting.begin(request, asker.uid(), asker),
            Err(why) => refuse(&why),
        }
    }

    pub(crate) fn sent(&mut self, request: RequestId, result: Result<usize, SendError>) {
        self.end(request, || match result {
            Ok(_) => Answer::Sent,
            Err(error) => Answer::Refused(error.to_string()),
        });
    }

    pub(crate) fn resolved(&mut self, request: RequestId, outcome: QueryOutcome) {
        self.end(request, || match outcome {
            QueryOutcome::Found(resolved) => {
                let holders = resolved.holders.iter();
                let holder = |holder: &Holder| HolderOf {
                    address: holder.address,
                    group: holder.flags.is_group(),
                    server: resolved.server,
                };
                Answer::Holders(holders.map(holder).collect())
            }
            QueryOutcome::NotFound => Answer::Holders(Vec::new()),
            QueryOutcome::NoServer => Answer::Refused("no name server answers".to_owned()),
            QueryOutcome::Busy => Answer::Refused("the node has too many queries under way".to_owned()),
            _ => Answer::Refused("the name could not be resolved".to_owned()),
        });
    }

    pub(crate) fn node_status(&mut self, request: RequestId, status: Option<NodeStatus>) {
        self.end(request, || match status {
            Some(status) => Answer::Names(status.entries.iter().map(name_at).collect()),
            None => Answer::Refused("that address does not answer".to_owned()),
        });
    }

    fn end(&mut self, request: RequestId, made: impl FnOnce() -> Answer) {
        if let Some((_, asker)) = self.waiting.end(request) {
            answer(&asker, &made());
        }
    }
}

/// An asker that is gone, or whose slot has no room, gets no answer.
fn answer(asker: &ReplyTo, answer: &Answer) {
    let _ = asker.write(&answer.encode());
}

fn scoped(text: &str, config: &Config) -> Result<Name, String> {
    let name = config::name(text).map_err(|error| error.to_string())?;
    if !name.scope().is_empty() {
        return Ok(name);
    }
    name.with_scope(config.computer.scope().clone()).map_err(|error| error.to_string())
}

fn status(state: State<'_, impl FnOnce() -> Vec<Unused>>) -> control::Status {
    let State { config, netbios, driver, modern, metrics, nmbd_connected, unused } = state;
    let (node, interface) = (&driver.node, |id| driver.interface_name(id).to_owned());
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
        state: name_state(held.state).to_owned(),
    });
    control::Status {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        computer: config.computer.to_string(),
        workgroup: config.workgroup.to_string(),
        netbios,
        node_type: config.node_type.letter().to_string(),
        interfaces: interfaces.collect(),
        unused: unused(),
        names: names.collect(),
        nmbd_connected,
        domains: modern.status(),
        bridges: modern.bridge_status(),
        counters: metrics.all(driver),
    }
}

fn name_state(state: NameState) -> &'static str {
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
