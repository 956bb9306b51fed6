//! What the headers declare and what the libraries export is the same.

use std::collections::BTreeSet;
use std::process::Command;

use libtest_mimic::{Failed, Trial};

use crate::toolchain::{Temporary, crate_root, libraries, unique};

/// A source that includes every header.
const ALL_HEADERS: &str = "#include <windows.h>\n#include <tchar.h>\n#include <conio.h>\n#include <io.h>\n#include <process.h>\n#include <strsafe.h>\n#include <sddl.h>\n#include <aclapi.h>\n#include <mailslot.h>\n#include <mailslotapi.h>\n";

pub fn trials() -> Vec<Trial> {
    vec![
        Trial::test("the_headers_declare_what_the_shared_library_exports", || {
            same(&exported(&["-D", "--defined-only"], "libmailslot_win32.so")?)
        }),
        Trial::test("the_static_library_defines_what_the_headers_declare", || {
            let defined = exported(&["--defined-only"], "libmailslot_win32.a")?;
            let missing: Vec<_> = declared()?.difference(&defined).cloned().collect();
            if missing.is_empty() { Ok(()) } else { Err(format!("not defined: {missing:?}").into()) }
        }),
    ]
}

fn same(exported: &BTreeSet<String>) -> Result<(), Failed> {
    let declared = declared()?;
    let undeclared: Vec<_> = exported.difference(&declared).collect();
    let missing: Vec<_> = declared.difference(exported).collect();
    if undeclared.is_empty() && missing.is_empty() {
        return Ok(());
    }
    Err(format!("exported but not declared: {undeclared:?}\ndeclared but not exported: {missing:?}").into())
}

/// Functions that our headers declare and do not define, as the preprocessor leaves them.
fn declared() -> Result<BTreeSet<String>, Failed> {
    let include = crate_root().join("include");
    let source = Temporary::new(&format!("headers-{}", unique()));
    std::fs::write(&*source, ALL_HEADERS)?;
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
    let mut declared = BTreeSet::new();
    // Bodies and structures go; what is left are declarations, of which those of functions have a parameter list.
    for statement in without_braces(&code).split(';') {
        let statement = statement.split("__attribute__").next().unwrap_or_default();
        let Some((before, _)) = statement.split_once('(') else { continue };
        let name = before.trim_end().rsplit(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or_default();
        if !statement.contains("typedef") && !statement.contains("static") && !name.is_empty() {
            declared.insert(name.to_owned());
        }
    }
    Ok(declared)
}

/// `code` with every outermost pair of braces, and what is between them, turned into the end of a statement.
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

/// Names of the functions of a library.
fn exported(options: &[&str], library: &str) -> Result<BTreeSet<String>, Failed> {
    let text = output(Command::new("nm").args(options).arg(libraries().join(library)))?;
    let function = |line: &str| {
        let mut words = line.split_whitespace().skip(1);
        (words.next() == Some("T")).then(|| words.next().map(str::to_owned)).flatten()
    };
    Ok(text.lines().filter_map(function).collect())
}

fn output(command: &mut Command) -> Result<String, Failed> {
    let output = command.output()?;
    if !output.status.success() {
        return Err(format!("{command:?}: {}", String::from_utf8_lossy(&output.stderr)).into());
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}
