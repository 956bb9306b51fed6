//! Encodings of text, by the names of the web and by Windows' numbers of code pages.

use std::fmt::{self, Write};

use encoding_rs::{DecoderResult, EncoderResult, REPLACEMENT, UTF_16BE, UTF_16LE, X_USER_DEFINED};

/// An encoding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Encoding(&'static encoding_rs::Encoding);

/// Text decoded from bytes.
#[derive(Debug, PartialEq, Eq)]
pub struct Decoded {
    /// The text, with bytes that are invalid in the encoding as `\xff`.
    pub text: String,
    /// Whether there were no such bytes.
    pub whole: bool,
}

/// A character that an encoding does not have.
#[derive(Debug, PartialEq, Eq)]
pub struct Unmappable {
    character: char,
    encoding: &'static str,
}

/// Code pages whose name on the web is not `windows-NUMBER`.
const CODE_PAGES: [(&str, &str); 12] = [
    ("866", "ibm866"),
    ("932", "shift_jis"),
    ("936", "gbk"),
    ("949", "euc-kr"),
    ("950", "big5"),
    ("1200", "utf-16le"),
    ("1201", "utf-16be"),
    ("10000", "macintosh"),
    ("20866", "koi8-r"),
    ("21866", "koi8-u"),
    ("54936", "gb18030"),
    ("65001", "utf-8"),
];

impl Encoding {
    /// `utf-16le`, `cp1252`, `windows-1252`, `1252` ...
    pub fn parse(name: &str) -> Result<Encoding, String> {
        let lower = name.to_ascii_lowercase();
        let number = ["cp", "windows-", ""].iter().find_map(|begin| lower.strip_prefix(begin)).unwrap_or(&lower);
        let code_page = CODE_PAGES.iter().find(|(page, _)| *page == number).map(|(_, label)| (*label).to_owned());
        let label = match code_page {
            Some(label) => label,
            None if number.bytes().all(|byte| byte.is_ascii_digit()) => format!("windows-{number}"),
            None => lower,
        };
        match encoding_rs::Encoding::for_label(label.as_bytes()) {
            Some(encoding) if encoding != REPLACEMENT && encoding != X_USER_DEFINED => Ok(Encoding(encoding)),
            _ => Err("write utf-8, utf-16le, or a code page such as cp1252, cp866, cp936; there are also iso-8859-2, \
                      gb18030 ..."
                .into()),
        }
    }

    pub fn decode(self, bytes: &[u8]) -> Decoded {
        let mut decoder = self.0.new_decoder_without_bom_handling();
        let mut decoded = Decoded { text: String::new(), whole: true };
        let mut at = 0;
        loop {
            let rest = bytes.get(at..).unwrap_or_default();
            let most = decoder.max_utf8_buffer_length_without_replacement(rest.len());
            decoded.text.reserve(most.unwrap_or(rest.len()));
            let (result, read) = decoder.decode_to_string_without_replacement(rest, &mut decoded.text, true);
            at += read;
            match result {
                DecoderResult::InputEmpty => return decoded,
                DecoderResult::OutputFull => {}
                DecoderResult::Malformed(length, after) => {
                    decoded.whole = false;
                    // Bytes read after the bad ones are decoded again.
                    let end = at - usize::from(after);
                    for byte in &bytes[end - usize::from(length)..end] {
                        // Writing to a String cannot fail.
                        let _ = write!(decoded.text, "\\x{byte:02x}");
                    }
                }
            }
        }
    }

    pub fn encode(self, text: &str) -> Result<Vec<u8>, Unmappable> {
        // The web standard has no encoders for these two.
        if self.0 == UTF_16LE {
            return Ok(text.encode_utf16().flat_map(u16::to_le_bytes).collect());
        }
        if self.0 == UTF_16BE {
            return Ok(text.encode_utf16().flat_map(u16::to_be_bytes).collect());
        }
        let mut encoder = self.0.new_encoder();
        let (mut bytes, mut rest) = (Vec::new(), text);
        loop {
            bytes.reserve(encoder.max_buffer_length_from_utf8_without_replacement(rest.len()).unwrap_or(rest.len()));
            let (result, read) = encoder.encode_from_utf8_to_vec_without_replacement(rest, &mut bytes, true);
            rest = &rest[read..];
            match result {
                EncoderResult::InputEmpty => return Ok(bytes),
                EncoderResult::OutputFull => {}
                EncoderResult::Unmappable(character) => {
                    return Err(Unmappable { character, encoding: self.0.name() });
                }
            }
        }
    }

    /// The most bytes of UTF-8 for which there is one byte in any encoding.
    pub const EXPANSION: usize = 3;
}

