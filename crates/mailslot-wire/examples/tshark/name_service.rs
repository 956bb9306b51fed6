//! The name service. tshark shows some flags in responses only.

use mailslot_wire::name_service::{Body, Claim, Entry, Flags, Holder, NameFlags, Packet, Statistics, kind};
use mailslot_wire::{Name, Result};

use crate::fields::{Fields, hex, name, name_bytes};

pub const COLUMNS: &[&str] = &[
    "nbns.id",
    "nbns.flags",
    "nbns.flags.response",
    "nbns.flags.opcode",
    "nbns.flags.authoritative",
    "nbns.flags.truncated",
    "nbns.flags.recdesired",
    "nbns.flags.recavail",
    "nbns.flags.broadcast",
    "nbns.flags.rcode",
    "nbns.count.queries",
    "nbns.count.answers",
    "nbns.count.auth_rr",
    "nbns.count.add_rr",
    "nbns.name",
    "nbns.type",
    "nbns.class",
    "nbns.ttl",
    "nbns.data_length",
    "nbns.data",
    "nbns.nb_flags",
    "nbns.nb_flags.group",
    "nbns.nb_flags.ont",
    "nbns.addr",
    "nbns.number_of_names",
    "nbns.netbios_name",
    "nbns.name_flags",
    "nbns.name_flags.group",
    "nbns.name_flags.ont",
    "nbns.name_flags.drg",
    "nbns.name_flags.cnf",
    "nbns.name_flags.act",
    "nbns.name_flags.prm",
    "nbns.unit_id",
];

const CLASS_IN: u16 = 1;

pub fn decode(payload: &[u8], fields: &mut Fields) -> Result<()> {
    let packet = Packet::parse(payload)?;
    let response = u16::from(packet.body.is_response()) << 15;
    let opcode = u16::from(packet.body.opcode().bits()) << 11;
    fields.add("nbns.id", packet.id);
    flags(response | opcode | packet.flags.bits() | u16::from(packet.body.rcode().bits()), fields);
    let counts = ["nbns.count.queries", "nbns.count.answers", "nbns.count.auth_rr", "nbns.count.add_rr"];
    for (column, count) in counts.into_iter().zip(counts_of(&packet.body)) {
        fields.add(column, count);
    }
    body(payload, &packet.body, fields);
    Ok(())
}

/// The names in a node status response.
pub fn status_names(payload: &[u8]) -> Vec<String> {
    let Ok(Packet { body: Body::NodeStatusResponse { entries, .. }, .. }) = Packet::parse(payload) else {
        return Vec::new();
    };
    entries.iter().map(|entry| name(&entry.name())).collect()
}

fn flags(word: u16, fields: &mut Fields) {
    let response = word & 0x8000 != 0;
    fields.add("nbns.flags", word);
    fields.add_bit("nbns.flags.response", response);
    fields.add("nbns.flags.opcode", word >> 11 & 15);
    for (column, flag, in_requests) in [
        ("nbns.flags.authoritative", Flags::AUTHORITATIVE, false),
        ("nbns.flags.truncated", Flags::TRUNCATED, true),
        ("nbns.flags.recdesired", Flags::RECURSION_DESIRED, true),
        ("nbns.flags.recavail", Flags::RECURSION_AVAILABLE, false),
        ("nbns.flags.broadcast", Flags::BROADCAST, true),
    ] {
        if response || in_requests {
            fields.add_bit(column, word & flag.bits() != 0);
        }
    }
    if response {
        fields.add("nbns.flags.rcode", word & 15);
    }
}

fn counts_of(body: &Body) -> [usize; 4] {
    match body {
        Body::QueryRequest { .. } | Body::NodeStatusRequest { .. } => [1, 0, 0, 0],
        Body::RedirectQueryResponse { .. } => [0, 0, 1, 1],
        Body::NegativeQueryResponse { name: None, .. } => [0; 4],
        Body::Other { sections, .. } => {
            [sections.questions.len(), sections.answers.len(), sections.authorities.len(), sections.additionals.len()]
        }
        request if !request.is_response() => [1, 0, 0, 1],
        _ => [0, 1, 0, 0],
    }
}

