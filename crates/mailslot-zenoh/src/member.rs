//! A machine's part in one domain: its sessions, one after the other, and the slot for messages to be sent.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{SyncSender, channel};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use mailslot::network::routes::Answer;
use mailslot::{Access, Address, Mailslot, MailslotOptions, NetbiosName, ReplyTo, SlotName};
use mailslot_domain::settings::Settings;
use mailslot_domain::{Destination, Domain, Kind, Legacy, Request};

use crate::announcing::{self, Announced};
use crate::bridge::{self, Bridge, FromDomain};
use crate::confirming::Confirming;
use crate::error::Result;
use crate::known::Known;
use crate::link::{self, Task};
use crate::lock::lock;
use crate::outgoing::Sender;
use crate::places::{Place, Places};
use crate::presences::{MAX_WAITS, Presences, Waiting, Whom};
use crate::requesting::Requesting;
use crate::retry;
use crate::session::{Ground, Session, can_overlap};
use crate::state::{State, answer};
use crate::supervise;
use crate::survey::Surveys;
use crate::sys::{AsyncMailslot, Wake};
use crate::upkeep::{TOLD, Upkeep};

/// How long a computer has to answer that it is there, before presences are asked for.
const PATIENCE: Duration = Duration::from_millis(300);
/// How long to wait until those who are in the domain are told.
const TELLING: Duration = Duration::from_secs(2);
/// Computers that are remembered because they have answered.
const MAX_FOUND: usize = 1024;
/// How long messages wait in the slot until a session that replaces another one is connected as that was, and knows
/// all presences that it knew.
const HELD: Duration = Duration::from_secs(5);
/// How often to check whether it does.
const LOOK: Duration = Duration::from_millis(100);

/// The computers of a domain, and the slots of each.
pub(crate) type Members = BTreeMap<String, BTreeSet<String>>;

/// What is declared in a session that was replaced.
type Before = (announcing::Before, bridge::Declared);

/// A machine's part in one domain.
pub(crate) struct Member {
    pub(crate) state: Arc<State>,
    pub(crate) settings: Settings,
    pub(crate) bridge: Bridge,
    /// The slot for messages to be sent; none after the end.
    outgoing: Mutex<Option<Mailslot>>,
    /// The open session.
    session: Mutex<Option<Arc<Session>>>,
    announced: Mutex<Announced>,
    upkeep: Mutex<Upkeep>,
    /// Waits for receivers.
    waits: Arc<Places>,
    /// Whether everybody is watched, because there are other networks beside this one in which a name may be meant.
    has_others: AtomicBool,
    surveys: Arc<Surveys>,
    /// When computers were found last: while a session follows another one, nobody seems to be away.
    found: Mutex<HashMap<NetbiosName, Instant>>,
    /// The peers and routers that the session was connected with lately.
    neighbours: Mutex<BTreeSet<String>>,
    confirming: Confirming,
    requesting: Requesting,
    life: Life,
}

