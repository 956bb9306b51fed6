//! No modern domains.

use std::os::fd::BorrowedFd;
use std::time::Instant;

use mailslot::{Address, NetworkOrigin, SlotName};

use crate::config::Settings;
use crate::error::Result;
use crate::io::interfaces::Named;
use crate::log::Log;
use crate::proto::{Config, Message};

pub(crate) struct Modern;

impl Modern {
    pub(crate) fn load<L: FnMut(&str)>(_: &Settings, _: &mut Log<L>) -> Result<Modern> {
        Ok(Modern)
    }

    pub(crate) fn start(&mut self, _: &Settings, _: &Config) -> Result<()> {
        Ok(())
    }

    pub(crate) fn restart<L: FnMut(&str)>(&mut self, _: &Settings, _: &Config, _: &mut Log<L>) -> Result<()> {
        Ok(())
    }

    pub(crate) fn look<L: FnMut(&str)>(&mut self, _: &Settings, _: &Config, _: &mut Log<L>) {}

    pub(crate) fn look_at_bridges<'a, L: FnMut(&str)>(
        &mut self,
        _: Instant,
        _: &Settings,
        _: &Config,
        _: impl Iterator<Item = &'a Named>,
        _: &mut Log<L>,
    ) {
    }

    pub(crate) fn take_legacy<L: FnMut(&str)>(
        &mut self,
        _: Instant,
        _: &Message,
        _: &NetworkOrigin,
        _: &mut Log<L>,
    ) -> bool {
        true
    }

    pub(crate) fn take_domains(&mut self, _: Instant, _: impl FnMut(Vec<u32>, &SlotName, &[u8]) -> bool) {}

    pub(crate) fn protects(&self, _: &Address) -> Option<String> {
        None
    }

    pub(crate) fn as_fd(&self) -> Option<BorrowedFd<'_>> {
        None
    }

    pub(crate) fn log_events<L: FnMut(&str)>(&self, _: &mut Log<L>) {}
}
