//! No process forks here: each keeps the state that it began with.

use std::sync::OnceLock;

pub(crate) fn fork_generation() -> u64 {
    1
}

pub(crate) fn is_of_this_process(generation: u64) -> bool {
    generation == fork_generation()
}

pub(crate) struct PerProcess<T>(OnceLock<T>);

impl<T> PerProcess<T> {
    pub(crate) const fn new() -> PerProcess<T> {
        PerProcess(OnceLock::new())
    }

    pub(crate) fn get(&self) -> Option<&T> {
        self.0.get()
    }

    pub(crate) fn get_or(&self, make: impl FnOnce() -> T) -> &T {
        self.0.get_or_init(make)
    }
}
