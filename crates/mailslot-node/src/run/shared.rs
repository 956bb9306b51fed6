//! The state that the parts of a machine share.

use std::time::Instant;

use crate::config;
use crate::exposition::Exporter;
use crate::io::driver::Driver;
use crate::log::Limits;
use crate::metrics::Metrics;
use crate::modern::Modern;
use mailslot_netbios::Config;

/// The settings, the domains and the counters.
pub(super) struct Shared {
    pub(super) settings: config::Settings,
    /// The protocol's configuration from the settings.
    pub(super) config: Config,
    pub(super) modern: Modern,
    pub(super) metrics: Metrics,
    pub(super) limits: Limits,
}

impl Shared {
    pub(super) fn log_started(&self) {
        let Shared { settings, config, .. } = self;
        if settings.netbios {
            tracing::info!(name: "started", computer = %config.computer, workgroup = %config.workgroup);
        } else {
            tracing::info!(name: "started", computer = %String::from_utf8_lossy(config.computer.text()));
        }
    }

    pub(super) fn log_served(&self, exporter: &Exporter) {
        if let Some(address) = exporter.address() {
            tracing::info!(name: "metrics_served", at = %address);
        }
    }

    /// Updates the bridges with the interfaces that can broadcast, by which they send.
    pub(super) fn look_at_bridges(&mut self, now: Instant, driver: &Driver) {
        let Shared { settings, config, modern, .. } = self;
        let attached = driver.attached().iter().filter(|named| named.interface.broadcast.is_some());
        modern.look_at_bridges(now, settings, config, attached);
    }
}
