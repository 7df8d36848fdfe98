//! The self-test of a classifier that this machine has not seen before: a few predictions, once.

use std::fs;
use std::path::Path;

use classifier::Predictor;
use ground::Digest;
use ground::files;

use crate::{Error, cache_root};

/// Runs the self-test unless the same file has passed it here, with this program and processor.
///
/// # Errors
/// When it fails: the network computes something else here than where it was saved.
pub(crate) fn once(predictor: &mut Predictor, model: &Path) -> Result<(), Error> {
    let passed = mark(model).map(|mark| cache_root().join("tested").join(mark));
    if passed.as_ref().is_some_and(|passed| passed.exists()) {
        return Ok(());
    }
    predictor.verify()?;
    if let Some(passed) = passed {
        // Without the mark it is tested again, which costs a moment.
        let folder = files::folder_of(&passed);
        let _ = fs::create_dir_all(folder).and_then(|()| fs::write(&passed, ""));
    }
    Ok(())
}

/// What stands for the file as it is now, on this processor.
fn mark(model: &Path) -> Option<String> {
    let (path, about) = (model.canonicalize().ok()?, fs::metadata(model).ok()?);
    let changed = about.modified().ok()?.duration_since(std::time::UNIX_EPOCH).ok()?.as_nanos();
    let (program, isa) = (env!("CARGO_PKG_VERSION"), engine::instruction_set());
    let all = format!("{}\n{}\n{changed}\n{program}\n{isa}", path.display(), about.len());
    Some(Digest::of(all.as_bytes()).to_string())
}
