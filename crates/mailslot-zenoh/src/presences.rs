//! Who takes part in a domain and receives what, as far as it is announced; and who waits for that.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::time::Instant;

use mailslot::{NetbiosName, ReplyTo, SlotName};
use mailslot_domain::{Domain, Presence, Segment};

use crate::places::Place;

/// Presences that are kept.
const MAX_PRESENCES: usize = 1 << 18;
/// Waits for receivers at one time.
pub(crate) const MAX_WAITS: usize = 1024;

/// The presences of a domain, by the key expressions that announce them: those that this machine watches
/// ([`watch`](Presences::watch)), or the answer to one question.
///
/// Those that the domain's keys do not open are not kept, as anybody can make them: when keys change, Zenoh is asked
/// for all presences again.
#[derive(Default)]
pub(crate) struct Presences {
    /// Each with the session in which it was last told.
    announced: HashMap<String, (Presence, u64)>,
    session: u64,
    /// What is watched.
    watched: HashSet<Whom>,
    /// How often each computer is announced, and with which slots: a node that has started again may be there twice for
    /// a moment.
    computers: BTreeMap<String, usize>,
    slots: HashMap<SlotName, BTreeMap<String, usize>>,
    /// The bridges, by the key expressions that announce them.
    bridges: HashMap<String, (NetbiosName, Segment)>,
    waiting: Vec<Waiting>,
}

/// Whose presences are watched or asked for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Whom {
    /// Everybody.
    All,
    /// All that have the slot.
    Slot(SlotName),
    /// The node of a computer.
    Computer(NetbiosName),
}

impl Whom {
    /// The key expression of these presences, and perhaps of others.
    pub(crate) fn key_expression(&self, domain: &Domain) -> mailslot_domain::Result<String> {
        match self {
            Whom::All => Ok(domain.all_presences()),
            Whom::Slot(slot) => domain.presences_with(slot),
            Whom::Computer(computer) => Ok(domain.presences_of(computer)),
        }
    }

    /// The same as key expressions of which each has few presences: an answer of tens of thousands takes long enough to
    /// be late.
    pub(crate) fn parts(&self, domain: &Domain) -> mailslot_domain::Result<Vec<String>> {
        match self {
            Whom::All => Ok(domain.parts_of_presences()),
            other => Ok(vec![other.key_expression(domain)?]),
        }
    }

    fn is(&self, presence: &Presence) -> bool {
        match (self, presence) {
            (Whom::All, _) => true,
            (Whom::Slot(wanted), Presence::Slot { slot, .. }) => slot == wanted,
            (Whom::Computer(computer), presence) => presence.computer() == computer,
            (Whom::Slot(_), _) => false,
        }
    }
}

/// Who is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Group {
    /// All that have the slot.
    Everyone(SlotName),
    /// One computer, if it has the slot.
    One(NetbiosName, SlotName),
}

/// Somebody who waits for receivers.
#[derive(Debug)]
pub(crate) struct Waiting {
    pub(crate) group: Group,
    pub(crate) at_least: usize,
    pub(crate) deadline: Instant,
    pub(crate) asker: ReplyTo,
    pub(crate) _place: Place,
}

/// An answer to somebody who has waited: how many receive.
#[derive(Debug)]
pub(crate) struct Matched {
    pub(crate) asker: ReplyTo,
    pub(crate) count: usize,
}

impl Presences {
    /// Adds what is announced, as the session was told; false if there is no room for it.
    pub(crate) fn add(&mut self, key_expression: &str, presence: Presence, session: u64) -> bool {
        if let Some((_, told)) = self.announced.get_mut(key_expression) {
            *told = session.max(*told);
            return true;
        }
        if self.announced.len() >= MAX_PRESENCES {
            return false;
        }
        let computer = presence.computer().as_str();
        *self.computers.entry(computer.to_owned()).or_default() += 1;
        if let Presence::Slot { slot, .. } = &presence {
            *self.slots.entry(slot.clone()).or_default().entry(computer.to_owned()).or_default() += 1;
        }
        if let Presence::Bridge { computer, segment } = &presence {
            self.bridges.insert(key_expression.to_owned(), (computer.clone(), segment.clone()));
        }
        self.announced.insert(key_expression.to_owned(), (presence, session));
        true
    }

