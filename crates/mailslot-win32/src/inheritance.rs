//! Handles that child processes inherit, with the same values.
//!
//! A process that has inheritable handles keeps a list of them in a memory file whose descriptor survives `exec`,
//! beside the descriptors of the slots. A child finds the list when it first uses the library, by its descriptor: an
//! environment variable or an argument would not reach a child of a plain `fork` and `exec`. Every change makes a new
//! file, so a child sees the list as of its fork.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::fs::File;
use std::io::{Read, Seek, Write as _};
use std::os::fd::{AsRawFd, FromRawFd, IntoRawFd, OwnedFd, RawFd};
use std::sync::atomic::{AtomicI32, Ordering};
use std::sync::{Arc, Mutex, Once, PoisonError};
use std::time::SystemTime;

use mailslot::{Address, Mailslot, MailslotWriter};
use rustix::fs::{MemfdFlags, SealFlags};
use rustix::io::FdFlags;
use rustix::process::Pid;

use crate::abi::Handle;
use crate::code::Result;
use crate::handles::inherited;
use crate::object::{Access, Client, Object, Process, Rights, Slot};
use crate::per_process::PerProcess;
use crate::sync_object::SyncObject;

const NAME: &str = "mailslot-win32-handles";

/// A written list never changes.
const SEALS: SealFlags = SealFlags::WRITE.union(SealFlags::GROW).union(SealFlags::SHRINK).union(SealFlags::SEAL);

/// Descriptor of the list, or -1 if no handle is inheritable.
static LIST: AtomicI32 = AtomicI32::new(-1);

/// Updates the list and the descriptors' flags from the handles. If this fails, children find no handles.
pub(crate) fn publish() -> Result<()> {
    static PUBLISHING: PerProcess<Mutex<()>> = PerProcess::new();
    let _publishing = PUBLISHING.get().lock().unwrap_or_else(PoisonError::into_inner);
    let mut text = String::new();
    for (handle, held) in inherited::all() {
        // Writing to a String does not fail.
        let _ = match &held.object {
            Object::Server(slot) => writeln!(text, "server {} {}", handle.0, slot.mailslot.share()),
            Object::Client(client) => {
                let Rights { read, write } = client.rights;
                let rights = u8::from(read) << 1 | u8::from(write);
                writeln!(text, "client {} {rights} {}", handle.0, client.path())
            }
            Object::Process(process) => match process.inheritance() {
                Some((pid, descriptor)) => writeln!(text, "process {} {descriptor} {pid}", handle.0),
                None => Ok(()),
            },
            Object::Event(_, access) | Object::Sync(_, access) => {
                match held.object.shared().and_then(SyncObject::inheritance) {
                    Some(([file, bell], name)) => {
                        let (access, name) = (access.mask(), name.unwrap_or_default());
                        writeln!(text, "object {} {access} {file},{bell} {name}", handle.0)
                    }
                    // Not shared with other processes.
                    None => Ok(()),
                }
            }
            // Threads end with the process, the child has its streams already, and a snapshot is in the memory of this
            // process.
            Object::Thread(_) | Object::Stream(_) | Object::Snapshot(_) => Ok(()),
        };
        held.object.set_inheritable(true);
    }
    let list = if text.is_empty() { Ok(-1) } else { write_list(&text).map(IntoRawFd::into_raw_fd) };
    drop(own(LIST.swap(*list.as_ref().unwrap_or(&-1), Ordering::AcqRel)));
    Ok(list.map(drop)?)
}

/// The descriptors that must be closed in a child that inherits nothing.
pub(crate) fn descriptors() -> Vec<RawFd> {
    let mut all: Vec<RawFd> = vec![LIST.load(Ordering::Acquire)];
    for (_, held) in inherited::all() {
        match &held.object {
            Object::Server(slot) => all.extend(slot.mailslot.share().as_fds().map(|fd| fd.as_raw_fd())),
            Object::Process(process) => all.extend(process.inheritance().map(|(_, descriptor)| descriptor)),
            object => {
                all.extend(object.shared().and_then(SyncObject::inheritance).into_iter().flat_map(|(fds, _)| fds))
            }
        }
    }
    all
}

/// Takes over the handles inherited from the parent process. Only the first call has an effect.
pub(crate) fn adopt_once() {
    static ADOPTED: Once = Once::new();
    let mut adopted = false;
    ADOPTED.call_once(|| adopted = find_list().is_some_and(adopt));
    if adopted {
        // Whoever adopts has made no handle yet: the next one that children inherit fails for the same reason.
        let _ = publish();
    }
}

fn adopt(list: OwnedFd) -> bool {
    let mut text = String::new();
    let mut file = File::from(list);
    if file.rewind().and_then(|()| file.read_to_string(&mut text)).is_err() {
        return false;
    }
    // Several handles may have one object, whose descriptors can be taken over only once.
    let mut objects: HashMap<&str, Option<Object>> = HashMap::new();
    for line in text.lines() {
        let mut words = line.splitn(3, ' ');
        let (Some(kind), Some(value), Some(what)) = (words.next(), words.next(), words.next()) else { continue };
        let Ok(value) = value.parse() else { continue };
        let object = match kind {
            "server" => objects.entry(what).or_insert_with(|| adopt_slot(what).map(Object::Server)).clone(),
            "process" => objects.entry(what).or_insert_with(|| adopt_process(what).map(Object::Process)).clone(),
            "object" => what.split_once(' ').and_then(|(access, what)| {
                let object = objects.entry(what).or_insert_with(|| adopt_object(what)).clone();
                object.map(|object| object.with_access(Access::granted(access.parse().unwrap_or(0))))
            }),
            "client" => adopt_client(what).map(Object::Client),
            _ => None,
        };
        if let Some(object) = object {
            inherited::insert(Handle(value), object);
        }
    }
    true
}

