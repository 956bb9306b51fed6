//! Writes the seeds of the fuzz targets: one packet of each form. `seeds DIRECTORY`, usually `fuzz/seeds`.

use std::error::Error;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use mailslot_wire::browser::{self, Announcement, LanManAnnouncement, ServerName, ServerType};
use mailslot_wire::datagram::{self, Body, Destination, ErrorCode, Header};
use mailslot_wire::name_service::{Claim, Entry, Flags, Holder, NameFlags, Packet, Rcode, Statistics};
use mailslot_wire::netlogon::{self, Directory, Response, ResponseEx, Version};
use mailslot_wire::smb::{MailslotWrite, Style};
use mailslot_wire::{DnsName, Name, NodeType, Result, Text, WideText};

const ADDRESS: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 1);

fn main() -> std::result::Result<(), Box<dyn Error>> {
    let root = PathBuf::from(std::env::args_os().nth(1).ok_or("usage: seeds DIRECTORY")?);
    write(&root.join("names"), names()?)?;
    write(&root.join("name_service"), name_service()?)?;
    write(&root.join("datagram"), datagrams()?)?;
    write(&root.join("smb"), writes()?)?;
    write(&root.join("browser"), browser_messages()?)?;
    write(&root.join("netlogon"), netlogon_messages()?)?;
    Ok(())
}

fn write(directory: &Path, seeds: Vec<(&str, Vec<u8>)>) -> std::io::Result<()> {
    std::fs::create_dir_all(directory)?;
    seeds.into_iter().try_for_each(|(name, bytes)| std::fs::write(directory.join(name), bytes))
}

fn names() -> Result<Vec<(&'static str, Vec<u8>)>> {
    Ok(vec![
        ("computer", Name::new("SRV1", 0x20)?.encode()),
        ("wildcard", Name::wildcard().encode()),
        ("msbrowse", Name::msbrowse().encode()),
        ("scope", Name::new("SRV1", 0)?.with_scope(DnsName::new("corp.example")?)?.encode()),
    ])
}

fn name_service() -> Result<Vec<(&'static str, Vec<u8>)>> {
    let name = || Name::new("SRV1", 0x20);
    let holder = Holder { flags: NameFlags::group(NodeType::H), address: ADDRESS };
    let claim = || Ok(Claim { name: name()?, ttl: 300, holder });
    let entries = vec![Entry { name: *name()?.as_bytes(), flags: NameFlags::ACTIVE }; 2];
    let registration = Packet::server_registration(1, claim()?);
    let mut unknown = Packet::server_query(1, name()?).encode();
    unknown[2] |= 0x60;
    Ok(vec![
        ("query", Packet::broadcast_query(1, name()?).encode()),
        ("status-request", Packet::node_status_request(1, Name::wildcard()).encode()),
        ("registration", registration.encode()),
        ("multihomed", Packet::server_multihomed_registration(1, claim()?).encode()),
        ("refresh", Packet::refresh(1, claim()?).encode()),
        ("release", Packet::broadcast_release(1, name()?, holder).encode()),
        ("query-response", Packet::query_response(1, Flags::NONE, name()?, 300, vec![holder; 2]).encode()),
        ("negative-query-response", Packet::negative_query_response(1, Flags::NONE, name()?, Rcode::Name).encode()),
        ("redirect", Packet::redirect_query_response(1, name()?, 300, Name::new("NBNS", 0)?, ADDRESS).encode()),
        ("registration-response", Packet::registration_response(1, claim()?, Rcode::Active).encode()),
        ("challenge", Packet::end_node_challenge(1, claim()?).encode()),
        ("conflict", Packet::conflict_demand(1, name()?, NameFlags::unique(NodeType::B)).encode()),
        ("release-response", Packet::release_response(1, claim()?, Rcode::Success).encode()),
        ("wack", Packet::wack(&registration, 5).encode()),
        ("status", Packet::node_status_response(1, Name::wildcard(), entries, Statistics::new([2; 6])).encode()),
        ("unknown", unknown),
    ])
}

fn datagrams() -> Result<Vec<(&'static str, Vec<u8>)>> {
    let packet = |body| {
        let source = std::net::SocketAddrV4::new(ADDRESS, 138);
        datagram::Packet { header: Header { node_type: NodeType::B, id: 1, source }, body }
    };
    let (source, destination) = (Name::new("SRV1", 0)?, Name::new("SRV2", 0)?);
    let (kind, data) = (Destination::Unique, &[b'x'; 500]);
    let whole = Body::Whole { kind, source: source.clone(), destination: destination.clone(), data };
    let group = Body::Whole { kind: Destination::Group, source, destination: destination.clone(), data: b"news" };
    let fragments = packet(whole.clone()).fragments(datagram::MAX_DATAGRAM_LENGTH)?;
    let mut seeds = vec![
        ("whole", packet(whole).encode()),
        ("group", packet(group).encode()),
        ("error", packet(Body::Error { code: ErrorCode::DestinationNotPresent }).encode()),
        ("query", packet(Body::QueryRequest { destination: destination.clone() }).encode()),
        ("positive", packet(Body::PositiveQueryResponse { destination: destination.clone() }).encode()),
        ("negative", packet(Body::NegativeQueryResponse { destination }).encode()),
    ];
    seeds.extend(["first-fragment", "later-fragment"].into_iter().zip(fragments.iter().map(datagram::Packet::encode)));
    Ok(seeds)
}

