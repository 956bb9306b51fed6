//! The functions that replace the system's in this process.

use std::ffi::c_void;
use std::os::windows::io::BorrowedHandle;
use std::ptr::{null, null_mut};
use std::sync::{Arc, OnceLock};

use mailslot::Address;
use minhook::{MH_STATUS, MinHook};
use windows_sys::Wdk::Foundation::OBJECT_ATTRIBUTES;
use windows_sys::Wdk::Storage::FileSystem::{FILE_OPEN, FILE_SYNCHRONOUS_IO_ALERT, FILE_SYNCHRONOUS_IO_NONALERT};
use windows_sys::Win32::Foundation::{
    DUPLICATE_SAME_ACCESS, GENERIC_ALL, GENERIC_WRITE, HANDLE, NTSTATUS, STATUS_BAD_NETWORK_PATH, STATUS_SUCCESS,
    UNICODE_STRING,
};
use windows_sys::Win32::Security::SECURITY_ATTRIBUTES;
use windows_sys::Win32::Storage::FileSystem::{FILE_SHARE_READ, FILE_SHARE_WRITE, FILE_WRITE_DATA};
use windows_sys::Win32::System::Diagnostics::Debug::ReadProcessMemory;
use windows_sys::Win32::System::IO::{IO_STATUS_BLOCK, PIO_APC_ROUTINE};
use windows_sys::Win32::System::SystemServices::MAXIMUM_ALLOWED;
use windows_sys::Win32::System::Threading::{
    CREATE_SUSPENDED, CREATE_UNICODE_ENVIRONMENT, DEBUG_ONLY_THIS_PROCESS, DEBUG_PROCESS, GetCurrentProcess,
    PROCESS_INFORMATION, ResumeThread, STARTUPINFOW, SetEvent,
};
use windows_sys::core::{BOOL, PCWSTR, PWSTR};

use super::environment::Environment;
use super::handles::{self, Found};
use super::inject::{self, Failure};
use super::inlet::{Inlet, Way, way};
use super::settings::HANDLES;
use super::{path, settings};

type NtCreateFile = unsafe extern "system" fn(
    *mut HANDLE,
    u32,
    *const OBJECT_ATTRIBUTES,
    *mut IO_STATUS_BLOCK,
    *const i64,
    u32,
    u32,
    u32,
    u32,
    *const c_void,
    u32,
) -> NTSTATUS;

type NtWriteFile = unsafe extern "system" fn(
    HANDLE,
    HANDLE,
    PIO_APC_ROUTINE,
    *const c_void,
    *mut IO_STATUS_BLOCK,
    *const c_void,
    u32,
    *const i64,
    *const u32,
) -> NTSTATUS;

type NtDuplicateObject = unsafe extern "system" fn(HANDLE, HANDLE, HANDLE, *mut HANDLE, u32, u32, u32) -> NTSTATUS;

/// What `CreateProcessA`, `CreateProcessW` and `CreateProcessAsUser` call; undocumented, and the same since Windows XP.
type CreateProcessInternalW = unsafe extern "system" fn(
    HANDLE,
    PCWSTR,
    PWSTR,
    *const SECURITY_ATTRIBUTES,
    *const SECURITY_ATTRIBUTES,
    BOOL,
    u32,
    *const c_void,
    PCWSTR,
    *const STARTUPINFOW,
    *mut PROCESS_INFORMATION,
    *mut HANDLE,
) -> BOOL;

/// The system's functions.
struct System {
    create_file: NtCreateFile,
    write_file: NtWriteFile,
    duplicate: NtDuplicateObject,
    create_process: CreateProcessInternalW,
}

static SYSTEM: OnceLock<System> = OnceLock::new();

/// The system's functions: set before any is replaced, so always there when one of ours is called.
fn system() -> &'static System {
    SYSTEM.wait()
}

