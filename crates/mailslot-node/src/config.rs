//! The settings of a node: one TOML file, in which everything has a default.

mod limits;

use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};

#[cfg(feature = "zenoh")]
use mailslot::NetbiosName;
use mailslot::Quoted;
use mailslot_wire::smb::Style;
use mailslot_wire::{DnsName, Name, NodeType};
#[cfg(feature = "zenoh")]
use mailslot_zenoh::Meant;
use serde::Deserialize;

use crate::error::{Error, Result};
#[cfg(feature = "zenoh")]
use mailslot_netbios::BRIDGE;
use mailslot_netbios::limits::Limits;
use mailslot_netbios::{Config, Ports, RegisteredName, Registrar};

/// What a user can set. The file has the same names, with hyphens, on its top level; unknown names are errors.
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
pub struct Settings {
    /// The computer's name; by default the host name, cut to 15 characters.
    pub computer: Option<String>,
    /// The workgroup or domain that this machine is in.
    pub workgroup: String,
    /// The NetBIOS scope; empty in nearly every network.
    pub scope: String,
    /// `b`, `p`, `m` or `h`; by default `h` if there are WINS servers, else `b`.
    pub node_type: Option<Type>,
    /// The WINS servers, primary first.
    pub wins: Vec<Ipv4Addr>,
    /// Whose form of mailslot write is sent: `windows` or `samba`.
    pub style: WriteStyle,
    /// Names to register besides those of computer and workgroup, such as `PLANT#1c` or `group:PLANT#1e`.
    pub names: Vec<String>,
    /// Whether to receive what the computer browser tells all members of the workgroup (registers `WORKGROUP<1e>`).
    pub browser: bool,
    /// The interfaces to use, by name or address; by default all that can broadcast and are not excluded.
    pub interfaces: Vec<String>,
    /// Interfaces not to use, by name or address.
    pub exclude: Vec<String>,
    /// Whether this machine is in a NetBIOS network; without, it is in modern domains only.
    pub netbios: bool,
    /// What this machine does in each modern domain, by the domain's name; without a section it is what follows here.
    #[cfg(feature = "zenoh")]
    pub domains: std::collections::BTreeMap<String, mailslot_zenoh::Settings>,
    /// What is carried between the NetBIOS network and each modern domain, by the domain's name.
    #[cfg(feature = "zenoh")]
    pub bridge: std::collections::BTreeMap<String, crate::bridge::Settings>,
    /// Whether machines look for each other by multicast, in modern domains without a section; by default what the domain's
    /// file says.
    #[cfg(feature = "zenoh")]
    pub lan: Option<bool>,
    /// Zenoh endpoints to connect to, in modern domains without a section.
    #[cfg(feature = "zenoh")]
    pub connect: Vec<String>,
    /// Zenoh endpoints to listen on, in modern domains without a section.
    #[cfg(feature = "zenoh")]
    pub listen: Vec<String>,
    /// What a computer's name means, by the name: the name of a modern domain, or `netbios`. Without it, it means the sealed domain that
    /// has known the computer first, else an open one that has it, else the NetBIOS network.
    #[cfg(feature = "zenoh")]
    pub computers: std::collections::BTreeMap<String, String>,
    /// The port of the name service.
    pub name_port: u16,
    /// The port of the datagram service.
    pub datagram_port: u16,
    /// Whether to leave both ports to Samba's nmbd on this machine: the node then gets from nmbd what nmbd has no use for,
    /// sends from other ports, and takes nmbd's names for its own. Computer and workgroup must be those of nmbd.
    pub beside_samba: bool,
    /// Where nmbd hands such datagrams on: the socket `unexpected` in its "nmbd:socket dir".
    pub nmbd_socket: PathBuf,
    /// The user to become once the ports are there; root alone can. By default the node stays who it is.
    pub user: Option<String>,
    /// Bounds of tables and rates: a table of its own in the file, with the names of [`Limits`] in hyphens.
    pub limits: Limits,
}

