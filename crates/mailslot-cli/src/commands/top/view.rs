//! The screen of `top`.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Modifier, Style};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Cell, Paragraph, Row as TableRow, Table};

use super::cells::{BAR, bar, bold, dim, fit, rate, refused, right};
use super::rows::{Column, Row};
use super::state::State;
use super::tap::Tap;
use crate::escape::cell;
use crate::status::known;

/// The most lines about the node and its domains, to leave room for slots.
const NODE: usize = 6;

pub fn draw(frame: &mut Frame<'_>, state: &mut State) {
    let all = state.all();
    let heading = heading(state, &all);
    let rows = state.shown(all);
    let height = |lines: usize| Constraint::Length(u16::try_from(lines).unwrap_or(u16::MAX));
    let tapped = state.tap.as_ref().map_or(0, |_| usize::from(frame.area().height) / 3);
    let areas = Layout::vertical([height(heading.len()), Constraint::Min(2), height(tapped), height(1)]);
    let [top, middle, below, bottom] = areas.areas(frame.area());
    state.select(rows.len(), usize::from(middle.height.saturating_sub(1)));
    frame.render_widget(Paragraph::new(heading), top);
    frame.render_widget(table(state, &rows, middle), middle);
    if let Some(tap) = &state.tap {
        frame.render_widget(Paragraph::new(tapped_lines(tap, below)), below);
    }
    frame.render_widget(Paragraph::new(footer(state)), bottom);
}

/// The last messages of the tapped slot.
fn tapped_lines(tap: &Tap, area: Rect) -> Vec<Line<'static>> {
    let title = Line::from(Span::styled(format!("tap of {}", tap.name()), bold()));
    let lines = tap.last(usize::from(area.height.saturating_sub(1)));
    std::iter::once(title).chain(lines.map(|line| Line::from(fit(line, area.width.into())))).collect()
}

fn heading(state: &State, rows: &[Row]) -> Vec<Line<'static>> {
    let sum = |value: fn(&Row) -> Option<f64>| rows.iter().filter_map(value).sum::<f64>();
    let count = |value: fn(&Row) -> Option<u64>| rows.iter().filter_map(value).sum::<u64>();
    let mut lines = vec![Line::from(vec![
        Span::styled("mailslot top", bold()),
        Span::raw(format!(
            "  {} slots, {} waiting, {} in/s, {} out/s, {} refused",
            rows.len(),
            count(|row| row.waiting),
            rate(Some(sum(|row| row.written))),
            rate(Some(sum(|row| row.read))),
            count(|row| row.refused),
        )),
    ])];
    match state.node() {
        [] => lines.push(Line::from("no network node")),
        node => {
            lines.extend(node.iter().take(NODE).map(|line| Line::from(cell_of_line(line))));
            if node.len() > NODE {
                lines.push(Line::from(format!("and {} domains more: mailslot node status", node.len() - NODE)));
            }
        }
    }
    lines.push(Line::default());
    lines
}

/// A line that may quote others: escaped, of any length.
fn cell_of_line(line: &str) -> String {
    crate::escape::Line(line).to_string()
}

fn table(state: &State, rows: &[Row], area: Rect) -> Table<'static> {
    let columns = columns(area.width);
    let others: u16 = columns.iter().filter(|column| **column != Column::Name).map(|column| width(*column) + 1).sum();
    let name = area.width.saturating_sub(others);
    let cells = |(index, row): (usize, &Row)| {
        // Only the name is reversed: a reversed bar would be misread.
        let look = if index == state.selected { Modifier::REVERSED } else { Modifier::empty() };
        TableRow::new(columns.iter().map(|column| match column {
            Column::Name => content(*column, row, name).style(Style::new().add_modifier(look)),
            column => content(*column, row, name),
        }))
    };
    let shown = rows.iter().enumerate().skip(state.scrolled).take(state.page).map(cells);
    let widths = columns.iter().map(|column| match column {
        Column::Name => Constraint::Length(name),
        column => Constraint::Length(width(*column)),
    });
    let titles = TableRow::new(columns.iter().map(|column| title(state, *column)).collect::<Vec<_>>());
    Table::new(shown, widths.collect::<Vec<_>>()).header(titles).column_spacing(1)
}

