//! mailslot.toml(5), from the settings file that packages install.

use clap_mangen::roff::{Inline, Roff, bold, roman};

/// The prefix of lines that are not settings: headings and paragraphs.
const HEADING: &str = "## ";
const PROSE: &str = "# ";
/// The suffix of lines that show no default.
const EXAMPLE: &str = "# example";

/// The page of a file of the form of [`mailslot_node::config::FILE`], without its title.
pub fn page(file: &str) -> Roff {
    let mut page = Roff::new();
    page.control("SH", ["NAME"]);
    page.text([roman("mailslot.toml - settings of the network node of mailslots")]);
    page.control("SH", ["SYNOPSIS"]);
    page.text([bold("/etc/mailslot/node.toml")]);
    page.control("SH", ["DESCRIPTION"]);
    let mut paragraph = Vec::new();
    let mut lines = file.lines().peekable();
    while let Some(line) = lines.next() {
        if let Some(heading) = line.strip_prefix(HEADING) {
            page.control("SH", [heading.to_uppercase().as_str()]);
        } else if let Some(prose) = line.strip_prefix(PROSE) {
            paragraph.push(prose);
        } else if let Some(setting) = line.strip_prefix('#').filter(|line| !line.is_empty()) {
            entry(&mut page, setting);
            page.text(inline(&paragraph.join(" ")));
            paragraph.clear();
        } else if !paragraph.is_empty() {
            page.text(inline(&paragraph.join(" ")));
            paragraph.clear();
            if lines.peek().is_some_and(|line| line.starts_with(PROSE)) {
                page.control("PP", []);
            }
        }
    }
    page.control("SH", ["SEE ALSO"]);
    page.text([bold("mailslot-node"), roman("(8), "), bold("mailslot"), roman("(7)")]);
    page
}

/// A setting with its default or example, or the head of a table.
fn entry(page: &mut Roff, setting: &str) {
    let (setting, note) = match setting.strip_suffix(EXAMPLE) {
        Some(setting) => (setting.trim_end(), " (an example)"),
        None => (setting, ""),
    };
    match setting.split_once(" = ") {
        Some((name, value)) => {
            page.control("TP", []);
            page.text([bold(name), roman(format!(" = {value}{note}"))]);
        }
        None => {
            page.control("SS", [setting]);
        }
    }
}

/// Text with the parts between backticks in bold.
fn inline(text: &str) -> Vec<Inline> {
    let parts = text.split('`').enumerate();
    parts.map(|(number, part)| if number % 2 == 0 { roman(part) } else { bold(part) }).collect()
}
