//! Atomics: another thread may go on before each access, and a dead one changes nothing.

use core::sync::atomic as real;
pub use core::sync::atomic::{Ordering, compiler_fence};

use crate::world::point;

pub fn fence(_: Ordering) {
    point();
}

macro_rules! atomic {
    ($name:ident: $type:ty) => {
        /// Lies in memory as the standard library's does.
        #[repr(transparent)]
        #[derive(Debug)]
        pub struct $name(real::$name);

        impl $name {
            pub const fn new(value: $type) -> $name {
                $name(real::$name::new(value))
            }

            pub fn as_ptr(&self) -> *mut $type {
                self.0.as_ptr()
            }

            #[track_caller]
            pub fn load(&self, _: Ordering) -> $type {
                point();
                self.0.load(real::Ordering::Relaxed)
            }

            #[track_caller]
            pub fn store(&self, value: $type, _: Ordering) {
                if point() {
                    self.0.store(value, real::Ordering::Relaxed);
                }
            }

            #[track_caller]
            pub fn swap(&self, value: $type, _: Ordering) -> $type {
                self.change(|_| value)
            }

            #[track_caller]
            pub fn compare_exchange(
                &self,
                current: $type,
                new: $type,
                _: Ordering,
                _: Ordering,
            ) -> Result<$type, $type> {
                let old = self.change(|old| if old == current { new } else { old });
                if old == current { Ok(old) } else { Err(old) }
            }

            #[track_caller]
            fn change(&self, change: impl FnOnce($type) -> $type) -> $type {
                let alive = point();
                let old = self.0.load(real::Ordering::Relaxed);
                if alive {
                    self.0.store(change(old), real::Ordering::Relaxed);
                }
                old
            }
        }
    };
}

atomic!(AtomicBool: bool);
atomic!(AtomicU32: u32);
atomic!(AtomicU64: u64);

macro_rules! counting {
    ($name:ident: $type:ty) => {
        impl $name {
            #[track_caller]
            pub fn fetch_add(&self, value: $type, _: Ordering) -> $type {
                self.change(|old| old.wrapping_add(value))
            }

            #[track_caller]
            pub fn fetch_sub(&self, value: $type, _: Ordering) -> $type {
                self.change(|old| old.wrapping_sub(value))
            }

            #[track_caller]
            pub fn fetch_max(&self, value: $type, _: Ordering) -> $type {
                self.change(|old| old.max(value))
            }
        }
    };
}

counting!(AtomicU32: u32);
counting!(AtomicU64: u64);
