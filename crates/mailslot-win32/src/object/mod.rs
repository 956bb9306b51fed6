//! What handles stand for.

mod access;
mod client;
mod event;
mod process;
mod slot;
mod snapshot;
mod stream;
mod thread;
mod times;

use std::sync::Arc;

use crate::abi::Handle;
use crate::code::{Code, Result};
use crate::sync_object::{Kind, SyncObject};
use crate::wait::Waitable;

pub(crate) use access::Access;
pub(crate) use client::{Client, Rights};
pub(crate) use event::Event;
pub(crate) use process::{Process, STILL_ACTIVE};
pub(crate) use slot::{Slot, Which, read_error};
pub(crate) use snapshot::Snapshot;
pub(crate) use stream::Stream;
pub(crate) use thread::Thread;

/// What a handle stands for. Duplicates share it.
#[derive(Clone)]
pub(crate) enum Object {
    /// The reading end of a slot.
    Server(Arc<Slot>),
    /// A writing end.
    Client(Arc<Client>),
    Event(Arc<Event>, Access),
    /// A mutex, a semaphore, a timer, a section.
    Sync(Arc<SyncObject>, Access),
    Process(Arc<Process>),
    /// Standard input, output or error.
    Stream(Arc<Stream>),
    Thread(Arc<Thread>),
    /// A list of processes.
    Snapshot(Arc<Snapshot>),
}

impl Object {
    pub(crate) fn server(&self) -> Result<&Arc<Slot>> {
        match self {
            Object::Server(slot) => Ok(slot),
            _ => Err(Code::INVALID_HANDLE),
        }
    }

    /// An event that may be set and reset through this handle.
    pub(crate) fn event(&self) -> Result<&Arc<Event>> {
        match self {
            Object::Event(event, access) => access.to_modify().map(|()| event),
            _ => Err(Code::INVALID_HANDLE),
        }
    }

    /// A synchronization object of this kind, and what may be done with it.
    pub(crate) fn sync(&self, kind: Kind) -> Result<(&Arc<SyncObject>, Access)> {
        match self {
            Object::Sync(object, access) if object.kind() == kind => Ok((object, *access)),
            _ => Err(Code::INVALID_HANDLE),
        }
    }

    pub(crate) fn process(&self) -> Result<&Arc<Process>> {
        match self {
            Object::Process(process) => Ok(process),
            _ => Err(Code::INVALID_HANDLE),
        }
    }

    pub(crate) fn stream(&self) -> Result<&Arc<Stream>> {
        match self {
            Object::Stream(stream) => Ok(stream),
            _ => Err(Code::INVALID_HANDLE),
        }
    }

    pub(crate) fn thread(&self) -> Result<&Arc<Thread>> {
        match self {
            Object::Thread(thread) => Ok(thread),
            _ => Err(Code::INVALID_HANDLE),
        }
    }

    /// What a wait for this object waits for.
    pub(crate) fn waitable(&self) -> Result<Waitable<'_>> {
        Ok(match self {
            Object::Server(slot) => Waitable::Signal(&slot.signal),
            Object::Client(client) => Waitable::Signal(&client.signal),
            Object::Event(event, access) => access.to_wait().map(|()| event.waitable())?,
            Object::Sync(object, _) if object.kind() == Kind::Section => return Err(Code::INVALID_HANDLE),
            Object::Sync(object, access) => access.to_wait().map(|()| Waitable::Object(object))?,
            Object::Process(process) => Waitable::Signal(&process.signal),
            Object::Thread(thread) => Waitable::Signal(&thread.signal),
            Object::Stream(stream) => Waitable::Signal(stream.signal()),
            Object::Snapshot(_) => return Err(Code::INVALID_HANDLE),
        })
    }

    /// Signals a synchronization object in the way of its kind.
    pub(crate) fn signal(&self) -> Result<()> {
        match self {
            Object::Event(..) => self.event()?.set(),
            Object::Sync(object, _) if object.kind() == Kind::Mutex => object.release_mutex(),
            Object::Sync(object, access) if object.kind() == Kind::Semaphore => {
                access.to_modify()?;
                object.release_semaphore(1).map(drop)
            }
            _ => Err(Code::INVALID_HANDLE),
        }
    }

    /// The handle of a synchronization object.
    pub(crate) fn of(object: SyncObject, access: Access) -> Object {
        match object.kind() {
            Kind::Event => Object::Event(Arc::new(Event::Shared(object)), access),
            Kind::Mutex | Kind::Semaphore | Kind::Timer | Kind::Section => Object::Sync(Arc::new(object), access),
        }
    }

    /// The same for a handle that may be used for something else.
    pub(crate) fn with_access(self, access: Access) -> Object {
        match self {
            Object::Event(event, _) => Object::Event(event, access),
            Object::Sync(object, _) => Object::Sync(object, access),
            object => object,
        }
    }

    /// The synchronization object that this is, if other processes may have it.
    pub(crate) fn shared(&self) -> Option<&SyncObject> {
        match self {
            Object::Event(event, _) => event.shared(),
            Object::Sync(object, _) => Some(object),
            _ => None,
        }
    }

    /// Whether both are the same, and not only alike.
    pub(crate) fn is(&self, other: &Object) -> bool {
        match (self, other) {
            (Object::Server(one), Object::Server(other)) => Arc::ptr_eq(one, other),
            (Object::Event(one, _), Object::Event(other, _)) => Arc::ptr_eq(one, other),
            (Object::Sync(one, _), Object::Sync(other, _)) => Arc::ptr_eq(one, other),
            (Object::Process(one), Object::Process(other)) => Arc::ptr_eq(one, other),
            // These have nothing that could be inherited.
            _ => false,
        }
    }

    /// Lets a child process inherit it, or not.
    pub(crate) fn set_inheritable(&self, inheritable: bool) {
        match self {
            Object::Server(slot) => slot.set_inheritable(inheritable),
            Object::Process(process) => process.set_inheritable(inheritable),
            object => object.shared().into_iter().for_each(|object| object.set_inheritable(inheritable)),
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
