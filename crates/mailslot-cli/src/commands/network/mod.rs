//! The commands of the network: the node, and those that ask it.

pub mod browse;
pub mod capture;
#[cfg(feature = "zenoh")]
pub mod domains;
pub mod embedded;
pub mod find_dc;
pub mod node;
pub mod resolve;
pub mod status;

use std::time::Duration;

use mailslot_node::control::{self, Answer, Request};

use crate::exit::{Failure, Result};

/// Longer than a node takes to give a query up.
const PATIENCE: Duration = Duration::from_secs(30);

/// Asks the node of this machine.
fn ask(request: Request) -> Result<Answer> {
    Ok(control::ask(request, PATIENCE)?)
}

/// An answer to something else.
fn unexpected(answer: &Answer) -> Failure {
    Failure::Unexpected(format!("the node answered {answer:?}"))
}
