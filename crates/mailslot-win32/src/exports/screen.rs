//! The terminal's screen.

use crate::abi::{Bool, Coord, Handle, ScreenBufferInfo};
use crate::boundary;
use crate::code::{Code, Result};
use crate::console::screen;
use crate::handles;
use crate::object::Stream;
use crate::pointer::{Buffer, Narrow, Out, Wide};
use crate::text;

#[unsafe(no_mangle)]
extern "C" fn SetConsoleTextAttribute(handle: Handle, attribute: u16) -> Bool {
    with(handle, |terminal| screen::set_attribute(terminal, attribute))
}

#[unsafe(no_mangle)]
extern "C" fn GetConsoleScreenBufferInfo(handle: Handle, info: Out<ScreenBufferInfo>) -> Bool {
    with(handle, |terminal| {
        info.required()?;
        info.set(screen::info(terminal)?);
        Ok(())
    })
}

#[unsafe(no_mangle)]
extern "C" fn SetConsoleCursorPosition(handle: Handle, to: Coord) -> Bool {
    with(handle, |terminal| screen::move_cursor(terminal, to))
}

#[unsafe(no_mangle)]
extern "C" fn FillConsoleOutputCharacterA(
    handle: Handle,
    character: u8,
    count: u32,
    from: Coord,
    filled: Out<u32>,
) -> Bool {
    // Only an ASCII byte is a character by itself; others depend on their neighbours.
    let character = if character.is_ascii() { char::from(character) } else { char::REPLACEMENT_CHARACTER };
    with(handle, |terminal| screen::fill(terminal, character, count, from).map(|count| filled.set(count)))
}

#[unsafe(no_mangle)]
extern "C" fn FillConsoleOutputCharacterW(
    handle: Handle,
    character: u16,
    count: u32,
    from: Coord,
    filled: Out<u32>,
) -> Bool {
    let character = char::from_u32(character.into()).unwrap_or(char::REPLACEMENT_CHARACTER);
    with(handle, |terminal| screen::fill(terminal, character, count, from).map(|count| filled.set(count)))
}

#[unsafe(no_mangle)]
extern "C" fn FillConsoleOutputAttribute(
    handle: Handle,
    attribute: u16,
    count: u32,
    from: Coord,
    filled: Out<u32>,
) -> Bool {
    with(handle, |terminal| screen::fill_attribute(terminal, attribute, count, from).map(|count| filled.set(count)))
}

#[unsafe(no_mangle)]
extern "C" fn SetConsoleTitleA(title: Narrow) -> Bool {
    boundary::call(Bool::FALSE, || set_title(text::from_narrow(title)?))
}

#[unsafe(no_mangle)]
extern "C" fn SetConsoleTitleW(title: Wide) -> Bool {
    boundary::call(Bool::FALSE, || set_title(text::from_wide(title)?))
}

#[unsafe(no_mangle)]
extern "C" fn GetConsoleTitleA(target: Buffer<u8>, room: u32) -> u32 {
    boundary::call(0, || Ok(text::store_cut(screen::title().as_bytes(), target, room)))
}

#[unsafe(no_mangle)]
extern "C" fn GetConsoleTitleW(target: Buffer<u16>, room: u32) -> u32 {
    boundary::call(0, || Ok(text::store_cut(&screen::title().encode_utf16().collect::<Vec<u16>>(), target, room)))
}

fn set_title(title: Option<String>) -> Result<Bool> {
    screen::set_title(title.ok_or(Code::INVALID_PARAMETER)?)?;
    Ok(Bool::TRUE)
}

/// Runs `action` with a terminal for output.
fn with(handle: Handle, action: impl FnOnce(&Stream) -> Result<()>) -> Bool {
    boundary::call(Bool::FALSE, || {
        let held = handles::find(handle)?;
        action(held.object.stream()?.terminal(false)?)?;
        Ok(Bool::TRUE)
    })
}
