//! Features of pictures as a file that other programs read.

use std::path::{Path, PathBuf};

use classifier::{Picture, Predictor};
use ground::Stop;
use ground::files;
use ground::progress::Progress;

use crate::predict::unwritten;
use crate::rows::guarded;
use crate::{Error, Kind, paths, prove_writable};

/// Features that were extracted and written.
#[derive(Clone, Debug)]
pub struct Extracted {
    /// Pictures, each with a row.
    pub pictures: usize,
    /// Numbers in a row.
    pub width: usize,
    /// Files that could not be read, and have no row.
    pub unread: usize,
    /// The file with the name of each row's picture, where the features' own has no place for it.
    pub names: Option<PathBuf>,
}

/// Extracts the features of pictures with a classifier's backbone and writes them: as a NumPy array
/// (`.npy`, 32-bit floats, with the names beside it in `.names.txt`) or as a table (`.csv`).
///
/// # Errors
/// When the file's name says neither, the classifier is refused, there is no picture, or writing
/// fails; and [`Error::Stopped`] on a stop.
pub fn extract(
    model: &Path,
    pictures: &[PathBuf],
    output: &Path,
    progress: &dyn Progress,
    stop: &Stop,
) -> Result<Extracted, Error> {
    let suffix = output.extension().unwrap_or_default().to_string_lossy().to_lowercase();
    if !["npy", "csv"].contains(&suffix.as_str()) {
        let what = format!("`{}` is neither a `.npy` nor a `.csv` file", output.display());
        return Err(Error::refused(Kind::Usage, what).advise("name it `features.npy`, say"));
    }
    prove_writable([output])?;
    let files: Vec<PathBuf> = paths(pictures, std::io::empty())?.collect();
    let mut predictor = Predictor::load(model)?;
    let bar = progress.begin("Extracting features", Some(files.len() as u64));
    let (mut names, mut rows, mut unread) = (vec![], vec![], 0);
    let files: Vec<_> = files.into_iter().map(|path| (path.clone(), Picture::from(path))).collect();
    predictor.features(files, stop, |path, features| {
        bar.advance(1);
        match features {
            Ok(row) => {
                names.push(path.to_string_lossy().into_owned());
                rows.push(row);
            }
            Err(_) => unread += 1,
        }
    })?;
    drop(bar);
    if stop.asked() {
        return Err(Error::Stopped);
    }
    let width = rows.first().map_or(0, Vec::len);
    if width == 0 {
        return Err(Error::refused(Kind::Pictures, "there are no pictures in what you named"));
    }
    let beside = (suffix == "npy").then(|| output.with_extension("names.txt"));
    match &beside {
        Some(beside) => {
            files::write(output, &npy(&rows, width))?;
            files::write(beside, (names.join("\n") + "\n").as_bytes())?;
        }
        None => files::write(output, &table(&names, &rows, width)?)?,
    }
    Ok(Extracted { pictures: rows.len(), width, unread, names: beside })
}

/// A two-dimensional array of little-endian 32-bit floats, as `numpy.load` reads it (NEP 1, version
/// 1.0).
fn npy(rows: &[Vec<f32>], width: usize) -> Vec<u8> {
    let mut header =
        format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({}, {width}), }}", rows.len());
    // Magic, version and length are 10 bytes; the data begin at a multiple of 64.
    let padding = (64 - (10 + header.len() + 1) % 64) % 64;
    header += &" ".repeat(padding);
    header.push('\n');
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend((header.len() as u16).to_le_bytes());
    bytes.extend(header.into_bytes());
    bytes.extend(rows.iter().flatten().flat_map(|x| x.to_le_bytes()));
    bytes
}

fn table(names: &[String], rows: &[Vec<f32>], width: usize) -> Result<Vec<u8>, Error> {
    let mut writer = csv::Writer::from_writer(vec![]);
    let failed = |error: csv::Error| unwritten(error.into());
    let head = std::iter::once("picture".to_owned()).chain((1..=width).map(|n| format!("f{n}")));
    writer.write_record(head).map_err(failed)?;
    for (name, row) in names.iter().zip(rows) {
        let cells = row.iter().map(ToString::to_string);
        writer.write_record(std::iter::once(guarded(name.clone())).chain(cells)).map_err(failed)?;
    }
    writer.into_inner().map_err(|error| unwritten(error.into_error()))
}

#[cfg(test)]
mod tests {
    use super::npy;

    #[test]
    fn an_array_begins_where_numpy_looks_for_it() {
        let bytes = npy(&[vec![1.0, 2.0], vec![3.0, 4.0], vec![5.0, 6.5]], 2);
        let length = usize::from(u16::from_le_bytes([bytes[8], bytes[9]]));
        assert_eq!((10 + length) % 64, 0);
        let header = String::from_utf8_lossy(&bytes[10..10 + length]);
        assert!(header.contains("'shape': (3, 2)") && header.ends_with('\n'), "{header}");
        assert_eq!(bytes.len(), 10 + length + 6 * 4);
        assert_eq!(bytes[bytes.len() - 4..], 6.5f32.to_le_bytes());
    }
}
