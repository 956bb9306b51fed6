//! Every value that the crate can encode.

use std::net::{Ipv4Addr, SocketAddrV4};
use std::time::Duration;

use mailslot_wire::browser::{self, Announcement, LanManAnnouncement, ServerName, ServerType};
use mailslot_wire::datagram::{Body, Destination, ErrorCode, Header, Packet};
use mailslot_wire::name_service::{
    self, Claim, Entry, Flags, Holder, NameFlags, Opcode, Question, Rcode, Record, RefreshCode, Sections, Statistics,
    kind,
};
use mailslot_wire::netlogon::{self, Directory, Response, ResponseEx, Version};
use mailslot_wire::smb::Class;
use mailslot_wire::{DnsName, Name, NodeType, Text, WideText};
use proptest::collection::vec;
use proptest::prelude::*;

pub fn dns_name() -> impl Strategy<Value = DnsName> {
    vec("[A-Za-z0-9_-]{1,63}", 0..4).prop_filter_map("too long", |labels| DnsName::new(&labels.join(".")).ok())
}

pub fn name() -> impl Strategy<Value = Name> {
    let scope = prop_oneof![3 => Just(DnsName::default()), 1 => dns_name()];
    (any::<[u8; 16]>(), scope)
        .prop_filter_map("too long", |(bytes, scope)| Name::from_bytes(bytes).with_scope(scope).ok())
}

fn node_type() -> impl Strategy<Value = NodeType> {
    any::<u8>().prop_map(NodeType::from_bits)
}

fn text() -> impl Strategy<Value = Text> {
    vec(1_u8.., 0..20).prop_map(|bytes| Text::new(bytes).expect("no zero"))
}

fn wide_text() -> impl Strategy<Value = WideText> {
    ".{0,12}".prop_filter_map("has NUL", |text| WideText::new(text).ok())
}

fn address() -> impl Strategy<Value = Ipv4Addr> {
    any::<u32>().prop_map(Ipv4Addr::from)
}

fn holder() -> impl Strategy<Value = Holder> {
    (any::<u16>(), address()).prop_map(|(bits, address)| Holder { flags: NameFlags::from_bits(bits), address })
}

fn claim() -> impl Strategy<Value = Claim> {
    (name(), any::<u32>(), holder()).prop_map(|(name, ttl, holder)| Claim { name, ttl, holder })
}

fn rcode() -> impl Strategy<Value = Rcode> {
    (0_u8..16).prop_map(Rcode::from_bits)
}

fn failure() -> impl Strategy<Value = Rcode> {
    (1_u8..16).prop_map(Rcode::from_bits)
}

fn flags() -> impl Strategy<Value = Flags> {
    let flag = |flag: Flags| any::<bool>().prop_map(move |set| if set { flag } else { Flags::NONE });
    let all = [
        flag(Flags::AUTHORITATIVE),
        flag(Flags::TRUNCATED),
        flag(Flags::RECURSION_DESIRED),
        flag(Flags::RECURSION_AVAILABLE),
        flag(Flags::BROADCAST),
    ];
    all.prop_map(|flags| flags.into_iter().fold(Flags::NONE, |all, flag| all | flag))
}

fn entry() -> impl Strategy<Value = Entry> {
    any::<([u8; 16], u16)>().prop_map(|(name, bits)| Entry { name, flags: NameFlags::from_bits(bits) })
}

fn question() -> impl Strategy<Value = Question> {
    (name(), any::<u16>(), any::<u16>()).prop_map(|(name, kind, class)| Question { name, kind, class })
}

fn record() -> impl Strategy<Value = Record> {
    let kind = prop_oneof![Just(kind::NB), Just(kind::NULL), any::<u16>()];
    (prop::option::of(name()), kind, any::<u32>(), vec(any::<u8>(), 0..40))
        .prop_map(|(name, kind, ttl, data)| Record::new(name, kind, ttl, data).expect("short"))
}

/// Packets of unknown form: with an opcode that RFC 1002 does not have.
fn other() -> impl Strategy<Value = name_service::Body> {
    let records = || vec(record(), 0..3);
    let sections = (vec(question(), 0..3), records(), records(), records()).prop_map(
        |(questions, answers, authorities, additionals)| Sections { questions, answers, authorities, additionals },
    );
    let opcode = prop_oneof![1_u8..5, 10_u8..15].prop_map(Opcode::from_bits);
    (any::<bool>(), opcode, rcode(), sections).prop_map(|(response, opcode, rcode, sections)| {
        name_service::Body::Other { response, opcode, rcode, sections: Box::new(sections) }
    })
}

