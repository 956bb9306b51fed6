//! Results: rows of measures, targets, curves; as a table and as JSON.

use std::fmt::Write;

use serde_json::{Value, json};

use crate::Result;
use crate::peer::Peer;
use crate::statistics::median;

/// Named numbers of one repetition, the result first.
pub(crate) type Sample = Vec<(String, f64)>;

/// The row that the others are compared with.
const OWN: &str = Peer::Slot.name();

/// Which direction is better.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Better {
    Lower,
    Higher,
}

/// One scenario with its peers.
#[derive(Debug)]
pub(crate) struct Measure {
    id: &'static str,
    title: String,
    unit: &'static str,
    better: Better,
    note: String,
    rows: Vec<Row>,
    targets: Vec<Target>,
    skipped: Vec<String>,
    /// The part of the processors that other processes used meanwhile.
    pub(crate) disturbance: f64,
}

/// One peer's results.
#[derive(Debug)]
struct Row {
    peer: &'static str,
    repetitions: Vec<Sample>,
}

/// A target for a mailslot.
#[derive(Debug)]
struct Target {
    text: String,
    /// The ratio, or the value itself.
    reached: f64,
    /// The same for the best repetitions, which say more on a busy machine.
    best: f64,
    limit: f64,
    met: bool,
}

/// Series of points.
#[derive(Debug)]
pub(crate) struct Curve {
    pub(crate) id: &'static str,
    pub(crate) title: &'static str,
    pub(crate) x: &'static str,
    pub(crate) y: &'static str,
    pub(crate) series: Vec<(String, Vec<(f64, f64)>)>,
    /// The series, the position, and the least and greatest of its repetitions.
    ranges: Vec<(String, f64, [f64; 2])>,
    skipped: Vec<String>,
    /// The part of the processors that other processes used meanwhile.
    pub(crate) disturbance: f64,
}

impl Measure {
    pub(crate) fn new(id: &'static str, title: &str, unit: &'static str, better: Better) -> Measure {
        let (title, note) = (title.to_owned(), String::new());
        Measure {
            id,
            title,
            unit,
            better,
            note,
            rows: Vec::new(),
            targets: Vec::new(),
            skipped: Vec::new(),
            disturbance: 0.0,
        }
    }

    /// Adds a note on how it is measured.
    pub(crate) fn note(&mut self, note: &str) {
        self.note = note.to_owned();
    }

    /// Adds a note on why all or a part of it is missing.
    pub(crate) fn skip(&mut self, reason: &str) {
        self.skipped.push(reason.to_owned());
    }

