//! What is written is what is read.
#![allow(clippy::unwrap_used, reason = "a test may fail wherever it stands")]

use std::path::Path;

use ground::Digest;
use ground::files::Disk;
use tables::features::{Row, Settings, Writer, Written, read, read_names, settings};
use tables::{Limits, Parquet, TablesError};

const DIM: usize = 24;

fn kind() -> Settings {
    Settings { backbone: "small".into(), dim: DIM, views: 2, ..Settings::default() }
}

/// Rows of all kinds: whole ones, without labels, and of pictures that cannot be read.
fn rows(count: usize) -> Vec<Row> {
    let row = |at: usize| {
        let whole = Row {
            id: format!("wren/{at}.jpg"),
            sha256: Some(Digest::of(&at.to_le_bytes())),
            label: (!at.is_multiple_of(5)).then(|| "wren, winter".to_owned()),
            group: at.is_multiple_of(3).then(|| format!("nest {}", at / 7)),
            split: at.is_multiple_of(2).then(|| "train".to_owned()),
            fold: None,
            width: 640 + at as u32,
            height: 480,
            bytes: 12_345,
            colour: Some([at as f32 / 3.0, 17.5, 255.0]),
            print: Some(vec![at as u8; 40]),
            features: Some((0..DIM).map(|x| (x * at) as f32 / 7.0 - 3.25).collect()),
            error: None,
        };
        match at % 11 {
            4 => Row {
                error: Some("it is cut off".into()),
                colour: None,
                print: None,
                features: None,
                ..whole
            },
            _ => whole,
        }
    };
    (0..count).map(row).collect()
}

fn write(folder: &Path, settings: &Settings, rows: &[Row]) -> Vec<Written> {
    let mut writer = Writer::begin(&Disk, folder, settings).unwrap();
    rows.iter().for_each(|row| writer.add(row.clone()).unwrap());
    writer.finish().unwrap()
}

fn all(path: &Path) -> Vec<Row> {
    let file = Parquet::open(path, Limits::default()).unwrap();
    let mut rows = vec![];
    read(&file, &mut |row| {
        rows.push(row);
        Ok(())
    })
    .unwrap();
    rows
}

#[test]
fn rows_come_back_to_the_bit_and_a_second_run_overwrites_nothing() {
    let place = tempfile::tempdir().unwrap();
    let wanted = rows(9000);
    let written = write(place.path(), &kind(), &wanted);
    let [file] = &written[..] else { panic!("{written:?}") };
    assert_eq!((file.rows, file.bytes), (9000, file.path.metadata().unwrap().len()));
    assert!(all(&file.path) == wanted);
    // Named by its content: the same rows are the same file, others lie beside it.
    assert_eq!(write(place.path(), &kind(), &wanted), written);
    write(place.path(), &kind(), &wanted[1..]);
    assert_eq!(std::fs::read_dir(place.path()).unwrap().count(), 2);
    let opened = Parquet::open(&file.path, Limits::default()).unwrap();
    assert_eq!(settings(&opened).unwrap(), Settings { format: 1, ..kind() });
    let mut names = vec![];
    read_names(&opened, &mut |row| {
        assert_eq!((row.features, row.print), (None, None));
        names.push(row.id);
        Ok(())
    })
    .unwrap();
    assert!(names.into_iter().eq(wanted.into_iter().map(|row| row.id)));
}

#[test]
fn half_the_bits_keep_three_digits() {
    let place = tempfile::tempdir().unwrap();
    let wanted = rows(100);
    let half = Settings { half: true, ..kind() };
    let written = write(place.path(), &half, &wanted);
    for (row, wanted) in all(&written[0].path).into_iter().zip(wanted) {
        let pairs = row.features.iter().flatten().zip(wanted.features.iter().flatten());
        for (x, y) in pairs {
            assert!((x - y).abs() <= y.abs() / 2000.0, "{x} for {y}");
        }
        assert_eq!(row.features.is_some(), wanted.features.is_some());
    }
    assert_eq!(half.difference(&kind()), Some("precision"));
}

#[test]
fn what_is_no_file_of_features_is_told() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("a.parquet");
    let open = |bytes: &[u8]| {
        std::fs::write(&path, bytes).unwrap();
        Parquet::open(&path, Limits::default()).map(|_| ()).unwrap_err().to_string()
    };
    assert!(open(b"PAR1 and no more").contains("it is cut off"));
    assert!(open(b"\xff\xd8\xff\xe0 a whole JPEG").contains("does not begin like one"));
    assert!(open(b"").contains("too short"));
    // A footer of nearly all bytes that there could be.
    assert!(open(b"PAR1\xf0\xff\xff\xffPAR1").contains("its footer claims 4294967280 bytes"));
    let classes = ["wren".to_owned()];
    let writer = tables::answers::Writer::begin(&Disk, &path, &classes).unwrap();
    writer.end().unwrap().finish().unwrap();
    let file = Parquet::open(&path, Limits::default()).unwrap();
    let error = settings(&file).unwrap_err();
    assert!(matches!(error, TablesError::Other { .. }), "{error}");
    assert!(error.help().unwrap().contains("lookalike features"));
}

#[test]
fn limits_are_held_before_rows_are_read() {
    let place = tempfile::tempdir().unwrap();
    let path = write(place.path(), &kind(), &rows(3000))[0].path.clone();
    let opened =
        |limits| Parquet::open(&path, limits).map(|_| ()).map_err(|error| error.to_string());
    let usual = Limits::default();
    assert_eq!(opened(usual), Ok(()));
    for limits in [
        Limits { footer: 100, ..usual },
        Limits { parts: 5, ..usual },
        Limits { row_groups: 0, ..usual },
        Limits { rows: 2999, ..usual },
        Limits { column: 1000, ..usual },
    ] {
        assert!(opened(limits).is_err(), "{limits:?}");
    }
    let file = Parquet::open(&path, Limits { page: 1000, ..usual }).unwrap();
    let error = read(&file, &mut |_| Ok(())).unwrap_err().to_string();
    assert!(error.contains("column `id`: a page claims"), "{error}");
}
