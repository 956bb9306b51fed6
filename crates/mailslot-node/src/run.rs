//! A node at work: one thread that waits for packets, messages of this machine, signals and deadlines.

mod copies;
mod delivery;
mod samba;

use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use mailslot::network::{self, Outgoing, ask};
use mailslot::{Access, MailslotOptions, MailslotWriter};
use mailslot_wire::Name;
use rustix::event::Timespec;

use crate::answers::{Answers, State};
use crate::capture::Sinks;
use crate::config::Settings;
use crate::control;
use crate::error::{Error, Result};
use crate::io::batch::{BUFFERS, Incoming, PACKETS};
use crate::io::drops;
use crate::io::intake::Intake;
use crate::io::interfaces::{self, Named};
use crate::io::ready::ready;
use crate::io::signals::Signals;
use crate::io::slots::Slots;
use crate::io::sockets::Sockets;
use crate::log::{Log, field};
use crate::metrics::Metrics;
use crate::modern::Modern;
use crate::privileges::become_user;
use crate::under_way::UnderWay;
use crate::{routing, seed, squatters};
use mailslot_netbios::{Config, Event, Node, Target, Transmit};
use samba::Beside;

/// How often the interfaces are looked at.
const LOOK_AT_INTERFACES: Duration = Duration::from_secs(3);
/// How long the release of names may take.
const RELEASE: Duration = Duration::from_secs(4);
/// Packets taken from one socket, or messages from a slot, before the others have their turn; a reader of what has come is
/// woken once. The last call for packets may bring some two thousand more, for which the node's queue of events has room.
const TURN: usize = 256;
/// Bytes of messages that may wait for the node.
const CAPACITY: u64 = 1 << 20;

/// Runs a node until SIGINT or SIGTERM comes, and releases its names then. `load` tells the settings, now and again at
/// each SIGHUP; settings that are wrong then leave the old ones in place. `log` gets one line for each thing that happens.
///
/// # Errors
///
/// - [`Error::AlreadyRuns`] if there is a node on this machine
/// - [`Error::PortInUse`] if another program has a port that the node needs
/// - [`Error::PortNotAllowed`] if this process may not use it
/// - [`Error::User`] if the process cannot become the user that the settings name
/// - [`Error::Settings`] if the settings are wrong
/// - [`Error::Slot`], [`Error::Io`] if the system refuses something else
pub fn run(load: impl Fn() -> Result<Settings>, log: impl FnMut(&str) + Send + 'static) -> Result<()> {
    let signals = Signals::catch()?;
    let settings = load()?;
    Machine::start(settings, Log::new(log))?.run(&signals, load)
}

/// A node with all that surrounds it.
pub(crate) struct Machine {
    settings: Settings,
    config: Config,
    node: Node,
    sockets: Vec<Sockets>,
    nmbd: Option<Beside>,
    slots: Slots,
    /// What is to be sent in the NetBIOS network, if this machine is in one.
    outgoing: Option<Intake>,
    /// Messages of users that wait until their destination is found.
    waiting: UnderWay<()>,
    modern: Modern,
    control: Intake,
    answers: Answers,
    sinks: Sinks,
    metrics: Metrics,
    log: Log,
    interfaces_due: Instant,
    /// What comes when the names are released, and when at the latest.
    releasing: Option<(After, Instant)>,
    is_released: bool,
}

/// What comes after the release of all names.
enum After {
    End,
    Restart(Box<Settings>),
}

