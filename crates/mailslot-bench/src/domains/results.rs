//! Results of a part: a curve for each peer, with the repetitions behind its points.

use std::fmt::Write;

use serde_json::{Value, json};

use super::Peer;
use super::run;
use crate::Result;
use crate::report::{Curve, short};
use crate::statistics::median;

/// A ratio between two peers to be reached at each point.
pub(crate) struct Goal {
    pub(crate) text: &'static str,
    pub(crate) own: Peer,
    pub(crate) other: Peer,
    pub(crate) limit: f64,
}

/// The repetitions of a peer at a point.
struct Point {
    peer: Peer,
    x: usize,
    repetitions: Vec<run::Outcome>,
}

pub(crate) struct Curves {
    curve: Curve,
    points: Vec<Point>,
    skipped: Vec<String>,
    goals: Vec<Goal>,
}

impl Curves {
    pub(crate) fn new(id: &'static str, title: &'static str, x: &'static str, y: &'static str) -> Curves {
        Curves { curve: Curve::new(id, title, x, y), points: Vec::new(), skipped: Vec::new(), goals: Vec::new() }
    }

    /// Adds a repetition. Prints a failure.
    pub(crate) fn add(&mut self, peer: Peer, x: usize, outcome: &Result<run::Outcome>) {
        let outcome = match outcome {
            Ok(outcome) => outcome.clone(),
            Err(error) => return self.skipped.push(format!("{} at {x}: {error}", peer.name())),
        };
        match self.points.iter_mut().find(|point| (point.peer, point.x) == (peer, x)) {
            Some(point) => point.repetitions.push(outcome),
            None => self.points.push(Point { peer, x, repetitions: vec![outcome] }),
        }
        self.curve.series.clear();
        for point in &self.points {
            self.curve.add(point.peer.name(), point.x as f64, point.value());
        }
    }

    pub(crate) fn reach(&mut self, goal: Goal) {
        self.goals.push(goal);
    }

    pub(crate) fn disturb(&mut self, part: f64) {
        self.curve.disturbance = part;
    }

    pub(crate) fn curves(&self) -> [&Curve; 1] {
        [&self.curve]
    }

    /// As text.
    pub(crate) fn table(&self) -> String {
        let mut text = self.curve.table();
        for point in &self.points {
            let (name, cpu) = (point.peer.name(), point.cpu());
            let cpu: Vec<String> = cpu.iter().map(|(who, time)| format!("{who} {time:.2}")).collect();
            let lost = 100.0 * point.of(|outcome| outcome.lost);
            // Writing to a string cannot fail, here and below.
            let _ = writeln!(
                text,
                "  {name:<26}{:>7}: {:>8}, lost {lost:.1} %, p99 {:.0}, processor µs a delivery: {}",
                point.x,
                short(point.value()),
                point.of(|outcome| outcome.p99),
                cpu.join(", ")
            );
        }
        for (goal, x, reached) in self.reached() {
            let _ =
                writeln!(text, "  {} at {x}: {} is {reached:.2} × {}", goal.text, goal.own.name(), goal.other.name());
        }
        for reason in &self.skipped {
            let _ = writeln!(text, "  skipped: {reason}");
        }
        text
    }

    fn reached(&self) -> impl Iterator<Item = (&Goal, usize, f64)> {
        let value = |peer: Peer, x: usize| {
            self.points.iter().find(|point| (point.peer, point.x) == (peer, x)).map(Point::value)
        };
        self.goals.iter().flat_map(move |goal| {
            let own = self.points.iter().filter(|point| point.peer == goal.own);
            own.filter_map(move |point| Some((goal, point.x, point.value() / value(goal.other, point.x)?)))
        })
    }

    pub(crate) fn json(&self) -> Value {
        let points = self.points.iter().map(|point| {
            json!({
                "peer": point.peer.name(), "x": point.x, "value": point.value(),
                "lost": point.of(|outcome| outcome.lost), "p99": point.of(|outcome| outcome.p99),
                "cpu_us_per_delivery": point.cpu().into_iter().collect::<std::collections::BTreeMap<_, _>>(),
                "node_memory": point.of(|outcome| outcome.node_memory as f64),
                "repetitions": point.repetitions.iter().map(|outcome| outcome.value).collect::<Vec<_>>(),
            })
        });
        let goals = self
            .reached()
            .map(|(goal, x, reached)| json!({ "text": goal.text, "x": x, "ratio": reached, "limit": goal.limit }));
        json!({
            "curve": self.curve.json(), "points": points.collect::<Vec<_>>(), "goals": goals.collect::<Vec<_>>(),
            "skipped": self.skipped,
        })
    }
}

impl Point {
    fn value(&self) -> f64 {
        self.of(|outcome| outcome.value)
    }

    /// The median over the repetitions.
    fn of(&self, of: impl Fn(&run::Outcome) -> f64) -> f64 {
        median(&self.repetitions.iter().map(of).collect::<Vec<_>>())
    }

    fn cpu(&self) -> Vec<(&'static str, f64)> {
        let time = |outcome: &run::Outcome, name: &str| {
            outcome.cpu.iter().find(|(who, _)| *who == name).map_or(0.0, |(_, time)| *time)
        };
        let all = ["sender", "nodes", "server", "receivers"];
        let medians = all.map(|name| (name, self.of(|outcome| time(outcome, name))));
        medians.into_iter().filter(|(_, time)| *time > 0.0).collect()
    }
}
