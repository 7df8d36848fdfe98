//! `lookalike apply`: plans carried out, killed, gone on with and undone, by the real binary.
#![allow(clippy::unwrap_used, reason = "a test may fail wherever it stands")]

mod common;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use common::{Place, environment, told};

/// Two classes, one picture under the wrong one and one with the wrong suffix.
fn place() -> Place {
    let place = Place::new();
    for name in ["ants/1.jpg", "ants/2.jpg", "ants/bee.jpg", "bees/1.jpg", "bees/2.png"] {
        place.write(&format!("photos/{name}"), name);
    }
    place.write(
        "plan.csv",
        "action,path,to,reason\n\
         folder,photos,,\n\
         leave out,ants/1.jpg,,the same picture is in bees\n\
         relabel,ants/bee.jpg,bees,shows a bee\n\
         move,bees/2.png,bees/2.jpg,\n\
         keep,ants/2.jpg,,blurred\n",
    );
    place
}

/// Everything below the pictures' folder and beside it, with its bytes.
fn tree(place: &Place) -> BTreeMap<PathBuf, Vec<u8>> {
    fn walk(folder: &Path, found: &mut BTreeMap<PathBuf, Vec<u8>>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, found);
                found.insert(path, vec![]);
            } else {
                found.insert(path.clone(), fs::read(path).unwrap());
            }
        }
    }
    let mut found = BTreeMap::new();
    walk(&place.path("."), &mut found);
    found
}

#[test]
fn a_plan_is_tried_applied_applied_again_and_undone() {
    let place = place();
    let before = tree(&place);
    let mut all = String::new();
    for arguments in
        ["--dry-run plan.csv", "plan.csv", "plan.csv", "--undo plan.csv", "--undo plan.csv"]
    {
        let output = place.run(&format!("apply {arguments}"));
        all += &format!("$ apply {arguments}\n{}\n", told(&output));
        match arguments {
            "plan.csv" => {
                assert_eq!(place.read("photos-left-out/ants/1.jpg"), b"ants/1.jpg");
                assert_eq!(place.read("photos/bees/bee.jpg"), b"ants/bee.jpg");
                assert_eq!(place.read("photos/bees/2.jpg"), b"bees/2.png");
            }
            _ => assert_eq!(tree(&place), before, "{arguments}"),
        }
    }
    snapshot!(all);
}

#[test]
fn lines_that_do_not_fit_are_told_and_nothing_is_moved() {
    let place = place();
    fs::remove_file(place.path("photos/ants/1.jpg")).unwrap();
    fs::rename(place.path("photos/bees"), place.path("photos/wasps")).unwrap();
    let before = tree(&place);
    let output = place.run("apply plan.csv");
    assert_eq!(output.status.code(), Some(3));
    assert_eq!(tree(&place), before);
    snapshot!(told(&output));
}

#[test]
fn every_failure_has_words_and_advice() {
    let place = place();
    place.write("bad.csv", "action,path,to,reason\nburn,ants/1.jpg,,\n");
    place.write("nowhere.csv", "action,path,to,reason\nfolder,nowhere,,\n");
    let all =
        ["none.csv", "bad.csv", "nowhere.csv", "plan.csv --folder plan.csv"].map(|arguments| {
            let output = place.run(&format!("apply {arguments}"));
            assert!(!output.status.success(), "{arguments}");
            told(&output)
        });
    snapshot!(all.join("\n"));
}

#[test]
fn killed_at_any_moment_it_goes_on_or_back() {
    const FILES: usize = 1500;
    let fill = || {
        let place = Place::new();
        let mut plan = "action,path,to,reason\nfolder,photos,,\n".to_owned();
        place.write("photos/bees/x.jpg", "x");
        for number in 0..FILES {
            place.write(&format!("photos/ants/{number}.jpg"), number.to_string());
            plan += &match number % 3 {
                0 => format!("leave out,ants/{number}.jpg,,\n"),
                1 => format!("relabel,ants/{number}.jpg,bees,\n"),
                _ => format!("move,ants/{number}.jpg,ants/{number}.png,\n"),
            };
        }
        place.write("plan.csv", plan);
        place
    };
    let strip = |place: &Place| {
        let tree = tree(place);
        let short = |path: &Path| path.strip_prefix(place.path(".")).unwrap().to_owned();
        tree.iter().map(|(path, bytes)| (short(path), bytes.clone())).collect::<Vec<_>>()
    };
    let whole = fill();
    let before = strip(&whole);
    whole.out("apply --quiet plan.csv");
    let after = strip(&whole);
    let mut midway = 0;
    for kill in 0..20_u64 {
        let place = fill();
        let mut child = Command::new(assert_cmd::cargo::cargo_bin("lookalike"))
            .args(["apply", "--quiet", "plan.csv"])
            .current_dir(place.path("."))
            .envs(environment(&place.path(".")))
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        // Until so many files have moved, or it is over.
        let gone = |number: u64| !place.path(&format!("photos/ants/{number}.jpg")).exists();
        while child.try_wait().unwrap().is_none() && !gone(kill * 70) {
            std::thread::sleep(Duration::from_micros(200));
        }
        child.kill().unwrap();
        child.wait().unwrap();
        let moved = (0..FILES as u64).filter(|&number| gone(number)).count();
        midway += usize::from(moved > 0 && moved < FILES);
        // The half goes on, the other half back, and what went on goes back afterwards.
        if kill % 2 == 0 {
            place.out("apply --quiet plan.csv");
            let there = strip(&place);
            let names = |tree: &[(PathBuf, Vec<u8>)]| tree.to_vec();
            assert_eq!(names(&there), names(&after), "kill {kill}");
        }
        place.out("apply --undo plan.csv");
        let mut there = strip(&place);
        // The temporary file of what was being written down, if the kill fell there.
        there.retain(|(path, _)| !path.to_string_lossy().ends_with(".tmp"));
        assert_eq!(there, before, "kill {kill}");
    }
    assert!(midway >= 10, "only {midway} of 20 kills fell in the midst of it");
}

#[test]
fn many_moves_are_counted_and_a_plan_that_is_not_there_is_an_error() {
    let place = Place::new();
    let mut plan = "action,path,to,reason\nfolder,photos,,\n".to_owned();
    for number in 0..25 {
        place.write(&format!("photos/{number}.jpg"), number.to_string());
        plan += &format!("move,{number}.jpg,ants/{number}.jpg,\n");
    }
    place.write("my plan.csv", &plan);
    place.write("plan.csv", plan);
    let dry = place.out("apply --dry-run plan.csv");
    assert_eq!(dry.lines().count(), 22, "{dry}");
    assert!(dry.starts_with("move      photos/0.jpg -> photos/ants/0.jpg\n"), "{dry}");
    let end = "\nand 5 other files; `--all` lists them\n       25 into photos/ants\n";
    assert!(dry.ends_with(end), "{dry}");
    assert_eq!(place.out("apply --dry-run --all plan.csv").lines().count(), 25);
    let output = place.command("apply").arg("my plan.csv").output().unwrap();
    let listed = String::from_utf8(output.stdout).unwrap();
    assert_eq!(listed.lines().count(), 22, "{listed}");
    assert!(listed.ends_with(end), "{listed}");
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("back: `lookalike apply --undo 'my plan.csv'`"), "{said}");
    let typo = place.run("apply --undo plam.csv");
    assert_eq!(typo.status.code(), Some(1), "{}", told(&typo));
    assert!(told(&typo).contains("error: there is no plan `plam.csv`"), "{}", told(&typo));
}
