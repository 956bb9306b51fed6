//! Each scenario under several thousand schedules.

#![cfg(target_os = "linux")]

use mailslot_waiting::scenarios;

/// Schedules of each scenario.
const SCHEDULES: usize = 5000;

/// The number of schedules: `MAILSLOT_SCHEDULES` in the environment, or the default.
fn schedules() -> usize {
    let asked = std::env::var("MAILSLOT_SCHEDULES").ok();
    asked.map_or(SCHEDULES, |count| count.parse().expect("a number"))
}

macro_rules! tests {
    ($($name:ident)*) => {
        $(
            #[test]
            fn $name() {
                scenarios::$name(schedules());
            }
        )*
    };
}

tests! {
    blocking_reader_of_friends
    polling_reader_of_friends
    edge_triggered_reader_of_friends
    task_that_reads_of_friends
    two_blocking_readers_of_friends
    two_tasks_that_read_of_friends
    blocking_reader_of_strangers
    polling_reader_of_strangers
    edge_triggered_reader_of_strangers
    task_that_reads_of_strangers
    two_blocking_readers_of_large_messages
    two_polling_readers_of_large_messages
    edge_triggered_readers_of_large_messages
    two_tasks_that_read_large_messages
    blocking_reader_of_a_slow_writer
    polling_reader_of_a_slow_writer
    edge_triggered_reader_of_a_slow_writer
    task_that_reads_of_a_slow_writer
    edge_triggered_reader_of_a_dying_writer
    task_that_reads_of_a_dying_writer
    blocking_reader_of_a_slot_that_drops
    polling_reader_of_a_slot_that_drops
    edge_triggered_reader_of_a_slot_that_drops
    task_that_reads_of_a_slot_that_drops
    blocking_reader_whose_strangers_are_let_in
    blocking_reader_that_hands_connections_back
    polling_reader_that_hands_connections_back
    blocking_readers_of_two_processes
    polling_readers_of_two_processes
    edge_triggered_readers_of_two_processes
    tasks_that_read_in_two_processes
    blocking_reader_beside_one_that_is_killed
    polling_reader_beside_one_that_is_killed
    edge_triggered_reader_beside_one_that_is_killed
    task_that_reads_beside_one_that_is_killed
    blocking_readers_of_members
    polling_readers_of_members
    edge_triggered_readers_of_members
    tasks_that_read_of_members
    blocking_reader_of_a_tapped_slot
    polling_reader_of_a_tapped_slot
    task_that_reads_of_a_tapped_slot
    reader_of_a_slot_that_the_superuser_taps
    tap_whose_slot_ends
    writers_whose_reader_ends
    writers_whose_reader_is_killed
    blocking_reader_that_is_told_to_end
    task_that_is_told_to_end
    reader_that_does_not_wait
}
