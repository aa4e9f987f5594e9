//! From text to a scenario that can be run: read, checked, and its files looked through.

use crate::distribution::DistributionSpec;
use crate::inputs::{InputError, Inputs};
use crate::scenario::{Document, Problem, Report, Scenario, Step};
use crate::simulation::read_column;
use crate::{arrivals, metrics};

/// Reads the scenario `text`, called `file`, changes it by `sets` (each `PATH=VALUE`), and looks through all files that it
/// names.
///
/// # Errors
/// Everything that is wrong, each at its place.
pub fn read(file: &str, text: &str, sets: &[String], inputs: &dyn Inputs) -> Result<Scenario, Report> {
    let mut document = Document::parse(file, text)?;
    for set in sets {
        document.set(set)?;
    }
    let name = std::path::Path::new(file).file_stem().map_or("scenario".into(), |stem| stem.to_string_lossy());
    let scenario = Scenario::read(if file == "-" { "stdin" } else { &name }, &document)?;
    let mut problems = Vec::new();
    for (metric, near) in metrics::unknown_metrics(&scenario) {
        let problem = Problem::at(
            [Step::from("expect"), Step::from(metric.as_str())],
            format!("no metric `{metric}` in this scenario"),
        )
        .label("not known here")
        .on_key();
        problems.push(match near {
            Some(near) => problem.help(format!("did you mean `{near}`?")),
            None => problem.help("a metric's name is its path in the summary: see `--json`"),
        });
    }
    problems.extend(file_problems(&scenario, &document, inputs));
    if problems.is_empty() { Ok(scenario) } else { Err(document.report(problems)) }
}

/// Looks through all files once, holding none.
fn file_problems(scenario: &Scenario, document: &Document, inputs: &dyn Inputs) -> Vec<Problem> {
    let names = scenario.names();
    let mut problems = Vec::new();
    let mut add = |path: Vec<Step>, error: InputError| problems.push(Problem::at(path, error.to_string()));
    let check = |spec: &DistributionSpec| -> Result<(), InputError> {
        spec.files().into_iter().try_for_each(|(file, column, unit)| read_column(inputs, file, column, unit).map(drop))
    };
    for (name, function) in &scenario.functions {
        for (keys, spec) in function.distributions() {
            if let Err(error) = check(spec) {
                add(["function", name].iter().chain(keys).map(|key| Step::from(*key)).collect(), error);
            }
        }
    }
    for source in &scenario.sources {
        let place = document.source_path(source.kind.name, &source.name);
        let below =
            |keys: &[&str]| place.iter().cloned().chain(keys.iter().map(|key| Step::from(*key))).collect::<Vec<_>>();
        for (keys, spec) in source.definition.distributions() {
            if let Err(error) = check(spec) {
                add(below(&keys), error);
            }
        }
        if let Some(spec) = &source.definition.common().arrivals
            && let Err(error) = arrivals::validate(spec, inputs, &names.functions)
        {
            add(below(&["arrivals"]), error);
        }
    }
    problems
}
