//! Layers of settings: the file overrides the defaults, and the command line overrides both.

use toml::{Table, Value};

/// Values in `over` replace those in `table`, recursively in nested tables. Letter case does not distinguish names, as
/// in names of domains.
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
