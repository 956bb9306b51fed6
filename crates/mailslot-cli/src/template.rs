//! Templates: the user's form of printed messages.

use mailslot::{NetworkOrigin, Origin};

use crate::accounts;
use crate::received::Received;

/// Text with fields, as the user gave it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template(Vec<Part>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    Field(Field),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Field {
    Time,
    Sent,
    Slot,
    Data,
    Hex,
    Base64,
    Size,
    Pid,
    Uid,
    Gid,
    User,
    Group,
    Attested,
    Computer,
    Domain,
    Address,
    Authenticated,
    ComputerAuthenticated,
}

/// The fields by the names that users write.
const FIELDS: [(&str, Field); 18] = [
    ("time", Field::Time),
    ("sent", Field::Sent),
    ("slot", Field::Slot),
    ("data", Field::Data),
    ("hex", Field::Hex),
    ("base64", Field::Base64),
    ("size", Field::Size),
    ("pid", Field::Pid),
    ("uid", Field::Uid),
    ("gid", Field::Gid),
    ("user", Field::User),
    ("group", Field::Group),
    ("attested", Field::Attested),
    ("computer", Field::Computer),
    ("domain", Field::Domain),
    ("address", Field::Address),
    ("authenticated", Field::Authenticated),
    ("computer_authenticated", Field::ComputerAuthenticated),
];

/// The value of an unknown field.
const UNKNOWN: &str = "-";

impl Template {
    /// Fields are `{name}`; `{{` and `}}` are braces; `\t`, `\n`, `\0` and `\\` have their usual meaning.
    pub fn parse(text: &str) -> Result<Template, String> {
        let (mut parts, mut literal) = (Vec::new(), String::new());
        let mut rest = text.chars();
        while let Some(c) = rest.next() {
            match c {
                '{' if rest.as_str().starts_with('{') => literal.extend(rest.next()),
                '{' => {
                    let (name, after) = rest.as_str().split_once('}').ok_or("a { has no }; {{ is a brace")?;
                    parts.push(Part::Text(std::mem::take(&mut literal)));
                    parts.push(Part::Field(field(name)?));
                    rest = after.chars();
                }
                '}' if rest.as_str().starts_with('}') => literal.extend(rest.next()),
                '}' => return Err("a } has no {; }} is a brace".into()),
                '\\' => literal.push(match rest.next() {
                    Some('t') => '\t',
                    Some('n') => '\n',
                    Some('0') => '\0',
                    Some('\\') => '\\',
                    _ => return Err(r"after a \ there may be t, n, 0 and \".into()),
                }),
                c => literal.push(c),
            }
        }
        parts.push(Part::Text(literal));
        Ok(Template(parts))
    }

    /// Renders a message. `put` appends text that is not the template's, and makes it harmless.
    pub fn render(&self, received: &Received<'_>, out: &mut Vec<u8>, put: impl Fn(&[u8], &mut Vec<u8>)) {
        for part in &self.0 {
            match part {
                Part::Text(text) => out.extend_from_slice(text.as_bytes()),
                Part::Field(Field::Data) => put(&received.shown.text, out),
                Part::Field(field) => put(field.of(received).as_deref().unwrap_or(UNKNOWN).as_bytes(), out),
            }
        }
    }
}

fn field(name: &str) -> Result<Field, String> {
    let known = FIELDS.iter().find(|(known, _)| *known == name);
    known.map(|(_, field)| *field).ok_or_else(|| {
        let names = FIELDS.map(|(name, _)| format!("{{{name}}}")).join(" ");
        format!("there is no field {{{name}}}; there are {names}")
    })
}

impl Field {
    /// The field's value for a message; `None` if it is not known.
    fn of(self, received: &Received<'_>) -> Option<String> {
        let message = received.shown.message;
        match self {
            Field::Time => Some(received.time()),
            Field::Sent => received.sent(),
            Field::Slot => Some(received.slot.to_string()),
            Field::Data => Some(String::from_utf8_lossy(&received.shown.text).into_owned()),
            Field::Hex => Some(data_encoding::HEXLOWER.encode(&message.data)),
            Field::Base64 => Some(data_encoding::BASE64.encode(&message.data)),
            Field::Size => Some(message.data.len().to_string()),
            _ => match &message.origin {
                Origin::Local { pid, uid, gid, attested } => self.of_process(*pid, *uid, *gid, *attested),
                Origin::Network(origin) => self.of_computer(origin),
                _ => None,
            },
        }
    }