fn adopt_process(what: &str) -> Option<Arc<Process>> {
    let (descriptor, pid) = what.split_once(' ')?;
    Process::inherit(Pid::from_raw(pid.parse().ok()?)?, own(descriptor.parse().ok()?)?).ok()
}

/// A synchronization object that several processes share.
fn adopt_object(what: &str) -> Option<Object> {
    let (descriptors, name) = what.split_once(' ')?;
    let mut descriptors = descriptors_of(descriptors);
    let (file, bell) = (own(descriptors.next()?)?, own(descriptors.next()?)?);
    let name = Some(name).filter(|name| !name.is_empty());
    SyncObject::inherit(file, bell, name).ok().map(|object| Object::of(object, Access::ALL))
}

fn adopt_slot(inheritance: &str) -> Option<Arc<Slot>> {
    let mailslot = Mailslot::from_handles(inheritance).ok()?;
    // The library has duplicated these descriptors; without this, closing the handle would leave them open.
    descriptors_of(inheritance).for_each(|fd| drop(own(fd)));
    let created = mailslot::status(mailslot.name()).ok().and_then(|status| status.created);
    let slot = Slot::new(mailslot, created.unwrap_or_else(SystemTime::now));
    Some(Arc::new(slot))
}

/// A client is opened again: it has no descriptors to pass on.
fn adopt_client(what: &str) -> Option<Arc<Client>> {
    let (rights, path) = what.split_once(' ')?;
    let rights: u8 = rights.parse().ok()?;
    let rights = Rights { read: rights & 2 != 0, write: rights & 1 != 0 };
    let writer = MailslotWriter::open(Address::parse_win32(path).ok()?).ok()?;
    Some(Arc::new(Client::new(writer, rights)))
}

/// Lets the descriptors of a slot survive `exec`, or not. A slot whose descriptors survive may be read by several
/// processes.
pub(crate) fn set_inheritable(mailslot: &Mailslot, inheritable: bool) {
    let flags = if inheritable { FdFlags::empty() } else { FdFlags::CLOEXEC };
    for fd in mailslot.share().as_fds() {
        // Cannot fail for an open descriptor.
        let _ = rustix::io::fcntl_setfd(fd, flags);
    }
}

fn write_list(text: &str) -> std::io::Result<OwnedFd> {
    let mut file = File::from(rustix::fs::memfd_create(NAME, MemfdFlags::ALLOW_SEALING)?);
    file.write_all(text.as_bytes())?;
    rustix::fs::fcntl_add_seals(&file, SEALS)?;
    Ok(file.into())
}

/// The list of the parent process. Not in a program with raised privileges, where it could be anybody's.
fn find_list() -> Option<OwnedFd> {
    if mailslot::has_raised_privileges() {
        return None;
    }
    let wanted = format!("/memfd:{NAME} (deleted)");
    let entries = std::fs::read_dir("/proc/self/fd").ok()?;
    let found = entries
        .flatten()
        .find(|entry| std::fs::read_link(entry.path()).is_ok_and(|target| target.as_os_str() == wanted.as_str()))?;
    let list = own(found.file_name().to_str()?.parse().ok()?)?;
    is_trusted(&list).then_some(list)
}

/// Whether a process of this user, or of the superuser, has written it completely. Other users may have left a
/// descriptor open in a program that runs as this user without raised privileges, such as one started by su(1).
fn is_trusted(list: &OwnedFd) -> bool {
    let own = |uid| uid == 0 || uid == rustix::process::geteuid().as_raw();
    rustix::fs::fstat(list).is_ok_and(|stat| own(stat.st_uid))
        && rustix::fs::fcntl_get_seals(list).is_ok_and(|seals| seals.contains(SEALS))
}

fn descriptors_of(inheritance: &str) -> impl Iterator<Item = RawFd> {
    inheritance.split(',').filter_map(|fd| fd.parse().ok())
}

/// Takes a descriptor that this module, in this or the parent process, left open for this.
fn own(fd: RawFd) -> Option<OwnedFd> {
    // SAFETY: such descriptors are named in the list or in `LIST`, and nowhere else; each is taken once.
    (fd > 2).then(|| unsafe { OwnedFd::from_raw_fd(fd) })
}

#[cfg(test)]
mod tests {
    use rustix::fs::{Uid, fchown, memfd_create};

    use super::*;

    /// Every list that may be left open in a program: with every set of seals, of three users.
    #[test]
    fn only_a_sealed_list_of_this_user_or_the_superuser_is_believed() {
        let own = rustix::process::geteuid();
        for bits in 0..16 {
            let seals = SealFlags::from_bits_truncate(bits);
            for uid in [own, Uid::ROOT, Uid::from_raw(5002)] {
                let list = memfd_create(NAME, MemfdFlags::ALLOW_SEALING).expect("a memory file");
                if fchown(&list, Some(uid), None).is_err() {
                    // Only the superuser can create one of another user.
                    continue;
                }
                rustix::fs::fcntl_add_seals(&list, seals).expect("ours");
                let expected = seals.contains(SEALS) && (uid == own || uid.is_root());
                assert_eq!(is_trusted(&list), expected, "{seals:?} {uid:?}");
            }
        }
        let list = write_list("client 1 1 x\n").expect("a memory file");
        assert!(is_trusted(&list), "its own");
        assert!(rustix::io::pwrite(&list, b"server", 0).is_err(), "a list does not change");
    }
}
