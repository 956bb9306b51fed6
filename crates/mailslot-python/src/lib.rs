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
    use std::sync::OnceLock;

    use pyo3::exceptions::PyImportError;
    use pyo3::prelude::*;

    #[pymodule_export]
    use super::slot::Slot;
    #[pymodule_export]
    use super::values::{list_slots, status};
    #[pymodule_export]
    use super::writer::{Progress, Writer, reply};

    /// One interpreter of a process may have the module: its classes, as PyO3 makes them, are one for all interpreters. Those with
    /// a lock of their own (Python 3.12) are refused by Python itself.
    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        static FIRST: OnceLock<usize> = OnceLock::new();
        // Each interpreter has its own, for as long as it lives.
        let here = module.py().import("sys")?.as_ptr() as usize;
        if *FIRST.get_or_init(|| here) != here {
            return Err(PyImportError::new_err(
                "mailslot works in one interpreter of a process, and another one has it",
            ));
        }
        Ok(())
    }
}
