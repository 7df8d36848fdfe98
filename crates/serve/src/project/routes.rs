//! The addresses of a project.

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Extension, Path, Query, Request, State};
use axum::http::StatusCode;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, delete, get, patch, post};
use serde::Deserialize;
use serde_json::{Value, json};

use super::session::{Project, problem};
use crate::app::{RequestId, Route};
use crate::body::{self, Form};
use crate::predict::Wanted;
use crate::problem::{Fault, Problem};
use crate::{album, draw};

/// Pictures of an answer, unless fewer are asked for.
const ROWS: usize = 500;
/// Letters of a recording's key.
const KEY: usize = 40;

type Here = State<Arc<Project>>;
type Said = Result<Json<Value>, Problem>;
type By = Extension<RequestId>;

/// All of them.
pub(crate) fn table(project: &Arc<Project>) -> Vec<Route> {
    let here = |who: MethodRouter<Arc<Project>>| who.with_state(Arc::clone(project));
    vec![
        ("get", "/v1/state", here(get(state))),
        ("get", "/v1/events", here(get(events))),
        ("get", "/v1/pictures", here(get(pictures))),
        ("post", "/v1/pictures/move", here(post(shift))),
        ("get", "/v1/pictures/{id}", here(get(picture))),
        ("get", "/v1/pictures/{id}/answer", here(get(answer))),
        ("get", "/v1/pictures/{id}/{file}", here(get(file))),
        ("post", "/v1/classes", here(post(make))),
        ("patch", "/v1/classes/{id}", here(patch(rename))),
        ("delete", "/v1/classes/{id}", here(delete(remove))),
        ("post", "/v1/classes/{id}/pictures", here(post(add))),
        ("post", "/v1/undo", here(post(undo))),
        ("post", "/v1/train", here(post(train))),
        ("delete", "/v1/job", here(delete(stop))),
        ("get", "/v1/classifier.lookalike", here(get(model))),
        ("get", "/v1/answers.csv", here(get(answers))),
    ]
}

/// What files a telephone's photographs.
pub(crate) fn adding(project: &Arc<Project>) -> MethodRouter<Arc<crate::app::App>> {
    post(add).with_state(Arc::clone(project))
}

/// Does something that may wait for the disk or another request.
async fn with<T: Send + 'static>(
    project: &Arc<Project>,
    work: impl FnOnce(&Arc<Project>) -> Result<T, Problem> + Send + 'static,
) -> Result<T, Problem> {
    let own = Arc::clone(project);
    project.app.blocking(move || work(&own)).await
}

/// A page asks when it is looked at again, so the folder is too.
async fn state(State(project): Here) -> Said {
    with(&project, |project| {
        project.look().map_err(|error| problem(&error))?;
        Ok(Json(project.state()))
    })
    .await
}

