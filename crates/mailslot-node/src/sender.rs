//! Sending without a node.

use std::io;
use std::time::Instant;

use mailslot::{Address, MailslotWriter};

use crate::config::Settings;
use crate::error::{Error, Result};
use crate::io::driver::Driver;
use crate::io::slots::Slots;
use crate::io::sockets::At;
use crate::io::{addresses, interfaces};
use crate::routing;
use mailslot_netbios::{Config, Event, Ports, Registrar};

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
/// let mut settings = Settings::default();
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
    /// A sender on the interfaces that there are now. One that cannot be used is left out.
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
        let (now, used) = (Instant::now(), interfaces::choose(&addresses::list()?, settings).used);
        let mut driver = Driver::new(&config, At::AnyPorts, now);
        driver.attach(used, now);
        Ok(Sender { config, driver, slots: Slots::default() })
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
                // A message to this machine's domain is for this machine as well; whether a slot takes it, nobody is told.
                Some(Event::Message(message)) => {
                    let origin = routing::origin(&message, config);
                    slots.deliver(&message.slot, &origin, &[&message.data], |_, _| {});
                }
                Some(_) => {}
                None => driver.wait()?,
            }
        }
    }
}
