//! How a node registers and finds names.

/// How a node registers and finds names. Travels as two bits, in datagram flags (SNT) and name flags (ONT).
///
/// # Sources
///
/// RFC 1001 section 10; RFC 1002 sections 4.2.1.3 and 4.4.1; `H` is Microsoft's (MS-NBTE).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum NodeType {
    /// By broadcasts alone.
    #[default]
    B,
    /// By asking a name server alone.
    P,
    /// By broadcasts, then by asking a name server.
    M,
    /// By asking a name server, then by broadcasts. In RFC 1002 these bits are reserved, or say "NBDD".
    H,
}

impl NodeType {
    /// The type in the two lowest bits of `bits`.
    pub const fn from_bits(bits: u8) -> NodeType {
        match bits & 3 {
            0 => NodeType::B,
            1 => NodeType::P,
            2 => NodeType::M,
            _ => NodeType::H,
        }
    }

    /// The two bits.
    pub const fn bits(self) -> u8 {
        match self {
            NodeType::B => 0,
            NodeType::P => 1,
            NodeType::M => 2,
            NodeType::H => 3,
        }
    }

    /// Its letter: `B`, `P`, `M` or `H`.
    pub const fn letter(self) -> char {
        match self {
            NodeType::B => 'B',
            NodeType::P => 'P',
            NodeType::M => 'M',
            NodeType::H => 'H',
        }
    }
}
