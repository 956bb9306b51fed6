//! Sending: seals messages and receipts.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use ring::aead::{Aad, LessSafeKey};

use crate::batch::Batch;
use crate::crypto::{KeyId, SessionId, TAG, nonce};
use crate::destination::{Destination, Id};
use crate::domain::{Domain, Key, Seal};
use crate::envelope::{DeliveryOutcome, HEADER, Header, Kind, RECEIPT, Request};
use crate::error::{Error, Result};
use crate::head::{Form, Head, Legacy};
use crate::identity::Identity;
use crate::limits::Limits;
use crate::time::Time;

/// A sealed message, receipt or reply, or the same in the form of an open domain. Reuse it: it keeps its memory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Envelope {
    /// The payload of the put, query or reply.
    pub payload: Vec<u8>,
    /// Its attachment; empty in a sealed domain: send none there.
    pub attachment: Vec<u8>,
}

/// Seals the messages of one computer in a domain, during one session.
///
/// There must never be two sealers of one session, not even in a restored snapshot of a machine or in a forked process:
/// they would seal different messages with the same key and number, which reveals both. Pass new
/// [`random`](crate::random()) bytes to each one.
#[derive(Debug)]
pub struct Sealer {
    domain: Arc<Domain>,
    computer: String,
    session: SessionId,
    limits: Limits,
    streams: HashMap<(Kind, Id), Stream>,
    receipts: u64,
}

#[derive(Debug, Default)]
struct Stream {
    key: Option<(KeyId, LessSafeKey)>,
    /// The last number used.
    last: u64,
}

/// The data to seal: one message, or a batch of `count` messages.
struct Content<'a> {
    form: Form<'a>,
    count: u64,
    data: &'a [u8],
}

impl Sealer {
    /// A sealer for the computer of this name.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidComputer`] if `computer` is not a valid name of a computer. It is converted to upper case.
    pub fn new(domain: Arc<Domain>, computer: &str, session: SessionId, limits: Limits) -> Result<Sealer> {
        let name: mailslot_names::NetbiosName =
            computer.parse().map_err(|_| Error::InvalidComputer(computer.to_owned()))?;
        let computer = name.as_str().to_owned();
        Ok(Sealer { domain, computer, session, limits, streams: HashMap::new(), receipts: 0 })
    }

    /// The domain.
    pub fn domain(&self) -> &Arc<Domain> {
        &self.domain
    }

    /// Continues with other keys of the same domain; the numbers of streams continue.
    pub fn update(&mut self, domain: Arc<Domain>) {
        self.domain = domain;
        self.streams.values_mut().for_each(|stream| stream.key = None);
    }

    /// Begins a new session, which forgets all streams.
    pub fn renew(&mut self, session: SessionId) {
        self.session = session;
        self.streams.clear();
        self.receipts = 0;
    }

    /// Seals a message. What `envelope` held is replaced.
    ///
    /// `legacy` is the message's source if a bridge carries it from a legacy network.
    /// [`Opener::open_receipt`](crate::Opener::open_receipt) needs the result for the answers to [`Kind::Confirmed`].
    ///
    /// # Errors
    ///
    /// - [`Error::TooLarge`] if `data` has more bytes than the limits allow
    /// - [`Error::TextTooLong`] if a name in `legacy` has more than 255 bytes
    /// - [`Error::NoKey`] if no key of the domain is to be used now
    /// - [`Error::SessionFull`] if the message begins a stream beyond the limit: call [`Sealer::renew`], and seal it
    ///   again
    pub fn seal_into(
        &mut self,
        kind: Kind,
        to: &Destination,
        now: Time,
        legacy: Option<&Legacy<'_>>,
        data: &[u8],
        envelope: &mut Envelope,
    ) -> Result<Request> {
        envelope.clear();
        self.check_size(data)?;
        let form = legacy.map_or(Form::Plain, |legacy| Form::Legacy(*legacy));
        self.seal((kind, to), now, Content { form, count: 1, data }, envelope)
    }

