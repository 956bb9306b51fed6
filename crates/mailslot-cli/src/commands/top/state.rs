//! The view that the user has chosen.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::rows::{Column, Row, rows, sort};
use super::snapshot::Snapshot;
use super::tap::Tap;

pub struct State {
    before: Option<Snapshot>,
    now: Snapshot,
    pub sort: Column,
    pub reversed: bool,
    pub filter: String,
    /// Whether keys are typed into the filter.
    pub typing: bool,
    /// The number of rows above the first visible one.
    pub scrolled: usize,
    /// The index of the selected row, among all rows that match the filter.
    pub selected: usize,
    /// The tap of a slot, while it is shown.
    pub tap: Option<Tap>,
    /// The number of visible rows in the last picture.
    pub page: usize,
}

/// The action that a key asks for, beyond changing the view.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    Nothing,
    Look,
    Quit,
    /// Ctrl-C.
    Interrupt,
    /// Ctrl-Z.
    Stop,
}

impl State {
    pub fn new(now: Snapshot) -> State {
        State {
            before: None,
            now,
            sort: Column::Name,
            reversed: false,
            filter: String::new(),
            typing: false,
            scrolled: 0,
            selected: 0,
            tap: None,
            page: 1,
        }
    }

    /// Replaces the snapshot.
    pub fn look(&mut self, now: Snapshot) {
        self.before = Some(std::mem::replace(&mut self.now, now));
    }

    /// Lines about the network node.
    pub fn node(&self) -> &[String] {
        &self.now.node
    }

    /// All slots, in no order.
    pub fn all(&self) -> Vec<Row> {
        rows(self.before.as_ref(), &self.now)
    }

    /// The rows that match the filter, in the chosen order.
    pub fn shown(&self, mut rows: Vec<Row>) -> Vec<Row> {
        let filter = self.filter.to_lowercase();
        rows.retain(|row| row.name.to_lowercase().contains(&filter));
        sort(&mut rows, self.sort, self.reversed);
        rows
    }

    pub fn press(&mut self, key: KeyEvent) -> Wish {
        if key.modifiers.contains(KeyModifiers::CONTROL) {
            return match key.code {
                KeyCode::Char('c') => Wish::Interrupt,
                KeyCode::Char('z') => Wish::Stop,
                _ => Wish::Nothing,
            };
        }
        if self.typing {
            self.type_filter(key.code);
            return Wish::Nothing;
        }
        match key.code {
            KeyCode::Char('q') => return Wish::Quit,
            KeyCode::Char(' ') => return Wish::Look,
            KeyCode::Char('s') => self.sort = self.sort.next(),
            KeyCode::Char('r') => self.reversed = !self.reversed,
            KeyCode::Char('/') => self.typing = true,
            KeyCode::Char('t') => self.tap = if self.tap.is_some() { None } else { self.tap_selected() },
            KeyCode::Esc if self.tap.is_some() => self.tap = None,
            KeyCode::Esc => self.filter.clear(),
            KeyCode::Up => self.selected = self.selected.saturating_sub(1),
            KeyCode::PageUp => self.selected = self.selected.saturating_sub(self.page),
            KeyCode::Home => self.selected = 0,
            // `select` limits it to the last row.
            KeyCode::Down => self.selected = self.selected.saturating_add(1),
            KeyCode::PageDown => self.selected = self.selected.saturating_add(self.page),
            KeyCode::End => self.selected = usize::MAX,
            _ => {}
        }
        Wish::Nothing
    }

    /// Scrolls so that the selected one of `rows` rows is among the `page` visible ones.
    pub fn select(&mut self, rows: usize, page: usize) {
        self.page = page.max(1);
        self.selected = self.selected.min(rows.saturating_sub(1));
        let first = self.selected.saturating_sub(self.page - 1);
        self.scrolled = self.scrolled.clamp(first, self.selected).min(rows.saturating_sub(self.page));
    }

    fn tap_selected(&self) -> Option<Tap> {
        let rows = self.shown(self.all());
        rows.get(self.selected.min(rows.len().saturating_sub(1))).map(|row| Tap::open(&row.slot))
    }

    fn type_filter(&mut self, code: KeyCode) {
        match code {
            KeyCode::Char(c) => self.filter.push(c),
            KeyCode::Backspace => drop(self.filter.pop()),
            KeyCode::Enter => self.typing = false,
            KeyCode::Esc => {
                self.typing = false;
                self.filter.clear();
            }
            _ => {}
        }
    }
}
