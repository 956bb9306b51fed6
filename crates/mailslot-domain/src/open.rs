//! Receiving: checks and opens messages, accepts each once, and counts refused ones.

use std::sync::Arc;
use std::time::Duration;

use ring::aead::{Aad, LessSafeKey};

use crate::batch::{Batch, Messages};
use crate::copies::Copies;
use crate::crypto::{KeyId, SessionId, TAG, first_half, nonce};
use crate::destination::Destination;
use crate::domain::{Domain, Key, Seal};
use crate::envelope::{DeliveryOutcome, HEADER, Header, Kind, RECEIPT, Receipt, Request};
use crate::error::Refused;
use crate::head::{Form, Head, Legacy, MAX_HEAD};
use crate::identity::{Identities, MAX_PROOF, Proof, Verified, sha256};
use crate::limits::{Counters, Limits};
use crate::reader::Reader;
use crate::start::Start;
use crate::streams::{StreamId, Streams};
use crate::time::Time;
use crate::window::Gap;

/// Opens the messages of a domain, accepts each once, and counts what it refuses. A node has one for each domain.
#[derive(Debug)]
pub struct Opener {
    domain: Arc<Domain>,
    limits: Limits,
    start: Start,
    streams: Streams,
    copies: Copies,
    counters: Counters,
    other_clock: Option<OtherClock>,
    verified: Verified,
}

/// A clock that did not agree with this one.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct OtherClock {
    /// The computer's name, as it states it.
    pub computer: String,
    /// The time that it stated.
    pub time: Time,
    /// This machine's time when the message arrived.
    pub here: Time,
}

/// A computer's answer to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Reply<'p> {
    /// The computer's name, as it states it; it is a member of the domain.
    pub computer: &'p str,
    /// `Delivered` if the owner of the slot there has replied.
    pub outcome: DeliveryOutcome,
    /// The owner's reply; empty otherwise.
    pub data: &'p [u8],
}

/// An accepted message.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Opened<'p> {
    /// The message, or the messages of a batch: at least one, unless all are larger than the limits allow.
    pub messages: Messages<'p>,
    /// The name of the sending computer, as it states it; `None` if a program in an open domain did not state it.
    pub computer: Option<&'p str>,
    /// Its source in a legacy network, if a bridge has carried it from there.
    pub legacy: Option<Legacy<'p>>,
    /// How long the sender waits for replies, if it is a request. [`Sealer::reply_into`](crate::Sealer::reply_into)
    /// then seals the answer.
    pub within: Option<Duration>,
    /// When it was sent, by the sender's clock.
    pub time: Option<Time>,
    /// Whether cryptography proves that a member of the domain sent it.
    pub authenticated: bool,
    /// Whether it proves as well that `computer` has sent it: so in domains with identities.
    pub computer_authenticated: bool,
    /// Identifies it for receipts and replies.
    pub request: Request,
}

impl Opener {
    /// An opener that refuses everything sealed before `start`: pass the current time.
    pub fn new(domain: Arc<Domain>, start: Time, limits: Limits) -> Opener {
        let streams = Streams::new(&limits, start);
        let (start, copies, counters) = (Start::at(start), Copies::default(), Counters::default());
        Opener { domain, limits, start, streams, copies, counters, other_clock: None, verified: Verified::default() }
    }

    /// The domain.
    pub fn domain(&self) -> &Arc<Domain> {
        &self.domain
    }

    /// Continues with other keys of the same domain; accepted messages stay known.
    pub fn update(&mut self, domain: Arc<Domain>) {
        self.domain = domain;
        self.verified.clear();
    }

    /// Sets the start of this opener by the clock as it is now: the current time minus the time since the start,
    /// measured by a monotonic clock. Call it about every second, because clocks may be set while programs run.
    ///
    /// A later time takes effect at once. An earlier one takes effect when another computer has confirmed the clock:
    /// see [`is_clock_in_doubt`](Opener::is_clock_in_doubt).
    pub fn clock_says(&mut self, start: Time) {
        self.start.by_clock(start);
    }

    /// Whether the clock was set since the last successful [`confirm_clock`](Opener::confirm_clock). If so, send an
    /// empty confirmed write to [`Domain::clock`] of other computers, and pass the receipts to that function.
    ///
    /// Always `false` in an open domain, whose times prove nothing and are not checked.
    pub fn is_clock_in_doubt(&self) -> bool {
        self.domain.is_sealed() && self.start.is_in_doubt()
    }

    /// Opens the receipt of a write to [`Domain::clock`], in place. If it comes from another computer than `own`, whose
    /// clock agrees with `now`, the start by this machine's clock takes effect.
    ///
    /// # Errors
    ///
    /// The first check that failed, which is counted.
    pub fn confirm_clock(
        &mut self,
        request: &Request,
        own: &str,
        now: Time,
        payload: &mut [u8],
    ) -> Result<(), Refused> {
        let theirs = self.other_time(request, own, now, payload);
        let theirs = theirs.inspect_err(|reason| self.counters.count(*reason))?;
        self.start.confirm(theirs, now);
        Ok(())
    }

