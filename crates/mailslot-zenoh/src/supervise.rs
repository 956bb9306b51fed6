//! Threads that must not end.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crate::error::{Error, Result};
use crate::events::{Events, field};

/// How long after its end a thread begins anew.
pub(crate) const PAUSE: Duration = Duration::from_secs(1);

/// Has `work` done in a thread until it returns while `stop` says so. If it ends before, also by a panic, that is told, and it
/// is begun anew: what it shares with others is as good as it was, for their locks are taken over after a panic.
///
/// Who stops it unparks it.
pub(crate) fn spawn(
    name: String,
    stop: Arc<AtomicBool>,
    events: Events,
    mut work: impl FnMut() + Send + 'static,
) -> Result<JoinHandle<()>> {
    let thread = name.clone();
    let supervised = move || loop {
        let ended = catch_unwind(AssertUnwindSafe(&mut work));
        if stop.load(Ordering::SeqCst) {
            return;
        }
        let reason = ended.map_or_else(|panic| panic_text(&*panic), |()| "it has come to its end".to_owned());
        events.send("thread_ended", vec![field("thread", &thread), field("reason", reason)]);
        thread::park_timeout(PAUSE);
        if stop.load(Ordering::SeqCst) {
            return;
        }
    };
    thread::Builder::new().name(name).spawn(supervised).map_err(|source| Error::io("start a thread", source))
}

/// What a panic says.
pub(crate) fn panic_text(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "a panic".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wake::Wake;
    use std::sync::mpsc::{channel, sync_channel};

    #[test]
    fn threads_that_panic_or_end_begin_anew_and_say_so() {
        let (sender, happened) = sync_channel(8);
        let events = Events { sender, wake: Arc::new(Wake::new().expect("a descriptor")) };
        let (stop, (begun, begins)) = (Arc::new(AtomicBool::new(false)), channel());
        let mut time = 0;
        let stopped = Arc::clone(&stop);
        let work = move || {
            time += 1;
            begun.send(time).expect("the test waits");
            match time {
                1 => panic!("for the test"),
                2 => {}
                _ => stopped.store(true, Ordering::SeqCst),
            }
        };
        let thread = spawn("worker".to_owned(), stop, events, work).expect("a thread");
        for time in 1..=3 {
            assert_eq!(begins.recv(), Ok(time));
            thread.thread().unpark();
        }
        thread.join().expect("it ends when it is stopped");
        let reasons: Vec<_> = happened.try_iter().map(|event| event.fields[1].1.clone()).collect();
        assert_eq!(reasons, ["for the test", "it has come to its end"]);
    }
}
