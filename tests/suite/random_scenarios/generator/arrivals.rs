//! When events occur.

use super::dice::Dice;
use super::draft::quoted;
use super::scene::Scene;

/// Who sends.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Sender {
    /// A caller that waits for answers.
    Caller,
    /// A service whose calls are asynchronous.
    Service,
    /// Producers of records or messages that a mapping polls.
    Producer,
}

/// A process; one without end only where the scenario has a duration.
pub fn arrivals(dice: &mut Dice, scene: &Scene, sender: Sender) -> String {
    if scene.is_long() {
        return slow(dice);
    }
    let endless = if scene.is_timed() { 0 } else { 6 };
    match dice.between(endless, if scene.is_timed() && sender == Sender::Caller { 12 } else { 10 }) {
        0 | 1 => format!("{{ poisson = {{ rate = {} }} }}", dice.pick(&["0.5", "3.0", "10", "25.5", "40.0"])),
        2 => format!("{{ constant = {{ rate = {} }} }}", dice.pick(&["0.333", "1", "7.0", "10", "30.0"])),
        3 => format!("{{ every = \"{}\" }}", dice.pick(&["100ms", "333ms", "1s", "1.5s", "5s"])),
        4 | 5 => format!(
            "{{ bursts = {{ size = {}, every = \"{}\" }} }}",
            dice.between(1, 40),
            dice.pick(&["1s", "2.5s", "10s"])
        ),
        6 => format!(
            "{{ at = {} }}",
            dice.pick(&["[]", "[\"0s\"]", "[\"0s\", \"0s\", \"1.5s\", \"9s\"]", "[\"1ns\", \"2s\", \"2s\", \"70s\"]"])
        ),
        7 => format!(
            "{{ ramp = {} }}",
            dice.pick(&[
                "[[\"0s\", 0.0], [\"5s\", 20.0], [\"10s\", 0.0]]",
                "[[\"1s\", 30], [\"1s\", 3], [\"20s\", 5.5]]"
            ])
        ),
        8 => format!(
            "{{ counts = {{ file = \"counts.csv\", column = \"n\", period = \"{}\" }} }}",
            dice.pick(&["1ms", "1s", "2s"])
        ),
        9 | 10 => trace(dice, scene, sender),
        _ => clients(dice, scene),
    }
}

/// A process of about a thousand events in many minutes.
fn slow(dice: &mut Dice) -> String {
    dice.pick(&[
        "{ poisson = { rate = 1.5 } }",
        "{ poisson = { rate = 0.2 } }",
        "{ every = \"10s\" }",
        "{ bursts = { size = 30, every = \"1m\" } }",
    ])
    .to_owned()
}

fn trace(dice: &mut Dice, scene: &Scene, sender: Sender) -> String {
    let mut keys = String::from("file = \"trace.csv\", column = \"ms\", unit = \"ms\"");
    if dice.chance(30) {
        keys += &format!(", scale = {}", dice.pick(&["0.1", "2", "3.3"]));
    }
    if dice.chance(40) {
        keys += &format!(", repeat = {}", dice.between(1, 4));
    }
    if dice.chance(40) {
        keys += ", duration_column = \"took\"";
    }
    // Such a source would have something in common with every function.
    if sender != Sender::Producer && !scene.is_crowd && dice.chance(40) {
        keys += ", target_column = \"who\"";
    }
    format!("{{ trace = {{ {keys} }} }}")
}

fn clients(dice: &mut Dice, scene: &Scene) -> String {
    // Clients that hardly think send thousands of requests a second.
    let think_time = match dice.below(4) {
        0 if scene.duration == "2s" => quoted(dice.pick(&["0s", "1ns", "1ms"])),
        1 => "{ exponential = { mean = \"1s\" } }".into(),
        2 => "{ uniform = { min = \"50ms\", max = \"2s\" } }".into(),
        _ => quoted(dice.pick(&["100ms", "1s"])),
    };
    let least_round = if dice.chance(20) { ", least_round = \"7ms\"" } else { "" };
    format!("{{ clients = {{ count = {}, think_time = {think_time}{least_round} }} }}", dice.between(1, 12))
}
