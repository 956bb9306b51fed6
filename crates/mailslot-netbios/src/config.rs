//! What a node is and where.

use core::fmt;
use std::net::Ipv4Addr;

use mailslot_wire::name::suffix;
use mailslot_wire::smb::Style;
use mailslot_wire::{DnsName, Error, Name, NodeType};

use crate::limits::Limits;
use crate::packet::Service;

/// What a node is: its names, how it registers and finds names, and what it allows itself.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Config {
    /// The computer's name: suffix 0, in the node's scope.
    pub computer: Name,
    /// The workgroup or domain: suffix 0, in the node's scope.
    pub workgroup: Name,
    /// All names that the node registers. A datagram for another name is not for this node.
    pub names: Vec<RegisteredName>,
    /// Names of others whose broadcasts the node takes, too: it neither registers them nor answers for them. See
    /// [`Config::with_browser`].
    pub overheard: Vec<Name>,
    /// Who registers and defends them.
    pub registrar: Registrar,
    /// How names are registered and found. Without `servers` this must be `B`.
    pub node_type: NodeType,
    /// The WINS servers, primary first; the next one is asked when one is silent.
    pub servers: Vec<Ipv4Addr>,
    /// Whose form of mailslot write the node sends.
    pub style: Style,
    /// The longest IP packet that the node sends in one piece; datagrams beyond it leave in fragments, as RFC 1002 wants
    /// it at 576. Neither Samba nor Windows puts fragments together, so `None`, never, is the default.
    pub max_datagram_length: Option<usize>,
    /// The ports of other nodes: 137 and 138, but in tests.
    pub ports: Ports,
    /// The ports that the node's own packets come from: packets from one of its addresses and such a port are ignored. The
    /// same, unless another NetBIOS service on this machine has them. 0 is no port: the caller then keeps own packets away.
    pub own_ports: Ports,
    /// The MAC address that node status answers tell, or zeros.
    pub unit_id: [u8; 6],
    /// Bounds of tables and rates.
    pub limits: Limits,
}

/// A name that the node registers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegisteredName {
    /// The name.
    pub name: Name,
    /// Do all members of a group have it, or this node alone?
    pub kind: NameKind,
}

/// Who claims the node's names, defends and releases them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Registrar {
    /// The node.
    #[default]
    Node,
    /// Another NetBIOS service of this machine that has the ports. The node takes the names for held, says nothing about
    /// them, and sends nobody a datagram back: it cannot know whether the other service wanted it.
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

/// A network interface with an IPv4 address. One with several addresses is several of these with one `id`: names are
/// registered for the first of them, which everything is sent from, and the others are known as the node's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Interface {
    /// What packets that come and go by it are labelled with: the system's index, or any other number.
    pub id: u32,
    /// The node's address there.
    pub address: Ipv4Addr,
    /// Bits of the address that name the subnet: 0 to 32.
    pub prefix: u8,
    /// The subnet's broadcast address. `None` where nothing can be broadcast, as on a link between two machines or with a
    /// prefix of 32 bits: nobody there hears the node's claims, and only name servers find others.
    pub broadcast: Option<Ipv4Addr>,
}

impl Config {
    /// A B node that registers what a receiver of mailslots needs, `computer<00>` and the group `workgroup<00>`, and
    /// `computer<20>`, which tools like nbtscan look for. In the empty scope.
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
    /// - [`ConfigError::Name`] if one of the names has not 1 to 15 characters, all in ASCII
    /// - [`ConfigError::Character`] if one has a character in it that no address of a mailslot can have
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

    /// Adds a name to those that the node registers. One that is there already stays as it is.
    ///
    /// # Errors
    ///
    /// - [`ConfigError::TwoKinds`] if it is there, but unique instead of a group's, or the reverse
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

    /// The same node with WINS servers. An H node, as Windows does it; set `node_type` for another one.
    ///
    /// # Sources
    ///
    /// MS-NBTE on the default type.
    pub fn with_servers(self, servers: Vec<Ipv4Addr>) -> Config {
        let node_type = if servers.is_empty() { NodeType::B } else { NodeType::H };
        Config { servers, node_type, ..self }
    }

    /// The same node hearing what the computer browser tells on its subnets, for slots called `BROWSE` and `LANMAN`. It registers
    /// the group `workgroup<1E>`, to which master browsers announce themselves, and overhears what servers say to the master
    /// browser, which alone has the name `workgroup<1D>`, and what master browsers of all workgroups say to each other.
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
    /// [`ConfigError::Name`] if the encoded names would have more than 255 bytes.
    pub fn with_scope(mut self, scope: &DnsName) -> Result<Config, ConfigError> {
        let names = self.names.iter_mut().map(|registered| &mut registered.name);
        for name in names.chain(&mut self.overheard).chain([&mut self.computer, &mut self.workgroup]) {
            *name = name.clone().with_scope(scope.clone()).map_err(ConfigError::Name)?;
        }
        Ok(self)
    }
}

/// The name of a computer or workgroup: one that an address of a mailslot can have in it.
fn checked(whose: &'static str, text: &str) -> Result<Name, ConfigError> {
    let name = Name::new(text, suffix::WORKSTATION).map_err(ConfigError::Name)?;
    let name_of = || (whose, text.to_owned());
    if let Some(character) = text.chars().find(|c| c.is_ascii_control() || FORBIDDEN.contains(*c)) {
        return Err(ConfigError::Character { name: name_of(), character });
    }
    // A name is padded with blanks, and `.` means this machine.
    if text.starts_with(['.', ' ']) || text.ends_with(' ') {
        return Err(ConfigError::Edge { name: name_of() });
    }
    Ok(name)
}

/// What stands in addresses for something else.
const FORBIDDEN: &str = r#"\/:*?"<>|"#;

/// What a node cannot be.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ConfigError {
    /// A name cannot be a NetBIOS name.
    Name(Error),
    /// The name of the computer or workgroup has a character in it that no address of a mailslot can have.
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
    /// The name would be of this node alone and of a group, too: the computer is called like its workgroup, or a name that is
    /// registered besides like one of them.
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
                    "the {whose}'s name {name} has {character} in it: leave out {FORBIDDEN} and control characters"
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
                "{name} cannot be a name of this computer alone and of a group as well: give the computer another name than its \
                 workgroup or domain"
            ),
            ConfigError::Wildcard(name) => {
                write!(f, "{name} stands for all names: take one that does not begin with *")
            }
        }
    }
}

/// With a backslash as one backslash, as people write names.
fn quoted(text: &impl fmt::Debug) -> String {
    format!("{text:?}").replace(r"\\", r"\")
}

impl core::error::Error for ConfigError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            // Its text is this one's.
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
    /// Is `address` on this interface's subnet?
    pub fn contains(&self, address: Ipv4Addr) -> bool {
        let bits = u32::from(self.prefix.min(32));
        let mask = u32::MAX.checked_shl(32 - bits).unwrap_or(0);
        (u32::from(self.address) ^ u32::from(address)) & mask == 0
    }

    /// Does `address` stand for all nodes of this subnet? The lowest one of a subnet did so once.
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
