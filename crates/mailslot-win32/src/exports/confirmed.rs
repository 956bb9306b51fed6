//! The functions of `mailslotapi.h`: receivers, and receipts.

use core::ffi::c_void;
use std::time::Duration;

use mailslot::Timeout;

use crate::abi::{Bool, Handle};
use crate::boundary;
use crate::code::{Code, Result};
use crate::handles::{self, Held};
use crate::object::{Client, Object};
use crate::pointer::{Array, Buffer, Out};
use mailslot_ffi::Receipt;

#[unsafe(no_mangle)]
extern "C" fn MailslotWaitForReceivers(file: Handle, at_least: u32, millis: u32, receivers: Out<u32>) -> Bool {
    boundary::call(Bool::FALSE, || {
        receivers.required()?;
        let held = handles::find(file)?;
        let found = client(&held)?.wait_for_receivers(at_least as usize, Timeout::from_win32_millis(millis))?;
        receivers.set(u32::try_from(found).unwrap_or(u32::MAX));
        Ok(Bool::TRUE)
    })
}

#[unsafe(no_mangle)]
extern "C" fn MailslotWriteConfirmed(
    file: Handle,
    buffer: Array<c_void>,
    size: u32,
    millis: u32,
    receipts: Buffer<Receipt>,
    room: u32,
    count: Out<u32>,
) -> Bool {
    boundary::call(Bool::FALSE, || {
        count.required()?;
        let room = receipts.to_read(room as usize)?;
        let held = handles::find(file)?;
        let found = client(&held)?.write_confirmed(buffer.bytes(size)?, Duration::from_millis(millis.into()))?;
        count.set(u32::try_from(found.len()).unwrap_or(u32::MAX));
        match Receipt::store(&found, room) {
            true => Ok(Bool::TRUE),
            false => Err(Code::MORE_DATA),
        }
    })
}

fn client(held: &Held) -> Result<&Client> {
    match &held.object {
        Object::Client(client) => Ok(client),
        Object::Server(_) => Err(Code::ACCESS_DENIED),
        _ => Err(Code::INVALID_HANDLE),
    }
}