/// Where nmbd's socket is on most systems.
const NMBD_SOCKET: &str = "/run/samba/nmbd/unexpected";

/// How names are registered and found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Type {
    /// By broadcasts alone.
    B,
    /// By a WINS server alone.
    P,
    /// By broadcasts, then by a WINS server.
    M,
    /// By a WINS server, then by broadcasts.
    H,
}

/// Whose form of mailslot write is sent. Every receiver understands both.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum WriteStyle {
    /// With padding before the data.
    #[default]
    Windows,
    /// Without.
    Samba,
}

impl Default for Settings {
    fn default() -> Settings {
        let ports = Ports::default();
        Settings {
            computer: None,
            workgroup: "WORKGROUP".to_owned(),
            scope: String::new(),
            node_type: None,
            wins: Vec::new(),
            style: WriteStyle::Windows,
            names: Vec::new(),
            browser: true,
            interfaces: Vec::new(),
            exclude: Vec::new(),
            netbios: true,
            #[cfg(feature = "zenoh")]
            domains: std::collections::BTreeMap::new(),
            #[cfg(feature = "zenoh")]
            bridge: std::collections::BTreeMap::new(),
            #[cfg(feature = "zenoh")]
            lan: None,
            #[cfg(feature = "zenoh")]
            connect: Vec::new(),
            #[cfg(feature = "zenoh")]
            listen: Vec::new(),
            #[cfg(feature = "zenoh")]
            computers: std::collections::BTreeMap::new(),
            name_port: ports.name,
            datagram_port: ports.datagram,
            beside_samba: false,
            nmbd_socket: PathBuf::from(NMBD_SOCKET),
            user: None,
            limits: Limits::default(),
        }
    }
}

impl Settings {
    /// These settings without what is about modern domains: what the NetBIOS network has to be entered anew for.
    pub(crate) fn legacy(&self) -> Settings {
        #[cfg(feature = "zenoh")]
        let mut settings = Settings {
            domains: std::collections::BTreeMap::new(),
            bridge: std::collections::BTreeMap::new(),
            lan: None,
            connect: Vec::new(),
            listen: Vec::new(),
            computers: std::collections::BTreeMap::new(),
            ..self.clone()
        };
        // It has one name more.
        #[cfg(feature = "zenoh")]
        settings.names.extend(self.is_sending_bridge().then(|| "bridge".to_owned()));
        #[cfg(not(feature = "zenoh"))]
        let settings = self.clone();
        settings
    }

    /// Reads the file at `path`.
    ///
    /// # Errors
    ///
    /// - [`Error::Io`] if it cannot be read
    /// - [`Error::Settings`] if it is not TOML, or has a name or a value that is none of a setting
    pub fn read(path: &Path) -> Result<Settings> {
        let text =
            std::fs::read_to_string(path).map_err(|source| Error::io(format!("read {}", path.display()), source))?;
        Settings::from_toml(&text).map_err(|error| match error {
            Error::Settings(what) => Error::Settings(format!("{}: {what}", path.display())),
            other => other,
        })
    }

    /// Reads the text of a file.
    ///
    /// # Errors
    ///
    /// [`Error::Settings`] if it is not TOML, or has a name or a value that is none of a setting.
    pub fn from_toml(text: &str) -> Result<Settings> {
        toml::from_str(text).map_err(|error: toml::de::Error| {
            // The error's own text is a drawing of several lines.
            let number =
                error.span().and_then(|span| text.get(..span.start)).map(|before| before.matches('\n').count());
            let line = number.and_then(|number| Some((number, text.lines().nth(number)?)));
            let place = line.map(|(number, line)| format!("line {} ({}): ", number + 1, line.trim()));
            Error::Settings(place.unwrap_or_default() + error.message())
        })
    }

