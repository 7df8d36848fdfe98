//! Classes and pictures found in folders and tables as people have them.

#![allow(clippy::unwrap_used)] // a test may panic

use std::fs;
use std::path::Path;

use pictures::{Columns, Folder, PicturesError, Side};

/// A folder with these files in it, empty as far as these tests care.
fn tree(files: &[&str]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for file in files {
        let path = folder.path().join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        if !file.ends_with('/') {
            fs::write(path, file).unwrap();
        } else {
            fs::create_dir_all(path).unwrap();
        }
    }
    folder
}

/// Each picture as `class side path`, the path below the folder.
fn listing(folder: &Folder, root: &Path) -> Vec<String> {
    let line = |picture: &pictures::Labelled| {
        let side = match picture.side {
            None => "-",
            Some(Side::Train) => "train",
            Some(Side::Valid) => "valid",
            Some(Side::Test) => "test",
        };
        let path = picture.place.name().strip_prefix(root).unwrap().display().to_string();
        format!("{} {side} {path}", folder.classes[picture.label])
    };
    folder.pictures.iter().map(line).collect()
}

#[test]
fn fixes_change_labels_and_no_file() {
    let dir = tempfile::tempdir().unwrap();
    for path in ["bee/1.jpg", "bee/2.jpg", "bee/3.jpg", "wasp/4.jpg", "wasp/5.jpg"] {
        let path = dir.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, "").unwrap();
    }
    let table = dir.path().join("fixes.csv");
    let fix = |lines: &str| {
        std::fs::write(&table, format!("path,label,suggested,why\n{lines}")).unwrap();
        let mut folder = Folder::scan(dir.path()).unwrap();
        folder.pictures.retain(|picture| picture.place.name() != table);
        let fixed = folder.fix(dir.path(), &table);
        fixed.map(|fixed| (folder.pictures.iter().map(|p| p.label).collect::<Vec<_>>(), fixed))
    };
    let (labels, fixed) =
        fix("bee/2.jpg,bee,wasp,x\nwasp/4.jpg,wasp,,\nbee/9.jpg,bee,wasp,\nbee/3.jpg,wasp,bee,\n")
            .unwrap();
    let relabelled = vec![(dir.path().join("bee/2.jpg"), Some(0))];
    assert_eq!((labels, fixed.relabelled, fixed.left_out), (vec![0, 1, 0, 1], relabelled, 1));
    assert_eq!(fixed.warnings.len(), 2, "{:?}", fixed.warnings);
    let error = fix("bee/1.jpg,bee,hornet,\n").unwrap_err().to_string();
    assert!(error.contains("line 2") && error.contains("hornet"), "{error}");
    assert!(fix("").unwrap().1 == pictures::Fixed::default());
}

#[test]
fn sub_folders_are_classes_in_natural_order() {
    let tree = tree(&[
        "oak 10/a.jpg",
        "oak 2/img10.jpg",
        "oak 2/img2.JPG",
        "oak 2/deep/er/no-suffix",
        "Ash/x.png",
        "Ash/y.png",
        "Ash/.hidden.png",
        "Ash/Thumbs.db",
        "Ash/desktop.ini",
        ".git/config",
        "__MACOSX/oak 2/._a.jpg",
        ".DS_Store",
    ]);
    let folder = Folder::scan(tree.path()).unwrap();
    assert_eq!(folder.classes, ["Ash", "oak 2", "oak 10"]);
    assert_eq!(
        listing(&folder, tree.path()),
        [
            "Ash - Ash/x.png",
            "Ash - Ash/y.png",
            "oak 2 - oak 2/img2.JPG",
            "oak 2 - oak 2/img10.jpg",
            "oak 2 - oak 2/deep/er/no-suffix",
            "oak 10 - oak 10/a.jpg",
        ]
    );
    assert_eq!(
        folder.warnings,
        ["`oak 10` has only one picture, too few to evaluate it: add more"]
    );
    assert_eq!(folder, Folder::scan(tree.path()).unwrap());
}

