//! Semaphores.

use super::sync_object::{self, Creation};
use crate::abi::{Bool, Handle, SecurityAttributes};
use crate::boundary;
use crate::code::{Code, Result};
use crate::handles;
use crate::object::Access;
use crate::pointer::{In, Narrow, Out, Wide};
use crate::sync_object::{Initial, Kind, ObjectName};

#[unsafe(no_mangle)]
extern "C" fn CreateSemaphoreA(attributes: In<SecurityAttributes>, count: i32, maximum: i32, name: Narrow) -> Handle {
    boundary::call(Handle::NULL, || create(&attributes, count, maximum, Access::ALL, sync_object::narrow(name)))
}

#[unsafe(no_mangle)]
extern "C" fn CreateSemaphoreW(attributes: In<SecurityAttributes>, count: i32, maximum: i32, name: Wide) -> Handle {
    boundary::call(Handle::NULL, || create(&attributes, count, maximum, Access::ALL, sync_object::wide(name)))
}

#[unsafe(no_mangle)]
extern "C" fn CreateSemaphoreExA(
    attributes: In<SecurityAttributes>,
    count: i32,
    maximum: i32,
    name: Narrow,
    _flags: u32,
    access: u32,
) -> Handle {
    boundary::call(Handle::NULL, || {
        create(&attributes, count, maximum, Access::granted(access), sync_object::narrow(name))
    })
}

#[unsafe(no_mangle)]
extern "C" fn CreateSemaphoreExW(
    attributes: In<SecurityAttributes>,
    count: i32,
    maximum: i32,
    name: Wide,
    _flags: u32,
    access: u32,
) -> Handle {
    boundary::call(Handle::NULL, || {
        create(&attributes, count, maximum, Access::granted(access), sync_object::wide(name))
    })
}

#[unsafe(no_mangle)]
extern "C" fn OpenSemaphoreA(access: u32, inherit: Bool, name: Narrow) -> Handle {
    boundary::call(Handle::NULL, || {
        sync_object::open(Kind::Semaphore, access, inherit, !name.pointer().is_null(), sync_object::narrow(name))
    })
}

#[unsafe(no_mangle)]
extern "C" fn OpenSemaphoreW(access: u32, inherit: Bool, name: Wide) -> Handle {
    boundary::call(Handle::NULL, || {
        sync_object::open(Kind::Semaphore, access, inherit, !name.pointer().is_null(), sync_object::wide(name))
    })
}

#[unsafe(no_mangle)]
extern "C" fn ReleaseSemaphore(semaphore: Handle, count: i32, before: Out<i32>) -> Bool {
    boundary::call(Bool::FALSE, || {
        let held = handles::find(semaphore)?;
        let (semaphore, access) = held.object.sync(Kind::Semaphore)?;
        access.to_modify()?;
        before.set(semaphore.release_semaphore(count)?);
        Ok(Bool::TRUE)
    })
}

fn create(
    attributes: &In<SecurityAttributes>,
    count: i32,
    maximum: i32,
    access: Access,
    name: Result<Option<ObjectName>>,
) -> Result<Handle> {
    if count < 0 || maximum <= 0 || count > maximum {
        return Err(Code::INVALID_PARAMETER);
    }
    let initial = Initial { kind: Kind::Semaphore, value: count, maximum, manual_reset: false, owned: false, data: 0 };
    sync_object::create(&Creation::new(attributes, access, initial), name)
}
