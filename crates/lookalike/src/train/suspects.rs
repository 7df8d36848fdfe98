//! The table of possible label errors, for somebody to look through.

use std::path::{Path, PathBuf};

use ground::files::{self, FileError};
use insight::Insight;

/// Writes it beside the report, with `.suspects.csv`, if there are any: what
/// [`super::TrainRequest::fixes`] takes once its column `decision` is filled in; as it is it changes
/// nothing. Without
/// suspects none is written, and one of an earlier run is left alone.
pub(super) fn write(insight: &Insight, page: &Path) -> Result<Option<PathBuf>, FileError> {
    let suspects = &insight.suspects.pictures;
    if suspects.is_empty() {
        return Ok(None);
    }
    let path = page.with_extension("suspects.csv");
    let written = || -> std::io::Result<Vec<u8>> {
        let mut table = csv::Writer::from_writer(vec![]);
        table.write_record(["decision", "path", "label", "suggested", "margin"])?;
        for suspect in suspects {
            let judged = &insight.judged[suspect.picture];
            table.write_record([
                "",
                &judged.picture,
                &insight.classes[judged.actual],
                &insight.classes[suspect.suggested],
                &format!("{:.3}", suspect.margin),
            ])?;
        }
        table.into_inner().map_err(csv::IntoInnerError::into_error)
    };
    files::write(&path, &written().map_err(FileError::at("write", &path))?)?;
    Ok(Some(path))
}
