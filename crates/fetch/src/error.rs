//! Why nothing was fetched, and whether another try may help.

use std::io;
use std::time::{Duration, SystemTime};

use crate::guard::Private;
use crate::headers::retry_after;

/// Why nothing was fetched.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// Every network address of the host is refused by the [`crate::Guard`].
    #[error(transparent)]
    Private(Private),
    /// The address is not of the web.
    #[error("`{0}:` is not fetched, only http and https")]
    Scheme(String),
    /// The server redirects in a wrong way; this says how.
    #[error("redirects {0}")]
    Redirect(String),
    /// The server answered with an error.
    #[error("status {status}")]
    Status {
        /// HTTP's number for it.
        status: u16,
        /// For how long the server asks to be left alone.
        after: Option<Duration>,
    },
    /// No connection to the server could be made.
    #[error("{0}")]
    Unreachable(Box<ureq::Error>),
    /// A connection was made, and broke, stalled or was too slow.
    #[error("{0}")]
    Broken(String),
    /// What the server says is not understood.
    #[error("{0}")]
    Protocol(Box<ureq::Error>),
    /// The body has more bytes than this.
    #[error("more than {0} bytes")]
    TooLarge(u64),
    /// The body is compressed in a way that cannot be undone.
    #[error("{0}")]
    Encoding(String),
    /// The end was asked for.
    #[error("stopped")]
    Stopped,
}

impl FetchError {
    /// The error for a response that is not the one hoped for.
    #[must_use]
    pub fn of_status<B>(response: &ureq::http::Response<B>) -> Self {
        let after = retry_after(response.headers(), SystemTime::now());
        Self::Status { status: response.status().as_u16(), after }
    }

    /// Whether another try may help.
    #[must_use]
    pub fn is_temporary(&self) -> bool {
        match self {
            Self::Status { status, .. } => matches!(status, 408 | 425 | 429 | 500..=599),
            Self::Unreachable(_) | Self::Broken(_) => true,
            _ => false,
        }
    }

    /// For how long the server asks to be left alone.
    #[must_use]
    pub fn after(&self) -> Option<Duration> {
        match self {
            Self::Status { after, .. } => *after,
            _ => None,
        }
    }

    /// Whether no host of this name is known.
    #[must_use]
    pub fn is_unknown_host(&self) -> bool {
        matches!(self, Self::Unreachable(error) if matches!(**error, ureq::Error::HostNotFound))
    }
}

impl From<ureq::Error> for FetchError {
    fn from(error: ureq::Error) -> Self {
        use io::ErrorKind as Kind;
        use ureq::{Error, Timeout};
        const BROKE: [Kind; 4] =
            [Kind::ConnectionReset, Kind::ConnectionAborted, Kind::UnexpectedEof, Kind::BrokenPipe];
        match error {
            Error::Other(inner) => match inner.downcast() {
                Ok(private) => Self::Private(*private),
                Err(inner) => Self::Protocol(Box::new(Error::Other(inner))),
            },
            Error::Io(ref inner) if BROKE.contains(&inner.kind()) => {
                Self::Broken(error.to_string())
            }
            Error::Io(_)
            | Error::HostNotFound
            | Error::ConnectionFailed
            | Error::ConnectProxyFailed(_)
            | Error::Timeout(Timeout::Resolve | Timeout::Connect) => {
                Self::Unreachable(Box::new(error))
            }
            Error::Timeout(_) | Error::BodyStalled => Self::Broken(error.to_string()),
            _ => Self::Protocol(Box::new(error)),
        }
    }
}
