//! The test vectors of another implementation of the same page: `tests/domains/vectors.py`.

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use mailslot_domain::{
    Authority, Batch, DeliveryOutcome, Destination, Domain, Envelope, Kind, Legacy, Limits, Opener, Presence, Request,
    Sealer, Segment, SessionId, Time,
};
use serde_json::Value;

use crate::members::{computer, slot};

static VECTORS: LazyLock<Value> =
    LazyLock::new(|| serde_json::from_str(include_str!("../../vectors/domains.json")).expect("the vectors are JSON"));

fn domain() -> Arc<Domain> {
    Arc::new(Domain::from_toml(text(&VECTORS["file"])).expect("the vectors have a domain file"))
}

fn open_domain() -> Arc<Domain> {
    Domain::open("PLANT").expect("a good name")
}

fn list(name: &str) -> &'static [Value] {
    VECTORS[name].as_array().expect("a list")
}

fn text(value: &Value) -> &str {
    value.as_str().expect("text")
}

fn number(value: &Value) -> u64 {
    value.as_u64().expect("a number")
}

fn bytes(value: &Value) -> Vec<u8> {
    let text = text(value);
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).expect("digits")).collect()
}

fn array<const N: usize>(value: &Value) -> [u8; N] {
    bytes(value).try_into().expect("the right length")
}

fn time(value: &Value) -> Time {
    Time::from_millis(number(value))
}

fn kind(message: &Value) -> Kind {
    if number(&message["kind"]) == 1 { Kind::Message } else { Kind::Confirmed }
}

fn destination(domain: &Domain, message: &Value) -> Destination {
    let slot = slot(text(&message["slot"]));
    match &message["to"] {
        Value::Null => domain.broadcast(&slot),
        to => domain.directed(&computer(text(to)), &slot),
    }
    .expect("a short name")
}

fn legacy(message: &Value) -> Option<Legacy<'_>> {
    let legacy = &message["legacy"];
    (!legacy.is_null()).then(|| Legacy {
        id: array(&legacy["id"]),
        address: text(&legacy["address"]).parse().expect("an address"),
        computer: text(&legacy["computer"]),
        domain: text(&legacy["domain"]),
    })
}

/// The data of a vector's message, or the messages of its batch.
fn messages(message: &Value) -> Vec<Vec<u8>> {
    match message["batch"].as_array() {
        Some(batch) => batch.iter().map(bytes).collect(),
        None => vec![bytes(&message["data"])],
    }
}

/// Seals a vector's message, after the earlier numbers of the stream.
fn sealed(domain: &Arc<Domain>, message: &Value) -> (Envelope, Request) {
    let session = SessionId::new(array(&message["session"]));
    let mut sealer =
        Sealer::new(domain.clone(), text(&message["computer"]), session, Limits::default()).expect("a good name");
    let (mut envelope, to) = (Envelope::default(), destination(domain, message));
    let (time, legacy, messages) = (time(&message["time"]), legacy(message), messages(message));
    let mut requests = (0..number(&message["sequence"])).map(|_| {
        let data = &messages[0];
        sealer.seal_into(kind(message), &to, time, legacy.as_ref(), data, &mut envelope).expect("it can be sealed")
    });
    if messages.len() > 1 {
        let mut batch = Batch::new(&Limits::default());
        assert!(messages.iter().all(|message| batch.push(message)));
        let before = requests.by_ref().take(usize::try_from(number(&message["sequence"]) - 1).expect("small"));
        let request = before.last().expect("another message was first");
        sealer.seal_batch_into(&to, time, &batch, &mut envelope).expect("it can be sealed");
        return (envelope, request);
    }
    let request = requests.last().expect("numbers begin with 1");
    (envelope, request)
}

/// Opens an envelope with a new receiver, and compares the result.
fn opens(domain: &Arc<Domain>, message: &Value, mut envelope: Envelope) {
    let now = time(&message["time"]);
    let mut opener = Opener::new(domain.clone(), now, Limits::default());
    let to = domain.destination(text(&message["key_expression"])).expect("a destination of the domain");
    assert_eq!(to, destination(domain, message));
    let attachment = Some(&envelope.attachment[..]).filter(|attachment| !attachment.is_empty());
    let opened = opener.open(kind(message), &to, now, &mut envelope.payload, attachment).expect("a good message");
    assert_eq!(opened.messages.collect::<Vec<_>>(), messages(message));
    assert_eq!(opened.computer, Some(text(&message["computer"])));
    assert_eq!(opened.legacy, legacy(message));
    assert_eq!(opened.time, Some(now));
    assert_eq!(opened.authenticated, domain.is_sealed());
}

