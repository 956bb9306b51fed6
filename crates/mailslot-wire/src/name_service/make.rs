//! The packets that nodes send.

use std::net::Ipv4Addr;

use crate::name::Name;
use crate::name_service::Packet;
use crate::name_service::body::{Body, Claim, Holder};
use crate::name_service::flags::{Flags, NameFlags, Rcode, RefreshCode};
use crate::name_service::status::{Entry, Statistics};

const AA: Flags = Flags::AUTHORITATIVE;
const RD: Flags = Flags::RECURSION_DESIRED;
const RA: Flags = Flags::RECURSION_AVAILABLE;
const B: Flags = Flags::BROADCAST;

impl Packet {
    /// NAME QUERY REQUEST to everybody on the segment (RFC 1002 section 4.2.12).
    pub fn broadcast_query(id: u16, name: Name) -> Packet {
        Packet { id, flags: RD | B, body: Body::QueryRequest { name } }
    }

    /// NAME QUERY REQUEST to a name server (RFC 1002 section 4.2.12).
    pub fn server_query(id: u16, name: Name) -> Packet {
        Packet { id, flags: RD, body: Body::QueryRequest { name } }
    }

    /// NAME QUERY REQUEST to a node that is said to hold the name (RFC 1002 section 4.2.12).
    pub fn node_query(id: u16, name: Name) -> Packet {
        Packet { id, flags: Flags::NONE, body: Body::QueryRequest { name } }
    }

    /// NODE STATUS REQUEST to a node (RFC 1002 section 4.2.17).
    pub fn node_status_request(id: u16, name: Name) -> Packet {
        Packet { id, flags: Flags::NONE, body: Body::NodeStatusRequest { name } }
    }

    /// NAME REGISTRATION REQUEST to everybody on the segment (RFC 1002 section 4.2.2).
    pub fn broadcast_registration(id: u16, name: Name, holder: Holder) -> Packet {
        Packet { id, flags: RD | B, body: Body::RegistrationRequest(Claim { name, ttl: 0, holder }) }
    }

    /// NAME OVERWRITE REQUEST & DEMAND to everybody on the segment, because no node objected to the claim (RFC 1002
    /// section 4.2.3).
    pub fn broadcast_overwrite(id: u16, name: Name, holder: Holder) -> Packet {
        Packet { id, flags: B, body: Body::RegistrationRequest(Claim { name, ttl: 0, holder }) }
    }

    /// NAME RELEASE REQUEST & DEMAND to everybody on the segment (RFC 1002 section 4.2.9).
    pub fn broadcast_release(id: u16, name: Name, holder: Holder) -> Packet {
        Packet { id, flags: B, body: Body::ReleaseRequest(Claim { name, ttl: 0, holder }) }
    }

    /// NAME REGISTRATION REQUEST to a name server (RFC 1002 section 4.2.2).
    pub fn server_registration(id: u16, claim: Claim) -> Packet {
        Packet { id, flags: RD, body: Body::RegistrationRequest(claim) }
    }

    /// The same from a node with several addresses, for one of them (MS-NBTE section 2.2).
    pub fn server_multihomed_registration(id: u16, claim: Claim) -> Packet {
        Packet { id, flags: RD, body: Body::MultihomedRegistrationRequest(claim) }
    }

    /// NAME OVERWRITE REQUEST & DEMAND to a name server that left the challenge to us (RFC 1002 section 4.2.3).
    pub fn server_overwrite(id: u16, claim: Claim) -> Packet {
        Packet { id, flags: Flags::NONE, body: Body::RegistrationRequest(claim) }
    }

    /// NAME REFRESH REQUEST to a name server (RFC 1002 section 4.2.4).
    pub fn refresh(id: u16, claim: Claim) -> Packet {
        Packet { id, flags: Flags::NONE, body: Body::RefreshRequest { claim, opcode: RefreshCode::Eight } }
    }

    /// NAME RELEASE REQUEST & DEMAND to a name server (RFC 1002 section 4.2.9).
    pub fn server_release(id: u16, name: Name, holder: Holder) -> Packet {
        Packet { id, flags: Flags::NONE, body: Body::ReleaseRequest(Claim { name, ttl: 0, holder }) }
    }

