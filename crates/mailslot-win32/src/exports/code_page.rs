//! Code pages: conversion to and from UTF-16, and their properties.

use crate::abi::{Bool, CodePageInfo};
use crate::boundary;
use crate::code::{Code, Result};
use crate::code_page::CodePage;
use crate::pointer::{Array, Buffer, Narrow, Out, Wide};

/// `CP_UTF8`, which `CP_ACP` and `CP_OEMCP` stand for.
const CP_UTF8: u32 = 65001;
const GB18030: u32 = 54936;
/// `MB_PRECOMPOSED`, which is how all text comes out, `MB_USEGLYPHCHARS` and `MB_ERR_INVALID_CHARS`.
const DECODE_FLAGS: u32 = 0x1 | 0x4 | DECODE_STRICTLY;
const DECODE_STRICTLY: u32 = 0x8;
/// `WC_DISCARDNS`, `WC_SEPCHARS`, `WC_DEFAULTCHAR`, `WC_ERR_INVALID_CHARS`, `WC_COMPOSITECHECK`,
/// `WC_NO_BEST_FIT_CHARS`.
const ENCODE_FLAGS: u32 = 0x10 | 0x20 | 0x40 | ENCODE_STRICTLY | 0x200 | ENCODE_EXACTLY;
const ENCODE_STRICTLY: u32 = 0x80;
const ENCODE_EXACTLY: u32 = 0x400;
/// The default replacement for a character that a code page lacks.
const DEFAULT: u8 = b'?';

#[unsafe(no_mangle)]
extern "C" fn MultiByteToWideChar(
    code_page: u32,
    flags: u32,
    text: Array<u8>,
    length: i32,
    target: Buffer<u16>,
    room: i32,
) -> i32 {
    boundary::call(0, || {
        let bytes = source(&text, length)?;
        let page = CodePage::new(code_page)?;
        if flags & !DECODE_FLAGS != 0 || code_page == GB18030 && flags & !DECODE_STRICTLY != 0 {
            return Err(Code::INVALID_FLAGS);
        }
        let text = page.decode(bytes, flags & DECODE_STRICTLY != 0)?;
        store(&text.encode_utf16().collect::<Vec<u16>>(), target, room)
    })
}

#[unsafe(no_mangle)]
extern "C" fn WideCharToMultiByte(
    code_page: u32,
    flags: u32,
    text: Array<u16>,
    length: i32,
    target: Buffer<u8>,
    room: i32,
    default: Narrow,
    replaced: Out<Bool>,
) -> i32 {
    boundary::call(0, || {
        let units = source(&text, length)?;
        let page = CodePage::new(code_page)?;
        // These two have every character. `CP_ACP` may stand for any code page, so the parameters are allowed with it.
        let complete = [CP_UTF8, GB18030].contains(&code_page);
        if complete && (default.bytes().is_some() || !replaced.is_null()) {
            return Err(Code::INVALID_PARAMETER);
        }
        let strict = flags & ENCODE_STRICTLY != 0;
        let allowed = if code_page == GB18030 { ENCODE_STRICTLY } else { ENCODE_FLAGS };
        if flags & !allowed != 0 || strict && page != CodePage::Utf8 && !complete {
            return Err(Code::INVALID_FLAGS);
        }
        let default = default.bytes().filter(|default| !default.is_empty()).unwrap_or(&[DEFAULT]);
        let encoded =
            page.encode(units, &default[..default.len().min(page.longest())], flags & ENCODE_EXACTLY != 0, strict)?;
        let length = store(&encoded.bytes, target, room)?;
        replaced.set(encoded.replaced.into());
        Ok(length)
    })
}

#[unsafe(no_mangle)]
extern "C" fn GetACP() -> u32 {
    CP_UTF8
}

#[unsafe(no_mangle)]
extern "C" fn GetOEMCP() -> u32 {
    CP_UTF8
}

/// False for `CP_ACP` and `CP_OEMCP`, which only stand for a code page.
#[unsafe(no_mangle)]
extern "C" fn IsValidCodePage(code_page: u32) -> Bool {
    boundary::call(Bool::FALSE, || Ok((code_page > 3 && CodePage::new(code_page).is_ok()).into()))
}

