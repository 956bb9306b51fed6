//! The console's input as events.

use crate::abi::{Bool, Handle, InputRecord};
use crate::boundary;
use crate::code::Result;
use crate::code_page::CodePage;
use crate::console::events;
use crate::console::keys::Key;
use crate::console::pages;
use crate::handles;
use crate::pointer::{Buffer, Out};

const KEY_EVENT: u16 = 0x1;

#[unsafe(no_mangle)]
extern "C" fn ReadConsoleInputA(handle: Handle, target: Buffer<InputRecord>, room: u32, read: Out<u32>) -> Bool {
    boundary::call(Bool::FALSE, || store(handle, target, room, &read, events::read, in_page))
}

#[unsafe(no_mangle)]
extern "C" fn ReadConsoleInputW(handle: Handle, target: Buffer<InputRecord>, room: u32, read: Out<u32>) -> Bool {
    boundary::call(Bool::FALSE, || store(handle, target, room, &read, events::read, |unit| unit))
}

#[unsafe(no_mangle)]
extern "C" fn PeekConsoleInputA(handle: Handle, target: Buffer<InputRecord>, room: u32, read: Out<u32>) -> Bool {
    boundary::call(Bool::FALSE, || store(handle, target, room, &read, events::peek, in_page))
}

#[unsafe(no_mangle)]
extern "C" fn PeekConsoleInputW(handle: Handle, target: Buffer<InputRecord>, room: u32, read: Out<u32>) -> Bool {
    boundary::call(Bool::FALSE, || store(handle, target, room, &read, events::peek, |unit| unit))
}

#[unsafe(no_mangle)]
extern "C" fn GetNumberOfConsoleInputEvents(handle: Handle, count: Out<u32>) -> Bool {
    boundary::call(Bool::FALSE, || {
        count.required()?;
        handles::find(handle)?.object.stream()?.terminal(true)?;
        count.set(events::count() as u32);
        Ok(Bool::TRUE)
    })
}

fn store(
    handle: Handle,
    target: Buffer<InputRecord>,
    room: u32,
    read: &Out<u32>,
    take: impl Fn(usize) -> Vec<Key>,
    unit: impl Fn(u16) -> u16,
) -> Result<Bool> {
    read.required()?;
    read.set(0);
    handles::find(handle)?.object.stream()?.terminal(true)?;
    let target = target.to_read(room as usize)?;
    let keys = take(target.len());
    for (record, key) in target.iter_mut().zip(&keys) {
        *record = InputRecord {
            kind: KEY_EVENT,
            down: key.down.into(),
            repeated: 1,
            virtual_key: key.virtual_key,
            scan_code: 0,
            unit: unit(key.unit),
            held: key.held,
        };
    }
    read.set(keys.len() as u32);
    Ok(Bool::TRUE)
}

/// A unit as one byte in the console's code page, or a question mark.
fn in_page(unit: u16) -> u16 {
    let page = pages::INPUT.other().unwrap_or(CodePage::Utf8);
    let encoded = page.encode(&[unit], b"?", false, false).map(|encoded| encoded.bytes);
    match encoded.as_deref() {
        Ok([byte]) => (*byte).into(),
        _ => b'?'.into(),
    }
}
