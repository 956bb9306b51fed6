//! Mutexes.

use super::sync_object::{self, Creation};
use crate::abi::{Bool, Handle, SecurityAttributes};
use crate::boundary;
use crate::code::Result;
use crate::handles;
use crate::object::Access;
use crate::pointer::{In, Narrow, Wide};
use crate::sync_object::{Initial, Kind, ObjectName};

const CREATE_MUTEX_INITIAL_OWNER: u32 = 0x1;

#[unsafe(no_mangle)]
extern "C" fn CreateMutexA(attributes: In<SecurityAttributes>, owned: Bool, name: Narrow) -> Handle {
    boundary::call(Handle::NULL, || create(&attributes, owned.is_true(), Access::ALL, sync_object::narrow(name)))
}

#[unsafe(no_mangle)]
extern "C" fn CreateMutexW(attributes: In<SecurityAttributes>, owned: Bool, name: Wide) -> Handle {
    boundary::call(Handle::NULL, || create(&attributes, owned.is_true(), Access::ALL, sync_object::wide(name)))
}

#[unsafe(no_mangle)]
extern "C" fn CreateMutexExA(attributes: In<SecurityAttributes>, name: Narrow, flags: u32, access: u32) -> Handle {
    boundary::call(Handle::NULL, || {
        let owned = flags & CREATE_MUTEX_INITIAL_OWNER != 0;
        create(&attributes, owned, Access::granted(access), sync_object::narrow(name))
    })
}

#[unsafe(no_mangle)]
extern "C" fn CreateMutexExW(attributes: In<SecurityAttributes>, name: Wide, flags: u32, access: u32) -> Handle {
    boundary::call(Handle::NULL, || {
        let owned = flags & CREATE_MUTEX_INITIAL_OWNER != 0;
        create(&attributes, owned, Access::granted(access), sync_object::wide(name))
    })
}

#[unsafe(no_mangle)]
extern "C" fn OpenMutexA(access: u32, inherit: Bool, name: Narrow) -> Handle {
    boundary::call(Handle::NULL, || {
        sync_object::open(Kind::Mutex, access, inherit, !name.pointer().is_null(), sync_object::narrow(name))
    })
}

#[unsafe(no_mangle)]
extern "C" fn OpenMutexW(access: u32, inherit: Bool, name: Wide) -> Handle {
    boundary::call(Handle::NULL, || {
        sync_object::open(Kind::Mutex, access, inherit, !name.pointer().is_null(), sync_object::wide(name))
    })
}

#[unsafe(no_mangle)]
extern "C" fn ReleaseMutex(mutex: Handle) -> Bool {
    boundary::call(Bool::FALSE, || {
        handles::find(mutex)?.object.sync(Kind::Mutex)?.0.release_mutex()?;
        Ok(Bool::TRUE)
    })
}

fn create(
    attributes: &In<SecurityAttributes>,
    owned: bool,
    access: Access,
    name: Result<Option<ObjectName>>,
) -> Result<Handle> {
    let initial = Initial { kind: Kind::Mutex, value: 0, maximum: 1, manual_reset: false, owned, data: 0 };
    sync_object::create(&Creation::new(attributes, access, initial), name)
}
