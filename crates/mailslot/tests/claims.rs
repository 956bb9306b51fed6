//! Claims to a name that somebody keeps in wait.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used)]
mod common;

use std::io::Write;

use common::{Part, name, watchdog};
use mailslot::{Error, Mailslot, MailslotWriter, Sharing};
use rustix::fs::Mode;
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType, bind, socket_with};

const OTHER: u32 = 65534;

/// Claims a name by hand, which the library does only where nobody has it.
#[test]
fn plays_its_part() {
    let Some(part) = common::part() else { return };
    let [_, slot] = part.split(' ').collect::<Vec<_>>()[..] else { panic!("{part}") };
    // With it the directories of this user are made.
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
    let told = Mailslot::options().access(mailslot::Access::Everyone).create(format!("{slot}-planted")).unwrap();
    let first = create().unwrap();
    let planted = Part::start_as(OTHER, &format!("plant {slot}"));
    told.receive().unwrap();
    let second = create().expect("the first one is older than what was planted");
    drop(first);
    MailslotWriter::open(&slot).unwrap().write(b"own").unwrap();
    assert_eq!(second.receive().unwrap().data, b"own", "writers of the own user stay");
    assert!(matches!(create(), Err(Error::AlreadyExists(_))), "the one that waited is the oldest now");
    drop(planted);
    create().expect("it has ended");
}
