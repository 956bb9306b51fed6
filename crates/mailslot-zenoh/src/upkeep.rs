//! What is checked every second in a domain: the clock, the addresses and files that the session was opened with, and
//! whether its endpoints are reached.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use mailslot::NetbiosName;
use mailslot_domain::Kind;

use crate::certificates;
use crate::link::{Answer, Link, why_unreachable};
use crate::member::Member;
use crate::presences::{Presences, Whom};
use crate::session::{Ground, Session};

/// The shortest pause between two looks, however often the slots are looked at.
const PAUSE: Duration = Duration::from_millis(50);
/// How long a change must last before a session is opened for it while the previous one works: often several changes
/// come one after the other.
const SETTLED: Duration = Duration::from_secs(1);
/// How long a session may take until it has been told of all presences: longer than one that was cut off stays known to
/// peers.
pub(crate) const TOLD: Duration = Duration::from_secs(15);
/// Computers that are asked for the time together, and how long they have to answer.
const ASKED: usize = 8;
const PATIENCE: Duration = Duration::from_secs(1);
/// The longest pause before the time is asked for again.
const LONGEST: Duration = Duration::from_secs(5);

/// What was seen at the last look.
#[derive(Default)]
pub(crate) struct Upkeep {
    looked: Option<Instant>,
    /// What the newest session was opened with: one that is about to replace the open one is not opened again for what
    /// it has.
    ground: Option<Ground>,
    /// What that session lacks, and since when.
    lacking: Option<(Ground, Instant)>,
    /// When to remove presences that the newest session has not been told of.
    told: Option<Instant>,
    /// Why endpoints of the domain cannot be reached.
    unreachable: BTreeMap<String, String>,
    asking: Asking,
}

/// When the time is asked for next, and from whom.
#[derive(Default)]
struct Asking {
    next: Option<Instant>,
    pause: Duration,
    round: usize,
}

impl Upkeep {
    /// A session has been opened with `ground`.
    pub(crate) fn session_is_new(&mut self, ground: &Ground) {
        (self.ground, self.lacking, self.told) = (Some(ground.clone()), None, Some(Instant::now() + TOLD));
    }

    /// Checks everything. `session` is the open one.
    pub(crate) fn look(&mut self, member: &Arc<Member>, session: Option<&Session>) {
        let now = Instant::now();
        if self.looked.is_some_and(|looked| now.duration_since(looked) < PAUSE) {
            return;
        }
        self.looked = Some(now);
        self.look_at_clock(member, session, now);
        self.look_at_endpoints(member);
        if session.is_none() {
            return;
        }
        if self.told.is_some_and(|told| told <= now) {
            self.told = None;
            member.state.presences(|presences| presences.remove_untold());
        }
        self.look_at_ground(member, now);
    }

    fn look_at_clock(&mut self, member: &Arc<Member>, session: Option<&Session>, now: Instant) {
        let (start, set) = member.state.look_at_clock();
        member.bridge.clock_says(start);
        if let Some(millis) = set {
            let by = format!("{:+.1} s", millis as f64 / 1000.0);
            tracing::warn!(name: "clock_set", domain = %member.name(), by = %by);
            member.renew_at_once();
            self.asking = Asking::default();
        }
        if member.state.is_clock_in_doubt()
            && let Some(session) = session
            && self.asking.next.is_none_or(|next| next <= now)
        {
            self.asking.pause = (self.asking.pause * 2).clamp(PATIENCE, LONGEST);
            self.asking.next = Some(now + self.asking.pause);
            let round = self.asking.round;
            self.asking.round += 1;
            let (asking, link) = (Arc::downgrade(member), session.link.clone());
            let own = member.state.computer.clone();
            let others = move |presences: &Presences| others(presences, &own, round);
            let ask = move |member: &Arc<Member>, others: &[NetbiosName]| {
                others.iter().for_each(|computer| ask_for_time(member, &link, computer));
            };
            // In a large domain, others are in the part where this computer is.
            let near = Whom::Computer(member.state.computer.clone());
            member.look_at(near, others.clone(), move |found| {
                let Some(member) = asking.upgrade() else { return };
                match found {
                    Some(found) if !found.is_empty() => ask(&member, &found),
                    _ => member.look_at(Whom::All, others, move |found| {
                        if let (Some(member), Some(found)) = (asking.upgrade(), found) {
                            ask(&member, &found);
                        }
                    }),
                }
            });
        }
    }

    fn look_at_endpoints(&mut self, member: &Member) {
        for endpoint in member.settings.connect(&member.state.domain()) {
            match why_unreachable(&endpoint) {
                Some(reason) if self.unreachable.get(&endpoint) != Some(&reason) => {
                    let domain = member.name();
                    tracing::warn!(name: "endpoint_unreachable", domain = %domain, %endpoint, %reason);
                    self.unreachable.insert(endpoint, reason);
                }
                None if self.unreachable.contains_key(&endpoint) => {
                    tracing::info!(name: "endpoint_reached", domain = %member.name(), endpoint = %endpoint);
                    self.unreachable.remove(&endpoint);
                }
                _ => {}
            }
        }
    }

    fn look_at_ground(&mut self, member: &Member, now: Instant) {
        let ground = Ground::now(&member.settings, &member.state.domain());
        let Some(before) = &self.ground else { return };
        let Some(lacks) = before.lacks(&ground) else { return self.lacking = None };
        let since = match &self.lacking {
            Some((seen, since)) if *seen == ground => *since,
            _ => now,
        };
        let is_time = before.has_lost_all(&ground) || now.duration_since(since) >= SETTLED;
        // A certificate may have been written, and its key not yet.
        if is_time && certificates::check(&member.settings.tls).is_ok() {
            tracing::info!(name: "session_renewed", domain = %member.name(), cause = %lacks);
            self.lacking = None;
            member.reopen();
        } else {
            self.lacking = Some((ground, since));
        }
    }
}

/// Up to [`ASKED`] computers of the domain other than `own`, different ones in each round.
fn others(presences: &Presences, own: &NetbiosName, round: usize) -> Vec<NetbiosName> {
    let all: Vec<&str> = presences.computers().filter(|name| *name != own.as_str()).collect();
    let first = (round * ASKED) % all.len().max(1);
    all.iter().cycle().skip(first).take(ASKED.min(all.len())).filter_map(|name| name.parse().ok()).collect()
}

/// Asks a computer for the time, which its receipt has.
fn ask_for_time(member: &Arc<Member>, link: &Link, computer: &NetbiosName) {
    let to = member.state.domain().clock(computer);
    // Without a key there is nothing to ask with; when the clock is right there is one.
    let Ok((envelope, request)) = member.state.seal(Kind::Confirmed, &to, None, &[]) else { return };
    let asking = Arc::downgrade(member);
    let answered = move |answer: Answer| {
        if let (Some(member), Some((payload, _))) = (asking.upgrade(), answer) {
            member.bridge.confirm_clock(&request, &member.state.computer, payload.clone());
            member.state.confirm_clock(&request, payload);
        }
    };
    // If it fails, the time is asked for again.
    let _ = link.ask(to.key_expression(), envelope, PATIENCE, answered);
}
