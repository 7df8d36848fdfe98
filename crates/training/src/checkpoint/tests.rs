//! What a checkpoint survives: power cuts, damage, a full disk.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::Duration;

use engine::{Cpu, Engine};
use ground::Digest;
use ground::files::{Disk, Failing, Fate, Files, SimFs};
use ground::random::{Draws, Purpose};
use network::{Graph, Op, Parameters};

use super::{Checkpoint, CheckpointWriter, Checkpoints, Expected, Place};
use crate::smooth::Smooth;
use crate::snapshot::{HeldOutLogits, Snapshot};
use crate::{Movement, Observer, Stage};

/// A network of a few dozen numbers.
fn graph() -> Graph {
    let mut graph = Graph::new(3);
    let conv = graph.conv("conv", graph.input(), 0, [2, 1, 1, 0]);
    let norm = graph.norm("norm", conv, 0, 0.0);
    let pool = graph.add("pool", Op::AveragePool, &[norm]);
    graph.linear("head", pool, 1, 2, true);
    graph
}

const HELD_OUT: [usize; 3] = [4, 5, 6];

fn expected(graph: &Graph) -> Expected<'_> {
    Expected { graph, stages: vec![(Stage::Unfrozen, 1000)], batches: 1000, held_out: &HELD_OUT }
}

/// One after so many batches, with numbers of its own.
fn checkpoint(graph: &Graph, batch: usize) -> Checkpoint {
    let parameters = Parameters::start(graph, batch as u64);
    let mut engine = Cpu::new(graph.clone());
    engine.set_parameters(&parameters).unwrap();
    Checkpoint {
        place: Place { stage: 0, epoch: 1, batch },
        step: batch as u64,
        smooth: Smooth::default(),
        spent: 0.1 + 0.2,
        history: vec![],
        movements: vec![Movement { groups: vec![] }],
        last: None,
        best: None,
        state: engine.state(),
    }
}

#[derive(Default)]
struct Ear(Vec<String>);

impl Observer for Ear {
    fn warned(&mut self, words: &str) {
        self.0.push(words.to_owned());
    }
}

fn how<'a>(folder: &'a Path, files: &'a dyn Files) -> Checkpoints<'a> {
    Checkpoints { folder, every: Duration::ZERO, program: "test", fresh: false, files }
}

/// Writes checkpoints of batches 1 to `count`; calls `each` after each.
fn write(folder: &Path, files: &dyn Files, count: usize, mut each: impl FnMut(usize, &Ear)) {
    let (graph, mut ear) = (graph(), Ear::default());
    let expected = expected(&graph);
    let (mut writer, _) =
        CheckpointWriter::open(how(folder, files), Digest::of(b"run"), &expected, &mut ear);
    for batch in 1..=count {
        writer.write(&expected, &checkpoint(&graph, batch), &mut ear);
        each(batch, &ear);
    }
}

/// The batch of the newest checkpoint that is whole, and what was said of the others.
fn newest(folder: &Path) -> (Option<usize>, Vec<String>) {
    let (graph, mut ear) = (graph(), Ear::default());
    let (_, found) =
        CheckpointWriter::open(how(folder, &Disk), Digest::of(b"run"), &expected(&graph), &mut ear);
    let found = found.map(|found| {
        let batch = found.place.batch;
        assert_eq!(found.state, checkpoint(&graph, batch).state);
        batch
    });
    (found, ear.0)
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .map(|entries| entries.map(|e| e.unwrap().file_name().into_string().unwrap()).collect())
        .unwrap_or_default();
    names.sort();
    names
}

#[test]
fn all_of_it_comes_back() {
    let place = tempfile::tempdir().unwrap();
    let graph = graph();
    let snapshot = |seed| {
        let held_out = HELD_OUT.map(|picture| HeldOutLogits { picture, logits: vec![0.1, 0.9] });
        let parameters = Parameters::start(&graph, seed);
        Rc::new(Snapshot { parameters, held_out: held_out.to_vec(), score: (seed as usize, 0.3) })
    };
    let mut smooth = Smooth::default();
    smooth.take(0.7);
    smooth.take(1.0 / 3.0);
    for own_best in [false, true] {
        let last = snapshot(1);
        let best = if own_best { snapshot(2) } else { Rc::clone(&last) };
        let row = insight::Epoch {
            stage: "unfrozen".into(),
            epoch: 1,
            train_loss: 0.1 + 0.7,
            valid_loss: Some(1.0 / 3.0),
            errors: Some((1, 3)),
            seconds: 1e-3 / 3.0,
        };
        let saved = Checkpoint {
            place: Place { stage: 0, epoch: 2, batch: 7 },
            step: 1007,
            smooth,
            history: vec![row],
            last: Some(last),
            best: Some(best),
            ..checkpoint(&graph, 7)
        };
        let folder = place.path().join(if own_best { "own" } else { "last" });
        let (expected, mut ear) = (expected(&graph), Ear::default());
        let open = |ear: &mut Ear| {
            CheckpointWriter::open(how(&folder, &Disk), Digest::of(b"run"), &expected, ear)
        };
        open(&mut ear).0.write(&expected, &saved, &mut ear);
        let found = open(&mut ear).1.unwrap();
        assert_eq!(ear.0, [""; 0]);
        assert_eq!(format!("{found:?}"), format!("{saved:?}"));
        let [last, best] = [found.last.unwrap(), found.best.unwrap()];
        assert_eq!(Rc::ptr_eq(&last, &best), !own_best);
    }
}