    /// Seals a request: a confirmed write whose receivers do not confirm delivery, but send the reply of their slot's
    /// owner ([`reply_into`](Sealer::reply_into)). They drop the request after `within`. What `envelope` held is
    /// replaced. [`Opener::open_reply`](crate::Opener::open_reply) needs the result.
    ///
    /// # Errors
    ///
    /// Those of [`seal_into`](Sealer::seal_into), and [`Error::Open`] in an open domain, where nothing would
    /// authenticate the reply.
    pub fn request_into(
        &mut self,
        to: &Destination,
        now: Time,
        within: Duration,
        data: &[u8],
        envelope: &mut Envelope,
    ) -> Result<Request> {
        envelope.clear();
        self.check_sealed()?;
        self.check_size(data)?;
        self.seal((Kind::Confirmed, to), now, Content { form: Form::Request(within), count: 1, data }, envelope)
    }

    fn check_size(&self, data: &[u8]) -> Result<()> {
        let (size, limit) = (data.len(), self.limits.max_message_size);
        if size > limit { Err(Error::TooLarge { size, limit }) } else { Ok(()) }
    }

    fn check_sealed(&self) -> Result<()> {
        if self.domain.is_sealed() { Ok(()) } else { Err(Error::Open(self.domain.name().to_string())) }
    }

    /// Seals messages together, with less work for sender and receivers than one by one; a batch of one message is
    /// sealed like a single message. What `envelope` held is replaced. An empty batch leaves it empty.
    ///
    /// # Errors
    ///
    /// - [`Error::Open`] in an open domain: programs there expect one message in each payload
    /// - [`Error::NoKey`] if no key of the domain is to be used now
    /// - [`Error::SessionFull`] if the messages begin a stream beyond the limit: call [`Sealer::renew`], and seal them
    ///   again
    pub fn seal_batch_into(
        &mut self,
        to: &Destination,
        now: Time,
        batch: &Batch,
        envelope: &mut Envelope,
    ) -> Result<()> {
        envelope.clear();
        self.check_sealed()?;
        let data = match batch.len() {
            0 => return Ok(()),
            1 => batch.first(),
            _ => batch.bytes(),
        };
        let form = if batch.len() > 1 { Form::Batch } else { Form::Plain };
        self.seal((Kind::Message, to), now, Content { form, count: batch.len() as u64, data }, envelope)?;
        Ok(())
    }

    fn seal(
        &mut self,
        (kind, to): (Kind, &Destination),
        now: Time,
        content: Content<'_>,
        envelope: &mut Envelope,
    ) -> Result<Request> {
        let sealing = Sealing::of(&self.domain, &self.computer, now)?;
        let session = self.session;
        let stream = stream(&mut self.streams, self.limits.streams, (kind, to.id()))?;
        let Content { form, count, data } = content;
        let head = Head { time: now, computer: &self.computer, form };
        envelope.begin(sealing.as_ref(), &head, data)?;
        let sequence = stream.last + 1;
        stream.last += count;
        match sealing {
            Some(sealing) => {
                let header = sealing.header(kind as u8, session, sequence);
                let key = stream.key(sealing.seal, sealing.key, &header, to.id());
                envelope.finish(&header, key, &sealing, to.id().bytes());
            }
            None => envelope.number(session, sequence),
        }
        Ok(Request { session, sequence, to: to.id() })
    }

    /// Seals the answer to a confirmed write. What `envelope` held is replaced.
    ///
    /// # Errors
    ///
    /// [`Error::NoKey`] if no key of the domain is to be used now.
    pub fn receipt_into(
        &mut self,
        request: &Request,
        now: Time,
        outcome: DeliveryOutcome,
        envelope: &mut Envelope,
    ) -> Result<()> {
        self.answer_into(request, now, &[outcome.code()], envelope)
    }

    /// Seals the reply to a request. What `envelope` held is replaced. If the owner of the slot does not reply, send a
    /// receipt with another outcome than `Delivered` instead.
    ///
    /// # Errors
    ///
    /// - [`Error::TooLarge`] if the reply has more bytes than the limits allow
    /// - [`Error::Open`] in an open domain
    /// - [`Error::NoKey`] if no key of the domain is to be used now
    pub fn reply_into(&mut self, request: &Request, now: Time, reply: &[u8], envelope: &mut Envelope) -> Result<()> {
        envelope.clear();
        self.check_sealed()?;
        self.check_size(reply)?;
        self.answer_into(request, now, &[&[DeliveryOutcome::Delivered.code()], reply].concat(), envelope)
    }

