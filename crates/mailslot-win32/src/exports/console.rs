//! `conio.h`, and output that appears at once.

use crate::console;

/// `EOF` of C.
const EOF: i32 = -1;

#[unsafe(no_mangle)]
extern "C" fn _getch() -> i32 {
    console::key().map_or(EOF, i32::from)
}

#[unsafe(no_mangle)]
extern "C" fn _ungetch(key: i32) -> i32 {
    match u8::try_from(key) {
        Ok(byte) if console::put_back(byte) => key,
        _ => EOF,
    }
}

#[unsafe(no_mangle)]
extern "C" fn mailslot_key_waits() -> i32 {
    i32::from(console::key_waits())
}

#[unsafe(no_mangle)]
extern "C" fn mailslot_unbuffer_terminal() {
    console::unbuffer_output();
}
