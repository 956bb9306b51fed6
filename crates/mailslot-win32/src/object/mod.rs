//! The objects of handles.

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

/// The object of a handle. Duplicates of the handle share it.
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

    /// A synchronization object of this kind, and the handle's rights.
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

    /// The object as a wait sees it.
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

    /// Signals a synchronization object, as fits its kind.
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

    /// The same object, for a handle with other rights.
    pub(crate) fn with_access(self, access: Access) -> Object {
        match self {
            Object::Event(event, _) => Object::Event(event, access),
            Object::Sync(object, _) => Object::Sync(object, access),
            object => object,
        }
    }

    /// This as a synchronization object, if it may be shared with other processes.
    pub(crate) fn shared(&self) -> Option<&SyncObject> {
        match self {
            Object::Event(event, _) => event.shared(),
            Object::Sync(object, _) => Some(object),
            _ => None,
        }
    }

    /// Whether both are the same object.
    pub(crate) fn is(&self, other: &Object) -> bool {
        match (self, other) {
            (Object::Server(one), Object::Server(other)) => Arc::ptr_eq(one, other),
            (Object::Event(one, _), Object::Event(other, _)) => Arc::ptr_eq(one, other),
            (Object::Sync(one, _), Object::Sync(other, _)) => Arc::ptr_eq(one, other),
            (Object::Process(one), Object::Process(other)) => Arc::ptr_eq(one, other),
            // These have nothing to inherit.
            _ => false,
        }
    }

    /// Makes it inheritable by child processes, or not.
    pub(crate) fn set_inheritable(&self, inheritable: bool) {
        match self {
            Object::Server(slot) => slot.set_inheritable(inheritable),
            Object::Process(process) => process.set_inheritable(inheritable),
            object => object.shared().into_iter().for_each(|object| object.set_inheritable(inheritable)),
        }
    }

    /// Counts a new handle of this object.
    pub(crate) fn opened(&self) {
        if let Object::Server(slot) = self {
            slot.opened();
        }
    }

    /// Uncounts `handle`, which is closed.
    pub(crate) fn closed(&self, handle: Handle) {
        if let Object::Server(slot) = self {
            slot.closed(handle);
        }
    }
}