    /// The key expressions that announce them.
    pub(crate) fn key_expressions(&self) -> Vec<String> {
        self.announced.keys().cloned().collect()
    }

    /// Removes what has gone, as the session was told. One that is cut off says so of all, also of those that its
    /// successor is told.
    pub(crate) fn remove_as_told(&mut self, key_expression: &str, session: u64) {
        if self.announced.get(key_expression).is_some_and(|(_, told)| *told <= session) {
            self.remove(key_expression);
        }
    }

    pub(crate) fn remove(&mut self, key_expression: &str) {
        let Some((presence, _)) = self.announced.remove(key_expression) else { return };
        let computer = presence.computer().as_str();
        decrease(&mut self.computers, computer);
        self.bridges.remove(key_expression);
        if let Presence::Slot { slot, .. } = &presence
            && let Some(computers) = self.slots.get_mut(slot)
        {
            decrease(computers, computer);
            if computers.is_empty() {
                self.slots.remove(slot);
            }
        }
    }

    /// Another session begins, which is told everything again. Until it was, what is known stays. Returns its number.
    pub(crate) fn begin_session(&mut self) -> u64 {
        self.session += 1;
        self.session
    }

    /// Whether the session was told of everybody but `own`, of whom it does not hear itself.
    pub(crate) fn is_told(&self, own: &NetbiosName) -> bool {
        self.announced.values().all(|(presence, told)| *told == self.session || presence.computer() == own)
    }

    /// Removes what the session was not told: it went while there was none.
    pub(crate) fn remove_untold(&mut self) {
        let session = self.session;
        self.remove_if(|_, told| told < session);
    }

    /// Sets what is watched, and forgets all else.
    pub(crate) fn watch(&mut self, watched: &HashSet<Whom>) {
        if self.watched != *watched {
            self.watched.clone_from(watched);
            self.remove_if(|presence, _| !watched.iter().any(|whom| whom.is(presence)));
        }
    }

    /// Whether this is watched. A question, or a watch that has ended, may still be told of others.
    pub(crate) fn is_watched(&self, presence: &Presence) -> bool {
        self.watched.iter().any(|whom| whom.is(presence))
    }

    fn remove_if(&mut self, is_wrong: impl Fn(&Presence, u64) -> bool) {
        let wrong = |(_, (presence, told)): &(&String, &(Presence, u64))| is_wrong(presence, *told);
        let wrong: Vec<String> = self.announced.iter().filter(wrong).map(|(key, _)| key.clone()).collect();
        wrong.iter().for_each(|key_expression| self.remove(key_expression));
    }

    pub(crate) fn has_computer(&self, computer: &NetbiosName) -> bool {
        self.computers.contains_key(computer.as_str())
    }

    /// The bridges, and the segments that they carry into.
    pub(crate) fn bridges(&self) -> impl Iterator<Item = &(NetbiosName, Segment)> {
        self.bridges.values()
    }

    /// The names of the slots that somebody has open.
    pub(crate) fn slot_names(&self) -> impl Iterator<Item = &SlotName> {
        self.slots.keys()
    }

    /// The computers.
    pub(crate) fn computers(&self) -> impl Iterator<Item = &str> {
        self.computers.keys().map(String::as_str)
    }

    /// How many computers take part.
    pub(crate) fn computer_count(&self) -> usize {
        self.computers.len()
    }

    /// The computers, and the slots of each.
    pub(crate) fn members(&self) -> BTreeMap<String, BTreeSet<String>> {
        let mut members: BTreeMap<String, BTreeSet<String>> =
            self.computers.keys().map(|computer| (computer.clone(), BTreeSet::new())).collect();
        for (presence, _) in self.announced.values() {
            if let Presence::Slot { computer, slot } = presence
                && let Some(slots) = members.get_mut(computer.as_str())
            {
                slots.insert(slot.to_string());
            }
        }
        members
    }

