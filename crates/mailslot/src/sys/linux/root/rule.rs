//! Which users' slots of a name count, and their precedence.

/// The precedence of a slot's owner, the most trusted first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Rank {
    First,
    Second,
}

/// The users whose slots of a name count for a process.
pub(super) enum Rule {
    /// Those of all users.
    All { own: u32 },
    /// Those of these users, and of this process's user.
    Reserved { trusted: Vec<u32>, own: u32 },
}

impl Rule {
    pub(super) fn rank(&self, uid: u32) -> Option<Rank> {
        match self {
            Rule::All { own } => Some(if uid == *own { Rank::First } else { Rank::Second }),
            Rule::Reserved { trusted, .. } if trusted.contains(&uid) => Some(Rank::First),
            Rule::Reserved { own, .. } => (uid == *own).then_some(Rank::Second),
        }
    }
}
