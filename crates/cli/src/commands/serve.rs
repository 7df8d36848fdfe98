//! `lookalike serve`: answers over HTTP, and a page to ask on.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use std::{fs, io};

use ground::Stop;
use ground::files::FileError;
use ground::progress::Progress;
use lookalike::{Error, Kind};
use serve::{Bound, Limits, Ready, Settings};

use super::report::show_in_browser;
use crate::args::Serve;
use crate::fault::{Exit, Failure};
use crate::terminal::Terminal;

pub(crate) fn run(typed: &Serve, terminal: &Terminal, stop: &Stop) -> Result<Exit, Failure> {
    let settings = settings(typed)?;
    // A name that was mistyped is told before anything else.
    fs::File::open(&typed.model)
        .map_err(FileError::at("read", &typed.model))
        .map_err(|error| no_model(&error))?;
    let bound = Bound::to(&typed.listen)?;
    let lines = terminal.clone();
    let mut printed = Ok(());
    let ready = |told: &Ready| {
        printed = where_to(told, terminal);
        terminal.note("Press Ctrl-C to stop");
        if typed.open {
            show_in_browser(Path::new(&told.open), terminal);
        }
    };
    serve::serve(settings, bound, Arc::new(move |line: &str| lines.told(line)), stop, ready)?;
    printed?;
    Err(Error::Stopped.into())
}

/// Prints where a server is reached, and shows a telephone the way.
pub(super) fn where_to(told: &Ready, terminal: &Terminal) -> io::Result<()> {
    for address in &told.addresses {
        terminal.result(&format!("listening on {address}"))?;
    }
    if let Some((address, code)) = &told.phone {
        terminal.note(&format!(
            "{code}\nfrom a telephone in the same Wi-Fi, within 10 minutes: {address}"
        ));
    }
    Ok(())
}

fn no_model(error: &FileError) -> Error {
    let help = "pass the file that `train` wrote";
    Error::refused(Kind::Model, format!("{error}: {}", error.source)).advise(help)
}

fn settings(typed: &Serve) -> Result<Settings, Error> {
    let limits = Limits {
        body: Duration::from_secs_f64(typed.timeout),
        body_bytes: typed.max_body,
        wait: Duration::from_secs_f64(typed.wait),
        drain: Duration::from_secs_f64(typed.drain),
        ..Limits::default()
    };
    Ok(Settings {
        listen: typed.listen.clone(),
        precision: typed.precision,
        hosts: typed.allow_host.clone(),
        origins: typed.allow_origin.clone(),
        token: token(typed.token_file.as_deref())?,
        phone: typed.phone,
        show_known: typed.show_known,
        page: !typed.no_page,
        log: typed.log,
        limits,
        ..Settings::new(&typed.model)
    })
}

/// The token of a file or of the environment; an argument would be seen by every user of the machine.
pub(super) fn token(file: Option<&Path>) -> Result<Option<String>, Error> {
    match file {
        Some(file) => {
            let text = fs::read_to_string(file).map_err(FileError::at("read", file))?;
            Ok(Some(text.trim().to_owned()))
        }
        None => Ok(std::env::var("LOOKALIKE_TOKEN").ok().filter(|token| !token.is_empty())),
    }
}
