//! Decoded values in the words of the recordings' notes.

use mailslot_wire::browser::{self, Announcement};
use mailslot_wire::datagram::{self, Body};
use mailslot_wire::name_service::{self, Claim, Flags, Holder};
use mailslot_wire::netlogon::{self, Message};
use mailslot_wire::smb::MailslotWrite;

use crate::packet::{Content, Layers};

impl Layers<'_> {
    /// Pieces of text, each of which must be in the notes.
    pub fn describe(&self) -> Vec<String> {
        match self {
            Layers::NameService(packet) => name_service(packet),
            Layers::Datagram { packet, write } => {
                let mut pieces = datagram(packet);
                if let Some((write, content)) = write {
                    pieces.extend(smb(write));
                    pieces.extend(match content {
                        Content::Browser(message) => browser(message),
                        Content::LanMan(it) => vec![
                            format!(
                                "lanman op=1 type={:#010x} version={}.{}",
                                it.server_type.bits(),
                                it.system_version.0,
                                it.system_version.1
                            ),
                            format!(
                                "interval_s={} name={} comment={}",
                                it.interval.as_secs(),
                                it.name,
                                word(&it.comment.to_string())
                            ),
                        ],
                        Content::Netlogon(message) => netlogon(message),
                        Content::Unknown => Vec::new(),
                    });
                }
                pieces
            }
        }
    }
}

fn name_service(packet: &name_service::Packet) -> Vec<String> {
    let body = &packet.body;
    let word = u16::from(body.is_response()) << 15
        | u16::from(body.opcode().bits()) << 11
        | packet.flags.bits()
        | u16::from(body.rcode().bits());
    let direction = if body.is_response() { "response" } else { "request" };
    let mut pieces = vec![
        format!("ns id={:#06x} flags={word:#06x} {direction} opcode={}(", packet.id, body.opcode().bits()),
        format!(" rcode={} ", body.rcode().bits()),
    ];
    for (flag, name) in [
        (Flags::AUTHORITATIVE, "AA"),
        (Flags::TRUNCATED, "TC"),
        (Flags::RECURSION_DESIRED, "RD"),
        (Flags::RECURSION_AVAILABLE, "RA"),
        (Flags::BROADCAST, "B"),
    ] {
        if packet.flags.contains(flag) {
            pieces.push(format!(" {name} "));
        }
    }
    pieces.extend(sections(body));
    pieces
}

fn sections(body: &name_service::Body) -> Vec<String> {
    use name_service::Body;
    match body {
        Body::QueryRequest { name } => vec![format!("question name={name} type=0x0020 class=0x0001")],
        Body::NodeStatusRequest { name } => vec![format!("question name={name} type=0x0021 class=0x0001")],
        Body::RegistrationRequest(it)
        | Body::MultihomedRegistrationRequest(it)
        | Body::ReleaseRequest(it)
        | Body::RefreshRequest { claim: it, .. } => {
            vec![format!("question name={} type", it.name), claim(it), format!("additional name={}", it.name)]
        }
        Body::RegistrationResponse { claim: it, .. } | Body::ReleaseResponse { claim: it, .. } => {
            vec![claim(it), format!("answer name={}", it.name)]
        }
        Body::QueryResponse { name, ttl, holders } => vec![
            format!("answer name={name} type=0x0020 class=0x0001 ttl={ttl} rdlength={}", 6 * holders.len()),
            holders.iter().map(holder).collect::<Vec<_>>().join(" "),
        ],
        Body::NegativeQueryResponse { name: Some(name), .. } => {
            vec![format!("answer name={name} type=0x000a class=0x0001 ttl=0 rdlength=0")]
        }
        Body::RedirectQueryResponse { name, ttl, server, address } => {
            vec![
                format!("authority name={name} type=0x0002 class=0x0001 ttl={ttl} "),
                format!(
                    "additional name={server} type=0x0001 class=0x0001 ttl={ttl} rdlength=4 rdata={}",
                    hex(&address.octets())
                ),
            ]
        }
        Body::Wack { name, ttl, request_flags } => vec![
            format!("answer name={} ", name.as_ref().map_or("null".into(), ToString::to_string)),
            format!(" ttl={ttl} rdlength=2 request_flags={request_flags:#06x}"),
        ],
        Body::NodeStatusResponse { name, entries, statistics } => {
            let names: Vec<String> =
                entries.iter().map(|entry| format!("{},{:#06x}", entry.name(), entry.flags.bits())).collect();
            let id: Vec<String> = statistics.unit_id.iter().map(|byte| format!("{byte:02x}")).collect();
            vec![
                format!("answer name={name} type=0x0021"),
                format!("status names={} {} unit_id={}", names.len(), names.join(" "), id.join(":")),
                format!("stats_bytes={}", statistics.counters().len() + 6),
            ]
        }
        other => vec![format!("the form {other:?}, which no vector has")],
    }
}

