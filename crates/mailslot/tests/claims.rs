//! Claims to a name: which of several counts, whatever their users do with them.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used)]
mod common;

use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};

use common::{Part, name, watchdog};
use mailslot::{Access, Error, Handles, Inheritance, Mailslot, MailslotWriter, Sharing, Taps, Timeout};
use rustix::fs::{Mode, OFlags, XattrFlags};
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType, bind, socket_with};

const OTHER: u32 = 65534;
const VICTIM: u32 = 65533;

#[test]
fn plays_its_part() {
    let Some(part) = common::part() else { return };
    let parts = part.splitn(3, ' ').collect::<Vec<_>>();
    let (part, slot, more) = (parts[0], parts[1], parts.get(2).copied().unwrap_or_default());
    match part {
        "plant" => plant(slot, more == "earlier-build"),
        "old" => step_aside(slot, more.parse().unwrap()),
        "victim" => come_between(slot, more),
        "heir" => pass_on(slot, &Mailslot::from_handles(more.parse::<Handles>().unwrap()).unwrap()),
        "create" => create_where_the_root_is_not_read(slot),
        "lack-proc" => {
            let errors = look_around_without_proc(slot);
            assert_eq!(errors.len(), 6, "{errors:?}");
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

/// Claims a name by hand, in the way of this build or of earlier ones; the library claims one only if nobody has it.
fn plant(slot: &str, earlier_build: bool) {
    // This makes the directories of this user.
    drop(Mailslot::create(format!("{slot}-first")).unwrap());
    let root = mailslot::root().unwrap();
    let own = root.join(format!("mailslot.{}", rustix::process::geteuid().as_raw()));
    let file = file_of(slot);
    let home = own.join("lives").join(file.file_name().unwrap());
    rustix::fs::mkdir(&home, Mode::RWXU).unwrap();
    let life = socket_with(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None).unwrap();
    bind(&life, &SocketAddrUnix::new(home.join("life")).unwrap()).unwrap();
    rustix::fs::chmod(home.join("life"), Mode::from_raw_mode(0o666)).unwrap();
    rustix::fs::chmod(&home, Mode::from_raw_mode(0o755)).unwrap();
    let made = own.join("new/made");
    let mode = Mode::from_raw_mode(if earlier_build { 0o400 } else { 0o444 });
    let claim = rustix::fs::open(&made, OFlags::RDWR | OFlags::CREATE | OFlags::EXCL, mode).unwrap();
    assert!(earlier_build || set_lock(claim.as_fd(), libc::F_WRLCK));
    std::fs::rename(made, file).unwrap();
    tell(slot, "planted");
    loop {
        std::thread::park();
    }
}

/// The file of this user's claim.
fn file_of(slot: &str) -> PathBuf {
    let uid = rustix::process::geteuid().as_raw();
    mailslot::root().unwrap().join(format!("mailslot-life.{}@{uid}", slot.to_uppercase()))
}

fn set_lock(file: BorrowedFd<'_>, kind: i32) -> bool {
    // SAFETY: `flock` is plain data.
    let mut request: libc::flock = unsafe { std::mem::zeroed() };
    request.l_type = kind as libc::c_short;
    // SAFETY: the descriptor is open, and the pointer is to a `flock`.
    unsafe { libc::fcntl(file.as_raw_fd(), libc::F_OFD_SETLK, &raw const request) == 0 }
}

/// Tells the test something, on its slot.
fn tell(slot: &str, what: &str) {
    MailslotWriter::open(format!("{slot}-told")).unwrap().write(what.as_bytes()).unwrap();
}

/// The slot on which a test is told something.
fn told(slot: &str) -> Mailslot {
    Mailslot::options().access(Access::Everyone).create(format!("{slot}-told")).unwrap()
}

fn text(slot: &Mailslot) -> String {
    String::from_utf8(slot.receive().unwrap().data).unwrap()
}

/// How the user of a living claim makes it look ended, or hides it, without ending it.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Aside {
    /// Releases the lock, and takes it again.
    Lock,
    /// The same, with a lease, by which nobody else can open the file.
    Lease,
    /// Gives the file another mode.
    Mode(u32),
    /// Gives the file an access control list, with the same mode.
    List,
    /// Gives the file another name.
    Name,
    /// Closes a directory to others, or the socket.
    Closed(&'static str),
}

impl Aside {
    const ALL: [Aside; 17] = [
        Aside::Lock,
        Aside::Lease,
        Aside::Mode(0),
        Aside::Mode(0o400),
        Aside::Mode(0o440),
        Aside::Mode(0o404),
        Aside::Mode(0o445),
        Aside::Mode(0o644),
        Aside::Mode(0o666),
        Aside::Mode(0o1444),
        Aside::List,
        Aside::Name,
        Aside::Closed("slots"),
        Aside::Closed("lives"),
        Aside::Closed("others"),
        Aside::Closed("lives/FILE/life"),
        Aside::Closed(""),
    ];

    /// Whether others see that it lives nevertheless.
    fn is_seen(self) -> bool {
        // With the mode of earlier builds' files, it lives as those do, through its socket.
        matches!(self, Aside::Lease | Aside::Mode(0o400) | Aside::Closed(_))
    }

    fn go(self, slot: &str, life: BorrowedFd<'_>, back: bool) {
        let file = file_of(slot);
        let own = mailslot::root().unwrap().join(format!("mailslot.{OTHER}"));
        match self {
            // It may fail: somebody prevents it.
            Aside::Lock => _ = set_lock(life, if back { libc::F_WRLCK } else { libc::F_UNLCK }),
            Aside::Lease => {
                // SAFETY: the descriptor is open.
                let leased = unsafe {
                    libc::fcntl(life.as_raw_fd(), libc::F_SETLEASE, if back { libc::F_UNLCK } else { libc::F_WRLCK })
                };
                assert_eq!(leased, 0, "{}", std::io::Error::last_os_error());
                set_lock(life, if back { libc::F_WRLCK } else { libc::F_UNLCK });
            }
            Aside::Mode(mode) => {
                rustix::fs::fchmod(life, Mode::from_raw_mode(if back { 0o444 } else { mode })).unwrap();
            }
            Aside::List if back => rustix::fs::fremovexattr(life, "system.posix_acl_access").unwrap(),
            Aside::List => {
                // user::r--, user:VICTIM:---, group::r--, mask::r--, other::r--, as in acl(5) and the kernel's header.
                let entry = |tag: u16, may: u16, id: u32| {
                    [&tag.to_le_bytes()[..], &may.to_le_bytes(), &id.to_le_bytes()].concat()
                };
                let none = u32::MAX;
                let list = [
                    2_u32.to_le_bytes().to_vec(),
                    entry(1, 4, none),
                    entry(2, 0, VICTIM),
                    entry(4, 4, none),
                    entry(16, 4, none),
                    entry(32, 4, none),
                ]
                .concat();
                rustix::fs::fsetxattr(life, "system.posix_acl_access", &list, XattrFlags::empty()).unwrap();
            }
            Aside::Name => {
                let away = own.join("new/away");
                let (from, to) = if back { (away, file) } else { (file, away) };
                std::fs::rename(from, to).unwrap();
            }
            Aside::Closed(place) => {
                let place = place.replace("FILE", file.file_name().unwrap().to_str().unwrap());
                let open = if place.ends_with("life") { 0o666 } else { 0o755 };
                let mode = if back { open } else { open & 0o700 };
                rustix::fs::chmod(own.join(place), Mode::from_raw_mode(mode)).unwrap();
            }
        }
    }
}

impl std::str::FromStr for Aside {
    type Err = ();

    fn from_str(text: &str) -> Result<Aside, ()> {
        Aside::ALL.into_iter().find(|aside| format!("{aside:?}") == text).ok_or(())
    }
}

/// Makes this user's slot that of the claim as it is now: each change gives that another time.
fn bind_to_claim(slot: &str) {
    let file = file_of(slot);
    let Ok(stat) = rustix::fs::lstat(&file) else { return };
    let since = i128::from(stat.st_ctime) * 1_000_000_000 + i128::from(stat.st_ctime_nsec);
    let link = mailslot::root().unwrap().join(format!("mailslot.{OTHER}/slots/{}/life", slot.to_uppercase()));
    std::fs::remove_file(&link).unwrap();
    std::os::unix::fs::symlink(format!("{}#{since}", file.file_name().unwrap().to_str().unwrap()), link).unwrap();
}

/// The part of the user who was first.
fn step_aside(slot: &str, aside: Aside) {
    let orders = Mailslot::options().access(Access::Everyone).create(format!("{slot}-orders")).unwrap();
    let mut options = Mailslot::options();
    let own = options.access(Access::Everyone).read_timeout(Timeout::Zero).create(slot).unwrap();
    let handles = own.share();
    tell(slot, "ready");
    loop {
        match text(&orders).as_str() {
            order @ ("away" | "back") => {
                aside.go(slot, handles.as_fds()[0], order == "back");
                bind_to_claim(slot);
            }
            _ => assert!(own.try_receive().unwrap().is_none(), "{aside:?}: it gets what is meant for another slot"),
        }
        tell(slot, "done");
    }
}

/// The part of the user who makes a slot of the same name meanwhile, and may pass it on.
fn come_between(slot: &str, heirs: &str) {
    let inheritance = if heirs == "none" { Inheritance::Private } else { Inheritance::Inherited };
    match Mailslot::options().access(Access::Everyone).inheritance(inheritance).create(slot) {
        Ok(slot_of_victim) if heirs == "exec" => {
            let heir = format!("heir {slot} {}", slot_of_victim.share());
            let become_heir = |program: &Path| {
                std::process::Command::new(program)
                    .args(["--exact", "plays_its_part", "--nocapture", "--quiet"])
                    .env("MAILSLOT_TEST_PART", &heir)
                    .exec()
            };
            // As in `Part::start_as`.
            let error = become_heir("/proc/self/exe".as_ref());
            panic!("{error}, {}", become_heir(&std::env::current_exe().unwrap()));
        }
        Ok(own) if heirs == "fork" => {
            // SAFETY: this test binary runs a single test, and its other threads hold no lock that the child needs.
            match unsafe { libc::fork() } {
                0 => {
                    common::end_with_parent();
                    pass_on(slot, &own);
                }
                child => {
                    drop(own);
                    // SAFETY: the pointer may be null.
                    unsafe { libc::waitpid(child, std::ptr::null_mut(), 0) };
                }
            }
        }
        Ok(own) => pass_on(slot, &own),
        Err(Error::AlreadyExists(_)) => tell(slot, "taken"),
        Err(error) => panic!("{error}"),
    }
}

fn pass_on(slot: &str, own: &Mailslot) {
    tell(slot, "made");
    loop {
        tell(slot, &text(own));
    }
}

/// A claim that its user takes aside and back, while another user makes a slot of the name: a living claim that is seen
/// keeps the name, and none that is not, nor does one that has ended; and none takes a name back.
#[test]
fn who_steps_aside_does_not_come_back() {
    let test = "who_steps_aside_does_not_come_back";
    if !common::is_root(test) || !common::is_apart(test, &[]) {
        return;
    }
    let _watchdog = watchdog();
    for (aside, heirs) in Aside::ALL.into_iter().flat_map(|aside| ["none", "fork", "exec"].map(|heirs| (aside, heirs)))
    {
        let what = format!("{aside:?}, heirs by {heirs}");
        let slot = name();
        let told = told(&slot);
        let old = Part::start_as(OTHER, &format!("old {slot} {aside:?}"));
        assert_eq!(text(&told), "ready");
        let order = |order: &str| {
            MailslotWriter::open(format!("{slot}-orders")).unwrap().write(order.as_bytes()).unwrap();
            assert_eq!(text(&told), "done", "{what}");
        };
        order("away");
        let between = || Part::start_as(VICTIM, &format!("victim {slot} {heirs}"));
        let victim = between();
        if aside.is_seen() {
            assert_eq!(text(&told), "taken", "{what}");
        } else {
            assert_eq!(text(&told), "made", "{what}");
            for order_before in ["get nothing", "back"] {
                order(order_before);
                MailslotWriter::open(&slot).unwrap().write(b"yours").unwrap();
                assert_eq!(text(&told), "yours", "{what}, after {order_before:?}");
            }
            order("get nothing");
        }
        drop(victim);
        if !aside.is_seen() {
            order("away");
        }
        drop(old);
        // A child of the victim's ends after it.
        while !matches!(mailslot::status(&slot), Err(Error::NotFound(_))) {
            std::thread::yield_now();
        }
        // Nobody lives: what is left keeps the name from nobody.
        let _victim = between();
        assert_eq!(text(&told), "made", "{what}, and has ended");
        if let Aside::Closed(place) = aside
            && !place.ends_with("life")
        {
            let place = mailslot::root().unwrap().join(format!("mailslot.{OTHER}")).join(place);
            rustix::fs::chmod(place, Mode::from_raw_mode(0o755)).unwrap();
        }
    }
}

/// Earlier builds determined by a socket whether a claim lives, which its user could hide.
#[test]
fn a_claim_of_an_earlier_build_keeps_its_name_while_it_is_seen() {
    let test = "a_claim_of_an_earlier_build_keeps_its_name_while_it_is_seen";
    if !common::is_root(test) || !common::is_apart(test, &[]) {
        return;
    }
    let _watchdog = watchdog();
    let slot = name();
    let told = told(&slot);
    let planted = Part::start_as(OTHER, &format!("plant {slot} earlier-build"));
    assert_eq!(text(&told), "planted");
    let between = || Part::start_as(VICTIM, &format!("victim {slot} none"));
    let victim = between();
    assert_eq!(text(&told), "taken");
    victim.finish();
    let home = format!("mailslot.{OTHER}/lives/mailslot-life.{}@{OTHER}/life", slot.to_uppercase());
    let socket = mailslot::root().unwrap().join(home);
    rustix::fs::chmod(&socket, Mode::from_raw_mode(0o600)).unwrap();
    let victim = between();
    assert_eq!(text(&told), "made");
    rustix::fs::chmod(&socket, Mode::from_raw_mode(0o666)).unwrap();
    MailslotWriter::open(&slot).unwrap().write(b"yours").unwrap();
    assert_eq!(text(&told), "yours");
    drop((victim, planted));
}

#[test]
fn a_claim_in_wait_keeps_no_member_away_while_an_older_one_lives() {
    if !common::is_root("a_claim_in_wait_keeps_no_member_away_while_an_older_one_lives") {
        return;
    }
    let _watchdog = watchdog();
    let slot = name();
    let create = || Mailslot::options().sharing(Sharing::Each).create(&slot);
    let told = told(&slot);
    let first = create().unwrap();
    let planted = Part::start_as(OTHER, &format!("plant {slot}"));
    assert_eq!(text(&told), "planted");
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

/// Sockets are reached through `/proc`. Without it, living slots must not look like dead ones, which are removed.
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

/// The errors of the operations that fail. None of them may mean that there is no such slot, or that there is another.
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
    let errors: Vec<_> = tries.into_iter().filter_map(|(what, error)| Some((what, error?))).collect();
    for (what, error) in &errors {
        let is_true =
            matches!(error, Error::AlreadyExists(_)) && ["create what there is", "be a member"].contains(what);
        assert!(matches!(error, Error::Io { .. }) || is_true, "{what}: {error}");
    }
    errors
}
