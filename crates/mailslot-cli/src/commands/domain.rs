//! `mailslot domain`: makes, joins and shows modern domains, rotates their keys, and certifies their computers.

use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use clap::{Args, Subcommand};
use mailslot::{Address, NetbiosName, SlotName};
use mailslot_domain::{Authority, Certificate, Directory, Domain, Error, Joined, Key, Time, random, read_file};
use serde::Serialize;

use crate::args;
use crate::exit::{self, Failure, Result};
use crate::output;

/// Make, join, show and rotate modern domains; invite and revoke computers
#[derive(Args)]
#[command(after_help = AFTER_HELP)]
pub struct DomainCommand {
    #[command(subcommand)]
    action: Action,
}

const AFTER_HELP: &str = r#"A modern domain consists of all machines that hold its file. The file is its key: its holders can read and write everything in the domain, and nobody else can. `mailslot node` takes part in all domains whose files it finds in the directory $MAILSLOT_DOMAINS, else /etc/mailslot/domains for root and ~/.config/mailslot/domains for others; on Windows in mailslot\domains of %ProgramData%.

Examples:
  mailslot domain new PLANT --lan
  ssh root@other mailslot domain join - < /etc/mailslot/domains/PLANT.toml
  mailslot domain show
  mailslot domain rotate PLANT --overlap 14d"#;

#[derive(Subcommand)]
enum Action {
    New(New),
    Join(Join),
    #[command(visible_alias = "ls")]
    Show(Show),
    Rotate(Rotate),
    Invite(Invite),
    Revoke(Revoke),
}

/// Make a domain, and print what to do on the other machines
#[derive(Args)]
#[command(after_help = NEW_HELP)]
struct New {
    /// 1 to 15 letters, digits, hyphens and underscores; messages go to \\NAME\mailslot\...
    name: String,

    /// All machines are in one local network, where they find each other by multicast
    #[arg(long)]
    lan: bool,

    /// A Zenoh endpoint that every machine connects to, such as tls/hub.example:7447; may be given several times
    #[arg(long, value_name = "ENDPOINT")]
    connect: Vec<String>,

    /// No key: anybody who reaches the network can read and write everything, under any name
    #[arg(long)]
    open: bool,

    /// Each computer signs what it sends, with a key that an authority has certified: see `mailslot domain invite`
    #[arg(long, conflicts_with = "open")]
    identities: bool,

    /// Print one JSON object, with the resulting domain
    #[arg(long)]
    json: bool,
}

const NEW_HELP: &str = r"Examples:
  mailslot domain new PLANT --lan
  mailslot domain new PLANT --connect tls/hub.example:7447
  mailslot domain new PLANT --lan --identities
  mailslot domain new LAB --lan --open";

/// Take part in a domain that was made, or rotated, on another machine
#[derive(Args)]
#[command(after_help = JOIN_HELP)]
struct Join {
    /// The domain's file, readable by its owner alone; - is standard input
    file: PathBuf,

    /// Print one JSON object, with the resulting domain
    #[arg(long)]
    json: bool,
}

const JOIN_HELP: &str = r"Replaces a domain that this machine has already, unless it has a newer key here.

Examples:
  mailslot domain join PLANT.toml
  ssh root@hub cat /etc/mailslot/domains/PLANT.toml | mailslot domain join -";

/// Show the domains of this machine, their keys by fingerprint, and no secrets
#[derive(Args)]
#[command(after_help = SHOW_HELP)]
struct Show {
    /// Only this domain
    name: Option<String>,

    /// Print one JSON object for each domain, one to a line
    #[arg(long)]
    json: bool,
}

const SHOW_HELP: &str = r"Two machines whose keys have the same fingerprints can exchange messages.

Examples:
  mailslot domain show
  mailslot domain show PLANT --json";

/// Give a domain a new key, and let its previous keys expire
#[derive(Args)]
#[command(after_help = ROTATE_HELP)]
struct Rotate {
    /// The domain
    name: String,