    fn of_process(self, pid: u32, uid: u32, gid: u32, attested: bool) -> Option<String> {
        match self {
            Field::Pid => Some(pid.to_string()),
            Field::Uid => Some(uid.to_string()),
            Field::Gid => Some(gid.to_string()),
            Field::User => Some(accounts::user(uid)),
            Field::Group => Some(accounts::group(gid)),
            Field::Attested => Some(attested.to_string()),
            _ => None,
        }
    }

    fn of_computer(self, origin: &NetworkOrigin) -> Option<String> {
        match self {
            Field::Computer => Some(origin.computer.clone()),
            Field::Domain => origin.domain.clone(),
            Field::Address => origin.address.map(|address| address.to_string()),
            Field::Authenticated => Some(origin.authenticated.to_string()),
            Field::ComputerAuthenticated => Some(origin.computer_authenticated.to_string()),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use mailslot::Message;

    use super::*;
    use crate::text::Text;

    fn rendered(template: &str, origin: Origin) -> String {
        let message = Message::new(b"a\xff{time}", origin);
        let shown = Text::default().show(&message);
        let at = SystemTime::UNIX_EPOCH + Duration::from_micros(1_500_000);
        let name = "alerts".parse().expect("a name");
        let mut out = Vec::new();
        let template = Template::parse(template).expect("a template");
        template.render(&Received { slot: &name, at, shown: &shown }, &mut out, |bytes, out| out.extend(bytes));
        String::from_utf8_lossy(&out).into_owned()
    }

    /// Every field, for every kind of origin: the known values, and none of another kind.
    #[test]
    fn fields_are_what_is_known_of_a_message() {
        let mut network = NetworkOrigin::new("SRV1");
        network.address = Some([192, 0, 2, 1].into());
        let known = |origin: Origin| FIELDS.map(|(name, _)| rendered(&format!("{{{name}}}"), origin.clone()));
        let of_all =
            ["1970-01-01T00:00:01.500000Z", "-", "alerts", "a\u{fffd}{time}", "61ff7b74696d657d", "Yf97dGltZX0=", "8"];
        let local = Origin::Local { pid: 7, uid: 4_000_000_001, gid: 4_000_000_002, attested: true };
        let of_local = ["7", "4000000001", "4000000002", "4000000001", "4000000002", "true", "-", "-", "-", "-", "-"];
        let of_network = ["-", "-", "-", "-", "-", "-", "SRV1", "-", "192.0.2.1", "false", "false"];
        assert_eq!(known(local).to_vec(), [&of_all[..], &of_local].concat());
        assert_eq!(known(network.into()).to_vec(), [&of_all[..], &of_network].concat());
        assert_eq!(known(Origin::Unknown).to_vec(), [&of_all[..], &["-"; 11]].concat());
    }

    #[test]
    fn text_around_fields_is_the_users() {
        assert_eq!(rendered(r"{{{size}}}\t{slot}:\\\n}}", Origin::Unknown), "{8}\talerts:\\\n}");
        assert_eq!(rendered("", Origin::Unknown), "");
    }

    #[test]
    fn what_is_no_template_says_what_would_be_one() {
        for (name, _) in FIELDS {
            for wrong in [format!("{{{name}s}}"), format!("{{ {name}}}"), format!("{{{}}}", name.to_uppercase())] {
                let error = Template::parse(&wrong).expect_err("no field");
                assert!(FIELDS.iter().all(|(name, _)| error.contains(&format!("{{{name}}}"))), "{error}");
            }
        }
        for wrong in ["{", "{data", "}", "{}", "{{}", "{data}}", "\\", "\\x", "a{b"] {
            assert!(Template::parse(wrong).is_err(), "{wrong}");
        }
    }
}