#[test]
fn names_and_keys_have_these_ids() {
    let domain = domain();
    let ids: Vec<String> = domain.keys().iter().map(|key| key.id().to_string()).collect();
    assert_eq!(ids, list("key_ids").iter().map(text).collect::<Vec<_>>());
    for name in list("names") {
        let of = |domain: &Domain| match number(&name["kind"]) {
            1 => domain.broadcast(&slot(text(&name["name"]))).expect("short").key_expression().to_owned(),
            _ => domain.all_slots_of(&computer(text(&name["name"]))),
        };
        assert!(of(&domain).contains(text(&name["token"])), "{name}");
        assert!(of(&open_domain()).contains(text(&name["escaped"])), "{name}");
    }
}

#[test]
fn legacy_ids_are_these() {
    let vector = &VECTORS["legacy_id"];
    let address = text(&vector["address"]).parse().expect("an address");
    let datagram_id = u16::try_from(number(&vector["datagram_id"])).expect("16 bits");
    let (slot, data) = (slot(text(&vector["slot"])), bytes(&vector["data"]));
    let id = Legacy::id(&array(&vector["source_name"]), address, datagram_id, &slot, &data);
    assert_eq!(id, array(&vector["id"]));
}

#[test]
fn messages_are_sealed_to_these_bytes_and_opened_from_them() {
    let domain = domain();
    for message in list("messages").iter().chain([&VECTORS["batch"]]) {
        let payload = bytes(&message["payload"]);
        assert_eq!(sealed(&domain, message).0.payload, payload, "{message}");
        opens(&domain, message, Envelope { payload, ..Envelope::default() });
    }
}

#[test]
fn messages_of_open_domains_have_these_attachments() {
    let domain = open_domain();
    for message in list("open_messages") {
        let (payload, attachment) = (bytes(&message["data"]), bytes(&message["attachment"]));
        let envelope = Envelope { payload, attachment };
        assert_eq!(sealed(&domain, message).0, envelope, "{message}");
        opens(&domain, message, envelope);
    }
}

#[test]
fn receipts_are_these() {
    let domain = domain();
    for receipt in list("receipts") {
        let message = &list("messages")[usize::try_from(number(&receipt["message"])).expect("small")];
        let (_, request) = sealed(&domain, message);
        let (now, mut payload) = (time(&receipt["time"]), bytes(&receipt["payload"]));
        let session = SessionId::new(array(&receipt["session"]));
        let mut receiver =
            Sealer::new(domain.clone(), text(&receipt["computer"]), session, Limits::default()).expect("a good name");
        let outcomes = [
            DeliveryOutcome::Delivered,
            DeliveryOutcome::NoSuchSlot,
            DeliveryOutcome::Full,
            DeliveryOutcome::Refused,
            DeliveryOutcome::TooLarge,
        ];
        let outcome = outcomes[usize::try_from(number(&receipt["outcome"])).expect("small") - 1];
        let mut envelope = Envelope::default();
        for _ in 0..number(&receipt["sequence"]) {
            receiver.receipt_into(&request, now, outcome, &mut envelope).expect("there is a key");
        }
        assert_eq!(envelope.payload, payload, "{receipt}");
        let mut sender = Opener::new(domain.clone(), now, Limits::default());
        let found = sender.open_receipt(&request, now, &mut payload, None).expect("a good receipt");
        assert_eq!((&found.computer[..], found.outcome), (text(&receipt["computer"]), outcome));
    }
}

#[test]
fn requests_and_replies_are_these() {
    let domain = domain();
    let (request, reply) = (&VECTORS["request"], &VECTORS["reply"]);
    let seal_as = |vector: &Value| {
        let session = SessionId::new(array(&vector["session"]));
        Sealer::new(domain.clone(), text(&vector["computer"]), session, Limits::default()).expect("a good name")
    };
    let (mut asker, to) = (seal_as(request), destination(&domain, request));
    let (now, within) = (time(&request["time"]), Duration::from_millis(number(&request["within"])));
    let mut envelope = Envelope::default();
    let mut ask = || asker.request_into(&to, now, within, &bytes(&request["data"]), &mut envelope).expect("small");
    let asked = (0..number(&request["sequence"])).map(|_| ask()).last().expect("numbers begin with 1");
    assert_eq!(envelope.payload, bytes(&request["payload"]));
    let mut receiver = Opener::new(domain.clone(), now, Limits::default());
    let opened = receiver.open(Kind::Confirmed, &to, now, &mut envelope.payload, None).expect("a good request");
    assert_eq!((opened.within, opened.request), (Some(within), asked));
    opens(&domain, request, Envelope { payload: bytes(&request["payload"]), attachment: Vec::new() });

    let (now, mut envelope) = (time(&reply["time"]), Envelope::default());
    seal_as(reply).reply_into(&asked, now, &bytes(&reply["data"]), &mut envelope).expect("small");
    assert_eq!(envelope.payload, bytes(&reply["payload"]));
    let mut sender = Opener::new(domain.clone(), now, Limits::default());
    let found = sender.open_reply(&asked, now, &mut envelope.payload).expect("a good reply");
    let expected = (text(&reply["computer"]), DeliveryOutcome::Delivered, &bytes(&reply["data"])[..]);
    assert_eq!((found.computer, found.outcome, found.data), expected);
}

