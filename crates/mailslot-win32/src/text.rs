//! Text from and for C: UTF-16 in `W` functions, UTF-8 in `A` functions.

use mailslot::{Address, Error, Operation};

use crate::abi::{Bool, MAX_PATH};
use crate::code::{Code, Result};
use crate::pointer::{Buffer, InOut, Narrow, Wide};

/// A slot's name as an export received it.
pub(crate) struct Name(String);

impl Name {
    /// The name of an `A` function, which accepts names below `MAX_PATH` characters. A slot's name must be UTF-8.
    pub(crate) fn narrow(name: Narrow, operation: Operation) -> Result<Name> {
        let bytes = name.bytes().ok_or(Code::PATH_NOT_FOUND)?;
        let text = core::str::from_utf8(bytes).map_err(|_| not_text(operation))?;
        if text.encode_utf16().count() >= MAX_PATH {
            return Err(Code::FILENAME_EXCED_RANGE);
        }
        Ok(Name(text.to_owned()))
    }

    /// The name of a `W` function. One with an unpaired surrogate is refused: replacing it would make different names
    /// equal.
    pub(crate) fn wide(name: Wide, operation: Operation) -> Result<Name> {
        let units = name.units().ok_or(Code::PATH_NOT_FOUND)?;
        String::from_utf16(units).map(Name).map_err(|_| not_text(operation))
    }
}

/// An end of the console, by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ConsoleEnd {
    Input,
    Output,
}

impl Name {
    /// The end of the console that has this name, with or without the prefix of devices. `CON` is the one for the
    /// access mask.
    pub(crate) fn console(&self, writes: bool) -> Option<ConsoleEnd> {
        let name = self.0.strip_prefix(r"\\.\").unwrap_or(&self.0);
        let is = |other: &str| name.eq_ignore_ascii_case(other);
        if is("CONIN$") || is("CON") && !writes {
            return Some(ConsoleEnd::Input);
        }
        (is("CONOUT$") || is("CON")).then_some(ConsoleEnd::Output)
    }
}

fn not_text(operation: Operation) -> Code {
    match operation {
        Operation::Open => Code::FILE_NOT_FOUND,
        _ => Code::INVALID_NAME,
    }
}

/// Exactly by Win32's rules, without the short forms of the Rust API.
impl TryFrom<Name> for Address {
    type Error = Error;

    fn try_from(name: Name) -> core::result::Result<Address, Error> {
        Address::parse_win32(&name.0)
    }
}

/// Text other than names: a command line, a descriptor.
pub(crate) fn from_narrow(text: Narrow) -> Result<Option<String>> {
    let Some(bytes) = text.bytes() else { return Ok(None) };
    match core::str::from_utf8(bytes) {
        Ok(text) => Ok(Some(text.to_owned())),
        Err(_) => Err(Code::NO_UNICODE_TRANSLATION),
    }
}

/// Text other than names, in UTF-16.
pub(crate) fn from_wide(text: Wide) -> Result<Option<String>> {
    text.units().map(String::from_utf16).transpose().map_err(|_| Code::NO_UNICODE_TRANSLATION)
}

/// Stores as much of `text` as fits before a NUL, and returns how many units that is.
pub(crate) fn store_cut<T: Copy + Default>(text: &[T], target: Buffer<T>, room: u32) -> u32 {
    let Some(target) = target.slice(room as usize).filter(|target| !target.is_empty()) else { return 0 };
    let count = text.len().min(target.len() - 1);
    target[..count].copy_from_slice(&text[..count]);
    target[count] = T::default();
    count as u32
}

/// Stores `text` and a NUL, and returns its length. If there is no room, returns the room that is needed, NUL included.
pub(crate) fn store_or_ask<T: Copy + Default>(text: &[T], target: Buffer<T>, room: u32) -> Result<u32> {
    let length = u32::try_from(text.len()).map_err(|_| Code::INVALID_PARAMETER)?;
    if room <= length {
        return Ok(length + 1);
    }
    if target.is_null() {
        return Err(Code::INVALID_PARAMETER);
    }
    Ok(store_cut(text, target, room))
}

/// The same with a parameter that holds the room, and gets the length or the room that is needed.
pub(crate) fn store_sized<T: Copy + Default>(
    text: &[T],
    target: Buffer<T>,
    size: &InOut<u32>,
    too_small: Code,
) -> Result<Bool> {
    let room = size.read().ok_or(Code::INVALID_PARAMETER)?;
    let room = if target.is_null() { 0 } else { room };
    size.set(store_or_ask(text, target, room)?);
    if room as usize > text.len() { Ok(Bool::TRUE) } else { Err(too_small) }
}
