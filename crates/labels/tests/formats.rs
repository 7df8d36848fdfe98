//! Each format with the right answer, and files that are cut, wrong or hostile.

#![allow(clippy::unwrap_used, reason = "a test may fail wherever it stands")]

use std::fs;
use std::path::{Path, PathBuf};

use labels::{How, in_folder, listed, read};
use pictures::{Folder, Need, PicturesError, Side};
use tempfile::TempDir;

/// A folder with these files in it; a text is written as it is.
struct Tree(TempDir);

impl Tree {
    fn of(files: &[(&str, &str)]) -> Self {
        let tree = Self(tempfile::tempdir().unwrap());
        files.iter().for_each(|(name, text)| tree.add(name, text));
        tree
    }

    fn add(&self, name: &str, text: &str) {
        let path = self.at(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn at(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn read(&self, name: &str) -> Result<Folder, PicturesError> {
        read(&self.at(name), &How::default(), Need::Anything)
    }

    /// Class and name of each picture, with its side and group where it has them.
    fn lines(&self, folder: &Folder) -> Vec<String> {
        let line = |picture: &pictures::Labelled| {
            let name = picture.place.name();
            let name = name.strip_prefix(self.0.path()).unwrap_or(name).display().to_string();
            let side = picture.side.map_or(String::new(), |side| format!(" {side:?}"));
            let group = picture.group.as_ref().map_or(String::new(), |group| format!(" ({group})"));
            format!("{} {name}{side}{group}", folder.classes[picture.label])
        };
        folder.pictures.iter().map(line).collect()
    }
}

const COCO: &str = r#"{"info": {}, "images": [
    {"id": 1, "file_name": "a.jpg", "width": 100, "height": 80},
    {"id": "two", "file_name": "b.jpg", "seq_id": "night 3"},
    {"id": 3, "file_name": "c.jpg"}],
  "categories": [{"id": 1, "name": "bee"}, {"id": 7, "name": "wasp"}],
  "annotations": [
    {"id": 1, "image_id": 1, "category_id": 1, "bbox": [10.2, 20, 30, 40.4], "segmentation": [[1, 2]]},
    {"id": 2, "image_id": "two", "category_id": 7, "bbox": [-5, 0, 25, 10]},
    {"id": 3, "image_id": 1, "category_id": 7, "bbox": [0, 0, 5, 5], "iscrowd": 1},
    {"id": 4, "image_id": 1, "category_id": 7, "bbox": [3, 3, 0, 5]},
    {"id": 5, "image_id": 1, "category_id": 7}]}"#;

#[test]
fn coco_has_boxes_of_photographs() {
    let tree = Tree::of(&[("annotations/boxes.json", COCO), ("images/a.jpg", "")]);
    let folder = tree.read("annotations/boxes.json").unwrap();
    assert_eq!(
        folder.read_as.as_deref(),
        Some(
            "read as COCO: 2 boxes of 2 photographs; left out: 1 annotation without a box, 1 box of a \
             crowd, 1 box without a pixel, 1 photograph without a box"
        )
    );
    let base = "images";
    assert_eq!(
        tree.lines(&folder),
        [format!("bee {base}/a.jpg#10,20,30,40"), format!("wasp {base}/b.jpg#0,0,20,10 (night 3)")]
    );
}

#[test]
fn coco_without_boxes_labels_whole_pictures() {
    let coco = r#"{"images": [{"id": 1, "file_name": "a.jpg"}, {"id": 2, "file_name": "b.jpg"}],
        "categories": [{"id": 0, "name": "empty"}, {"id": 1, "name": "fox"}],
        "annotations": [{"image_id": 1, "category_id": 1}, {"image_id": 2, "category_id": 0},
                        {"image_id": 1, "category_id": 1}]}"#;
    let tree = Tree::of(&[("cct.json", coco)]);
    let folder = tree.read("cct.json").unwrap();
    assert_eq!(tree.lines(&folder), ["empty b.jpg", "fox a.jpg"]);
    tree.add("two.json", &coco.replace("2, \"category_id\": 0", "1, \"category_id\": 0"));
    let error = tree.read("two.json").unwrap_err().to_string();
    assert!(error.contains("has several categories and no boxes"), "{error}");
}

