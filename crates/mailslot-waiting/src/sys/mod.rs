//! The platform of the model.

mod linux;

pub(crate) use linux::{Client, Next, Server, computer_name, win32_code};
