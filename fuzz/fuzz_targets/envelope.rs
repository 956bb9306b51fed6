#![no_main]

#[allow(dead_code)]
#[path = "../envelope.rs"]
mod envelope;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| envelope::envelope(bytes));
