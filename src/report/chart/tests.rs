//! What holds for every chart, whatever its data: well-formed SVG of numbers that exist, the same bytes each time.

use super::*;

mod studies;

/// Checks that tags are balanced, that entities are known, and that attributes hold no odd number or text out of place.
fn check(svg: &str) {
    let mut open: Vec<&str> = Vec::new();
    let mut rest = svg;
    while let Some((text, tag)) = rest.split_once('<') {
        assert!(!text.contains('>'), "stray > in {text}");
        for entity in text.split('&').skip(1) {
            let known = ["amp;", "lt;", "gt;", "quot;", "apos;"];
            assert!(known.iter().any(|name| entity.starts_with(name)), "&{entity}");
        }
        let (tag, after) = tag.split_once('>').expect("a tag ends");
        let name = tag.split([' ', '/']).find(|part| !part.is_empty()).expect("a tag has a name");
        if tag.starts_with('/') {
            assert_eq!(open.pop(), Some(name));
        } else {
            for odd in ["NaN", "inf", "=\"\""] {
                assert!(!tag.contains(odd), "{odd} in <{tag}>");
            }
            assert_eq!(tag.matches('"').count() % 2, 0, "quotes in <{tag}>");
            if !tag.ends_with('/') {
                open.push(name);
            }
        }
        rest = after;
    }
    assert!(open.is_empty() && rest.trim().is_empty(), "{open:?} are open");
    assert!(!svg.chars().any(|c| c.is_control() && c != '\n'));
    inside(svg);
}

/// Checks that every position lies on the sheet, and that no text touches another.
fn inside(svg: &str) {
    let sheet: Vec<f64> = attribute(svg, "viewBox").split(' ').map(|n| n.parse().unwrap()).collect();
    for tag in svg.split('<').filter(|tag| tag.starts_with("poly")) {
        for pair in attribute(tag, "points").split_whitespace() {
            let (x, y) = pair.split_once(',').unwrap();
            assert!((0.0..=sheet[2]).contains(&x.parse().unwrap()), "{pair}");
            assert!((0.0..=sheet[3]).contains(&y.parse().unwrap()), "{pair}");
        }
    }
    let mut texts: Vec<(f64, f64, f64, f64, String)> = Vec::new();
    for tag in svg.split('<').filter(|tag| tag.starts_with("text")) {
        let (tag, text) = tag.split_once('>').unwrap();
        let (x, y): (f64, f64) = (attribute(tag, "x").parse().unwrap(), attribute(tag, "y").parse().unwrap());
        let size: f64 = attribute(tag, "font-size").parse().unwrap();
        let bold = tag.contains("bold");
        let text = text.trim().replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"");
        let text = text.replace("&apos;", "'").replace("&amp;", "&");
        let width = super::text::Face { size, bold }.width(&text);
        let start = match attribute(tag, "text-anchor") {
            "start" => x,
            "middle" => x - width / 2.0,
            _ => x - width,
        };
        assert!(start >= 0.0 && start + width <= sheet[2], "{text} at {start}..{}", start + width);
        assert!((0.0..=sheet[3]).contains(&y), "{text} at y {y}");
        let end = start + width;
        for (left, right, baseline, height, other) in &texts {
            let apart = end <= *left || start >= *right || (y - baseline).abs() >= size.max(*height);
            assert!(apart || text.is_empty() || other.is_empty(), "{text} on {other}");
        }
        texts.push((start, end, y, size, text));
    }
}

fn attribute<'a>(tag: &'a str, name: &str) -> &'a str {
    let (_, after) = tag.split_once(&format!(" {name}=\"")).expect("the attribute");
    after.split_once('"').expect("its end").0
}