#[test]
fn sides_are_recognised_and_classes_matched_by_name() {
    for valid in ["valid", "val", "Validation"] {
        let files = ["train/bee/1", "train/bee/2", "train/ant/3", "train/fly/4", "train/fly/5"];
        let held = [format!("{valid}/fly/6"), format!("{valid}/ant/7"), "test/bee/8".to_owned()];
        let tree = tree(&[&files[..], &held.each_ref().map(String::as_str)].concat());
        let folder = Folder::scan(tree.path()).unwrap();
        assert_eq!(folder.classes, ["ant", "bee", "fly"]);
        let mut found = listing(&folder, tree.path());
        found.sort();
        assert_eq!(
            found,
            [
                "ant train train/ant/3",
                &format!("ant valid {valid}/ant/7"),
                "bee test test/bee/8",
                "bee train train/bee/1",
                "bee train train/bee/2",
                "fly train train/fly/4",
                "fly train train/fly/5",
                &format!("fly valid {valid}/fly/6"),
            ]
        );
        assert_eq!(folder.warnings.len(), 1, "{:?}", folder.warnings);
        assert!(folder.warnings[0].contains("`bee` has no held-out picture"));
    }
}

#[test]
fn two_folders_for_one_side_are_told() {
    let tree = tree(&["train/ant/1", "train/bee/2", "val/ant/3", "val/bee/4", "validation/ant/5"]);
    let folder = Folder::scan(tree.path()).unwrap();
    assert_eq!(folder.pictures.iter().filter(|p| p.side == Some(Side::Valid)).count(), 3);
    let told: Vec<_> = folder.warnings.iter().filter(|w| w.contains("mean the same")).collect();
    assert!(matches!(told[..], [told] if told.contains("validation`")), "{:?}", folder.warnings);
}

#[test]
fn without_a_side_to_validate_on_it_is_drawn() {
    let tree = tree(&["train/bee/1", "train/bee/2", "train/ant/3", "train/ant/4", "test/ant/5"]);
    let folder = Folder::scan(tree.path()).unwrap();
    let found = listing(&folder, tree.path());
    assert!(found.contains(&"ant - train/ant/3".to_owned()), "{found:?}");
    assert!(found.contains(&"ant test test/ant/5".to_owned()), "{found:?}");
    assert!(folder.warnings[0].contains("are held out instead"), "{:?}", folder.warnings);
}

#[test]
fn a_class_may_be_called_train() {
    let tree = tree(&["train/1.jpg", "train/2.jpg", "test/3.jpg", "test/4.jpg"]);
    let folder = Folder::scan(tree.path()).unwrap();
    assert_eq!(folder.classes, ["test", "train"]);
    assert!(folder.warnings[0].contains("say what pictures are used for"), "{:?}", folder.warnings);
}

#[test]
fn each_fault_says_what_to_do() {
    let told = |files: &[&str]| {
        let tree = tree(files);
        let error = Folder::scan(tree.path()).unwrap_err();
        let root = tree.path().display().to_string();
        let clean = |text: String| text.replace(&root, "photos");
        (clean(error.to_string()), clean(error.help().unwrap()))
    };
    let (error, help) = told(&["a.jpg", "b.jpg"]);
    assert_eq!(error, "`photos` has no class folders");
    assert!(help.contains("make one folder per class"), "{help}");
    let (error, help) = told(&["all/oak/1", "all/2"]);
    assert_eq!(error, "`photos` has only one class, `all`");
    assert!(help.contains("name `photos/all`"), "{help}");
    let (error, help) = told(&["oak/1", "oak/2"]);
    assert_eq!(error, "`photos` has only one class, `oak`");
    assert!(help.contains("add a folder for each"), "{help}");
    let (error, help) = told(&["oak/1", "oak/2", "ash/"]);
    assert_eq!(error, "the class `ash` in `photos` has no pictures");
    assert!(help.contains("remove the folder"), "{help}");
    let (error, help) = told(&["train/oak/1", "train/ash/2", "valid/oak/3", "valid/Ash/4"]);
    assert_eq!(error, "the class `Ash` in `photos` has held-out pictures but none to train on");
    assert!(help.contains("check the spelling"), "{help}");
    let missing = Folder::scan(Path::new("no/such/folder")).unwrap_err();
    assert_eq!(missing.to_string(), "cannot read `no/such/folder`");
}

