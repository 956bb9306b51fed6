//! One command line builds a folder of old sources: the installed wrappers of the compilers, and CMake's toolchain
//! file.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use libtest_mimic::{Failed, Trial};

use crate::install::{Installed, output};
use crate::run::Slots;

/// Sources as in old folders: names in capitals, `void main`, a header in another case.
const VOID_C: (&str, &str) = (
    "SERVER.C",
    "#include <Windows.h>\n#include <stdio.h>\n/* int main(void) */\nint helper(void);\n\
     void main()\n{ printf(\"C %d\\n\", helper()); }\n",
);
/// Not valid C++.
const HELPER_C: (&str, &str) = ("HELPER.C", "int helper(void) { int class = 4; return class; }\n");
const TMAIN_CPP: (&str, &str) = (
    "Client.Cpp",
    "#include <WINDOWS.H>\n#include <tchar.h>\n#include <iostream>\n\
     extern \"C\" int helper(void);\n\
     void __cdecl _tmain(int argc, _TCHAR *argv[])\n\
     { std::cout << \"C++ \" << sizeof(TCHAR) << argc << helper() << std::endl; _tprintf(_T(\"%s\\n\"), argv[1]); }\n",
);
const POINTER_CXX: (&str, &str) = (
    "POINTER.CXX",
    "// void main()\n#include <windows.h>\n#include <iostream>\n\
     int main(int, char **argv) { DWORD low = (DWORD)argv; std::cout << (low != 0) << std::endl; }\n",
);
const WIN32_C: (&str, &str) =
    ("win32.c", "#include <windows.h>\nint main(void) { printf(\"%d\\n\", WIN32 + _WIN32); return 0; }\n");
const PLAIN_C: (&str, &str) = ("plain.c", "#include <stdio.h>\nint main(void) { puts(\"plain\"); return 0; }\n");

pub fn trials() -> Vec<Trial> {
    vec![
        Trial::test("one_command_line_builds_a_folder_of_old_sources", folders),
        Trial::test("sources_in_other_charsets_print_what_they_say", charsets),
        Trial::test("the_wrappers_say_what_is_wrong", complaints),
        Trial::test("makefiles_and_steps_apart_may_use_the_wrappers", steps),
        Trial::test("cmake_builds_the_example_with_the_toolchain_file", cmake_example),
        Trial::test("cmake_builds_a_folder_of_old_sources_with_the_toolchain_file", cmake_folder),
        Trial::test("pkg_config_tells_the_options_of_the_wrappers", variables),
    ]
}

/// An installation, and a folder of sources beside it.
struct Place {
    installed: Installed,
    folder: PathBuf,
}

impl Place {
    fn new(name: &str, sources: &[(&str, &str)]) -> Result<Place, Failed> {
        let installed = Installed::staged(name)?;
        let folder = installed.prefix().join("old sources");
        std::fs::create_dir(&folder)?;
        let place = Place { installed, folder };
        sources.iter().try_for_each(|(name, text)| place.write(name, text))?;
        Ok(place)
    }

    fn write(&self, name: &str, text: impl AsRef<[u8]>) -> Result<(), Failed> {
        Ok(std::fs::write(self.folder.join(name), text)?)
    }

    /// A wrapper's command, to run in the folder.
    fn wrapper(&self, language: &str) -> Command {
        let mut command = Command::new(self.installed.prefix().join(format!("bin/mailslot-win32-{language}")));
        command.current_dir(&self.folder).env_remove("CC").env_remove("CXX");
        command
    }

    /// Builds a program from files of the folder, without output.
    fn build(&self, language: &str, arguments: &[&str]) -> Result<PathBuf, Failed> {
        silent(self.wrapper(language).args(arguments).args(["-o", "program"]))?;
        Ok(self.folder.join("program"))
    }
}

fn silent(command: &mut Command) -> Result<(), Failed> {
    let Output { status, stderr, .. } = command.output()?;
    let said = String::from_utf8_lossy(&stderr);
    if status.success() && said.is_empty() { Ok(()) } else { Err(format!("{command:?}: {said}").into()) }
}

fn prints(program: &Path, expected: &str) -> Result<(), Failed> {
    let printed = Slots::new().run(&[], program, &["\u{e9}"], "")?;
    if printed == expected { Ok(()) } else { Err(format!("{program:?} printed {printed:?}, not {expected:?}").into()) }
}

