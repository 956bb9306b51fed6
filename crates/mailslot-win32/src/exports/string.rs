//! Text: the functions that begin with `lstr`.

use crate::pointer::{Buffer, Narrow, Wide};

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
    // SAFETY: the target of an append is text.
    let begin = unsafe { Narrow::at(target.pointer().cast()) };
    copy(target, begin.bytes().map_or(0, <[u8]>::len), text.bytes(), usize::MAX)
}

#[unsafe(no_mangle)]
extern "C" fn lstrcatW(target: Buffer<u16>, text: Wide) -> Buffer<u16> {
    // SAFETY: the target of an append is text.
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

/// Copies as much of `text` as fits after the first `at` units of `target`, and a NUL.
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
