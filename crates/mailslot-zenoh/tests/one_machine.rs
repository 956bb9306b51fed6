//! A domain of a single machine: everything except the network between machines, which `tests/domains` covers.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used)]
#[path = "../../mailslot/tests/common/mod.rs"]
mod common;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime};

use common::Part;
use mailslot::network::routes::{Answer, LONGEST, Question, SLOT};
use mailslot::network::{self, ask_routes};
use mailslot::{
    Address, Error, Mailslot, MailslotOptions, MailslotWriter, NetbiosName, Network, NetworkOrigin, Origin, Outcome,
    Timeout,
};
use mailslot_domain::{Authority, Domain, Presence, Time, random};
use mailslot_zenoh::{Domains, Settings};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;
use zenoh::Wait;

/// Runs a test again in a process with a root of its own: a machine has one node, which may be in use. True in that
/// process.
fn is_apart(test: &str) -> bool {
    common::is_apart(test, &[])
}

/// A user that exists only in these tests.
const STRANGER: u32 = 60_002;

/// Plays a part of `plays_its_part` as another user, to its end.
fn as_stranger(part: &str) {
    Part::start_as(STRANGER, part).finish();
}

fn sealed(name: &str) -> Arc<Domain> {
    Domain::sealed(name, Time::from(SystemTime::now()), &random().unwrap()).unwrap()
}

fn start(domains: Vec<(Arc<Domain>, Settings)>) -> Domains {
    Domains::start(&"SRV1".parse().unwrap(), false, domains, BTreeMap::new()).unwrap()
}

fn open_to_network(name: &str) -> Mailslot {
    MailslotOptions::new().network(Network::Allowed).create(name).unwrap()
}

fn outcomes(address: &str, message: &[u8]) -> Vec<(String, Outcome)> {
    let receipts = MailslotWriter::open(address).unwrap().write_confirmed(message, Duration::from_secs(30)).unwrap();
    receipts.into_iter().map(|receipt| (receipt.computer, receipt.outcome)).collect()
}

fn members(domains: &Domains, domain: &str) -> Result<BTreeMap<String, BTreeSet<String>>, String> {
    let (telling, told) = std::sync::mpsc::channel();
    domains.members(&domain.parse().unwrap(), move |members| telling.send(members).unwrap());
    told.recv().unwrap()
}

fn wait_for(receivers: usize, address: &str) {
    let writer = MailslotWriter::open(address).unwrap();
    assert_eq!(writer.wait_for_receivers(receivers, Timeout::Forever).unwrap(), receivers);
}

