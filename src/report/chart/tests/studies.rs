//! The charts of studies: what holds for all of them, and what each shows.

use super::super::*;
use super::{Dice, attribute, check, heading};

const UNITS: [Unit; 5] = [Unit::Count, Unit::PerSecond, Unit::Milliseconds, Unit::Usd, Unit::Share];

impl Dice {
    fn unit(&mut self) -> Unit {
        UNITS[self.below(UNITS.len())]
    }

    /// Ascending numbers or durations, or anything.
    fn key(&mut self) -> KeyAxis {
        let (kind, step) = (self.below(4), 1 + self.below(900));
        let mut at = 0;
        let values = self.many(140, |d| {
            at += 1 + d.below(step);
            match kind {
                0 => at.to_string(),
                1 => format!("{at}ms"),
                2 => format!("{:e}", d.value()),
                _ => d.name(),
            }
        });
        let marked = (self.below(2) == 0).then(|| (self.below(140), self.name()));
        KeyAxis { title: self.name(), values, marked }
    }

    fn figure(&mut self) -> f64 {
        if self.below(3) == 0 { self.value() } else { self.share() }
    }

    fn bands(&mut self) -> BandPanel {
        let point = |d: &mut Dice| (d.figure(), d.figure(), d.figure());
        let band = |d: &mut Dice| Band { label: d.name(), points: d.many(140, point) };
        let limit = |d: &mut Dice| Limit { label: d.name(), value: d.value() };
        let (y_title, unit) = (self.name(), self.unit());
        BandPanel { y_title, unit, lines: self.many(20, band), limits: self.many(12, limit) }
    }

    fn grid(&mut self) -> HeatPanel {
        let (title, unit) = (self.name(), self.unit());
        HeatPanel { title, unit, cells: self.many(140, |d| d.many(140, Dice::figure)) }
    }

    fn choice(&mut self) -> Choice {
        let standing = [Standing::Best, Standing::Meets, Standing::Misses, Standing::Undecided][self.below(4)];
        Choice { label: self.name(), x: self.figure(), y: self.figure(), standing }
    }

    fn effect(&mut self) -> Effect {
        let tone = [Tone::Good, Tone::Bad, Tone::Neutral, Tone::None][self.below(4)];
        let (label, note) = (self.name(), self.name());
        let figure = self.name();
        Effect { label, mean: self.value() - self.value(), low: -self.value(), high: self.value(), note, tone, figure }
    }

    fn effects(&mut self) -> Effects {
        let (x_title, note, none) = (self.name(), self.name(), self.name());
        Effects { x_title, rows: self.many(60, Dice::effect), note, none }
    }

    fn measure(&mut self) -> Measure {
        Measure { title: self.name(), unit: self.unit(), required: self.many(3, Dice::figure) }
    }
}

/// A chart of each kind from the same dice.
fn charts(dice: &mut Dice) -> [String; 4] {
    let heading = dice.heading();
    let (x, y) = (dice.key(), dice.key());
    let measures = (dice.measure(), dice.measure());
    [
        bands(&heading, &x, &dice.many(4, Dice::bands)).unwrap(),
        heat_map(&heading, &x, &y, &dice.many(3, Dice::grid)).unwrap(),
        trade_off(&heading, &measures.0, &measures.1, &dice.many(200, Dice::choice)).unwrap(),
        forest(&heading, &dice.effects()).unwrap(),
    ]
}

#[test]
fn any_data_makes_a_chart_of_a_study() {
    let mut dice = Dice(42);
    for _ in 0..150 {
        charts(&mut dice).iter().for_each(|svg| check(svg));
    }
}

#[test]
fn the_same_data_make_the_same_bytes_of_a_study() {
    let chart = |seed| charts(&mut Dice(seed));
    assert_eq!(chart(7), chart(7));
    assert_ne!(chart(7), chart(8));
}

fn key(values: &[&str]) -> KeyAxis {
    KeyAxis {
        title: "memory".to_owned(),
        values: values.iter().map(|value| (*value).to_owned()).collect(),
        marked: None,
    }
}

fn band(label: &str, means: &[f64]) -> Band {
    Band { label: label.to_owned(), points: means.iter().map(|mean| (*mean, 0.9 * mean, 1.1 * mean)).collect() }
}

