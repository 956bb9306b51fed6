//! Makes text harmless that other users or machines have chosen and that people will read.

use std::fmt::{self, Display, Write};

/// The most characters of a cell: another user's name must not push everything else out of view.
pub const CELL: usize = 64;

/// A value as part of one line: characters that control terminals or begin another line are escaped. Text that is
/// escaped already does not change.
pub struct Line<T>(pub T);

impl<T: Display> Display for Line<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(Escaping(f), "{}", self.0)
    }
}

struct Escaping<'a, 'f>(&'a mut fmt::Formatter<'f>);

impl Write for Escaping<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        escape_into(text, self.0)
    }
}

/// A value as one of several in a line: escaped, and cut at [`CELL`] characters, the last of which then is `…`.
pub fn cell(value: impl Display) -> String {
    let mut line = Line(value).to_string();
    if let Some((end, _)) = line.char_indices().nth(CELL - 1).filter(|(end, _)| line[*end..].chars().nth(1).is_some()) {
        line.truncate(end);
        line.push('…');
    }
    line
}

/// Appends bytes that should be text, with invalid ones escaped as well.
pub fn bytes_into(bytes: &[u8], out: &mut String) {
    for chunk in bytes.utf8_chunks() {
        // Writing to a String cannot fail.
        let _ = escape_into(chunk.valid(), out);
        for byte in chunk.invalid() {
            let _ = write!(out, "\\x{byte:02x}");
        }
    }
}

/// The end of a record of the output. A record must not contain it, so that no message can look like two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// A line feed.
    Line,
    /// A NUL.
    Nul,
}

impl Ending {
    pub fn byte(self) -> u8 {
        match self {
            Ending::Line => b'\n',
            Ending::Nul => 0,
        }
    }

    /// Appends bytes as part of a record: only a sequence that some reader takes for its end is escaped.
    pub fn escape_into(self, bytes: &[u8], out: &mut Vec<u8>) {
        let mut rest = bytes;
        while let Some((at, length, c)) = self.first_in(rest) {
            out.extend_from_slice(&rest[..at]);
            match c {
                '\0' => out.extend_from_slice(b"\\0"),
                c => out.extend(c.escape_default().map(|c| c as u8)),
            }
            rest = &rest[at + length..];
        }
        out.extend_from_slice(rest);
    }

    /// The first ending in `bytes`: where it is, its length, and what it is.
    fn first_in(self, bytes: &[u8]) -> Option<(usize, usize, char)> {
        match self {
            Ending::Nul => bytes.iter().position(|byte| *byte == 0).map(|at| (at, 1, '\0')),
            Ending::Line => (0..bytes.len()).find_map(|at| line_end(&bytes[at..]).map(|(length, c)| (at, length, c))),
        }
    }
}

/// The line end that `bytes` begin with. Not only LF: readers in other languages end lines at all mandatory breaks of
/// Unicode (UAX 14), and at older separators of ASCII.
fn line_end(bytes: &[u8]) -> Option<(usize, char)> {
    match *bytes {
        [byte @ (b'\n'..=b'\r' | 0x1c..=0x1e), ..] => Some((1, char::from(byte))),
        [0xc2, 0x85, ..] => Some((2, '\u{85}')),
        [0xe2, 0x80, last @ (0xa8 | 0xa9), ..] => Some((3, if last == 0xa8 { '\u{2028}' } else { '\u{2029}' })),
        _ => None,
    }
}

/// JSON with all characters escaped that control terminals, also those that JSON allows. They occur only within
/// strings.
pub fn json(json: String) -> String {
    if !json.chars().any(acts_on_terminals) {
        return json;
    }
    let mut escaped = String::with_capacity(json.len());
    for c in json.chars() {
        if acts_on_terminals(c) {
            let _ = write!(escaped, "\\u{:04x}", u32::from(c));
        } else {
            escaped.push(c);
        }
    }
    escaped
}

fn escape_into(text: &str, out: &mut impl Write) -> fmt::Result {
    let mut rest = text;
    while let Some((at, c)) = rest.char_indices().find(|(_, c)| acts_on_terminals(*c)) {
        write!(out, "{}{}", &rest[..at], c.escape_default())?;
        rest = &rest[at + c.len_utf8()..];
    }
    out.write_str(rest)
}

/// Control characters, line and paragraph separators, and the marks that change the direction of text. All of them are
/// single UTF-16 units.
fn acts_on_terminals(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_do_nothing_to_a_terminal() {
        let mut line = String::new();
        bytes_into(b"a\x1b[2Jb\r\n\xff\xc3\xa9 \xe2\x80\xae\xc2\x9b", &mut line);
        assert_eq!(line, "a\\u{1b}[2Jb\\r\\n\\xffé \\u{202e}\\u{9b}");
    }

    /// Every character, alone and among invalid bytes: no record contains an end, and nothing else changes.
    #[test]
    fn no_message_has_the_end_of_a_record_inside() {
        let ends_lines = |c: char| "\n\r\u{b}\u{c}\u{1c}\u{1d}\u{1e}\u{85}\u{2028}\u{2029}".contains(c);
        for c in '\0'..=char::MAX {
            let text = format!("a{c}b");
            for (ending, ends) in [(Ending::Line, ends_lines(c)), (Ending::Nul, c == '\0')] {
                let mut escaped = vec![];
                ending.escape_into(text.as_bytes(), &mut escaped);
                let expected = match (ends, c) {
                    (false, _) => text.clone(),
                    (true, '\0') => "a\\0b".to_owned(),
                    (true, c) => format!("a{}b", c.escape_default()),
                };
                assert_eq!(String::from_utf8(escaped), Ok(expected), "{c:?} {ending:?}");
            }
        }
        let mut escaped = vec![];
        Ending::Line.escape_into(b"\xff\n\xc2\xe2\x80\n\xe2\x80\xa8\xc2", &mut escaped);
        assert_eq!(escaped, b"\xff\\n\xc2\xe2\x80\\n\\u{2028}\xc2");
    }

    #[test]
    fn json_stays_json() {
        let text = "\u{9b}31m \u{202e} é \"";
        let escaped = json(serde_json::to_string(text).expect("a string is always JSON"));
        assert_eq!(escaped, r#""\u009b31m \u202e é \"""#);
        assert_eq!(serde_json::from_str::<String>(&escaped).expect("still JSON"), text);
    }

    #[test]
    fn a_line_stays_a_line() {
        assert_eq!(Line("a\x07\nb").to_string(), "a\\u{7}\\nb");
        assert_eq!(Line(Line("a\x07\nb")).to_string(), "a\\u{7}\\nb");
    }

    #[test]
    fn long_cells_are_cut_where_it_is_seen() {
        assert_eq!(cell("é".repeat(CELL)), "é".repeat(CELL));
        assert_eq!(cell("é".repeat(CELL + 1)), "é".repeat(CELL - 1) + "…");
        for c in ['\u{1b}', '\n', 'x', '\u{202e}'] {
            assert_eq!(cell(String::from(c).repeat(20_000)).chars().count(), CELL);
        }
    }
}
