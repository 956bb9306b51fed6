//! All domains of a machine at work.

use std::collections::{BTreeMap, BTreeSet};
use std::os::fd::{AsFd, BorrowedFd};
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
use mailslot_domain::{Domain, KeyId, Legacy, Segment, Time};

use crate::bridge::{BridgeWants, FromDomain, WAITING};
use crate::ending::{end, end_all};
use crate::error::Result;
use crate::known::Known;
use crate::link::{self, PENDING};
use crate::looking::{Looking, remember};
use crate::member::Member;
use crate::presences::Presences;
use crate::process::descriptor_limit;
use crate::routes::{Parts, current, run};
use crate::status;
use crate::supervise;
use crate::wake::Wake;
use crate::watch::Watch;

/// Descriptors that a node needs besides those of connections: for slots, threads and files.
const DESCRIPTORS: usize = 256;

/// The domains of a machine, at work in threads of their own until this is dropped.
pub struct Domains {
    computer: NetbiosName,
    parts: Arc<RwLock<Parts>>,
    routes: Mailslot,
    stop: Arc<AtomicBool>,
    /// Wakes the thread that announces slots.
    changed: Arc<Wake>,
    threads: Vec<JoinHandle<()>>,
    /// Woken when there is something for bridges to carry.
    carried: Arc<Wake>,
    /// What bridges may carry into legacy networks: both ends.
    from_domains: (SyncSender<FromDomain>, Receiver<FromDomain>),
}

impl Domains {
    /// Takes part in `domains` as `computer`. Sessions open in the background, however long that takes. `legacy` tells
    /// whether this machine is in a legacy network as well, which then is its own domain. `missing` are those domains that this
    /// machine should take part in and cannot, each with what is wrong: what programs send to them goes nowhere, and least of all
    /// into another network.
    ///
    /// # Errors
    ///
    /// - [`Error::Settings`](crate::Error::Settings) if a setting is wrong
    /// - [`Error::Slot`](crate::Error::Slot) if a slot cannot be created: with [`mailslot::Error::AlreadyExists`] another process is this
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

