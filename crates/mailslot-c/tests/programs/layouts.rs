//! The header's layouts and numbers, which are compiled into programs, are those of the file `abi`.
//!
//! With `MAILSLOT_ABI=write`, the test writes them there.

use libtest_mimic::{Failed, Trial};

use crate::abi::preprocessed;
use crate::run::Slots;
use crate::toolchain::{Build, Link, crate_root};

pub fn trials() -> Vec<Trial> {
    vec![Trial::test("the_abi_has_the_layouts_and_numbers_of_the_header", layouts)]
}

fn layouts() -> Result<(), Failed> {
    let found = found()?;
    let path = crate_root().join("abi");
    let text = std::fs::read_to_string(&path)?;
    let (symbols, others): (Vec<&str>, Vec<&str>) = text.lines().partition(|line| line.contains("@@"));
    if std::env::var_os("MAILSLOT_ABI").is_some() {
        std::fs::write(path, found + &symbols.join("\n") + "\n")?;
        return Ok(());
    }
    let expected = others.join("\n") + "\n";
    if found == expected { Ok(()) } else { Err(format!("found:\n{found}expected:\n{expected}").into()) }
}

/// The output of a program made from the header: a line for each struct, member and number.
fn found() -> Result<String, Failed> {
    let code = preprocessed()?;
    let mut prints = String::new();
    for statement in code.split("struct ").skip(1) {
        let Some((name, members)) = body(statement) else { continue };
        prints += &format!("printf(\"struct {name}: %zu bytes\\n\", sizeof(struct {name}));\n");
        for member in members.split(';') {
            let Some(member) = member.split('[').next().and_then(|declaration| declaration.split_whitespace().last())
            else {
                continue;
            };
            let member = member.trim_start_matches('*');
            let of = format!("offsetof(struct {name}, {member}), sizeof(((struct {name} *)0)->{member})");
            prints += &format!("printf(\"{name}.{member}: at %zu, %zu bytes\\n\", {of});\n");
        }
    }
    for statement in code.split("enum ").skip(1) {
        let Some((_, numbers)) = body(statement) else { continue };
        for number in numbers.split(',').filter_map(|number| number.split_whitespace().next()) {
            prints += &format!("printf(\"{number} = %d\\n\", {number});\n");
        }
    }
    let source = format!("#include <mailslot.h>\n#include <stdio.h>\nint main(void)\n{{\n{prints}return 0;\n}}\n");
    let program = Build::c("c11", Link::Shared).compile_text(&source)?;
    Ok(Slots::new().run(&[], &program, &[], "")?)
}

/// The name and what is between the braces, if this is a definition.
fn body(statement: &str) -> Option<(&str, &str)> {
    let (name, rest) = statement.split_once('{')?;
    let name = name.trim();
    let is_name = name.chars().all(|c| c.is_alphanumeric() || c == '_');
    is_name.then_some(())?;
    Some((name, rest.split_once('}')?.0))
}
