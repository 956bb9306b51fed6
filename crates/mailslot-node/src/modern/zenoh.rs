//! The modern domains of this machine: those whose files are in the domain directory.

use std::collections::BTreeMap;
use std::net::{TcpListener, UdpSocket};
use std::sync::Arc;
use std::time::Instant;

use mailslot::{Address, NetbiosName, NetworkOrigin, Quoted, SlotName};
use mailslot_domain::endpoint::port;
use mailslot_domain::settings;
use mailslot_domain::status::Status;
use mailslot_domain::{Directory, Domain, Segment};
use mailslot_zenoh::{Domains, own_process};

use crate::bridge::{Attached, BridgeStatus, Bridges, Pattern};
use crate::config;
use crate::control::Answer;
use crate::error::{Error, Result, with_causes};
use crate::io::interfaces::Attachment;
use crate::io::poll::Source;
use crate::privileges::user_id;
use mailslot_netbios::{Config, Interface, Message};

/// The file in the domain directory that records which computers sealed domains have.
const KNOWN: &str = "computers";

/// The domains of this machine, with the settings for each.
type Parts = Vec<(Arc<Domain>, settings::Settings)>;

pub(crate) struct Modern {
    /// The directory of the files: chosen once, because the process may become another user.
    directory: Directory,
    /// As last read there.
    parts: Parts,
    /// The domains that have a file but cannot run, and why.
    missing: BTreeMap<NetbiosName, String>,
    /// `None` if there is no domain.
    running: Option<Domains>,
    bridges: Bridges,
    /// The faults of files and settings at the last read, so that each is logged once.
    wrong: Vec<String>,
    /// The error of the last start or reload of domains.
    failed: Option<String>,
}

impl Modern {
    /// Reads the files of domains.
    pub(crate) fn load(settings: &config::Settings) -> Result<Modern> {
        own_process();
        let mut directory = Directory::in_use(mailslot::secure_env).map_err(domain_error)?;
        if let Some(user) = &settings.user {
            directory = directory.owned_by(user_id(user)?);
        }
        let mut modern = Modern {
            directory,
            parts: Parts::new(),
            missing: BTreeMap::new(),
            running: None,
            bridges: Bridges::default(),
            wrong: Vec::new(),
            failed: None,
        };
        modern.parts = modern.read(settings)?;
        Ok(modern)
    }

    /// Starts the domains that were read.
    pub(crate) fn start(&mut self, settings: &config::Settings, config: &Config) -> Result<()> {
        if self.has_files() {
            let (parts, missing, known) = (self.parts.clone(), self.missing.clone(), self.directory.path().join(KNOWN));
            let domains = Domains::start_knowing(&computer(config)?, settings.netbios, parts, missing, &known)?;
            domains.mean(settings.meanings()?);
            domains.open_slots(named(settings));
            self.running = Some(domains);
        }
        Ok(())
    }

    /// Ends all domains and starts them again, possibly with another computer's name.
    pub(crate) fn restart(&mut self, settings: &config::Settings, config: &Config) -> Result<()> {
        let before = self.running.take();
        self.parts = self.read(settings)?;
        match before {
            Some(domains) if self.has_files() => {
                let (parts, missing) = (self.parts.clone(), self.missing.clone());
                let domains = domains.restart(&computer(config)?, settings.netbios, parts, missing)?;
                domains.mean(settings.meanings()?);
                domains.open_slots(named(settings));
                self.running = Some(domains);
                Ok(())
            }
            _ => self.start(settings, config),
        }
    }

    /// Ends all domains, at the end of the node.
    pub(crate) fn end(&mut self) {
        self.running = None;
    }

    /// Checks that the domains whose settings change can run with the new ones. Faults of other domains are reported
    /// elsewhere.
    pub(crate) fn check(&self, new: &config::Settings) -> Result<()> {
        for (domain, before) in &self.parts {
            let (_, after) = part(Arc::clone(domain), new);
            if after != *before {
                mailslot_zenoh::check(&after, domain)?;
                self.check_ports(&after.listen(domain))?;
            }
        }
        Ok(())
    }

