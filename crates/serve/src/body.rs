//! Bodies of requests: counted, timed, and taken apart into pictures.

use std::error::Error as StdError;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody, to_bytes};
use axum::extract::{FromRequest, Multipart, Request};
use axum::http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderValue};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http_body::Frame;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use tokio::time::{Instant, Sleep, sleep_until};

use crate::Limits;
use crate::problem::{Fault, Problem};

/// A picture as it came: what it is called, and its file.
pub(crate) struct Picture {
    pub(crate) name: String,
    pub(crate) bytes: Bytes,
}

/// The forms that a body can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// The bytes of one picture.
    Raw,
    /// `multipart/form-data`.
    Multipart,
    /// `application/json`.
    Json,
}

impl Form {
    /// The form that the headers state.
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let kind = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let kind = kind.unwrap_or_default().split(';').next().unwrap_or_default().trim();
        match kind.to_ascii_lowercase().as_str() {
            "multipart/form-data" => Self::Multipart,
            "application/json" => Self::Json,
            _ => Self::Raw,
        }
    }
}

/// The bytes that a body is to have: what the headers state, or as many as there may be.
///
/// # Errors
/// When that is too many, or they are compressed, which would hide how many there are.
pub(crate) fn stated(headers: &HeaderMap, limits: &Limits) -> Result<usize, Problem> {
    let encoded = headers.get(CONTENT_ENCODING).is_some_and(|value| value != "identity");
    if encoded {
        return Err(Fault::BadRequest.because("a body with a `Content-Encoding` is not read"));
    }
    let length = headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok());
    match length.unwrap_or(limits.body_bytes) {
        length if length > limits.body_bytes => Err(too_large(limits)),
        length => Ok(length),
    }
}

fn too_large(limits: &Limits) -> Problem {
    let most = limits.body_bytes as f64 / f64::from(1 << 20);
    Fault::TooLarge.because(format!("a request has at most {most:.0} MB"))
}

/// The pictures of a request, at least one; a raw body's is called `name`.
///
/// # Errors
/// When the body is too large, too slow, or not of its form.
pub(crate) async fn pictures(
    request: Request,
    name: String,
    limits: &Limits,
) -> Result<Vec<Picture>, Problem> {
    let form = Form::of(request.headers());
    let request = request.map(|body| Body::new(Paced::new(body, limits)));
    let pictures = match form {
        Form::Raw => vec![Picture { name, bytes: whole(request, limits).await? }],
        Form::Json => {
            let bytes = whole(request, limits).await?;
            let most = limits.pictures;
            let read = tokio::task::spawn_blocking(move || of_json(&bytes, most)).await;
            read.map_err(|error| Fault::Failed.because(error.to_string()))??
        }
        Form::Multipart => of_multipart(request, limits).await?,
    };
    match pictures.is_empty() {
        true => Err(Fault::BadRequest.because("there is no picture in the request")),
        false => Ok(pictures),
    }
}

/// The value that a body holds as JSON.
///
/// # Errors
/// When the body is too large, too slow, or says something else.
pub(crate) async fn json<T: DeserializeOwned>(
    request: Request,
    limits: &Limits,
) -> Result<T, Problem> {
    stated(request.headers(), limits)?;
    let request = request.map(|body| Body::new(Paced::new(body, limits)));
    let bytes = whole(request, limits).await?;
    serde_json::from_slice(&bytes)
        .map_err(|error| Fault::BadRequest.because(format!("the JSON: {error}")))
}

/// The header of a file to be saved, which has this name as far as headers can say it.
pub(crate) fn attachment(name: &str) -> HeaderValue {
    let plain = |c: char| if c.is_ascii_alphanumeric() || "._- ".contains(c) { c } else { '_' };
    let name: String = name.chars().map(plain).collect();
    HeaderValue::from_str(&format!("attachment; filename=\"{name}\""))
        .unwrap_or(HeaderValue::from_static("attachment"))
}

async fn whole(request: Request, limits: &Limits) -> Result<Bytes, Problem> {
    to_bytes(request.into_body(), usize::MAX).await.map_err(|error| unread(&error, limits))
}

