//! The configuration of a node, and its interfaces.

use core::fmt;
use std::net::Ipv4Addr;

use mailslot_wire::name::suffix;
use mailslot_wire::smb::Style;
use mailslot_wire::{DnsName, Error, Name, NodeType};

use crate::limits::Limits;
use crate::packet::Service;

/// The configuration of a node: its names, how it registers and finds names, and its limits.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Config {
    /// The computer's name: suffix 0, in the node's scope.
    pub computer: Name,
    /// The workgroup or domain: suffix 0, in the node's scope.
    pub workgroup: Name,
    /// All names that the node registers. A datagram for another name is not for this node.
    pub names: Vec<RegisteredName>,
    /// Names of other nodes to which the node also accepts broadcasts. It neither registers them nor answers for them.
    /// See [`Config::with_browser`].
    pub overheard: Vec<Name>,
    /// Which service registers and defends them.
    pub registrar: Registrar,
    /// How names are registered and found. Without `servers` this must be `B`.
    pub node_type: NodeType,
    /// The WINS servers, primary first. When one does not answer, the next one is asked.
    pub servers: Vec<Ipv4Addr>,
    /// The form in which the node sends mailslot writes.
    pub style: Style,
    /// The longest IP packet, in bytes, that the node sends in one piece. Longer datagrams are sent in fragments; RFC
    /// 1002 requires this beyond 576. Neither Samba nor Windows reassembles fragments, so the default is `None`: never
    /// fragment.
    pub max_datagram_length: Option<usize>,
    /// The ports of other nodes: 137 and 138, except in tests.
    pub ports: Ports,
    /// The ports from which the node sends: packets from one of its own addresses and ports are ignored. They equal
    /// `ports`, unless another NetBIOS service on this machine has those. 0 is no port: the caller must then filter out
    /// the node's own packets.
    pub own_ports: Ports,
    /// The MAC address in node status answers, or zeros.
    pub unit_id: [u8; 6],
    /// Bounds of tables and rates.
    pub limits: Limits,
}

/// A name that the node registers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegisteredName {
    /// The name.
    pub name: Name,
    /// Whether all members of a group have it, or this node alone.
    pub kind: NameKind,
}

/// Which service claims, defends and releases the node's names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Registrar {
    /// The node.
    #[default]
    Node,
    /// Another NetBIOS service of this machine, which has the ports. The node assumes that the names are held, answers
    /// nothing about them, and refuses no datagram: the other service may have accepted it.
    OtherService,
}

/// How many nodes may hold a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NameKind {
    /// One.
    Unique,
    /// Any number.
    Group,
}

/// The UDP ports of the two services.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ports {
    /// The name service: 137.
    pub name: u16,
    /// The datagram service: 138.
    pub datagram: u16,
}

/// A network interface with an IPv4 address. An interface with several addresses is several of these with one `id`.
/// Names are registered for the first address, and all packets are sent from it; the others are only recognised as the
/// node's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Interface {
    /// The label of packets that are received or sent by it: the system's index, or any other number.
    pub id: u32,
    /// The node's address there.
    pub address: Ipv4Addr,
    /// Bits of the address that identify the subnet: 0 to 32.
    pub prefix: u8,
    /// The subnet's broadcast address. `None` where nothing can be broadcast, as on a point-to-point link or with a
    /// prefix of 32 bits: no node there receives the node's claims, and other nodes are found only through name
    /// servers.
    pub broadcast: Option<Ipv4Addr>,
}