impl fmt::Display for Unmappable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Unmappable { character, encoding } = self;
        write!(
            f,
            "{} has no '{character}' (U+{:04X}): utf-8 and utf-16le have all characters",
            encoding.to_lowercase(),
            u32::from(*character)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every encoding, by one of its names, with text that it can encode.
    const TEXTS: [(&str, &str); 13] = [
        ("utf-8", "Gr\u{f6}\u{df}e \u{20ac} \u{65e5}\u{672c} \u{1f600}"),
        ("utf-16le", "Gr\u{f6}\u{df}e \u{20ac} \u{65e5}\u{672c} \u{1f600}"),
        ("utf-16be", "Gr\u{f6}\u{df}e \u{20ac} \u{65e5}\u{672c} \u{1f600}"),
        ("gb18030", "Gr\u{f6}\u{df}e \u{20ac} \u{65e5}\u{672c} \u{1f600}"),
        ("cp1250", "p\u{159}\u{ed}li\u{161} \u{17e}lu\u{165}ou\u{10d}k\u{fd}"),
        ("cp1251", "\u{41f}\u{440}\u{438}\u{432}\u{435}\u{442}"),
        ("cp1252", "Gr\u{f6}\u{df}e \u{20ac}"),
        ("cp1253", "\u{3ba}\u{3b1}\u{3bb}"),
        ("cp866", "\u{41f}\u{440}\u{438}\u{432}\u{435}\u{442}"),
        ("cp932", "\u{65e5}\u{672c}\u{8a9e} \u{30c6}\u{30ad}"),
        ("cp936", "\u{4f60}\u{597d}"),
        ("cp949", "\u{d55c}\u{ae00}"),
        ("cp950", "\u{4f60}\u{597d}"),
    ];

    fn parse(name: &str) -> Encoding {
        Encoding::parse(name).expect("an encoding")
    }

    #[test]
    fn names_are_those_of_the_web_and_of_windows() {
        for (number, name) in [("1252", "windows-1252"), ("65001", "utf-8"), ("1200", "utf-16le"), ("932", "shift_jis")]
        {
            for spelling in [number.to_owned(), format!("cp{number}"), format!("CP{number}"), name.to_uppercase()] {
                assert_eq!(parse(&spelling), parse(name), "{spelling}");
            }
        }
        assert_eq!(parse("UTF-16"), parse("utf-16le"));
        for page in 1250..=1258 {
            assert_eq!(parse(&page.to_string()), parse(&format!("windows-{page}")));
        }
        for wrong in ["", "cp", "cp1", "437", "utf-17", "x-user-defined", "hz-gb-2312", "windows-", "cpcp1252"] {
            assert!(Encoding::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn text_comes_back_from_every_encoding_that_has_it() {
        for (name, _) in TEXTS {
            for (_, text) in TEXTS {
                let text = format!("{text}\0\n\\x41");
                match parse(name).encode(&text) {
                    Ok(bytes) => assert_eq!(parse(name).decode(&bytes), Decoded { text, whole: true }, "{name}"),
                    Err(unmappable) => assert!(text.contains(unmappable.character), "{name}: {unmappable}"),
                }
            }
        }
        for (name, text) in TEXTS {
            assert!(parse(name).encode(text).is_ok(), "{name} has {text}");
        }
        assert_eq!(
            parse("1251").encode("\u{20ac} and \u{df}").expect_err("no Russian letter").to_string(),
            "windows-1251 has no '\u{df}' (U+00DF): utf-8 and utf-16le have all characters"
        );
    }

    /// All pairs of bytes and more, in encodings with one encoding for each text: invalid bytes are recovered
    /// unchanged.
    #[test]
    fn bytes_that_are_no_text_are_escaped_and_nothing_is_lost() {
        let mut state = 1_u32;
        let mut random = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8
        };
        for name in ["utf-8", "utf-16le", "utf-16be"] {
            let encoding = parse(name);
            let pairs = (0..=u16::MAX).map(|pair| pair.to_be_bytes().to_vec());
            let unpaired = (0..=u8::MAX).map(|byte| vec![byte, 0xd8, byte, 0xdc, 0, 0xd8, 0x41, 0, 0xdc]);
            let random: Vec<Vec<u8>> = (0..2000).map(|length| (0..length % 13).map(|_| random()).collect()).collect();
            // This test would take text that looks like an escape for one.
            let all = pairs.chain(unpaired).chain(random).filter(|bytes| !bytes.contains(&b'\\'));
            for bytes in all {
                let decoded = encoding.decode(&bytes);
                assert_eq!(unescaped(encoding, &decoded.text), bytes, "{name}: {decoded:?}");
            }
        }
    }

    /// The bytes of a text in which `\xff` is a byte.
    fn unescaped(encoding: Encoding, text: &str) -> Vec<u8> {
        let mut parts = text.split("\\x");
        let mut bytes = encoding.encode(parts.next().unwrap_or_default()).expect("all characters");
        for part in parts {
            bytes.push(u8::from_str_radix(&part[..2], 16).expect("two digits"));
            bytes.extend(encoding.encode(&part[2..]).expect("all characters"));
        }
        bytes
    }
}