fn measure(title: &str, unit: Unit) -> Measure {
    Measure { title: title.to_owned(), unit, required: Vec::new() }
}

fn effects(rows: &[Effect]) -> Effects {
    Effects { x_title: "change".to_owned(), rows: rows.to_vec(), ..Effects::default() }
}

fn panel(lines: Vec<Band>) -> BandPanel {
    BandPanel { y_title: "cost".to_owned(), unit: Unit::Usd, lines, limits: Vec::new() }
}

#[test]
fn nothing_makes_no_data() {
    let none = key(&[]);
    let values = key(&["1", "2"]);
    let share = measure("share", Unit::Share);
    let nowhere = Choice { x: f64::NAN, ..Choice::default() };
    let unknown = Effect { mean: f64::INFINITY, ..Effect::default() };
    let missing = HeatPanel { cells: vec![vec![f64::NAN]], ..HeatPanel::default() };
    for svg in [
        bands(&heading(), &none, &[]),
        bands(&heading(), &values, &[panel(vec![band("total", &[f64::NAN, f64::NAN])])]),
        heat_map(&heading(), &none, &none, &[]),
        heat_map(&heading(), &values, &values, &[missing]),
        trade_off(&heading(), &share, &share, &[]),
        trade_off(&heading(), &share, &share, &[nowhere]),
        forest(&heading(), &Effects { none: "no data".to_owned(), ..Effects::default() }),
        forest(&heading(), &effects(&[unknown])),
    ] {
        let svg = svg.unwrap();
        check(&svg);
        assert!(svg.contains("no data\n"));
    }
}

#[test]
fn numbers_are_joined_by_a_band_and_categories_are_not() {
    let chart = |values: &[&str]| {
        let svg = bands(&heading(), &key(values), &[panel(vec![band("total", &[1.0, 2.0, 3.0])])]).unwrap();
        check(&svg);
        (svg.matches("<polygon").count(), svg.contains("(log scale)"))
    };
    assert_eq!(chart(&["128", "256", "512"]), (1, false));
    assert_eq!(chart(&["250ms", "1s", "1m30s"]), (1, true));
    assert_eq!(chart(&["128MB", "1GB", "2GB"]), (1, false));
    // Not in ascending order, or no numbers.
    assert_eq!(chart(&["256", "128", "512"]), (0, false));
    assert_eq!(chart(&["1", "2", "off"]), (0, false));
}

#[test]
fn a_missing_figure_interrupts_the_line_and_its_band() {
    let nan = f64::NAN;
    let chart = |means: &[f64]| {
        let svg = bands(&heading(), &key(&["1", "2", "3", "4", "5"]), &[panel(vec![band("total", means)])]).unwrap();
        (svg.matches("<polygon").count(), svg.matches("<circle").count())
    };
    assert_eq!(chart(&[1.0, 2.0, 3.0, 4.0, 5.0]), (1, 5));
    assert_eq!(chart(&[1.0, 2.0, nan, 4.0, 5.0]), (2, 4));
}

#[test]
fn of_many_lines_the_largest_are_named() {
    let lines = (1..=12).map(|i| band(&format!("line {i}"), &[f64::from(i), f64::from(i)])).collect();
    let svg = bands(&heading(), &key(&["1", "2"]), &[panel(lines)]).unwrap();
    assert!(svg.contains("and 4 more") && svg.contains("line 12\n") && !svg.contains("line 4\n"));
}

#[test]
fn long_values_are_shortened_everywhere() {
    let long = "kinesis-production-eu-central-1-consumer-with-enhanced-fan-out-and-more-".repeat(3);
    let values = key(&[&long, &long, &long]);
    let cells = HeatPanel { cells: vec![vec![1.0; 3]; 3], title: long.clone(), unit: Unit::Count };
    let choice = Choice { label: long.clone(), x: 1.0, y: 1.0, standing: Standing::Best };
    let effect = Effect { label: long.clone(), note: long.clone(), mean: 1.0, ..Effect::default() };
    for svg in [
        bands(&heading(), &values, &[panel(vec![band(&long, &[1.0, 2.0, 3.0])])]),
        heat_map(&heading(), &values, &values, &[cells]),
        trade_off(&heading(), &measure(&long, Unit::Count), &measure(&long, Unit::Count), &[choice]),
        forest(&heading(), &Effects { x_title: long.clone(), ..effects(&[effect]) }),
    ] {
        let svg = svg.unwrap();
        check(&svg);
        assert!(svg.contains('…') && !svg.contains(&long));
    }
}