    fn answer_into(&mut self, request: &Request, now: Time, data: &[u8], envelope: &mut Envelope) -> Result<()> {
        envelope.clear();
        let sealing = Sealing::of(&self.domain, &self.computer, now)?;
        let head = Head { time: now, computer: &self.computer, form: Form::Plain };
        envelope.begin(sealing.as_ref(), &head, data)?;
        self.receipts += 1;
        let (session, sequence) = (self.session, self.receipts);
        match sealing {
            Some(sealing) => {
                let header = sealing.header(RECEIPT, session, sequence);
                let destination = request.receipt_destination();
                let key = sealing.key.secret.stream_key(session, &sealing.seal.id, RECEIPT, &destination);
                envelope.finish(&header, &key, &sealing, &destination);
            }
            None => envelope.number(session, sequence),
        }
        Ok(())
    }
}

/// The stream of this id; begins a new one if there is none.
fn stream(streams: &mut HashMap<(Kind, Id), Stream>, limit: usize, id: (Kind, Id)) -> Result<&mut Stream> {
    // No stream may be forgotten in a session: its numbers would begin again, under the same key.
    if streams.len() >= limit && !streams.contains_key(&id) {
        return Err(Error::SessionFull { limit });
    }
    Ok(streams.entry(id).or_default())
}

impl Stream {
    fn key(&mut self, seal: &Seal, key: &Key, header: &Header, to: Id) -> &LessSafeKey {
        if self.key.as_ref().is_some_and(|(id, _)| *id != key.id()) {
            self.key = None;
        }
        let derive = || (key.id(), key.secret.stream_key(header.session, &seal.id, header.kind, to.bytes()));
        &self.key.get_or_insert_with(derive).1
    }
}

/// What an envelope is sealed with: the domain's key, and the computer's if the domain has identities.
struct Sealing<'d> {
    seal: &'d Seal,
    key: &'d Key,
    identity: Option<&'d Identity>,
}

impl<'d> Sealing<'d> {
    /// `None` in an open domain.
    fn of(domain: &'d Domain, computer: &str, now: Time) -> Result<Option<Sealing<'d>>> {
        let Some(seal) = &domain.seal else { return Ok(None) };
        let key = domain.sending_key(now)?;
        let identity = seal.identities.as_ref().map(|identities| identities.signer(computer, now)).transpose()?;
        Ok(Some(Sealing { seal, key, identity }))
    }

    fn header(&self, kind: u8, session: SessionId, sequence: u64) -> Header {
        Header { version: self.seal.version(), kind, key: self.key.id(), session, sequence }
    }
}

impl Envelope {
    fn clear(&mut self) {
        self.payload.clear();
        self.attachment.clear();
    }

    /// Writes everything except the number. Unsealed data never remain in the envelope: nothing can fail after they are
    /// copied.
    fn begin(&mut self, sealing: Option<&Sealing<'_>>, head: &Head<'_>, data: &[u8]) -> Result<()> {
        if let Some(sealing) = sealing {
            let proof = sealing.identity.map_or(0, Identity::proof_size);
            self.payload.reserve(HEADER + proof + 32 + data.len() + TAG);
            self.payload.resize(HEADER, 0);
            if let Some(identity) = sealing.identity {
                identity.begin(&mut self.payload);
            }
        } else {
            self.attachment.resize(NUMBER, 0);
        }
        let encoded = head.encode(if sealing.is_some() { &mut self.payload } else { &mut self.attachment });
        encoded.inspect_err(|_| self.clear())?;
        self.payload.extend_from_slice(data);
        Ok(())
    }

    fn finish(&mut self, header: &Header, key: &LessSafeKey, sealing: &Sealing<'_>, destination: &[u8]) {
        let header_bytes = header.encode();
        self.payload[..HEADER].copy_from_slice(&header_bytes);
        if let Some(identity) = sealing.identity {
            identity.sign(&sealing.seal.id, &header_bytes, destination, &mut self.payload[HEADER..]);
        }
        let tag = key
            .seal_in_place_separate_tag(nonce(header.sequence), Aad::from(header_bytes), &mut self.payload[HEADER..])
            .expect("64 GiB can be sealed at once, and no message is so large");
        self.payload.extend_from_slice(tag.as_ref());
    }

    fn number(&mut self, session: SessionId, sequence: u64) {
        self.attachment[..16].copy_from_slice(&session.to_bytes());
        self.attachment[16..NUMBER].copy_from_slice(&sequence.to_be_bytes());
    }
}

/// Bytes of session and sequence at the beginning of an attachment.
const NUMBER: usize = 24;