fn folders() -> Result<(), Failed> {
    let place = Place::new("folders", &[VOID_C, HELPER_C, TMAIN_CPP, POINTER_CXX, WIN32_C, PLAIN_C])?;
    let cases: [(&str, &[&str], &str); 8] = [
        ("cc", &["SERVER.C", "HELPER.C"], "C 4\n"),
        ("cc", &["--void-main", "SERVER.C", "HELPER.C"], "C 4\n"),
        ("cc", &["--wide", "Client.Cpp", "HELPER.C"], "C++ 224\n\u{e9}\n"),
        ("cc", &["--wide", "--narrow", "Client.Cpp", "HELPER.C"], "C++ 124\n\u{e9}\n"),
        ("c++", &["--permissive", "-w", "POINTER.CXX"], "1\n"),
        ("cc", &["--win32", "-include", "stdio.h", "win32.c"], "2\n"),
        ("cc", &["--permissive", "plain.c"], "plain\n"),
        ("c++", &["plain.c"], "plain\n"),
    ];
    for (language, arguments, printed) in cases {
        for more in [&["-O0"][..], &["-O2"], &["--static"]] {
            prints(&place.build(language, &[arguments, more].concat())?, printed)?;
        }
    }
    // The program's name attached to its option, and an explicit language.
    let mut named = place.wrapper("cc");
    silent(named.args(["-onamed", "-xc", "SERVER.C", "-xnone", "HELPER.C", "--void-main"]))?;
    prints(&place.folder.join("named"), "C 4\n")?;
    // A file that is C by its name is not compiled as C++.
    let refused = place.build("c++", &["-c", "HELPER.C"]);
    if refused.is_ok() { Err("C++ took a C source".into()) } else { Ok(()) }
}

/// "Привет", "Größe", "한글", "日本" in the bytes of the charsets.
fn charsets() -> Result<(), Failed> {
    const TEXTS: [(&str, &[u8], &str); 5] = [
        ("cp1251", b"\xcf\xf0\xe8\xe2\xe5\xf2", "\u{41f}\u{440}\u{438}\u{432}\u{435}\u{442}"),
        ("1252", b"Gr\xf6\xdfe", "Gr\u{f6}\u{df}e"),
        ("cp949", b"\xc7\xd1\xb1\xdb", "\u{d55c}\u{ae00}"),
        ("cp932", b"\x93\xfa\x96\x7b", "\u{65e5}\u{672c}"),
        ("866", b"\x8f\xe0\xa8\xa2\xa5\xe2", "\u{41f}\u{440}\u{438}\u{432}\u{435}\u{442}"),
    ];
    let place = Place::new("charsets", &[])?;
    for (charset, bytes, text) in TEXTS {
        for mode in ["--narrow", "--wide"] {
            let before = b"#include <windows.h>\n#include <tchar.h>\nint _tmain(void) { _tprintf(_T(\"";
            let source = [before, bytes, b"\\n\")); return 0; }\n"].concat();
            place.write("text.cpp", source)?;
            let program = place.build("cc", &[mode, &format!("--charset={charset}"), "text.cpp"])?;
            prints(&program, &format!("{text}\n"))?;
        }
    }
    Ok(())
}

fn complaints() -> Result<(), Failed> {
    let place = Place::new("complaints", &[PLAIN_C, VOID_C])?;
    place.write(
        "utf16.c",
        "\u{feff}int main(void) { return 0; }".encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>(),
    )?;
    let cases: [(&[&str], i32, &str); 5] = [
        (&[], 2, "usage: mailslot-win32-cc"),
        (&["--charset", "plain.c"], 2, "--charset=cp1251"),
        (&["utf16.c"], 1, "utf16.c is UTF-16"),
        (&["none.c"], 1, "none.c"),
        (&["plain.c", "--void-main", "-include", "windows.h"], 1, "every_main_is_void"),
    ];
    for (arguments, code, words) in cases {
        says(place.wrapper("cc").args(arguments), code, words)?;
    }
    says(
        place.wrapper("cc").env("CC", "no-such-compiler").arg("plain.c"),
        1,
        "the compiler no-such-compiler is missing",
    )?;
    let help = output(place.wrapper("c++").arg("--help"))?;
    let options = ["--wide", "--narrow", "--void-main", "--permissive", "--charset", "--win32", "--static"];
    match options.into_iter().find(|option| !help.contains(option)) {
        Some(option) => Err(format!("the help lacks {option}").into()),
        None => Ok(()),
    }
}