#[test]
fn cells_say_their_figures_where_there_is_room() {
    let cells = |n: usize| HeatPanel {
        title: "latency".to_owned(),
        unit: Unit::Milliseconds,
        cells: vec![(0..n).map(|i| if i == 1 { f64::NAN } else { 1234.0 + i as f64 * 1e3 }).collect()],
    };
    let values: Vec<String> = (0..60).map(|i| i.to_string()).collect();
    let values: Vec<&str> = values.iter().map(String::as_str).collect();
    let few = heat_map(&heading(), &key(&values[..3]), &key(&["a"]), &[cells(3)]).unwrap();
    assert_eq!(few.matches("1.23 s\n").count(), 2, "in its cell and in the legend");
    assert!(few.contains("\u{2013}\n"), "a cell without a figure has a dash");
    let many = heat_map(&heading(), &key(&values), &key(&["a"]), &[cells(60)]).unwrap();
    check(&many);
    assert_eq!(many.matches("1.23 s\n").count(), 1, "in the legend only");
}

#[test]
fn the_front_joins_what_no_other_beats() {
    let choice = |label: &str, x, y, standing| Choice { label: label.to_owned(), x, y, standing };
    let points = [
        choice("fast", 10.0, 9.0, Standing::Meets),
        choice("best", 20.0, 5.0, Standing::Best),
        choice("beaten", 25.0, 8.0, Standing::Meets),
        choice("cheap but slow", 90.0, 1.0, Standing::Misses),
    ];
    let chart = |points: &[Choice]| {
        let required = Measure { required: vec![50.0, 1e9], ..measure("latency", Unit::Milliseconds) };
        let svg = trade_off(&heading(), &required, &measure("cost", Unit::Usd), points).unwrap();
        check(&svg);
        svg
    };
    let svg = chart(&points);
    assert!(svg.contains("required 50 ms\n") && svg.contains("required 11.6 d beyond the axis\n"));
    assert!(svg.contains("fast\n") && svg.contains("best\n"));
    assert!(!svg.contains("beaten\n") && !svg.contains("cheap but slow\n"));
    assert!(svg.contains("misses a requirement\n") && !svg.contains("undecided\n"));
    assert!(svg.contains("Pareto") && !chart(&points[1..]).contains("Pareto"), "one point is no front");
    let far = choice("far", 1e6, 1.0, Standing::Undecided);
    assert!(chart(&[points[0].clone(), far]).contains("latency (log scale)"));
}

#[test]
fn effects_are_told_by_shape_figure_and_note() {
    let effect = |label: &str, mean: f64, off, tone| Effect {
        label: label.to_owned(),
        mean,
        low: mean - off,
        high: mean + off,
        note: format!("note on {label}"),
        tone,
        ..Effect::default()
    };
    let chart = |rows: &[Effect]| {
        let svg = forest(&heading(), &effects(rows)).unwrap();
        check(&svg);
        svg
    };
    let svg = chart(&[effect("latency", -23.4, 2.0, Tone::Good), effect("cost", 12.0, 1.0, Tone::Bad)]);
    assert!(svg.contains("\u{2212}23.4 %\n") && svg.contains("+12.0 %\n") && svg.contains("note on cost\n"));
    assert_eq!(
        (svg.matches("<circle").count(), svg.matches("<polygon").count()),
        (2, 2),
        "in its row and in the legend"
    );
    assert!(svg.contains("better\n") && svg.contains("worse\n") && !svg.contains("no evidence"));
    let wide = chart(&[effect("latency", 10.0, 1e6, Tone::Neutral)]);
    assert!(!wide.contains("1,000,000"), "the axis was stretched");
    let rows = |n: usize| chart(&vec![effect("latency", 1.0, 0.5, Tone::None); n]);
    let height = |svg: &str| attribute(svg, "height").parse::<f64>().unwrap();
    assert!(height(&rows(40)) > height(&rows(10)) + 500.0);
}

