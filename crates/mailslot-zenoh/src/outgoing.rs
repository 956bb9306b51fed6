//! The way of messages to addresses that were written to before: found once, and then kept.

use std::collections::HashMap;

use mailslot_domain::Destination;
use zenoh::bytes::ZBytes;
use zenoh::pubsub::Publisher;
use zenoh::qos::CongestionControl;
use zenoh::{Session, Wait};

use crate::error::{Error, Result};

/// Addresses that are kept.
const MOST: usize = 256;

/// Publishers, by what stands before the data of messages to them: the address in its encoded form.
#[derive(Default)]
pub(crate) struct Ways(HashMap<Vec<u8>, Way>);

/// The way to an address. With a publisher, names travel once and not with each message.
pub(crate) struct Way {
    pub(crate) to: Destination,
    publisher: Publisher<'static>,
}

impl Ways {
    /// The way that was kept for `header`.
    pub(crate) fn find(&self, header: &[u8]) -> Option<&Way> {
        self.0.get(header)
    }

    /// Keeps the way to `to` for `header`.
    ///
    /// # Errors
    ///
    /// [`Error::Zenoh`] if the session does not take it.
    pub(crate) fn keep(&mut self, header: &[u8], to: Destination, session: &Session) -> Result<&Way> {
        if self.0.len() >= MOST {
            self.0.clear();
        }
        let publisher = session
            .declare_publisher(to.key_expression().to_owned())
            .congestion_control(CongestionControl::Drop)
            .wait()
            .map_err(Error::zenoh("declare a publisher"))?;
        Ok(self.0.entry(header.to_vec()).or_insert(Way { to, publisher }))
    }
}

impl Way {
    /// Puts a message. Never waits for slow receivers.
    pub(crate) fn put(&self, payload: ZBytes, attachment: Option<ZBytes>) -> Result<()> {
        self.publisher.put(payload).attachment(attachment).wait().map_err(Error::zenoh("put a message"))
    }
}
