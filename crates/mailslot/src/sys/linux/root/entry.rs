//! Converting the name of a slot to the name of a directory.

use mailslot_names::SlotName;

/// The longest entry before it is cut and hashed; file systems accept 255 bytes.
const MAX_ENTRY: usize = 200;

/// The directory entry of a slot. It is never a path: characters that could lead elsewhere are escaped.
pub(crate) fn entry(name: &SlotName) -> String {
    let mut entry = String::with_capacity(name.folded().len().min(MAX_ENTRY));
    push_entry(&mut entry, name);
    entry
}

/// Appends the directory entry of a slot to a path.
pub(crate) fn push_entry(path: &mut String, name: &SlotName) {
    let begin = path.len();
    let folded = name.folded().as_bytes();
    for byte in folded {
        match byte {
            b'A'..=b'Z' | b'0'..=b'9' | b'_' | b'-' => path.push(char::from(*byte)),
            b'\\' => path.push('+'),
            _ => path.push_str(&format!("%{byte:02X}")),
        }
        if path.len() - begin > MAX_ENTRY {
            path.truncate(begin + MAX_ENTRY - 33);
            path.push_str(&format!("~{:032x}", fnv1a(folded)));
            break;
        }
    }
}

/// The longest part of an entry in the name of a file whose path must be short: the address of a socket has 107 bytes.
const MAX_KEY: usize = 40;

/// The short form of an entry in the name of a life's file. Entries with the same key have the same claim.
pub(crate) fn key(entry: &str) -> String {
    if entry.len() <= MAX_KEY { entry.to_owned() } else { format!("~{:032x}", fnv1a(entry.as_bytes())) }
}

/// 128-bit FNV-1a. A user who makes two long names collide on purpose claims both with one slot, as two slots could.
fn fnv1a(bytes: &[u8]) -> u128 {
    bytes.iter().fold(0x6c62_272e_07bb_0142_62b8_2175_6295_c58d, |hash, byte| {
        (hash ^ u128::from(*byte)).wrapping_mul(0x0000_0000_0100_0000_0000_0000_0000_013B)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    fn of(name: &str) -> String {
        entry(&name.parse().expect("a name"))
    }

    #[test]
    fn names_become_one_entry_each_and_never_a_path() {
        assert_eq!(of("alerts"), "ALERTS");
        assert_eq!(of(r"plant\line_1-a"), "PLANT+LINE_1-A");
        assert_eq!(of("a b.c%+"), "A%20B%2EC%25%2B");
        assert_eq!(of("é"), of("É"));
        let long = "x".repeat(MAX_ENTRY);
        assert_eq!(of(&long), long.to_uppercase());
        let longer = [of(&"y".repeat(5000)), of(&"y".repeat(5001)), of(&format!("{}z", "y".repeat(5000)))];
        assert!(longer.iter().all(|entry| entry.len() == MAX_ENTRY), "{longer:?}");
        assert!(longer[0] != longer[1] && longer[1] != longer[2] && longer[0] != longer[2]);
    }
}
