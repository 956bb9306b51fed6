//! Domain files and the directory that holds them.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, lchown, symlink};
use std::path::Path;
use std::time::Duration;

use mailslot_domain::{Authority, Directory, Domain, Error, Joined, read_file};

use crate::members::{NOW, after, computer, domain};

fn mode(path: &Path) -> u32 {
    fs::metadata(path).expect("it is there").permissions().mode() & 0o777
}

/// A directory that does not exist yet, in one that is removed when the first value is dropped.
fn directory() -> (tempfile::TempDir, Directory) {
    let parent = tempfile::tempdir().expect("a directory");
    let directory = Directory::at(parent.path().join("a/domains"));
    (parent, directory)
}

#[test]
fn files_are_for_their_owner_alone() {
    let (_parent, directory) = directory();
    let path = directory.add(&domain()).expect("new");
    assert_eq!(path, directory.path().join("PLANT.toml"));
    assert_eq!((mode(&path), mode(directory.path())), (0o600, 0o700));
    let rotated = read_file(&path).and_then(|domain| domain.rotated(NOW, Duration::ZERO, [7; 32])).expect("sealed");
    directory.replace(&rotated).expect("there");
    assert_eq!(mode(&path), 0o600);
    assert_eq!(fs::read_dir(directory.path()).expect("there").count(), 1, "nothing else stays behind");
}

#[test]
fn files_that_others_may_use_are_refused() {
    let (_parent, directory) = directory();
    let path = directory.add(&domain()).expect("new");
    for mode in [0o640, 0o604, 0o620, 0o601] {
        fs::set_permissions(&path, Permissions::from_mode(mode)).expect("ours");
        let error = read_file(&path).expect_err("too open");
        assert!(matches!(error, Error::ModeTooOpen { .. }), "{error}");
        assert!(error.to_string().contains(&format!("chmod 600 {}", path.display())), "{error}");
        assert!(directory.find("PLANT").is_err_and(|error| matches!(error, Error::ModeTooOpen { .. })));
    }
    fs::set_permissions(&path, Permissions::from_mode(0o400)).expect("ours");
    assert!(directory.find("plant").is_ok());
}

/// Anything but a regular file is refused at once: reading a pipe without a writer would block.
#[test]
fn what_is_not_a_file_is_refused() {
    let (_parent, directory) = directory();
    directory.add(&domain()).expect("new");
    let path = directory.path().join("PIPE.toml");
    let makers: [fn(&Path); 3] = [
        |path| rustix::fs::mkfifoat(rustix::fs::CWD, path, rustix::fs::Mode::RWXU).expect("a pipe"),
        |path| fs::create_dir(path).expect("a directory"),
        |path| drop(std::os::unix::net::UnixListener::bind(path).expect("a socket")),
    ];
    for make in makers {
        make(&path);
        assert!(read_file(&path).is_err_and(|error| matches!(error, Error::Io { .. })));
        assert!(directory.find("PIPE").is_err() && directory.find("PLANT").is_ok());
        fs::remove_file(&path).or_else(|_| fs::remove_dir(&path)).expect("ours");
    }
}

/// A user who is not trusted with domains.
const SOMEBODY: u32 = 5002;

/// Whether this process can change the owner of files, which only the superuser can.
fn can_give_away() -> bool {
    let file = tempfile::NamedTempFile::new().expect("a file");
    chown(file.path(), Some(SOMEBODY), None).is_ok()
}

