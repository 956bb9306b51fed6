//! All domains of a machine at work.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, PoisonError, RwLock};
use std::thread::JoinHandle;
use std::time::Instant;

use mailslot::network::routes;
use mailslot::{Access, Address, Mailslot, MailslotOptions, NetbiosName, SlotName};
use mailslot_domain::settings::{Meant, Settings};
use mailslot_domain::status::Status;
use mailslot_domain::{Certificate, Domain, KeyId, Legacy, Segment, Time};

use crate::bridge::{BridgeWants, FromDomain, MAX_WAITING};
use crate::ending::{end, end_all};
use crate::error::Result;
use crate::known::Known;
use crate::link::{self, PENDING};
use crate::looking::{Looking, remember};
use crate::member::Member;
use crate::presences::Presences;
use crate::routes::{Parts, current, run};
use crate::status;
use crate::supervise;
use crate::sys::{Wake, Watch, descriptor_limit};

/// Descriptors that a node needs besides those of connections: for slots, threads and files.
const DESCRIPTORS: usize = 256;

/// The domains of a machine, run by threads of their own until this is dropped.
pub struct Domains {
    computer: NetbiosName,
    parts: Arc<RwLock<Parts>>,
    routes: Mailslot,
    stop: Arc<AtomicBool>,
    /// Wakes the thread that announces slots.
    changed: Arc<Wake>,
    threads: Vec<JoinHandle<()>>,
    /// Woken when there is a message for the bridges to carry, or a session has opened.
    carried: Arc<Wake>,
    /// Messages that the bridges may carry into legacy networks: both ends of the queue.
    from_domains: (SyncSender<FromDomain>, Receiver<FromDomain>),
}

impl Domains {
    /// Takes part in `domains` as `computer`. Sessions open in the background, however long that takes. `legacy` says
    /// whether this machine is in a legacy network as well, which is then this machine's domain. `missing` are the
    /// domains that this machine should take part in but cannot, each with the reason: messages that programs send to
    /// them are refused, and never go to another network.
    ///
    /// # Errors
    ///
    /// - [`Error::Settings`](crate::Error::Settings) if a setting is wrong
    /// - [`Error::Slot`](crate::Error::Slot) if a slot cannot be created: with [`mailslot::Error::AlreadyExists`]
    ///   another process is this
    ///   machine's node
    /// - [`Error::Domain`](crate::Error::Domain), [`Error::Io`](crate::Error::Io) if the system refuses something
    pub fn start(
        computer: &NetbiosName,
        legacy: bool,
        domains: Vec<(Arc<Domain>, Settings)>,
        missing: BTreeMap<NetbiosName, String>,
    ) -> Result<Domains> {
        Domains::begin(computer, legacy, domains, missing, Known::default())
    }

    /// As [`Domains::start`], and keeps in the file `known` which computers the sealed domains have, so that they are
    /// still known after a restart. The file is read now, and written as computers are added, if this process may write
    /// it.
    ///
    /// # Errors
    ///
    /// Those of [`Domains::start`].
    pub fn start_knowing(
        computer: &NetbiosName,
        legacy: bool,
        domains: Vec<(Arc<Domain>, Settings)>,
        missing: BTreeMap<NetbiosName, String>,
        known: &Path,
    ) -> Result<Domains> {
        Domains::begin(computer, legacy, domains, missing, Known::in_file(known))
    }

    fn begin(
        computer: &NetbiosName,
        legacy: bool,
        domains: Vec<(Arc<Domain>, Settings)>,
        missing: BTreeMap<NetbiosName, String>,
        known: impl Into<Arc<Known>>,
    ) -> Result<Domains> {
        let connections: usize = domains.iter().map(|(_, settings)| settings.max_sessions + PENDING).sum();
        let capacity = domains.iter().map(|(_, settings)| settings.capacity()).max().unwrap_or(1 << 20);
        let routes = MailslotOptions::new().access(Access::Everyone).capacity(capacity).create(routes::SLOT)?;
        let changed = Arc::new(Wake::new()?);
        let mut all = Domains {
            computer: computer.clone(),
            parts: Arc::new(RwLock::new(Parts { known: known.into(), legacy, ..Parts::default() })),
            routes,
            stop: Arc::default(),
            changed,
            threads: Vec::new(),
            carried: Arc::new(Wake::new()?),
            from_domains: sync_channel(MAX_WAITING),
        };
        all.reload(domains, missing)?;
        all.spawn()?;
        let needed = (connections + DESCRIPTORS) as u64;
        if let Some(limit) = descriptor_limit().filter(|limit| *limit < needed) {
            tracing::warn!(name: "descriptors_few", limit = %limit, needed = %needed);
        }
        Ok(all)
    }

