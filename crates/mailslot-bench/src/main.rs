//! Compares mailslots with other ways to pass messages between processes of one machine, all in one run.
//!
//! The README of this crate lists the scenarios and how to run them.

mod broker;
#[cfg(feature = "domains")]
mod domains;
mod machine;
mod network;
mod peer;
mod place;
mod plot;
mod process;
mod report;
mod scenario;
mod simulation;
mod statistics;

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use serde_json::json;

use crate::machine::Usage;
use crate::place::Places;
use crate::plot::Bars;
use crate::process::Cpus;
use crate::report::{Curve, Measure};
use crate::scenario::{
    Bench, Effort, backlog, curves, idle, latency_asleep, latency_spinning, opening, slots, throughput,
};

/// The result of all functions here: errors end the run with their text.
pub(crate) type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

const USAGE: &str = "usage: mailslot-bench [--quick] [--only TEXT] [--out DIR]

  --quick       small counts: shows that everything runs, not how fast
  --only TEXT   only measures and curves whose id contains TEXT
  --out DIR     where results.json and the plots go (default: target/bench)
";

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let done = match (arguments.next().as_deref(), arguments.next()) {
        (Some(process::CHILD), Some(task)) => return child(serde_json::from_str(&task).map(scenario::Task::run)),
        (Some(process::NETWORK_CHILD), Some(task)) => {
            return child(serde_json::from_str(&task).map(network::Task::run));
        }
        #[cfg(feature = "domains")]
        (Some(domains::CHILD), Some(task)) => {
            return child(serde_json::from_str(&task).map(domains::Task::run));
        }
        _ => Options::parse(std::env::args().skip(1)).and_then(|options| options.map_or(Ok(()), run)),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("mailslot-bench: {error}");
            ExitCode::FAILURE
        }
    }
}

fn child(done: serde_json::Result<Result<()>>) -> ExitCode {
    match done.map_err(Into::into).and_then(|done| done) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            process::fail(error.as_ref());
            ExitCode::FAILURE
        }
    }
}

struct Options {
    effort: Effort,
    quick: bool,
    only: String,
    out: PathBuf,
}

impl Options {
    /// `None` if the help was requested, after printing it.
    fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Option<Options>> {
        let mut options =
            Options { effort: Effort::full(), quick: false, only: String::new(), out: PathBuf::from("target/bench") };
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                "--quick" => (options.effort, options.quick) = (Effort::quick(), true),
                "--only" => options.only = arguments.next().ok_or("--only needs a text")?,
                "--out" => options.out = arguments.next().ok_or("--out needs a directory")?.into(),
                "--help" | "-h" => {
                    print!("{USAGE}");
                    return Ok(None);
                }
                other => return Err(format!("unknown argument {other:?}\n{USAGE}").into()),
            }
        }
        Ok(Some(options))
    }
}

type MeasureFn = fn(&Bench) -> Result<Measure>;
type CurveFn = fn(&Bench) -> Result<Vec<Curve>>;

const MEASURES: [(&str, MeasureFn); 13] = [
    ("latency_spinning", latency_spinning::measure),
    ("latency_asleep", latency_asleep::measure),
    ("throughput_64", |bench| throughput::one_writer(bench, "throughput_64", 64, 15.0)),
    ("throughput_424", |bench| throughput::one_writer(bench, "throughput_424", 424, 12.0)),
    ("throughput_8_writers", throughput::eight_writers),
    ("throughput_stranger", throughput::stranger),
    ("open_write_close", opening::measure),
    ("idle_memory", idle::memory),
    ("idle_descriptors", idle::descriptors),
    ("network_rate", network::rate::single),
    ("network_flood", network::rate::joined),
    ("network_loss", network::loss::measure),
    ("network_latency", network::latency::measure),
];

const CURVES: [(&str, CurveFn); 6] = [
    ("size_messages size_bytes", |bench| Ok(curves::sizes(bench)?.into())),
    ("writers", |bench| Ok(vec![curves::writers(bench)?])),
    ("members_64 members_1024", |bench| Ok(curves::members(bench)?.into())),
    ("slots", |bench| Ok(vec![slots::measure(bench)?])),
    ("backlog", |bench| Ok(vec![backlog::measure(bench)?])),
    ("network_names_time network_names_packets network_names_bytes network_names_missed", |bench| {
        Ok(simulation::measure(bench)?.into())
    }),
];