    /// Measures all peers in turn, and that `repetitions` times. A peer that fails is skipped by name; a mailslot may
    /// not fail.
    pub(crate) fn interleave<P: Copy + Into<&'static str>>(
        &mut self,
        peers: &[P],
        repetitions: usize,
        mut measure: impl FnMut(P) -> Result<Sample>,
    ) -> Result<()> {
        self.rows = peers.iter().map(|&peer| Row { peer: peer.into(), repetitions: Vec::new() }).collect();
        for _ in 0..repetitions {
            for (row, &peer) in self.rows.iter_mut().zip(peers) {
                match measure(peer) {
                    Ok(sample) => row.repetitions.push(sample),
                    Err(error) if row.peer == OWN => return Err(format!("{}: {error}", self.title).into()),
                    Err(error) => self.skipped.push(format!("{}: {error}", row.peer)),
                }
            }
        }
        self.rows.retain(|row| !row.repetitions.is_empty());
        Ok(())
    }

    /// The best of these peers.
    pub(crate) fn best(&self, peers: &[&'static str]) -> &'static str {
        let rows = self.rows.iter().filter(|row| peers.contains(&row.peer));
        let best = match self.better {
            Better::Higher => rows.max_by(|a, b| a.value().total_cmp(&b.value())),
            Better::Lower => rows.min_by(|a, b| a.value().total_cmp(&b.value())),
        };
        best.map_or("none of them", |row| row.peer)
    }

    /// Compares a mailslot with `peer`: the ratio must be on the right side of `limit`.
    pub(crate) fn reach(&mut self, text: &str, peer: &str, limit: f64) {
        let Some(other) = self.row(peer) else { return self.skip(&format!("{text}: no result of {peer}")) };
        let Some(own) = self.row(OWN) else { return };
        let (reached, best) = (own.value() / other.value(), own.best(self.better) / other.best(self.better));
        self.target(text, reached, best, limit);
    }

    /// Compares a mailslot's value with `limit`.
    pub(crate) fn reach_value(&mut self, text: &str, limit: f64) {
        let Some(own) = self.value(OWN) else { return };
        self.target(text, own, own, limit);
    }

    fn target(&mut self, text: &str, reached: f64, best: f64, limit: f64) {
        let met = match self.better {
            Better::Lower => reached <= limit,
            Better::Higher => reached >= limit,
        };
        self.targets.push(Target { text: text.to_owned(), reached, best, limit, met });
    }

    /// A peer's result.
    pub(crate) fn value(&self, peer: &str) -> Option<f64> {
        self.row(peer).map(Row::value)
    }

    fn row(&self, peer: &str) -> Option<&Row> {
        self.rows.iter().find(|row| row.peer == peer)
    }

    /// All peers' results.
    pub(crate) fn values(&self) -> Vec<(String, f64)> {
        self.rows.iter().map(|row| (row.peer.to_owned(), row.value())).collect()
    }

    /// As text.
    pub(crate) fn table(&self) -> String {
        let mut text = format!("{} [{}]\n", self.title, self.unit);
        if let Some(first) = self.rows.first() {
            // Writing to a string cannot fail.
            let _ = write!(text, "  {:<28}", "");
            for (name, _) in first.columns() {
                let _ = write!(text, "{name:>16}");
            }
            let _ = writeln!(text, "{:>14}{:>16}", "range", "mailslot is");
        }
        for row in &self.rows {
            let _ = write!(text, "  {:<28}", row.peer);
            for (_, value) in row.columns() {
                let _ = write!(text, "{:>16}", short(value));
            }
            let (low, high) = row.range();
            let _ = write!(text, "{:>14}", format!("{}–{}", short(low), short(high)));
            let _ = writeln!(text, "{:>16}", self.comparison(row));
        }
        for target in &self.targets {
            let met = if target.met { "met" } else { "NOT MET" };
            let _ = writeln!(
                text,
                "  reach {}: {:.2} (best repetitions {:.2}), {met}",
                target.text, target.reached, target.best
            );
        }
        for reason in &self.skipped {
            let _ = writeln!(text, "  skipped: {reason}");
        }
        text.push_str(&disturbed(self.disturbance));
        text
    }

    fn comparison(&self, row: &Row) -> String {
        match self.value(OWN) {
            Some(own) if row.peer != OWN && row.value() > 0.0 => {
                let (ratio, word) = match self.better {
                    Better::Lower => (own / row.value(), "× as long"),
                    Better::Higher => (own / row.value(), "× as fast"),
                };
                format!("{ratio:.2} {word}")
            }
            _ => String::new(),
        }
    }

    pub(crate) fn json(&self) -> Value {
        let rows: Vec<Value> = self
            .rows
            .iter()
            .map(|row| {
                let columns: serde_json::Map<String, Value> =
                    row.columns().into_iter().map(|(name, value)| (name, json!(value))).collect();
                let repetitions: Vec<f64> = row.repetitions.iter().map(|sample| sample[0].1).collect();
                json!({ "peer": row.peer, "value": row.value(), "columns": columns, "repetitions": repetitions })
            })
            .collect();
        let targets: Vec<Value> = self
            .targets
            .iter()
            .map(|target| {
                json!({
                    "text": target.text, "reached": target.reached, "best": target.best, "limit": target.limit,
                    "met": target.met,
                })
            })
            .collect();
        json!({
            "id": self.id, "title": self.title, "unit": self.unit, "note": self.note,
            "rows": rows, "targets": targets, "skipped": self.skipped, "disturbance": self.disturbance,
        })
    }

    /// Targets met, and all.
    pub(crate) fn score(&self) -> (usize, usize) {
        (self.targets.iter().filter(|target| target.met).count(), self.targets.len())
    }

    pub(crate) fn id(&self) -> &'static str {
        self.id
    }
}

impl Row {
    /// The median of the repetitions.
    fn value(&self) -> f64 {
        self.columns()[0].1
    }

    /// The medians of all columns.
    fn columns(&self) -> Sample {
        let names = self.repetitions[0].iter().enumerate();
        let column = |index: usize| -> Vec<f64> { self.repetitions.iter().map(|sample| sample[index].1).collect() };
        names.map(|(index, (name, _))| (name.clone(), median(&column(index)))).collect()
    }

    /// The best repetition.
    fn best(&self, better: Better) -> f64 {
        let (low, high) = self.range();
        if better == Better::Lower { low } else { high }
    }

    /// The least and the greatest result.
    fn range(&self) -> (f64, f64) {
        let values = self.repetitions.iter().map(|sample| sample[0].1);
        (values.clone().fold(f64::INFINITY, f64::min), values.fold(0.0, f64::max))
    }
}

