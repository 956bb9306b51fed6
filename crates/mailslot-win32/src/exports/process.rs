//! Child processes that inherit handles, and this process.

use core::ffi::c_void;
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::sync::Arc;

use crate::abi::{Bool, Handle, ProcessInformation, SecurityAttributes, StartupInfo};
use crate::boundary;
use crate::code::{Code, Result};
use crate::command_line;
use crate::handles;
use crate::inheritance;
use crate::object::{Object, Process, STILL_ACTIVE};
use crate::pointer::{Buffer, In, Narrow, Out, Wide};
use crate::program;
use crate::text;

const CREATE_SUSPENDED: u32 = 0x4;
const CREATE_UNICODE_ENVIRONMENT: u32 = 0x400;
const STARTF_USESTDHANDLES: u32 = 0x100;

/// The handle that `GetModuleHandle` returns for the program: any value except `NULL`.
pub(super) const OWN_MODULE: *const c_void = core::ptr::without_provenance(0x40_0000);

/// The parameters of a child's start.
struct Start {
    application: Option<String>,
    command_line: Option<String>,
    inherit: bool,
    /// Whether later children inherit the handle of this child.
    handle_inherits: bool,
    flags: u32,
    environment: Option<Vec<String>>,
    directory: Option<String>,
    startup: Option<StartupInfo>,
}

#[unsafe(no_mangle)]
extern "C" fn CreateProcessA(
    application: Narrow,
    command_line: Narrow,
    process_attributes: In<SecurityAttributes>,
    _thread_attributes: In<SecurityAttributes>,
    inherit: Bool,
    flags: u32,
    environment: *const c_void,
    directory: Narrow,
    startup: In<StartupInfo>,
    information: Out<ProcessInformation>,
) -> Bool {
    boundary::call(Bool::FALSE, || {
        let start = Start {
            application: text::from_narrow(application)?,
            command_line: text::from_narrow(command_line)?,
            inherit: inherit.is_true(),
            handle_inherits: is_inheritable(&process_attributes),
            flags,
            environment: environment_block(flags, environment)?,
            directory: text::from_narrow(directory)?,
            startup: startup.read(),
        };
        create(start, &information)
    })
}

#[unsafe(no_mangle)]
extern "C" fn CreateProcessW(
    application: Wide,
    command_line: Wide,
    process_attributes: In<SecurityAttributes>,
    _thread_attributes: In<SecurityAttributes>,
    inherit: Bool,
    flags: u32,
    environment: *const c_void,
    directory: Wide,
    startup: In<StartupInfo>,
    information: Out<ProcessInformation>,
) -> Bool {
    boundary::call(Bool::FALSE, || {
        let start = Start {
            application: text::from_wide(application)?,
            command_line: text::from_wide(command_line)?,
            inherit: inherit.is_true(),
            handle_inherits: is_inheritable(&process_attributes),
            flags,
            environment: environment_block(flags, environment)?,
            directory: text::from_wide(directory)?,
            startup: startup.read(),
        };
        create(start, &information)
    })
}

#[unsafe(no_mangle)]
extern "C" fn GetExitCodeProcess(process: Handle, exit_code: Out<u32>) -> Bool {
    boundary::call(Bool::FALSE, || {
        exit_code.required()?;
        let code = match process {
            Handle::INVALID => STILL_ACTIVE,
            process => handles::find(process)?.object.process()?.exit_code()?,
        };
        exit_code.set(code);
        Ok(Bool::TRUE)
    })
}

#[unsafe(no_mangle)]
extern "C" fn TerminateProcess(process: Handle, exit_code: u32) -> Bool {
    boundary::call(Bool::FALSE, || {
        if process == Handle::INVALID {
            std::process::exit(exit_code as i32);
        }
        handles::find(process)?.object.process()?.terminate(exit_code)?;
        Ok(Bool::TRUE)
    })
}

#[unsafe(no_mangle)]
extern "C" fn ExitProcess(exit_code: u32) -> ! {
    std::process::exit(exit_code as i32)
}

#[unsafe(no_mangle)]
extern "C" fn GetModuleFileNameA(module: *const c_void, target: Buffer<u8>, room: u32) -> u32 {
    boundary::call(0, || store(own_path(module)?.as_bytes(), target, room))
}

