//! The settings of a node: one TOML file, in which everything has a default.

mod domains;
mod file;
mod layer;
mod limits;

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};

use mailslot::Quoted;
use mailslot_wire::{DnsName, Name};
use serde::{Deserialize, Deserializer, Serialize, de};
use toml::{Table, Value};

pub use file::FILE;
pub use mailslot_wire::NodeType;
pub use mailslot_wire::smb::Style;

#[cfg_attr(feature = "zenoh", expect(unused_imports, reason = "it has some"))]
pub(crate) use domains::NO_DOMAINS;

use crate::bridge::{self, Pattern};
use crate::error::{Error, Result};
use crate::exposition::Endpoint;
use layer::lay_over;
use mailslot_netbios::limits::Limits;
use mailslot_netbios::{Config, Ports, RegisteredName, Registrar};

/// All settings. The file has the same names, with hyphens, at its top level; unknown names are errors.
///
/// ```
/// use mailslot_node::config::Settings;
///
/// let settings = Settings::from_toml(r#"
///     computer = "SRV1"
///     workgroup = "PLANT"
///     wins = ["192.0.2.1"]
/// "#)?;
/// assert_eq!(settings.protocol()?.computer.to_string(), "SRV1<00>");
/// # Ok::<(), mailslot_node::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
#[non_exhaustive]
pub struct Settings {
    /// The computer's name; by default the host name, cut to 15 characters.
    pub computer: Option<String>,
    /// The workgroup or domain of this machine.
    pub workgroup: String,
    /// The NetBIOS scope; empty in nearly every network.
    pub scope: String,
    /// How names are registered and found: `b`, `p`, `m` or `h`; by default `h` if there are WINS servers, else `b`.
    #[serde(deserialize_with = "node_type")]
    pub node_type: Option<NodeType>,
    /// The WINS servers, primary first.
    pub wins: Vec<Ipv4Addr>,
    /// The form of mailslot writes that are sent: `windows` or `samba`. Every receiver understands both.
    #[serde(deserialize_with = "style")]
    pub style: Style,
    /// Names to register besides those of computer and workgroup, such as `PLANT#1c` or `group:PLANT#1e`.
    pub names: Vec<String>,
    /// Whether to receive the computer browser's messages to all members of the workgroup (registers `WORKGROUP<1e>`).
    pub browser: bool,
    /// The interfaces to use, by name or address; by default all that can broadcast and are not excluded.
    pub interfaces: Vec<String>,
    /// Interfaces not to use, by name or address.
    pub exclude: Vec<String>,
    /// Whether this machine is in a NetBIOS network; otherwise it is in modern domains only.
    pub netbios: bool,
    /// The settings for each modern domain, by the domain's name. Domains without a section have `lan`, `connect` and
    /// `listen`.
    pub domains: BTreeMap<String, mailslot_domain::settings::Settings>,
    /// The bridge between the NetBIOS network and each modern domain, by the domain's name.
    pub bridge: BTreeMap<String, bridge::Settings>,
    /// Whether machines discover each other by multicast, in modern domains without a section; by default as the
    /// domain's file says.
    pub lan: Option<bool>,
    /// Zenoh endpoints to connect to, in modern domains without a section.
    pub connect: Vec<String>,
    /// Zenoh endpoints to listen on, in modern domains without a section.
    pub listen: Vec<String>,
    /// The network of a computer, by the computer's name: the name of a modern domain, or `netbios`. The default is the
    /// sealed domain that first knew the computer, else an open domain that has it, else the NetBIOS network.
    pub computers: BTreeMap<String, String>,
    /// The slots of this machine that messages from modern domains are written to, where the programs that create slots
    /// cannot say so: on Windows, and without effect elsewhere.
    pub slots: Vec<Pattern>,
    /// The port of the name service.
    pub name_port: u16,
    /// The port of the datagram service.
    pub datagram_port: u16,
    /// Whether to leave both ports to Samba's nmbd on this machine. The node then gets from nmbd the datagrams that
    /// nmbd does not use, sends from other ports, and relies on the names that nmbd holds. Computer and workgroup must
    /// be those of nmbd.
    pub beside_samba: bool,
    /// Where nmbd passes such datagrams on: the socket `unexpected` in its "nmbd:socket dir".
    pub nmbd_socket: PathBuf,
    /// Where metrics are served by HTTP; by default nowhere. [`exposition`](crate::exposition) describes who can then
    /// read what.
    pub metrics: Option<Endpoint>,
    /// The user to become once the ports are open; only root can. By default the node keeps its user.
    pub user: Option<String>,
    /// Bounds of tables and rates: the table `limits` in the file, with the names of [`Limits`] in hyphens.
    pub limits: Limits,
}

