//! `lookalike review` and `lookalike app`: a folder of pictures in the browser.

use std::path::Path;
use std::sync::Arc;

use ground::Stop;
use ground::progress::Progress;
use lookalike::{Error, Kind};
use serve::{Bound, Desk, LogForm, Ready, Settings};

use super::report::show_in_browser;
use super::serve::{token, where_to};
use crate::args::{App, Page, Review, beside};
use crate::fault::{Exit, Failure};
use crate::terminal::Terminal;

pub(crate) fn review(typed: &Review, terminal: &Terminal, stop: &Stop) -> Result<Exit, Failure> {
    let Review { dir, model, plan, page } = typed;
    let known = model.is_some();
    let model = model.clone().map_or_else(|| beside(dir, ".lookalike"), Ok)?;
    if known && !model.exists() {
        let what = format!("there is no classifier `{}`", model.display());
        return Err(Error::refused(Kind::Model, what)
            .advise("leave out `--model`: one is trained where there is none")
            .into());
    }
    let plan = plan.clone().map_or_else(|| beside(dir, ".plan.csv"), Ok)?;
    let desk = Desk::Review { folder: dir.clone(), plan };
    run(Settings { desk, ..Settings::new(model) }, page, terminal, stop)
}

pub(crate) fn app(typed: &App, terminal: &Terminal, stop: &Stop) -> Result<Exit, Failure> {
    let App { dir, model, phone, page } = typed;
    let model = model.clone().map_or_else(|| beside(dir, ".lookalike"), Ok)?;
    let desk = Desk::Project { folder: dir.clone() };
    run(Settings { desk, phone: *phone, ..Settings::new(model) }, page, terminal, stop)
}

fn run(settings: Settings, page: &Page, terminal: &Terminal, stop: &Stop) -> Result<Exit, Failure> {
    let token = token(page.token_file.as_deref())?;
    let settings = Settings { listen: page.listen(), token, log: LogForm::Off, ..settings };
    let bound = Bound::to(&settings.listen)?;
    let lines = terminal.clone();
    let mut printed = Ok(());
    let ready = |told: &Ready| {
        printed = where_to(told, terminal);
        terminal.note("Press Ctrl-C to stop; nothing is lost");
        if !page.no_open {
            show_in_browser(Path::new(&told.open), terminal);
        }
    };
    serve::serve(settings, bound, Arc::new(move |line: &str| lines.told(line)), stop, ready)?;
    printed?;
    Err(Error::Stopped.into())
}
