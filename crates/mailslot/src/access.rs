//! Text forms of who may write.

use core::fmt;
use core::str::FromStr;

use crate::error::{Error, Result};
use crate::options::Access;

/// `owner`, `group:5`, `users:1000,1001` or `everyone`.
impl fmt::Display for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Access::Owner => f.write_str("owner"),
            Access::Group(gid) => write!(f, "group:{gid}"),
            Access::Users(uids) => {
                f.write_str("users:")?;
                uids.iter().enumerate().try_for_each(|(at, uid)| write!(f, "{}{uid}", if at == 0 { "" } else { "," }))
            }
            Access::Everyone => f.write_str("everyone"),
        }
    }
}

/// Parses what [`Display`](fmt::Display) writes.
///
/// # Errors
///
/// [`Error::InvalidOption`] lists the valid forms.
impl FromStr for Access {
    type Err = Error;

    fn from_str(text: &str) -> Result<Access> {
        let ids = |text: &str| match text {
            "" => Some(Vec::new()),
            text => text.split(',').map(|id| id.parse().ok()).collect(),
        };
        let access = match text.split_once(':') {
            None if text == "owner" => Some(Access::Owner),
            None if text == "everyone" => Some(Access::Everyone),
            Some(("group", gid)) => gid.parse().ok().map(Access::Group),
            Some(("users", uids)) => ids(uids).map(Access::Users),
            _ => None,
        };
        access.ok_or_else(|| Error::InvalidOption {
            option: "access",
            expected: "owner, group:5, users:1000,1001 or everyone, with the numbers of the group or users".to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_displayed_is_the_same_again(ids in proptest::collection::vec(any::<u32>(), 0..4), gid: u32) {
            for access in [Access::Owner, Access::Group(gid), Access::Users(ids.clone()), Access::Everyone] {
                prop_assert_eq!(&access.to_string().parse::<Access>().expect("valid"), &access);
            }
        }
    }

    #[test]
    fn other_text_is_refused() {
        for text in
            ["", "own", "owner:", "owner:1", "group", "group:", "group:-1", "group:1,2", "users", "users:1,", "users:x"]
        {
            assert!(matches!(text.parse::<Access>(), Err(Error::InvalidOption { .. })), "{text}");
        }
    }
}
