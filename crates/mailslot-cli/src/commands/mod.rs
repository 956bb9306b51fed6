//! The subcommands.

mod bench;
mod demo;
mod info;
mod list;
mod listen;
mod peer;
mod send;

use clap::Subcommand;

use crate::exit::Result;

#[derive(Subcommand)]
pub enum Command {
    Listen(listen::Listen),
    Send(send::Send),
    Info(info::Info),
    List(list::List),
    Demo(demo::Demo),
    Bench(bench::Bench),
    #[command(subcommand, hide = true)]
    Peer(peer::Peer),
}

impl Command {
    pub fn run(self) -> Result {
        match self {
            Command::Listen(listen) => listen.run(),
            Command::Send(send) => send.run(),
            Command::Info(info) => info.run(),
            Command::List(list) => list.run(),
            Command::Demo(demo) => demo.run(),
            Command::Bench(bench) => bench.run(),
            Command::Peer(peer) => peer.run(),
        }
    }
}
