//! Commands that `listen` runs, one for each message.

use std::io::{self, Write};
use std::process::{ExitStatus, Stdio};
use std::sync::mpsc::{self, SyncSender};
use std::thread::{self, JoinHandle};

use mailslot::{Message, Origin, SlotName};

use crate::exit::{self, Failure, Result};
use crate::printer::say_what_is_lost;
use crate::signals::Signals;
use crate::sys;
use crate::text::{Shown, Text};

/// Variables that describe a message's origin, removed from the inherited environment.
const ORIGIN: [&str; 7] = [
    "MAILSLOT_PID",
    "MAILSLOT_UID",
    "MAILSLOT_COMPUTER",
    "MAILSLOT_DOMAIN",
    "MAILSLOT_ADDRESS",
    "MAILSLOT_AUTHENTICATED",
    "MAILSLOT_COMPUTER_AUTHENTICATED",
];

/// Where a command's standard output goes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Output {
    /// To that of `listen`.
    Inherited,
    /// To the asker, as the reply.
    #[cfg(unix)]
    Reply,
}

/// Runs a shell command for each message, one after the other, in a separate thread, so that the command notices
/// signals meanwhile.
pub struct Commands {
    messages: SyncSender<(SlotName, Message)>,
    done: sys::Done,
    thread: JoinHandle<Result>,
}

impl Commands {
    pub fn start(command: &str, text: Text, output: Output) -> Result<Commands> {
        // No queue: messages wait in their slot.
        let (messages, received) = mpsc::sync_channel::<(SlotName, Message)>(0);
        let (done, notifier) = sys::done()?;
        let mut runner = Runner { command: command.to_owned(), output, failed: 0 };
        let thread = thread::Builder::new().name("mailslot-exec".to_owned());
        let thread = thread
            .spawn(move || {
                for (slot, message) in received {
                    runner.message(&slot, &text.show(&message))?;
                    notifier.notify();
                }
                runner.finish()
            })
            .map_err(|source| Failure::io("start a thread", source))?;
        Ok(Commands { messages, done, thread })
    }

    /// Runs the command for this message of a slot, as soon as it has ended for the previous one.
    pub fn handle(&self, slot: &SlotName, message: Message) {
        // Fails only if the thread has ended because no shell could be run, which `finish` reports.
        let _ = self.messages.send((slot.clone(), message));
    }

    /// Waits until the command that [`handle`](Commands::handle) started has ended. Fails once a signal has come.
    pub fn wait(&self, signals: &Signals) -> Result {
        self.done.wait(signals)?;
        signals.check()
    }

    /// Waits for the last command. Fails if any command failed.
    pub fn finish(self) -> Result {
        drop(self.messages);
        self.thread.join().unwrap_or_else(|_| Err(Failure::Unexpected("the thread of commands panicked".into())))
    }
}

struct Runner {
    command: String,
    output: Output,
    failed: u64,
}

impl Runner {
    /// Runs the command with a message's text on its standard input. A failure of the command is only reported and
    /// counted.
    fn message(&mut self, slot: &SlotName, message: &Shown<'_>) -> Result {
        say_what_is_lost(slot, message.message);
        #[cfg(unix)]
        if self.output == Output::Reply && message.message.reply_to.is_none() {
            exit::complain(mailslot::Error::NotARequest);
            return Ok(());
        }
        let (status, output) = self.run(slot, message).map_err(|source| Failure::io("run a shell", source))?;
        if !status.success() {
            self.failed += 1;
            exit::complain(format_args!("the command {}", sys::describe(status)));
            return Ok(());
        }
        self.reply(message, &output);
        Ok(())
    }

    #[cfg(unix)]
    fn reply(&self, message: &Shown<'_>, output: &[u8]) {
        if self.output == Output::Reply {
            match message.message.reply(output) {
                Ok(()) => {}
                Err(mailslot::Error::Closed) => exit::complain("the asker no longer waits for the reply"),
                Err(error) => exit::complain(format_args!("no reply: {error}")),
            }
        }
    }

    /// Windows has no requests.
    #[cfg(windows)]
    fn reply(&self, _message: &Shown<'_>, _output: &[u8]) {}

    /// Fails if a command failed.
    fn finish(&self) -> Result {
        match self.failed {
            0 => Ok(()),
            failed => Err(Failure::CommandsFailed(failed)),
        }
    }

    /// Returns the command's output, unless that goes to the output of `listen`.
    fn run(&self, slot: &SlotName, Shown { message, text, .. }: &Shown<'_>) -> io::Result<(ExitStatus, Vec<u8>)> {
        let mut command = sys::shell(&self.command);
        command.stdin(Stdio::piped());
        // A name has no NUL, so it is valid in the environment.
        command.env("MAILSLOT_NAME", slot.as_str());
        command.env("MAILSLOT_SIZE", text.len().to_string());
        for variable in ORIGIN {
            command.env_remove(variable);
        }
        match &message.origin {
            Origin::Local { pid, uid, .. } => {
                command.env("MAILSLOT_PID", pid.to_string()).env("MAILSLOT_UID", uid.to_string());
            }
            Origin::Network(origin) => {
                // A name from the network may contain NUL, which no variable can hold.
                command.env("MAILSLOT_COMPUTER", origin.computer.replace('\0', ""));
                if let Some(address) = origin.address {
                    command.env("MAILSLOT_ADDRESS", address.to_string());
                }
                if origin.authenticated {
                    command.env("MAILSLOT_AUTHENTICATED", "1");
                }
                if origin.computer_authenticated {
                    command.env("MAILSLOT_COMPUTER_AUTHENTICATED", "1");
                }
                if let Some(domain) = &origin.domain {
                    command.env("MAILSLOT_DOMAIN", domain.replace('\0', ""));
                }
            }
            _ => {}
        }
        if self.output != Output::Inherited {
            command.stdout(Stdio::piped());
        }
        let mut child = command.spawn()?;
        let stdin = child.stdin.take();
        // At the same time, because a command may print before it has read all of its input.
        let (fed, output) = thread::scope(|scope| {
            let feeding = scope.spawn(|| stdin.map_or(Ok(()), |mut stdin| stdin.write_all(text)));
            let output = child.wait_with_output();
            (feeding.join(), output)
        });
        let output = output?;
        match fed {
            // A command need not read the message.
            Ok(Err(error)) if error.kind() != io::ErrorKind::BrokenPipe => Err(error),
            _ => Ok((output.status, output.stdout)),
        }
    }
}
