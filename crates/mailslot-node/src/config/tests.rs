use mailslot_domain::settings::Meant;
use rustix::fs::{CWD, Mode, mkfifoat};

use super::*;

#[test]
fn empty_file_is_a_node_that_works() {
    let settings = Settings::from_toml("").expect("valid");
    assert_eq!(settings, Settings::default());
    let config = settings.protocol().expect("a host name");
    assert_eq!(config.workgroup.to_string(), "WORKGROUP<00>");
    assert_eq!((config.ports.name, config.ports.datagram), (137, 138));
}

#[test]
fn settings_reach_the_protocol() {
    let text = r#"
        computer = "srv1"
        workgroup = "plant"
        wins = ["192.0.2.1", "192.0.2.2"]
        names = ["plant#1b", "group:plant#1c"]
        style = "samba"
        scope = "corp"
        beside-samba = true
        [limits]
        queries = 5
        [limits.messages]
        per-second = 10
        burst = 20
    "#;
    let config = Settings::from_toml(text).and_then(|settings| settings.protocol()).expect("valid");
    assert_eq!(config.computer.to_string(), "SRV1<00>.corp");
    assert_eq!((config.node_type, config.style, config.servers.len()), (NodeType::H, Style::Samba, 2));
    assert_eq!((config.registrar, config.own_ports.name), (Registrar::OtherService, 0));
    assert_eq!((config.limits.queries, config.limits.messages.burst), (5, 20));
    let names: Vec<String> = config.names.iter().map(|registered| registered.name.to_string()).collect();
    for name in ["SRV1<00>", "SRV1<20>", "PLANT<00>", "PLANT<1e>", "PLANT<1b>", "PLANT<1c>"] {
        assert!(names.contains(&format!("{name}.corp")), "{name} in {names:?}");
    }
}

#[test]
fn computers_mean_what_the_operator_says() {
    let read = |text: &str| Settings::from_toml(text).and_then(|settings| settings.meanings());
    let meanings = read("computers = { pc7 = 'plant', old1 = 'NetBIOS' }").expect("valid");
    let meant: Vec<_> = meanings.iter().map(|(name, meant)| (name.as_str(), meant)).collect();
    let plant = Meant::Domain("PLANT".parse().expect("valid"));
    assert_eq!(meant, [("OLD1", &Meant::Legacy), ("PC7", &plant)]);
    for (text, word) in [
        ("computers = { 'A*' = 'PLANT' }", "A*"),
        ("computers = { PC7 = 'sixteen-letters-' }", "sixteen"),
        ("netbios = false\ncomputers = { PC7 = 'netbios' }", "netbios = false"),
    ] {
        let error = Settings::from_toml(text).and_then(|settings| settings.protocol()).expect_err(text).to_string();
        assert!(error.contains(word) && error.contains("computers"), "{text}: {error}");
    }
}

/// The settings are the same in every build; whether they work depends on the feature.
#[test]
fn whatever_is_set_about_modern_domains_is_refused_without_them() {
    for (setting, text) in [
        ("lan", "lan = true"),
        ("connect", "connect = ['tcp/hub:7447']"),
        ("listen", "listen = ['tcp/0.0.0.0:7447']"),
        ("computers", "computers = { PC7 = 'PLANT' }"),
        ("domains", "[domains.PLANT]\nmax-sessions = 7"),
        ("bridge", "[bridge.PLANT]\nto-domain = ['x']"),
    ] {
        let settings = Settings::from_toml(text).expect(text);
        assert_ne!(settings, Settings::default(), "{text}");
        let refused = settings.protocol().err().map(|error| error.to_string());
        let expected = (!cfg!(feature = "zenoh")).then(|| format!("{setting}: {}", domains::NO_DOMAINS));
        assert_eq!(refused, expected, "{text}");
    }
}

#[test]
fn mistakes_are_named() {
    for (text, word) in [
        ("computr = 'x'", "computr"),
        ("node-type = 'x'", "node-type"),
        ("node-type = 'p'", "wins"),
        ("computer = 'SIXTEEN-LETTERS-'", "SIXTEEN"),
        ("names = ['x#zz']", "hexadecimal"),
        ("names = ['x<zz>']", "as it is printed"),
        ("computer = 'LAB'\nworkgroup = 'lab'", "another name"),
        ("computer = '*'", "leave out"),
        ("workgroup = 'A\\B'", "leave out"),
        ("computer = 'A'\nnames = ['group:a']", "another name"),
        ("names = ['*#20']", "does not begin with *"),
        ("limits.queries = 0", "queries"),
        ("limits.querys = 1", "querys"),
        ("wins = 'x'", "wins"),
        ("wins = ['192.0.2.1', '0.0.0.0']", "0.0.0.0 cannot be the address of a machine"),
        ("wins = ['255.255.255.255']", "of a machine"),
        ("wins = ['224.0.0.1']", "of a machine"),
        ("name-port = 0", "name-port is 0"),
        ("datagram-port = 0", "datagram-port is 0"),
        ("name-port = 138", "cannot be the same"),
        ("interfaces = ['eth0']\nexclude = ['lo', 'eth0']", "leave it out of one"),
        ("connect = ['hub']", "connect: \"hub\" is not an endpoint"),
        ("listen = ['tcp/hub']", "listen: \"tcp/hub\" has no port"),
        ("domains.PLANT.max-sessions = 0", "domain PLANT: max-sessions is 0"),
        ("domains.PLANT.connect = ['udp/hub:1']", "domain PLANT: connect: \"udp/hub:1\" begins with udp/"),
        ("domains.'A/B'.lan = true", "name of a domain"),
        ("style = 'dos'", "windows, samba"),
    ] {
        let error = Settings::from_toml(text).and_then(|settings| settings.protocol()).expect_err(text);
        assert!(error.to_string().contains(word), "{error}");
    }
}

