//! Runs a node: one thread waits for packets, messages of this machine, signals and deadlines.

mod attachments;
mod delivery;
mod life;
#[cfg(unix)]
mod manager;
mod programs;
#[cfg(unix)]
mod samba;
mod shared;
#[cfg(windows)]
mod windows;

use std::time::{Duration, Instant};

use mailslot::MailslotWriter;

use crate::config;
use crate::control;
use crate::error::{Error, Result, with_causes};
use crate::exposition::Exporter;
use crate::io::driver::Driver;
use crate::io::poll::{Poll, Token};
use crate::io::signals::Signals;
use crate::io::sockets::At;
use crate::log::Limits;
use crate::metrics::Metrics;
use crate::modern::Modern;
use crate::privileges::become_user;
use attachments::Attachments;
use delivery::Delivery;
use life::{After, Life};
use mailslot_netbios::{Config, Event, NameState, Target};
use manager::{Manager, Progress};
use programs::Programs;
use samba::Beside;
use shared::Shared;
#[cfg(windows)]
use windows::{manager, samba};

/// How often to check what sends no notification of changes: files of domains, and slots that are gone.
const LOOK: Duration = Duration::from_secs(3);
/// Messages read from a slot before other work is done.
const TURN: usize = 256;

/// Runs a node until SIGINT or SIGTERM, on Windows until Ctrl+C or the end of its console, and then releases its names.
/// `load` returns the settings, now and at each SIGHUP. Settings at a SIGHUP that are invalid or cannot work leave the
/// old ones in place. The node reports events by [`tracing`]; [`log`](crate::log) writes them.
///
/// # Errors
///
/// All of them occur at the start, except [`Error::Io`] if the system can no longer wait for several descriptors at
/// once.
///
/// - [`Error::AlreadyRuns`] if there is a node on this machine
/// - [`Error::PortInUse`] if another program has a port that the node needs, on all interfaces
/// - [`Error::PortNotAllowed`] if this process may not use it
/// - [`Error::User`] if the process cannot become the user that the settings name
/// - [`Error::Settings`] if the settings are invalid
/// - [`Error::Slot`], [`Error::Io`] if the system refuses something else
pub fn run(load: impl Fn() -> Result<config::Settings>) -> Result<()> {
    let signals = Signals::catch()?;
    let settings = load()?;
    let mut machine = Machine::start(settings)?;
    machine.manager = Manager::of_process(Instant::now());
    machine.run(&signals, |machine| machine.reload(load()))
}

/// A node with its sockets, slots and domains.
pub(crate) struct Machine {
    shared: Shared,
    driver: Driver,
    attachments: Attachments,
    programs: Programs,
    delivery: Delivery,
    nmbd: Option<Beside>,
    exporter: Exporter,
    life: Life,
    manager: Manager,
    look_at: Instant,
}

impl Machine {
    pub(crate) fn start(settings: config::Settings) -> Result<Machine> {
        let (config, now) = (settings.protocol()?, Instant::now());
        // Report this first: a port error would hide it.
        if let Ok(_) | Err(mailslot::Error::NotAllowed(_)) = MailslotWriter::open(control::SLOT) {
            return Err(Error::AlreadyRuns);
        }
        // Before the process becomes another user, who may not be able to read the files of domains. This also raises
        // the limit of descriptors.
        let mut modern = Modern::load(&settings)?;
        let mut driver = Driver::new(&config, at(&settings, &config), now);
        let mut attachments = Attachments::new(now);
        let report = attachments.look(now, &settings, &mut driver)?;
        let report = match driver.attached() {
            [] => report.or_failure()?,
            _ => report,
        };
        if let Some(user) = &settings.user {
            become_user(user)?;
        }
        let mut programs = Programs::new(&config, now)?;
        modern.start(&settings, &config)?;
        programs.open(&settings)?;
        let nmbd = Beside::new(&settings, now);
        // After the change of user, so that a Unix socket belongs to the node's user.
        let exporter = Exporter::default().at(settings.metrics.as_ref())?;
        let shared = Shared { settings, config, modern, metrics: Metrics::default(), limits: Limits::default() };
        shared.log_started();
        shared.log_served(&exporter);
        #[cfg(unix)]
        crate::squatters::tell();
        report.tell();
        if driver.attached().is_empty() && shared.settings.netbios {
            tracing::event!(name: "no_interface", tracing::Level::WARN, {});
        }
        let (delivery, life, manager) = (Delivery::default(), Life::default(), Manager::none(now));
        Ok(Machine { shared, driver, attachments, programs, delivery, nmbd, exporter, life, manager, look_at: now })
    }

