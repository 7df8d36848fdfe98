//! Whether what a command will write can be written, found out before the work.

use std::path::Path;

use ground::files::{Disk, Whole, folder_of};

use crate::{Error, Kind};

/// Makes a file beside each of these and removes it again: an hour of work should not find at its end
/// that it cannot be saved.
///
/// # Errors
/// When one is a folder, has no folder to lie in, or may not be written there.
pub fn prove_writable<'a>(outputs: impl IntoIterator<Item = &'a Path>) -> Result<(), Error> {
    for output in outputs {
        let folder = folder_of(output);
        let what = if output.is_dir() {
            format!("cannot write `{}`: it is a folder", output.display())
        } else if !folder.is_dir() {
            format!(
                "cannot write `{}`: there is no folder `{}`",
                output.display(),
                folder.display()
            )
        } else {
            drop(Whole::begin(&Disk, output)?);
            continue;
        };
        return Err(Error::refused(Kind::Failed, what).advise("name another file"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::prove_writable;

    #[test]
    fn a_proof_leaves_nothing_behind() {
        let place = tempfile::tempdir().unwrap();
        let output = place.path().join("a.html");
        prove_writable([output.as_path()]).unwrap();
        assert_eq!(std::fs::read_dir(place.path()).unwrap().count(), 0);
        assert!(prove_writable([place.path()]).is_err());
        assert!(prove_writable([place.path().join("no/a.html").as_path()]).is_err());
    }
}
