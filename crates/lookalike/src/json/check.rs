use serde_json::{Value, json};

use crate::Checked;

/// What [`crate::check`] found, as JSON.
#[must_use]
pub fn check(checked: &Checked) -> Value {
    let Checked { checkup, shortcuts, .. } = checked;
    let survey = &checkup.survey;
    let classes = survey.classes.iter().enumerate().map(|(label, name)| {
        let of = survey.files.iter().filter(|seen| seen.label == label);
        json!({
            "name": name,
            "files": of.clone().count(),
            "pictures": of.filter(|seen| seen.sight.is_ok()).count(),
        })
    });
    let names = |files: &[usize]| files.iter().map(|&f| survey.name(f)).collect::<Vec<_>>();
    let findings = checkup.findings.iter().map(|finding| {
        json!({
            "kind": finding.kind.id(),
            "severity": finding.kind.severity().id(),
            "title": finding.kind.title(),
            "words": finding.words,
            "files": names(&finding.files),
        })
    });
    let shortcuts = shortcuts
        .guesses
        .iter()
        .map(|guess| json!({ "what": guess.what, "right": guess.right, "alarm": guess.alarm }));
    json!({
        "format": 1,
        "folder": survey.folder.display().to_string(),
        "files": survey.files.len(),
        "classes": classes.collect::<Vec<_>>(),
        "warnings": survey.warnings,
        "findings": findings.collect::<Vec<_>>(),
        "shortcuts": shortcuts.collect::<Vec<_>>(),
        "groups": checkup.groups.iter().map(|files| names(files)).collect::<Vec<_>>(),
    })
}