/// A small generator (splitmix64), so that the test needs no crate and repeats itself.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, n: usize) -> usize {
        (self.next() % n as u64) as usize
    }

    /// Mostly plausible, sometimes anything that an f64 can be.
    fn value(&mut self) -> f64 {
        let fraction = self.next() as f64 / u64::MAX as f64;
        match self.below(24) {
            0 => f64::from_bits(self.next()),
            1 => f64::NAN,
            2 => f64::INFINITY,
            3 => 0.0,
            4 => -fraction,
            5 => 1e-12 * fraction,
            6 => f64::MAX,
            7..12 => 10_f64.powf(12.0 * fraction - 4.0),
            _ => 100.0 * fraction,
        }
    }

    fn share(&mut self) -> f64 {
        match self.below(10) {
            0 => self.value(),
            1 => 1.0,
            n => 1.0 - 10_f64.powf(-(n as f64) * self.next() as f64 / u64::MAX as f64),
        }
    }

    fn name(&mut self) -> String {
        let alphabet: Vec<char> = "abc -_/<&>\"'µ→日\u{0}\n\u{1b}\u{ffff}WMi🦀".chars().collect();
        let length = [0, 1, 8, 30, 300][self.below(5)];
        (0..length).map(|_| alphabet[self.below(alphabet.len())]).collect()
    }

    fn many<T>(&mut self, most: usize, mut one: impl FnMut(&mut Dice) -> T) -> Vec<T> {
        let most = if self.below(4) == 0 { most } else { most.min(3) };
        let n = self.below(most + 1);
        (0..n).map(|_| one(self)).collect()
    }

    fn heading(&mut self) -> Heading {
        let (title, subtitle) = (self.name(), self.name());
        let names = self.many(3, Dice::name);
        Heading { title, subtitle, names }
    }

    fn line(&mut self) -> Line {
        let style = [LineStyle::Line, LineStyle::Step, LineStyle::Area][self.below(3)];
        let (label, points) = (self.name(), self.many(600, |d| (d.value(), d.value())));
        Line { label, points, style, ink: self.ink() }
    }

    fn ink(&mut self) -> Option<Ink> {
        (self.below(2) == 0).then(|| Ink { place: self.below(20), dashed: self.below(2) == 0 })
    }

    fn panel(&mut self) -> Panel {
        let limit = |d: &mut Dice| Limit { label: d.name(), value: d.value() };
        Panel {
            y_title: self.name(),
            unit: [Unit::Count, Unit::PerSecond, Unit::Milliseconds][self.below(3)],
            lines: self.many(20, Dice::line),
            limits: self.many(12, limit),
        }
    }
}

#[test]
fn any_data_makes_a_chart() {
    let mut dice = Dice(42);
    for _ in 0..150 {
        let heading = dice.heading();
        let curves = dice.many(60, |d| {
            let (label, ink) = (d.name(), d.ink());
            Curve { label, ink, note: " response".to_owned(), points: d.many(100, |d| (d.share(), d.value())) }
        });
        check(&latency_distribution(&heading, &curves).unwrap());
        let bars = dice.many(60, |d| Bar { label: d.name(), parts: d.many(12, |d| (d.name(), d.value())) });
        check(&latency_by_part(&heading, &bars).unwrap());
        let panels = dice.many(5, Dice::panel);
        check(&over_time(&heading, dice.value(), &panels).unwrap());
    }
}

#[test]
fn the_same_data_make_the_same_bytes() {
    let chart = |seed| {
        let mut dice = Dice(seed);
        let heading = dice.heading();
        let panels: Vec<Panel> = (0..3).map(|_| dice.panel()).collect();
        over_time(&heading, 0.0, &panels).unwrap()
    };
    assert_eq!(chart(7), chart(7));
    assert_ne!(chart(7), chart(8));
}

fn heading() -> Heading {
    Heading { title: "Queues & streams".to_owned(), subtitle: "seed 42".to_owned(), names: vec![] }
}

fn line(label: &str, values: &[f64]) -> Line {
    let points = values.iter().enumerate().map(|(i, y)| (i as f64 * 60.0, *y));
    Line { label: label.to_owned(), points: points.collect(), ..Line::default() }
}

