//! What Zenoh reports only in its trace: sessions that it refused because there are too many, and why it cannot reach
//! an endpoint.

use core::fmt::Debug;
use std::collections::BTreeMap;
use std::sync::Mutex;

use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::{Event, Level, Metadata, Subscriber};
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt;

use crate::lock::lock;

/// The target of the event that reports a refused session, and how its text begins.
const SESSIONS: &str = "zenoh_transport::unicast::manager";
const REFUSED: &str = "Max transports reached";
/// The target of the events that report what becomes of endpoints to connect to, and their texts: one of these
/// beginnings, the endpoint, and after `! ` the reason.
const ENDPOINTS: &str = "zenoh::net::runtime::orchestrator";
const UNREACHABLE: [&str; 2] = ["Unable to connect to configured peer ", "Unable to connect to "];
const REACHED: &str = "Successfully connected to configured peer ";
/// Endpoints whose reasons are kept. They come from settings, never from strangers.
const MAX_ENDPOINTS: usize = 256;

/// A process has one subscriber to traces, so this is per process.
static HEARD: Mutex<Heard> =
    Mutex::new(Heard { refusals: Refusals { number: 0, last: String::new() }, unreachable: BTreeMap::new() });

struct Heard {
    refusals: Refusals,
    unreachable: BTreeMap<String, String>,
}

/// Sessions that were refused.
#[derive(Debug, Default)]
pub(crate) struct Refusals {
    pub(crate) number: u64,
    /// What Zenoh reported of the last one: the limit, and which peer it was.
    pub(crate) last: String,
}

/// The layer that listens for both, for the `tracing` subscriber of a process. Without it, refused sessions are not
/// reported, and the reason why an endpoint cannot be reached is not known. A process without a subscriber gets one
/// that does only this, when it first takes part in a domain.
///
/// ```
/// use tracing_subscriber::layer::SubscriberExt;
/// use tracing_subscriber::util::SubscriberInitExt;
///
/// tracing_subscriber::registry().with(mailslot_zenoh::trace_layer()).init();
/// ```
pub fn trace_layer<S: Subscriber + for<'a> LookupSpan<'a>>() -> impl Layer<S> {
    Listener.with_filter(filter_fn(is_heard).with_max_level_hint(LevelFilter::TRACE))
}

/// Listens from now on, unless the process already has a subscriber.
pub(crate) fn listen() {
    let _ = tracing_subscriber::registry().with(trace_layer()).try_init();
}

/// The refusals since the last call.
pub(crate) fn take_refusals() -> Option<Refusals> {
    let mut heard = lock(&HEARD);
    (heard.refusals.number > 0).then(|| core::mem::take(&mut heard.refusals))
}

/// Why the last attempt to reach an endpoint failed; `None` if it did not.
pub(crate) fn why_unreachable(endpoint: &str) -> Option<String> {
    lock(&HEARD).unreachable.get(address(endpoint)).cloned()
}

/// An endpoint without its settings.
fn address(endpoint: &str) -> &str {
    endpoint.split(['#', '?']).next().unwrap_or(endpoint)
}

/// Listens to those parts of Zenoh's trace, and to nothing else.
struct Listener;

impl<S: Subscriber> Layer<S> for Listener {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut text = Text(String::new());
        event.record(&mut text);
        lock(&HEARD).hear(event.metadata().target(), &text.0);
    }
}

fn is_heard(metadata: &Metadata<'_>) -> bool {
    let level = *metadata.level();
    metadata.is_event()
        && match metadata.target() {
            SESSIONS => level == Level::TRACE,
            ENDPOINTS => level == Level::DEBUG || level == Level::WARN,
            _ => false,
        }
}

impl Heard {
    fn hear(&mut self, target: &str, text: &str) {
        if target == SESSIONS && text.starts_with(REFUSED) {
            self.refusals.number += 1;
            self.refusals.last = without_places(text);
        } else if target == ENDPOINTS
            && let Some(endpoint) = text.strip_prefix(REACHED)
        {
            self.unreachable.remove(address(endpoint));
        } else if target == ENDPOINTS
            && let Some((endpoint, reason)) =
                UNREACHABLE.iter().find_map(|begin| text.strip_prefix(begin)?.split_once("! "))
            && (self.unreachable.len() < MAX_ENDPOINTS || self.unreachable.contains_key(address(endpoint)))
        {
            let reason = reason.rsplit_once(" Retry in ").map_or(reason, |(reason, _)| reason);
            self.unreachable.insert(address(endpoint).to_owned(), without_places(reason));
        }
    }
}

/// Zenoh's text without the places in its source files: ` at /some/file.rs:123.`
fn without_places(text: &str) -> String {
    let mut kept = String::new();
    for part in text.split(" at /") {
        match part.split_once(".rs:") {
            Some((_, rest)) if !kept.is_empty() => {
                kept.push_str(rest.trim_start_matches(|letter: char| letter.is_ascii_digit()).trim_start_matches('.'));
            }
            _ => kept.push_str(part),
        }
    }
    kept.trim_end_matches(['.', ' ']).to_owned()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_reason_counts_until_the_endpoint_is_reached() {
        let mut heard = Heard { refusals: Refusals::default(), unreachable: BTreeMap::new() };
        let reason = |heard: &Heard| heard.unreachable.get("tls/hub:7447").cloned();
        for (text, expected) in [
            ("Unable to connect to tls/hub:7447! refused at /home/x/y.rs:12.", Some("refused")),
            (
                "Unable to connect to configured peer tls/hub:7447#a=b! Can not create a new TLS link bound to \"hub\": \
                 invalid peer certificate: Expired at /src/z.rs:7.. Retry in 1s.",
                Some("Can not create a new TLS link bound to \"hub\": invalid peer certificate: Expired"),
            ),
            (
                "Try to connect: \"tls/hub:7447\": global timeout",
                Some("Can not create a new TLS link bound to \"hub\": invalid peer certificate: Expired"),
            ),
            ("Successfully connected to configured peer tls/hub:7447#a=b", None),
        ] {
            heard.hear(ENDPOINTS, text);
            assert_eq!(reason(&heard).as_deref(), expected, "{text}");
        }
        heard.hear(SESSIONS, "Max transports reached (7). Denying: 12 at /a/b.rs:3.");
        assert_eq!(
            (heard.refusals.number, heard.refusals.last.as_str()),
            (1, "Max transports reached (7). Denying: 12")
        );
    }

    #[test]
    fn no_more_reasons_are_kept_than_may_be() {
        let mut heard = Heard { refusals: Refusals::default(), unreachable: BTreeMap::new() };
        (0..2 * MAX_ENDPOINTS)
            .for_each(|number| heard.hear(ENDPOINTS, &format!("Unable to connect to tcp/h:{number}! no")));
        assert_eq!(heard.unreachable.len(), MAX_ENDPOINTS);
    }
}
