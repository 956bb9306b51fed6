//! Sending without a node.

use std::io;
use std::os::fd::BorrowedFd;
use std::time::Instant;

use mailslot::{Address, MailslotWriter};
use rustix::event::Timespec;

use crate::config::Settings;
use crate::error::{Error, Result};
use crate::io::batch::Incoming;
use crate::io::interfaces;
use crate::io::ready::ready;
use crate::io::slots::Slots;
use crate::io::sockets::Sockets;
use crate::{routing, seed};
use mailslot_netbios::{Config, Event, Node, Ports, Registrar, RequestId};

/// Sends messages to slots of other machines where no node runs: for programs that do so now and then.
///
/// It needs no privileges, because it sends from any ports, and can be had by several programs at once. It registers no
/// names and receives nothing: the computer's name in its messages is one that nobody answers for. A program that wants to
/// receive needs a node, its own ([`Embedded`](crate::Embedded)) or that of the machine.
///
/// ```no_run
/// use mailslot_node::Sender;
/// use mailslot_node::config::Settings;
///
/// let settings = Settings { workgroup: "PLANT".to_owned(), ..Settings::default() };
/// let mut sender = Sender::new(&settings)?;
/// sender.send(r"\\SRV1\mailslot\alerts", b"door 2 opened")?; // finds SRV1 first
/// sender.send(r"\\*\mailslot\alerts", b"all out")?; // to everyone in PLANT
/// # Ok::<(), mailslot_node::Error>(())
/// ```
pub struct Sender {
    config: Config,
    node: Node,
    sockets: Vec<Sockets>,
    slots: Slots,
}

impl Sender {
    /// A sender on the interfaces that there are now.
    ///
    /// # Errors
    ///
    /// - [`Error::Settings`] if the settings are wrong
    /// - [`Error::Io`] if the system refuses something
    pub fn new(settings: &Settings) -> Result<Sender> {
        let mut config = settings.protocol()?;
        config.names = Vec::new();
        config.registrar = Registrar::OtherService;
        config.own_ports = Ports { name: 0, datagram: 0 };
        let sockets: Vec<Sockets> =
            interfaces::list(settings)?.into_iter().map(Sockets::open_anywhere).collect::<Result<_>>()?;
        let interfaces = sockets.iter().map(|sockets| sockets.named.interface).collect();
        let node = Node::new(config.clone(), interfaces, Instant::now(), seed());
        Ok(Sender { config, node, sockets, slots: Slots::default() })
    }

    /// Writes one message. If a node runs on this machine, that one gets it and sends it later; else it has been sent when
    /// this returns, which takes some seconds where a name is to be found that does not exist. Nothing tells whether it
    /// arrives.
    ///
    /// # Errors
    ///
    /// - [`Error::Slot`] if the address is none, or is on this machine and the slot refuses the message
    /// - [`Error::NotSent`] if the computer or domain is not found, the message is too long, or nothing leads there
    /// - [`Error::Io`] if the system refuses something
    pub fn send<A>(&mut self, address: A, message: &[u8]) -> Result<()>
    where
        A: TryInto<Address>,
        A::Error: Into<mailslot::Error>,
    {
        let address: Address = address.try_into().map_err(|error| Error::Slot(error.into()))?;
        match MailslotWriter::open(address) {
            Ok(writer) => Ok(writer.write(message)?),
            Err(mailslot::Error::NoNetworkNode(address)) => self.send_to_network(&address, message),
            Err(error) => Err(error.into()),
        }
    }

    fn send_to_network(&mut self, address: &Address, message: &[u8]) -> Result<()> {
        let target = routing::target(address, &self.config);
        let target = target.ok_or_else(|| Error::Settings(format!("{address} is no address in a NetBIOS network")))?;
        let slot = address.slot().as_str().as_bytes();
        let request = self.node.send_mailslot(Instant::now(), target, slot, message).map_err(Error::NotSent)?;
        let mut incoming = Incoming::new();
        loop {
            self.node.handle_timeout(Instant::now());
            if let Some(result) = self.flush(request) {
                return result;
            }
            self.wait(&mut incoming)?;
        }
    }

    /// Sends what is to be sent, and tells what has become of the request.
    fn flush(&mut self, wanted: RequestId) -> Option<Result<()>> {
        let mut failure = None;
        while let Some(transmit) = self.node.poll_transmit() {
            let by = |sockets: &&Sockets| sockets.named.interface.id == transmit.interface;
            if self.sockets.iter().find(by).is_none_or(|sockets| sockets.send(transmit.service, &[&transmit]) > 0) {
                let refused = io::Error::other("the system has refused the packet");
                failure = Some(Error::io(format!("send to {}", transmit.to), refused));
            }
        }
        let mut ended = None;
        while let Some(event) = self.node.poll_event() {
            match event {
                Event::Sent { request, result } if request == wanted => ended = Some(result),
                // A message to the own domain is for this machine as well; whether a slot takes it, nobody is told.
                Event::Message(message) => {
                    let origin = routing::origin(&message, &self.config);
                    self.slots.deliver(&message.slot, &origin, &[&message.data], |_, _| {});
                }
                _ => {}
            }
        }
        match (ended?, failure) {
            (Ok(_), None) => Some(Ok(())),
            (Ok(_), Some(failure)) => Some(Err(failure)),
            (Err(error), _) => Some(Err(Error::NotSent(error))),
        }
    }

    fn wait(&mut self, incoming: &mut Incoming) -> Result<()> {
        let now = Instant::now();
        let left = self.node.poll_timeout().map(|deadline| deadline.saturating_duration_since(now));
        let timeout = left.and_then(|left| Timespec::try_from(left).ok());
        let descriptors: Vec<BorrowedFd<'_>> = self.sockets.iter().flat_map(Sockets::descriptors).collect();
        let ready = ready(descriptors.into_iter(), timeout.as_ref())?;
        let mut ready = ready.iter();
        let now = Instant::now();
        let Sender { sockets, node, .. } = self;
        for sockets in sockets {
            for socket in 0..sockets.descriptors().count() {
                if ready.next() == Some(&true) {
                    sockets.receive(socket, incoming, |received, bytes| {
                        // No answer is too large.
                        if let Some(bytes) = bytes {
                            node.handle_packet(now, received, bytes);
                        }
                    });
                }
            }
        }
        Ok(())
    }
}
