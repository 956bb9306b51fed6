//! Ownership of a slot: how it begins, is passed on, and ends.

use std::mem::ManuallyDrop;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::atomic::AtomicU64;
use std::time::SystemTime;

use rustix::io::{Errno, FdFlags};

use super::bell;
use super::clock;
use super::door::{self, Entrance};
use super::fork::{fork_generation, is_of_this_process};
use super::label::Label;
use super::life::{Begun, Ending};
use super::lock::{Children, ReadLock};
use super::members;
use super::private;
use super::process;
use super::queue::{PATIENCE_AT_ONCE, Queue, encode_timeout};
use super::ring::layout::{DROPS_OLDEST, HEADER_SIZE, SHARED};
use super::root::{Claim, FileId, Kept, Place, Root, SlotDirectory};
use super::shm::NewRing;
use crate::error::{Error, Result};
use crate::options::{Access, Inheritance, MailslotOptions, Network, Sharing, Taps, WhenFull};
use crate::sync::Ordering::Relaxed;
use mailslot_names::SlotName;

/// The owner's part in the life of a slot.
pub(crate) struct Ownership {
    /// The place of the slot in the file system.
    place: Place,
    /// The life, which lasts as long as this value; ended first when this is ended.
    life: ManuallyDrop<OwnedFd>,
    /// A lock on the ring, which shows friends that this process owns the slot.
    _hold: ReadLock,
    /// Older claims to the name, which must not live again.
    _endings: Vec<Ending>,
    /// [`fork_generation`] of the process that made this.
    generation: u64,
    /// When the slot's place was last checked, in ticks.
    looked: AtomicU64,
}

/// The place is checked at most this often, in ticks: a tenth of a second to a few tenths.
const LOOK_EVERY: u64 = 10_000 * clock::MOMENT;

/// The kinds of slots to make.
enum Kind {
    /// A slot that has one reader and no taps.
    Alone,
    Member,
    Tap,
    /// A tap of the superuser, beside this member of another user's slot.
    TapOf(SlotDirectory),
}

/// A slot as its new owner gets it.
pub(crate) struct Owned {
    pub(crate) name: SlotName,
    pub(crate) ownership: Ownership,
    pub(crate) queue: Queue,
    pub(crate) entrance: Entrance,
}

impl Owned {
    /// Makes a slot.
    pub(crate) fn create(name: SlotName, options: &MailslotOptions) -> Result<Owned> {
        let root = Root::get()?;
        let claim = root.claim(&name, options.sharing)?;
        let kind = match options {
            MailslotOptions { sharing: Sharing::One, taps: Taps::Refused, .. } => Kind::Alone,
            _ => Kind::Member,
        };
        Owned::make(root, name, claim, kind, options)
    }

    /// Makes a tap of a slot of this user, or, as the superuser, of any user.
    pub(crate) fn tap(name: SlotName, options: &MailslotOptions) -> Result<Owned> {
        let root = Root::get()?;
        let own = process::uid();
        let slot = match root.find_of(&name, own)? {
            None => root.find(&name)?,
            found => found,
        };
        let slot = slot.ok_or_else(|| Error::NotFound(name.clone()))?;
        if slot.user.uid != own && own != 0 {
            return Err(Error::NotOwner(name));
        }
        let label = Label::read(slot.dir.as_fd(), slot.user.uid)
            .map_err(|error| root.error("read the label of", &name, error))?
            .ok_or_else(|| Error::NotFound(name.clone()))?;
        if label.taps != Taps::Allowed {
            return Err(Error::NoTaps(name));
        }
        let mut options = options.clone();
        options.network(label.network).max_message_size(0).when_full(WhenFull::DropOldest);
        // The users who may write to the slot may write to the tap.
        let kind = if slot.user.uid == own {
            // Every message that the slot accepts fits into the tap.
            let capacity = options.capacity.max(label.capacity);
            options.access(label.access).capacity(capacity);
            Kind::Tap
        } else {
            // The slot's owner, another user, does not decide how much memory the tap takes.
            options.access(match label.access {
                Access::Owner => Access::Users(vec![slot.user.uid]),
                Access::Users(users) => Access::Users([users, vec![slot.user.uid]].concat()),
                access => access,
            });
            Kind::TapOf(slot)
        };
        let claim = root.claim_tap(&name)?;
        Owned::make(root, name, claim, kind, &options)
    }

