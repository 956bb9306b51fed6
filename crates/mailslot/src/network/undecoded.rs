//! Compatibility between programs and nodes of different versions.

/// Why bytes of the other side could not be decoded. Any local process may have written them.
///
/// Formats have a version, or kinds that are only added to: a side that does not know one has the older version of
/// mailslot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Undecoded {
    /// They are in no known format.
    Malformed,
    /// Their writer has an older version than this library.
    Older,
    /// Their writer has a newer version than this library.
    Newer,
}

impl Undecoded {
    /// The rest of `bytes` after the version, which must be `own`.
    ///
    /// # Errors
    ///
    /// Fails if they begin with another version, or are empty.
    pub fn check_version(bytes: &[u8], own: u8) -> Result<&[u8], Undecoded> {
        match bytes.split_first() {
            Some((version, rest)) if *version == own => Ok(rest),
            Some((version, _)) if *version > own => Err(Undecoded::Newer),
            Some(_) => Err(Undecoded::Older),
            None => Err(Undecoded::Malformed),
        }
    }

    /// The text with which a node reports a program's fault.
    pub fn of_program(self) -> &'static str {
        match self {
            Undecoded::Malformed => "what the program wrote is malformed",
            Undecoded::Older => {
                "the program is of an older version of mailslot than the node: rebuild it with the newer version"
            }
            Undecoded::Newer => {
                "the node is of an older version of mailslot than the program: restart the node after its update"
            }
        }
    }

    /// The text with which a program reports the node's fault.
    pub fn of_node(self) -> &'static str {
        match self {
            Undecoded::Malformed => "its answer is malformed",
            Undecoded::Older => {
                "it is of an older version of mailslot than this program: restart the node after its update"
            }
            Undecoded::Newer => "it is of a newer version of mailslot than this program, which has to be updated",
        }
    }
}
