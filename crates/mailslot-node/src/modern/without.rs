//! No modern domains.

use std::os::fd::BorrowedFd;
use std::time::Instant;

use mailslot::{Address, NetworkOrigin, SlotName};

use crate::config::Settings;
use crate::error::Result;
use crate::io::interfaces::Named;
use crate::log::Log;
use mailslot_netbios::{Config, Message};

pub(crate) struct Modern;

impl Modern {
    pub(crate) fn load(_: &Settings, _: &mut Log) -> Result<Modern> {
        Ok(Modern)
    }

    pub(crate) fn start(&mut self, _: &Settings, _: &Config) -> Result<()> {
        Ok(())
    }

    pub(crate) fn restart(&mut self, _: &Settings, _: &Config, _: &mut Log) -> Result<()> {
        Ok(())
    }

    pub(crate) fn end(&mut self) {}

    pub(crate) fn look(&mut self, _: &Settings, _: &Config, _: &mut Log) {}

    pub(crate) fn look_at_bridges<'a>(
        &mut self,
        _: Instant,
        _: &Settings,
        _: &Config,
        _: impl Iterator<Item = &'a Named>,
        _: &mut Log,
    ) {
    }

    pub(crate) fn take_legacy(&mut self, _: Instant, _: &Message, _: &NetworkOrigin, _: &mut Log) -> bool {
        true
    }

    pub(crate) fn take_domains(&mut self, _: Instant, _: impl FnMut(Vec<u32>, &SlotName, &[u8]) -> bool) {}

    pub(crate) fn protects(&self, _: &Address) -> Option<String> {
        None
    }

    pub(crate) fn as_fd(&self) -> Option<BorrowedFd<'_>> {
        None
    }

    pub(crate) fn sessions(&self) -> (usize, usize) {
        (0, 0)
    }

    pub(crate) fn log_events(&self, _: &mut Log) {}
}