fn says(command: &mut Command, code: i32, words: &str) -> Result<(), Failed> {
    let Output { status, stderr, .. } = command.output()?;
    let said = String::from_utf8_lossy(&stderr);
    if status.code() == Some(code) && said.contains(words) {
        return Ok(());
    }
    Err(format!("{command:?}: {status}, {said}").into())
}

fn steps() -> Result<(), Failed> {
    let place = Place::new("steps", &[VOID_C, HELPER_C])?;
    // Found by PATH, called by its name through CC, with separate compiling and linking.
    let path = format!("{}:{}", place.installed.prefix().join("bin").display(), std::env::var("PATH")?);
    place.write(
        "Makefile",
        "program: SERVER.o HELPER.o\n\t$(CC) $^ -o $@\n%.o: %.C\n\t$(CC) -MD -MF $*.d -c $< -o $@\n",
    )?;
    let make = &mut Command::new("make");
    silent(make.arg("program").current_dir(&place.folder).env("PATH", path).env("CC", "mailslot-win32-cc"))?;
    prints(&place.folder.join("program"), "C 4\n")
}

fn cmake_example() -> Result<(), Failed> {
    let place = Place::new("cmake-example", &[])?;
    let example = crate::toolchain::crate_root().join("example");
    prints(&cmake(&place, &example, "--wide")?.join("example"), crate::install::PRINTED)
}

fn cmake_folder() -> Result<(), Failed> {
    let place = Place::new("cmake-folder", &[VOID_C, HELPER_C, TMAIN_CPP])?;
    // To CMake, .CPP and .C are C++; so a project for Linux declares its C files.
    place.write("client.cpp", TMAIN_CPP.1)?;
    place.write(
        "CMakeLists.txt",
        "cmake_minimum_required(VERSION 3.13)\nproject(old C CXX)\n\
         if(NOT MAILSLOT_WIN32)\nmessage(FATAL_ERROR \"no toolchain file\")\nendif()\n\
         set_source_files_properties(SERVER.C HELPER.C PROPERTIES LANGUAGE C)\n\
         add_executable(server SERVER.C HELPER.C)\nadd_executable(client client.cpp HELPER.C)\n",
    )?;
    let build = cmake(&place, &place.folder, "--wide --charset=cp1252")?;
    prints(&build.join("server"), "C 4\n")?;
    prints(&build.join("client"), "C++ 224\n\u{e9}\n")
}

/// Builds a project, and returns the directory of its programs.
fn cmake(place: &Place, project: &Path, options: &str) -> Result<PathBuf, Failed> {
    let prefix = place.installed.prefix();
    let build = prefix.join("build here");
    let toolchain = prefix.join("share/mailslot-win32/mailslot-win32.cmake");
    let configure = &mut Command::new("cmake");
    configure.arg("-S").arg(project).arg("-B").arg(&build).env_remove("CC").env_remove("CXX");
    configure.arg(format!("-DCMAKE_TOOLCHAIN_FILE={}", toolchain.display()));
    output(configure.arg(format!("-DMAILSLOT_OPTIONS={options}")))?;
    output(Command::new("cmake").arg("--build").arg(&build))?;
    Ok(build)
}

/// The variables hold the wrappers' options for the compiler, which here is a program that prints its arguments.
fn variables() -> Result<(), Failed> {
    let place = Place::new("variables", &[PLAIN_C])?;
    for option in ["wide", "void_main", "win32"] {
        let mut command = Command::new("pkg-config");
        let value = output(
            place.installed.pkg_config_path(&mut command).args([&format!("--variable={option}"), "mailslot-win32"]),
        )?;
        let wrapper = &mut place.wrapper("cc");
        let given = output(wrapper.arg(format!("--{}", option.replace('_', "-"))).arg("plain.c").env("CC", "echo"))?;
        if value.trim().is_empty() || !given.contains(value.trim()) {
            return Err(format!("{option}: {value:?} is not in {given:?}").into());
        }
    }
    Ok(())
}
