//! Locks that block in the kernel of this world.

use core::cell::UnsafeCell;
use core::ops::{Deref, DerefMut};
use std::sync::{LockResult, TryLockError, TryLockResult};

use crate::atomic::{AtomicBool, AtomicU32, Ordering};
use crate::world::{self, Wait};

/// Excludes whoever holds it alone (`EXCLUSIVE`) from all others, who are counted.
#[derive(Debug)]
struct Raw(AtomicU32);

const EXCLUSIVE: u32 = u32::MAX;

impl Raw {
    fn try_take(&self, exclusive: bool) -> bool {
        let held = self.0.load(Ordering::Relaxed);
        let next = match (held, exclusive) {
            (0, true) => EXCLUSIVE,
            (EXCLUSIVE, _) | (_, true) => return false,
            (readers, false) => readers + 1,
        };
        // Nobody else can go on between the two looks of this call.
        world::undisturbed(|| self.0.compare_exchange(held, next, Ordering::Relaxed, Ordering::Relaxed).is_ok())
    }

    fn take(&self, exclusive: bool) {
        while !self.try_take(exclusive) {
            world::block(Wait::Address(self as *const Raw as usize), None);
        }
    }

    fn give_back(&self) {
        let held = self.0.load(Ordering::Relaxed);
        let left = if held == EXCLUSIVE { 0 } else { held.wrapping_sub(1) };
        world::undisturbed(|| self.0.store(left, Ordering::Relaxed));
        world::wake_address(self as *const Raw as usize, usize::MAX);
    }
}

macro_rules! guard {
    ($guard:ident of $lock:ident) => {
        #[derive(Debug)]
        pub struct $guard<'a, T>(&'a $lock<T>);

        impl<T> Deref for $guard<'_, T> {
            type Target = T;

            fn deref(&self) -> &T {
                // SAFETY: the lock is held.
                unsafe { &*self.0.value.get() }
            }
        }

        impl<T> Drop for $guard<'_, T> {
            fn drop(&mut self) {
                self.0.raw.give_back();
            }
        }
    };
}

macro_rules! lock {
    ($lock:ident) => {
        #[derive(Debug)]
        pub struct $lock<T> {
            raw: Raw,
            value: UnsafeCell<T>,
        }

        // SAFETY: the value is accessed by whoever holds the lock.
        unsafe impl<T: Send> Sync for $lock<T> {}

        impl<T> $lock<T> {
            pub const fn new(value: T) -> $lock<T> {
                $lock { raw: Raw(AtomicU32::new(0)), value: UnsafeCell::new(value) }
            }
        }
    };
}

lock!(Mutex);
lock!(RwLock);
guard!(MutexGuard of Mutex);
guard!(RwLockReadGuard of RwLock);
guard!(RwLockWriteGuard of RwLock);

impl<T> DerefMut for MutexGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: it is held exclusively.
        unsafe { &mut *self.0.value.get() }
    }
}

impl<T> DerefMut for RwLockWriteGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: it is held exclusively.
        unsafe { &mut *self.0.value.get() }
    }
}

impl<T> Mutex<T> {
    pub fn lock(&self) -> LockResult<MutexGuard<'_, T>> {
        self.raw.take(true);
        Ok(MutexGuard(self))
    }

    pub fn try_lock(&self) -> TryLockResult<MutexGuard<'_, T>> {
        if self.raw.try_take(true) { Ok(MutexGuard(self)) } else { Err(TryLockError::WouldBlock) }
    }
}

impl<T: Default> Default for Mutex<T> {
    fn default() -> Mutex<T> {
        Mutex::new(T::default())
    }
}

impl<T> RwLock<T> {
    pub fn read(&self) -> LockResult<RwLockReadGuard<'_, T>> {
        self.raw.take(false);
        Ok(RwLockReadGuard(self))
    }

    pub fn write(&self) -> LockResult<RwLockWriteGuard<'_, T>> {
        self.raw.take(true);
        Ok(RwLockWriteGuard(self))
    }
}

/// What fills it must not wait for anybody.
#[derive(Debug, Default)]
pub struct OnceLock<T>(std::sync::OnceLock<T>);

impl<T> OnceLock<T> {
    pub const fn new() -> OnceLock<T> {
        OnceLock(std::sync::OnceLock::new())
    }

    pub fn get(&self) -> Option<&T> {
        world::point();
        self.0.get()
    }

    pub fn get_or_init(&self, make: impl FnOnce() -> T) -> &T {
        world::point();
        self.0.get_or_init(|| world::undisturbed(make))
    }
}

/// What is done must not wait for anybody.
#[derive(Debug)]
pub struct Once(AtomicBool);

impl Once {
    pub const fn new() -> Once {
        Once(AtomicBool::new(false))
    }

    pub fn call_once(&self, act: impl FnOnce()) {
        world::undisturbed(|| {
            if !self.0.swap(true, Ordering::Relaxed) {
                act();
            }
        });
    }
}

impl Default for Once {
    fn default() -> Once {
        Once::new()
    }
}
