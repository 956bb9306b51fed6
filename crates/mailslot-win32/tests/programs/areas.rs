//! A program for each area of the fact sheet, run unmodified, under valgrind, and with the compiler's sanitizers.

use libtest_mimic::{Failed, Trial};

use crate::run::{Slots, VALGRIND, VALGRIND_FORKING};
use crate::toolchain::{Build, Link, build_example};

/// The programs in `areas/`, with their statements.
const AREAS: &[(&str, &str)] = &[
    ("layouts", "9"),
    ("names", "1, A.1"),
    ("handles", "2.1, 2.2, 2.3, 4, 11.12, 11.13"),
    ("clients", "2.4, 2.5, 2.6, 10.9, 10.13, 10.14, 11.10, 11.11, 11.28, A.4, A.5"),
    ("reading", "2.5, 2.7, 10.17, 10.18, 11.14, 11.15, 11.30, A.3"),
    ("overlapped", "3, 5, 7, 10.10, 10.12, 11.16, 11.17"),
    ("routines", "7"),
    ("closing", "4, 11.18, 11.19"),
    ("waiting", "2.7"),
    ("threads", "processthreadsapi.h, process.h"),
    ("ending", "processthreadsapi.h, synchapi.h"),
    ("mutexes", "synchapi.h"),
    ("semaphores", "synchapi.h"),
    ("timers", "synchapi.h"),
    ("processes", "tlhelp32.h, processthreadsapi.h"),
    ("timer_queues", "threadpoollegacyapiset.h"),
    ("named", "synchapi.h"),
    ("locks", "synchapi.h, winnt.h"),
    ("sharing", "synchapi.h"),
    ("mappings", "memoryapi.h"),
    ("inherited", "synchapi.h, processthreadsapi.h"),
    ("security", "6, 11.20"),
    ("access_lists", "6"),
    ("forking", "4, 10.16"),
    ("texts", "1"),
    ("code_pages", "winnls.h"),
    ("starting", "A.2"),
    ("console", "conio.h"),
    ("terminal", "wincon.h"),
    ("system", "sysinfoapi.h"),
    ("messages", "winnls.h"),
    ("confirmed", "mailslotapi.h"),
];

/// Areas whose children end while threads of their parent still end.
const FORKING: [&str; 6] = ["processes", "mappings", "forking", "sharing", "security", "access_lists"];

const PLAIN: Build = Build::c("c11", Link::Shared).with(&["-D_GNU_SOURCE"]);
const STATIC: Build = Build::c("c11", Link::Static).with(&["-D_GNU_SOURCE"]);
const SANITIZED: Build =
    Build::c("c11", Link::Shared).with(&["-D_GNU_SOURCE", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"]);

pub fn trials() -> Vec<Trial> {
    let mut trials = Vec::new();
    for &(area, rows) in AREAS {
        trials.push(trial(format!("{area}_hold"), rows, move || passes(PLAIN, area, &[])));
        // The C library's loader reads texts by words, beyond their ends, when it loads conversion tables.
        if area != "code_pages" {
            let valgrind = if FORKING.contains(&area) { VALGRIND_FORKING } else { VALGRIND };
            trials.push(trial(format!("{area}_hold_under_valgrind"), rows, move || passes(STATIC, area, valgrind)));
        }
        trials.push(trial(format!("{area}_hold_with_sanitizers"), rows, move || passes(SANITIZED, area, &[])));
    }
    trials
}

fn trial(name: String, rows: &str, body: impl FnOnce() -> Result<(), Failed> + Send + 'static) -> Trial {
    Trial::test(name, body).with_kind(rows)
}

fn passes(build: Build, area: &str, wrapper: &[&str]) -> Result<(), Failed> {
    let program = build.compile(&format!("areas/{area}.c"))?;
    // Win32 cannot reply to requests, so the stand-in for the node is not a Win32 program.
    let routes = if area == "confirmed" { Some(build_example("mailslot-win32", "routes")?) } else { None };
    let arguments: Vec<_> = routes.iter().map(|program| program.display().to_string()).collect();
    let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
    Slots::new().run(wrapper, &program, &arguments, "")?;
    Ok(())
}
