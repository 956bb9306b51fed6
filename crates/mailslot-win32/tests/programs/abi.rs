//! A library exports the functions that its headers declare, and those that already linked programs use: the file
//! `abi`, from which the shared library is linked. Also for `mailslot-c`.
//!
//! `MAILSLOT_ABI=write cargo test -p CRATE --test programs the_abi_` adds the lines of new functions. A removed or
//! changed line breaks old programs.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use libtest_mimic::{Failed, Trial};

use crate::toolchain::{Temporary, archive, crate_root, libraries, unique};
use crate::{HEADERS, LIBRARY, VERSION};

pub fn trials() -> Vec<Trial> {
    vec![
        Trial::test("the_abi_is_what_the_headers_declare", headers),
        Trial::test("the_shared_library_exports_the_abi_and_nothing_else", exports),
        Trial::test("the_static_library_defines_the_abi", defines),
        Trial::test("the_shared_library_has_a_soname_that_leads_to_it", soname),
        Trial::test("every_linker_makes_the_same_abi", linkers),
    ]
}

/// Lines of the file `abi`: a symbol and its version.
fn symbols() -> Result<BTreeSet<String>, Failed> {
    let text = std::fs::read_to_string(crate_root().join("abi"))?;
    Ok(text.lines().filter(|line| line.contains("@@")).map(str::to_owned).collect())
}

fn name(symbol: &str) -> String {
    symbol.split('@').next().unwrap_or_default().to_owned()
}

fn same(what: &str, found: &BTreeSet<String>, abi: &BTreeSet<String>) -> Result<(), Failed> {
    let more: Vec<_> = found.difference(abi).collect();
    let fewer: Vec<_> = abi.difference(found).collect();
    if more.is_empty() && fewer.is_empty() {
        return Ok(());
    }
    let hint = "MAILSLOT_ABI=write cargo test --test programs the_abi_ writes the file";
    Err(format!("{what}: not in the file abi: {more:?}\nonly in the file abi: {fewer:?}\n{hint}").into())
}

fn headers() -> Result<(), Failed> {
    let (declared, abi) = (declared()?, symbols()?);
    let names = abi.iter().map(|symbol| name(symbol)).collect();
    if std::env::var_os("MAILSLOT_ABI").is_some() {
        let new = declared.difference(&names).map(|name| format!("{name}@@{VERSION}"));
        let text = std::fs::read_to_string(crate_root().join("abi"))?;
        let others = text.lines().filter(|line| !line.contains("@@")).map(str::to_owned);
        let kept = abi.iter().filter(|symbol| declared.contains(&name(symbol))).cloned();
        let mut lines: Vec<String> = kept.chain(new).collect();
        lines.sort();
        std::fs::write(
            crate_root().join("abi"),
            others.chain(lines).fold(String::new(), |text, line| text + &line + "\n"),
        )?;
        return Ok(());
    }
    same("declared", &declared, &names)
}

fn exports() -> Result<(), Failed> {
    // Skipped, because the library was linked from the file that is just being written.
    if std::env::var_os("MAILSLOT_ABI").is_some() {
        return Ok(());
    }
    same("exported", &exported(&libraries().join(format!("lib{LIBRARY}.so")))?, &symbols()?)
}

fn defines() -> Result<(), Failed> {
    let text = output(Command::new("nm").arg("--defined-only").arg(libraries().join(format!("lib{LIBRARY}.a"))))?;
    let defined: BTreeSet<String> =
        text.lines().filter_map(|line| line.split_once(" T ")).map(|(_, name)| name.to_owned()).collect();
    let missing: Vec<String> =
        symbols()?.iter().map(|symbol| name(symbol)).filter(|name| !defined.contains(name)).collect();
    if missing.is_empty() { Ok(()) } else { Err(format!("not defined: {missing:?}").into()) }
}

fn soname() -> Result<(), Failed> {
    let soname = format!("lib{LIBRARY}.so.0");
    let real = libraries().join(format!("lib{LIBRARY}.so.{}", env!("CARGO_PKG_VERSION")));
    for link in [format!("lib{LIBRARY}.so"), soname.clone()] {
        if libraries().join(&link).canonicalize()? != real.canonicalize()? {
            return Err(format!("{link} leads elsewhere").into());
        }
    }
    let dynamic = output(Command::new("readelf").args(["-d", "-W"]).arg(&real))?;
    if dynamic.contains(&format!("[{soname}]")) { Ok(()) } else { Err(dynamic.into()) }
}

