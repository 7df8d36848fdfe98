//! The real binary in a folder that vanishes, away from the user's own cache and settings.

#![allow(dead_code, reason = "each test binary uses a part of this")]
#![allow(clippy::unwrap_used, reason = "a test may fail wherever it stands")]

use std::path::{Path, PathBuf};
use std::process::Output;
use std::sync::LazyLock;

use assert_cmd::Command;
use tempfile::TempDir;

/// A folder to run in.
pub(crate) struct Place(TempDir);

impl Place {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, bytes).unwrap();
        path
    }

    pub(crate) fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.path(name)).unwrap()
    }

    /// The binary, to be given more arguments or input. Words are split at spaces.
    pub(crate) fn command(&self, arguments: &str) -> Command {
        let mut command = Command::cargo_bin("lookalike").unwrap();
        command.current_dir(self.0.path()).args(arguments.split_whitespace());
        for (name, value) in environment(self.0.path()) {
            command.env(name, value);
        }
        command.env_remove("LOOKALIKE_HUB").env_remove("HF_ENDPOINT");
        command
    }

    pub(crate) fn run(&self, arguments: &str) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// Standard output of a command that must succeed.
    pub(crate) fn out(&self, arguments: &str) -> String {
        let output = self.run(arguments);
        assert!(output.status.success(), "{arguments}\n{}", told(&output));
        String::from_utf8(output.stdout).unwrap()
    }
}

/// What keeps a test's run apart from this machine's user.
pub(crate) fn environment(folder: &Path) -> [(&'static str, PathBuf); 3] {
    [
        ("LOOKALIKE_OFFLINE", "1".into()),
        ("LOOKALIKE_CACHE", folder.join(".cache")),
        ("NO_COLOR", "1".into()),
    ]
}

/// Exit code, standard output and standard error as one text, for a snapshot.
pub(crate) fn told(output: &Output) -> String {
    format!(
        "exit: {}\n--- out\n{}--- err\n{}",
        output.status.code().map_or("signal".into(), |code| code.to_string()),
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    )
}

/// Compares with a snapshot, with what depends on the machine blanked.
#[macro_export]
macro_rules! snapshot {
    ($text:expr) => {
        insta::with_settings!({ filters => $crate::common::FILTERS.to_vec() }, {
            insta::assert_snapshot!($text);
        });
    };
}

pub(crate) const FILTERS: [(&str, &str); 11] = [
    (r"[0-9a-f]{64}", "[SHA-256]"),
    (r"\b[0-9a-f]{16}\b", "[ID]"),
    (r"(/[\w.-]+)*/\.tmp\w+", "[FOLDER]"),
    (r"\d{4}-\d\d-\d\d \d\d:\d\d UTC", "[DATE]"),
    (r"computed with \d+ threads?, \w+", "computed with [PROCESSOR]"),
    (r"\b\d+:\d\d\b", "[TIME]"),
    (r"\b\d+\.\d{4}\b", "[LOSS]"),
    (r"[<>]?\d+(\.\d+)?% \(\d[\d.]*–[\d.]+%\)", "[SCORE]"),
    (r"(exactly|within \d+e-\d+ of) those saved", "[NEARLY] those saved"),
    (r"temperature \d+\.\d+", "temperature [T]"),
    (r"[<>]?\d+ ?%", "[PERCENT]"),
];

/// A practice set and a classifier trained on it in seconds, made once for a whole test binary.
pub(crate) static TRAINED: LazyLock<Place> = LazyLock::new(|| {
    let place = Place::new();
    place.out("practice practice --per-class 20 --seed 1");
    // In numbers that every machine has, so that snapshots are the same on all.
    let trained = place
        .run("train practice --backbone small --size 32 --epochs 2 --batch 16 --precision fp32");
    assert!(trained.status.success(), "{}", told(&trained));
    place
});
