//! Names as parts of key expressions.

/// Encodes a name as one part of a key expression: each byte other than `A-Z a-z 0-9 - _ .` becomes `%` and two
/// hexadecimal digits in upper case.
pub(crate) fn escape(name: &str) -> String {
    let mut escaped = String::with_capacity(name.len());
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.".contains(&byte) {
            escaped.push(char::from(byte));
        } else {
            escaped.push('%');
            push_hex(byte, b"0123456789ABCDEF", &mut escaped);
        }
    }
    escaped
}

/// Decodes the name from the form of [`escape`]; `None` if that is not the form of any name.
pub(crate) fn unescape(escaped: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(escaped.len());
    let mut rest = escaped.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => hex_digit(rest.next()?)? << 4 | hex_digit(rest.next()?)?,
            byte => byte,
        });
    }
    let name = String::from_utf8(bytes).ok()?;
    // Each name has one form, so that no node can announce a slot that others cannot find.
    (escape(&name) == escaped).then_some(name)
}

/// Hexadecimal digits in lower case.
pub(crate) fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(2 * bytes.len());
    bytes.iter().for_each(|byte| push_hex(*byte, b"0123456789abcdef", &mut text));
    text
}

/// The bytes of exactly `2 * N` hexadecimal digits.
pub(crate) fn unhex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    unhex_into(text, &mut bytes).then_some(bytes)
}

/// The bytes of hexadecimal digits, however many.
pub(crate) fn unhex_all(text: &str) -> Option<Vec<u8>> {
    let mut bytes = vec![0; text.len() / 2];
    unhex_into(text, &mut bytes).then_some(bytes)
}

/// The same in place, for secrets, of which no copies may remain. Returns `false`, with any content in `bytes`, if
/// `text` does not have exactly two digits for each byte.
pub(crate) fn unhex_into(text: &str, bytes: &mut [u8]) -> bool {
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    pairs.len() == bytes.len()
        && rest.is_empty()
        && bytes.iter_mut().zip(pairs).all(|(byte, [high, low])| match (hex_digit(*high), hex_digit(*low)) {
            (Some(high), Some(low)) => {
                *byte = high << 4 | low;
                true
            }
            _ => false,
        })
}

/// RFC 4648 section 5, without padding.
pub(crate) fn base64url(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let value = chunk.iter().fold(0, |value, byte| value << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for place in 0..=chunk.len() {
            text.push(char::from(BASE64[(value >> (18 - 6 * place) & 63) as usize]));
        }
    }
    text
}

/// The bytes of such text; `None` also if it is not the form that [`base64url`] has for them.
pub(crate) fn unbase64url(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3 + 2);
    for chunk in text.as_bytes().chunks(4) {
        let mut value = 0;
        for place in 0..4 {
            let digit = match chunk.get(place) {
                Some(digit) => BASE64.iter().position(|known| known == digit)? as u32,
                None => 0,
            };
            value = value << 6 | digit;
        }
        bytes.extend_from_slice(value.to_be_bytes().get(1..chunk.len())?);
    }
    (base64url(&bytes) == text).then_some(bytes)
}

const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

fn push_hex(byte: u8, digits: &[u8; 16], text: &mut String) {
    text.push(char::from(digits[usize::from(byte >> 4)]));
    text.push(char::from(digits[usize::from(byte & 15)]));
}

fn hex_digit(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).map(|value| value as u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_come_back_from_key_expressions() {
        for (name, escaped) in [
            ("ALERTS", "ALERTS"),
            ("PLANT\\LINE 1", "PLANT%5CLINE%201"),
            ("Ä*$?#/@%", "%C3%84%2A%24%3F%23%2F%40%25"),
            ("A-B_C.D", "A-B_C.D"),
        ] {
            assert_eq!(escape(name), escaped);
            assert_eq!(unescape(escaped).as_deref(), Some(name));
        }
        for wrong in ["%", "%4", "%5c", "%41", "A*", "%FF", "a b", "%+1"] {
            assert_eq!(unescape(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn hexadecimal_digits_have_an_exact_number() {
        assert_eq!(unhex(&hex(&[0, 0x9f, 255])), Some([0, 0x9f, 255]));
        for wrong in ["", "00", "0000", "000000 ", "00000g", "+00000"] {
            assert_eq!(unhex::<3>(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn base64_has_one_form_for_the_same_bytes() {
        // RFC 4648 section 10, without padding.
        for (bytes, text) in [("", ""), ("f", "Zg"), ("fo", "Zm8"), ("foo", "Zm9v"), ("foob", "Zm9vYg")] {
            assert_eq!(base64url(bytes.as_bytes()), text);
            assert_eq!(unbase64url(text).as_deref(), Some(bytes.as_bytes()));
        }
        assert_eq!(base64url(&[0xfb, 0xff]), "-_8");
        for wrong in ["Z", "Zh", "Zg==", "Zg=", "Zm9v!", "+/8"] {
            assert_eq!(unbase64url(wrong), None, "{wrong}");
        }
    }
}