#[test]
fn what_lies_outside_the_classes_is_told() {
    let tree = tree(&["oak/1", "oak/2", "ash/3", "ash/4", "stray.jpg", "notes.txt"]);
    let folder = Folder::scan(tree.path()).unwrap();
    assert_eq!(folder.pictures.len(), 4);
    assert!(
        folder.warnings[0].starts_with("ignored 1 file in no class folder of"),
        "{:?}",
        folder.warnings
    );
}

#[cfg(unix)]
#[test]
fn links_are_followed_but_not_in_circles() {
    use std::os::unix::fs::symlink;
    let tree = tree(&["oak/1", "oak/2", "elsewhere/leaf/a", ".store/b"]);
    let root = tree.path();
    symlink(root.join(".store/b"), root.join("oak/linked")).unwrap();
    symlink(root.join("oak"), root.join("oak/again")).unwrap();
    symlink(root, root.join("elsewhere/up")).unwrap();
    symlink(root.join("gone"), root.join("elsewhere/broken")).unwrap();
    let folder = Folder::scan(root).unwrap();
    let found = listing(&folder, root);
    assert_eq!(found.iter().filter(|line| line.starts_with("oak ")).count(), 3, "{found:?}");
    // A link to nothing is listed, so that it is told as a bad picture.
    assert!(found.contains(&"elsewhere - elsewhere/broken".to_owned()), "{found:?}");
}

#[cfg(target_os = "linux")]
#[test]
fn names_beyond_unicode_do_no_harm() {
    use std::os::unix::ffi::OsStrExt;
    let tree = tree(&["oak/1", "oak/2"]);
    let class = tree.path().join(std::ffi::OsStr::from_bytes(b"\xff\xfe ash"));
    fs::create_dir(&class).unwrap();
    for name in [&b"\x80.jpg"[..], b"<script>.jpg"] {
        fs::write(class.join(std::ffi::OsStr::from_bytes(name)), "").unwrap();
    }
    let folder = Folder::scan(tree.path()).unwrap();
    assert_eq!((folder.classes.len(), folder.pictures.len()), (2, 4));
    assert!(folder.pictures.iter().all(|picture| picture.place.file().exists()));
}

fn table(text: impl AsRef<[u8]>) -> (tempfile::TempDir, Result<Folder, PicturesError>) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("labels.csv");
    fs::write(&path, text).unwrap();
    let result = Folder::from_csv(&path, &Columns::default());
    (folder, result)
}

#[test]
fn a_table_gives_labels_sides_and_groups() {
    let text = "\u{feff}Label, group,note,PATH,split\r\n\
                bee,hive 1,,\"a, \"\"b\"\".jpg\",train\r\n\
                ant,,,sub/c.jpg,\r\n\
                bee,hive 1,,d.jpg,val\r\n\
                ant,,,sub/c.jpg,\r\n\
                ant,,,/e.jpg,TEST\r\n\
                ant,,,f.jpg,valid\r\n";
    let (root, folder) = table(text);
    let folder = folder.unwrap();
    assert_eq!(folder.classes, ["ant", "bee"]);
    let rows: Vec<_> = folder
        .pictures
        .iter()
        .map(|p| {
            (
                p.place
                    .name()
                    .strip_prefix(root.path())
                    .unwrap_or(p.place.name())
                    .to_str()
                    .unwrap(),
                p.label,
                p.side,
                p.group.as_deref(),
            )
        })
        .collect();
    assert_eq!(
        rows,
        [
            ("a, \"b\".jpg", 1, Some(Side::Train), Some("hive 1")),
            ("sub/c.jpg", 0, None, None),
            ("d.jpg", 1, Some(Side::Valid), Some("hive 1")),
            ("/e.jpg", 0, Some(Side::Test), None),
            ("f.jpg", 0, Some(Side::Valid), None),
        ]
    );
    assert_eq!(
        folder.warnings,
        [
            "the column `note` is not used",
            "1 line lists a picture again, first line 5 with `sub/c.jpg`: it is used once"
        ]
    );
}

