//! `pushpull list`: what a scenario can be made of, from the registrations and the schema themselves.

use serde_json::Value;

use crate::profile::Profile;
use crate::scenario::json_schema;
use crate::source::{KINDS, Mode};

pub(super) fn text() -> String {
    let mut out = String::from("event sources ([[source.KIND]])\n");
    for mode in [Mode::Push, Mode::Pull] {
        for kind in KINDS.iter().filter(|kind| kind.mode == mode) {
            out += &format!("  {:<18} {}\n", kind.name, kind.about);
        }
    }
    let schema = json_schema();
    for (title, definition) in [("distributions of time", "Law"), ("arrivals", "ArrivalsSpec")] {
        out += &format!("\n{title}\n");
        if definition == "Law" {
            out += &line("\"120ms\"", "Always the same length.");
        }
        for variant in schema["$defs"][definition]["oneOf"].as_array().into_iter().flatten() {
            let name = variant["required"][0].as_str().unwrap_or_default();
            let about = variant["description"].as_str().or(described(variant, name)).unwrap_or_default();
            out += &line(name, about);
        }
    }
    out += "\nprofiles (profile = \"NAME\")\n";
    for (profile, about) in Profile::ALL {
        out += &line(profile.name(), about);
    }
    out
}

fn described<'a>(variant: &'a Value, name: &str) -> Option<&'a str> {
    variant["properties"][name]["description"].as_str()
}

fn line(name: &str, about: &str) -> String {
    format!("  {name:<18} {}\n", about.split_whitespace().collect::<Vec<_>>().join(" "))
}