/// Waits until the domain has no receivers at this address.
fn wait_for_none(address: &str) {
    let writer = MailslotWriter::open(address).unwrap();
    while writer.wait_for_receivers(1, Timeout::Zero).unwrap() > 0 {
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn messages_reach_slots_with_their_origin() {
    if !is_apart("messages_reach_slots_with_their_origin") {
        return;
    }
    let _domains =
        start(vec![(sealed("PLANT"), Settings::default()), (Domain::open("LAB").unwrap(), Settings::default())]);
    let slot = open_to_network(r"\\.\mailslot\Plant\Ärger");
    for (domain, authenticated) in [("PLANT", true), ("LAB", false)] {
        let address = format!(r"\\{domain}\mailslot\plant\ärger");
        wait_for(1, &address);
        let writer = MailslotWriter::open(&address).unwrap();
        assert_eq!(writer.max_message_size(), 1 << 20);
        for data in [&b"over pressure"[..], b"", &vec![7; 1 << 20]] {
            writer.write(data).unwrap();
            let message = slot.receive().unwrap();
            let mut origin = NetworkOrigin::new("SRV1");
            origin.domain = Some(domain.to_owned());
            origin.authenticated = authenticated;
            assert!(message.data == data);
            assert_eq!(message.origin, Origin::Network(Box::new(origin)));
        }
        let error = writer.write(&vec![7; (1 << 20) + 1]).unwrap_err();
        assert!(matches!(error, Error::TooLargeForNetwork { .. }), "{error}");
    }
    let long = format!(r"\\PLANT\mailslot\{}", "x".repeat(256));
    let error = MailslotWriter::open(&long).unwrap_err();
    assert!(matches!(&error, Error::NodeRefused(why) if why.contains("256")), "{error}");
    // With two domains, neither is this machine's.
    assert!(matches!(MailslotWriter::open(r"\\*\mailslot\x"), Err(Error::NotOnNetwork(_))));
}

#[test]
fn a_running_node_takes_its_certificate_and_a_revocation() {
    if !is_apart("a_running_node_takes_its_certificate_and_a_revocation") {
        return;
    }
    let now = || Time::from(SystemTime::now());
    let authority = Authority::new("PLANT", &random().unwrap()).unwrap();
    let domain = authority.establish(&sealed("PLANT")).unwrap();
    let invite = |domain: &Domain| {
        let times = (now(), now() + Duration::from_secs(3600));
        Arc::new(authority.invite(domain, &"SRV1".parse().unwrap(), None, times, &random().unwrap()).unwrap())
    };
    let mut domains = start(vec![(Arc::new(domain.clone()), Settings::default())]);
    let slot = open_to_network("alerts");
    wait_for(1, r"\\PLANT\mailslot\alerts");
    let mut use_file = |domain| domains.reload(vec![(domain, Settings::default())], BTreeMap::new()).unwrap();
    let confirmed =
        || MailslotWriter::open(r"\\PLANT\mailslot\alerts").unwrap().write_confirmed(b"x", Duration::from_secs(30));
    let refused = |words: &str| {
        let error = confirmed().unwrap_err();
        assert!(matches!(&error, Error::NodeRefused(why) if why.contains(words)), "{error}");
    };
    refused("SRV1 has no certificate");
    let invited = invite(&domain);
    use_file(Arc::clone(&invited));
    assert_eq!(confirmed().unwrap()[0].outcome, Outcome::Delivered);
    let Origin::Network(origin) = slot.receive().unwrap().origin else { panic!("of a computer") };
    assert_eq!((origin.computer.as_str(), origin.authenticated), ("SRV1", true));
    let revoked = authority.revoke(&invited, &"SRV1".parse().unwrap(), now()).unwrap();
    use_file(Arc::new(revoked.clone()));
    refused("the certificate of SRV1 was revoked");
    use_file(invite(&revoked));
    assert_eq!(confirmed().unwrap()[0].outcome, Outcome::Delivered);
}

#[test]
fn confirmed_writes_tell_every_outcome() {
    if !is_apart("confirmed_writes_tell_every_outcome") {
        return;
    }
    let domains = start(vec![(sealed("PLANT"), Settings::default())]);
    let slot = open_to_network("alerts");
    let _tiny = MailslotOptions::new().network(Network::Allowed).max_message_size(4).create("tiny").unwrap();
    let full = MailslotOptions::new().network(Network::Allowed).capacity(4096).create("full").unwrap();
    let filler = MailslotWriter::open("full").unwrap();
    while filler.write(&[0; 100]).is_ok() {}
    let closed = Mailslot::create("closed").unwrap();
    for name in ["alerts", "tiny", "full"] {
        wait_for(1, &format!(r"\\PLANT\mailslot\{name}"));
    }

    let here = |outcome| vec![("SRV1".to_owned(), outcome)];
    for target in ["PLANT", "SRV1"] {
        let at = |slot: &str| format!(r"\\{target}\mailslot\{slot}");
        assert_eq!(outcomes(&at("alerts"), b"sure"), here(Outcome::Delivered));
        assert_eq!(slot.receive().unwrap().data, b"sure");
        assert_eq!(outcomes(&at("tiny"), b"12345"), here(Outcome::TooLarge));
        assert_eq!(outcomes(&at("full"), &[1; 100]), here(Outcome::Full));
    }
    for name in ["closed", "nothing"] {
        assert_eq!(outcomes(&format!(r"\\SRV1\mailslot\{name}"), b"x"), here(Outcome::NoSlot));
        assert_eq!(outcomes(&format!(r"\\PLANT\mailslot\{name}"), b"x"), []);
    }
    assert_eq!((closed.info().unwrap().count, slot.info().unwrap().count), (0, 0));

    // The presence of a slot that is gone is undeclared, and a new slot of its name is another one.
    drop((slot, full));
    wait_for_none(r"\\PLANT\mailslot\alerts");
    assert_eq!(outcomes(r"\\SRV1\mailslot\alerts", b"x"), here(Outcome::NoSlot));
    let slot = open_to_network("ALERTS");
    wait_for(1, r"\\PLANT\mailslot\alerts");
    assert_eq!(outcomes(r"\\PLANT\mailslot\alerts", b"again"), here(Outcome::Delivered));
    assert_eq!(slot.receive().unwrap().data, b"again");

    let counters = &domains.status()[0].counters;
    let counted = ["delivered", "undelivered_too_large", "undelivered_full", "undelivered_no_slot", "receipts_refused"];
    assert_eq!(counted.map(|label| counters[label]), [3, 2, 2, 3, 0], "{counters:?}");
}

#[test]
fn domains_come_change_and_go_while_slots_stay() {
    if !is_apart("domains_come_change_and_go_while_slots_stay") {
        return;
    }
    let slot = open_to_network("alerts");
    let (plant, office) = (sealed("PLANT"), sealed("OFFICE"));
    let with = |domain: &Arc<Domain>| (Arc::clone(domain), Settings::default());
    let mut domains = start(vec![with(&plant)]);
    wait_for(1, r"\\PLANT\mailslot\alerts");
    let writer = MailslotWriter::open(r"\\PLANT\mailslot\alerts").unwrap();

    domains.reload(vec![with(&office), with(&plant)], BTreeMap::new()).unwrap();
    wait_for(1, r"\\OFFICE\mailslot\alerts");
    assert!(!writer.is_closed(), "a domain that is the same goes on");
    assert_eq!(domains.status().iter().map(|status| status.name.as_str()).collect::<Vec<_>>(), ["OFFICE", "PLANT"]);
    let mut wrong = Settings::default();
    wrong.max_message_size = usize::MAX;
    assert!(domains.reload(vec![(Arc::clone(&plant), wrong)], BTreeMap::new()).is_err());
    assert!(!writer.is_closed(), "wrong settings change nothing");

    let rotated = Arc::new(plant.rotated(Time::from(SystemTime::now()), Duration::ZERO, random().unwrap()).unwrap());
    domains.reload(vec![with(&rotated)], BTreeMap::new()).unwrap();
    assert!(!writer.is_closed(), "a domain with other keys goes on");
    assert!(matches!(MailslotWriter::open(r"\\OFFICE\mailslot\alerts"), Err(Error::NotOnNetwork(_))));
    assert_eq!(outcomes(r"\\PLANT\mailslot\alerts", b"new key"), [("SRV1".to_owned(), Outcome::Delivered)]);
    assert_eq!(slot.receive().unwrap().data, b"new key");
    let status = domains.status().remove(0);
    let in_use: Vec<_> = status.keys.iter().map(|key| key.in_use).collect();
    assert_eq!((in_use, status.slots, status.open), (vec![false, true], vec!["alerts".to_owned()], true));
    let members = members(&domains, "plant").unwrap();
    assert_eq!(members, [("SRV1".to_owned(), ["alerts".to_owned()].into())].into());

    let mut smaller = Settings::default();
    smaller.max_message_size = 1000;
    domains.reload(vec![(Arc::clone(&rotated), smaller)], BTreeMap::new()).unwrap();
    assert!(writer.is_closed(), "other settings begin anew");
    wait_for(1, r"\\PLANT\mailslot\alerts");
    assert_eq!(MailslotWriter::open(r"\\PLANT\mailslot\alerts").unwrap().max_message_size(), 1000);
    let (namesake, writer) = (sealed("PLANT"), MailslotWriter::open(r"\\PLANT\mailslot\alerts").unwrap());
    domains.reload(vec![with(&namesake)], BTreeMap::new()).unwrap();
    assert!(writer.is_closed(), "another domain of the same name is another one");

    let second = Domains::start(&"SRV2".parse().unwrap(), false, vec![with(&office)], BTreeMap::new());
    assert!(matches!(second, Err(mailslot_zenoh::Error::Slot(Error::AlreadyExists(_)))));
    drop(domains);
    assert!(matches!(MailslotWriter::open(r"\\PLANT\mailslot\alerts"), Err(Error::NoNetworkNode(_))));
    drop(start(vec![with(&plant)]));
}

/// A session without a key, connected to the domain.
fn stranger(port: u16) -> zenoh::Session {
    let mut config = zenoh::Config::default();
    for (key, value) in [
        ("mode", "\"client\"".to_owned()),
        ("scouting/multicast/enabled", "false".to_owned()),
        ("connect/endpoints", format!("[\"tcp/127.0.0.1:{port}\"]")),
    ] {
        config.insert_json5(key, &value).unwrap();
    }
    zenoh::open(config).wait().unwrap()
}

/// Settings to listen on a port that was free a moment ago.
fn listening() -> (u16, Settings) {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mut settings = Settings::default();
    settings.listen = vec![format!("tcp/127.0.0.1:{port}")];
    (port, settings)
}

#[test]
fn who_has_no_key_and_never_answers_holds_up_no_confirmed_write() {
    if !is_apart("who_has_no_key_and_never_answers_holds_up_no_confirmed_write") {
        return;
    }
    let (plant, (port, settings)) = (sealed("PLANT"), listening());
    let domains = start(vec![(Arc::clone(&plant), settings)]);
    let slot = open_to_network("alerts");
    wait_for(1, r"\\PLANT\mailslot\alerts");
    let stranger = stranger(port);
    let (asked, queries) = std::sync::mpsc::channel();
    let silent = stranger
        .declare_queryable(format!("{}/**", plant.prefix()))
        .callback(move |query| asked.send(query).unwrap())
        .wait()
        .unwrap();
    // Longer than this test may take: it ends only if these writes do not wait for the stranger.
    let confirm = |address: &str| {
        let receipts = MailslotWriter::open(address).unwrap().write_confirmed(b"sure", Duration::from_secs(3600));
        receipts.unwrap().into_iter().map(|receipt| (receipt.computer, receipt.outcome)).collect::<Vec<_>>()
    };
    let mut held = Vec::new();
    while held.len() < 8 {
        for address in [r"\\PLANT\mailslot\alerts", r"\\SRV1\mailslot\alerts"] {
            assert_eq!(confirm(address), [("SRV1".to_owned(), Outcome::Delivered)]);
            assert_eq!(slot.receive().unwrap().data, b"sure");
        }
        assert_eq!(confirm(r"\\SRV1\mailslot\nothing"), [("SRV1".to_owned(), Outcome::NoSlot)]);
        // The queryable is asked once the domain's session knows it.
        held.extend(queries.try_iter());
    }
    assert_eq!(domains.status()[0].counters["receipts_refused"], 0);
    silent.undeclare().wait().unwrap();
}

#[test]
fn presences_without_a_key_are_counted_and_not_kept() {
    if !is_apart("presences_without_a_key_are_counted_and_not_kept") {
        return;
    }
    let (plant, (port, settings)) = (sealed("PLANT"), listening());
    // A machine that is in a legacy network as well watches who is in the domain.
    let parts = vec![(Arc::clone(&plant), settings.clone())];
    let mut domains = Domains::start(&"SRV1".parse().unwrap(), true, parts, BTreeMap::new()).unwrap();
    let _slot = open_to_network("alerts");
    wait_for(1, r"\\PLANT\mailslot\alerts");
    let stranger = stranger(port);
    let counted = |domains: &Domains, label| domains.status()[0].counters[label];
    let refused = |domains: &Domains, expected: u64| {
        while counted(domains, "presence_refused") < expected {
            std::thread::sleep(Duration::from_millis(10));
        }
        assert_eq!(counted(domains, "presence_refused"), expected);
    };
    // One presence that a key of the domain opens that this machine does not have yet, and some that no key opens.
    let now = Time::from(SystemTime::now());
    let rotated = Arc::new(plant.rotated(now, Duration::ZERO, random().unwrap()).unwrap());
    let ahead = Presence::Slot { computer: "AHEAD".parse().unwrap(), slot: _slot.name().clone() };
    let later = Time::from_millis(now.as_millis() + 1000);
    let early = rotated.presence_key_expression(&ahead, later, &random().unwrap()).unwrap();
    let early = stranger.liveliness().declare_token(early).wait().unwrap();
    let mut tokens = Vec::new();
    for count in [1, 10, 100] {
        let before = counted(&domains, "presence_refused");
        for _ in 0..count {
            let node = Presence::Node { computer: "STRANGER".parse().unwrap() };
            let other = sealed("PLANT").presence_key_expression(&node, now, &random().unwrap()).unwrap();
            let (_, rest) = other.split_once("/at/").unwrap();
            let token = stranger.liveliness().declare_token(format!("{}/at/{rest}", plant.prefix()));
            tokens.push(token.wait().unwrap());
        }
        refused(&domains, before.max(1) + count);
    }
    let members = |domains: &Domains| members(domains, "plant").unwrap();
    assert_eq!(members(&domains).into_keys().collect::<Vec<_>>(), ["SRV1"]);
    assert_eq!(counted(&domains, "presence_full"), 0);

    // With other keys all presences are asked for again: that one is a member now, and the others are counted once
    // more.
    domains.reload(vec![(rotated, settings)], BTreeMap::new()).unwrap();
    wait_for(2, r"\\PLANT\mailslot\alerts");
    refused(&domains, 1 + 111 + 111);
    assert_eq!(members(&domains).into_keys().collect::<Vec<_>>(), ["AHEAD", "SRV1"]);
    early.undeclare().wait().unwrap();
    while members(&domains).len() > 1 {
        std::thread::sleep(Duration::from_millis(10));
    }
    drop(tokens);
}

#[test]
fn who_is_there_is_asked_when_somebody_wants_to_know() {
    if !is_apart("who_is_there_is_asked_when_somebody_wants_to_know") {
        return;
    }
    for (name, plant) in [("PLANT", sealed("PLANT")), ("LAB", Domain::open("LAB").unwrap())] {
        let (port, settings) = listening();
        let domains = start(vec![(Arc::clone(&plant), settings)]);
        let alerts: Address = format!(r"\\{name}\mailslot\alerts").parse().unwrap();
        while members(&domains, name).is_err() {
            std::thread::sleep(Duration::from_millis(10));
        }
        let stranger = stranger(port);
        let now = Time::from(SystemTime::now());
        let announce = |computer: &&str| {
            let computer: NetbiosName = computer.parse().unwrap();
            let slot = Presence::Slot { computer: computer.clone(), slot: alerts.slot().clone() };
            [Presence::Node { computer }, slot].map(|presence| {
                let key_expression = plant.presence_key_expression(&presence, now, &random().unwrap()).unwrap();
                stranger.liveliness().declare_token(key_expression).wait().unwrap()
            })
        };
        let nobody = format!(r"\\{name}\mailslot\nobody").parse::<Address>().unwrap();
        let receivers = |address: &Address| {
            let question = Question::Receivers { address: address.clone(), at_least: 1, within: Duration::ZERO };
            let Ok(Some(Answer::Receivers(count))) = ask_routes(&question) else { panic!("no answer") };
            count
        };
        let mut tokens: Vec<_> = ["A", "B", "C"].iter().map(announce).collect();
        while receivers(&alerts) < 3 {}
        assert_eq!(receivers(&nobody), 0);
        assert_eq!(members(&domains, name).unwrap().into_keys().collect::<Vec<_>>(), ["A", "B", "C", "SRV1"]);
        assert_eq!(domains.status()[0].computers, None, "{name}: nobody is watched");
        // A computer is found by its presence, as it does not answer; one that is not there, in no other network.
        let way = |computer: &str| {
            ask_routes(&Question::Route(format!(r"\\{computer}\mailslot\x").parse().unwrap())).map(Option::unwrap)
        };
        assert!(matches!(way("B"), Ok(Answer::Route { .. })));
        drop(tokens.remove(1));
        while receivers(&alerts) > 2 {}
        match (way("B"), plant.is_sealed()) {
            (Err(Error::NodeRefused(why)), true) => assert_eq!(why, "B is a member of PLANT and is away"),
            (Ok(Answer::Legacy), false) => {}
            (way, _) => panic!("{name}: {way:?}"),
        }
        assert!(matches!(way("NOBODY"), Ok(Answer::Legacy)));
        // Those who wait for one more are told as soon as it comes, and a silent one is named.
        let address = alerts.clone();
        let waiting = std::thread::spawn(move || {
            let question = Question::Receivers { address, at_least: 3, within: LONGEST };
            ask_routes(&question).unwrap()
        });
        let again = announce(&"B");
        assert_eq!(waiting.join().unwrap(), Some(Answer::Receivers(3)));
        let silent = [("A", Outcome::Silent), ("B", Outcome::Silent), ("C", Outcome::Silent)];
        assert_eq!(
            outcomes(&format!(r"\\{name}\mailslot\alerts"), b"all"),
            silent.map(|(computer, outcome)| (computer.to_owned(), outcome))
        );
        drop((again, tokens));
    }
}

#[test]
fn asking_for_the_status_never_holds_up_what_is_announced() {
    if !is_apart("asking_for_the_status_never_holds_up_what_is_announced") {
        return;
    }
    let domains = start(vec![(sealed("PLANT"), Settings::default())]);
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for number in 0..50 {
                let name = format!("slot{number}");
                let slot = open_to_network(&name);
                wait_for(1, &format!(r"\\PLANT\mailslot\{name}"));
                drop(slot);
            }
            over.store(true, Ordering::Relaxed);
        });
        while !over.load(Ordering::Relaxed) {
            assert_eq!(domains.status().len(), 1);
        }
    });
}