impl Config {
    /// A B node in the empty scope. It registers the names that a receiver of mailslots needs, `computer<00>` and the
    /// group `workgroup<00>`, and `computer<20>`, for which tools like nbtscan ask.
    ///
    /// ```
    /// use mailslot_netbios::Config;
    ///
    /// assert!(Config::new("SRV1", "PLANT").is_ok());
    /// let error = Config::new("PLANT", "plant").expect_err("which of the two would a message be for?");
    /// assert!(error.to_string().contains("give the computer another name"));
    /// ```
    ///
    /// # Errors
    ///
    /// - [`ConfigError::Name`] if one of the names does not have 1 to 15 characters, all in ASCII
    /// - [`ConfigError::Character`] if one contains a character that no mailslot address can have
    /// - [`ConfigError::Edge`] if one begins with a period, or begins or ends with a blank
    /// - [`ConfigError::TwoKinds`] if both are the same name
    ///
    /// # Sources
    ///
    /// MS-MAIL section 3.2.3; MS-NBTE section 2.2.1 on names that begin with `*`.
    pub fn new(computer: &str, workgroup: &str) -> Result<Config, ConfigError> {
        let computer = checked("computer", computer)?;
        let workgroup = checked("workgroup", workgroup)?;
        let mut config = Config {
            computer: computer.clone(),
            workgroup: workgroup.clone(),
            names: Vec::new(),
            overheard: Vec::new(),
            registrar: Registrar::Node,
            node_type: NodeType::B,
            servers: Vec::new(),
            style: Style::Windows,
            max_datagram_length: None,
            ports: Ports::default(),
            own_ports: Ports::default(),
            unit_id: [0; 6],
            limits: Limits::default(),
        };
        config.register(RegisteredName::unique(computer.clone()))?;
        config.register(RegisteredName::unique(computer.with_suffix(suffix::SERVER)))?;
        config.register(RegisteredName::group(workgroup))?;
        Ok(config)
    }

    /// Adds a name to those that the node registers. A name that is there already is left as it is.
    ///
    /// # Errors
    ///
    /// - [`ConfigError::TwoKinds`] if it is there as the other kind, unique or group
    /// - [`ConfigError::Wildcard`] if it begins with `*`
    pub fn register(&mut self, added: RegisteredName) -> Result<(), ConfigError> {
        if added.name.as_bytes().starts_with(b"*") {
            return Err(ConfigError::Wildcard(added.name));
        }
        match self.names.iter().find(|registered| registered.name == added.name) {
            Some(registered) if registered.kind != added.kind => Err(ConfigError::TwoKinds(added.name)),
            Some(_) => Ok(()),
            None => {
                self.names.push(added);
                Ok(())
            }
        }
    }

    /// The same node with WINS servers. It becomes an H node, as in Windows; set `node_type` for another type.
    ///
    /// # Sources
    ///
    /// MS-NBTE on the default type.
    pub fn with_servers(self, servers: Vec<Ipv4Addr>) -> Config {
        let node_type = if servers.is_empty() { NodeType::B } else { NodeType::H };
        Config { servers, node_type, ..self }
    }

    /// The same node, which also receives the broadcasts of the computer browser on its subnets, for slots called
    /// `BROWSE` and `LANMAN`. It registers the group `workgroup<1E>`, to which master browsers announce themselves. It
    /// overhears what servers send to the master browser, the only holder of `workgroup<1D>`, and what master browsers
    /// of all workgroups send to each other.
    ///
    /// # Errors
    ///
    /// [`ConfigError::TwoKinds`] if the configuration has `workgroup<1E>` as a unique name.
    ///
    /// # Sources
    ///
    /// MS-BRWS section 2.1.
    pub fn with_browser(mut self) -> Result<Config, ConfigError> {
        let workgroup = self.workgroup.clone();
        self.register(RegisteredName::group(workgroup.clone().with_suffix(suffix::BROWSER_ELECTIONS)))?;
        let masters = Name::msbrowse().with_scope(workgroup.scope().clone()).map_err(ConfigError::Name)?;
        self.overheard.extend([workgroup.with_suffix(suffix::MASTER_BROWSER), masters]);
        Ok(self)
    }

    /// The same node with all its names in `scope`.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Name`] if an encoded name would have more than 255 bytes.
    pub fn with_scope(mut self, scope: &DnsName) -> Result<Config, ConfigError> {
        let names = self.names.iter_mut().map(|registered| &mut registered.name);
        for name in names.chain(&mut self.overheard).chain([&mut self.computer, &mut self.workgroup]) {
            *name = name.clone().with_scope(scope.clone()).map_err(ConfigError::Name)?;
        }
        Ok(self)
    }
}

