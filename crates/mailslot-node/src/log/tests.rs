use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};

use super::record::MAX_VALUE;
use super::*;

/// The log lines of this thread while the guard exists.
fn lines(format: Format) -> (tracing::subscriber::DefaultGuard, Receiver<String>) {
    let (sender, lines) = channel();
    let sender = Mutex::new(sender);
    let write = move |line: &str| {
        sender.lock().expect("nobody panics with it").send(line.to_owned()).expect("the test listens")
    };
    let layer = layer(format, write).expect("no journal is asked for");
    (tracing_subscriber::registry().with(layer).set_default(), lines)
}

#[test]
fn values_from_the_network_cannot_make_lines_or_fields() {
    let (_here, lines) = lines(Format::Text);
    tracing::info!(name: "test", a = %"SRV1<00>", b = %"x\n y=\"z\"", number = 7);
    let lines: Vec<String> = lines.try_iter().collect();
    assert_eq!(lines.len(), 1);
    assert!(lines[0].ends_with(r#" level=info event=test a=SRV1<00> b="x\n y=\"z\"" number=7"#), "{lines:?}");
    let (time, _) = lines[0].strip_prefix("time=").and_then(|line| line.split_once(' ')).expect("a time");
    assert!(humantime::parse_rfc3339(time).is_ok(), "{time}");
}

#[test]
fn json_has_the_same_values() {
    let (_here, lines) = lines(Format::Json);
    for evil in ["x", "", "a\nb", "\"", "\u{1b}", "é"] {
        tracing::error!(name: "test", value = %evil, number = 7, flag = true);
        let line = lines.try_recv().expect("a line");
        let record: serde_json::Value = serde_json::from_str(&line).expect("JSON");
        let expected = serde_json::json!({ "value": evil, "number": 7, "flag": true });
        assert_eq!(
            (&record["fields"], &record["event"], &record["level"]),
            (&expected, &"test".into(), &"error".into())
        );
        assert!(!line.contains('\n'));
    }
}

#[test]
fn what_others_say_has_no_name_and_is_said() {
    let (_here, lines) = lines(Format::Text);
    tracing::warn!(target: "zenoh::net", "Unable to connect to {:?}", "tcp/h:1");
    let line = lines.try_recv().expect("a line");
    assert!(line.ends_with(r#" level=warn target=zenoh::net message="Unable to connect to \"tcp/h:1\"""#), "{line}");
}

#[test]
fn no_character_of_a_value_acts_on_a_terminal() {
    for format in [Format::Text, Format::Json] {
        let (_here, lines) = lines(format);
        let mut said = 0;
        for code in (0..0x20).chain(0x7f..0xa0).chain(0x202a..0x202f).chain(0x2066..0x206a) {
            let c = char::from_u32(code).expect("no surrogate");
            tracing::info!(name: "test", value = %format!("a{c}b"));
            said += 1;
        }
        // JSON does not escape characters outside ASCII: the program that prints it must.
        let acts = |c: char| match format {
            Format::Json => c.is_ascii_control() && c != '\u{7f}',
            _ => c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'),
        };
        let lines: Vec<String> = lines.try_iter().collect();
        assert_eq!(lines.len(), said);
        assert!(lines.iter().all(|line| !line.contains(acts)), "{lines:?}");
    }
}

#[test]
fn long_values_are_cut() {
    for format in [Format::Text, Format::Json] {
        let (_here, lines) = lines(format);
        tracing::info!(name: "test", plain = %"é".repeat(20_000), quoted = %"\u{1b}".repeat(20_000));
        let line = lines.try_recv().expect("a line");
        assert!(line.len() < 16 * MAX_VALUE && line.contains("..."), "{}", line.len());
    }
}

#[test]
fn what_was_left_out_is_said_once() {
    let (_here, lines) = lines(Format::Text);
    let asked = 100_000;
    for _ in 0..asked {
        tracing::warn!(name: "not_sent", uid = 1000_u32);
    }
    for _ in 0..2 {
        tracing::event!(name: "stopped", tracing::Level::INFO, {});
    }
    let lines: Vec<String> = lines.try_iter().collect();
    let of = |event: &str| lines.iter().filter(|line| line.contains(event)).count();
    let logged = of(" event=not_sent uid=1000");
    let left_out =
        lines.iter().filter_map(|line| line.split_once(" event=left_out of=not_sent number=")?.1.parse::<usize>().ok());
    assert_eq!(left_out.sum::<usize>(), asked - logged, "{lines:?}");
    assert!(logged < asked / 100, "{logged}");
    assert_eq!(logged + of("event=left_out") + of("event=stopped"), lines.len());
}

#[test]
fn threads_that_speak_at_once_are_counted_together() {
    let (sender, lines) = channel();
    let sender = Mutex::new(sender);
    let write = move |line: &str| {
        sender.lock().expect("nobody panics with it").send(line.to_owned()).expect("the test listens")
    };
    let subscriber = Arc::new(tracing_subscriber::registry().with(layer(Format::Text, write).expect("no journal")));
    let dispatch = tracing::Dispatch::from(subscriber);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let speak = || (0..1000).for_each(|_| tracing::warn!(target: "zenoh", "again"));
                tracing::dispatcher::with_default(&dispatch, speak);
            });
        }
    });
    tracing::dispatcher::with_default(&dispatch, || tracing::event!(name: "stopped", tracing::Level::INFO, {}));
    drop(dispatch);
    let lines: Vec<String> = lines.try_iter().collect();
    let logged = lines.iter().filter(|line| line.contains("target=zenoh ")).count();
    let left_out = lines.iter().filter_map(|line| line.split_once("of=zenoh number=")?.1.parse::<usize>().ok());
    assert_eq!(left_out.sum::<usize>() + logged, 4000, "{lines:?}");
}
