//! What handles stand for.

mod client;
mod event;
mod process;
mod slot;
mod times;

use std::sync::Arc;

use crate::abi::Handle;
use crate::code::{Code, Result};
use crate::wait::Signal;

pub(crate) use client::{Client, Rights};
pub(crate) use event::Event;
pub(crate) use process::{Process, STILL_ACTIVE};
pub(crate) use slot::{Slot, Which, read_error};

/// What a handle stands for. Duplicates share it.
#[derive(Clone)]
pub(crate) enum Object {
    /// The reading end of a slot.
    Server(Arc<Slot>),
    /// A writing end.
    Client(Arc<Client>),
    Event(Arc<Event>),
    Process(Arc<Process>),
}

impl Object {
    pub(crate) fn server(&self) -> Result<&Arc<Slot>> {
        match self {
            Object::Server(slot) => Ok(slot),
            _ => Err(Code::INVALID_HANDLE),
        }
    }

    pub(crate) fn event(&self) -> Result<&Arc<Event>> {
        match self {
            Object::Event(event) => Ok(event),
            _ => Err(Code::INVALID_HANDLE),
        }
    }

    pub(crate) fn process(&self) -> Result<&Arc<Process>> {
        match self {
            Object::Process(process) => Ok(process),
            _ => Err(Code::INVALID_HANDLE),
        }
    }

    /// What a wait for this object waits for.
    pub(crate) fn signal(&self) -> &Signal {
        match self {
            Object::Server(slot) => &slot.signal,
            Object::Client(client) => &client.signal,
            Object::Event(event) => &event.signal,
            Object::Process(process) => &process.signal,
        }
    }

    /// One more handle stands for this.
    pub(crate) fn opened(&self) {
        if let Object::Server(slot) = self {
            slot.opened();
        }
    }

    /// `handle` no longer stands for this.
    pub(crate) fn closed(&self, handle: Handle) {
        if let Object::Server(slot) = self {
            slot.closed(handle);
        }
    }
}
