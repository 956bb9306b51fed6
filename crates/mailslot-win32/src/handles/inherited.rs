//! The table's part in inheritance: child processes inherit handles with the same values.

use super::{Held, INHERIT, Open, table};
use crate::abi::Handle;
use crate::object::Object;

/// Makes a handle with a given value, which a parent process chose.
pub(crate) fn insert(handle: Handle, object: Object) {
    object.opened();
    if let Err(open) = table::insert_at(handle, Open::new(object, INHERIT)) {
        open.object.closed(Handle::NULL);
    }
}

/// All open handles that a child process inherits.
pub(crate) fn all() -> Vec<(Handle, Held)> {
    table::all().filter(|(_, held)| held.flags() & INHERIT != 0).collect()
}