    /// Sets one limit, as a line of the table `limits` does: `queries=512`, `messages.burst=10`,
    /// `answers={per-second=100,burst=200}`.
    ///
    /// # Errors
    ///
    /// [`Error::Settings`] if there is no such limit, or this is not a value for it.
    pub fn set_limit(&mut self, text: &str) -> Result<()> {
        limits::set(&mut self.limits, text)
    }

    /// What the protocols need.
    ///
    /// # Errors
    ///
    /// [`Error::Settings`] if a name cannot be a NetBIOS name, a node of this type needs WINS servers, or a limit is out of
    /// its bounds.
    pub fn protocol(&self) -> Result<Config> {
        let computer = match &self.computer {
            Some(computer) => computer.clone(),
            None => host_name()?,
        };
        let mut config = Config::new(&computer, &self.workgroup)
            .map_err(|error| {
                Error::Settings(format!("computer {computer:?}, workgroup {:?}: {error}", self.workgroup))
            })?
            .with_servers(self.wins.clone());
        if self.browser {
            config = config.with_browser().map_err(|error| Error::Settings(error.to_string()))?;
        }
        for text in &self.names {
            let wrong = |error| Error::Settings(format!("name {text:?}: {error}"));
            config.register(registered(text)?).map_err(wrong)?;
        }
        if let Some(node_type) = self.node_type {
            config.node_type = node_type.into();
            if self.wins.is_empty() && node_type != Type::B {
                return Err(Error::Settings(format!("a node of type {node_type:?} needs WINS servers: set `wins`")));
            }
        }
        #[cfg(feature = "zenoh")]
        self.meanings()?;
        #[cfg(feature = "zenoh")]
        self.add_bridge(&mut config)?;
        config.style = match self.style {
            WriteStyle::Windows => Style::Windows,
            WriteStyle::Samba => Style::Samba,
        };
        config.ports = Ports { name: self.name_port, datagram: self.datagram_port };
        config.own_ports = config.ports;
        if self.beside_samba {
            config.registrar = Registrar::OtherService;
            // Each socket has a port of its own.
            config.own_ports = Ports { name: 0, datagram: 0 };
        }
        limits::check(&self.limits)?;
        config.limits = self.limits.clone();
        if self.scope.is_empty() {
            return Ok(config);
        }
        let wrong = |error: &dyn std::error::Error| Error::Settings(format!("scope {:?}: {error}", self.scope));
        let scope = DnsName::new(&self.scope).map_err(|error| wrong(&error))?;
        config.with_scope(&scope).map_err(|error| wrong(&error))
    }
}

