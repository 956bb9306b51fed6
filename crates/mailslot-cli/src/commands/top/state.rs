//! What the user has chosen to see.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::rows::{Column, Row, rows, sort};
use super::snapshot::Snapshot;

pub struct State {
    before: Option<Snapshot>,
    now: Snapshot,
    pub sort: Column,
    pub reversed: bool,
    pub filter: String,
    /// Whether keys are the filter's text.
    pub typing: bool,
    /// Rows above the first one that is shown.
    pub scrolled: usize,
    /// Rows that are shown at once, as the last picture had room for them.
    pub page: usize,
}

/// What a key asks for beyond what is shown.
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
            page: 1,
        }
    }

    /// Takes what is known now.
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

    /// Those that the user wants to see, in the order that he wants.
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
            KeyCode::Esc => self.filter.clear(),
            KeyCode::Up => self.scrolled = self.scrolled.saturating_sub(1),
            KeyCode::PageUp => self.scrolled = self.scrolled.saturating_sub(self.page),
            KeyCode::Home => self.scrolled = 0,
            // The view knows how many rows there are, and goes no further than that.
            KeyCode::Down => self.scrolled = self.scrolled.saturating_add(1),
            KeyCode::PageDown => self.scrolled = self.scrolled.saturating_add(self.page),
            KeyCode::End => self.scrolled = usize::MAX,
            _ => {}
        }
        Wish::Nothing
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