async fn events(State(project): Here) -> Response {
    let own = Arc::clone(&project);
    project.hub.stream(move || own.state())
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Selection {
    class: Option<usize>,
    #[serde(default)]
    after: usize,
    #[serde(default = "rows")]
    limit: usize,
}

fn rows() -> usize {
    ROWS
}

fn understood<T>(query: Result<Query<T>, QueryRejection>) -> Result<T, Problem> {
    query.map(|Query(it)| it).map_err(|error| Fault::BadRequest.because(error.body_text()))
}

async fn pictures(State(project): Here, wanted: Result<Query<Selection>, QueryRejection>) -> Said {
    let Selection { class, after, limit } = understood(wanted)?;
    with(&project, move |project| {
        let inner = project.lock();
        let of = |id: usize| class.is_none_or(|class| class == id);
        let all = inner.listing.items.iter().filter(|item| of(item.class));
        let total = all.clone().count();
        let shown = all.skip(after).take(limit.min(2 * ROWS));
        let shown: Vec<Value> = shown.map(super::listing::Item::json).collect();
        Ok(Json(json!({ "total": total, "after": after, "pictures": shown })))
    })
    .await
}

/// A picture that an address names: what it is called, where it lies, and how it is told.
fn found(project: &Project, id: &str) -> Result<(String, std::path::PathBuf, Value), Problem> {
    let inner = project.lock();
    let item = id.parse().ok().and_then(|id| inner.listing.item(id));
    let item = item.ok_or_else(|| Fault::NotFound.because("there is no picture of this number"))?;
    Ok((item.below.to_string_lossy().into_owned(), item.real.clone(), item.json()))
}

async fn picture(State(project): Here, Path(id): Path<String>) -> Said {
    with(&project, move |project| Ok(Json(found(project, &id)?.2))).await
}

async fn answer(
    State(project): Here,
    Path(id): Path<String>,
    wanted: Result<Query<Wanted>, QueryRejection>,
) -> Result<Response, Problem> {
    let wanted = understood(wanted)?;
    project.app.ready()?;
    let (name, bytes) = with(&project, move |project| {
        let (name, real, _) = found(project, &id)?;
        Ok((name, album::read(&real)?))
    })
    .await?;
    crate::predict::predict_file(&project.app, wanted, name, bytes).await
}

async fn file(
    State(project): Here,
    Path((id, file)): Path<(String, String)>,
) -> Result<Response, Problem> {
    let side = draw::side_of(&file)?;
    let real = with(&project, move |project| Ok(found(project, &id)?.1)).await?;
    draw::jpeg(&project.app, real, side).await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Name {
    name: String,
}

async fn make(
    State(project): Here,
    Extension(RequestId(by)): By,
    request: Request,
) -> Result<(StatusCode, Json<Value>), Problem> {
    let Name { name } = body::json(request, &project.app.settings.limits).await?;
    let class = with(&project, move |project| project.make_class(&name, &by)).await?;
    Ok((StatusCode::CREATED, Json(json!({ "class": class }))))
}

/// The number that an address names.
fn number(id: &str) -> Result<usize, Problem> {
    id.parse().map_err(|_| Fault::NotFound.because("there is no class of this number"))
}

async fn rename(
    State(project): Here,
    Path(id): Path<String>,
    Extension(RequestId(by)): By,
    request: Request,
) -> Said {
    let id = number(&id)?;
    let Name { name } = body::json(request, &project.app.settings.limits).await?;
    let class = with(&project, move |project| project.rename(id, &name, &by)).await?;
    Ok(Json(json!({ "class": class })))
}

async fn remove(
    State(project): Here,
    Path(id): Path<String>,
    Extension(RequestId(by)): By,
) -> Result<StatusCode, Problem> {
    let id = number(&id)?;
    with(&project, move |project| project.remove_class(id, &by)).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Adding {
    burst: Option<String>,
    #[serde(default = "unnamed")]
    name: String,
}

fn unnamed() -> String {
    "picture".into()
}

/// Files pictures under a class.
async fn add(
    State(project): Here,
    Path(id): Path<String>,
    adding: Result<Query<Adding>, QueryRejection>,
    Extension(RequestId(by)): By,
    request: Request,
) -> Result<(StatusCode, Json<Value>), Problem> {
    let Adding { burst, name } = understood(adding)?;
    let id = number(&id)?;
    let plain = |key: &String| {
        (1..=KEY).contains(&key.len())
            && key.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    };
    if burst.as_ref().is_some_and(|key| !plain(key)) {
        let what = format!("a recording's key has 1 to {KEY} letters, digits and `-`");
        return Err(Fault::BadRequest.because(what));
    }
    let app = Arc::clone(&project.app);
    let limits = &app.settings.limits;
    let form = Form::of(request.headers());
    let bytes = body::stated(request.headers(), limits)?;
    let bytes = if form == Form::Json { 2 * bytes } else { bytes };
    let full = || Fault::QueueFull.because("too many pictures arrive at a time").retry(1);
    let _permit = app.memory(bytes).ok_or_else(full)?;
    let pictures = body::pictures(request, name, limits).await?;
    let told = with(&project, move |project| {
        let mut filed = project.file(id, burst.as_deref(), pictures, &by)?;
        match (form, filed.refused.pop()) {
            (Form::Raw, Some((_, why))) => Err(why),
            (_, last) => {
                filed.refused.extend(last);
                Ok(project.told(&filed))
            }
        }
    })
    .await?;
    Ok((StatusCode::CREATED, Json(told)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Shift {
    pictures: Vec<u64>,
    to: Option<usize>,
}

async fn shift(State(project): Here, Extension(RequestId(by)): By, request: Request) -> Said {
    let Shift { pictures, to } = body::json(request, &project.app.settings.limits).await?;
    let moved = with(&project, move |project| project.shift(&pictures, to, &by)).await?;
    Ok(Json(json!({ "moved": moved })))
}

async fn undo(State(project): Here, Extension(RequestId(by)): By) -> Said {
    let moved = with(&project, move |project| project.undo(&by)).await?;
    Ok(Json(json!({ "moved": moved })))
}

async fn train(State(project): Here) -> Result<(StatusCode, Json<Value>), Problem> {
    let job = with(&project, Project::train).await?;
    Ok((StatusCode::ACCEPTED, Json(json!({ "job": job }))))
}

async fn stop(State(project): Here) -> Result<StatusCode, Problem> {
    project.jobs.stop().map(|()| StatusCode::ACCEPTED)
}

fn saved(kind: &'static str, name: &str, bytes: Vec<u8>) -> Response {
    let mut response = ([(CONTENT_TYPE, kind)], bytes).into_response();
    response.headers_mut().insert(CONTENT_DISPOSITION, body::attachment(name));
    response
}

/// The classifier's file.
async fn model(State(project): Here) -> Result<Response, Problem> {
    project.app.ready()?;
    let bytes = with(&project, |project| {
        let read = std::fs::read(&project.app.settings.model);
        read.map_err(|error| Fault::Failed.because(error.to_string()))
    })
    .await?;
    Ok(saved("application/octet-stream", &format!("{}.lookalike", project.name), bytes))
}

async fn answers(State(project): Here) -> Result<Response, Problem> {
    let table = with(&project, |project| project.answers()).await?;
    Ok(saved("text/csv; charset=utf-8", &format!("{}.answers.csv", project.name), table))
}