fn body(payload: &[u8], body: &Body, fields: &mut Fields) {
    match body {
        Body::QueryRequest { name } => question(name, kind::NB, fields),
        Body::NodeStatusRequest { name } => question(name, kind::NBSTAT, fields),
        Body::RegistrationRequest(it)
        | Body::MultihomedRegistrationRequest(it)
        | Body::ReleaseRequest(it)
        | Body::RefreshRequest { claim: it, .. } => {
            question(&it.name, kind::NB, fields);
            claim(it, fields);
        }
        Body::RegistrationResponse { claim: it, .. } | Body::ReleaseResponse { claim: it, .. } => claim(it, fields),
        Body::QueryResponse { name, ttl, holders: all } => holders(name, *ttl, all, fields),
        Body::NegativeQueryResponse { name: Some(name), .. } => {
            record(name, kind::NULL, 0, 0, fields);
            fields.add("nbns.data", "<MISSING>");
        }
        Body::RedirectQueryResponse { name, ttl, server, address } => {
            record(name, kind::NS, *ttl, server.encoded_len(), fields);
            fields.add("nbns.data", hex(&server.encode()));
            record(server, kind::A, *ttl, address.octets().len(), fields);
            fields.add("nbns.data", hex(&address.octets()));
        }
        Body::Wack { name, ttl, request_flags } => wack(payload, name.as_ref(), *ttl, *request_flags, fields),
        Body::NodeStatusResponse { name, entries, statistics } => status(name, entries, statistics, fields),
        _ => fields.refuse("it has no known form"),
    }
}

fn question(asked: &Name, kind: u16, fields: &mut Fields) {
    fields.add("nbns.name", name(asked));
    fields.add("nbns.type", kind);
    fields.add("nbns.class", CLASS_IN);
}

fn record(named: &Name, kind: u16, ttl: u32, length: usize, fields: &mut Fields) {
    question(named, kind, fields);
    fields.add("nbns.ttl", ttl);
    fields.add("nbns.data_length", length);
}

fn claim(claim: &Claim, fields: &mut Fields) {
    holders(&claim.name, claim.ttl, &[claim.holder], fields);
}

fn holders(name: &Name, ttl: u32, holders: &[Holder], fields: &mut Fields) {
    record(name, kind::NB, ttl, 6 * holders.len(), fields);
    for holder in holders {
        fields.add("nbns.nb_flags", holder.flags.bits());
        fields.add_bit("nbns.nb_flags.group", holder.flags.is_group());
        fields.add("nbns.nb_flags.ont", holder.flags.node_type().bits());
        fields.add("nbns.addr", holder.address);
    }
}

/// Senders disagree about the record's type, which we do not keep. By that type, tshark shows the data as bytes or as
/// the flags that they are.
fn wack(payload: &[u8], named: Option<&Name>, ttl: u32, request_flags: u16, fields: &mut Fields) {
    match named {
        Some(named) => fields.add("nbns.name", name(named)),
        None => fields.do_not_know(&["nbns.name"]),
    }
    fields.do_not_know(&["nbns.type"]);
    fields.add("nbns.class", CLASS_IN);
    fields.add("nbns.ttl", ttl);
    fields.add("nbns.data_length", 2);
    let kind = payload.len().checked_sub(12).and_then(|at| payload.get(at..at + 2));
    if kind == Some(&kind::NB.to_be_bytes()) {
        flags(request_flags, fields);
    } else {
        fields.add("nbns.data", format!("{request_flags:04x}"));
    }
}

fn status(asked: &Name, entries: &[Entry], statistics: &Statistics, fields: &mut Fields) {
    let length = 1 + 18 * entries.len() + statistics.unit_id.len() + statistics.counters().len();
    record(asked, kind::NBSTAT, 0, length, fields);
    fields.add("nbns.number_of_names", entries.len());
    for entry in entries {
        fields.add("nbns.netbios_name", name_bytes(&entry.name()));
        fields.add("nbns.name_flags", entry.flags.bits());
        fields.add("nbns.name_flags.ont", entry.flags.node_type().bits());
        for (column, flag) in [
            ("nbns.name_flags.group", NameFlags::GROUP),
            ("nbns.name_flags.drg", NameFlags::DEREGISTERING),
            ("nbns.name_flags.cnf", NameFlags::CONFLICT),
            ("nbns.name_flags.act", NameFlags::ACTIVE),
            ("nbns.name_flags.prm", NameFlags::PERMANENT),
        ] {
            fields.add_bit(column, entry.flags.contains(flag));
        }
    }
    fields.add("nbns.unit_id", statistics.unit_id.map(|byte| format!("{byte:02x}")).join(":"));
}
