//! The expected answers of domain controllers, whose notes have the bytes only.

use std::net::Ipv4Addr;

use mailslot_wire::DnsName;
use mailslot_wire::netlogon::{self, Message};

const ADDRESS: Ipv4Addr = Ipv4Addr::new(10, 77, 0, 20);

/// Panics if `message`, from the recording `name`, does not describe the domain controller of the lab.
pub fn check(name: &str, message: &Message) {
    match message {
        Message::SamLogonResponseEx(it) if name.starts_with("dg-17") => {
            assert_eq!(it.outcome, netlogon::Outcome::Available);
            let names = [&it.forest, &it.domain, &it.host, &it.netbios_domain, &it.netbios_host, &it.user];
            let expected = ["labad.test", "labad.test", "labdc.labad.test", "LABAD", "LABDC", ""];
            assert_eq!(names.map(DnsName::to_string), expected);
            assert_eq!([&it.server_site, &it.client_site].map(DnsName::to_string), ["Default-First-Site-Name"; 2]);
            assert_eq!((it.server_flags, it.address), (0x1195, Some(ADDRESS)));
        }
        Message::SamLogonResponse(it) if name.starts_with("dg-21") => {
            let directory = it.directory.as_ref().expect("the form of Windows NT 5");
            let names = [&directory.forest, &directory.domain, &directory.host].map(DnsName::to_string);
            assert_eq!(names, ["labad.test", "labad.test", "labdc.labad.test"]);
            assert_eq!((directory.server_flags, directory.address), (0x1195, ADDRESS));
        }
        Message::SamLogonResponse(it) => assert_eq!(it.directory, None, "{name}"),
        Message::SamLogonResponseEx(_) => panic!("no expectation for {name}"),
        _ => {}
    }
}