pub fn name_service_packet() -> impl Strategy<Value = name_service::Packet> {
    use name_service::Body;
    let refresh = prop_oneof![Just(RefreshCode::Eight), Just(RefreshCode::Nine)];
    let body = prop_oneof![
        name().prop_map(|name| Body::QueryRequest { name }),
        name().prop_map(|name| Body::NodeStatusRequest { name }),
        claim().prop_map(Body::RegistrationRequest),
        claim().prop_map(Body::MultihomedRegistrationRequest),
        (claim(), refresh).prop_map(|(claim, opcode)| Body::RefreshRequest { claim, opcode }),
        claim().prop_map(Body::ReleaseRequest),
        (name(), any::<u32>(), vec(holder(), 0..30)).prop_map(|(name, ttl, holders)| Body::QueryResponse {
            name,
            ttl,
            holders
        }),
        (prop::option::of(name()), failure()).prop_map(|(name, rcode)| Body::NegativeQueryResponse { name, rcode }),
        (name(), any::<u32>(), name(), address())
            .prop_map(|(name, ttl, server, address)| Body::RedirectQueryResponse { name, ttl, server, address }),
        (claim(), rcode()).prop_map(|(claim, rcode)| Body::RegistrationResponse { claim, rcode }),
        (claim(), rcode()).prop_map(|(claim, rcode)| Body::ReleaseResponse { claim, rcode }),
        (prop::option::of(name()), any::<u32>(), any::<u16>()).prop_map(|(name, ttl, request_flags)| Body::Wack {
            name,
            ttl,
            request_flags
        }),
        (name(), vec(entry(), 0..256), any::<[u8; 6]>()).prop_map(|(name, entries, unit_id)| {
            Body::NodeStatusResponse { name, entries, statistics: Statistics::new(unit_id) }
        }),
        other(),
    ];
    (any::<u16>(), flags(), body).prop_map(|(id, flags, body)| name_service::Packet { id, flags, body })
}

/// A datagram packet without the data that it borrows.
#[derive(Clone, Debug)]
pub struct DatagramParts {
    header: Header,
    form: u8,
    kind: Destination,
    names: (Name, Name),
    length: u16,
    offset: u16,
    code: u8,
}

impl DatagramParts {
    pub fn with<'a>(&self, data: &'a [u8]) -> Packet<'a> {
        let DatagramParts { header, form, kind, names, length, offset, code } = self.clone();
        let (source, destination) = names;
        let body = match form {
            0 => Body::FirstFragment { kind, length, source, destination, data },
            1 => Body::LaterFragment { kind, length, offset, more: code % 2 == 0, data },
            2 => Body::Error { code: ErrorCode::from_bits(code) },
            3 => Body::QueryRequest { destination },
            4 => Body::PositiveQueryResponse { destination },
            5 => Body::NegativeQueryResponse { destination },
            _ => Body::Whole { kind, source, destination, data },
        };
        Packet { header, body }
    }
}

pub fn datagram_parts() -> impl Strategy<Value = DatagramParts> {
    let header = (node_type(), any::<u16>(), address(), any::<u16>())
        .prop_map(|(node_type, id, address, port)| Header { node_type, id, source: SocketAddrV4::new(address, port) });
    let kind = prop_oneof![Just(Destination::Unique), Just(Destination::Group), Just(Destination::Broadcast)];
    (header, 0_u8..12, kind, (name(), name()), any::<(u16, u16, u8)>()).prop_map(
        |(header, form, kind, names, (length, offset, code))| DatagramParts {
            header,
            form,
            kind,
            names,
            length,
            offset,
            code,
        },
    )
}

pub fn write_fields() -> impl Strategy<Value = (Class, u16, Duration)> {
    (any::<u16>().prop_map(Class::from_bits), any::<u16>(), milliseconds())
}

fn milliseconds() -> impl Strategy<Value = Duration> {
    any::<u32>().prop_map(|n| Duration::from_millis(n.into()))
}

fn server_name() -> impl Strategy<Value = ServerName> {
    vec(1_u8.., 0..16).prop_map(|bytes| ServerName::new(bytes).expect("short, no zero"))
}

fn server_type() -> impl Strategy<Value = ServerType> {
    any::<u32>().prop_map(ServerType::from_bits)
}

fn announcement() -> impl Strategy<Value = Announcement> {
    let versions = any::<((u8, u8), (u8, u8), u16)>();
    (any::<u8>(), milliseconds(), server_name(), versions, server_type(), text()).prop_map(
        |(update_count, period, name, (system_version, browser_version, signature), server_type, comment)| {
            Announcement {
                update_count,
                period,
                name,
                system_version,
                server_type,
                browser_version,
                signature,
                comment,
            }
        },
    )
}

