//! Kills, full disks and failing ones: what was trained is not lost, and nothing is said to be
//! saved that is not. With `LOOKALIKE_SLOW` set there are many more of each.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test may fail wherever it stands")]

mod common;

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use classifier::Classifier;
use common::{Place, TRAINED, environment, told};
use ground::files::{Failing, write_pieces};
use ground::random::{Draws, Purpose};
use serde_json::Value;
use weights::safetensors::{File, Limits};

fn slow() -> bool {
    std::env::var_os("LOOKALIKE_SLOW").is_some()
}

const TRAIN: &str = "train practice --backbone small --size 32 --batch 16 --frozen-epochs 2 \
                     --epochs 6 --checkpoint-every 0";

fn practice() -> Place {
    let place = Place::new();
    place.out("practice practice --per-class 20 --seed 1");
    place
}

/// All of a trained classifier that must come out the same: every tensor but the record, in which
/// times stand, and the record's report without them.
fn essence(place: &Place) -> (BTreeMap<String, Vec<u8>>, Value) {
    let path = place.path("practice.lookalike");
    let file = File::open(&path, &Limits::CLASSIFIER).unwrap();
    let names: Vec<String> = file.layout().entries().keys().cloned().collect();
    let mut tensors = BTreeMap::new();
    for name in names.into_iter().filter(|name| name != "record") {
        let bytes = file.bytes(&name).unwrap_or_else(|_| {
            let values = file.tensor_f32(&name).unwrap();
            values.iter().flat_map(|x| x.to_le_bytes()).collect()
        });
        tensors.insert(name, bytes);
    }
    let mut report: Value =
        serde_json::from_str(&place.out("report practice.lookalike --json")).unwrap();
    report["facts"] = Value::Null;
    for row in report["history"].as_array_mut().unwrap() {
        row["seconds"] = Value::Null;
    }
    (tensors, report)
}

/// Names below a folder that end so.
fn ending(folder: &Path, end: &str) -> Vec<PathBuf> {
    let mut found = vec![];
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(ending(&path, end));
        } else if path.to_string_lossy().ends_with(end) {
            found.push(path);
        }
    }
    found
}

#[test]
fn a_run_that_is_killed_again_and_again_ends_as_one_that_was_not() {
    let whole = practice();
    whole.out(&format!("{TRAIN} --threads 2"));
    let whole = essence(&whole);

    let place = practice();
    let kills = if slow() { 100 } else { 10 };
    let mut draws = Draws::new(1, Purpose::Synthetic, &[]);
    let mut resumed = 0;
    for kill in 0..kills {
        let threads = 1 + kill % 2; // which must not matter either
        let mut child = Command::new(assert_cmd::cargo::cargo_bin("lookalike"))
            .args(TRAIN.split_whitespace())
            .args(["--threads", &threads.to_string()])
            .current_dir(place.path("."))
            .envs(environment(&place.path(".")))
            .stdout(Stdio::null())
            .stderr(fs::File::create(place.path("words")).unwrap())
            .spawn()
            .unwrap();
        std::thread::sleep(Duration::from_millis(100 + draws.below(900) as u64));
        child.kill().unwrap();
        let ended = child.wait().unwrap();
        let words = String::from_utf8(place.read("words")).unwrap();
        assert!(!words.contains("damaged") && !words.contains("checkpoint"), "{words}");
        assert!(!words.contains("run of other settings"), "{words}");
        resumed += usize::from(words.contains("resuming from"));
        if ended.success() {
            break; // it was done before it could be killed
        }
    }
    let output = place.run(&format!("{TRAIN} --threads 1"));
    assert!(output.status.success(), "{}", told(&output));
    assert!(resumed > 0, "no run got as far as a checkpoint");
    let found = essence(&place);
    assert!(found.0 == whole.0, "other weights");
    assert_eq!(found.1, whole.1);
    assert!(!place.path("practice.lookalike.unfinished").exists());
    assert_eq!(ending(&place.path("."), ".tmp"), [""; 0].map(PathBuf::from));
}

#[test]
fn another_seed_is_another_run() {
    let place = practice();
    place.out(TRAIN);
    let first = essence(&place).0;
    place.out(&format!("{TRAIN} --seed 7"));
    assert!(essence(&place).0 != first);
}

