//! Users and capabilities of Linux.

use std::ffi::CString;
use std::io;

use nix::unistd::{Uid, User, geteuid, initgroups, setgid, setuid};
use rustix::thread::{CapabilitySet, CapabilitySets, set_capabilities, set_keep_capabilities, set_no_new_privs};

use crate::error::{Error, Result};

/// Makes this process one of `user`, a name or a number, with that user's groups. The process cannot gain privileges
/// any more. Of root's privileges it keeps one, in the calling thread: to use ports below 1024, for interfaces that
/// appear later.
pub(crate) fn become_user(user: &str) -> Result<()> {
    let failed = |reason: &str| Error::User { user: user.to_owned(), reason: reason.to_owned() };
    let account = account(user)?;
    if account.uid.is_root() {
        return Err(failed("root keeps all privileges: name another user, or none"));
    }
    if geteuid() == account.uid {
        return Ok(());
    }
    if !geteuid().is_root() {
        return Err(failed("only root can become another user"));
    }
    // Otherwise programs of other users would not trust the node.
    mailslot::network::appoint_node(account.uid.as_raw())?;
    change(&account).map_err(|error| failed(&error.to_string()))
}

/// The number of `user`, a name or a number.
#[cfg(feature = "zenoh")]
pub(crate) fn user_id(user: &str) -> Result<u32> {
    Ok(account(user)?.uid.as_raw())
}

/// The account of `user`, a name or a number.
fn account(user: &str) -> Result<User> {
    let found = match user.parse() {
        Ok(uid) => User::from_uid(Uid::from_raw(uid)),
        Err(_) => User::from_name(user),
    };
    let missing = || Error::User { user: user.to_owned(), reason: "there is no such user".to_owned() };
    found.ok().flatten().ok_or_else(missing)
}

fn change(account: &User) -> io::Result<()> {
    let name = CString::new(account.name.as_str())?;
    set_keep_capabilities(true)?;
    initgroups(&name, account.gid)?;
    setgid(account.gid)?;
    setuid(account.uid)?;
    let kept = CapabilitySet::NET_BIND_SERVICE;
    set_capabilities(None, CapabilitySets { effective: kept, permitted: kept, inheritable: CapabilitySet::empty() })?;
    set_no_new_privs(true)?;
    Ok(())
}
