//! Waiting.

use std::time::Duration;

use crate::abi::{Bool, Handle};
use crate::boundary;
use crate::code::{Code, Result};
use crate::handles;
use crate::object::Object;
use crate::pointer::Array;
use crate::wait::apc;
use crate::wait::{self, Ended, Until};

const INFINITE: u32 = u32::MAX;
const WAIT_ABANDONED: u32 = 0x80;
const WAIT_TIMEOUT: u32 = 0x102;
const WAIT_IO_COMPLETION: u32 = 0xC0;
const WAIT_FAILED: u32 = u32::MAX;
const MAXIMUM_WAIT_OBJECTS: u32 = 64;

#[unsafe(no_mangle)]
extern "C" fn WaitForSingleObject(object: Handle, millis: u32) -> u32 {
    boundary::call(WAIT_FAILED, || wait_for(&[object], Until::Any, millis, false))
}

#[unsafe(no_mangle)]
extern "C" fn WaitForSingleObjectEx(object: Handle, millis: u32, alertable: Bool) -> u32 {
    boundary::call(WAIT_FAILED, || wait_for(&[object], Until::Any, millis, alertable.is_true()))
}

#[unsafe(no_mangle)]
extern "C" fn WaitForMultipleObjects(count: u32, objects: Array<Handle>, all: Bool, millis: u32) -> u32 {
    boundary::call(WAIT_FAILED, || wait_for_several(count, &objects, all, millis, false))
}

#[unsafe(no_mangle)]
extern "C" fn WaitForMultipleObjectsEx(
    count: u32,
    objects: Array<Handle>,
    all: Bool,
    millis: u32,
    alertable: Bool,
) -> u32 {
    boundary::call(WAIT_FAILED, || wait_for_several(count, &objects, all, millis, alertable.is_true()))
}

#[unsafe(no_mangle)]
extern "C" fn SignalObjectAndWait(signalled: Handle, object: Handle, millis: u32, alertable: Bool) -> u32 {
    boundary::call(WAIT_FAILED, || {
        // Checked before anything is signalled.
        handles::object(object)?.waitable()?;
        handles::find(signalled)?.object.signal()?;
        wait_for(&[object], Until::Any, millis, alertable.is_true())
    })
}

#[unsafe(no_mangle)]
extern "C" fn Sleep(millis: u32) {
    boundary::call((), || {
        pause(millis, false);
        Ok(())
    });
}

#[unsafe(no_mangle)]
extern "C" fn SleepEx(millis: u32, alertable: Bool) -> u32 {
    boundary::call(0, || Ok(pause(millis, alertable.is_true())))
}

fn wait_for_several(count: u32, objects: &Array<Handle>, all: Bool, millis: u32, alertable: bool) -> Result<u32> {
    if count == 0 || count > MAXIMUM_WAIT_OBJECTS {
        return Err(Code::INVALID_PARAMETER);
    }
    let objects = objects.slice(count as usize).ok_or(Code::INVALID_PARAMETER)?;
    wait_for(objects, if all.is_true() { Until::All } else { Until::Any }, millis, alertable)
}

fn wait_for(objects: &[Handle], until: Until, millis: u32, alertable: bool) -> Result<u32> {
    let objects = objects.iter().map(|object| handles::object(*object)).collect::<Result<Vec<Object>>>()?;
    let waitables = objects.iter().map(Object::waitable).collect::<Result<Vec<_>>>()?;
    Ok(match wait::wait(&waitables, until, duration(millis), alertable)? {
        Ended::Signalled(index) => index as u32,
        Ended::Abandoned(index) => WAIT_ABANDONED + index as u32,
        Ended::TimedOut => WAIT_TIMEOUT,
        Ended::RoutineDue => {
            apc::run();
            WAIT_IO_COMPLETION
        }
    })
}

fn pause(millis: u32, alertable: bool) -> u32 {
    match (alertable, duration(millis)) {
        (false, Some(Duration::ZERO)) => {
            std::thread::yield_now();
            0
        }
        (false, Some(time)) => {
            std::thread::sleep(time);
            0
        }
        (_, time) => match wait::wait(&[], Until::All, time, alertable) {
            Ok(Ended::RoutineDue) => {
                apc::run();
                WAIT_IO_COMPLETION
            }
            _ => 0,
        },
    }
}

fn duration(millis: u32) -> Option<Duration> {
    (millis != INFINITE).then(|| Duration::from_millis(millis.into()))
}