/// The answer to a request for a slot of the domain.
fn refusal(address: &str) -> String {
    match MailslotWriter::open(address).unwrap_err() {
        Error::NodeRefused(why) => why,
        error => panic!("{address}: {error}"),
    }
}

#[test]
fn what_a_domain_has_goes_to_no_other_network() {
    if !is_apart("what_a_domain_has_goes_to_no_other_network") {
        return;
    }
    let (plant, lab) = (sealed("PLANT"), Domain::open("LAB").unwrap());
    let with = |domain: &Arc<Domain>| (Arc::clone(domain), Settings::default());
    let damaged = |name: &str| BTreeMap::from([(name.parse().unwrap(), "its file is damaged".to_owned())]);
    let mut domains =
        Domains::start(&"SRV1".parse().unwrap(), true, vec![with(&lab), with(&plant)], damaged("OFFICE")).unwrap();
    let legacy = MailslotOptions::new().create(mailslot::network::SLOT).unwrap();
    let protected = |domains: &Domains, address: &str| domains.protects(&address.parse().unwrap());
    assert_eq!(refusal(r"\\office\mailslot\x"), "OFFICE: its file is damaged");
    for address in [r"\\OFFICE\mailslot\x", r"\\PLANT\mailslot\x", r"\\LAB\mailslot\x"] {
        assert!(protected(&domains, address).is_some(), "{address}");
    }
    // This computer is in both domains: the sealed one counts.
    let _slot = open_to_network("alerts");
    wait_for(1, r"\\PLANT\mailslot\alerts");
    let outcome = outcomes(r"\\SRV1\mailslot\alerts", b"sealed");
    assert_eq!(outcome, [("SRV1".to_owned(), Outcome::Delivered)]);
    assert_eq!(domains.status()[1].counters["confirmed"], 1);
    assert!(protected(&domains, r"\\SRV1\mailslot\x").is_some());

    // Messages for the domain that can no longer run, and for the computers that it had, go nowhere else, neither in
    // clear nor in an open domain, and an error about another domain does not change that.
    let mut wrong = Settings::default();
    wrong.max_message_size = usize::MAX;
    let changes: [(Vec<_>, _, bool); 3] = [
        (vec![with(&lab)], damaged("PLANT"), true),
        (vec![], damaged("PLANT"), true),
        (vec![(sealed("NEW"), wrong)], damaged("PLANT"), false),
    ];
    for (number, (domains_then, missing, works)) in changes.into_iter().enumerate() {
        assert_eq!(domains.reload(domains_then, missing).is_ok(), works, "{number}");
        assert_eq!(refusal(r"\\PLANT\mailslot\x"), "PLANT: its file is damaged", "{number}");
        assert_eq!(refusal(r"\\SRV1\mailslot\x"), "SRV1 is a member of PLANT and is away", "{number}");
        assert!(protected(&domains, r"\\SRV1\mailslot\x").is_some());
        // A name that no domain has may go anywhere.
        assert_eq!(MailslotWriter::open(r"\\OTHER\mailslot\x").unwrap().max_message_size(), 424);
        assert_eq!(protected(&domains, r"\\OTHER\mailslot\x"), None);
    }
    assert!(!refusal(r"\\NEW\mailslot\x").is_empty());
    // A domain that this machine has left has no effect any more.
    domains.reload(vec![], BTreeMap::new()).unwrap();
    assert_eq!(MailslotWriter::open(r"\\SRV1\mailslot\x").unwrap().max_message_size(), 424);
    assert_eq!(legacy.info().unwrap().count, 0);
}

