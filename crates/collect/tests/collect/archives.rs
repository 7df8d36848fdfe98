//! R11: archives cannot escape or explode.

use std::io::{Cursor, Write};
use std::path::{Path, PathBuf};

use collect::{Collected, Settings, Status, archive, collect};
use ground::Stop;
use ground::progress::Silent;
use tar::{Builder, EntryType, Header};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use crate::{impatient, picture, tree};

fn settings() -> Settings {
    let archive = archive::Limits { entries: 1000, slack: 8 << 20, ..archive::Limits::default() };
    Settings { archive, ..impatient(&[]) }
}

/// Collects one archive, and sees that nothing lies anywhere but where it should.
fn import(bytes: &[u8], name: &str) -> (Collected, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let inside = folder.path().join("a/b/c");
    std::fs::create_dir_all(&inside).unwrap();
    let path = inside.join(name);
    std::fs::write(&path, bytes).unwrap();
    let out = inside.join("out");
    let collected =
        collect(std::slice::from_ref(&path), &out, &settings(), &Silent, &Stop::new()).unwrap();
    for found in tree(folder.path()).keys() {
        assert!(*found == path || found.starts_with(&out), "{}", found.display());
    }
    let kept = tree(&out);
    assert_eq!(kept.len(), collected.count(Status::Kept), "{name}");
    assert!(kept.keys().all(|path| path.strip_prefix(&out).unwrap().components().count() == 2));
    assert!(kept.keys().all(|path| path.symlink_metadata().unwrap().is_file()));
    assert!(kept.values().map(Vec::len).sum::<usize>() < 8 << 20);
    (collected, folder)
}

