//! Timers that call a routine of the program, each in a separate thread.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::ThreadId;
use std::time::{Duration, Instant};

use crate::abi::Handle;
use crate::code::{Code, Result};
use crate::object::Object;
use crate::per_process::PerProcess;

/// A bit that handles of timers and queues have, and those of the table do not.
const MARK: usize = 1 << 31;

/// The times of a timer's calls.
#[derive(Clone, Copy)]
pub(crate) struct Times {
    /// `None` for never.
    pub(crate) due: Option<Duration>,
    /// `None` for once.
    pub(crate) period: Option<Duration>,
}

/// How to notify the end of the last call.
pub(crate) enum Completion {
    /// Nothing.
    Nobody,
    /// Wait for it.
    Wait,
    /// Set this event.
    Event(Object),
}

#[derive(Default)]
struct Timers {
    last: usize,
    queues: BTreeSet<usize>,
    /// Timers with their queues, 0 for the default queue.
    timers: BTreeMap<usize, (usize, Arc<Timer>)>,
}

struct Timer {
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    due: Option<Instant>,
    period: Option<Duration>,
    /// The thread that runs the routine now.
    calling: Option<ThreadId>,
    /// Whether the thread has ended, or will end without another call.
    ended: bool,
    completion: Option<Object>,
}

/// A forked child has no timers: their threads are the parent's.
static TIMERS: PerProcess<Mutex<Timers>> = PerProcess::new();

fn timers() -> MutexGuard<'static, Timers> {
    TIMERS.get().lock().unwrap_or_else(PoisonError::into_inner)
}

impl Timers {
    fn next(&mut self) -> usize {
        self.last += 4;
        MARK | self.last
    }

    /// The queue of a handle.
    fn queue(&self, queue: Handle) -> Result<usize> {
        let known = queue.is_null() || self.queues.contains(&queue.0);
        if known { Ok(queue.0) } else { Err(Code::INVALID_HANDLE) }
    }

    fn find(&self, queue: Handle, timer: Handle) -> Result<&Arc<Timer>> {
        let queue = self.queue(queue)?;
        let found = self.timers.get(&timer.0).filter(|(of, _)| *of == queue);
        found.map(|(_, timer)| timer).ok_or(Code::INVALID_HANDLE)
    }
}

pub(crate) fn create_queue() -> Handle {
    let mut timers = timers();
    let queue = timers.next();
    timers.queues.insert(queue);
    Handle(queue)
}

/// Deletes a queue and all timers in it.
///
/// # Errors
///
/// As of [`delete`]
pub(crate) fn delete_queue(queue: Handle, completion: &Completion) -> Result<()> {
    let mut all = timers();
    if !all.queues.remove(&queue.0) {
        return Err(Code::INVALID_HANDLE);
    }
    let (gone, kept) = core::mem::take(&mut all.timers).into_iter().partition(|(_, (of, _))| *of == queue.0);
    all.timers = kept;
    drop(all);
    let gone: BTreeMap<usize, (usize, Arc<Timer>)> = gone;
    for (_, timer) in gone.values() {
        timer.state().end();
        timer.changed.notify_all();
    }
    let timers = gone.into_values().map(|(_, timer)| timer);
    let busy: Vec<Arc<Timer>> = timers.filter(|timer| timer.is_called_elsewhere()).collect();
    match completion {
        Completion::Wait => {
            busy.iter().for_each(|timer| timer.wait());
            return Ok(());
        }
        Completion::Event(event) if busy.is_empty() => return event.signal(),
        Completion::Event(event) => {
            let (busy, event) = (busy.clone(), event.clone());
            // However many there are, the event is set once, after the last.
            crate::engine::spawn("mailslot-timers", move || {
                busy.iter().for_each(|timer| timer.wait());
                // Cannot fail: the handle had the right to set it.
                let _ = event.signal();
            })?;
        }
        Completion::Nobody => {}
    }
    if busy.is_empty() { Ok(()) } else { Err(Code::IO_PENDING) }
}

