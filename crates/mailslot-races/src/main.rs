//! The ring and the lock of the crate `mailslot`, and the handle table of `mailslot-win32`, compiled from their source
//! files, in threads.
//!
//! A program for ThreadSanitizer (`tests/races/run`), which reports accesses that nothing orders, however this
//! processor executes them. It identifies memory by address, so all threads share one mapping. The standard library is
//! not instrumented: ThreadSanitizer sees threads begin and end, but not what `Mutex` and `Arc` order, so neither is
//! used here.
//!
//! What it does not show: orderings by fences alone, and by the kernel, which passes the lock of a thread that died on.
//! And two looks at what may be payload already, which are atomic while the writer's copy is not (`message_waiting` and
//! `size_of_next`, beside a reader that takes the message out): they act on nothing of it, but it would report them.

#![cfg(not(test))] // The engine's own unit tests are not for here.
#![allow(dead_code)] // What only the modules around these files use.

#[path = "../../mailslot-win32/src/handles/barrier.rs"]
mod barrier;
#[path = "../../mailslot-win32/src/handles/table.rs"]
mod table;
#[path = "../../mailslot-win32/src/handles/thread_pointer.rs"]
mod thread_pointer;
#[path = "../../mailslot-win32/src/handles/uses.rs"]
mod uses;

#[path = "../../mailslot/src/sys/linux/fork.rs"]
mod fork;
#[path = "../../mailslot/src/sys/linux/ring/mod.rs"]
mod ring;
#[path = "../../mailslot/src/sys/linux/robust.rs"]
mod robust;

mod handles;
mod messages;

/// What the ring and the handle table take their atomics from.
mod sync {
    pub(crate) use core::sync::atomic::{AtomicU32, AtomicU64, Ordering, fence};
}

/// What the handle table takes its values from.
mod abi {
    /// A handle's value.
    #[derive(Clone, Copy, PartialEq, Eq, Debug)]
    pub(crate) struct Handle(pub(crate) usize);
}

use handles::Open;

/// Does all of it at once, each in a thread. That a scope has ended says nothing to ThreadSanitizer; that a thread was
/// joined does.
fn at_once(acts: &[&(dyn Fn() + Sync)]) {
    std::thread::scope(|scope| {
        let threads: Vec<_> = acts.iter().map(|act| scope.spawn(act)).collect();
        threads.into_iter().for_each(|thread| thread.join().expect("no assertion fails"));
    });
}

fn main() {
    let scenarios: [(&str, fn()); 4] = [
        ("one_reader_gets_everything_of_each_writer_in_order", messages::one_reader),
        ("two_readers_that_start_over_get_everything_once", messages::two_readers),
        ("handles_that_are_closed_while_they_are_used", handles::closing),
        ("handles_that_are_closed_while_their_owner_and_others_use_them", handles::closing_owned),
    ];
    for (name, scenario) in scenarios {
        scenario();
        println!("test {name} ... ok");
    }
}
