//! The functions of `mailslot.h`: slots without Win32 names.

use core::ffi::c_char;
use std::cell::RefCell;
use std::ffi::CString;
use std::os::fd::AsRawFd;
use std::time::Duration;

use mailslot::{Access, Error, Mailslot, MailslotOptions, MailslotWriter, Timeout};

use crate::code::Code;
use crate::pointer::{Array, Buffer, In, Narrow, Out, Owned};
use crate::receipt::{self, Receipt};

/// `mailslot_options`.
#[repr(C)]
struct Options {
    max_message_size: u32,
    access: u32,
    capacity: u64,
}

/// `mailslot_info`.
#[repr(C)]
struct Info {
    max_message_size: u32,
    has_next: u32,
    next_size: u64,
    count: u64,
}

/// `MAILSLOT_OWNER`, `MAILSLOT_EVERYONE`.
const OWNER: u32 = 0;
const EVERYONE: u32 = 1;
/// `MAILSLOT_FOREVER`.
const FOREVER: i64 = -1;

thread_local! {
    static MESSAGE: RefCell<CString> = RefCell::new(CString::default());
}

/// Why a call failed: the library's error, or an argument that cannot be.
enum Failure {
    Library(Error),
    Argument(&'static str),
    /// The message was sent, and more computers have answered than there is room for.
    MoreReceipts,
    Text,
}

impl From<Error> for Failure {
    fn from(error: Error) -> Failure {
        Failure::Library(error)
    }
}

#[unsafe(no_mangle)]
extern "C" fn mailslot_create(name: Narrow, options: In<Options>, slot: Out<Owned<Mailslot>>) -> u32 {
    call(|| {
        slot.required().map_err(|_| Failure::Argument("slot is NULL"))?;
        let mut how = MailslotOptions::new();
        if let Some(options) = options.read() {
            how.max_message_size(options.max_message_size);
            how.access(match options.access {
                OWNER => Access::Owner,
                EVERYONE => Access::Everyone,
                _ => return Err(Failure::Argument("access is neither MAILSLOT_OWNER nor MAILSLOT_EVERYONE")),
            });
            if options.capacity != 0 {
                how.capacity(options.capacity);
            }
        }
        slot.set(Owned::new(how.create(text(name)?)?));
        Ok(())
    })
}

#[unsafe(no_mangle)]
extern "C" fn mailslot_read(slot: Owned<Mailslot>, buffer: Buffer<u8>, room: usize, size: Out<usize>) -> u32 {
    call(|| read(&slot, buffer, room, &size, Timeout::Forever))
}

#[unsafe(no_mangle)]
extern "C" fn mailslot_read_within(
    slot: Owned<Mailslot>,
    buffer: Buffer<u8>,
    room: usize,
    size: Out<usize>,
    milliseconds: i64,
) -> u32 {
    call(|| read(&slot, buffer, room, &size, timeout(milliseconds)?))
}

#[unsafe(no_mangle)]
extern "C" fn mailslot_query(slot: Owned<Mailslot>, info: Out<Info>) -> u32 {
    call(|| {
        let found = slot.get().ok_or(Failure::Argument("slot is NULL"))?.info()?;
        info.set(Info {
            max_message_size: found.max_message_size,
            has_next: found.next_size.is_some().into(),
            next_size: found.next_size.unwrap_or(0) as u64,
            count: found.count,
        });
        Ok(())
    })
}

#[unsafe(no_mangle)]
extern "C" fn mailslot_descriptor(slot: Owned<Mailslot>) -> i32 {
    slot.get().map_or(-1, AsRawFd::as_raw_fd)
}

#[unsafe(no_mangle)]
extern "C" fn mailslot_close(slot: Owned<Mailslot>) {
    slot.close();
}

#[unsafe(no_mangle)]
extern "C" fn mailslot_open(name: Narrow, writer: Out<Owned<MailslotWriter>>) -> u32 {
    call(|| {
        writer.required().map_err(|_| Failure::Argument("writer is NULL"))?;
        writer.set(Owned::new(MailslotWriter::open(text(name)?)?));
        Ok(())
    })
}

#[unsafe(no_mangle)]
extern "C" fn mailslot_write(writer: Owned<MailslotWriter>, message: Array<u8>, size: usize) -> u32 {
    call(|| {
        let writer = writer.get().ok_or(Failure::Argument("writer is NULL"))?;
        let message = message.to_write(size).map_err(|_| Failure::Argument("message is NULL"))?;
        Ok(writer.write(message)?)
    })
}

#[unsafe(no_mangle)]
extern "C" fn mailslot_wait_for_receivers(
    writer: Owned<MailslotWriter>,
    at_least: usize,
    milliseconds: i64,
    receivers: Out<usize>,
) -> u32 {
    call(|| {
        let writer = writer.get().ok_or(Failure::Argument("writer is NULL"))?;
        receivers.required().map_err(|_| Failure::Argument("receivers is NULL"))?;
        receivers.set(writer.wait_for_receivers(at_least, timeout(milliseconds)?)?);
        Ok(())
    })
}

#[unsafe(no_mangle)]
extern "C" fn mailslot_write_confirmed(
    writer: Owned<MailslotWriter>,
    message: Array<u8>,
    size: usize,
    milliseconds: u32,
    receipts: Buffer<Receipt>,
    room: usize,
    count: Out<usize>,
) -> u32 {
    call(|| {
        let writer = writer.get().ok_or(Failure::Argument("writer is NULL"))?;
        count.required().map_err(|_| Failure::Argument("count is NULL"))?;
        let message = message.to_write(size).map_err(|_| Failure::Argument("message is NULL"))?;
        let room = receipts.to_read(room).map_err(|_| Failure::Argument("receipts is NULL"))?;
        let found = writer.write_confirmed(message, Duration::from_millis(milliseconds.into()))?;
        count.set(found.len());
        if receipt::store(&found, room) { Ok(()) } else { Err(Failure::MoreReceipts) }
    })
}

#[unsafe(no_mangle)]
extern "C" fn mailslot_close_writer(writer: Owned<MailslotWriter>) {
    writer.close();
}

#[unsafe(no_mangle)]
extern "C" fn mailslot_error_message() -> *const c_char {
    // The text stays in place until the next error of this thread.
    MESSAGE.with_borrow(|message| message.as_ptr())
}

fn read(
    slot: &Owned<Mailslot>,
    buffer: Buffer<u8>,
    room: usize,
    size: &Out<usize>,
    timeout: Timeout,
) -> Result<(), Failure> {
    let slot = slot.get().ok_or(Failure::Argument("slot is NULL"))?;
    size.required().map_err(|_| Failure::Argument("size is NULL"))?;
    let buffer = buffer.to_read(room).map_err(|_| Failure::Argument("buffer is NULL"))?;
    match slot.read_within(buffer, timeout) {
        Ok(bytes) => {
            size.set(bytes);
            Ok(())
        }
        Err(error) => {
            size.set(if let Error::BufferTooSmall { size, .. } = error { size } else { 0 });
            Err(error.into())
        }
    }
}

fn timeout(milliseconds: i64) -> Result<Timeout, Failure> {
    match milliseconds {
        FOREVER => Ok(Timeout::Forever),
        0 => Ok(Timeout::Zero),
        _ => match u64::try_from(milliseconds) {
            Ok(milliseconds) => Ok(Timeout::After(Duration::from_millis(milliseconds))),
            Err(_) => Err(Failure::Argument("milliseconds is negative and not MAILSLOT_FOREVER")),
        },
    }
}

fn text<'a>(name: Narrow) -> Result<&'a str, Failure> {
    let bytes = name.bytes().ok_or(Failure::Argument("name is NULL"))?;
    core::str::from_utf8(bytes).map_err(|_| Failure::Text)
}

/// Runs the body of an export; its failure becomes the code that it returns, and the thread's message.
fn call(body: impl FnOnce() -> Result<(), Failure>) -> u32 {
    let (code, message) = match std::panic::catch_unwind(core::panic::AssertUnwindSafe(body)) {
        Ok(Ok(())) => return Code::SUCCESS.0,
        Ok(Err(Failure::Library(error))) => (error.win32_code(), error.to_string()),
        Ok(Err(Failure::Argument(what))) => (Code::INVALID_PARAMETER.0, what.to_owned()),
        Ok(Err(Failure::MoreReceipts)) => {
            (Code::MORE_DATA.0, "the message was sent, and there is no room for all receipts".to_owned())
        }
        Ok(Err(Failure::Text)) => (Code::INVALID_NAME.0, "the name is not UTF-8".to_owned()),
        Err(_) => (Code::INTERNAL_ERROR.0, "a defect of the mailslot library".to_owned()),
    };
    MESSAGE.set(CString::new(message.replace('\0', "")).unwrap_or_default());
    code
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layouts_are_those_of_the_header() {
        assert_eq!((size_of::<Info>(), size_of::<Options>()), (24, 16));
    }
}
