//! `CreateFile`, `ReadFile`, `WriteFile` and other functions that take file handles.

use core::ffi::c_void;
use std::sync::Arc;

use mailslot::{MailslotWriter, Operation};

use super::overlapped;
use crate::abi::{Bool, FileTime, Handle, SecurityAttributes};
use crate::boundary;
use crate::code::{Code, Result};
use crate::handles::{self, Visit, own};
use crate::object::{Client, Object, Rights, read_error};
use crate::pointer::{Array, Buffer, In, Narrow, Out, OverlappedPointer, Wide};
use crate::text::Name;

/// `CREATE_NEW` to `TRUNCATE_EXISTING`.
const DISPOSITIONS: core::ops::RangeInclusive<u32> = 1..=5;
const OPEN_ALWAYS: u32 = 4;
/// `INVALID_FILE_SIZE`, `INVALID_SET_FILE_POINTER`.
const NO_SIZE: u32 = u32::MAX;

#[unsafe(no_mangle)]
extern "C" fn CreateFileA(
    name: Narrow,
    access: u32,
    _share_mode: u32,
    attributes: In<SecurityAttributes>,
    disposition: u32,
    _flags: u32,
    _template: Handle,
) -> Handle {
    boundary::call(Handle::INVALID, || {
        open(Name::narrow(name, Operation::Open), access, attributes.read(), disposition)
    })
}

#[unsafe(no_mangle)]
extern "C" fn CreateFileW(
    name: Wide,
    access: u32,
    _share_mode: u32,
    attributes: In<SecurityAttributes>,
    disposition: u32,
    _flags: u32,
    _template: Handle,
) -> Handle {
    boundary::call(Handle::INVALID, || open(Name::wide(name, Operation::Open), access, attributes.read(), disposition))
}

#[unsafe(no_mangle)]
extern "C" fn ReadFile(
    file: Handle,
    buffer: Buffer<c_void>,
    size: u32,
    read: Out<u32>,
    overlapped: OverlappedPointer,
) -> Bool {
    boundary::guard(|| {
        let visit = match own::slot(file) {
            Ok(slot) => {
                // The fast path of nearly every read: one comparison shows that it is synchronous, and that no other
                // read comes first.
                if overlapped.0.addr() | slot.pending() == 0
                    && let Some(target) = buffer.bytes().slice(size as usize)
                {
                    let result = slot.mailslot.read(target);
                    drop(slot);
                    return match result {
                        Ok(bytes) => {
                            read.set(bytes as u32);
                            Bool::TRUE
                        }
                        Err(error) => failed(read, read_error, error),
                    };
                }
                Some(slot.into_visit())
            }
            Err(visit) => visit,
        };
        any_read(file, buffer, size, read, overlapped, visit)
    })
}

/// Reports that nothing was read or written. A separate function, to keep the fast path free of jumps.
#[cold]
#[inline(never)]
fn failed(bytes: Out<u32>, code: fn(mailslot::Error) -> Code, error: mailslot::Error) -> Bool {
    bytes.set(0);
    boundary::fail(code(error))
}

/// All other reads. Takes over the visit, so that `ReadFile` need not keep its parameters until the visit's end.
#[cold]
fn any_read(
    file: Handle,
    buffer: Buffer<c_void>,
    size: u32,
    read: Out<u32>,
    overlapped: OverlappedPointer,
    visit: Option<Visit>,
) -> Bool {
    drop(visit);
    read.set(0);
    boundary::call(Bool::FALSE, || {
        let held = handles::find(file)?;
        let slot = match &held.object {
            Object::Server(slot) => {
                held.own();
                slot
            }
            Object::Client(client) => return Err(client.read_refusal()),
            Object::Stream(stream) => {
                let target = buffer.bytes().to_read(size as usize)?;
                let bytes = overlapped::at_once(overlapped, || stream.read(target))?;
                read.set(bytes as u32);
                return Ok(Bool::TRUE);
            }
            _ => return Err(Code::INVALID_HANDLE),
        };
        let buffer = buffer.bytes();
        let bytes = if overlapped.is_null() {
            let target = buffer.to_read(size as usize)?;
            if slot.has_pending() { overlapped::read_in_turn(file, slot, buffer, size)? } else { slot.read(target)? }
        } else {
            overlapped::read(file, slot, buffer, size, overlapped)?
        };
        read.set(bytes as u32);
        Ok(Bool::TRUE)
    })
}

#[unsafe(no_mangle)]
extern "C" fn WriteFile(
    file: Handle,
    buffer: Array<c_void>,
    size: u32,
    written: Out<u32>,
    overlapped: OverlappedPointer,
) -> Bool {
    boundary::guard(|| {
        let visit = match own::writer(file) {
            Ok(writer) => {
                // The fast path of nearly every write.
                if overlapped.is_null()
                    && let Some(message) = buffer.some_bytes(size)
                {
                    let result = writer.write(message);
                    drop(writer);
                    return match result {
                        Ok(()) => {
                            written.set(size);
                            Bool::TRUE
                        }
                        Err(error) => failed(written, Code::from, error),
                    };
                }
                Some(writer.into_visit())
            }
            Err(visit) => visit,
        };
        any_write(file, buffer, size, written, overlapped, visit)
    })
}

