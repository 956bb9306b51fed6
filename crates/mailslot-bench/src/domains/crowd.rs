//! The cost to a node of many other computers: a session announces slots of computers that do not exist.

use std::time::{Duration, Instant, SystemTime};

use mailslot_domain::{Presence, random, read_file};
use mailslot_zenoh::Domains;
use serde_json::{Value, json};
use zenoh::Wait;

use super::machines::Machines;
use super::run::Load;
use super::task::{CHILD, Role, Task};
use super::{Peer, cpu, zenoh as bare};
use crate::Result;
use crate::place::free_port;
use crate::process::{Child, report_and_stay, step};

/// Pause between two checks of the known computers.
const LOOK: Duration = Duration::from_millis(10);

/// Announces computers with a slot each.
pub(crate) fn announce(task: &Task) -> Result<()> {
    let Load::Presences { count } = task.load else { return Err("nobody to announce".into()) };
    let (session, domain) = (bare::open(task)?, read_file(&task.domain)?);
    step()?;
    let address: mailslot::Address = "alerts".parse()?;
    let mut tokens = Vec::with_capacity(count);
    for number in 0..count {
        let presence = Presence::Slot { computer: format!("C{number}").parse()?, slot: address.slot().clone() };
        let key_expression = domain.presence_key_expression(&presence, SystemTime::now().into(), &random()?)?;
        let token = session.liveliness().declare_token(key_expression).wait();
        tokens.push(token.map_err(|error| error.to_string())?);
    }
    report_and_stay(&tokens.len())
}

/// In the node: waits until all are known, and reports how long that took.
pub(crate) fn watch(domains: &Domains, count: usize) -> Result<()> {
    let begin = Instant::now();
    // One more, because the node counts itself.
    while domains.status().iter().all(|status| status.computers.is_none_or(|known| known <= count)) {
        std::thread::sleep(LOOK);
    }
    report_and_stay(&begin.elapsed().as_secs_f64())
}

/// Memory and processor time of a node that watches `count` computers with a slot each.
pub(crate) fn measure(count: usize) -> Result<Value> {
    let machines = Machines::create()?;
    let plan = Task {
        peer: Peer::Sealed,
        role: Role::SendingNode,
        size: 0,
        load: Load::Presences { count },
        port: free_port()?,
        domain: machines.domain(Peer::Sealed)?,
        computer: "NODE".to_owned(),
    };
    let mut node = Child::start_as(CHILD, &plan, &machines.slots("NODE")?)?;
    node.reached()?;
    let crowd = Task { peer: Peer::Zenoh, role: Role::Receiver, ..plan };
    let mut crowd = Child::start_as(CHILD, &crowd, &machines.slots("CROWD")?)?;
    crowd.reached()?;
    let (memory, time) = (cpu::memory(node.id()), cpu::seconds(node.id()));
    node.proceed()?;
    crowd.proceed()?;
    let seconds: f64 = node.result()?;
    Ok(json!({
        "presences": count,
        "seconds_until_known": seconds,
        "processor_us_each": (cpu::seconds(node.id()) - time) * 1e6 / count as f64,
        "memory_before": memory,
        "bytes_each": (cpu::memory(node.id()) as f64 - memory as f64) / count as f64,
    }))
}
