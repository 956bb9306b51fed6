//! Whose slots of a name count, and for how much.

/// Who may own a slot, the most trusted first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Rank {
    First,
    Second,
}

/// Whose slots of a name count for a process.
pub(super) enum Rule {
    /// Everybody's.
    All { own: u32 },
    /// Those of these users, and of this one.
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
