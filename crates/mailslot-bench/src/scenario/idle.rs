//! The cost of an unused slot.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::{Bench, Role, Task};
use crate::Result;
use crate::peer::{Peer, Receiver, Sender, Shape};
use crate::process::report;
use crate::report::{Better, Measure, Sample};

/// A process that creates slots and measures its memory.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Idle {
    slots: usize,
}

const SHAPE: Shape = Shape { size: 64, writers: 1, strangers: false, members: 0 };

pub(crate) fn memory(bench: &Bench) -> Result<Measure> {
    let mut measure = Measure::new("idle_memory", "resident memory of an idle slot", "KiB", Better::Lower);
    measure.note(
        "Before any message. Growth of the owner's private memory (RssAnon) plus blocks of the slot's files, per slot. \
         The owner's mappings of those blocks are not counted again. Page tables, which the kernel keeps for each \
         mapping, are listed apart, and so are the files once 1,000 messages were written to each slot and read.",
    );
    measure.interleave(&[Peer::Slot], 1, |_| {
        let idle = idle(bench)?;
        Ok(idle.into_iter().filter(|(name, _)| name != DESCRIPTORS).collect())
    })?;
    measure.reach_value("≤ 32 KiB", 32.0);
    Ok(measure)
}

pub(crate) fn descriptors(bench: &Bench) -> Result<Measure> {
    let title = "descriptors of an idle slot in its owner";
    let mut measure = Measure::new("idle_descriptors", title, "descriptors", Better::Lower);
    measure.note("Growth of /proc/self/fd, per slot.");
    measure.interleave(&[Peer::Slot], 1, |_| {
        let idle = idle(bench)?;
        Ok(idle.into_iter().filter(|(name, _)| name == DESCRIPTORS).collect())
    })?;
    measure.reach_value("≤ 3", 3.0);
    Ok(measure)
}

const DESCRIPTORS: &str = "descriptors";
const BACKLOG: usize = 1000;

fn idle(bench: &Bench) -> Result<Sample> {
    let place = bench.places.next();
    let role = Role::Idle(Idle { slots: bench.effort.idle_slots });
    bench.reader(&place, Peer::Slot, SHAPE, role)?.finish()
}

impl Idle {
    pub(crate) fn run<R: Receiver, S: Sender>(&self, task: &Task) -> Result<()> {
        super::slots::raise_descriptor_limit();
        // One slot first, so that one-time costs of the library and the allocator are not counted.
        let _first = R::create(&task.place.branch("first"), task.shape)?;
        let mut slots = Vec::with_capacity(self.slots);
        let before = State::now(&task.place.slots())?;
        for number in 0..self.slots {
            slots.push(R::create(&task.place.branch(number), task.shape)?);
        }
        let after = State::now(&task.place.slots())?;
        let per_slot = |read: fn(&State) -> u64| read(&after).saturating_sub(read(&before)) as f64 / self.slots as f64;
        let mut buffer = vec![0; task.shape.buffer()];
        for (number, slot) in slots.iter_mut().enumerate() {
            let mut sender = S::open(&task.place.branch(number), task.shape)?;
            for _ in 0..BACKLOG {
                sender.send(&buffer)?;
            }
            while slot.try_receive(&mut buffer)?.is_some() {}
        }
        let drained = (blocks(&task.place.slots())? / 2).saturating_sub(before.files) as f64 / self.slots as f64;
        let (private, files) = (per_slot(|state| state.private), per_slot(|state| state.files));
        report(&vec![
            ("all".to_owned(), private + files),
            ("private".to_owned(), private),
            ("files".to_owned(), files),
            ("files, drained".to_owned(), drained),
            ("page tables".to_owned(), per_slot(|state| state.page_tables)),
            (DESCRIPTORS.to_owned(), per_slot(|state| state.descriptors)),
        ])
    }
}

/// The current use of the process and the slots' directory: KiB, and descriptors.
struct State {
    private: u64,
    page_tables: u64,
    files: u64,
    descriptors: u64,
}

impl State {
    fn now(slots: &Path) -> Result<State> {
        let status = fs::read_to_string("/proc/self/status")?;
        let field = |name: &str| -> Result<u64> {
            let line = status.lines().find_map(|line| line.strip_prefix(name)).ok_or("no such field in status")?;
            Ok(line.trim_start_matches(':').trim().trim_end_matches(" kB").parse()?)
        };
        Ok(State {
            private: field("RssAnon")?,
            page_tables: field("VmPTE")?,
            files: blocks(slots)? / 2,
            descriptors: fs::read_dir("/proc/self/fd")?.count() as u64,
        })
    }
}

/// Blocks of 512 bytes of everything under `dir`.
fn blocks(dir: &Path) -> Result<u64> {
    let mut sum = 0;
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        let metadata = entry.metadata()?;
        sum += metadata.blocks();
        if metadata.is_dir() {
            sum += blocks(&entry.path())?;
        }
    }
    Ok(sum)
}
