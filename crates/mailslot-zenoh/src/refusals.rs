//! Sessions that Zenoh has refused because there are as many as may be. It tells that in its trace alone.

use core::fmt::Debug;
use std::sync::Mutex;

use tracing_core::dispatcher::{Dispatch, set_global_default};
use tracing_core::field::{Field, Visit};
use tracing_core::span::{Attributes, Id, Record};
use tracing_core::{Event, Interest, Level, LevelFilter, Metadata, Subscriber};

use crate::state::lock;

/// Where Zenoh says it, and how that begins.
const TARGET: &str = "zenoh_transport::unicast::manager";
const REFUSED: &str = "Max transports reached";

/// A process has one listener to traces, so this is the process's.
static REFUSALS: Mutex<Refusals> = Mutex::new(Refusals { number: 0, last: String::new() });

/// Sessions that were refused.
pub(crate) struct Refusals {
    pub(crate) number: u64,
    /// What Zenoh said of the last one: how many there may be, and who it was.
    pub(crate) last: String,
}

/// Listens from now on, unless the process has a listener already.
pub(crate) fn listen() {
    let _ = set_global_default(Dispatch::new(Listener));
}

/// Those since the last call.
pub(crate) fn take() -> Option<Refusals> {
    let mut refusals = lock(&REFUSALS);
    let none = Refusals { number: 0, last: String::new() };
    (refusals.number > 0).then(|| core::mem::replace(&mut *refusals, none))
}

struct Listener;

impl Subscriber for Listener {
    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> Interest {
        if self.enabled(metadata) { Interest::always() } else { Interest::never() }
    }

    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.is_event() && *metadata.level() == Level::TRACE && metadata.target() == TARGET
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(LevelFilter::TRACE)
    }

    fn event(&self, event: &Event<'_>) {
        let mut text = Text(String::new());
        event.record(&mut text);
        if text.0.starts_with(REFUSED) {
            let mut refusals = lock(&REFUSALS);
            refusals.number += 1;
            // What follows is a place in Zenoh's sources.
            refusals.last = text.0.split(" at ").next().unwrap_or_default().to_owned();
        }
    }

    // No span is enabled.
    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

/// The text of an event.
struct Text(String);

impl Visit for Text {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        if field.name() == "message" {
            self.0 = format!("{value:?}");
        }
    }
}