#[cfg(feature = "zenoh")]
impl Settings {
    /// What [`computers`](Settings::computers) says.
    pub(crate) fn meanings(&self) -> Result<std::collections::BTreeMap<NetbiosName, Meant>> {
        let wrong = |computer: &str, what: &str| Error::Settings(format!("computers: {computer}: {what}"));
        let meaning = |(computer, network): (&String, &String)| {
            let name: NetbiosName = computer.parse().map_err(|error| wrong(computer, &format!("{error}")))?;
            let meant = match network.as_str() {
                text if !text.eq_ignore_ascii_case("netbios") => {
                    Meant::Domain(text.parse().map_err(|error| wrong(computer, &format!("{text:?}: {error}")))?)
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

    /// The name that bridges send from: answers come to it.
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

/// A name with its suffix in hexadecimal, such as `PLANT#1c`; without one the suffix is 0. Or a name as it is printed, such as
/// `PLANT<1c>`, whose letters are left as they are.
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

/// The first label of the host name, as far as a NetBIOS name goes.
fn host_name() -> Result<String> {
    let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
    let label = host.split('.').next().unwrap_or_default();
    let name: String = label.chars().filter(char::is_ascii).take(15).collect();
    if name.is_empty() {
        return Err(Error::Settings(format!("the host name {host:?} makes no computer name: set `computer`")));
    }
    Ok(name)
}

impl From<Type> for NodeType {
    fn from(node_type: Type) -> NodeType {
        match node_type {
            Type::B => NodeType::B,
            Type::P => NodeType::P,
            Type::M => NodeType::M,
            Type::H => NodeType::H,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_file_is_a_node_that_works() {
        let settings = Settings::from_toml("").expect("valid");
        assert_eq!(settings, Settings::default());
        let config = settings.protocol().expect("a host name");
        assert_eq!(config.workgroup.to_string(), "WORKGROUP<00>");
        assert_eq!((config.ports.name, config.ports.datagram), (137, 138));
    }

    #[test]
    fn settings_reach_the_protocol() {
        let text = r#"
            computer = "srv1"
            workgroup = "plant"
            wins = ["192.0.2.1", "192.0.2.2"]
            names = ["plant#1b", "group:plant#1c"]
            style = "samba"
            scope = "corp"
            beside-samba = true
            [limits]
            queries = 5
            [limits.messages]
            per-second = 10
            burst = 20
        "#;
        let config = Settings::from_toml(text).and_then(|settings| settings.protocol()).expect("valid");
        assert_eq!(config.computer.to_string(), "SRV1<00>.corp");
        assert_eq!((config.node_type, config.style, config.servers.len()), (NodeType::H, Style::Samba, 2));
        assert_eq!((config.registrar, config.own_ports.name), (Registrar::OtherService, 0));
        assert_eq!((config.limits.queries, config.limits.messages.burst), (5, 20));
        let names: Vec<String> = config.names.iter().map(|registered| registered.name.to_string()).collect();
        for name in ["SRV1<00>", "SRV1<20>", "PLANT<00>", "PLANT<1e>", "PLANT<1b>", "PLANT<1c>"] {
            assert!(names.contains(&format!("{name}.corp")), "{name} in {names:?}");
        }
    }

    #[cfg(feature = "zenoh")]
    #[test]
    fn computers_mean_what_the_operator_says() {
        let read = |text: &str| Settings::from_toml(text).and_then(|settings| settings.meanings());
        let meanings = read("computers = { pc7 = 'plant', old1 = 'NetBIOS' }").expect("valid");
        let meant: Vec<_> = meanings.iter().map(|(name, meant)| (name.as_str(), meant)).collect();
        let plant = Meant::Domain("PLANT".parse().expect("valid"));
        assert_eq!(meant, [("OLD1", &Meant::Legacy), ("PC7", &plant)]);
        for (text, word) in [
            ("computers = { 'A*' = 'PLANT' }", "A*"),
            ("computers = { PC7 = 'sixteen-letters-' }", "sixteen"),
            ("netbios = false\ncomputers = { PC7 = 'netbios' }", "netbios = false"),
        ] {
            let error = Settings::from_toml(text).and_then(|settings| settings.protocol()).expect_err(text).to_string();
            assert!(error.contains(word) && error.contains("computers"), "{text}: {error}");
        }
    }

    #[test]
    fn mistakes_are_named() {
        for (text, word) in [
            ("computr = 'x'", "computr"),
            ("node-type = 'x'", "node-type"),
            ("node-type = 'p'", "wins"),
            ("computer = 'SIXTEEN-LETTERS-'", "SIXTEEN"),
            ("names = ['x#zz']", "hexadecimal"),
            ("names = ['x<zz>']", "as it is printed"),
            ("computer = 'LAB'\nworkgroup = 'lab'", "another name"),
            ("computer = '*'", "leave out"),
            ("workgroup = 'A\\B'", "leave out"),
            ("computer = 'A'\nnames = ['group:a']", "another name"),
            ("names = ['*#20']", "does not begin with *"),
            ("limits.queries = 0", "queries"),
            ("limits.querys = 1", "querys"),
        ] {
            let error = Settings::from_toml(text).and_then(|settings| settings.protocol()).expect_err(text);
            assert!(error.to_string().contains(word), "{error}");
        }
    }
}
