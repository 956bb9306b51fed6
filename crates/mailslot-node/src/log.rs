//! What the node says while it works: lines of `key=value`.

use std::fmt::{Display, Write};
use std::time::{SystemTime, UNIX_EPOCH};

/// Makes lines and hands them on.
pub(crate) struct Log {
    out: Box<dyn FnMut(&str) + Send>,
}

/// One `key=value`.
pub(crate) fn field(key: &'static str, value: impl Display) -> (&'static str, String) {
    (key, value.to_string())
}

impl Log {
    pub(crate) fn new(out: impl FnMut(&str) + Send + 'static) -> Log {
        Log { out: Box::new(out) }
    }

    /// Logs that `event` has happened. Values are quoted where they could be misread.
    pub(crate) fn line(&mut self, event: &'static str, fields: &[(&'static str, String)]) {
        let time = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let mut line = format!("time={}.{:03} event={event}", time.as_secs(), time.subsec_millis());
        for (key, value) in fields {
            let plain = !value.is_empty() && value.chars().all(|c| c.is_ascii_graphic() && !"\"=\\".contains(c));
            // Writing to a String cannot fail.
            let _ = if plain { write!(line, " {key}={value}") } else { write!(line, " {key}={value:?}") };
        }
        (self.out)(&line);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_from_the_network_cannot_make_lines_or_fields() {
        let (sender, lines) = std::sync::mpsc::channel();
        let mut log = Log::new(move |line: &str| sender.send(line.to_owned()).expect("the test listens"));
        log.line("test", &[field("a", "SRV1<00>"), field("b", "x\n y=\"z\"")]);
        let lines: Vec<String> = lines.try_iter().collect();
        assert_eq!(lines.len(), 1);
        assert!(lines[0].ends_with(r#" event=test a=SRV1<00> b="x\n y=\"z\"""#), "{lines:?}");
    }
}
