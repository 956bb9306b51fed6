//! All domains of a machine at work.

use std::collections::{BTreeMap, BTreeSet};
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, PoisonError};
use std::thread::JoinHandle;

use mailslot::node::routes;
use mailslot::{Access, Mailslot, MailslotOptions, NetbiosName};
use mailslot_domain::Domain;

use crate::error::{Error, Result};
use crate::events::{Event, Events, field};
use crate::member::Member;
use crate::routes::{Members, current, run};
use crate::settings::Settings;
use crate::status::Status;
use crate::wake::Wake;
use crate::watch::{Watch, open_slots};

/// The domains of a machine, at work in threads of their own until this is dropped.
pub struct Domains {
    computer: NetbiosName,
    members: Arc<Members>,
    routes: Mailslot,
    stop: Arc<AtomicBool>,
    /// Wakes the thread that announces slots.
    changed: Arc<Wake>,
    threads: Vec<JoinHandle<()>>,
    events: Events,
    happened: Receiver<Event>,
}

impl Domains {
    /// Takes part in `domains` as `computer`. Sessions open in the background, however long that takes. `legacy` tells
    /// whether this machine is in a legacy network as well, which then is its own domain.
    ///
    /// # Errors
    ///
    /// - [`Error::Settings`] if a setting is wrong
    /// - [`Error::Slot`] if a slot cannot be created: with [`mailslot::Error::AlreadyExists`] another process is this
    ///   machine's node
    /// - [`Error::Domain`], [`Error::Io`] if the system refuses something
    pub fn start(computer: &NetbiosName, legacy: bool, domains: Vec<(Arc<Domain>, Settings)>) -> Result<Domains> {
        let capacity = domains.iter().map(|(_, settings)| settings.capacity()).max().unwrap_or(1 << 20);
        let routes = MailslotOptions::new().access(Access::Everyone).capacity(capacity).create(routes::SLOT)?;
        let (sender, happened) = channel();
        let changed = Arc::new(Wake::new()?);
        let mut all = Domains {
            computer: computer.clone(),
            members: Arc::default(),
            routes,
            stop: Arc::default(),
            changed,
            threads: Vec::new(),
            events: Events { sender, wake: Arc::new(Wake::new()?) },
            happened,
        };
        all.reload(domains)?;
        all.spawn(legacy)?;
        Ok(all)
    }

    fn spawn(&mut self, legacy: bool) -> Result<()> {
        let failed = |source| Error::io("start a thread", source);
        let watch = Watch::new()?;
        let (members, stop, changed) = (Arc::clone(&self.members), Arc::clone(&self.stop), Arc::clone(&self.changed));
        let events = self.events.clone();
        let announcing = move || {
            while !stop.load(Ordering::SeqCst) {
                announce(&members, &events);
                watch.wait(changed.as_fd());
                changed.clear();
            }
        };
        self.threads.push(std::thread::Builder::new().name("domain-slots".into()).spawn(announcing).map_err(failed)?);
        let (members, routes) = (Arc::clone(&self.members), self.routes.clone());
        let answering = move || run(&routes, &members, legacy);
        self.threads.push(std::thread::Builder::new().name("domain-routes".into()).spawn(answering).map_err(failed)?);
        Ok(())
    }

    /// Takes part in exactly these domains from now on. Those that are the same as before go on undisturbed; others start
    /// anew.
    ///
    /// # Errors
    ///
    /// Those of [`Domains::start`]; then everything stays as it is, except for domains that had to end to start anew.
    pub fn reload(&mut self, domains: Vec<(Arc<Domain>, Settings)>) -> Result<()> {
        for (domain, settings) in &domains {
            settings.config(domain)?;
        }
        let same = |member: &Arc<Member>, (domain, settings): &(Arc<Domain>, Settings)| {
            member.settings == *settings && is_same(&member.state.domain, domain)
        };
        let (mut members, ended): (Vec<_>, Vec<_>) =
            self.current().into_iter().partition(|member| domains.iter().any(|new| same(member, new)));
        ended.iter().for_each(|member| self.end(member));
        let mut result = Ok(());
        for new in domains {
            if members.iter().any(|member| same(member, &new)) {
                continue;
            }
            let (domain, settings) = new;
            match Member::start(domain, &self.computer, settings, self.events.clone(), Arc::clone(&self.changed)) {
                Ok(member) => members.push(member),
                Err(error) => result = Err(error),
            }
        }
        members.sort_by(|a, b| a.name().as_str().cmp(b.name().as_str()));
        *self.write() = members;
        self.changed.wake();
        result
    }

    /// What each domain is and has counted.
    pub fn status(&self) -> Vec<Status> {
        self.current().iter().map(|member| Status::of(member)).collect()
    }

    /// The computers that take part in the domain, and the slots that each of them has open; `None` if this machine takes no
    /// part in it.
    pub fn members(&self, domain: &NetbiosName) -> Option<BTreeMap<String, BTreeSet<String>>> {
        let members = self.current();
        let member = members.iter().find(|member| member.name() == domain)?;
        Some(member.state.presences().members())
    }

    /// What has happened since the last call.
    pub fn events(&self) -> Vec<Event> {
        self.events.wake.clear();
        self.happened.try_iter().collect()
    }

    fn end(&self, member: &Member) {
        member.stop();
        self.events.send("domain_closed", vec![field("domain", member.name())]);
    }

    fn current(&self) -> Vec<Arc<Member>> {
        current(&self.members)
    }

    fn write(&self) -> std::sync::RwLockWriteGuard<'_, Vec<Arc<Member>>> {
        self.members.write().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Readable when there are [`events`](Domains::events).
impl AsFd for Domains {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.events.wake.as_fd()
    }
}

impl Drop for Domains {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        self.changed.wake();
        self.routes.abort_reads();
        for thread in self.threads.drain(..) {
            // A thread that has panicked has ended, too.
            let _ = thread.join();
        }
        let members = std::mem::take(&mut *self.write());
        members.iter().for_each(|member| self.end(member));
    }
}

fn announce(members: &Members, events: &Events) {
    let Ok(slots) = open_slots() else { return };
    current(members).iter().for_each(|member| member.update(&slots, events));
}

/// Whether two files describe the same domain with the same keys. (Keys have ids that tell them apart.)
fn is_same(a: &Domain, b: &Domain) -> bool {
    let keys = |domain: &Domain| -> Vec<_> {
        domain.keys().iter().map(|key| (key.id(), key.send_from(), key.accept_until())).collect()
    };
    a.name() == b.name()
        && a.prefix() == b.prefix()
        && a.lan() == b.lan()
        && a.connect() == b.connect()
        && keys(a) == keys(b)
}

impl core::fmt::Debug for Domains {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Domains").field("computer", &self.computer).finish_non_exhaustive()
    }
}