    /// How long the previous keys are still accepted; after half of it, the new one is used
    #[arg(long, value_name = "DURATION", default_value = "14d", value_parser = args::duration)]
    overlap: Duration,

    /// Print one JSON object, with the resulting domain
    #[arg(long)]
    json: bool,
}

const ROTATE_HELP: &str = r"The new file must reach every machine before half of the overlap is over: run `mailslot domain join` there. With --overlap 0 the old keys expire at once, for when one has been stolen; machines without the new file are then locked out.

Examples:
  mailslot domain rotate PLANT
  mailslot domain rotate PLANT --overlap 2d";

/// Print a domain's file for one computer, with a certificate and its key
#[derive(Args)]
#[command(after_help = INVITE_HELP)]
struct Invite {
    /// The computer, as its node calls it
    computer: NetbiosName,

    /// The domain; not needed if this machine has one authority only
    #[arg(long)]
    domain: Option<String>,

    /// The slots that the computer may write to, separated by commas [default: every one]
    #[arg(long, value_name = "SLOTS", value_delimiter = ',', value_parser = slot)]
    slots: Option<Vec<SlotName>>,

    /// When the certificate ends, in UTC, such as 2030-01-01T00:00:00Z [default: in a year]
    #[arg(long, value_name = "TIME", value_parser = time)]
    until: Option<Time>,
}

const INVITE_HELP: &str = r"Run it where the domain was made with --identities: the authority is in NAME.authority beside the domain's file. What it prints has secrets, so it goes to the computer and nowhere else. Invite a computer again when its certificate ends, or the domain has another key or has revoked a certificate: each file has the newest of all.

Examples:
  mailslot domain invite SRV2 | ssh root@SRV2 mailslot domain join -
  mailslot domain invite PC7 --slots alerts,plant/orders > PC7.toml
  mailslot domain invite PC8 --until 2030-01-01T00:00:00Z > PC8.toml";

/// A slot's name, in one of the forms in which a slot of this machine is addressed.
fn slot(text: &str) -> std::result::Result<SlotName, String> {
    text.parse().map(|address: Address| address.slot().clone()).map_err(|error: mailslot::Error| error.to_string())
}

fn time(text: &str) -> std::result::Result<Time, String> {
    Time::parse(text).ok_or_else(|| "write the time in UTC, such as 2030-01-01T00:00:00Z".to_owned())
}

/// How long certificates are valid unless the operator says otherwise.
const YEAR: Duration = Duration::from_secs(365 * 86_400);

/// Have the certificates of a computer count no longer
#[derive(Args)]
#[command(after_help = REVOKE_HELP)]
struct Revoke {
    /// The computer
    computer: NetbiosName,

    /// The domain; not needed if this machine has one authority only
    #[arg(long)]
    domain: Option<String>,

    /// Print one JSON object, with the resulting domain
    #[arg(long)]
    json: bool,
}

const REVOKE_HELP: &str = r"A computer refuses what the revoked one sends as soon as it has the list, which comes with its next file from `mailslot domain invite`. The revoked computer still has the domain's key and can read: rotate that as well, and invite the others again.

Examples:
  mailslot domain revoke SRV2
  mailslot domain rotate PLANT --overlap 0";

impl DomainCommand {
    pub fn run(self) -> Result {
        let (directory, now) = (Directory::in_use(mailslot::secure_env)?.of_its_owner(), Time::from(SystemTime::now()));
        match self.action {
            Action::New(new) => new.run(&directory, now),
            Action::Join(join) => join.run(&directory, now),
            Action::Show(show) => show.run(&directory, now),
            Action::Rotate(rotate) => rotate.run(&directory, now),
            Action::Invite(invite) => invite.run(&directory, now),
            Action::Revoke(revoke) => revoke.run(&directory, now),
        }
    }
}