fn zipped(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in entries {
        let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
        writer.start_file(*name, options).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// A tar whose names are put into headers as they are, whatever they are.
fn taped(entries: &[(&str, EntryType, &[u8])]) -> Vec<u8> {
    let mut builder = Builder::new(Vec::new());
    for (name, kind, bytes) in entries {
        let mut header = Header::new_gnu();
        header.as_mut_bytes()[..name.len()].copy_from_slice(name.as_bytes());
        header.set_entry_type(*kind);
        header.set_mode(0o777);
        header.set_size(bytes.len() as u64);
        if matches!(kind, EntryType::Symlink | EntryType::Link) {
            header.set_link_name("/etc/passwd").unwrap();
        }
        header.set_cksum();
        builder.append(&header, *bytes).unwrap();
    }
    builder.into_inner().unwrap()
}

fn packed(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

const NAMES: [&str; 9] = [
    "../fox/1.png",
    "fox/../../1.png",
    "/tmp/fox/1.png",
    "C:\\fox\\1.png",
    "..\\fox\\1.png",
    "\\\\host\\fox\\1.png",
    "nul/1.png",
    "fox\u{7}/1.png",
    "fox/\u{1b}[2J.png",
];

#[test]
fn a_good_archive_of_each_kind_is_taken_in() {
    let (one, two) = (picture(1), picture(2));
    let tar = taped(&[
        ("photos/", EntryType::Directory, b""),
        ("photos/fox/1.png", EntryType::Regular, &one),
        ("photos/dog/2.png", EntryType::Regular, &two),
        ("photos/dog/readme.txt", EntryType::Regular, b"hello"),
    ]);
    let zip = zipped(&[
        ("fox/1.png", &one),
        ("dog/deep/2.png", &two),
        ("__MACOSX/._1.png", b"x"),
        ("dog/x.txt", b"hello"),
    ]);
    for (name, bytes) in [("x.tar", tar.clone()), ("x.tgz", packed(&tar)), ("x.zip", zip)] {
        let (collected, _folder) = import(&bytes, name);
        assert_eq!(collected.classes(), [("dog".into(), 1), ("fox".into(), 1)], "{name}");
        assert_eq!(collected.rows.len(), 3, "{name}");
        assert_eq!(collected.count(Status::Unusable), 1, "{name}");
    }
}

#[test]
fn names_and_links_lead_nowhere() {
    let file = picture(3);
    for name in NAMES {
        for (kind, bytes) in [
            ("x.zip", zipped(&[(name, &file), ("cat/1.png", &file)])),
            (
                "x.tar",
                taped(&[
                    (name, EntryType::Regular, &file),
                    ("cat/1.png", EntryType::Regular, &file),
                ]),
            ),
        ] {
            let (collected, _folder) = import(&bytes, kind);
            assert_eq!(collected.classes(), [("cat".into(), 1)], "{kind} {name:?}");
            assert_eq!(
                collected.count(Status::Refused),
                1,
                "{kind} {name:?}: {:?}",
                collected.rows
            );
        }
    }
    let kinds = [
        EntryType::Symlink,
        EntryType::Link,
        EntryType::Char,
        EntryType::Block,
        EntryType::Fifo,
        EntryType::GNUSparse,
    ];
    for kind in kinds {
        // A link of the class's own name, and then a file through it.
        let bytes = taped(&[("fox", kind, b""), ("fox/1.png", EntryType::Regular, &file)]);
        let (collected, _folder) = import(&bytes, "x.tar");
        assert_eq!(collected.count(Status::Kept), 1, "{kind:?}");
        assert_eq!(collected.count(Status::Refused), 1, "{kind:?}");
    }
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    writer.add_symlink("fox/1.png", "/etc/passwd", SimpleFileOptions::default()).unwrap();
    let (collected, _folder) = import(&writer.finish().unwrap().into_inner(), "x.zip");
    assert_eq!(collected.count(Status::Refused), 1);
}

#[test]
fn bombs_and_damage_are_refused() {
    let zeros = vec![0; 64 << 20];
    let file = picture(4);
    let many: Vec<String> = (0..1001).map(|n| format!("fox/{n}.png")).collect();
    let many_zip = zipped(&many.iter().map(|name| (name.as_str(), &b""[..])).collect::<Vec<_>>());
    let many_tar = taped(
        &many.iter().map(|name| (name.as_str(), EntryType::Regular, &b""[..])).collect::<Vec<_>>(),
    );
    let nested = zipped(&[("fox/inner.zip", &zipped(&[("fox/1.png", &file)]))]);
    let long = taped(&[("././@LongLink", EntryType::GNULongName, &zeros[..1 << 20])]);
    let extended = taped(&[("x", EntryType::XHeader, &zeros[..1 << 20])]);
    let pax = taped(&[
        ("x", EntryType::XHeader, b"21 path=../../evil.p\n"),
        ("fox/1.png", EntryType::Regular, &file),
    ]);
    let whole = zipped(&[("fox/1.png", &file), ("fox/2.png", &picture(5))]);
    let tar = taped(&[("fox/1.png", EntryType::Regular, &file)]);
    for (name, bytes) in [
        ("bomb.zip", zipped(&[("fox/1.png", &zeros), ("fox/2.png", &zeros)])),
        ("bomb.tgz", packed(&taped(&[("fox/1.png", EntryType::Regular, &zeros)]))),
        ("twice.tgz", packed(&packed(&zeros))),
        ("many.zip", many_zip),
        ("many.tar", many_tar),
        ("nested.zip", nested),
        ("long.tar", long),
        ("extended.tar", extended),
        ("pax.tar", pax),
        ("cut.zip", whole[..whole.len() - 30].to_vec()),
        ("cut.tar", tar[..600].to_vec()),
        ("cut.tgz", packed(&tar)[..40].to_vec()),
        ("empty.zip", zipped(&[])),
    ] {
        let (collected, _folder) = import(&bytes, name);
        assert_eq!(collected.count(Status::Kept), 0, "{name}: {:?}", collected.rows);
        assert!(name == "empty.zip" || !collected.rows.is_empty(), "{name}");
    }
    // The same name twice, and names that differ by case only.
    let (one, two) = (picture(6), picture(7));
    let twice = taped(&[
        ("fox/1.png", EntryType::Regular, &one),
        ("fox/1.png", EntryType::Regular, &two),
        ("FOX/1.png", EntryType::Regular, &two),
    ]);
    let (collected, _folder) = import(&twice, "twice.tar");
    assert_eq!(collected.classes(), [("FOX".into(), 1), ("fox".into(), 1)]);
}

/// Every single-byte change of a small archive, of each kind: read, or refused, and nothing else.
#[test]
fn altered_archives_do_no_harm() {
    let file = picture(8);
    let step = if crate::slow() { 1 } else { 23 };
    for (name, bytes) in [
        ("x.zip", zipped(&[("fox/1.png", &file)])),
        ("x.tar", taped(&[("fox/1.png", EntryType::Regular, &file)])[..1024].to_vec()),
        ("x.tgz", packed(&taped(&[("fox/1.png", EntryType::Regular, &file)]))),
    ] {
        for at in (8..bytes.len()).step_by(step) {
            let mut altered = bytes.clone();
            altered[at] ^= 0xff;
            import_any(&altered, name);
        }
    }
}

/// As [`import`], where the source itself may be refused.
fn import_any(bytes: &[u8], name: &str) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, bytes).unwrap();
    let out = folder.path().join("out");
    let settings = Settings { offline: true, ..settings() };
    let _ = collect(std::slice::from_ref(&path), &out, &settings, &Silent, &Stop::new());
    for found in tree(folder.path()).keys() {
        assert!(*found == path || found.starts_with(&out), "{}", found.display());
    }
}

#[test]
fn the_collection_of_hostile_archives_does_no_harm() {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    let shared = std::env::var_os("LOOKALIKE_SHARED").map_or_else(beside, PathBuf::from);
    let path = shared.join("data/hostile.tar.zst");
    let Ok(file) = std::fs::File::open(&path) else {
        eprintln!("skipped: no hostile files at {}", path.display());
        return;
    };
    let mut tape = tar::Archive::new(ruzstd::decoding::StreamingDecoder::new(file).unwrap());
    let mut tried = 0;
    for entry in tape.entries().unwrap() {
        let mut entry = entry.unwrap();
        let name = entry.path().unwrap().to_string_lossy().to_lowercase();
        if !name.contains("zip") && !name.contains("tar") || !entry.header().entry_type().is_file()
        {
            continue;
        }
        let mut bytes = Vec::new();
        std::io::Read::read_to_end(&mut entry, &mut bytes).unwrap();
        import_any(&bytes, "x");
        tried += 1;
    }
    println!("{tried} archives");
    assert!(tried > 100, "{tried}");
}
