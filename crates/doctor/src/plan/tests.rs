use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use ground::Stop;
use ground::files::{Disk, Failing, Fate, Files, SimFs};
use ground::progress::Silent;
use ground::random::{Draws, Purpose};

use super::{Action, Applied, Moved, Plan, PlanError, Step, Undone, journal_of, moved, undo};

/// What lies below a folder: folders, and files with their bytes.
type Tree = BTreeMap<PathBuf, Option<Vec<u8>>>;

fn tree(folder: &Path) -> Tree {
    let mut tree = Tree::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            tree.extend(self::tree(&path));
            tree.insert(path, None);
        } else {
            tree.insert(path.clone(), Some(fs::read(path).unwrap()));
        }
    }
    tree
}

/// A folder with pictures of these names, each holding its name, and a plan beside it.
struct Place(tempfile::TempDir);

impl Place {
    fn with(names: &[&str]) -> Self {
        let place = Self(tempfile::tempdir().unwrap());
        for name in names {
            place.add(name, name.as_bytes());
        }
        place
    }

    fn add(&self, name: &str, bytes: &[u8]) {
        let path = self.at("photos").join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    fn at(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn table(&self) -> PathBuf {
        self.at("plan.csv")
    }

    fn plan(&self, steps: &[(Action, &str, &str)]) -> Plan {
        let step = |(line, &(action, path, to)): (usize, &(Action, &str, &str))| Step {
            action,
            path: path.into(),
            to: to.into(),
            reason: "because".into(),
            line: line as u64 + 3,
        };
        let steps = steps.iter().enumerate().map(step).collect();
        Plan { folder: self.at("photos"), steps, unnamed: 0 }
    }

    fn apply(&self, plan: &Plan) -> Result<Applied, PlanError> {
        self.apply_on(&Disk, plan)
    }

    fn apply_on(&self, files: &dyn Files, plan: &Plan) -> Result<Applied, PlanError> {
        plan.apply(&self.table(), false, files, &Silent, &Stop::new())
    }

    fn undo(&self) -> Option<Undone> {
        undo(&self.table(), &Disk, &Silent, &Stop::new()).unwrap()
    }

    /// The files below the pictures' folder and the one for what is left out, by short name.
    fn files(&self) -> Vec<String> {
        let short =
            |path: &PathBuf| path.strip_prefix(self.0.path()).unwrap().display().to_string();
        let tree = tree(self.0.path());
        let mut files: Vec<String> =
            tree.iter().filter(|(_, file)| file.is_some()).map(|(path, _)| short(path)).collect();
        files.sort();
        files
    }
}

use Action::{Keep, LeaveOut, Move, Relabel};

const NAMES: [&str; 7] = [
    "ants/1.jpg",
    "ants/2.jpg",
    "ants/deep/2.jpg",
    "ants/word.jpg",
    "bees/1.jpg",
    "bees/3.png",
    "bees/4.jpg",
];

const STEPS: [(Action, &str, &str); 6] = [
    (LeaveOut, "ants/word.jpg", ""),
    (Move, "bees/3.png", "bees/3.jpg"),
    (Relabel, "ants/1.jpg", "bees"),
    (Keep, "ants/2.jpg", ""),
    (Relabel, "ants/deep/2.jpg", "bees"),
    (LeaveOut, "bees/4.jpg", ""),
];

const AFTER: [&str; 7] = [
    "photos-left-out/ants/word.jpg",
    "photos-left-out/bees/4.jpg",
    "photos/ants/2.jpg",
    "photos/bees/1 (2).jpg",
    "photos/bees/1.jpg",
    "photos/bees/3.jpg",
    "photos/bees/deep/2.jpg",
];

#[test]
fn every_step_is_carried_out_and_put_back() {
    let place = Place::with(&NAMES);
    let before = tree(place.0.path());
    let plan = place.plan(&STEPS);
    let said = plan.apply(&place.table(), true, &Disk, &Silent, &Stop::new()).unwrap();
    assert_eq!(tree(place.0.path()), before, "a dry run moves nothing");
    let applied = place.apply(&plan).unwrap();
    assert_eq!(applied, said);
    assert_eq!((applied.moved.len(), applied.before, applied.kept), (5, 0, 1));
    let mut after = place.files();
    assert_eq!(after.pop().as_deref(), Some("plan.csv.applied"));
    assert_eq!(after, AFTER);
    assert_eq!(fs::read(place.at("photos/bees/1 (2).jpg")).unwrap(), b"ants/1.jpg");

    let once = tree(place.0.path());
    let again = place.apply(&plan).unwrap();
    assert_eq!((again.moved.len(), again.before), (0, 5));
    assert_eq!(tree(place.0.path()), once, "applied twice is applied once");

    assert_eq!(place.undo(), Some(Undone { back: 5, problems: vec![] }));
    assert_eq!(tree(place.0.path()), before);
    assert_eq!(place.undo(), None);
}

#[test]
fn sides_stay_where_a_label_changes() {
    let place = Place::with(&[
        "train/ants/1.jpg",
        "train/bees/1.jpg",
        "valid/ants/2.jpg",
        "valid/ants/3.jpg",
    ]);
    let before = tree(place.0.path());
    let steps = [
        (Relabel, "train/ants/1.jpg", "bees"),
        (Relabel, "valid/ants/2.jpg", "bees"),
        (LeaveOut, "valid/ants/3.jpg", ""),
    ];
    place.apply(&place.plan(&steps)).unwrap();
    let after = [
        "photos-left-out/valid/ants/3.jpg",
        "photos/train/bees/1 (2).jpg",
        "photos/train/bees/1.jpg",
        "photos/valid/bees/2.jpg",
        "plan.csv.applied",
    ];
    assert_eq!(place.files(), after);
    place.undo();
    assert_eq!(tree(place.0.path()), before);
}

#[test]
fn a_class_called_test_is_a_class() {
    let place = Place::with(&["test/deep/1.jpg", "exam/2.jpg"]);
    place.apply(&place.plan(&[(Relabel, "test/deep/1.jpg", "exam")])).unwrap();
    assert!(place.at("photos/exam/deep/1.jpg").exists());
}

#[test]
fn what_does_not_fit_is_told_and_nothing_is_moved() {
    let place = Place::with(&NAMES);
    place.add("loose.jpg", b"");
    #[cfg(unix)]
    {
        fs::create_dir(place.at("elsewhere")).unwrap();
        fs::write(place.at("elsewhere/x.jpg"), "x").unwrap();
        std::os::unix::fs::symlink(place.at("elsewhere"), place.at("photos/link")).unwrap();
        std::os::unix::fs::symlink("1.jpg", place.at("photos/ants/link.jpg")).unwrap();
    }
    let before = tree(place.0.path());
    let mut wrong = vec![
        ((LeaveOut, "ants/9.jpg", ""), "does not exist"),
        ((LeaveOut, "../elsewhere/x.jpg", ""), "leads out"),
        ((LeaveOut, "ants/../../elsewhere/x.jpg", ""), "leads out"),
        ((LeaveOut, "/etc/hosts", ""), "leads out"),
        ((LeaveOut, "ants", ""), "is not a file"),
        ((Move, "ants/1.jpg", "../1.jpg"), "leads out"),
        ((Move, "ants/1.jpg", "/tmp/1.jpg"), "leads out"),
        ((Move, "ants/1.jpg", "bees"), "is a folder"),
        ((Move, "ants/1.jpg", "ants/1.jpg"), "is already there"),
        ((Move, "ants/1.jpg", "bees/1.jpg/1.jpg"), "would be inside a file"),
        ((Relabel, "ants/1.jpg", "wasps"), "there is no class `wasps`"),
        ((Relabel, "ants/1.jpg", "ants"), "is already in class `ants`"),
        ((Relabel, "ants/1.jpg", ".."), "leads out"),
        ((Relabel, "ants/1.jpg", "bees/deep"), "is not a class name"),
        ((Relabel, "loose.jpg", "ants"), "is not in a class folder"),
        ((LeaveOut, "ants/2.jpg", ""), "is already in line 4"),
    ];
    let long = format!("ants/{}", "x".repeat(300));
    if cfg!(unix) {
        wrong.push(((Move, "ants/1.jpg", "new\0er/1.jpg"), "is not a valid file name"));
        wrong.push(((Move, "ants/1.jpg", "ants/new\0er.jpg"), "is not a valid file name"));
        wrong.push(((Move, "ants/1.jpg", &long), "is not a valid file name"));
        wrong.push(((LeaveOut, "link/x.jpg", ""), "is behind a link"));
        wrong.push(((LeaveOut, "ants/link.jpg", ""), "is a link"));
        wrong.push(((Move, "ants/1.jpg", "link/1.jpg"), "is behind a link"));
    }
    for (step, why) in wrong {
        let good = [(LeaveOut, "bees/1.jpg", ""), (Relabel, "ants/2.jpg", "bees"), step];
        let error = place.apply(&place.plan(&good)).unwrap_err();
        let PlanError::DoesNotFit(lines) = &error else { panic!("{error}") };
        assert_eq!((lines.len(), lines[0].0), (1, 5), "{error}");
        assert!(lines[0].1.contains(why), "{why}: {error}");
        assert_eq!(tree(place.0.path()), before, "{why}");
    }
}

#[cfg(unix)]
#[test]
fn a_left_out_folder_that_is_a_link_is_refused() {
    let place = Place::with(&NAMES);
    fs::create_dir(place.at("elsewhere")).unwrap();
    std::os::unix::fs::symlink("elsewhere", place.at("photos-left-out")).unwrap();
    let error = place.apply(&place.plan(&STEPS)).unwrap_err();
    assert!(error.to_string().contains("is behind a link"), "{error}");
    assert!(tree(&place.at("elsewhere")).is_empty());
}

#[test]
fn a_line_that_was_changed_after_it_was_applied_is_told() {
    let place = Place::with(&NAMES);
    place.apply(&place.plan(&[(LeaveOut, "ants/1.jpg", "")])).unwrap();
    let error = place.apply(&place.plan(&[(Relabel, "ants/1.jpg", "bees")])).unwrap_err();
    assert!(
        error.to_string().contains("was moved to `photos-left-out/ants/1.jpg` before"),
        "{error}"
    );
    // A line more is an addition, and one undo puts both back.
    let both = place.plan(&[(LeaveOut, "ants/1.jpg", ""), (LeaveOut, "bees/1.jpg", "")]);
    let applied = place.apply(&both).unwrap();
    assert_eq!((applied.moved.len(), applied.before), (1, 1));
    assert_eq!(place.undo().unwrap().back, 2);
}

#[test]
fn what_a_plan_has_moved_is_told_until_it_is_undone() {
    let place = Place::with(&NAMES);
    assert_eq!(moved(&place.table()).unwrap(), []);
    let applied = place.apply(&place.plan(&STEPS)).unwrap();
    let told = moved(&place.table()).unwrap();
    let places = |moved: &[Moved]| -> Vec<_> {
        moved.iter().map(|moved| (moved.action, moved.from.clone(), moved.to.clone())).collect()
    };
    assert_eq!(places(&told), places(&applied.moved));
    assert!(!told.is_empty());
    place.undo().unwrap();
    assert_eq!(moved(&place.table()).unwrap(), []);
}

#[test]
fn one_plan_is_for_one_folder() {
    let place = Place::with(&NAMES);
    place.apply(&place.plan(&STEPS)).unwrap();
    fs::create_dir(place.at("other")).unwrap();
    let other = Plan { folder: place.at("other"), ..Plan::default() };
    let error = place.apply(&other).unwrap_err();
    assert!(matches!(error, PlanError::OtherFolder { .. }), "{error}");
    let nowhere = Plan { folder: place.at("nowhere"), ..Plan::default() };
    assert!(place.apply(&nowhere).unwrap_err().to_string().contains("does not exist"));
}

#[test]
fn undoing_replaces_nothing_and_takes_nothing_else_along() {
    let place = Place::with(&NAMES);
    place.apply(&place.plan(&STEPS)).unwrap();
    fs::write(place.at("photos-left-out/ants/word.jpg"), "changed").unwrap();
    fs::write(place.at("photos/ants/1.jpg"), "new").unwrap();
    fs::remove_file(place.at("photos/bees/3.jpg")).unwrap();
    let undone = place.undo().unwrap();
    assert_eq!((undone.back, undone.problems.len()), (2, 3), "{undone:?}");
    assert_eq!(fs::read(place.at("photos/ants/1.jpg")).unwrap(), b"new");
    assert_eq!(fs::read(place.at("photos/bees/1 (2).jpg")).unwrap(), b"ants/1.jpg");
    assert_eq!(fs::read(place.at("photos-left-out/ants/word.jpg")).unwrap(), b"changed");
    // With the place free again the rest goes back too.
    fs::remove_file(place.at("photos/ants/1.jpg")).unwrap();
    let undone = place.undo().unwrap();
    assert_eq!((undone.back, undone.problems.len()), (1, 2), "{undone:?}");
    assert_eq!(fs::read(place.at("photos/ants/1.jpg")).unwrap(), b"ants/1.jpg");
}

#[test]
fn a_journal_that_leads_out_moves_nothing() {
    let place = Place::with(&NAMES);
    place.apply(&place.plan(&STEPS)).unwrap();
    let journal = journal_of(&place.table());
    let text = String::from_utf8(fs::read(&journal).unwrap()).unwrap();
    for (from, to) in
        [("photos/ants/word.jpg", "photos/../../x"), ("photos-left-out/ants", "elsewhere/ants")]
    {
        assert!(text.contains(from));
        fs::write(&journal, text.replace(from, to)).unwrap();
        let error = undo(&place.table(), &Disk, &Silent, &Stop::new()).unwrap_err();
        assert!(error.to_string().contains("leads out of the folder"), "{error}");
    }
    for text in ["", "nothing", "lookalike applied 1,photos\nleave out,a,b,c\n"] {
        fs::write(&journal, text).unwrap();
        let error = undo(&place.table(), &Disk, &Silent, &Stop::new()).unwrap_err();
        assert!(matches!(error, PlanError::Table { .. }), "{error}");
    }
}

#[test]
fn stopped_at_any_step_it_goes_on_or_back() {
    let whole = Place::with(&NAMES);
    whole.apply(&whole.plan(&STEPS)).unwrap();
    let mut failures = 0;
    for n in 0.. {
        let places = [Place::with(&NAMES), Place::with(&NAMES)];
        let before = tree(places[1].0.path());
        let mut done = false;
        for place in &places {
            done = place.apply_on(&Failing::at(n), &place.plan(&STEPS)).is_ok();
        }
        if done {
            break;
        }
        failures += 1;
        places[0].apply(&places[0].plan(&STEPS)).unwrap();
        assert_eq!(places[0].files(), whole.files(), "gone on after step {n}");
        let undone = places[1].undo();
        assert!(undone.is_none_or(|undone| undone.problems.is_empty()), "step {n}");
        assert_eq!(tree(places[1].0.path()), before, "undone after step {n}");
    }
    // The journal, three folders, and for each file two steps; some folders synced between.
    assert!(failures > 25, "{failures} steps");

    // The same of undoing.
    for n in 0.. {
        let place = Place::with(&NAMES);
        let before = tree(place.0.path());
        place.apply(&place.plan(&STEPS)).unwrap();
        let stopped = undo(&place.table(), &Failing::at(n), &Silent, &Stop::new());
        place.undo();
        assert_eq!(tree(place.0.path()), before, "undone again after step {n}");
        if stopped.is_ok_and(|_| n > 40) {
            break;
        }
    }
}

/// A disk on which a file has one name only.
struct OneName;

impl Files for OneName {
    fn create(&self, path: &Path) -> io::Result<File> {
        Disk.create(path)
    }
    fn append(&self, file: &mut File, bytes: &[u8]) -> io::Result<()> {
        Disk.append(file, bytes)
    }
    fn sync(&self, file: &File) -> io::Result<()> {
        Disk.sync(file)
    }
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        Disk.rename(from, to)
    }
    fn link(&self, _: &Path, _: &Path) -> io::Result<()> {
        Err(io::ErrorKind::PermissionDenied.into())
    }
    fn sync_folder(&self, folder: &Path) -> io::Result<()> {
        Disk.sync_folder(folder)
    }
    fn remove(&self, _: &Path) -> io::Result<()> {
        panic!("nothing is removed where no file has two names")
    }
    fn create_folder(&self, path: &Path) -> io::Result<()> {
        Disk.create_folder(path)
    }
    fn remove_folder(&self, path: &Path) -> io::Result<()> {
        Disk.remove_folder(path)
    }
}

#[test]
fn a_disk_without_second_names_will_do() {
    let place = Place::with(&NAMES);
    place.apply_on(&OneName, &place.plan(&STEPS)).unwrap();
    assert_eq!(place.files()[..7], AFTER);
}

/// Forgets to sync folders.
struct Forgetful<'a>(&'a SimFs);

