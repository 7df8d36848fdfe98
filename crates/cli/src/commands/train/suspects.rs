//! The table of labels that may be wrong, for somebody to look through.

use std::path::Path;

use ground::files;
use ground::progress::Progress;
use insight::Insight;

use crate::terminal::{Terminal, count};

/// Writes it beside the report, with `.suspects.csv`, if there are any: what `train --fixes` takes
/// once the lines that are no mistakes are gone. Without suspects none is written, and one of an
/// earlier run is left alone.
pub(super) fn write(insight: &Insight, page: &Path, terminal: &Terminal) -> anyhow::Result<()> {
    let suspects = &insight.suspects.pictures;
    if suspects.is_empty() {
        return Ok(());
    }
    let mut table = csv::Writer::from_writer(vec![]);
    table.write_record(["path", "label", "suggested", "margin"])?;
    for suspect in suspects {
        let judged = &insight.judged[suspect.picture];
        table.write_record([
            &judged.picture,
            &insight.classes[judged.actual],
            &insight.classes[suspect.suggested],
            &format!("{:.3}", suspect.margin),
        ])?;
    }
    let path = page.with_extension("suspects.csv");
    files::write(&path, &table.into_inner()?)?;
    terminal.note(&format!(
        "labels to look at: `{}` ({}); delete the lines that are no mistake and pass it to `--fixes`",
        path.display(),
        count(suspects.len(), "line"),
    ));
    Ok(())
}
