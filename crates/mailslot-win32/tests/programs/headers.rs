//! Each header compiles alone, and the functions that it names exist.

use std::path::Path;

use libtest_mimic::{Failed, Trial};

use crate::run::Slots;
use crate::toolchain::{Build, Link, crate_root};

/// The options of a program's text.
const TEXTS: [&[&str]; 4] = [&[], &["-fshort-wchar"], &["-DUNICODE"], &["-D_UNICODE", "-fshort-wchar"]];
const C: [&str; 2] = ["c11", "gnu89"];
const CPP: [&str; 4] = ["c++17", "c++98", "c++11", "c++20"];
/// Headers of this project, which Windows does not have.
const OWN: [&str; 1] = ["mailslotapi.h"];

pub fn trials() -> Vec<Trial> {
    let mut trials = Vec::new();
    for (index, flags) in TEXTS.into_iter().enumerate() {
        let name = format!("every_header_compiles_alone_and_twice_with_text_of_kind_{index}");
        // The other two kinds differ from these by one option, and are tested with one standard of each language.
        let all = [0, 3].contains(&index);
        trials.push(Trial::test(name, move || alone_and_twice(flags, if all { CPP.len() } else { 1 })));
    }
    trials.push(Trial::test("every_name_of_tchar_h_can_be_used", every_tchar_name));
    trials.push(Trial::test("every_error_code_has_a_text", every_code_has_a_text));
    trials.push(Trial::test("winsock2_h_brings_windows_h_and_the_last_error", sockets));
    trials.push(Trial::test("direct_h_makes_and_removes_directories", directories));
    trials.push(Trial::test("rand_s_gives_numbers_of_32_bits", random_numbers));
    trials.push(Trial::test("annotations_and_declspecs_leave_a_function_as_it_is", annotations));
    trials
}

/// The headers that Windows has as well.
pub fn all() -> Result<Vec<String>, Failed> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(crate_root().join("include"))? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if Path::new(&name).extension().is_some() && !OWN.contains(&&*name) {
            names.push(name);
        }
    }
    names.sort();
    Ok(names)
}

fn alone_and_twice(flags: &'static [&'static str], standards: usize) -> Result<(), Failed> {
    let headers = all()?.into_iter().chain(OWN.map(str::to_owned));
    for header in headers {
        let source = format!("#include <{header}>\n#include <{header}>\nint main(void) {{ return 0; }}\n");
        for standard in C.into_iter().take(standards).filter(|_| header != "iostream.h") {
            Build::c(standard, Link::Shared).with(flags).read_text(&source)?;
        }
        for standard in CPP.into_iter().take(standards) {
            Build::cpp(standard, Link::Shared).with(flags).read_text(&source)?;
        }
    }
    Ok(())
}

/// A table of all functions behind the names links.
fn every_tchar_name() -> Result<(), Failed> {
    for (map, flags) in [("narrow", TEXTS[0]), ("wide", TEXTS[2]), ("wide", TEXTS[3])] {
        let text = std::fs::read_to_string(crate_root().join(format!("include/mailslot/tchar_{map}.h")))?;
        let names: Vec<&str> = text
            .lines()
            .filter_map(|line| line.strip_prefix("#define ")?.split_once(' '))
            .filter(|(name, _)| !name.contains('(') && !["_tmain", "_TEOF"].contains(name))
            .map(|(name, _)| name)
            .collect();
        if names.len() < 120 {
            return Err(format!("only {} names", names.len()).into());
        }
        let table: String = names.iter().map(|name| format!("(void (*)(void)){name},\n")).collect();
        let source = format!(
            "#include <tchar.h>\n#include <conio.h>\n#include <io.h>\nvoid (*const table[])(void) = {{\n{table}}};\n\
             int main(void) {{ return table[0] == 0; }}\n"
        );
        Build::c("gnu11", Link::Shared).with(flags).compile_text(&source.replace("int main", "\nint main"))?;
    }
    Ok(())
}

fn every_code_has_a_text() -> Result<(), Failed> {
    let text = std::fs::read_to_string(crate_root().join("include/winerror.h"))?;
    let names: Vec<&str> = text
        .lines()
        .filter_map(|line| line.strip_prefix("#define ")?.split_once(' '))
        .filter(|(_, value)| value.bytes().all(|byte| byte.is_ascii_digit()))
        .map(|(name, _)| name)
        .collect();
    if names.len() < 120 {
        return Err(format!("only {} codes", names.len()).into());
    }
    let checks: String = names.iter().map(|name| format!("    check({name}, \"{name}\");\n")).collect();
    let source = format!(
        "#include <windows.h>\n\
         static void check(DWORD code, const char *name)\n\
         {{\n    char text[1024];\n    \
         if (FormatMessageA(FORMAT_MESSAGE_FROM_SYSTEM | FORMAT_MESSAGE_IGNORE_INSERTS, NULL, code, 0, text, \
         sizeof text, NULL) == 0)\n        \
         printf(\"%s has no text\\n\", name);\n}}\n\
         int main(void)\n{{\n{checks}    return 0;\n}}\n"
    );
    let program = Build::c("c11", Link::Shared).compile_text(&source)?;
    let printed = Slots::new().run(&[], &program, &[], "")?;
    if printed.is_empty() { Ok(()) } else { Err(printed.into()) }
}

