//! The words of bits in name service packets.

use core::fmt;

use crate::bits::bits;
use crate::node_type::NodeType;

/// Bits that are neither R, nor OPCODE, nor RCODE.
const NM_FLAGS: u16 = 0x07F0;

bits! {
    /// The flags of a packet's header (NM_FLAGS).
    ///
    /// ```text
    ///   0   1   2   3   4   5   6   7   8   9  10  11  12  13  14  15
    /// +---+---+---+---+---+---+---+---+---+---+---+---+---+---+---+---+
    /// | R |     OPCODE    |AA |TC |RD |RA | 0 | 0 | B |     RCODE     |
    /// +---+---+---+---+---+---+---+---+---+---+---+---+---+---+---+---+
    /// ```
    ///
    /// RECURSION_DESIRED does not distinguish a claim from a demand: one Samba sets it in claims, another in demands.
    ///
    /// # Sources
    ///
    /// RFC 1002 section 4.2.1.1.
    Flags(u16) {
        /// AA: the answer of an authority.
        AUTHORITATIVE = 0x0400,
        /// TC: there were more data than the packet could hold.
        TRUNCATED = 0x0200,
        /// RD: the request is to a name server. Copied into the answer.
        RECURSION_DESIRED = 0x0100,
        /// RA: the answer is from a name server. End nodes set it too.
        RECURSION_AVAILABLE = 0x0080,
        /// B: the packet was sent to a broadcast address.
        BROADCAST = 0x0010,
    }
}

bits! {
    /// The flags of one holder of a name (NB_FLAGS), or of one name in a node status (NAME_FLAGS). Senders set more
    /// of the bits than RFC 1002 allows in each place, so both are one type.
    ///
    /// ```text
    ///   0   1   2   3   4   5   6   7   8   9  10  11  12  13  14  15
    /// +---+---+---+---+---+---+---+---+---+---+---+---+---+---+---+---+
    /// | G |  ONT  |DRG|CNF|ACT|PRM|              reserved             |
    /// +---+---+---+---+---+---+---+---+---+---+---+---+---+---+---+---+
    /// ```
    ///
    /// # Sources
    ///
    /// RFC 1002 sections 4.2.1.3 and 4.2.18.
    NameFlags(u16) {
        /// G: the name belongs to a group.
        GROUP = 0x8000,
        /// DRG: the name is being released.
        DEREGISTERING = 0x1000,
        /// CNF: the name is in conflict.
        CONFLICT = 0x0800,
        /// ACT: the name is in use. Set for every name of a node status.
        ACTIVE = 0x0400,
        /// PRM: the permanent name of the node.
        PERMANENT = 0x0200,
    }
}

/// What a request asks for (OPCODE).
///
/// # Sources
///
/// RFC 1002 section 4.2.1.1; MS-NBTE section 2.2 for the multihomed registration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Opcode {
    /// Query, and node status: 0.
    Query,
    /// Registration: 5.
    Registration,
    /// Release: 6.
    Release,
    /// "Wait for acknowledgement": 7.
    Wack,
    /// Refresh: 8, or 9. RFC 1002 has both numbers; senders use 8.
    Refresh(RefreshCode),
    /// Registration by a node with several addresses: 15.
    MultihomedRegistration,
    /// Any other; 4 bits.
    Other(u8),
}

/// The two numbers of the refresh opcode.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum RefreshCode {
    /// 8, as in the table of RFC 1002 section 4.2.1.1.
    #[default]
    Eight,
    /// 9, as in the diagram of RFC 1002 section 4.2.4.
    Nine,
}

