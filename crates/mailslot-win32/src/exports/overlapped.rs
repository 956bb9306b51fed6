//! Overlapped reads and writes, their results, and their cancellation.

use core::ffi::c_void;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use crate::abi::{Bool, CompletionRoutine, Handle, Overlapped};
use crate::boundary;
use crate::code::{Code, PENDING, Result};
use crate::handles;
use crate::object::{Event, Object, Slot, Which};
use crate::pointer::{Array, Buffer, Out, OverlappedPointer};
use crate::request::{Begun, Notify, Request};
use crate::wait::{self, Until, apc};

#[unsafe(no_mangle)]
extern "C" fn ReadFileEx(
    file: Handle,
    buffer: Buffer<c_void>,
    size: u32,
    overlapped: OverlappedPointer,
    routine: Option<CompletionRoutine>,
) -> Bool {
    boundary::call(Bool::FALSE, || {
        let held = handles::find(file)?;
        let slot = match &held.object {
            Object::Server(slot) => slot,
            Object::Client(client) => return Err(client.read_refusal()),
            _ => return Err(Code::INVALID_HANDLE),
        };
        let routine = routine.filter(|_| !overlapped.is_null()).ok_or(Code::INVALID_PARAMETER)?;
        let buffer = buffer.bytes();
        let notify = Notify::Routine(routine, apc::current());
        let request = Request::new(file, overlapped, buffer, size as usize, notify)?;
        if let Begun::Ended(request, bytes) = slot.begin(request)? {
            request.end(&slot.signal, Ok(bytes));
        }
        boundary::set_last_error(Code::SUCCESS);
        Ok(Bool::TRUE)
    })
}

#[unsafe(no_mangle)]
extern "C" fn WriteFileEx(
    file: Handle,
    buffer: Array<c_void>,
    size: u32,
    overlapped: OverlappedPointer,
    routine: Option<CompletionRoutine>,
) -> Bool {
    boundary::call(Bool::FALSE, || {
        let (Some(fields), Some(routine)) = (overlapped.get(), routine) else { return Err(Code::INVALID_PARAMETER) };
        put(file, &buffer, size)?;
        store(fields, Code::SUCCESS, size);
        apc::current().push(routine, Code::SUCCESS, size, overlapped);
        boundary::set_last_error(Code::SUCCESS);
        Ok(Bool::TRUE)
    })
}

#[unsafe(no_mangle)]
extern "C" fn GetOverlappedResult(file: Handle, overlapped: OverlappedPointer, bytes: Out<u32>, wait: Bool) -> Bool {
    boundary::call(Bool::FALSE, || {
        let fields = overlapped.get().ok_or(Code::INVALID_PARAMETER)?;
        if fields.internal.load(Ordering::Acquire) == PENDING && wait.is_true() {
            let waited = if fields.event.is_null() { file } else { fields.event };
            let held = handles::find(waited)?;
            wait::wait(&[held.object.waitable()?], Until::Any, None, false)?;
        }
        // Acquire: pairs with the release that stored the read's result.
        let status = fields.internal.load(Ordering::Acquire);
        if status == PENDING {
            return Err(Code::IO_INCOMPLETE);
        }
        bytes.set(fields.internal_high.load(Ordering::Relaxed) as u32);
        match Code::from_status(status) {
            Code::SUCCESS => Ok(Bool::TRUE),
            code => Err(code),
        }
    })
}

#[unsafe(no_mangle)]
extern "C" fn CancelIo(file: Handle) -> Bool {
    boundary::call(Bool::FALSE, || {
        cancel(file, Which::OfThread(file, rustix::thread::gettid()))?;
        Ok(Bool::TRUE)
    })
}

#[unsafe(no_mangle)]
extern "C" fn CancelIoEx(file: Handle, overlapped: OverlappedPointer) -> Bool {
    boundary::call(Bool::FALSE, || {
        let which = if overlapped.is_null() { Which::OfHandle(file) } else { Which::One(file, overlapped) };
        match cancel(file, which)? {
            0 => Err(Code::NOT_FOUND),
            _ => Ok(Bool::TRUE),
        }
    })
}