const DETECTIONS: &str = r#"{"info": {"format_version": "1.4", "detector": "md_v5a"},
  "detection_categories": {"1": "animal", "2": "person", "3": "vehicle"},
  "images": [
    {"file": "fox/1.jpg", "detections": [
      {"category": "1", "conf": 0.9, "bbox": [0.25, 0.5, 0.25, 0.25]},
      {"category": "1", "conf": 0.15, "bbox": [0, 0, 0.1, 0.1]},
      {"category": "2", "conf": 0.99, "bbox": [0, 0, 0.5, 1]}]},
    {"file": "badger\\2.jpg", "detections": [
      {"category": "1", "conf": 0.3, "bbox": [0.125, 0, 0.5, 0.5]}]},
    {"file": "train/fox/3.jpg", "detections": []},
    {"file": "fox/4.jpg", "failure": "Failure image access"}]}"#;

#[test]
fn megadetector_finds_animals_and_folders_say_which() {
    let tree = Tree::of(&[("md.json", DETECTIONS), ("badger/2.jpg", "")]);
    let folder = tree.read("md.json").unwrap();
    assert_eq!(
        folder.read_as.as_deref(),
        Some(
            "read as MegaDetector: 2 animals of 2 photographs; left out: 1 box below the confidence, 1 box \
             of another thing, 1 photograph that the detector could not read, 1 photograph \
             without a box"
        )
    );
    assert_eq!(
        tree.lines(&folder),
        ["badger badger/2.jpg#12.5%,0%,50%,50%", "fox fox/1.jpg#25%,50%,25%,25%"]
    );
    let how = How { min_confidence: Some(0.1), ..How::default() };
    assert_eq!(listed(&tree.at("md.json"), &how).unwrap().0.len(), 3);
    let how = How { detected: Some("all".into()), ..How::default() };
    assert_eq!(listed(&tree.at("md.json"), &how).unwrap().0.len(), 3);
    let how = How { detected: Some("badger".into()), ..How::default() };
    let error = listed(&tree.at("md.json"), &how).unwrap_err().to_string();
    assert!(error.contains("it detects no `badger` but animal, person, vehicle"), "{error}");
}

#[test]
fn label_studio_has_choices_or_rectangles() {
    let choices = r#"[
      {"id": 1, "data": {"image": "/data/upload/3/0a1b2c3d-a.jpg"}, "annotations": [
        {"result": [{"type": "choices", "value": {"choices": ["bee"]}}]}]},
      {"id": 2, "data": {"image": "/data/local-files/?d=set/b%20c.jpg"}, "annotations": [
        {"was_cancelled": true, "result": [{"value": {"choices": ["bee"]}}]},
        {"result": [{"value": {"choices": ["wasp"]}}]}]},
      {"id": 3, "data": {"image": "c.jpg"}, "annotations": []},
      {"id": 4, "data": {"image": "d.jpg"}, "annotations": [
        {"result": [{"value": {"choices": ["bee"]}}]}, {"result": [{"value": {"choices": ["wasp"]}}]}]}]"#;
    let tree = Tree::of(&[("x/ls.json", choices), ("set/b c.jpg", ""), ("x/a.jpg", "")]);
    let how = How { root: Some(tree.0.path().to_owned()), ..How::default() };
    let folder = read(&tree.at("x/ls.json"), &how, Need::Classes).unwrap();
    let read_as = folder.read_as.clone().unwrap();
    assert_eq!(
        read_as,
        "read as Label Studio: 2 pictures; left out: 1 picture on which people disagree, 1 picture \
         without a label"
    );
    assert_eq!(tree.lines(&folder)[1], "wasp set/b c.jpg");
    // Without a root, what was uploaded is found beside the file, without the server's prefix.
    let folder = tree.read("x/ls.json").unwrap();
    assert_eq!(tree.lines(&folder)[0], "bee x/a.jpg");

    let rectangles = r#"[{"data": {"image": "a.jpg"}, "annotations": [{"result": [
        {"type": "rectanglelabels", "value": {"x": 10, "y": 20, "width": 12.5, "height": 50,
         "rotation": 0, "rectanglelabels": ["bee"]}},
        {"value": {"x": 10, "y": 20, "width": 12.5, "height": 50, "rotation": 30,
         "rectanglelabels": ["wasp"]}}]}]}]"#;
    tree.add("rectangles.json", rectangles);
    let folder = tree.read("rectangles.json").unwrap();
    assert_eq!(tree.lines(&folder), ["bee a.jpg#10%,20%,12.5%,50%"]);
    assert!(folder.read_as.unwrap().ends_with("left out: 1 rectangle with a rotation"));

    let short = r#"[{"id": 1, "image": "a.jpg", "choice": "bee", "annotator": 1},
        {"id": 2, "image": "b.jpg", "label": [{"x": 0, "y": 0, "width": 50, "height": 50,
         "rectanglelabels": ["wasp"], "original_width": 20}]}]"#;
    tree.add("short.json", short);
    let folder = tree.read("short.json").unwrap();
    assert_eq!(tree.lines(&folder), ["bee a.jpg", "wasp b.jpg#0%,0%,50%,50%"]);

    tree.add("several.json", &choices.replace("[\"bee\"]", "[\"bee\", \"wasp\"]"));
    let error = tree.read("several.json").unwrap_err().to_string();
    assert!(error.contains("has several choices, and a picture has one label"), "{error}");
}

