//! What no single key can show to be wrong: names, targets, limits that depend on each other.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};

use crate::distribution::DistributionSpec;
use crate::engine::{DestinationKind, InvocationType};
use crate::platform::{FunctionSpec, LEAST_STORAGE, LONGEST_RESTORE, PackageType, Platform, RecursiveLoop};
use crate::source::{Charged, Definition, KINDS, Kind, Mode, StreamSpec, chain};
use crate::time::SimDuration;

use super::keys::{Keys, WantSpec};
use super::{Document, Expectation, Problem, Report, Scenario, Source, Step, Want, nearest};

/// Concurrency that must stay unreserved: "you can reserve up to the Unreserved account concurrency value minus 100" (AWS Lambda
/// Developer Guide, "Configuring reserved concurrency").
const LEAST_UNRESERVED: u64 = 100;

/// "You can register up to 20 consumers per data stream" with enhanced fan-out (Kinesis Developer Guide, "Quotas and limits").
const FAN_OUT_CONSUMERS: usize = 20;

type Path = Vec<Step>;

/// Makes a scenario of a document that fits the schema.
pub(super) fn read(name: &str, document: &Document) -> Result<Scenario, Report> {
    let keys: Keys = document.to_toml().try_into().map_err(|error: toml::de::Error| {
        document.report(vec![Problem::at(Path::new(), error.message().to_owned())])
    })?;
    let mut problems = Problems(Vec::new());
    let mut drafts = problems.sources(&keys);
    problems.names(&drafts, &keys);
    problems.shared_streams(&mut drafts);
    let functions: Vec<(String, FunctionSpec)> =
        keys.function.iter().map(|(name, spec)| (name.clone(), spec.clone())).collect();
    problems.functions(&functions, keys.account.concurrent_executions.count());
    let targets = problems.targets(&drafts, &functions);
    problems.destinations(&drafts, &functions);
    problems.times(&keys, &drafts);
    for (place, outage) in keys.account.service_outages.iter().enumerate() {
        problems.outage(
            below(&path(&["account", "service_outages"]), &[&place.to_string(), "to"]),
            outage.from,
            outage.to,
        );
    }
    let start = keys.start.parse::<DateTime<Utc>>();
    for (draft, target) in drafts.iter().zip(&targets) {
        problems.definition(draft, start.as_ref().ok(), functions.get(*target as usize).map(|(_, spec)| spec.timeout));
    }
    let expect = problems.expectations(&keys);
    if !problems.0.is_empty() {
        return Err(document.report(problems.0));
    }
    let mut sources: Vec<Source> = drafts
        .drain(..)
        .zip(targets)
        .map(|(Draft { path, name, kind, definition }, target)| Source { name, kind, target, path, definition })
        .collect();
    sources.extend(chains(&functions));
    sources.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(Scenario {
        name: name.to_owned(),
        about: keys.about,
        profile: keys.profile,
        seed: keys.seed,
        duration: keys.duration,
        warm_up: keys.warm_up,
        drain: keys.drain,
        start: start.map_err(|error| document.report(vec![Problem::at(["start".into()], error.to_string())]))?,
        account: keys.account,
        functions,
        sources,
        expect,
    })
}

/// A source for each destination that is a function itself.
fn chains(functions: &[(String, FunctionSpec)]) -> impl Iterator<Item = Source> + '_ {
    functions.iter().flat_map(|(name, spec)| {
        let config = spec.event_invoke_config.as_ref();
        let of = |key: &'static str, kind: Option<&DestinationKind>| match kind {
            Some(DestinationKind::Lambda(target)) => {
                let target = functions.iter().position(|(function, _)| function == target)? as u32;
                let path = path(&["function", name, "event_invoke_config", key]);
                let definition = chain::definition();
                Some(Source { name: format!("{name}.{key}"), kind: &chain::KIND, target, path, definition })
            }
            _ => None,
        };
        let on_failure = of("on_failure", config.and_then(|config| config.on_failure.as_ref()));
        let on_success = of("on_success", config.and_then(|config| config.on_success.as_ref()));
        [on_failure, on_success].into_iter().flatten()
    })
}

/// A source before its target is known.
struct Draft {
    path: Path,
    name: String,
    kind: &'static Kind,
    definition: Box<dyn Definition>,
}

impl Draft {
    fn at(&self, keys: &[&str]) -> Path {
        below(&self.path, keys)
    }
}

