//! Programs with raised privileges take over no handles: their caller chooses which descriptors are open in them.

use std::fs::{Permissions, set_permissions};
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::PathBuf;

use libtest_mimic::{Failed, Trial};

use crate::run::{Running, Slots};
use crate::toolchain::{Build, Link};

/// The program's user and its caller: two that no other run of this test uses. Neither need exist.
fn users() -> [u32; 2] {
    let caller = 20_000 + std::process::id() % 40_000;
    [caller + 1, caller]
}

/// The library's files for a user below the usual root, removed after the test.
struct Kept(PathBuf);

impl Drop for Kept {
    fn drop(&mut self) {
        // Fails if there are none.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

pub fn trials() -> Vec<Trial> {
    let root = rustix::process::geteuid().is_root();
    let name = "a_program_with_raised_privileges_takes_over_no_handles";
    // Only the superuser can give a program to another user.
    vec![Trial::test(name, raised).with_ignored_flag(!root)]
}

fn raised() -> Result<(), Failed> {
    let program = Build::c("c11", Link::Static).with(&["-D_GNU_SOURCE"]).compile("raised.c")?;
    let slots = Slots::new();
    // The directory of the build may be closed to other users.
    let [caller, callee] = ["caller", "callee"].map(|name| slots.path().join(name));
    std::fs::copy(&*program, &caller)?;
    set_permissions(&caller, Permissions::from_mode(0o755))?;
    let [owner, caller_user] = users();
    let _kept = [owner, caller_user].map(|user| Kept(PathBuf::from(format!("/dev/shm/mailslot.{user}"))));
    let user = caller_user.to_string();
    // The usual root, which the machine may have closed to these users.
    let open = "[ ! -d /run/mailslot ] || mount -t tmpfs -o mode=1777 slots /run/mailslot; exec \"$@\"";
    let machine = ["unshare", "--mount", "sh", "-c", open, "sh"];
    let wrapper = [&machine[..], &["setpriv", "--reuid", &user, "--regid", &user, "--clear-groups"]].concat();
    for (mode, taken_over) in [(0o755, true), (0o4755, false), (0o2755, false), (0o6755, false)] {
        std::fs::copy(&*program, &callee)?;
        chown(&callee, Some(owner), Some(owner))?;
        set_permissions(&callee, Permissions::from_mode(mode))?;
        let slot = format!(r"\\.\mailslot\raised-{}-{mode:o}", std::process::id());
        let mut command = slots.command(&wrapper, &caller, &[&callee.to_string_lossy(), &slot]);
        // Such a program ignores the variable: it could not find the slot, whatever it took over.
        command.env_remove("MAILSLOT_ROOT");
        let said = Running::start(command)?.finish("")?;
        let expected = if taken_over { "slot known, file known\n" } else { "slot unknown, file unknown\n" };
        if said != expected {
            return Err(format!("mode {mode:o}: {said}").into());
        }
    }
    Ok(())
}
