//! `mailslot domain`: makes, joins, shows and rotates the keys of modern domains.

use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use clap::{Args, Subcommand};
use mailslot_domain::{Directory, Domain, Error, Joined, Key, Time, random, read_file};
use serde::Serialize;

use crate::args;
use crate::exit::{self, Failure, Result};
use crate::output;

/// Make, join, show and rotate modern domains
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

    /// Print one JSON object, with the resulting domain
    #[arg(long)]
    json: bool,
}

const NEW_HELP: &str = r"Examples:
  mailslot domain new PLANT --lan
  mailslot domain new PLANT --connect tls/hub.example:7447
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

impl DomainCommand {
    pub fn run(self) -> Result {
        let (directory, now) = (Directory::in_use(mailslot::secure_env)?.of_its_owner(), Time::from(SystemTime::now()));
        match self.action {
            Action::New(new) => new.run(&directory, now),
            Action::Join(join) => join.run(&directory, now),
            Action::Show(show) => show.run(&directory, now),
            Action::Rotate(rotate) => rotate.run(&directory, now),
        }
    }
}

impl New {
    fn run(self, directory: &Directory, now: Time) -> Result {
        let domain = if self.open { Domain::open(&self.name)? } else { Domain::sealed(&self.name, now, &random()?)? };
        let domain = domain.with_defaults(self.lan, self.connect);
        let file = directory.add(&domain)?;
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
        lines.extend(next_machine(&file));
        lines.push("Then run `mailslot node` on all of them.".to_owned());
        output::lines(lines)
    }
}

/// What to do on the other machines. The file goes to each without a copy on the way.
fn next_machine(file: &Path) -> [String; 5] {
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
        lines.extend(next_machine(&file));
        lines.push(format!("Machines that do not have it by {} are locked out until they do.", key.send_from()));
        output::lines(lines)
    }
}