impl Machine {
    pub(crate) fn start(settings: Settings, mut log: Log) -> Result<Machine> {
        let config = settings.protocol()?;
        // What is wrong is then said before anything about ports.
        if let Ok(_) | Err(mailslot::Error::NotAllowed(_)) = MailslotWriter::open(control::SLOT) {
            return Err(Error::AlreadyRuns);
        }
        let sockets = open_all(&settings, &config)?;
        // Another user may not be able to read the files of domains.
        let mut modern = Modern::load(&settings, &mut log)?;
        if let Some(user) = &settings.user {
            become_user(user)?;
        }
        let control = slot(control::SLOT)?;
        modern.start(&settings, &config)?;
        // This one comes last: whoever finds it finds a node that can send.
        let outgoing = settings.netbios.then(|| slot(network::SLOT)).transpose()?;
        log.line("started", &[field("computer", &config.computer), field("workgroup", &config.workgroup)]);
        squatters::tell(&mut log);
        for sockets in &sockets {
            log_interface(&mut log, "interface_used", &sockets.named);
        }
        if sockets.is_empty() && settings.netbios {
            log.line("no_interface", &[]);
        }
        let now = Instant::now();
        Ok(Machine {
            node: node(&config, &sockets, now),
            nmbd: beside(&settings, now),
            settings,
            sockets,
            slots: Slots::default(),
            outgoing,
            waiting: UnderWay::new(config.limits.waiting_messages),
            modern,
            control,
            answers: Answers::new(&config, now),
            sinks: Sinks::default(),
            metrics: Metrics::default(),
            log,
            interfaces_due: now,
            releasing: None,
            is_released: false,
            config,
        })
    }

    /// Works until the end is wanted, and then until all names are released.
    pub(crate) fn run(&mut self, signals: &Signals, load: impl Fn() -> Result<Settings>) -> Result<()> {
        let mut incoming = Incoming::new();
        loop {
            self.wait(signals, &mut incoming)?;
            if signals.is_reload() {
                self.reload(load());
            }
            if signals.is_end() {
                self.release(After::End);
            }
            if self.advance()? {
                self.log.tell_left_out();
                // After this line nothing takes long.
                self.modern.end();
                self.log.line("stopped", &[]);
                return Ok(());
            }
        }
    }

    /// Waits until something is to be done, and takes in what has come.
    fn wait(&mut self, signals: &Signals, incoming: &mut Incoming) -> Result<()> {
        let now = Instant::now();
        let deadlines = [
            self.node.poll_timeout(),
            Some(self.interfaces_due),
            self.releasing.as_ref().map(|(_, end)| *end),
            self.nmbd.as_ref().and_then(Beside::poll_timeout),
            self.control.poll_timeout(),
            self.outgoing.as_ref().and_then(Intake::poll_timeout),
        ];
        let left = deadlines.into_iter().flatten().min().map(|deadline| deadline.saturating_duration_since(now));
        let timeout = left.and_then(|left| Timespec::try_from(left).ok());
        let ready = {
            // What is not there is watched as something else, and found empty.
            let other = signals.as_fd();
            let outgoing = self.outgoing.as_ref().and_then(|outgoing| outgoing.descriptor(now)).unwrap_or(other);
            let control = self.control.descriptor(now).unwrap_or(other);
            let fixed = [other, outgoing, control, self.modern.as_fd().unwrap_or(other)];
            let sockets = self.sockets.iter().flat_map(Sockets::descriptors);
            let nmbd = self.nmbd.as_ref().and_then(Beside::descriptor);
            ready(fixed.into_iter().chain(sockets).chain(nmbd), timeout.as_ref())?
        };
        let now = Instant::now();
        if ready[1] {
            self.take_outgoing(now);
        }
        if ready[2] {
            self.take_requests(now);
        }
        if ready[3] {
            self.modern.log_events(&mut self.log);
            self.carry_to_legacy(now);
        }
        let mut ready = ready[FIXED..].iter();
        for index in 0..self.sockets.len() {
            for socket in 0..self.sockets[index].descriptors().count() {
                if ready.next() == Some(&true) {
                    self.receive(now, index, socket, incoming);
                    // The node's queues are bounded: what one turn has brought is carried on before the next.
                    self.flush(now);
                }
            }
        }
        if ready.next() == Some(&true) {
            self.take_from_nmbd(now);
        }
        Ok(())
    }

    /// Takes packets from a socket until it has no more or the turn is over.
    fn receive(&mut self, now: Instant, index: usize, socket: usize, incoming: &mut Incoming) {
        let Machine { sockets, node, metrics, sinks, .. } = self;
        let sockets = &sockets[index];
        let mut taken = 0;
        while taken < TURN {
            let number = sockets.receive(socket, incoming, |received, bytes| match bytes {
                Some(bytes) => {
                    copies::received(sinks, sockets, received, bytes);
                    node.handle_packet(now, received, bytes);
                }
                None => metrics.oversized += 1,
            });
            if number < BUFFERS {
                return;
            }
            taken += number;
        }
    }

