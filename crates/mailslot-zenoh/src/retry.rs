//! When to open a session again after it could not be opened.

use std::time::Duration;

use mailslot_domain::random;

/// The longest pause before another attempt.
const LONGEST: Duration = Duration::from_secs(2);

/// The pause before another attempt: any up to two seconds. Machines that have lost one router do not all come back to
/// it in the same moment; and a listener whose places for handshakes are taken has some free at times, in a period of
/// its timeout, so that attempts in a period of their own might miss them all.
pub(crate) fn pause() -> Duration {
    let part = random().map_or(u16::MAX, u16::from_le_bytes);
    LONGEST * u32::from(part) / u32::from(u16::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attempts_miss_no_moment_of_any_period() {
        for period in (1..=40).map(|tenths| Duration::from_millis(tenths * 100)) {
            let (mut now, mut moments) = (Duration::ZERO, [false; 20]);
            for _ in 0..1000 {
                let pause = pause();
                assert!(pause <= LONGEST);
                now += pause;
                let moment = now.as_nanos() % period.as_nanos() * moments.len() as u128 / period.as_nanos();
                moments[moment as usize] = true;
            }
            assert!(moments.iter().all(|tried| *tried), "{period:?}: {moments:?}");
        }
    }
}