#[test]
fn identities_are_these() {
    let vectors = &VECTORS["identities"];
    let [batch, request, reply] = ["batch", "request", "reply"].map(|name| (&VECTORS[name], bytes(&vectors[name])));
    let now = time(&request.0["time"]);
    let authority = Authority::from_toml(text(&vectors["authority"])).expect("the vectors have an authority");
    let with = authority.establish(&domain()).expect("it had none");
    let with = authority.revoke(&with, &computer(text(&vectors["revoked"])), now).expect("its authority");
    let [one, two] = [0, 1].map(|number| {
        let vector = &vectors["computers"][number];
        let slots =
            vector["slots"].as_array().map(|slots| slots.iter().map(|name| slot(text(name))).collect::<Vec<_>>());
        let (name, times) = (computer(text(&vector["computer"])), (now, time(&vectors["until"])));
        let invited = authority.invite(&with, &name, slots.as_deref(), times, &array(&vector["private_key"]));
        let file = Domain::from_toml(text(&vector["file"])).expect("the vectors have a domain file");
        assert_eq!(*invited.expect("its authority").to_toml(), *file.to_toml());
        Arc::new(file)
    });
    assert_eq!(sealed(&one, batch.0).0.payload, batch.1);
    opens(&two, batch.0, Envelope { payload: batch.1, attachment: Vec::new() });

    let seal_as = |domain: &Arc<Domain>, vector: &Value| {
        let session = SessionId::new(array(&vector["session"]));
        Sealer::new(domain.clone(), text(&vector["computer"]), session, Limits::default()).expect("a good name")
    };
    let (mut asker, to, mut envelope) = (seal_as(&one, request.0), destination(&one, request.0), Envelope::default());
    let within = Duration::from_millis(number(&request.0["within"]));
    let mut ask = || asker.request_into(&to, now, within, &bytes(&request.0["data"]), &mut envelope).expect("small");
    let asked = (0..number(&request.0["sequence"])).map(|_| ask()).last().expect("numbers begin with 1");
    assert_eq!(envelope.payload, request.1);
    let now = time(&reply.0["time"]);
    seal_as(&two, reply.0).reply_into(&asked, now, &bytes(&reply.0["data"]), &mut envelope).expect("small");
    assert_eq!(envelope.payload, reply.1);
    let found = Opener::new(one, now, Limits::default()).open_reply(&asked, now, &mut envelope.payload);
    assert_eq!(found.map(|reply| reply.computer.to_owned()).as_deref(), Ok(text(&reply.0["computer"])));
}

#[test]
fn presences_are_these() {
    for vector in list("presences") {
        let (announcer, now) = (computer(text(&vector["computer"])), time(&vector["time"]));
        let presence = match text(&vector["kind"]) {
            "node" => Presence::Node { computer: announcer },
            "slot" => Presence::Slot { computer: announcer, slot: slot(text(&vector["slot"])) },
            _ => Presence::Bridge {
                computer: announcer,
                segment: Segment {
                    address: text(&vector["address"]).parse().expect("an address"),
                    prefix_length: u8::try_from(number(&vector["prefix_length"])).expect("8 bits"),
                    workgroup: computer(text(&vector["workgroup"])),
                },
            },
        };
        for (domain, field) in [(domain(), "key_expression"), (open_domain(), "open_key_expression")] {
            let key_expression = text(&vector[field]);
            let made = domain.presence_key_expression(&presence, now, &array(&vector["random"]));
            assert_eq!(made.expect("short names"), key_expression);
            assert_eq!(domain.presence(key_expression, now).as_ref(), Ok(&presence));
        }
    }
}
