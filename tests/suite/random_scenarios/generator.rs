//! Random scenarios: text over everything that the schema offers, small enough to run in milliseconds.

mod arrivals;
mod dice;
mod draft;
mod function;
mod push;
mod queue;
mod scene;
mod stream;
mod time;

use std::fmt::Write as _;

use pushpull::inputs::MemoryInputs;

pub use dice::Dice;
use draft::Draft;
use scene::Scene;

/// A scenario and the files beside it.
pub struct Generated {
    pub text: String,
    pub inputs: MemoryInputs,
}

/// The kinds of sources, those with more to draw more often.
const KINDS: [&str; 15] = [
    "alexa",
    "api_gateway",
    "cloudformation",
    "cloudwatch_events",
    "invoke",
    "s3",
    "sns",
    "kinesis",
    "kinesis",
    "kinesis",
    "dynamodb",
    "msk",
    "msk",
    "sqs",
    "sqs",
];

/// The scenario of a seed.
pub fn scenario(seed: u64) -> Generated {
    let mut draft = begin(seed);
    let mut scene = Scene::draw(&mut draft, None);
    functions(&mut draft, &scene);
    for number in 0..draft.dice.between(1, 3) {
        let target = draft.dice.below(scene.functions);
        source(&mut draft, &mut scene, number, target);
    }
    end(draft, &scene)
}

/// A scenario of many functions, most of which have nothing in common but their account.
pub fn crowd(seed: u64) -> Generated {
    const FUNCTIONS: u64 = 80;
    let mut draft = begin(seed);
    let mut scene = Scene::draw(&mut draft, Some(FUNCTIONS));
    functions(&mut draft, &scene);
    for function in 0..FUNCTIONS {
        if draft.dice.chance(80) {
            scene.streams.clear();
        }
        let target = if draft.dice.chance(5) { draft.dice.below(FUNCTIONS) } else { function };
        // There is a kind of source that is called `s3`.
        source(&mut draft, &mut scene, 10 + function, target);
    }
    end(draft, &scene)
}

fn begin(seed: u64) -> Draft {
    let mut draft = Draft::new(seed);
    draft.line(format!("about = \"random scenario {seed}\""));
    draft
}

fn functions(draft: &mut Draft, scene: &Scene) {
    let mut left = scene::account(draft);
    for number in 0..scene.functions {
        function::function(draft, number, scene.functions, &mut left);
    }
}

fn end(mut draft: Draft, scene: &Scene) -> Generated {
    let inputs = files(&mut draft.dice, scene.functions);
    Generated { text: draft.into_text(), inputs }
}

fn source(draft: &mut Draft, scene: &mut Scene, number: u64, target: u64) {
    let kind = draft.dice.pick(&KINDS);
    draft.line(format!("\n[[source.{kind}]]\nname = \"s{number}\"\ntarget = \"f{target}\""));
    let is_denied = draft.dice.chance(6);
    if is_denied {
        draft.key("permission", false);
    }
    poison(draft);
    match kind {
        "sqs" => queue::queue(draft, scene),
        "kinesis" | "dynamodb" | "msk" => stream::stream(draft, scene, kind, number),
        _ => push::push(draft, scene, kind),
    }
}

fn poison(draft: &mut Draft) {
    draft.maybe(30, "poison", &["[0]", "[3, 17]", "[{ event = 2, times = 1 }]", "[{ event = 0, times = 3 }, 5]"]);
    draft.maybe(15, "poison_rate", &["0.01", "0.3", "1.0"]);
}

/// Events may come twice; for asynchronous events and streams only.
fn duplicates(draft: &mut Draft) {
    draft.maybe(15, "duplicate_rate", &["0.05", "0.5", "1.0"]);
}

/// The files that scenarios name.
fn files(dice: &mut Dice, functions: u64) -> MemoryInputs {
    let mut trace = String::from("who,ms,took\n");
    let mut at = dice.below(3) * 500;
    for _ in 0..dice.between(1, 59) {
        writeln!(trace, "f{},{at},{}", dice.below(functions), dice.below(1_500)).unwrap();
        at += if dice.chance(20) { 0 } else { dice.below(400) };
    }
    let mut counts = String::from("n\n");
    for _ in 0..dice.between(1, 9) {
        writeln!(counts, "{}", dice.below(20)).unwrap();
    }
    let mut times = String::from("ms\n");
    for _ in 0..dice.between(1, 9) {
        writeln!(times, "{}", dice.below(2_000)).unwrap();
    }
    MemoryInputs::new().with("trace.csv", &trace).with("counts.csv", &counts).with("times.csv", &times)
}
