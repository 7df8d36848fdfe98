//! `lookalike features`: what the backbone computes for pictures.

use std::path::Path;

use ground::Stop;
use ground::progress::Progress;
use lookalike::{Error, FeaturesRequest, Kind, json};

use crate::args::Features;
use crate::fault::{Exit, Failure};
use crate::terminal::{Terminal, count};

pub(crate) fn run(typed: &Features, terminal: &Terminal, stop: &Stop) -> Result<Exit, Failure> {
    let suffix = typed.output.extension().unwrap_or_default().to_string_lossy().to_lowercase();
    match (suffix.as_str(), &typed.paths[..]) {
        ("npy" | "csv", [model, pictures @ ..]) if !pictures.is_empty() => {
            of_classifier(typed, model, terminal, stop)
        }
        ("npy" | "csv", _) => {
            let what = "a NumPy array or a table is of a classifier's features, and none is named";
            let help = "name the classifier, then the pictures";
            Err(Error::refused(Kind::Usage, what).advise(help).into())
        }
        (_, [_, _, ..]) => {
            let what = "Parquet files are of one folder of pictures, and several paths are named";
            let help =
                "name one folder; for a classifier's features, end the output in `.npy` or `.csv`";
            Err(Error::refused(Kind::Usage, what).advise(help).into())
        }
        _ if suffix == "parquet" => {
            let what =
                format!("`{}` is a file, and features go to a folder", typed.output.display());
            let help = "name a folder: its files are named by their content";
            Err(Error::refused(Kind::Usage, what).advise(help).into())
        }
        _ => data_set(typed, terminal, stop),
    }
}

/// An array or a table of what a classifier's backbone sees.
fn of_classifier(
    typed: &Features,
    model: &Path,
    terminal: &Terminal,
    stop: &Stop,
) -> Result<Exit, Failure> {
    let output = &typed.output;
    let done = lookalike::extract(model, &typed.paths[1..], output, terminal, stop)?;
    let (pictures, width) = (count(done.pictures, "picture"), done.width);
    terminal.note(&format!("features: {pictures} of {width} numbers in `{}`", output.display()));
    if done.unread > 0 {
        terminal.warn(&format!("{} cannot be read and have no row", count(done.unread, "file")));
    }
    if typed.json {
        terminal.result(&serde_json::to_string_pretty(&json::extracted(&done, output))?)?;
    }
    Ok(Exit::Done)
}

/// Parquet files to train on.
fn data_set(typed: &Features, terminal: &Terminal, stop: &Stop) -> Result<Exit, Failure> {
    let request = FeaturesRequest {
        initial: typed.network.initial(),
        views: typed.views,
        size: typed.size,
        half: typed.half,
        ..FeaturesRequest::new(typed.source(), &typed.output)
    };
    let done = lookalike::features(&request, terminal, stop)?;
    let folder = done.folder.display();
    let (new, width) = (count(done.pictures, "picture"), done.settings.dim);
    let kept = match done.found {
        0 => String::new(),
        found => format!("; {} had rows there", count(found, "picture")),
    };
    terminal.note(&format!("features: {new} of {width} numbers in `{folder}`{kept}"));
    if done.unread > 0 {
        terminal.warn(&format!(
            "{} cannot be read: the rows say why and have no features",
            count(done.unread, "picture")
        ));
    }
    if done.others > 0 {
        terminal.warn(&format!(
            "`{folder}` has {} of pictures that are not named here: they stay",
            count(done.others, "row")
        ));
    }
    if done.interrupted {
        terminal.note("stopped: the same command goes on");
    } else if done.pictures + done.found > done.unread {
        let files = insight::quoted(&done.folder.join("*.parquet").to_string_lossy());
        terminal.note(&format!("next: lookalike train --features {files}"));
    }
    if typed.json {
        terminal.result(&serde_json::to_string_pretty(&json::features(&done))?)?;
    }
    Ok(if done.interrupted { Exit::Interrupted } else { Exit::Done })
}