/// The columns that fit a table of this width; the most useful ones are kept.
fn columns(width: u16) -> Vec<Column> {
    const USEFUL: [Column; 8] = [
        Column::Name,
        Column::Waiting,
        Column::Written,
        Column::Backlog,
        Column::Read,
        Column::Refused,
        Column::Owner,
        Column::Pid,
    ];
    let mut taken = 0;
    let useful = USEFUL.into_iter().take_while(|column| {
        taken += self::width(*column) + 1;
        // No space follows the last column.
        *column == Column::Name || taken <= width + 1
    });
    let useful: Vec<Column> = useful.collect();
    Column::ALL.into_iter().filter(|column| useful.contains(column)).collect()
}

/// The width of a column in cells; for names, the least width.
fn width(column: Column) -> u16 {
    match column {
        Column::Name => 16,
        Column::Owner => 10,
        Column::Backlog => BAR,
        _ => 8,
    }
}

fn content(column: Column, row: &Row, name: u16) -> Cell<'static> {
    match column {
        Column::Name => Cell::from(fit(&row.name, name.into())),
        Column::Owner => Cell::from(fit(&row.owner, width(Column::Owner).into())),
        Column::Pid => right(known(row.pid)),
        Column::Waiting => right(known(row.waiting)),
        Column::Backlog => bar(row.backlog),
        Column::Written => right(rate(row.written)),
        Column::Read => right(rate(row.read)),
        Column::Refused => refused(row.refused),
    }
}

fn title(state: &State, column: Column) -> Cell<'static> {
    let mark = match (state.sort == column, state.reversed) {
        (false, _) => "",
        (true, false) => "▾",
        (true, true) => "▴",
    };
    let text = format!("{}{mark}", column.title());
    let text = match column {
        Column::Name | Column::Owner | Column::Backlog => text,
        _ => format!("{text:>8}"),
    };
    Cell::from(text).style(if state.sort == column { bold() } else { dim() })
}

fn footer(state: &State) -> Line<'static> {
    if state.typing {
        return Line::from(format!("/{}▏  Enter keeps it, Esc shows all", cell(&state.filter)));
    }
    let filter = if state.filter.is_empty() { String::new() } else { format!(": {}  Esc all", cell(&state.filter)) };
    Line::from(format!("q quit  s sort  r reverse  t tap  space look  ↑↓ select  / filter{filter}")).style(dim())
}

#[cfg(test)]
mod tests {
    use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
    use ratatui::Terminal;
    use ratatui::backend::TestBackend;

    use super::super::rows::tests::{slot, snapshots};
    use super::super::state::Wish;
    use super::*;
    use crate::hostile;

    /// Renders a screen of this size, as lines.
    fn screen(state: &mut State, width: u16, height: u16) -> Vec<String> {
        let mut terminal = Terminal::new(TestBackend::new(width, height)).expect("memory");
        terminal.draw(|frame| draw(frame, state)).expect("memory");
        let buffer = terminal.backend().buffer().clone();
        let line = |y| (0..width).map(|x| buffer[(x, y)].symbol().to_owned()).collect::<String>().trim_end().to_owned();
        (0..height).map(line).collect()
    }

    /// A state after two snapshots of these slots, the first of them without messages.
    fn state(slots: Vec<mailslot::SlotStatus>) -> State {
        let before = slots.iter().map(|slot| self::slot(slot.name.as_str(), slot.info.map(|_| [0; 4]))).collect();
        let mut looks = snapshots(vec![before, slots]).into_iter();
        let mut state = State::new(looks.next().expect("two"));
        state.look(looks.next().expect("two"));
        state
    }

    fn press(state: &mut State, keys: &str) {
        for key in keys.chars() {
            let code = match key {
                '\n' => KeyCode::Enter,
                '\x1b' => KeyCode::Esc,
                key => KeyCode::Char(key),
            };
            assert_eq!(state.press(KeyEvent::new(code, KeyModifiers::NONE)), Wish::Nothing);
        }
    }