    fn spawn(&mut self) -> Result<()> {
        let look = Looking { watch: Watch::new()?, parts: Arc::clone(&self.parts), changed: Arc::clone(&self.changed) };
        let stop = Arc::clone(&self.stop);
        self.supervise("domain-slots", move || look.run(&stop))?;
        let (parts, routes, stop) = (Arc::clone(&self.parts), self.routes.clone(), Arc::clone(&self.stop));
        let answering = move || run(&routes, &parts, &stop);
        self.supervise("domain-routes", answering)
    }

    /// Ends everything and starts anew, perhaps as another computer. The computers of sealed domains stay known.
    ///
    /// # Errors
    ///
    /// Those of [`Domains::start`].
    pub fn restart(
        self,
        computer: &NetbiosName,
        legacy: bool,
        domains: Vec<(Arc<Domain>, Settings)>,
        missing: BTreeMap<NetbiosName, String>,
    ) -> Result<Domains> {
        let known = Arc::clone(&self.read().known);
        drop(self);
        Domains::begin(computer, legacy, domains, missing, known)
    }

    fn supervise(&mut self, name: &str, work: impl FnMut() + Send + 'static) -> Result<()> {
        let thread = supervise::spawn(name.to_owned(), Arc::clone(&self.stop), work)?;
        self.threads.push(thread);
        Ok(())
    }

    /// Takes part in exactly these domains from now on, except for those `missing`. Domains that have not changed, or
    /// only in their keys, continue undisturbed; those with other settings restart.
    ///
    /// # Errors
    ///
    /// Those of [`Domains::start`]; then everything stays as it is, except for domains that had to end to start anew.
    pub fn reload(
        &mut self,
        domains: Vec<(Arc<Domain>, Settings)>,
        mut missing: BTreeMap<NetbiosName, String>,
    ) -> Result<()> {
        if let Some(error) = domains.iter().find_map(|(domain, settings)| link::check(settings, domain).err()) {
            // Messages for a domain that does not start must not go elsewhere, either.
            let parts = &mut *self.write();
            for (domain, _) in &domains {
                if !parts.members.iter().any(|member| member.name() == domain.name()) {
                    missing.insert(domain.name().clone(), error.to_string());
                }
            }
            parts.missing.append(&mut missing);
            parts.members.iter().for_each(|member| member.has_others(true));
            return Err(error);
        }
        let known = Arc::clone(&self.read().known);
        known.retain(|owner| {
            let is_it = |domain: &Domain| *domain.name() == owner.name && domain.id() == Some(owner.id);
            domains.iter().any(|(domain, _)| is_it(domain)) || missing.contains_key(&owner.name)
        });
        let has_others = self.read().legacy || domains.len() + missing.len() > 1;
        let same = |member: &Arc<Member>, (domain, settings): &(Arc<Domain>, Settings)| {
            member.settings == *settings && is_same(&member.state.domain(), domain, &self.computer)
        };
        let (mut members, ended): (Vec<_>, Vec<_>) =
            self.current().into_iter().partition(|member| domains.iter().any(|new| same(member, new)));
        ended.iter().for_each(|member| end(member));
        let mut result = Ok(());
        for new in domains {
            if let Some(member) = members.iter().find(|member| same(member, &new)) {
                self.use_keys(member, new.0);
                continue;
            }
            let (domain, settings) = new;
            let name = domain.name().clone();
            let (carried, changed) = (Arc::clone(&self.carried), Arc::clone(&self.changed));
            let (from_domains, known) = (self.from_domains.0.clone(), Arc::clone(&known));
            match Member::start(domain, &self.computer, settings, carried, changed, from_domains, known, has_others) {
                Ok(member) => members.push(member),
                Err(error) => {
                    missing.insert(name, error.to_string());
                    result = Err(error);
                }
            }
        }
        members.sort_by(|a, b| a.name().cmp(b.name()));
        members.iter().for_each(|member| member.has_others(has_others));
        let parts = &mut *self.write();
        (parts.members, parts.missing) = (members, missing);
        self.changed.wake();
        result
    }