    /// The computers that receive.
    pub(crate) fn receivers(&self, group: &Group) -> BTreeSet<String> {
        match group {
            Group::Everyone(slot) => self.slots.get(slot).into_iter().flat_map(BTreeMap::keys).cloned().collect(),
            Group::One(computer, _) if self.count(group) > 0 => BTreeSet::from([computer.to_string()]),
            Group::One(..) => BTreeSet::new(),
        }
    }

    pub(crate) fn count(&self, group: &Group) -> usize {
        match group {
            Group::Everyone(slot) => self.slots.get(slot).map_or(0, BTreeMap::len),
            Group::One(computer, slot) => {
                usize::from(self.slots.get(slot).is_some_and(|computers| computers.contains_key(computer.as_str())))
            }
        }
    }

    /// Begins to wait.
    pub(crate) fn wait(&mut self, waiting: Waiting) {
        self.waiting.push(waiting);
    }

    /// Takes out those whose wait is over at `now`.
    pub(crate) fn matched(&mut self, now: Instant) -> Vec<Matched> {
        if self.waiting.is_empty() {
            return Vec::new();
        }
        let mut waiting = std::mem::take(&mut self.waiting);
        let mut matched = Vec::new();
        waiting.retain(|one| {
            let count = self.count(&one.group);
            let over = count >= one.at_least || one.deadline <= now;
            if over {
                matched.push(Matched { asker: one.asker, count });
            }
            !over
        });
        self.waiting = waiting;
        matched
    }

    /// What somebody waits for.
    pub(crate) fn waited_for(&self) -> HashSet<Whom> {
        let slot = |waiting: &Waiting| match &waiting.group {
            Group::Everyone(slot) | Group::One(_, slot) => Whom::Slot(slot.clone()),
        };
        self.waiting.iter().map(slot).collect()
    }

    /// When the next wait is over in any case.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.waiting.iter().map(|waiting| waiting.deadline).min()
    }
}

