//! Text: conversion between UTF-8 and UTF-16, and the functions that begin with `lstr`.

use crate::abi::Bool;
use crate::boundary;
use crate::code::{Code, Result};
use crate::pointer::{Array, Buffer, Narrow, Out, Wide};

/// `CP_ACP`, `CP_OEMCP`, `CP_UTF8`: all are UTF-8.
const UTF8: [u32; 3] = [0, 1, 65001];
/// `MB_ERR_INVALID_CHARS`, `WC_ERR_INVALID_CHARS`.
const REFUSE_INVALID_UTF8: u32 = 0x8;
const REFUSE_INVALID_UTF16: u32 = 0x80;

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
        let bytes = source(code_page, &text, length)?;
        let text = String::from_utf8_lossy(bytes);
        if flags & REFUSE_INVALID_UTF8 != 0 && matches!(text, std::borrow::Cow::Owned(_)) {
            return Err(Code::NO_UNICODE_TRANSLATION);
        }
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
    _default: Narrow,
    used_default: Out<Bool>,
) -> i32 {
    boundary::call(0, || {
        if !used_default.is_null() {
            return Err(Code::INVALID_PARAMETER);
        }
        let units = source(code_page, &text, length)?;
        let strict = flags & REFUSE_INVALID_UTF16 != 0;
        let text = match String::from_utf16(units) {
            Err(_) if strict => return Err(Code::NO_UNICODE_TRANSLATION),
            Err(_) => String::from_utf16_lossy(units),
            Ok(text) => text,
        };
        store(text.as_bytes(), target, room)
    })
}

#[unsafe(no_mangle)]
extern "C" fn lstrlenA(text: Narrow) -> i32 {
    text.bytes().map_or(0, |bytes| bytes.len() as i32)
}

#[unsafe(no_mangle)]
extern "C" fn lstrlenW(text: Wide) -> i32 {
    text.units().map_or(0, |units| units.len() as i32)
}

#[unsafe(no_mangle)]
extern "C" fn lstrcpyA(target: Buffer<u8>, text: Narrow) -> Buffer<u8> {
    copy(target, 0, text.bytes(), usize::MAX)
}

#[unsafe(no_mangle)]
extern "C" fn lstrcpyW(target: Buffer<u16>, text: Wide) -> Buffer<u16> {
    copy(target, 0, text.units(), usize::MAX)
}

#[unsafe(no_mangle)]
extern "C" fn lstrcpynA(target: Buffer<u8>, text: Narrow, room: i32) -> Buffer<u8> {
    copy(target, 0, text.bytes(), room.max(0) as usize)
}

#[unsafe(no_mangle)]
extern "C" fn lstrcpynW(target: Buffer<u16>, text: Wide, room: i32) -> Buffer<u16> {
    copy(target, 0, text.units(), room.max(0) as usize)
}

#[unsafe(no_mangle)]
extern "C" fn lstrcatA(target: Buffer<u8>, text: Narrow) -> Buffer<u8> {
    // SAFETY: what is appended to is text.
    let begin = unsafe { Narrow::at(target.pointer().cast()) };
    copy(target, begin.bytes().map_or(0, <[u8]>::len), text.bytes(), usize::MAX)
}

#[unsafe(no_mangle)]
extern "C" fn lstrcatW(target: Buffer<u16>, text: Wide) -> Buffer<u16> {
    // SAFETY: what is appended to is text.
    let begin = unsafe { Wide::at(target.pointer()) };
    copy(target, begin.units().map_or(0, <[u16]>::len), text.units(), usize::MAX)
}

#[unsafe(no_mangle)]
extern "C" fn lstrcmpA(one: Narrow, other: Narrow) -> i32 {
    one.bytes().cmp(&other.bytes()) as i32
}

#[unsafe(no_mangle)]
extern "C" fn lstrcmpW(one: Wide, other: Wide) -> i32 {
    one.units().cmp(&other.units()) as i32
}

#[unsafe(no_mangle)]
extern "C" fn lstrcmpiA(one: Narrow, other: Narrow) -> i32 {
    let folded = |text: Narrow| text.bytes().map(<[u8]>::to_ascii_lowercase);
    folded(one).cmp(&folded(other)) as i32
}

#[unsafe(no_mangle)]
extern "C" fn lstrcmpiW(one: Wide, other: Wide) -> i32 {
    let fold = |unit: &u16| u8::try_from(*unit).map_or(*unit, |byte| byte.to_ascii_lowercase().into());
    let folded = |text: Wide| text.units().map(|units| units.iter().map(fold).collect::<Vec<u16>>());
    folded(one).cmp(&folded(other)) as i32
}

/// The text to convert: of `length` units, or up to and including its NUL if that is negative.
fn source<'a, T: Copy + Default + PartialEq>(code_page: u32, text: &Array<T>, length: i32) -> Result<&'a [T]> {
    if !UTF8.contains(&code_page) || length == 0 {
        return Err(Code::INVALID_PARAMETER);
    }
    let length = match usize::try_from(length) {
        Ok(length) => length,
        Err(_) => text.length_with_nul().ok_or(Code::INVALID_PARAMETER)?,
    };
    text.slice(length).ok_or(Code::INVALID_PARAMETER)
}

/// Stores converted text and returns its length; no room only asks for the length.
fn store<T: Copy>(text: &[T], target: Buffer<T>, room: i32) -> Result<i32> {
    let length = i32::try_from(text.len()).map_err(|_| Code::INVALID_PARAMETER)?;
    if room == 0 {
        return Ok(length);
    }
    if room < length {
        return Err(Code::INSUFFICIENT_BUFFER);
    }
    target.slice(text.len()).ok_or(Code::INVALID_PARAMETER)?.copy_from_slice(text);
    Ok(length)
}

/// Copies as much of `text` as there is room for behind the first `at` units of `target`, and a NUL.
fn copy<T: Copy + Default>(target: Buffer<T>, at: usize, text: Option<&[T]>, room: usize) -> Buffer<T> {
    let Some(longest) = room.checked_sub(1) else { return target };
    let text = text.unwrap_or_default();
    let text = &text[..text.len().min(longest)];
    if let Some(target) = target.slice(at + text.len() + 1) {
        target[at..at + text.len()].copy_from_slice(text);
        target[at + text.len()] = T::default();
    }
    target
}