fn claim(it: &Claim) -> String {
    format!("type=0x0020 class=0x0001 ttl={} rdlength=6 {}", it.ttl, holder(&it.holder))
}

fn holder(it: &Holder) -> String {
    let kind = if it.flags.is_group() { "group" } else { "unique" };
    format!("addr={},flags={:#06x}({kind},{:?})", it.address, it.flags.bits(), it.flags.node_type())
}

fn datagram(packet: &datagram::Packet<'_>) -> Vec<String> {
    let header = &packet.header;
    let node_type = header.node_type;
    let mut pieces =
        vec![format!("SNT={}({node_type:?}) id={:#06x} src={}", node_type.bits(), header.id, header.source)];
    pieces.extend(match &packet.body {
        Body::Whole { kind, source, destination, data } => vec![
            format!("dgm type={:#04x}", 0x10 + *kind as u8),
            " FIRST,SNT".to_owned(),
            format!("source={source} dest={destination} user_data={}", data.len()),
        ],
        Body::FirstFragment { length, source, destination, data, .. } => vec![
            format!(" FIRST MORE,SNT={}", node_type.bits()),
            format!(" length={length} offset=0"),
            format!("source={source} dest={destination} user_data={}", data.len()),
        ],
        Body::LaterFragment { length, offset, more, data, .. } => vec![
            format!("flags={:#04x},", node_type.bits() << 2 | u8::from(*more)),
            format!(" length={length} offset={offset}"),
            format!("fragment bytes={}", data.len()),
        ],
        Body::Error { code } => vec!["dgm type=0x13".to_owned(), format!(" error={:#04x}", code.bits())],
        Body::QueryRequest { destination } => vec!["dgm type=0x14".to_owned(), format!("dest={destination}")],
        Body::PositiveQueryResponse { destination } => vec!["dgm type=0x15".to_owned(), format!("dest={destination}")],
        Body::NegativeQueryResponse { destination } => vec!["dgm type=0x16".to_owned(), format!("dest={destination}")],
    });
    pieces
}

fn smb(write: &MailslotWrite<'_>) -> Vec<String> {
    vec![
        format!(" timeout={} ", write.timeout.as_millis()),
        format!("opcode=1 priority={} class={} data_offset=", write.priority, write.class.bits()),
        format!(r"\{} opcode", write.slot()),
        format!("data_count={} ", write.data().len()),
        format!("data={}", hex(write.data())),
    ]
}