    /// Looks at slots, addresses and files soon, rather than within a second: something may have changed.
    pub fn look_soon(&self) {
        self.changed.wake();
    }

    /// The state and the counters of each domain.
    pub fn status(&self) -> Vec<Status> {
        self.current().iter().map(|member| status::of(member)).collect()
    }

    /// How many domains have an open session, and how many domains there are. Neither includes domains that cannot run.
    pub fn sessions(&self) -> (usize, usize) {
        let members = self.current();
        (members.iter().filter(|member| member.is_open()).count(), members.len())
    }

    /// Calls `told` with the computers that take part in the domain, and the slots that each of them has open: at once,
    /// or within 20 s and in another thread, if Zenoh must be asked. The error says why they are not known, all or
    /// some: this machine takes no part in the domain, or the answer was not complete in time.
    pub fn members(
        &self,
        domain: &NetbiosName,
        told: impl FnOnce(core::result::Result<BTreeMap<String, BTreeSet<String>>, String>) + Send + 'static,
    ) {
        match self.member(domain) {
            Some(member) => member.list(told),
            None => told(Err(format!("this machine takes no part in a modern domain {domain}"))),
        }
    }

    /// Starts to take part as a bridge between the domain and a legacy network, or stops with `None`.
    pub fn bridge(&self, domain: &NetbiosName, wants: Option<BridgeWants>) {
        if self.member(domain).is_some_and(|member| member.bridge.want(wants)) {
            self.changed.wake();
        }
    }

    /// Since when other bridges of the domain know of this machine's; `None` if they do not.
    pub fn bridge_since(&self, domain: &NetbiosName) -> Option<Instant> {
        self.member(domain)?.bridge.since()
    }

    /// Messages that were not passed on to this machine's bridge of the domain, by their label.
    pub fn bridge_counters(&self, domain: &NetbiosName) -> BTreeMap<String, u64> {
        self.member(domain).iter().flat_map(|member| member.bridge.counters()).collect()
    }

    /// The computers that are bridges of the domain, each with the segments that it carries into.
    pub fn bridges(&self, domain: &NetbiosName) -> Vec<(NetbiosName, Segment)> {
        let bridges = |presences: &mut Presences| presences.bridges().cloned().collect();
        self.member(domain).map(|member| member.state.presences(bridges)).unwrap_or_default()
    }

    /// The names of the slots that at least one computer of the domain has open.
    pub fn slot_names(&self, domain: &NetbiosName) -> Vec<SlotName> {
        let names = |presences: &mut Presences| presences.slot_names().cloned().collect();
        self.member(domain).map(|member| member.state.presences(names)).unwrap_or_default()
    }

    /// The names of the domains.
    pub fn names(&self) -> Vec<NetbiosName> {
        self.current().iter().map(|member| member.name().clone()).collect()
    }

    /// Why messages to `address` must not be sent in a legacy network; `None` if they may. They must not if the address
    /// is a domain of this machine, or a computer that a sealed one has, or has had. Of each domain, 65,536 computers
    /// are remembered.
    pub fn protects(&self, address: &Address) -> Option<String> {
        self.read().protects(address)
    }

    /// Sets what the names of these computers mean from now on, and of no others. The operator's word counts more than
    /// what any domain announces, but the name of a domain always means that domain.
    pub fn mean(&self, computers: BTreeMap<NetbiosName, Meant>) {
        self.write().computers = computers;
    }

    /// Opens the slots of these names to the network from now on, and no others, where their creators cannot say so.
    ///
    /// # Portability
    ///
    /// Without effect on Unix, where [`mailslot::Network::Allowed`] says so.
    pub fn open_slots(&self, names: Vec<SlotName>) {
        self.write().slots = names.into();
        self.changed.wake();
    }

