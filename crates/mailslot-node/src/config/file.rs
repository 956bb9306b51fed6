//! The settings file that packages install, which is also the source of the settings' documentation.

/// All settings with their defaults, each commented out and explained. Packages install it as
/// `/etc/mailslot/node.toml`, and mailslot.toml(5) is generated from it.
///
/// A paragraph of comments precedes each line `#NAME = VALUE` or `#[TABLE]`. A line that ends in `# example` shows a
/// value other than the default. `##` begins a heading.
///
/// ```
/// use mailslot_node::config::{self, FILE};
///
/// assert_eq!(config::Settings::from_toml(FILE)?, config::Settings::default());
/// # Ok::<(), mailslot_node::Error>(())
/// ```
pub const FILE: &str = include_str!("../../node.toml");

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::config;

    const EXAMPLE: &str = "  # example";

    /// The file without the `#` of the tables and of the settings that `is_wanted` selects.
    fn uncommented(is_wanted: impl Fn(&str) -> bool) -> String {
        let is_setting = |line: &str| !line.starts_with("# ") && !line.starts_with("##") && line.len() > 1;
        let lines = FILE.lines().filter_map(|line| line.strip_prefix('#').filter(|_| is_setting(line)));
        lines.filter(|line| line.starts_with('[') || is_wanted(line)).flat_map(|line| [line, "\n"]).collect()
    }

    /// The names in each table of the uncommented file, with repetitions.
    fn names() -> BTreeMap<String, Vec<String>> {
        let (mut all, mut table) = (BTreeMap::<String, Vec<String>>::new(), String::new());
        for line in uncommented(|_| true).lines() {
            match line.strip_prefix('[').and_then(|line| line.split(']').next()) {
                Some(name) => table = name.to_owned(),
                None => {
                    let name = line.split(" = ").next().expect("a name");
                    all.entry(table.clone()).or_default().push(name.to_owned());
                }
            }
        }
        all
    }

    #[test]
    fn what_is_commented_out_is_the_default_but_for_examples() {
        let text = uncommented(|line| !line.ends_with(EXAMPLE));
        let mut settings = config::Settings::from_toml(&text).expect("valid");
        let (domain, bridge) = (settings.domains.remove("PLANT"), settings.bridge.remove("PLANT"));
        assert_eq!(domain, Some(mailslot_domain::settings::Settings::default()));
        assert_eq!(bridge, Some(crate::bridge::Settings::default()));
        assert_eq!(settings, config::Settings::default());
    }

    // A build without modern domains refuses their settings.
    #[cfg(feature = "zenoh")]
    #[test]
    fn examples_can_work() {
        let text = uncommented(|_| true);
        // A node of this type needs WINS servers.
        let text = text.replace("wins = []", "wins = ['192.0.2.1']");
        config::Settings::from_toml(&text).and_then(|settings| settings.protocol()).expect("valid");
    }

    /// For an unknown name, serde's error lists all known ones.
    #[test]
    fn every_setting_is_there_once() {
        let names = names();
        for table in ["", "domains.PLANT", "domains.PLANT.tls", "bridge.PLANT", "limits"] {
            let heading = if table.is_empty() { String::new() } else { format!("[{table}]\n") };
            let error =
                config::Settings::from_toml(&format!("{heading}no-such-name = 1")).expect_err("unknown").to_string();
            let (_, known) = error.split_once("expected one of ").unwrap_or_else(|| panic!("{error}"));
            let mut known: Vec<&str> = known.split(", ").map(|name| name.trim_matches('`')).collect();
            // These are the tables.
            known.retain(|name| !["domains", "bridge", "limits", "tls"].contains(name));
            let mut there = names.get(table).cloned().unwrap_or_default();
            known.sort_unstable();
            there.sort_unstable();
            assert_eq!(there, known, "[{table}]");
        }
        assert_eq!(names.len(), 5, "{:?}", names.keys());
    }

    #[test]
    fn every_setting_has_a_paragraph_above_it() {
        let lines: Vec<&str> = FILE.lines().collect();
        for pair in lines.windows(2) {
            let is_setting = pair[1].starts_with('#') && !pair[1].starts_with("# ") && !pair[1].starts_with("##");
            assert!(!is_setting || pair[1] == "#" || pair[0].starts_with("# "), "{}", pair[1]);
        }
    }
}
