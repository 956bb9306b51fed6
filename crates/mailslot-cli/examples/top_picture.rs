//! Makes the picture of `mailslot top` in docs/first-steps.md: runs it on a terminal while slots are busy, and draws
//! its screen as SVG.
//!
//! ```text
//! docs/top.sh     # builds the command, runs this, and writes docs/top.svg
//! ```

use std::error::Error;

#[cfg(unix)]
fn main() -> Result<(), Box<dyn Error>> {
    unix::main()
}

#[cfg(not(unix))]
fn main() -> Result<(), Box<dyn Error>> {
    Err("this system has no top".into())
}

#[cfg(unix)]
mod unix {
    use std::error::Error;
    use std::fmt::Write as _;
    use std::fs::File;
    use std::io::{Read, Write};
    use std::num::NonZero;
    use std::process::{Command, Stdio};
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::time::{Duration, Instant};

    use mailslot::{Access, Mailslot, MailslotWriter};
    use rustix::fs::{Mode, OFlags};
    use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
    use rustix::termios::{Winsize, tcsetwinsize};

    const ROWS: u16 = 14;
    const COLUMNS: u16 = 80;
    const BACKGROUND: &str = "#1c1f24";
    /// Seconds before the picture is taken.
    const SECONDS: u64 = 4;