#[test]
fn each_fault_of_a_table_names_its_line() {
    let told: &[(&[u8], &str)] = &[
        (b"path,class\na,b\n", "line 1: the header has no column `label`"),
        (b"file;class\na;b\n", "line 1: the header has no column `path`: it has `file`, `class`"),
        (b"path;label;fold\na;x;1\nb;y;\n", "line 3: `b` has no fold"),
        (b"path,label,fold\na,x,1\nb,y,1\n", "line 1: all pictures are in the fold `1`"),
        (
            b"path,label,fold,split\na,x,1,\nb,y,2,test\n",
            "line 1: the column `split` holds pictures",
        ),
        (b"path,label,path\n", "line 1: two columns are called `path`"),
        (b"path,label\na,x\nb\n", "line 3: 1 fields where the header has 2"),
        (b"path,label\n\na,\nb,\n", "line 3: `a` has no label"),
        (b"path,label\na,x\n,y\n", "line 3: the path is empty"),
        (b"path,label,split\na,x,train\nb,y,kept\n", "line 3: the split `kept` is neither"),
        (b"path,label\na,x\nb,y\na,y\n", "line 4: `a` is labelled `y` here and `x` in line 2"),
        (b"path,label\na,x\nb,\xff\n", "line 3: not UTF-8 text"),
        (b"", "line 1: the header has no column `path`"),
        (b"PK\x03\x04\x14\0\x06\0", "it is a workbook of Excel or LibreOffice"),
    ];
    for (text, words) in told {
        let error = table(text).1.unwrap_err();
        assert!(error.to_string().contains(words), "{error} / {words}");
        assert!(error.help().is_some());
    }
    assert!(matches!(table("path,label\n").1, Err(PicturesError::NoClasses(_))));
    assert!(matches!(table("path,label\na,x\nb,x\n").1, Err(PicturesError::OneClass { .. })));
}

#[test]
fn rows_without_a_label_and_empty_rows_are_skipped() {
    let rows = "path,label,guess\na,x,x\nb,,y\nc,y,x\nd, ,x\n,,\n , ,\n";
    let folder = table(rows).1.unwrap();
    assert_eq!((folder.classes.len(), folder.pictures.len()), (2, 2));
    let told = folder.warnings.join("\n");
    assert!(told.contains("2 pictures have no label, first line 3 with `b`: skipped"), "{told}");
}

#[test]
fn a_table_in_the_place_of_a_folder_is_told_from_it() {
    let dir = tree(&["labels.csv"]);
    let path = dir.path().join("labels.csv");
    let error = Folder::scan(&path).unwrap_err();
    assert!(error.to_string().ends_with("labels.csv` is a file, not a folder"), "{error}");
    let help = error.help().unwrap();
    assert!(help.ends_with(&format!("pass `--labels {}`", path.display())), "{help}");
}

#[test]
fn spreadsheets_of_other_countries_are_read() {
    for separator in [";", "\t", ","] {
        let rows = ["path,label,fold", "\"a;,\t1.jpg\",ant,2", "b.jpg,bee,10", "c.jpg,bee,2"];
        // Within quotes nothing is separated; there the separators stay as they are.
        let plain = |row: &str| match row.rsplit_once('"') {
            Some((name, rest)) => format!("{name}\"{}", rest.replace(',', separator)),
            None => row.replace(',', separator),
        };
        let folder = table(rows.map(plain).join("\r\n")).1.unwrap();
        assert_eq!(folder.classes, ["ant", "bee"]);
        assert!(folder.pictures[0].place.name().ends_with("a;,\t1.jpg"), "{:?}", folder.pictures);
        let folds: Vec<_> = folder.pictures.iter().map(|p| p.fold.as_deref().unwrap()).collect();
        assert_eq!(folds, ["2", "10", "2"]);
        assert!(!folder.warnings.iter().any(|w| w.contains("column")), "{:?}", folder.warnings);
    }
}