/// The name of a computer or workgroup, if a mailslot address can contain it.
fn checked(whose: &'static str, text: &str) -> Result<Name, ConfigError> {
    let name = Name::new(text, suffix::WORKSTATION).map_err(ConfigError::Name)?;
    let name_of = || (whose, text.to_owned());
    if let Some(character) = text.chars().find(|c| c.is_ascii_control() || FORBIDDEN.contains(*c)) {
        return Err(ConfigError::Character { name: name_of(), character });
    }
    // Names are padded with blanks, and `.` means this machine.
    if text.starts_with(['.', ' ']) || text.ends_with(' ') {
        return Err(ConfigError::Edge { name: name_of() });
    }
    Ok(name)
}

/// Characters with another meaning in addresses.
const FORBIDDEN: &str = r#"\/:*?"<>|"#;

/// Why a configuration is invalid.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ConfigError {
    /// A name cannot be a NetBIOS name.
    Name(Error),
    /// The name of the computer or workgroup contains a character that no mailslot address can have.
    Character {
        /// Whose name it is, `computer` or `workgroup`, and the name.
        name: (&'static str, String),
        /// The first such character.
        character: char,
    },
    /// The name of the computer or workgroup begins with a period, or begins or ends with a blank.
    Edge {
        /// Whose name it is, `computer` or `workgroup`, and the name.
        name: (&'static str, String),
    },
    /// The name would be both unique and a group: the computer has the name of its workgroup, or another registered
    /// name equals one of the two.
    TwoKinds(Name),
    /// The name begins with `*`, which stands for all names.
    Wildcard(Name),
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ConfigError::Name(error) => error.fmt(f),
            ConfigError::Character { name: (whose, name), character } => {
                let (name, character) = (quoted(name), quoted(character));
                write!(
                    f,
                    "the {whose}'s name {name} contains {character}: leave out {FORBIDDEN} and control characters"
                )
            }
            ConfigError::Edge { name: (whose, name) } => {
                let name = quoted(name);
                write!(
                    f,
                    "the {whose}'s name {name} begins with a period or a blank, or ends with a blank: leave them out"
                )
            }
            ConfigError::TwoKinds(name) => write!(
                f,
                "{name} cannot be both a unique name and a group name: give the computer another name than its \
                 workgroup or domain"
            ),
            ConfigError::Wildcard(name) => {
                write!(f, "{name} stands for all names: choose one that does not begin with *")
            }
        }
    }
}

/// In quotes, with a backslash as one backslash, as people write names.
fn quoted(text: &impl fmt::Debug) -> String {
    format!("{text:?}").replace(r"\\", r"\")
}

impl core::error::Error for ConfigError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            // The text of this error is the inner error's text.
            ConfigError::Name(error) => error.source(),
            _ => None,
        }
    }
}

impl RegisteredName {
    /// A name of this node alone.
    pub fn unique(name: Name) -> RegisteredName {
        RegisteredName { name, kind: NameKind::Unique }
    }

    /// A name that all members of a group have.
    pub fn group(name: Name) -> RegisteredName {
        RegisteredName { name, kind: NameKind::Group }
    }
}

impl Interface {
    /// Whether `address` is on this interface's subnet.
    pub fn contains(&self, address: Ipv4Addr) -> bool {
        let bits = u32::from(self.prefix.min(32));
        let mask = u32::MAX.checked_shl(32 - bits).unwrap_or(0);
        (u32::from(self.address) ^ u32::from(address)) & mask == 0
    }

    /// Whether `address` stands for all nodes of this subnet. The lowest address of a subnet once did.
    pub(super) fn is_of_all(&self, address: Ipv4Addr) -> bool {
        let host = u32::MAX.checked_shr(self.prefix.into()).unwrap_or(0);
        let is_end = |bits: u32| bits & host == 0 || bits & host == host;
        Some(address) == self.broadcast || self.prefix < 31 && self.contains(address) && is_end(u32::from(address))
    }
}

impl Ports {
    pub(super) fn of(self, service: Service) -> u16 {
        match service {
            Service::Name => self.name,
            Service::Datagram => self.datagram,
        }
    }
}

impl Default for Ports {
    fn default() -> Ports {
        Ports { name: 137, datagram: 138 }
    }
}
