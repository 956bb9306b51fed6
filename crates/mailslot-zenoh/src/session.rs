//! One session of a machine in a domain: what it was opened with, and what is declared in it whatever slots there are.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use mailslot_domain::settings::{Mode, Settings};
use mailslot_domain::{Domain, endpoint};

use crate::certificates;
use crate::error::{Error, Result};
use crate::link::{Addresses, Answering, Config, Link, Seen, Subscription, addresses, why_unreachable};
use crate::replying;
use crate::state::{State, lock};
use crate::wake::Wake;

/// An open session.
pub(crate) struct Session {
    pub(crate) link: Link,
    pub(crate) ground: Ground,
    /// Whether plain messages share a queue with others.
    pub(crate) shares_queue: bool,
    /// Directed messages, directed writes to be confirmed, and the presences of others.
    declared: Mutex<Option<(Subscription, Answering, Subscription)>>,
}

/// What a session was opened with, and does not notice when it changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Ground {
    places: BTreeSet<(u32, String)>,
    /// The files of certificates that are shown to whoever connects. Connecting reads them each time.
    certificates: Option<u64>,
}

impl Ground {
    /// As it is now.
    pub(crate) fn now(settings: &Settings, domain: &Domain) -> Ground {
        Ground::with(settings, domain, &addresses())
    }

    fn with(settings: &Settings, domain: &Domain, addresses: &Addresses) -> Ground {
        let shows = settings.listen(domain).iter().any(|endpoint| endpoint::is_secure(endpoint));
        Ground {
            places: addresses.places(settings, domain),
            certificates: shows.then(|| certificates::version(&settings.tls)),
        }
    }

    /// What another session would have that one opened with this does not; nothing if it would be as good. What has only gone is
    /// no reason: the rest still works.
    pub(crate) fn lacks(&self, now: &Ground) -> Option<&'static str> {
        if !now.places.is_subset(&self.places) {
            return Some("addresses");
        }
        (now.certificates != self.certificates).then_some("certificates")
    }
}

impl Session {
    /// Opens a session, and puts `state` to work in it. `None` if that is given up before: see [`Link::open`].
    pub(crate) fn open(
        state: &Arc<State>,
        settings: &Settings,
        woken: &Arc<Wake>,
        given_up: impl Fn() -> bool,
    ) -> Result<Option<Session>> {
        let (domain, addresses) = (state.domain(), addresses());
        let ground = Ground::with(settings, &domain, &addresses);
        let config = Config::new(settings, &domain, &addresses)?;
        let link = Link::open(&config, woken, given_up).map_err(|error| with_reasons(error, settings, &domain))?;
        let Some(link) = link else { return Ok(None) };
        state.presences(|presences| presences.begin_session());
        let declared = declare(&link, state).inspect_err(|_| link.close())?;
        let declared = Mutex::new(Some(declared));
        Ok(Some(Session { link, ground, shares_queue: config.shares_queue(), declared }))
    }

    /// Ends the session. It hears of nobody's going any more before it hears that it is cut off from all.
    pub(crate) fn close(&self) {
        drop(lock(&self.declared).take());
        self.link.close();
    }
}

/// Whether another session can be open beside one: both listen on ports of the system's choice, and what both receive is let in once.
pub(crate) fn can_overlap(settings: &Settings, domain: &Domain) -> bool {
    let any_port = |endpoint: &String| endpoint.split(['#', '?']).next().is_some_and(|address| address.ends_with(":0"));
    domain.is_sealed() && settings.listen(domain).iter().all(any_port)
}

/// A client reaches one of its endpoints or none, and Zenoh returns only that it is none.
fn with_reasons(error: Error, settings: &Settings, domain: &Domain) -> Error {
    if settings.mode(domain) != Mode::Client {
        return error;
    }
    let reasons: Vec<String> = settings
        .connect(domain)
        .iter()
        .filter_map(|endpoint| Some(format!("{endpoint}: {}", why_unreachable(endpoint)?)))
        .collect();
    if reasons.is_empty() { error } else { Error::Unreachable(reasons.join("; ")) }
}

fn declare(link: &Link, state: &Arc<State>) -> Result<(Subscription, Answering, Subscription)> {
    let domain = state.domain();
    let mine = domain.all_slots_of(&state.computer);
    let taking = Arc::clone(state);
    let directed = link.subscribe(&mine, move |key_expression, payload, attachment| {
        taking.take_directed(key_expression, payload, attachment);
    })?;
    let answering = Arc::clone(state);
    let confirmed = link.answer(&mine, move |key_expression, payload, attachment, asked| {
        replying::answer(&answering, answering.confirm_directed(key_expression, payload, attachment), asked);
    })?;
    let told = Arc::clone(state);
    let presences = link.watch_tokens(&domain.all_presences(), move |key_expression, seen| match seen {
        Seen::There => told.presence_is_there(key_expression),
        Seen::Gone => told.presence_is_gone(key_expression),
    })?;
    Ok((directed, confirmed, presences))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ground(places: &[(u32, &str)], certificates: Option<u64>) -> Ground {
        let places = places.iter().map(|(index, text)| (*index, (*text).to_owned())).collect();
        Ground { places, certificates }
    }

    #[test]
    fn what_comes_is_a_reason_for_another_session_and_what_goes_is_none() {
        let before = ground(&[(1, "a"), (2, "b")], Some(7));
        for (now, lacks) in [
            (before.clone(), None),
            (ground(&[(2, "b")], Some(7)), None),
            (ground(&[], Some(7)), None),
            (ground(&[(1, "a"), (2, "c")], Some(7)), Some("addresses")),
            (ground(&[(1, "a"), (3, "b")], Some(7)), Some("addresses")),
            (ground(&[(1, "a"), (2, "b")], Some(8)), Some("certificates")),
        ] {
            assert_eq!(before.lacks(&now), lacks, "{now:?}");
        }
    }
}
