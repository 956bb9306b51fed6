//! The subcommands.

mod bench;
pub mod completions;
mod demo;
#[cfg(feature = "node")]
mod domain;
#[cfg(unix)]
mod hz;
mod info;
mod list;
mod listen;
mod man;
#[cfg(all(unix, feature = "node"))]
mod metrics;
#[cfg(feature = "node")]
mod network;
mod peek;
mod peer;
#[cfg(unix)]
mod record;
#[cfg(unix)]
mod replay;
#[cfg(unix)]
mod request;
#[cfg(windows)]
mod run;
mod send;
mod slot_options;
#[cfg(unix)]
mod tap;
#[cfg(unix)]
mod top;
#[cfg(unix)]
mod watch;

use clap::Subcommand;

use crate::exit::Result;

#[derive(Subcommand)]
pub enum Command {
    Listen(listen::Listen),
    Send(send::Send),
    #[cfg(unix)]
    Tap(tap::Tap),
    #[cfg(unix)]
    Request(request::Request),
    #[cfg(windows)]
    Run(run::Run),
    Info(info::Info),
    #[command(visible_alias = "ls")]
    List(list::List),
    Peek(peek::Peek),
    #[cfg(unix)]
    Record(record::Record),
    #[cfg(unix)]
    Replay(replay::Replay),
    #[cfg(unix)]
    Hz(hz::Hz),
    #[cfg(unix)]
    Top(top::Top),
    Demo(demo::Demo),
    Bench(bench::Bench),
    #[cfg(feature = "node")]
    Node(Box<network::node::Node>),
    #[cfg(all(unix, feature = "node"))]
    Resolve(network::resolve::Resolve),
    #[cfg(all(unix, feature = "node"))]
    Status(network::status::Status),
    #[cfg(all(unix, feature = "node"))]
    Browse(network::browse::Browse),
    #[cfg(feature = "node")]
    Doctor(network::doctor::Doctor),
    #[cfg(all(unix, feature = "node"))]
    FindDc(network::find_dc::FindDc),
    #[cfg(feature = "node")]
    Domain(domain::DomainCommand),
    #[cfg(all(unix, feature = "node"))]
    Capture(network::capture::Capture),
    #[cfg(all(unix, feature = "node"))]
    Metrics(metrics::Metrics),
    Completions(completions::Completions),
    Man(man::Man),
    #[command(subcommand, hide = true)]
    Peer(peer::Peer),
}

impl Command {
    /// `whole` returns the definition of the whole command line.
    pub fn run(self, whole: impl FnOnce() -> clap::Command) -> Result {
        match self {
            Command::Listen(listen) => listen.run(),
            Command::Send(send) => send.run(),
            #[cfg(unix)]
            Command::Tap(tap) => tap.run(),
            #[cfg(unix)]
            Command::Request(request) => request.run(),
            #[cfg(windows)]
            Command::Run(run) => run.run(),
            Command::Info(info) => info.run(),
            Command::List(list) => list.run(),
            Command::Peek(peek) => peek.run(),
            #[cfg(unix)]
            Command::Record(record) => record.run(),
            #[cfg(unix)]
            Command::Replay(replay) => replay.run(),
            #[cfg(unix)]
            Command::Hz(hz) => hz.run(),
            #[cfg(unix)]
            Command::Top(top) => top.run(),
            Command::Demo(demo) => demo.run(),
            Command::Bench(bench) => bench.run(),
            #[cfg(feature = "node")]
            Command::Node(node) => node.run(),
            #[cfg(all(unix, feature = "node"))]
            Command::Resolve(resolve) => resolve.run(),
            #[cfg(all(unix, feature = "node"))]
            Command::Status(status) => status.run(),
            #[cfg(all(unix, feature = "node"))]
            Command::Browse(browse) => browse.run(),
            #[cfg(feature = "node")]
            Command::Doctor(doctor) => doctor.run(),
            #[cfg(all(unix, feature = "node"))]
            Command::FindDc(find_dc) => find_dc.run(),
            #[cfg(feature = "node")]
            Command::Domain(domain) => domain.run(),
            #[cfg(all(unix, feature = "node"))]
            Command::Capture(capture) => capture.run(),
            #[cfg(all(unix, feature = "node"))]
            Command::Metrics(metrics) => metrics.run(),
            Command::Completions(completions) => completions.run(),
            Command::Man(man) => man.run(whole()),
            Command::Peer(peer) => peer.run(),
        }
    }
}
