use std::net::Ipv4Addr;

use super::*;
use crate::error::{Error, NameError};
use crate::name::Name;
use crate::node_type::NodeType;

const ID: u16 = 0x0102;

fn name() -> Name {
    Name::new("A", 0x20).expect("valid")
}

fn holder() -> Holder {
    Holder { flags: NameFlags::group(NodeType::M), address: Ipv4Addr::new(192, 0, 2, 1) }
}

fn claim() -> Claim {
    Claim { name: name(), ttl: 5, holder: holder() }
}

/// The word of flags that a packet has, and its length.
fn shape(packet: Packet) -> (u16, usize) {
    let bytes = packet.encode();
    assert_eq!(Packet::parse(&bytes), Ok(packet));
    (u16::from_be_bytes([bytes[2], bytes[3]]), bytes.len())
}

#[test]
fn packets_have_the_flags_and_lengths_of_the_rfc() {
    let request = Flags::RECURSION_DESIRED;
    assert_eq!(shape(Packet::broadcast_query(ID, name())), (0x0110, 50));
    assert_eq!(shape(Packet::server_query(ID, name())), (0x0100, 50));
    assert_eq!(shape(Packet::node_query(ID, name())), (0x0000, 50));
    assert_eq!(shape(Packet::node_status_request(ID, name())), (0x0000, 50));
    assert_eq!(shape(Packet::broadcast_registration(ID, name(), holder())), (0x2910, 68));
    assert_eq!(shape(Packet::broadcast_overwrite(ID, name(), holder())), (0x2810, 68));
    assert_eq!(shape(Packet::broadcast_release(ID, name(), holder())), (0x3010, 68));
    assert_eq!(shape(Packet::server_registration(ID, claim())), (0x2900, 68));
    assert_eq!(shape(Packet::server_multihomed_registration(ID, claim())), (0x7900, 68));
    assert_eq!(shape(Packet::server_overwrite(ID, claim())), (0x2800, 68));
    assert_eq!(shape(Packet::refresh(ID, claim())), (0x4000, 68));
    assert_eq!(shape(Packet::server_release(ID, name(), holder())), (0x3000, 68));
    assert_eq!(shape(Packet::query_response(ID, request, name(), 0, vec![holder()])), (0x8500, 62));
    assert_eq!(shape(Packet::negative_query_response(ID, request, name(), Rcode::Name)), (0x8503, 56));
    assert_eq!(shape(Packet::registration_response(ID, claim(), Rcode::Success)), (0xAD80, 62));
    assert_eq!(shape(Packet::registration_response(ID, claim(), Rcode::Active)), (0xAD86, 62));
    assert_eq!(shape(Packet::end_node_challenge(ID, claim())), (0xAD00, 62));
    assert_eq!(shape(Packet::conflict_demand(ID, name(), NameFlags::unique(NodeType::P))), (0xAD87, 62));
    assert_eq!(shape(Packet::release_response(ID, claim(), Rcode::Success)), (0xB400, 62));
    assert_eq!(shape(Packet::wack(&Packet::server_registration(ID, claim()), 60)), (0xBC00, 58));
    let entries = vec![Entry { name: *name().as_bytes(), flags: NameFlags::ACTIVE }];
    assert_eq!(shape(Packet::node_status_response(ID, name(), entries, Statistics::new([1; 6]))), (0x8400, 121));
}

#[test]
fn challenges_are_told_from_grants() {
    assert!(Packet::end_node_challenge(ID, claim()).is_end_node_challenge());
    assert!(!Packet::registration_response(ID, claim(), Rcode::Success).is_end_node_challenge());
}

#[test]
fn names_may_be_spelled_out_where_a_pointer_is_usual() {
    let compressed = Packet::refresh(ID, claim()).encode();
    let mut spelled = compressed[..50].to_vec();
    spelled.extend_from_slice(&compressed[12..46]);
    spelled.extend_from_slice(&compressed[52..]);
    assert_eq!(Packet::parse(&spelled), Packet::parse(&compressed));
}

#[test]
fn packets_of_unknown_form_survive() {
    let mut bytes = Packet::server_query(ID, name()).encode();
    bytes[2] |= 0x60;
    let packet = Packet::parse(&bytes).expect("well formed");
    assert!(matches!(packet.body, Body::Other { response: false, opcode: Opcode::Other(12), .. }));
    assert_eq!(packet.encode(), bytes);
}

#[test]
fn malformed_requests_are_refused() {
    let good = Packet::refresh(ID, claim()).encode();
    let with = |at: usize, byte: u8| {
        let mut bytes = good.clone();
        bytes[at] = byte;
        Packet::parse(&bytes)
    };
    let sections = |expected| Err(Error::Sections { expected });
    assert_eq!(with(11, 0), sections("one question and one additional record"));
    assert_eq!(with(47, 0x21), sections("a question and a record of type NB and class IN"));
    assert_eq!(with(61, 5), Err(Error::Value { field: "rdlength", expected: "a multiple of 6", found: 5 }));
    assert_eq!(with(61, 7), Err(Error::Short { field: "rdata", needed: 7, left: 6 }));
    let pointer = NameError::PointerNotBackward { target: 50, from: 50 };
    assert_eq!(with(51, 50), Err(Error::Name { field: "record name", reason: pointer }));
    for length in 0..good.len() {
        assert!(matches!(Packet::parse(&good[..length]), Err(Error::Short { .. })), "{length}");
    }
}

#[test]
fn counts_do_not_take_memory() {
    let mut bytes = Packet::server_query(ID, name()).encode();
    bytes[4..12].fill(0xFF);
    assert_eq!(Packet::parse(&bytes), Err(Error::Short { field: "question name", needed: 1, left: 0 }));
}

#[test]
fn what_cannot_be_counted_is_left_out_and_said() {
    let entry = Entry { name: *name().as_bytes(), flags: NameFlags::ACTIVE };
    let packet = Packet::node_status_response(ID, name(), vec![entry; 300], Statistics::new([0; 6]));
    let parsed = Packet::parse(&packet.encode()).expect("well formed");
    assert!(parsed.flags.contains(Flags::TRUNCATED));
    assert!(matches!(parsed.body, Body::NodeStatusResponse { entries, .. } if entries.len() == 255));
}
