//! The native module of the Python package `mailslot`: `mailslot._native`, which `python/mailslot/_native.pyi`
//! describes.
//!
//! It does what needs the library and the interpreter: bytes in and out, waiting without the interpreter's lock, and
//! errors. Everything that can be written in Python is in Python: iteration, asyncio, serialisers, passing slots to
//! other processes.
#![forbid(unsafe_code)]

mod errors;
mod slot;
mod timeout;
mod values;
mod writer;

/// The native parts of `mailslot`, for the package alone.
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

    /// Only one interpreter of a process may import the module, because PyO3 makes its classes once for all
    /// interpreters. Python itself refuses it to interpreters with their own lock (Python 3.12).
    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        static FIRST: OnceLock<usize> = OnceLock::new();
        // Each interpreter has its own `sys`, which lives as long as it.
        let here = module.py().import("sys")?.as_ptr() as usize;
        if *FIRST.get_or_init(|| here) != here {
            return Err(PyImportError::new_err(
                "mailslot works in one interpreter of a process, and another one has imported it",
            ));
        }
        Ok(())
    }
}
