//! The list of processes, and handles of processes in it.

use std::sync::Arc;

use crate::abi::{Bool, Handle, MAX_PATH, ProcessEntry};
use crate::boundary;
use crate::code::{Code, Result};
use crate::handles;
use crate::object::{Object, Process, Snapshot};
use crate::pointer::InOut;

const TH32CS_SNAPPROCESS: u32 = 0x2;
const TH32CS_INHERIT: u32 = 0x8000_0000;

#[unsafe(no_mangle)]
extern "C" fn CreateToolhelp32Snapshot(flags: u32, _process: u32) -> Handle {
    boundary::call(Handle::INVALID, || {
        // Other lists do not exist: there are no functions to read them.
        if flags & TH32CS_SNAPPROCESS == 0 {
            return Err(Code::CALL_NOT_IMPLEMENTED);
        }
        if flags & TH32CS_INHERIT != 0 {
            return Err(Code::NOT_SUPPORTED);
        }
        handles::insert(Object::Snapshot(Arc::new(Snapshot::take()?)), false)
    })
}

#[unsafe(no_mangle)]
extern "C" fn Process32First(snapshot: Handle, entry: InOut<ProcessEntry<u8>>) -> Bool {
    boundary::call(Bool::FALSE, || next(snapshot, true, &entry, |name| name.bytes().collect()))
}

#[unsafe(no_mangle)]
extern "C" fn Process32Next(snapshot: Handle, entry: InOut<ProcessEntry<u8>>) -> Bool {
    boundary::call(Bool::FALSE, || next(snapshot, false, &entry, |name| name.bytes().collect()))
}

#[unsafe(no_mangle)]
extern "C" fn Process32FirstW(snapshot: Handle, entry: InOut<ProcessEntry<u16>>) -> Bool {
    boundary::call(Bool::FALSE, || next(snapshot, true, &entry, |name| name.encode_utf16().collect()))
}

#[unsafe(no_mangle)]
extern "C" fn Process32NextW(snapshot: Handle, entry: InOut<ProcessEntry<u16>>) -> Bool {
    boundary::call(Bool::FALSE, || next(snapshot, false, &entry, |name| name.encode_utf16().collect()))
}

#[unsafe(no_mangle)]
extern "C" fn OpenProcess(_access: u32, inherit: Bool, id: u32) -> Handle {
    boundary::call(Handle::NULL, || {
        let process = if id == std::process::id() {
            Process::own()
        } else if let Some(child) = handles::child(id) {
            // A child, whose exit code this process gets.
            child
        } else {
            Process::open(id)?
        };
        handles::insert(Object::Process(process), inherit.is_true())
    })
}

#[unsafe(no_mangle)]
extern "C" fn GetProcessId(process: Handle) -> u32 {
    boundary::call(0, || Ok(handles::object(process)?.process()?.id()))
}

fn next<T: Copy + Default>(
    snapshot: Handle,
    first: bool,
    target: &InOut<ProcessEntry<T>>,
    units: impl Fn(&str) -> Vec<T>,
) -> Result<Bool> {
    let held = handles::find(snapshot)?;
    let Object::Snapshot(snapshot) = &held.object else { return Err(Code::INVALID_HANDLE) };
    let size = target.read().ok_or(Code::INVALID_PARAMETER)?.size;
    if (size as usize) < size_of::<ProcessEntry<T>>() {
        return Err(Code::BAD_LENGTH);
    }
    let entry = snapshot.next(first).ok_or(Code::NO_MORE_FILES)?;
    let mut program = [T::default(); MAX_PATH];
    // One unit less, to keep a NUL; file names have at most 255 bytes.
    for (unit, place) in units(&entry.program).into_iter().zip(&mut program[..MAX_PATH - 1]) {
        *place = unit;
    }
    target.set(ProcessEntry {
        size,
        usage: 0,
        id: entry.id,
        heap: 0,
        module: 0,
        threads: entry.threads,
        parent: entry.parent,
        // NORMAL_PRIORITY_CLASS, and one class above and below it.
        priority: 8 - entry.nice.signum() * 2,
        flags: 0,
        program,
    });
    Ok(Bool::TRUE)
}
