//! Code pages: text as bytes, and as UTF-16.
//!
//! The tables are those of the C library's `iconv`; [`windows`] has the characters that those lack.

mod iconv;
mod windows;

use iconv::{Iconv, Stop};

use crate::code::{Code, Result};
use windows::{ASCII, GB18030};

/// `CP_ACP`, `CP_OEMCP`, `CP_THREAD_ACP`, `CP_UTF8`: all are UTF-8.
const UTF8: [u32; 4] = [0, 1, 3, 65001];

/// A code page that can be converted from and to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CodePage {
    Utf8,
    /// One that `iconv` knows.
    Other(u32),
}

/// Bytes encoded from text.
pub(crate) struct Encoded {
    pub(crate) bytes: Vec<u8>,
    /// Whether a character that the code page lacks was replaced.
    pub(crate) replaced: bool,
}

impl CodePage {
    /// # Errors
    ///
    /// `ERROR_INVALID_PARAMETER` if the C library has no such code page.
    pub(crate) fn new(number: u32) -> Result<CodePage> {
        if UTF8.contains(&number) {
            return Ok(CodePage::Utf8);
        }
        Iconv::open("UTF-8", &name(number).ok_or(Code::INVALID_PARAMETER)?).ok_or(Code::INVALID_PARAMETER)?;
        Ok(CodePage::Other(number))
    }

    /// The most bytes of one character.
    pub(crate) fn longest(self) -> usize {
        match self {
            CodePage::Utf8 | CodePage::Other(GB18030) => 4,
            CodePage::Other(number) if windows::lead_bytes(number).is_empty() => 1,
            CodePage::Other(_) => 2,
        }
    }

    /// First and last of each range of bytes that begin a character of two.
    pub(crate) fn lead_bytes(self) -> &'static [(u8, u8)] {
        match self {
            CodePage::Utf8 => &[],
            CodePage::Other(number) => windows::lead_bytes(number),
        }
    }

    pub(crate) fn is_lead_byte(self, byte: u8) -> bool {
        self.lead_bytes().iter().any(|(first, last)| (*first..=*last).contains(&byte))
    }

    /// The text of `bytes`. Invalid bytes become a replacement character, or are an error.
    ///
    /// # Errors
    ///
    /// `ERROR_NO_UNICODE_TRANSLATION` if `strict`, and `bytes` are not well-formed.
    pub(crate) fn decode(self, bytes: &[u8], strict: bool) -> Result<String> {
        let CodePage::Other(number) = self else {
            return match String::from_utf8_lossy(bytes) {
                std::borrow::Cow::Owned(_) if strict => Err(Code::NO_UNICODE_TRANSLATION),
                text => Ok(text.into_owned()),
            };
        };
        let mut decoder = Decoder::new(number)?;
        let mut text = String::with_capacity(bytes.len());
        let mut rest = bytes;
        while !rest.is_empty() {
            let (character, behind) = rest.split_at(self.length_of_first(rest));
            match decoder.character(character) {
                Some(decoded) => text.push(decoded),
                None if strict => return Err(Code::NO_UNICODE_TRANSLATION),
                None => text.push(windows::stand_in(number)),
            }
            rest = behind;
        }
        Ok(text)
    }

    /// The bytes of the first character of `bytes`, which are not empty.
    fn length_of_first(self, bytes: &[u8]) -> usize {
        let length = match (self, bytes) {
            // 81 to FE, then 30 to 39: four bytes.
            (CodePage::Other(GB18030), [0x81..=0xFE, 0x30..=0x39, ..]) => 4,
            (CodePage::Other(GB18030), [0x81..=0xFE, ..]) => 2,
            (_, [first, ..]) if self.is_lead_byte(*first) => 2,
            _ => 1,
        };
        length.min(bytes.len())
    }

    /// The bytes of a text. `default` replaces each unit of a character that the code page lacks; with `exact`, also of
    /// one that the C library would replace by a similar one.
    ///
    /// # Errors
    ///
    /// `ERROR_NO_UNICODE_TRANSLATION` if `strict`, and there is an unpaired surrogate.
    pub(crate) fn encode(self, units: &[u16], default: &[u8], exact: bool, strict: bool) -> Result<Encoded> {
        let mut encoded = Encoded { bytes: Vec::with_capacity(units.len()), replaced: false };
        let mut encoder = match self {
            CodePage::Utf8 => None,
            CodePage::Other(number) => Some(Encoder::new(self, number, exact)?),
        };
        for character in char::decode_utf16(units.iter().copied()) {
            match (&mut encoder, character) {
                (_, Err(_)) if strict => return Err(Code::NO_UNICODE_TRANSLATION),
                (None, character) => {
                    encoded.replaced |= character.is_err();
                    let character = character.unwrap_or(char::REPLACEMENT_CHARACTER);
                    encoded.bytes.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
                }
                (Some(_), Err(_)) => encoded.replace(default, 1),
                (Some(encoder), Ok(character)) => match encoder.bytes(character) {
                    Some(bytes) => encoded.bytes.extend(bytes),
                    None => encoded.replace(default, character.len_utf16()),
                },
            }
        }
        Ok(encoded)
    }
}