#[unsafe(no_mangle)]
extern "C" fn GetModuleFileNameW(module: *const c_void, target: Buffer<u16>, room: u32) -> u32 {
    boundary::call(0, || store(&own_path(module)?.encode_utf16().collect::<Vec<u16>>(), target, room))
}

fn create(start: Start, information: &Out<ProcessInformation>) -> Result<Bool> {
    information.required()?;
    let own_streams = start.startup.is_some_and(|startup| startup.flags & STARTF_USESTDHANDLES != 0);
    if start.flags & CREATE_SUSPENDED != 0 || own_streams {
        return Err(Code::NOT_SUPPORTED);
    }
    let mut arguments = command_line::split(start.command_line.as_deref().unwrap_or_default()).into_iter();
    let named = arguments.next();
    let program = match (&start.application, &named) {
        // An application is a path, without a search.
        (Some(application), _) => program::at(application),
        (None, Some(named)) => program::search(named).ok_or(Code::FILE_NOT_FOUND)?,
        (None, None) => return Err(Code::INVALID_PARAMETER),
    };
    let mut command = Command::new(&program);
    command.args(arguments);
    if let Some(named) = named {
        command.arg0(named);
    }
    if let Some(environment) = start.environment {
        command.env_clear().envs(environment.iter().filter_map(|variable| variable.split_once('=')));
    }
    if let Some(directory) = start.directory {
        command.current_dir(directory);
    }
    if !start.inherit {
        keep_back(&mut command);
    }
    let child = command.spawn()?;
    let process = Process::watch(rustix::process::Pid::from_child(&child))?;
    let handle = handles::insert(Object::Process(Arc::clone(&process)), start.handle_inherits)?;
    let thread = handles::insert(Object::Process(Arc::clone(&process)), false)?;
    information.set(ProcessInformation { process: handle, thread, process_id: process.id(), thread_id: process.id() });
    Ok(Bool::TRUE)
}

fn is_inheritable(attributes: &In<SecurityAttributes>) -> bool {
    attributes.read().is_some_and(|attributes| attributes.inherit_handle.is_true())
}

/// Closes in the child the descriptors that it would inherit.
fn keep_back(command: &mut Command) {
    let descriptors = inheritance::descriptors();
    let close = move || {
        for descriptor in &descriptors {
            // SAFETY: in the child between fork and exec, which no longer uses these.
            unsafe { libc::close(*descriptor) };
        }
        Ok(())
    };
    // SAFETY: the closure only calls `close`, which is allowed after fork.
    unsafe { command.pre_exec(close) };
}

/// `NAME=value` texts one after the other, with an empty one at the end.
fn environment_block(flags: u32, block: *const c_void) -> Result<Option<Vec<String>>> {
    if block.is_null() {
        return Ok(None);
    }
    let mut variables = Vec::new();
    if flags & CREATE_UNICODE_ENVIRONMENT != 0 {
        let mut next = block.cast::<u16>();
        // SAFETY: the block goes on until an empty text, which ends this loop.
        while let Some(variable) = text::from_wide(unsafe { Wide::at(next) })?.filter(|text| !text.is_empty()) {
            next = next.wrapping_add(variable.encode_utf16().count() + 1);
            variables.push(variable);
        }
    } else {
        let mut next = block.cast();
        // SAFETY: as above.
        while let Some(variable) = text::from_narrow(unsafe { Narrow::at(next) })?.filter(|text| !text.is_empty()) {
            next = next.wrapping_add(variable.len() + 1);
            variables.push(variable);
        }
    }
    Ok(Some(variables))
}

fn own_path(module: *const c_void) -> Result<String> {
    if !module.is_null() && module != OWN_MODULE {
        return Err(Code::INVALID_HANDLE);
    }
    let path = std::env::current_exe()?;
    path.into_os_string().into_string().map_err(|_| Code::NO_UNICODE_TRANSLATION)
}

/// Stores a path and a NUL. A path that does not fit is cut, and the result is the room.
fn store<T: Copy + Default>(path: &[T], target: Buffer<T>, room: u32) -> Result<u32> {
    let room = room as usize;
    let target = target.slice(room).filter(|target| !target.is_empty()).ok_or(Code::INVALID_PARAMETER)?;
    let kept = path.len().min(room - 1);
    target[..kept].copy_from_slice(&path[..kept]);
    target[kept] = T::default();
    if kept < path.len() {
        boundary::set_last_error(Code::INSUFFICIENT_BUFFER);
        return Ok(room as u32);
    }
    Ok(kept as u32)
}
