//! `CreateMailslot`, `GetMailslotInfo`, `SetMailslotInfo`.

use std::ffi::OsStr;
use std::sync::Arc;
use std::time::SystemTime;

use mailslot::{Info, Inheritance, MailslotOptions, Network, Operation, Taps, Timeout};

use crate::abi::{Bool, Handle, SecurityAttributes};
use crate::boundary;
use crate::code::{Code, Result};
use crate::handles;
use crate::object::{Object, Slot};
use crate::pointer::{In, Narrow, Out, Wide};
use crate::security::{self, Permissions};
use crate::text::Name;

/// `MAILSLOT_NO_MESSAGE`.
const NO_MESSAGE: u32 = u32::MAX;
/// The environment variable by which other machines may write to the slots of a program that cannot allow it itself.
const NETWORK_VARIABLE: &str = "MAILSLOT_NETWORK";
/// The environment variable by which other processes of its user may tap them.
const TAPS_VARIABLE: &str = "MAILSLOT_TAPS";

#[unsafe(no_mangle)]
extern "C" fn CreateMailslotA(
    name: Narrow,
    max_message_size: u32,
    read_timeout: u32,
    attributes: In<SecurityAttributes>,
) -> Handle {
    boundary::call(Handle::INVALID, || {
        create(Name::narrow(name, Operation::Create)?, max_message_size, read_timeout, attributes.read())
    })
}

#[unsafe(no_mangle)]
extern "C" fn CreateMailslotW(
    name: Wide,
    max_message_size: u32,
    read_timeout: u32,
    attributes: In<SecurityAttributes>,
) -> Handle {
    boundary::call(Handle::INVALID, || {
        create(Name::wide(name, Operation::Create)?, max_message_size, read_timeout, attributes.read())
    })
}

#[unsafe(no_mangle)]
extern "C" fn GetMailslotInfo(
    mailslot: Handle,
    max_message_size: Out<u32>,
    next_size: Out<u32>,
    message_count: Out<u32>,
    read_timeout: Out<u32>,
) -> Bool {
    boundary::call(Bool::FALSE, || {
        let info = info(mailslot)?;
        max_message_size.set(info.max_message_size);
        next_size.set(info.next_size.map_or(NO_MESSAGE, saturated));
        message_count.set(saturated(info.count));
        read_timeout.set(info.read_timeout.to_win32_millis());
        Ok(Bool::TRUE)
    })
}

#[unsafe(no_mangle)]
extern "C" fn SetMailslotInfo(mailslot: Handle, read_timeout: u32) -> Bool {
    boundary::call(Bool::FALSE, || {
        let held = handles::find(mailslot)?;
        if let Object::Client(_) = held.object {
            return Err(Code::INVALID_PARAMETER);
        }
        held.object.server()?.mailslot.set_read_timeout(Timeout::from_win32_millis(read_timeout));
        Ok(Bool::TRUE)
    })
}

fn create(
    name: Name,
    max_message_size: u32,
    read_timeout: u32,
    attributes: Option<SecurityAttributes>,
) -> Result<Handle> {
    let (descriptor, inherit) = match attributes {
        Some(attributes) => (attributes.descriptor, attributes.inherit_handle.is_true()),
        None => (core::ptr::null(), false),
    };
    let permissions = security::permissions(descriptor)?;
    let network = network(mailslot::secure_env(NETWORK_VARIABLE).as_deref(), &permissions);
    let mailslot = MailslotOptions::new()
        .max_message_size(max_message_size)
        .read_timeout(Timeout::from_win32_millis(read_timeout))
        .access(permissions.access)
        .network(network)
        .taps(taps(mailslot::secure_env(TAPS_VARIABLE).as_deref()))
        .inheritance(if inherit { Inheritance::Inherited } else { Inheritance::Private })
        .create(name)?;
    handles::insert(Object::Server(Arc::new(Slot::new(mailslot, SystemTime::now()))), inherit)
}

fn taps(variable: Option<&OsStr>) -> Taps {
    if variable.is_some_and(|value| value == "allow") { Taps::Allowed } else { Taps::Refused }
}

/// Other machines may write only if the environment allows it and the descriptor does not deny it.
fn network(variable: Option<&OsStr>, permissions: &Permissions) -> Network {
    let asked = variable.is_some_and(|value| value == "allow");
    if asked && permissions.network { Network::Allowed } else { Network::Refused }
}

fn info(mailslot: Handle) -> Result<Info> {
    let held = handles::find(mailslot)?;
    match &held.object {
        Object::Server(slot) => Ok(slot.mailslot.info()?),
        Object::Client(client) => client.info(),
        _ => Err(Code::INVALID_HANDLE),
    }
}

fn saturated(number: impl TryInto<u32>) -> u32 {
    number.try_into().unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use mailslot::Access;

    #[test]
    fn other_machines_may_write_only_where_both_environment_and_descriptor_say_so() {
        let private = Permissions { access: Access::Owner, network: false };
        let allow = Some(OsStr::new("allow"));
        assert_eq!(network(allow, &Permissions::EVERYONE), Network::Allowed);
        assert_eq!(network(allow, &private), Network::Refused);
        assert_eq!(network(None, &Permissions::EVERYONE), Network::Refused);
        assert_eq!(network(Some(OsStr::new("yes")), &Permissions::EVERYONE), Network::Refused);
    }

    #[test]
    fn slots_may_be_tapped_only_where_the_environment_says_so() {
        assert_eq!(taps(Some(OsStr::new("allow"))), Taps::Allowed);
        assert_eq!([taps(None), taps(Some(OsStr::new("yes")))], [Taps::Refused; 2]);
    }
}