    /// Does what is due. Returns whether the node has come to its end.
    fn advance(&mut self) -> Result<bool> {
        let now = Instant::now();
        self.node.handle_timeout(now);
        if self.interfaces_due <= now {
            self.interfaces_due = now + LOOK_AT_INTERFACES;
            self.look_at_interfaces(now);
            self.modern.look(&self.settings, &self.config, &mut self.log);
            let attached = self.sockets.iter().map(|sockets| &sockets.named);
            self.modern.look_at_bridges(now, &self.settings, &self.config, attached, &mut self.log);
            self.slots.forget_closed();
            self.sinks.forget_closed();
            self.log.tell_limits(now, self.node.counters());
            self.log.tell_left_out();
        }
        self.look_for_nmbd(now);
        self.flush(now);
        match self.releasing.take() {
            Some((after, end)) if self.is_released || end <= now => self.released(after),
            unfinished => {
                self.releasing = unfinished;
                Ok(false)
            }
        }
    }

    /// Sends what the node wants sent, and heeds what it has to tell.
    fn flush(&mut self, now: Instant) {
        loop {
            loop {
                let node = &mut self.node;
                let packets: Vec<Transmit> = std::iter::from_fn(|| node.poll_transmit()).take(PACKETS).collect();
                if packets.is_empty() {
                    break;
                }
                self.transmit(&packets);
            }
            let Some(event) = self.next_event(now) else { return };
            self.handle_event(now, event);
        }
    }

    fn transmit(&mut self, packets: &[Transmit]) {
        // Copies are of what was sent, and only one by one it is known which that is.
        let alone = !self.sinks.is_empty();
        let together = |a: &Transmit, b: &Transmit| !alone && (a.interface, a.service) == (b.interface, b.service);
        for packets in packets.chunk_by(together) {
            let packets: Vec<&Transmit> = packets.iter().collect();
            let by = |sockets: &&Sockets| sockets.named.interface.id == packets[0].interface;
            let sockets = self.sockets.iter().find(by);
            let failed = sockets.map_or(packets.len(), |sockets| sockets.send(packets[0].service, &packets));
            self.metrics.transmit_failed += failed as u64;
            if let Some(sockets) = sockets.filter(|_| failed == 0) {
                copies::sent(&mut self.sinks, sockets, packets[0]);
            }
        }
    }

    fn handle_event(&mut self, _now: Instant, event: Event) {
        match event {
            Event::NameHeld { name, interface } => self.log_name("name_held", &name, interface, &[]),
            Event::NameRefused { name, interface, by } => {
                self.log_name("name_refused", &name, interface, &[field("by", format!("{by:?}"))]);
            }
            Event::NameInConflict { name, interface, by } => {
                self.log_name("name_in_conflict", &name, interface, &[field("by", format!("{by:?}"))]);
            }
            Event::ConflictSeen { name, holders: [first, later] } => {
                let fields = [field("name", name), field("first", first), field("later", later)];
                self.log.line("conflict_seen", &fields);
            }
            Event::Released => self.is_released = true,
            Event::Sent { result: Err(error), request } => {
                let user = self.waiting.end(request).map(|(user, ())| user);
                self.not_sent(user, &[field("reason", &error)]);
                self.answers.sent(request, Err(error));
            }
            Event::Sent { request, result } => {
                self.waiting.end(request);
                self.answers.sent(request, result);
            }
            Event::Resolved { request, outcome, .. } => self.answers.resolved(request, outcome),
            Event::NodeStatus { request, status, .. } => {
                self.compare_names(request, status.as_ref());
                self.answers.node_status(request, status);
            }
            _ => {}
        }
    }

