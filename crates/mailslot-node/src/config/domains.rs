//! The settings of modern domains and bridges to them. They exist in every build, but work only with the feature
//! `zenoh`.

use std::collections::BTreeMap;

use mailslot::{NetbiosName, Quoted};
use mailslot_domain::settings::{self, Meant};
use mailslot_netbios::{BRIDGE, Config, RegisteredName};
use mailslot_wire::NodeType;

use crate::config;
use crate::error::{Error, Result};

/// The error for settings of modern domains in a build without them.
pub(crate) const NO_DOMAINS: &str = "this build has no modern domains: build it with the feature `zenoh`";

impl config::Settings {
    /// Checks that the settings of modern domains can work, and adds the NetBIOS name that bridges need.
    pub(super) fn check_domains(&self, config: &mut Config) -> Result<()> {
        self.check_parts()?;
        self.meanings()?;
        self.add_bridge(config)?;
        match self.about_domains() {
            Some(setting) if !cfg!(feature = "zenoh") => Err(Error::Settings(format!("{setting}: {NO_DOMAINS}"))),
            _ => Ok(()),
        }
    }

    /// Checks this machine's settings in domains, even if the domains have no file yet.
    fn check_parts(&self) -> Result<()> {
        for (domain, part) in &self.domains {
            let wrong = |what: String| Error::Settings(format!("domain {domain}: {what}"));
            if domain.parse::<NetbiosName>().is_err() {
                return Err(wrong("this cannot be the name of a domain".to_owned()));
            }
            part.check_values().map_err(wrong)?;
        }
        self.part().check_values().map_err(Error::Settings)
    }

    /// The machine's settings in a domain without a section.
    pub(crate) fn part(&self) -> settings::Settings {
        let mut part = settings::Settings::default();
        part.lan = self.lan;
        part.connect.clone_from(&self.connect);
        part.listen.clone_from(&self.listen);
        part
    }

    /// A setting that concerns only modern domains, if one is set.
    fn about_domains(&self) -> Option<&'static str> {
        let set = [
            ("domains", !self.domains.is_empty()),
            ("bridge", !self.bridge.is_empty()),
            ("lan", self.lan.is_some()),
            ("connect", !self.connect.is_empty()),
            ("listen", !self.listen.is_empty()),
            ("computers", !self.computers.is_empty()),
        ];
        set.into_iter().find(|(_, is_set)| *is_set).map(|(name, _)| name)
    }

    /// The networks of [`computers`](config::Settings::computers).
    pub(crate) fn meanings(&self) -> Result<BTreeMap<NetbiosName, Meant>> {
        let wrong = |computer: &str, what: &str| Error::Settings(format!("computers: {computer}: {what}"));
        let meaning = |(computer, network): (&String, &String)| {
            let name: NetbiosName = computer.parse().map_err(|error| wrong(computer, &format!("{error}")))?;
            let meant = match network.as_str() {
                text if !text.eq_ignore_ascii_case("netbios") => {
                    Meant::Domain(text.parse().map_err(|error| wrong(computer, &format!("{}: {error}", Quoted(text))))?)
                }
                _ if !self.netbios => {
                    return Err(wrong(computer, "with `netbios = false` there is no NetBIOS network"));
                }
                _ => Meant::Legacy,
            };
            Ok((name, meant))
        };
        self.computers.iter().map(meaning).collect()
    }

    /// Whether a bridge of this machine sends in the legacy network.
    fn is_sending_bridge(&self) -> bool {
        self.bridge.values().any(|bridge| !bridge.to_legacy.is_empty())
    }

    /// Adds the name from which bridges send: answers are sent to it.
    fn add_bridge(&self, config: &mut Config) -> Result<()> {
        self.bridge.iter().try_for_each(|(domain, bridge)| bridge.check(domain))?;
        if !self.bridge.is_empty() && !self.netbios {
            return Err(Error::Settings("a bridge needs a legacy network: leave `netbios` at true".to_owned()));
        }
        if !self.is_sending_bridge() {
            return Ok(());
        }
        if config.node_type == NodeType::P {
            let what = "a node of type P does not broadcast, so it cannot be a bridge with `to-legacy`";
            return Err(Error::Settings(what.to_owned()));
        }
        config.names.push(RegisteredName::unique(config.computer.clone().with_suffix(BRIDGE)));
        Ok(())
    }
}