    fn other_time(&mut self, request: &Request, own: &str, now: Time, payload: &mut [u8]) -> Result<Time, Refused> {
        let seal = self.domain.seal.as_ref().ok_or(Refused::Forged)?;
        let (head, _) = sealed_receipt(seal, &mut self.verified, request, (now, self.limits.tolerance), payload, 1)?;
        // This machine's clock proves nothing about itself.
        let agrees = head.computer != own && head.time.abs_diff(now) <= self.limits.tolerance;
        if agrees { Ok(head.time) } else { Err(Refused::Clock) }
    }

    /// The last clock that did not agree with this one, in a sealed domain.
    pub fn other_clock(&self) -> Option<&OtherClock> {
        self.other_clock.as_ref()
    }

    /// The counters of accepted and refused messages.
    pub fn counters(&self) -> &Counters {
        &self.counters
    }

    /// Whether the message of a legacy network with this id is new. From now on it is not, and bridges' messages with
    /// this id are copies. For machines that receive the legacy network themselves.
    pub fn is_first(&mut self, legacy_id: [u8; 16]) -> bool {
        self.copies.is_first(legacy_id)
    }

    /// Opens a message that arrived at `to`, in place. `attachment` is the message's attachment in an open domain; it
    /// is ignored in a sealed one.
    ///
    /// # Errors
    ///
    /// The first check that failed, which is counted. The content of the payload is then undefined.
    pub fn open<'p>(
        &mut self,
        kind: Kind,
        to: &Destination,
        now: Time,
        payload: &'p mut [u8],
        attachment: Option<&'p [u8]>,
    ) -> Result<Opened<'p>, Refused> {
        let domain = Arc::clone(&self.domain);
        let opened = match &domain.seal {
            Some(seal) => self.open_sealed(seal, kind, to, now, payload),
            None => self.open_plain(kind, to, now, payload, attachment),
        };
        let opened = opened.and_then(|opened| match opened.legacy {
            Some(legacy) if !self.copies.is_first(legacy.id) => Err(Refused::Copy),
            _ => Ok(opened),
        });
        match &opened {
            Ok(opened) => self.counters.opened += opened.messages.clone().count() as u64,
            Err(reason) => self.counters.count(*reason),
        }
        opened
    }

    /// Opens the answer to a confirmed write, in place.
    ///
    /// Each computer answers once; that the caller must see to.
    ///
    /// # Errors
    ///
    /// The first check that failed, which is counted. Age is not checked, because a receipt cannot be older than its
    /// request.
    pub fn open_receipt(
        &mut self,
        request: &Request,
        now: Time,
        payload: &mut [u8],
        attachment: Option<&[u8]>,
    ) -> Result<Receipt, Refused> {
        let receipt = match &self.domain.seal {
            Some(seal) => sealed_receipt(seal, &mut self.verified, request, (now, self.limits.tolerance), payload, 1)
                .and_then(|(head, data)| receipt(&head, data, true)),
            None => open_plain_receipt(payload, attachment),
        };
        match &receipt {
            Ok(_) => self.counters.opened += 1,
            Err(reason) => self.counters.count(*reason),
        }
        receipt
    }

    /// Opens the answer to a request, in place.
    ///
    /// Each computer answers once; that the caller must see to.
    ///
    /// # Errors
    ///
    /// As for [`open_receipt`](Opener::open_receipt); all replies in an open domain are refused.
    pub fn open_reply<'p>(
        &mut self,
        request: &Request,
        now: Time,
        payload: &'p mut [u8],
    ) -> Result<Reply<'p>, Refused> {
        let reply = match &self.domain.seal {
            Some(seal) => open_sealed_reply(seal, &mut self.verified, request, now, payload, &self.limits),
            None => Err(Refused::Forged),
        };
        match &reply {
            Ok(_) => self.counters.opened += 1,
            Err(reason) => self.counters.count(*reason),
        }
        reply
    }

    fn open_sealed<'p>(
        &mut self,
        seal: &Seal,
        kind: Kind,
        to: &Destination,
        now: Time,
        payload: &'p mut [u8],
    ) -> Result<Opened<'p>, Refused> {
        let limit = self.limits.max_message_size;
        if payload.len() > HEADER + seal.max_proof() + MAX_HEAD + TAG + limit.max(Batch::MAX_SIZE) {
            return Err(Refused::TooLarge);
        }
        let header = Header::parse(payload, seal.version(), kind as u8)?;
        let key = seal.key_of(header.key, now)?;
        let (session, sequence) = (header.session, header.sequence);
        let stream = StreamId { session, kind, to: to.id() };
        let mut new_key = None;
        let plaintext = match self.streams.key(&stream, key.id()) {
            Some(key) => decrypt(&header, key, payload)?,
            None => {
                let derived = key.secret.stream_key(session, &seal.id, kind as u8, to.id().bytes());
                let plaintext = decrypt(&header, &derived, payload)?;
                new_key = Some((key.id(), derived));
                plaintext
            }
        };
        let (proof, plaintext) = split_proof(seal, plaintext)?;
        let mut reader = Reader::new(plaintext);
        let head = Head::decode(&mut reader).ok_or(Refused::Malformed)?;
        let data = reader.rest();
        let (messages, count) = match kind {
            Kind::Message if head.form == Form::Batch => Messages::batch(data, limit).ok_or(Refused::Malformed)?,
            Kind::Message if matches!(head.form, Form::Request(_)) => return Err(Refused::Malformed),
            _ if head.form == Form::Batch => return Err(Refused::Malformed),
            _ if data.len() > limit => return Err(Refused::TooLarge),
            _ => (Messages::single(data), 1),
        };
        let last = sequence.checked_add(count as u64 - 1).ok_or(Refused::Malformed)?;
        if head.time.abs_diff(now) > self.limits.tolerance {
            self.other_clock = Some(OtherClock { computer: head.computer.to_owned(), time: head.time, here: now });
            return Err(Refused::Clock);
        }
        // A request of the time changes nothing, so one from before the start is accepted. Otherwise computers whose
        // clocks were set at the same time would all refuse each other's requests.
        let asks_for_time = kind == Kind::Confirmed && data.is_empty() && seal.is_clock(to);
        if head.time < self.start.time() && !asks_for_time {
            return Err(Refused::BeforeStart);
        }
        let stream = match &proof {
            // Every member knows the key of every stream, so only the numbers of one computer's are one stream.
            Some((identities, proof)) => {
                let (verified, times) = (&mut self.verified, (now, self.limits.tolerance));
                let (header, id) = (header.encode(), to.id());
                let computer = proof.check(
                    seal.names(),
                    identities,
                    verified,
                    &header,
                    id.bytes(),
                    Some(to),
                    head.computer,
                    times,
                )?;
                // The key of a stream is kept with it, and this one's name is not known before it is opened.
                new_key = None;
                StreamId {
                    session: SessionId::new(first_half(&sha256(&[session.to_bytes().as_slice(), &computer].concat()))),
                    kind,
                    to: to.id(),
                }
            }
            None => stream,
        };
        let gap = self.streams.accept(stream, sequence..=last, head.time, now, new_key)?;
        self.counters.gap(gap);
        let too_large = count - messages.clone().count();
        (0..too_large).for_each(|_| self.counters.count(Refused::TooLarge));
        Ok(Opened {
            messages,
            computer: Some(head.computer),
            legacy: head.legacy(),
            within: head.within(),
            time: Some(head.time),
            authenticated: true,
            computer_authenticated: proof.is_some(),
            request: Request { session, sequence, to: to.id() },
        })
    }

    fn open_plain<'p>(
        &mut self,
        kind: Kind,
        to: &Destination,
        now: Time,
        payload: &'p [u8],
        attachment: Option<&'p [u8]>,
    ) -> Result<Opened<'p>, Refused> {
        if payload.len() > self.limits.max_message_size {
            return Err(Refused::TooLarge);
        }
        // A program that does not support attachments sends none.
        let Some(attachment) = attachment else {
            let request = Request { session: SessionId::new([0; 16]), sequence: 0, to: to.id() };
            return Ok(Opened {
                messages: Messages::single(payload),
                computer: None,
                legacy: None,
                within: None,
                time: None,
                authenticated: false,
                computer_authenticated: false,
                request,
            });
        };
        let (session, sequence, head) = parse_attachment(attachment).ok_or(Refused::Malformed)?;
        let stream = StreamId { session, kind, to: to.id() };
        // Times prove nothing here, so streams end by this machine's clock.
        match self.streams.accept(stream, sequence..=sequence, now, now, None) {
            Ok(gap) => self.counters.gap(gap),
            // Any program can begin streams here: a full table must not block later senders.
            Err(Refused::StreamsFull) => {}
            Err(reason) => return Err(reason),
        }
        Ok(Opened {
            messages: Messages::single(payload),
            computer: Some(head.computer),
            legacy: head.legacy(),
            within: None,
            time: Some(head.time),
            authenticated: false,
            computer_authenticated: false,
            request: Request { session, sequence, to: to.id() },
        })
    }
}

