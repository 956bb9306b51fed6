//! Hundreds of nodes in one process, on networks that lose, delay, repeat and reorder packets, and are partitioned.
//! Time is virtual. The seed determines a run, and is printed when a test fails.

mod floods;
mod hostile;
mod limits;
mod messages;
mod names;
mod network;
mod servers;
mod strangers;
mod untidy;
mod wins;

/// Runs `test` with seeds from 1 to `count`, and prints the one that failed.
fn seeds(count: u64, test: impl Fn(u64)) {
    struct Failed(u64);
    impl Drop for Failed {
        fn drop(&mut self) {
            if std::thread::panicking() {
                eprintln!("failed with seed {}", self.0);
            }
        }
    }
    for seed in 1..=count {
        let failed = Failed(seed);
        test(seed);
        drop(failed);
    }
}