/// Where nmbd's socket is on most systems.
const NMBD_SOCKET: &str = "/run/samba/nmbd/unexpected";

impl Default for Settings {
    fn default() -> Settings {
        let ports = Ports::default();
        Settings {
            computer: None,
            workgroup: "WORKGROUP".to_owned(),
            scope: String::new(),
            node_type: None,
            wins: Vec::new(),
            style: Style::Windows,
            names: Vec::new(),
            browser: true,
            interfaces: Vec::new(),
            exclude: Vec::new(),
            netbios: true,
            domains: BTreeMap::new(),
            bridge: BTreeMap::new(),
            lan: None,
            connect: Vec::new(),
            listen: Vec::new(),
            computers: BTreeMap::new(),
            slots: Vec::new(),
            name_port: ports.name,
            datagram_port: ports.datagram,
            beside_samba: false,
            nmbd_socket: PathBuf::from(NMBD_SOCKET),
            metrics: None,
            user: None,
            limits: Limits::default(),
        }
    }
}

impl Settings {
    /// Reads the file at `path`.
    ///
    /// # Errors
    ///
    /// - [`Error::Io`] if it cannot be read, is neither a regular file nor `/dev/null`, or has more than 1 MiB
    /// - [`Error::Settings`] if it is not TOML, or has an unknown name or an invalid value
    pub fn read(path: &Path) -> Result<Settings> {
        Settings::of_file(&read(path)?, path)
    }

    fn of_file(text: &str, path: &Path) -> Result<Settings> {
        Settings::from_toml(text).map_err(|error| match error {
            Error::Settings(what) => Error::Settings(format!("{}: {what}", path.display())),
            other => other,
        })
    }

    /// Reads the text of a file.
    ///
    /// # Errors
    ///
    /// [`Error::Settings`] if it is not TOML, or has an unknown name or an invalid value.
    pub fn from_toml(text: &str) -> Result<Settings> {
        toml::from_str(text).map_err(|error: toml::de::Error| {
            // The error's Display text has several lines, which show the place.
            let number =
                error.span().and_then(|span| text.get(..span.start)).map(|before| before.matches('\n').count());
            let line = number.and_then(|number| Some((number, text.lines().nth(number)?)));
            let place = line.map(|(number, line)| format!("line {} ({}): ", number + 1, line.trim()));
            Error::Settings(place.unwrap_or_default() + error.message())
        })
    }

    /// Reads the file, if one is given, and overrides it with `flags`: a table with the file's names, in which
    /// everything is optional. Each of `limits` is a line of the file's table of limits: `queries=512`,
    /// `messages.burst=10`, `answers={per-second=100,burst=200}`.
    ///
    /// # Errors
    ///
    /// As [`read`](Settings::read), and [`Error::Settings`] if a flag or a limit has an unknown name or an invalid
    /// value.
    ///
    /// ```
    /// use std::collections::BTreeMap;
    /// use mailslot_node::config::Settings;
    ///
    /// let flags = BTreeMap::from([("workgroup", "PLANT")]);
    /// let settings = Settings::load(None, &flags, &["queries=512".to_owned()])?;
    /// assert_eq!((settings.workgroup.as_str(), settings.limits.queries), ("PLANT", 512));
    /// # Ok::<(), mailslot_node::Error>(())
    /// ```
    pub fn load(file: Option<&Path>, flags: &impl Serialize, limits: &[String]) -> Result<Settings> {
        let wrong = |error: toml::de::Error| Error::Settings(error.to_string().trim_end().replace('\n', " "));
        let mut table = Table::new();
        if let Some(path) = file {
            let text = read(path)?;
            // Parsed alone first, so that an error in the file is reported with its line.
            Settings::of_file(&text, path)?;
            table = text.parse().map_err(wrong)?;
        }
        lay_over(&mut table, Table::try_from(flags).map_err(|error| Error::Settings(error.to_string()))?);
        let given = table.remove("limits").and_then(|given| given.as_table().cloned()).unwrap_or_default();
        table.insert("limits".to_owned(), Value::Table(limits::lay_over_default(given, limits)?));
        table.try_into().map_err(wrong)
    }

