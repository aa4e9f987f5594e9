//! The text of a scenario as it is drawn, key by key.

use std::fmt::{Display, Write as _};

use super::dice::Dice;
use super::time::time;

/// A text and the dice that draw what comes next.
pub struct Draft {
    pub dice: Dice,
    text: String,
}

impl Draft {
    pub fn new(seed: u64) -> Draft {
        Draft { dice: Dice::new(seed), text: String::new() }
    }

    pub fn into_text(self) -> String {
        self.text
    }

    pub fn line(&mut self, line: impl Display) {
        writeln!(self.text, "{line}").unwrap();
    }

    pub fn key(&mut self, key: &str, value: impl Display) {
        self.line(format_args!("{key} = {value}"));
    }

    /// A key with a string.
    pub fn text(&mut self, key: &str, value: &str) {
        self.key(key, quoted(value));
    }

    /// With so many percent: a key with one of `values`, as they stand.
    pub fn maybe(&mut self, percent: u64, key: &str, values: &[&str]) {
        if self.dice.chance(percent) {
            let value = self.dice.pick(values);
            self.key(key, value);
        }
    }

    /// With so many percent: a key with one of `values`, as a string.
    pub fn maybe_text(&mut self, percent: u64, key: &str, values: &[&str]) {
        if self.dice.chance(percent) {
            let value = self.dice.pick(values);
            self.text(key, value);
        }
    }

    /// With so many percent: a key with a distribution of time; `depth` bounds the mixtures in it.
    pub fn maybe_time(&mut self, percent: u64, key: &str, depth: u32) {
        if self.dice.chance(percent) {
            let value = time(&mut self.dice, depth);
            self.key(key, value);
        }
    }
}

pub fn quoted(text: &str) -> String {
    format!("\"{text}\"")
}
