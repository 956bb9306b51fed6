//! The `mailslot` command: a thin layer over the library of the same name.

#![forbid(unsafe_code)]
// All output passes through `output` and `exit`, which escape it; `clippy.toml` lists the forbidden calls.
#![deny(clippy::print_stdout, clippy::print_stderr, clippy::disallowed_methods)]

mod args;
mod commands;
mod encoding;
mod escape;
mod exec;
mod exit;
#[cfg(test)]
mod hostile;
mod output;
mod printer;
mod process;
mod progress;
mod received;
#[cfg(unix)]
mod recording;
mod report;
mod status;
mod sys;
mod table;
mod template;
mod text;

use std::process::ExitCode;

use clap::{CommandFactory, Parser};
use sys::{accounts, signals};

/// Listen to, write to and inspect mailslots: named queues of whole messages between the processes of this machine.
#[derive(Parser)]
#[command(name = "mailslot", version, max_term_width = 100, after_help = AFTER_HELP)]
struct Cli {
    #[command(subcommand)]
    command: commands::Command,

    #[command(flatten)]
    verbosity: exit::Verbosity,
}

const AFTER_HELP: &str = r#"Names: alerts, plant/line1, //./mailslot/alerts or '\\.\mailslot\alerts'. Letter case does not count.

Exit status:
  0  done
  1  something else failed
  2  wrong usage, or not a mailslot name
  3  no such slot, or no such name or computer on the network
  4  not allowed
  5  timed out
  6  the slot is full
  7  the message is too large
  8  the slot exists already
  9  the slot was closed while writing, or before it replied
  10 a confirmed message was not delivered everywhere
  11 no network node runs here, or none that is in the network or domain
  130, 143  ended by SIGINT, SIGTERM

Environment:
  MAILSLOT_ROOT    directory of the slots, the same for readers and writers
  MAILSLOT_CONFIG  file with the settings of the network node
                   [default: /etc/mailslot/node.toml, if there is one]
  NO_COLOR         not empty: nothing is bold

Examples:
  mailslot listen alerts
  mailslot send alerts "boiler 3: over pressure"
  mailslot demo"#;

