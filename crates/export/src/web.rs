//! A classifier for web pages: a folder for pages of others, or one page that is all there is to it.
//!
//! The module that answers is part of this program (`pages::module`), and so is the page, which is that of
//! `lookalike serve` with another way to its answers.

mod page;
mod shared;

use std::fs;
use std::path::Path;

use classifier::{Classifier, Predictor};
use ground::files::{self, FileError};
use pages::module;
use serde_json::json;

use crate::folder::Place;
use crate::{ExportError, ExportRequest, Exported, Target};

/// Writes a folder for other people's pages.
pub(crate) fn folder(request: &ExportRequest, path: &Path) -> Result<Exported, ExportError> {
    let place = Place::new(path)?;
    let stem = stem(request);
    shared(request, &place.file(&format!("{stem}.lookalike")))?;
    place.write("lookalike.js", module::SCRIPT.as_bytes())?;
    place.write("lookalike.d.ts", module::TYPES.as_bytes())?;
    place.write("lookalike.wasm", &unpacked()?)?;
    place.write(
        "example.html",
        module::EXAMPLE.replace("birds.lookalike", &address(&stem)).as_bytes(),
    )?;
    let files = place.finish(path)?;
    Ok(exported(Target::Web, path, files, notes(request)))
}

/// Writes one page with everything inside.
pub(crate) fn page(request: &ExportRequest, path: &Path) -> Result<Exported, ExportError> {
    let beside = files::temporary_beside(path);
    let shared = shared(request, &beside).and_then(|classifier| {
        let bytes = fs::read(&beside).map_err(FileError::at("read", &beside))?;
        Ok((classifier, bytes))
    });
    // What it holds is in memory now, or is not wanted any more.
    let _ = fs::remove_file(&beside);
    let (classifier, bytes) = shared?;
    let html = page::page(&stem(request), &classifier, &bytes, request.known)?;
    files::write(path, html.as_bytes())?;
    let files = vec![(path.to_owned(), html.len() as u64)];
    Ok(exported(Target::Html, path, files, notes(request)))
}

/// Writes the classifier that is given away, and returns it: the user's own where pictures may be shown,
/// else without them. It has been read back, and its self-test has passed.
fn shared(request: &ExportRequest, to: &Path) -> Result<Classifier, ExportError> {
    let mut predictor = Predictor::load(&request.model)?;
    predictor.verify()?;
    let whole = Classifier::load(&request.model)?;
    if request.known {
        fs::copy(&request.model, to).map_err(FileError::at("copy", &request.model))?;
        return Ok(whole);
    }
    let without = shared::without_pictures(whole, &mut predictor)?;
    without.save(to)?;
    Predictor::load(to)?.verify()?;
    Ok(without)
}

fn stem(request: &ExportRequest) -> String {
    request.model.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}

/// The name of a classifier's file in a script.
fn address(stem: &str) -> String {
    let named = json!(format!("{stem}.lookalike")).to_string();
    // Between quotes already; a name may not end the script that it stands in.
    named[1..named.len() - 1].replace('<', "\\u003c").replace('\'', "\\u0027")
}

fn unpacked() -> Result<Vec<u8>, ExportError> {
    let mut bytes = vec![];
    let read =
        std::io::Read::read_to_end(&mut flate2::read::GzDecoder::new(module::PACKED), &mut bytes);
    read.map_err(FileError::at("read", Path::new("lookalike.wasm")))?;
    Ok(bytes)
}

fn notes(request: &ExportRequest) -> Vec<String> {
    vec![match request.known {
        true => "it contains training pictures (small, and those of the self-test in full), their \
                 names, and the whole record of the training"
            .into(),
        false => "it contains no training picture and no name of one; the features and SHA-256 of \
                  training pictures are in it, to recognise them and to tell what is unlike them"
            .into(),
    }]
}

fn exported(
    target: Target,
    path: &Path,
    files: Vec<(std::path::PathBuf, u64)>,
    notes: Vec<String>,
) -> Exported {
    let path = path.to_owned();
    Exported { target, path, files, opset: None, inputs: vec![], outputs: vec![], notes }
}

#[cfg(test)]
mod tests {
    use ground::Digest;

    use pages::module::{EXAMPLE, SHA256};

    use super::{address, unpacked};

    #[test]
    fn the_module_is_the_one_whose_digest_is_stated() {
        let bytes = unpacked().unwrap();
        assert_eq!(&bytes[..4], b"\0asm");
        assert_eq!(Digest::of(&bytes).to_string(), SHA256.trim());
    }

    #[test]
    fn a_name_cannot_end_the_script_of_the_example() {
        assert!(EXAMPLE.contains("'birds.lookalike'"));
        assert_eq!(address("birds"), "birds.lookalike");
        let odd = address("a'</script>\"");
        assert!(!odd.contains(['\'', '<']) && odd.contains("\\\""), "{odd}");
    }
}
