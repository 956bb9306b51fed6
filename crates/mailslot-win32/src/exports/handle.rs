//! Handles of every kind.

use crate::abi::{Bool, Handle};
use crate::boundary;
use crate::code::Code;
use crate::handles;
use crate::object::{Access, Object};
use crate::pointer::Out;

const DUPLICATE_CLOSE_SOURCE: u32 = 1;
const DUPLICATE_SAME_ACCESS: u32 = 2;

#[unsafe(no_mangle)]
extern "C" fn CloseHandle(object: Handle) -> Bool {
    boundary::call(Bool::FALSE, || {
        handles::close(object)?;
        Ok(Bool::TRUE)
    })
}

#[unsafe(no_mangle)]
extern "C" fn DuplicateHandle(
    source_process: Handle,
    source: Handle,
    target_process: Handle,
    target: Out<Handle>,
    access: u32,
    inherit: Bool,
    options: u32,
) -> Bool {
    boundary::call(Bool::FALSE, || {
        // Only inheritance passes handles to other processes.
        if source_process != Handle::INVALID || target_process != Handle::INVALID {
            let other = if source_process == Handle::INVALID { target_process } else { source_process };
            handles::find(other)?.object.process()?;
            return Err(Code::NOT_SUPPORTED);
        }
        let object = match handles::object(source)? {
            Object::Client(client) if options & DUPLICATE_SAME_ACCESS == 0 => {
                Object::Client(client.narrowed(access).into())
            }
            object if options & DUPLICATE_SAME_ACCESS == 0 => object.with_access(Access::granted(access)),
            object => object,
        };
        let duplicate = handles::insert(object, inherit.is_true())?;
        if options & DUPLICATE_CLOSE_SOURCE != 0 {
            handles::close(source)?;
        }
        if target.is_null() {
            handles::close(duplicate)?;
        }
        target.set(duplicate);
        Ok(Bool::TRUE)
    })
}

#[unsafe(no_mangle)]
extern "C" fn GetHandleInformation(object: Handle, flags: Out<u32>) -> Bool {
    boundary::call(Bool::FALSE, || {
        flags.required()?;
        flags.set(handles::find(object)?.flags());
        Ok(Bool::TRUE)
    })
}

#[unsafe(no_mangle)]
extern "C" fn SetHandleInformation(object: Handle, mask: u32, flags: u32) -> Bool {
    boundary::call(Bool::FALSE, || {
        if mask & !(handles::INHERIT | handles::PROTECT_FROM_CLOSE) != 0 {
            return Err(Code::INVALID_PARAMETER);
        }
        handles::set_flags(object, mask, flags)?;
        Ok(Bool::TRUE)
    })
}
