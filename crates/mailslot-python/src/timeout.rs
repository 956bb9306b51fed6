//! Times in Python's form: seconds, or `None` for no limit.

use std::time::{Duration, Instant};

use pyo3::exceptions::PyValueError;
use pyo3::{PyErr, PyResult};

/// When a wait ends; `None` is never.
#[derive(Clone, Copy)]
pub struct Deadline(Option<Instant>);

impl Deadline {
    /// `seconds` from now. A time beyond all clocks is never.
    pub fn after(seconds: Option<f64>) -> PyResult<Deadline> {
        let Some(seconds) = seconds else { return Ok(Deadline(None)) };
        Ok(Deadline(Instant::now().checked_add(duration(seconds)?)))
    }

    /// Whether there is no time left.
    pub fn is_over(self) -> bool {
        self.left() == Some(Duration::ZERO)
    }

    /// The time left.
    pub fn left(self) -> Option<Duration> {
        self.0.map(|end| end.saturating_duration_since(Instant::now()))
    }

    /// The time left, but no more than `most`.
    pub fn left_within(self, most: Duration) -> Duration {
        self.left().map_or(most, |left| left.min(most))
    }
}

/// `seconds` as a duration: infinity is the longest one.
pub fn duration(seconds: f64) -> PyResult<Duration> {
    // The message of `queue.Queue`.
    let negative = || -> PyErr { PyValueError::new_err("'timeout' must be a non-negative number") };
    if seconds.is_nan() || seconds < 0.0 {
        return Err(negative());
    }
    Ok(Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX))
}