#[test]
fn an_effect_without_a_share_has_its_figures() {
    let none =
        Effect { label: "dropped".to_owned(), mean: f64::NAN, figure: "0 → 2".to_owned(), ..Effect::default() };
    let some = Effect { label: "cost".to_owned(), mean: 3.0, figure: "1 → 1.03".to_owned(), ..Effect::default() };
    let note = "and 3 more: see compare.csv".to_owned();
    let svg = forest(&heading(), &Effects { note, ..effects(&[none, some]) }).unwrap();
    check(&svg);
    assert!(svg.contains("0 → 2\n") && svg.contains("+3.0 %\n") && svg.contains("and 3 more: see compare.csv\n"));
    assert!(!svg.contains("no data") && !svg.contains("1.03"));
    let none = "no leading figure differs".to_owned();
    assert!(
        forest(&heading(), &Effects { none, ..Effects::default() }).unwrap().contains("no leading figure differs\n")
    );
}

#[test]
fn an_interval_beyond_the_axis_has_an_arrow() {
    let points = |high| vec![(1.0, 0.5, 1.5), (1.0, 0.5, high), (1.0, 0.5, 1.5)];
    for (values, closed, cut) in [(["1", "2", "3"], 0, 1), (["a", "b", "c"], 9, 9)] {
        let chart = |high| {
            let line = Band { label: "total".to_owned(), points: points(high) };
            bands(&heading(), &key(&values), &[panel(vec![line])]).unwrap()
        };
        let whiskers = |svg: &str| svg.matches("stroke-width=\"14\"").count();
        assert_eq!([whiskers(&chart(1.6)), whiskers(&chart(1e6))], [closed, cut], "{values:?}");
        let arrows = |svg: &str| {
            let lines = svg.split('<').filter(|tag| tag.starts_with("polyline") && tag.contains("stroke-width=\"14\""));
            lines.filter(|tag| attribute(tag, "points").split_whitespace().count() == 3).count()
        };
        assert_eq!([arrows(&chart(1.6)), arrows(&chart(1e6))], [0, 1], "{values:?}");
    }
}

#[test]
fn figures_that_hardly_differ_have_one_colour() {
    let colours = |figures: [f64; 3]| {
        let cells = HeatPanel { cells: vec![figures.to_vec()], ..HeatPanel::default() };
        let svg = heat_map(&heading(), &key(&["1", "2", "3"]), &key(&["a"]), &[cells]).unwrap();
        let fills = svg.split("fill=\"").skip(1).filter_map(|rest| rest.split('"').next());
        fills.filter(|fill| !["#222222", "#595959", "#FFFFFF", "#000000"].contains(fill)).collect::<Vec<_>>().len()
            - svg.matches("fill=\"#21918C\"").count()
    };
    assert_eq!(colours([1.0, 1.005, 1.01]), 0, "all in the middle of the range");
    assert!(colours([1.0, 1.5, 2.0]) > 0);
}

#[test]
fn rows_and_ends_are_labelled() {
    let names: Vec<String> = (1..=40).map(|i| i.to_string()).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    // Thirty rows of 20 pixels, as high as a label.
    let cells = HeatPanel { cells: vec![vec![1.0]; 30], ..HeatPanel::default() };
    let svg = heat_map(&heading(), &key(&["x"]), &key(&names[..30]), &[cells]).unwrap();
    assert!(names[1..30].iter().all(|name| svg.contains(&format!("\n{name}\n"))));
    let means: Vec<f64> = (1..=40).map(f64::from).collect();
    let chart = |axis: KeyAxis| {
        let svg = bands(&heading(), &axis, &[panel(vec![band("total", &means)])]).unwrap();
        check(&svg);
        svg
    };
    let svg = chart(key(&names));
    assert!(svg.contains("\n1\n") && svg.contains("\n40\n") && !svg.contains("\n33\n"));
    let svg = chart(KeyAxis { marked: Some((32, "highest found".to_owned())), ..key(&names) });
    assert!(svg.contains("\n33\n") && svg.contains("highest found\n"));
    let svg = chart(key(&["10.0", "46.41588833612779", "1000.0"]));
    assert!(svg.contains("\n10\n") && svg.contains("\n46.4\n") && svg.contains("\n1,000\n"));
}
