//! Values by tshark's names of the fields, ours and theirs.

use std::collections::{BTreeMap, BTreeSet};

use mailslot_wire::Name;

/// Separates the values of one field that a packet has several times.
const AGGREGATOR: char = '\u{1F}';

/// What our decoder finds in a packet.
#[derive(Default)]
pub struct Fields {
    values: BTreeMap<&'static str, Vec<String>>,
    /// Fields that tshark may show and our values do not keep.
    unknown: BTreeSet<&'static str>,
    refused: Option<String>,
}

/// What tshark finds in a packet.
pub struct Row<'a> {
    frame: Vec<&'a str>,
    values: BTreeMap<&'static str, Vec<String>>,
}

/// A field about which the two disagree.
pub struct Difference {
    pub column: &'static str,
    pub ours: String,
    pub theirs: String,
}

impl Fields {
    /// The next value of this field. Empty texts are none: tshark does not show them.
    pub fn add(&mut self, column: &'static str, value: impl ToString) {
        let value = value.to_string();
        if !value.is_empty() {
            self.values.entry(column).or_default().push(value);
        }
    }

    pub fn add_bit(&mut self, column: &'static str, bit: bool) {
        self.add(column, u8::from(bit));
    }

    pub fn replace(&mut self, column: &'static str, value: impl ToString) {
        self.values.insert(column, vec![value.to_string()]);
    }

    /// Excludes further values of these fields from the comparison.
    pub fn do_not_know(&mut self, columns: &[&'static str]) {
        self.unknown.extend(columns);
    }

    /// Notes that our decoder refuses the packet.
    pub fn refuse(&mut self, reason: impl ToString) {
        self.refused = Some(reason.to_string());
    }

    pub fn columns(&self) -> impl Iterator<Item = &'static str> {
        self.values.keys().copied()
    }

    /// How many values there are.
    pub fn len(&self) -> usize {
        self.values.values().map(Vec::len).sum()
    }
}

impl<'a> Row<'a> {
    pub fn parse(line: &'a str, columns: &[&'static str]) -> Row<'a> {
        let mut cells = line.split('\t');
        let frame = cells.by_ref().take(super::FRAME.len()).collect();
        let values = columns.iter().copied().zip(cells.map(values)).collect();
        Row { frame, values }
    }

    pub fn frame(&self) -> &str {
        self.frame[0]
    }

    pub fn is_of(&self, port: &str) -> bool {
        self.frame[1] == port || self.frame[2] == port
    }

    pub fn payload(&self) -> Vec<u8> {
        let digits = self.frame[3].as_bytes();
        let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
        digits.chunks(2).map(|pair| byte(pair).expect("tshark writes payloads in hexadecimal")).collect()
    }

    pub fn differences(&self, ours: &Fields) -> Vec<Difference> {
        if let Some(reason) = &ours.refused {
            return vec![Difference {
                column: "packet",
                ours: format!("refused ({reason})"),
                theirs: "read it".into(),
            }];
        }
        let none = Vec::new();
        let different = |(column, theirs): (&&'static str, &Vec<String>)| {
            let ours = ours.values.get(column).unwrap_or(&none);
            let (ours, theirs) = (ours.join(" "), theirs.join(" "));
            (ours != theirs).then_some(Difference { column, ours, theirs })
        };
        self.values.iter().filter(|(column, _)| !ours.unknown.contains(*column)).filter_map(different).collect()
    }
}

/// As tshark writes names: every unprintable byte as `<nn>`.
pub fn name(name: &Name) -> String {
    let scope = if name.scope().is_empty() { String::new() } else { format!(".{}", name.scope()) };
    format!("{}<{:02x}>{scope}", name_bytes(name), name.suffix())
}

/// The same without suffix and scope.
pub fn name_bytes(name: &Name) -> String {
    let bytes = &name.as_bytes()[..15];
    let length = bytes.iter().rposition(|byte| *byte != b' ').map_or(0, |last| last + 1);
    let printed = |byte: &u8| match byte {
        b' '..=b'~' => char::from(*byte).to_string(),
        _ => format!("<{byte:02x}>"),
    };
    bytes[..length].iter().map(printed).collect()
}

pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn values(cell: &str) -> Vec<String> {
    cell.split(AGGREGATOR).filter(|value| !value.is_empty()).map(value).collect()
}

/// Normalises a value of tshark: numbers in decimal, truth values as 0 and 1, names without tshark's remarks about
/// their suffixes.
fn value(text: &str) -> String {
    let number = text.strip_prefix("0x").and_then(|digits| u64::from_str_radix(digits, 16).ok());
    match (number, text) {
        (Some(number), _) => number.to_string(),
        (None, "True") => "1".into(),
        (None, "False") => "0".into(),
        (None, _) => text.split_once("> (").map_or(text.into(), |(name, _)| format!("{name}>")),
    }
}