#[test]
fn other_lists_of_labels_are_read() {
    let tree = Tree::of(&[
        (
            "fo/labels.json",
            r#"{"classes": ["ant", "bee"], "labels": {"1": 1, "2": "ant", "3": null}}"#,
        ),
        ("fo/data/1.png", ""),
        ("fo/data/2.jpg", ""),
        ("rf/_classes.csv", "filename, ant, bee\n1.jpg, 1, 0\n2.jpg, 0, 1\n3.jpg, 0, 0\n"),
        ("im/train.txt", "a/1.jpg 0\nb 2.jpg 1\n"),
        ("im/synsets.txt", "ant\nbee\n"),
        (
            "hf/metadata.jsonl",
            "{\"file_name\": \"1.jpg\", \"label\": \"ant\"}\n\n{\"file_name\": \"2.jpg\", \"label\": 1}\n",
        ),
    ]);
    let lines = |name: &str| tree.lines(&tree.read(name).unwrap());
    assert_eq!(lines("fo/labels.json"), ["ant fo/data/2.jpg", "bee fo/data/1.png"]);
    assert_eq!(lines("rf/_classes.csv"), ["ant rf/1.jpg", "bee rf/2.jpg"]);
    assert_eq!(lines("im/train.txt"), ["ant im/a/1.jpg Train", "bee im/b 2.jpg Train"]);
    assert_eq!(lines("hf/metadata.jsonl"), ["1 hf/2.jpg", "ant hf/1.jpg"]);
    // The folder will do where it holds them.
    for (folder, file) in [("fo", "labels.json"), ("rf", "_classes.csv"), ("hf", "metadata.jsonl")]
    {
        assert_eq!(in_folder(&tree.at(folder)), Some(tree.at(folder).join(file)));
    }
    assert_eq!(in_folder(&tree.at("im")), None);

    for (name, text, words) in [
        (
            "labels.json",
            r#"{"classes": ["ant"], "labels": {"1": 4}}"#,
            "the label 4, which is none",
        ),
        (
            "_classes.csv",
            "filename,ant,bee\n1.jpg,1,1\n",
            "line 2: `1.jpg` has the labels `ant`, `bee`",
        ),
        ("two.txt", "1.jpg 0 1\n2.jpg 1 2\n", "has several labels"),
        (
            "metadata.jsonl",
            "{\"file_name\": \"1.jpg\"}\n{\"label\": 3}\n",
            "line 2: no `file_name`",
        ),
    ] {
        tree.add(name, text);
        let error = tree.read(name).unwrap_err().to_string();
        assert!(error.contains(words), "{name}: {error}");
    }
    tree.add("im/train.txt", "a/1.jpg 0\nb.jpg 2\n");
    let error = tree.read("im/train.txt").unwrap_err().to_string();
    assert!(error.contains("line 2: there is no class 2 among the 2"), "{error}");
}

#[test]
fn imagefolder_may_have_boxes() {
    let line = r#"{"file_name": "1.jpg", "objects": {"bbox": [[1, 2, 3, 4], [5, 6, 7, 8]], "categories": ["ant", "bee"]}}"#;
    let tree = Tree::of(&[("metadata.jsonl", line)]);
    let folder = tree.read("metadata.jsonl").unwrap();
    assert_eq!(tree.lines(&folder), ["ant 1.jpg#1,2,3,4", "bee 1.jpg#5,6,7,8"]);
}