#[test]
fn a_table_of_somebody_else_is_read_by_its_own_names() {
    let dir = tree(&["train/00a.jpg"]);
    let path = dir.path().join("labels.csv");
    fs::write(&path, "image_id,breed,k,w,h\ntrain/00a.jpg,husky,0,1,1\nb.jpg,malamute,1,1,1\n")
        .unwrap();
    let columns = |fold: Option<&str>| Columns {
        path: Some("image_id".into()),
        label: Some("breed".into()),
        fold: fold.map(str::to_owned),
        boxes: None,
    };
    let folder = Folder::from_csv(&path, &columns(Some("k"))).unwrap();
    assert_eq!(folder.classes, ["husky", "malamute"]);
    assert!(folder.pictures[0].place.name().exists());
    assert_eq!(folder.pictures[1].fold.as_deref(), Some("1"));
    assert_eq!(folder.warnings[0], "the columns `w`, `h` are not used");
    let folder = Folder::from_csv(&path, &columns(None)).unwrap();
    assert_eq!(folder.pictures[1].fold, None);
    assert_eq!(folder.warnings[0], "the columns `k`, `w`, `h` are not used");
}

#[test]
fn a_table_may_have_boxes_and_names_of_other_programs() {
    let (dir, folder) = table(
        "file_name,choice,x,y,width,height\n\
         a.jpg,ant,0,10,20.4,30\na.jpg,bee,-5,0,25,5\na.jpg,ant,0,10,20,30\n",
    );
    let folder = folder.unwrap();
    let names = |folder: &Folder| -> Vec<String> {
        let name = |p: &pictures::Labelled| p.place.name().strip_prefix(dir.path()).unwrap().into();
        let names = folder.pictures.iter().map(name);
        names.map(|name: std::path::PathBuf| name.display().to_string()).collect()
    };
    assert_eq!(names(&folder), ["a.jpg#0,10,20,30", "a.jpg#0,0,20,5"]);
    let read_as = "read as a table of boxes: 2 boxes of 1 photograph";
    assert_eq!(folder.read_as.as_deref(), Some(read_as));
    assert!(
        folder.warnings[0].contains("lists a picture again, first line 4"),
        "{:?}",
        folder.warnings
    );
    // A name says it too, as in the tables that are written here.
    let (_dir, again) = table("path,label\na.jpg#0,ant\n\"a.jpg#0,10,20,30\",ant\nb.jpg,bee\n");
    let boxes: Vec<bool> =
        again.unwrap().pictures.iter().map(|p| p.place.photograph().is_some()).collect();
    assert_eq!(boxes, [false, true, false]);
    for (row, words) in [
        ("a.jpg,ant,0,0,0,5", "line 2: the box 0,0,0,5 has no pixel"),
        ("a.jpg,ant,0,x,1,5", "line 2: `x` is not a number of pixels"),
        ("a.jpg,ant,0,nan,1,5", "has no pixel"),
        ("a.jpg,ant,0,0,9,5\na.jpg,bee,0,0,9,5", "is labelled `bee` here and `ant` in line 2"),
    ] {
        let text = format!("path,label,x,y,width,height\n{row}\n");
        let error = table(text).1.unwrap_err().to_string();
        assert!(error.contains(words), "{error}");
    }
}

#[test]
fn what_label_studio_has_served_is_found_by_its_own_name() {
    let dir = tree(&["bee/1 a.jpg", "2.jpg", "0123abcd-3.jpg"]);
    let path = dir.path().join("labels.csv");
    let rows = "image,choice\n/data/local-files/?d=bee/1%20a.jpg,bee\n\
                /data/upload/7/9f8e7d6c-2.jpg,wasp\n/data/upload/7/0123abcd-3.jpg,wasp\n\
                /data/upload/7/deadbeef-4.jpg,wasp\n";
    fs::write(&path, rows).unwrap();
    let folder = Folder::from_csv(&path, &Columns::default()).unwrap();
    let found: Vec<_> = folder.pictures.iter().map(|p| p.place.file().exists()).collect();
    assert_eq!(found, [true, true, true, false]);
}

