//! Events.

use std::sync::Arc;

use crate::abi::{Bool, Handle, SecurityAttributes};
use crate::boundary;
use crate::code::{Code, Result};
use crate::handles;
use crate::object::{Event, Object};
use crate::pointer::{In, Narrow, Wide};

#[unsafe(no_mangle)]
extern "C" fn CreateEventA(_: In<SecurityAttributes>, manual_reset: Bool, set: Bool, name: Narrow) -> Handle {
    boundary::call(Handle::NULL, || create(name.bytes().is_some_and(|name| !name.is_empty()), manual_reset, set))
}

#[unsafe(no_mangle)]
extern "C" fn CreateEventW(_: In<SecurityAttributes>, manual_reset: Bool, set: Bool, name: Wide) -> Handle {
    boundary::call(Handle::NULL, || create(name.units().is_some_and(|name| !name.is_empty()), manual_reset, set))
}

#[unsafe(no_mangle)]
extern "C" fn SetEvent(event: Handle) -> Bool {
    boundary::call(Bool::FALSE, || {
        handles::find(event)?.object.event()?.signal.set();
        Ok(Bool::TRUE)
    })
}

#[unsafe(no_mangle)]
extern "C" fn ResetEvent(event: Handle) -> Bool {
    boundary::call(Bool::FALSE, || {
        handles::find(event)?.object.event()?.signal.reset();
        Ok(Bool::TRUE)
    })
}

/// Events with names would be shared between processes, which these are not.
fn create(named: bool, manual_reset: Bool, set: Bool) -> Result<Handle> {
    if named {
        return Err(Code::NOT_SUPPORTED);
    }
    let event = handles::insert(Object::Event(Arc::new(Event::new(manual_reset.is_true(), set.is_true()))), false)?;
    boundary::set_last_error(Code::SUCCESS);
    Ok(event)
}