    /// Whether the domain has not yet carried this message of a legacy network, whose id is `legacy_id`. From now on
    /// the domain knows it, and what a bridge carries of it is a copy.
    pub fn is_first(&self, domain: &NetbiosName, legacy_id: [u8; 16]) -> bool {
        self.member(domain).is_none_or(|member| member.state.is_first(legacy_id))
    }

    /// Sends a message of a legacy network to the slot of every computer of the domain.
    ///
    /// # Errors
    ///
    /// - [`Error::Domain`](crate::Error::Domain) if the domain does not let it be sent
    /// - [`Error::Zenoh`](crate::Error::Zenoh) if the session does not let it be sent
    pub fn carry(&self, domain: &NetbiosName, slot: &SlotName, legacy: &Legacy<'_>, data: &[u8]) -> Result<()> {
        let Some(member) = self.member(domain) else { return Ok(()) };
        let to = member.state.domain().broadcast(slot)?;
        member.carry(&to, legacy, data)
    }

    /// Takes up to `most` messages for the bridges of this machine to carry into a legacy network.
    pub fn from_domains(&self, most: usize) -> Vec<FromDomain> {
        // Clear first: a message that comes meanwhile wakes again.
        self.carried.clear();
        let taken: Vec<FromDomain> = self.from_domains.1.try_iter().take(most).collect();
        if taken.len() == most {
            // More may be left, and nothing else would wake for them.
            self.carried.wake();
        }
        taken
    }

    fn member(&self, domain: &NetbiosName) -> Option<Arc<Member>> {
        self.current().iter().find(|member| member.name() == domain).cloned()
    }

    fn use_keys(&self, member: &Member, domain: Arc<Domain>) {
        let before = member.state.domain();
        if keys(&before) != keys(&domain) || identities(&before) != identities(&domain) {
            let newest = domain.keys().last().map(|key| key.id().to_string()).unwrap_or_default();
            member.use_keys(domain);
            tracing::info!(name: "keys_changed", domain = %member.name(), newest = %newest);
        }
    }

    fn current(&self) -> Vec<Arc<Member>> {
        current(&self.parts)
    }

    fn read(&self) -> std::sync::RwLockReadGuard<'_, Parts> {
        self.parts.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> std::sync::RwLockWriteGuard<'_, Parts> {
        self.parts.write().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Readable when there are messages to take ([`from_domains`](Domains::from_domains)), or a session has opened.
#[cfg(unix)]
impl std::os::fd::AsFd for Domains {
    fn as_fd(&self) -> std::os::fd::BorrowedFd<'_> {
        self.carried.as_fd()
    }
}

impl Drop for Domains {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        self.changed.wake();
        self.routes.abort_reads();
        for thread in self.threads.drain(..) {
            thread.thread().unpark();
            // A thread that has panicked has ended, too.
            let _ = thread.join();
        }
        remember(&self.parts, true);
        let members = std::mem::take(&mut *self.write()).members;
        end_all(members);
    }
}

/// Whether both describe the same domain, if perhaps with other keys.
fn is_same(a: &Domain, b: &Domain, computer: &NetbiosName) -> bool {
    // These names follow from the id, or from the name of an open domain, and from the secret for names.
    let names = |domain: &Domain| domain.all_slots_of(computer);
    a.name() == b.name() && names(a) == names(b) && a.lan() == b.lan() && a.connect() == b.connect()
}

/// What changes when this computer is invited again, or a certificate is revoked.
fn identities(domain: &Domain) -> (Option<[u8; 32]>, Option<&Certificate>, u64) {
    (domain.authority(), domain.certificate(), domain.revocations())
}

/// The keys without their secrets: the ids tell them apart.
fn keys(domain: &Domain) -> Vec<(KeyId, Time, Option<Time>)> {
    domain.keys().iter().map(|key| (key.id(), key.send_from(), key.accept_until())).collect()
}

impl core::fmt::Debug for Domains {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Domains").field("computer", &self.computer).finish_non_exhaustive()
    }
}