    /// The same, and remembers in the file `known` which computers its sealed domains have: they stay theirs also after another start.
    /// It is read now and written as they come, if this process may.
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
            parts: Arc::new(RwLock::new(Parts { known: known.into(), ..Parts::default() })),
            routes,
            stop: Arc::default(),
            changed,
            threads: Vec::new(),
            carried: Arc::new(Wake::new()?),
            from_domains: sync_channel(WAITING),
        };
        all.reload(domains, missing)?;
        all.spawn(legacy)?;
        let needed = (connections + DESCRIPTORS) as u64;
        if let Some(limit) = descriptor_limit().filter(|limit| *limit < needed) {
            tracing::warn!(name: "descriptors_few", limit = %limit, needed = %needed);
        }
        Ok(all)
    }

    fn spawn(&mut self, legacy: bool) -> Result<()> {
        let look = Looking { watch: Watch::new()?, parts: Arc::clone(&self.parts), changed: Arc::clone(&self.changed) };
        let stop = Arc::clone(&self.stop);
        self.supervise("domain-slots", move || look.run(&stop))?;
        let (parts, routes, stop) = (Arc::clone(&self.parts), self.routes.clone(), Arc::clone(&self.stop));
        let answering = move || run(&routes, &parts, legacy, &stop);
        self.supervise("domain-routes", answering)
    }

    /// Ends everything and begins anew, perhaps as another computer. What is known of sealed domains stays known.
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

    /// Takes part in exactly these domains from now on, but for those `missing`. Those that are the same as before go on undisturbed, also with other
    /// keys; those whose settings are others start anew.
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
            // What does not begin must not be sent to elsewhere, either.
            let parts = &mut *self.write();
            for (domain, _) in &domains {
                if !parts.members.iter().any(|member| member.name() == domain.name()) {
                    missing.insert(domain.name().clone(), error.to_string());
                }
            }
            parts.missing.append(&mut missing);
            return Err(error);
        }
        let known = Arc::clone(&self.read().known);
        known.retain(|owner| {
            let is_it = |domain: &Domain| *domain.name() == owner.name && domain.id() == Some(owner.id);
            domains.iter().any(|(domain, _)| is_it(domain)) || missing.contains_key(&owner.name)
        });
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
            match Member::start(domain, &self.computer, settings, carried, changed, from_domains, known) {
                Ok(member) => members.push(member),
                Err(error) => {
                    missing.insert(name, error.to_string());
                    result = Err(error);
                }
            }
        }
        members.sort_by(|a, b| a.name().cmp(b.name()));
        let parts = &mut *self.write();
        (parts.members, parts.missing) = (members, missing);
        self.changed.wake();
        result
    }

    /// Looks at slots, addresses and files soon, and not only within a second: something may have changed.
    pub fn look_soon(&self) {
        self.changed.wake();
    }

    /// What each domain is and has counted.
    pub fn status(&self) -> Vec<Status> {
        self.current().iter().map(|member| status::of(member)).collect()
    }

    /// How many domains have an open session, and how many there are; domains that cannot run are in neither.
    pub fn sessions(&self) -> (usize, usize) {
        let members = self.current();
        (members.iter().filter(|member| member.is_open()).count(), members.len())
    }

    /// The computers that take part in the domain, and the slots that each of them has open; `None` if this machine takes no
    /// part in it.
    pub fn members(&self, domain: &NetbiosName) -> Option<BTreeMap<String, BTreeSet<String>>> {
        Some(self.member(domain)?.state.presences(|presences| presences.members()))
    }

    /// Takes part as a bridge between the domain and a legacy network from now on, or no longer.
    pub fn bridge(&self, domain: &NetbiosName, wants: Option<BridgeWants>) {
        if self.member(domain).is_some_and(|member| member.bridge.want(wants)) {
            self.changed.wake();
        }
    }

    /// Since when this machine is there for others as a bridge of the domain; `None` if it is not.
    pub fn bridge_since(&self, domain: &NetbiosName) -> Option<Instant> {
        self.member(domain)?.bridge.since()
    }

    /// What was not handed on to this machine's bridge of the domain, by its label.
    pub fn bridge_counters(&self, domain: &NetbiosName) -> BTreeMap<String, u64> {
        self.member(domain).iter().flat_map(|member| member.bridge.counters()).collect()
    }

    /// The computers that are bridges of the domain, each with the segments that it carries into.
    pub fn bridges(&self, domain: &NetbiosName) -> Vec<(NetbiosName, Segment)> {
        let bridges = |presences: &mut Presences| presences.bridges().cloned().collect();
        self.member(domain).map(|member| member.state.presences(bridges)).unwrap_or_default()
    }

    /// The names of the slots that somebody in the domain has open.
    pub fn slot_names(&self, domain: &NetbiosName) -> Vec<SlotName> {
        let names = |presences: &mut Presences| presences.slot_names().cloned().collect();
        self.member(domain).map(|member| member.state.presences(names)).unwrap_or_default()
    }

    /// The names of the domains.
    pub fn names(&self) -> Vec<NetbiosName> {
        self.current().iter().map(|member| member.name().clone()).collect()
    }

    /// Why messages to `address` must not be sent in a legacy network, if they must not: it is a domain of this machine, or a
    /// computer that a sealed one has, or has had. Of each domain, 65,536 computers are remembered.
    pub fn protects(&self, address: &Address) -> Option<String> {
        self.read().protects(address)
    }

    /// What the names of these computers mean from now on, and those of no others: by the operator's word, which counts more than
    /// what any domain says. A name that is a domain's means that in any case.
    pub fn mean(&self, computers: BTreeMap<NetbiosName, Meant>) {
        self.write().computers = computers;
    }

    /// Whether a message of a legacy network, of which this is the id, has not come yet through the domain; from now on it
    /// is known there, and what a bridge carries of it is a copy.
    pub fn is_first(&self, domain: &NetbiosName, legacy_id: [u8; 16]) -> bool {
        self.member(domain).is_none_or(|member| member.state.is_first(legacy_id))
    }

    /// Sends a message of a legacy network to the slot of every computer of the domain.
    ///
    /// # Errors
    ///
    /// - [`Error::Domain`](crate::Error::Domain) if the domain does not let it be sent
    /// - [`Error::Zenoh`](crate::Error::Zenoh) if the session does not
    pub fn carry(&self, domain: &NetbiosName, slot: &SlotName, legacy: &Legacy<'_>, data: &[u8]) -> Result<()> {
        let Some(member) = self.member(domain) else { return Ok(()) };
        let to = member.state.domain().broadcast(slot)?;
        member.carry(&to, legacy, data)
    }

    /// The next messages that bridges of this machine may carry into a legacy network, so many at most.
    pub fn from_domains(&self, most: usize) -> Vec<FromDomain> {
        // First: what comes meanwhile wakes again.
        self.carried.clear();
        let taken: Vec<FromDomain> = self.from_domains.1.try_iter().take(most).collect();
        if taken.len() == most {
            // There may be more, and nothing else would tell.
            self.carried.wake();
        }
        taken
    }

    fn member(&self, domain: &NetbiosName) -> Option<Arc<Member>> {
        self.current().iter().find(|member| member.name() == domain).cloned()
    }

    fn use_keys(&self, member: &Member, domain: Arc<Domain>) {
        if keys(&member.state.domain()) != keys(&domain) {
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

/// Readable when there are messages [`from_domains`](Domains::from_domains), or a session has opened, until they are taken.
impl AsFd for Domains {
    fn as_fd(&self) -> BorrowedFd<'_> {
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

/// Whether two files describe the same domain, which may have other keys.
fn is_same(a: &Domain, b: &Domain, computer: &NetbiosName) -> bool {
    // This is made of the id, or the name of an open domain, and of the secret for names.
    let names = |domain: &Domain| domain.all_slots_of(computer);
    a.name() == b.name() && names(a) == names(b) && a.lan() == b.lan() && a.connect() == b.connect()
}

/// The keys, without what is secret: their ids tell them apart.
fn keys(domain: &Domain) -> Vec<(KeyId, Time, Option<Time>)> {
    domain.keys().iter().map(|key| (key.id(), key.send_from(), key.accept_until())).collect()
}

impl core::fmt::Debug for Domains {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Domains").field("computer", &self.computer).finish_non_exhaustive()
    }
}