#[test]
fn the_title_is_accessible_and_escaped() {
    let svg = latency_distribution(&heading(), &[]).unwrap();
    assert!(svg.contains("<title>Queues &amp; streams</title>"));
    assert!(svg.contains("role=\"img\""));
    assert!(svg.contains("\"Noto Sans\", \"Helvetica Neue\", Arial, sans-serif"));
    assert!(svg.contains("no data"));
}

#[test]
fn a_far_limit_is_named_rather_than_drawn() {
    let limit = |label: &str, value| Limit { label: label.to_owned(), value };
    let panel = Panel {
        y_title: "concurrency".to_owned(),
        unit: Unit::Count,
        lines: vec![line("busy", &[10.0, 30.0, 20.0])],
        limits: vec![limit("reserved 50", 50.0), limit("account", 1000.0)],
    };
    let svg = over_time(&heading(), 0.0, &[panel]).unwrap();
    assert!(svg.contains("account 1,000 ↑ beyond the axis"));
    assert!(svg.contains("reserved 50\n"));
    assert!(!svg.contains("200\n"), "the axis was stretched");
    // The limit and its sample.
    assert_eq!(svg.matches("stroke-dasharray=\"60 40\"").count(), 2);
}

#[test]
fn of_many_curves_the_largest_are_named() {
    let curves: Vec<Curve> = (1..=12)
        .map(|i| Curve {
            label: format!("curve {i}"),
            points: vec![(0.5, f64::from(i)), (0.99, f64::from(i * 10))],
            ..Curve::default()
        })
        .collect();
    let svg = latency_distribution(&heading(), &curves).unwrap();
    assert!(svg.contains("and 4 more"));
    assert!(svg.contains("curve 12\n") && svg.contains("curve 5\n"));
    assert!(!svg.contains("curve 4\n"));
}

#[test]
fn a_missing_value_interrupts_a_line() {
    let panel = |values: &[f64]| Panel { lines: vec![line("p99", values)], ..Panel::default() };
    let whole = over_time(&heading(), 0.0, &[panel(&[1.0, 2.0, 2.0, 1.0])]).unwrap();
    let cut = over_time(&heading(), 0.0, &[panel(&[1.0, 2.0, f64::NAN, 2.0, 1.0])]).unwrap();
    let lines = |svg: &str| svg.matches("stroke=\"#0072B2\"").count();
    assert_eq!(lines(&cut), lines(&whole) + 1);
}

#[test]
fn bars_far_apart_show_shares() {
    let bar = |label: &str, ms| Bar {
        label: label.to_owned(),
        parts: vec![("poll".to_owned(), ms), ("handler".to_owned(), ms), ("retry".to_owned(), 0.0)],
    };
    let near = latency_by_part(&heading(), &[bar("a", 10.0), bar("b", 100.0)]).unwrap();
    assert!(near.contains("mean latency\n") && !near.contains("100 %"));
    let far = latency_by_part(&heading(), &[bar("a", 10.0), bar("b", 1000.0)]).unwrap();
    assert!(far.contains("100 %") && far.contains("20 ms\n") && far.contains("2 s\n"));
    assert!(!far.contains("retry"), "a part without time has no place in the legend");
}

#[test]
fn of_a_long_label_only_the_name_is_cut() {
    let curve = Curve {
        label: "documented-retries-of-a-queue-with-a-very-long-name".to_owned(),
        note: " response (95 events)".to_owned(),
        points: vec![(0.5, 1.0), (1.0, 2.0)],
        ink: None,
    };
    let svg = latency_distribution(&heading(), &[curve]).unwrap();
    assert!(svg.contains(" response (95 events)\n") && svg.contains('…') && svg.contains("\ndocu"), "{svg}");
}

