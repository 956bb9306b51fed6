use proptest::prelude::*;

use super::*;

/// `eth0 10.0.0.1/24 brd 10.0.0.255`, followed by the flags `down` (no carrier), `point` (no broadcasts) or `lo`; the
/// index is the number in the name.
fn address(text: &str) -> Address {
    let words: Vec<&str> = text.split(' ').collect();
    let (own, prefix) = words[1].split_once('/').expect("an address with a prefix");
    let broadcast = words.iter().position(|word| *word == "brd").map(|at| words[at + 1]);
    Address {
        name: words[0].to_owned(),
        link: words[0]
            .split(':')
            .next()
            .expect("a name")
            .trim_start_matches(char::is_alphabetic)
            .parse()
            .expect("a number"),
        address: own.parse().expect("an address"),
        prefix: prefix.parse().expect("a number"),
        broadcast: broadcast.map(|broadcast| broadcast.parse().expect("an address")),
        can_broadcast: !words.contains(&"point") && !words.contains(&"lo"),
        is_loopback: words.contains(&"lo"),
        is_running: !words.contains(&"down"),
    }
}

fn chosen(addresses: &[&str], interfaces: &[&str], exclude: &[&str]) -> Choice {
    let strings = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    let settings =
        config::Settings { interfaces: strings(interfaces), exclude: strings(exclude), ..config::Settings::default() };
    choose(&addresses.iter().map(|text| address(text)).collect::<Vec<_>>(), &settings)
}

/// `eth0 10.0.0.1/24 10.0.0.255 +10.0.0.2 ~1`: the broadcast address or `-`, further addresses, and further interfaces.
fn used(choice: &Choice) -> Vec<String> {
    let one = |named: &Attachment| {
        let broadcast = named.interface.broadcast.map_or("-".to_owned(), |address| address.to_string());
        let others: String = named.others.iter().map(|other| format!(" +{other}")).collect();
        let links: String = named.other_links.iter().map(|link| format!(" ~{link}")).collect();
        format!("{} {named} {broadcast}{others}{links}", named.name)
    };
    choice.used.iter().map(one).collect()
}

