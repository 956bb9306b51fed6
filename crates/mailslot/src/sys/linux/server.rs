//! The reading end of a local slot.

use std::mem::ManuallyDrop;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use rustix::io::FdFlags;

use super::bell;
use super::clock;
use super::door::{self, Appended, BELL_KEY, DOOR_KEY, Entrance, Intake};
use super::label::Label;
use super::life::{self, Hold};
use super::process;
use super::queue::{NextMessage, PATIENCE, Queue, Session, encode_timeout};
use super::ring::layout::SPARE;
use super::ring::read::{self, Damaged};
use super::ring::write::Stamp;
use super::robust::fork_generation;
use super::root::{FileId, Root, SlotDirectory};
use super::shm::NewRing;
use super::wait::{self, Poller, Spinning};
use crate::error::{Error, Result};
use crate::message::{Info, Statistics};
use crate::name::SlotName;
use crate::options::{Inheritance, MailslotOptions, Network, Timeout};
use crate::sync::Ordering::Relaxed;
use crate::sys::Next;

/// Messages read before the door is looked at again, so that busy friends do not shut strangers out.
const DOOR_EVERY: u32 = 64;
/// How long a reader waits for a writer that holds the lock, before it sleeps without having announced it.
const ANNOUNCE_PATIENCE: Duration = Duration::from_millis(10);
/// How often a reader looks by itself while something keeps it from being woken.
const LOOK_BY_ITSELF: Duration = Duration::from_millis(10);
/// Memory is given back at most this often, in ticks: a tenth of a second or a few.
const SHRINK_EVERY: u64 = 10_000 * clock::MOMENT;
/// How long a sleeping reader waits before it gives memory back that it could not yet.
const SHRINK_LATER: Duration = Duration::from_millis(200);
/// After this many bytes of records without a pause the reader starts over at the beginning of the memory when it can.
const REWIND_AFTER: u64 = 12 << 10;
/// The same in a stream, where the memory that was read longest ago is the best to write to: it has left the reader's
/// cache, so the writer need not take it away.
const REWIND_STREAM_AFTER: u64 = 4 << 20;

/// A slot that this process owns.
pub(crate) struct Server {
    name: SlotName,
    queue: Queue,
    /// Its place in the file system.
    directory: SlotDirectory,
    /// Goes on as long as this exists; ended first when it ends.
    life: ManuallyDrop<OwnedFd>,
    /// The file of `life`.
    life_id: FileId,
    /// The ring's file, for reserving memory.
    ring: OwnedFd,
    /// Tells friends that this process owns the slot.
    _hold: Hold,
    bell: OwnedFd,
    /// The listening socket; closed without waiting for what may lie there.
    door: ManuallyDrop<OwnedFd>,
    entrance: Mutex<Entrance>,
    reader: Mutex<Reader>,
    /// When the door was last looked at, in ticks.
    door_seen: AtomicU64,
    /// Whether the door had something when it was last looked at.
    door_gave: AtomicBool,
    /// Readers of this process that sleep.
    sleepers: AtomicU32,
    /// When memory was last given back, in ticks.
    shrunk: AtomicU64,
    spinning: Spinning,
    /// Records before this position are known to be committed.
    committed: AtomicU64,
    /// Made when something needs one descriptor for everything: [`Server::as_fd`], or a connected stranger.
    poller: OnceLock<Poller>,
    /// Whether somebody polls [`Server::as_fd`]: then every read that finds nothing asks to be woken.
    polled: AtomicBool,
    /// Whether reads end instead of waiting. Set before the ring's lock is taken once more, so whoever announces sleep
    /// after that sees it.
    aborted: AtomicBool,
    /// [`fork_generation`] of the process that made this.
    generation: u64,
}

/// What readers take turns for.
struct Reader {
    /// Messages until the door is due.
    until_door: u32,
}