impl New {
    fn run(self, directory: &Directory, now: Time) -> Result {
        let domain = if self.open { Domain::open(&self.name)? } else { Domain::sealed(&self.name, now, &random()?)? };
        let domain = domain.with_defaults(self.lan, self.connect);
        let (domain, authority) = match self.identities {
            true => {
                let authority = Authority::new(domain.name().as_str(), &random()?)?;
                (authority.establish(&domain)?, Some(authority))
            }
            false => (domain, None),
        };
        // A domain whose authority is lost would be of no use.
        let authority = authority.map(|authority| directory.add_authority(&authority)).transpose()?;
        let file = directory.add(&domain).inspect_err(|_| {
            // Nothing was certified with it yet.
            let _ = authority.as_ref().map(std::fs::remove_file);
        })?;
        if self.open {
            exit::complain(format_args!(
                "warning: nothing in {0} is protected: anybody who reaches its network can read and write everything \
                 in it",
                domain.name()
            ));
        }
        if self.json {
            return output::print_json(&Shown::new(&domain, file, now));
        }
        let mut lines = vec![format!("made the domain {} in {}", domain.name(), file.display())];
        if let Some(key) = domain.keys().last() {
            lines.push(format!("key {}", key.id()));
            lines.push("The file is the key of the domain: let nobody else have it.".to_owned());
        }
        if let Some(authority) = authority {
            lines.push(format!(
                "The authority is in {}: keep a copy of it, and let nobody have it.",
                authority.display()
            ));
        }
        lines.extend(next_machine(&domain, &file));
        lines.push("Then run `mailslot node` on all of them.".to_owned());
        output::lines(lines)
    }
}

/// What to do on the other machines. The file goes to each without a copy on the way.
fn next_machine(domain: &Domain, file: &Path) -> [String; 5] {
    if domain.authority().is_some() {
        return [
            String::new(),
            "For every computer of the domain, this one included (there without ssh):".to_owned(),
            String::new(),
            format!(
                "  mailslot domain invite --domain {} COMPUTER | ssh root@COMPUTER mailslot domain join -",
                domain.name()
            ),
            String::new(),
        ];
    }
    [
        String::new(),
        "On every other machine of the domain, from here:".to_owned(),
        String::new(),
        format!("  ssh root@MACHINE mailslot domain join - < {}", file.display()),
        String::new(),
    ]
}

impl Join {
    fn run(self, directory: &Directory, now: Time) -> Result {
        let piped = self.file.as_os_str() == "-";
        let domain = if piped { from_stdin()? } else { read_file(&self.file)? };
        let name = domain.name();
        let mut lines = vec![match directory.join(&domain)? {
            Joined::New => format!("joined {name}"),
            Joined::Replaced => format!("{name} is now as in the file"),
            Joined::Same => format!("{name} is here already, and is the same"),
        }];
        if self.json {
            // It may have another file name here.
            let here = directory.list()?.into_iter().filter_map(|(file, here)| Some((file, here.ok()?)));
            let here = here.filter(|(_, here)| here.name() == name);
            return output::print_json_lines(here.map(|(file, here)| Shown::new(&here, file, now)));
        }
        lines.extend(domain.keys().iter().map(|key| format!("key {}", key.id())));
        if !piped && self.file.parent() != Some(directory.path()) {
            lines.push(format!("{} is no longer needed: remove it.", self.file.display()));
        }
        output::lines(lines)
    }
}

fn from_stdin() -> Result<Domain> {
    let mut text = zeroize::Zeroizing::new(String::with_capacity(MAX_FILE));
    let read = io::stdin().lock().take(MAX_FILE as u64).read_to_string(&mut text);
    read.map_err(|source| Failure::io("read standard input", source))?;
    Ok(Domain::from_toml(&text)?)
}

/// Bytes of standard input that may be a domain file.
const MAX_FILE: usize = 64 << 10;

impl Show {
    fn run(self, directory: &Directory, now: Time) -> Result {
        let mut shown = Vec::new();
        let mut unreadable = None;
        for (file, domain) in directory.list()? {
            match domain {
                Ok(domain) => shown.push(Shown::new(&domain, file, now)),
                // Show the others as well.
                Err(error) => unreadable = unreadable.or(Some(error)),
            }
        }
        if let Some(name) = &self.name {
            directory.find(name)?;
            shown.retain(|domain| domain.name.eq_ignore_ascii_case(name));
            unreadable = None;
        }
        if self.json {
            output::print_json_lines(&shown)?;
        } else if shown.is_empty() && unreadable.is_none() {
            output::line(format_args!("no domains in {}", directory.path().display()))?;
        } else {
            let domains: Vec<Vec<String>> = shown.iter().map(Shown::text).collect();
            output::lines(domains.join(&String::new()))?;
        }
        unreadable.map_or(Ok(()), |error| Err(error.into()))
    }
}

