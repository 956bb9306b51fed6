//! Where metrics are served.

use core::fmt;
use core::str::FromStr;
use std::net::SocketAddr;
use std::path::PathBuf;

use mailslot::Quoted;
use serde::Deserialize;

use crate::error::Error;

/// Where metrics are served: `127.0.0.1:9464`, `[::1]:9464`, or `unix:` and the path of a socket.
///
/// ```
/// use mailslot_node::exposition::Endpoint;
///
/// assert!(matches!("127.0.0.1:9464".parse()?, Endpoint::Tcp(address) if address.port() == 9464));
/// assert!(matches!("unix:/run/mailslot-metrics".parse()?, Endpoint::Unix(path) if path.is_absolute()));
/// assert!("localhost".parse::<Endpoint>().is_err());
/// # Ok::<(), mailslot_node::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
#[non_exhaustive]
pub enum Endpoint {
    /// A TCP port; for port 0 the system chooses one, which the node logs.
    Tcp(SocketAddr),
    /// A Unix socket at this path, of mode 0660.
    Unix(PathBuf),
}

impl FromStr for Endpoint {
    type Err = Error;

    fn from_str(text: &str) -> Result<Endpoint, Error> {
        let parsed = match text.strip_prefix("unix:") {
            Some(path) => path.starts_with('/').then(|| Endpoint::Unix(path.into())),
            None => text.parse().ok().map(Endpoint::Tcp),
        };
        parsed.ok_or_else(|| {
            let quoted = Quoted(text);
            Error::Settings(format!(
                "metrics {quoted}: write an address with its port, such as 127.0.0.1:9464, or unix:/PATH"
            ))
        })
    }
}

impl TryFrom<String> for Endpoint {
    type Error = Error;

    fn try_from(text: String) -> Result<Endpoint, Error> {
        text.parse()
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Endpoint::Tcp(address) => write!(f, "{address}"),
            Endpoint::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}