impl Server {
    pub(crate) fn create(name: SlotName, options: &MailslotOptions) -> Result<Server> {
        let root = Root::get()?;
        let failed = |error| root.error("create", &name, error);
        root.check_free(&name)?;
        let staged = root.stage(&name)?;
        let dir = staged.dir.as_fd();
        // First of all: what has no life may be taken for something left behind.
        let life = life::begin(dir).map_err(failed)?;
        let capacity = options.capacity.next_power_of_two();
        let label = Label {
            name: name.clone(),
            pid: process::stamp().pid,
            access: options.access.clone(),
            network: options.network,
            max_message_size: options.max_message_size,
            capacity,
            created: SystemTime::now(),
        };
        label.create(dir).map_err(failed)?;
        let new = NewRing {
            capacity,
            max_message: options.max_message_size.into(),
            pid_namespace: process::pid_namespace(),
            shared: options.inheritance == Inheritance::Inherited,
            network: options.network == Network::Allowed,
            read_timeout: encode_timeout(options.read_timeout),
        };
        let (queue, ring) = Queue::create(dir, &new).map_err(failed)?;
        let hold = Queue::open_file(dir).and_then(Hold::new).map_err(failed)?;
        let bell = bell::create(dir).map_err(failed)?;
        let door = door::create(dir, &options.access).map_err(failed)?;
        if options.inheritance == Inheritance::Inherited {
            for fd in [&life, &door, &bell] {
                rustix::io::fcntl_setfd(fd, FdFlags::empty()).map_err(failed)?;
            }
        }
        let life_id = FileId::at(dir, life::NAME).map_err(failed)?;
        let directory = root.publish(staged, &name)?;
        let entrance = Entrance::new(options.access.clone());
        Ok(Server::assemble(name, directory, (queue, ring), (life, life_id), hold, bell, (door, entrance)))
    }

    pub(crate) fn inherit(inheritance: &str) -> Result<Server> {
        let invalid = || Error::InvalidInheritance(format!("{inheritance:?} does not name three open descriptors"));
        let take = |text: &str| {
            let fd: i32 = text.parse().ok().filter(|fd| *fd > 2)?;
            // SAFETY: borrowed only for the duplication below, which fails if it is not open.
            let inherited = unsafe { BorrowedFd::borrow_raw(fd) };
            rustix::io::fcntl_dupfd_cloexec(inherited, 3).ok()
        };
        let taken: Vec<OwnedFd> = inheritance.split(',').map(take).collect::<Option<_>>().ok_or_else(invalid)?;
        Server::from_handles(taken.try_into().map_err(|_| invalid())?)
    }

    pub(crate) fn from_handles([life, door, bell]: [OwnedFd; 3]) -> Result<Server> {
        let invalid = |what: &str| Error::InvalidInheritance(what.to_owned());
        if !matches!(rustix::net::sockopt::socket_type(&life), Ok(rustix::net::SocketType::SEQPACKET)) {
            return Err(invalid("the first descriptor is not a slot's life"));
        }
        if !matches!(rustix::net::sockopt::socket_acceptconn(&door), Ok(true)) {
            return Err(invalid("the second descriptor is not a slot's door"));
        }
        let root = Root::get()?;
        let bell_id = FileId::of(&bell).map_err(|error| Error::io("look at a slot's bell", error))?;
        // Sockets do not tell where their files are, but a pipe is its file.
        let directory =
            root.find_own(bell::NAME, bell_id)?.ok_or_else(|| invalid("the third descriptor is not a slot's bell"))?;
        let dir = directory.dir.as_fd();
        let label = Label::read(dir).ok_or_else(|| invalid("the slot has no label"))?;
        let failed = |error| root.error("take over", &label.name, error);
        let life_id = FileId::at(dir, life::NAME).map_err(failed)?;
        let ring = Queue::open_file(dir).map_err(failed)?;
        let start = Queue::open(ring.as_fd(), process::uid()).map_err(failed)?;
        let start = start.ok_or_else(|| invalid("the slot is another user's"))?;
        let queue = start.whole(ring.as_fd()).map_err(failed)?;
        queue.header().fixed.shared.store(1, Relaxed);
        let hold = Queue::open_file(dir).and_then(Hold::new).map_err(failed)?;
        let entrance = Entrance::new(label.access);
        Ok(Server::assemble(label.name, directory, (queue, ring), (life, life_id), hold, bell, (door, entrance)))
    }

