//! `mailslot metrics`: slots and node for Prometheus.

use std::fs::Permissions;
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use mailslot_node::exposition;

use crate::exit::{Failure, Result};
use crate::{accounts, args, output};

/// Show the slots and the network node of this machine as metrics for Prometheus
#[derive(Args)]
#[command(after_help = AFTER_HELP)]
pub struct Metrics {
    /// Replace this file in one step instead of printing, for node_exporter's textfile collector
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,

    /// A user whose slots are shown one by one, by name or id; may be given several times [default: the user of this
    /// command]
    #[arg(long = "user", value_name = "USER", value_parser = accounts::user_id)]
    users: Vec<u32>,

    /// How long the node may take to answer
    #[arg(short, long, value_name = "DURATION", default_value = "2s", value_parser = args::duration)]
    timeout: Duration,
}

const AFTER_HELP: &str = r#"Only a slot's user and root may read its counts, so --user is for root. At most 1000 slots of each user are shown, in the order of their names; mailslot_slots_left_out counts the others. mailslot_node_up is 1 if a node runs and answers. A node serves the same by HTTP: mailslot node --metrics 127.0.0.1:9464

Examples:
  mailslot metrics
  mailslot metrics --output /var/lib/prometheus/node-exporter/mailslot.prom"#;

impl Metrics {
    pub fn run(self) -> Result {
        let own = [exposition::own_uid()];
        let users = if self.users.is_empty() { &own[..] } else { &self.users };
        let text = exposition::gather(users, self.timeout)?;
        match &self.output {
            None => output::lines(text.lines()),
            Some(path) => replace(path, &text).map_err(|error| Failure::io(format!("write {}", path.display()), error)),
        }
    }
}

/// A reader finds the old text or the new one, never a part. Every user may read the file, because the collector runs
/// as another user.
fn replace(path: &Path, text: &str) -> io::Result<()> {
    let directory = path.parent().filter(|directory| !directory.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = tempfile::Builder::new().permissions(Permissions::from_mode(0o644)).tempfile_in(directory)?;
    file.write_all(text.as_bytes())?;
    // The umask has limited the permissions at the creation.
    file.as_file().set_permissions(Permissions::from_mode(0o644))?;
    file.persist(path)?;
    Ok(())
}
