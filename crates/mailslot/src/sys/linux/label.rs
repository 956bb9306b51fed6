//! A slot's label: its properties, in a file that everybody may read.
//!
//! Lines of `key value`, in any order; unknown keys are ignored, for later versions.

use std::os::fd::BorrowedFd;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustix::fs::{FileType, Mode, OFlags};
use rustix::io::Errno;

use super::process;
use crate::options::{Access, Network, Taps};
use mailslot_names::SlotName;

/// The file in the slot's directory.
pub(crate) const NAME: &str = "label";

/// The most bytes of a label besides the slot's name.
const MAX_REST: usize = 4 << 10;
/// The most bytes of the name: the longest has 98 KiB, escaped three times that.
const MAX_NAME: usize = 300 << 10;

/// A slot's label.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Label {
    pub(crate) name: SlotName,
    pub(crate) pid: u32,
    pub(crate) access: Access,
    pub(crate) network: Network,
    pub(crate) taps: Taps,
    /// The protocol version of its door: see [`door::VERSION`](super::door::VERSION).
    pub(crate) door: u32,
    /// Whether each message has the time at which it was written.
    pub(crate) stamp: bool,
    pub(crate) max_message_size: u32,
    pub(crate) capacity: u64,
    pub(crate) created: SystemTime,
}

impl Label {
    /// Makes the label of a new slot in `slot`.
    pub(crate) fn create(&self, slot: BorrowedFd<'_>) -> rustix::io::Result<()> {
        let text = self.encode();
        if self.is_too_long(text.len()) {
            return Err(Errno::TOOBIG);
        }
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let file = rustix::fs::openat(slot, NAME, flags, Mode::RUSR | Mode::WUSR)?;
        let mut rest = text.as_bytes();
        while !rest.is_empty() {
            match rustix::io::write(&file, rest) {
                Ok(n) => rest = &rest[n..],
                Err(Errno::INTR) => {}
                Err(error) => return Err(error),
            }
        }
        rustix::fs::fchmod(&file, Mode::RUSR | Mode::WUSR | Mode::RGRP | Mode::ROTH)
    }

    /// The label of the slot of user `uid` in `slot`, if it has a valid one.
    ///
    /// # Errors
    ///
    /// If that cannot be determined.
    pub(crate) fn read(slot: BorrowedFd<'_>, uid: u32) -> rustix::io::Result<Option<Label>> {
        match Label::read_text(slot) {
            Ok(text) => Ok(text.as_deref().and_then(Label::decode)),
            Err(error) if process::tells_nothing_of(uid, error) => Err(error),
            Err(_) => Ok(None),
        }
    }

    fn read_text(slot: BorrowedFd<'_>) -> rustix::io::Result<Option<String>> {
        // Another user may have put anything there; opening or reading something other than a regular file could block.
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let file = rustix::fs::openat(slot, NAME, flags, Mode::empty())?;
        let stat = rustix::fs::fstat(&file)?;
        let size = usize::try_from(stat.st_size).unwrap_or(usize::MAX);
        if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile || size > MAX_NAME + MAX_REST {
            return Ok(None);
        }
        let mut text = vec![0; size];
        let mut filled = 0;
        while filled < size {
            match rustix::io::retry_on_intr(|| rustix::io::pread(&file, &mut text[filled..], filled as u64))? {
                0 => return Ok(None),
                n => filled += n,
            }
        }
        Ok(String::from_utf8(text).ok())
    }

    fn is_too_long(&self, size: usize) -> bool {
        size > MAX_REST + 3 * self.name.as_str().len()
    }

    fn encode(&self) -> String {
        let access = match &self.access {
            Access::Owner => "owner".to_owned(),
            Access::Group(gid) => format!("group {gid}"),
            Access::Users(uids) => format!("users{}", uids.iter().map(|uid| format!(" {uid}")).collect::<String>()),
            Access::Everyone => "everyone".to_owned(),
        };
        let network = match self.network {
            Network::Refused => "refused",
            Network::Allowed => "allowed",
        };
        let taps = match self.taps {
            Taps::Refused => "refused",
            Taps::Allowed => "allowed",
        };
        let created = self.created.duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
        format!(
            "name {}\npid {}\naccess {access}\nnetwork {network}\ntaps {taps}\ndoor {}\nstamp {}\n\
             max-message-size {}\ncapacity {}\ncreated {created}\n",
            escape(self.name.as_str()),
            self.pid,
            self.door,
            u8::from(self.stamp),
            self.max_message_size,
            self.capacity,
        )
    }

    fn decode(text: &str) -> Option<Label> {
        let field = |key: &str| {
            text.lines()
                .find_map(|line| line.split_once(' ').filter(|(found, _)| *found == key))
                .map(|(_, value)| value)
        };
        let mut access = field("access")?.split(' ');
        let access = match access.next()? {
            "owner" => Access::Owner,
            "group" => Access::Group(access.next()?.parse().ok()?),
            "users" => Access::Users(access.map(|uid| uid.parse().ok()).collect::<Option<_>>()?),
            "everyone" => Access::Everyone,
            _ => return None,
        };
        let label = Label {
            name: unescape(field("name")?)?.parse().ok()?,
            pid: field("pid")?.parse().ok()?,
            access,
            network: if field("network")? == "allowed" { Network::Allowed } else { Network::Refused },
            taps: if field("taps") == Some("allowed") { Taps::Allowed } else { Taps::Refused },
            // Version 1 is not recorded.
            door: field("door").map_or(Some(1), |door| door.parse().ok())?,
            stamp: field("stamp")? == "1",
            max_message_size: field("max-message-size")?.parse().ok()?,
            capacity: field("capacity")?.parse().ok()?,
            created: UNIX_EPOCH.checked_add(Duration::from_millis(field("created")?.parse().ok()?))?,
        };
        (!label.is_too_long(text.len())).then_some(label)
    }
}

/// Escapes characters that would end the line or start an escape, as `%XX`.
fn escape(name: &str) -> String {
    let mut escaped = String::with_capacity(name.len());
    for c in name.chars() {
        match c {
            '%' | '\n' | '\r' => escaped.push_str(&format!("%{:02X}", c as u32)),
            c => escaped.push(c),
        }
    }
    escaped
}

fn unescape(text: &str) -> Option<String> {
    let mut parts = text.split('%');
    let mut name = parts.next()?.to_owned();
    for part in parts {
        let code = u8::from_str_radix(part.get(..2)?, 16).ok()?;
        name.push(char::from(code));
        name.push_str(&part[2..]);
    }
    Some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_survive_encoding() {
        for (name, access) in [
            ("a", Access::Owner),
            ("Plant\\Line 1", Access::Group(7)),
            ("100%\r\nname x", Access::Users(vec![1, 0, u32::MAX])),
            ("é", Access::Users(vec![])),
            ("😀 x .", Access::Everyone),
        ] {
            let name = name.parse().expect("a name");
            let label = Label {
                name,
                pid: 17,
                access,
                network: Network::Allowed,
                taps: Taps::Allowed,
                door: 7,
                stamp: true,
                max_message_size: 424,
                capacity: 1 << 24,
                created: UNIX_EPOCH + Duration::from_millis(1_700_000_000_123),
            };
            assert_eq!(Label::decode(&label.encode()), Some(label));
        }
    }

    #[test]
    fn damaged_labels_are_refused() {
        for text in [
            "",
            "name a",
            "name %\npid 1\naccess owner\nnetwork refused\nstamp 0\nmax-message-size 0\ncapacity 1\ncreated 1\n",
        ] {
            assert_eq!(Label::decode(text), None);
        }
    }
}
