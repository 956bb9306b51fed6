//! Known differences of Wine 10 from Windows, by case and by row of the fact sheet.
//!
//! The library passes the system's results on, so these show. A case that Wine begins to pass fails the run.

use mailslot_conformance::Deviation;

const NAMES: &str = "10.19: Wine accepts no slot names of more than 246 UTF-16 units and reports 206";
const REMOTE: &str = "10.22: Wine has no mailslots of other machines, and reports 3 instead of 3025";
const SIZE: &str = "10.7: Wine accepts messages above the maximum size";
const ALIVE: &str = "10.8: a client handle keeps a slot alive on Wine: writes succeed and the name stays in use";

pub const DEVIATIONS: &[Deviation] = &[
    Deviation { case: "the_longest_name_can_be_used", reason: NAMES },
    Deviation { case: "the_longest_name_is_measured_in_utf16_units", reason: NAMES },
    Deviation { case: "names_of_256_to_4096_units_can_be_used", reason: NAMES },
    Deviation { case: "without_a_node_other_computers_cannot_be_opened", reason: REMOTE },
    Deviation { case: "without_a_node_the_own_domain_cannot_be_opened", reason: REMOTE },
    Deviation { case: "a_message_above_the_maximum_size_is_refused", reason: SIZE },
    Deviation { case: "a_refused_message_leaves_the_slot_as_it_was", reason: SIZE },
    Deviation { case: "a_write_to_a_slot_that_is_gone_fails", reason: ALIVE },
    Deviation { case: "a_zero_length_write_to_a_slot_that_is_gone_fails", reason: ALIVE },
    Deviation { case: "a_duplicate_can_be_duplicated", reason: ALIVE },
    Deviation { case: "clients_survive_the_close_of_one_server_handle", reason: ALIVE },
    Deviation { case: "closing_the_last_server_handle_removes_the_slot", reason: ALIVE },
    Deviation { case: "closing_the_last_server_handle_frees_the_name_at_once", reason: ALIVE },
    Deviation { case: "closing_the_last_server_handle_deletes_unread_messages", reason: ALIVE },
    Deviation { case: "closing_the_last_server_handle_kills_all_clients", reason: ALIVE },
    Deviation { case: "old_clients_are_not_connected_to_a_slot_created_again", reason: ALIVE },
    Deviation { case: "a_dead_client_can_be_closed", reason: ALIVE },
    Deviation { case: "a_client_does_not_keep_a_slot_alive", reason: ALIVE },
    Deviation { case: "another_process_can_read", reason: ALIVE },
    Deviation { case: "the_exit_of_the_owner_is_a_close", reason: ALIVE },
    Deviation { case: "the_kill_of_the_owner_is_a_close", reason: ALIVE },
    Deviation { case: "the_kill_of_a_waiting_owner_is_a_close", reason: ALIVE },
    Deviation { case: "a_killed_owner_leaves_no_messages", reason: ALIVE },
    Deviation { case: "a_client_in_another_process_learns_that_the_slot_is_gone", reason: ALIVE },
    Deviation { case: "a_busy_writer_learns_that_the_slot_is_gone", reason: ALIVE },
];