/// The parts of a domain that are shown.
#[derive(Serialize)]
struct Shown {
    name: String,
    file: PathBuf,
    sealed: bool,
    id: Option<String>,
    lan: bool,
    connect: Vec<String>,
    keys: Vec<ShownKey>,
    /// The authority's public key.
    #[serde(skip_serializing_if = "Option::is_none")]
    authority: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    certificate: Option<ShownCertificate>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    revoked: Vec<ShownRevoked>,
}

/// This computer's certificate.
#[derive(Serialize)]
struct ShownCertificate {
    computer: String,
    state: &'static str,
    issued: String,
    until: String,
    /// All that it may write to; `None` if that is every slot.
    slots: Option<Vec<String>>,
}

/// A computer whose certificates up to this time count no longer.
#[derive(Serialize)]
struct ShownRevoked {
    computer: String,
    issued_until: String,
}

impl ShownCertificate {
    fn new(certificate: &Certificate, domain: &Domain, now: Time) -> ShownCertificate {
        let is_it = |(computer, time): (&str, Time)| {
            computer == certificate.computer().as_str() && certificate.issued() <= time
        };
        ShownCertificate {
            computer: certificate.computer().to_string(),
            state: match () {
                () if domain.revoked().any(is_it) => "revoked",
                () if certificate.until() <= now => "expired",
                () if certificate.issued() > now => "next",
                () => "in use",
            },
            issued: certificate.issued().to_string(),
            until: certificate.until().to_string(),
            slots: certificate.slots().map(<[String]>::to_vec),
        }
    }
}

#[derive(Serialize)]
struct ShownKey {
    fingerprint: String,
    state: &'static str,
    send_from: String,
    accept_until: Option<String>,
}

impl Shown {
    fn new(domain: &Domain, file: PathBuf, now: Time) -> Shown {
        let sending = domain.sending_key(now).ok().map(Key::id);
        let key = |key: &Key| ShownKey {
            fingerprint: key.id().to_string(),
            state: match (key.accept_until(), sending) {
                (Some(until), _) if until <= now => "expired",
                (_, Some(id)) if id == key.id() => "in use",
                _ if key.send_from() > now => "next",
                _ => "still accepted",
            },
            send_from: key.send_from().to_string(),
            accept_until: key.accept_until().map(|until| until.to_string()),
        };
        Shown {
            name: domain.name().to_string(),
            file,
            sealed: domain.is_sealed(),
            id: domain.id().map(|id| data_encoding::HEXLOWER.encode(id.as_ref())),
            lan: domain.lan(),
            connect: domain.connect().to_vec(),
            keys: domain.keys().iter().map(key).collect(),
            authority: domain.authority().map(|key| data_encoding::HEXLOWER.encode(&key)),
            certificate: domain.certificate().map(|certificate| ShownCertificate::new(certificate, domain, now)),
            revoked: domain
                .revoked()
                .map(|(computer, time)| ShownRevoked { computer: computer.to_owned(), issued_until: time.to_string() })
                .collect(),
        }
    }