/// The result of a request (RCODE).
///
/// # Sources
///
/// RFC 1002 sections 4.2.6, 4.2.11 and 4.2.14.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Rcode {
    /// Well: 0.
    Success,
    /// FMT_ERR, the request was badly formatted: 1.
    Format,
    /// SRV_ERR, the server failed: 2.
    Server,
    /// NAM_ERR, there is no such name: 3.
    Name,
    /// IMP_ERR, the server does not support the request: 4.
    Unsupported,
    /// RFS_ERR, the server's policy forbids it: 5.
    Refused,
    /// ACT_ERR, another node owns the name: 6.
    Active,
    /// CFT_ERR, the name is in conflict: 7.
    Conflict,
    /// Any other; 4 bits.
    Other(u8),
}

impl Flags {
    /// The flags in a header's second word.
    pub(crate) const fn of_word(word: u16) -> Flags {
        Flags(word & NM_FLAGS)
    }
}

impl NameFlags {
    /// The flags of these bits; all of them are kept.
    pub const fn from_bits(bits: u16) -> NameFlags {
        NameFlags(bits)
    }

    /// The flags of a unique name.
    pub const fn unique(owner: NodeType) -> NameFlags {
        NameFlags((owner.bits() as u16) << 13)
    }

    /// The flags of a group name.
    pub const fn group(owner: NodeType) -> NameFlags {
        NameFlags(NameFlags::unique(owner).0 | NameFlags::GROUP.0)
    }

    /// Whether the name belongs to a group.
    pub const fn is_group(self) -> bool {
        self.contains(NameFlags::GROUP)
    }

    /// ONT: the type of the node that owns the name.
    pub const fn node_type(self) -> NodeType {
        NodeType::from_bits((self.0 >> 13) as u8)
    }
}

impl Opcode {
    /// The opcode of the four lowest bits.
    pub const fn from_bits(bits: u8) -> Opcode {
        match bits & 15 {
            0 => Opcode::Query,
            5 => Opcode::Registration,
            6 => Opcode::Release,
            7 => Opcode::Wack,
            8 => Opcode::Refresh(RefreshCode::Eight),
            9 => Opcode::Refresh(RefreshCode::Nine),
            15 => Opcode::MultihomedRegistration,
            other => Opcode::Other(other),
        }
    }

    /// The four bits.
    pub const fn bits(self) -> u8 {
        match self {
            Opcode::Query => 0,
            Opcode::Registration => 5,
            Opcode::Release => 6,
            Opcode::Wack => 7,
            Opcode::Refresh(RefreshCode::Eight) => 8,
            Opcode::Refresh(RefreshCode::Nine) => 9,
            Opcode::MultihomedRegistration => 15,
            Opcode::Other(other) => other & 15,
        }
    }
}

impl Rcode {
    /// The code of the four lowest bits.
    pub const fn from_bits(bits: u8) -> Rcode {
        match bits & 15 {
            0 => Rcode::Success,
            1 => Rcode::Format,
            2 => Rcode::Server,
            3 => Rcode::Name,
            4 => Rcode::Unsupported,
            5 => Rcode::Refused,
            6 => Rcode::Active,
            7 => Rcode::Conflict,
            other => Rcode::Other(other),
        }
    }

    /// The four bits.
    pub const fn bits(self) -> u8 {
        match self {
            Rcode::Success => 0,
            Rcode::Format => 1,
            Rcode::Server => 2,
            Rcode::Name => 3,
            Rcode::Unsupported => 4,
            Rcode::Refused => 5,
            Rcode::Active => 6,
            Rcode::Conflict => 7,
            Rcode::Other(other) => other & 15,
        }
    }
}

impl fmt::Display for Rcode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Rcode::Success => f.write_str("success"),
            Rcode::Format => f.write_str("badly formatted request"),
            Rcode::Server => f.write_str("server failure"),
            Rcode::Name => f.write_str("no such name"),
            Rcode::Unsupported => f.write_str("unsupported request"),
            Rcode::Refused => f.write_str("refused by the server's policy"),
            Rcode::Active => f.write_str("the name belongs to another node"),
            Rcode::Conflict => f.write_str("the name is in conflict"),
            Rcode::Other(other) => write!(f, "error {other}"),
        }
    }
}
