//! Values in `serde` formats: as text for types that have a text form, otherwise as fields under their own names.
//!
//! Times are whole milliseconds, which loses nothing: a slot's time of creation is no finer.

use core::fmt::Display;
use core::str::FromStr;
use std::time::SystemTime;

use serde::de::{self, Deserialize, Deserializer};
use serde::ser::{Serialize, SerializeStruct, Serializer};

use crate::{Access, Address, Message, Origin};

macro_rules! as_text {
    ($($type:ty),*) => {$(
        /// As text, which `Display` writes and `FromStr` parses.
        impl Serialize for $type {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<$type, D::Error> {
                parsed(deserializer)
            }
        }
    )*};
}

as_text!(Access, Address);

fn parsed<'de, D: Deserializer<'de>, T: FromStr<Err: Display>>(deserializer: D) -> Result<T, D::Error> {
    String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
}

/// `data` if the bytes are UTF-8 text, else `data_hex`; `origin`; and `time_unix_ms` if there is a time. The address
/// for replies is omitted: only this machine can use it.
impl Serialize for Message {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let count = 2 + usize::from(self.time.is_some()) + usize::from(self.lost_before != 0);
        let mut fields = serializer.serialize_struct("Message", count)?;
        match core::str::from_utf8(&self.data) {
            Ok(text) => fields.serialize_field("data", text)?,
            Err(_) => fields.serialize_field("data_hex", &Hex(&self.data))?,
        }
        fields.serialize_field("origin", &self.origin)?;
        if self.time.is_some() {
            fields.serialize_field("time_unix_ms", &Time(self.time))?;
        }
        if self.lost_before != 0 {
            fields.serialize_field("lost_before", &self.lost_before)?;
        }
        fields.end()
    }
}

impl<'de> Deserialize<'de> for Message {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Message, D::Error> {
        #[derive(serde::Deserialize)]
        struct Fields {
            data: Option<String>,
            data_hex: Option<String>,
            origin: Origin,
            #[serde(default)]
            lost_before: u64,
            time_unix_ms: Option<Time>,
        }
        let Fields { data, data_hex, origin, time_unix_ms, lost_before } = Fields::deserialize(deserializer)?;
        let data = match (data, data_hex) {
            (Some(text), None) => text.into_bytes(),
            (None, Some(digits)) => {
                bytes(&digits).ok_or_else(|| de::Error::custom("`data_hex` must be pairs of hexadecimal digits"))?
            }
            _ => return Err(de::Error::custom("a message must have either `data` or `data_hex`")),
        };
        let time = time_unix_ms.and_then(|Time(time)| time);
        Ok(Message { time, lost_before, ..Message::new(data, origin) })
    }
}

#[derive(serde::Serialize, serde::Deserialize)]
struct Time(#[serde(with = "unix_milliseconds")] Option<SystemTime>);

struct Hex<'a>(&'a [u8]);

impl Display for Hex<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl Serialize for Hex<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

fn bytes(digits: &str) -> Option<Vec<u8>> {
    let digit = |byte: &u8| char::from(*byte).to_digit(16).map(|value| value as u8);
    let (pairs, rest) = digits.as_bytes().as_chunks::<2>();
    let bytes = pairs.iter().map(|[high, low]| Some(digit(high)? << 4 | digit(low)?)).collect();
    if rest.is_empty() { bytes } else { None }
}

/// A timeout in milliseconds; null is for ever. Fractions of a millisecond are decimals.
pub(crate) mod milliseconds {
    use std::time::Duration;

    use serde::de::{Deserialize, Deserializer, Error};
    use serde::ser::Serializer;

    use crate::Timeout;

    /// A whole number of milliseconds, or one with decimals.
    #[derive(serde::Deserialize)]
    #[serde(untagged)]
    enum Number {
        Whole(u64),
        Other(f64),
    }

    pub(crate) fn serialize<S: Serializer>(timeout: &Timeout, serializer: S) -> Result<S::Ok, S::Error> {
        let time = match timeout {
            Timeout::Forever => return serializer.serialize_none(),
            Timeout::Zero => Duration::ZERO,
            Timeout::After(time) => *time,
        };
        if time.subsec_nanos().is_multiple_of(1_000_000) {
            serializer.serialize_u64(time.as_millis().try_into().unwrap_or(u64::MAX))
        } else {
            serializer.serialize_f64(time.as_nanos() as f64 / 1e6)
        }
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Timeout, D::Error> {
        Ok(match Option::<Number>::deserialize(deserializer)? {
            None => Timeout::Forever,
            Some(Number::Whole(0)) => Timeout::Zero,
            Some(Number::Whole(millis)) => Timeout::After(Duration::from_millis(millis)),
            Some(Number::Other(millis)) => {
                let nanos = (millis * 1e6).round();
                if !(0.0..u64::MAX as f64).contains(&nanos) {
                    return Err(Error::custom("a read timeout must be milliseconds from 0 up, or null for ever"));
                }
                Timeout::After(Duration::from_nanos(nanos as u64))
            }
        })
    }
}

/// Whether other machines may write, as a boolean.
pub(crate) mod network {
    use serde::de::{Deserialize, Deserializer};
    use serde::ser::{Serialize, Serializer};

    use crate::Network;

    pub(crate) fn serialize<S: Serializer>(network: &Option<Network>, serializer: S) -> Result<S::Ok, S::Error> {
        network.map(|network| network == Network::Allowed).serialize(serializer)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Network>, D::Error> {
        let allowed = Option::<bool>::deserialize(deserializer)?;
        Ok(allowed.map(|allowed| if allowed { Network::Allowed } else { Network::Refused }))
    }
}

/// A time in milliseconds since 1970; null if it is before that.
pub(crate) mod unix_milliseconds {
    use std::time::{Duration, SystemTime, UNIX_EPOCH};

    use serde::de::{Deserialize, Deserializer, Error};
    use serde::ser::{Serialize, Serializer};

    pub(crate) fn serialize<S: Serializer>(time: &Option<SystemTime>, serializer: S) -> Result<S::Ok, S::Error> {
        let millis = |time: &SystemTime| u64::try_from(time.duration_since(UNIX_EPOCH).ok()?.as_millis()).ok();
        time.as_ref().and_then(millis).serialize(serializer)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<SystemTime>, D::Error> {
        let Some(millis) = Option::<u64>::deserialize(deserializer)? else { return Ok(None) };
        let time = UNIX_EPOCH.checked_add(Duration::from_millis(millis));
        time.map(Some).ok_or_else(|| Error::custom("a time must be milliseconds that this machine can represent"))
    }
}

/// The number of members if the field is missing.
pub(crate) fn one() -> usize {
    1
}
