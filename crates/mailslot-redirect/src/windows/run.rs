//! Starting a program that loads the library.

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::io;
use std::os::windows::io::{AsHandle, AsRawHandle};
use std::os::windows::process::CommandExt;
use std::path::PathBuf;
use std::process::Command;

use windows_sys::Win32::Foundation::{HANDLE, NTSTATUS, RtlNtStatusToDosError};
use windows_sys::Win32::System::Console::SetConsoleCtrlHandler;
use windows_sys::Win32::System::Threading::CREATE_SUSPENDED;

use super::inject::{self, Failure};
use super::settings::{ANY_SIZE, HANDLES, LOG};

/// The library's file, in the folder of the command.
const LIBRARY: &str = "mailslot_redirect.dll";

#[link(name = "ntdll")]
unsafe extern "system" {
    fn NtResumeProcess(process: HANDLE) -> NTSTATUS;
}

/// How a program runs.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Options {
    /// Whether messages may be as large as the domain takes, rather than at most 424 bytes, as in the legacy network.
    pub any_size: bool,
    /// A file to which the library appends what it does.
    pub log: Option<PathBuf>,
}

/// Why a program does not run.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// The library is not beside the command.
    NoLibrary(PathBuf),
    /// The program could not be started.
    NotStarted {
        /// The program.
        program: OsString,
        /// The error of the system.
        source: io::Error,
    },
    /// The program is one of 32 bits, and the library is not.
    Not64Bit(OsString),
    /// The system does not let the library be loaded into the program, as into its protected ones.
    Protected {
        /// The program.
        program: OsString,
        /// The error of the system.
        source: io::Error,
    },
    /// The library could not be loaded into the program, or could not replace the functions there.
    NotLoaded(OsString),
}

/// Runs a program to its end, with the library in it and in its child processes, and returns its exit code.
///
/// Looks for the library `mailslot_redirect.dll` in the folder of this process's program, and for `program` where
/// [`Command`] looks.
///
/// ```no_run
/// let code = mailslot_redirect::run("old.exe".as_ref(), &[], &mailslot_redirect::Options::default())?;
/// println!("it ended with {code}");
/// # Ok::<(), mailslot_redirect::Error>(())
/// ```
///
/// # Errors
///
/// Those of [`Error`]. The program has then not run.
///
/// # Sources
///
/// Win32 `CreateProcess`, `CreateRemoteThread`, `LoadLibrary`.
pub fn run(program: &OsStr, arguments: &[OsString], options: &Options) -> Result<u32, Error> {
    let not_started = |source| Error::NotStarted { program: program.to_owned(), source };
    let library = std::env::current_exe().map_err(not_started)?.with_file_name(LIBRARY);
    if !library.is_file() {
        return Err(Error::NoLibrary(library));
    }
    let mut command = Command::new(program);
    command.args(arguments).creation_flags(CREATE_SUSPENDED);
    for name in [ANY_SIZE, HANDLES, LOG] {
        command.env_remove(name);
    }
    if options.any_size {
        command.env(ANY_SIZE, "1");
    }
    if let Some(log) = &options.log {
        // The program may be in another folder later.
        command.env(LOG, std::path::absolute(log).map_err(not_started)?);
    }
    let mut child = command.spawn().map_err(not_started)?;
    let loaded = inject::load(child.as_handle(), &library).map_err(|failure| match failure {
        Failure::Not64Bit => Error::Not64Bit(program.to_owned()),
        Failure::Refused(source) => Error::Protected { program: program.to_owned(), source },
        Failure::NotLoaded => Error::NotLoaded(program.to_owned()),
    });
    // Ctrl+C is for the program, and its exit code is wanted afterwards.
    // SAFETY: without a function, the call only makes this process ignore Ctrl+C.
    unsafe { SetConsoleCtrlHandler(None, 1) };
    let resumed = loaded.and_then(|()| {
        // SAFETY: the handle is that of our child, and open.
        let status = unsafe { NtResumeProcess(child.as_raw_handle()) };
        if status >= 0 {
            return Ok(());
        }
        // SAFETY: valid for any status.
        let code = unsafe { RtlNtStatusToDosError(status) };
        Err(not_started(io::Error::from_raw_os_error(code.cast_signed())))
    });
    if let Err(error) = resumed {
        // It has not run yet, and fails to end only if it has ended.
        let _ = child.kill();
        let _ = child.wait();
        return Err(error);
    }
    let status = child.wait().map_err(not_started)?;
    // Programs of Windows end in no other way.
    Ok(status.code().unwrap_or_default().cast_unsigned())
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::NoLibrary(path) => write!(f, "{} is missing: it belongs beside the command", path.display()),
            Error::NotStarted { program, source } => write!(f, "{} cannot be started: {source}", program.display()),
            Error::Not64Bit(program) => {
                write!(f, "{} is a program of 32 bits: only those of 64 bits can be run so", program.display())
            }
            Error::Protected { program, source } => write!(
                f,
                "{} does not let a library be loaded, as programs that the system protects: {source}",
                program.display()
            ),
            Error::NotLoaded(program) => {
                write!(f, "{} could not load {LIBRARY}; the file of --log may say why", program.display())
            }
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Error::NotStarted { source, .. } | Error::Protected { source, .. } => Some(source),
            _ => None,
        }
    }
}