/// All other writes, like [`any_read`].
#[cold]
fn any_write(
    file: Handle,
    buffer: Array<c_void>,
    size: u32,
    written: Out<u32>,
    overlapped: OverlappedPointer,
    visit: Option<Visit>,
) -> Bool {
    drop(visit);
    written.set(0);
    boundary::call(Bool::FALSE, || {
        overlapped::write(file, &buffer, size, overlapped)?;
        written.set(size);
        Ok(Bool::TRUE)
    })
}

#[unsafe(no_mangle)]
extern "C" fn GetFileType(file: Handle) -> u32 {
    boundary::call(0, || {
        let held = handles::find(file)?;
        match held.object {
            // Mailslots have none of the named types.
            Object::Server(_) | Object::Client(_) => boundary::set_last_error(Code::SUCCESS),
            Object::Stream(ref stream) => {
                boundary::set_last_error(Code::SUCCESS);
                return Ok(stream.file_type());
            }
            _ => return Err(Code::INVALID_HANDLE),
        }
        Ok(0)
    })
}

#[unsafe(no_mangle)]
extern "C" fn GetFileTime(file: Handle, creation: Out<FileTime>, access: Out<FileTime>, write: Out<FileTime>) -> Bool {
    boundary::call(Bool::FALSE, || {
        let held = handles::find(file)?;
        let slot = server_only(&held.object)?;
        let times = *slot.times();
        creation.set(times.creation);
        access.set(times.access);
        write.set(times.write);
        Ok(Bool::TRUE)
    })
}

#[unsafe(no_mangle)]
extern "C" fn SetFileTime(file: Handle, creation: In<FileTime>, access: In<FileTime>, write: In<FileTime>) -> Bool {
    boundary::call(Bool::FALSE, || {
        let held = handles::find(file)?;
        let slot = server_only(&held.object)?;
        let mut times = slot.times();
        times.creation = creation.read().unwrap_or(times.creation);
        times.access = access.read().unwrap_or(times.access);
        times.write = write.read().unwrap_or(times.write);
        Ok(Bool::TRUE)
    })
}

#[unsafe(no_mangle)]
extern "C" fn GetFileSize(file: Handle, _high: Out<u32>) -> u32 {
    boundary::call(NO_SIZE, || Err(no_file(file)))
}

#[unsafe(no_mangle)]
extern "C" fn GetFileSizeEx(file: Handle, _size: Out<i64>) -> Bool {
    boundary::call(Bool::FALSE, || Err(no_file(file)))
}

#[unsafe(no_mangle)]
extern "C" fn SetFilePointer(file: Handle, _distance: i32, _high: Out<i32>, _method: u32) -> u32 {
    boundary::call(NO_SIZE, || Err(no_file(file)))
}

#[unsafe(no_mangle)]
extern "C" fn LockFile(file: Handle, _offset: u32, _offset_high: u32, _size: u32, _size_high: u32) -> Bool {
    boundary::call(Bool::FALSE, || Err(no_file(file)))
}

#[unsafe(no_mangle)]
extern "C" fn UnlockFile(file: Handle, _offset: u32, _offset_high: u32, _size: u32, _size_high: u32) -> Bool {
    boundary::call(Bool::FALSE, || Err(no_file(file)))
}

#[unsafe(no_mangle)]
extern "C" fn FlushFileBuffers(file: Handle) -> Bool {
    boundary::call(Bool::FALSE, || {
        match &handles::find(file)?.object {
            Object::Client(_) => Err(Code::ACCESS_DENIED),
            // No output is buffered; for a terminal, flushing is an error as on Windows.
            Object::Stream(stream) if !stream.is_input() && stream.terminal(false).is_err() => Ok(Bool::TRUE),
            _ => Err(Code::INVALID_HANDLE),
        }
    })
}

fn open(name: Result<Name>, access: u32, attributes: Option<SecurityAttributes>, disposition: u32) -> Result<Handle> {
    if !DISPOSITIONS.contains(&disposition) {
        return Err(Code::INVALID_PARAMETER);
    }
    let (name, rights) = (name?, Rights::from_mask(access));
    let inherit = attributes.is_some_and(|attributes| attributes.inherit_handle.is_true());
    if let Some(end) = name.console(rights.write) {
        return super::stream::open_console(end, inherit);
    }
    let client = Client::new(MailslotWriter::open(name)?, rights);
    let handle = handles::insert(Object::Client(Arc::new(client)), inherit)?;
    boundary::set_last_error(if disposition == OPEN_ALWAYS { Code::ALREADY_EXISTS } else { Code::SUCCESS });
    Ok(handle)
}

fn server_only(object: &Object) -> Result<&crate::object::Slot> {
    match object {
        Object::Server(slot) => Ok(slot),
        Object::Client(_) => Err(Code::INVALID_PARAMETER),
        _ => Err(Code::INVALID_HANDLE),
    }
}

/// The error of functions for sizes and positions, which a slot does not have.
fn no_file(file: Handle) -> Code {
    match handles::find(file).map(|held| held.object.clone()) {
        Ok(Object::Server(_) | Object::Client(_) | Object::Stream(_)) => Code::INVALID_FUNCTION,
        _ => Code::INVALID_HANDLE,
    }
}
