//! Each of the system's calls that the library makes fails once, and at each of them a process is killed.
//!
//! What a writer was told is written is received, once and in order; whoever sleeps is woken; errors are those of the call that
//! failed; and who dies leaves the others as if it had died between two calls. Which calls there are, a run under strace tells in
//! which none fails. Without MAILSLOT_CALLS a sample of the runs is done, with `all` all of them, else those of which its words are
//! parts, such as `friend fallocate`. MAILSLOT_CALLS_SEED chooses another sample.
//!
//! This program is its own parts (`part.rs`), and works as several processes: what a slot's heir inherits is only its then.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used)]

mod errors;
mod message;
mod part;
mod reading;
mod scene;
mod traced;
mod writing;

use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use scene::{OTHER, SCENES, Scene, Stage};
use traced::{Fault, Injection, Process};

/// Runs of a sample.
const SAMPLE: usize = 2000;
/// Processes that do them.
const WORKERS: u32 = 2;
/// Where this program is put for all users, and where its slots are.
const PROGRAM: &str = "MAILSLOT_CALLS_PROGRAM";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["part", ref part @ ..] => {
            part::run(part);
            ExitCode::SUCCESS
        }
        ["work", number] => work(number.parse().unwrap()),
        _ => start(),
    }
}

/// Starts the workers, and sums up what they have done.
fn start() -> ExitCode {
    if !rustix::process::geteuid().is_root() {
        println!("test result: ok. 0 passed; 0 failed; 1 ignored; other users take part, which needs root");
        return ExitCode::SUCCESS;
    }
    let directory = std::env::temp_dir().join(format!("mailslot-calls.{}", std::process::id()));
    let root = Path::new("/dev/shm").join(directory.file_name().unwrap());
    for directory in [&directory, &root] {
        std::fs::create_dir(directory).unwrap();
        rustix::fs::chmod(directory, rustix::fs::Mode::from_raw_mode(0o1777)).unwrap();
    }
    let program = directory.join("part");
    std::fs::copy(std::env::current_exe().unwrap(), &program).unwrap();
    let worker = |number: u32| {
        Command::new(&program)
            .args(["work", &number.to_string()])
            .env("MAILSLOT_ROOT", &root)
            .env(PROGRAM, &program)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap()
    };
    let workers: Vec<_> = (0..WORKERS).map(worker).collect();
    let (mut passed, mut failed) = (0, 0);
    for mut worker in workers {
        for line in BufReader::new(worker.stdout.take().unwrap()).lines().map_while(Result::ok) {
            match line.strip_prefix("sum ").and_then(|sum| sum.split_once(' ')) {
                Some((good, bad)) => {
                    passed += good.parse::<u32>().unwrap();
                    failed += bad.parse::<u32>().unwrap();
                }
                None => println!("{line}"),
            }
        }
        failed += u32::from(!worker.wait().unwrap().success());
    }
    for directory in [directory, root] {
        std::fs::remove_dir_all(directory).unwrap();
    }
    let result = if failed == 0 { "ok" } else { "FAILED" };
    println!("test result: {result}. {passed} passed; {failed} failed; 0 ignored");
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn work(number: u32) -> ExitCode {
    let program = PathBuf::from(std::env::var_os(PROGRAM).unwrap());
    let mut stage = Stage { other: Process::plain(&program, OTHER, &["write"]), program, count: 0 };
    let (mut passed, mut failed) = (0, 0);
    for (scene, injection) in runs(&mut stage, number) {
        let (ended, played) = stage.play(scene, Some(&injection));
        match played {
            Ok(()) if ended.was_injected(injection.fault) => passed += 1,
            // This time it made fewer calls.
            Ok(()) => {}
            Err(_) if injection.error().is_some_and(|error| !errors::is_possible(ended.failed_call(), error)) => {}
            Err(what) => {
                failed += 1;
                println!("{scene:?} {injection}: {what} ({:?})", ended.status);
                for line in
                    [ended.failed_call()].into_iter().chain(ended.errors.lines()).filter(|line| !line.is_empty())
                {
                    println!("    {line}");
                }
                // Whatever went wrong may have left it in the middle of something.
                stage.other = Process::plain(&stage.program, OTHER, &["write"]);
            }
        }
    }
    println!("sum {passed} {failed}");
    ExitCode::SUCCESS
}

/// The runs of worker `number`, in an order that does not depend on how many there are.
fn runs(stage: &mut Stage, number: u32) -> Vec<(Scene, Injection)> {
    let words = std::env::var("MAILSLOT_CALLS").unwrap_or_default();
    let seed = std::env::var("MAILSLOT_CALLS_SEED").unwrap_or_default();
    let mut runs = Vec::new();
    for scene in SCENES {
        let (ended, played) = stage.play(scene, None);
        played.unwrap_or_else(|what| panic!("{scene:?}, in which nothing fails: {what} {}", ended.errors));
        for (call, occurrences) in ended.calls().unwrap() {
            let errors = errors::of(&call).unwrap_or_else(|| panic!("{call} is not in the table of errors"));
            let faults = errors.iter().map(|error| Fault::Error(error.raw_os_error())).chain([Fault::Kill]);
            for fault in faults {
                for when in &occurrences {
                    runs.push((scene, Injection { call: call.clone(), when: *when, fault }));
                }
            }
        }
    }
    let rank = |(scene, injection): &(Scene, Injection)| {
        let mut hasher = DefaultHasher::new();
        (&seed, format!("{scene:?} {injection}")).hash(&mut hasher);
        hasher.finish()
    };
    runs.sort_by_cached_key(rank);
    match words.as_str() {
        "all" => {}
        "" => runs.truncate(SAMPLE),
        words => runs.retain(|(scene, injection)| {
            let text = format!("{scene:?} {injection}").to_lowercase();
            words.to_lowercase().split(' ').all(|word| text.contains(word))
        }),
    }
    runs.retain(|run| rank(run) % u64::from(WORKERS) == u64::from(number));
    runs
}
