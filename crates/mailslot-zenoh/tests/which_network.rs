//! Which network a computer's name means, wherever and in whatever order it is announced, and while it is away.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used)]
#[path = "../../mailslot/tests/common/mod.rs"]
mod common;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use mailslot::network::ask_routes;
use mailslot::network::routes::{Answer, Question};
use mailslot::{Address, Error, NetbiosName};
use mailslot_domain::{Domain, Presence, Time, random};
use mailslot_zenoh::{Domains, Meant, Settings};
use zenoh::Wait;
use zenoh::liveliness::LivelinessToken;

/// Two names of each kind, chosen so that neither kind comes first.
const NAMES: [(&str, bool); 4] = [("ALPHA", true), ("BETA", false), ("OMEGA", true), ("AAA", false)];

/// A domain, with a peer that announces whatever it likes.
struct Place {
    domain: Arc<Domain>,
    settings: Settings,
    session: Option<zenoh::Session>,
}

impl Place {
    fn new(name: &str, is_sealed: bool) -> Place {
        let now = Time::from(SystemTime::now());
        let domain = if is_sealed { Domain::sealed(name, now, &random().unwrap()) } else { Domain::open(name) };
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut settings = Settings::default();
        settings.listen = vec![format!("tcp/127.0.0.1:{port}")];
        Place { domain: domain.unwrap(), settings, session: None }
    }

    fn part(&self) -> (Arc<Domain>, Settings) {
        (Arc::clone(&self.domain), self.settings.clone())
    }

    fn connect(&mut self) {
        let mut config = zenoh::Config::default();
        config.insert_json5("mode", "\"client\"").unwrap();
        config.insert_json5("scouting/multicast/enabled", "false").unwrap();
        config.insert_json5("connect/endpoints", &format!("[\"{}\"]", self.settings.listen[0])).unwrap();
        // Until the domain listens.
        config.insert_json5("connect/timeout_ms", "60000").unwrap();
        self.session = Some(zenoh::open(config).wait().unwrap());
    }

    fn announce(&self, computer: &str) -> LivelinessToken {
        let presence = Presence::Node { computer: computer.parse().unwrap() };
        let now = Time::from(SystemTime::now());
        let key_expression = self.domain.presence_key_expression(&presence, now, &random().unwrap()).unwrap();
        self.session.as_ref().unwrap().liveliness().declare_token(key_expression).wait().unwrap()
    }
}

/// What the node answers for the name: a domain, `netbios`, or why messages go nowhere.
fn network(computer: &str) -> String {
    let address: Address = format!(r"\\{computer}\mailslot\x").parse().unwrap();
    match ask_routes(&Question::Route(address)) {
        Ok(Some(Answer::Route { slot, .. })) => slot.as_str().rsplit('\\').next().unwrap().to_owned(),
        Ok(Some(Answer::Legacy)) => "netbios".to_owned(),
        Err(Error::NodeRefused(why)) => why,
        answer => panic!("{answer:?}"),
    }
}

fn members(
    domains: &Domains,
    domain: &NetbiosName,
) -> Result<BTreeMap<String, std::collections::BTreeSet<String>>, String> {
    let (telling, told) = std::sync::mpsc::channel();
    domains.members(domain, move |members| telling.send(members).unwrap());
    told.recv().unwrap()
}