impl Seal {
    /// Bytes of the largest proof in an envelope.
    fn max_proof(&self) -> usize {
        if self.identities.is_some() { MAX_PROOF } else { 0 }
    }

    /// The key with this id, unless it has expired.
    pub(crate) fn key_of(&self, id: KeyId, now: Time) -> Result<&Key, Refused> {
        let key = self.keys.iter().find(|key| key.id() == id).ok_or(Refused::KeyUnknown)?;
        if key.expired(now) { Err(Refused::KeyExpired) } else { Ok(key) }
    }
}

impl Counters {
    fn gap(&mut self, gap: Gap) {
        self.lost = match gap {
            Gap::Opens(count) => self.lost.saturating_add(count),
            Gap::Closes(count) => self.lost.saturating_sub(count),
        };
    }
}

fn decrypt<'p>(header: &Header, key: &LessSafeKey, payload: &'p mut [u8]) -> Result<&'p [u8], Refused> {
    let sealed = payload.get_mut(HEADER..).ok_or(Refused::Malformed)?;
    if sealed.len() < TAG {
        return Err(Refused::Malformed);
    }
    let plaintext = key.open_in_place(nonce(header.sequence), Aad::from(header.encode()), sealed);
    plaintext.map(|plaintext| &*plaintext).map_err(|_| Refused::Forged)
}