/// Cases in which another user owns the file, a symbolic link to it, or the directory, or can write to it.
#[test]
fn what_other_users_own_is_refused_unless_it_is_the_nodes_user() {
    if !can_give_away() {
        return;
    }
    for (file, link, place) in (0..8).map(|owners| (owners & 1 > 0, owners & 2 > 0, owners & 4 > 0)) {
        let (parent, directory) = directory();
        let path = directory.add(&domain()).expect("new");
        let target = parent.path().join("elsewhere");
        fs::rename(&path, &target).expect("ours");
        symlink(&target, &path).expect("ours");
        let owner = |foreign| Some(if foreign { SOMEBODY } else { 0 });
        chown(&target, owner(file), None).expect("root");
        lchown(&path, owner(link), None).expect("root");
        chown(directory.path(), owner(place), None).expect("root");
        let case = format!("file {file}, link {link}, directory {place}");

        let alone = read_file(&path);
        assert_eq!(alone.is_ok(), !file && !link, "{case}");
        let listed = directory.list();
        assert_eq!(listed.is_ok(), !place, "{case}");
        let found = directory.find("PLANT");
        assert_eq!(found.is_ok(), !file && !link && !place, "{case}");
        for error in alone.err().into_iter().chain(listed.err()).chain(found.err()) {
            assert!(matches!(error, Error::OtherOwner { owner: SOMEBODY, user: 0, .. }), "{case}: {error}");
            assert!(error.to_string().contains("chown -h 0 "), "{case}: {error}");
        }
        assert!(directory.clone().owned_by(SOMEBODY).find("PLANT").is_ok(), "{case}");
        assert!(directory.owned_by(SOMEBODY + 1).find("PLANT").is_ok() == (!file && !link && !place), "{case}");
    }
}

#[test]
fn files_of_the_superuser_belong_to_whom_the_directory_belongs_to() {
    if !can_give_away() {
        return;
    }
    let (_temporary, directory) = directory();
    fs::create_dir_all(directory.path()).expect("a directory");
    chown(directory.path(), Some(SOMEBODY), Some(SOMEBODY + 1)).expect("root");
    let made = domain();
    assert!(directory.join(&made).is_err(), "somebody's directory is nobody else's");
    let directory = directory.of_its_owner();
    let rotated = made.rotated(NOW, Duration::from_secs(60), [7; 32]).expect("sealed");
    for (domain, joined) in [(&*made, Joined::New), (&rotated, Joined::Replaced)] {
        assert_eq!(directory.join(domain).expect("it may"), joined);
        let file = fs::metadata(directory.path().join("PLANT.toml")).expect("there");
        assert_eq!((file.uid(), file.gid(), file.mode() & 0o777), (SOMEBODY, SOMEBODY + 1, 0o600), "{joined:?}");
    }
    assert!(directory.find("PLANT").is_ok());
}

#[test]
fn directories_that_others_may_write_are_refused() {
    let (_parent, directory) = directory();
    directory.add(&domain()).expect("new");
    for mode in (0..0o2000).filter(|mode| mode & 0o700 == 0o700) {
        fs::set_permissions(directory.path(), Permissions::from_mode(mode)).expect("ours");
        let listed = directory.list();
        assert_eq!(listed.is_ok(), mode & 0o022 == 0, "{mode:o}");
        if let Err(error) = listed {
            assert!(matches!(error, Error::DirectoryTooOpen { .. }), "{error}");
            assert!(error.to_string().contains("chmod go-w"), "{error}");
        }
    }
}

#[test]
fn what_was_written_is_read() {
    let (_parent, directory) = directory();
    let endpoints = vec!["tls/hub.example:7447".to_owned(), "odd\"one\\".to_owned()];
    let sealed =
        domain().rotated(NOW, Duration::from_secs(10), [7; 32]).expect("sealed").with_defaults(true, endpoints);
    let path = directory.add(&sealed).expect("new");
    let open = Domain::open("lab-1").expect("a good name");
    directory.add(&open).expect("new");
    let read = read_file(&path).expect("just written");
    assert_eq!(*read.to_toml(), *sealed.to_toml());
    assert_eq!((read.id(), read.lan(), read.connect()), (sealed.id(), true, sealed.connect()));
    assert_eq!(read.keys().len(), 2);
    let names: Vec<String> = directory
        .list()
        .expect("readable")
        .into_iter()
        .map(|(_, domain)| domain.expect("good files").name().to_string())
        .collect();
    assert_eq!(names, ["LAB-1", "PLANT"]);
    assert!(!directory.find("lab-1").expect("there").is_sealed());
}

