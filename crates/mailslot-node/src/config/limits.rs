//! The bounds of [`mailslot_netbios::limits`] as settings.

use mailslot::Quoted;
use toml::{Table, Value};

use super::layer::lay_over;
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

/// The limits that are `given`, as in the file, and those that each line says, over the default ones. A part of a rate may be
/// left out.
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
