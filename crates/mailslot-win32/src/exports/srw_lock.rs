//! Slim locks and condition variables.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use super::critical_section;
use crate::abi::{Bool, ConditionVariable, CriticalSection};
use crate::boundary;
use crate::code::Code;
use crate::futex;
use crate::pointer::Place;
use crate::srw_lock::SrwLock;

const INFINITE: u32 = u32::MAX;
const CONDITION_VARIABLE_LOCKMODE_SHARED: u32 = 1;

#[unsafe(no_mangle)]
extern "C" fn InitializeSRWLock(lock: Place<SrwLock>) {
    lock.clear();
}

#[unsafe(no_mangle)]
extern "C" fn AcquireSRWLockExclusive(lock: Place<SrwLock>) {
    lock.get().into_iter().for_each(SrwLock::acquire_exclusive);
}

#[unsafe(no_mangle)]
extern "C" fn TryAcquireSRWLockExclusive(lock: Place<SrwLock>) -> u8 {
    lock.get().is_some_and(SrwLock::try_acquire_exclusive).into()
}

#[unsafe(no_mangle)]
extern "C" fn ReleaseSRWLockExclusive(lock: Place<SrwLock>) {
    lock.get().into_iter().for_each(SrwLock::release_exclusive);
}

#[unsafe(no_mangle)]
extern "C" fn AcquireSRWLockShared(lock: Place<SrwLock>) {
    lock.get().into_iter().for_each(SrwLock::acquire_shared);
}

#[unsafe(no_mangle)]
extern "C" fn TryAcquireSRWLockShared(lock: Place<SrwLock>) -> u8 {
    lock.get().is_some_and(SrwLock::try_acquire_shared).into()
}

#[unsafe(no_mangle)]
extern "C" fn ReleaseSRWLockShared(lock: Place<SrwLock>) {
    lock.get().into_iter().for_each(SrwLock::release_shared);
}

#[unsafe(no_mangle)]
extern "C" fn InitializeConditionVariable(condition: Place<ConditionVariable>) {
    condition.clear();
}

#[unsafe(no_mangle)]
extern "C" fn WakeConditionVariable(condition: Place<ConditionVariable>) {
    wake(&condition, futex::wake_one);
}

#[unsafe(no_mangle)]
extern "C" fn WakeAllConditionVariable(condition: Place<ConditionVariable>) {
    wake(&condition, futex::wake_all);
}

#[unsafe(no_mangle)]
extern "C" fn SleepConditionVariableCS(
    condition: Place<ConditionVariable>,
    section: Place<CriticalSection>,
    millis: u32,
) -> Bool {
    let Some(section) = section.get() else { return refused(Code::INVALID_PARAMETER) };
    sleep(&condition, millis, || critical_section::leave(section), || critical_section::enter(section))
}

#[unsafe(no_mangle)]
extern "C" fn SleepConditionVariableSRW(
    condition: Place<ConditionVariable>,
    lock: Place<SrwLock>,
    millis: u32,
    flags: u32,
) -> Bool {
    let Some(lock) = lock.get() else { return refused(Code::INVALID_PARAMETER) };
    match flags {
        0 => sleep(&condition, millis, || lock.release_exclusive(), || lock.acquire_exclusive()),
        CONDITION_VARIABLE_LOCKMODE_SHARED => {
            sleep(&condition, millis, || lock.release_shared(), || lock.acquire_shared())
        }
        _ => refused(Code::INVALID_PARAMETER),
    }
}

/// A thread that has seen the previous count does not sleep.
fn wake(condition: &Place<ConditionVariable>, wake: fn(&AtomicU32)) {
    if let Some(condition) = condition.get() {
        condition.wakes.fetch_add(1, Ordering::Relaxed);
        wake(&condition.wakes);
    }
}

fn sleep(condition: &Place<ConditionVariable>, millis: u32, release: impl Fn(), acquire: impl Fn()) -> Bool {
    let Some(condition) = condition.get() else { return refused(Code::INVALID_PARAMETER) };
    // Under the program's lock, so that no wake between here and the sleep is missed.
    let seen = condition.wakes.load(Ordering::Relaxed);
    release();
    let time = (millis != INFINITE).then(|| Duration::from_millis(millis.into()));
    let in_time = futex::wait(&condition.wakes, seen, time);
    acquire();
    if in_time { Bool::TRUE } else { refused(Code::TIMEOUT) }
}

fn refused(code: Code) -> Bool {
    boundary::set_last_error(code);
    Bool::FALSE
}
