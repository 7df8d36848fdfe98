//! `lookalike check`: what is wrong with a folder of pictures.

mod alike;
mod page;
mod shortcuts;

use std::fmt::Write;

use doctor::{Checkup, Finding, Kind, Settings, Severity, Survey, SurveyError, kept_folder};
use ground::Stop;
use ground::progress::Progress;
use serde_json::{Value, json};

use crate::args::{Check, source};
use crate::fault::Exit;
use crate::terminal::{Terminal, count, printable, thousands};
use shortcuts::Shortcuts;

/// Findings of a kind that the terminal lists.
const LISTED: usize = 6;
/// Files of a finding that it names.
const NAMED: usize = 4;

pub(crate) fn run(typed: &Check, terminal: &Terminal, stop: &Stop) -> anyhow::Result<Exit> {
    let source = source(typed.labels.as_ref(), typed.dir.as_ref());
    let folder = source.pictures()?;
    folder.warnings.iter().for_each(|warning| terminal.warn(warning));
    let threads = ground::parallel::threads();
    let settings = Settings { threads, kept: Some(kept_folder()), ..Settings::default() };
    let survey = match Survey::of(source.folder(), &folder, &settings, terminal, stop) {
        Ok(survey) => survey,
        Err(SurveyError::Stopped) => return Ok(Exit::Interrupted),
    };
    let suspected = alike::suspected(&survey, terminal, stop);
    let mut checkup = Checkup::of(survey, &suspected, threads, stop);
    if stop.asked() {
        return Ok(Exit::Interrupted);
    }
    let shortcuts = Shortcuts::of(&mut checkup, &|line| terminal.warn(line))?;
    if let Some(path) = &typed.report
        && !page::write(&checkup, &shortcuts, &source, path, terminal, stop)?
    {
        return Ok(Exit::Interrupted);
    }
    let text = match typed.json {
        true => serde_json::to_string_pretty(&as_json(&checkup, &shortcuts))?,
        false => printable(&as_text(&checkup)?),
    };
    terminal.result(&text)?;
    if let Some(path) = &typed.fix {
        let plan = checkup.plan();
        plan.write(path)?;
        terminal.note(&format!(
            "plan: `{0}` ({1}, {2} of them to be done); look through it, then \
             `lookalike apply {0}`",
            path.display(),
            count(plan.steps.len(), "line"),
            plan.active()
        ));
    } else if !typed.json
        && typed.labels.is_none()
        && checkup.findings.iter().any(|finding| !finding.files.is_empty())
    {
        terminal.note("`--fix plan.csv` writes what to do about it; no picture is touched");
    }
    if let Some(path) = &typed.report {
        terminal.note(&format!("report: `{}`", path.display()));
    }
    let wrong = checkup.findings.iter().any(|finding| finding.kind.severity() == Severity::Wrong);
    Ok(if typed.strict && wrong { Exit::Pictures } else { Exit::Done })
}

fn as_text(checkup: &Checkup) -> Result<String, std::fmt::Error> {
    let mut out = String::new();
    let survey = &checkup.survey;
    writeln!(
        out,
        "{} in {}: {}",
        count(survey.files.len(), "file"),
        count(survey.classes.len(), "class"),
        verdict(checkup)
    )?;
    for kind in Kind::ALL {
        let findings: Vec<&Finding> =
            checkup.findings.iter().filter(|finding| finding.kind == *kind).collect();
        if findings.is_empty() {
            continue;
        }
        let number = thousands(findings.len() as u64);
        writeln!(out, "\n{} · {}: {number}", kind.severity().id(), kind.title())?;
        writeln!(out, "  {}", kind.explanation())?;
        for finding in findings.iter().take(LISTED) {
            writeln!(out, "    {}", line(survey, finding))?;
        }
        if findings.len() > LISTED {
            writeln!(out, "    and {} more", thousands((findings.len() - LISTED) as u64))?;
        }
    }
    Ok(out.trim_end().to_owned())
}

/// One finding in a line.
fn line(survey: &Survey, finding: &Finding) -> String {
    let mut names: Vec<String> =
        finding.files.iter().take(NAMED).map(|&file| survey.name(file)).collect();
    if finding.files.len() > NAMED {
        names.push("…".into());
    }
    match finding.files.len() {
        0 => finding.words.clone(),
        1 => format!("{}  {}", names[0], finding.words),
        _ => format!("{}  ({})", names.join(" = "), finding.words),
    }
}

fn verdict(checkup: &Checkup) -> String {
    let of = |severity: Severity| {
        checkup.findings.iter().filter(|finding| finding.kind.severity() == severity).count()
    };
    let parts: Vec<String> = [
        (Severity::Wrong, "wrong"),
        (Severity::Doubtful, "doubtful"),
        (Severity::Note, "worth knowing"),
    ]
    .into_iter()
    .filter(|&(severity, _)| of(severity) > 0)
    .map(|(severity, words)| format!("{} {words}", thousands(of(severity) as u64)))
    .collect();
    if parts.is_empty() { "nothing wrong was found".into() } else { parts.join(", ") }
}

fn as_json(checkup: &Checkup, shortcuts: &Shortcuts) -> Value {
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
    json!({
        "format": 1,
        "folder": survey.folder.display().to_string(),
        "files": survey.files.len(),
        "classes": classes.collect::<Vec<_>>(),
        "warnings": survey.warnings,
        "findings": findings.collect::<Vec<_>>(),
        "shortcuts": shortcuts.guesses.iter().map(|guess| json!({
            "what": guess.what,
            "right": guess.right,
            "alarm": guess.alarm,
        })).collect::<Vec<_>>(),
        "groups": checkup.groups.iter().map(|files| names(files)).collect::<Vec<_>>(),
    })
}
