//! The native module of the Python package `mailslot`: `mailslot._native`, which `python/mailslot/_native.pyi` describes.
//!
//! It does what needs the library and the interpreter: bytes in and out, waiting without the interpreter's lock, and errors.
//! Everything that can be said in Python (iteration, asyncio, serialisers, handing slots to other processes) is said there.
#![forbid(unsafe_code)]

mod errors;
mod slot;
mod timeout;
mod values;
mod writer;

/// What `mailslot` is made of. For the package alone.
#[pyo3::pymodule]
mod _native {
    #[pymodule_export]
    use super::slot::Slot;
    #[pymodule_export]
    use super::values::{list_slots, status};
    #[pymodule_export]
    use super::writer::Writer;
}
