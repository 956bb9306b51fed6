//! Sends without a node.

use std::io;
use std::time::Instant;

use mailslot::{Address, MailslotWriter};

use crate::config;
use crate::error::{Error, Result};
use crate::io::driver::Driver;
use crate::io::slots::Slots;
use crate::io::sockets::At;
use crate::io::{addresses, interfaces};
use crate::routing;
use mailslot_netbios::{Config, Event, Ports, Registrar};

/// Sends messages to slots of other machines where no node runs: for programs that send now and then.
///
/// It sends from any ports, so it needs no privileges, and several programs can have one at once. It registers no names
/// and receives nothing: no node answers for the computer's name in its messages. A program that wants to receive needs
/// a node, its own ([`Embedded`](crate::Embedded)) or that of the machine.
///
/// ```no_run
/// use mailslot_node::Sender;
/// use mailslot_node::config;
///
/// let mut settings = config::Settings::default();
/// settings.workgroup = "PLANT".to_owned();
/// let mut sender = Sender::new(&settings)?;
/// sender.send(r"\\SRV1\mailslot\alerts", b"door 2 opened")?; // finds SRV1 first
/// sender.send(r"\\*\mailslot\alerts", b"all out")?; // to everyone in PLANT
/// # Ok::<(), mailslot_node::Error>(())
/// ```
pub struct Sender {
    config: Config,
    driver: Driver,
    slots: Slots,
}

impl Sender {
    /// A sender on the current interfaces. Interfaces that cannot be used are left out.
    ///
    /// # Errors
    ///
    /// - [`Error::Settings`] if the settings are invalid
    /// - [`Error::Io`] if the system refuses something
    pub fn new(settings: &config::Settings) -> Result<Sender> {
        let mut config = settings.protocol()?;
        config.names = Vec::new();
        config.registrar = Registrar::OtherService;
        config.own_ports = Ports { name: 0, datagram: 0 };
        let (now, used) = (Instant::now(), interfaces::choose(&addresses::list()?, settings).used);
        let mut driver = Driver::new(&config, At::AnyPorts, now);
        driver.attach(used, now);
        Ok(Sender { config, driver, slots: Slots::default() })
    }

    /// Writes one message. If a node runs on this machine, the node gets the message and sends it later. Otherwise the
    /// message has been sent when this returns, which takes some seconds if the name does not exist. Whether it arrives
    /// is not reported.
    ///
    /// # Errors
    ///
    /// - [`Error::Slot`] if the address is invalid, or is on this machine and the slot refuses the message
    /// - [`Error::NotSent`] if the computer or domain is not found, the message is too long, or there is no way to send
    ///   it there
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
        let target =
            target.ok_or_else(|| Error::Settings(format!("{address} is not an address in a NetBIOS network")))?;
        let Sender { driver, slots, config } = self;
        let (slot, failed) = (address.slot().as_str().as_bytes(), driver.counts.transmit_failed);
        let wanted = driver.node.send_mailslot(Instant::now(), target, slot, message).map_err(Error::NotSent)?;
        loop {
            match driver.next_event() {
                Some(Event::Sent { request, result }) if request == wanted => {
                    result.map_err(Error::NotSent)?;
                    let refused = || io::Error::other("the system has refused the packet");
                    let is_gone = driver.counts.transmit_failed == failed;
                    return if is_gone { Ok(()) } else { Err(Error::io(format!("send to {address}"), refused())) };
                }
                // A message to this machine's workgroup is for this machine as well. Whether a slot accepts it is not
                // reported.
                Some(Event::Message(message)) => {
                    let origin = routing::origin(&message.source, *message.address.ip(), &message.destination, config);
                    slots.deliver(&message.slot, &origin, &[&message.data], |_, _| {});
                }
                Some(_) => {}
                None => driver.wait()?,
            }
        }
    }
}
