//! `mailslot capture`: the packets of the node, for Wireshark and similar programs.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use clap::Args;
use mailslot::Timeout;
use mailslot_node::capture::{self, Captured, Pcapng};

use super::PATIENCE;
use crate::args;
use crate::exit::{self, Failure, Result};
use crate::output;
use crate::signals::Signals;
use crate::sys;

/// Record the packets that the network node of this machine sends and receives (pcapng)
#[derive(Args)]
#[command(after_help = AFTER_HELP)]
pub struct Capture {
    /// Write to this file instead of standard output
    #[arg(short, long, value_name = "PATH")]
    write: Option<PathBuf>,

    /// End after this many packets
    #[arg(short = 'n', long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    count: Option<u64>,

    /// End after this long: 500ms, 10s, 5m
    #[arg(short, long, value_name = "DURATION", value_parser = args::duration)]
    duration: Option<Duration>,
}

const AFTER_HELP: &str = r#"Packets hold the messages of all users, so only root and the user of the node may do this. The node knows addresses, ports and contents; the rest of the IP header is made up. Packets that were dropped for lack of room are counted in the file and on standard error. Ends with the node (status 11), or by SIGINT and SIGTERM (130, 143); the file is complete in any case.

Examples:
  mailslot capture --write node.pcapng --duration 1m
  mailslot capture | tshark -r -
  mailslot capture | wireshark -k -i -"#;

/// How often to check that the node runs: no packet reports its end.
const LOOK: Duration = Duration::from_millis(500);

impl Capture {
    pub fn run(self) -> Result {
        let signals = Signals::catch()?;
        if self.write.is_none() && output::is_terminal() {
            return Err(Failure::Usage(
                "packets are not for a terminal: pipe them into a program, or name a file with --write",
            ));
        }
        let source = capture::Capture::begin(PATIENCE)?;
        let mut recording = Recording::begin(self.write.as_deref(), &signals)?;
        let recorded = self.record(&source, &mut recording);
        recording.end()?;
        recorded
    }

    fn record(&self, source: &capture::Capture, recording: &mut Recording<'_>) -> Result {
        let deadline = self.duration.and_then(|duration| Instant::now().checked_add(duration));
        let mut left = self.count.unwrap_or(u64::MAX);
        while left > 0 {
            recording.signals.check()?;
            let wait = deadline.map_or(LOOK, |deadline| deadline.saturating_duration_since(Instant::now()).min(LOOK));
            if wait.is_zero() {
                return Ok(());
            }
            match source.receive_within(Timeout::Zero)? {
                Some(captured) => {
                    recording.packet(&captured)?;
                    left -= 1;
                }
                None => {
                    recording.flush()?;
                    sys::wait_for(source, recording.signals, self.write.is_none(), Some(wait))?;
                }
            }
        }
        Ok(())
    }
}

/// The file, and the number of packets missing from it.
struct Recording<'a> {
    pcapng: Pcapng<BufWriter<Box<dyn Write + 'a>>>,
    lost: u64,
    path: Option<&'a Path>,
    signals: &'a Signals,
}

impl<'a> Recording<'a> {
    /// The header is written at once: it shows a reader that the capture runs.
    fn begin(path: Option<&'a Path>, signals: &'a Signals) -> Result<Recording<'a>> {
        let failed = |source| failure(path, signals, source);
        let out: Box<dyn Write + 'a> = match path {
            Some(path) => Box::new(File::create(path).map_err(failed)?),
            None => Box::new(sys::Stdout { signals }),
        };
        let pcapng = Pcapng::new(BufWriter::new(out)).map_err(failed)?;
        let mut recording = Recording { pcapng, lost: 0, path, signals };
        recording.flush()?;
        Ok(recording)
    }

    fn packet(&mut self, captured: &Captured) -> Result {
        self.lost += captured.lost;
        self.pcapng.packet(captured).map_err(|source| failure(self.path, self.signals, source))
    }

    fn flush(&mut self) -> Result {
        self.pcapng.flush().map_err(|source| failure(self.path, self.signals, source))
    }

    fn end(&mut self) -> Result {
        if self.lost > 0 {
            exit::complain(format_args!("{} packets were dropped for lack of room", self.lost));
        }
        self.flush()
    }
}

/// A write that fails after a signal fails because of it.
fn failure(path: Option<&Path>, signals: &Signals, source: io::Error) -> Failure {
    match (signals.check(), path) {
        (Err(signal), None) => signal,
        (Ok(()), None) => Failure::output(source),
        (_, Some(path)) => Failure::io(format!("write {}", path.display()), source),
    }
}