fn main() -> ExitCode {
    if let Some(result) = commands::completions::answer(Cli::command) {
        return report::report(result);
    }
    match Cli::try_parse() {
        Ok(cli) => {
            cli.verbosity.apply();
            report::report(cli.command.run(Cli::command))
        }
        Err(error) => report::report_usage(&error),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    #[cfg(all(unix, feature = "node"))]
    use clap::error::ErrorKind;
    use clap::{Command, CommandFactory};

    use super::Cli;

    /// Calls `visit` with each command that users see, and its path.
    fn each(command: &Command, path: &str, visit: &mut impl FnMut(&str, &Command)) {
        visit(path, command);
        for sub in command.get_subcommands().filter(|sub| !sub.is_hide_set() && sub.get_name() != "help") {
            each(sub, &format!("{path} {}", sub.get_name()), visit);
        }
    }

    #[test]
    fn a_letter_means_the_same_in_every_command() {
        let mut meanings = BTreeMap::new();
        let mut command = Cli::command();
        command.build();
        each(&command, "mailslot", &mut |path, command| {
            for argument in command.get_arguments() {
                let (Some(letter), Some(long)) = (argument.get_short(), argument.get_long()) else { continue };
                let (first, meaning) = meanings.entry(letter).or_insert_with(|| (path.to_owned(), long.to_owned()));
                assert_eq!(meaning, long, "-{letter} of {first} and of {path}");
            }
        });
        assert!(meanings.len() > 5, "{meanings:?}");
    }

    /// An option that has a letter in one command has it in every command.
    #[test]
    fn an_option_has_its_letter_in_every_command() {
        let mut letters = BTreeMap::new();
        let mut command = Cli::command();
        command.build();
        each(&command, "mailslot", &mut |path, command| {
            for argument in command.get_arguments() {
                let Some(long) = argument.get_long() else { continue };
                let (first, letter) =
                    letters.entry(long.to_owned()).or_insert_with(|| (path.to_owned(), argument.get_short()));
                assert_eq!(*letter, argument.get_short(), "--{long} of {first} and of {path}");
            }
        });
        assert!(letters.len() > 30, "{letters:?}");
    }

    /// Commands without output for programs: their result is the status, a file or a slot.
    #[cfg(all(unix, feature = "node"))]
    const WITHOUT_DATA: [&str; 10] =
        ["capture", "completions", "demo", "domain", "domain invite", "metrics", "node", "record", "replay", "top"];

    #[test]
    #[cfg(all(unix, feature = "node"))]
    fn every_command_is_quiet_or_verbose_and_what_prints_data_has_json() {
        let mut command = Cli::command();
        command.build();
        let mut without = Vec::new();
        each(&command, "mailslot", &mut |path, command| {
            let long: Vec<_> = command.get_arguments().filter_map(clap::Arg::get_long).collect();
            assert!(long.contains(&"quiet") && long.contains(&"verbose"), "{path}: {long:?}");
            if !long.contains(&"json")
                && let Some(path) = path.strip_prefix("mailslot ")
            {
                without.push(path.to_owned());
            }
        });
        without.sort();
        assert_eq!(without, WITHOUT_DATA);
    }

    /// Sizes and times are written in one way, and an error about one says how.
    #[test]
    fn sizes_and_times_are_of_one_dialect() {
        let mut command = Cli::command();
        command.build();
        let mut seen = 0;
        each(&command, "mailslot", &mut |path, subcommand| {
            for argument in subcommand.get_arguments() {
                let name = argument.get_value_names().and_then(|names| names.first()).map_or("", |name| name.as_str());
                let (Some(long), Some((good, bad, hint))) = (
                    argument.get_long(),
                    match name {
                        "DURATION" => Some((["500ms", "1m 30s"], ["5", "1..2s", "-1s"], "500ms, 2s")),
                        "SIZE" => Some((["4096", "64K"], ["12 parsecs", "K", "-1"], "64K, 16M")),
                        _ => None,
                    },
                ) else {
                    continue;
                };
                seen += 1;
                let parse = |value: &str| {
                    let words = path.split(' ').map(str::to_owned).chain([format!("--{long}={value}")]);
                    Cli::command().try_get_matches_from(words)
                };
                for value in good {
                    let is_wrong = |error: &clap::Error| error.kind() == clap::error::ErrorKind::ValueValidation;
                    assert!(!parse(value).is_err_and(|error| is_wrong(&error)), "{path} --{long}={value}");
                }
                for value in bad {
                    let error = parse(value).expect_err(value).to_string();
                    assert!(error.contains(hint), "{path} --{long}={value}: {error}");
                }
            }
        });
        assert!(seen > 15, "{seen}");
    }

    #[test]
    fn the_command_line_is_well_defined() {
        Cli::command().debug_assert();
    }

    /// A paragraph is one line in the source, so that it fills the terminal: a line end within one was inserted by
    /// hand.
    #[test]
    fn help_texts_are_not_broken_by_hand() {
        each(&Cli::command(), "mailslot", &mut |path, command| {
            let about = command.get_arguments().filter_map(clap::Arg::get_help).map(ToString::to_string);
            assert!(about.into_iter().all(|help| !help.contains('\n')), "{path}");
            let text = command.get_after_help().map(ToString::to_string).unwrap_or_default();
            let mut lines = text.lines().peekable();
            while let Some(line) = lines.next() {
                let goes_on = lines.peek().is_some_and(|next| next.starts_with(|c: char| c.is_ascii_lowercase()));
                let is_introduction = line.starts_with("  ");
                assert!(!goes_on || is_introduction || line.is_empty(), "{path}: {line}");
                assert!(!line.starts_with("  ") || line.len() <= 80, "{path}: {line}");
            }
        });
    }

    /// This command accepts every command that the documents show, in code and in text.
    #[test]
    #[cfg(all(unix, feature = "node"))]
    fn documented_commands_are_accepted() {
        let project = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let pages =
            std::fs::read_dir(project.join("docs")).expect("readable").map(|entry| entry.expect("readable").path());
        let pages = pages.filter(|path| path.extension().is_some_and(|extension| extension == "md"));
        let others = ["README.md", "CONTRIBUTING.md", "crates/mailslot-cli/README.md"].map(|page| project.join(page));
        let documents: Vec<String> =
            pages.chain(others).map(|page| std::fs::read_to_string(page).expect("readable")).collect();
        // Blocks in fences are programs, and sessions that other tests run.
        let documents = documents.iter().map(|document| document.split("\n```").step_by(2).collect::<String>());
        let mut seen = 0;
        for paragraph in documents.flat_map(|document| document.split("\n\n").map(str::to_owned).collect::<Vec<_>>()) {
            let is_code = paragraph.trim_start_matches('\n').starts_with("    ");
            let pieces: Vec<String> = if is_code {
                paragraph.lines().map(|line| line.split("  #").next().unwrap_or_default().to_owned()).collect()
            } else {
                // In text, the parts between backquotes.
                paragraph.replace('\n', " ").split('`').skip(1).step_by(2).map(str::to_owned).collect()
            };
            for command in pieces.iter().flat_map(|piece| piece.split(['|', ';'])) {
                // A user that may be missing on this machine.
                let command = command.replace("users:mailslot", "users:root");
                let words = shlex::split(&command).unwrap_or_default();
                let Some(at) = words.iter().position(|word| word == "mailslot") else { continue };
                // Redirections, the bare name of the command, and placeholders are not arguments.
                let words = words[at..].split(|word| word == "<" || word == "&&").next().unwrap_or_default();
                if at > 2
                    || words.len() < 2
                    || words.iter().any(|word| ["COMMAND", "NAME", "run"].contains(&word.as_str()))
                {
                    continue;
                }
                seen += 1;
                match Cli::command().try_get_matches_from(words) {
                    Ok(_) => {}
                    // The help was asked for.
                    Err(error) if !error.use_stderr() => {}
                    // Text may name commands and options without values and slots.
                    Err(error)
                        if !is_code
                            && !matches!(error.kind(), ErrorKind::UnknownArgument | ErrorKind::InvalidSubcommand) => {}
                    Err(error) => panic!("{command}: {error}"),
                }
            }
        }
        assert!(seen > 30, "{seen}");
    }
}
