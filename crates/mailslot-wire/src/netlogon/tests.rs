use std::net::Ipv4Addr;

use super::*;
use crate::dns_name::DnsName;
use crate::error::{Error, NameError};

fn text(text: &str) -> Text {
    Text::new(text).expect("valid")
}

fn wide(text: &str) -> WideText {
    WideText::new(text).expect("valid")
}

fn dns(text: &str) -> DnsName {
    DnsName::new(text).expect("valid")
}

fn pair(message: Message, bytes: &[u8]) {
    assert_eq!(message.encode(), bytes);
    assert_eq!(Message::parse(bytes), Ok(message));
}

fn response_ex(address: Option<Ipv4Addr>) -> ResponseEx {
    ResponseEx {
        outcome: Outcome::UserUnknown,
        server_flags: 1,
        domain_guid: [2; 16],
        forest: dns("f.example"),
        domain: dns("d.f.example"),
        host: dns("h.d.f.example"),
        netbios_domain: dns("D"),
        netbios_host: dns("H"),
        user: dns(""),
        server_site: dns("site"),
        client_site: dns("site"),
        address,
        version: Version::NT4 | Version::EX,
    }
}

#[test]
fn questions_have_the_layout_of_the_specification() {
    let query = Message::primary_query("A", r"\MAILSLOT\X").expect("valid");
    pair(query, b"\x07\0A\0\\MAILSLOT\\X\0A\0\0\0\x01\0\0\0\xFF\xFF\xFF\xFF");
    let query = Message::primary_query("AB", r"\MAILSLOT\X").expect("valid");
    pair(query, b"\x07\0AB\0\\MAILSLOT\\X\0\0A\0B\0\0\0\x01\0\0\0\xFF\xFF\xFF\xFF");
    let request = Message::sam_logon_request("A", r"\MAILSLOT\X", Version::NT5).expect("valid");
    pair(request, b"\x12\0\0\0A\0\0\0\0\0\\MAILSLOT\\X\0\0\0\0\0\0\0\0\0\x02\0\0\0\xFF\xFF\xFF\xFF");
    let (computer, user, reply) = (text("A"), text("B"), text("C"));
    pair(Message::LogonRequest { computer, user, reply, count: 3 }, b"\0\0A\0B\0C\0\x03\xFF\xFF\xFF\xFF");
}

#[test]
fn a_sid_is_aligned() {
    let Ok(Message::SamLogonRequest { count, computer, user, reply, account_bits, version, .. }) =
        Message::sam_logon_request("A", "X", Version::NT4)
    else {
        panic!("valid")
    };
    let sid = vec![1, 5];
    let message = Message::SamLogonRequest { count, computer, user, reply, account_bits, sid, version };
    pair(message, b"\x12\0\0\0A\0\0\0\0\0X\0\0\0\0\0\x02\0\0\0\x01\x05\x01\0\0\0\xFF\xFF\xFF\xFF");
}

#[test]
fn answers_have_the_layout_of_the_specification() {
    pair(Message::LogonResponse { server: text("A") }, b"\x06\0A\0\xFF\xFF");
    let (server, wide_server, domain) = (text("A"), wide("A"), wide("D"));
    pair(
        Message::PrimaryResponse { server, wide_server, domain, version: Version::NT4 },
        b"\x0C\0A\0A\0\0\0D\0\0\0\x01\0\0\0\xFF\xFF\xFF\xFF",
    );
    let response = Response {
        outcome: Outcome::Paused,
        server: wide("S"),
        user: wide(""),
        domain: wide("D"),
        directory: None,
        version: Version::NT4,
    };
    pair(Message::SamLogonResponse(response.clone()), b"\x14\0S\0\0\0\0\0D\0\0\0\x01\0\0\0\xFF\xFF\xFF\xFF");
    let directory = Directory {
        domain_guid: [9; 16],
        forest: dns(""),
        domain: dns(""),
        host: dns(""),
        address: Ipv4Addr::new(192, 0, 2, 1),
        server_flags: 5,
    };
    let message = Message::SamLogonResponse(Response { directory: Some(directory), ..response });
    let bytes = message.encode();
    assert_eq!(&bytes[bytes.len() - 19..], b"\0\0\0\x01\x02\0\xC0\x05\0\0\0\x01\0\0\0\xFF\xFF\xFF\xFF");
    assert_eq!(Message::parse(&bytes), Ok(message));
}

#[test]
fn names_of_the_rich_form_are_compressed() {
    for address in [None, Some(Ipv4Addr::new(192, 0, 2, 1))] {
        let message = Message::SamLogonResponseEx(response_ex(address));
        let bytes = message.encode();
        assert_eq!(&bytes[24..47], b"\x01f\x07example\0\x01d\xC0\x18\x01h\xC0\x23\x01D\0\x01");
        assert_eq!(Message::parse(&bytes), Ok(message));
    }
}

#[test]
fn malformed_messages_say_what_is_wrong() {
    assert_eq!(Message::parse(b"\x07"), Err(Error::Short { field: "netlogon opcode", needed: 2, left: 1 }));
    assert_eq!(Message::parse(b"\x07\0AB"), Err(Error::Unterminated { field: "computer" }));
    assert_eq!(Message::parse(b"\x13\0A\0\0"), Err(Error::Unterminated { field: "unicode server" }));
    assert_eq!(Message::parse(b"\x13\0\0\xD8\0\0"), Err(Error::NotUnicode { field: "unicode server" }));
    let good = Message::SamLogonResponseEx(response_ex(None)).encode();
    let mut forward = good.clone();
    forward[24..26].copy_from_slice(&[0xC0, 0x30]);
    let reason = NameError::PointerNotBackward { target: 0x30, from: 24 };
    assert_eq!(Message::parse(&forward), Err(Error::Name { field: "forest", reason }));
    for length in 0..good.len() - 4 {
        assert!(matches!(Message::parse(&good[..length]), Err(Error::Short { .. })), "{length}");
    }
}