    fn assemble(
        name: SlotName,
        directory: SlotDirectory,
        (queue, ring): (Queue, OwnedFd),
        (life, life_id): (OwnedFd, FileId),
        hold: Hold,
        bell: OwnedFd,
        (door, entrance): (OwnedFd, Entrance),
    ) -> Server {
        Server {
            name,
            queue,
            directory,
            life: ManuallyDrop::new(life),
            life_id,
            ring,
            _hold: hold,
            bell,
            door: ManuallyDrop::new(door),
            entrance: Mutex::new(entrance),
            reader: Mutex::new(Reader { until_door: DOOR_EVERY }),
            door_seen: AtomicU64::new(0),
            door_gave: AtomicBool::new(false),
            sleepers: AtomicU32::new(0),
            shrunk: AtomicU64::new(0),
            spinning: Spinning::new(),
            committed: AtomicU64::new(0),
            poller: OnceLock::new(),
            polled: AtomicBool::new(false),
            aborted: AtomicBool::new(false),
            generation: fork_generation(),
        }
    }

    pub(crate) fn name(&self) -> &SlotName {
        &self.name
    }

    /// Whether other processes may read the slot, too.
    pub(crate) fn is_shared(&self) -> bool {
        self.queue.is_shared()
    }

    pub(crate) fn read_timeout(&self) -> Timeout {
        self.queue.read_timeout()
    }

    pub(crate) fn set_read_timeout(&self, timeout: Timeout) {
        self.queue.header().fixed.read_timeout.store(encode_timeout(timeout), Relaxed);
    }

    pub(crate) fn statistics(&self) -> Statistics {
        // Whoever holds the lock next counts what a killed writer committed but did not count; so that is done first. If
        // the lock cannot be had, the numbers are as good as they are.
        drop(self.queue.lock(ANNOUNCE_PATIENCE));
        self.queue.statistics()
    }

    pub(crate) fn info(&self) -> Result<Info> {
        self.check_process()?;
        self.take_in();
        let _reader = self.reader();
        self.queue.info()
    }

    /// Waits for a message as long as `timeout`, or else the slot's read timeout, says, and reads it if it fits.
    pub(crate) fn read(&self, buffer: &mut [u8], timeout: Option<Timeout>) -> Result<usize> {
        self.next(timeout.unwrap_or_else(|| self.read_timeout()), |next| {
            let size = next.len();
            let Some(exact) = buffer.get_mut(..size) else {
                return (Err(Error::BufferTooSmall { size, buffer: buffer.len() }), Next::Keep);
            };
            next.copy_to(exact);
            (Ok(size), Next::Take)
        })?
    }

