//! The engine's source files, with another root and another clock.

#[path = "../../../../mailslot/src/sys/linux/batch.rs"]
mod batch;
#[path = "../../../../mailslot/src/sys/linux/bell.rs"]
mod bell;
#[path = "../../../../mailslot/src/sys/linux/client.rs"]
mod client;
#[path = "../../../../mailslot/src/sys/linux/code.rs"]
mod code;
#[path = "../../../../mailslot/src/sys/linux/door/mod.rs"]
mod door;
#[path = "../../../../mailslot/src/sys/linux/friend.rs"]
mod friend;
#[path = "../../../../mailslot/src/sys/linux/group.rs"]
mod group;
#[path = "../../../../mailslot/src/sys/linux/intake.rs"]
mod intake;
#[path = "../../../../mailslot/src/sys/linux/label.rs"]
mod label;
#[path = "../../../../mailslot/src/sys/linux/lock.rs"]
mod lock;
#[path = "../../../../mailslot/src/sys/linux/members.rs"]
mod members;
#[path = "../../../../mailslot/src/sys/linux/ownership.rs"]
mod ownership;
#[path = "../../../../mailslot/src/sys/linux/preface.rs"]
mod preface;
#[path = "../../../../mailslot/src/sys/linux/process.rs"]
mod process;
#[path = "../../../../mailslot/src/sys/linux/queue.rs"]
mod queue;
#[path = "../../../../mailslot/src/sys/linux/reading.rs"]
mod reading;
#[path = "../../../../mailslot/src/sys/linux/ring/mod.rs"]
mod ring;
#[path = "../../../../mailslot/src/sys/linux/robust.rs"]
mod robust;
#[path = "../../../../mailslot/src/sys/linux/server.rs"]
mod server;
#[path = "../../../../mailslot/src/sys/linux/shm.rs"]
mod shm;
#[path = "../../../../mailslot/src/sys/linux/wait.rs"]
mod wait;
#[path = "../../../../mailslot/src/sys/linux/waiting.rs"]
mod waiting;

mod clock;
mod fork;
mod life;
mod private;
mod root;

pub(crate) use self::{client::Client, code::win32_code, process::computer_name, reading::Next, server::Server};

impl Server {
    /// A function that returns whether a message is in the ring, valid as long as the world.
    pub(crate) fn watched(&self) -> impl Fn() -> bool + 'static {
        let (header, capacity) = (core::ptr::NonNull::from(self.queue.header()), self.queue.region().capacity());
        // SAFETY: the memory of the ring's file lives as long as the world, and is accessed by the ring's rules.
        let region = unsafe { ring::region::Region::new(header.cast(), capacity, capacity) };
        move || ring::read::message_waiting(&region)
    }
}
