//! Patterns of the slots that a bridge carries.

use core::fmt;

use mailslot::{Address, Quoted, SlotName};
use mailslot_domain::Domain;
use serde::Deserialize;

/// A slot's name, in which each `*` stands for any characters, or none: `alerts`, `plant\*`, `*`. Letter case is not
/// significant, and `/` is the same as `\`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Pattern(SlotName);

impl Pattern {
    /// Whether it covers the slot.
    pub fn matches(&self, slot: &SlotName) -> bool {
        matches(self.0.folded().as_bytes(), slot.folded().as_bytes())
    }

    /// The only slot that it covers, if it has no `*`.
    pub fn exact(&self) -> Option<&SlotName> {
        (!self.0.folded().contains('*')).then_some(&self.0)
    }
}

impl TryFrom<String> for Pattern {
    type Error = String;

    fn try_from(text: String) -> Result<Pattern, String> {
        let wrong = |what: &str| Err(format!("pattern {}: {what}", Quoted(&text)));
        let name = text.replace('/', r"\");
        if name.is_empty() {
            return wrong(r"write the name of a slot, such as alerts, or plant\* for all below plant");
        }
        if name.starts_with('\\') {
            return wrong(r"write only what follows \mailslot\, such as alerts");
        }
        if name.contains(char::is_control) {
            return wrong("it contains a control character");
        }
        let slot = match Address::parse_win32(&format!(r"\\.\mailslot\{name}")) {
            Ok(Address::Local(slot)) => slot,
            _ => return wrong("this cannot be the name of a slot"),
        };
        if slot.as_str() != name {
            return wrong(&format!("no slot has such a name: it would be {}", Quoted(slot.as_str())));
        }
        if slot.folded().len() > Domain::MAX_SLOT_NAME {
            return wrong(&format!("a domain takes names of at most {} bytes", Domain::MAX_SLOT_NAME));
        }
        Ok(Pattern(slot))
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Tries each position for the part after the last `*`, and never backtracks to an earlier `*`: the earliest match of
/// the part before it is always sufficient.
fn matches(pattern: &[u8], name: &[u8]) -> bool {
    let (mut at, mut in_name, mut star) = (0, 0, None);
    while in_name < name.len() {
        match pattern.get(at) {
            Some(b'*') => {
                star = Some((at + 1, in_name));
                at += 1;
            }
            Some(byte) if *byte == name[in_name] => {
                at += 1;
                in_name += 1;
            }
            _ => {
                let Some((after, from)) = star else { return false };
                star = Some((after, from + 1));
                (at, in_name) = (after, from + 1);
            }
        }
    }
    pattern[at..].iter().all(|byte| *byte == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn pattern(text: &str) -> Pattern {
        Pattern::try_from(text.to_owned()).expect("valid")
    }

    fn slot(name: &str) -> SlotName {
        Address::parse_win32(&format!(r"\\.\mailslot\{name}")).expect("valid").slot().clone()
    }

    #[test]
    fn patterns_cover_names_in_any_letter_case() {
        for (text, name, covers) in [
            ("alerts", "ALERTS", true),
            ("alerts", "alerts2", false),
            ("alerts", "my alerts", false),
            (r"plant\*", r"Plant\Line 1", true),
            ("plant/*", r"PLANT\a\b", true),
            (r"plant\*", "plant", false),
            (r"plant\*", r"plants\a", false),
            ("*", r"a\b", true),
            ("a*c*e", "abcde", true),
            ("a*c*e", "abcdef", false),
            ("a*ab", "aab", true),
            ("*ab*", "xxaabyy", true),
            ("a**b", "ab", true),
        ] {
            assert_eq!(pattern(text).matches(&slot(name)), covers, "{text} {name}");
        }
    }

    #[test]
    fn only_names_without_a_star_are_exact() {
        assert_eq!(pattern("Alerts").exact(), Some(&slot("alerts")));
        assert_eq!(pattern("alerts*").exact(), None);
    }

    #[test]
    fn what_can_match_nothing_is_refused_with_the_reason() {
        let long = "x".repeat(256);
        for (text, words) in [
            ("", "such as alerts"),
            (r"\\.\mailslot\alerts", r"follows \mailslot\"),
            ("//PLANT/mailslot/alerts", r"follows \mailslot\"),
            (r"a\..\b", "it would be"),
            (r"a\\b", "it would be"),
            ("a\tb", "control character"),
            ("a\0b", "control character"),
            (&long, "255 bytes"),
        ] {
            let error = Pattern::try_from(text.to_owned()).expect_err(text);
            assert!(error.contains(words), "{error}");
        }
    }

    proptest! {
        /// Compares with the definition.
        #[test]
        fn matching_is_what_a_star_means(pattern in "[ab*]{0,8}", name in "[ab]{0,10}") {
            fn defined(pattern: &[u8], name: &[u8]) -> bool {
                match pattern.split_first() {
                    None => name.is_empty(),
                    Some((b'*', rest)) => (0..=name.len()).any(|taken| defined(rest, &name[taken..])),
                    Some((byte, rest)) => {
                        name.split_first().is_some_and(|(n, names)| n == byte && defined(rest, names))
                    }
                }
            }
            prop_assert_eq!(
                matches(pattern.as_bytes(), name.as_bytes()),
                defined(pattern.as_bytes(), name.as_bytes())
            );
        }
    }
}
