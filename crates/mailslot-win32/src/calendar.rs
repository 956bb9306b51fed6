//! Dates and times: `SYSTEMTIME`, `FILETIME`, and the zone of this machine.

use crate::abi::{FileTime, SystemTime};
use crate::code::{Code, Result};

/// Of `FILETIME`, which counts from 1601.
const TICKS_PER_SECOND: u64 = 10_000_000;
const SECONDS_TO_1970: i64 = 11_644_473_600;
const SECONDS_PER_DAY: i64 = 86_400;
/// Days from 1 March of year 0 to 1970, and in 400 years.
const DAYS_TO_1970: i64 = 719_468;
const DAYS_PER_ERA: i64 = 146_097;
/// The last year that Windows accepts.
const LAST_YEAR: u16 = 30_827;

impl FileTime {
    pub(crate) fn ticks(self) -> u64 {
        u64::from(self.high) << 32 | u64::from(self.low)
    }

    pub(crate) fn from_ticks(ticks: u64) -> FileTime {
        FileTime { low: ticks as u32, high: (ticks >> 32) as u32 }
    }

    /// The date and time of day.
    ///
    /// # Errors
    ///
    /// `ERROR_INVALID_PARAMETER` for times above the range of a signed number.
    pub(crate) fn to_system_time(self) -> Result<SystemTime> {
        let ticks = i64::try_from(self.ticks()).map_err(|_| Code::INVALID_PARAMETER)? as u64;
        let milliseconds = (ticks % TICKS_PER_SECOND / 10_000) as u16;
        let seconds = (ticks / TICKS_PER_SECOND) as i64;
        let (days, of_day) = (seconds / SECONDS_PER_DAY, seconds % SECONDS_PER_DAY);
        let (year, month, day) = date(days - SECONDS_TO_1970 / SECONDS_PER_DAY);
        Ok(SystemTime {
            year: year as u16,
            month: month as u16,
            // 1 January 1601 was a Monday.
            day_of_week: ((days + 1) % 7) as u16,
            day: day as u16,
            hour: (of_day / 3600) as u16,
            minute: (of_day / 60 % 60) as u16,
            second: (of_day % 60) as u16,
            milliseconds,
        })
    }

    /// The local time at this time.
    pub(crate) fn to_local(self) -> Result<FileTime> {
        shifted(self, offset(seconds_since_1970(self))?)
    }

    /// The time at which this is the local time.
    pub(crate) fn to_universal(self) -> Result<FileTime> {
        // The offset of the zone near this time, and then at the time that it leads to.
        let guess = shifted(self, -offset(seconds_since_1970(self))?)?;
        shifted(self, -offset(seconds_since_1970(guess))?)
    }
}

impl SystemTime {
    /// The day of the week is ignored.
    ///
    /// # Errors
    ///
    /// `ERROR_INVALID_PARAMETER` if there is no such day or time.
    pub(crate) fn to_file_time(self) -> Result<FileTime> {
        let valid = (1601..=LAST_YEAR).contains(&self.year)
            && (1..=12).contains(&self.month)
            && self.hour < 24
            && self.minute < 60
            && self.second < 60
            && self.milliseconds < 1000;
        if !valid {
            return Err(Code::INVALID_PARAMETER);
        }
        let wanted = (self.year.into(), self.month.into(), self.day.into());
        let days = days_to(wanted);
        // The 31st of a month with 30 days becomes another date.
        if date(days) != wanted {
            return Err(Code::INVALID_PARAMETER);
        }
        let of_day = i64::from(self.hour) * 3600 + i64::from(self.minute) * 60 + i64::from(self.second);
        let seconds = days * SECONDS_PER_DAY + of_day + SECONDS_TO_1970;
        Ok(FileTime::from_ticks(seconds as u64 * TICKS_PER_SECOND + u64::from(self.milliseconds) * 10_000))
    }
}

/// Year, month and day of a day counted from 1970. Years begin in March here, so that the day of leap years is their
/// last.
fn date(days: i64) -> (i64, i64, i64) {
    let days = days + DAYS_TO_1970;
    let (era, of_era) = (days.div_euclid(DAYS_PER_ERA), days.rem_euclid(DAYS_PER_ERA));
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let march_month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * march_month + 2) / 5 + 1;
    let month = if march_month < 10 { march_month + 3 } else { march_month - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

fn days_to((year, month, day): (i64, i64, i64)) -> i64 {
    let year = year - i64::from(month <= 2);
    let (era, year_of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let march_month = (month + 9) % 12;
    let of_year = (153 * march_month + 2) / 5 + day - 1;
    era * DAYS_PER_ERA + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + of_year - DAYS_TO_1970
}

fn seconds_since_1970(time: FileTime) -> i64 {
    (time.ticks() / TICKS_PER_SECOND) as i64 - SECONDS_TO_1970
}

/// Seconds by which local time is ahead of universal time.
fn offset(seconds: i64) -> Result<i64> {
    // SAFETY: the structure is valid when all bytes are zero; both pointers are to locals.
    let broken_down = unsafe {
        let mut broken_down: libc::tm = core::mem::zeroed();
        let seconds = seconds as libc::time_t;
        (!libc::localtime_r(&raw const seconds, &raw mut broken_down).is_null()).then_some(broken_down)
    };
    broken_down.map(|time| time.tm_gmtoff as _).ok_or(Code::INVALID_PARAMETER)
}

fn shifted(time: FileTime, seconds: i64) -> Result<FileTime> {
    let ticks = time.ticks().checked_add_signed(seconds * TICKS_PER_SECOND as i64).ok_or(Code::INVALID_PARAMETER)?;
    Ok(FileTime::from_ticks(ticks))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_day_leads_to_its_date_and_back() {
        let (mut before, mut day_of_week) = ((1600, 12, 31), 0);
        for day in 0..3_000_000_u64 {
            let time = FileTime::from_ticks(day * SECONDS_PER_DAY as u64 * TICKS_PER_SECOND);
            let found = time.to_system_time().expect("in range");
            if found.year > LAST_YEAR {
                break;
            }
            let date = (found.year, found.month, found.day);
            let next_day = date == (before.0, before.1, before.2 + 1);
            let next_month = date == (before.0, before.1 + 1, 1) && before.2 >= 28;
            let next_year = date == (before.0 + 1, 1, 1) && (before.1, before.2) == (12, 31);
            assert!(next_day || next_month || next_year, "{date:?} after {before:?}");
            day_of_week = day_of_week % 7 + 1;
            assert_eq!(found.day_of_week, day_of_week % 7, "{date:?}");
            assert_eq!(found.to_file_time(), Ok(time));
            before = date;
        }
    }

    #[test]
    fn known_times() {
        let time = FileTime::from_ticks(125_911_584_001_230_000).to_system_time().expect("in range");
        assert_eq!((time.year, time.month, time.day, time.hour, time.milliseconds), (2000, 1, 1, 0, 123));
        assert_eq!(time.day_of_week, 6);
        for wrong in [(2001, 2, 29), (2000, 4, 31), (2000, 13, 1), (1600, 1, 1), (2000, 1, 0), (1900, 2, 29)] {
            let time = SystemTime { year: wrong.0, month: wrong.1, day: wrong.2, ..time };
            assert_eq!(time.to_file_time(), Err(Code::INVALID_PARAMETER), "{wrong:?}");
        }
        assert!(SystemTime { month: 2, day: 29, ..time }.to_file_time().is_ok());
    }
}
