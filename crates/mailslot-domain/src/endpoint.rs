//! Endpoints in the form of settings: `tcp/HOST:PORT`, `tls/HOST:PORT`, `quic/HOST:PORT`.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use mailslot_names::Quoted;

/// The transport protocols that domains use.
const PROTOCOLS: [&str; 3] = ["tcp", "tls", "quic"];

/// The use of an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Use {
    Connect,
    /// Also at a port that the system chooses.
    Listen,
}

/// Checks that an endpoint can be used for that. The error's text continues a sentence that begins with the endpoint.
pub(crate) fn check(endpoint: &str, used: Use) -> Result<(), String> {
    let Some((protocol, rest)) = endpoint.split_once('/') else {
        let port = if endpoint.contains(':') { "" } else { ":7447" };
        return Err(format!("is not an endpoint: write one as tcp/{endpoint}{port}"));
    };
    if !PROTOCOLS.contains(&protocol) {
        return Err(format!("begins with {protocol}/: it can begin with tcp/, tls/ or quic/"));
    }
    let address = rest.split(['#', '?']).next().unwrap_or(rest);
    let (host, port) = match address.rsplit_once(':') {
        // The last part of an IPv6 address is not a port.
        Some((host, port)) if !host.contains(':') || host.ends_with(']') => (host, port),
        Some(_) => {
            let address = address.trim_matches(['[', ']']);
            return Err(format!("has no port, or no brackets around the address: write {protocol}/[{address}]:7447"));
        }
        None => return Err(format!("has no port: write {protocol}/{address}:7447")),
    };
    if host.is_empty() {
        return Err(format!("has no address: write {protocol}/HOST:{port}"));
    }
    check_host(host, used)?;
    let least = u16::from(used == Use::Connect);
    match port.parse::<u16>() {
        Ok(port) if port >= least => Ok(()),
        _ => Err(format!("has the port {}: it can be {least} to 65535", Quoted(port))),
    }
}

fn check_host(host: &str, used: Use) -> Result<(), String> {
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    // A link-local address may be followed by `%` and its interface.
    let plain = bare.unwrap_or(host).split('%').next().unwrap_or(host);
    let Ok(address) = plain.parse::<IpAddr>() else {
        let is_name = bare.is_none() && host.chars().all(|c| c.is_alphanumeric() || ['.', '-', '_'].contains(&c));
        return if is_name {
            Ok(())
        } else {
            Err(format!("has the host {}: it is neither a name nor an address", Quoted(host)))
        };
    };
    let is_every = used == Use::Connect && address.is_unspecified();
    if is_every || address.is_multicast() || address == IpAddr::V4(Ipv4Addr::BROADCAST) {
        return Err(format!("has the address {address}, which no machine can have"));
    }
    Ok(())
}

/// Whether the listener of the endpoint shows a certificate.
pub fn is_secure(endpoint: &str) -> bool {
    endpoint.starts_with("tls/") || endpoint.starts_with("quic/")
}

/// The port of a listening endpoint: whether it is a datagram port, and the address. `None` if the endpoint has a host
/// name, lets the system choose the port, or has a protocol that domains do not use.
///
/// ```
/// use mailslot_domain::endpoint::port;
///
/// assert_eq!(port("tls/0.0.0.0:7447#iface=eth0"), Some((false, "0.0.0.0:7447".parse()?)));
/// assert_eq!(port("quic/[::1]:7447"), Some((true, "[::1]:7447".parse()?)));
/// assert_eq!((port("tcp/hub:7447"), port("tcp/0.0.0.0:0"), port("udp/0.0.0.0:7447")), (None, None, None));
/// # Ok::<(), std::net::AddrParseError>(())
/// ```
pub fn port(endpoint: &str) -> Option<(bool, SocketAddr)> {
    let (protocol, rest) = endpoint.split_once('/')?;
    let is_datagram = match protocol {
        "tcp" | "tls" => false,
        "quic" => true,
        _ => return None,
    };
    let address: SocketAddr = rest.split(['#', '?']).next()?.parse().ok()?;
    (address.port() != 0).then_some((is_datagram, address))
}

