//! The data of mailslot writes: messages of the browser and of NETLOGON.

use mailslot_wire::browser::{self, Announcement, ServerType};
use mailslot_wire::netlogon::{self, Response, ResponseEx};
use mailslot_wire::smb::MailslotWrite;
use mailslot_wire::{DnsName, Result, Text};

use crate::fields::{Fields, hex};

pub const COLUMNS: &[&str] = &[
    "browser.command",
    "browser.update_count",
    "browser.period",
    "browser.server",
    "browser.mb_server",
    "browser.os_major",
    "browser.os_minor",
    "browser.server_type",
    "browser.server_type.workstation",
    "browser.server_type.server",
    "browser.server_type.sql",
    "browser.server_type.domain_controller",
    "browser.server_type.backup_controller",
    "browser.server_type.time",
    "browser.server_type.apple",
    "browser.server_type.novell",
    "browser.server_type.member",
    "browser.server_type.print",
    "browser.server_type.dialin",
    "browser.server_type.xenix",
    "browser.server_type.ntw",
    "browser.server_type.wfw",
    "browser.server_type.nts",
    "browser.server_type.browser.potential",
    "browser.server_type.browser.backup",
    "browser.server_type.browser.master",
    "browser.server_type.browser.domain_master",
    "browser.server_type.osf",
    "browser.server_type.vms",
    "browser.server_type.w95",
    "browser.server_type.dfs",
    "browser.server_type.local",
    "browser.server_type.domainenum",
    "browser.proto_major",
    "browser.proto_minor",
    "browser.sig",
    "browser.comment",
    "browser.unused",
    "browser.response_computer_name",
    "browser.election.version",
    "browser.election.criteria",
    "browser.election.desire",
    "browser.election.os",
    "browser.uptime",
    "browser.backup.count",
    "browser.backup.token",
    "browser.backup.server",
    "smb_netlogon.command",
    "smb_netlogon.request_count",
    "smb_netlogon.computer_name",
    "smb_netlogon.unicode_computer_name",
    "smb_netlogon.user_name",
    "smb_netlogon.mailslot_name",
    "smb_netlogon.flags",
    "smb_netlogon.domain_sid_size",
    "smb_netlogon.server_name",
    "smb_netlogon.pdc_name",
    "smb_netlogon.unicode_pdc_name",
    "smb_netlogon.domain_name",
    "smb_netlogon.nt_version",
    "smb_netlogon.domain.guid",
    "smb_netlogon.forest_dns_name",
    "smb_netlogon.domain_dns_name",
    "smb_netlogon.server_dns_name",
    "smb_netlogon.server_ip",
    "smb_netlogon.server_site_name",
    "smb_netlogon.client_site_name",
];

/// As tshark names them.
const SERVER_TYPES: &[(&str, ServerType)] = &[
    ("browser.server_type.workstation", ServerType::WORKSTATION),
    ("browser.server_type.server", ServerType::SERVER),
    ("browser.server_type.sql", ServerType::SQL_SERVER),
    ("browser.server_type.domain_controller", ServerType::DOMAIN_CONTROLLER),
    ("browser.server_type.backup_controller", ServerType::BACKUP_DOMAIN_CONTROLLER),
    ("browser.server_type.time", ServerType::TIME_SOURCE),
    ("browser.server_type.apple", ServerType::APPLE),
    ("browser.server_type.novell", ServerType::NOVELL),
    ("browser.server_type.member", ServerType::DOMAIN_MEMBER),
    ("browser.server_type.print", ServerType::PRINT_QUEUE),
    ("browser.server_type.dialin", ServerType::DIAL_IN),
    ("browser.server_type.xenix", ServerType::UNIX),
    ("browser.server_type.ntw", ServerType::NT),
    ("browser.server_type.wfw", ServerType::WINDOWS_FOR_WORKGROUPS),
    ("browser.server_type.nts", ServerType::NT_SERVER),
    ("browser.server_type.browser.potential", ServerType::POTENTIAL_BROWSER),
    ("browser.server_type.browser.backup", ServerType::BACKUP_BROWSER),
    ("browser.server_type.browser.master", ServerType::MASTER_BROWSER),
    ("browser.server_type.browser.domain_master", ServerType::DOMAIN_MASTER_BROWSER),
    ("browser.server_type.osf", ServerType::OSF),
    ("browser.server_type.vms", ServerType::VMS),
    ("browser.server_type.w95", ServerType::WINDOWS_95),
    ("browser.server_type.dfs", ServerType::DFS),
    ("browser.server_type.local", ServerType::LOCAL_LIST_ONLY),
    ("browser.server_type.domainenum", ServerType::DOMAIN),
];