    fn make(root: &'static Root, name: SlotName, claim: Claim, kind: Kind, options: &MailslotOptions) -> Result<Owned> {
        let failed = |error| root.error("create", &name, error);
        let capacity = options.capacity.next_power_of_two();
        // The ring's file is the largest.
        process::check_file_size(HEADER_SIZE + capacity).map_err(|_| Error::InvalidOption {
            option: "capacity",
            expected: "less than the largest file that this process may make (RLIMIT_FSIZE, ulimit -f)".to_owned(),
        })?;
        let staged = root.stage(&name, &claim)?;
        let dir = staged.dir.as_fd();
        let inherited = options.inheritance == Inheritance::Inherited;
        let label = Label {
            name: name.clone(),
            pid: process::stamp().pid(),
            access: options.access.clone(),
            network: options.network,
            taps: options.taps,
            door: door::VERSION,
            stamp: options.stamp,
            max_message_size: options.max_message_size,
            capacity,
            created: SystemTime::now(),
        };
        label.create(dir).map_err(failed)?;
        let new = NewRing {
            capacity,
            max_message: options.max_message_size.into(),
            pid_namespace: process::pid_namespace().map_err(failed)?,
            locked_reads: if inherited { SHARED } else { 0 }
                | if options.when_full == WhenFull::DropOldest { DROPS_OLDEST } else { 0 },
            network: options.network == Network::Allowed,
            stamp: options.stamp,
            read_timeout_nanos: encode_timeout(options.read_timeout),
        };
        let queue = Queue::create(dir, &new).map_err(failed)?;
        let ring = Queue::open_file(dir).map_err(failed)?;
        let ring_id = FileId::of(&ring).map_err(failed)?;
        let hold = ReadLock::new(ring, Children::DoNot).map_err(failed)?;
        let bell = bell::create(dir).map_err(failed)?;
        let door = claim.link_door(dir, door::NAME).map_err(failed)?;
        door::open_to(dir, door, &options.access).map_err(failed)?;
        let published = match kind {
            Kind::Alone => root.publish(staged, &name)?,
            Kind::Member | Kind::Tap => {
                members::create(dir).map_err(failed)?;
                root.publish_member(staged, &name, matches!(kind, Kind::Tap))?
            }
            Kind::TapOf(member) => root.publish_tap(staged, &name, &member)?,
        };
        let place = Place::new(root, published, ring_id);
        let Kept { begun: Begun { life, door }, endings } = claim.keep().ok_or(Error::Closed)?;
        for fd in [&life, &door, &bell] {
            if inherited {
                rustix::io::fcntl_setfd(fd, FdFlags::empty()).map_err(failed)?;
            } else {
                private::keep(fd.as_fd());
            }
        }
        let ownership = Ownership::new(place, life, hold, endings);
        Ok(Owned { ownership, queue, entrance: Entrance::new(door, bell, options.access.clone()), name })
    }

    /// Takes over a slot through the descriptors of another owner.
    pub(crate) fn from_handles([life, door, bell]: [OwnedFd; 3]) -> Result<Owned> {
        let invalid = |what: &str| Error::InvalidInheritance(what.to_owned());
        // That of an earlier build is a socket.
        let of_earlier_build =
            matches!(rustix::net::sockopt::socket_type(&life), Ok(rustix::net::SocketType::SEQPACKET));
        if !matches!(rustix::net::sockopt::socket_acceptconn(&door), Ok(true)) {
            return Err(invalid("the second descriptor is not a slot's door"));
        }
        let root = Root::get()?;
        let bell_id = FileId::of(&bell).map_err(|error| Error::io("inspect a slot's bell", error))?;
        // Sockets do not show where their files are, but a named pipe has the identity of its file.
        let directory =
            root.find_own(bell::NAME, bell_id)?.ok_or_else(|| invalid("the third descriptor is not a slot's bell"))?;
        if !of_earlier_build {
            let inspected = |error| Error::io("inspect a slot's life", error);
            let there = match root.life_of(&directory) {
                Err(Errno::NOENT) => None,
                found => Some(found.map_err(inspected)?),
            };
            if there != Some(FileId::of(&life).map_err(inspected)?) {
                return Err(invalid("the first descriptor is not a slot's life"));
            }
        }
        let dir = directory.dir.as_fd();
        let label =
            Label::read(dir, directory.user.uid).map_err(|error| Error::io("read the label of a slot", error))?;
        let label = label.ok_or_else(|| invalid("the slot has no label"))?;
        let failed = |error| root.error("take over", &label.name, error);
        let ring = Queue::open_file(dir).map_err(failed)?;
        let start = Queue::open(ring.as_fd(), process::uid()).map_err(failed)?;
        let start = start.ok_or_else(|| Queue::foreign(ring.as_fd(), format!("take over slot {}", label.name)))?;
        let queue = start.whole(ring.as_fd()).map_err(failed)?;
        queue.share();
        let ring_id = FileId::of(&ring).map_err(failed)?;
        let hold = Queue::open_file(dir).and_then(|ring| ReadLock::new(ring, Children::DoNot)).map_err(failed)?;
        let endings = root.end_older(&label.name, &directory)?;
        let ownership = Ownership::new(Place::new(root, directory, ring_id), life, hold, endings);
        Ok(Owned { ownership, queue, entrance: Entrance::new(door, bell, label.access), name: label.name })
    }