pub fn browser_message() -> impl Strategy<Value = browser::Message> {
    use browser::Message;
    prop_oneof![
        announcement().prop_map(Message::HostAnnouncement),
        announcement().prop_map(Message::DomainAnnouncement),
        announcement().prop_map(Message::LocalMasterAnnouncement),
        (any::<u8>(), text()).prop_map(|(reserved, name)| Message::AnnouncementRequest { reserved, name }),
        (any::<(u8, u32, u32)>(), server_name()).prop_map(|((version, criteria, uptime), name)| {
            Message::RequestElection { version, criteria, uptime, name }
        }),
        any::<(u8, u32)>().prop_map(|(count, token)| Message::GetBackupListRequest { count, token }),
        (any::<u32>(), vec(server_name(), 0..256))
            .prop_map(|(token, servers)| Message::GetBackupListResponse { token, servers }),
        server_name().prop_map(|name| Message::BecomeBackup { name }),
        server_name().prop_map(|name| Message::MasterAnnouncement { name }),
        any::<u8>().prop_map(|what| Message::ResetState { what }),
        (16_u8.., vec(any::<u8>(), 0..40)).prop_map(|(opcode, data)| Message::Other { opcode, data }),
    ]
}

pub fn lanman_announcement() -> impl Strategy<Value = LanManAnnouncement> {
    (server_type(), any::<(u8, u8)>(), any::<u16>(), server_name(), text()).prop_map(
        |(server_type, system_version, seconds, name, comment)| LanManAnnouncement {
            server_type,
            system_version,
            interval: Duration::from_secs(seconds.into()),
            name,
            comment,
        },
    )
}

fn version() -> impl Strategy<Value = Version> {
    any::<u32>().prop_map(Version::from_bits)
}

fn outcome() -> impl Strategy<Value = netlogon::Outcome> {
    prop_oneof![
        Just(netlogon::Outcome::Available),
        Just(netlogon::Outcome::Paused),
        Just(netlogon::Outcome::UserUnknown)
    ]
}

fn directory() -> impl Strategy<Value = Directory> {
    (any::<[u8; 16]>(), [dns_name(), dns_name(), dns_name()], address(), any::<u32>()).prop_map(
        |(domain_guid, [forest, domain, host], address, server_flags)| Directory {
            domain_guid,
            forest,
            domain,
            host,
            address,
            server_flags,
        },
    )
}

fn response() -> impl Strategy<Value = Response> {
    (outcome(), [wide_text(), wide_text(), wide_text()], prop::option::of(directory()), version()).prop_map(
        |(outcome, [server, user, domain], directory, version)| Response {
            outcome,
            server,
            user,
            domain,
            directory,
            version,
        },
    )
}

/// Many of the names are equal, so that there is something to compress.
fn response_ex() -> impl Strategy<Value = ResponseEx> {
    let names = vec(dns_name(), 1..5);
    let places = any::<[prop::sample::Index; 8]>();
    (outcome(), any::<(u32, [u8; 16])>(), names, places, prop::option::of(address()), version()).prop_map(
        |(outcome, (server_flags, domain_guid), names, places, address, version)| {
            let [forest, domain, host, netbios_domain, netbios_host, user, server_site, client_site] =
                places.map(|place| names[place.index(names.len())].clone());
            ResponseEx {
                outcome,
                server_flags,
                domain_guid,
                forest,
                domain,
                host,
                netbios_domain,
                netbios_host,
                user,
                server_site,
                client_site,
                address,
                version,
            }
        },
    )
}

pub fn netlogon_message() -> impl Strategy<Value = netlogon::Message> {
    use netlogon::Message;
    let sam_logon_request =
        (any::<(u16, u32)>(), [wide_text(), wide_text()], text(), vec(any::<u8>(), 0..30), version()).prop_map(
            |((count, account_bits), [computer, user], reply, sid, version)| Message::SamLogonRequest {
                count,
                computer,
                user,
                reply,
                account_bits,
                sid,
                version,
            },
        );
    prop_oneof![
        ([text(), text(), text()], any::<u8>()).prop_map(|([computer, user, reply], count)| Message::LogonRequest {
            computer,
            user,
            reply,
            count
        }),
        text().prop_map(|server| Message::LogonResponse { server }),
        ([text(), text()], wide_text(), version()).prop_map(|([computer, reply], wide_computer, version)| {
            Message::PrimaryQuery { computer, reply, wide_computer, version }
        }),
        (text(), [wide_text(), wide_text()], version()).prop_map(|(server, [wide_server, domain], version)| {
            Message::PrimaryResponse { server, wide_server, domain, version }
        }),
        sam_logon_request,
        response().prop_map(Message::SamLogonResponse),
        response_ex().prop_map(Message::SamLogonResponseEx),
        (26_u16.., vec(any::<u8>(), 0..40)).prop_map(|(opcode, data)| Message::Other { opcode, data }),
    ]
}
