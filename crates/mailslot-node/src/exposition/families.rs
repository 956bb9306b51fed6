//! Metric families and their samples, for Prometheus' text form.

use std::collections::BTreeMap;

use prometheus::{IntCounterVec, IntGaugeVec, Opts, Registry, TextEncoder};

use crate::error::{Error, Result};

/// The families to be written as text.
#[derive(Default)]
pub(super) struct Families(Registry);

impl Families {
    /// Adds a family of values that go up and down, with these labels.
    pub(super) fn gauge(&self, name: &str, help: &str, labels: &[&str]) -> Result<Gauge> {
        let gauge = IntGaugeVec::new(Opts::new(name, help), labels).map_err(unusable)?;
        self.0.register(Box::new(gauge.clone())).map_err(unusable)?;
        Ok(Gauge(gauge))
    }

    /// Adds a family of values that only go up, until their counter restarts.
    pub(super) fn counter(&self, name: &str, help: &str, labels: &[&str]) -> Result<Counter> {
        let counter = IntCounterVec::new(Opts::new(name, help), labels).map_err(unusable)?;
        self.0.register(Box::new(counter.clone())).map_err(unusable)?;
        Ok(Counter(counter))
    }

    /// Adds counters, each as a separate family: `opened` becomes `SCOPE_opened_total`. Counters by reason are one
    /// family: `dropped_malformed` and `dropped_own` become `SCOPE_dropped_total{reason="malformed"}` and
    /// `…{reason="own"}`. Each element of `all` has the values of `labels` and the counters with these.
    pub(super) fn counters<'a>(
        &self,
        scope: &str,
        labels: &[&str],
        all: impl IntoIterator<Item = (Vec<&'a str>, &'a BTreeMap<String, u64>)>,
    ) -> Result<()> {
        let mut families: BTreeMap<String, Counter> = BTreeMap::new();
        for (values, counters) in all {
            for (label, count) in counters {
                let by_reason =
                    BY_REASON.iter().find_map(|kind| Some((*kind, label.strip_prefix(kind)?.strip_prefix('_')?)));
                let (kind, reason) = by_reason.map_or((label.as_str(), None), |(kind, reason)| (kind, Some(reason)));
                let name = format!("{scope}_{kind}_total");
                if !families.contains_key(&name) {
                    let labels: Vec<&str> = labels.iter().copied().chain(reason.map(|_| "reason")).collect();
                    let help = match reason {
                        Some(_) => format!("The counters {kind}_REASON of `mailslot node status`."),
                        None => format!("The counter {kind} of `mailslot node status`."),
                    };
                    families.insert(name.clone(), self.counter(&name, &help, &labels)?);
                }
                let values: Vec<&str> = values.iter().copied().chain(reason).collect();
                if let Some(family) = families.get(&name) {
                    family.set(&values, *count)?;
                }
            }
        }
        Ok(())
    }

    /// All families that have samples, by name, each with its help and type: the text form, version 0.0.4.
    pub(super) fn text(&self) -> Result<String> {
        TextEncoder::new().encode_to_string(&self.0.gather()).map_err(unusable)
    }
}

/// The prefixes of counters by reason.
const BY_REASON: [&str; 2] = ["dropped", "undelivered"];

pub(super) struct Gauge(IntGaugeVec);

impl Gauge {
    pub(super) fn set(&self, labels: &[&str], value: u64) -> Result<()> {
        let gauge = self.0.get_metric_with_label_values(labels).map_err(unusable)?;
        gauge.set(i64::try_from(value).unwrap_or(i64::MAX));
        Ok(())
    }
}

pub(super) struct Counter(IntCounterVec);

impl Counter {
    pub(super) fn set(&self, labels: &[&str], value: u64) -> Result<()> {
        let counter = self.0.get_metric_with_label_values(labels).map_err(unusable)?;
        counter.reset();
        counter.inc_by(value);
        Ok(())
    }
}

/// A node of another version may have a counter whose name is not valid for a metric.
fn unusable(error: prometheus::Error) -> Error {
    Error::Metrics(error.to_string())
}
