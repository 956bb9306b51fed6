//! The bounds of [`mailslot_netbios::limits`] as settings.

use toml::{Table, Value};

use crate::error::{Error, Result};
use mailslot_netbios::limits::Limits;

/// No table or queue may be set to hold more entries.
const MAX_ENTRIES: i64 = 1 << 24;
/// No bound of bytes may be higher.
const MAX_BYTES: i64 = 1 << 30;
/// Nothing may be allowed more often in a second, or at once.
const MAX_RATE: i64 = 1_000_000_000;
/// What one packet or timeout can bring, such as a broadcast by each of many interfaces, must find room in the queues.
const MIN_QUEUE: i64 = 64;

/// Sets what `text` says, a line as in the table `limits` of the file: `queries=512`, or
/// `messages-per-source={per-second=100,burst=200}`, or one part of a rate, `messages.burst=10`.
pub(super) fn set(limits: &mut Limits, text: &str) -> Result<()> {
    let wrong = |what: String| Error::Settings(format!("limit {text:?}: {what}"));
    let given: Table = text.parse().map_err(|error: toml::de::Error| wrong(error.message().to_owned()))?;
    let mut all = table(limits)?;
    for (name, value) in given {
        match (all.get_mut(&name), value) {
            (Some(Value::Table(rate)), Value::Table(parts)) => rate.extend(parts),
            (_, value) => drop(all.insert(name, value)),
        }
    }
    *limits = all.try_into().map_err(|error: toml::de::Error| wrong(error.message().to_owned()))?;
    Ok(())
}

/// Makes sure that a node can live within these limits.
pub(super) fn check(limits: &Limits) -> Result<()> {
    for (name, value) in table(limits)? {
        match value {
            Value::Table(parts) => {
                for (part, value) in parts {
                    check_number(&format!("{name}.{part}"), &value, 1, MAX_RATE)?;
                }
            }
            value if name.ends_with("bytes") => check_number(&name, &value, 1, MAX_BYTES)?,
            value if name == "transmits" || name == "events" => check_number(&name, &value, MIN_QUEUE, MAX_ENTRIES)?,
            value => check_number(&name, &value, 1, MAX_ENTRIES)?,
        }
    }
    Ok(())
}

fn check_number(name: &str, value: &Value, least: i64, most: i64) -> Result<()> {
    // All of them are numbers.
    let number = value.as_integer().unwrap_or_default();
    if (least..=most).contains(&number) {
        return Ok(());
    }
    Err(Error::Settings(format!("limit {name} is {number}: it can be {least} to {most}")))
}

fn table(limits: &Limits) -> Result<Table> {
    Table::try_from(limits).map_err(|error| Error::Settings(format!("limits: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use mailslot_netbios::limits::Rate;

    #[test]
    fn limits_are_set_one_by_one_and_in_part() {
        let mut limits = Limits::default();
        for text in ["queries = 7", "answers={per-second=1,burst=2}", "messages.burst=3"] {
            set(&mut limits, text).expect(text);
        }
        let messages = Rate { burst: 3, ..Limits::default().messages };
        let answers = Rate { per_second: 1, burst: 2 };
        assert_eq!(limits, Limits { queries: 7, answers, messages, ..Limits::default() });
        check(&limits).expect("they are in their bounds");
    }

    #[test]
    fn wrong_limits_are_named() {
        for (text, word) in [
            ("querys=7", "querys"),
            ("queries=many", "queries"),
            ("queries=-1", "queries"),
            ("queries=0", "queries is 0"),
            ("events=1", "64 to"),
            ("unfinished-bytes=2000000000", "unfinished-bytes"),
            ("answers=5", "answers"),
            ("answers.rate=1", "rate"),
            ("answers.burst=0", "answers.burst"),
        ] {
            let mut limits = Limits::default();
            let error = match set(&mut limits, text) {
                Ok(()) => check(&limits).expect_err(text),
                Err(error) => error,
            };
            assert!(error.to_string().contains(word), "{text}: {error}");
        }
    }
}
