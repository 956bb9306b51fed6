//! `mailslot man`: the manual pages, made from the definitions of the help texts and from the folder `man`.

#[cfg(all(unix, feature = "node"))]
mod settings;

use std::fs;
use std::io;
use std::path::PathBuf;

use clap::{Args, Command};
use clap_mangen::roff::{Roff, roman};

use crate::exit::{Failure, Result};

/// Write the manual pages of this command, its subcommands and its settings to a directory
#[derive(Args)]
#[command(hide = true)]
pub struct Man {
    /// The directory
    directory: PathBuf,

    /// The date of the version, for the foot of each page: 2026-11-29
    #[arg(long, default_value = "")]
    date: String,
}

/// The section of a page: the node and its subcommands are for administrators.
fn section(name: &str) -> u8 {
    if name.starts_with("mailslot-node") { 8 } else { 1 }
}

impl Man {
    pub fn run(self, mut command: Command) -> Result {
        fs::create_dir_all(&self.directory)
            .map_err(|error| Failure::io(format!("make {}", self.directory.display()), error))?;
        command.build();
        self.write_command(&command, "mailslot")?;
        self.write("mailslot", 7, overview(&command).as_bytes())?;
        #[cfg(all(unix, feature = "node"))]
        self.write("mailslot.toml", 5, settings::page(mailslot_node::config::FILE).render().as_bytes())?;
        Ok(())
    }

    /// Writes the page of a command and those of its subcommands: `mailslot-domain-new.1` is that of `mailslot domain
    /// new`.
    fn write_command(&self, command: &Command, name: &str) -> Result {
        let page = page(command, name).map_err(|error| Failure::io(format!("write the page of {name}"), error))?;
        self.write(name, section(name), &page)?;
        let mut shown = command.get_subcommands().filter(|sub| !sub.is_hide_set() && sub.get_name() != "help");
        shown.try_for_each(|sub| self.write_command(sub, &format!("{name}-{}", sub.get_name())))
    }

    /// Writes a page with its title. The title is not made by `clap_mangen`, which puts the source in place of an empty
    /// date.
    fn write(&self, name: &str, section: u8, page: &[u8]) -> Result {
        let (title, date) = (name.to_uppercase(), &self.date);
        let source = concat!("mailslot ", env!("CARGO_PKG_VERSION"));
        let title = format!(".TH {title} {section} \"{date}\" \"{source}\" Mailslots\n");
        let path = self.directory.join(format!("{name}.{section}"));
        let whole = [title.as_bytes(), page].concat();
        fs::write(&path, whole).map_err(|error| Failure::io(format!("write {}", path.display()), error))
    }
}

/// mailslot(7), with the exit statuses from the help text.
fn overview(command: &Command) -> String {
    let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
    let mut sections = Sections::default();
    help.split("\n\n").filter(|paragraph| paragraph.starts_with("Exit status")).for_each(|it| sections.add(it));
    let statuses = sections.titled.render();
    include_str!("../../../man/mailslot.7").replacen(".SH FILES\n", &format!("{statuses}.SH FILES\n"), 1)
}

fn page(command: &Command, name: &str) -> io::Result<Vec<u8>> {
    let mut shown = command.clone().display_name(name.to_owned());
    if shown.find_subcommand("help").is_some() {
        // The page of `help` does not exist.
        shown = shown.mut_subcommand("help", |help| help.hide(true));
    }
    let man = clap_mangen::Man::new(shown);
    let mut page = Vec::new();
    man.render_name_section(&mut page)?;
    man.render_synopsis_section(&mut page)?;
    man.render_description_section(&mut page)?;
    let mut sections = Sections::default();
    if let Some(help) = command.get_after_help() {
        help.to_string().split("\n\n").for_each(|paragraph| sections.add(paragraph));
    }
    sections.prose.to_writer(&mut page)?;
    if command.get_arguments().any(|argument| !argument.is_hide_set()) {
        man.render_options_section(&mut page)?;
    }
    if command.get_subcommands().any(|sub| !sub.is_hide_set()) {
        man.render_subcommands_section(&mut page)?;
    }
    sections.titled.to_writer(&mut page)?;
    if name == "mailslot-node" {
        page.extend_from_slice(include_bytes!("../../../man/mailslot-node.8"));
    }
    // `\\` is a backslash only where text is read twice, as in a macro; `\e` is one everywhere. Before possible values,
    // `clap_mangen` puts an empty line between two breaks, of which `mandoc` warns.
    let page = String::from_utf8_lossy(&page).replace(r"\\", r"\e").replace("\n.br\n\n.br\n", "\n.sp\n");
    // `clap_mangen` assumes that all commands are in the section of their parent.
    let page = page.replace(r"mailslot\-node(1)", r"mailslot\-node(8)");
    Ok(page.replace(r"mailslot\-node\-status(1)", r"mailslot\-node\-status(8)").into_bytes())
}

/// The text below a command's options, split up because `clap_mangen` would fill it as one paragraph.
#[derive(Default)]
struct Sections {
    /// Continues the description.
    prose: Roff,
    /// Sections with a title, whose lines are not filled: exit statuses, examples.
    titled: Roff,
}

impl Sections {
    fn add(&mut self, paragraph: &str) {
        match paragraph.split_once(":\n  ") {
            Some((title, _)) if !title.contains(['\n', '.']) => {
                self.titled.control("SH", [title.to_uppercase().as_str()]);
                as_they_are(&mut self.titled, paragraph.lines().skip(1));
            }
            _ => {
                self.prose.control("PP", []);
                let mut lines = paragraph.lines().peekable();
                while lines.peek().is_some() {
                    while let Some(line) = lines.next_if(|line| !line.starts_with("  ")) {
                        self.prose.text([roman(line)]);
                    }
                    let mut table = Vec::new();
                    while let Some(line) = lines.next_if(|line| line.starts_with("  ")) {
                        table.push(line);
                    }
                    if !table.is_empty() {
                        as_they_are(&mut self.prose, table);
                    }
                }
            }
        }
    }
}

/// Adds lines, unfilled and without their indentation.
fn as_they_are<'a>(roff: &mut Roff, lines: impl IntoIterator<Item = &'a str>) {
    roff.control("nf", []);
    for line in lines {
        roff.text([roman(line.strip_prefix("  ").unwrap_or(line))]);
    }
    roff.control("fi", []);
}