/// Real pictures and a real network, where they are there.
#[test]
fn resnet_50_goes_on_to_the_same_bits_too() {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    let shared = std::env::var_os("LOOKALIKE_SHARED").map_or_else(beside, PathBuf::from);
    let weights = shared.join("weights/resnet50.safetensors");
    let mut table = String::from("path,label\n");
    for class in ["ants", "bees"] {
        let folder = shared.join("data/ants_bees").join(class);
        let mut files = ending(&folder, ".jpg");
        files.sort();
        let rows = files.iter().take(10).map(|file| format!("{},{class}\n", file.display()));
        table.extend(rows);
    }
    if !weights.is_file() || table.lines().count() < 21 {
        eprintln!("skipped: no data and weights in {}; set LOOKALIKE_SHARED", shared.display());
        return;
    }
    let train = "train --labels practice.csv --backbone resnet50 --size 64 --batch 8 \
                 --frozen-epochs 1 --epochs 2 --checkpoint-every";
    let start = |place: &Place, every: &str| {
        place.write("practice.csv", &table);
        let mut command = Command::new(assert_cmd::cargo::cargo_bin("lookalike"));
        command.args(train.split_whitespace()).arg(every).arg("--weights").arg(&weights);
        command.current_dir(place.path(".")).envs(environment(&place.path(".")));
        command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap()
    };
    let whole = Place::new();
    let ended = start(&whole, "3600").wait_with_output().unwrap();
    assert!(ended.status.success(), "{}", told(&ended));

    let place = Place::new();
    let mut child = start(&place, "0");
    let folder = place.path("practice.lookalike.unfinished");
    while child.try_wait().unwrap().is_none() && ending(&folder, ".safetensors").len() < 2 {
        std::thread::sleep(Duration::from_millis(20));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let ended = start(&place, "3600").wait_with_output().unwrap();
    let words = told(&ended);
    assert!(ended.status.success() && words.contains("resuming from"), "{words}");
    assert!(essence(&place) == essence(&whole));
    assert!(!folder.exists());
}

/// A file system in memory of so many bytes, unmounted when dropped; none where that is not
/// allowed.
struct Small(PathBuf);

impl Small {
    fn new(place: &Place, bytes: u64) -> Option<Self> {
        let folder = place.path(&format!("disk{bytes}"));
        fs::create_dir_all(&folder).unwrap();
        let size = format!("size={bytes}");
        let mount = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &size, "tmpfs"])
            .arg(&folder)
            .stderr(Stdio::null())
            .status();
        mount.is_ok_and(|status| status.success()).then_some(Self(folder))
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        drop(Command::new("umount").arg(&self.0).status());
    }
}

#[test]
fn a_disk_that_is_full_is_told_and_costs_nothing_that_was_there() {
    let place = practice();
    // The classifier has 6 MB, the report a tenth, a checkpoint 24 MB.
    let sizes: Vec<u64> = if slow() {
        (1..=40).map(|n| n * (1 << 20)).chain((1..40).map(|n| n * 200_000)).collect()
    } else {
        [1, 4, 6, 8, 30, 100].map(|n| n * (1 << 20)).to_vec()
    };
    let mut ends = [0, 0];
    for size in sizes {
        let Some(disk) = Small::new(&place, size) else {
            eprintln!("notice: no tmpfs can be mounted here; skipped");
            return;
        };
        let output = disk.0.join("practice.lookalike");
        fs::write(&output, "what was there").unwrap();
        let ran = place.run(&format!("{TRAIN} -o {}", output.display()));
        let words = told(&ran);
        let saved = String::from_utf8_lossy(&ran.stderr).contains("classifier: `");
        if saved {
            place.out(&format!("show {}", output.display()));
        } else {
            assert_eq!(fs::read(&output).unwrap(), b"what was there", "{words}");
        }
        let reported = String::from_utf8_lossy(&ran.stderr).contains("report: `");
        assert_eq!(reported, output.with_extension("html").exists(), "{words}");
        assert_eq!(ran.status.success(), saved && reported, "{words}");
        if !ran.status.success() {
            assert_eq!(ran.status.code(), Some(1), "{words}");
            assert!(words.contains("cannot write `") && words.contains("No space"), "{words}");
            assert!(words.contains("help: make room on the disk"), "{words}");
        }
        assert_eq!(ending(&disk.0, ".tmp"), [""; 0].map(PathBuf::from), "{words}");
        ends[usize::from(ran.status.success())] += 1;
    }
    assert!(ends[0] > 0 && ends[1] > 0, "{ends:?}");
}

