//! A folder in which commands are run as a user types them.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::Value;

/// A folder of one test, gone at its end.
pub struct Sandbox(pub PathBuf);

/// What a command left behind.
pub struct Ended {
    pub status: i32,
    pub out: String,
    pub err: String,
}

impl Sandbox {
    pub fn new() -> Sandbox {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("pushpull-cli-{}-{number}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Sandbox(path)
    }

    pub fn with(self, name: &str, text: &str) -> Sandbox {
        let path = self.0.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
        self
    }

    pub fn command(&self, line: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_pushpull"));
        command.args(line.split_whitespace()).current_dir(&self.0).env_remove("NO_COLOR").stdin(Stdio::null());
        command
    }

    pub fn run(&self, line: &str) -> Ended {
        Ended::of(self.command(line).output().unwrap())
    }

    /// Runs a line that must end with 0.
    pub fn ok(&self, line: &str) -> String {
        let ended = self.run(line);
        assert_eq!(ended.status, 0, "{line}: {}", ended.err);
        ended.out
    }

    /// Runs a line that must be refused with 2, without a word on standard output.
    pub fn refused(&self, line: &str) -> String {
        let ended = self.run(line);
        assert_eq!((ended.status, ended.out.as_str()), (2, ""), "{line}: {}", ended.err);
        assert!(!ended.err.is_empty() && !ended.err.contains("panicked"), "{line}: {}", ended.err);
        ended.err
    }

    pub fn piped(&self, line: &str, input: &str) -> Ended {
        let mut child =
            self.command(line).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        Ended::of(child.wait_with_output().unwrap())
    }

    pub fn text(&self, name: &str) -> String {
        fs::read_to_string(self.0.join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    pub fn json(&self, name: &str) -> Value {
        serde_json::from_str(&self.text(name)).unwrap()
    }

    /// Every file below, by its path from here, with its bytes.
    pub fn files(&self) -> BTreeMap<String, Vec<u8>> {
        fn below(folder: &Path, root: &Path, found: &mut BTreeMap<String, Vec<u8>>) {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    below(&path, root, found);
                } else {
                    let name = path.strip_prefix(root).unwrap().to_string_lossy().into_owned();
                    found.insert(name, fs::read(&path).unwrap());
                }
            }
        }
        let mut found = BTreeMap::new();
        below(&self.0, &self.0, &mut found);
        found
    }

    pub fn names(&self) -> Vec<String> {
        self.files().into_keys().collect()
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

impl Ended {
    pub fn of(output: std::process::Output) -> Ended {
        Ended {
            status: output.status.code().expect("no signal"),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// Standard output, which must be one line of JSON.
    pub fn line(&self) -> Value {
        assert!(self.out.ends_with('\n') && self.out.lines().count() == 1, "{}{}", self.out, self.err);
        serde_json::from_str(&self.out).unwrap()
    }
}
