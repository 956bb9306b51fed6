//! Command lines: one text, split into arguments.
//!
//! # Sources
//!
//! Win32 `CommandLineToArgvW`.

/// The arguments of `line`. The first one, the program, has quotes only; in the others a backslash escapes a quote, and
/// two quotes within quotes are one.
pub(crate) fn split(line: &str) -> Vec<String> {
    let mut rest = line.trim_start_matches(is_space);
    let mut arguments = Vec::new();
    if rest.is_empty() {
        return arguments;
    }
    let (program, behind) = split_program(rest);
    arguments.push(program);
    rest = behind.trim_start_matches(is_space);
    while !rest.is_empty() {
        let (argument, behind) = split_argument(rest);
        arguments.push(argument);
        rest = behind.trim_start_matches(is_space);
    }
    arguments
}

fn split_program(line: &str) -> (String, &str) {
    if let Some(quoted) = line.strip_prefix('"') {
        let (program, rest) = quoted.split_once('"').unwrap_or((quoted, ""));
        return (program.to_owned(), rest);
    }
    let end = line.find(is_space).unwrap_or(line.len());
    let (program, rest) = line.split_at(end);
    (program.to_owned(), rest)
}

fn split_argument(line: &str) -> (String, &str) {
    let mut argument = String::new();
    let mut quoted = false;
    let mut chars = line.char_indices().peekable();
    while let Some((index, c)) = chars.next() {
        match c {
            '\\' => {
                let mut count = 1;
                while chars.next_if(|(_, c)| *c == '\\').is_some() {
                    count += 1;
                }
                if chars.peek().is_some_and(|(_, c)| *c == '"') {
                    argument.extend(std::iter::repeat_n('\\', count / 2));
                    if count % 2 == 1 {
                        argument.push('"');
                        chars.next();
                    }
                } else {
                    argument.extend(std::iter::repeat_n('\\', count));
                }
            }
            '"' if quoted && chars.next_if(|(_, c)| *c == '"').is_some() => argument.push('"'),
            '"' => quoted = !quoted,
            c if is_space(c) && !quoted => return (argument, &line[index..]),
            c => argument.push(c),
        }
    }
    (argument, "")
}

/// Quotes an argument for [`split`].
pub(crate) fn quoted(argument: &str) -> String {
    if !argument.is_empty() && !argument.contains([' ', '\t', '"']) {
        return argument.to_owned();
    }
    let mut quoted = String::from("\"");
    let mut backslashes = 0;
    for c in argument.chars() {
        if c == '"' {
            // Doubles them, and adds one for the quote.
            quoted.extend(std::iter::repeat_n('\\', backslashes + 1));
        }
        backslashes = if c == '\\' { backslashes + 1 } else { 0 };
        quoted.push(c);
    }
    quoted.extend(std::iter::repeat_n('\\', backslashes));
    quoted + "\""
}

fn is_space(c: char) -> bool {
    c == ' ' || c == '\t'
}

#[cfg(test)]
mod tests {
    use super::split;

    #[test]
    fn arguments_are_split_as_windows_does() {
        for (line, expected) in [
            ("", &[][..]),
            ("child", &["child"]),
            (r#""my child" a  b"#, &["my child", "a", "b"]),
            (r#"c:\x\y "a b" c"#, &[r"c:\x\y", "a b", "c"]),
            (r#"p a\\b d"e f"g h"#, &["p", r"a\\b", "de fg", "h"]),
            (r#"p a\\\"b c d"#, &["p", r#"a\"b"#, "c", "d"]),
            (r#"p a\\\\"b c" d e"#, &["p", r"a\\b c", "d", "e"]),
            (r#"p "a""b" """#, &["p", r#"a"b"#, ""]),
            ("p \"open", &["p", "open"]),
        ] {
            assert_eq!(split(line), expected, "{line}");
        }
    }
}
