use arrow_array::Array;
use ground::Digest;

use super::{NOTE, Row, Settings};
use crate::columns::{Columns, text};
use crate::{Parquet, TablesError};

/// Rows that are read at a time.
const AT_A_TIME: usize = 256;
/// Bytes of a perceptual hash at most.
const PRINT: usize = 4096;

/// What a file's features are features of.
///
/// # Errors
/// When it does not say.
pub fn settings(file: &Parquet) -> Result<Settings, TablesError> {
    let other = |why: &str, help| {
        Err(TablesError::Other { path: file.path().to_owned(), why: why.into(), help })
    };
    let Some(note) = file.note(NOTE) else {
        let help = "pass files that `lookalike features PICTURES -o FOLDER` wrote";
        return other("holds no features: its footer has no `lookalike.features`", help);
    };
    match serde_json::from_str::<Settings>(note) {
        Ok(settings) if settings.format == 1 && (1..=1 << 16).contains(&settings.dim) => {
            Ok(settings)
        }
        _ => other(
            "has features of a form that this version does not know",
            "extract them again with this version",
        ),
    }
}

/// Hands over a file's rows in their order.
///
/// # Errors
/// When the file holds no features or is damaged, and those of `row`.
pub fn read(
    file: &Parquet,
    row: &mut dyn FnMut(Row) -> Result<(), TablesError>,
) -> Result<(), TablesError> {
    const ALL: [&str; 13] = [
        "id", "sha256", "label", "group", "split", "fold", "width", "height", "bytes", "colour",
        "print", "features", "error",
    ];
    read_columns(file, &ALL, row)
}

/// Hands over which pictures a file has rows of, with their labels and without their features.
///
/// # Errors
/// As [`read`].
pub fn read_names(
    file: &Parquet,
    row: &mut dyn FnMut(Row) -> Result<(), TablesError>,
) -> Result<(), TablesError> {
    read_columns(file, &["id", "sha256", "label", "group", "split", "fold", "error"], row)
}

fn read_columns(
    file: &Parquet,
    names: &[&str],
    row: &mut dyn FnMut(Row) -> Result<(), TablesError>,
) -> Result<(), TablesError> {
    let dim = settings(file)?.dim;
    for group in 0..file.groups() {
        file.read_group(group, names, AT_A_TIME, &mut |batch| {
            let columns = Columns { path: file.path(), batch: &batch };
            rows(&columns, dim)?.try_for_each(&mut *row)
        })?;
    }
    Ok(())
}

/// The rows of a batch.
fn rows(columns: &Columns<'_>, dim: usize) -> Result<impl Iterator<Item = Row>, TablesError> {
    let ids = columns.texts("id")?.ok_or_else(|| columns.wrong("id", "there is no such column"))?;
    if ids.null_count() > 0 {
        return Err(columns.wrong("id", "a row has none"));
    }
    let [label, group, split, fold, error] =
        ["label", "group", "split", "fold", "error"].map(|name| columns.texts(name));
    let (label, group, split, fold, error) = (label?, group?, split?, fold?, error?);
    let (sha256, print) = (columns.bytes("sha256")?, columns.bytes("print")?);
    let [width, height, bytes] = ["width", "height", "bytes"].map(|name| columns.integers(name));
    let (width, height, bytes) = (width?, height?, bytes?);
    let (mut colour, mut features) = (columns.lists("colour", 3)?, columns.lists("features", dim)?);
    let finite = |row: &Option<Vec<f32>>| row.iter().flatten().all(|x| x.is_finite());
    if !features.iter().flatten().all(finite) {
        return Err(columns.wrong("features", "a number is infinite or none"));
    }
    let number = |all: &Option<Vec<Option<u64>>>, row: usize| {
        all.as_ref().and_then(|all| all[row]).unwrap_or_default()
    };
    let side = move |all: &Option<Vec<Option<u64>>>, row| {
        u32::try_from(number(all, row)).unwrap_or_default()
    };
    let taken = |all: &mut Option<Vec<Option<Vec<f32>>>>, row: usize| {
        all.as_mut().and_then(|all| all[row].take())
    };
    Ok((0..ids.len()).map(move |row| Row {
        id: ids.value(row).to_owned(),
        sha256: sha256.as_ref().and_then(|all| all.get(row)?.try_into().ok()).map(Digest),
        label: text(label, row),
        group: text(group, row),
        split: text(split, row),
        fold: text(fold, row),
        width: side(&width, row),
        height: side(&height, row),
        bytes: number(&bytes, row),
        colour: taken(&mut colour, row).and_then(|colour| colour.try_into().ok()),
        print: print
            .as_ref()
            .and_then(|all| all.get(row))
            .filter(|p| p.len() <= PRINT)
            .map(<[u8]>::to_vec),
        features: taken(&mut features, row),
        error: text(error, row),
    }))
}
