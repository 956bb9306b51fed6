//! The exported functions. Each states its contract in the header.

use core::ffi::c_char;
use std::os::fd::AsRawFd;
use std::time::Duration;

use mailslot::{Error, Mailslot, MailslotOptions, MailslotWriter, Timeout};
use mailslot_ffi::{Array, Buffer, Narrow, Out, Owned, Receipt};

use crate::failure::{self, Failure, call};
use crate::growing::{GrowingIn, GrowingOut};
use crate::info::Info;
use crate::options::Options;
use crate::origin::Origin;

/// `MAILSLOT_FOREVER`.
const FOREVER: i64 = -1;
const NO_SLOT: Failure = Failure::Argument("slot is NULL");
const NO_WRITER: Failure = Failure::Argument("writer is NULL");

#[unsafe(no_mangle)]
extern "C" fn mailslot_create(name: Narrow, options: GrowingIn<Options>, slot: Out<Owned<Mailslot>>) -> u32 {
    call(|| {
        slot.required()?;
        let options = match options.read()? {
            Some(options) => options.builder()?,
            None => MailslotOptions::new(),
        };
        slot.set(Owned::new(options.create(text(name)?)?));
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
    call(|| read(&slot, buffer, room, &size, &origin, Timeout::Forever))
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
    call(|| read(&slot, buffer, room, &size, &origin, timeout(milliseconds)?))
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
    call(|| {
        let writer = writer.get().ok_or(NO_WRITER)?;
        let message = message.to_write(size)?;
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
        origin_size => slot.read_with_origin_within(buffer, timeout).map(|(bytes, from)| {
            origin.set(origin_size, &from.into());
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
