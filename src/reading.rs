//! From text to a scenario that can be run: read, checked, and its files looked through.

use crate::distribution::DistributionSpec;
use crate::inputs::{FileUse, InputError, Inputs};
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
    read_document(file, &document, inputs)
}

/// The same for values that are read and changed already.
pub(crate) fn read_document(file: &str, document: &Document, inputs: &dyn Inputs) -> Result<Scenario, Report> {
    let name = std::path::Path::new(file).file_stem().map_or("scenario".into(), |stem| stem.to_string_lossy());
    let scenario = Scenario::read(if file == "-" { "stdin" } else { &name }, document)?;
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
    problems.extend(file_problems(&scenario, inputs));
    if problems.is_empty() { Ok(scenario) } else { Err(document.report(problems)) }
}

/// Looks through all files once, holding none.
fn file_problems(scenario: &Scenario, inputs: &dyn Inputs) -> Vec<Problem> {
    let names = scenario.names();
    let mut problems = Vec::new();
    let mut check = |place: Vec<Step>, distribution: &DistributionSpec| {
        for (file, unit) in distribution.files() {
            let column = file.columns.first().map_or("", |(_, column)| column);
            if let Err(error) = read_column(inputs, file.file, column, unit) {
                problems.push(file_problem(&place, &file, &error, inputs));
            }
        }
    };
    for (name, function) in &scenario.functions {
        for (keys, distribution) in function.distributions() {
            check(["function", name].iter().chain(keys).map(|key| Step::from(*key)).collect(), distribution);
        }
    }
    for source in &scenario.sources {
        for (keys, distribution) in source.definition.distributions() {
            check(source.path.iter().cloned().chain(keys.into_iter().map(Step::from)).collect(), distribution);
        }
    }
    for source in &scenario.sources {
        let Some(spec) = &source.definition.common().arrivals else { continue };
        if let (Some(file), Err(error)) =
            (spec.file(), arrivals::validate(spec, inputs, &names.functions, scenario.duration))
        {
            let place = [&source.path[..], &["arrivals".into()]].concat();
            problems.push(file_problem(&place, &file, &error, inputs));
        }
    }
    problems
}

/// A problem with a file, at the name of the column that it does not have, else at its own.
fn file_problem(place: &[Step], file: &FileUse<'_>, error: &InputError, inputs: &dyn Inputs) -> Problem {
    let is_missing = |column: &str| inputs.open(file.file, &[]).is_ok() && inputs.open(file.file, &[column]).is_err();
    let missing = file.columns.iter().find(|(_, column)| is_missing(column));
    let key = missing.map_or("file", |(key, _)| key);
    // A number is a place in a list: the parts of a mixture.
    let below = file.path.iter().map(|key| key.parse().map_or_else(|_| Step::from(key.as_str()), Step::Index));
    Problem::at(place.iter().cloned().chain(below).chain([Step::from(key)]).collect::<Vec<_>>(), error.to_string())
}
