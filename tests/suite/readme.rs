//! The README shows what the project really prints and draws.
//!
//! Between `<!-- run: ... -->` or `<!-- file: ... -->` and `<!-- end -->` stands real output; `UPDATE_README=1 cargo test readme`
//! writes it and the pictures anew, and without that the test tells where they are out of date.

use std::path::{Path, PathBuf};
use std::process::Command;

/// Pictures of the README: (in the project, in the output folder).
const PICTURES: [(&str, &str); 7] = [
    ("docs/latency.svg", "output/kinesis-log-alerts/latency.svg"),
    ("docs/latency-parts.svg", "output/kinesis-log-alerts/latency-parts.svg"),
    ("docs/concurrency.svg", "output/kinesis-log-alerts/concurrency.svg"),
    ("docs/backlog.svg", "output/kinesis-log-alerts/backlog.svg"),
    ("docs/sweep.svg", "output/batches/sweep.svg"),
    ("docs/differences.svg", "output/memory/differences.svg"),
    ("docs/plan.svg", "output/shards/plan.svg"),
];

fn project() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// What a marker stands for; commands run in `folder`.
fn shown(marker: &str, folder: &Path) -> String {
    if let Some(file) = marker.strip_prefix("file: ") {
        let text = std::fs::read_to_string(project().join(file)).unwrap_or_else(|error| panic!("{file}: {error}"));
        return format!("```toml\n{}\n```", text.trim_end());
    }
    let command = marker.strip_prefix("run: pushpull ").unwrap_or_else(|| panic!("unknown marker `{marker}`"));
    let run = Command::new(env!("CARGO_BIN_EXE_pushpull"))
        // A shell takes the quotes away.
        .args(command.split_whitespace().map(|word| word.trim_matches('\'')))
        .current_dir(folder)
        .env("NO_COLOR", "1")
        .output()
        .unwrap();
    let text = [run.stdout, run.stderr].concat();
    format!("```text\n$ pushpull {command}\n{}\n```", String::from_utf8(text).unwrap().trim_end())
}

#[test]
fn the_readme_shows_real_output_and_pictures() {
    let folder = std::env::temp_dir().join(format!("pushpull-readme-{}", std::process::id()));
    std::fs::create_dir_all(folder.join("scenarios")).unwrap();
    for file in std::fs::read_dir(project().join("scenarios")).unwrap() {
        let file = file.unwrap();
        std::fs::copy(file.path(), folder.join("scenarios").join(file.file_name())).unwrap();
    }
    let path = project().join("README.md");
    let readme = std::fs::read_to_string(&path).unwrap();
    let mut fresh = String::new();
    let mut rest = readme.as_str();
    while let Some(start) = ["<!-- run: ", "<!-- file: "].iter().filter_map(|marker| rest.find(marker)).min() {
        let (before, marked) = rest.split_at(start);
        let (marker, after) = marked["<!-- ".len()..].split_once(" -->").unwrap();
        let (_, after) = after.split_once("<!-- end -->").unwrap();
        fresh += &format!("{before}<!-- {marker} -->\n{}\n<!-- end -->", shown(marker, &folder));
        rest = after;
    }
    fresh += rest;
    let update = std::env::var_os("UPDATE_README").is_some();
    if update {
        std::fs::create_dir_all(project().join("docs")).unwrap();
        std::fs::write(&path, &fresh).unwrap();
    }
    assert!(update || fresh == readme, "README.md is out of date: UPDATE_README=1 cargo test readme");
    for (picture, source) in PICTURES {
        let drawn = std::fs::read(folder.join(source)).unwrap_or_else(|error| panic!("{source}: {error}"));
        if update {
            std::fs::write(project().join(picture), &drawn).unwrap();
        }
        let kept = std::fs::read(project().join(picture)).unwrap_or_default();
        assert!(kept == drawn, "{picture} is out of date: UPDATE_README=1 cargo test readme");
    }
    std::fs::remove_dir_all(&folder).unwrap();
}
