//! What is answered instead of what was asked for: RFC 9457, `application/problem+json`.

use axum::body::Body;
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderValue, Response, StatusCode};
use axum::response::{Html, IntoResponse};
use serde_json::json;

/// The kinds of problem. Each has an address, which is a page that explains it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    BadRequest,
    TokenNeeded,
    ForeignHost,
    ForeignOrigin,
    NotFound,
    MethodNotAllowed,
    TooSlow,
    TooLarge,
    TooManyPictures,
    NotAPicture,
    UnreadablePicture,
    NotPossible,
    Conflict,
    Busy,
    NotSaved,
    Failed,
    QueueFull,
    NotReady,
    Draining,
}

impl Fault {
    pub(crate) const ALL: [Self; 19] = [
        Self::BadRequest,
        Self::TokenNeeded,
        Self::ForeignHost,
        Self::ForeignOrigin,
        Self::NotFound,
        Self::MethodNotAllowed,
        Self::TooSlow,
        Self::TooLarge,
        Self::TooManyPictures,
        Self::NotAPicture,
        Self::UnreadablePicture,
        Self::NotPossible,
        Self::Conflict,
        Self::Busy,
        Self::NotSaved,
        Self::Failed,
        Self::QueueFull,
        Self::NotReady,
        Self::Draining,
    ];

    /// Name in its address, status, title, and what to do.
    fn row(self) -> (&'static str, u16, &'static str, &'static str) {
        match self {
            Self::BadRequest => (
                "bad-request",
                400,
                "The request cannot be understood",
                "compare it with /openapi.json",
            ),
            Self::TokenNeeded => (
                "token-needed",
                401,
                "A token is needed",
                "send `Authorization: Bearer TOKEN`, or open the address that the server printed when it started",
            ),
            Self::ForeignHost => (
                "foreign-host",
                403,
                "This server is not known by that name",
                "call it by an address that it printed, or start it with `--allow-host NAME`",
            ),
            Self::ForeignOrigin => (
                "foreign-origin",
                403,
                "Another web page may not ask this server",
                "to allow a page, start the server with `--allow-origin` and the page's origin",
            ),
            Self::NotFound => (
                "not-found",
                404,
                "There is nothing at this address",
                "/openapi.json lists the addresses",
            ),
            Self::MethodNotAllowed => (
                "method-not-allowed",
                405,
                "This address does not take that method",
                "the `Allow` header lists the methods",
            ),
            Self::TooSlow => (
                "too-slow",
                408,
                "The request arrived too slowly",
                "send it again over a faster connection, or a smaller picture",
            ),
            Self::TooLarge => (
                "too-large",
                413,
                "The request is too large",
                "send fewer or smaller pictures, or start the server with a larger `--max-body`",
            ),
            Self::TooManyPictures => (
                "too-many-pictures",
                413,
                "Too many pictures in one request",
                "send them in several requests",
            ),
            Self::NotAPicture => (
                "not-a-picture",
                415,
                "Not a picture that can be read",
                "send a JPEG, HEIC, PNG, WebP, GIF, BMP or TIFF file",
            ),
            Self::UnreadablePicture => {
                ("unreadable-picture", 422, "The picture cannot be read", "send the original file")
            }
            Self::NotPossible => (
                "not-possible",
                422,
                "This cannot be done",
                "the detail says what is missing or wrong",
            ),
            Self::Conflict => (
                "conflict",
                409,
                "This does not fit what is there",
                "look again at what is there, then decide anew",
            ),
            Self::Busy => {
                ("busy", 409, "Something else is being done", "wait until it is done, or stop it")
            }
            Self::NotSaved => (
                "not-saved",
                500,
                "It could not be saved",
                "look whether the disk is full, and whether you may write there; nothing was changed",
            ),
            Self::Failed => (
                "failed",
                500,
                "The server failed",
                "this is a bug in lookalike; please report it with what you sent",
            ),
            Self::QueueFull => (
                "queue-full",
                503,
                "Too many pictures are waiting",
                "try again after the seconds in `Retry-After`",
            ),
            Self::NotReady => (
                "not-ready",
                503,
                "The classifier is being loaded",
                "try again after the seconds in `Retry-After`",
            ),
            Self::Draining => (
                "draining",
                503,
                "The server is stopping",
                "try again after the seconds in `Retry-After`",
            ),
        }
    }

    pub(crate) fn name(self) -> &'static str {
        self.row().0
    }

    pub(crate) fn status(self) -> StatusCode {
        StatusCode::from_u16(self.row().1).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    /// This kind of problem, in so many words.
    pub(crate) fn because(self, detail: impl Into<String>) -> Problem {
        Problem { fault: self, detail: detail.into(), help: None, retry_after: None }
    }
}

/// A problem with one request.
#[derive(Clone, Debug)]
pub(crate) struct Problem {
    pub(crate) fault: Fault,
    pub(crate) detail: String,
    /// What to do, where that is known better than of its kind.
    pub(crate) help: Option<String>,
    /// Seconds after which to try again.
    pub(crate) retry_after: Option<u64>,
}

impl Problem {
    /// The same, to be tried again after so many seconds.
    pub(crate) fn retry(self, seconds: u64) -> Self {
        Self { retry_after: Some(seconds.max(1)), ..self }
    }

    /// The same with advice of its own.
    pub(crate) fn advise(self, help: Option<String>) -> Self {
        Self { help: help.or(self.help), ..self }
    }

    /// The document, which names the request.
    pub(crate) fn json(&self, request: &str) -> String {
        let Self { fault, detail, help, .. } = self;
        let (name, status, title, known) = fault.row();
        let help = help.as_deref().unwrap_or(known);
        let kind = format!("/problems/{name}");
        json!({
            "type": kind, "title": title, "status": status, "detail": detail, "help": help,
            "instance": request,
        })
        .to_string()
    }
}

/// The status, and the problem for whoever knows the request's name and writes the document.
impl IntoResponse for Problem {
    fn into_response(self) -> axum::response::Response {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = self.fault.status();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if let Some(seconds) = self.retry_after {
            headers.insert(RETRY_AFTER, seconds.into());
        }
        response.extensions_mut().insert(self);
        response
    }
}

/// The page that explains a problem.
pub(crate) fn page(name: &str) -> Result<Html<String>, Problem> {
    let fault = Fault::ALL.into_iter().find(|fault| fault.name() == name);
    let fault = fault.ok_or_else(|| Fault::NotFound.because("there is no problem of this name"))?;
    let (_, status, title, help) = fault.row();
    Ok(Html(format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\"><title>{title}</title>\
         <h1>{title}</h1><p>Status {status}. What to do: {help}.</p></html>"
    )))
}

#[cfg(test)]
mod tests {
    use super::{Fault, page};

    #[test]
    fn every_problem_has_a_page_and_a_document_of_its_own() {
        let mut names: Vec<_> = Fault::ALL.iter().map(|fault| fault.name()).collect();
        for fault in Fault::ALL {
            assert!(page(fault.name()).is_ok_and(|html| html.0.contains(fault.row().3)));
            let json = fault.because("a \"quote\"").json("id");
            let value: serde_json::Value = serde_json::from_str(&json).unwrap();
            assert_eq!(value["status"], fault.status().as_u16());
            assert_eq!(value["detail"], "a \"quote\"");
        }
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), Fault::ALL.len());
        assert!(page("no-such").is_err());
    }
}
