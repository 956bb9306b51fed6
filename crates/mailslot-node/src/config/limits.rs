//! The bounds of [`mailslot_netbios::limits`] as settings.

use mailslot::Quoted;
use toml::{Table, Value};

use super::layer::lay_over;
use crate::error::{Error, Result};
use mailslot_netbios::limits::Limits;

/// The most entries of a table or queue.
const MAX_ENTRIES: i64 = 1 << 24;
/// The highest bound in bytes.
const MAX_BYTES: i64 = 1 << 30;
/// The highest rate per second, and the largest burst.
const MAX_RATE: i64 = 1_000_000_000;
/// The smallest queue: the results of one packet or timeout, such as a broadcast by each of many interfaces, must fit
/// in it.
const MIN_QUEUE: i64 = 64;

/// The default limits, overridden by those `given` in the file's form, and then by those of each line. Either part of a
/// rate may be omitted.
pub(super) fn lay_over_default(given: Table, lines: &[String]) -> Result<Table> {
    let mut all = table(&Limits::default())?;
    lay_over(&mut all, given);
    for line in lines {
        let wrong = |error: toml::de::Error| Error::Settings(format!("limit {}: {}", Quoted(line), error.message()));
        lay_over(&mut all, line.parse().map_err(wrong)?);
        all.clone().try_into::<Limits>().map_err(wrong)?;
    }
    Ok(all)
}

/// Checks that a node can work within these limits.
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
