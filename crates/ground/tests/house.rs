//! The house as ARCHITECTURE.md draws it: each crate has a floor, and imports go downwards only.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The floor of each crate in the drawing. A line names a crate if its eleventh column begins a word.
fn floors() -> BTreeMap<String, usize> {
    let text = std::fs::read_to_string(root().join("ARCHITECTURE.md")).expect("the drawing");
    let lines = text.lines().skip_while(|line| !line.starts_with("floor 0"));
    let (mut floor, mut floors) = (0, BTreeMap::new());
    for line in lines.take_while(|line| !line.starts_with("```")) {
        if let Some(rest) = line.strip_prefix("floor ") {
            floor = rest[..1].parse().expect("the number of a floor");
        }
        match line.get(10..) {
            Some(rest) if !rest.starts_with(' ') => {
                let name = rest.split(' ').next().unwrap_or_default();
                floors.insert(name.to_owned(), floor);
            }
            _ => {}
        }
    }
    floors
}

/// For each crate, by its folder's name: the crates of the workspace that it depends on, and whether
/// only its tests do.
fn imports() -> BTreeMap<String, Vec<(String, bool)>> {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["metadata", "--no-deps", "--offline", "--format-version", "1"]);
    let output = cargo.current_dir(root()).output().expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let folder = |path: &str| {
        let name = Path::new(path).file_name().expect("a folder");
        name.to_string_lossy().into_owned()
    };
    let packages = metadata["packages"].as_array().expect("packages").iter().map(|package| {
        let manifest = package["manifest_path"].as_str().expect("a path");
        let name = folder(manifest.trim_end_matches("Cargo.toml"));
        let dependencies = package["dependencies"].as_array().expect("dependencies").iter();
        let own = dependencies.filter_map(|dependency| {
            Some((folder(dependency["path"].as_str()?), dependency["kind"] == "dev"))
        });
        (name, own.collect())
    });
    packages.collect()
}

#[test]
fn every_crate_has_a_floor_and_imports_go_downwards_only() {
    let (floors, imports) = (floors(), imports());
    let drawn: Vec<_> = floors.keys().collect();
    assert_eq!(drawn, imports.keys().collect::<Vec<_>>(), "crates drawn, and crates there are");
    for (name, imports) in &imports {
        for (import, _) in imports.iter().filter(|(_, in_tests)| !in_tests) {
            let (from, to) = (floors[name], floors[import]);
            assert!(to < from, "{name} (floor {from}) imports {import} (floor {to})");
        }
    }
}

#[test]
fn only_the_engine_imports_the_kernels() {
    for (name, imports) in imports() {
        let kernels = imports.iter().any(|(import, _)| import == "kernels");
        assert_eq!(kernels, name == "engine", "{name}");
    }
}

/// The source files below a folder.
fn sources(folder: PathBuf) -> Vec<PathBuf> {
    let (mut folders, mut files) = (vec![folder], vec![]);
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                files.push(path);
            }
        }
    }
    files
}

#[test]
fn no_file_imports_all_that_its_parent_has() {
    for path in sources(root().join("crates")) {
        let text = std::fs::read_to_string(&path).expect("a source file");
        let found = text.lines().any(|line| line.trim() == concat!("use super", "::*;"));
        assert!(!found, "{}", path.display());
    }
}

/// A crate that includes a file of another cannot be built from its package alone.
#[test]
fn no_crate_includes_a_file_of_another() {
    let mut included = 0;
    for entry in std::fs::read_dir(root().join("crates")).expect("a folder") {
        let own = entry.expect("an entry").path().canonicalize().expect("a crate");
        for path in sources(own.join("src")) {
            let text = std::fs::read_to_string(&path).expect("a source file");
            for start in ["include_str!(\"", "include_bytes!(\"", "include_str!(concat!(\""] {
                for rest in text.split(start).skip(1) {
                    let name = rest.split('"').next().unwrap_or_default();
                    let file = path.parent().expect("a folder").join(name);
                    let file = file.canonicalize().unwrap_or_else(|error| {
                        panic!("{}: {name}: {error}", path.display());
                    });
                    assert!(file.starts_with(&own), "{} includes {name}", path.display());
                    included += 1;
                }
            }
        }
    }
    assert!(included > 10, "{included} files are included");
}
