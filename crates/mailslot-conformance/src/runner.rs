//! Runs cases: each in a separate thread, under a watchdog, and compared with the list of known deviations.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, PanicHookInfo, catch_unwind};
use std::process::ExitCode;
use std::sync::mpsc::RecvTimeoutError;
use std::sync::{Arc, Once, mpsc};
use std::thread;
use std::time::Duration;

use libtest_mimic::{Arguments, Trial};

use crate::case::Case;
use crate::cases;
use crate::context::Context;
use crate::peer;
use crate::system::System;

/// The time after which a case counts as hung. The slowest ones need a few seconds.
pub const HUNG_AFTER: Duration = Duration::from_secs(300);

/// The same for a case that is known to fail: some of those fail by hanging.
const DEVIATING_AFTER: Duration = Duration::from_secs(15);

/// A case in which a system is known to behave differently. The case must then fail.
#[derive(Clone, Copy, Debug)]
pub struct Deviation {
    /// Name of the case.
    pub case: &'static str,
    /// What the system does instead.
    pub reason: &'static str,
}

/// The main function of a test program (`harness = false`) that runs all cases against `system`.
///
/// The arguments of `cargo test` are understood. The program starts itself again for cases that need other processes.
pub fn main(system: impl System + 'static, deviations: &'static [Deviation]) -> ExitCode {
    if peer::is_peer() {
        peer::serve(&system);
    }
    let system: Arc<dyn System> = Arc::new(system);
    let mut trials: Vec<Trial> = cases::all().map(|case| trial(case, deviations, &system)).collect();
    trials.push(Trial::test("known_deviations_are_of_existing_cases_and_have_reasons", || {
        Ok(check_deviations(deviations)?)
    }));
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

/// Runs `case`. The failure has the case's name and its statement.
///
/// # Errors
///
/// The message of the assertion that failed and its place, or that the case did not end within `limit`. Its thread is
/// then left behind.
pub fn run(case: &Case, system: &Arc<dyn System>, limit: Duration) -> Result<(), String> {
    capture_panics();
    let (done, ended) = mpsc::channel();
    let context = Context::new(Arc::clone(system));
    let steps = case.steps;
    let thread = thread::Builder::new().name(case.name.to_owned());
    let body = move || {
        let outcome = outcome(|| steps(&context));
        // Fails if the watchdog was faster.
        let _ = done.send(outcome);
    };
    thread.spawn(body).map_err(|error| format!("no thread for the case: {error}"))?;
    let problem = match ended.recv_timeout(limit) {
        Ok(Ok(())) => return Ok(()),
        Ok(Err(panic)) => panic,
        Err(RecvTimeoutError::Timeout) => format!("hung: still running after {limit:?}"),
        Err(RecvTimeoutError::Disconnected) => "its thread ended without a result".to_owned(),
    };
    Err(format!("{}, which states {}:\n{problem}", case.name, case.rows.join(", ")))
}

/// Judges a run for a system that is known to deviate in the case, or not.
///
/// # Errors
///
/// The reason for which the run is a failure.
pub fn judge(outcome: Result<(), String>, deviation: Option<&Deviation>) -> Result<(), String> {
    match (outcome, deviation) {
        (Ok(()), Some(deviation)) => Err(format!(
            "{} passes now: remove it from the list of known deviations, where its reason is: {}",
            deviation.case, deviation.reason
        )),
        (Err(_), Some(_)) => Ok(()),
        (outcome, None) => outcome,
    }
}

/// Checks the entries of a list of deviations.
///
/// # Errors
///
/// The entries that name no case, repeat a case, or have no reason.
pub fn check_deviations(deviations: &[Deviation]) -> Result<(), String> {
    let mut problems = Vec::new();
    for (index, deviation) in deviations.iter().enumerate() {
        if !cases::all().any(|case| case.name == deviation.case) {
            problems.push(format!("there is no case {:?}", deviation.case));
        }
        if deviations[..index].iter().any(|earlier| earlier.case == deviation.case) {
            problems.push(format!("{} is listed twice", deviation.case));
        }
        if deviation.reason.trim().is_empty() {
            problems.push(format!("{} has no reason", deviation.case));
        }
    }
    if problems.is_empty() { Ok(()) } else { Err(problems.join("; ")) }
}

fn trial(case: &'static Case, deviations: &'static [Deviation], system: &Arc<dyn System>) -> Trial {
    let system = Arc::clone(system);
    let deviation = deviations.iter().find(|deviation| deviation.case == case.name);
    let rows = case.rows.join(", ");
    let kind = if deviation.is_some() { format!("{rows}; known deviation") } else { rows };
    let limit = if deviation.is_some() { DEVIATING_AFTER } else { HUNG_AFTER };
    Trial::test(case.name, move || Ok(judge(run(case, &system, limit), deviation)?)).with_kind(kind)
}

thread_local! {
    /// `Some` in the thread of a case: the message of its last panic.
    static PANIC: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Keeps panics of cases off standard error, where a known deviation would look like a problem.
fn capture_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let default = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic: &PanicHookInfo<'_>| {
            let captured = PANIC.with_borrow_mut(|said| said.as_mut().map(|said| *said = sentence(panic)).is_some());
            if !captured {
                default(panic);
            }
        }));
    });
}

fn outcome(steps: impl FnOnce()) -> Result<(), String> {
    PANIC.set(Some(String::new()));
    let result = catch_unwind(AssertUnwindSafe(steps));
    let said = PANIC.take().unwrap_or_default();
    result.map_err(|payload| {
        // A panic resumed from another thread does not run the hook again.
        if said.is_empty() { text(payload.as_ref()).to_owned() } else { said }
    })
}

fn sentence(panic: &PanicHookInfo<'_>) -> String {
    let place = panic.location().map(|place| format!(" (at {place})")).unwrap_or_default();
    format!("{}{place}", text(panic.payload()))
}

fn text(payload: &(dyn std::any::Any + Send)) -> &str {
    match payload.downcast_ref::<String>() {
        Some(text) => text,
        None => payload.downcast_ref::<&str>().copied().unwrap_or("a panic without a text"),
    }
}