/// What went wrong with a body: its own limits, or a client that left in the middle.
fn unread(error: &(dyn StdError + 'static), limits: &Limits) -> Problem {
    let mut causes = std::iter::successors(Some(error), |&cause| cause.source());
    match causes.find_map(|cause| cause.downcast_ref()) {
        Some(Excess::Size) => too_large(limits),
        Some(Excess::Time) => Fault::TooSlow.because("the body did not arrive in time"),
        None => Fault::BadRequest.because(format!("the body cannot be read: {error}")),
    }
}

/// Bytes that the head of a part may have.
const PART_HEAD: usize = 16 << 10;

async fn of_multipart(request: Request, limits: &Limits) -> Result<Vec<Picture>, Problem> {
    let refused = |error: &(dyn StdError + 'static)| unread(error, limits);
    let mut parts = match Multipart::from_request(request, &()).await {
        Ok(parts) => parts,
        Err(error) => return Err(Fault::BadRequest.because(error.body_text())),
    };
    let mut pictures = vec![];
    while let Some(part) = parts.next_field().await.map_err(|error| refused(&error))? {
        if pictures.len() == limits.pictures {
            return Err(too_many(limits.pictures));
        }
        if part.name() != Some("picture") {
            return Err(Fault::BadRequest.because("each part of the form is named `picture`"));
        }
        let head: usize =
            part.headers().iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
        if head > PART_HEAD {
            return Err(Fault::BadRequest.because("the head of a part of the form is too long"));
        }
        let name = part.file_name().unwrap_or("picture").to_owned();
        let bytes = part.bytes().await.map_err(|error| refused(&error))?;
        pictures.push(Picture { name, bytes });
    }
    Ok(pictures)
}

fn too_many(most: usize) -> Problem {
    Fault::TooManyPictures.because(format!("a request has at most {most} pictures"))
}

/// The body of a request in JSON.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Listed {
    pictures: Vec<Encoded>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Encoded {
    #[serde(default = "unnamed")]
    name: String,
    data: String,
}

fn unnamed() -> String {
    "picture".into()
}

/// How many pictures a body of this type holds, or the status of the problem with it: for the fuzzer.
///
/// # Errors
/// With a status from 400 to 499.
#[doc(hidden)]
pub fn count_pictures(kind: &str, body: &[u8]) -> Result<usize, u16> {
    let limits = Limits { body_bytes: 1 << 20, ..Limits::default() };
    let problem = |problem: Problem| problem.fault.status().as_u16();
    let mut request = Request::new(Body::from(body.to_vec()));
    let kind = axum::http::HeaderValue::from_bytes(kind.as_bytes()).map_err(|_| 400u16)?;
    request.headers_mut().insert(CONTENT_TYPE, kind);
    if Form::of(request.headers()) == Form::Json {
        return of_json(body, limits.pictures).map(|found| found.len()).map_err(problem);
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
    let runtime = runtime.map_err(|_| 500u16)?;
    let found = runtime.block_on(pictures(request, String::new(), &limits));
    found.map(|found| found.len()).map_err(problem)
}

fn of_json(bytes: &[u8], most: usize) -> Result<Vec<Picture>, Problem> {
    let wrong = |error: &dyn fmt::Display| Fault::BadRequest.because(format!("the JSON: {error}"));
    let listed: Listed = serde_json::from_slice(bytes).map_err(|error| wrong(&error))?;
    if listed.pictures.len() > most {
        return Err(too_many(most));
    }
    let decode = |Encoded { name, data }: Encoded| {
        let bytes = STANDARD.decode(data).map_err(|error| wrong(&error))?;
        Ok(Picture { name, bytes: bytes.into() })
    };
    listed.pictures.into_iter().map(decode).collect()
}

/// A body beyond a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Excess {
    Size,
    Time,
}

impl fmt::Display for Excess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Size => "more bytes than a body may have",
            Self::Time => "bytes that come too slowly",
        })
    }
}

impl StdError for Excess {}

/// A body that ends with an [`Excess`] when it is too large or too slow.
struct Paced {
    body: Body,
    left: usize,
    begun: Instant,
    time: Duration,
    received: usize,
    alarm: Pin<Box<Sleep>>,
}

impl Paced {
    fn new(body: Body, limits: &Limits) -> Self {
        let begun = Instant::now();
        let alarm = Box::pin(sleep_until(begun + limits.body));
        Self { body, left: limits.body_bytes, begun, time: limits.body, received: 0, alarm }
    }
}

