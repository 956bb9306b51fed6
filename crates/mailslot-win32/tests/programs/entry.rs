//! The beginning and end of programs.

use libtest_mimic::{Failed, Trial};

use crate::run::Slots;
use crate::toolchain::{Build, Link};

const WIDE: [&[&str]; 4] = [
    &["-O0", "-DUNICODE"],
    &["-O2", "-D_UNICODE"],
    &["-O0", "-DUNICODE", "-D_UNICODE", "-fshort-wchar"],
    &["-O2", "-DUNICODE", "-D_UNICODE", "-fshort-wchar"],
];
const NARROW: [&[&str]; 2] = [&["-O0"], &["-O2"]];

pub fn trials() -> Vec<Trial> {
    vec![
        Trial::test("a_wide_main_without_return_ends_with_0", no_return),
        Trial::test("a_wide_main_returns_what_it_says", returns),
        Trial::test("a_void_main_ends_with_0", void_main),
        Trial::test("a_main_thread_that_ends_waits_for_the_others", exit_thread),
        Trial::test("a_main_that_returns_ends_threads_that_run", return_with_threads),
    ]
}

fn compilers() -> [Build; 3] {
    [Build::c("gnu99", Link::Shared), Build::c("c11", Link::Static), Build::cpp("c++17", Link::Shared)]
}

/// Runs a program built in each way, and compares what it printed.
fn runs(flags: &[&'static [&'static str]], source: &str, expected: &str) -> Result<(), Failed> {
    for build in compilers() {
        for flags in flags {
            let build = build.with(flags);
            let program = build.compile_text(source)?;
            let printed = Slots::new().run(&[], &program, &["\u{e9}\u{1f600}", "b c"], "");
            if printed.as_deref() != Ok(expected) {
                return Err(format!("{build:?}: {printed:?}").into());
            }
        }
    }
    Ok(())
}

fn no_return() -> Result<(), Failed> {
    let with = "#include <windows.h>\n#include <tchar.h>\n\
        int _tmain(int argc, TCHAR *argv[])\n\
        { _tprintf(_T(\"%d %s %s %d\\n\"), argc, argv[1], argv[2], (int)_tcslen(argv[1])); }\n";
    runs(&WIDE, with, "3 \u{e9}\u{1f600} b c 3\n")?;
    runs(&NARROW, with, "3 \u{e9}\u{1f600} b c 6\n")?;
    let without = "#include <tchar.h>\n#include <stdio.h>\nint _tmain()\n{ puts(\"here\"); }\n";
    runs(&WIDE, without, "here\n")?;
    let nothing = "#include <windows.h>\n#include <stdio.h>\nint wmain(void)\n{ puts(\"here\"); }\n";
    runs(&[WIDE[1], NARROW[0], NARROW[1]], nothing, "here\n")
}

fn returns() -> Result<(), Failed> {
    let source = "#include <tchar.h>\nint _tmain(int argc, TCHAR **argv) { (void)argv; return argc * 10; }\n";
    for build in compilers() {
        let program = build.with(WIDE[3]).compile_text(source)?;
        let failed = Slots::new().run(&[], &program, &["x"], "");
        if !failed.as_ref().is_err_and(|error| error.starts_with("exit status: 20")) {
            return Err(format!("{failed:?}").into());
        }
    }
    Ok(())
}

fn void_main() -> Result<(), Failed> {
    const OPTION: [&[&str]; 4] = [
        &["-DMAILSLOT_VOID_MAIN", "-O0"],
        &["-DMAILSLOT_VOID_MAIN", "-O2"],
        &["-DMAILSLOT_VOID_MAIN", "-O2", "-DUNICODE", "-fshort-wchar"],
        &["-DMAILSLOT_VOID_MAIN", "-O0", "-D_UNICODE", "-fshort-wchar"],
    ];
    let plain = "#include <windows.h>\n#include <stdio.h>\nvoid main()\n{ printf(\"here\\n\"); }\n";
    runs(&OPTION, plain, "here\n")?;
    let tchar = "#include <tchar.h>\nvoid _tmain(int argc, TCHAR *argv[])\n\
        { _tprintf(_T(\"%d %s\\n\"), argc, argv[1]); if (argc == 3) return; _tprintf(_T(\"never\\n\")); }\n";
    runs(&OPTION, tchar, "3 \u{e9}\u{1f600}\n")?;
    let int = "#include <windows.h>\nint main(void) { return 3; }\n";
    let refused = Build::c("c11", Link::Shared).with(OPTION[0]).compile_text(int);
    match refused {
        Err(error) if error.contains("every_main_is_void") => Ok(()),
        other => Err(format!("{:?}", other.map(|_| ())).into()),
    }
}

/// The exit code is that of the thread that ended last. C++ destructors run.
fn exit_thread() -> Result<(), Failed> {
    let source = "#include <windows.h>\n#include <stdio.h>\n\
        #ifdef __cplusplus\n\
        struct Destroyed { ~Destroyed() { Sleep(1); } };\n#else\ntypedef struct { int unused; } Destroyed;\n#endif\n\
        static HANDLE go;\n\
        static DWORD WINAPI Last(LPVOID end)\n\
        { Destroyed local; (void)local; WaitForSingleObject(end, INFINITE); puts(\"last\"); ExitThread(0); }\n\
        int main(void)\n\
        { HANDLE own;\n\
          DuplicateHandle(GetCurrentProcess(), GetCurrentThread(), GetCurrentProcess(), &own, 0, FALSE, 2);\n\
          go = CreateThread(NULL, 0, Last, own, 0, NULL); ExitThread(3); }\n";
    runs(&NARROW, source, "last\n")
}

fn return_with_threads() -> Result<(), Failed> {
    let source = "#include <windows.h>\n\
        static DWORD WINAPI Run(LPVOID unused) { (void)unused; Sleep(INFINITE); return 9; }\n\
        int main(void) { return CreateThread(NULL, 0, Run, NULL, 0, NULL) == NULL; }\n";
    runs(&NARROW, source, "")
}