/// Replaces the functions.
pub(super) fn install() -> Result<(), MH_STATUS> {
    // SAFETY: each of ours has the signature of the one that it replaces, whose type the result has here, and this
    // library is never unloaded. The first call of any of ours comes after `SYSTEM` is set.
    unsafe {
        let create_file = MinHook::create_hook_api("ntdll.dll", "NtCreateFile", create_file as NtCreateFile as _)?;
        let write_file = MinHook::create_hook_api("ntdll.dll", "NtWriteFile", write_file as NtWriteFile as _)?;
        let duplicate =
            MinHook::create_hook_api("ntdll.dll", "NtDuplicateObject", duplicate as NtDuplicateObject as _)?;
        let ours = create_process as CreateProcessInternalW;
        let create_process = MinHook::create_hook_api("kernelbase.dll", "CreateProcessInternalW", ours as _)?;
        SYSTEM.get_or_init(|| System {
            create_file: std::mem::transmute::<*mut c_void, NtCreateFile>(create_file),
            write_file: std::mem::transmute::<*mut c_void, NtWriteFile>(write_file),
            duplicate: std::mem::transmute::<*mut c_void, NtDuplicateObject>(duplicate),
            create_process: std::mem::transmute::<*mut c_void, CreateProcessInternalW>(create_process),
        });
        MinHook::enable_all_hooks()
    }
}

/// # Safety
///
/// That of the system's function.
unsafe extern "system" fn create_file(
    handle: *mut HANDLE,
    access: u32,
    attributes: *const OBJECT_ATTRIBUTES,
    status: *mut IO_STATUS_BLOCK,
    size: *const i64,
    file_attributes: u32,
    share: u32,
    disposition: u32,
    options: u32,
    extended: *const c_void,
    extended_size: u32,
) -> NTSTATUS {
    let call = |attributes, share, disposition| {
        // SAFETY: the program's call, with these three perhaps replaced by others that are as valid.
        unsafe {
            (system().create_file)(
                handle,
                access,
                attributes,
                status,
                size,
                file_attributes,
                share,
                disposition,
                options,
                extended,
                extended_size,
            )
        }
    };
    // SAFETY: they are valid, as the system's function requires.
    let Some(address) = (unsafe { address(attributes) }) else { return call(attributes, share, disposition) };
    let inlet = match way(address.clone()) {
        Way::Node(inlet) => inlet,
        Way::System => {
            settings::log(format_args!("{address} is left to the system: no domain of the node has it"));
            return call(attributes, share, disposition);
        }
        Way::Nowhere(error) => {
            settings::log(format_args!("{address} cannot be opened: {error}"));
            return if matches!(error, mailslot::Error::DomainNotOpen(_)) { OFF } else { STATUS_BAD_NETWORK_PATH };
        }
    };
    // SAFETY: `address` has found them valid.
    let attributes = unsafe { *attributes };
    let opened = with_path(&inlet, attributes, |attributes| {
        // An address elsewhere can always be opened, in any way, and as often as the program likes.
        call(attributes, share | FILE_SHARE_READ | FILE_SHARE_WRITE, FILE_OPEN)
    });
    if opened >= 0 && access & WRITING != 0 {
        let synchronous = options & (FILE_SYNCHRONOUS_IO_ALERT | FILE_SYNCHRONOUS_IO_NONALERT) != 0;
        // SAFETY: the system has just put the handle there.
        let handle = unsafe { *handle };
        let destination = Arc::clone(inlet.destination());
        match handles::insert(handle, Found { destination, inlet: Some(inlet), synchronous }) {
            Ok(()) => settings::log(format_args!("{address} goes to the node")),
            // What is written still reaches the inlet.
            Err(error) => settings::log(format_args!("{address} goes to the node, with a delay: {error}")),
        }
    }
    opened
}

/// The access rights that allow writing.
const WRITING: u32 = FILE_WRITE_DATA | GENERIC_WRITE | GENERIC_ALL | MAXIMUM_ALLOWED;
/// That Windows no longer sends to mailslots elsewhere.
const ERROR_REMOTE_MAILSLOTS_DEPRECATED: u32 = 3025;
/// The same as a status. Those with these upper bits are errors of Win32.
const OFF: NTSTATUS = (0xC001_0000 | ERROR_REMOTE_MAILSLOTS_DEPRECATED).cast_signed();

