//! On Windows.

mod entry;
mod environment;
mod handles;
mod hooks;
mod inject;
mod inlet;
mod path;
mod run;
mod settings;

pub use run::{Error, Options, run};
