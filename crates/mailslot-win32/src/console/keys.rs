//! Decodes the bytes that a terminal sends for keys, to Windows' keys.
//!
//! # Sources
//!
//! - ECMA-48 5.4 (control sequences); xterm's *Control Sequences*, for function keys and the keys held with them
//! - Win32 *Virtual-Key Codes*

/// A key that is pressed or released.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Key {
    pub(crate) down: bool,
    /// 0 if the key does not follow from the character, but depends on the keyboard.
    pub(crate) virtual_key: u16,
    /// Of UTF-16, or 0.
    pub(crate) unit: u16,
    /// Keys that are held with it.
    pub(crate) held: u32,
}

/// `LEFT_ALT_PRESSED`, `LEFT_CTRL_PRESSED`, `SHIFT_PRESSED`, `ENHANCED_KEY`.
const ALT: u32 = 0x2;
const CONTROL: u32 = 0x8;
const SHIFT: u32 = 0x10;
const ENHANCED: u32 = 0x100;

const BACKSPACE: u8 = 0x08;
const TAB: u8 = 0x09;
const RETURN: u8 = 0x0D;
const ESCAPE: u8 = 0x1B;

/// Bytes of the longest sequence that is decoded.
const MAX_SEQUENCE: usize = 16;

/// The keys of `first` and the bytes after it. `more` returns the next byte, if it is there at once.
pub(super) fn decode(first: u8, more: &mut dyn FnMut() -> Option<u8>) -> Vec<Key> {
    if first != ESCAPE {
        return character(first, 0, more);
    }
    match more() {
        None => pressed(ESCAPE.into(), &[ESCAPE.into()], 0),
        Some(b'[') => sequence(more),
        Some(b'O') => more().and_then(|last| named(last, 0)).map_or_else(Vec::new, |key| pressed(key, &[], ENHANCED)),
        Some(other) => character(other, ALT, more),
    }
}

/// The rest after `ESC [`: numbers, and one letter. No keys if it is not a key's sequence.
fn sequence(more: &mut dyn FnMut() -> Option<u8>) -> Vec<Key> {
    let (mut numbers, mut is_key) = (vec![0_u32], true);
    for _ in 0..MAX_SEQUENCE {
        match (more(), numbers.last_mut()) {
            (Some(digit @ b'0'..=b'9'), Some(number)) => {
                *number = number.saturating_mul(10).saturating_add(u32::from(digit - b'0'));
            }
            (Some(b';'), _) => numbers.push(0),
            // An answer of the terminal, not a key.
            (Some(0x20..=0x3F), _) => is_key = false,
            (Some(0x40..=0x7E), _) if !is_key => break,
            // Shift-Tab.
            (Some(b'Z'), _) => return pressed(TAB.into(), &[TAB.into()], SHIFT),
            (Some(last @ 0x40..=0x7E), _) => {
                let with = numbers.get(1).map_or(0, |number| number.saturating_sub(1));
                let bits = [(1, SHIFT), (2, ALT), (4, CONTROL)];
                let held = bits.iter().filter(|(bit, _)| with & bit != 0).fold(ENHANCED, |held, (_, key)| held | key);
                return named(last, numbers[0]).map_or_else(Vec::new, |key| pressed(key, &[], held));
            }
            _ => break,
        }
    }
    Vec::new()
}

/// The virtual key of a sequence with this end.
fn named(last: u8, number: u32) -> Option<u16> {
    let function = |number: u32| 0x70 + number as u16 - 1;
    Some(match (last, number) {
        (b'A', _) => 0x26,
        (b'B', _) => 0x28,
        (b'C', _) => 0x27,
        (b'D', _) => 0x25,
        (b'H', _) | (b'~', 1 | 7) => 0x24,
        (b'F', _) | (b'~', 4 | 8) => 0x23,
        (b'~', 2) => 0x2D,
        (b'~', 3) => 0x2E,
        (b'~', 5) => 0x21,
        (b'~', 6) => 0x22,
        (b'P'..=b'S', _) => function(u32::from(last - b'P') + 1),
        (b'~', 11..=15) => function(number - 10),
        (b'~', 17..=21) => function(number - 11),
        (b'~', 23..=24) => function(number - 12),
        _ => return None,
    })
}

