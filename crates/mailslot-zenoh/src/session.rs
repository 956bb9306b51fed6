//! One session of a machine in a domain: what it was opened with, and what is declared in it independent of slots.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex};

use mailslot_domain::settings::{Mode, Settings};
use mailslot_domain::{Domain, endpoint};

use crate::certificates;
use crate::error::{Error, Result};
use crate::link::{Addresses, Answering, Config, Link, Places, Seen, Subscription, addresses, why_unreachable};
use crate::lock::lock;
use crate::presences::Whom;
use crate::replying;
use crate::state::State;
use crate::survey;
use crate::sys::Wake;

/// An open session.
pub(crate) struct Session {
    pub(crate) link: Link,
    /// Its number among this machine's sessions in the domain.
    number: u64,
    pub(crate) ground: Ground,
    /// Whether plain messages share a queue with other traffic.
    pub(crate) shares_queue: bool,
    /// The subscriber of directed messages, and the queryable of directed confirmed writes.
    declared: Mutex<Option<(Subscription, Answering)>>,
    /// Presences that are watched.
    watches: Mutex<HashMap<Whom, Subscription>>,
}

/// What a session was opened with, and does not notice when it changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Ground {
    places: Places,
    /// The version of the certificate files that are shown to connecting peers, `None` if no endpoint shows any.
    /// Connecting to others reads the files each time.
    certificates: Option<u64>,
}

impl Ground {
    /// The state of now.
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

    /// What a session that is opened `now` would have and this one lacks; `None` if there is nothing. What has only
    /// gone is no reason for another session: the rest still works.
    pub(crate) fn lacks(&self, now: &Ground) -> Option<&'static str> {
        let (before, after) = (&self.places, &now.places);
        if !after.scouting.is_subset(&before.scouting) || !after.listen.is_subset(&before.listen) {
            return Some("addresses");
        }
        (now.certificates != self.certificates).then_some("certificates")
    }

    /// Whether an address has gone: what a session sends from there reaches nobody, which it does not notice for ten
    /// seconds.
    pub(crate) fn has_lost(&self, now: &Ground) -> bool {
        let (before, after) = (&self.places, &now.places);
        !before.scouting.is_subset(&after.scouting) || !before.listen.is_subset(&after.listen)
    }

    /// Whether all addresses that it sends from have gone.
    pub(crate) fn has_lost_all(&self, now: &Ground) -> bool {
        self.has_lost(now) && self.places.scouting.is_disjoint(&now.places.scouting)
    }
}

impl Session {
    /// Opens a session, and lets `state` handle what it receives. `None` if that is given up before: see
    /// [`Link::open`].
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
        let number = state.presences(|presences| presences.begin_session());
        let declared = declare(&link, state).inspect_err(|_| link.close())?;
        let (declared, watches) = (Mutex::new(Some(declared)), Mutex::default());
        Ok(Some(Session { link, number, ground, shares_queue: config.shares_queue(), declared, watches }))
    }

    /// Watches the presences that are `wanted` by then, and no others any more.
    pub(crate) fn watch(&self, state: &Arc<State>, wanted: impl FnOnce() -> HashSet<Whom>) -> Result<()> {
        let mut watches = lock(&self.watches);
        let wanted = wanted();
        watches.retain(|whom, _| wanted.contains(whom));
        state.presences(|presences| presences.watch(&wanted));
        for whom in wanted {
            let Entry::Vacant(place) = watches.entry(whom) else { continue };
            let (told, number) = (Arc::clone(state), self.number);
            let key_expression = place.key().key_expression(&state.domain())?;
            place.insert(self.link.watch_tokens(&key_expression, move |key_expression, seen| match seen {
                Seen::There => told.presence_is_there(key_expression, number),
                Seen::Gone => told.presence_is_gone(key_expression, number),
            })?);
        }
        Ok(())
    }

    /// Has the presences that are watched told again, and then `over` done: some may be of a key that was not known
    /// when they came.
    pub(crate) fn ask_for_presences(&self, state: &Arc<State>, over: impl FnOnce() + Send + 'static) {
        let domain = state.domain();
        let watched: Vec<Whom> = lock(&self.watches).keys().cloned().collect();
        let parts: Vec<String> = watched.iter().filter_map(|whom| whom.parts(&domain).ok()).flatten().collect();
        let (told, name, number) = (Arc::clone(state), state.name.clone(), self.number);
        let told = move |key_expression: &str| told.presence_is_there(key_expression, number);
        survey::ask_in_parts(&self.link, parts, told, move |is_whole| {
            if !is_whole {
                tracing::warn!(name: "presences_not_read", domain = %name);
            }
            over();
        });
    }

    /// Closes the session. Presences are no longer watched first, so that none seems to go because the session is
    /// closed.
    pub(crate) fn close(&self) {
        lock(&self.watches).clear();
        drop(lock(&self.declared).take());
        self.link.close();
    }
}

/// Whether another session can be open beside one: both listen on ports of the system's choice, and a message that both
/// receive is let in only once.
pub(crate) fn can_overlap(settings: &Settings, domain: &Domain) -> bool {
    let any_port = |endpoint: &String| endpoint.split(['#', '?']).next().is_some_and(|address| address.ends_with(":0"));
    domain.is_sealed() && settings.listen(domain).iter().all(any_port)
}

/// A client reaches one of its endpoints or none; in the latter case Zenoh returns no reason for any of them.
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

fn declare(link: &Link, state: &Arc<State>) -> Result<(Subscription, Answering)> {
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
    Ok((directed, confirmed))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ground(scouting: &[u32], listen: &[u32], certificates: Option<u64>) -> Ground {
        let all = |numbers: &[u32]| numbers.iter().map(|number| (*number, number.to_string())).collect();
        Ground { places: Places { scouting: all(scouting), listen: all(listen) }, certificates }
    }

    #[test]
    fn what_comes_is_a_reason_for_another_session_and_what_goes_is_none() {
        let before = ground(&[1, 2], &[1, 2, 3], Some(7));
        for (scouting, listen, certificates, lacks, has_lost, has_lost_all) in [
            (&[1, 2][..], &[1, 2, 3][..], 7, None, false, false),
            (&[2], &[1, 2, 3], 7, None, true, false),
            (&[1, 2], &[1], 7, None, true, false),
            (&[], &[], 7, None, true, true),
            (&[1, 2, 4], &[1, 2, 3], 7, Some("addresses"), false, false),
            (&[1, 2], &[1, 2, 3, 4], 7, Some("addresses"), false, false),
            (&[1, 4], &[1, 2, 3], 7, Some("addresses"), true, false),
            (&[3], &[3], 7, Some("addresses"), true, true),
            (&[1, 2], &[1, 2, 3], 8, Some("certificates"), false, false),
        ] {
            let now = ground(scouting, listen, Some(certificates));
            let found = (before.lacks(&now), before.has_lost(&now), before.has_lost_all(&now));
            assert_eq!(found, (lacks, has_lost, has_lost_all), "{now:?}");
        }
        let none = ground(&[], &[], None);
        assert!(!none.has_lost_all(&none), "where nobody is looked for, nothing is lost");
    }
}