fn sockets() -> Result<(), Failed> {
    let source = "#include <winsock2.h>\n\
        int main(void)\n\
        { HANDLE slot = CreateFile(TEXT(\"\\\\\\\\.\\\\mailslot\\\\nobody\"),\n\
                               GENERIC_WRITE, FILE_SHARE_READ, NULL, OPEN_EXISTING, 0, NULL);\n\
          if (slot != INVALID_HANDLE_VALUE || WSAGetLastError() != ERROR_FILE_NOT_FOUND) return 1;\n\
          WSASetLastError(WSAEDISCON);\n\
          switch (GetLastError()) { case WSA_IO_PENDING: case WSAEREFUSED: return 2; case 10101: return 0; }\n\
          return 3; }\n";
    for build in [Build::c("gnu89", Link::Shared), Build::cpp("c++17", Link::Static)] {
        for flags in [TEXTS[0], TEXTS[3]] {
            Slots::new().run(&[], &build.with(flags).compile_text(source)?, &[], "")?;
        }
    }
    Ok(())
}

fn directories() -> Result<(), Failed> {
    let source = "#include <windows.h>\n#include <tchar.h>\n#include <direct.h>\n\
        int main(void)\n\
        { char before[4096], after[4096]; const char *name = \"direct-test\";\n\
          int made = _chdir(getenv(\"MAILSLOT_ROOT\")) == 0 ? MAKE(name) : 9;\n\
          if (made != 0 || _mkdir(name) != -1 || errno != EEXIST) return 1;\n\
          if (_getcwd(before, 4096) == NULL || _chdir(name) != 0 || _getcwd(after, 4096) == NULL) return 2;\n\
          if (strncmp(after, before, strlen(before)) != 0) return 3;\n\
          if (strcmp(after + strlen(before), \"/direct-test\") != 0) return 3;\n\
          if (_chdir(\"..\") != 0 || _rmdir(name) != 0) return 4;\n\
          return _tmkdir(_T(\"direct-test\")) == 0 && _trmdir(_T(\"direct-test\")) == 0 ? 0 : 5; }\n";
    let builds = [
        Build::c("c11", Link::Shared).with(&["-DMAKE=_mkdir"]),
        Build::cpp("c++17", Link::Shared).with(&["-DMAKE=mkdir", "-D_UNICODE", "-fshort-wchar"]),
    ];
    for build in builds {
        Slots::new().run(&[], &build.compile_text(source)?, &[], "")?;
    }
    Ok(())
}

/// Each bit is set in one of 64 numbers, and not in another.
fn random_numbers() -> Result<(), Failed> {
    let source = "#define _CRT_RAND_S\n#include <windows.h>\n#include <stdlib.h>\n\
        int main(void)\n\
        { unsigned one, any = 0, all = ~0u; int i;\n\
          for (i = 0; i < 64; i++) { if (rand_s(&one) != 0) return 1; any |= one; all &= one; }\n\
          return any == ~0u && all == 0 && rand_s(NULL) == EINVAL ? 0 : 2; }\n";
    for build in [Build::c("gnu89", Link::Shared), Build::cpp("c++17", Link::Static)] {
        Slots::new().run(&[], &build.compile_text(source)?, &[], "")?;
    }
    Ok(())
}

fn annotations() -> Result<(), Failed> {
    let source = "#include <windows.h>\n\
        __declspec(dllexport) int __cdecl add(_In_ int one, _In_opt_ const int *other);\n\
        __declspec(noinline) int add(_In_ int one, _In_opt_ const int *other) { return one + (other ? *other : 0); }\n\
        _Success_(return != 0) static int fill(_Out_writes_bytes_(size) char *target, _In_range_(1, 9) unsigned size)\n\
        { memset(target, 7, size); return 1; }\n\
        static __declspec(align(32)) char aligned[3];\n\
        static __declspec(thread) int own;\n\
        int main(void)\n\
        { __int64 big = 40; int two = 2; own = add((int)big, &two);\n\
          return own == 42 && fill(aligned, 3) && aligned[2] == 7 && (size_t)aligned % 32 == 0 ? 0 : 1; }\n";
    for build in [Build::c("gnu89", Link::Shared), Build::c("c11", Link::Static), Build::cpp("c++17", Link::Shared)] {
        let program = build.with(&["-DWIN32", "-D_WIN32"]).compile_text(source)?;
        Slots::new().run(&[], &program, &[], "")?;
    }
    Ok(())
}
