//! Compares the output of a program with the expected text.

/// The result of a comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// The whole pattern matches, with this many bytes.
    Whole(usize),
    /// The text matches as far as it goes.
    Part,
    /// The text does not match.
    Other,
}

/// Compares the beginning of `text` with a pattern, in which `{}` stands for a word of letters, digits, `-` and `.`.
pub fn find(pattern: &[u8], text: &[u8]) -> Found {
    let mut at = 0;
    let mut rest = pattern;
    while let Some((&first, others)) = rest.split_first() {
        if let Some(after) = rest.strip_prefix(b"{}") {
            let length =
                text[at..].iter().take_while(|byte| byte.is_ascii_alphanumeric() || b"-.".contains(byte)).count();
            at += length;
            match at == text.len() {
                true => return Found::Part,
                false if length == 0 => return Found::Other,
                false => rest = after,
            }
        } else {
            match text.get(at) {
                None => return Found::Part,
                Some(&byte) if byte == first => (at, rest) = (at + 1, others),
                Some(_) => return Found::Other,
            }
        }
    }
    Found::Whole(at)
}

/// The plain text of a terminal's output: without carriage returns, NULs, and escape sequences (colours, titles).
pub fn plain(raw: &[u8]) -> Vec<u8> {
    let mut text = Vec::with_capacity(raw.len());
    let mut rest = raw;
    while let Some((&byte, others)) = rest.split_first() {
        rest = match byte {
            b'\r' | 0 => others,
            // An incomplete sequence is left for later.
            0x1b => others.get(sequence(others)..).unwrap_or_default(),
            _ => {
                text.push(byte);
                others
            }
        };
    }
    text
}

/// The length of a sequence after its ESC; beyond the end if it is incomplete.
fn sequence(rest: &[u8]) -> usize {
    let ends = |first: usize, last: fn(u8) -> bool| {
        rest.iter().skip(first).position(|&byte| last(byte)).map_or(usize::MAX, |end| first + end + 1)
    };
    match rest.first() {
        Some(b'[') => ends(1, |byte| (0x40..0x7f).contains(&byte)),
        Some(b']') => ends(1, |byte| byte == 7),
        Some(_) => 1,
        None => usize::MAX,
    }
}