    /// A slot of the picture: its name, its capacity, the messages written each second, their bytes, and the part of
    /// them that is read.
    struct Load(&'static str, u64, u32, usize, u32);

    const LOADS: [Load; 6] = [
        Load("alerts", 64 << 10, 20, 40, 100),
        Load("plant/line1", 64 << 10, 400, 120, 92),
        Load("plant/line2", 64 << 10, 250, 200, 40),
        Load("plant/line3", 256 << 10, 900, 200, 80),
        Load("logs", 16 << 20, 1800, 160, 100),
        Load("Überwachung", 64 << 10, 2, 30, 100),
    ];

    pub fn main() -> Result<(), Box<dyn Error>> {
        let mut arguments = std::env::args_os().skip(1);
        let (Some(command), Some(file)) = (arguments.next(), arguments.next()) else {
            return Err("usage: top_picture MAILSLOT-COMMAND SVG-FILE".into());
        };
        let ended = AtomicBool::new(false);
        let mut slots = Vec::new();
        for load in &LOADS {
            slots.push((load, Mailslot::options().capacity(load.1).access(Access::Owner).create(load.0)?));
        }
        std::thread::scope(|threads| {
            for (load, slot) in &slots {
                threads.spawn(|| work(load, slot, &ended));
            }
            let picture = picture(&command);
            ended.store(true, Ordering::Relaxed);
            Ok(std::fs::write(file, svg(&picture?)?)?)
        })
    }

    /// Writes and reads until `ended`.
    fn work(Load(name, _, rate, size, read): &Load, slot: &Mailslot, ended: &AtomicBool) {
        let Ok(writer) = MailslotWriter::open(*name) else { return };
        let (begun, mut written) = (Instant::now(), 0);
        while !ended.load(Ordering::Relaxed) {
            while f64::from(written) < begun.elapsed().as_secs_f64() * f64::from(*rate) {
                // Refusals by a full slot are part of the picture.
                let _ = writer.write(&vec![b'x'; *size]);
                written += 1;
                if written % 100 < *read {
                    let _ = slot.try_receive();
                }
            }
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    /// The screen of `top` after a while.
    fn picture(command: &std::ffi::OsStr) -> Result<vt100::Parser, Box<dyn Error>> {
        let terminal = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC)?;
        grantpt(&terminal)?;
        unlockpt(&terminal)?;
        tcsetwinsize(&terminal, Winsize { ws_row: ROWS, ws_col: COLUMNS, ws_xpixel: 0, ws_ypixel: 0 })?;
        let name = ptsname(&terminal, Vec::new())?;
        let end = || -> Result<Stdio, Box<dyn Error>> {
            Ok(rustix::fs::open(&name, OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC, Mode::empty())?.into())
        };
        let (stdin, stdout, stderr) = (end()?, end()?, end()?);
        let mut top = Command::new("setsid");
        top.args(["--ctty", "--wait"]).arg(command).args(["top", "--interval", "1s"]).env("TERM", "xterm-256color");
        let mut child = top.stdin(stdin).stdout(stdout).stderr(stderr).spawn()?;
        drop(top);
        let cells = |number| NonZero::new(number).ok_or("a terminal has cells");
        let mut screen = vt100::Parser::new(cells(ROWS)?, cells(COLUMNS)?, 0);
        let mut keys = File::from(terminal);
        // Sorts by waiting messages, the fourth column.
        keys.write_all(b"ssss")?;
        let mut output = keys.try_clone()?;
        let quit = std::thread::spawn(move || {
            std::thread::sleep(Duration::from_secs(SECONDS));
            keys.write_all(b"q")
        });
        let mut last = None;
        let mut some = [0; 4096];
        while let Ok(n @ 1..) = output.read(&mut some) {
            // Keeps the last picture before the terminal is restored.
            if screen.screen().alternate_screen() {
                last = Some(screen.screen().clone());
            }
            screen.process(&some[..n]);
        }
        quit.join().map_err(|_| "the keyboard has failed")??;
        child.wait()?;
        let mut shown = vt100::Parser::new(cells(ROWS)?, cells(COLUMNS)?, 0);
        shown.process(last.ok_or("top has shown nothing")?.contents_formatted().as_bytes());
        Ok(shown)
    }

    const CELL: (f64, f64) = (8.4, 17.0);

    /// The screen as a picture: each run of cells with one style is a text.
    fn svg(screen: &vt100::Parser) -> Result<String, Box<dyn Error>> {
        let screen = screen.screen();
        let (width, height) = (f64::from(COLUMNS) * CELL.0 + 20.0, f64::from(ROWS) * CELL.1 + 20.0);
        let mut svg = String::new();
        writeln!(
            svg,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
             viewBox=\"0 0 {width} {height}\">"
        )?;
        writeln!(svg, r#"<rect width="100%" height="100%" rx="6" fill="{BACKGROUND}"/>"#)?;
        writeln!(
            svg,
            r#"<g font-family="DejaVu Sans Mono, Menlo, Consolas, monospace" font-size="14" xml:space="preserve">"#
        )?;
        for row in 0..ROWS {
            let mut column = 0;
            while column < COLUMNS {
                let Some(first) = screen.cell(row, column) else { break };
                let look_of = |cell: &vt100::Cell| (cell.fgcolor(), cell.bold(), cell.dim(), cell.inverse());
                let look = look_of(first);
                let (start, mut text) = (column, String::new());
                while let Some(cell) = screen.cell(row, column).filter(|cell| look_of(cell) == look) {
                    text.push_str(if cell.has_contents() { cell.contents() } else { " " });
                    column += 1;
                }
                if text.trim().is_empty() && !look.3 {
                    continue;
                }
                let (x, y) = (10.0 + f64::from(start) * CELL.0, 10.0 + f64::from(row) * CELL.1 + 13.0);
                let (weight, length) = (if look.1 { "bold" } else { "normal" }, f64::from(column - start) * CELL.0);
                let mut fill = colour(look.0, look.2);
                if look.3 {
                    let top = y - 13.0;
                    writeln!(
                        svg,
                        r#"<rect x="{x:.1}" y="{top:.1}" width="{length:.1}" height="{:.1}" fill="{fill}"/>"#,
                        CELL.1
                    )?;
                    fill = BACKGROUND;
                }
                let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
                writeln!(
                    svg,
                    "<text x=\"{x:.1}\" y=\"{y:.1}\" textLength=\"{length:.1}\" font-weight=\"{weight}\" \
                     fill=\"{fill}\">{text}</text>"
                )?;
            }
        }
        svg.push_str("</g>\n</svg>\n");
        Ok(svg)
    }

    fn colour(colour: vt100::Color, dim: bool) -> &'static str {
        match colour {
            vt100::Color::Idx(1 | 9) => "#e06c75",
            vt100::Color::Idx(2 | 10) => "#98c379",
            vt100::Color::Idx(3 | 11) => "#e5c07b",
            _ if dim => "#8b929c",
            _ => "#d7dae0",
        }
    }
}