#[test]
fn yolo_has_boxes_beside_pictures_or_apart() {
    let tree = Tree::of(&[
        (
            "v8/data.yaml",
            "path: .\ntrain: ../train/images\nval: valid/images\nnames:\n  0: ant\n  1: bee\n",
        ),
        ("v8/train/images/1.jpg", ""),
        ("v8/train/images/2.jpg", ""),
        ("v8/train/labels/1.txt", "1 0.5 0.5 0.25 0.5\n0 0.1 0.1 0.4 0.1 0.4 0.3 0.1 0.3\n"),
        ("v8/valid/images/3.jpg", ""),
        ("v8/valid/labels/3.txt", "0 0.5 0.5 1 1 0.875\n"),
        ("flat/classes.txt", "ant\nbee\n"),
        ("flat/1.png", ""),
        ("flat/1.txt", "1 0.5 0.5 0.5 0.5\n"),
        ("plain/classes.txt", "ant\nbee\n"),
        ("plain/ant/1.png", ""),
    ]);
    let v8 = [
        "ant v8/train/images/1.jpg#10%,10%,30%,20% Train",
        "ant v8/valid/images/3.jpg#0%,0%,100%,100% Valid",
        "bee v8/train/images/1.jpg#37.5%,25%,25%,50% Train",
    ];
    for name in ["v8/data.yaml", "v8"] {
        let folder = tree.read(name).unwrap();
        assert_eq!(tree.lines(&folder), v8, "{name}");
        assert!(folder.read_as.unwrap().ends_with("left out: 1 photograph without a box"));
    }
    assert_eq!(in_folder(&tree.at("v8")), Some(tree.at("v8")));
    assert_eq!(tree.lines(&tree.read("flat").unwrap()), ["bee flat/1.png#25%,25%,50%,50%"]);
    assert_eq!(in_folder(&tree.at("plain")), None, "a folder for each class, and a list beside");
    for (text, words) in [
        ("2 0.5 0.5 0.5 0.5\n", "there is no class 2: there are 2"),
        ("1 0.5 0.5\n", "2 numbers after the class"),
        ("bee 0.5 0.5 0.5 0.5\n", "`bee` is not the number of a class"),
        ("1 0.5 x 0.5 0.5\n", "not numbers"),
    ] {
        tree.add("flat/1.txt", text);
        let error = tree.read("flat").unwrap_err().to_string();
        assert!(error.contains(words), "{text}: {error}");
    }
}

/// A tar archive of these members.
fn tar(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut tar = tar::Builder::new(vec![]);
    for (name, bytes) in members {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        tar.append_data(&mut header, name, *bytes).unwrap();
    }
    tar.into_inner().unwrap()
}

