//! `mailslot completions`: scripts by which shells complete commands, options and the names of slots.

use std::ffi::OsString;

use clap::{Args, Command, ValueEnum};
use clap_complete::CompletionCandidate;
use clap_complete::env::{CompleteEnv, Shells};

use crate::exit::{Failure, Result};
use crate::output;

/// Print a script by which a shell completes commands, options and slots
#[derive(Args)]
#[command(after_help = AFTER_HELP)]
pub struct Completions {
    /// The shell
    shell: Shell,
}

const AFTER_HELP: &str = r#"The script runs this command for each completion, so it offers the slots that exist at that moment.

Examples:
  source <(mailslot completions bash)       in ~/.bashrc
  source <(mailslot completions zsh)        in ~/.zshrc, after compinit
  mailslot completions fish | source        in ~/.config/fish/config.fish
  mailslot completions powershell | Out-String | Invoke-Expression"#;

#[derive(Clone, Copy, ValueEnum)]
enum Shell {
    Bash,
    Elvish,
    Fish,
    Powershell,
    Zsh,
}

/// The scripts set it to the name of the shell.
const VARIABLE: &str = "MAILSLOT_COMPLETE";

impl Completions {
    pub fn run(self) -> Result {
        let shell = self.shell.to_possible_value().expect("no shell is skipped");
        let shells = Shells::builtins();
        let shell = shells.completer(shell.get_name()).expect("every shell of the list is built in");
        let mut script = Vec::new();
        shell
            .write_registration(VARIABLE, "mailslot", "mailslot", "mailslot", &mut script)
            .map_err(|error| Failure::io("write the script", error))?;
        output::lines(String::from_utf8_lossy(&script).trim_end().lines())
    }
}

/// Answers a shell that asks for completions. `whole` returns the definition of the command line. `None` if this
/// process was started for another reason.
pub fn answer(whole: impl Fn() -> Command) -> Option<Result> {
    std::env::var_os(VARIABLE)?;
    let here = std::env::current_dir().ok();
    match CompleteEnv::with_factory(whole)
        .var(VARIABLE)
        .try_complete(std::env::args_os().collect::<Vec<OsString>>(), here.as_deref())
    {
        Ok(true) => Some(Ok(())),
        Ok(false) => None,
        Err(error) => Some(Err(Failure::Unexpected(format!("complete a command line: {error}")))),
    }
}

/// The slots of this machine whose names are safe in a shell; with slashes, which need no quoting.
pub fn slots() -> Vec<CompletionCandidate> {
    let slots = mailslot::list().unwrap_or_default();
    let names = slots.iter().map(|slot| slot.name.as_str().replace('\\', "/"));
    names.filter(|name| is_plain(name)).map(CompletionCandidate::new).collect()
}

/// Shells insert completions unquoted, and any user may create a slot called `x;reboot`.
fn is_plain(name: &str) -> bool {
    name.chars().all(|c| c.is_alphanumeric() || "._-+@%/".contains(c)) && !name.starts_with('-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_offered_that_a_shell_would_run() {
        for plain in ["alerts", "plant/line1", "Kühlung", "a.b-c_d"] {
            assert!(is_plain(plain), "{plain}");
        }
        for c in (0..=0x7f).map(char::from).filter(|c| !c.is_ascii_alphanumeric() && !"._-+@%/".contains(*c)) {
            assert!(!is_plain(&format!("a{c}b")), "{c:?}");
        }
        for name in ["--help", "a\u{202e}b", "a\u{a0}b", "a\u{2028}b"] {
            assert!(!is_plain(name), "{name:?}");
        }
    }
}
