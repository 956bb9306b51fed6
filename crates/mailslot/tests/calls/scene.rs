//! The scenes: the part of the traced process, and the others beside it.

use std::path::PathBuf;

use mailslot::{Access, Mailslot};

use super::errors;
use super::part::CAPACITY;
use super::reading::Reading;
use super::traced::{Ended, Fault, Heard, Injection, Process, Traced};
use super::writing::Writing;

/// Another user.
pub const OTHER: u32 = 65534;

/// Sources of messages.
pub const FRIEND: u8 = 1;
pub const STRANGER: u8 = 2;
pub const TRACED: u8 = 3;

/// The traced process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scene {
    /// The owner, which reads in the given way.
    Owner(&'static str),
    /// An owner whose slot this process owns as well.
    SharedOwner,
    /// A process that inherits this process's slot.
    Heir,
    /// A same-user writer.
    Friend,
    /// A writer of another user.
    Stranger,
}

pub const SCENES: [Scene; 8] = [
    Scene::Owner("block"),
    Scene::Owner("level"),
    Scene::Owner("edge"),
    Scene::Owner("tokio"),
    Scene::SharedOwner,
    Scene::Heir,
    Scene::Friend,
    Scene::Stranger,
];

/// State that all scenes share.
pub struct Stage {
    pub program: PathBuf,
    /// A process of another user that executes commands.
    pub other: Process,
    pub count: u32,
}

/// Why a scene ended early.
pub enum Stop {
    /// The traced process has ended.
    Died,
    Wrong(String),
}

pub type Result<T> = std::result::Result<T, Stop>;

pub fn wrong<T>(what: impl Into<String>) -> Result<T> {
    Err(Stop::Wrong(what.into()))
}

impl Stage {
    /// Plays a scene in which one call fails, or none. Returns the remains of the traced process, and any fault.
    pub fn play(&mut self, scene: Scene, injection: Option<&Injection>) -> (Ended, std::result::Result<(), String>) {
        self.count += 1;
        let name = format!("calls-{}-{}", std::process::id(), self.count);
        let (program, other) = (&self.program, &mut self.other);
        let start = |uid, arguments: &[&str]| Traced::start(program, uid, injection, arguments);
        let (ended, played) = match scene {
            Scene::Owner(how) => Reading::new(start(0, &["read", how, &name]), other, injection, &name).owner(),
            Scene::SharedOwner => {
                Reading::new(start(0, &["read", "shared", &name]), other, injection, &name).shared_owner()
            }
            Scene::Heir => {
                let slot = slot().inheritance(mailslot::Inheritance::Inherited).create(name.as_str()).expect("a slot");
                Reading::new(start(0, &["heir", &slot.share().to_string()]), other, injection, &name).heir(&slot)
            }
            Scene::Friend => Writing::new(start(0, &["write"]), other, injection, &name).play(),
            Scene::Stranger => Writing::new(start(OTHER, &["write"]), other, injection, &name).stranger().play(),
        };
        // Its writers live for one scene only.
        let closed = self.other.ask("close");
        let played = match (played, closed) {
            (Ok(()), Heard::Line(line)) if line == "ok" => Ok(()),
            (Ok(()), heard) => Err(format!("the other process says {heard:?}")),
            (Err(Stop::Died), _) => Err("it ended".to_owned()),
            (Err(Stop::Wrong(what)), _) => Err(what),
        };
        (ended, played)
    }
}

pub fn slot() -> mailslot::MailslotOptions {
    let mut options = Mailslot::options();
    options.capacity(CAPACITY).access(Access::Everyone);
    options
}

pub fn is_killed(injection: Option<&Injection>) -> bool {
    injection.is_some_and(|injection| injection.fault == Fault::Kill)
}

/// Checks that a line reports a permitted failure; `others` means that the slot is another user's.
pub fn check_failure(line: &str, injection: Option<&Injection>, others: bool) -> Result<()> {
    let told = line.split_once(": ").map_or("", |(_, told)| told);
    let mut words = told.split(' ');
    let variant = words.next().unwrap_or_default();
    let number = words.next().and_then(|number| number.parse().ok()).unwrap_or(0);
    let error = injection.and_then(|injection| injection.error().map(|error| (injection, error)));
    match error {
        Some((injection, error)) if errors::says(variant, number, &injection.call, error, others) => Ok(()),
        _ => wrong(format!("the wrong error: {line}")),
    }
}

/// Ends the traced process, and returns its remains and the result; `after` checks the state that it leaves.
pub fn finish(
    traced: Traced,
    played: Result<()>,
    injection: Option<&Injection>,
    after: impl FnOnce() -> Result<()>,
) -> (Ended, Result<()>) {
    let ended = traced.end(!matches!(played, Err(Stop::Wrong(_))));
    let killed = is_killed(injection);
    let played = match played {
        Err(Stop::Died) if killed => Ok(()),
        played => played,
    };
    let played = played.and_then(|()| match ended.status {
        None => wrong("it does not end"),
        Some(status) if !killed && !status.success() => wrong("it ended badly"),
        _ => after(),
    });
    (ended, played)
}
