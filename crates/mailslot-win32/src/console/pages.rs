//! The code pages of the console: the encodings of bytes that are read from a terminal, or written to it by its handle.
//!
//! Terminals use UTF-8, which is also the default here until the program sets another one. stdio's output goes to the
//! terminal unchanged in any case.

use std::sync::atomic::{AtomicU32, Ordering};

use crate::code::Result;
use crate::code_page::CodePage;

const UTF8: u32 = 65001;

/// One of the two code pages.
pub(crate) struct Page(AtomicU32);

pub(crate) static INPUT: Page = Page(AtomicU32::new(UTF8));
pub(crate) static OUTPUT: Page = Page(AtomicU32::new(UTF8));

impl Page {
    pub(crate) fn number(&self) -> u32 {
        self.0.load(Ordering::Relaxed)
    }

    pub(crate) fn set(&self, number: u32) -> Result<()> {
        CodePage::new(number)?;
        self.0.store(number, Ordering::Relaxed);
        Ok(())
    }

    /// The code page, if it is not that of the terminal.
    pub(crate) fn other(&self) -> Option<CodePage> {
        CodePage::new(self.number()).ok().filter(|page| *page != CodePage::Utf8)
    }
}