/// Decodes bytes to characters.
struct Decoder {
    number: u32,
    iconv: Iconv,
}

impl Decoder {
    fn new(number: u32) -> Result<Decoder> {
        let iconv = name(number).and_then(|name| Iconv::open("UTF-8", &name)).ok_or(Code::INVALID_PARAMETER)?;
        Ok(Decoder { number, iconv })
    }

    /// The character of these bytes, if they are exactly one.
    fn character(&mut self, bytes: &[u8]) -> Option<char> {
        let mut utf8 = [0; 16];
        let (filled, stop) = self.iconv.convert_alone(bytes, &mut utf8);
        let mut characters = core::str::from_utf8(&utf8[..filled]).unwrap_or_default().chars();
        match (stop, characters.next(), characters.next()) {
            (Stop::Done | Stop::Replaced, Some(character), None) => Some(character),
            _ => windows::decoded(self.number, bytes),
        }
    }
}

/// Encodes characters as bytes.
struct Encoder {
    iconv: Iconv,
    longest: usize,
    /// Whether the bytes must decode to the character again.
    exact: bool,
    back: Decoder,
}

impl Encoder {
    fn new(page: CodePage, number: u32, exact: bool) -> Result<Encoder> {
        let iconv = name(number).and_then(|name| Iconv::open(&name, "UTF-8")).ok_or(Code::INVALID_PARAMETER)?;
        Ok(Encoder { iconv, longest: page.longest(), exact, back: Decoder::new(number)? })
    }

    fn bytes(&mut self, character: char) -> Option<Vec<u8>> {
        let (mut utf8, mut bytes) = ([0; 4], [0; 16]);
        let (filled, stop) = self.iconv.convert_alone(character.encode_utf8(&mut utf8).as_bytes(), &mut bytes);
        let bytes = &bytes[..filled];
        // More bytes would be several characters, into which it was decomposed.
        let found = stop == Stop::Done && (1..=self.longest).contains(&filled);
        if found && (!self.exact || self.back.character(bytes) == Some(character)) {
            return Some(bytes.to_vec());
        }
        let byte = windows::encoded(self.back.number, character)?;
        (self.back.character(&[byte]) == Some(character)).then(|| vec![byte])
    }
}

impl Encoded {
    fn replace(&mut self, default: &[u8], units: usize) {
        self.bytes.extend(core::iter::repeat_n(default, units).flatten());
        self.replaced = true;
    }
}

/// The C library's name of a code page. Excludes those whose tables differ from Windows' in ASCII (864, 1361), and
/// those with shift states.
fn name(number: u32) -> Option<String> {
    Some(match number {
        437 | 737 | 775 | 850 | 852 | 855 | 857 | 858 | 860..=863 | 865 | 866 | 869 | 874 => format!("CP{number}"),
        932 | 936 | 949 | 950 | 1250..=1258 => format!("CP{number}"),
        ASCII => "US-ASCII".to_owned(),
        20866 => "KOI8-R".to_owned(),
        21866 => "KOI8-U".to_owned(),
        28591..=28599 | 28603 | 28605 => format!("ISO-8859-{}", number - 28590),
        GB18030 => "GB18030".to_owned(),
        _ => return None,
    })
}
