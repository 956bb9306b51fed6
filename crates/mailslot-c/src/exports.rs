//! The exported functions. Each states its contract in the header.

use core::ffi::c_char;
use std::os::fd::AsRawFd;
use std::time::Duration;

use mailslot::{Error, Mailslot, MailslotWriter, Timeout};
use mailslot_ffi::{Array, Buffer, Narrow, Out, Owned, Receipt};

use crate::failure::{self, Failure, call};
use crate::growing::{GrowingIn, GrowingOut};
use crate::info::Info;
use crate::options::Options;
use crate::origin::Origin;
use crate::status::{self, Listing};

/// `MAILSLOT_FOREVER`.
const FOREVER: i64 = -1;
const NO_SLOT: Failure = Failure::Argument("slot is NULL");
const NO_WRITER: Failure = Failure::Argument("writer is NULL");
const NO_LISTING: Failure = Failure::Argument("listing is NULL");

/// `mailslot_bytes`.
#[repr(C)]
struct Bytes {
    data: Array<u8>,
    size: usize,
}

#[unsafe(no_mangle)]
extern "C" fn mailslot_create(name: Narrow, options: GrowingIn<Options>, slot: Out<Owned<Mailslot>>) -> u32 {
    call(|| {
        slot.required()?;
        let options = options.read()?.unwrap_or_default().builder()?;
        slot.set(Owned::new(options.create(text(name)?)?));
        Ok(())
    })
}

#[unsafe(no_mangle)]
extern "C" fn mailslot_tap(name: Narrow, options: GrowingIn<Options>, slot: Out<Owned<Mailslot>>) -> u32 {
    call(|| {
        slot.required()?;
        let options = options.read()?.unwrap_or_default().builder()?;
        slot.set(Owned::new(options.tap(text(name)?)?));
        Ok(())
    })
}

#[unsafe(no_mangle)]
extern "C" fn mailslot_read(
    slot: Owned<Mailslot>,
    buffer: Buffer<u8>,
    room: usize,
    size: Out<usize>,
    origin: GrowingOut<Origin>,
) -> u32 {
    call(move || read(&slot, buffer, room, &size, &origin, Timeout::Forever))
}

#[unsafe(no_mangle)]
extern "C" fn mailslot_read_within(
    slot: Owned<Mailslot>,
    buffer: Buffer<u8>,
    room: usize,
    size: Out<usize>,
    origin: GrowingOut<Origin>,
    milliseconds: i64,
) -> u32 {
    call(move || read(&slot, buffer, room, &size, &origin, timeout(milliseconds)?))
}

#[unsafe(no_mangle)]
extern "C" fn mailslot_query(slot: Owned<Mailslot>, info: GrowingOut<Info>) -> u32 {
    call(|| {
        let slot = slot.get().ok_or(NO_SLOT)?;
        match info.size()? {
            0 => Err(Failure::Argument("info is NULL")),
            size => {
                info.set(size, &slot.info()?.into());
                Ok(())
            }
        }
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
        writer.required()?;
        writer.set(Owned::new(MailslotWriter::open(text(name)?)?));
        Ok(())
    })
}

#[unsafe(no_mangle)]
extern "C" fn mailslot_write(writer: Owned<MailslotWriter>, message: Array<u8>, size: usize) -> u32 {
    call(move || {
        let writer = writer.get().ok_or(NO_WRITER)?;
        let message = message.to_write(size)?;
        Ok(writer.write(message)?)
    })
}

#[unsafe(no_mangle)]
extern "C" fn mailslot_wait_open(name: Narrow, milliseconds: i64, writer: Out<Owned<MailslotWriter>>) -> u32 {
    call(|| {
        writer.required()?;
        writer.set(Owned::new(MailslotWriter::wait_open(text(name)?, timeout(milliseconds)?)?));
        Ok(())
    })
}

#[unsafe(no_mangle)]
extern "C" fn mailslot_write_within(
    writer: Owned<MailslotWriter>,
    message: Array<u8>,
    size: usize,
    milliseconds: i64,
) -> u32 {
    call(|| {
        let writer = writer.get().ok_or(NO_WRITER)?;
        let message = message.to_write(size)?;
        Ok(writer.write_within(message, timeout(milliseconds)?)?)
    })
}

#[unsafe(no_mangle)]
extern "C" fn mailslot_write_batch(
    writer: Owned<MailslotWriter>,
    messages: Array<Bytes>,
    count: usize,
    written: Out<usize>,
) -> u32 {
    call(|| write_batch(&writer, &messages, count, &written, Timeout::Zero))
}

#[unsafe(no_mangle)]
extern "C" fn mailslot_write_batch_within(
    writer: Owned<MailslotWriter>,
    messages: Array<Bytes>,
    count: usize,
    milliseconds: i64,
    written: Out<usize>,
) -> u32 {
    call(|| write_batch(&writer, &messages, count, &written, timeout(milliseconds)?))
}