#[test]
fn the_last_two_are_kept() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join("unfinished");
    write(&folder, &Disk, 5, |batch, _| {
        assert_eq!(names(&folder).len(), batch.min(2));
        assert_eq!(newest(&folder).0, Some(batch));
    });
    assert_eq!(names(&folder), ["checkpoint-000004.safetensors", "checkpoint-000005.safetensors"]);
}

#[test]
fn what_a_kill_left_behind_is_swept_up() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join("unfinished");
    write(&folder, &Disk, 2, |_, _| ());
    let left = folder.join(".checkpoint-000003.safetensors.4711-0.tmp");
    fs::write(&left, "half of one").unwrap();
    assert_eq!(newest(&folder), (Some(2), vec![]));
    write(&folder, &Disk, 1, |_, _| ());
    assert!(!left.exists());
    // A run that ends before it writes another sweeps too.
    fs::write(&left, "half of one").unwrap();
    let (graph, mut ear) = (graph(), Ear::default());
    let (writer, _) = CheckpointWriter::open(
        how(&folder, &Disk),
        Digest::of(b"run"),
        &expected(&graph),
        &mut ear,
    );
    assert!(!writer.kept().discard(&Disk).unwrap());
    assert!(!folder.exists());
}

#[test]
fn damage_anywhere_is_noticed_and_the_older_one_taken() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join("unfinished");
    write(&folder, &Disk, 2, |_, _| ());
    let path = folder.join("checkpoint-000002.safetensors");
    let whole = fs::read(&path).unwrap();
    let mut draws = Draws::new(1, Purpose::Synthetic, &[]);
    let damaged = |bytes: &[u8]| {
        fs::write(&path, bytes).unwrap();
        let (found, warnings) = newest(&folder);
        assert_eq!((found, warnings.len()), (Some(1), 1), "{warnings:?}");
        assert!(warnings[0].contains("checkpoint-000002.safetensors` is damaged"), "{warnings:?}");
    };
    for _ in 0..200 {
        let mut bytes = whole.clone();
        bytes[draws.below(whole.len())] ^= 1 << draws.below(8);
        damaged(&bytes);
        damaged(&whole[..draws.below(whole.len())]);
    }
    // And the next one does not take the good one's place before it is whole.
    let (graph, mut ear) = (graph(), Ear::default());
    let expected = expected(&graph);
    let (mut writer, _) =
        CheckpointWriter::open(how(&folder, &Disk), Digest::of(b"run"), &expected, &mut ear);
    writer.write(&expected, &checkpoint(&graph, 3), &mut ear);
    assert_eq!(names(&folder), ["checkpoint-000001.safetensors", "checkpoint-000003.safetensors"]);
    // With both damaged the run begins anew.
    for name in names(&folder) {
        fs::write(folder.join(name), &whole[..whole.len() / 2]).unwrap();
    }
    let (found, warnings) = newest(&folder);
    assert_eq!((found, warnings.len()), (None, 2));
}

/// Forgets one kind of syncing, or none.
struct Forgetful<'a>(&'a SimFs, &'static str);

impl Files for Forgetful<'_> {
    fn create(&self, path: &Path) -> io::Result<File> {
        self.0.create(path)
    }
    fn append(&self, file: &mut File, bytes: &[u8]) -> io::Result<()> {
        self.0.append(file, bytes)
    }
    fn sync(&self, file: &File) -> io::Result<()> {
        if self.1 == "file" { Ok(()) } else { self.0.sync(file) }
    }
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.0.rename(from, to)
    }
    fn link(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.0.link(from, to)
    }
    fn sync_folder(&self, folder: &Path) -> io::Result<()> {
        let name = folder.file_name().and_then(|name| name.to_str());
        let forgets = match self.1 {
            "names" => name == Some("unfinished"),
            "folder" => name != Some("unfinished"),
            _ => false,
        };
        if forgets { Ok(()) } else { self.0.sync_folder(folder) }
    }
    fn remove(&self, path: &Path) -> io::Result<()> {
        self.0.remove(path)
    }
    fn create_folder(&self, path: &Path) -> io::Result<()> {
        self.0.create_folder(path)
    }
    fn remove_folder(&self, path: &Path) -> io::Result<()> {
        self.0.remove_folder(path)
    }
}

