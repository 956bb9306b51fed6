//! Curves and bars as SVG.

use std::fmt::Write;

use crate::report::{Curve, short};

const WIDTH: f64 = 860.0;
const HEIGHT: f64 = 480.0;
const LEFT: f64 = 76.0;
const RIGHT: f64 = 220.0;
const TOP: f64 = 48.0;
const BOTTOM: f64 = 56.0;
/// Colours that colour-blind readers can distinguish (Okabe and Ito).
const COLOURS: [&str; 8] = ["#d55e00", "#0072b2", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#555555", "#b8a600"];

/// A plot with logarithmic axes. Points at 0 are drawn at the left edge, under their own mark.
pub(crate) fn curve(curve: &Curve) -> String {
    let points = || curve.series.iter().flat_map(|(_, points)| points);
    let has_zero = points().any(|&(x, _)| x == 0.0);
    let x_axis = Axis::around(points().map(|&(x, _)| x), LEFT, WIDTH - RIGHT, has_zero);
    let y_axis = Axis::around(points().map(|&(_, y)| y), HEIGHT - BOTTOM, TOP, false);

    let mut svg = begin(WIDTH, HEIGHT, curve.title);
    let text = &mut svg;
    label(text, LEFT, 26.0, "start", "16", "bold", curve.title);
    label(text, (LEFT + WIDTH - RIGHT) / 2.0, HEIGHT - 14.0, "middle", "13", "normal", curve.x);
    let middle = (TOP + HEIGHT - BOTTOM) / 2.0;
    // Writing to a string cannot fail, here and below.
    let _ = writeln!(
        text,
        "<text x=\"18\" y=\"{middle}\" text-anchor=\"middle\" font-size=\"13\" \
         transform=\"rotate(-90 18 {middle})\">{}</text>",
        escaped(curve.y)
    );
    for tick in x_axis.ticks() {
        let x = x_axis.place(tick);
        line(text, (x, TOP), (x, HEIGHT - BOTTOM), "#dddddd");
        label(text, x, HEIGHT - BOTTOM + 18.0, "middle", "12", "normal", &short(tick));
    }
    for tick in y_axis.ticks() {
        let y = y_axis.place(tick);
        line(text, (LEFT, y), (WIDTH - RIGHT, y), "#dddddd");
        label(text, LEFT - 8.0, y + 4.0, "end", "12", "normal", &short(tick));
    }
    line(text, (LEFT, TOP), (LEFT, HEIGHT - BOTTOM), "#333333");
    line(text, (LEFT, HEIGHT - BOTTOM), (WIDTH - RIGHT, HEIGHT - BOTTOM), "#333333");

    for (index, (name, points)) in curve.series.iter().enumerate() {
        let colour = COLOURS[index % COLOURS.len()];
        let places: Vec<(f64, f64)> = points.iter().map(|&(x, y)| (x_axis.place(x), y_axis.place(y))).collect();
        let path: Vec<String> = places.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
        let _ = writeln!(
            text,
            "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\"/>",
            path.join(" ")
        );
        for (x, y) in places {
            let _ = writeln!(text, "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3.5\" fill=\"{colour}\"/>");
        }
        let y = TOP + 12.0 + 22.0 * index as f64;
        let _ = writeln!(
            text,
            "<rect x=\"{}\" y=\"{}\" width=\"18\" height=\"4\" fill=\"{colour}\"/>",
            WIDTH - RIGHT + 16.0,
            y - 6.0
        );
        label(text, WIDTH - RIGHT + 40.0, y, "start", "13", "normal", name);
    }
    svg.push_str("</svg>\n");
    svg
}

/// A group of horizontal bars.
pub(crate) struct Bars {
    pub(crate) title: String,
    pub(crate) unit: &'static str,
    pub(crate) bars: Vec<(String, f64)>,
}

/// Groups of bars, one above the other, each with its own linear scale from zero.
pub(crate) fn bars(title: &str, groups: &[Bars]) -> String {
    const ROW: f64 = 26.0;
    const NAMES: f64 = 170.0;
    const VALUES: f64 = 130.0;
    let rows: usize = groups.iter().map(|group| group.bars.len()).sum();
    let height = TOP + rows as f64 * ROW + groups.len() as f64 * 48.0;
    let mut svg = begin(WIDTH, height, title);
    label(&mut svg, 16.0, 26.0, "start", "16", "bold", title);
    let mut y = TOP;
    for group in groups {
        label(&mut svg, 16.0, y + 16.0, "start", "14", "bold", &group.title);
        y += 28.0;
        let greatest = group.bars.iter().map(|&(_, value)| value).fold(f64::MIN_POSITIVE, f64::max);
        for (name, value) in &group.bars {
            let colour = if name.starts_with("mailslot") { COLOURS[0] } else { COLOURS[1] };
            let width = (value / greatest * (WIDTH - NAMES - VALUES)).max(1.0);
            label(&mut svg, NAMES - 8.0, y + 16.0, "end", "13", "normal", name);
            let _ = writeln!(
                svg,
                "<rect x=\"{NAMES}\" y=\"{}\" width=\"{width:.1}\" height=\"{}\" fill=\"{colour}\"/>",
                y + 3.0,
                ROW - 6.0
            );
            let text = format!("{} {}", short(*value), group.unit);
            label(&mut svg, NAMES + width + 8.0, y + 16.0, "start", "13", "normal", &text);
            y += ROW;
        }
        y += 20.0;
    }
    svg.push_str("</svg>\n");
    svg
}

/// A logarithmic axis over whole decades, or parts of one, of the values on it.
struct Axis {
    /// Logarithms of the ends.
    low: f64,
    high: f64,
    /// Positions of the ends.
    from: f64,
    to: f64,
    /// Whether there is a position for 0 before the axis begins.
    zero: bool,
}

impl Axis {
    fn around(values: impl Iterator<Item = f64>, from: f64, to: f64, zero: bool) -> Axis {
        let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
        for value in values.filter(|&value| value > 0.0) {
            low = low.min(value.log10());
            high = high.max(value.log10());
        }
        if low > high {
            (low, high) = (0.0, 1.0);
        }
        let (low, high) = (low.floor(), high.ceil());
        Axis { low, high: high.max(low + 1.0), from, to, zero }
    }

    fn place(&self, value: f64) -> f64 {
        let gap = if self.zero { 0.06 * (self.to - self.from) } else { 0.0 };
        if value <= 0.0 {
            return self.from;
        }
        self.from + gap + (value.log10() - self.low) / (self.high - self.low) * (self.to - self.from - gap)
    }

    /// Each decade, and 2 and 5 between them if there is space.
    fn ticks(&self) -> Vec<f64> {
        let (first, last) = (self.low as i32, self.high as i32);
        let steps: &[f64] = if last - first <= 3 { &[1.0, 2.0, 5.0] } else { &[1.0] };
        let mut ticks: Vec<f64> = if self.zero { vec![0.0] } else { Vec::new() };
        for decade in first..=last {
            ticks.extend(steps.iter().map(|step| step * 10f64.powi(decade)).filter(|tick| tick.log10() <= self.high));
        }
        ticks
    }
}

fn begin(width: f64, height: f64, title: &str) -> String {
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" \
         height=\"{height}\" font-family=\"sans-serif\" role=\"img\">\n<title>{}</title>\n\
         <rect width=\"{width}\" height=\"{height}\" fill=\"white\"/>\n",
        escaped(title)
    )
}

fn label(svg: &mut String, x: f64, y: f64, anchor: &str, size: &str, weight: &str, text: &str) {
    let _ = writeln!(
        svg,
        "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\" font-size=\"{size}\" \
         font-weight=\"{weight}\">{}</text>",
        escaped(text)
    );
}

fn line(svg: &mut String, from: (f64, f64), to: (f64, f64), colour: &str) {
    let _ = writeln!(
        svg,
        "<line x1=\"{:.1}\" y1=\"{:.1}\" x2=\"{:.1}\" y2=\"{:.1}\" stroke=\"{colour}\"/>",
        from.0, from.1, to.0, to.1
    );
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn axes_cover_their_values() {
        let axis = Axis::around([3.0, 4000.0].into_iter(), 0.0, 100.0, false);
        assert_eq!((axis.place(1.0), axis.place(10_000.0)), (0.0, 100.0));
        assert_eq!(axis.ticks(), [1.0, 10.0, 100.0, 1000.0, 10_000.0]);
    }
}
