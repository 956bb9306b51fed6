//! Tables: aligned columns that fit the terminal, with cells in any script.

use comfy_table::presets::NOTHING;
use comfy_table::{CellAlignment, ColumnConstraint, ContentArrangement};

use crate::output;

/// The alignment of a column's cells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Align {
    /// For text. On a terminal that is too narrow, it continues in the next line.
    Left,
    /// For numbers, which are never broken.
    Right,
}

/// Rows of cells. Pass text that another user or machine has chosen through [`cell`](crate::escape::cell) first.
pub struct Table {
    rows: comfy_table::Table,
    align: Vec<Align>,
}

impl Table {
    /// A table without a head.
    pub fn new(align: impl IntoIterator<Item = Align>) -> Table {
        let mut rows = comfy_table::Table::new();
        rows.load_style(NOTHING);
        Table { rows, align: align.into_iter().collect() }
    }

    /// A table whose first line has these names.
    pub fn with_head<'a>(columns: impl IntoIterator<Item = (&'a str, Align)>) -> Table {
        let (names, align): (Vec<_>, Vec<_>) = columns.into_iter().unzip();
        let mut table = Table::new(align);
        table.row(names.into_iter().map(str::to_owned));
        table
    }

    pub fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows.add_row(cells.into_iter().collect::<Vec<_>>());
    }

    /// The lines: as wide as the terminal, or as needed if there is none.
    pub fn lines(self) -> Vec<String> {
        self.lines_within(output::terminal_width())
    }

    fn lines_within(mut self, width: Option<u16>) -> Vec<String> {
        if let Some(width) = width {
            self.rows.set_content_arrangement(ContentArrangement::Dynamic).set_width(width);
        }
        for (column, align) in self.rows.column_iter_mut().zip(self.align) {
            // Two spaces between columns.
            column.set_padding((0, 2));
            if align == Align::Right {
                column.set_cell_alignment(CellAlignment::Right);
                column.set_constraint(ColumnConstraint::ContentWidth);
            }
        }
        self.rows.lines().map(|line| line.trim_end().to_owned()).collect()
    }
}

#[cfg(test)]
mod tests {
    use unicode_width::UnicodeWidthStr;

    use super::*;

    const COLUMNS: [(&str, Align); 3] = [("NAME", Align::Left), ("COUNT", Align::Right), ("OWNER", Align::Left)];

    fn table(names: &[&str], width: Option<u16>) -> Vec<String> {
        let mut table = Table::with_head(COLUMNS);
        for (count, name) in names.iter().enumerate() {
            table.row([(*name).to_owned(), (count * 1000).to_string(), "root".to_owned()]);
        }
        table.lines_within(width)
    }

    #[test]
    fn columns_stand_below_each_other_in_every_script() {
        let names = ["alerts", "Kühlung", "警報", "e\u{301}tat", "🚨", ""];
        let lines = table(&names, None);
        assert_eq!(lines[0], "NAME     COUNT  OWNER");
        assert_eq!(lines[1], "alerts       0  root");
        for line in &lines[1..] {
            assert!(line.ends_with("root"), "{line}");
            assert_eq!(line.width(), lines[1].width(), "{line}");
        }
    }

    #[test]
    fn a_narrow_terminal_breaks_text_and_no_number() {
        let name = "plant/line1/boiler3/pressure/".repeat(3);
        for width in 30..100 {
            let lines = table(&[name.as_str(); 3], Some(width));
            assert!(lines.iter().all(|line| line.width() <= usize::from(width)), "{width}: {lines:?}");
            for count in [" 1000 ", " 2000 "] {
                assert!(lines.iter().any(|line| line.contains(count)), "{width}: {lines:?}");
            }
        }
        assert_eq!(table(&[&name], None).len(), 2, "no column is too narrow, so no cell is broken");
    }
}