    /// Runs until the end is requested and then all names are released. `reload` is called to read the settings again.
    pub(crate) fn run(&mut self, signals: &Signals, mut reload: impl FnMut(&mut Machine)) -> Result<()> {
        loop {
            let ready = self.wait(signals)?;
            let now = Instant::now();
            for token in ready {
                self.handle(token, now);
            }
            if signals.is_reload() {
                let told = self.manager.reloading(now);
                manager::heed(told);
                reload(self);
            }
            if signals.is_end() {
                let told = self.manager.stopping();
                manager::heed(told);
                self.release(After::End, now);
            }
            if self.advance() {
                // Before the event `stopped`, after which nothing takes long.
                self.shared.modern.end();
                tracing::event!(name: "stopped", tracing::Level::INFO, {});
                return Ok(());
            }
        }
    }

    /// Waits until there is something to do.
    fn wait(&self, signals: &Signals) -> Result<Vec<Token>> {
        let now = Instant::now();
        let deadlines = [
            self.driver.node.poll_timeout(),
            self.attachments.poll_timeout(),
            self.programs.poll_timeout(),
            self.nmbd.as_ref().and_then(Beside::poll_timeout),
            self.life.poll_timeout(),
            self.manager.poll_timeout(),
            Some(self.look_at),
        ];
        let mut poll = Poll::new();
        poll.add(Token::Signals, signals.source());
        poll.add(Token::Changes, self.attachments.source());
        self.programs.wait_in(&mut poll, now);
        poll.add(Token::Domains, self.shared.modern.source());
        self.driver.wait_in(&mut poll);
        poll.add(Token::Nmbd, self.nmbd.as_ref().and_then(Beside::source));
        poll.wait(now, deadlines.into_iter().flatten().min())
    }

    fn handle(&mut self, token: Token, now: Instant) {
        let Machine { shared, driver, nmbd, .. } = self;
        match token {
            // Signals are checked after each wait.
            Token::Signals => {}
            Token::Changes => self.attachments.changed(now),
            Token::Outgoing => {
                for _ in 0..TURN {
                    if !self.programs.send_next(now, &mut self.driver, &mut self.shared) {
                        break;
                    }
                    self.flush(now);
                }
            }
            Token::Control => {
                for _ in 0..TURN {
                    let connected = self.nmbd.as_ref().map(|nmbd| nmbd.source().is_some());
                    let (programs, unused) = (&mut self.programs, || self.attachments.unused());
                    if !programs.answer_next(now, &mut self.driver, &mut self.shared, connected, unused) {
                        break;
                    }
                    self.flush(now);
                }
            }
            Token::Domains => {
                shared.modern.take_domains(now, |interfaces, slot, data| {
                    let target = Target::Carried(interfaces);
                    driver.node.send_mailslot(now, target, slot.as_str().as_bytes(), data).is_ok()
                });
                self.flush(now);
            }
            // The node's queues are bounded, so the results of each turn are handled before the next.
            Token::Socket(id) => {
                driver.receive(now, id);
                self.flush(now);
            }
            Token::Nmbd => {
                if let Some(nmbd) = nmbd {
                    nmbd.take(now, driver, shared);
                }
            }
        }
    }

    /// Does what is due. Returns whether the node has ended.
    fn advance(&mut self) -> bool {
        let now = Instant::now();
        self.driver.node.handle_timeout(now);
        let Machine { shared, driver, attachments, nmbd, .. } = self;
        if attachments.poll_timeout().is_some_and(|due| due <= now) {
            attachments.keep(now, &shared.settings, driver);
            shared.modern.look_soon();
            shared.look_at_bridges(now, driver);
        }
        if let Some(nmbd) = nmbd {
            nmbd.handle_timeout(now, driver, shared);
        }
        if self.look_at <= now {
            self.look(now);
        }
        self.flush(now);
        match self.life.next(now) {
            None => {}
            Some(After::End) => return true,
            Some(After::Restart(with)) => {
                let (settings, config) = *with;
                self.restart(settings, config);
            }
        }
        if self.manager.is_due(now) {
            self.tell_manager(now);
        }
        false
    }

    /// Checks what sends no notification of changes.
    fn look(&mut self, now: Instant) {
        self.look_at = now + LOOK;
        let Shared { settings, config, modern, .. } = &mut self.shared;
        modern.look(settings, config);
        if let Err(error) = self.programs.open(settings) {
            tracing::warn!(name: "slot_not_made", reason = %error);
        }
        self.shared.look_at_bridges(now, &self.driver);
        self.delivery.forget_closed();
        self.driver.sinks.forget_closed();
        self.shared.limits.tell(now, self.driver.node.counters());
        self.tell_manager(now);
    }

    /// Reports the node's progress to the service manager.
    fn tell_manager(&mut self, now: Instant) {
        let (open, domains) = self.shared.modern.sessions();
        let is_releasing = self.life.poll_timeout().is_some();
        let mut progress = Progress { is_releasing, domains, open, ..Progress::default() };
        for held in self.driver.node.names() {
            match held.state {
                NameState::Claiming => progress.claiming += 1,
                NameState::Held => progress.held += 1,
                NameState::Refused | NameState::Conflict => progress.lost += 1,
                NameState::Released => {}
            }
        }
        let told = self.manager.handle_timeout(now, progress);
        manager::heed(told);
    }