/// The address that the program opens, if it is that of a mailslot elsewhere.
///
/// # Safety
///
/// `attributes` is null, or valid.
unsafe fn address(attributes: *const OBJECT_ATTRIBUTES) -> Option<Address> {
    // SAFETY: as the caller promises.
    let attributes = unsafe { attributes.as_ref() }?;
    if !attributes.RootDirectory.is_null() {
        return None;
    }
    // SAFETY: a part of the attributes.
    let name = unsafe { attributes.ObjectName.as_ref() }?;
    if name.Buffer.is_null() || !name.Buffer.is_aligned() {
        return None;
    }
    // SAFETY: the name has this many bytes.
    path::address(unsafe { std::slice::from_raw_parts(name.Buffer, usize::from(name.Length) / size_of::<u16>()) })
}

/// Passes `attributes` with the path of the inlet to `open`.
fn with_path(
    inlet: &Inlet,
    attributes: OBJECT_ATTRIBUTES,
    open: impl FnOnce(*const OBJECT_ATTRIBUTES) -> NTSTATUS,
) -> NTSTATUS {
    let path = inlet.path();
    // Some 50 characters.
    let bytes = size_of_val(path) as u16;
    let name = UNICODE_STRING { Length: bytes, MaximumLength: bytes, Buffer: path.as_ptr().cast_mut() };
    open(&OBJECT_ATTRIBUTES { ObjectName: &name, SecurityDescriptor: null(), ..attributes })
}

/// # Safety
///
/// That of the system's function.
unsafe extern "system" fn write_file(
    handle: HANDLE,
    event: HANDLE,
    routine: PIO_APC_ROUTINE,
    context: *const c_void,
    status: *mut IO_STATUS_BLOCK,
    buffer: *const c_void,
    length: u32,
    offset: *const i64,
    key: *const u32,
) -> NTSTATUS {
    // SAFETY: the program's call.
    let call =
        || unsafe { (system().write_file)(handle, event, routine, context, status, buffer, length, offset, key) };
    let Some(Found { destination, inlet, synchronous }) = handles::find(handle) else { return call() };
    if length as usize > destination.max_message() {
        return STATUS_BAD_NETWORK_PATH;
    }
    // The system has an error for a buffer that cannot be read.
    let Some(message) = copy(buffer, length) else { return call() };
    let is_complete = synchronous && routine.is_none() && !status.is_null();
    if !is_complete && inlet.is_none() {
        // The parent, whose slot it is, sends it.
        return call();
    }
    if let Err(error) = destination.send(&message) {
        settings::log(format_args!("a message to {} is not sent: {error}", destination.address()));
        return STATUS_BAD_NETWORK_PATH;
    }
    if let Some(inlet) = inlet.filter(|_| !is_complete) {
        // The system tells the end of an asynchronous write in many ways.
        return inlet.write_copy(message, call);
    }
    // SAFETY: the program's, and the system would write the same there.
    unsafe {
        (*status).Anonymous.Status = STATUS_SUCCESS;
        (*status).Information = length as usize;
    }
    if !event.is_null() {
        // SAFETY: the program's, which the system would set. Fails if it is not open, as then nobody waits for it.
        unsafe { SetEvent(event) };
    }
    STATUS_SUCCESS
}

