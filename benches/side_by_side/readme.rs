//! Writes measured tables where they are shown.

use std::path::Path;

/// A table stands between these two.
const BEGIN: &str = "<!-- bench -->\n";
const END: &str = "\n<!-- end -->";

/// Puts `text` between the marks of a file of the project.
pub fn write(file: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    let old = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{file}: {error}"));
    let (before, marked) = old.split_once(BEGIN).unwrap_or_else(|| panic!("{file} has no {BEGIN:?}"));
    let (_, after) = marked.split_once(END).unwrap_or_else(|| panic!("{file} has no {END:?} after {BEGIN:?}"));
    std::fs::write(&path, format!("{before}{BEGIN}{text}{END}{after}"))
        .unwrap_or_else(|error| panic!("{file}: {error}"));
}
