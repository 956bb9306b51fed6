//! The texts in the cells of the table.

use ratatui::style::{Color, Modifier, Style};
use ratatui::text::Span;
use ratatui::widgets::Cell;

use crate::status::known;

/// Cells of a bar, each of which has eight parts.
pub const BAR: u16 = 10;

/// A text in `width` cells; one that is too long is cut and ends with `…`.
pub fn fit(text: &str, width: usize) -> String {
    let cells = |text: &str| Span::raw(text).width();
    if cells(text) <= width {
        return text.to_owned();
    }
    let mut start = text.to_owned();
    while !start.is_empty() && cells(&start) >= width {
        start.pop();
    }
    start.push('…');
    start
}

pub fn right(text: String) -> Cell<'static> {
    Cell::from(format!("{text:>8}"))
}

pub fn refused(refused: Option<u64>) -> Cell<'static> {
    let cell = right(known(refused));
    if refused.is_some_and(|refused| refused > 0) { cell.style(colour(Color::Red)) } else { cell }
}

/// A bar that fills this part of its room. Any part above 0 is visible.
pub fn bar(part: Option<f64>) -> Cell<'static> {
    let Some(part) = part else { return Cell::from("-") };
    let eighths = (part * f64::from(8 * BAR)).ceil() as usize;
    let mut text = "█".repeat(eighths / 8);
    text.extend(["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"].get(eighths % 8).copied());
    let colour = match part {
        part if part >= 0.9 => colour(Color::Red),
        part if part >= 0.5 => colour(Color::Yellow),
        _ => colour(Color::Green),
    };
    Cell::from(text).style(colour)
}

/// Messages per second in at most 7 characters.
pub fn rate(rate: Option<f64>) -> String {
    match rate {
        None => "-".to_owned(),
        Some(0.0) => "0".to_owned(),
        Some(rate) if rate < 99.95 => format!("{rate:.1}"),
        Some(rate) if rate < 99_999.5 => format!("{rate:.0}"),
        Some(rate) if rate < 9_999_500.0 => format!("{:.0}k", rate / 1e3),
        Some(rate) if rate < 9_999_500_000.0 => format!("{:.0}M", rate / 1e6),
        Some(rate) => format!("{:.0}G", rate / 1e9),
    }
}

pub fn bold() -> Style {
    Style::new().add_modifier(Modifier::BOLD)
}

pub fn dim() -> Style {
    Style::new().add_modifier(Modifier::DIM)
}

/// A colour, unless the user has declined colours.
pub fn colour(colour: Color) -> Style {
    let declined = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    if declined { Style::new() } else { Style::new().fg(colour) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_too_long_is_cut_by_the_cells_that_it_takes() {
        for (text, width, expected) in [
            ("alerts", 6, "alerts"),
            ("alerts", 5, "aler…"),
            ("alerts", 1, "…"),
            ("漢字漢字", 8, "漢字漢字"),
            ("漢字漢字", 7, "漢字漢…"),
            ("漢字漢字", 6, "漢字…"),
            ("", 0, ""),
        ] {
            assert_eq!(fit(text, width), expected, "{text} {width}");
        }
    }

    #[test]
    fn rates_fit_their_column() {
        for (value, expected) in
            [(0.0, "0"), (0.04, "0.0"), (99.9, "99.9"), (99.96, "100"), (99_999.0, "99999"), (123_456.0, "123k")]
        {
            assert_eq!(rate(Some(value)), expected);
        }
        assert!((-9..14).all(|power| rate(Some(9.99 * 10_f64.powi(power))).len() <= 7));
    }
}
