//! What a machine's part in a domain looks at every second: the clock, the addresses and files that its session was opened with, and
//! whether it reaches its endpoints.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use mailslot::NetbiosName;
use mailslot_domain::Kind;

use crate::certificates;
use crate::link::{Answer, why_unreachable};
use crate::member::Member;
use crate::session::{Ground, Session};
use crate::state::State;

/// How often it looks, at most: what makes others look more often does not concern it.
const PAUSE: Duration = Duration::from_millis(50);
/// How long something must have been there before a session is opened for it, while the one before works: often several things come
/// one after the other.
const SETTLED: Duration = Duration::from_secs(1);
/// How long a session may take until it was told of everybody: longer than one that was cut off stays with others.
pub(crate) const TOLD: Duration = Duration::from_secs(15);
/// Computers that are asked for the time together, and how long they have for that.
const ASKED: usize = 8;
const PATIENCE: Duration = Duration::from_secs(1);
/// How long after it was asked in vain the time is asked for again, at most.
const LONGEST: Duration = Duration::from_secs(5);

/// What was seen at the last look.
#[derive(Default)]
pub(crate) struct Upkeep {
    looked: Option<Instant>,
    /// What the newest session was opened with: one that is about to follow the open one is not opened again for what it has.
    ground: Option<Ground>,
    /// What it lacks, and since when.
    lacking: Option<(Ground, Instant)>,
    /// When presences that the session was not told of have gone.
    told: Option<Instant>,
    /// What keeps the domain from its endpoints.
    unreachable: BTreeMap<String, String>,
    asking: Asking,
}

/// When the time is asked for, and whom.
#[derive(Default)]
struct Asking {
    next: Option<Instant>,
    pause: Duration,
    round: usize,
}

impl Upkeep {
    /// A session has been opened, with this.
    pub(crate) fn session_is_new(&mut self, ground: &Ground) {
        (self.ground, self.lacking, self.told) = (Some(ground.clone()), None, Some(Instant::now() + TOLD));
    }

    /// Looks at everything. `session` is the open one.
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
            for computer in self.asking.computers(&member.state) {
                ask_for_time(member, session, &computer);
            }
        }
    }

    fn look_at_endpoints(&mut self, member: &Member) {
        for endpoint in member.settings.connect(&member.state.domain()) {
            match why_unreachable(&endpoint) {
                Some(reason) if self.unreachable.get(&endpoint) != Some(&reason) => {
                    tracing::warn!(name: "endpoint_unreachable", domain = %member.name(), endpoint = %endpoint, reason = %reason);
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
        // A certificate may have come without its key yet.
        if is_time && certificates::check(&member.settings.tls).is_ok() {
            tracing::info!(name: "session_renewed", domain = %member.name(), cause = %lacks);
            self.lacking = None;
            member.reopen();
        } else {
            self.lacking = Some((ground, since));
        }
    }
}

impl Asking {
    /// Other computers of the domain, and others each time.
    fn computers(&mut self, state: &State) -> Vec<NetbiosName> {
        let all: Vec<NetbiosName> = state.presences(|presences| {
            presences
                .computers()
                .filter(|name| *name != state.computer.as_str())
                .filter_map(|name| name.parse().ok())
                .collect()
        });
        let first = (self.round * ASKED) % all.len().max(1);
        self.round += 1;
        all.iter().cycle().skip(first).take(ASKED.min(all.len())).cloned().collect()
    }
}

/// Asks a computer for the time; its receipt has it.
fn ask_for_time(member: &Arc<Member>, session: &Session, computer: &NetbiosName) {
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
    // It is asked again.
    let _ = session.link.ask(to.key_expression(), envelope, PATIENCE, answered);
}