    /// Checks that ports which the domains do not have now are free. Host names are not resolved for this, as that may
    /// take long.
    fn check_ports(&self, listen: &[String]) -> Result<()> {
        let ports = |listen: &[String]| listen.iter().filter_map(|endpoint| port(endpoint)).collect::<Vec<_>>();
        let own: Vec<_> = self.parts.iter().flat_map(|(domain, part)| ports(&part.listen(domain))).collect();
        let is_own = |is_datagram, port| own.iter().any(|(is, own)| *is == is_datagram && own.port() == port);
        for (is_datagram, address) in ports(listen) {
            if is_own(is_datagram, address.port()) {
                continue;
            }
            let bound = if is_datagram { UdpSocket::bind(address).err() } else { TcpListener::bind(address).err() };
            if let Some(source) = bound {
                return Err(Error::io(format!("listen on {address}"), source));
            }
        }
        Ok(())
    }

    /// Notifies the domains that the machine's addresses may have changed.
    pub(crate) fn look_soon(&self) {
        if let Some(domains) = &self.running {
            domains.look_soon();
        }
    }

    /// Whether there is a file of a domain, valid or not.
    fn has_files(&self) -> bool {
        !self.parts.is_empty() || !self.missing.is_empty()
    }

    /// Reads the files again, and adds, removes or updates domains. Errors leave running domains in place.
    pub(crate) fn look(&mut self, settings: &config::Settings, config: &Config) {
        let changed = self.read(settings).and_then(|parts| {
            self.parts = parts;
            let has_files = self.has_files();
            match &mut self.running {
                Some(_) if !has_files => {
                    self.running = None;
                    Ok(())
                }
                Some(domains) => {
                    domains.mean(settings.meanings()?);
                    Ok(domains.reload(self.parts.clone(), self.missing.clone())?)
                }
                None => self.start(settings, config),
            }
        });
        let failed = changed.err().map(|error| with_causes(&error));
        if let Some(reason) = failed.as_ref().filter(|_| failed != self.failed) {
            tracing::warn!(name: "domain_wrong", reason = %reason);
        }
        self.failed = failed;
    }

