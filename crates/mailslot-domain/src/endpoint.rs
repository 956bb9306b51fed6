//! Endpoints as users write them: `tcp/HOST:PORT`, `tls/HOST:PORT`, `quic/HOST:PORT`.

use mailslot_names::Quoted;

/// The ways to carry a session that domains use.
const PROTOCOLS: [&str; 3] = ["tcp", "tls", "quic"];

/// Whether something can be at this endpoint, whose port is `least` or more. The error goes behind the endpoint in a sentence.
pub(crate) fn check(endpoint: &str, least: u16) -> Result<(), String> {
    let Some((protocol, rest)) = endpoint.split_once('/') else {
        return Err(format!("is no endpoint: write one as tcp/{endpoint}:7447"));
    };
    if !PROTOCOLS.contains(&protocol) {
        return Err(format!("begins with {protocol}/: it can begin with tcp/, tls/ or quic/"));
    }
    let address = rest.split(['#', '?']).next().unwrap_or(rest);
    let (host, port) = match address.rsplit_once(':') {
        // The last part of an IPv6 address is no port.
        Some((host, port)) if !host.contains(':') || host.ends_with(']') => (host, port),
        Some(_) => {
            return Err(format!("has no port, or no brackets around the address: write {protocol}/[{address}]:7447"));
        }
        None => return Err(format!("has no port: write {protocol}/{address}:7447")),
    };
    if host.is_empty() {
        return Err(format!("has no address: write {protocol}/HOST:{port}"));
    }
    match port.parse::<u16>() {
        Ok(port) if port >= least => Ok(()),
        _ => Err(format!("has the port {}: it can be {least} to 65535", Quoted(port))),
    }
}

/// Whether whoever listens there shows a certificate.
pub fn is_secure(endpoint: &str) -> bool {
    endpoint.starts_with("tls/") || endpoint.starts_with("quic/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endpoints_have_a_protocol_an_address_and_a_port() {
        for good in [
            "tcp/hub:7447",
            "tls/hub.example:1",
            "quic/192.0.2.1:65535",
            "tcp/[::1]:7447",
            "tls/[::]:7447#iface=eth0",
            "tcp/h:7447?prio=6-7",
        ] {
            assert_eq!(check(good, 1), Ok(()), "{good}");
        }
        for (wrong, word) in [
            ("", "is no endpoint"),
            ("hub:7447", "is no endpoint"),
            ("udp/hub:7447", "tcp/, tls/ or quic/"),
            ("TCP/hub:7447", "tcp/, tls/ or quic/"),
            ("tcp/hub", "has no port: write tcp/hub:7447"),
            ("tcp/hub#iface=eth0:1", "has no port"),
            ("tcp/[::1]", "has no port"),
            ("tcp/::1", "brackets"),
            ("tcp/:7447", "has no address"),
            ("tcp/hub:", "can be 1 to 65535"),
            ("tcp/hub:x", "can be 1 to 65535"),
            ("tcp/hub:0", "can be 1 to 65535"),
            ("tcp/hub:65536", "can be 1 to 65535"),
        ] {
            let error = check(wrong, 1).expect_err(wrong);
            assert!(error.contains(word), "{wrong}: {error}");
        }
        assert_eq!(check("tcp/0.0.0.0:0", 0), Ok(()));
    }
}