#[test]
fn one_user_does_not_use_up_what_all_may_have() {
    let test = "one_user_does_not_use_up_what_all_may_have";
    if !common::is_root(test) || !is_apart(test) {
        return;
    }
    let domains = start(vec![(sealed("PLANT"), Settings::default())]);
    let slot = open_to_network("alerts");
    wait_for(1, r"\\PLANT\mailslot\alerts");
    as_stranger("waits");
    let writer = MailslotWriter::open(r"\\PLANT\mailslot\alerts").unwrap();
    assert_eq!(writer.wait_for_receivers(2, Timeout::After(Duration::from_millis(10))).unwrap(), 1);
    assert_eq!(outcomes(r"\\PLANT\mailslot\alerts", b"sure"), [("SRV1".to_owned(), Outcome::Delivered)]);
    assert_eq!(slot.receive().unwrap().data, b"sure");
    drop(domains);
}

/// Notes that a slot could not be read.
struct NotRead(Arc<AtomicBool>);

impl<S: tracing::Subscriber> Layer<S> for NotRead {
    fn on_event(&self, event: &tracing::Event<'_>, _: Context<'_, S>) {
        if event.metadata().name() == "slot_not_read" {
            self.0.store(true, Ordering::SeqCst);
        }
    }
}

#[test]
fn a_full_directory_of_slots_ends_nothing() {
    if !common::is_mounted_apart("a_full_directory_of_slots_ends_nothing", "size=64m", &[], "") {
        return;
    }
    let said = Arc::new(AtomicBool::new(false));
    tracing_subscriber::registry().with(NotRead(Arc::clone(&said))).init();
    let _domains = start(vec![(sealed("PLANT"), Settings::default())]);
    let slot = open_to_network("alerts");
    wait_for(1, r"\\PLANT\mailslot\alerts");
    let writer = MailslotWriter::open(r"\\PLANT\mailslot\alerts").unwrap();
    for round in 0..3_u8 {
        as_stranger("fills");
        // Now either reads fail or messages wait at the door. No event tells which, so give the first a while to
        // happen.
        for _ in 0..20 {
            if said.swap(false, Ordering::SeqCst) {
                break;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        as_stranger("empties");
        writer.write(&[round]).unwrap();
        assert_eq!(slot.receive().unwrap().data, [round]);
        wait_for(1, r"\\PLANT\mailslot\alerts");
    }
}

#[test]
fn plays_its_part() {
    let Some(part) = common::part() else { return };
    let filler = || PathBuf::from(std::env::var_os("MAILSLOT_ROOT").unwrap()).join("filler");
    let address: Address = r"\\PLANT\mailslot\alerts".parse().unwrap();
    match part.as_str() {
        "waits" => {
            let node = MailslotWriter::open(SLOT).unwrap();
            let ask = |question: Question<'_>| node.begin_request(&question.encode(), None, Timeout::Forever).unwrap();
            let waits = Question::Receivers { address: address.clone(), at_least: u32::MAX, within: Duration::MAX };
            for _ in 0..256 {
                drop(ask(waits.clone()));
            }
            let refused = Answer::decode(&ask(waits).receive_within(Timeout::Forever).unwrap().data);
            assert!(matches!(&refused, Ok(Answer::Refused(why)) if why.contains("too many wait")), "{refused:?}");
            assert!(LONGEST > Duration::from_secs(30), "or the waits may be over before the test is");
            // Other questions are still answered.
            assert!(matches!(ask_routes(&Question::Route(address)), Ok(Some(Answer::Route { .. }))));
        }
        "fills" => {
            // More than what is reserved for any slot, from memory outside the directory.
            let large = vec![7; 1 << 20];
            let nobody: Address = r"\\PLANT\mailslot\nobody".parse().unwrap();
            let writers =
                [SLOT, r"\\.\mailslot\mailslot\node\domain\PLANT"].map(|slot| MailslotWriter::open(slot).unwrap());
            let mut file = std::fs::File::create(filler()).unwrap();
            while std::io::Write::write(&mut file, &large).is_ok_and(|written| written > 0) {}
            for _ in 0..4 {
                let message = network::Outgoing { address: nobody.clone(), data: &large[..1 << 19] }.encode();
                writers.iter().for_each(|writer| drop(writer.write(&message)));
            }
        }
        "empties" => std::fs::remove_file(filler()).unwrap(),
        _ => panic!("{part}"),
    }
}

/// What becomes of a request, as the asker is told: a reply, or why there is none.
#[test]
fn requests_in_a_sealed_domain_are_replied_to() {
    if !is_apart("requests_in_a_sealed_domain_are_replied_to") {
        return;
    }
    let _domains =
        start(vec![(sealed("PLANT"), Settings::default()), (Domain::open("LAB").unwrap(), Settings::default())]);
    let slot = open_to_network("clock");
    for domain in ["PLANT", "LAB"] {
        wait_for(1, &format!(r"\\{domain}\mailslot\clock"));
    }
    let patience = Duration::from_secs(60);
    let writer = MailslotWriter::open(r"\\PLANT\mailslot\clock").unwrap();
    let serving = std::thread::spawn(move || {
        let mut origins = Vec::new();
        for size in [0, 4, 1 << 20, (1 << 20) + 1] {
            let message = slot.receive_within(Timeout::Forever).unwrap();
            assert_eq!(message.data, b"now?");
            message.reply(&vec![7; size]).unwrap();
            origins.push(message.origin);
        }
        // The last one gets no reply.
        slot.receive_within(Timeout::Forever).unwrap();
        origins
    });
    for size in [0, 4, 1 << 20] {
        let reply = writer.request(b"now?", patience).unwrap();
        assert!(reply.data == vec![7; size], "{size}");
        let Origin::Network(origin) = reply.origin else { panic!("{:?}", reply.origin) };
        assert_eq!((origin.computer.as_str(), origin.authenticated), ("SRV1", true));
    }
    // In a domain, a computer that cannot reply leaves it to the others, of which there are none: the reply is too
    // large, and an owner ends without one.
    for expected in [Outcome::TooLarge, Outcome::NoSlot] {
        let error = writer.request(b"now?", patience).unwrap_err();
        let Error::Undelivered { computer, outcome } = &error else { panic!("{error}") };
        assert_eq!((computer.as_str(), *outcome), ("SRV1", expected));
    }
    for origin in serving.join().unwrap() {
        let Origin::Network(origin) = origin else { panic!("{origin:?}") };
        assert_eq!(
            (origin.computer.as_str(), origin.authenticated, origin.domain.as_deref()),
            ("SRV1", true, Some("PLANT"))
        );
    }
    let open = MailslotWriter::open(r"\\LAB\mailslot\clock").unwrap().request(b"now?", patience).unwrap_err();
    assert!(matches!(&open, Error::NodeRefused(why) if why.contains("nothing proves who replies")), "{open}");
    let large = writer.request(&vec![0; (1 << 20) + 1], patience).unwrap_err();
    assert!(matches!(large, Error::TooLargeForNetwork { .. }), "{large}");
}