#[test]
fn fixes_saved_by_a_spreadsheet_are_read() {
    let dir = tree(&["bee/1.jpg", "wasp/4.jpg"]);
    let table = dir.path().join("fixes.csv");
    fs::write(&table, "\u{feff}decision;path;label;suggested\nrelabel;bee/1.jpg;bee;wasp\n")
        .unwrap();
    let mut folder = Folder::scan(dir.path()).unwrap();
    let fixed = folder.fix(dir.path(), &table).unwrap();
    assert_eq!((fixed.relabelled.len(), folder.pictures[0].label), (1, 1));
}

#[test]
fn rows_without_a_decision_change_nothing() {
    let dir = tree(&["bee/1.jpg", "bee/2.jpg", "bee/3.jpg", "wasp/4.jpg", "wasp/5.jpg"]);
    let table = dir.path().join("photos.suspects.csv");
    let fix = |rows: &str| {
        fs::write(&table, format!("decision,path,label,suggested,margin\n{rows}")).unwrap();
        let mut folder = Folder::scan(dir.path()).unwrap();
        let fixed = folder.fix(dir.path(), &table).map_err(|error| error.to_string())?;
        Ok::<_, String>((folder.pictures.iter().map(|p| p.label).collect::<Vec<_>>(), fixed))
    };
    let (labels, fixed) = fix(",bee/1.jpg,bee,wasp,0.9\n,wasp/4.jpg,wasp,bee,0.8\n").unwrap();
    assert_eq!((labels, fixed.relabelled.len(), fixed.left_out), (vec![0, 0, 0, 1, 1], 0, 0));
    assert!(fixed.proposed && fixed.warnings[0].contains("2 rows"), "{:?}", fixed.warnings);
    let rows = "relabel,bee/1.jpg,bee,wasp,1\nleave out,bee/2.jpg,bee,wasp,1\nkeep,bee/3.jpg,bee,wasp,1\n\
                bee,wasp/4.jpg,wasp,wasp,1\n";
    let (labels, fixed) = fix(rows).unwrap();
    assert_eq!((labels, fixed.relabelled.len(), fixed.left_out), (vec![1, 0, 0, 1], 2, 1));
    let error = fix("perhaps,bee/1.jpg,bee,wasp,1\n").unwrap_err();
    assert!(error.contains("line 2") && error.contains("perhaps"), "{error}");
}

#[test]
fn what_lies_beside_pictures_is_counted_and_no_picture() {
    let tree = tree(&[
        "ants/1.jpg",
        "ants/1.jpg.json",
        "ants/1.txt",
        "ants/1.MOV",
        "ants/@eaDir/SYNO_thumb.jpg",
        "ants/masks/1.png",
        "bees/2.jpg",
        "bees/2.xml",
        "bees/2.aae",
        "annotations/instances.json",
        "notes.md",
    ]);
    let folder = Folder::scan(tree.path()).unwrap();
    assert_eq!(folder.classes, ["ants", "bees"]);
    assert_eq!(listing(&folder, tree.path()), ["ants - ants/1.jpg", "bees - bees/2.jpg"]);
    let told = folder.warnings.join("\n");
    assert!(told.contains("files that are not pictures") && told.contains(".json"), "{told}");
}

#[test]
fn a_picture_under_another_suffix_is_one() {
    let tree = tree(&["ants/1.jpg", "bees/2.jpg"]);
    fs::write(tree.path().join("bees/3.dat"), b"\xff\xd8\xff\xe0\0\x10JFIF\0\x01\x01\0").unwrap();
    let folder = Folder::scan(tree.path()).unwrap();
    assert_eq!(folder.pictures.len(), 3, "{:?}", folder.pictures);
}

