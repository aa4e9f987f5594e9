//! The project's own rules, kept by a test rather than by memory: dependencies run one way, the core stays pure, files stay small.

use std::path::{Path, PathBuf};

/// The modules from the lowest to the highest: each names only those before it, and none beside it in its own row.
const LAYERS: [&[&str]; 17] = [
    &["units"],
    &["time"],
    &["random", "inputs", "token_bucket"],
    &["draw", "profile"],
    &["distribution"],
    &["arrivals"],
    &["engine"],
    &["recording"],
    &["platform", "source"],
    &["scenario"],
    &["metrics"],
    &["simulation"],
    &["reading"],
    &["study"],
    &["report"],
    &["cli"],
    &["lib", "main"],
];

/// Longest file in lines.
const LONGEST: usize = 600;

/// (path below `src`, text) of every file of code.
fn files() -> Vec<(String, String)> {
    fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, found);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path);
            }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    walk(&root, &mut found);
    found.sort();
    let name = |path: &Path| path.strip_prefix(&root).unwrap().to_string_lossy().replace('\\', "/");
    found.iter().map(|path| (name(path), std::fs::read_to_string(path).unwrap())).collect()
}

/// The module at the root that a file belongs to.
fn module(file: &str) -> &str {
    file.split('/').next().unwrap_or(file).trim_end_matches(".rs")
}

/// The code of a file without its unit tests and comments.
fn code(file: &str, text: &str) -> String {
    if file.ends_with("/tests.rs") {
        return String::new();
    }
    let code = text.split("#[cfg(test)]").next().unwrap_or(text);
    code.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

fn layer(module: &str) -> usize {
    LAYERS
        .iter()
        .position(|layer| layer.contains(&module))
        .unwrap_or_else(|| panic!("`{module}` has no place among the layers"))
}

#[test]
fn dependencies_run_one_way() {
    let mut wrong = Vec::new();
    for (file, text) in files() {
        let from = module(&file);
        for named in code(&file, &text).split("crate::").skip(1) {
            let to: String = named.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
            // What stands at the root of the crate is a re-export of `reading` and `simulation`.
            let to = match to.as_str() {
                "read" => "reading",
                "simulate" => "simulation",
                other => other,
            };
            if to != from && !to.is_empty() && layer(to) >= layer(from) {
                wrong.push(format!("{file} names crate::{to}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// What the core must not touch, and who may.
#[test]
fn the_core_is_pure() {
    let forbidden = [
        "std::fs",
        "std::env",
        "std::thread",
        "std::process",
        "SystemTime",
        "Instant",
        "HashMap",
        "println!",
        "static mut",
    ];
    let mut wrong = Vec::new();
    for (file, text) in files() {
        let outer = ["cli", "report", "main"].contains(&module(&file));
        // Its iteration order is never asked for; look-ups only.
        let code = code(&file, &text).replace("FxHashMap", "");
        for word in forbidden.iter().filter(|word| !outer && code.contains(**word)) {
            wrong.push(format!("{file}: {word}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// The system's mathematics differ in the last bit between machines; what a run is made of asks `libm`.
#[test]
fn the_core_calculates_alike_everywhere() {
    let simulation = layer("simulation");
    let functions = ["ln", "ln_1p", "exp", "exp_m1", "powf", "powi", "log10", "log2", "sin", "cos", "tan", "cbrt"];
    let mut wrong = Vec::new();
    for (file, text) in files().into_iter().filter(|(file, _)| layer(module(file)) <= simulation) {
        let code = code(&file, &text);
        wrong.extend(
            functions
                .map(|name| format!(".{name}("))
                .into_iter()
                .filter(|call| code.contains(call))
                .map(|call| format!("{file}: {call}..)")),
        );
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn no_hash_map_is_iterated() {
    for (file, text) in files() {
        for line in code(&file, &text).lines().filter(|line| line.contains("FxHashMap<")) {
            let field = line.trim().trim_start_matches("pub(super) ").split(':').next().unwrap_or_default();
            for walk in ["iter()", "keys()", "values()", "drain()", "retain("] {
                assert!(!text.contains(&format!("{field}.{walk}")), "{file}: {field}.{walk} depends on hash order");
            }
        }
    }
}

#[test]
fn files_stay_small() {
    for (file, text) in files() {
        let lines = text.lines().count();
        assert!(lines <= LONGEST, "{file} has {lines} lines; does it still hold one concept?");
    }
}

/// The words themselves stand here alone.
#[test]
fn nothing_is_left_for_later() {
    for (file, text) in files() {
        for word in ["todo!", "unimplemented!", "#[ignore", "FIXME", "XXX"] {
            assert!(!text.contains(word), "{file}: {word}");
        }
    }
}

#[test]
fn every_scenario_begins_with_its_question_and_ends_with_what_it_expects() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        let first = text.lines().find(|line| !line.trim().is_empty() && !line.starts_with('#')).unwrap_or_default();
        assert!(first.starts_with("about"), "{}: begins with {first}", path.display());
        let last = text.lines().rfind(|line| line.starts_with('[')).unwrap_or_default();
        assert_eq!(last, "[expect]", "{}", path.display());
    }
}
