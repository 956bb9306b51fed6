//! Programs and nodes of different versions.

/// Why bytes of the other side say nothing to this one. Any local process may have written them.
///
/// Forms have a version, or kinds that are only ever added to: who does not know one is of the older version of mailslot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Undecoded {
    /// They are of no form that there is.
    Malformed,
    /// Whoever wrote them is of an older version than this library.
    Older,
    /// Whoever wrote them is of a newer version than this library.
    Newer,
}

impl Undecoded {
    /// What follows the version `own` in `bytes`.
    ///
    /// # Errors
    ///
    /// They begin with another one, or with nothing.
    pub fn check_version(bytes: &[u8], own: u8) -> Result<&[u8], Undecoded> {
        match bytes.split_first() {
            Some((version, rest)) if *version == own => Ok(rest),
            Some((version, _)) if *version > own => Err(Undecoded::Newer),
            Some(_) => Err(Undecoded::Older),
            None => Err(Undecoded::Malformed),
        }
    }

    /// What a node says of a program.
    pub fn of_program(self) -> &'static str {
        match self {
            Undecoded::Malformed => "what the program wrote is malformed",
            Undecoded::Older => {
                "the program is of an older version of mailslot than the node: update what it is built with"
            }
            Undecoded::Newer => {
                "the node is of an older version of mailslot than the program: start the node anew after its update"
            }
        }
    }

    /// What a program says of the node.
    pub fn of_node(self) -> &'static str {
        match self {
            Undecoded::Malformed => "its answer is malformed",
            Undecoded::Older => {
                "it is of an older version of mailslot than this program: start the node anew after its update"
            }
            Undecoded::Newer => "it is of a newer version of mailslot than this program, which has to be updated",
        }
    }
}
