//! Waiting for descriptors.

use core::time::Duration;

pub use system_rustix::event::{EventfdFlags, PollFlags, Timespec};
use system_rustix::io::Result;

use crate::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use crate::object::{self, Object};
use crate::world::{self, Wait};

#[derive(Debug)]
pub struct PollFd<'fd> {
    fd: BorrowedFd<'fd>,
    events: PollFlags,
    revents: PollFlags,
}

impl<'fd> PollFd<'fd> {
    pub fn new<Fd: AsFd>(fd: &'fd Fd, events: PollFlags) -> PollFd<'fd> {
        PollFd::from_borrowed_fd(fd.as_fd(), events)
    }

    pub fn from_borrowed_fd(fd: BorrowedFd<'fd>, events: PollFlags) -> PollFd<'fd> {
        PollFd { fd, events, revents: PollFlags::empty() }
    }

    pub fn revents(&self) -> PollFlags {
        self.revents
    }
}

pub fn poll(fds: &mut [PollFd<'_>], time: Option<&Timespec>) -> Result<usize> {
    world::point();
    let limit = time.map(|time| Duration::new(time.tv_sec as u64, time.tv_nsec as u32));
    let deadline = limit.filter(|limit| *limit < world::FOR_EVER).map(|limit| world::now() + limit);
    let mut objects = Vec::new();
    for fd in fds.iter() {
        objects.push((world::with(|world| world.objects.object(fd.fd.as_raw_fd()))?, fd.events));
    }
    let mut look = || {
        let mut ready = 0;
        for (fd, (object, events)) in fds.iter_mut().zip(&objects) {
            let only_writes = world::with(|world| world.objects.only_writes(fd.fd.as_raw_fd()));
            let mut seen = world::with(|world| world.objects.readiness(*object));
            if only_writes {
                seen.remove(PollFlags::IN);
            }
            fd.revents = seen & (*events | PollFlags::ERR | PollFlags::HUP);
            ready += usize::from(!fd.revents.is_empty());
        }
        ready
    };
    loop {
        let ready = look();
        world::note_call(|| format!("polls {objects:?}, of which {ready} are ready, for {limit:?}"));
        // What woke it may be gone by now: then it sleeps again.
        if ready > 0 || limit.is_some_and(|limit| limit.is_zero()) {
            return Ok(ready);
        }
        if !world::block(Wait::Ready(objects.clone()), deadline) {
            return Ok(look());
        }
    }
}

pub fn eventfd(_: u32, _: EventfdFlags) -> Result<OwnedFd> {
    world::point();
    Ok(object::open(Object::Other))
}

pub mod epoll {
    //! Level-triggered, and only for reading.

    pub use system_rustix::event::epoll::{CreateFlags, EventFlags};
    use system_rustix::io::{Errno, Result};

    use super::{PollFlags, Timespec};
    use crate::fd::{AsFd, AsRawFd, OwnedFd};
    use crate::object::{self, Object, Watched};
    use crate::world;

    #[derive(Clone, Copy, Debug)]
    pub struct EventData(u64);

    impl EventData {
        pub fn new_u64(key: u64) -> EventData {
            EventData(key)
        }

        pub fn u64(self) -> u64 {
            self.0
        }
    }

    #[derive(Clone, Copy, Debug)]
    pub struct Event {
        pub flags: EventFlags,
        pub data: EventData,
    }

    pub fn create(_: CreateFlags) -> Result<OwnedFd> {
        world::point();
        Ok(object::open(Object::Epoll(Vec::new())))
    }

    pub fn add(epoll: impl AsFd, fd: impl AsFd, key: EventData, _: EventFlags) -> Result<()> {
        world::point();
        let (epoll, fd) = (epoll.as_fd().as_raw_fd(), fd.as_fd().as_raw_fd());
        world::changed(|world| {
            let (epoll, object) = (world.objects.object(epoll)?, world.objects.object(fd)?);
            let Object::Epoll(watched) = world.objects.get(epoll) else { return Err(Errno::INVAL) };
            if watched.iter().any(|watched| watched.object == object) {
                return Err(Errno::EXIST);
            }
            watched.push(Watched { object, key: key.0 });
            if world.objects.readiness(object).intersects(PollFlags::IN) {
                world.objects.notify(object);
            }
            Ok(())
        })
    }

    pub fn delete(epoll: impl AsFd, fd: impl AsFd) -> Result<()> {
        world::point();
        let (epoll, fd) = (epoll.as_fd().as_raw_fd(), fd.as_fd().as_raw_fd());
        world::with(|world| {
            let (epoll, object) = (world.objects.object(epoll)?, world.objects.object(fd)?);
            let Object::Epoll(watched) = world.objects.get(epoll) else { return Err(Errno::INVAL) };
            watched.retain(|watched| watched.object != object);
            Ok(())
        })
    }

    pub fn wait(epoll: impl AsFd, events: &mut [Event], time: Option<&Timespec>) -> Result<usize> {
        assert!(
            time.is_some_and(|time| time.tv_sec == 0 && time.tv_nsec == 0),
            "the engine never blocks in epoll_wait"
        );
        world::point();
        let epoll = epoll.as_fd().as_raw_fd();
        world::with(|world| {
            let epoll = world.objects.object(epoll)?;
            let Object::Epoll(watched) = world.objects.get(epoll) else { return Err(Errno::INVAL) };
            let watched: Vec<(usize, u64)> = watched.iter().map(|watched| (watched.object, watched.key)).collect();
            let ready = watched.iter().filter(|(object, _)| world.objects.readiness(*object).intersects(PollFlags::IN));
            let mut count = 0;
            for ((_, key), event) in ready.zip(events) {
                *event = Event { flags: EventFlags::IN, data: EventData(*key) };
                count += 1;
            }
            Ok(count)
        })
    }
}

/// An edge-triggered epoll with one descriptor in it.
#[derive(Debug)]
pub struct EdgeTriggered {
    instance: usize,
}

impl EdgeTriggered {
    pub fn on(fd: impl AsFd) -> EdgeTriggered {
        let fd = fd.as_fd().as_raw_fd();
        let instance = world::with(|world| {
            let of = world.objects.object(fd).expect("open");
            world.objects.add(Object::Edge { of, armed: true })
        });
        EdgeTriggered { instance }
    }

    /// Waits for the next edge, at most until `deadline`. Returns whether there was one.
    pub fn wait(&self, deadline: Option<Duration>) -> bool {
        world::point();
        world::with(|world| world.objects.take_edge(self.instance)) || world::block(Wait::Edge(self.instance), deadline)
    }
}
