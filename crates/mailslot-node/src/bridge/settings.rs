//! The settings of a bridge.

use mailslot::network::check_legacy;
use mailslot::{Address, NetbiosName, Quoted};
use serde::Deserialize;

use super::pattern::Pattern;
use crate::error::{Error, Result};

/// What a bridge between the legacy network and one modern domain carries. In the file, this is a section
/// `[bridge.PLANT]`; unknown names are errors.
///
/// ```
/// use mailslot_node::config::Settings;
///
/// let settings = Settings::from_toml(r#"
///     [bridge.PLANT]
///     to-domain = ["browse", 'plant\*']
///     to-legacy = ["alerts"]
/// "#)?;
/// assert_eq!(settings.bridge["PLANT"].to_legacy.len(), 1);
/// # Ok::<(), mailslot_node::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
#[non_exhaustive]
pub struct Settings {
    /// Slots whose messages are carried from the legacy network into the domain.
    pub to_domain: Vec<Pattern>,
    /// Slots whose messages are carried from the domain into the legacy network.
    pub to_legacy: Vec<Pattern>,
    /// How many messages may be carried into the domain.
    pub to_domain_rate: Rates,
    /// How many messages may be carried into the legacy network, where all machines of the segment must process each
    /// one.
    pub to_legacy_rate: Rates,
}

/// Messages per second. After a quiet second, as many may arrive at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Rates {
    /// Of all sources together.
    pub all: u32,
    /// Of one source: an address in the legacy network, a computer in the domain.
    pub source: u32,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            to_domain: Vec::new(),
            to_legacy: Vec::new(),
            to_domain_rate: Rates { all: 1000, source: 100 },
            to_legacy_rate: Rates { all: 200, source: 50 },
        }
    }
}

impl Settings {
    /// Checks that the bridge to `domain` can work.
    ///
    /// # Errors
    ///
    /// [`Error::Settings`] if `domain` is not a valid name of a domain, if nothing is to be carried, if no slot of a
    /// legacy network can match a pattern, or if a rate is 0.
    pub fn check(&self, domain: &str) -> Result<()> {
        let wrong = |what: String| Err(Error::Settings(format!("bridge {domain}: {what}")));
        if domain.parse::<NetbiosName>().is_err() {
            return wrong("this cannot be the name of a domain".to_owned());
        }
        if self.to_domain.is_empty() && self.to_legacy.is_empty() {
            return wrong("it carries nothing: set to-domain, to-legacy or both".to_owned());
        }
        for pattern in self.to_domain.iter().chain(&self.to_legacy) {
            let legacy =
                format!(r"\\A\mailslot\{pattern}").parse::<Address>().is_ok_and(|it| check_legacy(&it).is_ok());
            if !legacy {
                return wrong(format!("no slot of a legacy network is called {pattern}: names there are ASCII"));
            }
        }
        for (name, rates) in [("to-domain-rate", self.to_domain_rate), ("to-legacy-rate", self.to_legacy_rate)] {
            if rates.all == 0 || rates.source == 0 {
                return wrong(format!("{name} lets nothing through: leave the patterns out instead"));
            }
        }
        Ok(())
    }
}

/// Parses a pattern for one domain, in the form of flags: `PLANT:alerts`.
///
/// # Errors
///
/// [`Error::Settings`] if it is not of this form.
pub fn domain_pattern(text: &str) -> Result<(String, Pattern)> {
    let Some((domain, pattern)) = text.split_once(':') else {
        return Err(Error::Settings(format!("{}: write the domain and the slot, such as PLANT:alerts", Quoted(text))));
    };
    let pattern = Pattern::try_from(pattern.to_owned()).map_err(Error::Settings)?;
    Ok((domain.to_ascii_uppercase(), pattern))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(text: &str) -> Result<()> {
        let settings = crate::config::Settings::from_toml(text)?;
        settings.protocol().map(drop)
    }

    #[test]
    fn mistakes_are_named() {
        for (text, words) in [
            ("[bridge.PLANT]", "carries nothing"),
            ("[bridge.PLANT]\nto-domian = ['x']", "to-domian"),
            ("[bridge.PLANT]\nto-domain = ['']", "such as alerts"),
            ("[bridge.PLANT]\nto-domain = ['\\\\A\\mailslot\\x']", r"follows \mailslot\"),
            ("[bridge.PLANT]\nto-legacy = ['größe']", "ASCII"),
            ("[bridge.PLANT]\nto-legacy = ['x']\nto-legacy-rate = { all = 0, source = 1 }", "to-legacy-rate"),
            ("[bridge.PLANT]\nto-legacy = ['x']\nto-legacy-rate = { all = 1 }", "source"),
            ("[bridge.'A/B']\nto-legacy = ['x']", "name of a domain"),
            ("netbios = false\n[bridge.PLANT]\nto-domain = ['x']", "netbios"),
            ("node-type = 'p'\nwins = ['192.0.2.1']\n[bridge.PLANT]\nto-legacy = ['x']", "broadcast"),
        ] {
            let error = checked(text).expect_err(text);
            assert!(error.to_string().contains(words), "{error}");
        }
        let valid = checked("[bridge.PLANT]\nto-domain = ['x', 'a/b*']\nto-legacy-rate = { all = 1, source = 1 }");
        assert_eq!(valid.is_ok(), cfg!(feature = "zenoh"), "{valid:?}");
    }

    #[test]
    fn flags_name_the_domain_first() {
        let (domain, pattern) = domain_pattern(r"plant:a\b*").expect("valid");
        assert_eq!((domain.as_str(), pattern.to_string().as_str()), ("PLANT", r"a\b*"));
        for (text, words) in [("alerts", "such as PLANT:alerts"), ("PLANT:", "such as alerts")] {
            assert!(domain_pattern(text).expect_err(text).to_string().contains(words), "{text}");
        }
    }
}