/// Twenty checkpoints, and power cuts after every operation with every fate of what was not
/// synced. Gives how many different disks that left, and on how many of them neither the last
/// checkpoint reported nor the one being written was to be had.
fn losses(forgets: &'static str, seeds: u64) -> (usize, usize) {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join("unfinished");
    let sim = SimFs::new();
    let mut reported = vec![];
    write(&folder, &Forgetful(&sim, forgets), 20, |_, ear| {
        assert_eq!(ear.0, [""; 0]);
        reported.push(sim.operations());
    });
    let replayed = tempfile::tempdir().unwrap();
    let replayed = replayed.path().join("unfinished");
    let (mut states, mut lost) = (0, 0);
    // Most cuts of one place leave the same disk; one look at it is enough.
    let mut seen: BTreeMap<BTreeMap<PathBuf, Digest>, Option<usize>> = BTreeMap::new();
    for operations in 0..=sim.operations() {
        let written = reported.iter().filter(|&&at| at <= operations).count();
        for seed in 0..seeds {
            let tear = |which| {
                Fate::Tear(Draws::new(seed, Purpose::Synthetic, &[operations as u64, which]))
            };
            for content in [Fate::Drop, Fate::Keep, tear(0)] {
                for names in [Fate::Drop, Fate::Keep, tear(1)] {
                    let left = sim.after_power_cut(operations, content.clone(), names);
                    let key =
                        left.iter().map(|(p, bytes)| (p.clone(), Digest::of(bytes))).collect();
                    let found = *seen.entry(key).or_insert_with(|| {
                        let _ = fs::remove_dir_all(&replayed);
                        fs::create_dir_all(&replayed).unwrap();
                        for (path, bytes) in &left {
                            fs::write(replayed.join(path.file_name().unwrap()), bytes).unwrap();
                        }
                        newest(&replayed).0
                    });
                    states += 1;
                    let good = found == Some(written) || found == Some(written + 1);
                    lost += usize::from(!(good || written == 0 && found.is_none()));
                }
            }
        }
    }
    println!("{states} power cuts, {} different disks, {lost} lost", seen.len());
    (states, lost)
}

#[test]
fn power_cuts_leave_the_last_checkpoint_or_the_next() {
    let seeds = if std::env::var_os("LOOKALIKE_SLOW").is_some() { 40 } else { 6 };
    let (states, lost) = losses("nothing", seeds);
    assert!(states >= 10_000, "{states}");
    assert_eq!(lost, 0);
}

#[test]
fn a_sync_left_out_loses_checkpoints() {
    for forgets in ["file", "names", "folder"] {
        let (states, lost) = losses(forgets, 1);
        assert!(lost > 0, "without the {forgets} synced none of {states} was lost");
    }
}

#[test]
fn each_failing_operation_is_told_and_harmless() {
    let kinds = [
        io::ErrorKind::StorageFull,
        io::ErrorKind::Other,
        io::ErrorKind::PermissionDenied,
        io::ErrorKind::ReadOnlyFilesystem,
    ];
    for n in 0.. {
        let place = tempfile::tempdir().unwrap();
        let folder = place.path().join("unfinished");
        let files = Failing::with(n, kinds[n as usize % kinds.len()]);
        let mut warnings = vec![];
        write(&folder, &files, 4, |batch, ear| {
            warnings.clone_from(&ear.0);
            let found = newest(&folder).0.unwrap_or(0);
            // A failure may cost this one, never the one before it.
            assert!(found == batch || found + 1 == batch, "operation {n}: {found} of {batch}");
        });
        let litter = names(&folder).into_iter().filter(|name| name.ends_with(".tmp"));
        assert_eq!(litter.count(), 0, "operation {n}");
        if !files.has_failed() {
            assert!(n > 30, "{n} operations");
            break;
        }
        // A file too many is removed the next time, which is no news.
        assert!(warnings.len() <= 1);
        if let [warning] = &warnings[..] {
            assert!(warning.contains("no checkpoint could be written"), "{warning}");
            assert!(warning.contains("(injected)"), "{warning}");
        }
    }
}
