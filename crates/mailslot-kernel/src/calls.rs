//! Calls of the C library.

use core::ffi::c_int;

use system_libc as libc;
use system_rustix::io::Errno;

use crate::object::Packet;
use crate::world;

fn fail(error: Errno) -> c_int {
    // SAFETY: `errno` belongs to this thread.
    unsafe { *libc::__errno_location() = error.raw_os_error() };
    -1
}

/// The third argument of `fcntl`: a pointer to a lock request, or nothing.
pub trait Request {
    fn kind(&self) -> i16;
    /// Writes the answer.
    fn answer(&self, kind: i16);
}

impl Request for *mut libc::flock {
    fn kind(&self) -> i16 {
        // SAFETY: it belongs to the caller and outlives the call.
        unsafe { (**self).l_type }
    }

    fn answer(&self, kind: i16) {
        // SAFETY: as above.
        unsafe { (**self).l_type = kind };
    }
}

impl Request for *const libc::flock {
    fn kind(&self) -> i16 {
        // SAFETY: it belongs to the caller and outlives the call.
        unsafe { (**self).l_type }
    }

    fn answer(&self, _: i16) {}
}

/// Commands without a request.
impl Request for c_int {
    fn kind(&self) -> i16 {
        0
    }

    fn answer(&self, _: i16) {}
}

/// Locks are set once, and end with what was opened.
pub unsafe fn fcntl(fd: c_int, command: c_int, request: impl Request) -> c_int {
    world::point();
    let done = world::with(|world| {
        let (object, description) = (world.objects.object(fd)?, world.objects.description(fd)?);
        if command == libc::F_GETFD {
            return Ok(0);
        }
        let locks = &mut world.objects.file(object)?.locks;
        let kind = request.kind();
        let conflicts = |(other, theirs): &&(usize, i16)| {
            *other != description && [kind, *theirs].contains(&(libc::F_WRLCK as i16))
        };
        match (command, locks.iter().find(conflicts).map(|(_, theirs)| *theirs)) {
            (libc::F_OFD_SETLK, Some(_)) => return Err(Errno::AGAIN),
            (libc::F_OFD_SETLK, None) => locks.push((description, kind)),
            (_, found) => request.answer(found.unwrap_or(libc::F_UNLCK as i16)),
        }
        Ok(0)
    });
    done.unwrap_or_else(fail)
}

pub unsafe fn dup3(from: c_int, to: c_int, _: c_int) -> c_int {
    if !world::point() {
        return fail(Errno::IO);
    }
    let done = world::changed(|world| {
        let description = world.objects.description(from)?;
        world.objects.replace(to, description).map(|()| to)
    });
    done.unwrap_or_else(fail)
}

pub unsafe fn getsockopt(
    socket: c_int,
    _: c_int,
    option: c_int,
    value: *mut libc::c_void,
    _: *mut libc::socklen_t,
) -> c_int {
    assert_eq!(option, libc::SO_PEERCRED);
    let done = world::with(|world| {
        let object = world.objects.object(socket)?;
        let (_, peer) = world.objects.socket(object)?.peer.ok_or(Errno::NOTCONN)?;
        // SAFETY: it belongs to the caller and outlives the call.
        unsafe {
            value.cast::<libc::ucred>().write(libc::ucred { pid: peer.pid as i32, uid: peer.uid, gid: peer.uid })
        };
        Ok(0)
    });
    done.unwrap_or_else(fail)
}

pub unsafe fn recvmmsg(
    socket: c_int,
    headers: *mut libc::mmsghdr,
    most: libc::c_uint,
    flags: c_int,
    _: *mut libc::timespec,
) -> c_int {
    let peeks = flags & libc::MSG_PEEK != 0;
    if !world::point() {
        return fail(Errno::IO);
    }
    let done = world::changed(|world| {
        let object = world.objects.object(socket)?;
        let pid = world.who().pid;
        let mut count = 0;
        while count < most {
            let packets = &mut world.objects.socket(object)?.packets;
            let next =
                packets.front().map(|packet| Packet { bytes: packet.bytes.clone(), files: packet.files.clone() });
            let Some(packet) = next else { break };
            if !peeks {
                packets.pop_front();
            }
            // SAFETY: the caller's array has `most` headers, whose buffers have the sizes in them, and outlives the
            // call.
            let header = unsafe { &mut *headers.add(count as usize) };
            // SAFETY: as above.
            let part = unsafe { &*header.msg_hdr.msg_iov };
            let size = packet.bytes.len().min(part.iov_len);
            // SAFETY: as above.
            unsafe { part.iov_base.cast::<u8>().copy_from_nonoverlapping(packet.bytes.as_ptr(), size) };
            header.msg_len = size as u32;
            header.msg_hdr.msg_flags = if size < packet.bytes.len() { libc::MSG_TRUNC } else { 0 };
            let files: Vec<c_int> =
                packet.files.iter().map(|description| world.objects.descriptor(pid, *description)).collect();
            if !peeks {
                packet.files.iter().for_each(|description| world.objects.release(*description));
            }
            // SAFETY: as above; the control buffer has room for as many descriptors as can be sent.
            unsafe { attach(&mut header.msg_hdr, &files) };
            count += 1;
            if peeks {
                break;
            }
        }
        let it = world.objects.socket(object)?;
        let peer = it.peer;
        if count > 0 {
            if !peeks && let Some((peer, _)) = peer {
                // The packet is gone: the peer may send again.
                world.objects.notify(peer);
            }
            return Ok(count as c_int);
        }
        if world.objects.is_over(object) {
            // SAFETY: as above.
            let header = unsafe { &mut *headers };
            (header.msg_len, header.msg_hdr.msg_flags, header.msg_hdr.msg_controllen) = (0, 0, 0);
            return Ok(1);
        }
        Err(Errno::AGAIN)
    });
    done.unwrap_or_else(fail)
}

unsafe fn attach(header: &mut libc::msghdr, files: &[c_int]) {
    if files.is_empty() {
        header.msg_controllen = 0;
        return;
    }
    // SAFETY: the caller's buffer is aligned for a header and large enough.
    unsafe {
        let size = size_of_val(files) as u32;
        let control = &mut *header.msg_control.cast::<libc::cmsghdr>();
        control.cmsg_len = libc::CMSG_LEN(size) as _;
        control.cmsg_level = libc::SOL_SOCKET;
        control.cmsg_type = libc::SCM_RIGHTS;
        libc::CMSG_DATA(control).cast::<c_int>().copy_from_nonoverlapping(files.as_ptr(), files.len());
        header.msg_controllen = libc::CMSG_SPACE(size) as _;
    }
}

/// No process forks here.
pub unsafe fn pthread_atfork(
    _: Option<unsafe extern "C" fn()>,
    _: Option<unsafe extern "C" fn()>,
    _: Option<unsafe extern "C" fn()>,
) -> c_int {
    0
}

pub unsafe fn getauxval(_: libc::c_ulong) -> libc::c_ulong {
    0
}

// There are no signals.

pub unsafe fn sigemptyset(_: *mut libc::sigset_t) -> c_int {
    0
}

pub unsafe fn sigfillset(_: *mut libc::sigset_t) -> c_int {
    0
}

pub unsafe fn sigaddset(_: *mut libc::sigset_t, _: c_int) -> c_int {
    0
}

pub unsafe fn sigismember(_: *const libc::sigset_t, _: c_int) -> c_int {
    1
}

pub unsafe fn pthread_sigmask(_: c_int, _: *const libc::sigset_t, _: *mut libc::sigset_t) -> c_int {
    0
}