/// Whether the endpoints conflict: they have a port in common, so that it is impossible to listen on both.
pub(crate) fn are_one_port(one: &str, other: &str) -> bool {
    let (Some((is_datagram, one)), Some((is_other_datagram, other))) = (port(one), port(other)) else {
        return one == other && !one.ends_with(":0");
    };
    let is_at = |one: IpAddr, other: IpAddr| one == other || one.is_unspecified() && one.is_ipv4() == other.is_ipv4();
    is_datagram == is_other_datagram
        && one.port() == other.port()
        && (is_at(one.ip(), other.ip()) || is_at(other.ip(), one.ip()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_endpoints_are_one_port_if_one_has_the_other_address_or_all() {
        for (one, other, expected) in [
            ("tcp/0.0.0.0:7447", "tcp/0.0.0.0:7447", true),
            ("tcp/0.0.0.0:7447", "tls/192.0.2.1:7447#iface=eth0", true),
            ("tcp/[::]:7447", "tcp/[::1]:7447", true),
            ("tcp/hub:7447", "tcp/hub:7447", true),
            ("tcp/192.0.2.1:7447", "tcp/192.0.2.2:7447", false),
            ("tcp/0.0.0.0:7447", "tcp/0.0.0.0:7448", false),
            ("tcp/0.0.0.0:7447", "quic/0.0.0.0:7447", false),
            ("tcp/0.0.0.0:7447", "tcp/[::1]:7447", false),
            ("tcp/0.0.0.0:0", "tcp/0.0.0.0:0", false),
            ("tcp/hub:7447", "tcp/other:7447", false),
        ] {
            assert_eq!(are_one_port(one, other), expected, "{one} {other}");
            assert_eq!(are_one_port(other, one), expected, "{other} {one}");
        }
    }

    #[test]
    fn endpoints_have_a_protocol_an_address_and_a_port() {
        for good in [
            "tcp/hub:7447",
            "tls/hub.example:1",
            "quic/192.0.2.1:65535",
            "tcp/[::1]:7447",
            "tcp/[fe80::1%2]:7447",
            "tls/[::]:7447#iface=eth0",
            "tcp/h:7447?prio=6-7",
        ] {
            // `[::]` is valid for listening, but not for connecting.
            assert_eq!(check(good, Use::Connect).is_ok(), !good.contains("[::]"), "{good}");
            assert_eq!(check(good, Use::Listen), Ok(()), "{good}");
        }
        for (wrong, word) in [
            ("", "is not an endpoint"),
            ("hub", "tcp/hub:7447"),
            ("hub:7448", "write one as tcp/hub:7448"),
            ("udp/hub:7447", "tcp/, tls/ or quic/"),
            ("TCP/hub:7447", "tcp/, tls/ or quic/"),
            ("tcp/hub", "has no port: write tcp/hub:7447"),
            ("tcp/hub#iface=eth0:1", "has no port"),
            ("tcp/[::1]", "has no port"),
            ("tcp/::1", "brackets"),
            ("tcp/[::1:7447", "write tcp/[::1:7447]:7447"),
            ("tcp/[hub]:7447", "neither a name nor an address"),
            ("tcp/a hub:7447", "neither a name nor an address"),
            ("tcp/0.0.0.0:7447", "no machine can have"),
            ("tcp/[::]:7447", "no machine can have"),
            ("tcp/224.0.0.1:7447", "no machine can have"),
            ("tcp/[ff02::1]:7447", "no machine can have"),
            ("tcp/255.255.255.255:7447", "no machine can have"),
            ("tcp/:7447", "has no address"),
            ("tcp/hub:", "can be 1 to 65535"),
            ("tcp/hub:x", "can be 1 to 65535"),
            ("tcp/hub:0", "can be 1 to 65535"),
            ("tcp/hub:65536", "can be 1 to 65535"),
        ] {
            let error = check(wrong, Use::Connect).expect_err(wrong);
            assert!(error.contains(word), "{wrong}: {error}");
        }
        assert_eq!(check("tcp/0.0.0.0:0", Use::Listen), Ok(()));
        assert!(check("tcp/224.0.0.1:0", Use::Listen).is_err());
    }
}
