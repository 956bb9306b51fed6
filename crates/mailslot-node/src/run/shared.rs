//! What the parts of a machine have in common.

use std::time::Instant;

use crate::config::Settings;
use crate::exposition::Exporter;
use crate::io::driver::Driver;
use crate::log::Limits;
use crate::metrics::Metrics;
use crate::modern::Modern;
use mailslot_netbios::Config;

/// The settings, and what is told of the work.
pub(super) struct Shared {
    pub(super) settings: Settings,
    /// What the protocol has of the settings.
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

    /// Bridges send where something can be broadcast.
    pub(super) fn look_at_bridges(&mut self, now: Instant, driver: &Driver) {
        let Shared { settings, config, modern, .. } = self;
        let attached = driver.attached().iter().filter(|named| named.interface.broadcast.is_some());
        modern.look_at_bridges(now, settings, config, attached);
    }
}