#[unsafe(no_mangle)]
extern "C" fn mailslot_request(
    writer: Owned<MailslotWriter>,
    message: Array<u8>,
    message_size: usize,
    milliseconds: i64,
    buffer: Buffer<u8>,
    room: usize,
    size: Out<usize>,
    origin: GrowingOut<Origin>,
) -> u32 {
    call(|| {
        let writer = writer.get().ok_or(NO_WRITER)?;
        size.required()?;
        let (message, buffer) = (message.to_write(message_size)?, buffer.to_read(room)?);
        let origin_size = origin.size()?;
        size.set(0);
        let reply = writer.request(message, timeout(milliseconds)?)?;
        size.set(reply.data.len());
        let too_small = Error::BufferTooSmall { size: reply.data.len(), buffer: room };
        buffer.get_mut(..reply.data.len()).ok_or(too_small)?.copy_from_slice(&reply.data);
        origin.set(origin_size, &reply.origin.into());
        Ok(())
    })
}

#[unsafe(no_mangle)]
extern "C" fn mailslot_reply(request: GrowingIn<Origin>, message: Array<u8>, size: usize) -> u32 {
    call(|| {
        let request = request.read()?.ok_or(Failure::Argument("request is NULL"))?;
        let message = message.to_write(size)?;
        Ok(request.reply_to().ok_or(Error::NotARequest)?.write(message)?)
    })
}

#[unsafe(no_mangle)]
extern "C" fn mailslot_look_up(name: Narrow, status: GrowingOut<status::Status>) -> u32 {
    call(|| match status.size()? {
        0 => Err(Failure::Argument("status is NULL")),
        size => {
            status.set(size, &status::Status::from(&mailslot::status(text(name)?)?));
            Ok(())
        }
    })
}

#[unsafe(no_mangle)]
extern "C" fn mailslot_list(listing: Out<Owned<Listing>>) -> u32 {
    call(|| {
        listing.required()?;
        listing.set(Owned::new(Listing::new(mailslot::list()?)));
        Ok(())
    })
}

#[unsafe(no_mangle)]
extern "C" fn mailslot_list_next(
    listing: Owned<Listing>,
    name: Out<*const c_char>,
    status: GrowingOut<status::Status>,
) -> u32 {
    call(|| {
        let listing = listing.get().ok_or(NO_LISTING)?;
        let size = status.size()?;
        let (found, text) = listing.next().ok_or(Failure::NoMore)?;
        name.set(text);
        status.set(size, &found);
        Ok(())
    })
}

#[unsafe(no_mangle)]
extern "C" fn mailslot_close_list(listing: Owned<Listing>) {
    listing.close();
}

#[unsafe(no_mangle)]
extern "C" fn mailslot_wait_for_receivers(
    writer: Owned<MailslotWriter>,
    at_least: usize,
    milliseconds: i64,
    receivers: Out<usize>,
) -> u32 {
    call(|| {
        let writer = writer.get().ok_or(NO_WRITER)?;
        receivers.required()?;
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
        let writer = writer.get().ok_or(NO_WRITER)?;
        count.required()?;
        let message = message.to_write(size)?;
        let room = receipts.to_read(room)?;
        let found = writer.write_confirmed(message, Duration::from_millis(milliseconds.into()))?;
        count.set(found.len());
        if Receipt::store(&found, room) { Ok(()) } else { Err(Failure::MoreReceipts) }
    })
}

#[unsafe(no_mangle)]
extern "C" fn mailslot_close_writer(writer: Owned<MailslotWriter>) {
    writer.close();
}

#[unsafe(no_mangle)]
extern "C" fn mailslot_error_message() -> *const c_char {
    failure::message()
}

fn write_batch(
    writer: &Owned<MailslotWriter>,
    messages: &Array<Bytes>,
    count: usize,
    written: &Out<usize>,
    timeout: Timeout,
) -> Result<(), Failure> {
    let writer = writer.get().ok_or(NO_WRITER)?;
    written.required()?;
    let messages = messages.to_write(count)?.iter().map(|bytes| bytes.data.to_write(bytes.size));
    let messages: Vec<&[u8]> = messages.collect::<Result<_, _>>()?;
    written.set(match timeout {
        Timeout::Zero => writer.write_batch(&messages)?,
        timeout => writer.write_batch_within(&messages, timeout)?,
    });
    Ok(())
}

// Inlined into both exports: passing the arguments on would cost as much as the rest of the call.
#[inline(always)]
fn read(
    slot: &Owned<Mailslot>,
    buffer: Buffer<u8>,
    room: usize,
    size: &Out<usize>,
    origin: &GrowingOut<Origin>,
    timeout: Timeout,
) -> Result<(), Failure> {
    let slot = slot.get().ok_or(NO_SLOT)?;
    size.required()?;
    let buffer = buffer.to_read(room)?;
    let read = match origin.size()? {
        0 => slot.read_within(buffer, timeout),
        origin_size => slot.read_with_envelope_within(buffer, timeout).map(|(bytes, envelope)| {
            origin.set(origin_size, &envelope.into());
            bytes
        }),
    };
    match read {
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