fn path(keys: &[&str]) -> Path {
    keys.iter().map(|key| Step::from(*key)).collect()
}

/// A path below another; a number is a place in a list.
fn below<S: AsRef<str>>(path: &Path, keys: &[S]) -> Path {
    let more = keys.iter().map(AsRef::as_ref);
    let more = more.map(|key: &str| key.parse::<usize>().map_or_else(|_| Step::from(key), Step::from));
    path.iter().cloned().chain(more).collect()
}

fn list<'a>(names: impl Iterator<Item = &'a str>) -> String {
    names.map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

/// Problems found so far.
struct Problems(Vec<Problem>);

impl Problems {
    fn add(&mut self, problem: Problem) {
        self.0.push(problem);
    }

    fn sources(&mut self, keys: &Keys) -> Vec<Draft> {
        let mut drafts = Vec::new();
        for kind in KINDS {
            for (place, table) in keys.source.get(kind.name).into_iter().flatten().enumerate() {
                let path: Path = vec!["source".into(), kind.name.into(), place.into()];
                match (kind.read)(table.clone()) {
                    Ok(definition) => {
                        let name = definition.common().name.clone().unwrap_or_else(|| kind.name.to_owned());
                        drafts.push(Draft { path, name, kind, definition });
                    }
                    Err(message) => self.add(Problem::at(path, message)),
                }
            }
        }
        if drafts.is_empty() && self.0.is_empty() {
            let kinds = list(KINDS.iter().map(|kind| kind.name));
            self.add(
                Problem::at(Path::new(), "the scenario has no event source, so nothing would happen")
                    .help(format!("add `[[source.KIND]]` with one of {kinds}")),
            );
        }
        drafts
    }

    fn names(&mut self, drafts: &[Draft], keys: &Keys) {
        let mut named: BTreeMap<&str, &Draft> = BTreeMap::new();
        for draft in drafts {
            let first = *named.entry(&draft.name).or_insert(draft);
            let given = draft.definition.common().name.is_some();
            let alone = keys.source.get(draft.kind.name).is_none_or(|sources| sources.len() == 1);
            if !given && !alone {
                self.add(
                    Problem::at(
                        draft.path.clone(),
                        format!("several `{}` sources, and this one has no `name`", draft.kind.name),
                    )
                    .help("sources of one kind are told apart by `name`"),
                );
                continue;
            }
            if !given {
                continue;
            }
            let at = draft.at(&["name"]);
            let valid = draft.name.starts_with(|c: char| c.is_ascii_lowercase())
                && draft.name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "_-".contains(c));
            if !valid {
                self.add(
                    Problem::at(at, format!("`{}` is no name of a source", draft.name))
                        .label("allowed: a-z, then a-z, 0-9, `_`, `-`"),
                );
            } else if KINDS.iter().any(|kind| kind.name == draft.name) {
                self.add(Problem::at(
                    at,
                    format!("`{}` is the name of a kind of source; give this source another", draft.name),
                ));
            } else if !std::ptr::eq(first, draft) {
                self.add(
                    Problem::at(at, format!("two sources are named `{}`", draft.name))
                        .label("the second")
                        .related(first.at(&["name"]), "the first"),
                );
            }
        }
    }

    /// Gives the mappings that read another source's stream that stream.
    fn shared_streams(&mut self, drafts: &mut [Draft]) {
        let wanted: Vec<Option<String>> =
            drafts.iter().map(|draft| draft.definition.shared_stream().map(str::to_owned)).collect();
        let polls: Vec<bool> =
            drafts.iter().map(|draft| draft.definition.stream().is_some_and(StreamSpec::is_polled)).collect();
        for place in 0..drafts.len() {
            let Some(wanted_name) = &wanted[place] else { continue };
            let at = drafts[place].at(&["stream"]);
            let owner = drafts.iter().position(|draft| draft.name == *wanted_name);
            let Some((owner, stream)) =
                owner.and_then(|owner| Some((owner, drafts[owner].definition.stream()?.clone())))
            else {
                let streams = drafts.iter().filter(|draft| draft.definition.stream().is_some());
                let names: Vec<&str> = streams.map(|draft| draft.name.as_str()).collect();
                let problem = Problem::at(at, format!("no source `{wanted_name}` with a stream in this scenario"));
                self.add(match nearest(wanted_name, names.iter().copied()) {
                    Some(near) => problem.help(format!("did you mean `{near}`?")),
                    None => problem,
                });
                continue;
            };
            if wanted[owner].is_some() {
                self.add(Problem::at(
                    at,
                    format!("`{wanted_name}` has no stream of its own; name the source that has"),
                ));
                continue;
            }
            let reads = |other: usize| other == owner || wanted[other].as_ref() == Some(wanted_name);
            let consumers = (0..drafts.len()).filter(|other| polls[*other] && reads(*other)).count().max(1) as u32;
            let fans_out = |other: usize| {
                matches!(drafts[other].definition.charged(), Charged::Stream { enhanced_fan_out: true, .. })
            };
            let registered = (0..drafts.len()).filter(|other| {
                fans_out(*other) && (*other == owner || *other < place && wanted[*other].as_ref() == Some(wanted_name))
            });
            if fans_out(place) && registered.count() >= FAN_OUT_CONSUMERS {
                self.add(Problem::at(
                    drafts[place].at(&["enhanced_fan_out"]),
                    format!(
                        "`{wanted_name}` has {FAN_OUT_CONSUMERS} consumers with enhanced fan-out; a stream has no more"
                    ),
                ));
            }
            let shared = drafts[place].definition.share_stream(&stream, Some(wanted_name), consumers);
            let owned = drafts[owner].definition.share_stream(&stream, None, consumers);
            if let Err(message) = shared.and(owned) {
                self.add(Problem::at(at, message));
            }
        }
    }

    fn functions(&mut self, functions: &[(String, FunctionSpec)], account: Option<u64>) {
        if functions.is_empty() {
            self.add(
                Problem::at(Path::new(), "the scenario has no function that events could reach")
                    .help("add `[function.NAME]` with its `duration`, such as \"100ms\""),
            );
        }
        for (name, spec) in functions {
            let at = |keys: &[&str]| below(&path(&["function", name]), keys);
            for (keys, distribution) in spec.distributions() {
                self.distribution(&at(keys), distribution);
            }
            for (place, outage) in spec.outages.iter().enumerate() {
                self.outage(at(&["outages", &place.to_string(), "to"]), outage.from, outage.to);
            }
            self.environments(name, spec);
            let config = spec.event_invoke_config.clone().unwrap_or_default();
            for (key, kind) in [("on_failure", &config.on_failure), ("on_success", &config.on_success)] {
                if let Some(DestinationKind::Lambda(target)) = kind
                    && functions.iter().all(|(function, _)| function != target)
                {
                    let names = || functions.iter().map(|(name, _)| name.as_str());
                    let problem = Problem::at(
                        at(&["event_invoke_config", key]),
                        format!("no function `{target}` in this scenario"),
                    );
                    self.add(match nearest(target, names()) {
                        Some(near) => problem.help(format!("did you mean `lambda:{near}`?")),
                        None => problem.help(format!("the functions are {}", list(names()))),
                    });
                }
            }
            let calls = |kind: &Option<DestinationKind>| matches!(kind, Some(DestinationKind::Lambda(_)));
            if spec.recursive_loop == RecursiveLoop::Allow
                && (calls(&config.on_failure) || calls(&config.on_success))
                && config.queue_delay == Some(DistributionSpec::Constant(SimDuration::ZERO))
            {
                self.add(
                    Problem::at(at(&["recursive_loop"]), "a loop that nothing stops may take no time, and never end")
                        .related(at(&["event_invoke_config", "queue_delay"]), "set this above 0"),
                );
            }
            if let Some(kind) = config.dead_letter_queue
                && !matches!(kind, DestinationKind::Sqs | DestinationKind::Sns)
            {
                self.add(
                    Problem::at(
                        at(&["event_invoke_config", "dead_letter_queue"]),
                        format!("a dead-letter queue cannot be `{}`", kind.name()),
                    )
                    .label("allowed: \"sqs\" or \"sns\""),
                );
            }
            if config.on_success == Some(DestinationKind::S3) {
                self.add(
                    Problem::at(
                        at(&["event_invoke_config", "on_success"]),
                        "an S3 bucket takes messages of failures only",
                    )
                    .label("allowed: \"sqs\", \"sns\" or \"eventbridge\""),
                );
            }
        }
        self.reserved(functions, account);
    }

    /// What does not go together among the keys of a function's environments.
    fn environments(&mut self, name: &str, spec: &FunctionSpec) {
        let at = |key: &str| path(&["function", name, key]);
        if let (Some(provisioned), Some(reserved)) =
            (spec.provisioned_concurrent_executions, spec.reserved_concurrent_executions)
            && provisioned > reserved
        {
            let message = format!("{provisioned} provisioned environments do not fit into a reserve of {reserved}");
            self.add(
                Problem::at(at("provisioned_concurrent_executions"), message)
                    .related(at("reserved_concurrent_executions"), "the reserve"),
            );
        }
        if spec.provisioned_allocation.is_some() && spec.provisioned_concurrent_executions.is_none() {
            let message = "the function has no `provisioned_concurrent_executions` to be allocated";
            self.add(Problem::at(at("provisioned_allocation"), message));
        }
        if !spec.snap_start {
            return;
        }
        let add = |problems: &mut Problems, key: &str, message: String| {
            problems.add(Problem::at(at(key), message).related(at("snap_start"), "asked for here"));
        };
        if spec.provisioned_concurrent_executions.is_some() {
            let message = "SnapStart does not go together with provisioned concurrency".to_owned();
            add(self, "provisioned_concurrent_executions", message);
        }
        if spec.runtime.is_some_and(|runtime| !runtime.has_snapshots()) {
            add(self, "runtime", "SnapStart works with Java, Python and .NET only".to_owned());
        }
        if spec.package_type == PackageType::Image {
            add(self, "package_type", "SnapStart does not work with container images".to_owned());
        }
        let least = spec.init_duration.as_ref().map_or(SimDuration::ZERO, |spec| spec.bounds().0);
        if least > LONGEST_RESTORE {
            let message =
                format!("restoring a snapshot takes {least} at least; Lambda ends it after {LONGEST_RESTORE}");
            add(self, "init_duration", message);
        }
        if spec.ephemeral_storage > LEAST_STORAGE {
            add(self, "ephemeral_storage", "SnapStart works with 512 MB of `/tmp` only".to_owned());
        }
    }

    fn outage(&mut self, at: Path, from: SimDuration, to: SimDuration) {
        if to <= from {
            self.add(Problem::at(at, format!("the outage ends at {to}, not after it begins at {from}")));
        }
    }

    fn reserved(&mut self, functions: &[(String, FunctionSpec)], account: Option<u64>) {
        let Some(account) = account else { return };
        let mut sum = 0;
        let mut what = "reserved concurrency adds up";
        for (name, spec) in functions {
            if spec.claim().held() == 0 {
                continue;
            }
            sum += spec.claim().held();
            let key = match spec.reserved_concurrent_executions {
                Some(_) => "reserved_concurrent_executions",
                None => {
                    what = "reserved and provisioned concurrency add up";
                    "provisioned_concurrent_executions"
                }
            };
            if sum + LEAST_UNRESERVED > account {
                let most = match account.saturating_sub(LEAST_UNRESERVED) {
                    0 => "none".to_owned(),
                    most => format!("at most {most}"),
                };
                let message = format!(
                    "{what} to {sum} of the account's {account}; {LEAST_UNRESERVED} must stay unreserved, so {most} may be reserved"
                );
                self.add(
                    Problem::at(path(&["function", name, key]), message)
                        .help("raise `account.concurrent_executions`, or reserve less"),
                );
                return;
            }
        }
    }

    fn targets(&mut self, drafts: &[Draft], functions: &[(String, FunctionSpec)]) -> Vec<u32> {
        let names = || functions.iter().map(|(name, _)| name.as_str());
        let places: BTreeMap<&str, u32> = names().zip(0..).collect();
        drafts
            .iter()
            .map(|draft| match &draft.definition.common().target {
                Some(target) => places.get(target.as_str()).copied().unwrap_or_else(|| {
                    let problem =
                        Problem::at(draft.at(&["target"]), format!("no function `{target}` in this scenario"));
                    self.add(match nearest(target, names()) {
                        Some(near) => problem.help(format!("did you mean `{near}`?")),
                        None => problem.help(format!("the functions are {}", list(names()))),
                    });
                    0
                }),
                None => {
                    if functions.len() > 1 {
                        self.add(
                            Problem::at(
                                draft.path.clone(),
                                format!("source `{}` has no `target`, and there are several functions", draft.name),
                            )
                            .help(format!("say which with `target`: {}", list(names()))),
                        );
                    }
                    0
                }
            })
            .collect()
    }

    fn times(&mut self, keys: &Keys, drafts: &[Draft]) {
        if let Some(duration) = keys.duration
            && keys.warm_up.length() >= duration
        {
            let warm_up = keys.warm_up.length();
            let message = format!("the warm-up of {warm_up} leaves nothing of the duration of {duration}");
            self.add(Problem::at(path(&["warm_up"]), message).related(path(&["duration"]), "the duration"));
        }
        if keys.duration.is_none() {
            for draft in drafts.iter().filter(|draft| draft.definition.is_endless()) {
                let key = if draft.definition.common().arrivals.is_some() { "arrivals" } else { "schedule" };
                self.add(
                    Problem::at(
                        draft.at(&[key]),
                        format!("the events of `{}` never end, and the scenario has no `duration`", draft.name),
                    )
                    .help("set `duration` at the top of the scenario, such as duration = \"10m\""),
                );
            }
        }
    }

    fn definition(&mut self, draft: &Draft, start: Option<&DateTime<Utc>>, function_timeout: Option<SimDuration>) {
        let with_function = function_timeout.map(|timeout| draft.definition.problems_with(timeout));
        let from = start.map(|start| draft.definition.problems_from(*start));
        let problems = draft.definition.problems().into_iter();
        for (keys, message) in problems.chain(with_function.into_iter().flatten()).chain(from.into_iter().flatten()) {
            self.add(Problem::at(draft.at(&keys), message));
        }
        let once = draft.kind.mode == Mode::Push && draft.definition.invocation_type() != InvocationType::Event;
        if once && draft.definition.common().duplicate_rate > 0.0 {
            let called = Problem::at(draft.at(&["duplicate_rate"]), "a synchronous caller calls once");
            self.add(called.label("for asynchronous events, streams and queues only"));
        }
        if let Some(arrivals) = &draft.definition.common().arrivals {
            for (keys, message) in arrivals.problems() {
                self.add(Problem::at(below(&draft.at(&["arrivals"]), &keys), message));
            }
        }
        for (keys, distribution) in draft.definition.distributions() {
            self.distribution(&draft.at(&keys), distribution);
        }
    }

    /// A function's and a source's destinations are told apart by the names before them.
    fn destinations(&mut self, drafts: &[Draft], functions: &[(String, FunctionSpec)]) {
        let known = Platform::destinations(functions);
        let known: BTreeSet<&str> = known.iter().map(|destination| destination.name.as_str()).collect();
        for draft in drafts {
            for (key, _) in draft.definition.destinations() {
                let name = format!("{}.{key}", draft.name);
                if known.contains(name.as_str()) {
                    let function = path(&["function", &draft.name, "event_invoke_config", key]);
                    let message = format!(
                        "the function and the source named `{}` both have a destination that would be named `{name}`",
                        draft.name
                    );
                    self.add(
                        Problem::at(draft.path.clone(), message)
                            .label("the source")
                            .related(function, "the function's destination")
                            .help("give the source another `name`"),
                    );
                }
            }
        }
    }

    fn distribution(&mut self, at: &Path, distribution: &DistributionSpec) {
        for (keys, message) in distribution.problems() {
            self.add(Problem::at(below(at, &keys), message));
        }
    }

    fn expectations(&mut self, keys: &Keys) -> Vec<Expectation> {
        let mut expect = Vec::new();
        for (metric, want) in &keys.expect {
            let at = path(&["expect", metric]);
            let want = match want.clone().try_into() {
                Ok(WantSpec::Number(value)) => Some(Want::Equal(value)),
                Ok(WantSpec::Comparison(text)) => Want::parse(&text),
                Ok(WantSpec::Range((low, high))) if low <= high => Some(Want::Between(low, high)),
                Ok(WantSpec::Range(_)) | Err(_) => None,
            };
            match want {
                Some(want) => expect.push(Expectation { metric: metric.clone(), want }),
                None => self.add(
                    Problem::at(at, format!("what `{metric}` is to be cannot be read"))
                        .label("allowed: a number, \"< 3000\", \"<= 3000\", \"> 0\", \">= 1\", or [low, high]"),
                ),
            }
        }
        expect
    }
}
