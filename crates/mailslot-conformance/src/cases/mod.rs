//! The cases, by subject.

use crate::case::Case;

mod create_names;
mod info;
mod lifetime;
mod open_names;
mod order;
mod owners;
mod processes;
mod read;
mod same_names;
mod scenarios;
mod wait;
mod write;

/// All cases.
pub fn all() -> impl Iterator<Item = &'static Case> {
    let subjects = [
        create_names::CASES,
        open_names::CASES,
        same_names::CASES,
        info::CASES,
        read::CASES,
        wait::CASES,
        write::CASES,
        order::CASES,
        owners::CASES,
        lifetime::CASES,
        processes::CASES,
        scenarios::CASES,
    ];
    subjects.into_iter().flatten()
}