    fn not_sent(&mut self, uid: Option<u32>, fields: &[(&'static str, String)]) {
        self.metrics.outgoing_refused += 1;
        let by = uid.map(|uid| field("uid", uid));
        self.log.line("not_sent", &[by.as_slice(), fields].concat());
    }

    /// Sends what bridges carry from modern domains.
    fn carry_to_legacy(&mut self, now: Instant) {
        let Machine { modern, node, .. } = self;
        modern.take_domains(now, |interfaces, slot, data| {
            node.send_mailslot(now, Target::Carried(interfaces), slot.as_str().as_bytes(), data).is_ok()
        });
        self.flush(now);
    }

    /// Sends what processes of this machine have written to the node's slot.
    fn take_outgoing(&mut self, now: Instant) {
        for _ in 0..TURN {
            let Machine { outgoing: Some(outgoing), log, .. } = self else { break };
            let Some(message) = outgoing.next(now, log) else { break };
            let Some(Outgoing { address, data }) = Outgoing::decode(&message.data) else {
                self.metrics.outgoing_malformed += 1;
                continue;
            };
            self.metrics.outgoing += 1;
            let Some(target) = routing::target(&address, &self.config) else {
                self.metrics.outgoing_malformed += 1;
                continue;
            };
            let Some(user) = ask::user_of(&message) else {
                self.metrics.outgoing_malformed += 1;
                continue;
            };
            let slot = address.slot().as_str().as_bytes();
            let begun = match self.modern.protects(&address) {
                // Whoever wrote this has not asked which way, or before the domain was there.
                Some(why) => Err(why),
                None if !self.waiting.has_room(user) => Err("too many messages of this user wait".to_owned()),
                None => self.node.send_mailslot(now, target, slot, data).map_err(|error| error.to_string()),
            };
            match begun {
                Ok(request) => self.waiting.begin(request, user, ()),
                Err(why) => self.not_sent(Some(user), &[field("to", &address), field("reason", why)]),
            }
            self.flush(now);
        }
    }

    fn take_requests(&mut self, now: Instant) {
        for _ in 0..TURN {
            let Some(message) = self.control.next(now, &mut self.log) else { break };
            let names = |id| self.sockets.iter().find(|sockets| sockets.named.interface.id == id);
            let interface = |id| names(id).map_or_else(|| "gone".to_owned(), |sockets| sockets.named.name.clone());
            let inodes: Vec<u64> = self.sockets.iter().flat_map(Sockets::inodes).collect();
            let counters = self.metrics.all(self.node.counters(), drops::at(&inodes));
            let nmbd_connected = self.nmbd.as_ref().map(|nmbd| nmbd.descriptor().is_some());
            let Machine { settings, config, node, sinks, modern, .. } = self;
            let state =
                State { config, node, sinks, netbios: settings.netbios, interface, nmbd_connected, modern, counters };
            self.answers.handle(now, &message, state);
            self.flush(now);
        }
    }

    fn look_at_interfaces(&mut self, now: Instant) {
        if !self.settings.netbios {
            return;
        }
        let listed = match interfaces::list(&self.settings) {
            Ok(listed) => listed,
            Err(error) => return self.log.line("interfaces_unknown", &[field("reason", error)]),
        };
        let Machine { sockets, log, .. } = self;
        let before = sockets.len();
        sockets.retain(|sockets| {
            let stays = listed.contains(&sockets.named);
            if !stays {
                log_interface(log, "interface_gone", &sockets.named);
            }
            stays
        });
        let mut changed = sockets.len() != before;
        for named in listed {
            if sockets.iter().any(|sockets| sockets.named == named) {
                continue;
            }
            match open(named.clone(), &self.settings, &self.config) {
                Ok(opened) => {
                    log_interface(log, "interface_used", &named);
                    sockets.push(opened);
                    changed = true;
                }
                Err(error) => log.line("interface_not_used", &[field("name", &named.name), field("reason", error)]),
            }
        }
        if changed {
            self.node.set_interfaces(self.sockets.iter().map(|sockets| sockets.named.interface).collect(), now);
        }
    }

    /// Takes new settings over, if they are right and other ones.
    fn reload(&mut self, loaded: Result<Settings>) {
        match loaded.and_then(|settings| settings.protocol().map(|_| settings)) {
            Ok(settings) if settings.user != self.settings.user => {
                self.log.line("settings_wrong", &[field("reason", "the user cannot change while the node runs")]);
            }
            Ok(settings) if settings.legacy() == self.settings.legacy() => {
                let change = if settings == self.settings { "settings_unchanged" } else { "settings_changed" };
                self.log.line(change, &[]);
                self.settings = settings;
                // Domains and bridges are looked at then.
                self.interfaces_due = Instant::now();
            }
            Ok(settings) => {
                self.log.line("settings_changed", &[]);
                self.release(After::Restart(Box::new(settings)));
            }
            Err(error) => self.log.line("settings_wrong", &[field("reason", error)]),
        }
    }

    /// Begins to give all names up. The end, once it is wanted, stays wanted.
    fn release(&mut self, after: After) {
        if matches!(self.releasing, Some((After::End, _))) {
            return;
        }
        let now = Instant::now();
        let end = match self.releasing.take() {
            Some((_, end)) => end,
            None => {
                self.log.line("releasing", &[]);
                self.is_released = false;
                self.node.release_all(now);
                now + RELEASE
            }
        };
        self.releasing = Some((after, end));
        self.flush(now);
    }

    /// All names are given up. Returns whether that was the end.
    fn released(&mut self, after: After) -> Result<bool> {
        let After::Restart(settings) = after else { return Ok(true) };
        self.config = settings.protocol()?;
        self.settings = *settings;
        self.sockets.clear();
        self.sockets = open_all(&self.settings, &self.config)?;
        self.node = node(&self.config, &self.sockets, Instant::now());
        self.nmbd = beside(&self.settings, Instant::now());
        self.answers = Answers::new(&self.config, Instant::now());
        self.waiting = UnderWay::new(self.config.limits.waiting_messages);
        self.outgoing = match self.settings.netbios {
            true => Some(self.outgoing.take().map_or_else(|| slot(network::SLOT), Ok)?),
            false => None,
        };
        self.modern.restart(&self.settings, &self.config, &mut self.log)?;
        self.is_released = false;
        self.interfaces_due = Instant::now();
        self.log
            .line("started", &[field("computer", &self.config.computer), field("workgroup", &self.config.workgroup)]);
        Ok(false)
    }

    fn log_name(&mut self, event: &'static str, name: &Name, interface: u32, more: &[(&'static str, String)]) {
        let by = self.sockets.iter().find(|sockets| sockets.named.interface.id == interface);
        let by = by.map_or("gone", |sockets| sockets.named.name.as_str());
        self.log.line(event, &[&[field("name", name), field("interface", by)], more].concat());
    }
}

