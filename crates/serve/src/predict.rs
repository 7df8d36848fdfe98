//! `POST /v1/predict`: pictures in, the document of `predict --json` out.

use std::sync::Arc;
use std::time::Instant;

use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, Request, State};
use axum::http::HeaderValue;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use lookalike::json::{Style, Unread};
use pictures::Reason;
use serde::Deserialize;
use tokio::sync::oneshot;

use crate::app::App;
use crate::body::{self, Form, Picture};
use crate::engine::Engine;
use crate::outcome::Times;
use crate::problem::{Fault, Problem};
use crate::work::{Ask, Job, Reply, Slot, Work};

/// What may be asked for besides an answer.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Wanted {
    #[serde(default)]
    heat_map: bool,
    heat_class: Option<String>,
    #[serde(default = "yes")]
    nearest: bool,
    #[serde(default)]
    always: bool,
    #[serde(default = "three")]
    top: usize,
    #[serde(default = "picture")]
    name: String,
}

fn yes() -> bool {
    true
}

fn three() -> usize {
    Style::default().top
}

fn picture() -> String {
    "picture".into()
}

/// Answers a request.
pub(crate) async fn predict(
    State(app): State<Arc<App>>,
    wanted: Result<Query<Wanted>, QueryRejection>,
    request: Request,
) -> Result<Response, Problem> {
    let Query(wanted) = wanted.map_err(|error| Fault::BadRequest.because(error.body_text()))?;
    let engine = app.ready()?;
    let form = Form::of(request.headers());
    let (slot, _permit) = admit(&app, &engine, &request, form)?;
    let ask = wanted.ask(&app, &engine)?;
    let pictures = body::pictures(request, wanted.name, &app.settings.limits).await?;
    answer(&engine, pictures, ask, slot, form).await
}

/// Answers on a file of a folder that somebody looks through.
pub(crate) async fn predict_file(
    app: &App,
    wanted: Wanted,
    name: String,
    bytes: Vec<u8>,
) -> Result<Response, Problem> {
    let engine = app.ready()?;
    let slot = engine.work.admit().map_err(full)?;
    let picture = Picture { name, bytes: bytes.into() };
    answer(&engine, vec![picture], wanted.ask(app, &engine)?, slot, Form::Raw).await
}

impl Wanted {
    fn ask(&self, app: &App, engine: &Engine) -> Result<Ask, Problem> {
        let classes = &engine.loaded.classes;
        let place = |name: &String| {
            let place = classes.iter().position(|class| class == name);
            place.ok_or_else(|| Fault::BadRequest.because("`heat_class` is not one of the classes"))
        };
        let style = Style { top: self.top.min(classes.len()), always: self.always };
        Ok(Ask {
            heat_map: self.heat_map,
            heat_class: self.heat_class.as_ref().map(place).transpose()?,
            nearest: self.nearest && app.known,
            style,
        })
    }
}

async fn answer(
    engine: &Engine,
    pictures: Vec<Picture>,
    ask: Ask,
    slot: Slot,
    form: Form,
) -> Result<Response, Problem> {
    let names: Vec<String> = pictures.iter().map(|picture| picture.name.clone()).collect();
    let mut answers = vec![];
    let mut times = Times::default();
    for (reply, name) in queue(&engine.work, pictures, ask, slot).into_iter().zip(names) {
        let reply = reply.await.map_err(|_| Fault::Failed.because("the picture got no answer"))?;
        let (json, took) = match reply {
            Reply::Answer(json, took) => (json, took),
            Reply::Unread(reason, _) if form == Form::Raw => return Err(unreadable(&reason)),
            Reply::Unread(reason, took) => (unread(name, &reason)?, took),
        };
        times.add(&took);
        answers.push(json);
    }
    let json = format!("{}{}]}}", engine.loaded.before, answers.join(","));
    let mut response = json.into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if let Ok(timing) = HeaderValue::from_str(&times.header()) {
        headers.insert("server-timing", timing);
    }
    Ok(response)
}

/// A place in the queue for the first picture, and memory for the body, before that is read.
fn admit(
    app: &App,
    engine: &Engine,
    request: &Request,
    form: Form,
) -> Result<(Slot, tokio::sync::OwnedSemaphorePermit), Problem> {
    let bytes = body::stated(request.headers(), &app.settings.limits)?;
    let slot = engine.work.admit().map_err(full)?;
    // JSON is held beside what it encodes.
    let bytes = if form == Form::Json { 2 * bytes } else { bytes };
    let permit = app.memory(bytes).ok_or_else(|| full(1))?;
    Ok((slot, permit))
}

fn full(seconds: u64) -> Problem {
    Fault::QueueFull.because("more pictures are waiting than can be answered soon").retry(seconds)
}

/// Hands pictures to the decoders; the answers come in their order.
fn queue(
    work: &Arc<Work>,
    pictures: Vec<Picture>,
    ask: Ask,
    slot: Slot,
) -> Vec<oneshot::Receiver<Reply>> {
    let begun = Instant::now();
    let mut slot = Some(slot);
    let push = |Picture { name, bytes }: Picture| {
        let (reply, answer) = oneshot::channel();
        let slot = slot.take().unwrap_or_else(|| work.another());
        work.push(Job { name, bytes, ask, slot, reply, begun });
        answer
    };
    pictures.into_iter().map(push).collect()
}

/// The problem with the one picture of a request.
pub(crate) fn unreadable(reason: &Reason) -> Problem {
    let fault = match reason {
        Reason::NotAPicture | Reason::Unsupported { .. } | Reason::Empty => Fault::NotAPicture,
        _ => Fault::UnreadablePicture,
    };
    fault.because(reason.to_string())
}

/// The row of a picture that cannot be read, among others.
fn unread(picture: String, reason: &Reason) -> Result<String, Problem> {
    let row = Unread { picture, error: reason.to_string() };
    serde_json::to_string(&row).map_err(|error| Fault::Failed.because(error.to_string()))
}