impl HttpBody for Paced {
    type Data = Bytes;
    type Error = axum::BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        match Pin::new(&mut self.body).poll_frame(context) {
            Poll::Ready(Some(Ok(frame))) => {
                let length = frame.data_ref().map_or(0, Bytes::len);
                let Some(left) = self.left.checked_sub(length) else {
                    return Poll::Ready(Some(Err(Excess::Size.into())));
                };
                self.left = left;
                self.received += length;
                Poll::Ready(Some(Ok(frame)))
            }
            Poll::Ready(other) => Poll::Ready(other.map(|result| result.map_err(Into::into))),
            Poll::Pending => {
                let earned = Duration::from_secs((self.received / Limits::SLOWEST) as u64);
                let until = self.begun + self.time + earned;
                if self.alarm.deadline() != until {
                    self.alarm.as_mut().reset(until);
                }
                self.alarm.as_mut().poll(context).map(|()| Some(Err(Excess::Time.into())))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::extract::Request;
    use axum::http::header::CONTENT_TYPE;

    use super::pictures;
    use crate::Limits;
    use crate::problem::Fault;

    /// The names and lengths of the pictures in a body, or the problem with it.
    fn read(kind: &str, body: impl Into<Body>) -> Result<Vec<(String, usize)>, Fault> {
        let request = Request::builder().header(CONTENT_TYPE, kind).body(body.into()).unwrap();
        let limits = Limits { pictures: 3, body_bytes: 10_000, ..Limits::default() };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let read = runtime.block_on(pictures(request, "raw".into(), &limits));
        let read = read.map_err(|problem| problem.fault)?;
        Ok(read.into_iter().map(|picture| (picture.name, picture.bytes.len())).collect())
    }

    const MULTIPART: &str = "multipart/form-data; boundary=b";

    fn part(disposition: &str, body: &str) -> String {
        format!("--b\r\nContent-Disposition: form-data; {disposition}\r\n\r\n{body}\r\n")
    }

    fn form(parts: &[String]) -> String {
        parts.concat() + "--b--\r\n"
    }

    #[test]
    fn each_form_gives_its_pictures_in_their_order() {
        assert_eq!(read("image/jpeg", "four").unwrap(), [("raw".into(), 4)]);
        let both = form(&[
            part("name=\"picture\"; filename=\"a \\\"b\\\".jpg\"", "1"),
            part("name=\"picture\"", "22"),
        ]);
        assert_eq!(
            read(MULTIPART, both).unwrap(),
            [("a \"b\".jpg".into(), 1), ("picture".into(), 2)]
        );
        let json = r#"{"pictures":[{"name":"a","data":"AAAA"},{"data":"AA=="}]}"#;
        assert_eq!(
            read("application/json; charset=utf-8", json).unwrap(),
            [("a".into(), 3), ("picture".into(), 1)]
        );
    }

    #[test]
    fn a_body_that_is_not_of_its_form_is_refused() {
        let picture = || part("name=\"picture\"; filename=\"a\"", "1");
        for (kind, body, fault) in [
            (MULTIPART, String::new(), Fault::BadRequest),
            (MULTIPART, "--b--\r\n".into(), Fault::BadRequest),
            (MULTIPART, picture(), Fault::BadRequest),
            (MULTIPART, form(&[part("name=\"other\"", "1")]), Fault::BadRequest),
            (MULTIPART, form(&[part("filename=\"picture\"", "1")]), Fault::BadRequest),
            (MULTIPART, form(&vec![picture(); 4]), Fault::TooManyPictures),
            (MULTIPART, picture() + &"x".repeat(10_000), Fault::TooLarge),
            ("multipart/form-data", form(&[picture()]), Fault::BadRequest),
            ("application/json", "{".into(), Fault::BadRequest),
            ("application/json", r#"{"pictures":[]}"#.into(), Fault::BadRequest),
            (
                "application/json",
                r#"{"pictures":[{"data":"not base64!"}]}"#.into(),
                Fault::BadRequest,
            ),
            ("application/json", r#"{"pictures":[{"url":"http://a"}]}"#.into(), Fault::BadRequest),
            ("image/png", "x".repeat(10_001), Fault::TooLarge),
        ] {
            assert_eq!(read(kind, body.clone()), Err(fault), "{kind} {body:.80}");
        }
    }
}