/// # Safety
///
/// That of the system's function.
unsafe extern "system" fn duplicate(
    from: HANDLE,
    handle: HANDLE,
    to: HANDLE,
    copy: *mut HANDLE,
    access: u32,
    attributes: u32,
    options: u32,
) -> NTSTATUS {
    // SAFETY: a constant of the system.
    let this = unsafe { GetCurrentProcess() };
    // What is written through one in another process reaches the inlet.
    let found = handles::find(handle).filter(|_| from == this && to == this);
    // SAFETY: the program's call.
    let status = unsafe { (system().duplicate)(from, handle, to, copy, access, attributes, options) };
    if let (Some(found), 0) = (found, status)
        && (access & WRITING != 0 || options & DUPLICATE_SAME_ACCESS != 0)
        // SAFETY: null, or the program's, and the system has just written there.
        && let Some(copy) = unsafe { copy.as_ref() }
    {
        // If it fails, what is written still reaches the inlet.
        let _ = handles::insert(*copy, found);
    }
    status
}

/// The program's bytes, if all of them can be read.
fn copy(buffer: *const c_void, length: u32) -> Option<Vec<u8>> {
    let mut bytes = vec![0; length as usize];
    if bytes.is_empty() {
        return Some(bytes);
    }
    // SAFETY: `bytes` has room; the call itself finds whether the buffer can be read.
    let read =
        unsafe { ReadProcessMemory(GetCurrentProcess(), buffer, bytes.as_mut_ptr().cast(), bytes.len(), null_mut()) };
    (read != 0).then_some(bytes)
}

/// # Safety
///
/// That of the system's function.
unsafe extern "system" fn create_process(
    token: HANDLE,
    program: PCWSTR,
    command_line: PWSTR,
    process_attributes: *const SECURITY_ATTRIBUTES,
    thread_attributes: *const SECURITY_ATTRIBUTES,
    inherit: BOOL,
    flags: u32,
    environment: *const c_void,
    directory: PCWSTR,
    startup: *const STARTUPINFOW,
    process: *mut PROCESS_INFORMATION,
    restricted: *mut HANDLE,
) -> BOOL {
    let call = |flags, environment| {
        // SAFETY: the program's call, with perhaps more flags and another environment.
        unsafe {
            (system().create_process)(
                token,
                program,
                command_line,
                process_attributes,
                thread_attributes,
                inherit,
                flags,
                environment,
                directory,
                startup,
                process,
                restricted,
            )
        }
    };
    // A debugger would be told of our thread.
    let library = inject::path().filter(|_| flags & (DEBUG_PROCESS | DEBUG_ONLY_THIS_PROCESS) == 0);
    let Some(library) = library else { return call(flags, environment) };
    let handles = if inherit == 0 { String::new() } else { handles::to_inherit() };
    // SAFETY: the program's, which the system's function requires to be so.
    let with_handles = (!handles.is_empty())
        .then(|| unsafe { Environment::with(HANDLES, &handles, environment, flags & CREATE_UNICODE_ENVIRONMENT != 0) })
        .flatten();
    let created = match &with_handles {
        Some(with @ Environment::Wide(_)) => call(flags | CREATE_SUSPENDED | CREATE_UNICODE_ENVIRONMENT, with.as_ptr()),
        Some(with @ Environment::Narrow(_)) => call(flags | CREATE_SUSPENDED, with.as_ptr()),
        None => call(flags | CREATE_SUSPENDED, environment),
    };
    if created == 0 {
        return created;
    }
    // SAFETY: the system has just filled it in, and nobody has closed the handles.
    let child = unsafe { &*process };
    // SAFETY: as above.
    let handle = unsafe { BorrowedHandle::borrow_raw(child.hProcess) };
    let id = child.dwProcessId;
    match inject::load(handle, &library) {
        Ok(()) => settings::log(format_args!("process {id} is followed")),
        Err(Failure::Not64Bit) => settings::log(format_args!("process {id} is not followed: it is one of 32 bits")),
        Err(Failure::Refused(error)) => settings::log(format_args!("process {id} is not followed: {error}")),
        Err(Failure::NotLoaded) => {
            settings::log(format_args!("process {id} is not followed: it cannot load the library"))
        }
    }
    if flags & CREATE_SUSPENDED == 0 {
        // SAFETY: as above. Fails only if the process has ended.
        unsafe { ResumeThread(child.hThread) };
    }
    created
}