    /// Takes over the slot whose descriptors another owner has described.
    pub(crate) fn inherit(inheritance: &str) -> Result<Owned> {
        let invalid = || Error::InvalidInheritance(format!("{inheritance:?} does not name three open descriptors"));
        let take = |text: &str| {
            let fd: i32 = text.parse().ok().filter(|fd| *fd > 2).ok_or_else(invalid)?;
            // SAFETY: borrowed only for the duplication below, which fails if it is not open. The number is text from
            // outside: if it is that of anything else which this program has open, the duplicate is refused and closed.
            let inherited = unsafe { BorrowedFd::borrow_raw(fd) };
            rustix::io::fcntl_dupfd_cloexec(inherited, 3).map_err(|error| match error {
                Errno::BADF => invalid(),
                error => Error::io("duplicate an inherited handle", error),
            })
        };
        let taken: Vec<OwnedFd> = inheritance.split(',').map(take).collect::<Result<_>>()?;
        Owned::from_handles(taken.try_into().map_err(|_| invalid())?)
    }
}

impl Ownership {
    fn new(place: Place, life: OwnedFd, hold: ReadLock, endings: Vec<Ending>) -> Ownership {
        // The check is due at once: the slot may have ended while its tap was made, and nothing notifies of that.
        let looked = AtomicU64::new(clock::ticks().wrapping_sub(LOOK_EVERY));
        let life = ManuallyDrop::new(life);
        Ownership { place, life, _hold: hold, _endings: endings, generation: fork_generation(), looked }
    }

    pub(crate) fn life(&self) -> BorrowedFd<'_> {
        self.life.as_fd()
    }

    pub(crate) fn is_tap(&self) -> bool {
        self.place.is_tap()
    }

    /// Whether this is one member of a slot that may have others, or a tap.
    pub(crate) fn is_member(&self) -> bool {
        self.place.is_member()
    }

    /// The ring's file.
    pub(crate) fn open_ring(&self) -> rustix::io::Result<OwnedFd> {
        self.place.open_ring()
    }

    /// The slot's directory, if it is still at its place.
    pub(crate) fn open_directory(&self) -> rustix::io::Result<Option<SlotDirectory>> {
        self.place.open()
    }

    /// A descriptor that is always ready for `poll`, and refused by `epoll`, like all directories.
    pub(crate) fn always_ready(&self) -> BorrowedFd<'_> {
        self.place.root()
    }

    /// Fails if the slot's directory was removed, for example by a login manager: then no writer finds it any more.
    /// Checks only now and then.
    pub(crate) fn check_place(&self, name: &SlotName) -> Result<()> {
        let now = clock::ticks();
        if now.wrapping_sub(self.looked.load(Relaxed)) < LOOK_EVERY {
            return Ok(());
        }
        if self.place.is_left() == Ok(true) {
            return Err(Error::Closed);
        }
        if self.place.is_there() == Ok(false) {
            return Err(Error::io(format!("read slot {name}, whose directory was removed"), Errno::NOENT));
        }
        self.looked.store(now, Relaxed);
        Ok(())
    }

    /// Whether this process is the one that became the owner, not a fork of it.
    pub(crate) fn is_this_process(&self) -> bool {
        is_of_this_process(self.generation)
    }

    /// Ends this handle. If it was the last of a `shared` slot, or the slot is not shared, calls `close`, which marks
    /// the slot as closed for its writers, and frees its name. `leave` closes the handle's other descriptors.
    pub(crate) fn end(&mut self, shared: bool, close: impl Fn(), leave: impl FnOnce()) {
        // A slot that was never shared has no other owner. A program that another thread is just starting has copies of
        // all descriptors until it runs, which must not delay the end.
        let sole_owner = !shared && self.is_this_process();
        if sole_owner {
            close();
            self.place.remove_living();
        }
        // Called first, as checking whether other handles live, and removing a dead slot, takes some descriptors.
        leave();
        // SAFETY: `life` is not used after this: the owner of this value calls `end` when it is dropped.
        drop(unsafe { ManuallyDrop::take(&mut self.life) });
        let ended = sole_owner || self.place.is_living() == Ok(false);
        if !sole_owner && ended {
            close();
            self.place.remove_dead();
        }
        if ended {
            self.place.left_taps().iter().for_each(|tap| end_tap(tap.dir.as_fd()));
        }
    }
}

/// Notifies a tap that the slot it taps has ended. If that fails, the tap finds out by itself, which takes up to
/// [`LOOK_AT_PLACE`](super::wait::LOOK_AT_PLACE); so this waits for a tap that holds its lock because it is about to
/// sleep.
fn end_tap(tap: BorrowedFd<'_>) {
    let Ok(ring) = Queue::open_file(tap) else { return };
    let Ok(Some(start)) = Queue::open(ring.as_fd(), process::uid()) else { return };
    let (Ok(whole), Ok(Some(bell))) = (start.whole(ring.as_fd()), bell::open(tap)) else { return };
    if let Ok(locked) = whole.lock(PATIENCE_AT_ONCE) {
        locked.close();
        let _ = locked.ring_bell(bell.as_fd());
    }
}
