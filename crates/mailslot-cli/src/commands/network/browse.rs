//! `mailslot browse`: the computers of the network, by the messages of the computer browser.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::{Duration, Instant};

use clap::Args;
use mailslot::{Mailslot, MailslotOptions, Network, Origin, Timeout};
use mailslot_node::control::{Members, node_access};
use mailslot_wire::browser::{Announcement, MAILSLOT, Message, ServerName};
use mailslot_wire::name::suffix;
use serde::Serialize;

use super::{legacy_node, name, send, text};
use crate::args;
use crate::escape::cell;
use crate::exit::{Failure, Result};
use crate::output;
use crate::progress::Progress;
use crate::table::{Align, Table};

/// Ask the computer browsers of the network for servers, and show their answers
#[derive(Args)]
#[command(after_help = AFTER_HELP)]
pub struct Browse {
    /// The workgroup or domain [default: that of the node]
    workgroup: Option<String>,

    /// How long to listen
    // The other names are those of 0.1, for scripts; they mean other things elsewhere, so help does not show them.
    #[arg(short, long, alias = "time", short_alias = 't', value_name = "DURATION", default_value = "35s",
          value_parser = args::duration)]
    duration: Duration,

    /// Print one JSON object for each server, one to a line
    #[arg(long)]
    json: bool,
}

const AFTER_HELP: &str = r#"Asks the master browser which servers keep the list, and all servers of the node's subnets to announce themselves, which they do within half a minute. Asks through the network node of this machine, which receives the answers as long as its setting browser is on. They arrive in the slot BROWSE, which no other process may own.

Examples:
  mailslot browse
  mailslot browse PLANT --duration 5s --json | jq -r .name"#;

/// What is known about a server.
#[derive(Default, Serialize)]
pub(super) struct Server {
    name: String,
    /// Its role, by its own announcement or by another server's list.
    kind: &'static str,
    comment: String,
    address: Option<IpAddr>,
}

impl Browse {
    pub fn run(self) -> Result {
        let node = legacy_node()?;
        let workgroup = name(self.workgroup.as_ref().unwrap_or(&node.workgroup))?;
        let slot = String::from_utf8_lossy(MAILSLOT);
        let slot = MailslotOptions::new().access(node_access()?).network(Network::Allowed).create(&*slot)?;
        let computer =
            ServerName::new(text(&name(&node.computer)?)).map_err(|error| Failure::Unexpected(error.to_string()))?;
        // Any token would do: answers are not distinguished.
        let list = Message::GetBackupListRequest { count: 4, token: std::process::id() };
        let announce = Message::announcement_request(&computer);
        // Only the master has the list. All members have <00>, where MS-BRWS sends announcement requests; nmbd uses
        // <1e>.
        let questions = [
            (suffix::MASTER_BROWSER, list),
            (suffix::WORKSTATION, announce.clone()),
            (suffix::BROWSER_ELECTIONS, announce),
        ];
        let ask_all = || {
            questions.iter().try_for_each(|(suffix, question)| {
                send(Members::Near, &workgroup.clone().with_suffix(*suffix), MAILSLOT, question.encode())
            })
        };
        let progress = Progress::start("listening to browsers", self.duration);
        let servers: Vec<Server> = listen(&slot, self.duration, ask_all)?.into_values().collect();
        drop(progress);
        if self.json {
            return output::print_json_lines(&servers);
        }
        output::lines(table(&servers).lines())
    }
}

/// Asks, and once more after a while: a broadcast may be lost, and a server that is starting does not answer.
fn listen(slot: &Mailslot, time: Duration, ask_all: impl Fn() -> Result) -> Result<BTreeMap<String, Server>> {
    let deadline = Instant::now() + time;
    let mut again = (time > ASK_AGAIN).then(|| Instant::now() + ASK_AGAIN);
    let mut servers = BTreeMap::new();
    ask_all()?;
    loop {
        let left = again.unwrap_or(deadline).saturating_duration_since(Instant::now());
        let message = match slot.receive_within(Timeout::After(left)) {
            Err(mailslot::Error::TimedOut) if again.take().is_some() => {
                ask_all()?;
                continue;
            }
            Err(mailslot::Error::TimedOut) => return Ok(servers),
            message => message?,
        };
        // Anybody on the segment can send to the slot: other messages are ignored, and the list is bounded.
        let Origin::Network(origin) = &message.origin else { continue };
        let address = origin.address;
        let Ok(message) = Message::parse(&message.data) else { continue };
        for server in named(message, address) {
            let known: Option<&Server> = servers.get(&server.name);
            // A server's announcement says more than its entry in a list.
            let tells_more = known.is_some_and(|known| server.address.is_some() || known.address.is_none());
            if tells_more || known.is_none() && servers.len() < MAX_SERVERS {
                servers.insert(server.name.clone(), server);
            }
        }
        if left.is_zero() && again.is_none() {
            return Ok(servers);
        }
    }
}

/// The time before the second request.
const ASK_AGAIN: Duration = Duration::from_secs(5);
/// The most servers that are kept.
const MAX_SERVERS: usize = 10_000;

fn named(message: Message, address: Option<IpAddr>) -> Vec<Server> {
    let announced = |kind, announcement: Announcement| {
        let comment = lossy(announcement.comment.as_bytes());
        vec![Server { name: lossy(announcement.name.as_bytes()), kind, comment, address }]
    };
    match message {
        Message::HostAnnouncement(announcement) => announced("server", announcement),
        Message::LocalMasterAnnouncement(announcement) => announced("master browser", announcement),
        Message::GetBackupListResponse { servers, .. } => {
            let backup = |name: &ServerName| Server {
                name: lossy(name.as_bytes()),
                kind: "backup browser",
                ..Server::default()
            };
            servers.iter().map(backup).collect()
        }
        _ => Vec::new(),
    }
}

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn table(servers: &[Server]) -> Table {
    let mut table = Table::new([Align::Left; 4]);
    for server in servers {
        let address = server.address.map_or_else(|| "-".to_owned(), |address| address.to_string());
        table.row([cell(&server.name), server.kind.to_owned(), address, cell(&server.comment)]);
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hostile;

    #[test]
    fn servers_stay_in_their_cells() {
        hostile::stays_in_its_cells(|text| {
            table(&[Server { name: text.to_owned(), comment: text.to_owned(), ..Server::default() }]).lines()
        });
    }
}