#[test]
fn joining_replaces_a_file_only_by_a_newer_one_of_the_same_domain() {
    let (_parent, directory) = directory();
    let first = domain();
    let second = first.rotated(NOW, Duration::from_secs(1000), [7; 32]).expect("sealed");
    assert_eq!(directory.join(&first).expect("new"), Joined::New);
    assert_eq!(directory.join(&first).expect("there"), Joined::Same);
    assert_eq!(directory.join(&second).expect("newer"), Joined::Replaced);
    assert_eq!(directory.find("PLANT").expect("there").keys().len(), 2);
    let error = directory.join(&first).expect_err("older");
    assert!(matches!(error, Error::Older { .. }), "{error}");
    let error = directory.join(&domain()).expect_err("another domain");
    assert!(matches!(error, Error::NameTaken { .. }), "{error}");
    let error = directory.join(&Domain::open("PLANT").expect("a good name")).expect_err("another domain");
    assert!(matches!(error, Error::NameTaken { .. }), "{error}");
    let renamed = Domain::from_toml(&second.to_toml().replace("PLANT", "OTHER")).expect("a domain file");
    let error = directory.join(&renamed).expect_err("the same under another name");
    assert!(matches!(error, Error::OtherName { .. }), "{error}");
    assert_eq!(directory.list().expect("readable").len(), 1);
}

#[test]
fn a_new_domain_replaces_none() {
    let (_parent, directory) = directory();
    let first = domain();
    directory.add(&first).expect("new");
    assert!(matches!(directory.add(&domain()), Err(Error::NameTaken { .. })));
    assert_eq!(directory.find("PLANT").expect("there").id(), first.id());
}

#[test]
fn a_directory_that_is_not_there_has_no_domains() {
    let (_parent, directory) = directory();
    assert!(directory.list().expect("nothing to read").is_empty());
    let error = directory.find("PLANT").expect_err("none");
    assert!(matches!(error, Error::NotFound { .. }), "{error}");
}

#[test]
fn mistakes_in_files_are_told_with_their_line_and_without_secrets() {
    let text = domain().to_toml();
    let secret =
        text.lines().find_map(|line| line.strip_prefix("secret = ")).expect("has one").trim_matches('"').to_owned();
    let naming =
        text.lines().find_map(|line| line.strip_prefix("naming = ")).expect("has one").trim_matches('"').to_owned();
    for (from, to, words) in [
        ("naming =", "nameing =", &["line 4", "nameing"][..]),
        ("[[key]]", "[key]", &["line 6"]),
        ("secret = \"", "secret = \"0", &["`secret` must have 64 hexadecimal digits"]),
        ("secret = ", "lan = ", &["line 7"]),
        ("send-from = 20", "send-from = \"\" # ", &["line 8"]),
        ("Z", "+01:00", &["UTC"]),
        ("Z", "", &["UTC"]),
        ("name = \"PLANT\"", "name = \"PLANT 1\"", &["letters, digits"]),
        ("name = \"PLANT\"", "name = \"PLANT\"\nopen = true", &["an open domain has no"]),
        (&format!("secret = \"{secret}\""), &secret, &["line 7"]),
        (&format!("\"{naming}\""), &naming, &["line 4"]),
        (&format!("\"{naming}\""), &format!("[\"{naming}\"]"), &["line 4"]),
        ("naming = ", "\"\" = ", &["line 4"]),
    ] {
        let wrong = text.replace(from, to);
        assert_ne!(wrong, **text, "{from} is there");
        let error = Domain::from_toml(&wrong).expect_err(to);
        assert!(words.iter().all(|word| error.to_string().contains(word)), "{words:?}: {error}");
        for shown in [error.to_string(), format!("{error:?}")] {
            for hidden in [&secret[..20], &naming[..20]] {
                assert!(!shown.contains(hidden), "{shown}");
            }
        }
    }
    for (text, word) in [("", "name"), ("name = 'A'", "needs `id`"), ("name = 'A'\nid = 'x'\nnaming = 'y'", "32 hex")] {
        let error = Domain::from_toml(text).expect_err(text).to_string();
        assert!(error.contains(word), "{error}");
    }
}

