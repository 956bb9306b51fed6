//! No modern domains.

use std::os::fd::BorrowedFd;

use crate::config::Settings;
use crate::error::Result;
use crate::log::Log;
use crate::proto::Config;

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

    pub(crate) fn as_fd(&self) -> Option<BorrowedFd<'_>> {
        None
    }

    pub(crate) fn log_events<L: FnMut(&str)>(&self, _: &mut Log<L>) {}
}
