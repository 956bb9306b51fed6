//! A case as data.

use crate::context::Context;

/// A statement about mailslots and the steps that check it.
#[derive(Clone, Copy, Debug)]
pub struct Case {
    /// The statement, as a sentence.
    pub name: &'static str,
    /// Its sources in the fact sheet: a section such as `2.5`, a decision such as `11.5`, a known difference of other
    /// systems such as `10.2`, or a scenario of its first appendix such as `A.7`.
    pub rows: &'static [&'static str],
    /// Checks it, or panics.
    pub steps: fn(&Context),
}

/// Makes a case whose statement is the name of its function.
macro_rules! case {
    ($steps:ident, $($row:literal),+) => {
        $crate::case::Case { name: stringify!($steps), rows: &[$($row),+], steps: $steps }
    };
}

pub(crate) use case;
