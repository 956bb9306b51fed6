//! The terminal's screen: colours, the cursor, cells, the title; by escape sequences that all current terminals know.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::raw::Raw;
use super::{STDIN, console, ending, is_readable, is_terminal};
use crate::abi::{Coord, ScreenBufferInfo, SmallRect};
use crate::code::{Code, Result};
use crate::object::Stream;
use crate::per_process::PerProcess;

/// The attribute for the terminal's default colours.
const USUAL: u16 = 0x7;
const INTENSITY: u16 = 0x8;
const REVERSE: u16 = 0x4000;
const UNDERSCORE: u16 = 0x8000;
/// How long a terminal may take to report its cursor.
const ANSWER_WITHIN_MS: i32 = 2000;

/// The program's changes of the screen.
struct Screen {
    attribute: u16,
    /// The cells that were blanked last: the first one, and their number.
    blank: Option<(Coord, u32)>,
    title: String,
}

static SCREEN: PerProcess<Mutex<Screen>> = PerProcess::new();

impl Default for Screen {
    fn default() -> Screen {
        Screen { attribute: USUAL, blank: None, title: String::new() }
    }
}

fn screen() -> MutexGuard<'static, Screen> {
    SCREEN.get().lock().unwrap_or_else(PoisonError::into_inner)
}

/// Sets the colours of further text, of Windows' 16.
pub(crate) fn set_attribute(terminal: &Stream, attribute: u16) -> Result<()> {
    terminal.show(colours(attribute).as_bytes())?;
    screen().attribute = attribute;
    ending::set_coloured(terminal.descriptor(), attribute != USUAL);
    Ok(())
}

fn colours(attribute: u16) -> String {
    if attribute & !(REVERSE | UNDERSCORE) == USUAL {
        return format!("\x1b[0{}m", decorations(attribute));
    }
    // Windows counts blue, green, red; terminals red, green, blue.
    let colour = |bits: u16, usual: u16, intense: u16| {
        let number = (bits & 1) << 2 | bits & 2 | (bits & 4) >> 2;
        number + if bits & INTENSITY != 0 { intense } else { usual }
    };
    let (text, behind) = (colour(attribute, 30, 90), colour(attribute >> 4, 40, 100));
    format!("\x1b[0;{text};{behind}{}m", decorations(attribute))
}

fn decorations(attribute: u16) -> String {
    let named = [(UNDERSCORE, ";4"), (REVERSE, ";7")];
    named.into_iter().filter(|(bit, _)| attribute & bit != 0).map(|(_, sequence)| sequence).collect()
}

/// The screen is the terminal's window, without lines that have scrolled away.
pub(crate) fn info(terminal: &Stream) -> Result<ScreenBufferInfo> {
    let (columns, rows) = terminal.size()?;
    let cursor = cursor(terminal)?;
    let size = Coord { x: columns, y: rows };
    let window = SmallRect { left: 0, top: 0, right: columns - 1, bottom: rows - 1 };
    let attributes = screen().attribute;
    Ok(ScreenBufferInfo { size, cursor, attributes, window, maximum_window: size })
}

/// Asks the terminal for its cursor.
///
/// # Errors
///
/// `ERROR_NOT_SUPPORTED` if standard input is not a terminal, or the terminal does not answer.
fn cursor(terminal: &Stream) -> Result<Coord> {
    let console = console();
    // In the background, asking would stop the program. SAFETY: both take any number.
    let foreground = unsafe { libc::tcgetpgrp(STDIN) == libc::getpgrp() };
    if !is_terminal(STDIN) || !foreground || is_readable(STDIN) {
        // Typed input would be taken for the answer.
        return Err(Code::NOT_SUPPORTED);
    }
    let _raw = Raw::enter(console.mode).ok_or(Code::NOT_SUPPORTED)?;
    terminal.show(b"\x1b[6n")?;
    let mut answer = Vec::new();
    while answer.last() != Some(&b'R') {
        let mut waiting = libc::pollfd { fd: STDIN, events: libc::POLLIN, revents: 0 };
        let mut byte = 0_u8;
        // SAFETY: one descriptor, as stated, and room for one byte.
        let read = unsafe {
            libc::poll(&raw mut waiting, 1, ANSWER_WITHIN_MS) == 1 && libc::read(STDIN, (&raw mut byte).cast(), 1) == 1
        };
        if !read || answer.len() > 32 {
            return Err(Code::NOT_SUPPORTED);
        }
        answer.push(byte);
    }
    position(&answer).ok_or(Code::NOT_SUPPORTED)
}