/// The result of `load` for a file, flags in the form of the file, and limits.
fn loaded(file: &str, flags: &str, limits: &[&str]) -> Result<Settings> {
    let path = std::env::temp_dir().join(format!(
        "mailslot-settings-{}-{:?}",
        std::process::id(),
        std::thread::current().id()
    ));
    std::fs::write(&path, file).expect("a temporary file");
    let limits: Vec<String> = limits.iter().map(|text| (*text).to_owned()).collect();
    let settings = Settings::load(Some(&path), &flags.parse::<Table>().expect("TOML"), &limits);
    std::fs::remove_file(&path).expect("it is there");
    settings
}

#[test]
fn flags_count_instead_of_the_file_and_what_they_leave_out_stays() {
    let file = "computer = 'A'\nwins = ['192.0.2.1', '192.0.2.2']\nbrowser = false\nlimits.queries = 5\n\
        limits.messages = { per-second = 10, burst = 20 }";
    let settings = loaded(file, "wins = ['192.0.2.3']\nworkgroup = 'P'", &["messages.burst=30", "events = 100"]);
    let settings = settings.expect("all of it is right");
    assert_eq!((settings.computer.as_deref(), settings.workgroup.as_str(), settings.browser), (Some("A"), "P", false));
    assert_eq!(settings.wins, [Ipv4Addr::new(192, 0, 2, 3)]);
    let mut limits = Limits::default();
    (limits.queries, limits.events) = (5, 100);
    let messages = mailslot_netbios::limits::Rate { per_second: 10, burst: 30 };
    limits.messages = messages;
    assert_eq!(settings.limits, limits);
    assert_eq!(loaded("", "", &[]).expect("nothing is wrong"), Settings::default());
}

#[test]
fn mistakes_in_files_flags_and_limits_are_told_apart() {
    for (file, flags, limit, words) in [
        ("\ncomputr = 'x'", "", None, ["mailslot-settings-", "line 2 (computr = 'x')"]),
        ("", "node-type = 'x'", None, ["node-type", "b, p, m, h"]),
        ("", "name-port = 70000", None, ["name-port", "70000"]),
        ("", "", Some("querys=7"), ["querys=7", "queries"]),
        ("", "", Some("queries=many"), ["queries=many", "queries"]),
        ("", "", Some("queries=-1"), ["queries=-1", "-1"]),
        ("", "", Some("queries=0"), ["limit queries is 0", "1 to"]),
        ("", "", Some("events=1"), ["limit events is 1", "64 to"]),
        ("", "", Some("unfinished-bytes=2000000000"), ["unfinished-bytes is 2000000000", "to 1073741824"]),
        ("", "", Some("answers=5"), ["answers=5", "struct Rate"]),
        ("", "", Some("answers.rate=1"), ["answers.rate=1", "per-second"]),
        ("", "", Some("answers.burst=0"), ["answers.burst is 0", "1 to"]),
    ] {
        let limits: Vec<&str> = limit.into_iter().collect();
        let error = loaded(file, flags, &limits).and_then(|settings| settings.protocol()).expect_err(words[0]);
        for word in words {
            assert!(error.to_string().contains(word), "{error}");
        }
        assert!(!error.to_string().contains('\n'), "{error}");
    }
}

/// Whatever replaces the file, a node that reads it again neither blocks nor uses all memory.
#[test]
fn what_is_no_file_of_a_size_that_settings_have_is_refused_at_once() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("node.toml");
    let makers: [fn(&Path); 6] = [
        |path| mkfifoat(CWD, path, Mode::RWXU).expect("a pipe"),
        |path| std::fs::create_dir(path).expect("a directory"),
        |path| drop(std::os::unix::net::UnixListener::bind(path).expect("a socket")),
        |path| std::os::unix::fs::symlink("/dev/zero", path).expect("a link"),
        |path| std::fs::File::create(path).and_then(|file| file.set_len(1 << 40)).expect("a file with a hole"),
        |path| std::fs::write(path, [b'#', 0xff]).expect("a file"),
    ];
    for make in makers {
        make(&path);
        for error in [Settings::read(&path).err(), Settings::load(Some(&path), &Table::new(), &[]).err()] {
            let error = error.expect("refused");
            assert!(matches!(error, Error::Io { .. }) && error.to_string().contains("node.toml"), "{error}");
        }
        std::fs::remove_file(&path).or_else(|_| std::fs::remove_dir(&path)).expect("ours");
    }
    std::fs::write(&path, "browser = false").expect("a file");
    assert!(!Settings::read(&path).expect("read").browser);
}

#[test]
fn what_a_name_cannot_have_in_it_is_said_as_it_was_written() {
    for character in r#"\/:*?"<>|"#.chars() {
        for what in ["computer", "workgroup"] {
            let error = Settings::from_toml(&format!("{what} = 'A{character}B'"))
                .and_then(|settings| settings.protocol())
                .expect_err("no name")
                .to_string();
            assert!(error.contains(&format!("contains '{character}'")) && !error.contains(r"\\"), "{error}");
        }
    }
}
