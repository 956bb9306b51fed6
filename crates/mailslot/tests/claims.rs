//! Claims to a name that are kept waiting.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used)]
mod common;

use std::io::Write;

use common::{Part, name, watchdog};
use mailslot::{Access, Error, Mailslot, MailslotWriter, Sharing, Taps, Timeout};
use rustix::fs::Mode;
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType, bind, socket_with};

const OTHER: u32 = 65534;

#[test]
fn plays_its_part() {
    let Some(part) = common::part() else { return };
    let [part, slot] = part.split(' ').collect::<Vec<_>>()[..] else { panic!("{part}") };
    match part {
        "plant" => plant(slot),
        "create" => create_where_the_root_is_not_read(slot),
        "lack-proc" => {
            let errors = look_around_without_proc(slot);
            errors.iter().for_each(|(what, error)| assert!(error.to_string().contains("/proc"), "{what}: {error}"));
        }
        // Like a program that has used slots and then loses `/proc`.
        "lose-proc" => {
            mailslot::list().unwrap();
            look_around_without_proc(slot);
        }
        _ => panic!("{part}"),
    }
}

/// Claims a name by hand; the library claims one only if nobody has it.
fn plant(slot: &str) {
    // This makes the directories of this user.
    drop(Mailslot::create(format!("{slot}-first")).unwrap());
    let root = mailslot::root().unwrap();
    let file = format!("mailslot-life.{}@{OTHER}", slot.to_uppercase());
    let home = root.join(format!("mailslot.{OTHER}/lives/{file}"));
    rustix::fs::mkdir(&home, Mode::RWXU).unwrap();
    let life = socket_with(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None).unwrap();
    bind(&life, &SocketAddrUnix::new(home.join("life")).unwrap()).unwrap();
    rustix::fs::chmod(home.join("life"), Mode::from_raw_mode(0o666)).unwrap();
    rustix::fs::chmod(&home, Mode::from_raw_mode(0o755)).unwrap();
    std::fs::File::create_new(root.join(&file)).unwrap().flush().unwrap();
    MailslotWriter::open(format!("{slot}-planted")).unwrap().write(b"").unwrap();
    loop {
        std::thread::park();
    }
}

#[test]
fn a_claim_in_wait_keeps_no_member_away_while_an_older_one_lives() {
    if !common::is_root("a_claim_in_wait_keeps_no_member_away_while_an_older_one_lives") {
        return;
    }
    let _watchdog = watchdog();
    let slot = name();
    let create = || Mailslot::options().sharing(Sharing::Each).create(&slot);
    let told = Mailslot::options().access(Access::Everyone).create(format!("{slot}-planted")).unwrap();
    let first = create().unwrap();
    let planted = Part::start_as(OTHER, &format!("plant {slot}"));
    told.receive().unwrap();
    let second = create().expect("the first one is older than what was planted");
    drop(first);
    MailslotWriter::open(&slot).unwrap().write(b"own").unwrap();
    assert_eq!(second.receive().unwrap().data, b"own", "writers of the members' user stay");
    assert!(matches!(create(), Err(Error::AlreadyExists(_))), "the one that waited is the oldest now");
    drop(planted);
    create().expect("it has ended");
}

/// The cost of a new slot does not depend on the number of others on the machine, with or without members and taps.
#[test]
fn whoever_creates_a_slot_reads_no_list_of_all() {
    let test = "whoever_creates_a_slot_reads_no_list_of_all";
    if !common::is_root(test) || !common::is_apart(test, &[]) {
        return;
    }
    let slot = name();
    let options = || {
        let mut options = Mailslot::options();
        options.sharing(Sharing::Each).taps(Taps::Allowed).clone()
    };
    let _members = [options().create(&slot).unwrap(), options().create(&slot).unwrap()];
    let _tap = Mailslot::tap(&slot).unwrap();
    let creator = Part::start_as(OTHER, &format!("create {slot}"));
    let told = MailslotWriter::wait_open(format!("{slot}-go"), Timeout::Forever).unwrap();
    // Nobody else can read it any more.
    rustix::fs::chmod(mailslot::root().unwrap(), Mode::from_raw_mode(0o1733)).unwrap();
    told.write(b"").unwrap();
    creator.finish();
}

fn create_where_the_root_is_not_read(slot: &str) {
    let told = Mailslot::options().access(Access::Everyone).create(format!("{slot}-go")).unwrap();
    told.receive().unwrap();
    assert!(std::fs::read_dir(mailslot::root().unwrap()).is_err());
    assert!(matches!(Mailslot::create(slot), Err(Error::AlreadyExists(_))));
    for sharing in [Sharing::One, Sharing::Each] {
        let mut options = Mailslot::options();
        options.sharing(sharing).taps(Taps::Allowed);
        let own = format!("{slot}-own");
        let first = options.create(&own).unwrap();
        let second = options.create(&own);
        let tap = Mailslot::tap(&own).unwrap();
        assert!(matches!((&second, sharing), (Ok(_), Sharing::Each) | (Err(Error::AlreadyExists(_)), Sharing::One)));
        drop(first);
        drop((second, tap));
    }
}

/// Sockets are reached through `/proc`. Without it, living slots would look like dead ones, which are removed.
#[test]
fn whoever_has_no_proc_is_told_so_and_harms_no_slot() {
    if !common::is_root("whoever_has_no_proc_is_told_so_and_harms_no_slot") {
        return;
    }
    let _watchdog = watchdog();
    for part in ["lack-proc", "lose-proc"] {
        for sharing in [Sharing::One, Sharing::Each] {
            let slot = name();
            let reader = Mailslot::options().sharing(sharing).access(Access::Everyone).create(&slot).unwrap();
            let before = MailslotWriter::open(&slot).unwrap();
            Part::start(&format!("{part} {slot}")).finish();
            before.write(b"before").unwrap();
            MailslotWriter::open(&slot).expect("it is still there").write(b"after").unwrap();
            assert!(mailslot::list().unwrap().iter().any(|listed| listed.name.as_str() == slot), "{part} {sharing:?}");
            assert_eq!(reader.receive().unwrap().data, b"before", "{part} {sharing:?}");
            assert_eq!(reader.receive().unwrap().data, b"after", "{part} {sharing:?}");
        }
    }
}

/// The errors of all operations. None of them may mean that there is, or is not, such a slot.
fn look_around_without_proc(slot: &str) -> Vec<(&'static str, Error)> {
    // SAFETY: the strings end with a zero, and live through the calls.
    unsafe {
        assert_eq!(libc::unshare(libc::CLONE_NEWNS), 0);
        let nothing = core::ptr::null();
        assert_eq!(libc::mount(nothing, c"/".as_ptr(), nothing, libc::MS_REC | libc::MS_PRIVATE, nothing.cast()), 0);
        assert_eq!(libc::mount(c"none".as_ptr(), c"/proc".as_ptr(), c"tmpfs".as_ptr(), 0, nothing.cast()), 0);
    }
    let tries = [
        ("open", MailslotWriter::open(slot).err()),
        ("create what there is", Mailslot::create(slot).err()),
        ("be a member", Mailslot::options().sharing(Sharing::Each).create(slot).err()),
        ("create another", Mailslot::create(format!("{slot}-other")).err()),
        ("list", mailslot::list().err()),
        ("status", mailslot::status(slot).err()),
    ];
    let errors = tries.map(|(what, error)| (what, error.unwrap_or_else(|| panic!("{what} succeeds"))));
    for (what, error) in &errors {
        assert!(matches!(error, Error::Io { .. }), "{what}: {error}");
    }
    errors.into()
}
