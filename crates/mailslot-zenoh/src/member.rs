//! A machine's part in one domain: the session, what is declared in it, and the slot for what is to be sent.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::SyncSender;
use std::sync::{Arc, Mutex, OnceLock};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use mailslot::network::Inbox;
use mailslot::network::ask::Asker;
use mailslot::network::routes::Answer;
use mailslot::{Access, Address, AsyncMailslot, Mailslot, MailslotOptions, NetbiosName, SlotName};
use mailslot_domain::{Destination, Domain, Kind, Legacy, Presence, Time, random};
use zenoh::liveliness::LivelinessToken;
use zenoh::pubsub::Subscriber;
use zenoh::qos::CongestionControl;
use zenoh::query::{ConsolidationMode, Query, QueryTarget, Queryable};
use zenoh::{Session, Wait};
use zenoh_runtime::ZRuntime;

use crate::bridge::{Bridge, FromDomain};
use crate::confirmed::{self, Pending};
use crate::counters::Counted;
use crate::error::{Error, Result};
use crate::events::{Events, field};
use crate::known::Known;
use crate::outgoing::{PRIORITY, Sender};
use crate::places::Places;
use crate::presences::{Group, MOST_WAITING, Waiting};
use crate::settings::{Settings, shares_queue};
use crate::state::{State, answer, lock, now, parts};
use crate::supervise;
use crate::wake::Wake;

/// Pause before another try to open a session.
const RETRY: Duration = Duration::from_secs(2);

/// A machine's part in one domain.
pub(crate) struct Member {
    pub(crate) state: Arc<State>,
    pub(crate) settings: Settings,
    config: zenoh::Config,
    /// The slot for what is to be sent; none after the end.
    outgoing: Mutex<Option<Mailslot>>,
    /// There from when it is open until the end.
    session: OnceLock<Session>,
    announced: Mutex<Announced>,
    /// For waits for receivers, and for confirmed writes.
    waits: Arc<Places>,
    writes: Arc<Places>,
    pub(crate) bridge: Bridge,
    stop: Arc<AtomicBool>,
    stopped: Wake,
    /// Woken when the task that sends has ended.
    sending_ended: Wake,
    thread: Mutex<Option<JoinHandle<()>>>,
}

/// What is declared in the session. Fields are undeclared in their order: who sees a token finds the rest.
#[derive(Default)]
struct Announced {
    slots: BTreeMap<String, AnnouncedSlot>,
    node: Option<LivelinessToken>,
    /// When the tokens are to be made anew, because keys change.
    renewal: Option<Time>,
    /// Directed messages, directed writes to be confirmed, and the presences of others.
    _all: Option<(Subscriber<()>, Queryable<()>, Subscriber<()>)>,
}

struct AnnouncedSlot {
    token: LivelinessToken,
    _subscriber: Subscriber<()>,
    _queryable: Queryable<()>,
    to_this_computer: Destination,
    name: SlotName,
}

impl Member {
    /// Takes part from now on; the session opens in the background. `changed` is woken when it is open.
    pub(crate) fn start(
        domain: Arc<Domain>,
        computer: &NetbiosName,
        settings: Settings,
        events: Events,
        changed: Arc<Wake>,
        from_domains: SyncSender<FromDomain>,
        known: Arc<Known>,
    ) -> Result<Arc<Member>> {
        let config = settings.config(&domain)?;
        let outgoing =
            MailslotOptions::new().access(Access::Everyone).capacity(settings.capacity()).create(slot_name(&domain))?;
        let reading = {
            let _context = ZRuntime::TX.enter();
            AsyncMailslot::new(outgoing.clone())?
        };
        let bridge = Bridge::new(&domain, settings.limits(), from_domains, Arc::clone(&events.wake));
        let member = Arc::new(Member {
            state: Arc::new(State::new(domain, computer, &settings, known)?),
            settings,
            config,
            outgoing: Mutex::new(Some(outgoing)),
            session: OnceLock::new(),
            announced: Mutex::default(),
            waits: Places::new(MOST_WAITING),
            writes: Places::new(confirmed::MOST),
            bridge,
            stop: Arc::default(),
            stopped: Wake::new()?,
            sending_ended: Wake::new()?,
            thread: Mutex::default(),
        });
        let (running, reading) = (Arc::clone(&member), Arc::new(reading));
        let (stop, seen) = (Arc::clone(&member.stop), events.clone());
        let work = move || running.run(&reading, &seen, &changed);
        *lock(&member.thread) = Some(supervise::spawn(format!("domain-{}", member.name()), stop, events, work)?);
        Ok(member)
    }