fn decrease(counts: &mut BTreeMap<String, usize>, name: &str) {
    if let Some(count) = counts.get_mut(name) {
        *count -= 1;
        if *count == 0 {
            counts.remove(name);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::places::Places;
    use std::time::Duration;

    fn computer(text: &str) -> NetbiosName {
        text.parse().expect("valid")
    }

    fn slot(text: &str) -> SlotName {
        text.parse::<mailslot::Address>().expect("valid").slot().clone()
    }

    fn with_slot(name: &str, of: &str) -> Presence {
        Presence::Slot { computer: computer(of), slot: slot(name) }
    }

    #[test]
    fn receivers_are_computers_that_announce_the_slot() {
        let mut presences = Presences::default();
        presences.add("1", Presence::Node { computer: computer("A") }, 0);
        presences.add("2", with_slot("alerts", "A"), 0);
        presences.add("3", with_slot("ALERTS", "B"), 0);
        presences.add("4", with_slot("alerts", "B"), 0);
        presences.add("4", with_slot("alerts", "B"), 0);
        let everyone = Group::Everyone(slot("Alerts"));
        let one = |name| Group::One(computer(name), slot("alerts"));
        assert_eq!(presences.receivers(&everyone), ["A", "B"].map(String::from).into());
        assert_eq!((presences.count(&one("B")), presences.count(&one("C"))), (1, 0));
        presences.remove("4");
        presences.remove("4");
        assert_eq!(presences.count(&everyone), 2);
        presences.remove("3");
        assert_eq!((presences.count(&everyone), presences.count(&one("B"))), (1, 0));
        assert_eq!((presences.has_computer(&computer("A")), presences.has_computer(&computer("B"))), (true, false));
        assert_eq!(presences.members(), [("A".to_owned(), ["alerts".to_owned()].into())].into());
    }

    #[test]
    fn what_another_session_is_not_told_has_gone() {
        let mut presences = Presences::default();
        for (key, name) in [("1", "A"), ("2", "B")] {
            presences.add(key, Presence::Node { computer: computer(name) }, 0);
        }
        presences.remove_untold();
        let next = presences.begin_session();
        presences.add("2", Presence::Node { computer: computer("B") }, next);
        // The session before is cut off from both, and hears of one once more.
        presences.add("2", Presence::Node { computer: computer("B") }, 0);
        presences.remove_as_told("2", 0);
        assert_eq!(presences.computer_count(), 2);
        assert!(presences.is_told(&computer("A")) && !presences.is_told(&computer("B")));
        presences.remove_untold();
        assert_eq!(presences.members().into_keys().collect::<Vec<_>>(), ["B"]);
    }

    #[test]
    fn what_is_not_watched_any_more_is_forgotten() {
        let mut presences = Presences::default();
        let everything = [
            Presence::Node { computer: computer("A") },
            with_slot("alerts", "A"),
            with_slot("log", "A"),
            with_slot("Alerts", "B"),
        ];
        let slots = |names: &[&str]| names.iter().map(|name| Whom::Slot(slot(name))).collect();
        for (watched, kept) in [
            (HashSet::from([Whom::All]), [true; 4]),
            (slots(&["alerts", "log"]), [false, true, true, true]),
            (slots(&["ALERTS"]), [false, true, false, true]),
            (HashSet::from([Whom::Computer(computer("A"))]), [true, true, true, false]),
            (HashSet::new(), [false; 4]),
        ] {
            presences.watch(&HashSet::from([Whom::All]));
            for (key, presence) in ["1", "2", "3", "4"].iter().zip(&everything) {
                presences.add(key, presence.clone(), 0);
            }
            presences.watch(&watched);
            assert_eq!(everything.each_ref().map(|presence| presences.is_watched(presence)), kept, "{watched:?}");
            let found = ["1", "2", "3", "4"].map(|key| presences.announced.contains_key(key));
            assert_eq!(found, kept, "{watched:?}");
        }
    }

    #[test]
    fn bridges_are_there_as_long_as_they_are_announced() {
        let mut presences = Presences::default();
        let segment =
            |last| Segment { address: [192, 0, 2, last].into(), prefix_length: 24, workgroup: computer("OLD") };
        for last in [1, 2] {
            let bridge = Presence::Bridge { computer: computer("A"), segment: segment(last) };
            presences.add(&last.to_string(), bridge, 0);
        }
        presences.remove("1");
        assert_eq!(presences.bridges().collect::<Vec<_>>(), [&(computer("A"), segment(2))]);
        assert!(presences.has_computer(&computer("A")));
        presences.remove("2");
        assert_eq!((presences.bridges().count(), presences.has_computer(&computer("A"))), (0, false));
    }

    /// Somebody who has asked.
    fn asker(number: u8) -> ReplyTo {
        ReplyTo::from_parts(number.into(), [number; 32])
    }

    #[test]
    fn waits_are_over_with_enough_receivers_or_with_their_time() {
        let (mut presences, now) = (Presences::default(), Instant::now());
        let later = now + Duration::from_secs(1);
        let places = Places::new(MAX_WAITS);
        let askers = [1, 2].map(asker);
        for (at_least, asker) in (1..).zip(askers) {
            let place = places.take(asker.uid()).expect("free");
            let group = Group::Everyone(slot("x"));
            presences.wait(Waiting { group, at_least, deadline: later, asker, _place: place });
        }
        assert_eq!((presences.matched(now).len(), presences.deadline()), (0, Some(later)));
        presences.add("1", with_slot("x", "A"), 0);
        let matched = presences.matched(now);
        assert_eq!((matched.len(), matched[0].count, matched[0].asker), (1, 1, askers[0]));
        let matched = presences.matched(later);
        assert_eq!((matched.len(), matched[0].count, matched[0].asker), (1, 1, askers[1]));
        assert_eq!(presences.deadline(), None);
    }
}