/// Descriptors of [`Machine::wait`] before those of the sockets.
const FIXED: usize = 4;

/// One of the node's own slots.
fn slot(name: &str) -> Result<Intake> {
    let mut tries = TRIES;
    loop {
        match MailslotOptions::new().access(Access::Everyone).capacity(CAPACITY).create(name) {
            // Whoever lists slots holds what a killed node has left for a moment, to remove it.
            Err(mailslot::Error::AlreadyExists(_)) if tries > 0 => {
                tries -= 1;
                std::thread::sleep(PAUSE);
            }
            Err(mailslot::Error::AlreadyExists(_)) => return Err(Error::AlreadyRuns),
            created => return Ok(Intake::new(created?)),
        }
    }
}

/// How often a slot that seems to be there is tried again, and how long after.
const TRIES: u32 = 10;
const PAUSE: Duration = Duration::from_millis(20);

fn open_all(settings: &Settings, config: &Config) -> Result<Vec<Sockets>> {
    if !settings.netbios {
        return Ok(Vec::new());
    }
    interfaces::list(settings)?.into_iter().map(|named| open(named, settings, config)).collect()
}

fn open(named: Named, settings: &Settings, config: &Config) -> Result<Sockets> {
    if settings.beside_samba { Sockets::open_anywhere(named) } else { Sockets::open(named, config.ports) }
}

fn beside(settings: &Settings, now: Instant) -> Option<Beside> {
    (settings.beside_samba && settings.netbios).then(|| Beside::new(&settings.nmbd_socket, now))
}

fn node(config: &Config, sockets: &[Sockets], now: Instant) -> Node {
    let interfaces = sockets.iter().map(|sockets| sockets.named.interface).collect();
    Node::new(config.clone(), interfaces, now, seed())
}

fn log_interface(log: &mut Log, event: &'static str, named: &Named) {
    let interface = &named.interface;
    let address = format!("{}/{}", interface.address, interface.prefix);
    let broadcast = interface.broadcast.map_or("none".to_owned(), |address| address.to_string());
    log.line(event, &[field("name", &named.name), field("address", address), field("broadcast", broadcast)]);
}