/// A character of UTF-8.
fn character(first: u8, held: u32, more: &mut dyn FnMut() -> Option<u8>) -> Vec<Key> {
    let length = match first {
        0xC2..=0xDF => 2,
        0xE0..=0xEF => 3,
        0xF0..=0xF4 => 4,
        _ => 1,
    };
    let bytes: Vec<u8> = core::iter::once(first).chain(core::iter::from_fn(more).take(length - 1)).collect();
    let units: Vec<u16> = String::from_utf8_lossy(&bytes).encode_utf16().collect();
    let (virtual_key, with) = match first {
        BACKSPACE | TAB | RETURN | b' ' | b'0'..=b'9' => (first, 0),
        b'a'..=b'z' => (first.to_ascii_uppercase(), 0),
        b'A'..=b'Z' => (first, SHIFT),
        1..=26 => (first - 1 + b'A', CONTROL),
        _ => (0, 0),
    };
    pressed(virtual_key.into(), &units, held | with)
}

/// A key that is pressed and released, once for each unit of its text.
fn pressed(virtual_key: u16, units: &[u16], held: u32) -> Vec<Key> {
    let units = if units.is_empty() { &[0] } else { units };
    let both = |unit: &u16| [true, false].map(|down| Key { down, virtual_key, unit: *unit, held });
    units.iter().flat_map(both).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The pressed keys of these bytes, after checking that a release follows each.
    fn downs(bytes: &[u8]) -> Vec<(u16, u16, u32)> {
        let mut rest = bytes.iter().copied();
        let mut all = Vec::new();
        while let Some(first) = rest.next() {
            all.extend(decode(first, &mut || rest.next()));
        }
        let pairs = all.as_chunks::<2>().0;
        assert!(pairs.iter().all(|[down, up]| down.down && *up == Key { down: false, ..*down }));
        assert_eq!(pairs.len() * 2, all.len());
        pairs.iter().map(|[down, _]| (down.virtual_key, down.unit, down.held)).collect()
    }

    #[test]
    fn characters_are_keys() {
        assert_eq!(
            downs(b"aZ5 \r\t\x08"),
            [(0x41, 0x61, 0), (0x5A, 0x5A, SHIFT), (0x35, 0x35, 0), (0x20, 0x20, 0), (13, 13, 0), (9, 9, 0), (8, 8, 0)]
        );
        assert_eq!(downs(b"\x01\x1a;"), [(0x41, 1, CONTROL), (0x5A, 26, CONTROL), (0, 0x3B, 0)]);
        assert_eq!(downs("ж😀".as_bytes()), [(0, 0x436, 0), (0, 0xD83D, 0), (0, 0xDE00, 0)]);
        assert_eq!(downs(b"\x1bx"), [(0x58, 0x78, ALT)]);
        assert_eq!(downs(b"\x1b"), [(0x1B, 0x1B, 0)]);
        // Bytes that are not UTF-8 become the replacement character.
        assert_eq!(downs(b"\xFFa"), [(0, 0xFFFD, 0), (0x41, 0x61, 0)]);
    }

    #[test]
    fn sequences_are_keys() {
        let keys = |bytes: &[u8]| downs(bytes).iter().map(|key| (key.0, key.2 & !ENHANCED)).collect::<Vec<_>>();
        for (sequences, expected) in [
            (&["\x1b[A", "\x1bOA", "\x1b[1A"][..], (0x26, 0)),
            (&["\x1b[1;2D"], (0x25, SHIFT)),
            (&["\x1b[1;5C"], (0x27, CONTROL)),
            (&["\x1b[1;8B"], (0x28, SHIFT | ALT | CONTROL)),
            (&["\x1b[H", "\x1bOH", "\x1b[1~", "\x1b[7~"], (0x24, 0)),
            (&["\x1b[3~"], (0x2E, 0)),
            (&["\x1bOP", "\x1b[11~"], (0x70, 0)),
            (&["\x1b[15~"], (0x74, 0)),
            (&["\x1b[17~"], (0x75, 0)),
            (&["\x1b[24;2~"], (0x7B, SHIFT)),
            (&["\x1b[Z"], (9, SHIFT)),
        ] {
            for sequence in sequences {
                assert_eq!(keys(sequence.as_bytes()), [expected], "{sequence:?}");
            }
        }
        // Sequences that are not of a key, or incomplete.
        for sequence in ["\x1b[99~", "\x1b[?1;2c", "\x1b[?1A", "\x1b[ A", "\x1b[", "\x1b[1;", "\x1bO", "\x1b[0n"] {
            assert_eq!(keys(sequence.as_bytes()), [], "{sequence:?}");
        }
    }
}
