//! iceoryx2: publish-subscribe with byte slices, configured as a queue without loss.

use std::time::Duration;

use iceoryx2::config::Config;
use iceoryx2::port::listener::Listener;
use iceoryx2::port::notifier::Notifier;
use iceoryx2::port::publisher::Publisher;
use iceoryx2::port::subscriber::Subscriber;
use iceoryx2::port::update_connections::UpdateConnections;
use iceoryx2::prelude::*;
use iceoryx2::service::port_factory::{event, publish_subscribe};

use super::Shape;
use crate::Result;
use crate::place::Place;

/// A subscriber, which waits by spinning.
pub(crate) struct Receiver {
    subscriber: Subscriber<ipc::Service, [u8], ()>,
    _service: publish_subscribe::PortFactory<ipc::Service, [u8], ()>,
    _node: Node<ipc::Service>,
}

/// A publisher.
pub(crate) struct Sender {
    publisher: Publisher<ipc::Service, [u8], ()>,
    _service: publish_subscribe::PortFactory<ipc::Service, [u8], ()>,
    _node: Node<ipc::Service>,
}

/// A subscriber that waits for an event.
pub(crate) struct EventReceiver {
    receiver: Receiver,
    listener: Listener<ipc::Service>,
    _service: event::PortFactory<ipc::Service>,
    _node: Node<ipc::Service>,
}

/// A publisher that raises an event for each message.
pub(crate) struct EventSender {
    sender: Sender,
    notifier: Notifier<ipc::Service>,
    _service: event::PortFactory<ipc::Service>,
    _node: Node<ipc::Service>,
}

impl super::Receiver for Receiver {
    fn create(place: &Place, shape: Shape) -> Result<Receiver> {
        let node = node(place)?;
        let service = topic(&node, place, shape)?;
        let subscriber = service.subscriber_builder().buffer_size(depth(shape)).create()?;
        Ok(Receiver { subscriber, _service: service, _node: node })
    }

    /// A publisher drops messages that do not fit the buffer of a subscriber which has not discovered it yet.
    fn connected(&mut self) -> Result<()> {
        Ok(self.subscriber.update_connections()?)
    }

    #[inline]
    fn try_receive(&mut self, buffer: &mut [u8]) -> Result<Option<usize>> {
        let Some(sample) = self.subscriber.receive()? else { return Ok(None) };
        let payload = sample.payload();
        buffer[..payload.len()].copy_from_slice(payload);
        Ok(Some(payload.len()))
    }

    fn receive(&mut self, buffer: &mut [u8]) -> Result<usize> {
        loop {
            for _ in 0..SPINS {
                if let Some(size) = self.try_receive(buffer)? {
                    return Ok(size);
                }
            }
            // Matters only if both ends share a processor.
            std::thread::yield_now();
        }
    }
}

impl super::Sender for Sender {
    fn open(place: &Place, shape: Shape) -> Result<Sender> {
        let node = node(place)?;
        let service = topic(&node, place, shape)?;
        let publisher = service
            .publisher_builder()
            .initial_max_slice_len(shape.buffer())
            .backpressure_strategy(BackpressureStrategy::RetryUntilDelivered)
            .create()?;
        Ok(Sender { publisher, _service: service, _node: node })
    }

    #[inline]
    fn send(&mut self, message: &[u8]) -> Result<()> {
        let sample = self.publisher.loan_slice_uninit(message.len())?;
        sample.write_from_slice(message).send()?;
        Ok(())
    }
}

impl super::Receiver for EventReceiver {
    fn create(place: &Place, shape: Shape) -> Result<EventReceiver> {
        let receiver = Receiver::create(place, shape)?;
        let node = node(place)?;
        let service = bell(&node, place)?;
        let listener = service.listener_builder().create()?;
        Ok(EventReceiver { receiver, listener, _service: service, _node: node })
    }

    fn connected(&mut self) -> Result<()> {
        self.receiver.connected()
    }

    fn try_receive(&mut self, buffer: &mut [u8]) -> Result<Option<usize>> {
        self.receiver.try_receive(buffer)
    }

    fn receive(&mut self, buffer: &mut [u8]) -> Result<usize> {
        loop {
            if let Some(size) = self.receiver.try_receive(buffer)? {
                return Ok(size);
            }
            self.listener.blocking_wait(|_| {})?;
        }
    }
}

impl super::Sender for EventSender {
    fn open(place: &Place, shape: Shape) -> Result<EventSender> {
        let sender = Sender::open(place, shape)?;
        let node = node(place)?;
        let service = bell(&node, place)?;
        let notifier = service.notifier_builder().create()?;
        Ok(EventSender { sender, notifier, _service: service, _node: node })
    }

    fn send(&mut self, message: &[u8]) -> Result<()> {
        self.sender.send(message)?;
        self.notifier.notify()?;
        Ok(())
    }
}

const SPINS: u32 = 10_000;

/// Messages that a subscriber's buffer holds.
fn depth(shape: Shape) -> usize {
    ((16 << 20) / shape.buffer()).clamp(8, 1024)
}

fn node(place: &Place) -> Result<Node<ipc::Service>> {
    set_log_level(LogLevel::Error);
    let mut config = Config::default();
    let root = place.iceoryx();
    std::fs::create_dir_all(&root)?;
    config.global.set_root_path(&Path::new(root.as_os_str().as_encoded_bytes())?);
    config.global.prefix = FileName::new(place.iceoryx_prefix().as_bytes())?;
    config.global.creation_timeout = Duration::from_secs(10);
    Ok(NodeBuilder::new()
        .signal_handling_mode(SignalHandlingMode::Disabled)
        .config(&config)
        .create::<ipc::Service>()?)
}

fn topic(
    node: &Node<ipc::Service>,
    place: &Place,
    shape: Shape,
) -> Result<publish_subscribe::PortFactory<ipc::Service, [u8], ()>> {
    Ok(node
        .service_builder(&place.unique().as_str().try_into()?)
        .publish_subscribe::<[u8]>()
        .enable_safe_overflow(false)
        .history_size(0)
        .subscriber_max_buffer_size(depth(shape))
        .max_subscribers(shape.members.max(1))
        .max_publishers(shape.writers)
        .max_nodes(shape.writers + shape.members.max(1))
        .open_or_create()?)
}

fn bell(node: &Node<ipc::Service>, place: &Place) -> Result<event::PortFactory<ipc::Service>> {
    Ok(node.service_builder(&place.unique().as_str().try_into()?).event().open_or_create()?)
}