#[test]
fn each_segment_is_used_once_and_what_has_none_alone() {
    let table: &[(&[&str], &[&str])] = &[
        (&["eth0 10.0.0.1/24 brd 10.0.0.255"], &["eth0 10.0.0.1/24 10.0.0.255"]),
        // Without a broadcast address, with the interface's address there, and with the first of the subnet.
        (&["eth0 10.0.0.1/24"], &["eth0 10.0.0.1/24 10.0.0.255"]),
        (&["eth0 10.0.0.1/24 brd 10.0.0.1"], &["eth0 10.0.0.1/24 10.0.0.255"]),
        (&["eth0 10.0.0.1/24 brd 10.0.0.0"], &["eth0 10.0.0.1/24 10.0.0.0"]),
        (&["eth0 10.0.0.1/30"], &["eth0 10.0.0.1/30 10.0.0.3"]),
        // No subnet: as in clouds, with a peer, with two addresses, in a tunnel.
        (&["eth0 10.0.0.1/32"], &["eth0 10.0.0.1/32 -"]),
        (&["eth0 10.0.0.1/32 brd 10.0.0.1"], &["eth0 10.0.0.1/32 -"]),
        (&["eth0 10.0.0.1/32 brd 10.0.0.9"], &["eth0 10.0.0.1/32 -"]),
        (&["eth0 10.0.0.1/24 brd 10.0.0.9"], &["eth0 10.0.0.1/24 10.0.0.255"]),
        (&["eth0 10.0.0.4/31 brd 10.0.0.5"], &["eth0 10.0.0.4/31 -"]),
        (&["lo0 127.0.0.1/8 lo", "lo0 10.1.1.1/32 lo", "tun3 10.8.0.2/24 point"], &[]),
        (&["eth0 10.0.0.255/24", "eth1 10.1.0.3/30"], &["eth0 10.0.0.255/24 -", "eth1 10.1.0.3/30 -"]),
        // Several addresses in one subnet, in any order and form.
        (
            &["eth0 10.0.0.1/24", "eth0 10.0.0.100/24", "eth0 10.0.0.101/32", "eth0 10.0.0.102/25"],
            &["eth0 10.0.0.1/24 10.0.0.255 +10.0.0.100", "eth0 10.0.0.102/25 10.0.0.127 +10.0.0.101"],
        ),
        (&["eth0 10.0.0.100/32", "eth0 10.0.0.1/24"], &["eth0 10.0.0.1/24 10.0.0.255 +10.0.0.100"]),
        (&["eth0 10.0.0.1/24", "eth1 10.0.0.3/24"], &["eth0 10.0.0.1/24 10.0.0.255 +10.0.0.3 ~1"]),
        (&["eth0 10.0.0.1/24 down", "eth1 10.0.0.3/24"], &["eth1 10.0.0.3/24 10.0.0.255 +10.0.0.1 ~0"]),
        (&["eth0 10.0.0.1/24 down", "eth1 10.0.0.3/24 down"], &["eth0 10.0.0.1/24 10.0.0.255 +10.0.0.3 ~1"]),
        (&["eth0 10.0.0.1/24", "eth1 10.0.0.1/24"], &["eth0 10.0.0.1/24 10.0.0.255 ~1"]),
        (&["eth0 10.0.0.1/32", "eth1 10.0.0.1/32"], &["eth0 10.0.0.1/32 -"]),
        (&["eth0 10.0.0.1/24", "dummy2 10.0.0.50/32"], &["eth0 10.0.0.1/24 10.0.0.255 +10.0.0.50"]),
        // Nested subnets, and several subnets on one interface.
        (&["eth0 10.0.0.1/8", "eth1 10.7.0.1/24"], &["eth0 10.0.0.1/8 10.255.255.255", "eth1 10.7.0.1/24 10.7.0.255"]),
        (
            &["eth0 10.0.0.1/8", "eth1 10.7.0.1/24", "eth2 10.7.0.9/32"],
            &["eth0 10.0.0.1/8 10.255.255.255", "eth1 10.7.0.1/24 10.7.0.255 +10.7.0.9"],
        ),
        (&["eth0 10.0.0.1/24", "eth0 10.0.1.1/24"], &["eth0 10.0.0.1/24 10.0.0.255", "eth0 10.0.1.1/24 10.0.1.255"]),
        // An address of a machine that is also a broadcast address: the first use has effect.
        (&["eth0 10.0.0.1/24", "eth1 10.0.0.255/16"], &["eth0 10.0.0.1/24 10.0.0.255"]),
        (&["eth0 10.0.0.7/24", "eth1 10.0.0.1/29"], &["eth0 10.0.0.7/24 10.0.0.255 +10.0.0.1"]),
        (&["eth0 10.0.0.7/24 point", "eth1 10.0.0.1/29"], &["eth1 10.0.0.1/29 10.0.0.7"]),
        (&["eth0 10.1.0.255/32", "eth1 10.1.0.1/24"], &["eth0 10.1.0.255/32 -", "eth1 10.1.0.1/24 -"]),
        (
            &["eth0 10.0.0.3/8", "eth1 10.0.0.1/30", "eth2 10.0.0.3/24"],
            &["eth0 10.0.0.3/8 10.255.255.255", "eth2 10.0.0.3/24 10.0.0.255 +10.0.0.1"],
        ),
        (
            &["docker0 172.17.0.1/16 down", "eth1 10.0.0.1/24", "kube2 10.96.0.1/32"],
            &["docker0 172.17.0.1/16 172.17.255.255", "eth1 10.0.0.1/24 10.0.0.255", "kube2 10.96.0.1/32 -"],
        ),
    ];
    for (addresses, expected) in table {
        assert_eq!(used(&chosen(addresses, &[], &[])), *expected, "{addresses:?}");
    }
}

type Names = &'static [&'static str];

#[test]
fn settings_choose_by_name_or_address_and_what_they_cannot_have_is_named() {
    let all =
        ["lo1 127.0.0.1/8 lo", "eth2 10.0.0.1/24", "eth2 10.0.0.9/24", "eth3 10.1.0.1/24", "tun4 10.8.0.2/24 point"];
    let labelled = ["eth2:1 10.0.0.1/24", "eth2:b 10.0.0.9/24", "eth2 10.2.0.1/24", "eth3:2 10.1.0.1/24"];
    let table: [(Names, Names, &[&str]); 6] = [
        (&["eth2"], &[], &["eth2:1 10.0.0.1/24 10.0.0.255 +10.0.0.9", "eth2 10.2.0.1/24 10.2.0.255"]),
        (&["eth2:b"], &[], &["eth2:b 10.0.0.9/24 10.0.0.255"]),
        (&[], &["eth2"], &["eth3:2 10.1.0.1/24 10.1.0.255"]),
        (&["eth2"], &["eth2:1", "10.2.0.1"], &["eth2:b 10.0.0.9/24 10.0.0.255"]),
        (&["eth3"], &[], &["eth3:2 10.1.0.1/24 10.1.0.255"]),
        (&["eth"], &[], &[]),
    ];
    for (interfaces, exclude, expected) in table {
        assert_eq!(used(&chosen(&labelled, interfaces, exclude)), *expected, "{interfaces:?} without {exclude:?}");
    }
    let (eth2, eth3) = ("eth2 10.0.0.1/24 10.0.0.255 +10.0.0.9", "eth3 10.1.0.1/24 10.1.0.255");
    let table: [(Names, Names, &[&str], Names); 10] = [
        (&[], &[], &[eth2, eth3], &["tun4"]),
        (&["eth2"], &[], &[eth2], &[]),
        (&["10.0.0.9"], &[], &["eth2 10.0.0.9/24 10.0.0.255"], &[]),
        (&["tun4"], &[], &["tun4 10.8.0.2/24 -"], &[]),
        (&["10.8.0.2", "eth3"], &[], &[eth3, "tun4 10.8.0.2/24 -"], &[]),
        (&[], &["eth2", "tun4"], &[eth3], &[]),
        (&[], &["10.0.0.9", "10.8.0.2"], &["eth2 10.0.0.1/24 10.0.0.255", eth3], &[]),
        (&["eth2"], &["eth2"], &[], &[]),
        (&["eth7", "10.0.0.77", "eth3"], &[], &[eth3], &["eth7", "10.0.0.77"]),
        (&["lo1"], &[], &[], &["lo1"]),
    ];
    for (interfaces, exclude, expected, left_out) in table {
        let choice = chosen(&all, interfaces, exclude);
        assert_eq!(used(&choice), *expected, "{interfaces:?} without {exclude:?}");
        let names: Vec<&str> = choice.left_out.iter().map(|left| left.name.as_str()).collect();
        assert_eq!(names, *left_out, "{interfaces:?} without {exclude:?}");
    }
}