    pub(crate) fn name(&self) -> &NetbiosName {
        &self.state.name
    }

    /// Goes on with other keys: session, slots and streams stay. Tokens are made anew with the next look at the slots.
    pub(crate) fn use_keys(&self, domain: Arc<Domain>) {
        self.bridge.use_keys(&domain);
        self.state.use_keys(domain);
        lock(&self.announced).renewal = Some(now());
    }

    /// The slot for what is to be sent to `address`, and bytes of the largest message.
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

    /// Whether the session is open, and with how many peers and routers it is connected.
    pub(crate) fn connections(&self) -> Option<(usize, usize)> {
        let info = self.session.get()?.info();
        Some((info.peers_zid().wait().count(), info.routers_zid().wait().count()))
    }

    /// Ends everything: when this returns, the domain's slot is free and the session closed.
    pub(crate) fn stop(&self) {
        self.stop.store(true, Ordering::SeqCst);
        self.stopped.wake();
        // Others may still hold this member, but the name is free from the end of this call on.
        drop(lock(&self.outgoing).take());
        if let Some(thread) = lock(&self.thread).take() {
            thread.thread().unpark();
            // A thread that has panicked has ended, too.
            let _ = thread.join();
        }
        self.bridge.stop();
        *lock(&self.announced) = Announced::default();
        if let Some(session) = self.session.get() {
            // The others notice in any case.
            let _ = session.close().wait();
        }
        self.state.presences(|presences| presences.clear());
    }

    fn run(self: &Arc<Member>, outgoing: &Arc<AsyncMailslot>, events: &Events, changed: &Wake) {
        if self.session.get().is_none() && !self.open(events) {
            return;
        }
        changed.wake();
        while !self.stop.load(Ordering::SeqCst) {
            let ended = self.send(outgoing, events);
            if let Err(error) = ended
                && error.is_panic()
            {
                let reason = supervise::panic_text(&*error.into_panic());
                events.send("sending_ended", vec![field("domain", self.name()), field("reason", reason)]);
                self.wait(Some(supervise::PAUSE));
            }
        }
    }

    /// Sends what programs of this machine write, until the end.
    fn send(
        self: &Arc<Member>,
        outgoing: &Arc<AsyncMailslot>,
        events: &Events,
    ) -> std::result::Result<(), tokio::task::JoinError> {
        let (member, outgoing, events) = (Arc::clone(self), Arc::clone(outgoing), events.clone());
        let sending = ZRuntime::TX.spawn(async move {
            let _ended = SendingEnds(&member);
            let Some(session) = member.session.get() else { return };
            let mut sender = Sender::new(&member.state, session, &events, &member.settings.limits());
            sender.run(&outgoing, shares_queue(&member.config), &member.stop).await;
        });
        self.wait(None);
        sending.abort();
        // Until it has let go of the slot.
        let ended = ZRuntime::TX.block_on(sending);
        self.sending_ended.clear();
        ended
    }

    /// Opens the session, for as long as that takes. False if the end comes before.
    fn open(&self, events: &Events) -> bool {
        let name = || field("domain", self.name());
        let mut complained = false;
        while !self.stop.load(Ordering::SeqCst) {
            let opened = zenoh::open(self.config.clone()).wait().map_err(Error::zenoh("open the session"));
            match opened.and_then(|session| self.declare(session)) {
                Ok(()) => {
                    events.send("domain_open", vec![name()]);
                    return true;
                }
                Err(error) if !complained => {
                    events.send("domain_not_open", vec![name(), field("reason", error)]);
                    complained = true;
                }
                Err(_) => {}
            }
            self.wait(Some(RETRY));
        }
        false
    }

    /// Waits until the end, or that of the task that sends, or for `time` if that is earlier.
    fn wait(&self, time: Option<Duration>) {
        let timeout = time.map(|time| rustix::event::Timespec { tv_sec: time.as_secs() as _, tv_nsec: 0 });
        let mut fds = [&self.stopped, &self.sending_ended]
            .map(|wake| rustix::event::PollFd::new(wake, rustix::event::PollFlags::IN));
        while rustix::event::poll(&mut fds, timeout.as_ref()) == Err(rustix::io::Errno::INTR) {}
    }

