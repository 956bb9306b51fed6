//! The sample programs: patterns of real mailslot programs, which also compile on Windows.

use libtest_mimic::{Failed, Trial};

use crate::run::{Running, Slots};
use crate::toolchain::{Build, Link};

const CPP: [Build; 2] = [Build::cpp("c++11", Link::Static), Build::cpp("c++17", Link::Shared)];

pub fn trials() -> Vec<Trial> {
    vec![trial("server_prints_the_words_of_its_client_until_quit", server_and_client)]
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

fn expect(found: &str, expected: &str) -> Result<(), Failed> {
    if found == expected { Ok(()) } else { Err(format!("expected:\n{expected}\nfound:\n{found}").into()) }
}