fn any_address() -> impl Strategy<Value = Address> {
    let own = (0..3u8, 0..2u8, 0..5u8).prop_map(|(b, c, d)| Ipv4Addr::new(10, b, c, d + 1));
    let prefix = prop_oneof![
        1 => Just(0u8), 1 => Just(8), 4 => Just(16), 6 => Just(24), 3 => Just(30), 1 => Just(31), 4 => Just(32),
    ];
    let broadcast = prop::option::of((0..3u8, 0..2u8, any::<u8>()).prop_map(|(b, c, d)| Ipv4Addr::new(10, b, c, d)));
    let flags = (prop::bool::weighted(0.9), prop::bool::weighted(0.1), any::<bool>());
    (1..5u32, own, prefix, broadcast, flags).prop_map(|(link, address, prefix, broadcast, flags)| {
        let (can_broadcast, is_loopback, is_running) = flags;
        let name = format!("eth{link}");
        Address { name, link, address, prefix, broadcast, can_broadcast, is_loopback, is_running }
    })
}

proptest! {
    #[test]
    fn of_any_set_of_addresses_each_is_used_once_or_left_out_and_no_segment_twice(
        addresses in prop::collection::vec(any_address(), 0..10),
    ) {
        let Choice { used, left_out } = choose(&addresses, &config::Settings::default());
        let mut all = Vec::new();
        for named in &used {
            prop_assert_eq!(named.interface.id, 0);
            prop_assert!(addresses.iter().any(|it| it.address == named.interface.address && it.link == named.link));
            prop_assert!(!named.other_links.contains(&named.link));
            all.extend(named.interfaces().map(|interface| interface.address));
            for own in named.interfaces() {
                prop_assert!(named.interface.contains(own.address), "{named:?}");
            }
            if let Some(everybody) = named.interface.broadcast {
                prop_assert_ne!(everybody, named.interface.address);
                prop_assert!(named.interface.prefix < 31 && named.interface.contains(everybody));
                let same = |it: &&Attachment| {
                    it.interface.prefix == named.interface.prefix && it.interface.contains(everybody)
                };
                prop_assert_eq!(used.iter().filter(same).count(), 1);
            }
        }
        for Address { name, address, can_broadcast, is_loopback, .. } in &addresses {
            let is_left_out = left_out.iter().any(|left| left.name == *name);
            let wanted = addresses.iter().any(|it| it.address == *address && it.can_broadcast && !it.is_loopback);
            let stands_for_all = format!("{address} is the broadcast address of ");
            let is_said = left_out.iter().any(|left| left.reason.starts_with(&stands_for_all));
            prop_assert_eq!(all.contains(address), wanted && !is_said, "{}", address);
            prop_assert!(*can_broadcast || *is_loopback || is_left_out, "{}", name);
        }
        // Each place has one socket.
        for everybody in used.iter().filter_map(|named| named.interface.broadcast) {
            prop_assert!(!all.contains(&everybody), "{} is a machine and all of them", everybody);
        }
        // An address may be on two segments, if it is given with two prefixes, but never twice on one.
        for named in &used {
            let own: Vec<Ipv4Addr> = named.interfaces().map(|interface| interface.address).collect();
            prop_assert_eq!(own.iter().collect::<BTreeSet<_>>().len(), own.len(), "{:?}", own);
        }
    }
}
