//! Shared by the exports of all synchronization objects.

use std::sync::Arc;

use crate::abi::{Bool, Handle, SecurityAttributes};
use crate::boundary;
use crate::code::{Code, Result};
use crate::handles;
use crate::object::{Access, Event, Object};
use crate::pointer::{In, Narrow, Wide};
use crate::sync_object::{self, Initial, Kind, ObjectName, SyncObject};

/// The parameters of a creation, besides name and kind.
pub(super) struct Creation {
    pub(super) inherit: bool,
    pub(super) access: Access,
    pub(super) initial: Initial,
}

impl Creation {
    pub(super) fn new(attributes: &In<SecurityAttributes>, access: Access, initial: Initial) -> Creation {
        // Its user may use it, whatever a descriptor says, which could only restrict other programs of that user.
        let inherit = attributes.read().is_some_and(|attributes| attributes.inherit_handle.is_true());
        Creation { inherit, access, initial }
    }
}

pub(super) fn narrow(name: Narrow) -> Result<Option<ObjectName>> {
    ObjectName::narrow(name.bytes())
}

pub(super) fn wide(name: Wide) -> Result<Option<ObjectName>> {
    ObjectName::wide(name.units())
}

/// Creates an object, or opens the one of that name: then the last error is `ERROR_ALREADY_EXISTS`.
pub(super) fn create(creation: &Creation, name: Result<Option<ObjectName>>) -> Result<Handle> {
    let (object, created) = match name? {
        Some(name) => {
            let (object, created) = sync_object::create(&name, creation.initial)?;
            (Object::of(object, creation.access), created)
        }
        None if creation.inherit => (Object::of(SyncObject::inheritable(creation.initial)?, creation.access), true),
        None => (own(creation)?, true),
    };
    let handle = handles::insert(object, creation.inherit)?;
    boundary::set_last_error(if created { Code::SUCCESS } else { Code::ALREADY_EXISTS });
    Ok(handle)
}

/// Opens an object by its name.
pub(super) fn open(
    kind: Kind,
    access: u32,
    inherit: Bool,
    named: bool,
    name: Result<Option<ObjectName>>,
) -> Result<Handle> {
    let Some(name) = name? else {
        return Err(if named { Code::INVALID_HANDLE } else { Code::INVALID_PARAMETER });
    };
    let object = sync_object::open(&name, kind)?;
    handles::insert(Object::of(object, Access::granted(access)), inherit.is_true())
}

fn own(creation: &Creation) -> Result<Object> {
    let initial = creation.initial;
    Ok(match initial.kind {
        Kind::Event => Object::Event(Arc::new(Event::new(initial.manual_reset, initial.value != 0)), creation.access),
        _ => Object::Sync(Arc::new(SyncObject::new(initial)?), creation.access),
    })
}