    /// POSITIVE NAME QUERY RESPONSE (RFC 1002 section 4.2.13) to a request with these flags.
    pub fn query_response(id: u16, request: Flags, name: Name, ttl: u32, holders: Vec<Holder>) -> Packet {
        Packet { id, flags: answer_flags(request), body: Body::QueryResponse { name, ttl, holders } }
    }

    /// NEGATIVE NAME QUERY RESPONSE (RFC 1002 section 4.2.14) to a request with these flags. `rcode` is not `Success`.
    pub fn negative_query_response(id: u16, request: Flags, name: Name, rcode: Rcode) -> Packet {
        Packet { id, flags: answer_flags(request), body: Body::NegativeQueryResponse { name: Some(name), rcode } }
    }

    /// REDIRECT NAME QUERY RESPONSE (RFC 1002 section 4.2.15): ask that server.
    pub fn redirect_query_response(id: u16, name: Name, ttl: u32, server: Name, address: Ipv4Addr) -> Packet {
        Packet { id, flags: RD, body: Body::RedirectQueryResponse { name, ttl, server, address } }
    }

    /// POSITIVE or NEGATIVE NAME REGISTRATION RESPONSE, also to a refresh (RFC 1002 sections 4.2.5 and 4.2.6).
    pub fn registration_response(id: u16, claim: Claim, rcode: Rcode) -> Packet {
        Packet { id, flags: AA | RD | RA, body: Body::RegistrationResponse { claim, rcode } }
    }

    /// END-NODE CHALLENGE REGISTRATION RESPONSE (RFC 1002 section 4.2.7): `claim` names the node that is said to hold
    /// the name.
    pub fn end_node_challenge(id: u16, claim: Claim) -> Packet {
        Packet { id, flags: AA | RD, body: Body::RegistrationResponse { claim, rcode: Rcode::Success } }
    }

    /// NAME CONFLICT DEMAND to a node that holds another node's name (RFC 1002 section 4.2.8). Sent to port 137.
    pub fn conflict_demand(id: u16, name: Name, flags: NameFlags) -> Packet {
        let holder = Holder { flags: flags.without(NameFlags::GROUP), address: Ipv4Addr::UNSPECIFIED };
        Packet::registration_response(id, Claim { name, ttl: 0, holder }, Rcode::Conflict)
    }

    /// POSITIVE or NEGATIVE NAME RELEASE RESPONSE (RFC 1002 sections 4.2.10 and 4.2.11).
    pub fn release_response(id: u16, claim: Claim, rcode: Rcode) -> Packet {
        Packet { id, flags: AA, body: Body::ReleaseResponse { claim, rcode } }
    }

    /// WAIT FOR ACKNOWLEDGEMENT RESPONSE (RFC 1002 section 4.2.16) to the request `to`.
    pub fn wack(to: &Packet, ttl: u32) -> Packet {
        let opcode = u16::from(to.body.opcode().bits()) << 11;
        let request_flags = opcode | to.flags.bits();
        Packet { id: to.id, flags: AA, body: Body::Wack { name: to.body.name().cloned(), ttl, request_flags } }
    }

    /// NODE STATUS RESPONSE (RFC 1002 section 4.2.18).
    pub fn node_status_response(id: u16, name: Name, entries: Vec<Entry>, statistics: Statistics) -> Packet {
        Packet { id, flags: AA, body: Body::NodeStatusResponse { name, entries, statistics } }
    }

    /// Whether this is an END-NODE CHALLENGE REGISTRATION RESPONSE; see [`Body::RegistrationResponse`].
    pub fn is_end_node_challenge(&self) -> bool {
        matches!(self.body, Body::RegistrationResponse { rcode: Rcode::Success, .. }) && !self.flags.contains(RA)
    }
}

/// The flags of an answer: RECURSION_DESIRED is copied from the request.
fn answer_flags(request: Flags) -> Flags {
    if request.contains(RD) { AA | RD } else { AA }
}
