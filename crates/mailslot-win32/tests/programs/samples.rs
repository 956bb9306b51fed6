//! The sample programs: patterns of real mailslot programs, which also compile on Windows.

use libtest_mimic::{Failed, Trial};

use crate::run::{Running, Slots};
use crate::toolchain::{Build, Link};

const CPP: [Build; 2] = [Build::cpp("c++11", Link::Static), Build::cpp("c++17", Link::Shared)];
const C: [Build; 2] = [Build::c("c99", Link::Static), Build::c("c11", Link::Shared)];

pub fn trials() -> Vec<Trial> {
    vec![
        trial("server_prints_the_words_of_its_client_until_quit", server_and_client),
        trial("polling_reader_reads_with_an_event", polling_reader),
        trial("a_program_for_both_kinds_of_text_prints_the_same", both_kinds_of_text),
        trial("many_clients_come_in_order_through_many_handles", many_clients),
        trial("a_child_inherits_the_handle_and_outlives_the_parents", inheritance),
        trial("all_headers_compile_in_every_standard", headers),
        trial("tchar_functions_are_right_for_both_kinds_of_text", tchar),
        trial("a_pair_of_write_and_read_is_timed", pair),
    ]
}

fn trial(name: &str, body: fn() -> Result<(), Failed>) -> Trial {
    Trial::test(name, body)
}

fn server_and_client() -> Result<(), Failed> {
    for build in CPP {
        let (server, client) = (build.compile("server.cpp")?, build.compile("client.cpp")?);
        let slots = Slots::new();
        let mut server = Running::start(slots.command(&[], &server, &[]))?;
        expect(&server.line()?, "Server is running")?;
        let sent = slots.run(&[], &client, &[], "hello brave\nnew world\nquit after\n")?;
        let words = ["hello", "brave", "new", "world", "quit"];
        expect(&sent, &words.map(|word| format!("Sent 256 bytes: {word}\n")).concat())?;
        let printed = words.map(|word| format!("Client: {word}\n")).concat();
        expect(&server.finish("")?, &format!("Server is running\n{printed}"))?;
    }
    Ok(())
}

fn polling_reader() -> Result<(), Failed> {
    let message = |text: &str, number: u32, of: u32| {
        format!("Contents of the mailslot: Message {text} for mailslot.\nMessage #{number} of {of}\n\n")
    };
    let written = "Slot written to successfully.\n";
    let expected = [
        "Slot created successfully.\nWaiting for a message...\n",
        &written.repeat(2),
        &message("one", 1, 2),
        &message("two", 2, 2),
        written,
        &message("three", 1, 1),
        "Waiting for a message...\n",
    ]
    .concat();
    for build in C.into_iter().chain(CPP.map(|build| build.with(&["-x", "c++"]))) {
        let program = build.compile("polling_reader.c")?;
        // The message's NUL is before the appended text.
        expect(&Slots::new().run(&[], &program, &[], "")?.replace('\0', ""), &expected)?;
    }
    Ok(())
}

fn both_kinds_of_text() -> Result<(), Failed> {
    let expected = "a second CreateMailslot: error 183\n\
        [argument 1 is \"one\"]                     2 waiting, 19 characters\n\
        [argument 2 is \"two three\"]               1 waiting, 25 characters\n\
        a read of the empty slot: error 121\n";
    let builds = [
        Build::c("c99", Link::Static),
        Build::c("c11", Link::Shared).with(&["-DUNICODE"]),
        Build::c("c99", Link::Static).with(&["-DUNICODE", "-fshort-wchar"]),
        Build::cpp("c++11", Link::Static).with(&["-x", "c++", "-DUNICODE", "-fshort-wchar"]),
        Build::cpp("c++17", Link::Shared).with(&["-x", "c++", "-DUNICODE"]),
    ];
    for build in builds {
        let program = build.compile("unicode_reader.c")?;
        let printed = Slots::new().run(&[], &program, &["one", "two three"], "")?;
        expect(&printed, expected).map_err(|error| format!("{build:?}: {}", error.message().unwrap_or_default()))?;
    }
    Ok(())
}

fn many_clients() -> Result<(), Failed> {
    const CLIENTS: usize = 8;
    const MESSAGES: usize = 200;
    for build in C {
        let program = build.compile("many_clients.c")?;
        let slots = Slots::new();
        let total = (CLIENTS * MESSAGES).to_string();
        let mut reader = Running::start(slots.command(&[], &program, &["storm", "read", &total]))?;
        expect(&reader.line()?, "ready")?;
        let clients: Vec<Running> = (0..CLIENTS)
            .map(|client| {
                let (client, messages) = (client.to_string(), MESSAGES.to_string());
                Running::start(slots.command(&[], &program, &["storm", "write", &client, &messages]))
            })
            .collect::<Result<_, _>>()?;
        for client in clients {
            expect(&client.finish("")?, "")?;
        }
        expect(&reader.finish("")?, &format!("ready\n{total} messages in order, in time\n"))?;
    }
    Ok(())
}

fn inheritance() -> Result<(), Failed> {
    let expected = "child: the slot takes 64 bytes, the handle is inheritable\n\
        child: before\nchild: while\nchild: end\n\
        parent: the child returned 42\nparent: the slot is gone\n";
    for build in C {
        let program = build.compile("inheritance.c")?;
        expect(&Slots::new().run(&[], &program, &[], "")?, expected)?;
    }
    Ok(())
}

fn headers() -> Result<(), Failed> {
    for standard in ["c99", "c11", "c17"] {
        Build::c(standard, Link::Shared).with(&["-Wpedantic"]).compile("headers.c")?;
    }
    for standard in ["c++98", "c++11", "c++14", "c++17", "c++20"] {
        Build::cpp(standard, Link::Shared).with(&["-x", "c++"]).compile("headers.c")?;
    }
    Ok(())
}

fn tchar() -> Result<(), Failed> {
    const KINDS: [&[&str]; 3] = [&["-O2"], &["-DUNICODE"], &["-O2", "-D_UNICODE", "-fshort-wchar"]];
    for flags in KINDS {
        for build in [Build::c("gnu99", Link::Static), Build::c("c11", Link::Shared), Build::cpp("c++17", Link::Static)]
        {
            let build = Build { flags, ..build };
            let program =
                if build.compiler == "gcc" { build.compile("tchar.c")? } else { build.compile("tchar.cpp")? };
            let input = "ABC\nmuch too long\nk\n";
            expect(&Slots::new().run(&[], &program, &["two words"], input)?, "")?;
        }
    }
    Ok(())
}

fn pair() -> Result<(), Failed> {
    let program = C[0].compile("pair.c")?;
    let printed = Slots::new().run(&[], &program, &["1000", "64"], "")?;
    let number = printed.strip_suffix(" ns per pair\n").and_then(|number| number.parse::<f64>().ok());
    if number.is_some_and(|number| number > 0.0) { Ok(()) } else { Err(printed.into()) }
}

fn expect(found: &str, expected: &str) -> Result<(), Failed> {
    if found == expected { Ok(()) } else { Err(format!("expected:\n{expected}\nfound:\n{found}").into()) }
}