    /// Updates the settings of bridges, and this machine's attachments to the legacy network.
    pub(crate) fn look_at_bridges<'a>(
        &mut self,
        now: Instant,
        settings: &config::Settings,
        config: &Config,
        attached: impl Iterator<Item = &'a Attachment>,
    ) {
        let Some(domains) = &self.running else { return };
        let text = String::from_utf8_lossy(config.workgroup.text());
        // A bridge cannot use names that are not valid in a modern domain.
        let (Ok(computer), Ok(workgroup)) = (computer(config), text.parse::<NetbiosName>()) else { return };
        let segment = |interface: &Interface| Segment {
            address: interface.address,
            prefix_length: interface.prefix,
            workgroup: workgroup.clone(),
        };
        let attached = attached.map(|named| Attached {
            id: named.interface.id,
            interface: named.name.clone(),
            segment: segment(&named.interface),
        });
        self.bridges.look(now, &settings.bridge, &computer, attached.collect(), domains);
    }

    /// Passes a received message of the legacy network to the bridges. Returns whether to deliver it to slots of this
    /// machine.
    pub(crate) fn take_legacy(&mut self, now: Instant, message: &Message, origin: &NetworkOrigin) -> bool {
        let Some(domains) = &self.running else { return true };
        self.bridges.take_legacy(now, message, origin, domains)
    }

    /// Sends the messages that bridges carry into the legacy network, by `send`.
    pub(crate) fn take_domains(&mut self, now: Instant, send: impl FnMut(Vec<u32>, &SlotName, &[u8]) -> bool) {
        if let Some(domains) = &self.running {
            self.bridges.take_domains(now, domains, send);
        }
    }

    /// Reads the domains in the domain directory, with the settings for each. An invalid file is logged, and the domain
    /// stays as it was before.
    fn read(&mut self, settings: &config::Settings) -> Result<Parts> {
        let (mut parts, mut missing, mut wrong) = (Parts::new(), BTreeMap::new(), Vec::new());
        for (path, domain) in self.directory.list().map_err(domain_error)? {
            match domain {
                Ok(domain) => parts.push(part(Arc::new(domain), settings)),
                Err(error) => {
                    wrong.push(with_causes(&error));
                    let named = |domain: &Domain| {
                        path.file_stem().is_some_and(|stem| stem.eq_ignore_ascii_case(domain.name().as_str()))
                    };
                    let before = self.parts.iter().find(|(domain, _)| named(domain));
                    let name = path.file_stem().and_then(|stem| stem.to_str()?.parse().ok());
                    match (before, name) {
                        (Some((domain, _)), _) => parts.push(part(Arc::clone(domain), settings)),
                        (None, Some(name)) => drop(missing.insert(name, with_causes(&error))),
                        // No address can have such a name.
                        (None, None) => {}
                    }
                }
            }
        }
        let named = |name: &String| parts.iter().any(|(domain, _)| domain.name().as_str().eq_ignore_ascii_case(name));
        if let Some(name) = settings.domains.keys().find(|name| !named(name)) {
            let directory = self.directory.path().display();
            wrong.push(format!("there are settings for the domain {name}, but no file of it in {directory}"));
        }
        if let Some(name) = settings.bridge.keys().find(|name| !named(name)) {
            let directory = self.directory.path().display();
            wrong.push(format!("there is a bridge to the domain {name}, but no file of it in {directory}"));
        }
        self.complain(wrong);
        self.missing = missing;
        Ok(parts)
    }

    fn complain(&mut self, wrong: Vec<String>) {
        for what in wrong.iter().filter(|what| !self.wrong.contains(what)) {
            tracing::warn!(name: "domain_wrong", reason = %what);
        }
        self.wrong = wrong;
    }

    /// The reason why messages to `address` must not be sent in the legacy network; `None` if they may.
    pub(crate) fn protects(&self, address: &Address) -> Option<String> {
        if let Some(domains) = &self.running {
            return domains.protects(address);
        }
        let Address::Remote { target, .. } = address else { return None };
        let has_file =
            self.missing.contains_key(target) || self.parts.iter().any(|(domain, _)| domain.name() == target);
        has_file.then(|| format!("{target} is a domain of this machine, which cannot run"))
    }

    pub(crate) fn source(&self) -> Option<Source<'_>> {
        // On Windows there are no bridges, and nothing else has it wake the node.
        #[cfg(windows)]
        return None;
        #[cfg(unix)]
        self.running.as_ref().map(std::os::fd::AsFd::as_fd)
    }

    /// How many domains have an open session, and how many domains run. Domains that cannot run are in neither number.
    pub(crate) fn sessions(&self) -> (usize, usize) {
        self.running.as_ref().map(Domains::sessions).unwrap_or_default()
    }

    pub(crate) fn status(&self) -> Vec<Status> {
        self.running.as_ref().map(Domains::status).unwrap_or_default()
    }

    pub(crate) fn bridge_status(&self) -> Vec<BridgeStatus> {
        let status = |domains: &Domains| self.bridges.status(Instant::now(), domains);
        self.running.as_ref().map(status).unwrap_or_default()
    }

    /// Has `told` told the members of the domain, now or later.
    pub(crate) fn members(&self, domain: &str, told: impl FnOnce(Answer) + Send + 'static) {
        let said =
            |members: core::result::Result<_, String>| told(members.map_or_else(Answer::Refused, Answer::Members));
        match (domain.parse::<NetbiosName>(), &self.running) {
            (Ok(name), Some(domains)) => domains.members(&name, said),
            _ => said(Err(format!("this machine takes no part in a modern domain {domain}"))),
        }
    }
}

/// The slots that the settings name.
fn named(settings: &config::Settings) -> Vec<SlotName> {
    settings.slots.iter().filter_map(Pattern::exact).cloned().collect()
}

fn domain_error(error: mailslot_domain::Error) -> Error {
    Error::from(mailslot_zenoh::Error::from(error))
}

fn part(domain: Arc<Domain>, settings: &config::Settings) -> (Arc<Domain>, settings::Settings) {
    let own = settings.domains.iter().find(|(name, _)| name.eq_ignore_ascii_case(domain.name().as_str()));
    let settings = own.map_or_else(|| settings.part(), |(_, own)| own.clone());
    (domain, settings)
}

fn computer(config: &Config) -> Result<NetbiosName> {
    let text = String::from_utf8_lossy(config.computer.text());
    text.parse().map_err(|error| Error::Settings(format!("computer {}: {error}", Quoted(&text))))
}

impl From<mailslot_zenoh::Error> for Error {
    fn from(error: mailslot_zenoh::Error) -> Error {
        match error {
            mailslot_zenoh::Error::Settings(what) => Error::Settings(what),
            mailslot_zenoh::Error::Slot(mailslot::Error::AlreadyExists(_)) => Error::AlreadyRuns,
            mailslot_zenoh::Error::Slot(error) => Error::Slot(error),
            error => Error::Domain(Box::new(error)),
        }
    }
}