    /// Waits for a message as long as `timeout` says and lets `look` see it.
    #[inline]
    pub(crate) fn next<R>(&self, timeout: Timeout, look: impl FnOnce(&NextMessage<'_>) -> (R, Next)) -> Result<R> {
        self.check_process()?;
        let mut look = Some(look);
        // A glance that takes no lock, so that polling an empty slot costs next to nothing.
        if !self.expects_none(timeout)
            && read::message_waiting(self.queue.region())
            && let Some(seen) = self.try_next(&mut look)?
        {
            return Ok(seen);
        }
        self.wait_for_next(timeout, look)
    }

    /// Whether all that was known to be committed has been read, in a stream and by a reader that can wait: then a look now
    /// would find the writer in the middle of the next message.
    fn expects_none(&self, timeout: Timeout) -> bool {
        timeout != Timeout::Zero
            && self.spinning.in_stream()
            && self.queue.header().reader.head.load(Relaxed) == self.committed.load(Ordering::Relaxed)
    }

    fn wait_for_next<R, F>(&self, timeout: Timeout, mut look: Option<F>) -> Result<R>
    where
        F: FnOnce(&NextMessage<'_>) -> (R, Next),
    {
        self.rest()?;
        let deadline = match timeout {
            Timeout::Zero => return self.last_look(&mut look)?.ok_or(Error::TimedOut),
            Timeout::After(time) => Instant::now().checked_add(time),
            Timeout::Forever => None,
        };
        loop {
            let arrived = || read::message_waiting(self.queue.region());
            if !self.door_goes_on(arrived) && !self.spinning.spin(arrived) {
                self.sleep(deadline)?;
            }
            if let Some(seen) = self.try_next(&mut look)? {
                return Ok(seen);
            }
            if self.is_aborted() {
                return Err(Error::Closed);
            }
            if deadline.is_some_and(|deadline| deadline <= Instant::now()) {
                return self.last_look(&mut look)?.ok_or(Error::TimedOut);
            }
        }
    }

    /// Takes up to `max` messages that are there already. Errors end it early and show at the next read.
    pub(crate) fn drain(&self, max: usize, mut take: impl FnMut(&NextMessage<'_>)) -> usize {
        (0..max)
            .take_while(|_| {
                matches!(self.try_next(&mut Some(|next: &NextMessage<'_>| (take(next), Next::Take))), Ok(Some(())))
            })
            .count()
    }

    /// Ends reads that wait, and those that will.
    pub(crate) fn abort_reads(&self) {
        self.aborted.store(true, Ordering::SeqCst);
        // Readers that slept before are woken; those that announce sleep after this session see the flag. If the lock
        // cannot be had, they look by themselves.
        if let Ok(session) = self.queue.lock(ANNOUNCE_PATIENCE) {
            // It cannot fail where the bell is there.
            let _ = session.wake_reader(|| Ok(Some(self.bell.as_fd())));
        }
    }

    fn is_aborted(&self) -> bool {
        self.aborted.load(Ordering::SeqCst)
    }

    pub(crate) fn inheritance(&self) -> String {
        self.descriptors().map(|fd| fd.as_raw_fd().to_string()).join(",")
    }

    pub(crate) fn handles(&self) -> [BorrowedFd<'_>; 3] {
        // No read that does without the lock is under way when this is set.
        let _reader = self.reader();
        self.queue.header().fixed.shared.store(1, Relaxed);
        self.descriptors()
    }

    /// Life, door and bell: what keeps the slot alive, and writers in the belief that it is.
    fn descriptors(&self) -> [BorrowedFd<'_>; 3] {
        [self.life.as_fd(), self.door.as_fd(), self.bell.as_fd()]
    }

    /// The next message if there is one in the ring.
    #[inline(always)]
    fn try_next<R, F>(&self, look: &mut Option<F>) -> Result<Option<R>>
    where
        F: FnOnce(&NextMessage<'_>) -> (R, Next),
    {
        let mut reader = self.reader();
        let shared = self.queue.is_shared();
        let session = if shared { Some(self.queue.lock(PATIENCE)?) } else { None };
        let Some(head) = read::head(self.queue.region()).map_err(|Damaged| Error::Damaged)? else { return Ok(None) };
        if self.spinning.in_stream() {
            let committed = head.ask_ahead(self.committed.load(Ordering::Relaxed));
            self.committed.store(committed, Ordering::Relaxed);
        }
        let next = NextMessage::new(head, shared);
        let Some(look) = look.take() else { return Ok(None) };
        let (seen, fate) = look(&next);
        if fate == Next::Take {
            let wake = next.consume();
            drop(session);
            if wake {
                self.queue.wake_writers();
            }
            reader.until_door = reader.until_door.saturating_sub(1);
            if reader.until_door == 0 {
                reader.until_door = DOOR_EVERY;
                drop(reader);
                self.take_in_if_due();
            }
        }
        Ok(Some(seen))
    }

    /// What a read does before it says that there is nothing: lets strangers in, and sees to it that whoever polls the
    /// descriptor is woken by the next message.
    fn last_look<R, F>(&self, look: &mut Option<F>) -> Result<Option<R>>
    where
        F: FnOnce(&NextMessage<'_>) -> (R, Next),
    {
        let looked = self.take_in_if_due();
        let polled = self.polled.load(Ordering::Relaxed);
        if !looked && !polled {
            return Ok(None);
        }
        if polled {
            if self.is_there_after_waking()
                && let Some(seen) = self.try_next(look)?
            {
                return Ok(Some(seen));
            }
            match self.queue.lock(ANNOUNCE_PATIENCE) {
                Ok(session) => {
                    session.announce_sleep(self.bell.as_fd());
                }
                Err(Error::Stalled(_)) => {}
                Err(error) => return Err(error),
            }
        }
        self.try_next(look)
    }

    /// Sleeps until there may be a message.
    fn sleep(&self, deadline: Option<Instant>) -> Result<()> {
        // Before the announcement, so that whoever finds that under the lock finds this as well.
        self.sleepers.fetch_add(1, Ordering::SeqCst);
        let slept = self.sleep_announced(deadline);
        self.sleepers.fetch_sub(1, Ordering::SeqCst);
        // The message that woke us is there or about to be; only if it is not is it worth looking at the door.
        if slept? && !self.is_there_after_waking() {
            self.take_in();
        }
        Ok(())
    }

    /// Whether there is a message. Whoever rings the bell holds the lock and commits a moment later; if the system runs the
    /// reader in its place, on the same processor, neither gets on before it has that back.
    fn is_there_after_waking(&self) -> bool {
        let arrived = || read::message_waiting(self.queue.region());
        if !arrived() && self.queue.is_locked() {
            std::thread::yield_now();
        }
        arrived()
    }

    /// Announces sleep and sleeps. Returns false if there was a reason not to.
    fn sleep_announced(&self, deadline: Option<Instant>) -> Result<bool> {
        let mut limit = None;
        let free = match self.queue.lock(Duration::ZERO) {
            // Whoever holds the lock is likely to commit a message in a moment. Queueing for it would cost more than that:
            // the holder would have to wake us with a system call.
            Err(Error::Stalled(_)) if wait::pause(|| read::message_waiting(self.queue.region())) => return Ok(false),
            Err(Error::Stalled(_)) => self.queue.lock(ANNOUNCE_PATIENCE),
            free => free,
        };
        match free {
            Ok(session) => {
                if !session.announce_sleep(self.bell.as_fd()) {
                    return Ok(false);
                }
                if self.tidy(&session) {
                    limit = Some(SHRINK_LATER);
                }
            }
            Err(Error::Stalled(_)) => limit = Some(LOOK_BY_ITSELF),
            Err(error) => return Err(error),
        }
        if self.is_aborted() {
            return Ok(false);
        }
        if read::writers_wait(self.queue.region()) {
            self.queue.wake_writers();
        }
        let failed = |error| Error::io(format!("wait for messages of slot {}", self.name), error);
        let starved = !self.entrance().watch_all(self.poller.get());
        if starved {
            limit = Some(LOOK_BY_ITSELF);
        }
        let [_, door, _] = self.descriptors();
        let since = clock::ticks();
        let slept = match self.poller.get() {
            Some(poller) if !starved => wait::sleep(&mut [poller.poll_fd()], deadline, limit),
            _ if starved => wait::sleep(&mut [bell::poll_fd(&self.bell)], deadline, limit),
            _ => {
                let door = rustix::event::PollFd::from_borrowed_fd(door, rustix::event::PollFlags::IN);
                wait::sleep(&mut [bell::poll_fd(&self.bell), door], deadline, limit)
            }
        };
        self.spinning.slept(clock::ticks().wrapping_sub(since));
        slept.map_err(failed).map(|()| true)
    }

    /// For a reader that has caught up without sleeping: goes back to the warm beginning of the memory now and then.
    fn rest(&self) -> Result<()> {
        let head = self.queue.header().reader.head.load(Relaxed) & (self.queue.region().capacity() - 1);
        let after = if self.spinning.in_stream() { REWIND_STREAM_AFTER } else { REWIND_AFTER };
        if head < after || self.queue.is_shared() {
            return Ok(());
        }
        let _kept = match self.queue.lock(Duration::ZERO) {
            Ok(session) => self.tidy(&session),
            Err(Error::Stalled(_)) => false,
            Err(error) => return Err(error),
        };
        Ok(())
    }

    /// Makes the best of an empty ring. Returns whether it has memory to give back, but gave some only lately: taking and
    /// giving memory costs more than the messages in it, so a backlog that comes and goes all the time keeps its own.
    fn tidy(&self, session: &Session<'_>) -> bool {
        if !session.rewind() {
            return false;
        }
        let now = clock::ticks();
        let lately = now.wrapping_sub(self.shrunk.load(Ordering::Relaxed)) < SHRINK_EVERY;
        if !lately {
            self.shrunk.store(now, Ordering::Relaxed);
            session.shrink();
        }
        lately
    }

    /// Looks at the door unless that was done a moment ago: it takes a system call. Returns whether it looked.
    fn take_in_if_due(&self) -> bool {
        let now = clock::ticks();
        if now.wrapping_sub(self.door_seen.load(Ordering::Relaxed)) < clock::MOMENT {
            return false;
        }
        self.door_seen.store(now, Ordering::Relaxed);
        self.take_in();
        true
    }

    /// Lets strangers in and takes their messages into the ring. Returns whether there were any.
    fn take_in(&self) -> bool {
        let (shared, watching) = (self.is_shared(), self.poller.get());
        let taken = self.entrance().take_in(self.door.as_fd(), &Inward(self), shared, watching, || self.poller().ok());
        self.door_gave.store(taken, Ordering::Relaxed);
        taken
    }

    /// For a reader that has read what the door gave last: where that was something, more may come soon, and sleeping
    /// would cost both sides more than the moment that it takes to become worth a system call. Returns whether it came.
    fn door_goes_on(&self, arrived: impl Fn() -> bool) -> bool {
        if !self.door_gave.load(Ordering::Relaxed) {
            return false;
        }
        wait::pause(arrived);
        self.take_in()
    }

    fn poller(&self) -> Result<&Poller> {
        if let Some(poller) = self.poller.get() {
            return Ok(poller);
        }
        let failed = |error| Error::io(format!("watch slot {}", self.name), error);
        let poller = Poller::new().map_err(failed)?;
        let [_, door, _] = self.descriptors();
        poller.add(self.bell.as_fd(), BELL_KEY).map_err(failed)?;
        poller.add(door, DOOR_KEY).map_err(failed)?;
        Ok(self.poller.get_or_init(|| poller))
    }

    fn reader(&self) -> MutexGuard<'_, Reader> {
        // A panic in a caller's closure leaves the message where it was: nothing to repair.
        self.reader.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn entrance(&self) -> MutexGuard<'_, Entrance> {
        self.entrance.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn check_process(&self) -> Result<()> {
        if self.generation != fork_generation() && !self.is_shared() {
            return Err(Error::NotInherited);
        }
        Ok(())
    }

    /// Whether anybody but the calling reader may wait for messages. The caller holds the lock.
    fn others_wait(&self) -> bool {
        self.is_shared() || self.polled.load(Ordering::SeqCst) || self.sleepers.load(Ordering::SeqCst) > 0
    }

    /// Tells the writers that the slot is gone, and frees its name.
    fn end(&self) {
        if let Ok(session) = self.queue.lock(ANNOUNCE_PATIENCE) {
            session.close();
        }
        self.queue.wake_writers();
        if let Ok(root) = Root::get() {
            root.remove_ended(&self.directory, self.life_id);
        }
    }
}

/// Makes the descriptor; see [`crate::Mailslot`]'s `AsFd` for what happens when there is none left.
impl AsFd for Server {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self.poller() {
            Ok(poller) => {
                self.polled.store(true, Ordering::SeqCst);
                self.entrance().watch_all(Some(poller));
                if let Ok(session) = self.queue.lock(ANNOUNCE_PATIENCE)
                    && !session.announce_sleep(self.bell.as_fd())
                {
                    bell::ring(self.bell.as_fd());
                }
                poller.as_fd()
            }
            // A regular file is always ready for `poll`, and refused by `epoll`.
            Err(_) => self.ring.as_fd(),
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Nobody else can own a slot that was never shared. That another thread may just be starting a program, whose
        // process has copies of all descriptors until it runs, must not delay the end.
        let sole_owner = !self.is_shared() && self.generation == fork_generation();
        if sole_owner {
            self.end();
        }
        // SAFETY: neither is used after this.
        let (life, door) = unsafe { (ManuallyDrop::take(&mut self.life), ManuallyDrop::take(&mut self.door)) };
        drop(life);
        door::close_unread(door);
        if !sole_owner && self.directory.is_living() == Ok(false) {
            self.end();
        }
    }
}

/// The ring as the door sees it.
struct Inward<'a>(&'a Server);

impl Intake for Inward<'_> {
    fn append(&self, stamp: Stamp, origin: &[u8], message: &[u8]) -> Appended {
        let Server { queue, bell, ring, .. } = self.0;
        // Whoever holds the lock for longer was stopped; the message is held meanwhile, and nobody waits for it.
        let Ok(session) = queue.lock(ANNOUNCE_PATIENCE) else { return Appended::NotNow };
        let bell = || Ok(self.0.others_wait().then(|| bell.as_fd()));
        let fill = |region: &super::ring::region::Region, room: super::ring::write::Room| {
            region.copy_in(room.payload(), message);
        };
        let appended = match origin {
            [] => session.append(stamp, message.len(), bell, ring.as_fd(), fill),
            origin => session.append_from(origin, message, bell, ring.as_fd()),
        };
        match appended {
            Ok(()) => Appended::Until(session.tail()),
            Err(Error::TooLarge { .. }) => Appended::TooLarge,
            Err(_) => Appended::NotNow,
        }
    }

    fn fits(&self, record: u64) -> bool {
        let header = self.0.queue.header();
        let used = header.writers.tail.load(Relaxed).wrapping_sub(header.reader.head.load(Relaxed));
        // What fits into no ring finds room in an empty one, and is refused there.
        let most = self.0.queue.region().capacity() - SPARE;
        used.saturating_add(record.min(most)) <= most
    }

    fn room(&self) -> u64 {
        let header = self.0.queue.header();
        let used = header.writers.tail.load(Relaxed).wrapping_sub(header.reader.head.load(Relaxed));
        (self.0.queue.region().capacity() / 2).saturating_sub(used)
    }

    fn head(&self) -> u64 {
        self.0.queue.header().reader.head.load(Relaxed)
    }

    fn max_message(&self) -> usize {
        self.0.queue.max_message()
    }

    fn network(&self) -> bool {
        self.0.queue.network()
    }

    fn others_wait(&self) -> bool {
        self.0.others_wait()
    }

    fn turn_away(&self, users: impl Iterator<Item = u32>) {
        let users: Vec<u32> = users.take(256).collect();
        let dir = self.0.directory.dir.as_fd();
        if let Some(label) = Label::read(dir) {
            door::turn_away(dir, &label.access, &users);
        }
    }
}
