//! Memory that processes share: file mappings without a file.

use core::ffi::c_void;
use std::sync::Arc;

use super::sync_object::{self, Creation};
use crate::abi::{Bool, Handle, SecurityAttributes};
use crate::boundary;
use crate::code::{Code, Result};
use crate::handles;
use crate::object::{Access, Object};
use crate::pointer::{In, Narrow, Wide};
use crate::sync_object::{Initial, Kind, ObjectName, SyncObject};
use crate::view::{self, READ_WRITE, Sight};

const PAGE_READONLY: u32 = 0x2;
const PAGE_WRITECOPY: u32 = 0x8;
/// `PAGE_EXECUTE_READ`, `PAGE_EXECUTE_READWRITE`, `PAGE_EXECUTE_WRITECOPY`.
const PAGE_EXECUTE: [u32; 3] = [0x20, 0x40, 0x80];
/// `SEC_RESERVE` and `SEC_COMMIT`: here all memory is allocated at once.
const SEC_RESERVE: u32 = 0x0400_0000;
const SEC_COMMIT: u32 = 0x0800_0000;
const FILE_MAP_COPY: u32 = 0x1;
const FILE_MAP_WRITE: u32 = 0x2;
const FILE_MAP_READ: u32 = 0x4;
const FILE_MAP_EXECUTE: u32 = 0x20;
/// `FILE_MAP_ALL_ACCESS`, which has the bits of the others: for writing.
const FILE_MAP_ALL_ACCESS: u32 = 0xF_001F;

#[unsafe(no_mangle)]
extern "C" fn CreateFileMappingA(
    file: Handle,
    attributes: In<SecurityAttributes>,
    protection: u32,
    size_high: u32,
    size_low: u32,
    name: Narrow,
) -> Handle {
    boundary::call(Handle::NULL, || {
        create(file, &attributes, protection, wide(size_high, size_low), sync_object::narrow(name))
    })
}

#[unsafe(no_mangle)]
extern "C" fn CreateFileMappingW(
    file: Handle,
    attributes: In<SecurityAttributes>,
    protection: u32,
    size_high: u32,
    size_low: u32,
    name: Wide,
) -> Handle {
    boundary::call(Handle::NULL, || {
        create(file, &attributes, protection, wide(size_high, size_low), sync_object::wide(name))
    })
}

#[unsafe(no_mangle)]
extern "C" fn OpenFileMappingA(access: u32, inherit: Bool, name: Narrow) -> Handle {
    boundary::call(Handle::NULL, || {
        sync_object::open(Kind::Section, access, inherit, !name.pointer().is_null(), sync_object::narrow(name))
    })
}

#[unsafe(no_mangle)]
extern "C" fn OpenFileMappingW(access: u32, inherit: Bool, name: Wide) -> Handle {
    boundary::call(Handle::NULL, || {
        sync_object::open(Kind::Section, access, inherit, !name.pointer().is_null(), sync_object::wide(name))
    })
}

#[unsafe(no_mangle)]
extern "C" fn MapViewOfFile(
    mapping: Handle,
    access: u32,
    offset_high: u32,
    offset_low: u32,
    size: usize,
) -> *mut c_void {
    boundary::call(core::ptr::null_mut(), || {
        let held = handles::find(mapping)?;
        let (section, granted) = held.object.sync(Kind::Section)?;
        view::map(section, sight(access, granted)?, wide(offset_high, offset_low), size)
    })
}

#[unsafe(no_mangle)]
extern "C" fn UnmapViewOfFile(place: *mut c_void) -> Bool {
    boundary::call(Bool::FALSE, || view::unmap(place).map(|()| Bool::TRUE))
}

#[unsafe(no_mangle)]
extern "C" fn FlushViewOfFile(place: *const c_void, size: usize) -> Bool {
    // Nothing to write: there is no file behind the memory.
    boundary::call(Bool::FALSE, || if view::has(place, size) { Ok(Bool::TRUE) } else { Err(Code::INVALID_ADDRESS) })
}

fn create(
    file: Handle,
    attributes: &In<SecurityAttributes>,
    protection: u32,
    size: u64,
    name: Result<Option<ObjectName>>,
) -> Result<Handle> {
    // No other handle is a file's.
    if file != Handle::INVALID {
        return Err(Code::INVALID_HANDLE);
    }
    let pages = protection & !(SEC_RESERVE | SEC_COMMIT);
    if PAGE_EXECUTE.contains(&pages) {
        return Err(Code::NOT_SUPPORTED);
    }
    if ![PAGE_READONLY, READ_WRITE, PAGE_WRITECOPY].contains(&pages) || size == 0 {
        return Err(Code::INVALID_PARAMETER);
    }
    let value = pages.cast_signed();
    let initial = Initial { kind: Kind::Section, value, maximum: 0, manual_reset: false, owned: false, data: size };
    let creation = Creation::new(attributes, Access::ALL, initial);
    if let Ok(None) = name {
        // Also one that no child inherits is a file.
        let section = Object::Sync(Arc::new(SyncObject::inheritable(initial)?), Access::ALL);
        let handle = handles::insert(section, creation.inherit)?;
        boundary::set_last_error(Code::SUCCESS);
        return Ok(handle);
    }
    sync_object::create(&creation, name)
}

fn sight(access: u32, granted: Access) -> Result<Sight> {
    if access & FILE_MAP_EXECUTE != 0 {
        return Err(Code::NOT_SUPPORTED);
    }
    if access & !FILE_MAP_ALL_ACCESS != 0 {
        return Err(Code::INVALID_PARAMETER);
    }
    if access & FILE_MAP_WRITE != 0 {
        return granted.to_modify().map(|()| Sight::Write);
    }
    granted.to_read()?;
    match access {
        FILE_MAP_COPY => Ok(Sight::Copy),
        access if access & FILE_MAP_READ != 0 => Ok(Sight::Read),
        _ => Err(Code::INVALID_PARAMETER),
    }
}

fn wide(high: u32, low: u32) -> u64 {
    u64::from(high) << 32 | u64::from(low)
}
