//! Makes each system call of the library fail once, and kills a process at each of them.
//!
//! Accepted messages must be received, once and in order; sleepers must be woken; errors must be those of the failed
//! call; and a killed process must leave the others as if it had died between two calls. A run under strace without a
//! failure finds the calls. Without MAILSLOT_CALLS a sample of the runs is made, with `all` all of them, otherwise
//! those that match all its words, such as `friend fallocate`. MAILSLOT_CALLS_SEED selects another sample.
//!
//! This program also plays the parts (`part.rs`), and runs as several processes, so that inherited descriptors are not
//! shared between runs.
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

/// The number of runs in a sample.
const SAMPLE: usize = 2000;
/// The number of worker processes.
const WORKERS: u32 = 2;
/// The copy of this program that all users can run.
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

/// Starts the workers, and sums up their results.
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
                // The failure may have left it in an unknown state.
                stage.other = Process::plain(&stage.program, OTHER, &["write"]);
            }
        }
    }
    println!("sum {passed} {failed}");
    ExitCode::SUCCESS
}

/// The runs of worker `number`, in an order that does not depend on the number of workers.
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
