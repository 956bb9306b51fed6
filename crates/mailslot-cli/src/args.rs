//! Parsers of option values.

use std::time::Duration;

use mailslot::{Access, Timeout};

use crate::accounts;

/// Bytes, such as `424`, `64K` or `16M`; units are powers of 1024.
pub fn size(text: &str) -> Result<u64, String> {
    parse_size::Config::new().with_binary().parse_size(text).map_err(|error| format!("{error}; {SIZE_HINT}"))
}

/// Bytes of a message.
pub fn message_size(text: &str) -> Result<u32, String> {
    u32::try_from(size(text)?).map_err(|_| format!("a message has {} bytes at most", u32::MAX))
}

/// A number of bytes above 0.
#[cfg(unix)]
pub fn some_size(text: &str) -> Result<u64, String> {
    size(text).and_then(|size| if size == 0 { Err(format!("it must be more than 0; {SIZE_HINT}")) } else { Ok(size) })
}

/// A time above 0.
#[cfg(unix)]
pub fn some_duration(text: &str) -> Result<Duration, String> {
    let is_some = |time: Duration| {
        if time.is_zero() { Err(format!("it must be more than 0; {DURATION_HINT}")) } else { Ok(time) }
    };
    duration(text).and_then(is_some)
}

/// A time, such as `500ms`, `2s` or `1h 30m`.
pub fn duration(text: &str) -> Result<Duration, String> {
    humantime::parse_duration(text).map_err(|error| format!("{error}; {DURATION_HINT}"))
}

/// How long to wait: a time, or `forever`.
pub fn timeout(text: &str) -> Result<Timeout, String> {
    match text {
        "forever" => Ok(Timeout::Forever),
        _ => duration(text).map(Timeout::After).map_err(|error| format!("{error}, or forever")),
    }
}

/// How many receivers to wait for, and how long: `3` or `3=2s`.
pub fn receivers(text: &str) -> Result<(usize, Timeout), String> {
    let (count, timeout) = match text.split_once('=') {
        Some((count, time)) => (count, self::timeout(time)?),
        None => (text, Timeout::Forever),
    };
    match count.parse() {
        Ok(count) if count > 0 => Ok((count, timeout)),
        _ => Err("write how many receivers there must be, and perhaps how long to wait: 1, 3=2s".into()),
    }
}

/// Who may write.
pub fn access(text: &str) -> Result<Access, String> {
    match text.split_once(':') {
        None if text == "owner" => Ok(Access::Owner),
        None if text == "everyone" => Ok(Access::Everyone),
        Some(("group", group)) => accounts::group_id(group).map(Access::Group),
        Some(("users", users)) => users.split(',').map(accounts::user_id).collect::<Result<_, _>>().map(Access::Users),
        _ => Err(ACCESS_HINT.into()),
    }
}

const SIZE_HINT: &str = "write a number of bytes, or one with a unit: 64K, 16M, 1G";
const DURATION_HINT: &str = "write a number with its unit: 500ms, 2s, 1h 30m, 14d";
const ACCESS_HINT: &str = "write owner, everyone, group:NAME or users:NAME,NAME";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_binary_units() {
        assert_eq!(size("424"), Ok(424));
        assert_eq!(size("64K"), Ok(65_536));
        assert_eq!(size("16m"), Ok(16 << 20));
        assert_eq!(size("1GiB"), Ok(1 << 30));
        assert_eq!(size("1.5M"), Ok(3 << 19));
        for wrong in ["", "K", "-1", "12 parsecs", "18446744073709551615G"] {
            assert!(size(wrong).is_err_and(|hint| hint.contains("64K")), "{wrong}");
        }
    }

    #[test]
    fn durations_need_a_unit() {
        assert_eq!(duration("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(duration("1s 500ms"), Ok(Duration::from_millis(1500)));
        assert_eq!(duration("2m"), Ok(Duration::from_secs(120)));
        assert_eq!(duration("14d"), Ok(Duration::from_secs(14 * 86_400)));
        assert_eq!(duration("0"), Ok(Duration::ZERO));
        for wrong in ["", "5", "s", "-1s", "1..2s", "9999999999999999999h"] {
            assert!(duration(wrong).is_err_and(|hint| hint.contains("500ms")), "{wrong}");
            assert!(timeout(wrong).is_err_and(|hint| hint.contains("500ms") && hint.ends_with("forever")), "{wrong}");
        }
    }

    #[test]
    #[cfg(unix)]
    fn some_is_more_than_none() {
        assert!(["0s", "0", "1x"].iter().all(|wrong| some_duration(wrong).is_err_and(|hint| hint.contains("500ms"))));
        assert!(["0", "0K", "x"].iter().all(|wrong| some_size(wrong).is_err_and(|hint| hint.contains("64K"))));
    }

    #[test]
    fn receivers_may_have_a_time() {
        assert_eq!(receivers("1"), Ok((1, Timeout::Forever)));
        assert_eq!(receivers("3=2s"), Ok((3, Timeout::After(Duration::from_secs(2)))));
        assert_eq!(receivers("3=forever"), Ok((3, Timeout::Forever)));
        for wrong in ["", "0", "-1", "x", "3=", "3=2", "=2s"] {
            assert!(receivers(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn access_takes_names_and_ids() {
        assert_eq!(access("owner"), Ok(Access::Owner));
        assert_eq!(access("everyone"), Ok(Access::Everyone));
        assert_eq!(access("group:root"), Ok(Access::Group(0)));
        assert_eq!(access("users:root,4000000001"), Ok(Access::Users(vec![0, 4_000_000_001])));
        for wrong in ["", "users:", "nobody", "group:no such group", "owner:root"] {
            assert!(access(wrong).is_err(), "{wrong}");
        }
    }
}
