//! [`LatencyPlot`]: latency distributions as an SVG. The horizontal axis is the percentile on a logarithmic scale, so that
//! each further nine gets the same room; the vertical axis is the latency, logarithmic too. Pure text; no I/O.

use hdrhistogram::Histogram;

use crate::output::{duration_text, number_text};

const WIDTH: f64 = 900.0;
/// Of the part with the curves.
const BODY: f64 = 348.0;
const LEFT: f64 = 84.0;
const RIGHT: f64 = 36.0;
const BOTTOM: f64 = 64.0;
/// Above the legend, and of each of its lines.
const HEAD: f64 = 86.0;
const LEGEND_LINE: f64 = 20.0;

/// One colour for each curve, then again from the first; told apart also by those who see no red or green.
const COLORS: [&str; 8] =
    ["#2563eb", "#ea580c", "#0d9488", "#9333ea", "#ca8a04", "#db2777", "#0891b2", "#6b7280"];

/// Percentiles that are marked on each curve, with their names.
const MARKED: [(f64, &str); 3] = [(0.5, "p50"), (0.99, "p99"), (0.999, "p99.9")];

/// Points of a curve for each halving of the distance to 100 percent.
const TICKS_PER_HALF: u32 = 8;

const STYLE: &str = "\
    svg { font: 13px system-ui, 'Segoe UI', Helvetica, Arial, sans-serif; }
    .paper { fill: #ffffff; }
    .title { font-size: 19px; font-weight: 600; fill: #111827; }
    .note, .tick { fill: #6b7280; }
    .tick { font-size: 12px; }
    .name { font-weight: 600; }
    .grid { stroke: #e5e7eb; stroke-width: 1; }
    .fine { stroke: #f3f4f6; stroke-width: 1; }
    .axis { stroke: #9ca3af; stroke-width: 1; }
    .curve { fill: none; stroke-width: 2.5; stroke-linejoin: round; stroke-linecap: round; }
    .dot { stroke: #ffffff; stroke-width: 2; }
    @media (prefers-color-scheme: dark) {
      .paper { fill: #111827; }
      .title { fill: #f9fafb; }
      .note, .tick { fill: #9ca3af; }
      .grid { stroke: #374151; }
      .fine { stroke: #1f2937; }
      .axis { stroke: #6b7280; }
      .dot { stroke: #111827; }
    }
";

/// One distribution, in nanoseconds.
pub(crate) struct Curve<'a> {
    /// Its name.
    pub(crate) name: &'a str,
    /// The latencies.
    pub(crate) nanos: &'a Histogram<u64>,
}

/// What is drawn.
pub(crate) struct LatencyPlot<'a> {
    /// One line in large letters.
    pub(crate) title: &'a str,
    /// One line below it.
    pub(crate) note: &'a str,
    /// One line of the legend each.
    pub(crate) curves: &'a [Curve<'a>],
}

impl LatencyPlot<'_> {
    /// The whole file.
    pub(crate) fn svg(&self) -> String {
        let axes = Axes::around(self.curves);
        let height = axes.bottom() + BOTTOM;
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" role=\"img\">\n\
             <title>{}</title>\n<style>\n{STYLE}</style>\n\
             <rect class=\"paper\" width=\"{WIDTH}\" height=\"{height}\"/>\n",
            escape(self.title)
        );
        push_text(&mut svg, (LEFT, 36.0), "title", "start", self.title);
        push_text(&mut svg, (LEFT, 58.0), "note", "start", self.note);
        axes.draw(&mut svg);
        for (curve, color) in self.curves.iter().zip(COLORS.into_iter().cycle()) {
            axes.draw_curve(&mut svg, curve, color);
        }
        for (slot, (curve, color)) in self.curves.iter().zip(COLORS.into_iter().cycle()).enumerate() {
            draw_legend(&mut svg, slot, curve, color);
        }
        svg.push_str("</svg>\n");
        svg
    }
}

/// Where percentiles and latencies are on the paper.
struct Axes {
    /// How many nines there is room for.
    nines: f64,
    /// Powers of ten of nanoseconds at the bottom and at the top.
    low: i32,
    high: i32,
    /// Of the part with the curves.
    top: f64,
}

impl Axes {
    /// Axes on which all curves fit, ending on whole decades.
    fn around(curves: &[Curve<'_>]) -> Axes {
        let filled = || curves.iter().map(|curve| curve.nanos).filter(|nanos| !nanos.is_empty());
        let count = filled().map(Histogram::len).max().unwrap_or(0).max(1000);
        let smallest = filled().map(Histogram::min).min().unwrap_or(1_000).max(1);
        let largest = filled().map(Histogram::max).max().unwrap_or(1_000_000).max(1);
        let low = decade_below(smallest);
        let top = HEAD + LEGEND_LINE * as_float(curves.len() as u64);
        Axes {
            nines: as_float(count).log10().min(9.0),
            low,
            high: (decade_below(largest) + 1).max(low + 1),
            top,
        }
    }

    /// Place of a quantile between 0 and 1. The largest value of all, at quantile 1, is at the right end.
    fn x(&self, quantile: f64) -> f64 {
        let nines = -(1.0 - quantile).max(f64::MIN_POSITIVE).log10();
        LEFT + (nines / self.nines).clamp(0.0, 1.0) * (WIDTH - LEFT - RIGHT)
    }

    fn y(&self, nanos: f64) -> f64 {
        let low = f64::from(self.low);
        let part = (nanos.max(1.0).log10() - low) / (f64::from(self.high) - low);
        self.bottom() - part.clamp(0.0, 1.0) * BODY
    }

    fn bottom(&self) -> f64 {
        self.top + BODY
    }

    fn draw(&self, svg: &mut String) {
        let (right, bottom) = (WIDTH - RIGHT, self.bottom());
        for decade in self.low..=self.high {
            let value = 10_f64.powi(decade);
            let y = self.y(value);
            push_line(svg, "grid", (LEFT, y), (right, y));
            push_text(
                svg,
                (LEFT - 10.0, y + 4.0),
                "tick",
                "end",
                &duration_text(10_u64.pow(decade.unsigned_abs())),
            );
            if decade < self.high {
                for part in [2.0, 5.0] {
                    push_line(svg, "fine", (LEFT, self.y(value * part)), (right, self.y(value * part)));
                }
            }
        }
        for (quantile, name) in quantile_ticks(self.nines) {
            let x = self.x(quantile);
            push_line(svg, "grid", (x, self.top), (x, bottom));
            push_text(svg, (x, bottom + 20.0), "tick", "middle", &name);
        }
        push_line(svg, "axis", (LEFT, bottom), (right, bottom));
        push_text(
            svg,
            (f64::midpoint(LEFT, right), bottom + BOTTOM - 18.0),
            "note",
            "middle",
            "percentile of records",
        );
    }

    fn draw_curve(&self, svg: &mut String, curve: &Curve<'_>, color: &str) {
        if curve.nanos.is_empty() {
            return;
        }
        let mut points = format!("{:.1},{:.1}", self.x(0.0), self.y(as_float(curve.nanos.min())));
        for step in curve.nanos.iter_quantiles(TICKS_PER_HALF) {
            let (x, y) = (self.x(step.quantile_iterated_to()), self.y(as_float(step.value_iterated_to())));
            points.push_str(&format!(" {x:.1},{y:.1}"));
        }
        svg.push_str(&format!("<polyline class=\"curve\" stroke=\"{color}\" points=\"{points}\"/>\n"));
        for (quantile, name) in MARKED {
            let nanos = curve.nanos.value_at_quantile(quantile);
            let (x, y) = (self.x(quantile), self.y(as_float(nanos)));
            let hint = format!("{} {name}: {}", escape(curve.name), duration_text(nanos));
            svg.push_str(&format!(
                "<circle class=\"dot\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"5\" fill=\"{color}\"><title>{hint}</title></circle>\n"
            ));
        }
    }
}

/// A line of the legend, above the plot: name, the marked percentiles and the count.
fn draw_legend(svg: &mut String, slot: usize, curve: &Curve<'_>, color: &str) {
    let y = HEAD + LEGEND_LINE * as_float(slot as u64);
    svg.push_str(&format!(
        "<rect x=\"{:.1}\" y=\"{:.1}\" width=\"22\" height=\"4\" rx=\"2\" fill=\"{color}\"/>\n",
        LEFT,
        y - 6.0
    ));
    push_text(svg, (LEFT + 32.0, y), "note name", "start", curve.name);
    let values = match curve.nanos.is_empty() {
        true => "no records".to_owned(),
        false => {
            let value = |(quantile, name)| {
                format!("{name} {}", duration_text(curve.nanos.value_at_quantile(quantile)))
            };
            let marked: Vec<String> = MARKED.into_iter().map(value).collect();
            format!("{}  ({} records)", marked.join("   "), number_text(curve.nanos.len()))
        }
    };
    push_text(svg, (WIDTH - RIGHT, y), "note", "end", &values);
}

/// Quantiles with a name on the axis: 0, 50 percent, and one for each further nine.
fn quantile_ticks(nines: f64) -> Vec<(f64, String)> {
    let mut ticks = vec![(0.0, "0%".to_owned()), (0.5, "50%".to_owned()), (0.9, "90%".to_owned())];
    let mut name = "99".to_owned();
    let mut count = 2.0;
    while count <= nines + 0.01 {
        ticks.push((1.0 - 10_f64.powf(-count), format!("{name}%")));
        name.push_str(if name.len() == 2 { ".9" } else { "9" });
        count += 1.0;
    }
    ticks
}

/// The power of ten at or below `value`, which is not zero.
fn decade_below(value: u64) -> i32 {
    i32::try_from(value.max(1).ilog10()).unwrap_or(0)
}

/// Near enough for a place on paper.
fn as_float(value: u64) -> f64 {
    value as f64
}

fn push_line(svg: &mut String, class: &str, (x1, y1): (f64, f64), (x2, y2): (f64, f64)) {
    svg.push_str(&format!(
        "<line class=\"{class}\" x1=\"{x1:.1}\" y1=\"{y1:.1}\" x2=\"{x2:.1}\" y2=\"{y2:.1}\"/>\n"
    ));
}

fn push_text(svg: &mut String, (x, y): (f64, f64), class: &str, anchor: &str, text: &str) {
    let text = escape(text);
    svg.push_str(&format!(
        "<text class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\" xml:space=\"preserve\">{text}</text>\n"
    ));
}

/// Text that means itself in XML. Control characters, which XML has no way to write, become spaces.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            control if control.is_control() => escaped.push(' '),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    fn histogram(values: impl IntoIterator<Item = u64>) -> Histogram<u64> {
        let mut nanos = Histogram::new(3).unwrap();
        for value in values {
            nanos.record(value).unwrap();
        }
        nanos
    }

    fn plot(curves: &[Curve<'_>]) -> String {
        LatencyPlot { title: "a <b> & \"c\"\u{7}", note: "", curves }.svg()
    }

    #[test]
    fn everything_is_on_the_paper_and_every_element_is_closed() {
        let wide = histogram((1..100_000).map(|n| n * 1000));
        let narrow = histogram([0, 0, 0]);
        let svg = plot(&[Curve { name: "wide", nanos: &wide }, Curve { name: "narrow", nanos: &narrow }]);
        assert!(svg.contains("<title>a &lt;b&gt; &amp; &quot;c&quot; </title>"));
        for points in svg.lines().filter_map(|line| line.split("points=\"").nth(1)) {
            for point in points.split('"').next().unwrap().split(' ') {
                let (x, y) = point.split_once(',').unwrap();
                assert!((LEFT..=WIDTH - RIGHT).contains(&x.parse().unwrap()), "{point}");
                assert!((HEAD..=HEAD + 3.0 * LEGEND_LINE + BODY).contains(&y.parse().unwrap()), "{point}");
            }
        }
        assert_eq!(svg.matches("<text").count(), svg.matches("</text>").count());
        assert_eq!(svg.matches("<circle").count(), 6);
    }

    #[test]
    fn without_records_the_plot_says_so() {
        let svg = plot(&[Curve { name: "none", nanos: &histogram([]) }]);
        assert!(svg.contains("no records") && !svg.contains("<polyline"));
    }

    #[test]
    fn each_nine_has_the_same_room() {
        let axes = Axes { nines: 5.0, low: 3, high: 9, top: HEAD };
        let steps: Vec<f64> =
            quantile_ticks(5.0).iter().skip(2).map(|(quantile, _)| axes.x(*quantile)).collect();
        let names: Vec<String> = quantile_ticks(5.0).into_iter().map(|(_, name)| name).collect();
        assert_eq!(names, ["0%", "50%", "90%", "99%", "99.9%", "99.99%", "99.999%"]);
        let room = steps[1] - steps[0];
        assert!(steps.windows(2).all(|pair| (pair[1] - pair[0] - room).abs() < 0.01), "{steps:?}");
    }
}
