//! `mailslot man`: the manual pages, from the definitions that the help texts come from.

use std::fs;
use std::io::{self, Write};
use std::path::PathBuf;

use clap::{Args, Command, CommandFactory};
use clap_mangen::roff::{Roff, roman};

use crate::Cli;
use crate::exit::{Failure, Result};

/// Write the manual pages of this command and its subcommands to a directory
#[derive(Args)]
#[command(hide = true)]
pub struct Man {
    /// The directory, which exists
    directory: PathBuf,

    /// The day of the version, for the foot of each page: 2026-11-29
    #[arg(long, default_value = "")]
    date: String,
}

impl Man {
    pub fn run(self) -> Result {
        let mut command = Cli::command();
        command.build();
        self.write(&command, "mailslot")
    }

    /// The page of a command, and those of its subcommands: `mailslot-domain-new.1` is that of `mailslot domain new`.
    fn write(&self, command: &Command, name: &str) -> Result {
        let path = self.directory.join(format!("{name}.1"));
        let failed = |error| Failure::io(format!("write {}", path.display()), error);
        let page = page(command, name, &self.date).map_err(failed)?;
        fs::write(&path, page).map_err(failed)?;
        let mut shown = command.get_subcommands().filter(|sub| !sub.is_hide_set() && sub.get_name() != "help");
        shown.try_for_each(|sub| self.write(sub, &format!("{name}-{}", sub.get_name())))
    }
}

fn page(command: &Command, name: &str, date: &str) -> io::Result<String> {
    let man = clap_mangen::Man::new(command.clone().display_name(name.to_owned()).disable_help_subcommand(true));
    let mut page = Vec::new();
    // Not the title of `clap_mangen`, in which an empty date makes the source the date.
    let source = concat!("mailslot ", env!("CARGO_PKG_VERSION"));
    writeln!(page, r#".TH {} 1 "{date}" "{source}" Mailslots"#, name.to_uppercase())?;
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
    // `\\` is a backslash only where text is read twice, as in a macro; `\e` is one everywhere. And what `clap_mangen` puts
    // before possible values is an empty line with a break at either side, which `mandoc` warns of.
    Ok(String::from_utf8_lossy(&page).replace(r"\\", r"\e").replace("\n.br\n\n.br\n", "\n.sp\n"))
}

/// The text below a command's options, which `clap_mangen` would fill as one paragraph.
#[derive(Default)]
struct Sections {
    /// Continues the description.
    prose: Roff,
    /// What has a title, and lines that stay as they are: exit statuses, examples.
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

/// Lines without their indentation, each on a line of its own.
fn as_they_are<'a>(roff: &mut Roff, lines: impl IntoIterator<Item = &'a str>) {
    roff.control("nf", []);
    for line in lines {
        roff.text([roman(line.strip_prefix("  ").unwrap_or(line))]);
    }
    roff.control("fi", []);
}
