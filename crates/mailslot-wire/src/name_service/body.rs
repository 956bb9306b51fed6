//! The contents of packets.

use std::net::Ipv4Addr;

use crate::name::Name;
use crate::name_service::flags::{NameFlags, Opcode, Rcode, RefreshCode};
use crate::name_service::record::Sections;
use crate::name_service::status::{Entry, Statistics};

/// A node that holds a name, or wants to.
///
/// # Sources
///
/// RFC 1002 section 4.2.1.3, *NB_FLAGS* and *NB_ADDRESS*.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Holder {
    /// Unique or group, and the node's type.
    pub flags: NameFlags,
    /// The node's address. A name server answers for most groups with 255.255.255.255, or 0.0.0.0: broadcast.
    pub address: Ipv4Addr,
}

/// A name and the node that is to hold it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// The name.
    pub name: Name,
    /// For how many seconds; 0 is for ever.
    pub ttl: u32,
    /// The node.
    pub holder: Holder,
}

/// The contents of a packet.
///
/// | variant | sections |
/// |---|---|
/// | requests on a [`Claim`] | one question (NB), one additional record (NB) of the same name |
/// | queries, status requests | one question |
/// | responses | one answer |
///
/// A well-formed packet of another form is [`Body::Other`]. Fields that a variant does not have are not kept: the TTL
/// of negative query responses, the record type of a WACK.
///
/// # Sources
///
/// RFC 1002 sections 4.2.2 to 4.2.18.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Body {
    /// Asks for the holders of this name: by broadcast, of a name server, or of a node that may hold it (4.2.12).
    QueryRequest {
        /// The name.
        name: Name,
    },
    /// Asks for all names of the node that has this one (4.2.17).
    NodeStatusRequest {
        /// The name, or `*`.
        name: Name,
    },
    /// The sender claims a name, or demands it because no node objected (4.2.2, 4.2.3). The flags do not distinguish
    /// the two.
    RegistrationRequest(Claim),
    /// The same from a node with several addresses, to a name server (MS-NBTE).
    MultihomedRegistrationRequest(Claim),
    /// The sender confirms that it still holds the name (4.2.4).
    RefreshRequest {
        /// The name and its holder.
        claim: Claim,
        /// Which of two opcodes the sender uses.
        opcode: RefreshCode,
    },
    /// The holder gives the name up (4.2.9).
    ReleaseRequest(Claim),
    /// The name's holders (4.2.13).
    QueryResponse {
        /// The name.
        name: Name,
        /// For how many seconds this is valid; 0 is for ever.
        ttl: u32,
        /// The holders; several for a group of domain controllers or a node with several addresses.
        holders: Vec<Holder>,
    },
    /// The name has no holder (4.2.14).
    NegativeQueryResponse {
        /// The name, which a sender may leave out.
        name: Option<Name>,
        /// Why.
        rcode: Rcode,
    },
    /// Refers to another name server (4.2.15).
    RedirectQueryResponse {
        /// The name.
        name: Name,
        /// For how many seconds this is valid.
        ttl: u32,
        /// That server's name.
        server: Name,
        /// That server's address.
        address: Ipv4Addr,
    },
    /// The result of a claim or a refresh (4.2.5 to 4.2.8):
    ///
    /// | `rcode` | flags | means |
    /// |---|---|---|
    /// | `Success` | RECURSION_AVAILABLE | the name is the asker's for `ttl` seconds |
    /// | `Success` | without | "end-node challenge": ask `holder` whether it has the name still |
    /// | `Conflict` | of no transaction | "name conflict demand": stop using the name |
    /// | other | | refused |
    RegistrationResponse {
        /// The name and its holder, usually as in the request.
        claim: Claim,
        /// The result.
        rcode: Rcode,
    },
    /// The result of a release (4.2.10, 4.2.11).
    ReleaseResponse {
        /// The name and its holder as in the request.
        claim: Claim,
        /// The result.
        rcode: Rcode,
    },
    /// The server is busy with the request: wait (4.2.16).
    Wack {
        /// The name of the request, which a sender may leave out.
        name: Option<Name>,
        /// How many seconds more to wait; 0 is unknown.
        ttl: u32,
        /// The word of flags of the request.
        request_flags: u16,
    },
    /// A node's names (4.2.18).
    NodeStatusResponse {
        /// The name of the request.
        name: Name,
        /// The node's names, at most 255.
        entries: Vec<Entry>,
        /// The node's counters.
        statistics: Statistics,
    },
    /// Anything else.
    Other {
        /// The R bit.
        response: bool,
        /// OPCODE.
        opcode: Opcode,
        /// RCODE.
        rcode: Rcode,
        /// Everything after the header.
        sections: Box<Sections>,
    },
}

impl Body {
    /// Whether this is a response. A node must never answer a response.
    pub fn is_response(&self) -> bool {
        match self {
            Body::QueryRequest { .. }
            | Body::NodeStatusRequest { .. }
            | Body::RegistrationRequest(_)
            | Body::MultihomedRegistrationRequest(_)
            | Body::RefreshRequest { .. }
            | Body::ReleaseRequest(_) => false,
            Body::Other { response, .. } => *response,
            _ => true,
        }
    }

    /// OPCODE.
    pub fn opcode(&self) -> Opcode {
        match self {
            Body::QueryRequest { .. }
            | Body::NodeStatusRequest { .. }
            | Body::QueryResponse { .. }
            | Body::NegativeQueryResponse { .. }
            | Body::RedirectQueryResponse { .. }
            | Body::NodeStatusResponse { .. } => Opcode::Query,
            Body::RegistrationRequest(_) | Body::RegistrationResponse { .. } => Opcode::Registration,
            Body::MultihomedRegistrationRequest(_) => Opcode::MultihomedRegistration,
            Body::RefreshRequest { opcode, .. } => Opcode::Refresh(*opcode),
            Body::ReleaseRequest(_) | Body::ReleaseResponse { .. } => Opcode::Release,
            Body::Wack { .. } => Opcode::Wack,
            Body::Other { opcode, .. } => *opcode,
        }
    }

    /// RCODE: 0 in requests.
    pub fn rcode(&self) -> Rcode {
        match self {
            Body::NegativeQueryResponse { rcode, .. }
            | Body::RegistrationResponse { rcode, .. }
            | Body::ReleaseResponse { rcode, .. }
            | Body::Other { rcode, .. } => *rcode,
            _ => Rcode::Success,
        }
    }

    /// The name that the packet is about; `None` if the sender left it out, and for packets of unknown form.
    pub fn name(&self) -> Option<&Name> {
        match self {
            Body::QueryRequest { name }
            | Body::NodeStatusRequest { name }
            | Body::QueryResponse { name, .. }
            | Body::RedirectQueryResponse { name, .. }
            | Body::NodeStatusResponse { name, .. } => Some(name),
            Body::RegistrationRequest(claim)
            | Body::MultihomedRegistrationRequest(claim)
            | Body::RefreshRequest { claim, .. }
            | Body::ReleaseRequest(claim)
            | Body::RegistrationResponse { claim, .. }
            | Body::ReleaseResponse { claim, .. } => Some(&claim.name),
            Body::NegativeQueryResponse { name, .. } | Body::Wack { name, .. } => name.as_ref(),
            Body::Other { .. } => None,
        }
    }
}