/// Makes a timer, which calls `routine`. Passes its handle to `tell` before the first call.
pub(crate) fn create(
    queue: Handle,
    times: Times,
    tell: impl FnOnce(Handle),
    routine: impl Fn() + Send + 'static,
) -> Result<()> {
    let timer = Arc::new(Timer {
        state: Mutex::new(State { due: None, period: None, calling: None, ended: false, completion: None }),
        changed: Condvar::new(),
    });
    timer.state().set(times);
    let mut all = timers();
    let queue = all.queue(queue)?;
    let handle = all.next();
    tell(Handle(handle));
    let runs = Arc::clone(&timer);
    crate::engine::spawn("mailslot-timer", move || runs.run(&routine))?;
    all.timers.insert(handle, (queue, timer));
    Ok(())
}

/// Changes a timer's times. No effect after the only call of a one-time timer.
pub(crate) fn change(queue: Handle, timer: Handle, times: Times) -> Result<()> {
    let all = timers();
    let timer = all.find(queue, timer)?;
    timer.state().set(times);
    timer.changed.notify_all();
    Ok(())
}

/// Deletes a timer.
///
/// # Errors
///
/// - `ERROR_INVALID_HANDLE` if there is none
/// - `ERROR_IO_PENDING` if its routine is running, which continues; unless the caller waits for that
pub(crate) fn delete(queue: Handle, timer: Handle, completion: Completion) -> Result<()> {
    let mut all = timers();
    let found = Arc::clone(all.find(queue, timer)?);
    all.timers.remove(&timer.0);
    drop(all);
    let mut state = found.state();
    state.end();
    found.changed.notify_all();
    match (completion, state.calling) {
        (Completion::Event(event), None) => event.signal(),
        (_, None) => Ok(()),
        (Completion::Event(event), Some(_)) => {
            state.completion = Some(event);
            Err(Code::IO_PENDING)
        }
        (Completion::Nobody, Some(_)) => Err(Code::IO_PENDING),
        (Completion::Wait, Some(_)) => {
            drop(state);
            found.wait();
            Ok(())
        }
    }
}

impl Timer {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn run(&self, routine: &dyn Fn()) {
        let mut state = self.state();
        loop {
            let now = Instant::now();
            state = match state.due {
                _ if state.ended => return,
                None => self.changed.wait(state).unwrap_or_else(PoisonError::into_inner),
                Some(due) if now < due => {
                    self.changed.wait_timeout(state, due - now).unwrap_or_else(PoisonError::into_inner).0
                }
                Some(due) => {
                    state.called(due, now);
                    state.calling = Some(std::thread::current().id());
                    drop(state);
                    routine();
                    let mut state = self.state();
                    state.calling = None;
                    if let Some(event) = state.completion.take() {
                        // As above.
                        let _ = event.signal();
                    }
                    self.changed.notify_all();
                    state
                }
            };
        }
    }

    /// Whether its routine is running, in another thread than this one.
    fn is_called_elsewhere(&self) -> bool {
        self.state().calling.is_some_and(|thread| thread != std::thread::current().id())
    }

    /// Waits until its routine is not running. Within the routine, does not wait.
    fn wait(&self) {
        let own = std::thread::current().id();
        let mut state = self.state();
        while state.calling.is_some_and(|thread| thread != own) {
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

impl State {
    fn set(&mut self, times: Times) {
        if !self.ended {
            self.due = times.due.and_then(|due| Instant::now().checked_add(due));
            self.period = times.period;
        }
    }

    fn end(&mut self) {
        self.ended = true;
    }

    /// Computes the next call. Periods that have passed during a longer call are skipped.
    fn called(&mut self, due: Instant, now: Instant) {
        match self.period {
            Some(period) => {
                let passed = now.duration_since(due).as_nanos() / period.as_nanos().max(1);
                let periods = u32::try_from(passed + 1).unwrap_or(u32::MAX);
                self.due = period.checked_mul(periods).and_then(|after| due.checked_add(after));
            }
            None => self.end(),
        }
    }
}