fn writes() -> Result<Vec<(&'static str, Vec<u8>)>> {
    let write = MailslotWrite::new(b"plant\\line 1", b"door 2 opened")?;
    Ok(vec![("windows", write.encode(Style::Windows)), ("samba", write.encode(Style::Samba))])
}

fn browser_messages() -> Result<Vec<(&'static str, Vec<u8>)>> {
    use browser::Message;
    let name = ServerName::new("SRV1")?;
    let server_type = ServerType::WORKSTATION | ServerType::SERVER;
    let comment = Text::new("the first")?;
    let announcement = Announcement {
        update_count: 1,
        period: Duration::from_secs(60),
        name: name.clone(),
        system_version: (6, 1),
        server_type,
        browser_version: Announcement::BROWSER_VERSION,
        signature: Announcement::SIGNATURE,
        comment: comment.clone(),
    };
    let interval = Duration::from_secs(60);
    let lanman = LanManAnnouncement { server_type, system_version: (6, 1), interval, name: name.clone(), comment };
    let election = Message::RequestElection { version: 1, criteria: 0x1001_0F03, uptime: 60, name: name.clone() };
    Ok(vec![
        ("host", Message::HostAnnouncement(announcement.clone()).encode()),
        ("domain", Message::DomainAnnouncement(announcement.clone()).encode()),
        ("local-master", Message::LocalMasterAnnouncement(announcement).encode()),
        ("announcement-request", Message::announcement_request(&name).encode()),
        ("election", election.encode()),
        ("backup-list-request", Message::GetBackupListRequest { count: 4, token: 1 }.encode()),
        ("backup-list", Message::GetBackupListResponse { token: 1, servers: vec![name.clone(); 2] }.encode()),
        ("become-backup", Message::BecomeBackup { name: name.clone() }.encode()),
        ("master", Message::MasterAnnouncement { name }.encode()),
        ("reset", Message::ResetState { what: 1 }.encode()),
        ("lanman", lanman.encode()),
    ])
}

fn netlogon_messages() -> Result<Vec<(&'static str, Vec<u8>)>> {
    use netlogon::Message;
    let (reply, server) = (r"\MAILSLOT\NET\GETDC1", WideText::new(r"\\DC1")?);
    let (computer, user) = (Text::new("SRV1")?, Text::new("alice")?);
    let request = Message::LogonRequest { computer, user, reply: Text::new(reply)?, count: 0 };
    let (domain, version) = (WideText::new("CORP")?, Version::NT4);
    let primary = Message::PrimaryResponse {
        server: Text::new("DC1")?,
        wide_server: WideText::new("DC1")?,
        domain: domain.clone(),
        version,
    };
    let (outcome, user) = (netlogon::Outcome::Available, WideText::default());
    let nt4 = Response { outcome, server, user, domain, directory: None, version };
    let (forest, host) = (DnsName::new("corp.example")?, DnsName::new("dc1.corp.example")?);
    let directory = Directory {
        domain_guid: [7; 16],
        forest: forest.clone(),
        domain: forest.clone(),
        host: host.clone(),
        address: ADDRESS,
        server_flags: 1,
    };
    let ex = ResponseEx {
        outcome,
        server_flags: 1,
        domain_guid: [7; 16],
        forest: forest.clone(),
        domain: forest,
        host,
        netbios_domain: DnsName::new("CORP")?,
        netbios_host: DnsName::new("DC1")?,
        user: DnsName::default(),
        server_site: DnsName::new("site")?,
        client_site: DnsName::new("site")?,
        address: Some(ADDRESS),
        version: Version::EX_WITH_ADDRESS,
    };
    Ok(vec![
        ("logon-request", request.encode()),
        ("logon-response", Message::LogonResponse { server: Text::new(r"\\DC1")? }.encode()),
        ("primary-query", Message::primary_query("SRV1", reply)?.encode()),
        ("primary-response", primary.encode()),
        ("sam-logon", Message::sam_logon_request("SRV1", reply, Version::EX_WITH_ADDRESS)?.encode()),
        ("response-nt4", Message::SamLogonResponse(nt4.clone()).encode()),
        ("response-nt5", Message::SamLogonResponse(Response { directory: Some(directory), ..nt4 }).encode()),
        ("response-ex", Message::SamLogonResponseEx(ex).encode()),
    ])
}