#[test]
fn training_and_validation_are_sides_under_all_their_names() {
    for (train, valid) in [
        ("training", "validation"),
        ("Training Set", "testing"),
        ("train_data", "val"),
        ("train2017", "val2017"),
    ] {
        let files =
            [format!("{train}/a/1.jpg"), format!("{train}/b/2.jpg"), format!("{valid}/a/3.jpg")];
        let tree = tree(&files.each_ref().map(String::as_str));
        let folder = Folder::scan(tree.path()).unwrap();
        assert_eq!(folder.classes, ["a", "b"], "{train} {valid}");
    }
}

#[test]
fn unsorted_pictures_are_no_class_and_told() {
    for name in [
        "unsorted",
        "misc",
        "New folder (2)",
        "Neuer Ordner",
        "todo",
        "new",
        "tmp",
        "_ambiguous",
        "_not recognised",
    ] {
        let tree = tree(&["ants/1.jpg", "bees/2.jpg", &format!("{name}/3.jpg")]);
        let folder = Folder::scan(tree.path()).unwrap();
        assert_eq!(folder.classes, ["ants", "bees"], "{name}");
        let told = folder.warnings.join("\n");
        assert!(told.contains(name) && told.contains("1 file"), "{told}");
    }
    // Things are new or used.
    let folder = Folder::scan(tree(&["new/1.jpg", "used/2.jpg", "rest/3.jpg"]).path()).unwrap();
    assert_eq!(folder.classes, ["new", "rest", "used"]);
}

#[test]
fn folders_of_days_are_told_to_be_no_classes() {
    let told = |files: [&str; 2]| {
        let folder = Folder::scan(tree(&files).path()).unwrap();
        folder.warnings.iter().any(|warning| warning.contains("named after days or cameras"))
    };
    assert!(told(["day 1/1.jpg", "day 2/2.jpg"]));
    assert!(told(["100APPLE/1.jpg", "2026-06-10/2.jpg"]));
    assert!(!told(["day 1/1.jpg", "ants/2.jpg"]), "one of them is a class");
    assert!(!told(["0/1.jpg", "1/2.jpg"]), "digits");
}

#[test]
fn one_folder_too_deep_holds_the_classes() {
    let tree = tree(&["photos/field/ants/1.jpg", "photos/field/bees/2.jpg"]);
    let folder = Folder::scan(tree.path()).unwrap();
    assert_eq!(folder.classes, ["ants", "bees"]);
    assert!(folder.warnings.iter().any(|w| w.contains("field` holds the classes")));
}

#[test]
fn a_flat_folder_and_a_single_class_can_be_looked_at() {
    for files in [["1.jpg", "2.jpg"], ["bees/1.jpg", "bees/2.jpg"]] {
        let tree = tree(&files);
        let folder = Folder::of_any(tree.path()).unwrap();
        assert_eq!((folder.classes.len(), folder.pictures.len()), (1, 2), "{files:?}");
        Folder::scan(tree.path()).unwrap_err();
    }
}

#[test]
fn tables_name_files_as_other_systems_do() {
    let composed = "caf\u{e9}/1.jpg";
    let dir = tree(&["ants/1.jpg", "ants/2 .jpg", composed]);
    let table = dir.path().join("labels.csv");
    let rows = "ants\\1.jpg,ant\nants/2 .jpg,ant\ncafe\u{301}/1.jpg,cafe\u{301}\n";
    fs::write(&table, format!("\u{feff}path,label\n{rows}")).unwrap();
    let folder = Folder::from_csv(&table, &Columns::default()).unwrap();
    let found: Vec<_> = folder.pictures.iter().map(|p| p.place.file().exists()).collect();
    assert_eq!(found, [true; 3], "{:?}", folder.pictures);
    assert_eq!(folder.classes, ["ant", "caf\u{e9}"]);
    assert!(folder.warnings.iter().any(|w| w.contains("1 path is written with")));
}
