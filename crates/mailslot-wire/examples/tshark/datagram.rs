//! The datagram service, and the SMB in it.

use mailslot_wire::datagram::{Body, Destination, Packet};
use mailslot_wire::smb::MailslotWrite;
use mailslot_wire::{Name, Result};

use crate::contents;
use crate::fields::{Fields, name};

pub const COLUMNS: &[&str] = &[
    "nbdgm.type",
    "nbdgm.flags",
    "nbdgm.first",
    "nbdgm.next",
    "nbdgm.node_type",
    "nbdgm.dgram_id",
    "nbdgm.src.ip",
    "nbdgm.src.port",
    "nbdgm.dgram_len",
    "nbdgm.pkt_offset",
    "nbdgm.error_code",
    "nbdgm.source_name",
    "nbdgm.destination_name",
    "smb.cmd",
    "smb.wct",
    "smb.timeout",
    "smb.dc",
    "smb.data_offset",
    "smb.sc",
    "smb.trans_name",
    "mailslot.opcode",
    "mailslot.priority",
    "mailslot.class",
    "mailslot.name",
];

const FIRST: u8 = 2;
const MORE: u8 = 1;

pub fn decode(payload: &[u8], fields: &mut Fields) -> Result<()> {
    let packet = Packet::parse(payload)?;
    let (kind, flags) = kind_and_flags(&packet.body);
    fields.add("nbdgm.type", kind);
    fields.add("nbdgm.flags", packet.header.node_type.bits() << 2 | flags);
    fields.add_bit("nbdgm.first", flags & FIRST != 0);
    fields.add_bit("nbdgm.next", flags & MORE != 0);
    fields.add("nbdgm.node_type", packet.header.node_type.bits());
    fields.add("nbdgm.dgram_id", packet.header.id);
    fields.add("nbdgm.src.ip", packet.header.source.ip());
    fields.add("nbdgm.src.port", packet.header.source.port());
    match packet.body {
        Body::Whole { source, destination, data, .. } => {
            names_and_length(&source, &destination, data.len(), fields);
            write(data, fields)?;
        }
        Body::FirstFragment { length, source, destination, .. } => {
            names_and_length(&source, &destination, 0, fields);
            fields.replace("nbdgm.dgram_len", length);
            // tshark decodes a part of the message; we do not.
            fields.do_not_know(&COLUMNS[13..]);
            fields.do_not_know(contents::COLUMNS);
        }
        Body::LaterFragment { length, offset, .. } => {
            fields.add("nbdgm.dgram_len", length);
            fields.add("nbdgm.pkt_offset", offset);
        }
        Body::Error { code } => fields.add("nbdgm.error_code", code.bits()),
        Body::QueryRequest { destination }
        | Body::PositiveQueryResponse { destination }
        | Body::NegativeQueryResponse { destination } => fields.add("nbdgm.destination_name", name(&destination)),
    }
    Ok(())
}

fn kind_and_flags(body: &Body<'_>) -> (u8, u8) {
    let direct = |kind: &Destination| match kind {
        Destination::Unique => 0x10,
        Destination::Group => 0x11,
        Destination::Broadcast => 0x12,
    };
    match body {
        Body::Whole { kind, .. } => (direct(kind), FIRST),
        Body::FirstFragment { kind, .. } => (direct(kind), FIRST | MORE),
        Body::LaterFragment { kind, more, .. } => (direct(kind), u8::from(*more) * MORE),
        Body::Error { .. } => (0x13, 0),
        Body::QueryRequest { .. } => (0x14, FIRST),
        Body::PositiveQueryResponse { .. } => (0x15, FIRST),
        Body::NegativeQueryResponse { .. } => (0x16, FIRST),
    }
}

/// We do not read the length of a whole datagram, but it must be that of its parts.
fn names_and_length(source: &Name, destination: &Name, data: usize, fields: &mut Fields) {
    fields.add("nbdgm.source_name", name(source));
    fields.add("nbdgm.destination_name", name(destination));
    fields.add("nbdgm.dgram_len", source.encoded_len() + destination.encoded_len() + data);
    fields.add("nbdgm.pkt_offset", 0);
}

fn write(smb: &[u8], fields: &mut Fields) -> Result<()> {
    let write = MailslotWrite::parse(smb)?;
    let count = write.data().len();
    fields.add("smb.cmd", 0x25);
    fields.add("smb.wct", 17);
    fields.add("smb.timeout", write.timeout.as_millis());
    fields.add("smb.dc", count);
    fields.add("smb.data_offset", write.data().as_ptr().addr() - smb.as_ptr().addr());
    fields.add("smb.sc", 3);
    let name = format!(r"\MAILSLOT\{}", write.slot());
    fields.add("smb.trans_name", &name);
    let prefix = br"\MAILSLOT\";
    if count == 0 || !smb.windows(prefix.len()).any(|part| part == prefix) {
        // tshark decodes a write without data, or whose prefix is not in capitals, as another transaction.
        fields.do_not_know(&[
            "smb.trans_name",
            "mailslot.opcode",
            "mailslot.priority",
            "mailslot.class",
            "mailslot.name",
        ]);
        return Ok(());
    }
    fields.add("mailslot.opcode", 1);
    fields.add("mailslot.priority", write.priority);
    fields.add("mailslot.class", write.class.bits());
    fields.add("mailslot.name", name);
    contents::decode(&write, fields)
}
