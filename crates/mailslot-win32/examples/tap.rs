//! Taps a slot for the tests of the C libraries: `tap NAME` prints "looks on", then each message until the slot ends.

use std::io;

use mailslot::{Error, Mailslot};

fn main() -> io::Result<()> {
    let name = std::env::args().nth(1).ok_or_else(|| io::Error::other("usage: tap NAME"))?;
    let tap = match Mailslot::tap(&*name) {
        Err(error @ Error::NoTaps(_)) => {
            println!("{error}");
            return Ok(());
        }
        tap => tap?,
    };
    println!("looks on");
    loop {
        match tap.receive() {
            Ok(message) => println!("{}", String::from_utf8_lossy(&message.data)),
            Err(Error::Closed) => return Ok(()),
            Err(error) => return Err(error.into()),
        }
    }
}
