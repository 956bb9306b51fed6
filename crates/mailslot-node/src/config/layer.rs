//! Settings in layers: those of the file over the default ones, and those of the command line over both.

use toml::{Table, Value};

/// What `over` has counts instead of what `table` has, in tables in it as well. Letter case does not distinguish names, as in
/// those of domains.
pub(super) fn lay_over(table: &mut Table, over: Table) {
    for (name, value) in over {
        let known = table.keys().find(|known| known.eq_ignore_ascii_case(&name)).cloned();
        match (table.get_mut(known.as_ref().unwrap_or(&name)), value) {
            (Some(Value::Table(below)), Value::Table(above)) => lay_over(below, above),
            (Some(below), above) => *below = above,
            (None, value) => drop(table.insert(name, value)),
        }
    }
}