#[test]
fn webdataset_is_read_where_it_lies() {
    let long = format!("{}/2.jpg", "x".repeat(200));
    let shard = tar(&[
        ("cat/1.jpg", b"first"),
        ("cat/1.cls", b"1\n"),
        (&long, b"second"),
        (&long.replace("jpg", "json"), br#"{"label": "cat", "w": 3}"#),
        ("3.txt", b"dog"),
        ("3.depth.png", b"third"),
        ("4.cls", b"0"),
        (".hidden", b""),
    ]);
    let tree = Tree::of(&[("set/classes.txt", "cat\ndog\n"), ("other.txt", "")]);
    fs::write(tree.at("set/birds-val-0.tar"), &shard).unwrap();
    fs::write(tree.at("set/birds-train-10.tar"), tar(&[("5.jpg", b"fifth"), ("5.cls", b"0")]))
        .unwrap();
    let folder = tree.read("set").unwrap();
    assert_eq!(
        folder.read_as.as_deref(),
        Some("read as WebDataset: 4 pictures; left out: 1 key without a picture")
    );
    let lines = tree.lines(&folder);
    assert_eq!(lines[0], "cat set/birds-train-10.tar#5.jpg Train");
    assert_eq!(lines[1], format!("cat set/birds-val-0.tar#{long} Valid"));
    assert_eq!(
        lines[2..],
        ["dog set/birds-val-0.tar#3.depth.png Valid", "dog set/birds-val-0.tar#cat/1.jpg Valid"]
    );
    let limits = pictures::Limits::default();
    let bytes: Vec<_> = folder.pictures.iter().map(|p| p.place.read(&limits).unwrap()).collect();
    assert_eq!(bytes, [&b"fifth"[..], b"second", b"third", b"first"]);
    assert_eq!(in_folder(&tree.at("set")), Some(tree.at("set")));
    assert_eq!(tree.read("set/birds-val-0.tar").unwrap().pictures.len(), 3);
    assert_eq!(folder.pictures[0].side, Some(Side::Train));
    // Cut anywhere, it is refused or gives what is there.
    for end in (0..shard.len()).step_by(97) {
        fs::write(tree.at("cut.tar"), &shard[..end]).unwrap();
        if let Ok(folder) = tree.read("cut.tar") {
            assert!(folder.pictures.iter().all(|p| p.place.read(&limits).is_ok()), "{end}");
        }
    }
}

#[test]
fn what_is_cut_or_hostile_is_refused_in_words() {
    let tree = Tree::of(&[]);
    for whole in [COCO, DETECTIONS] {
        for end in (1..whole.len() - 1).step_by(13) {
            tree.add("cut.json", &whole[..end]);
            assert!(tree.read("cut.json").is_err(), "{end}");
        }
    }
    let deep = format!("{{\"images\": [], \"annotations\": {}", "[".repeat(1 << 20));
    let twice = COCO.replace("\"id\": 7", "\"id\": 1");
    let gone = COCO.replace("\"image_id\": \"two\"", "\"image_id\": 9");
    let number = COCO.replace("\"file_name\": \"a.jpg\"", "\"file_name\": 5");
    for (text, words) in [
        (deep.as_str(), "read as JSON"),
        (twice.as_str(), "two categories have the id 1"),
        (gone.as_str(), "names the image 9, which is not there"),
        (number.as_str(), "expected a string"),
        ("{}", "it is of no format that is read"),
        ("{\"images\": 3, \"annotations\": []}", "expected a sequence"),
        ("[]", "there is no picture in it"),
        ("[1]", "expected a map"),
        ("[{\"data\": {\"text\": \"a\"}}]", "no key `image` names its picture; there are text"),
        ("{\"images\": [], \"annotations\": []}", "there is no picture in it"),
    ] {
        tree.add("bad.json", text);
        let error = tree.read("bad.json").unwrap_err();
        let told = error.to_string();
        assert!(told.contains(words) && error.help().is_some(), "{told}");
    }
    // Numbers that are none, and boxes beyond all pictures.
    let odd = COCO.replace("[10.2, 20, 30, 40.4]", "[1e308, 20, 1e308, 4]");
    tree.add("odd.json", &odd);
    assert_eq!(tree.read("odd.json").unwrap().pictures.len(), 1);
    assert!(tree.read("nowhere.json").is_err());
    fs::write(tree.at("a.json"), b"\xff\xd8\xff\xe0\0\x10JFIF\0\x01\x01\0\0\x01").unwrap();
    assert!(matches!(tree.read("a.json"), Err(PicturesError::NotAFolder(_))));
}

#[test]
fn boxes_of_one_photograph_have_one_name_each_and_one_fold() {
    let tree = Tree::of(&[]);
    for photograph in 0..12_u8 {
        let at = |x: u32, y: u32| {
            image::Rgb([photograph * 20, (x * 7 + y * u32::from(photograph)) as u8, (x * y) as u8])
        };
        image::RgbImage::from_fn(64, 48, at).save(tree.at(&format!("{photograph}.png"))).unwrap();
    }
    let images: Vec<String> =
        (0..12).map(|id| format!(r#"{{"id": {id}, "file_name": "{id}.png"}}"#)).collect();
    let boxes: Vec<String> = (0..36)
        .map(|at| {
            let (image, x, class) = (at % 12, 20 * (at / 12), 1 + at % 2);
            format!(r#"{{"image_id": {image}, "category_id": {class}, "bbox": [{x}, 5, 20, 30]}}"#)
        })
        .collect();
    let coco = format!(
        r#"{{"images": [{}], "annotations": [{}], "categories": [{{"id": 1, "name": "a"}}, {{"id": 2, "name": "b"}}]}}"#,
        images.join(","),
        boxes.join(",")
    );
    tree.add("coco.json", &coco);
    let folder = read(&tree.at("coco.json"), &How::default(), Need::Classes).unwrap();
    let backbone = network::Backbone::ResNet18.preprocessing();
    let preprocess = pictures::Preprocess::square(backbone, 16);
    let settings = pictures::dataset::Settings { threads: 2, ..Default::default() };
    let (progress, stop) = (&ground::progress::Silent, ground::Stop::new());
    let data =
        pictures::Dataset::prepare(&folder, &preprocess, &settings, progress, &stop).unwrap();
    assert_eq!((data.items.len(), data.bad.len()), (36, 0));
    let mut of = std::collections::HashMap::<PathBuf, Vec<usize>>::new();
    for (item, group) in data.items.iter().zip(&data.groups) {
        let photograph = item.place.photograph().unwrap();
        of.entry(photograph.name().to_owned()).or_default().push(*group);
        assert_eq!((item.width, item.height), (20, 30));
    }
    assert_eq!(of.len(), 12);
    for (photograph, groups) in of {
        assert!(groups.iter().all(|group| *group == groups[0]), "{}", photograph.display());
    }
    let digests: std::collections::HashSet<_> = data.items.iter().map(|item| item.digest).collect();
    assert_eq!(digests.len(), 36);
    assert!(Path::new(data.items[0].place.name()).ends_with("0.png#0,5,20,30"));
}