fn open_sealed_reply<'p>(
    seal: &Seal,
    verified: &mut Verified,
    request: &Request,
    now: Time,
    payload: &'p mut [u8],
    limits: &Limits,
) -> Result<Reply<'p>, Refused> {
    let limit = limits.max_message_size;
    let most = limit.saturating_add(1);
    let (head, data) = sealed_receipt(seal, verified, request, (now, limits.tolerance), payload, most)?;
    let (code, data) = data.split_first().ok_or(Refused::Malformed)?;
    let outcome = DeliveryOutcome::from_code(*code);
    if data.len() > limit || (outcome != DeliveryOutcome::Delivered && !data.is_empty()) {
        return Err(Refused::Malformed);
    }
    Ok(Reply { computer: head.computer, outcome, data })
}

/// The head of an answer to `request`, and its data, of at most `most` bytes.
fn sealed_receipt<'p>(
    seal: &Seal,
    verified: &mut Verified,
    request: &Request,
    (now, tolerance): (Time, Duration),
    payload: &'p mut [u8],
    most: usize,
) -> Result<(Head<'p>, &'p [u8]), Refused> {
    if payload.len() > (HEADER + seal.max_proof() + MAX_HEAD + TAG).saturating_add(most) {
        return Err(Refused::TooLarge);
    }
    let header = Header::parse(payload, seal.version(), RECEIPT)?;
    let key = seal.key_of(header.key, now)?;
    let destination = request.receipt_destination();
    let key = key.secret.stream_key(header.session, &seal.id, RECEIPT, &destination);
    let (proof, plaintext) = split_proof(seal, decrypt(&header, &key, payload)?)?;
    let mut reader = Reader::new(plaintext);
    let head = Head::decode(&mut reader).filter(Head::asks_nothing).ok_or(Refused::Malformed)?;
    if let Some((identities, proof)) = proof {
        let (header, times) = (header.encode(), (now, tolerance));
        proof.check(seal.names(), identities, verified, &header, &destination, None, head.computer, times)?;
    }
    Ok((head, reader.rest()))
}

/// The proof before the rest of a plaintext, if the domain has identities.
#[expect(clippy::type_complexity, reason = "a proof counts only with the authority that it is checked with")]
fn split_proof<'s, 'p>(
    seal: &'s Seal,
    plaintext: &'p [u8],
) -> Result<(Option<(&'s Identities, Proof<'p>)>, &'p [u8]), Refused> {
    let Some(identities) = &seal.identities else { return Ok((None, plaintext)) };
    let (proof, rest) = Proof::split(plaintext).ok_or(Refused::Malformed)?;
    Ok((Some((identities, proof)), rest))
}

fn open_plain_receipt(payload: &[u8], attachment: Option<&[u8]>) -> Result<Receipt, Refused> {
    let (_, _, head) = attachment.and_then(parse_attachment).ok_or(Refused::Malformed)?;
    receipt(&head, payload, false)
}

fn receipt(head: &Head<'_>, data: &[u8], authenticated: bool) -> Result<Receipt, Refused> {
    let [code] = data else { return Err(Refused::Malformed) };
    Ok(Receipt { computer: head.computer.to_owned(), outcome: DeliveryOutcome::from_code(*code), authenticated })
}

/// Parses an attachment: session, sequence and head.
fn parse_attachment(attachment: &[u8]) -> Option<(SessionId, u64, Head<'_>)> {
    let mut reader = Reader::new(attachment);
    let session = SessionId::new(reader.array()?);
    let sequence = reader.u64().filter(|sequence| *sequence > 0)?;
    let head = Head::decode(&mut reader).filter(Head::asks_nothing)?;
    reader.is_empty().then_some((session, sequence, head))
}