#[test]
fn a_warm_up_is_shaded_and_named_once() {
    let panels = [0, 1].map(|_| Panel { lines: vec![line("busy", &[1.0, 2.0])], ..Panel::default() });
    let chart = |warm_up| {
        let svg = over_time(&heading(), warm_up, &panels).unwrap();
        check(&svg);
        (svg.matches("fill=\"#F1F1F1\"").count(), svg.matches("warm-up\n").count())
    };
    assert_eq!(chart(0.0), (0, 0));
    assert_eq!(chart(20.0), (2, 1));
    assert_eq!(chart(1e6), (2, 1), "the whole run");
}

#[test]
fn nothing_has_a_name_on_a_logarithmic_axis() {
    let curve = |points: &[(f64, f64)]| {
        let curve = Curve { label: "logs".to_owned(), points: points.to_vec(), ..Curve::default() };
        latency_distribution(&heading(), &[curve]).unwrap()
    };
    let (with, without) = (curve(&[(0.1, 0.0), (0.5, 3.0), (1.0, 900.0)]), curve(&[(0.1, 3.0), (1.0, 900.0)]));
    assert!(with.contains("(log scale)") && with.contains("\n0\n"));
    assert!(without.contains("(log scale)") && !without.contains("\n0\n"));
}

#[test]
fn equal_lines_take_turns() {
    let panel = |lines: &[(&str, &[f64])]| {
        let lines = lines.iter().map(|(label, values)| line(label, values)).collect();
        over_time(&heading(), 0.0, &[Panel { lines, ..Panel::default() }]).unwrap()
    };
    let apart = panel(&[("a", &[1.0, 2.0]), ("b", &[1.0, 3.0])]);
    assert!(!apart.contains("stroke-dashoffset"));
    let equal = panel(&[("a", &[1.0, 2.0]), ("b", &[1.0, 3.0]), ("c", &[1.0, 2.0]), ("d", &[1.0, 2.0])]);
    for turn in
        ["80 160\" stroke-dashoffset=\"0\"", "80 160\" stroke-dashoffset=\"160\"", "80 160\" stroke-dashoffset=\"80\""]
    {
        assert_eq!(equal.matches(turn).count(), 1, "{turn}");
    }
}

#[test]
fn what_a_line_is_of_keeps_its_colour() {
    let panel = |inks: &[Option<Ink>]| {
        let line = |(i, ink): (usize, &Option<Ink>)| Line { ink: *ink, ..line(&i.to_string(), &[1.0, 2.0 + i as f64]) };
        let lines = inks.iter().enumerate().map(line).collect();
        over_time(&heading(), 0.0, &[Panel { lines, ..Panel::default() }]).unwrap()
    };
    let ink = |place, dashed| Some(Ink { place, dashed });
    let (blue, green) = ("stroke=\"#0072B2\"", "stroke=\"#009E73\"");
    let alone = panel(&[ink(2, false)]);
    assert!(alone.contains(green) && !alone.contains(blue));
    // Two that would look the same do not.
    let same = panel(&[ink(2, false), ink(2, false)]);
    assert!(same.contains(green) && same.contains(blue));
    let another = panel(&[ink(2, false), ink(2, true)]);
    assert!(another.contains(green) && another.contains("stroke-dasharray") && !another.contains(blue));
}

#[test]
fn limits_without_a_label_are_counted() {
    let limit = |value: f64| Limit { label: "limit".to_owned(), value };
    let of = |values: &[f64]| Panel {
        lines: vec![line("busy", &[10.0, 30.0])],
        limits: values.iter().copied().map(limit).collect(),
        ..Panel::default()
    };
    let chart = |values: &[f64]| over_time(&heading(), 0.0, &[of(values)]).unwrap();
    assert!(chart(&[20.0, 25.0, 28.0, 29.0]).contains("and 1 more limit\n"));
    let both = chart(&[20.0, 25.0, 28.0, 29.0, 31.0, 1e3, 2e3, 3e3, 4e3]);
    let note = "limit 1,000, limit 2,000, limit 3,000 and 1 more limit ↑ beyond the axis, and 2 more limits\n";
    assert!(both.contains(note), "{both}");
}
