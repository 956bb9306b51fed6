//! Becomes another user, after the actions that only root may do.

#[cfg(unix)]
mod unix;
#[cfg(unix)]
pub(crate) use unix::become_user;
#[cfg(all(unix, feature = "zenoh"))]
pub(crate) use unix::user_id;

#[cfg(windows)]
pub(crate) use windows::become_user;
#[cfg(all(windows, feature = "zenoh"))]
pub(crate) use windows::user_id;

#[cfg(windows)]
mod windows {
    use crate::error::{Error, Result};

    /// A process of Windows keeps its user.
    pub(crate) fn become_user(user: &str) -> Result<()> {
        user_id(user).map(drop)
    }

    /// Windows has no numbers for users.
    pub(crate) fn user_id(user: &str) -> Result<u32> {
        let reason = "on Windows a node keeps the user who starts it".to_owned();
        Err(Error::User { user: user.to_owned(), reason })
    }
}