/// The thread that holds the session open, and what it is told.
struct Life {
    stop: Arc<AtomicBool>,
    /// Another session is to be opened.
    reopen: AtomicBool,
    /// Woken when one of these is set, or the task that sends has ended.
    woken: Arc<Wake>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Member {
    /// Takes part from now on; the session opens in the background, and `changed` is woken when it is open.
    #[expect(clippy::too_many_arguments, reason = "each is one thing that the member shares with others")]
    pub(crate) fn start(
        domain: Arc<Domain>,
        computer: &NetbiosName,
        settings: Settings,
        carried: Arc<Wake>,
        changed: Arc<Wake>,
        from_domains: SyncSender<FromDomain>,
        known: Arc<Known>,
        has_others: bool,
    ) -> Result<Arc<Member>> {
        let outgoing =
            MailslotOptions::new().access(Access::Everyone).capacity(settings.capacity()).create(slot_name(&domain))?;
        let reading = {
            let _context = link::enter();
            AsyncMailslot::new(outgoing.clone())?
        };
        let bridge = Bridge::new(&domain, settings.limits(), from_domains, carried);
        let stop = Arc::new(AtomicBool::new(false));
        let member = Arc::new(Member {
            state: Arc::new(State::new(domain, computer, &settings, known)?),
            settings,
            bridge,
            outgoing: Mutex::new(Some(outgoing)),
            session: Mutex::default(),
            announced: Mutex::default(),
            upkeep: Mutex::default(),
            waits: Places::new(MAX_WAITS),
            has_others: AtomicBool::new(has_others),
            surveys: Arc::default(),
            found: Mutex::default(),
            neighbours: Mutex::default(),
            confirming: Confirming::new(),
            requesting: Requesting::new(),
            life: Life {
                stop: Arc::clone(&stop),
                reopen: AtomicBool::new(false),
                woken: Arc::new(Wake::new()?),
                thread: Mutex::default(),
            },
        });
        let (running, reading) = (Arc::clone(&member), Arc::new(reading));
        let work = move || running.run(&reading, &changed);
        *lock(&member.life.thread) = Some(supervise::spawn(format!("domain-{}", member.name()), stop, work)?);
        Ok(member)
    }

    pub(crate) fn name(&self) -> &NetbiosName {
        &self.state.name
    }

    /// Continues with other keys: session, slots and streams stay. The next look at the slots renews all tokens.
    pub(crate) fn use_keys(&self, domain: Arc<Domain>) {
        self.bridge.use_keys(&domain);
        self.state.use_keys(domain);
        lock(&self.announced).renew_at_once();
    }

    /// Has the next look at the slots renew all tokens, and ask for those of others: another clock may mean other keys.
    pub(crate) fn renew_at_once(&self) {
        self.bridge.renew_at_once();
        lock(&self.announced).renew_at_once();
    }

    /// The slot for messages to `address`, and bytes of the largest message.
    pub(crate) fn route(&self, address: &Address) -> Answer {
        if let Err(error) = self.state.destination(address) {
            return Answer::Refused(error.to_string());
        }
        let max_message = u32::try_from(self.settings.max_message_size).unwrap_or(u32::MAX);
        match &*lock(&self.outgoing) {
            Some(outgoing) => Answer::Route { slot: outgoing.name().clone(), max_message },
            None => Answer::Refused(format!("the domain {} has just ended here", self.name())),
        }
    }

    pub(crate) fn is_open(&self) -> bool {
        lock(&self.session).is_some()
    }

    /// The numbers of peers and of routers to which the session is connected; `None` if no session is open.
    pub(crate) fn connections(&self) -> Option<(usize, usize)> {
        Some(self.session()?.link.connections())
    }

    /// Ends everything: when this returns, the domain's slot is free, and the session closed or about to be.
    pub(crate) fn stop(&self) {
        self.life.stop.store(true, Ordering::SeqCst);
        self.life.woken.wake();
        // Other threads may still hold this member, but the name is free once this returns.
        drop(lock(&self.outgoing).take());
        if let Some(thread) = lock(&self.life.thread).take() {
            thread.thread().unpark();
            // A thread that has panicked has ended, too.
            let _ = thread.join();
        }
        self.bridge.stop();
        self.close();
        self.state.presences(|presences| presences.watch(&HashSet::new()));
    }

    /// Has another session opened: there are addresses or files that the current one lacks.
    pub(crate) fn reopen(&self) {
        self.life.reopen.store(true, Ordering::SeqCst);
        self.life.woken.wake();
    }

    /// Has `told` told the computers that take part, and the slots that each of them has open; or why they are not
    /// known.
    pub(crate) fn list(&self, told: impl FnOnce(core::result::Result<Members, String>) + Send + 'static) {
        let name = self.name().clone();
        if !self.is_open() {
            return told(Err(format!("the domain {name} is not open yet")));
        }
        self.look_at(Whom::All, Presences::members, move |members| {
            told(members.ok_or_else(|| format!("{name} has not told in time who is there")));
        });
    }

    fn session(&self) -> Option<Arc<Session>> {
        lock(&self.session).clone()
    }

    fn run(self: &Arc<Member>, outgoing: &Arc<AsyncMailslot>, changed: &Wake) {
        while !self.is_stopped() {
            // An open session stays, even if this thread has panicked.
            let was_open = self.is_open();
            let Some(session) = self.session().or_else(|| self.open()) else { return };
            changed.wake();
            if !was_open {
                self.wait_until_told(&session, HELD);
            }
            let mut before = None;
            while !self.is_stopped() && before.is_none() && !self.life.reopen.swap(false, Ordering::SeqCst) {
                before = self.send(&session, outgoing);
            }
            if before.is_some() {
                // Peers learn of the new declarations before the old session goes, and what was under way to and from
                // it arrives.
                self.pause(Duration::from_secs(1));
                drop(before);
                session.close();
            } else if !self.is_stopped() {
                drop(session);
                self.close();
            }
        }
    }

    fn is_stopped(&self) -> bool {
        self.life.stop.load(Ordering::SeqCst)
    }

    /// Sends what programs of this machine write, until the end of the session. Returns what is declared in it if it
    /// was replaced.
    fn send(self: &Arc<Member>, session: &Arc<Session>, outgoing: &Arc<AsyncMailslot>) -> Option<Before> {
        let (member, outgoing) = (Arc::clone(self), Arc::clone(outgoing));
        let by = Arc::clone(session);
        let sending: Task = link::begin(async move {
            let _ended = SendingEnds(&member);
            let mut sender = Sender::new(&member.state, &by.link, &member.settings.limits());
            sender.run(&outgoing, by.shares_queue, &member.life.stop).await;
        });
        self.life.woken.wait(None);
        let is_wanted = !self.is_stopped() && self.life.reopen.load(Ordering::SeqCst);
        // Messages that would be sent from an address that has gone wait in the slot, which the task has let go of once
        // it has ended.
        let ground = Ground::now(&self.settings, &self.state.domain());
        let (before, ended) = if !is_wanted {
            (None, sending.end())
        } else if session.ground.has_lost_all(&ground) {
            // The next session would discover this one beside it, and try for seconds to reach it where it no longer
            // is.
            (None, sending.end())
        } else if session.ground.has_lost(&ground) {
            let ended = sending.end();
            (self.replace(HELD), ended)
        } else {
            (self.replace(TOLD), sending.end())
        };
        self.life.woken.clear();
        if let Err(error) = ended
            && error.is_panic()
        {
            let reason = supervise::panic_text(&*error.into_panic());
            tracing::error!(name: "sending_ended", domain = %self.name(), reason = %reason);
            self.life.woken.wait(Some(supervise::PAUSE));
        }
        before
    }

    /// Waits for `long`, unless woken before.
    fn pause(&self, long: Duration) {
        self.life.woken.clear();
        if !self.is_stopped() {
            self.life.woken.wait(Some(long));
        }
    }

    /// Waits, at most `within`, until the session is connected as the previous one was, and has been told of all
    /// presences that the previous one knew.
    fn wait_until_told(&self, session: &Session, within: Duration) {
        let end = Instant::now() + within;
        let before = lock(&self.neighbours).clone();
        let is_told = || {
            before.is_subset(&session.link.neighbours())
                && self.state.presences(|presences| presences.is_told(&self.state.computer))
        };
        while !is_told() && Instant::now() < end && !self.is_stopped() {
            self.pause(LOOK);
        }
    }

    /// The presences that this machine watches, and does not just ask for: those that somebody waits for, or all.
    fn watches(&self) -> HashSet<Whom> {
        match self.knows_all() {
            true => HashSet::from([Whom::All]),
            false => self.state.presences(|presences| presences.waited_for()),
        }
    }

    /// Whether this machine watches everybody: it must know what a name means among several networks, or is a bridge.
    pub(crate) fn knows_all(&self) -> bool {
        self.has_others.load(Ordering::SeqCst) || self.bridge.is_wanted()
    }

    /// There are other networks beside this one, or none. When this returns, those who are in this one are known, if
    /// somebody tells them in time.
    pub(crate) fn has_others(&self, has: bool) {
        let had = self.has_others.swap(has, Ordering::SeqCst);
        let Some(session) = self.session().filter(|_| has && !had) else { return };
        self.watch(&session);
        let (telling, told) = channel();
        session.ask_for_presences(&self.state, move || {
            // Who does not wait any more does not want it.
            let _ = telling.send(());
        });
        let _ = told.recv_timeout(TELLING);
    }

    fn watch(&self, session: &Session) {
        if let Err(error) = session.watch(&self.state, || self.watches()) {
            // It is tried again with the next look.
            tracing::warn!(name: "presences_not_watched", domain = %self.name(), reason = %error);
        }
    }

    /// Has `look` look at the presences of `whom`, and perhaps others, now or when they have been asked for; and `then`
    /// work with what it returns, or with nothing if not all of them were told.
    pub(crate) fn look_at<T>(
        &self,
        whom: Whom,
        look: impl FnOnce(&Presences) -> T + Send + 'static,
        then: impl FnOnce(Option<T>) + Send + 'static,
    ) {
        if self.knows_all() {
            then(Some(self.state.presences(|presences| look(presences))));
        } else {
            self.surveys.ask(&self.state, whom, move |found| then(found.map(look)));
        }
    }

    /// Opens a session, however long that takes. `None` if the member is stopped before.
    fn open(&self) -> Option<Arc<Session>> {
        let mut said = None;
        while !self.is_stopped() {
            match Session::open(&self.state, &self.settings, &self.life.woken, || self.is_stopped()) {
                Ok(None) => return None,
                Ok(Some(session)) => {
                    let session = Arc::new(session);
                    self.watch(&session);
                    self.surveys.use_link(Some(session.link.clone()));
                    lock(&self.upkeep).session_is_new(&session.ground);
                    self.life.reopen.store(false, Ordering::SeqCst);
                    *lock(&self.session) = Some(Arc::clone(&session));
                    tracing::info!(name: "domain_open", domain = %self.name());
                    self.bridge.wake();
                    return Some(session);
                }
                Err(error) => {
                    let reason = error.to_string();
                    if said.as_ref() != Some(&reason) {
                        tracing::warn!(name: "domain_not_open", domain = %self.name(), reason = %reason);
                        said = Some(reason);
                    }
                }
            }
            self.life.woken.clear();
            if !self.is_stopped() {
                self.life.woken.wait(Some(retry::pause()));
            }
        }
        None
    }

    /// Replaces the open session by another one, if two can be open at once, and returns what is declared in the old
    /// one. So no message is missed in between, and no computer seems to be away. Before that, the new session has
    /// `within` to learn of all presences.
    fn replace(&self, within: Duration) -> Option<Before> {
        if !can_overlap(&self.settings, &self.state.domain()) {
            return None;
        }
        let session = Session::open(&self.state, &self.settings, &self.life.woken, || self.is_stopped()).ok()??;
        let session = Arc::new(session);
        self.watch(&session);
        lock(&self.upkeep).session_is_new(&session.ground);
        self.life.reopen.store(false, Ordering::SeqCst);
        self.wait_until_told(&session, within);
        let mut announced = lock(&self.announced);
        *lock(&self.session) = Some(Arc::clone(&session));
        self.surveys.use_link(Some(session.link.clone()));
        let slots = announced.move_to(&session.link, &self.state);
        let bridge = self.bridge.move_to(&session.link, &self.state.computer);
        drop(announced);
        tracing::info!(name: "domain_open", domain = %self.name());
        Some((slots, bridge))
    }

    /// Closes the session, if one is open. What was announced in it is undeclared first.
    fn close(&self) {
        let Some(session) = lock(&self.session).take() else { return };
        self.surveys.use_link(None);
        std::mem::take(&mut *lock(&self.announced)).end(&self.state);
        self.bridge.end_session();
        session.close();
    }

    /// Announces the slots that are open to the network, undeclares those that are gone, and looks at everything else.
    pub(crate) fn update(self: &Arc<Member>, slots: &BTreeMap<String, SlotName>) {
        let session = self.session();
        lock(&self.upkeep).look(self, session.as_deref());
        if let Some(session) = session {
            let neighbours = session.link.neighbours();
            if !neighbours.is_empty() {
                *lock(&self.neighbours) = neighbours;
            }
            self.watch(&session);
        }
        let mut announced = lock(&self.announced);
        // Use the session that is open now: what is announced in one that was closed meanwhile would never be
        // undeclared.
        let Some(session) = self.session() else { return };
        self.bridge.update(&session.link, &self.state.computer);
        announced.update(&session, &self.state, slots);
    }

    /// Sends a message that a bridge carries.
    pub(crate) fn carry(&self, to: &Destination, legacy: &Legacy<'_>, data: &[u8]) -> Result<()> {
        let Some(session) = self.session() else { return Ok(()) };
        let (envelope, _) = self.state.seal(Kind::Message, to, Some(legacy), data)?;
        session.link.put(to.key_expression(), envelope)
    }

    /// Has the asker told how many receive at `address`.
    pub(crate) fn count_receivers(&self, address: &Address, at_least: usize, within: Duration, asker: ReplyTo) {
        let Some(place) = self.waits.take(asker.uid()) else {
            return refuse(&asker, "too many waits for receivers are under way, of this user or of all");
        };
        let group = self.state.group(address);
        let session = self.session();
        if within.is_zero() && session.is_some() {
            let name = self.name().clone();
            let count = move |found: &Presences| found.count(&group);
            return self.look_at(Whom::Slot(address.slot().clone()), count, move |count| {
                let _place = place;
                match count {
                    Some(count) => answer(&asker, &Answer::Receivers(u32::try_from(count).unwrap_or(u32::MAX))),
                    None => refuse(&asker, format!("{name} has not told in time who receives")),
                }
            });
        }
        let deadline = Instant::now() + within;
        self.state.wait(Waiting { group, at_least, deadline, asker, _place: place });
        // Otherwise they are watched from the beginning of the next session on.
        if let Some(session) = session {
            self.watch(&session);
        }
    }

    /// Has the asker told the way to a computer, if that is there: it is asked itself, and if it does not answer,
    /// whoever knows all presences. `away` is what he is told if it is not there.
    pub(crate) fn find(self: &Arc<Member>, computer: &NetbiosName, address: &Address, asker: ReplyTo, away: Answer) {
        if *computer == self.state.computer {
            return answer(&asker, &self.route(address));
        }
        let Some(session) = self.session() else {
            return answer(&asker, &self.found_lately(computer, address).unwrap_or_else(|| not_yet(away, self.name())));
        };
        let Some(place) = self.waits.take(asker.uid()) else {
            return refuse(&asker, "too many wait for computers already, of this user or of all");
        };
        let finding = Finding {
            member: Arc::clone(self),
            computer: computer.clone(),
            address: address.clone(),
            asker,
            away: Mutex::new(Some((away, place))),
        };
        let to = self.state.domain().clock(computer);
        // An open domain has peers that do no more than announce themselves, and tells who is meant by a presence.
        let sealed = self.state.owner().and_then(|_| self.state.seal(Kind::Confirmed, &to, None, &[]).ok());
        if let Some((envelope, request)) = sealed {
            let answered = move |answered: link::Answer| finding.take(&request, answered);
            // The closure asks on when it is dropped, in any case.
            let _ = session.link.ask(to.key_expression(), envelope, PATIENCE, answered);
        }
    }

    fn note_found(&self, computer: &NetbiosName) {
        let mut found = lock(&self.found);
        if found.len() >= MAX_FOUND {
            found.retain(|_, at| at.elapsed() < TOLD);
        }
        if found.len() < MAX_FOUND {
            found.insert(computer.clone(), Instant::now());
        }
    }

    /// The way to a computer that was found so lately that it may be there still, where nobody can tell.
    fn found_lately(&self, computer: &NetbiosName, address: &Address) -> Option<Answer> {
        let was_found = lock(&self.found).get(computer).is_some_and(|at| at.elapsed() < TOLD);
        was_found.then(|| self.route(address))
    }

    /// Sends a request, and has the asker told the replies.
    pub(crate) fn request(&self, address: &Address, data: &[u8], within: Duration, asker: ReplyTo) {
        let Some(session) = self.open_session(&asker) else { return };
        if let Err(why) = self.requesting.begin(&session.link, &self.state, address, data, within, asker) {
            refuse(&asker, why);
        }
    }

    /// The open session. If there is none, the asker is told so.
    fn open_session(&self, asker: &ReplyTo) -> Option<Arc<Session>> {
        let session = self.session();
        if session.is_none() {
            refuse(asker, format!("the domain {} is not open yet", self.name()));
        }
        session
    }

    /// Sends a message, and has the asker told what became of it.
    pub(crate) fn confirm(&self, address: &Address, data: &[u8], within: Duration, asker: ReplyTo) {
        let Some(session) = self.open_session(&asker) else { return };
        let surveys = (!self.knows_all()).then_some(&self.surveys);
        let begun = self.confirming.begin(&session.link, &self.state, address, data, within, asker, surveys);
        if let Err((asker, why)) = begun {
            refuse(&asker, why);
        }
    }
}

/// The search for a computer, while that itself is asked.
struct Finding {
    member: Arc<Member>,
    computer: NetbiosName,
    address: Address,
    asker: ReplyTo,
    /// What is said if it is not there; nothing when the search is over.
    away: Mutex<Option<(Answer, Place)>>,
}

impl Finding {
    fn take(&self, request: &Request, answered: link::Answer) {
        let receipt = answered
            .and_then(|(payload, attachment)| self.member.state.open_receipt(request, payload, attachment.as_deref()));
        if receipt.is_some_and(|receipt| receipt.computer == self.computer.as_str())
            && lock(&self.away).take().is_some()
        {
            self.member.state.remember(&self.computer);
            self.member.note_found(&self.computer);
            answer(&self.asker, &self.member.route(&self.address));
        }
    }
}

/// It has not answered.
impl Drop for Finding {
    fn drop(&mut self) {
        let Some((away, place)) = lock(&self.away).take() else { return };
        let member = Arc::clone(&self.member);
        let (computer, address, asker) = (self.computer.clone(), self.address.clone(), self.asker);
        // Zenoh drops this with locks of its own.
        link::later(Duration::ZERO, move || {
            let (whom, name) = (Whom::Computer(computer.clone()), computer.clone());
            let is_there = move |found: &Presences| found.has_computer(&computer);
            let finding = Arc::clone(&member);
            member.look_at(whom, is_there, move |is_there| {
                let _place = place;
                let said = match is_there {
                    Some(true) => {
                        finding.note_found(&name);
                        finding.route(&address)
                    }
                    Some(false) => away,
                    None => finding.found_lately(&name, &address).unwrap_or_else(|| {
                        Answer::Refused(format!("{} has not told in time whether {name} is there", finding.name()))
                    }),
                };
                answer(&asker, &said);
            });
        });
    }
}

/// What is said of a computer while the domain is not open: that it is away, if that is known to be a member, and
/// otherwise that nobody can be asked.
fn not_yet(away: Answer, domain: &NetbiosName) -> Answer {
    match away {
        Answer::Legacy => Answer::Refused(format!("the domain {domain} is not open yet")),
        away => away,
    }
}

fn refuse(asker: &ReplyTo, why: impl Into<String>) {
    answer(asker, &Answer::Refused(why.into()));
}

/// Wakes the member's thread when the task that sends has ended, in whatever way.
struct SendingEnds<'m>(&'m Member);

impl Drop for SendingEnds<'_> {
    fn drop(&mut self) {
        self.0.life.woken.wake();
    }
}

/// The name of the slot for messages to be sent in the domain.
fn slot_name(domain: &Domain) -> String {
    format!(r"\\.\mailslot\mailslot\node\domain\{}", domain.name())
}
