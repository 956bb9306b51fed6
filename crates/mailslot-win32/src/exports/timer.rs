//! Waitable timers.

use core::ffi::c_void;
use std::sync::Arc;

use super::sync_object::{self, Creation};
use crate::abi::{Bool, FileTime, Handle, SecurityAttributes, TimerRoutine};
use crate::boundary;
use crate::clock;
use crate::code::{Code, Result};
use crate::handles;
use crate::object::Access;
use crate::pointer::{In, Narrow, Wide};
use crate::sync_object::{Initial, Kind, ObjectName};
use crate::wait::apc::{self, timer::Timed};

const CREATE_WAITABLE_TIMER_MANUAL_RESET: u32 = 0x1;

#[unsafe(no_mangle)]
extern "C" fn CreateWaitableTimerA(attributes: In<SecurityAttributes>, manual_reset: Bool, name: Narrow) -> Handle {
    boundary::call(Handle::NULL, || create(&attributes, manual_reset.is_true(), Access::ALL, sync_object::narrow(name)))
}

#[unsafe(no_mangle)]
extern "C" fn CreateWaitableTimerW(attributes: In<SecurityAttributes>, manual_reset: Bool, name: Wide) -> Handle {
    boundary::call(Handle::NULL, || create(&attributes, manual_reset.is_true(), Access::ALL, sync_object::wide(name)))
}

#[unsafe(no_mangle)]
extern "C" fn CreateWaitableTimerExA(
    attributes: In<SecurityAttributes>,
    name: Narrow,
    flags: u32,
    access: u32,
) -> Handle {
    boundary::call(Handle::NULL, || {
        let manual_reset = flags & CREATE_WAITABLE_TIMER_MANUAL_RESET != 0;
        create(&attributes, manual_reset, Access::granted(access), sync_object::narrow(name))
    })
}

#[unsafe(no_mangle)]
extern "C" fn CreateWaitableTimerExW(
    attributes: In<SecurityAttributes>,
    name: Wide,
    flags: u32,
    access: u32,
) -> Handle {
    boundary::call(Handle::NULL, || {
        let manual_reset = flags & CREATE_WAITABLE_TIMER_MANUAL_RESET != 0;
        create(&attributes, manual_reset, Access::granted(access), sync_object::wide(name))
    })
}

#[unsafe(no_mangle)]
extern "C" fn OpenWaitableTimerA(access: u32, inherit: Bool, name: Narrow) -> Handle {
    boundary::call(Handle::NULL, || {
        sync_object::open(Kind::Timer, access, inherit, !name.pointer().is_null(), sync_object::narrow(name))
    })
}

#[unsafe(no_mangle)]
extern "C" fn OpenWaitableTimerW(access: u32, inherit: Bool, name: Wide) -> Handle {
    boundary::call(Handle::NULL, || {
        sync_object::open(Kind::Timer, access, inherit, !name.pointer().is_null(), sync_object::wide(name))
    })
}

#[unsafe(no_mangle)]
extern "C" fn SetWaitableTimer(
    timer: Handle,
    due: In<i64>,
    period: i32,
    routine: Option<TimerRoutine>,
    argument: *mut c_void,
    _resume: Bool,
) -> Bool {
    boundary::call(Bool::FALSE, || {
        let held = handles::find(timer)?;
        let (timer, access) = held.object.sync(Kind::Timer)?;
        access.to_modify()?;
        let due = due.read().ok_or(Code::NOACCESS)?;
        let period_millis = u32::try_from(period).map_err(|_| Code::INVALID_PARAMETER)?;
        let due = monotonic(due);
        let setting = timer.set_timer(due, period_millis)?;
        if let Some(routine) = routine {
            apc::timer::add(Timed { timer: Arc::downgrade(timer), setting, due, period_millis, routine, argument });
        }
        boundary::set_last_error(Code::SUCCESS);
        Ok(Bool::TRUE)
    })
}

#[unsafe(no_mangle)]
extern "C" fn CancelWaitableTimer(timer: Handle) -> Bool {
    boundary::call(Bool::FALSE, || {
        let held = handles::find(timer)?;
        let (timer, access) = held.object.sync(Kind::Timer)?;
        access.to_modify()?;
        timer.cancel_timer()?;
        Ok(Bool::TRUE)
    })
}

fn create(
    attributes: &In<SecurityAttributes>,
    manual_reset: bool,
    access: Access,
    name: Result<Option<ObjectName>>,
) -> Result<Handle> {
    let initial = Initial { kind: Kind::Timer, value: 0, maximum: 1, manual_reset, owned: false, data: 0 };
    sync_object::create(&Creation::new(attributes, access, initial), name)
}

/// A due time on the clock of waits. Negative times are relative to now; others are absolute, since 1601.
fn monotonic(due: i64) -> i64 {
    let left = if due < 0 { due.checked_neg().unwrap_or(i64::MAX) } else { due.saturating_sub(file_time_now()) };
    // Never 0, which means a timer that does not run.
    clock::monotonic().saturating_add(left.saturating_mul(100)).max(1)
}

fn file_time_now() -> i64 {
    let FileTime { low, high } = FileTime::from(std::time::SystemTime::now());
    i64::from(high) << 32 | i64::from(low)
}