pub fn decode(write: &MailslotWrite<'_>, fields: &mut Fields) -> Result<()> {
    let slot = write.slot();
    if slot.is(browser::MAILSLOT) {
        browser(&browser::Message::parse(write.data())?, fields);
    } else if slot.is(browser::LANMAN_MAILSLOT) {
        // tshark decodes it as a message of the browser.
        fields.do_not_know(COLUMNS);
    } else if slot.as_bytes().starts_with(b"NET\\") || slot.is(br"TEMP\NETLOGON") {
        let message = netlogon::Message::parse(write.data())?;
        netlogon(&message, fields);
        if matches!(message, netlogon::Message::PrimaryResponse { .. }) && message.encode().len() < write.data().len() {
            // nmbd aligns the version, which tshark does not expect.
            fields.do_not_know(&["smb_netlogon.nt_version"]);
        }
    }
    Ok(())
}

fn browser(message: &browser::Message, fields: &mut Fields) {
    use browser::Message;
    let command = u32::from(message.encode()[0]);
    fields.add("browser.command", command);
    match message {
        Message::HostAnnouncement(it) | Message::LocalMasterAnnouncement(it) => {
            announcement(it, fields);
            version(it, fields);
            fields.add("browser.comment", text(&it.comment));
        }
        Message::DomainAnnouncement(it) => {
            announcement(it, fields);
            // Windows has something else there (MS-BRWS section 2.2.7 leaves it undefined), which tshark shows as one
            // number.
            if it.signature == Announcement::SIGNATURE {
                version(it, fields);
            }
            fields.add("browser.mb_server", text(&it.comment));
        }
        Message::AnnouncementRequest { reserved, name } => {
            fields.add("browser.unused", reserved);
            fields.add("browser.response_computer_name", text(name));
        }
        Message::RequestElection { version, criteria, uptime, name } => {
            let [desire, major, minor, system] = criteria.to_le_bytes();
            fields.add("browser.election.version", version);
            fields.add("browser.election.criteria", criteria);
            fields.add("browser.election.desire", desire);
            fields.add("browser.proto_major", major);
            fields.add("browser.proto_minor", minor);
            fields.add("browser.election.os", system);
            fields.add("browser.uptime", uptime);
            fields.add("browser.server", text(name.as_text()));
        }
        Message::GetBackupListRequest { count, token } => {
            fields.add("browser.backup.count", count);
            fields.add("browser.backup.token", token);
        }
        Message::GetBackupListResponse { token, servers } => {
            fields.add("browser.backup.count", servers.len());
            fields.add("browser.backup.token", token);
            servers.iter().for_each(|server| fields.add("browser.backup.server", text(server.as_text())));
        }
        Message::MasterAnnouncement { name } => fields.add("browser.mb_server", text(name.as_text())),
        _ => fields.refuse("it has no known form"),
    }
}

fn announcement(it: &Announcement, fields: &mut Fields) {
    fields.add("browser.update_count", it.update_count);
    fields.add("browser.period", it.period.as_millis());
    fields.add("browser.server", text(it.name.as_text()));
    fields.add("browser.os_major", it.system_version.0);
    fields.add("browser.os_minor", it.system_version.1);
    fields.add("browser.server_type", it.server_type.bits());
    for (column, bit) in SERVER_TYPES {
        fields.add_bit(column, it.server_type.contains(*bit));
    }
}