#[test]
fn each_operation_of_saving_and_reporting_may_fail() {
    let classifier = Classifier::load(&TRAINED.path("practice.lookalike")).unwrap();
    let about = report::About { title: "t".into(), file: "f".into(), program: "p".into() };
    let insight = insight::Insight::of(&classifier.record);
    let page = report::html(&classifier.record, &insight, &classifier.thumbnails, &about);
    let kinds = [
        io::ErrorKind::StorageFull,
        io::ErrorKind::Other,
        io::ErrorKind::PermissionDenied,
        io::ErrorKind::ReadOnlyFilesystem,
    ];
    let place = Place::new();
    let (model, html) = (place.path("m.lookalike"), place.path("m.html"));
    let step = if slow() { 1 } else { 7 };
    for n in (0..).step_by(step) {
        for path in [&model, &html] {
            fs::write(path, "what was there").unwrap();
        }
        let files = Failing::with(n, kinds[n as usize % kinds.len()]);
        let saved = classifier.save_on(&files, &model);
        let reported = saved.is_ok().then(|| write_pieces(&files, &html, &[page.as_bytes()]));
        let intact = |path: &Path| fs::read(path).unwrap() == b"what was there";
        match &saved {
            Ok(()) => assert!(Classifier::load(&model).unwrap() == classifier),
            // Where only the last sync fails, the new one has its place already, and is whole.
            Err(_) => assert!(intact(&model) || Classifier::load(&model).unwrap() == classifier),
        }
        match &reported {
            Some(Ok(())) => assert_eq!(fs::read(&html).unwrap(), page.as_bytes()),
            _ => assert!(intact(&html) || fs::read(&html).unwrap() == page.as_bytes()),
        }
        assert_eq!(ending(&place.path("."), ".tmp"), [""; 0].map(PathBuf::from), "operation {n}");
        if !files.has_failed() {
            assert!(n > 20 && matches!(reported, Some(Ok(()))), "{n} operations");
            break;
        }
        assert!(saved.is_err() || matches!(reported, Some(Err(_))), "operation {n}");
    }
}

#[test]
fn signals_at_any_time_leave_something_to_go_on_from() {
    let place = practice();
    let long = TRAIN.replace("--epochs 6", "--epochs 100000").replace("every 0", "every 1");
    let mut draws = Draws::new(2, Purpose::Synthetic, &[]);
    let mut went_on = 0;
    for round in 0..if slow() { 50 } else { 6 } {
        let child = Command::new(assert_cmd::cargo::cargo_bin("lookalike"))
            .args(long.split_whitespace())
            .arg("--no-report")
            .current_dir(place.path("."))
            .envs(environment(&place.path(".")))
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // Long enough that the signal is listened for.
        std::thread::sleep(Duration::from_millis(700 + draws.below(1500) as u64));
        let (signal, code) = [("-INT", 130), ("-TERM", 143)][round % 2];
        let asked = Instant::now();
        let sent = Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap();
        assert!(sent.success());
        let ended = child.wait_with_output().unwrap();
        let words = told(&ended);
        assert_eq!(ended.status.code(), Some(code), "{words}");
        assert!(asked.elapsed() < Duration::from_secs(10), "{:?}", asked.elapsed());
        assert!(!words.contains("damaged"), "{words}");
        went_on += usize::from(words.contains("resuming from"));
        if words.contains("to resume from") {
            let kept = ending(&place.path("practice.lookalike.unfinished"), ".safetensors");
            assert!((1..=2).contains(&kept.len()), "{kept:?}");
        }
        if place.path("practice.lookalike").exists() {
            place.out("show practice.lookalike");
        }
        assert_eq!(ending(&place.path("."), ".tmp"), [""; 0].map(PathBuf::from), "{words}");
    }
    assert!(went_on > 0);
}