fn run(options: Options) -> Result<()> {
    #[cfg(feature = "domains")]
    if options.only.starts_with("domain") && domains::has(&options.only) {
        return domains::measure(options.quick, &options.only, &options.out);
    }
    let begin = Instant::now();
    machine::usual_queues();
    let bench = Bench { places: Places::create()?, cpus: Cpus::split()?, effort: options.effort };
    let machine = machine::describe(&bench.cpus);
    println!("machine\n{}", machine::text(&machine));

    let mut measures = Vec::new();
    for (_, measure) in MEASURES.iter().filter(|(id, _)| id.contains(&options.only)) {
        let usage = Usage::now();
        let mut measure = measure(&bench)?;
        measure.disturbance = usage.others_since();
        println!("{}", measure.table());
        measures.push(measure);
    }
    let mut all_curves = Vec::new();
    for (_, curve) in CURVES.iter().filter(|(id, _)| id.contains(&options.only)) {
        let usage = Usage::now();
        for mut curve in curve(&bench)? {
            curve.disturbance = usage.others_since();
            println!("{}", curve.table());
            all_curves.push(curve);
        }
    }

    let (met, all) = measures.iter().map(Measure::score).fold((0, 0), |sum, score| (sum.0 + score.0, sum.1 + score.1));
    println!(
        "{met} of {all} targets met, {:.0} s, load {}",
        begin.elapsed().as_secs_f64(),
        machine::load().unwrap_or_default()
    );

    fs::create_dir_all(&options.out)?;
    for curve in &all_curves {
        fs::write(options.out.join(format!("{}.svg", curve.id)), plot::curve(curve))?;
    }
    for (file, title, groups) in SUMMARIES {
        if let Some(summary) = summary(title, groups, &measures) {
            fs::write(options.out.join(file), summary)?;
        }
    }
    let results = json!({
        "machine": machine,
        "quick": options.quick,
        "seconds": begin.elapsed().as_secs_f64(),
        "load_after": machine::load(),
        "measures": measures.iter().map(Measure::json).collect::<Vec<_>>(),
        "curves": all_curves.iter().map(Curve::json).collect::<Vec<_>>(),
    });
    fs::write(options.out.join("results.json"), serde_json::to_string_pretty(&results)? + "\n")?;
    println!("results in {}", options.out.display());
    Ok(())
}

/// Id, title and unit of a measure in a chart.
type Group = (&'static str, &'static str, &'static str);

/// The charts for the READMEs: file, title and groups.
const SUMMARIES: [(&str, &str, &[Group]); 2] = [
    (
        "summary.svg",
        "Messages of 64 bytes between two processes",
        &[
            ("throughput_64", "Throughput, one writer (more is better)", "messages/s"),
            ("latency_spinning", "One-way latency, reader spinning (less is better)", "ns"),
            ("latency_asleep", "One-way latency, reader asleep (less is better)", "ns"),
        ],
    ),
    (
        "network.svg",
        "Messages of 64 bytes from another machine to a reader",
        &[
            ("network_rate", "A sender that sends as fast as it can (more is better)", "messages/s"),
            ("network_flood", "A sender that costs next to nothing (more is better)", "messages/s"),
            ("network_latency", "Latency, everybody asleep (less is better)", "ns"),
        ],
    ),
];

/// A chart of those measures that were taken; `None` if there are none.
fn summary(title: &str, groups: &[Group], measures: &[Measure]) -> Option<String> {
    let group = |&(id, title, unit): &Group| {
        let measure = measures.iter().find(|measure| measure.id() == id)?;
        Some(Bars { title: title.to_owned(), unit, bars: measure.values() })
    };
    let groups: Vec<Bars> = groups.iter().filter_map(group).collect();
    (!groups.is_empty()).then(|| plot::bars(title, &groups))
}
