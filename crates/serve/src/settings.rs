//! What a server is told: which classifier, where to listen, who may ask, and how much.

use std::path::PathBuf;
use std::time::Duration;

use ground::Precision;

use crate::listen::Listen;
use crate::log::LogForm;

/// What to serve, where, and for whom. [`Settings::new`] has every default.
#[derive(Clone, Debug)]
pub struct Settings {
    /// What the server is for. Default: answers.
    pub desk: Desk,
    /// The classifier's file; where it will lie, if there is none yet.
    pub model: PathBuf,
    /// Whether a telephone in the local network may send photographs. Default: false.
    pub phone: bool,
    /// Where to listen. Default: `127.0.0.1:8000`.
    pub listen: Listen,
    /// What the network computes in. Default: fp32.
    pub precision: Precision,
    /// Names by which this server may be called besides its own addresses. Default: none.
    pub hosts: Vec<String>,
    /// Origins of web pages that may ask from elsewhere. Default: none.
    pub origins: Vec<String>,
    /// What a client must know. Default: nothing on this machine alone; beyond it, one that is made up
    /// at the start.
    pub token: Option<String>,
    /// Whether the training pictures nearest to a picture are shown beyond this machine. Default: false.
    pub show_known: bool,
    /// Whether there is a page to drop pictures on. Default: true.
    pub page: bool,
    /// How requests are logged. Default: as text.
    pub log: LogForm,
    /// How much of everything.
    pub limits: Limits,
}

/// What a server is for.
#[derive(Clone, Debug, Default)]
pub enum Desk {
    /// To answer on pictures.
    #[default]
    Answers,
    /// To look through a folder of pictures and to correct its labels.
    Review {
        /// The folder.
        folder: PathBuf,
        /// The plan that holds what was decided.
        plan: PathBuf,
    },
    /// To make a classifier by hand: classes, pictures, training, trying.
    Project {
        /// The folder of its pictures.
        folder: PathBuf,
    },
}

impl Desk {
    /// Whether it shows and changes somebody's own pictures, so that a token is always needed.
    pub(crate) fn is_personal(&self) -> bool {
        !matches!(self, Self::Answers)
    }

    /// The page at `/`.
    pub(crate) fn page(&self) -> &'static str {
        match self {
            Self::Answers => "index.html",
            Self::Review { .. } => "review.html",
            Self::Project { .. } => "app.html",
        }
    }
}

impl Settings {
    /// To serve this classifier with every default.
    #[must_use]
    pub fn new(model: impl Into<PathBuf>) -> Self {
        Self {
            desk: Desk::Answers,
            phone: false,
            model: model.into(),
            listen: Listen::default(),
            precision: Precision::Fp32,
            hosts: vec![],
            origins: vec![],
            token: None,
            show_known: false,
            page: true,
            log: LogForm::Text,
            limits: Limits::default(),
        }
    }
}

/// The one table of how much a client may ask for, and for how long.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Connections at a time, and of these from one address beyond this machine.
    pub connections: [usize; 2],
    /// Time for the head of a request; an idle connection is closed after as long.
    pub head: Duration,
    /// Bytes of a head.
    pub head_bytes: usize,
    /// Time for a body, to which each [`Limits::SLOWEST`] bytes that arrive add a second.
    pub body: Duration,
    /// Bytes of a body.
    pub body_bytes: usize,
    /// Bytes of all bodies at a time.
    pub bodies: usize,
    /// Pictures of a request.
    pub pictures: usize,
    /// Work that may wait: a picture that would be answered later is refused.
    pub wait: Duration,
    /// Time that requests under way have after the end was asked for.
    pub drain: Duration,
}

impl Limits {
    /// Bytes a second, after [`Limits::body`]: less than a telephone far from its mast sends.
    pub const SLOWEST: usize = 16 << 10;
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: [1000, 64],
            head: Duration::from_secs(10),
            head_bytes: 16 << 10,
            body: Duration::from_secs(30),
            body_bytes: 32 << 20,
            bodies: 256 << 20,
            pictures: 64,
            wait: Duration::from_secs(5),
            drain: Duration::from_secs(20),
        }
    }
}