fn browser(message: &browser::Message) -> Vec<String> {
    use browser::Message;
    match message {
        Message::HostAnnouncement(it) => announcement(1, it),
        Message::DomainAnnouncement(it) => announcement(12, it),
        Message::LocalMasterAnnouncement(it) => announcement(15, it),
        Message::AnnouncementRequest { reserved, name } => {
            vec![format!("browse op=2(AnnouncementRequest) reserved={reserved} name={name}")]
        }
        Message::RequestElection { version, criteria, uptime, name } => vec![format!(
            "browse op=8(RequestElection) version={version} criteria={criteria:#010x} uptime={uptime} \
             unused=0 name={name}"
        )],
        Message::GetBackupListRequest { count, token } => {
            vec![format!("browse op=9(GetBackupListRequest) count={count} token={token:#010x}")]
        }
        Message::GetBackupListResponse { token, servers } => {
            let names: Vec<String> = servers.iter().map(ToString::to_string).collect();
            vec![format!(
                "browse op=10(GetBackupListResponse) count={} token={token:#010x} names={}",
                names.len(),
                names.join(",")
            )]
        }
        Message::MasterAnnouncement { name } => vec![format!("browse op=13(MasterAnnouncement) name={name}")],
        other => vec![format!("the form {other:?}, which no vector has")],
    }
}

fn announcement(opcode: u8, it: &Announcement) -> Vec<String> {
    vec![
        format!("browse op={opcode}("),
        format!(
            " update={} period_ms={} name={} version={}.{} type={:#010x} browser={}.{} signature={:#06x} text={}",
            it.update_count,
            it.period.as_millis(),
            it.name,
            it.system_version.0,
            it.system_version.1,
            it.server_type.bits(),
            it.browser_version.0,
            it.browser_version.1,
            it.signature,
            word(&it.comment.to_string()),
        ),
    ]
}

fn netlogon(message: &netlogon::Message) -> Vec<String> {
    match message {
        Message::LogonRequest { computer, user, reply, count } => vec![format!(
            "netlogon op=0(LOGON_REQUEST) computer={computer} user={user} reply={} count={count} tokens=ffffffff",
            plain(reply.as_bytes())
        )],
        Message::LogonResponse { server } => {
            vec![format!("netlogon op=6(LOGON_RESPONSE2) server={} token=0xffff", plain(server.as_bytes()))]
        }
        Message::PrimaryQuery { computer, reply, wide_computer, version } => vec![format!(
            "netlogon op=7(LOGON_PRIMARY_QUERY) computer={computer} reply={} unicode={wide_computer} \
             nt_version={:#010x}",
            plain(reply.as_bytes()),
            version.bits()
        )],
        Message::PrimaryResponse { server, wide_server, domain, version } => vec![
            format!("netlogon op=12(LOGON_PRIMARY_RESPONSE) pdc={server} unicode={wide_server} domain={domain} "),
            format!(" nt_version={:#010x}", version.bits()),
        ],
        Message::SamLogonRequest { count, computer, user, reply, account_bits, sid, version } => vec![format!(
            "netlogon op=18(LOGON_SAM_LOGON_REQUEST) count={count} computer={computer} user={} reply={} \
             account_bits={account_bits:#010x} sid_size={} nt_version={:#010x}",
            or_dash(user.as_str()),
            plain(reply.as_bytes()),
            sid.len(),
            version.bits()
        )],
        Message::SamLogonResponse(it) => {
            let mut pieces = vec![
                format!(" server={} user={} domain={} ", it.server, or_dash(it.user.as_str()), it.domain),
                format!(" nt_version={:#010x}", it.version.bits()),
            ];
            pieces.extend(it.directory.iter().map(|it| format!(" domain_guid={} ", hex(&it.domain_guid))));
            pieces
        }
        Message::SamLogonResponseEx(it) => vec![
            format!("(LOGON_SAM_LOGON_RESPONSE_EX) body=0000{}", hex(&it.server_flags.to_le_bytes())),
            hex(&it.domain_guid),
            format!(" nt_version={:#010x}", it.version.bits()),
        ],
        other => vec![format!("the form {other:?}, which no vector has")],
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// With blanks as the notes have them.
fn word(text: &str) -> String {
    text.replace(' ', r"\x20")
}

fn plain(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn or_dash(text: &str) -> &str {
    if text.is_empty() { "-" } else { text }
}