/// The installed linkers, including Rust's.
fn linkers() -> Result<(), Failed> {
    let sysroot = output(Command::new("rustc").args(["--print", "sysroot"]))?;
    let rust = format!("{}/lib/rustlib/{}-unknown-linux-gnu/bin/gcc-ld", sysroot.trim(), std::env::consts::ARCH);
    for compiler in ["gcc -fuse-ld=bfd".to_owned(), format!("gcc -B{rust} -fuse-ld=lld")] {
        if compiler.contains("lld") && !Path::new(&rust).exists() {
            continue;
        }
        let prefix = Temporary::new(&format!("linker-{}", unique()));
        let install = &mut Command::new(crate_root().join("install"));
        output(install.arg(&*prefix).arg(archive()).env("CC", &compiler))?;
        same(&compiler, &exported(&prefix.join(format!("lib/lib{LIBRARY}.so")))?, &symbols()?)?;
    }
    Ok(())
}

/// The symbols of a shared library, with their versions.
fn exported(library: &Path) -> Result<BTreeSet<String>, Failed> {
    let text = output(Command::new("nm").args(["-D", "--defined-only", "--with-symbol-versions"]).arg(library))?;
    let symbol = |line: &str| {
        let mut words = line.split_whitespace().skip(1);
        // Absolute symbols are the names of the versions.
        (words.next() != Some("A")).then(|| words.next().map(str::to_owned)).flatten()
    };
    Ok(text.lines().filter_map(symbol).collect())
}

/// Functions that our headers declare and do not define.
fn declared() -> Result<BTreeSet<String>, Failed> {
    let mut declared = BTreeSet::new();
    // Without bodies and structures, the declarations remain; those of functions have a parameter list.
    for statement in without_braces(&preprocessed()?).split(';') {
        let statement = without_attributes(statement);
        let Some((before, _)) = statement.split_once('(') else { continue };
        let name = before.trim_end().rsplit(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or_default();
        if !statement.contains("typedef") && !statement.contains("static") && !name.is_empty() {
            declared.insert(name.to_owned());
        }
    }
    Ok(declared)
}

/// `__attribute__((...))` may be before or after its subject.
fn without_attributes(statement: &str) -> String {
    let mut parts = statement.split("__attribute__");
    let mut rest = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let mut depth = 0;
        let end = part.char_indices().find(|(_, c)| {
            depth += i32::from(*c == '(') - i32::from(*c == ')');
            *c == ')' && depth == 0
        });
        rest.push_str(end.map_or("", |(end, _)| &part[end + 1..]));
    }
    rest
}

/// Our headers after the preprocessor.
pub fn preprocessed() -> Result<String, Failed> {
    let include = crate_root().join("include");
    let source = Temporary::new(&format!("headers-{}", unique()));
    std::fs::write(&*source, HEADERS.iter().map(|header| format!("#include <{header}>\n")).collect::<String>())?;
    let text =
        output(Command::new("gcc").args(["-std=c11", "-E", "-I"]).arg(&include).args(["-x", "c"]).arg(&*source))?;
    let own = include.to_string_lossy().into_owned();
    let (mut ours, mut code) = (false, String::new());
    for line in text.lines() {
        match line.strip_prefix("# ") {
            Some(marker) => ours = marker.contains(&own),
            None if ours => {
                code.push_str(line);
                code.push(' ');
            }
            None => {}
        }
    }
    Ok(code)
}

/// `code` with every outermost pair of braces and its contents replaced by the end of a statement.
fn without_braces(code: &str) -> String {
    let (mut depth, mut outside) = (0, String::new());
    for c in code.chars() {
        match c {
            '{' => depth += 1,
            '}' => {
                depth -= 1;
                if depth == 0 {
                    outside.push(';');
                }
            }
            c if depth == 0 => outside.push(c),
            _ => {}
        }
    }
    outside
}

fn output(command: &mut Command) -> Result<String, Failed> {
    let output = command.output()?;
    if !output.status.success() {
        return Err(format!("{command:?}: {}", String::from_utf8_lossy(&output.stderr)).into());
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}
