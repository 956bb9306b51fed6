//! Silent mistakes do not compile, and the error says why.

use libtest_mimic::{Failed, Trial};

use crate::toolchain::{Build, Link};

const C: Build = Build::c("c11", Link::Shared);
const CPP: Build = Build::cpp("c++17", Link::Shared);

pub fn trials() -> Vec<Trial> {
    vec![
        Trial::test("text_of_32_bits_is_refused_by_wide_functions", wide_literals),
        Trial::test("wide_strings_and_streams_of_cpp_are_refused_with_short_wchar", wide_cpp),
        Trial::test("what_is_missing_is_named", missing),
    ]
}

/// `source` compiles with `good` in it, and not with `bad`, when the compiler says `sentence`.
fn refuses(build: Build, before: &str, good: &str, bad: &str, sentence: &str) -> Result<(), Failed> {
    let source = |line: &str| format!("{before}\nint main(void)\n{{\n    {line}\n    return 0;\n}}\n");
    build.compile_text(&source(good))?;
    match build.compile_text(&source(bad)) {
        Err(error) if error.contains(sentence) => Ok(()),
        Err(error) => Err(format!("{bad}: another error: {error}").into()),
        Ok(_) => Err(format!("{build:?} takes {bad}").into()),
    }
}

fn wide_literals() -> Result<(), Failed> {
    // In each, @ is the place of the text.
    const CALLS: [&str; 13] = [
        "CreateMailslotW(@, 0, 0, NULL);",
        "CreateFileW(@, GENERIC_WRITE, FILE_SHARE_READ, NULL, OPEN_EXISTING, 0, NULL);",
        "CreateEventW(NULL, TRUE, FALSE, @);",
        "(void)lstrlenW(@);",
        "WCHAR t[9]; lstrcpyW(t, @);",
        "WCHAR t[9] = {0}; lstrcatW(t, @);",
        "(void)lstrcmpW(u\"a\", @);",
        "(void)lstrcmpiW(u\"a\", @);",
        "char t[9]; WideCharToMultiByte(CP_UTF8, 0, @, -1, t, 9, NULL, NULL);",
        "WriteConsoleW(NULL, @, 3, NULL, NULL);",
        "SetConsoleTitleW(@);",
        "MessageBoxW(NULL, @, NULL, MB_OK);",
        "wchar_t w[] = L\"abc\"; (void)w; WCHAR t[9]; lstrcpyW(t, @);",
    ];
    for build in [C, CPP] {
        for call in CALLS {
            let bad = if call.starts_with("wchar_t") { "w" } else { "L\"abc\"" };
            let build = build.with(&["-DUNICODE"]);
            let good = ["u\"abc\"", "TEXT(\"abc\")", "NULL"].map(|good| format!("{{ {} }}", call.replace('@', good)));
            let bad = call.replace('@', bad);
            refuses(build, "#include <windows.h>", &good.concat(), &bad, "compile with -fshort-wchar")?;
        }
    }
    Ok(())
}

fn wide_cpp() -> Result<(), Failed> {
    const BAD: [(&str, &str); 7] = [
        ("std::wcout << L\"x\";", "no 16-bit wide streams"),
        ("std::wcerr << 1;", "no 16-bit wide streams"),
        ("wchar_t c; std::wcin >> c;", "no 16-bit wide streams"),
        ("std::wstring s = L\"x\"; (void)s;", "no 16-bit std::wstring"),
        ("std::wstring s; s += L\"x\";", "no 16-bit std::wstring"),
        ("std::wstring s, t = L\"a\" + s; (void)t;", "no 16-bit std::wstring"),
        ("std::wstring s, t; (void)(s == t);", "no 16-bit std::wstring"),
    ];
    const FLAGS: [&[&str]; 2] = [&["-DUNICODE", "-fshort-wchar", "-O0"], &["-fshort-wchar", "-O2"]];
    let good = "std::cout << std::string(\"fine\"); WCHAR t[9]; wcscpy(t, L\"x\"); std::u16string s(u\"x\"); (void)s;";
    let windows = "#include <windows.h>\n";
    let library = "#include <iostream>\n#include <string>\n";
    for (before, flags) in [format!("{windows}{library}"), format!("{library}{windows}")].iter().zip(FLAGS) {
        for (bad, sentence) in BAD {
            refuses(CPP.with(flags), before, good, bad, sentence)?;
        }
    }
    Ok(())
}

fn missing() -> Result<(), Failed> {
    let before = "#include <windows.h>\n#include <tchar.h>\n#include <process.h>";
    for name in ["_tfindfirst", "CreatePipe", "_beginthreadex"] {
        for build in [C, CPP] {
            refuses(build, before, "", &format!("{name}(0, 0);"), name)?;
        }
    }
    refuses(C, before, "", "extern __declspec(naked) int x;", "naked")
}
