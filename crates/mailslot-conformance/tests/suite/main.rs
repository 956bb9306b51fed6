//! Tests of the suite itself: cases detect defects, hangs end, and lists of known deviations are enforced.

use std::sync::Arc;
use std::time::Duration;

use mailslot_conformance::{Case, Deviation, System, all, check_deviations, judge, run};

mod model;

use model::{Defect, Model};

/// Long enough for the cases that run here, none of which waits.
const LIMIT: Duration = Duration::from_secs(120);

/// Defects, most of them of real implementations, with a case that must detect each.
const NOTICED: &[(Defect, &str)] = &[
    (Defect::CutsMessagesToTheBuffer, "a_too_small_buffer_keeps_the_message"),
    (Defect::DropsMessagesThatDoNotFit, "a_too_small_buffer_keeps_the_message"),
    (Defect::DropsMessagesThatDoNotFit, "scenario_7_a_message_waits_for_a_large_enough_buffer"),
    (Defect::FailsToReadZeroLength, "a_zero_length_message_is_read_as_nothing_and_removed"),
    (Defect::FailsToReadZeroLength, "scenario_8_two_messages_then_one_of_no_bytes"),
    (Defect::CountsToOne, "the_count_follows_every_message"),
    (Defect::IgnoresTheMaximumSize, "a_message_above_the_maximum_size_is_refused"),
    (Defect::ReadsTheNewestFirst, "messages_come_out_in_the_order_of_their_writes"),
    (Defect::ReadsTheNewestFirst, "concurrent_writers_mix_only_whole_messages"),
    (Defect::ClientsKeepSlotsAlive, "a_client_does_not_keep_a_slot_alive"),
    (Defect::ClientsKeepSlotsAlive, "closing_the_last_server_handle_frees_the_name_at_once"),
    (Defect::WritesToDeadSlotsVanish, "a_write_to_a_slot_that_is_gone_fails"),
    (Defect::LetterCaseCounts, "letter_case_does_not_count"),
    (Defect::NeverWaits, "a_read_lasts_as_long_as_the_timeout"),
    (Defect::NeverWaits, "a_message_ends_a_wait_without_timeout"),
    (Defect::WaitingReadsFollowTheTimeout, "a_shorter_timeout_leaves_waiting_reads_alone"),
    (Defect::WaitingReadsFollowTheTimeout, "a_longer_timeout_leaves_waiting_reads_alone"),
];

#[test]
fn a_correct_model_passes_all_cases_within_one_process() {
    let system = model(Defect::None);
    for case in all().filter(|case| !NEED_PROCESSES.iter().any(|part| case.name.contains(part))) {
        if let Err(problem) = run(case, &system, LIMIT) {
            panic!("{problem}");
        }
    }
}

/// Parts of the names of cases with other processes, which do not share the model.
const NEED_PROCESSES: &[&str] = &["process", "the_kill_of_", "the_exit_of_", "a_killed_owner"];

#[test]
fn defects_are_noticed_by_the_case_about_them() {
    for (defect, name) in NOTICED {
        let case = case(name);
        let outcome = run(case, &model(*defect), Duration::from_secs(50));
        let problem = outcome.expect_err(name);
        assert!(problem.contains(name) && problem.contains(case.rows[0]), "{problem}");
    }
}

#[test]
fn a_hang_is_a_failure_with_the_name_of_the_case() {
    let name = "an_empty_slot_times_out_at_once_with_timeout_0";
    let outcome = run(case(name), &model(Defect::NeverTimesOut), Duration::from_millis(200));
    let problem = outcome.expect_err("the read does not end");
    assert!(problem.contains(name) && problem.contains("2.5") && problem.contains("hung"), "{problem}");
}

#[test]
fn a_failure_says_where_the_case_stood() {
    let name = "a_message_that_fits_is_read_and_removed";
    let problem = run(case(name), &model(Defect::IsAbsent), LIMIT).expect_err("nothing can be created");
    assert!(problem.contains("failed with 50") && problem.contains("read.rs"), "{problem}");
}

#[test]
fn a_known_deviation_may_fail_and_must_not_hold() {
    let case = case("a_message_above_the_maximum_size_is_refused");
    let deviation = Deviation { case: case.name, reason: "takes every size" };
    let deviating = run(case, &model(Defect::IgnoresTheMaximumSize), LIMIT);
    assert_eq!(judge(deviating, Some(&deviation)), Ok(()));
    let holding = run(case, &model(Defect::None), LIMIT);
    let problem = judge(holding, Some(&deviation)).expect_err("the entry is out of date");
    assert!(problem.contains(case.name) && problem.contains("takes every size"), "{problem}");
}

#[test]
fn without_a_known_deviation_the_outcome_counts() {
    assert_eq!(judge(Ok(()), None), Ok(()));
    assert_eq!(judge(Err("wrong".into()), None), Err("wrong".into()));
}

#[test]
fn a_list_of_deviations_must_name_cases_once_and_give_reasons() {
    const KNOWN: Deviation = Deviation { case: "letter_case_does_not_count", reason: "it does" };
    assert_eq!(check_deviations(&[KNOWN]), Ok(()));
    let unknown = Deviation { case: "letter_case_counts", ..KNOWN };
    let silent = Deviation { reason: " ", ..KNOWN };
    for (list, complaint) in [
        (&[unknown][..], "no case \"letter_case_counts\""),
        (&[KNOWN, KNOWN], "listed twice"),
        (&[silent], "no reason"),
    ] {
        let problem = check_deviations(list).expect_err(complaint);
        assert!(problem.contains(complaint), "{problem}");
    }
}

fn case(name: &str) -> &'static Case {
    all().find(|case| case.name == name).unwrap_or_else(|| panic!("there is no case {name}"))
}

fn model(defect: Defect) -> Arc<dyn System> {
    Arc::new(Model::new(defect))
}