#[test]
fn a_file_of_another_name_is_a_mistake() {
    let (_parent, directory) = directory();
    let path = directory.add(&domain()).expect("new");
    let other = directory.path().join("OTHER.toml");
    fs::rename(&path, &other).expect("ours");
    let [(_, found)] = &directory.list().expect("readable")[..] else { panic!("one file") };
    let error = found.as_ref().expect_err("another name").to_string();
    assert!(error.contains("OTHER.toml") && error.contains("must be named PLANT.toml"), "{error}");
}

#[test]
fn the_same_key_twice_is_a_mistake() {
    let text = domain().to_toml();
    let key = &text[text.find("[[key]]").expect("has one")..];
    let error = Domain::from_toml(&format!("{}\n{key}", *text)).expect_err("twice").to_string();
    assert!(error.contains("twice"), "{error}");
}

#[test]
fn debug_output_has_no_secrets() {
    let text = domain().to_toml();
    let shown = format!("{:?}", Domain::from_toml(&text).expect("a domain file"));
    for line in text.lines().filter(|line| line.starts_with("secret") || line.starts_with("naming")) {
        let secret = line.split('"').nth(1).expect("quoted");
        assert!(!shown.contains(&secret[..16]), "{shown}");
    }
}

#[test]
fn joining_never_rolls_identities_back() {
    let temporary = tempfile::tempdir().expect("a directory");
    let directory = Directory::at(temporary.path().join("domains"));
    let authority = Authority::new("PLANT", &[7; 32]).expect("a good name");
    let plain = domain();
    let with = authority.establish(&plain).expect("sealed");
    let invite = |domain: &Domain, name: &str| {
        authority.invite(domain, &computer(name), None, (NOW, after(1000)), &[8; 32]).expect("its authority")
    };
    assert!(matches!(directory.join(&plain), Ok(Joined::New)));
    assert!(matches!(directory.join(&invite(&with, "SRV1")), Ok(Joined::Replaced)), "a domain may get identities");
    assert!(matches!(directory.join(&plain), Err(Error::OtherAuthority(_))), "and not lose them");
    let other = Authority::new("PLANT", &[9; 32]).and_then(|other| other.establish(&plain)).expect("sealed");
    assert!(matches!(directory.join(&other), Err(Error::OtherAuthority(_))));
    let revoked = authority.revoke(&with, &computer("SRV2"), NOW).expect("its authority");
    assert!(matches!(directory.join(&invite(&revoked, "SRV1")), Ok(Joined::Replaced)));
    assert!(matches!(directory.join(&invite(&with, "SRV1")), Err(Error::Older { .. })), "no list is rolled back");
    let again = authority.revoke(&revoked, &computer("SRV3"), NOW).expect("its authority");
    assert!(matches!(directory.join(&invite(&again, "SRV9")), Err(Error::OtherCertificate { .. })));
    assert!(matches!(directory.join(&invite(&again, "SRV1")), Ok(Joined::Replaced)));
}

#[test]
fn the_authority_is_in_a_file_that_only_its_owner_reads() {
    let temporary = tempfile::tempdir().expect("a directory");
    let directory = Directory::at(temporary.path().join("domains"));
    let authority = Authority::new("PLANT", &[7; 32]).expect("a good name");
    let none = directory.authority(&computer("PLANT")).expect_err("not made");
    assert!(matches!(none, Error::NoAuthority { .. }), "{none}");
    let path = directory.add_authority(&authority).expect("writable");
    assert_eq!(std::fs::metadata(&path).expect("made").permissions().mode() & 0o777, 0o600);
    assert!(matches!(directory.add_authority(&authority), Err(Error::NameTaken { .. })));
    assert_eq!(*directory.authority(&computer("PLANT")).expect("made").to_toml(), *authority.to_toml());
    assert_eq!(directory.list().expect("readable").len(), 0, "nodes do not see it");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).expect("ours");
    assert!(matches!(directory.authority(&computer("PLANT")), Err(Error::ModeTooOpen { .. })));
}