fn until_members(
    domains: &Domains,
    place: &Place,
    is_there: impl Fn(&BTreeMap<String, std::collections::BTreeSet<String>>) -> bool,
) {
    while !members(domains, place.domain.name()).is_ok_and(|members| is_there(&members)) {
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn start(places: &[Place], known: &Path) -> Domains {
    let parts = places.iter().map(Place::part).collect();
    Domains::start_knowing(&"SRV1".parse().unwrap(), true, parts, BTreeMap::new(), known).unwrap()
}

/// A computer that is announced in one domain and then in another one, and goes from some of them.
struct Case {
    computer: String,
    order: [usize; 2],
    away: [bool; 2],
}

impl Case {
    fn all() -> Vec<Case> {
        let places = 0..NAMES.len();
        let pairs = places.clone().flat_map(|first| places.clone().map(move |second| [first, second]));
        let pairs = pairs.filter(|[first, second]| first != second);
        let cases = pairs.flat_map(|order| (0..4).map(move |away| (order, [away & 1 > 0, away & 2 > 0])));
        cases.enumerate().map(|(number, (order, away))| Case { computer: format!("PC{number}"), order, away }).collect()
    }

    /// The first sealed domain that had it, or nothing else while it is away; then an open one; then the legacy
    /// network.
    fn expected(&self) -> String {
        let seen = self.order.into_iter().zip(self.away);
        if let Some((owner, is_away)) = seen.clone().find(|(place, _)| NAMES[*place].1) {
            let owner = NAMES[owner].0;
            return if is_away { self.away_from(owner) } else { owner.to_owned() };
        }
        let there = seen.filter(|(_, is_away)| !is_away).map(|(place, _)| NAMES[place].0);
        there.min().unwrap_or("netbios").to_owned()
    }

    fn away_from(&self, owner: &str) -> String {
        format!("{} is a member of {owner} and is away", self.computer)
    }

    /// The same when no peer is there, after a restart of the node.
    fn expected_alone(&self) -> String {
        let owner = self.order.into_iter().find(|place| NAMES[*place].1);
        owner.map_or("netbios".to_owned(), |owner| self.away_from(NAMES[owner].0))
    }
}

#[test]
fn a_name_means_the_network_that_has_a_right_to_it_whoever_announces_it_elsewhere() {
    let test = "a_name_means_the_network_that_has_a_right_to_it_whoever_announces_it_elsewhere";
    if !common::is_apart(test, &[]) {
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let known = directory.path().join("computers");
    let mut places = NAMES.map(|(name, is_sealed)| Place::new(name, is_sealed));
    let domains = start(&places, &known);
    places.iter_mut().for_each(Place::connect);
    let cases = Case::all();
    let mut tokens: Vec<[Option<LivelinessToken>; 2]> = cases.iter().map(|_| [None, None]).collect();
    for turn in 0..2 {
        for (case, tokens) in cases.iter().zip(&mut tokens) {
            tokens[turn] = Some(places[case.order[turn]].announce(&case.computer));
        }
        for case in &cases {
            until_members(&domains, &places[case.order[turn]], |members| members.contains_key(&case.computer));
        }
    }
    for (case, tokens) in cases.iter().zip(&mut tokens) {
        for turn in (0..2).filter(|turn| case.away[*turn]) {
            drop(tokens[turn].take());
            until_members(&domains, &places[case.order[turn]], |members| !members.contains_key(&case.computer));
        }
        let which = case.order.map(|place| NAMES[place].0);
        assert_eq!(network(&case.computer), case.expected(), "{which:?}, away {:?}", case.away);
    }

    // The operator can say otherwise, by name alone.
    let meant = |case: &Case| -> (NetbiosName, Meant) {
        (case.computer.parse().unwrap(), Meant::Domain(NAMES[case.order[1]].0.parse().unwrap()))
    };
    domains.mean(cases.iter().map(meant).collect());
    for case in &cases {
        assert_eq!(network(&case.computer), NAMES[case.order[1]].0);
    }
    domains.mean(cases.iter().map(|case| (case.computer.parse().unwrap(), Meant::Legacy)).collect());
    for case in &cases {
        assert_eq!(network(&case.computer), "netbios");
        let address = format!(r"\\{}\mailslot\x", case.computer).parse().unwrap();
        assert_eq!(domains.protects(&address), None);
    }

    // The computers of a sealed domain stay its own after a restart of the node, while no peer is there yet.
    drop((tokens, domains));
    places.iter_mut().for_each(|place| place.session = None);
    let domains = start(&places, &known);
    for case in &cases {
        assert_eq!(network(&case.computer), case.expected_alone());
        let address = format!(r"\\{}\mailslot\x", case.computer).parse().unwrap();
        assert_eq!(domains.protects(&address).is_some(), case.expected_alone() != "netbios");
    }
    // Another domain with the name of an old one has no computers, and this machine has forgotten the old one.
    drop(domains);
    places[0] = Place::new(NAMES[0].0, true);
    let _domains = start(&places, &known);
    for case in cases.iter().filter(|case| case.expected_alone().contains("ALPHA")) {
        assert_eq!(network(&case.computer), "netbios");
    }
}
