//! Win32 error codes and native statuses.

/// A Win32 error code, as `GetLastError` returns it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Code(pub(crate) u32);

pub(crate) type Result<T> = core::result::Result<T, Code>;

/// Declares the codes that this crate chooses; all others are from [`mailslot::Error::win32_code`].
macro_rules! codes {
    ($($name:ident = $value:literal;)*) => {
        impl Code {
            $(pub(crate) const $name: Code = Code($value);)*
        }
    };
}

codes! {
    SUCCESS = 0;
    INVALID_FUNCTION = 1;
    FILE_NOT_FOUND = 2;
    PATH_NOT_FOUND = 3;
    TOO_MANY_OPEN_FILES = 4;
    ACCESS_DENIED = 5;
    INVALID_HANDLE = 6;
    NOT_ENOUGH_MEMORY = 8;
    NO_MORE_FILES = 18;
    BAD_LENGTH = 24;
    GEN_FAILURE = 31;
    NOT_SUPPORTED = 50;
    FILE_EXISTS = 80;
    INVALID_PARAMETER = 87;
    BROKEN_PIPE = 109;
    BUFFER_OVERFLOW = 111;
    DISK_FULL = 112;
    CALL_NOT_IMPLEMENTED = 120;
    SEM_TIMEOUT = 121;
    INSUFFICIENT_BUFFER = 122;
    INVALID_NAME = 123;
    MOD_NOT_FOUND = 126;
    BAD_PATHNAME = 161;
    ALREADY_EXISTS = 183;
    ENVVAR_NOT_FOUND = 203;
    FILENAME_EXCED_RANGE = 206;
    NO_DATA = 232;
    MORE_DATA = 234;
    NO_MORE_ITEMS = 259;
    DIRECTORY = 267;
    INVALID_ADDRESS = 487;
    NOT_OWNER = 288;
    TOO_MANY_POSTS = 298;
    MR_MID_NOT_FOUND = 317;
    OPERATION_ABORTED = 995;
    IO_INCOMPLETE = 996;
    IO_PENDING = 997;
    NOACCESS = 998;
    INVALID_FLAGS = 1004;
    NO_UNICODE_TRANSLATION = 1113;
    MAPPED_ALIGNMENT = 1132;
    NOT_FOUND = 1168;
    NO_TOKEN = 1008;
    UNKNOWN_REVISION = 1305;
    NONE_MAPPED = 1332;
    INVALID_ACL = 1336;
    INVALID_SID = 1337;
    INVALID_SECURITY_DESCR = 1338;
    ALLOTTED_SPACE_EXCEEDED = 1344;
    INTERNAL_ERROR = 1359;
    INVALID_MSGBOX_STYLE = 1438;
    NO_SYSTEM_RESOURCES = 1450;
    COMMITMENT_LIMIT = 1455;
    TIMEOUT = 1460;
    INVALID_USER_BUFFER = 1784;
}

/// `STATUS_PENDING`.
pub(crate) const PENDING: usize = 0x103;

impl Code {
    /// The native status that an `OVERLAPPED` holds for this code.
    pub(crate) fn status(self) -> usize {
        let status: u32 = match self {
            Code::SUCCESS => 0,
            Code::SEM_TIMEOUT => 0xC000_00B5,
            Code::INSUFFICIENT_BUFFER => 0xC000_0023,
            Code::OPERATION_ABORTED => 0xC000_0120,
            Code::INVALID_HANDLE => 0xC000_0008,
            Code::NO_SYSTEM_RESOURCES => 0xC000_009A,
            Code::NOACCESS => 0xC000_0005,
            Code::ACCESS_DENIED => 0xC000_0022,
            Code::INVALID_PARAMETER => 0xC000_000D,
            _ => 0xC000_0001,
        };
        status as usize
    }

    /// The code for a native status that [`Code::status`] made.
    pub(crate) fn from_status(status: usize) -> Code {
        let all = [
            Code::SUCCESS,
            Code::SEM_TIMEOUT,
            Code::INSUFFICIENT_BUFFER,
            Code::OPERATION_ABORTED,
            Code::INVALID_HANDLE,
            Code::NO_SYSTEM_RESOURCES,
            Code::NOACCESS,
            Code::ACCESS_DENIED,
            Code::INVALID_PARAMETER,
        ];
        all.into_iter().find(|code| code.status() == status).unwrap_or(Code::GEN_FAILURE)
    }
}

impl From<mailslot::Error> for Code {
    fn from(error: mailslot::Error) -> Code {
        Code(error.win32_code())
    }
}

impl From<rustix::io::Errno> for Code {
    fn from(error: rustix::io::Errno) -> Code {
        use rustix::io::Errno;
        match error {
            Errno::NOENT => Code::FILE_NOT_FOUND,
            Errno::ACCESS | Errno::PERM => Code::ACCESS_DENIED,
            Errno::MFILE | Errno::NFILE => Code::TOO_MANY_OPEN_FILES,
            Errno::NOMEM | Errno::AGAIN | Errno::NOSPC => Code::NO_SYSTEM_RESOURCES,
            _ => Code::GEN_FAILURE,
        }
    }
}

impl From<std::io::Error> for Code {
    fn from(error: std::io::Error) -> Code {
        rustix::io::Errno::from_io_error(&error).map_or(Code::GEN_FAILURE, Code::from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statuses_lead_back_to_their_codes() {
        for code in [Code::SUCCESS, Code::SEM_TIMEOUT, Code::INSUFFICIENT_BUFFER, Code::OPERATION_ABORTED] {
            assert_eq!(Code::from_status(code.status()), code);
        }
        assert_eq!(Code::from_status(0xC000_0001), Code::GEN_FAILURE);
    }
}
