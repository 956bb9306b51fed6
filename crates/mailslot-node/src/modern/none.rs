//! No modern domains: settings of domains are refused before they arrive here, and messages for a domain are not sent
//! in the legacy network.

use std::collections::BTreeSet;
use std::time::Instant;

use mailslot::{Address, NetbiosName, NetworkOrigin, SlotName};
use mailslot_domain::Directory;
use mailslot_domain::status::Status;

use crate::bridge::BridgeStatus;
use crate::config::{self, NO_DOMAINS};
use crate::control::Answer;
use crate::error::Result;
use crate::io::interfaces::Attachment;
use crate::io::poll::Source;
use mailslot_netbios::{Config, Message};

pub(crate) struct Modern {
    /// The directory of domain files: chosen once, because the process may become another user. `None` if it could not
    /// be determined.
    directory: Option<Directory>,
    /// The domains that have a file there.
    names: BTreeSet<NetbiosName>,
}

impl Modern {
    pub(crate) fn load(_: &config::Settings) -> Result<Modern> {
        let mut modern = Modern { directory: Directory::in_use(mailslot::secure_env).ok(), names: BTreeSet::new() };
        modern.read();
        Ok(modern)
    }

    pub(crate) fn start(&mut self, _: &config::Settings, _: &Config) -> Result<()> {
        Ok(())
    }

    pub(crate) fn restart(&mut self, _: &config::Settings, _: &Config) -> Result<()> {
        Ok(())
    }

    pub(crate) fn end(&mut self) {}

    pub(crate) fn check(&self, _: &config::Settings) -> Result<()> {
        Ok(())
    }

    pub(crate) fn look_soon(&self) {}

    pub(crate) fn look(&mut self, _: &config::Settings, _: &Config) {
        self.read();
    }

    pub(crate) fn look_at_bridges<'a>(
        &mut self,
        _: Instant,
        _: &config::Settings,
        _: &Config,
        _: impl Iterator<Item = &'a Attachment>,
    ) {
    }

    pub(crate) fn take_legacy(&mut self, _: Instant, _: &Message, _: &NetworkOrigin) -> bool {
        true
    }

    pub(crate) fn take_domains(&mut self, _: Instant, _: impl FnMut(Vec<u32>, &SlotName, &[u8]) -> bool) {}

    /// A domain that has a file is protected, even if this build cannot run it.
    pub(crate) fn protects(&self, address: &Address) -> Option<String> {
        let Address::Remote { target, .. } = address else { return None };
        self.names.contains(target).then(|| format!("{target} is a domain of this machine, and {NO_DOMAINS}"))
    }

    pub(crate) fn source(&self) -> Option<Source<'_>> {
        None
    }

    pub(crate) fn sessions(&self) -> (usize, usize) {
        (0, 0)
    }

    pub(crate) fn status(&self) -> Vec<Status> {
        Vec::new()
    }

    pub(crate) fn bridge_status(&self) -> Vec<BridgeStatus> {
        Vec::new()
    }

    pub(crate) fn members(&self, _: &str, told: impl FnOnce(Answer) + Send + 'static) {
        told(Answer::Refused(NO_DOMAINS.to_owned()));
    }

    /// Reads which domains have a file, by the files' names; damaged files count too. Logs each new one.
    fn read(&mut self) {
        // If the directory cannot be read now, the known names stay.
        let Some(files) = self.directory.as_ref().and_then(|directory| directory.list().ok()) else { return };
        let name = |(path, _): &(std::path::PathBuf, _)| path.file_stem()?.to_str()?.parse::<NetbiosName>().ok();
        let names: BTreeSet<NetbiosName> = files.iter().filter_map(name).collect();
        for name in names.difference(&self.names) {
            tracing::warn!(name: "domain_wrong", domain = %name, reason = %NO_DOMAINS);
        }
        self.names = names;
    }
}
