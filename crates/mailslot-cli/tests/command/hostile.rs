//! Names that attack terminals: the command prints none of them unescaped.

use rustix::process::Signal;

use crate::machine::{Done, Listener, Machine};

/// Characters that control a terminal or reverse text, except NUL, which no name has.
fn acting() -> Vec<char> {
    ('\u{1}'..='\u{ffff}').filter(|c| acts(*c)).collect()
}

fn acts(c: char) -> bool {
    c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Asserts that both streams have only whole lines without any of the characters. Returns the length of the longest.
#[track_caller]
fn is_clean(done: &Done) -> usize {
    let stdout = String::from_utf8(done.stdout.clone()).expect("UTF-8");
    for text in [&stdout, &done.stderr] {
        assert!(!text.contains(|c| acts(c) && c != '\n'), "{text:?}");
        assert!(text.is_empty() || text.ends_with('\n'), "{text:?}");
    }
    stdout.lines().map(|line| line.chars().count()).max().unwrap_or_default()
}

#[test]
fn errors_keep_every_character_of_a_name_to_themselves() {
    let machine = Machine::new();
    let mut names: Vec<String> = acting().iter().map(|c| format!("a{c}b")).collect();
    names.push("x\nmailslot: all is well\nmailslot: x".to_owned());
    for name in names {
        for args in [&["info", &name][..], &["send", &name, "message"]] {
            let done = machine.run(args);
            assert_eq!((done.code(), done.stderr.lines().count()), (Some(3), 1), "{done:?}");
            is_clean(&done);
        }
    }
    is_clean(&machine.run(&["listen", "--access", "users:\u{1b}[2J\u{9b}", "alerts"]));
}

#[test]
fn one_users_names_leave_the_list_and_its_lines_to_all_others() {
    let machine = Machine::new();
    let all: String = acting().into_iter().collect();
    let long: String = all.chars().cycle().take(20_000).collect();
    let names = [&all, &long, &"long".repeat(5_000), "two\nlines\r\n", "\u{1b}]0;title\u{7}"];
    let users: Vec<String> = (0..256).map(|n| (4_000_000_000_u32 + n).to_string()).collect();
    let access = format!("users:{}", users.join(","));
    let mut listeners: Vec<Listener> = names.iter().map(|name| machine.listen(&[name])).collect();
    listeners.push(machine.listen(&["many-users", "--access", &access]));

    let list = machine.run(&["list"]);
    assert_eq!((list.code(), list.stdout.iter().filter(|byte| **byte == b'\n').count()), (Some(0), 7), "{list:?}");
    assert!(is_clean(&list) < 400, "{list:?}");
    let json = machine.run(&["list", "--json"]);
    is_clean(&json);
    let listed = json.json_lines();
    let listed: Vec<&str> = listed.iter().filter_map(|slot| slot["name"].as_str()).collect();
    assert!(names.iter().all(|name| listed.contains(name)));
    for name in names {
        is_clean(&machine.run(&["info", name]));
        is_clean(&machine.run(&["info", "--json", name]));
        let taken = machine.run(&["listen", name]);
        assert_eq!((taken.code(), taken.stderr.lines().count()), (Some(8), 1), "{taken:?}");
        is_clean(&taken);
    }
    for listener in listeners {
        listener.signal(Signal::TERM);
        listener.finish();
    }
}