    /// The configuration of the NetBIOS node.
    ///
    /// # Errors
    ///
    /// [`Error::Settings`] if modern domains have settings and this build has no such domains (the feature `zenoh`), if
    /// a name is not a valid NetBIOS name, if a node of this type needs WINS servers, if a limit is out of its bounds,
    /// or if a node on Windows cannot do what is set.
    pub fn protocol(&self) -> Result<Config> {
        let computer = match &self.computer {
            Some(computer) => computer.clone(),
            None => host_name()?,
        };
        #[cfg(windows)]
        self.check_windows()?;
        self.check_addresses()?;
        let mut config = Config::new(&computer, &self.workgroup)
            .map_err(|error| {
                Error::Settings(format!(
                    "computer {}, workgroup {}: {error}",
                    Quoted(&computer),
                    Quoted(&self.workgroup)
                ))
            })?
            .with_servers(self.wins.clone());
        if self.browser {
            config = config.with_browser().map_err(|error| Error::Settings(error.to_string()))?;
        }
        for text in &self.names {
            let wrong = |error| Error::Settings(format!("name {}: {error}", Quoted(text)));
            config.register(registered(text)?).map_err(wrong)?;
        }
        if let Some(node_type) = self.node_type {
            config.node_type = node_type;
            if self.wins.is_empty() && node_type != NodeType::B {
                return Err(Error::Settings(format!("a node of type {node_type:?} needs WINS servers: set `wins`")));
            }
        }
        self.check_domains(&mut config)?;
        config.style = self.style;
        config.ports = Ports { name: self.name_port, datagram: self.datagram_port };
        config.own_ports = config.ports;
        if self.beside_samba {
            config.registrar = Registrar::OtherService;
            // Each socket has a different port.
            config.own_ports = Ports { name: 0, datagram: 0 };
        }
        limits::check(&self.limits)?;
        config.limits = self.limits.clone();
        if self.scope.is_empty() {
            return Ok(config);
        }
        let wrong = |error: &dyn std::error::Error| Error::Settings(format!("scope {}: {error}", Quoted(&self.scope)));
        let scope = DnsName::new(&self.scope).map_err(|error| wrong(&error))?;
        config.with_scope(&scope).map_err(|error| wrong(&error))
    }

    /// Checks that a node on Windows can do what is set.
    #[cfg(windows)]
    fn check_windows(&self) -> Result<()> {
        let wrong = |what: String| Err(Error::Settings(what));
        if self.netbios {
            let what = "netbios: the ports of NetBIOS belong to Windows itself, so a node there is in modern domains \
                        only: set `netbios = false` (--netbios false)";
            return wrong(what.to_owned());
        }
        if let Some(pattern) = self.slots.iter().find(|pattern| pattern.exact().is_none()) {
            return wrong(format!("slots: {pattern}: Windows cannot list its mailslots: write the name of each"));
        }
        Ok(())
    }

