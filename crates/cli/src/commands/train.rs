//! `lookalike train`: from labelled pictures to a classifier and a report.

mod narrator;

use std::ffi::OsString;
use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::time::Duration;

use ground::Stop;
use ground::files::FileError;
use lookalike::{Error, RecipeOptions, ReportFile, TrainRequest, json};

use crate::args::Train;
use crate::fault::{Exit, Failure};
use crate::terminal::Terminal;
use narrator::Narrator;

pub(crate) fn run(
    typed: Train,
    arguments: &[OsString],
    terminal: &Terminal,
    stop: &Stop,
) -> Result<Exit, Failure> {
    let json = typed.json;
    let mut events = typed.events.as_deref().map(events_file).transpose()?;
    let request = request(typed, arguments, terminal.wants_timings())?;
    let mut narrator = Narrator::new(terminal, &request.source);
    let mut tell = |event: lookalike::Event<'_>| {
        if let (Some(file), Some(event)) = (&mut events, json::event(&event)) {
            // Training is worth more than the account of it.
            let _ = writeln!(file, "{event}");
        }
        narrator.tell(event);
    };
    match lookalike::train(&request, &mut tell, terminal, stop) {
        Ok(trained) => {
            if json {
                terminal.result(&serde_json::to_string_pretty(&json::train(&trained)?)?)?;
            }
            Ok(if trained.interrupted { Exit::Interrupted } else { Exit::Done })
        }
        // The narrator has said so.
        Err(Error::Stopped) => Ok(Exit::Interrupted),
        Err(error) => Err(error.into()),
    }
}

/// The file that events go to; `/dev/stderr` is one too.
fn events_file(path: &Path) -> Result<File, FileError> {
    File::create(path).map_err(FileError::at("create", path))
}

/// What was typed as a request.
fn request(typed: Train, arguments: &[OsString], timings: bool) -> Result<TrainRequest, Error> {
    let options = RecipeOptions {
        recipe: typed.recipe,
        size: typed.size,
        precision: typed.precision,
        seed: typed.seed,
        frozen_epochs: typed.frozen_epochs,
        epochs: typed.epochs,
        rates: typed.lr,
        frozen_rates: typed.frozen_lr,
        batch: typed.batch,
        augment: !typed.no_augment,
        freeze_norms: typed.freeze_norms,
        keep: typed.keep,
        views: typed.views,
        folds: typed.folds,
        repeats: typed.repeats,
        fine_tune: typed.fine_tune,
        minutes: typed.minutes,
    };
    Ok(TrainRequest {
        output: typed.output,
        report: match typed.report {
            _ if typed.no_report => ReportFile::Nowhere,
            Some(report) => ReportFile::At(report),
            None => ReportFile::Beside,
        },
        fixes: typed.fixes,
        group_by: typed.groups.group_by,
        like: typed.like,
        add_to: typed.add_to,
        initial: typed.network.initial(),
        valid: typed.valid,
        options,
        fresh: typed.fresh,
        checkpoint_every: Duration::from_secs(typed.checkpoint_every),
        timings,
        log: typed.log,
        command: Some(line(arguments)),
        ..TrainRequest::new(typed.pictures.source()?)
    })
}

/// The command line, as a shell takes it.
fn line(arguments: &[OsString]) -> String {
    let words = arguments.iter().skip(1).map(|word| insight::quoted(&word.to_string_lossy()));
    std::iter::once("lookalike".to_owned()).chain(words).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use clap::Parser;
    use lookalike::ReportFile;

    use super::request;
    use crate::args::{Command, Typed};

    #[test]
    fn the_storys_command_says_all_that_it_says() {
        let typed = "lookalike train photos/ --backbone resnet50 --frozen-epochs 20 --epochs 20 \
                     --lr 1e-6..1e-5 --valid 0.25 --seed 7 --size 192 -o birds.lookalike";
        let typed = Typed::try_parse_from(typed.split_whitespace()).unwrap();
        let Command::Train(train) = typed.command else { panic!("{typed:?}") };
        let request = request(*train, &[], false).unwrap();
        let options = &request.options;
        assert_eq!((options.frozen_epochs, options.epochs), (Some(20), Some(20)));
        assert_eq!(options.rates.unwrap().to_string(), "1e-6..1e-5");
        assert_eq!((options.seed, options.size, request.valid), (7, Some(192), Some(0.25)));
        assert_eq!(request.output.as_deref().unwrap().to_str(), Some("birds.lookalike"));
        assert_eq!(request.report, ReportFile::Beside);
    }
}
