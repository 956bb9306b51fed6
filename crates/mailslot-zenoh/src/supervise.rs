//! Threads that must not end.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crate::error::{Error, Result};

/// How long after its end a thread is restarted.
pub(crate) const PAUSE: Duration = Duration::from_secs(1);

/// Runs `work` in a thread until it returns while `stop` is true. If it ends before, by return or by panic, that is
/// reported and it is restarted: the state that it shares with others stays valid, because locks are taken over after a
/// panic.
///
/// To stop it, set `stop` and unpark the thread.
pub(crate) fn spawn(
    name: String,
    stop: Arc<AtomicBool>,
    mut work: impl FnMut() + Send + 'static,
) -> Result<JoinHandle<()>> {
    let thread = name.clone();
    let supervised = move || loop {
        let ended = catch_unwind(AssertUnwindSafe(&mut work));
        if stop.load(Ordering::SeqCst) {
            return;
        }
        let reason = ended.map_or_else(|panic| panic_text(&*panic), |()| "it has returned".to_owned());
        tracing::error!(name: "thread_ended", thread = %thread, reason = %reason);
        thread::park_timeout(PAUSE);
        if stop.load(Ordering::SeqCst) {
            return;
        }
    };
    thread::Builder::new().name(name).spawn(supervised).map_err(|source| Error::io("start a thread", source))
}

/// The message of a panic.
pub(crate) fn panic_text(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "a panic".to_owned())
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::sync::mpsc::channel;

    use tracing::field::{Field, Visit};
    use tracing::{Event, Subscriber};
    use tracing_subscriber::layer::{Context, Layer, SubscriberExt};
    use tracing_subscriber::util::SubscriberInitExt;

    use super::*;

    #[test]
    fn threads_that_panic_or_end_begin_anew_and_say_so() {
        let said = Said::default();
        let (stop, (begun, begins)) = (Arc::new(AtomicBool::new(false)), channel());
        let mut time = 0;
        let (stopped, listener) = (Arc::clone(&stop), said.clone());
        let work = move || {
            time += 1;
            if time == 1 {
                // For the rest of this thread's life.
                std::mem::forget(tracing_subscriber::registry().with(listener.clone()).set_default());
            }
            begun.send(time).expect("the test waits");
            match time {
                1 => panic!("for the test"),
                2 => {}
                _ => stopped.store(true, Ordering::SeqCst),
            }
        };
        let thread = spawn("worker".to_owned(), stop, work).expect("a thread");
        for time in 1..=3 {
            assert_eq!(begins.recv(), Ok(time));
            thread.thread().unpark();
        }
        thread.join().expect("it ends when it is stopped");
        let said = said.0.lock().expect("nobody panics with it");
        assert_eq!(*said, ["worker: for the test", "worker: it has returned"]);
    }

    /// The fields of `thread_ended`.
    #[derive(Clone, Default)]
    struct Said(Arc<Mutex<Vec<String>>>);

    impl<S: Subscriber> Layer<S> for Said {
        fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
            let mut fields = Fields::default();
            event.record(&mut fields);
            if event.metadata().name() == "thread_ended" {
                self.0.lock().expect("nobody panics with it").push(fields.0.join(": "));
            }
        }
    }

    #[derive(Default)]
    struct Fields(Vec<String>);

    impl Visit for Fields {
        fn record_debug(&mut self, _: &Field, value: &dyn core::fmt::Debug) {
            self.0.push(format!("{value:?}"));
        }
    }
}
