//! Zenoh alone: a publisher and a subscriber, in a session each.

use std::sync::mpsc::channel;
use std::sync::{Mutex, PoisonError};

use mailslot_domain::Domain;
use zenoh::Wait;
use zenoh::pubsub::Publisher;
use zenoh::qos::CongestionControl;

use super::Peer;
use super::meter::Took;
use super::slot::{DOMAIN, settings};
use super::task::{Role, Send, Task};
use crate::Result;
use crate::process::{report_and_stay, step};

/// A key expression that a node's settings allow.
const KEY: &str = "mailslot/1/open/BENCH/all/BENCH";

/// A peer without discovery. All other settings are Zenoh's defaults.
fn config(task: &Task) -> Result<zenoh::Config> {
    if task.peer == Peer::ZenohSettings {
        return Ok(mailslot_zenoh::zenoh_config(&settings(task), &*Domain::open(DOMAIN)?)?);
    }
    let mut config = zenoh::Config::default();
    let endpoint = format!("[\"tcp/127.0.0.1:{}\"]", task.port);
    let (listen, connect) =
        if task.role == Role::Sender { (endpoint.as_str(), "[]") } else { ("[]", endpoint.as_str()) };
    for (key, value) in [
        ("mode", "\"peer\""),
        ("scouting/multicast/enabled", "false"),
        ("listen/endpoints", listen),
        ("connect/endpoints", connect),
    ] {
        config.insert_json5(key, value).map_err(|error| format!("{key}: {error}"))?;
    }
    Ok(config)
}

pub(crate) fn open(task: &Task) -> Result<zenoh::Session> {
    Ok(zenoh::open(config(task)?).wait().map_err(|error| error.to_string())?)
}

/// Receives in a thread that waits for messages, like the reader of a slot.
pub(crate) fn read(task: &Task) -> Result<()> {
    let session = open(task)?;
    let subscriber = session.declare_subscriber(KEY).wait().map_err(|error| error.to_string())?;
    let (mut meter, mut greeted) = (task.meter(), false);
    loop {
        let sample = subscriber.recv().map_err(|error| error.to_string())?;
        match meter.take(&sample.payload().to_bytes()) {
            Took::Hello if !greeted => {
                greeted = true;
                step()?;
            }
            Took::Done => return report_and_stay(&meter.seen()),
            _ => {}
        }
    }
}

/// Receives in Zenoh's threads.
pub(crate) fn receive(task: &Task) -> Result<()> {
    let session = open(task)?;
    let (meter, (tell, told)) = (Mutex::new((task.meter(), false)), channel());
    let take = move |sample: zenoh::sample::Sample| {
        let mut meter = meter.lock().unwrap_or_else(PoisonError::into_inner);
        match meter.0.take(&sample.payload().to_bytes()) {
            Took::Hello if !meter.1 => {
                meter.1 = true;
                let _ = tell.send(None);
            }
            // Fails for all but the first, which the receiver takes.
            Took::Done => drop(tell.send(Some(meter.0.seen()))),
            _ => {}
        }
    };
    let _subscriber = session.declare_subscriber(KEY).callback(take).wait().map_err(|error| error.to_string())?;
    loop {
        match told.recv()? {
            None => step()?,
            Some(seen) => return report_and_stay(&seen),
        }
    }
}

pub(crate) struct Sender {
    publisher: Publisher<'static>,
    _session: zenoh::Session,
}

impl Sender {
    pub(crate) fn open(task: &Task) -> Result<Sender> {
        let session = open(task)?;
        let publisher = session.declare_publisher(KEY).congestion_control(CongestionControl::Drop);
        Ok(Sender { publisher: publisher.wait().map_err(|error| error.to_string())?, _session: session })
    }
}

impl Send for Sender {
    fn send(&self, message: &[u8]) -> Result<()> {
        Ok(self.publisher.put(message).wait().map_err(|error| error.to_string())?)
    }

    fn flush(&self) -> Result<()> {
        Ok(())
    }
}