impl Files for Forgetful<'_> {
    fn create(&self, path: &Path) -> io::Result<File> {
        self.0.create(path)
    }
    fn append(&self, file: &mut File, bytes: &[u8]) -> io::Result<()> {
        self.0.append(file, bytes)
    }
    fn sync(&self, file: &File) -> io::Result<()> {
        self.0.sync(file)
    }
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.0.rename(from, to)
    }
    fn link(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.0.link(from, to)
    }
    fn sync_folder(&self, _: &Path) -> io::Result<()> {
        Ok(())
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

/// Cuts the power after every operation of applying, and undoes. Gives how many disks that left,
/// and on how many of them the pictures were not all back.
fn power_cuts(forgetful: bool) -> (usize, usize) {
    let place = Place::with(&[]);
    let sim = SimFs::new();
    for folder in ["photos", "photos/ants", "photos/ants/deep", "photos/bees"] {
        fs::create_dir(place.at(folder)).unwrap();
    }
    for name in NAMES {
        let path = place.at("photos").join(name);
        let mut file = sim.create(&path).unwrap();
        sim.append(&mut file, name.as_bytes()).unwrap();
        sim.sync(&file).unwrap();
        sim.sync_folder(path.parent().unwrap()).unwrap();
    }
    let (before, start) = (tree(place.0.path()), sim.operations());
    let plan = place.plan(&STEPS);
    let forgets = Forgetful(&sim);
    let files: &dyn Files = if forgetful { &forgets } else { &sim };
    place.apply_on(files, &plan).unwrap();
    let (mut disks, mut lost) = (0, 0);
    for operations in start..=sim.operations() {
        let tear = |seed| Fate::Tear(Draws::new(seed, Purpose::Synthetic, &[operations as u64]));
        let mut fates = vec![(Fate::Drop, Fate::Drop), (Fate::Keep, Fate::Keep)];
        fates.extend([(Fate::Keep, Fate::Drop), (Fate::Drop, Fate::Keep)]);
        fates.extend((0..6).map(|seed| (tear(seed), tear(seed + 100))));
        for (content, names) in fates {
            fs::remove_dir_all(place.at("photos-left-out")).ok();
            for (path, _) in tree(place.0.path()).iter().filter(|(_, file)| file.is_some()) {
                fs::remove_file(path).unwrap();
            }
            fs::remove_dir(place.at("photos/bees/deep")).ok();
            for (path, bytes) in sim.after_power_cut(operations, content, names) {
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(path, bytes).unwrap();
            }
            disks += 1;
            let undone = undo(&place.table(), &Disk, &Silent, &Stop::new());
            // A temporary file of the journal may be left; it is hidden and harmless.
            let mut left = tree(place.0.path());
            left.retain(|path, _| !path.to_string_lossy().ends_with(".tmp"));
            lost += usize::from(undone.is_err() || left != before);
        }
    }
    (disks, lost)
}

#[test]
fn a_power_cut_at_any_moment_loses_nothing() {
    let (disks, lost) = power_cuts(false);
    assert!(disks > 250 && lost == 0, "{lost} of {disks} lost");
    let (disks, lost) = power_cuts(true);
    assert!(lost > 0, "without syncing folders none of {disks} was lost");
}

#[test]
fn hostile_names_come_back_from_the_table() {
    let place = Place::with(&[]);
    fs::create_dir(place.at("photos")).unwrap();
    let names = [
        "ants/a,b.jpg",
        "ants/\"quoted\".jpg",
        "ants/two\nlines.jpg",
        "ants/carriage\rreturn.jpg",
        "=HYPERLINK(\"http://x\")/1.jpg",
        "+1/-1.jpg",
        "@a/ leading and trailing ",
        "ants/\u{202e}gpj.exe",
        "ants/犬.jpg",
        "ants/<b>.jpg",
        "#ants/1.jpg",
    ];
    let mut plan = place.plan(&names.map(|name| (LeaveOut, name, "")));
    #[cfg(unix)]
    plan.steps.push(Step { path: odd(), ..plan.steps[0].clone() });
    plan.write(&place.table()).unwrap();
    let text = fs::read(place.table()).unwrap();
    assert!(!text.windows(2).any(|two| two == b",="), "no formula");
    let mut read = Plan::read(&place.table()).unwrap();
    assert_eq!(read.folder.canonicalize().unwrap(), plan.folder.canonicalize().unwrap());
    read.folder.clone_from(&plan.folder);
    for (step, line) in read.steps.iter_mut().zip(plan.steps.iter().map(|step| step.line)) {
        step.line = line;
    }
    assert_eq!(read, plan);
}

#[cfg(unix)]
#[test]
fn hostile_names_are_moved_and_put_back() {
    let place = Place::with(&["ants/a,\"b\"\nc.jpg", "=x/1.jpg", "ants/2.jpg"]);
    let odd: PathBuf = odd();
    fs::write(place.at("photos").join(&odd), "odd").unwrap();
    let mut plan =
        place.plan(&[(LeaveOut, "ants/a,\"b\"\nc.jpg", ""), (Relabel, "ants/2.jpg", "=x")]);
    plan.steps.push(Step { path: odd.clone(), ..plan.steps[0].clone() });
    plan.write(&place.table()).unwrap();
    let before = tree(place.0.path());
    place.apply(&Plan::read(&place.table()).unwrap()).unwrap();
    assert!(place.at("photos-left-out").join(odd).exists() && place.at("photos/=x/2.jpg").exists());
    assert_eq!(place.undo().unwrap().back, 3);
    assert_eq!(tree(place.0.path()), before);
}

#[test]
fn a_table_from_a_spreadsheet_is_read() {
    let place = Place::with(&NAMES);
    let text = "\u{feff}Action;Path;To;Reason\r\nLeave-out;ants/1.jpg;;it is blurred\r\n;;;\r\nRELABEL;ants/2.jpg;bees\r\n";
    fs::write(place.at("photos/plan.csv"), text).unwrap();
    let plan = Plan::read(&place.at("photos/plan.csv")).unwrap();
    assert_eq!(plan.folder, place.at("photos"));
    let steps: Vec<_> = plan.steps.iter().map(|step| (step.action, step.line)).collect();
    assert_eq!(steps, [(LeaveOut, 2), (Relabel, 4)]);
    assert_eq!(plan.steps[0].reason, "it is blurred");
    for (text, line, why) in [
        ("path,to\n", 1, "no column `action`"),
        ("action,path,to\nburn,ants/1.jpg,\n", 2, "`burn` is not an action"),
        ("action,path,to\n\nkeep,,\n", 3, "has no file"),
        ("action,path,to\nmove,ants/1.jpg,\n", 2, "needs a place"),
        ("action,path,to\nfolder,a,\nfolder,b,\n", 3, "given twice"),
    ] {
        fs::write(place.table(), text).unwrap();
        let error = Plan::read(&place.table()).unwrap_err();
        assert!(error.to_string().contains(&format!("line {line}: ")), "{error}");
        assert!(error.to_string().contains(why), "{error}");
    }
}

/// A name that is no Unicode.
#[cfg(unix)]
fn odd() -> PathBuf {
    let name: std::ffi::OsString =
        std::os::unix::ffi::OsStringExt::from_vec(b"ants/\xff\xfe.jpg".to_vec());
    name.into()
}
