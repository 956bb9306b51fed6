//! Locks that block in the kernel of this world.

use core::cell::UnsafeCell;
use core::ops::{Deref, DerefMut};
use std::sync::{LockResult, TryLockError, TryLockResult};

use crate::atomic::{AtomicBool, AtomicU32, Ordering};
use crate::world::{self, Wait};

#[derive(Debug)]
pub struct Mutex<T> {
    /// 1 while it is locked.
    held: AtomicU32,
    value: UnsafeCell<T>,
}

// SAFETY: only the holder of the lock accesses the value.
unsafe impl<T: Send> Sync for Mutex<T> {}

impl<T> Mutex<T> {
    pub const fn new(value: T) -> Mutex<T> {
        Mutex { held: AtomicU32::new(0), value: UnsafeCell::new(value) }
    }

    pub fn lock(&self) -> LockResult<MutexGuard<'_, T>> {
        while !self.try_take() {
            world::block(Wait::Address(self.address()), None);
        }
        Ok(MutexGuard(self))
    }

    pub fn try_lock(&self) -> TryLockResult<MutexGuard<'_, T>> {
        if self.try_take() { Ok(MutexGuard(self)) } else { Err(TryLockError::WouldBlock) }
    }

    fn try_take(&self) -> bool {
        self.held.compare_exchange(0, 1, Ordering::Relaxed, Ordering::Relaxed).is_ok()
    }

    fn address(&self) -> usize {
        core::ptr::from_ref(&self.held) as usize
    }
}

impl<T: Default> Default for Mutex<T> {
    fn default() -> Mutex<T> {
        Mutex::new(T::default())
    }
}

#[derive(Debug)]
pub struct MutexGuard<'a, T>(&'a Mutex<T>);

impl<T> Deref for MutexGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: the lock is held.
        unsafe { &*self.0.value.get() }
    }
}

impl<T> DerefMut for MutexGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: it is held exclusively.
        unsafe { &mut *self.0.value.get() }
    }
}

impl<T> Drop for MutexGuard<'_, T> {
    fn drop(&mut self) {
        world::undisturbed(|| self.0.held.store(0, Ordering::Relaxed));
        world::wake_address(self.0.address(), usize::MAX);
    }
}

/// Its initialiser must not block.
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

/// Its closure must not block.
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