fn version(it: &Announcement, fields: &mut Fields) {
    fields.add("browser.proto_major", it.browser_version.0);
    fields.add("browser.proto_minor", it.browser_version.1);
    fields.add("browser.sig", it.signature);
}

fn netlogon(message: &netlogon::Message, fields: &mut Fields) {
    use netlogon::Message;
    let opcode = message.encode();
    fields.add("smb_netlogon.command", u16::from_le_bytes([opcode[0], opcode[1]]));
    match message {
        Message::LogonRequest { computer, user, reply, count } => {
            fields.add("smb_netlogon.computer_name", text(computer));
            fields.add("smb_netlogon.user_name", text(user));
            fields.add("smb_netlogon.mailslot_name", text(reply));
            fields.add("smb_netlogon.request_count", count);
            // tshark reads the tokens as a version.
            fields.do_not_know(&["smb_netlogon.nt_version"]);
        }
        Message::LogonResponse { server } => fields.add("smb_netlogon.server_name", text(server)),
        Message::PrimaryQuery { computer, reply, wide_computer, version } => {
            fields.add("smb_netlogon.computer_name", text(computer));
            fields.add("smb_netlogon.mailslot_name", text(reply));
            fields.add("smb_netlogon.unicode_computer_name", wide_computer);
            fields.add("smb_netlogon.nt_version", version.bits());
        }
        Message::PrimaryResponse { server, wide_server, domain, version } => {
            fields.add("smb_netlogon.pdc_name", text(server));
            fields.add("smb_netlogon.unicode_pdc_name", wide_server);
            fields.add("smb_netlogon.domain_name", domain);
            fields.add("smb_netlogon.nt_version", version.bits());
        }
        Message::SamLogonRequest { count, computer, user, reply, account_bits, sid, version } => {
            fields.add("smb_netlogon.request_count", count);
            fields.add("smb_netlogon.unicode_computer_name", computer);
            fields.add("smb_netlogon.user_name", user);
            fields.add("smb_netlogon.mailslot_name", text(reply));
            fields.add("smb_netlogon.flags", account_bits);
            fields.add("smb_netlogon.domain_sid_size", sid.len());
            fields.add("smb_netlogon.nt_version", version.bits());
        }
        Message::SamLogonResponse(it) => response(it, fields),
        Message::SamLogonResponseEx(it) => response_ex(it, fields),
        _ => fields.refuse("it has no known form"),
    }
}

fn response(it: &Response, fields: &mut Fields) {
    fields.add("smb_netlogon.server_name", &it.server);
    fields.add("smb_netlogon.user_name", &it.user);
    fields.add("smb_netlogon.domain_name", &it.domain);
    fields.add("smb_netlogon.nt_version", it.version.bits());
    if it.directory.is_some() {
        // tshark knows the form of Windows NT 4 only and reads the directory's GUID as the version.
        fields.do_not_know(&["smb_netlogon.nt_version"]);
    }
}

fn response_ex(it: &ResponseEx, fields: &mut Fields) {
    fields.add("smb_netlogon.domain.guid", hex(&it.domain_guid));
    fields.add("smb_netlogon.forest_dns_name", dns(&it.forest));
    fields.add("smb_netlogon.domain_dns_name", dns(&it.domain));
    fields.add("smb_netlogon.server_dns_name", dns(&it.host));
    fields.add("smb_netlogon.domain_name", dns(&it.netbios_domain));
    fields.add("smb_netlogon.server_name", dns(&it.netbios_host));
    fields.add("smb_netlogon.user_name", dns(&it.user));
    fields.add("smb_netlogon.server_site_name", dns(&it.server_site));
    fields.add("smb_netlogon.client_site_name", dns(&it.client_site));
    it.address.iter().for_each(|address| fields.add("smb_netlogon.server_ip", address));
    fields.add("smb_netlogon.nt_version", it.version.bits());
}

fn text(text: &Text) -> String {
    String::from_utf8_lossy(text.as_bytes()).into_owned()
}

fn dns(name: &DnsName) -> String {
    if name.is_empty() { "<Root>".into() } else { name.to_string() }
}
