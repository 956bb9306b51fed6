//! Compares the decoders of this crate with tshark's, field by field.
//!
//! `tshark columns` prints the fields to request from tshark, in the order in which they are expected. `tshark compare`
//! reads the output of `tshark -T fields` from standard input, decodes each packet's bytes again, and prints every
//! value that differs, then the number of comparisons. It ends with status 1 if any value differs. `tshark change`
//! tests the comparison itself: it changes each bit of each packet, decodes that, and compares it with tshark's values
//! for the unchanged packet. It prints the fields that never differ, and ends with status 1 if there are any. `tshark
//! names` prints the names in node status responses, because tshark shows their suffixes in its text output only.
//!
//! Where this crate keeps less than tshark shows, or tshark is known to be wrong, the module of the layer says so.

mod contents;
mod datagram;
mod fields;
mod name_service;

use std::collections::BTreeSet;
use std::io::BufRead;
use std::process::ExitCode;

use fields::{Difference, Fields, Row};

/// The columns that identify packets and hold their bytes.
const FRAME: [&str; 4] = ["frame.number", "udp.srcport", "udp.dstport", "udp.payload"];
const NAME_SERVICE: &str = "137";
/// Fields that cannot differ alone: a packet with another value in them, or with any bit changed, is refused.
const NEVER_ALONE: &[&str] = &[
    "nbns.count.queries",
    "nbns.count.answers",
    "nbns.count.auth_rr",
    "nbns.count.add_rr",
    "nbns.class",
    "smb.cmd",
    "smb.wct",
    "smb.data_offset",
    "smb.sc",
    "mailslot.opcode",
];

fn main() -> ExitCode {
    let columns = [name_service::COLUMNS, datagram::COLUMNS, contents::COLUMNS].concat();
    match std::env::args().nth(1).as_deref() {
        Some("columns") => {
            FRAME.iter().chain(&columns).for_each(|column| println!("{column}"));
            ExitCode::SUCCESS
        }
        Some("compare") => compare(&columns),
        Some("change") => change(&columns),
        Some("names") => names(&columns),
        _ => {
            eprintln!("usage: tshark columns, or tshark compare, change or names <TABLE");
            ExitCode::from(2)
        }
    }
}

fn compare(columns: &[&'static str]) -> ExitCode {
    let (mut packets, mut values, mut differences) = (0, 0, 0);
    let mut seen = BTreeSet::new();
    for line in lines() {
        let row = Row::parse(&line, columns);
        let payload = row.payload();
        let fields = decode(row.is_of(NAME_SERVICE), &payload);
        for Difference { column, ours, theirs } in row.differences(&fields) {
            println!("frame {} {column}: {ours}, but tshark has {theirs}", row.frame());
            differences += 1;
        }
        packets += 1;
        values += fields.len();
        seen.extend(fields.columns());
    }
    let never: Vec<_> = columns.iter().filter(|column| !seen.contains(*column)).copied().collect();
    if !never.is_empty() {
        println!("no packet has {}", never.join(" "));
    }
    eprintln!("{packets} packets, {values} values of {} fields compared: {differences} differ", seen.len());
    if differences == 0 && never.is_empty() && packets > 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn change(columns: &[&'static str]) -> ExitCode {
    let mut noticed = BTreeSet::new();
    for line in lines() {
        let row = Row::parse(&line, columns);
        let mut payload = row.payload();
        for bit in 0..8 * payload.len() {
            payload[bit / 8] ^= 1 << (bit % 8);
            let fields = decode(row.is_of(NAME_SERVICE), &payload);
            let other_values = row.differences(&fields).into_iter().filter(|difference| !difference.ours.is_empty());
            noticed.extend(other_values.map(|difference| difference.column));
            payload[bit / 8] ^= 1 << (bit % 8);
        }
    }
    let differs = |column: &&&str| noticed.contains(**column) || NEVER_ALONE.contains(*column);
    let never: Vec<_> = columns.iter().filter(|column| !differs(column)).copied().collect();
    println!("{}", never.join(" "));
    if never.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn names(columns: &[&'static str]) -> ExitCode {
    for line in lines() {
        let row = Row::parse(&line, columns);
        if row.is_of(NAME_SERVICE) {
            name_service::status_names(&row.payload()).iter().for_each(|name| println!("{name}"));
        }
    }
    ExitCode::SUCCESS
}

fn lines() -> impl Iterator<Item = String> {
    let lines = std::io::stdin().lock().split(b'\n');
    lines.map(|line| String::from_utf8_lossy(&line.expect("standard input can be read")).into_owned())
}

fn decode(is_name_service: bool, payload: &[u8]) -> Fields {
    let mut fields = Fields::default();
    let result = if is_name_service {
        name_service::decode(payload, &mut fields)
    } else {
        datagram::decode(payload, &mut fields)
    };
    if let Err(error) = result {
        fields.refuse(error);
    }
    fields
}