#[unsafe(no_mangle)]
extern "C" fn GetCPInfo(code_page: u32, info: Out<CodePageInfo>) -> Bool {
    boundary::call(Bool::FALSE, || {
        let page = CodePage::new(code_page)?;
        info.required()?;
        let mut lead_bytes = [0; 12];
        for (pair, range) in lead_bytes.chunks_exact_mut(2).zip(page.lead_bytes()) {
            pair.copy_from_slice(&[range.0, range.1]);
        }
        info.set(CodePageInfo { max_char_size: page.longest() as u32, default_char: [DEFAULT, 0], lead_bytes });
        Ok(Bool::TRUE)
    })
}

#[unsafe(no_mangle)]
extern "C" fn IsDBCSLeadByte(_byte: u8) -> Bool {
    Bool::FALSE
}

#[unsafe(no_mangle)]
extern "C" fn IsDBCSLeadByteEx(code_page: u32, byte: u8) -> Bool {
    boundary::call(Bool::FALSE, || Ok(CodePage::new(code_page)?.is_lead_byte(byte).into()))
}

/// Both code pages are UTF-8.
#[unsafe(no_mangle)]
extern "C" fn CharToOemA(text: Narrow, target: Buffer<u8>) -> Bool {
    boundary::call(Bool::FALSE, || copy(text.bytes().ok_or(Code::INVALID_PARAMETER)?, target))
}

#[unsafe(no_mangle)]
extern "C" fn OemToCharA(text: Narrow, target: Buffer<u8>) -> Bool {
    boundary::call(Bool::FALSE, || copy(text.bytes().ok_or(Code::INVALID_PARAMETER)?, target))
}

#[unsafe(no_mangle)]
extern "C" fn CharToOemW(text: Wide, target: Buffer<u8>) -> Bool {
    boundary::call(Bool::FALSE, || {
        let units = text.units().ok_or(Code::INVALID_PARAMETER)?;
        copy(&CodePage::Utf8.encode(units, &[DEFAULT], false, false)?.bytes, target)
    })
}

#[unsafe(no_mangle)]
extern "C" fn OemToCharW(text: Narrow, target: Buffer<u16>) -> Bool {
    boundary::call(Bool::FALSE, || {
        let text = CodePage::Utf8.decode(text.bytes().ok_or(Code::INVALID_PARAMETER)?, false)?;
        copy(&text.encode_utf16().collect::<Vec<u16>>(), target)
    })
}

/// The text to convert: of `length` units, or up to and including its NUL if that is negative.
fn source<'a, T: Copy + Default + PartialEq>(text: &Array<T>, length: i32) -> Result<&'a [T]> {
    let length = match usize::try_from(length) {
        Ok(0) => return Err(Code::INVALID_PARAMETER),
        Ok(length) => length,
        Err(_) => text.length_with_nul().ok_or(Code::INVALID_PARAMETER)?,
    };
    text.slice(length).ok_or(Code::INVALID_PARAMETER)
}

/// Stores converted text and returns its length; with no room, only returns the length.
fn store<T: Copy>(text: &[T], target: Buffer<T>, room: i32) -> Result<i32> {
    let length = i32::try_from(text.len()).map_err(|_| Code::INVALID_PARAMETER)?;
    match room {
        0 => return Ok(length),
        room if room < 0 || target.is_null() => return Err(Code::INVALID_PARAMETER),
        room if room < length => return Err(Code::INSUFFICIENT_BUFFER),
        _ => {}
    }
    target.slice(text.len()).ok_or(Code::INVALID_PARAMETER)?.copy_from_slice(text);
    Ok(length)
}

/// Stores text and its NUL, for which there must be room. The target may be the source, if its units have one size.
fn copy<T: Copy + Default>(text: &[T], target: Buffer<T>) -> Result<Bool> {
    let text: Vec<T> = text.iter().copied().chain([T::default()]).collect();
    target.slice(text.len()).ok_or(Code::INVALID_PARAMETER)?.copy_from_slice(&text);
    Ok(Bool::TRUE)
}
