//! Text in errors.

use core::fmt;

/// A text as errors quote it: in quotation marks, with a backslash as one backslash, as people write names of
/// mailslots. Characters that could control a terminal or begin a line are escaped, and the text is cut after 80
/// characters.
///
/// ```
/// use mailslot_names::Quoted;
///
/// assert_eq!(Quoted(r"\\PLANT\alerts").to_string(), r#""\\PLANT\alerts""#);
/// assert_eq!(Quoted("a\nb").to_string(), r#""a\nb""#);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quoted<'a>(pub &'a str);

/// Enough of a name to recognise it.
const MAX_CHARACTERS: usize = 80;

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use fmt::Write;
        f.write_char('"')?;
        for character in self.0.chars().take(MAX_CHARACTERS) {
            match character {
                '\\' | '\'' => f.write_char(character)?,
                character => character.escape_debug().try_for_each(|escaped| f.write_char(escaped))?,
            }
        }
        f.write_str(if self.0.chars().nth(MAX_CHARACTERS).is_some() { "\"…" } else { "\"" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_can_be_read_is_quoted_as_it_is(text in r"[ !#-~é中\\]{0,80}") {
            prop_assert_eq!(Quoted(&text).to_string(), format!("\"{text}\""));
        }

        #[test]
        fn nothing_acts_on_a_terminal(text in r"[\x00-\x1f\x7f-\u{9f}\u{202a}-\u{202e}\u{2066}-\u{2069}a\\]{0,200}") {
            let quoted = Quoted(&text).to_string();
            let acts = |c: char| c.is_control() || ('\u{202a}'..='\u{2069}').contains(&c);
            prop_assert!(!quoted.contains(acts), "{:?}", quoted);
        }
    }
}
