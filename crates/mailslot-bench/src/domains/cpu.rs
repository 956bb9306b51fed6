//! Processor time of children.

use std::fs;

/// Clock ticks in a second, the same on every Linux system.
const TICKS: f64 = 100.0;

/// Seconds of processor time that the process has used so far.
pub(crate) fn seconds(pid: u32) -> f64 {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    // The fields after the name, which may contain anything: state, parent, ...; the 12th and 13th are user and system
    // time.
    let fields = text.rsplit(") ").next().unwrap_or_default().split(' ');
    fields.skip(11).take(2).filter_map(|field| field.parse::<f64>().ok()).sum::<f64>() / TICKS
}

/// Bytes of memory that only this process has.
pub(crate) fn memory(pid: u32) -> u64 {
    let text = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).unwrap_or_default();
    let field = |name: &str| -> u64 {
        let line = text.lines().find_map(|line| line.strip_prefix(name));
        line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0)
    };
    1024 * (field("Private_Clean:") + field("Private_Dirty:"))
}