/// Issues a read. Returns the bytes if it ended at once.
pub(super) fn read(
    file: Handle,
    slot: &Arc<Slot>,
    buffer: Buffer<u8>,
    size: u32,
    overlapped: OverlappedPointer,
) -> Result<usize> {
    let request = Request::new(file, overlapped, buffer, size as usize, notify(overlapped)?)?;
    match slot.begin(request)? {
        Begun::Ended(request, bytes) => {
            request.end(&slot.signal, Ok(bytes));
            Ok(bytes)
        }
        Begun::Pending => Err(Code::IO_PENDING),
    }
}

/// A read without an `OVERLAPPED` while others wait: it takes its turn behind them.
#[cold]
pub(super) fn read_in_turn(file: Handle, slot: &Arc<Slot>, buffer: Buffer<u8>, size: u32) -> Result<usize> {
    let event = Arc::new(Event::new(true, false));
    let mut own = Overlapped {
        internal: PENDING.into(),
        internal_high: 0.into(),
        offset: 0,
        offset_high: 0,
        event: Handle::NULL,
    };
    let notify = Notify::Event(Arc::clone(&event));
    let request = Request::new(file, OverlappedPointer(&raw mut own), buffer, size as usize, notify)?;
    match slot.begin(request)? {
        Begun::Ended(_, bytes) => Ok(bytes),
        Begun::Pending => {
            wait::wait(&[event.waitable()], Until::Any, None, false)?;
            match Code::from_status(own.internal.load(Ordering::Acquire)) {
                Code::SUCCESS => Ok(own.internal_high.load(Ordering::Relaxed)),
                code => Err(code),
            }
        }
    }
}

/// Runs an operation that cannot pend, such as reading a standard stream: as on Windows, it has ended when the call
/// returns.
pub(super) fn at_once(overlapped: OverlappedPointer, operation: impl FnOnce() -> Result<usize>) -> Result<usize> {
    if overlapped.is_null() {
        return operation();
    }
    let notify = notify(overlapped)?;
    if let Notify::Event(event) = &notify {
        event.reset()?;
    }
    let bytes = operation()?;
    if let Some(fields) = overlapped.get() {
        store(fields, Code::SUCCESS, bytes as u32);
    }
    if let Notify::Event(event) = notify {
        event.set()?;
    }
    Ok(bytes)
}

/// Writes a message, with an `OVERLAPPED` or without. It never pends.
pub(super) fn write(file: Handle, buffer: &Array<c_void>, size: u32, overlapped: OverlappedPointer) -> Result<()> {
    at_once(overlapped, || put(file, buffer, size).map(|()| size as usize)).map(drop)
}

/// Writes a message through a client handle.
fn put(file: Handle, buffer: &Array<c_void>, size: u32) -> Result<()> {
    let held = handles::find(file)?;
    match &held.object {
        Object::Client(client) if client.rights.write => {
            held.own();
            client.write(buffer.bytes(size)?)
        }
        Object::Client(_) | Object::Server(_) => Err(Code::ACCESS_DENIED),
        Object::Stream(stream) => stream.write(buffer.bytes(size)?),
        _ => Err(Code::INVALID_HANDLE),
    }
}

fn store(fields: &Overlapped, code: Code, bytes: u32) {
    fields.internal_high.store(bytes as usize, Ordering::Relaxed);
    fields.internal.store(code.status(), Ordering::Release);
}

fn notify(overlapped: OverlappedPointer) -> Result<Notify> {
    let event = overlapped.get().map_or(Handle::NULL, |fields| fields.event);
    // The lowest bit is for completion ports, which do not exist here.
    match event.0 & !1 {
        0 => Ok(Notify::Slot),
        event => Ok(Notify::Event(Arc::clone(handles::find(Handle(event))?.object.event()?))),
    }
}

fn cancel(file: Handle, which: Which) -> Result<usize> {
    match &handles::find(file)?.object {
        Object::Server(slot) => Ok(slot.cancel(which)),
        // Writes never wait.
        Object::Client(_) | Object::Stream(_) => Ok(0),
        _ => Err(Code::INVALID_HANDLE),
    }
}
