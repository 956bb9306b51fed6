//! Answers to questions about tokens are whole, whatever a session watches, and whoever else knows some of them.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::sync::mpsc::channel;
use std::time::SystemTime;

use mailslot_domain::settings::{Mode, Settings};
use mailslot_domain::{Domain, Time, random};

use super::*;
use crate::link::{Addresses, Config};
use crate::survey::ask_in_parts;
use crate::sys::Wake;

/// Tokens that a crowd declares: so many that telling them takes longer than the way to a router.
const CROWD: usize = 2000;

/// A session that plays another machine, and listens at a port that was free a moment ago.
struct Other {
    session: zenoh::Session,
    endpoint: String,
    tokens: Vec<LivelinessToken>,
}

impl Other {
    fn open(mode: &str, connect: &[&Other]) -> Other {
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let endpoint = format!("tcp/127.0.0.1:{port}");
        let connect: Vec<&str> = connect.iter().map(|other| other.endpoint.as_str()).collect();
        let mut config = zenoh::Config::default();
        for (key, value) in [
            ("mode", format!("{mode:?}")),
            ("scouting/multicast/enabled", "false".to_owned()),
            ("listen/endpoints", format!("{:?}", [&endpoint])),
            ("connect/endpoints", format!("{connect:?}")),
        ] {
            config.insert_json5(key, &value).unwrap();
        }
        let session = zenoh::open(config).wait().unwrap();
        Other { session, endpoint, tokens: Vec::new() }
    }

    /// Declares tokens of one group, as that of a slot that all have.
    fn declare(&mut self, domain: &Domain, name: &str, count: usize) {
        for number in 0..count {
            let token = format!("{}/at/3{:x}/{name}{number}", domain.prefix(), number % 16);
            self.tokens.push(self.session.liveliness().declare_token(token).wait().unwrap());
        }
    }
}

fn domain() -> Arc<Domain> {
    Domain::sealed("PLANT", Time::from(SystemTime::now()), &random().unwrap()).unwrap()
}

fn link(domain: &Domain, mode: Mode, connect: &[&Other]) -> Link {
    let mut settings = Settings::default();
    settings.mode = Some(mode);
    settings.connect = connect.iter().map(|other| other.endpoint.clone()).collect();
    let config = Config::new(&settings, domain, &Addresses::Unknown).unwrap();
    let link = Link::open(&config, &Arc::new(Wake::new().unwrap()), || false).unwrap().unwrap();
    while link.neighbours().len() < connect.len() {
        std::thread::sleep(Duration::from_millis(1));
    }
    link
}

/// The group that the tokens are in.
fn group(domain: &Domain) -> String {
    domain.parts_of_presences().remove(3)
}

/// The answer to a question; `None` if it is not whole.
fn ask(link: &Link, domain: &Domain) -> Option<usize> {
    let (tokens, (telling, told)) = (Arc::new(Mutex::new(BTreeSet::new())), channel());
    let adding = Arc::clone(&tokens);
    let add = move |token: &str| {
        lock(&adding).insert(token.to_owned());
    };
    ask_in_parts(link, vec![group(domain)], add, move |is_whole| telling.send(is_whole).unwrap());
    told.recv().unwrap().then(|| lock(&tokens).len())
}

fn until_told(link: &Link, domain: &Domain, count: usize) {
    while ask(link, domain) != Some(count) {
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Watches the group, and returns when as many tokens were told.
fn watch(link: &Link, domain: &Domain, count: usize) -> Subscription {
    let (telling, told) = channel();
    let watched = link.watch_tokens(&group(domain), move |_, _| {
        // Who does not wait any more does not want it.
        let _ = telling.send(());
    });
    let watching = watched.unwrap();
    told.iter().take(count).for_each(drop);
    watching
}

#[test]
fn answers_are_whole_whatever_is_or_was_watched() {
    let domain = domain();
    let router = Other::open("router", &[]);
    let far = Other::open("router", &[&router]);
    let mut crowd = Other::open("client", &[&far]);
    crowd.declare(&domain, "crowd", CROWD);
    let asking = link(&domain, Mode::Client, &[&router]);
    let _own = asking.token(format!("{}/at/30/own", domain.prefix())).unwrap();
    let all = Some(CROWD + 1);
    until_told(&asking, &domain, CROWD + 1);
    for round in 0..3 {
        let watching = watch(&asking, &domain, CROWD + 1);
        let answers: Vec<_> = (0..10).map(|_| ask(&asking, &domain)).collect();
        assert_eq!(answers, [all; 10], "while watched, round {round}");
        drop(watching);
        let answers: Vec<_> = (0..10).map(|_| ask(&asking, &domain)).collect();
        assert_eq!(answers, [all; 10], "after that, round {round}");
    }
    asking.close();

    for _ in 0..10 {
        let asking = link(&domain, Mode::Client, &[&router]);
        let _watching = watch(&asking, &domain, 0);
        assert_eq!(ask(&asking, &domain), Some(CROWD), "while the watch is told");
        asking.close();
    }
}

#[test]
fn answers_are_whole_where_a_router_knows_some_and_peers_the_others() {
    let domain = domain();
    let router = Other::open("router", &[]);
    let mut far = Other::open("client", &[&router]);
    far.declare(&domain, "far", 20);
    let mut near = Other::open("peer", &[&router]);
    near.declare(&domain, "near", CROWD);
    let asking = link(&domain, Mode::Peer, &[&router, &near]);
    until_told(&asking, &domain, CROWD + 20);
    let answers: Vec<_> = (0..30).map(|_| ask(&asking, &domain)).collect();
    assert_eq!(answers, vec![Some(CROWD + 20); 30]);
}
