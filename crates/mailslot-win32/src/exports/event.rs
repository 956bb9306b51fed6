//! Events.

use super::sync_object::{self, Creation};
use crate::abi::{Bool, Handle, SecurityAttributes};
use crate::boundary;
use crate::code::{Code, Result};
use crate::handles;
use crate::object::Access;
use crate::pointer::{In, Narrow, Wide};
use crate::sync_object::{Initial, Kind, ObjectName};

const CREATE_EVENT_MANUAL_RESET: u32 = 0x1;
const CREATE_EVENT_INITIAL_SET: u32 = 0x2;

#[unsafe(no_mangle)]
extern "C" fn CreateEventA(attributes: In<SecurityAttributes>, manual_reset: Bool, set: Bool, name: Narrow) -> Handle {
    boundary::call(Handle::NULL, || {
        create(&attributes, manual_reset.is_true(), set.is_true(), Access::ALL, sync_object::narrow(name))
    })
}

#[unsafe(no_mangle)]
extern "C" fn CreateEventW(attributes: In<SecurityAttributes>, manual_reset: Bool, set: Bool, name: Wide) -> Handle {
    boundary::call(Handle::NULL, || {
        create(&attributes, manual_reset.is_true(), set.is_true(), Access::ALL, sync_object::wide(name))
    })
}

#[unsafe(no_mangle)]
extern "C" fn CreateEventExA(attributes: In<SecurityAttributes>, name: Narrow, flags: u32, access: u32) -> Handle {
    boundary::call(Handle::NULL, || {
        let (manual_reset, set) = (flags & CREATE_EVENT_MANUAL_RESET != 0, flags & CREATE_EVENT_INITIAL_SET != 0);
        create(&attributes, manual_reset, set, Access::granted(access), sync_object::narrow(name))
    })
}

#[unsafe(no_mangle)]
extern "C" fn CreateEventExW(attributes: In<SecurityAttributes>, name: Wide, flags: u32, access: u32) -> Handle {
    boundary::call(Handle::NULL, || {
        let (manual_reset, set) = (flags & CREATE_EVENT_MANUAL_RESET != 0, flags & CREATE_EVENT_INITIAL_SET != 0);
        create(&attributes, manual_reset, set, Access::granted(access), sync_object::wide(name))
    })
}

#[unsafe(no_mangle)]
extern "C" fn OpenEventA(access: u32, inherit: Bool, name: Narrow) -> Handle {
    boundary::call(Handle::NULL, || {
        sync_object::open(Kind::Event, access, inherit, !name.pointer().is_null(), sync_object::narrow(name))
    })
}

#[unsafe(no_mangle)]
extern "C" fn OpenEventW(access: u32, inherit: Bool, name: Wide) -> Handle {
    boundary::call(Handle::NULL, || {
        sync_object::open(Kind::Event, access, inherit, !name.pointer().is_null(), sync_object::wide(name))
    })
}

#[unsafe(no_mangle)]
extern "C" fn SetEvent(event: Handle) -> Bool {
    boundary::call(Bool::FALSE, || {
        handles::find(event)?.object.event()?.set()?;
        Ok(Bool::TRUE)
    })
}

#[unsafe(no_mangle)]
extern "C" fn ResetEvent(event: Handle) -> Bool {
    boundary::call(Bool::FALSE, || {
        handles::find(event)?.object.event()?.reset()?;
        Ok(Bool::TRUE)
    })
}

#[unsafe(no_mangle)]
extern "C" fn PulseEvent(event: Handle) -> Bool {
    boundary::call(Bool::FALSE, || {
        handles::find(event)?.object.event()?;
        // Which threads it releases is undefined even on Windows, by its documentation.
        Err(Code::CALL_NOT_IMPLEMENTED)
    })
}

fn create(
    attributes: &In<SecurityAttributes>,
    manual_reset: bool,
    set: bool,
    access: Access,
    name: Result<Option<ObjectName>>,
) -> Result<Handle> {
    let initial = Initial { kind: Kind::Event, value: set.into(), maximum: 1, manual_reset, owned: false, data: 0 };
    sync_object::create(&Creation::new(attributes, access, initial), name)
}
