//! What a node on Windows is not beside: a service manager that it notifies, and Samba.

/// No service manager.
pub(super) mod manager {
    use std::io;
    use std::time::Instant;

    /// The progress of the node's start.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    pub(crate) struct Progress {
        pub(crate) is_releasing: bool,
        pub(crate) claiming: usize,
        pub(crate) held: usize,
        pub(crate) lost: usize,
        pub(crate) domains: usize,
        pub(crate) open: usize,
    }

    /// Notifies nobody.
    pub(crate) struct Manager;

    impl Manager {
        pub(crate) fn of_process(_now: Instant) -> Manager {
            Manager
        }

        pub(crate) fn none(_now: Instant) -> Manager {
            Manager
        }

        pub(crate) fn reloading(&mut self, _now: Instant) -> io::Result<()> {
            Ok(())
        }

        pub(crate) fn stopping(&mut self) -> io::Result<()> {
            Ok(())
        }

        pub(crate) fn poll_timeout(&self) -> Option<Instant> {
            None
        }

        pub(crate) fn is_due(&self, _now: Instant) -> bool {
            false
        }

        pub(crate) fn handle_timeout(&mut self, _now: Instant, _progress: Progress) -> io::Result<()> {
            Ok(())
        }
    }

    pub(crate) fn heed(_told: io::Result<()>) {}
}

/// No Samba.
pub(super) mod samba {
    use std::time::Instant;

    use crate::config;
    use crate::io::driver::Driver;
    use crate::io::poll::Source;
    use crate::run::shared::Shared;
    use mailslot_netbios::{NodeStatus, RequestId};

    /// There is none.
    pub(crate) enum Beside {}

    impl Beside {
        pub(crate) fn new(_settings: &config::Settings, _now: Instant) -> Option<Beside> {
            None
        }

        pub(crate) fn poll_timeout(&self) -> Option<Instant> {
            match *self {}
        }

        pub(crate) fn source(&self) -> Option<Source<'_>> {
            match *self {}
        }

        pub(crate) fn take(&mut self, _now: Instant, _driver: &mut Driver, _shared: &mut Shared) {
            match *self {}
        }

        pub(crate) fn handle_timeout(&mut self, _now: Instant, _driver: &mut Driver, _shared: &mut Shared) {
            match *self {}
        }

        pub(crate) fn compare_names(
            &mut self,
            _request: RequestId,
            _status: Option<&NodeStatus>,
            _shared: &mut Shared,
        ) {
            match *self {}
        }
    }
}
