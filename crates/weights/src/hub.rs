//! Where pretrained weights come from: the cache, else a server.

mod cache;
mod headers;
mod transfer;

use std::path::PathBuf;
use std::time::Duration;

use fetch::Guard;
use ground::Stop;
use ground::files::FileError;
use ground::progress::Progress;

use crate::pretrained::Pretrained;
use crate::safetensors::{File, Limits};
use crate::{Part, WeightsError, check};
use cache::Paths;

/// A cache folder, a server, and how much patience to have with it.
#[derive(Clone, Debug)]
pub struct Hub {
    /// Where fetched files are kept.
    pub cache: PathBuf,
    /// The server, without a slash at the end.
    pub endpoint: String,
    /// Which network addresses may be connected to: public ones, and any where the user names a
    /// mirror, which may be in the user's own network and redirect within it.
    pub guard: Guard,
    /// Whether the network is forbidden.
    pub offline: bool,
    /// Whether to go through the proxy that the environment names.
    pub proxy: bool,
    /// How many tries in a row may bring less than a mebibyte.
    pub attempts: u32,
    /// The pause before the second try; it doubles with each further one.
    pub pause: Duration,
    /// The longest pause, also where the server asks for a longer one.
    pub longest_pause: Duration,
    /// How long connecting may take.
    pub connect: Duration,
    /// How long the server may send nothing.
    pub silence: Duration,
    /// The time in which at least [`Hub::slowest`] bytes must come.
    pub window: Duration,
    /// See [`Hub::window`].
    pub slowest: u64,
}

impl Hub {
    /// The settings that the environment asks for: `LOOKALIKE_CACHE` (else `lookalike` in the platform's cache
    /// folder; the weights lie in its folder `weights`), `LOOKALIKE_HUB` or `HF_ENDPOINT` (a
    /// mirror), `LOOKALIKE_OFFLINE`.
    #[must_use]
    pub fn from_environment() -> Self {
        Self::from_variables(|name| std::env::var(name).ok())
    }

    /// Like [`Hub::from_environment`], with a lookup of the caller's.
    pub fn from_variables(variable: impl Fn(&str) -> Option<String>) -> Self {
        let set = |name: &str| variable(name).filter(|value| !value.is_empty());
        let endpoint = set("LOOKALIKE_HUB").or_else(|| set("HF_ENDPOINT"));
        Self {
            guard: Guard { private: endpoint.is_some(), ..Guard::default() },
            cache: ground::files::cache_folder(|name| set(name).map(Into::into)).join("weights"),
            endpoint: endpoint
                .as_deref()
                .unwrap_or("https://huggingface.co")
                .trim_end_matches('/')
                .into(),
            offline: set("LOOKALIKE_OFFLINE").is_some_and(|value| value != "0" && value != "false"),
            proxy: true,
            attempts: 5,
            pause: Duration::from_secs(1),
            longest_pause: Duration::from_secs(60),
            connect: Duration::from_secs(10),
            silence: Duration::from_secs(20),
            window: Duration::from_secs(30),
            slowest: 32 << 10,
        }
    }

    /// The address of the weights on the server.
    #[must_use]
    pub fn url(&self, row: &Pretrained) -> String {
        format!("{}/{}/resolve/main/{}", self.endpoint, row.repository, row.file)
    }

    /// The file of weights that have a name in [`crate::PRETRAINED`], fetched if need be.
    ///
    /// # Errors
    /// When there is no such name, or as [`Hub::fetch`].
    pub fn find(
        &self,
        name: &str,
        progress: &dyn Progress,
        stop: &Stop,
    ) -> Result<PathBuf, WeightsError> {
        self.fetch(Pretrained::named(name)?, progress, stop)
    }

    /// The file in the cache, if it is there and is what was fetched. A file that was put there by
    /// hand counts once it has been checked.
    ///
    /// # Errors
    /// When the file has changed since it was fetched, does not fit, or cannot be read.
    pub fn cached(&self, row: &Pretrained) -> Result<Option<PathBuf>, WeightsError> {
        Paths::of(self, row).sound_file(row)
    }

    /// The file of these weights: from the cache, else fetched, checked (SHA-256 and size as the
    /// server states them, every name and shape), recorded, and only then given its name. What a
    /// broken connection or a killed program leaves is taken up again. Several programs may ask
    /// at once: one fetches, the others wait.
    ///
    /// # Errors
    /// When it is not in the cache and cannot be had from the server whole and right.
    pub fn fetch(
        &self,
        row: &Pretrained,
        progress: &dyn Progress,
        stop: &Stop,
    ) -> Result<PathBuf, WeightsError> {
        let paths = Paths::of(self, row);
        if let Some(path) = paths.sound_file(row)? {
            return Ok(path);
        }
        let url = self.url(row);
        if self.offline {
            return Err(WeightsError::Offline { name: row.name, url, path: paths.file });
        }
        std::fs::create_dir_all(&self.cache).map_err(FileError::at("create", &self.cache))?;
        let _lock = paths.lock(&url, progress, stop)?;
        // Whoever held the lock before may have fetched it.
        if let Some(path) = paths.sound_file(row)? {
            return Ok(path);
        }
        let fetched = transfer::run(self, row, &paths, progress, stop)?;
        if let Err(error) = fits(&paths.part, row) {
            paths.discard_part();
            return Err(error);
        }
        if fetched.stated.is_none() {
            progress.note(&format!(
                "the server states no SHA-256 for {}; recorded {}",
                row.name, fetched.sha256
            ));
        }
        paths.keep(Some(&url), fetched.sha256)?;
        Ok(paths.file)
    }
}

/// Checks a file's names and shapes against the whole network it should be for.
fn fits(path: &std::path::Path, row: &Pretrained) -> Result<(), WeightsError> {
    let file = File::open(path, &Limits::WEIGHTS)?;
    check(path, file.layout(), &row.graph(), Part::Whole, |_| false).map(drop)
}
