//! `lookalike check`: what is wrong with a folder of pictures.

use std::fmt::Write;

use doctor::{Checkup, Finding, Kind, Severity, Survey};
use ground::progress::Progress;
use ground::{Stop, files};
use lookalike::{Page, json, prove_page};

use crate::args::Check;
use crate::fault::{Exit, Failure};
use crate::terminal::{Terminal, argument, count, printable, thousands};

/// Findings of a kind that the terminal lists.
const LISTED: usize = 6;
/// Files of a finding that it names.
const NAMED: usize = 4;

pub(crate) fn run(typed: &Check, terminal: &Terminal, stop: &Stop) -> Result<Exit, Failure> {
    prove_page(typed.report.as_deref(), Page::Check)?;
    let source = typed.pictures.source();
    let checked = lookalike::check(&source, terminal, stop)?;
    if let Some(path) = &typed.report {
        files::write(path, checked.page(terminal, stop)?.as_bytes())?;
    }
    let text = match typed.json {
        true => serde_json::to_string_pretty(&json::check(&checked))?,
        false => printable(&as_text(&checked.checkup)?),
    };
    terminal.result(&text)?;
    write_plan(typed, &checked.checkup, terminal)?;
    if let Some(path) = &typed.report {
        terminal.note(&format!("report: `{}`", path.display()));
    }
    let fails = typed.strict && checked.is_wrong() || checked.has(&typed.fail_on);
    Ok(if fails { Exit::Pictures } else { Exit::Done })
}

/// Writes the plan that was asked for, or says that there could be one.
fn write_plan(typed: &Check, checkup: &Checkup, terminal: &Terminal) -> Result<(), Failure> {
    if let Some(path) = &typed.fix {
        let plan = checkup.plan();
        plan.write(path)?;
        terminal.note(&format!(
            "plan: `{}` ({}, {} of them active). Review it, then run `lookalike apply {}`",
            path.display(),
            count(plan.steps.len(), "line"),
            plan.active(),
            argument(path)
        ));
    } else if !typed.json
        && !typed.pictures.in_table()
        && checkup.findings.iter().any(|finding| !finding.files.is_empty())
    {
        terminal.note("`--fix plan.csv` writes a plan that mends this; no picture is touched");
    }
    Ok(())
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