    #[test]
    fn eighty_columns_have_room_for_all_of_it() {
        let mut state = state(vec![
            slot("alerts", Some([1500, 1488, 0, 700])),
            slot(r"plant\line1", Some([123_456, 100_000, 12, 40_000])),
            slot("a slot with a name that is longer than its column", None),
        ]);
        let lines = screen(&mut state, 80, 10);
        assert_eq!(
            lines,
            [
                "mailslot top  3 slots, 23468 waiting, 125k in/s, 101k out/s, 12 refused",
                "no network node",
                "",
                "NAME▾                  OWNER       WAITING BACKLOG        IN/S    OUT/S  REFUSED",
                "a slot with a name th… 4000000001        - -                 -        -        -",
                "alerts                 4000000001       12 ▎              1500     1488        0",
                r"plant\line1            4000000001    23456 ██████████     123k     100k       12",
                "",
                "",
                "q quit  s sort  r reverse  t tap  space look  ↑↓ select  / filter",
            ]
        );
        assert!(screen(&mut state, 120, 10)[3].contains("PID"));
    }

    #[test]
    fn any_size_of_terminal_is_drawn_on() {
        let slots: Vec<_> = (0..50).map(|number| slot(&format!("slot {number:02}"), Some([number, 0, 0, 0]))).collect();
        let mut state = state(slots);
        for width in [1, 2, 10, 40, 79, 80, 81, 200] {
            for height in [1, 2, 3, 5, 24, 100] {
                state.selected = usize::MAX;
                let lines = screen(&mut state, width, height);
                assert_eq!(lines.len(), usize::from(height));
                if width >= 40 && height >= 6 {
                    assert!(lines.iter().any(|line| line.starts_with("slot 49 ")), "{lines:?}");
                }
            }
        }
    }

    #[test]
    fn keys_sort_filter_and_scroll() {
        let slots: Vec<_> = (0..50).map(|number| slot(&format!("slot {number:02}"), Some([number, 0, 0, 0]))).collect();
        let mut state = state(slots);
        let first = |state: &mut State| screen(state, 80, 10)[4].split("  ").next().unwrap_or_default().to_owned();
        assert_eq!(first(&mut state), "slot 00");
        press(&mut state, "sss");
        assert_eq!(first(&mut state), "slot 49");
        press(&mut state, "r");
        assert_eq!(first(&mut state), "slot 00");
        press(&mut state, "/T 3q\n");
        assert_eq!(screen(&mut state, 80, 10)[4], "");
        press(&mut state, "\x1b/t 3\n");
        assert_eq!(first(&mut state), "slot 30");
        assert!(screen(&mut state, 80, 10)[9].contains("t 3"));
        // Ten match, five of which are visible.
        for (key, selected, expected) in [
            (KeyCode::Down, "slot 31", "slot 30"),
            (KeyCode::PageDown, "slot 36", "slot 32"),
            (KeyCode::Up, "slot 35", "slot 32"),
            (KeyCode::Home, "slot 30", "slot 30"),
            (KeyCode::End, "slot 39", "slot 35"),
            (KeyCode::Down, "slot 39", "slot 35"),
            (KeyCode::PageUp, "slot 34", "slot 34"),
        ] {
            state.press(KeyEvent::new(key, KeyModifiers::NONE));
            assert_eq!(first(&mut state), expected, "{key:?}");
            assert_eq!(state.shown(state.all())[state.selected].name, selected, "{key:?}");
        }
    }

    #[test]
    fn names_and_filters_stay_in_their_cells() {
        for text in hostile::texts() {
            // Not every text is a name.
            let mut named = slot("x", None);
            if let Ok(name) = text.parse() {
                named.name = name;
            }
            let mut state = state(vec![named]);
            state.filter.clone_from(&text);
            let lines = screen(&mut state, 80, 8);
            assert!(lines.iter().all(|line| !line.chars().any(char::is_control)), "{text:?}: {lines:?}");
        }
    }
}
