//! An access control list on the door: the kernel then refuses users who may not write, at no cost to the owner.

use std::os::fd::BorrowedFd;

use rustix::fs::XattrFlags;

use super::super::process;

/// The attribute and its layout (`linux/posix_acl_xattr.h`): a version, then a tag, permissions and an id for each
/// entry.
const ATTRIBUTE: &str = "system.posix_acl_access";
const VERSION: u32 = 2;
const NO_ID: u32 = u32::MAX;
const READ_WRITE: u16 = 6;

/// Who may write to a door, besides the slot's owner and the superuser.
pub(super) struct List<'a> {
    /// Whether the file's group may.
    pub(super) group: bool,
    /// Whether everybody else may.
    pub(super) others: bool,
    pub(super) users: &'a [u32],
    /// Users who may not, whatever the other fields say.
    pub(super) turned_away: &'a [u32],
}

impl List<'_> {
    /// Sets the list of the file called `name` in `dir`. Fails if the file system does not support such lists.
    pub(super) fn put(&self, dir: BorrowedFd<'_>, name: &str) -> rustix::io::Result<()> {
        let may = |may: bool| if may { READ_WRITE } else { 0 };
        let users = self.users.iter().filter(|uid| !self.turned_away.contains(uid)).map(|uid| (0x02, READ_WRITE, *uid));
        let turned_away = self.turned_away.iter().map(|uid| (0x02, 0, *uid));
        let rest = [(0x04, may(self.group), NO_ID), (0x10, READ_WRITE, NO_ID), (0x20, may(self.others), NO_ID)];
        let mut list = VERSION.to_le_bytes().to_vec();
        for (tag, permissions, id) in
            [(0x01, READ_WRITE, NO_ID)].into_iter().chain(users).chain(turned_away).chain(rest)
        {
            let (tag, permissions): (u16, u16) = (tag, permissions);
            list.extend_from_slice(&tag.to_le_bytes());
            list.extend_from_slice(&permissions.to_le_bytes());
            list.extend_from_slice(&id.to_le_bytes());
        }
        rustix::fs::setxattr(process::path_in(dir, name), ATTRIBUTE, &list, XattrFlags::empty())
    }
}