impl Curve {
    pub(crate) fn new(id: &'static str, title: &'static str, x: &'static str, y: &'static str) -> Curve {
        Curve { id, title, x, y, series: Vec::new(), ranges: Vec::new(), skipped: Vec::new(), disturbance: 0.0 }
    }

    /// Adds a point to a series.
    pub(crate) fn add(&mut self, series: &str, x: f64, y: f64) {
        match self.series.iter_mut().find(|(name, _)| name == series) {
            Some((_, points)) => points.push((x, y)),
            None => self.series.push((series.to_owned(), vec![(x, y)])),
        }
    }

    /// Adds the range of a point's repetitions.
    pub(crate) fn add_range(&mut self, series: &str, x: f64, repetitions: &[f64]) {
        let least = repetitions.iter().copied().fold(f64::INFINITY, f64::min);
        let most = repetitions.iter().copied().fold(0.0, f64::max);
        self.ranges.push((series.to_owned(), x, [least, most]));
    }

    /// Adds a note on why a point is missing.
    pub(crate) fn skip(&mut self, peer: Peer, x: usize, reason: &str) {
        self.skipped.push(format!("{} at {x} {}: {reason}", peer.name(), self.x));
    }

    /// As text: a line for each series.
    pub(crate) fn table(&self) -> String {
        let mut xs: Vec<f64> = self.series.iter().flat_map(|(_, points)| points.iter().map(|&(x, _)| x)).collect();
        xs.sort_by(f64::total_cmp);
        xs.dedup();
        let mut text = format!("{} [{}]\n  {:<28}", self.title, self.y, self.x);
        for &x in &xs {
            let _ = write!(text, "{:>9}", short(x));
        }
        text.push('\n');
        for (name, points) in &self.series {
            let _ = write!(text, "  {name:<28}");
            for x in &xs {
                let y = points.iter().find(|(at, _)| at == x).map_or("-".to_owned(), |&(_, y)| short(y));
                let _ = write!(text, "{y:>9}");
            }
            text.push('\n');
        }
        for reason in &self.skipped {
            let _ = writeln!(text, "  skipped: {reason}");
        }
        text.push_str(&disturbed(self.disturbance));
        text
    }

    pub(crate) fn json(&self) -> Value {
        let series: Vec<Value> =
            self.series.iter().map(|(name, points)| json!({ "name": name, "points": points })).collect();
        let ranges: Vec<Value> = self.ranges.iter().map(|(name, x, range)| json!([name, x, range])).collect();
        json!({
            "id": self.id, "title": self.title, "x": self.x, "y": self.y, "series": series, "skipped": self.skipped,
            "ranges": ranges, "disturbance": self.disturbance,
        })
    }
}

/// The part of the processors used by others above which the results say so.
const DISTURBED: f64 = 0.05;

fn disturbed(part: f64) -> String {
    if part < DISTURBED {
        return String::new();
    }
    format!("  disturbed: other processes used {:.0} % of the processors meanwhile\n", part * 100.0)
}

/// A number with three digits and a unit prefix.
pub(crate) fn short(value: f64) -> String {
    let (value, suffix) = match value {
        v if v >= 1e9 => (v / 1e9, "G"),
        v if v >= 1e6 => (v / 1e6, "M"),
        v if v >= 1e4 => (v / 1e3, "k"),
        v => (v, ""),
    };
    let digits = match value {
        v if v.fract() == 0.0 || v >= 100.0 => 0,
        v if v >= 10.0 => 1,
        _ => 2,
    };
    format!("{value:.digits$}{suffix}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short() {
        let numbers = [0.0, 1.234, 56.78, 424.0, 9876.5, 12_345.0, 20_000_000.0].map(short);
        assert_eq!(numbers, ["0", "1.23", "56.8", "424", "9876", "12.3k", "20M"]);
    }

    #[test]
    fn ratios_meet_targets_in_the_right_direction() -> Result<()> {
        let mut measure = Measure::new("x", "x", "messages/s", Better::Higher);
        measure.interleave(&[Peer::Slot, Peer::Datagram], 3, |peer| {
            Ok(vec![("median".to_owned(), if peer == Peer::Slot { 30.0 } else { 2.0 })])
        })?;
        measure.reach("≥ 15", Peer::Datagram.name(), 15.0);
        measure.reach("≥ 16", Peer::Datagram.name(), 16.0);
        assert_eq!(measure.score(), (1, 2));
        Ok(())
    }
}
