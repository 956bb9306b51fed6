//! A node of the legacy network that is attached to no interface: it holds no name, and neither sends nor receives.

use std::time::Instant;

use super::poll::Poll;
use super::sockets::{At, SocketId};
use crate::capture::Sinks;
use crate::error::{Error, Result};
use crate::io::interfaces::Attachment;
use crate::seed;
use mailslot_netbios::{Config, Node};

/// A node without sockets.
pub(crate) struct Driver {
    pub(crate) node: Node,
    /// The slots that get copies of all packets: of none.
    pub(crate) sinks: Sinks,
    pub(crate) counts: Counts,
}

/// The counters of the driver, which stay 0.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Counts {
    pub(crate) transmit_failed: u64,
    pub(crate) oversized: u64,
    pub(crate) other_interface: u64,
}

/// The changes of attachments.
#[derive(Debug, Default)]
pub(crate) struct Attached {
    pub(crate) new: Vec<Attachment>,
    pub(crate) gone: Vec<Attachment>,
    /// The names of interfaces that cannot be used, and why.
    pub(crate) failed: Vec<(String, Error)>,
}

impl Driver {
    pub(crate) fn new(config: &Config, _at: At, now: Instant) -> Driver {
        Driver { node: node(config, now), sinks: Sinks::default(), counts: Counts::default() }
    }

    pub(crate) fn restart(&mut self, config: &Config, _at: At, now: Instant) {
        self.node = node(config, now);
    }

    /// Nothing can be attached.
    pub(crate) fn attach(&mut self, wanted: Vec<Attachment>, _now: Instant) -> Attached {
        let failed = |named: Attachment| {
            let unsupported = std::io::Error::from(std::io::ErrorKind::Unsupported);
            (named.name, Error::io("use an interface for NetBIOS", unsupported))
        };
        Attached { failed: wanted.into_iter().map(failed).collect(), ..Attached::default() }
    }

    pub(crate) fn check(&self, _at: At, _wanted: &[Attachment]) -> Result<()> {
        Ok(())
    }

    pub(crate) fn attached(&self) -> &[Attachment] {
        &[]
    }

    pub(crate) fn interface_name(&self, _id: u32) -> &str {
        "gone"
    }

    pub(crate) fn dropped_unread(&self) -> Option<u64> {
        None
    }

    pub(crate) fn wait_in<'a>(&'a self, _poll: &mut Poll<'a>) {}

    pub(crate) fn receive(&mut self, _now: Instant, id: SocketId) {
        match id {}
    }

    /// Drops all packets of the node.
    pub(crate) fn transmit(&mut self) {
        while self.node.poll_transmit().is_some() {
            self.counts.transmit_failed += 1;
        }
    }
}

fn node(config: &Config, now: Instant) -> Node {
    Node::new(config.clone(), Vec::new(), now, seed())
}
