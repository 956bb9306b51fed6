//! Names as `serde` knows them: text.

use serde::de::{self, Deserialize, Deserializer};
use serde::ser::{Serialize, Serializer};

use crate::{NetbiosName, SlotName};

macro_rules! as_text {
    ($($type:ty),*) => {$(
        /// Text, as `Display` writes it and `FromStr` parses it.
        impl Serialize for $type {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<$type, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
            }
        }
    )*};
}

as_text!(NetbiosName, SlotName);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_text_and_what_is_no_name_is_an_error() {
        let name: SlotName = r"Plant\Line 1".parse().expect("a name");
        assert_eq!(serde_json::to_string(&name).expect("text"), r#""Plant\\Line 1""#);
        assert_eq!(serde_json::from_str::<SlotName>(r#""Plant\\Line 1""#).expect("a name"), name);
        let error = serde_json::from_str::<NetbiosName>(r#""a*b""#).expect_err("no name").to_string();
        assert!(error.starts_with(r#"its computer or domain name contains "*""#), "{error}");
    }
}
