//! Characters of Windows' code pages that the C library's tables lack.

/// The code page that has all characters of Unicode and is not UTF-8.
pub(super) const GB18030: u32 = 54936;
pub(super) const ASCII: u32 = 20127;

/// First and last of each range of bytes that begin a character of two.
pub(super) fn lead_bytes(number: u32) -> &'static [(u8, u8)] {
    match number {
        932 => &[(0x81, 0x9F), (0xE0, 0xFC)],
        936 | 949 | 950 => &[(0x81, 0xFE)],
        _ => &[],
    }
}

fn is_lead_byte(number: u32, byte: u8) -> bool {
    lead_bytes(number).iter().any(|(first, last)| (*first..=*last).contains(&byte))
}

/// The replacement for invalid bytes.
pub(super) fn stand_in(number: u32) -> char {
    match number {
        932 => '\u{30FB}',
        936 | 949 | 950 => '?',
        _ => char::REPLACEMENT_CHARACTER,
    }
}

/// On Windows, bytes without a character in any table are control characters.
pub(super) fn decoded(number: u32, bytes: &[u8]) -> Option<char> {
    match (number, bytes) {
        (ASCII | GB18030, _) => None,
        (_, [byte @ 0x80..=0x9F]) if !is_lead_byte(number, *byte) => Some(char::from(*byte)),
        (932, [0xA0]) => Some('\u{F8F0}'),
        (932, [byte @ 0xFD..=0xFF]) => char::from_u32(0xF8F1 + u32::from(*byte) - 0xFD),
        _ => None,
    }
}

/// The byte for this character, if it may have one.
pub(super) fn encoded(number: u32, character: char) -> Option<u8> {
    match (number, u32::from(character)) {
        (_, control @ 0x80..=0x9F) => Some(control as u8),
        (932, 0xF8F0) => Some(0xA0),
        (932, private @ 0xF8F1..=0xF8F3) => Some((private - 0xF8F1) as u8 + 0xFD),
        _ => None,
    }
}
