//! Which paths are those of mailslots elsewhere.

use mailslot::Address;

/// How the native name of every network path begins.
const NETWORK: &str = r"\??\UNC\";
/// The second part of a path to a mailslot.
const DEVICE: &str = "mailslot";

/// The address that a native path such as `\??\UNC\PLANT\mailslot\alerts` means; `None` if it is not that of a mailslot
/// elsewhere, or its names cannot be sent to.
pub(super) fn address(path: &[u16]) -> Option<Address> {
    let (prefix, rest) = path.split_at_checked(NETWORK.len())?;
    if !is(prefix, NETWORK) {
        return None;
    }
    let mut parts = rest.splitn(3, |unit| *unit == u16::from(b'\\'));
    let (_target, device) = (parts.next()?, parts.next()?);
    if !is(device, DEVICE) {
        return None;
    }
    let text = String::from_utf16(rest).ok()?;
    Address::parse_win32(&format!(r"\\{text}")).ok().filter(|address| !matches!(address, Address::Local(_)))
}

/// Whether the units are these ASCII characters, in any letter case.
fn is(units: &[u16], text: &str) -> bool {
    let lower = |unit: &u16| u8::try_from(*unit).map(|byte| byte.to_ascii_lowercase());
    units.len() == text.len()
        && units.iter().zip(text.bytes()).all(|(unit, byte)| lower(unit) == Ok(byte.to_ascii_lowercase()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(path: &str) -> Option<String> {
        address(&path.encode_utf16().collect::<Vec<_>>()).map(|address| address.to_string())
    }

    #[test]
    fn slots_elsewhere_are_found_in_any_letter_case() {
        for (path, expected) in [
            (r"\??\UNC\PLANT\mailslot\alerts", r"\\PLANT\mailslot\alerts"),
            (r"\??\unc\plant\MAILSLOT\a\b", r"\\PLANT\mailslot\a\b"),
            (r"\??\UNC\*\mailslot\alerts", r"\\*\mailslot\alerts"),
        ] {
            assert_eq!(shown(path).as_deref(), Some(expected), "{path}");
        }
    }

    #[test]
    fn everything_else_is_the_systems() {
        let network = r"\??\UNC\PLANT\mailslot\alerts";
        for path in (0..=network.len() - "alerts".len()).map(|cut| &network[..cut]).chain([
            r"\??\MAILSLOT\alerts",
            r"\??\UNC\PLANT\mailslots\alerts",
            r"\??\UNC\PLANT\share\mailslot\alerts",
            r"\??\UNC\sixteen-letters-\mailslot\alerts",
            r"\??\UNC\.\mailslot\alerts",
            r"\??\C:\UNC\PLANT\mailslot\alerts",
            r"\\PLANT\mailslot\alerts",
            "",
        ]) {
            assert_eq!(shown(path), None, "{path}");
        }
    }
}