    /// Sends the node's packets and handles its events.
    fn flush(&mut self, now: Instant) {
        loop {
            self.driver.transmit();
            let Some(event) = self.delivery.next_event(now, &mut self.driver, &mut self.shared) else { return };
            self.handle_event(event);
        }
    }

    fn handle_event(&mut self, event: Event) {
        let Machine { shared, driver, programs, nmbd, life, .. } = self;
        match event {
            Event::NameHeld { name, interface } => {
                tracing::info!(name: "name_held", name = %name, interface = driver.interface_name(interface));
            }
            Event::NameRefused { name, interface, by } => {
                let interface = driver.interface_name(interface);
                tracing::warn!(name: "name_refused", name = %name, interface, by = ?by);
            }
            Event::NameInConflict { name, interface, by } => {
                let interface = driver.interface_name(interface);
                tracing::warn!(name: "name_in_conflict", name = %name, interface, by = ?by);
            }
            Event::ConflictSeen { name, holders: [first, later] } => {
                tracing::warn!(name: "conflict_seen", name = %name, first = %first, later = %later);
            }
            Event::Released => life.released(),
            Event::Sent { request, result } => programs.sent(request, result, shared),
            Event::Resolved { request, outcome, .. } => programs.answers.resolved(request, outcome),
            Event::NodeStatus { request, status, .. } => {
                if let Some(nmbd) = nmbd {
                    nmbd.compare_names(request, status.as_ref(), shared);
                }
                programs.answers.node_status(request, status);
            }
            _ => {}
        }
    }

    /// Applies new settings if they have changed and can work; otherwise the old ones stay.
    fn reload(&mut self, loaded: Result<config::Settings>) {
        let now = Instant::now();
        let checked = loaded.and_then(|settings| {
            let config = self.check(&settings)?;
            let exporter = self.exporter.at(settings.metrics.as_ref())?;
            Ok((settings, config, exporter))
        });
        let (settings, config) = match checked {
            Err(error) => return tracing::warn!(name: "settings_wrong", reason = %with_causes(&error)),
            Ok((settings, config, exporter)) => {
                self.exporter = exporter;
                (settings, config)
            }
        };
        let is_served_elsewhere = settings.metrics != self.shared.settings.metrics;
        let old = &mut self.shared.settings;
        match config {
            None => {
                if settings == *old {
                    tracing::event!(name: "settings_unchanged", tracing::Level::INFO, {});
                } else {
                    tracing::event!(name: "settings_changed", tracing::Level::INFO, {});
                }
                *old = settings;
                // Checks interfaces, domains and bridges with the new settings.
                self.attachments.look_soon(now);
                self.look_at = now;
            }
            Some(config) => {
                tracing::event!(name: "settings_changed", tracing::Level::INFO, {});
                self.release(After::Restart(Box::new((settings, config))), now);
            }
        }
        if is_served_elsewhere {
            self.shared.log_served(&self.exporter);
        }
    }

    /// Checks that these settings can work now. Returns the protocol's configuration if the node must restart in the
    /// NetBIOS network.
    fn check(&self, new: &config::Settings) -> Result<Option<Config>> {
        let (old, config) = (&self.shared.settings, new.protocol()?);
        if new.user != old.user {
            return Err(Error::Settings("the user cannot change while the node runs".to_owned()));
        }
        self.driver.check(at(new, &config), &attachments::choose(new)?.used)?;
        self.shared.modern.check(new)?;
        let of_node =
            |settings: &config::Settings| (settings.netbios, settings.beside_samba, settings.nmbd_socket.clone());
        let is_same = config == self.shared.config && of_node(new) == of_node(old);
        Ok((!is_same).then_some(config))
    }

    /// Begins to release all names.
    fn release(&mut self, after: After, now: Instant) {
        if self.life.release(after, now) {
            tracing::event!(name: "releasing", tracing::Level::INFO, {});
            self.driver.node.release_all(now);
            self.flush(now);
        }
    }

    /// Restarts with other settings, after all names are released. Steps that fail here are tried again later.
    fn restart(&mut self, settings: config::Settings, config: Config) {
        let now = Instant::now();
        self.driver.restart(&config, at(&settings, &config), now);
        self.programs.restart(&config, now);
        self.nmbd = Beside::new(&settings, now);
        let modern = &mut self.shared.modern;
        if let Err(error) = modern.restart(&settings, &config) {
            tracing::warn!(name: "domain_wrong", reason = %with_causes(&error));
        }
        (self.shared.settings, self.shared.config) = (settings, config);
        self.shared.log_started();
        self.attachments.keep(now, &self.shared.settings, &mut self.driver);
        self.look_at = now;
    }
}

/// The ports at which a node with these settings receives and sends.
fn at(settings: &config::Settings, config: &Config) -> At {
    if settings.beside_samba { At::AnyPorts } else { At::Ports(config.ports) }
}