    /// Declares what does not depend on slots, and puts the session where all find it.
    fn declare(&self, session: Session) -> Result<()> {
        let all = {
            let domain = self.state.domain();
            let mine = domain.all_slots_of(&self.state.computer);
            let state = Arc::clone(&self.state);
            let directed = session
                .declare_subscriber(&mine)
                .callback(move |sample| state.take_directed(&sample))
                .wait()
                .map_err(Error::zenoh("subscribe to messages for this computer"))?;
            let state = Arc::clone(&self.state);
            let confirmed = session
                .declare_queryable(&mine)
                .callback(move |query| {
                    let key_expression = query.key_expr().as_str().to_owned();
                    if let Some(payload) = query.payload() {
                        reply(&query, state.confirm_directed(&key_expression, payload, query.attachment()));
                    }
                })
                .wait()
                .map_err(Error::zenoh("take confirmed writes for this computer"))?;
            let state = Arc::clone(&self.state);
            let presences = session
                .liveliness()
                .declare_subscriber(domain.all_presences())
                .history(true)
                .callback(move |sample| state.take_presence(&sample))
                .wait()
                .map_err(Error::zenoh("learn who is there"))?;
            (directed, confirmed, presences)
        };
        lock(&self.announced)._all = Some(all);
        // Only this thread sets it, once.
        let _ = self.session.set(session);
        Ok(())
    }

    /// Announces the slots that are open to the network, and takes back what is gone.
    pub(crate) fn update(&self, slots: &BTreeMap<String, SlotName>, events: &Events) {
        let Some(session) = self.session.get() else { return };
        self.bridge.update(session, &self.state.computer, events);
        let mut announced = lock(&self.announced);
        let keys_change = announced.renewal.is_some_and(|renewal| renewal <= now());
        if keys_change {
            self.state.remove_expired_presences();
        }
        if keys_change || announced.node.is_none() {
            // It is tried again with the next look.
            if self.renew(session, &mut announced).is_err() {
                return;
            }
        }
        if keys_change {
            self.ask_for_presences(session, events);
        }
        let gone: Vec<String> = announced.slots.keys().filter(|key| !slots.contains_key(*key)).cloned().collect();
        for key in gone {
            if let Some(slot) = announced.slots.remove(&key) {
                self.state.remove_slot(&slot.to_this_computer);
            }
        }
        let mut all = true;
        for (key, name) in slots {
            if announced.slots.contains_key(key) {
                continue;
            }
            match self.announce(session, name) {
                Ok(slot) => drop(announced.slots.insert(key.clone(), slot)),
                Err(error) => {
                    // Nobody can ask for a slot that no domain can name.
                    all &= matches!(error, Error::Domain(_));
                    events.send("slot_not_announced", vec![field("slot", name), field("reason", error)]);
                }
            }
        }
        if all { self.state.slots_known() } else { self.state.slots_unknown() }
    }

    /// Makes all tokens anew, with the key that is to be used now. Each old one goes when the new one is there, so that nobody
    /// misses it.
    fn renew(&self, session: &Session, announced: &mut Announced) -> Result<()> {
        let next = self.state.domain().next_change(now());
        announced.node = Some(self.token(session, &Presence::Node { computer: self.state.computer.clone() })?);
        for slot in announced.slots.values_mut() {
            let presence = Presence::Slot { computer: self.state.computer.clone(), slot: slot.name.clone() };
            slot.token = self.token(session, &presence)?;
        }
        announced.renewal = next;
        Ok(())
    }

    /// Has all presences told again: some may be of a key that was not known when they came.
    fn ask_for_presences(&self, session: &Session, events: &Events) {
        let state = Arc::clone(&self.state);
        let asked = session
            .liveliness()
            .get(self.state.domain().all_presences())
            .callback(move |reply| {
                if let Ok(sample) = reply.result() {
                    state.take_presence(sample);
                }
            })
            .wait()
            .map_err(Error::zenoh("ask who is there"));
        if let Err(error) = asked {
            events.send("presences_not_read", vec![field("domain", self.name()), field("reason", error)]);
        }
    }

    fn announce(&self, session: &Session, name: &SlotName) -> Result<AnnouncedSlot> {
        let domain = self.state.domain();
        let (to_all, to_this_computer) = (domain.broadcast(name)?, domain.directed(&self.state.computer, name)?);
        let inbox = Arc::new(Mutex::new(Inbox::new(name.clone())));
        let (state, to, slot) = (Arc::clone(&self.state), to_all.clone(), Arc::clone(&inbox));
        let subscriber = session
            .declare_subscriber(to_all.key_expression().to_owned())
            .callback(move |sample| state.take(&to, &slot, &sample))
            .wait()
            .map_err(Error::zenoh("subscribe to a slot"))?;
        let (state, to, slot) = (Arc::clone(&self.state), to_all.clone(), Arc::clone(&inbox));
        let queryable = session
            .declare_queryable(to_all.key_expression().to_owned())
            .callback(move |query| {
                if let Some(payload) = query.payload() {
                    reply(&query, state.confirm(&to, &slot, payload, query.attachment()));
                }
            })
            .wait()
            .map_err(Error::zenoh("take confirmed writes to a slot"))?;
        let presence = Presence::Slot { computer: self.state.computer.clone(), slot: name.clone() };
        self.state.add_slot(to_this_computer.clone(), inbox);
        let token = self.token(session, &presence).inspect_err(|_| self.state.remove_slot(&to_this_computer))?;
        Ok(AnnouncedSlot {
            token,
            _subscriber: subscriber,
            _queryable: queryable,
            to_this_computer,
            name: name.clone(),
        })
    }