/// `ESC [ row ; column R`, both counted from 1.
fn position(answer: &[u8]) -> Option<Coord> {
    let answer = core::str::from_utf8(answer).ok()?.strip_suffix('R')?;
    let (row, column) = answer.rsplit_once("\x1b[")?.1.split_once(';')?;
    let (x, y): (i16, i16) = (column.parse().ok()?, row.parse().ok()?);
    Some(Coord { x: x.checked_sub(1)?, y: y.checked_sub(1)? })
}

/// # Errors
///
/// `ERROR_INVALID_PARAMETER` for a place outside the screen.
pub(crate) fn move_cursor(terminal: &Stream, to: Coord) -> Result<()> {
    cells_from(terminal, to)?;
    terminal.show(place(to).as_bytes())
}

/// Writes `character` into cells, row after row, without moving the cursor. Returns how many there were before the end
/// of the screen. They get the colours of text.
pub(crate) fn fill(terminal: &Stream, character: char, count: u32, from: Coord) -> Result<u32> {
    let count = count.min(cells_from(terminal, from)?);
    let mut state = screen();
    let character = if character.is_control() { ' ' } else { character };
    show_cells(terminal, character, count, from)?;
    state.blank = (character == ' ').then_some((from, count));
    Ok(count)
}

/// Gives cells other colours. A terminal does not report their contents, so they must be those that were just blanked.
///
/// # Errors
///
/// `ERROR_NOT_SUPPORTED` for other cells.
pub(crate) fn fill_attribute(terminal: &Stream, attribute: u16, count: u32, from: Coord) -> Result<u32> {
    let count = count.min(cells_from(terminal, from)?);
    let state = screen();
    if state.blank != Some((from, count)) {
        return Err(Code::NOT_SUPPORTED);
    }
    terminal.show(colours(attribute).as_bytes())?;
    show_cells(terminal, ' ', count, from)?;
    terminal.show(colours(state.attribute).as_bytes())?;
    Ok(count)
}

fn show_cells(terminal: &Stream, character: char, count: u32, from: Coord) -> Result<()> {
    let columns = u32::from(terminal.size()?.0 as u16);
    let mut text = String::from("\x1b7");
    let (mut left, mut row, mut column) = (count, from.y, from.x as u32);
    while left > 0 {
        let run = left.min(columns - column);
        text.push_str(&place(Coord { x: column as i16, y: row }));
        text.extend(core::iter::repeat_n(character, run as usize));
        (left, row, column) = (left - run, row + 1, 0);
    }
    text.push_str("\x1b8");
    terminal.show(text.as_bytes())
}

/// Cells from a place to the end of the screen.
fn cells_from(terminal: &Stream, from: Coord) -> Result<u32> {
    let (columns, rows) = terminal.size()?;
    if !(0..columns).contains(&from.x) || !(0..rows).contains(&from.y) {
        return Err(Code::INVALID_PARAMETER);
    }
    let (columns, rows) = (columns as u32, rows as u32);
    Ok((rows - from.y as u32) * columns - from.x as u32)
}

fn place(at: Coord) -> String {
    format!("\x1b[{};{}H", i32::from(at.y) + 1, i32::from(at.x) + 1)
}

/// Keeps a title, and shows it until the end of the program if standard output or error is a terminal.
pub(crate) fn set_title(title: String) -> Result<()> {
    let shown: String = title.chars().filter(|character| !character.is_control()).collect();
    if let Some(terminal) = Stream::of_terminal() {
        let keep = if ending::set_titled(terminal.descriptor()) { "\x1b[22;0t" } else { "" };
        terminal.show(format!("{keep}\x1b]0;{shown}\x07").as_bytes())?;
    }
    screen().title = title;
    Ok(())
}

pub(crate) fn title() -> String {
    screen().title.clone()
}