    fn text(&self) -> Vec<String> {
        let protection = if self.sealed { "sealed" } else { "open: nothing is protected" };
        let mut lines = vec![format!("{} ({protection})", self.name), format!("  file     {}", self.file.display())];
        if let Some(id) = &self.id {
            lines.push(format!("  id       {id}"));
        }
        if self.lan {
            lines.push("  lan      machines find each other by multicast".to_owned());
        }
        lines.extend(self.connect.iter().map(|endpoint| format!("  connect  {endpoint}")));
        for key in &self.keys {
            let until = key.accept_until.as_ref().map_or(String::new(), |until| format!(", accepted until {until}"));
            lines.push(format!("  key      {} {}, from {}{until}", key.fingerprint, key.state, key.send_from));
        }
        lines.extend(
            self.authority.iter().map(|key| format!("  signed   by computers that the authority {key} has certified")),
        );
        match &self.certificate {
            Some(ShownCertificate { computer, state, until, slots, .. }) => {
                let slots = slots.as_ref().map_or(String::new(), |slots| format!(", writes to {}", slots.join(", ")));
                lines.push(format!("  identity {computer}, {state}, until {until}{slots}"));
            }
            None if self.authority.is_some() => {
                lines.push("  identity none: this computer can send nothing until it is invited".to_owned());
            }
            None => {}
        }
        for ShownRevoked { computer, issued_until } in &self.revoked {
            lines.push(format!("  revoked  {computer}, issued until {issued_until}"));
        }
        lines
    }
}

impl Rotate {
    fn run(self, directory: &Directory, now: Time) -> Result {
        let domain = directory.find(&self.name)?.rotated(now, self.overlap, random()?)?;
        let file = directory.replace(&domain)?;
        if self.json {
            return output::print_json(&Shown::new(&domain, file, now));
        }
        let Some(key) = domain.keys().last() else {
            return Err(Error::Open(domain.name().to_string()).into());
        };
        let another = format!("{} has another key: {}, used from {}", domain.name(), key.id(), key.send_from());
        let mut lines = vec![another];
        for key in domain.keys() {
            if let Some(until) = key.accept_until() {
                lines.push(format!("key {} is accepted until {until}", key.id()));
            }
        }
        lines.extend(next_machine(&domain, &file));
        lines.push(format!("Machines that do not have it by {} are locked out until they do.", key.send_from()));
        output::lines(lines)
    }
}

impl Invite {
    fn run(self, directory: &Directory, now: Time) -> Result {
        if output::is_terminal() {
            return Err(Failure::Usage(
                "this prints secrets: pipe it into `mailslot domain join -` on the computer, as its help shows",
            ));
        }
        let domain = certified(directory, self.domain.as_deref())?;
        let authority = directory.authority(domain.name())?;
        let until = self.until.unwrap_or(now + YEAR);
        let invited = authority.invite(&domain, &self.computer, self.slots.as_deref(), (now, until), &random()?)?;
        output::raw(invited.to_toml().as_bytes())
    }
}

impl Revoke {
    fn run(self, directory: &Directory, now: Time) -> Result {
        let domain = certified(directory, self.domain.as_deref())?;
        let revoked = directory.authority(domain.name())?.revoke(&domain, &self.computer, now)?;
        let file = directory.replace(&revoked)?;
        if self.json {
            return output::print_json(&Shown::new(&revoked, file, now));
        }
        let mut lines = vec![format!(
            "{} has revoked the certificates of {} that were issued until now",
            domain.name(),
            self.computer
        )];
        lines.extend(next_machine(&revoked, &file));
        lines.push("A computer refuses what the revoked one sends once it has joined with that.".to_owned());
        lines.push(format!(
            "The revoked one can still read: run `mailslot domain rotate {} --overlap 0` before.",
            domain.name()
        ));
        output::lines(lines)
    }
}

/// The domain of this name, or the only one whose authority is here.
fn certified(directory: &Directory, name: Option<&str>) -> Result<Arc<Domain>> {
    if let Some(name) = name {
        return Ok(directory.find(name)?);
    }
    let all = directory.list()?.into_iter().filter_map(|(_, domain)| domain.ok());
    let mut certified: Vec<Domain> = all.filter(|domain| directory.authority(domain.name()).is_ok()).collect();
    match (certified.pop(), certified.is_empty()) {
        (Some(domain), true) => Ok(Arc::new(domain)),
        (Some(_), false) => Err(Failure::Usage("there are several authorities here: name one with --domain")),
        (None, _) => Err(Failure::Usage("there is no authority here: run this where the domain was made")),
    }
}