    fn token(&self, session: &Session, presence: &Presence) -> Result<LivelinessToken> {
        let key_expression = self.state.domain().presence_key_expression(presence, now(), &random()?)?;
        session.liveliness().declare_token(key_expression).wait().map_err(Error::zenoh("announce a presence"))
    }

    /// Sends what a bridge carries.
    pub(crate) fn carry(&self, to: &Destination, legacy: &Legacy<'_>, data: &[u8]) -> Result<()> {
        let Some(session) = self.session.get() else { return Ok(()) };
        let (envelope, _) = self.state.seal(Kind::Message, to, Some(legacy), data)?;
        let (payload, attachment) = parts(envelope);
        session
            .put(to.key_expression(), payload)
            .attachment(attachment)
            .congestion_control(CongestionControl::Drop)
            .priority(PRIORITY)
            .wait()
            .map_err(Error::zenoh("put a message"))
    }

    /// Has the asker told how many receive at `address`.
    pub(crate) fn count_receivers(&self, address: &Address, at_least: usize, within: Duration, asker: Asker) {
        let Some(place) = self.waits.take(asker.uid()) else {
            return refuse(&asker, "too many wait for receivers already, of this user or of all");
        };
        let deadline = Instant::now() + within;
        self.state.wait(Waiting { group: self.state.group(address), at_least, deadline, asker, _place: place });
    }

    /// Sends a message, and has the asker told what became of it.
    pub(crate) fn confirm(&self, address: &Address, data: &[u8], within: Duration, asker: Asker) {
        let Some(session) = self.session.get() else {
            return refuse(&asker, format!("the domain {} is not open yet", self.name()));
        };
        let Some(place) = self.writes.take(asker.uid()) else {
            return refuse(&asker, "too many confirmed writes wait already, of this user or of all");
        };
        let sealed =
            self.state.destination(address).and_then(|to| Ok((self.state.seal(Kind::Confirmed, &to, None, data)?, to)));
        let ((envelope, request), to) = match sealed {
            Ok(sealed) => sealed,
            Err(error) => return refuse(&asker, error.to_string()),
        };
        let group = self.state.group(address);
        let mut expected: BTreeSet<String> = self.state.receivers(&group);
        if let Group::One(computer, _) = &group {
            expected.insert(computer.to_string());
        }
        let pending = Pending::new(&self.state, request, expected, asker, place);
        let (payload, attachment) = parts(envelope);
        let begun = session
            .get(to.key_expression())
            .payload(payload)
            .attachment(attachment)
            .target(QueryTarget::All)
            .consolidation(ConsolidationMode::None)
            // The thread that asks serves all programs of this machine: better silence than waiting for one slow peer.
            .congestion_control(CongestionControl::Drop)
            .timeout(within.max(Duration::from_millis(1)))
            .callback(move |reply| pending.take(&reply))
            .wait();
        if let Err(error) = begun {
            // The callback is gone, and has told whoever wrote that nobody has answered.
            self.state.counters.count(Counted::OutgoingRefused);
            let _ = error;
        }
    }
}

fn refuse(asker: &Asker, why: impl Into<String>) {
    answer(asker, &Answer::Refused(why.into()));
}

/// Tells that the task that sends has ended, in whatever way.
struct SendingEnds<'m>(&'m Member);

impl Drop for SendingEnds<'_> {
    fn drop(&mut self) {
        self.0.sending_ended.wake();
    }
}

/// Answers a confirmed write, if there is something to answer.
fn reply(query: &Query, receipt: Option<mailslot_domain::Envelope>) {
    let Some(receipt) = receipt else { return };
    let (payload, attachment) = parts(receipt);
    // Who has gone needs no answer.
    let _ = query.reply(query.key_expr(), payload).attachment(attachment).wait();
}

/// The name of the slot for what is to be sent in the domain.
fn slot_name(domain: &Domain) -> String {
    format!(r"\\.\mailslot\mailslot\node\domain\{}", domain.name())
}
