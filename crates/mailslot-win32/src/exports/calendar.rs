//! The time of day.

use crate::abi::{Bool, FileTime, SystemTime};
use crate::boundary;
use crate::code::{Code, Result};
use crate::pointer::{In, Out};

#[unsafe(no_mangle)]
extern "C" fn GetSystemTimeAsFileTime(time: Out<FileTime>) {
    time.set(now());
}

#[unsafe(no_mangle)]
extern "C" fn GetSystemTimePreciseAsFileTime(time: Out<FileTime>) {
    time.set(now());
}

#[unsafe(no_mangle)]
extern "C" fn GetSystemTime(time: Out<SystemTime>) {
    boundary::call((), || now().to_system_time().map(|now| time.set(now)));
}

#[unsafe(no_mangle)]
extern "C" fn GetLocalTime(time: Out<SystemTime>) {
    boundary::call((), || now().to_local()?.to_system_time().map(|now| time.set(now)));
}

#[unsafe(no_mangle)]
extern "C" fn FileTimeToSystemTime(time: In<FileTime>, result: Out<SystemTime>) -> Bool {
    convert(&time, &result, FileTime::to_system_time)
}

#[unsafe(no_mangle)]
extern "C" fn SystemTimeToFileTime(time: In<SystemTime>, result: Out<FileTime>) -> Bool {
    convert(&time, &result, SystemTime::to_file_time)
}

#[unsafe(no_mangle)]
extern "C" fn FileTimeToLocalFileTime(time: In<FileTime>, result: Out<FileTime>) -> Bool {
    convert(&time, &result, FileTime::to_local)
}

#[unsafe(no_mangle)]
extern "C" fn LocalFileTimeToFileTime(time: In<FileTime>, result: Out<FileTime>) -> Bool {
    convert(&time, &result, FileTime::to_universal)
}

#[unsafe(no_mangle)]
extern "C" fn CompareFileTime(one: In<FileTime>, other: In<FileTime>) -> i32 {
    let ticks = |time: In<FileTime>| time.read().map_or(0, FileTime::ticks);
    ticks(one).cmp(&ticks(other)) as i32
}

fn now() -> FileTime {
    FileTime::from(std::time::SystemTime::now())
}

fn convert<T, U>(time: &In<T>, result: &Out<U>, conversion: impl FnOnce(T) -> Result<U>) -> Bool {
    boundary::call(Bool::FALSE, || {
        result.required()?;
        result.set(conversion(time.read().ok_or(Code::INVALID_PARAMETER)?)?);
        Ok(Bool::TRUE)
    })
}