    /// Checks that other machines can have these addresses, and that these ports can be used.
    fn check_addresses(&self) -> Result<()> {
        let wrong = |what: String| Err(Error::Settings(what));
        let is_of_none =
            |address: &&Ipv4Addr| address.octets()[0] == 0 || address.is_multicast() || address.is_broadcast();
        if let Some(server) = self.wins.iter().find(is_of_none) {
            return wrong(format!("wins: {server} cannot be the address of a machine: write that of a name server"));
        }
        for (name, port) in [("name-port", self.name_port), ("datagram-port", self.datagram_port)] {
            if port == 0 {
                return wrong(format!("{name} is 0: it can be 1 to 65535"));
            }
        }
        if self.name_port == self.datagram_port {
            return wrong(format!("name-port and datagram-port are both {}: they cannot be the same", self.name_port));
        }
        if let Some(both) = self.interfaces.iter().find(|name| self.exclude.contains(name)) {
            return wrong(format!("{} is one of `interfaces` and of `exclude`: leave it out of one", Quoted(both)));
        }
        Ok(())
    }
}

/// Parses a name with its suffix in hexadecimal, such as `PLANT#1c`; without one the suffix is 0. Also parses a name as
/// it is printed, such as `PLANT<1c>`, and keeps the case of its letters.
///
/// # Errors
///
/// [`Error::Settings`] if it is not of this form.
pub fn name(text: &str) -> Result<Name> {
    let wrong = |what: String| Error::Settings(format!("name {}: {what}", Quoted(text)));
    if text.ends_with('>') || text.contains(">.") {
        return text.parse().map_err(|error: mailslot_wire::Error| wrong(error.to_string()));
    }
    let (name, suffix) = text.rsplit_once('#').unwrap_or((text, "0"));
    let suffix = u8::from_str_radix(suffix, 16)
        .map_err(|_| wrong("write the suffix as one or two hexadecimal digits, such as PLANT#1c".to_owned()))?;
    Name::new(name, suffix).map_err(|error| wrong(error.to_string()))
}

fn registered(text: &str) -> Result<RegisteredName> {
    match text.strip_prefix("group:") {
        Some(group) => name(group).map(RegisteredName::group),
        None => name(text).map(RegisteredName::unique),
    }
}

/// Bytes of the largest settings file.
const MAX_FILE: usize = 1 << 20;

fn read(path: &Path) -> Result<String> {
    let text = mailslot_domain::read_text(path, MAX_FILE);
    text.map(|text| text.to_string()).map_err(|source| Error::io(format!("read {}", path.display()), source))
}

/// The first label of the host name: its first 15 ASCII characters.
fn host_name() -> Result<String> {
    #[cfg(unix)]
    let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
    #[cfg(windows)]
    let host = mailslot::secure_env("COMPUTERNAME").unwrap_or_default().to_string_lossy().into_owned();
    let label = host.split('.').next().unwrap_or_default();
    let name: String = label.chars().filter(char::is_ascii).take(15).collect();
    if name.is_empty() {
        return Err(Error::Settings(format!(
            "the host name {} cannot be a computer name: set `computer`",
            Quoted(&host)
        )));
    }
    Ok(name)
}

/// `b`, `p`, `m` or `h`.
fn node_type<'de, D: Deserializer<'de>>(from: D) -> core::result::Result<Option<NodeType>, D::Error> {
    one_of(from, &[("b", NodeType::B), ("p", NodeType::P), ("m", NodeType::M), ("h", NodeType::H)]).map(Some)
}

/// `windows` or `samba`.
fn style<'de, D: Deserializer<'de>>(from: D) -> core::result::Result<Style, D::Error> {
    one_of(from, &[("windows", Style::Windows), ("samba", Style::Samba)])
}

fn one_of<'de, D: Deserializer<'de>, T: Copy>(from: D, all: &[(&str, T)]) -> core::result::Result<T, D::Error> {
    let text = String::deserialize(from)?;
    let names = || all.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
    let found = all.iter().find(|(name, _)| *name == text).map(|(_, value)| *value);
    found.ok_or_else(|| de::Error::custom(format_args!("{} is not one of {}", Quoted(&text), names())))
}

#[cfg(test)]
mod tests;
