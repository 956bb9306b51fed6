//! Valid and invalid configurations.

use proptest::prelude::*;

use super::*;

/// Texts that are often almost a name.
fn text() -> impl Strategy<Value = String> {
    let letter = prop_oneof![
        12 => prop::sample::select("ABCxyz019-_!#$%&()'{}~".chars().collect::<Vec<_>>()),
        1 => prop::sample::select("\\/:*?\"<>|. \0\t\u{7f}\u{e9}".chars().collect::<Vec<_>>()),
    ];
    prop::collection::vec(letter, 0..18).prop_map(|letters| letters.into_iter().collect())
}

/// Whether a message can be sent to `\\\\TEXT\\mailslot\\x`, and would reach the holder of the name.
fn can_be_addressed(text: &str) -> bool {
    let is_part = |c: char| (' '..='~').contains(&c) && !"\\/:*?\"<>|".contains(c);
    (1..=15).contains(&text.len())
        && text.chars().all(is_part)
        && !text.starts_with('.')
        && text.trim_matches(' ') == text
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn names_are_those_that_addresses_can_have_and_others_are_refused_with_a_remedy(
        computer in text(), workgroup in text(), same in 0..8u8,
    ) {
        let workgroup = if same == 0 { computer.to_ascii_lowercase() } else { workgroup };
        let is_one = computer.eq_ignore_ascii_case(&workgroup);
        let is_valid = can_be_addressed(&computer) && can_be_addressed(&workgroup) && !is_one;
        match Config::new(&computer, &workgroup) {
            Ok(config) => {
                prop_assert!(is_valid, "{computer:?} in {workgroup:?}");
                for (name, text) in [(&config.computer, &computer), (&config.workgroup, &workgroup)] {
                    prop_assert_eq!(name.text(), text.to_ascii_uppercase().into_bytes());
                }
            }
            Err(error) => {
                prop_assert!(!is_valid, "{computer:?} in {workgroup:?}: {error}");
                prop_assert!(error.to_string().len() > 20 && !error.to_string().contains('\0'));
            }
        }
    }

    /// However names are added, each has one kind.
    #[test]
    fn no_name_is_of_this_node_alone_and_of_a_group(
        added in prop::collection::vec((0..3usize, 0..3u8, any::<bool>()), 0..20),
    ) {
        let mut config = Config::new("PC", "PLANT").expect("valid names");
        for (text, suffix, group) in added {
            let name = Name::new(["PC", "PLANT", "*"][text], suffix).expect("a valid name");
            let kind = if group { NameKind::Group } else { NameKind::Unique };
            let before = config.names.clone();
            let result = config.register(RegisteredName { name: name.clone(), kind });
            let known = before.iter().find(|registered| registered.name == name);
            match result {
                Err(ConfigError::Wildcard(_)) => prop_assert!(name.is_wildcard()),
                Err(error) => {
                    prop_assert_eq!(error, ConfigError::TwoKinds(name));
                    prop_assert!(known.is_some_and(|known| known.kind != kind));
                }
                Ok(()) => prop_assert!(known.is_none_or(|known| known.kind == kind) && !name.is_wildcard()),
            }
            let mut names: Vec<_> = config.names.iter().map(|registered| registered.name.clone()).collect();
            names.sort();
            names.dedup();
            prop_assert_eq!(names.len(), config.names.len());
        }
    }
}
