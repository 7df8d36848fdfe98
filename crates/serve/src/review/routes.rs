//! The addresses of a review.

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Extension, Path, Query, Request, State};
use axum::http::StatusCode;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post, put};
use doctor::plan::{Action, Applied, Groups};
use serde::Deserialize;
use serde_json::{Value, json};

use super::draft::Change;
use super::session::{Inner, Review, Wish, problem};
use crate::app::{RequestId, Route};
use crate::predict::Wanted;
use crate::problem::{Fault, Problem};
use crate::{album, body, draw, names};

/// Decisions of a request, at most.
const MOST: usize = 10_000;
/// Rows of an answer, unless fewer are asked for.
const ROWS: usize = 500;
/// Moves that a dry run names.
const NAMED: usize = 200;
/// Pictures of a group that are shown with it.
const FIRST: usize = 24;

type Here = State<Arc<Review>>;
type Said = Result<Json<Value>, Problem>;

/// All of them.
pub(crate) fn table(review: &Arc<Review>) -> Vec<Route> {
    let here = |who: axum::routing::MethodRouter<Arc<Review>>| who.with_state(Arc::clone(review));
    vec![
        ("get", "/v1/state", here(get(state))),
        ("get", "/v1/events", here(get(events))),
        ("get", "/v1/pictures", here(get(pictures))),
        ("get", "/v1/pictures/{id}", here(get(picture))),
        ("get", "/v1/pictures/{id}/answer", here(get(answer))),
        ("get", "/v1/pictures/{id}/{file}", here(get(file))),
        ("get", "/v1/findings", here(get(findings))),
        ("get", "/v1/decisions", here(get(decisions))),
        ("post", "/v1/decisions", here(post(decide))),
        ("post", "/v1/undo", here(post(undo))),
        ("post", "/v1/redo", here(post(redo))),
        ("post", "/v1/plan/check", here(post(dry))),
        ("post", "/v1/plan/apply", here(post(apply))),
        ("post", "/v1/plan/undo", here(post(put_back))),
        ("get", "/v1/plan.csv", here(get(plan))),
        ("get", "/v1/groups", here(get(groups))),
        ("put", "/v1/groups/{group}", here(put(name))),
        ("post", "/v1/train", here(post(train))),
        ("delete", "/v1/job", here(delete(stop))),
    ]
}

/// Does something that may wait for the disk or another request.
async fn with<T: Send + 'static>(
    review: &Arc<Review>,
    work: impl FnOnce(&Arc<Review>) -> Result<T, Problem> + Send + 'static,
) -> Result<T, Problem> {
    let own = Arc::clone(review);
    review.app.blocking(move || work(&own)).await
}

async fn state(State(review): Here) -> Said {
    with(&review, |review| Ok(Json(review.state()))).await
}

async fn events(State(review): Here) -> Response {
    let own = Arc::clone(&review);
    review.hub.stream(move || own.state())
}

/// Which pictures are wanted.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Selection {
    class: Option<usize>,
    group: Option<usize>,
    #[serde(default)]
    order: Order,
    #[serde(default)]
    after: usize,
    #[serde(default = "rows")]
    limit: usize,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Order {
    #[default]
    Name,
    Doubt,
}

fn rows() -> usize {
    ROWS
}

fn understood<T>(query: Result<Query<T>, QueryRejection>) -> Result<T, Problem> {
    query.map(|Query(it)| it).map_err(|error| Fault::BadRequest.because(error.body_text()))
}

async fn pictures(State(review): Here, wanted: Result<Query<Selection>, QueryRejection>) -> Said {
    let wanted = understood(wanted)?;
    with(&review, move |review| {
        let inner = review.lock();
        let mut places: Vec<usize> = match wanted.group {
            Some(group) => members(&inner, group)?,
            None => (0..inner.list.items.len()).collect(),
        };
        let of_class = |at: &usize| {
            wanted.class.is_none_or(|class| inner.list.items[*at].class == Some(class))
        };
        places.retain(of_class);
        if wanted.order == Order::Doubt {
            let doubt = |at: usize| inner.list.items[at].doubt;
            places.sort_by(|&a, &b| doubt(b).total_cmp(&doubt(a)));
        }
        let shown = places.iter().skip(wanted.after).take(wanted.limit.min(2 * ROWS));
        let pictures: Vec<Value> = shown.map(|&at| inner.picture(at)).collect();
        Ok(Json(json!({ "total": places.len(), "after": wanted.after, "pictures": pictures })))
    })
    .await
}

/// The pictures of a group.
fn members(inner: &Inner, group: usize) -> Result<Vec<usize>, Problem> {
    let groups = inner.draft.groups.as_ref().and_then(|groups| groups.groups.get(group));
    let files =
        groups.ok_or_else(|| Fault::NotFound.because("there is no group of this number"))?;
    Ok(files.iter().filter_map(|file| inner.list.by_path(file)).collect())
}

/// The place of a picture that an address names.
fn place(inner: &Inner, id: &str) -> Result<usize, Problem> {
    let at = id.parse().ok().and_then(|id| inner.list.by_id(id));
    at.ok_or_else(|| Fault::NotFound.because("there is no picture of this number"))
}

async fn picture(State(review): Here, Path(id): Path<String>) -> Said {
    with(&review, move |review| {
        let inner = review.lock();
        place(&inner, &id).map(|at| Json(inner.picture(at)))
    })
    .await
}

async fn answer(
    State(review): Here,
    Path(id): Path<String>,
    wanted: Result<Query<Wanted>, QueryRejection>,
) -> Result<Response, Problem> {
    let wanted = understood(wanted)?;
    review.app.ready()?;
    let (name, bytes) = with(&review, move |review| {
        let inner = review.lock();
        let at = place(&inner, &id)?;
        let real = inner.list.items[at].real.clone();
        let name = inner.list.items[at].below.to_string_lossy().into_owned();
        drop(inner);
        Ok((name, album::read(&real)?))
    })
    .await?;
    crate::predict::predict_file(&review.app, wanted, name, bytes).await
}

async fn file(
    State(review): Here,
    Path((id, file)): Path<(String, String)>,
) -> Result<Response, Problem> {
    let side = draw::side_of(&file)?;
    let real = with(&review, move |review| {
        let inner = review.lock();
        place(&inner, &id).map(|at| inner.list.items[at].real.clone())
    })
    .await?;
    draw::jpeg(&review.app, real, side).await
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kind {
    kind: String,
    #[serde(default)]
    after: usize,
    #[serde(default = "rows")]
    limit: usize,
}

async fn findings(State(review): Here, wanted: Result<Query<Kind>, QueryRejection>) -> Said {
    let Kind { kind, after, limit } = understood(wanted)?;
    with(&review, move |review| {
        let inner = review.lock();
        let all = inner.found.iter().enumerate().filter(|(_, found)| found.tab == kind);
        let total = all.clone().count();
        let tell = |(id, found): (usize, &super::findings::Found)| {
            found.json(id, inner.is_open(found), &inner.list, |at| inner.picture(at))
        };
        let findings: Vec<Value> = all.skip(after).take(limit.min(2 * ROWS)).map(tell).collect();
        Ok(Json(json!({ "kind": kind, "total": total, "findings": findings })))
    })
    .await
}

async fn decisions(State(review): Here) -> Said {
    with(&review, |review| Ok(Json(review.lock().decisions()))).await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Decisions {
    decisions: Vec<Decision>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Decision {
    picture: u64,
    action: Verb,
    #[serde(default)]
    to: Option<String>,
    #[serde(default)]
    new_class: bool,
}

#[derive(Deserialize)]
enum Verb {
    #[serde(rename = "keep")]
    Keep,
    #[serde(rename = "relabel")]
    Relabel,
    #[serde(rename = "leave out")]
    LeaveOut,
    #[serde(rename = "open")]
    Open,
}

async fn decide(
    State(review): Here,
    Extension(RequestId(by)): Extension<RequestId>,
    request: Request,
) -> Said {
    let Decisions { decisions } = body::json(request, &review.app.settings.limits).await?;
    if !(1..=MOST).contains(&decisions.len()) {
        return Err(Fault::BadRequest.because(format!("a request has 1 to {MOST} decisions")));
    }
    let wish = |Decision { picture, action, to, new_class }| {
        let action = match action {
            Verb::Keep => Some(Action::Keep),
            Verb::Relabel => Some(Action::Relabel),
            Verb::LeaveOut => Some(Action::LeaveOut),
            Verb::Open => None,
        };
        Wish { picture, action, to, new_class }
    };
    let wishes: Vec<Wish> = decisions.into_iter().map(wish).collect();
    change(&review, by, move |inner| {
        let changes = wishes.iter().map(|wish| inner.change(wish));
        let changes = changes.collect::<Result<Vec<_>, _>>()?;
        inner.draft.change(changes).map_err(|error| problem(&error))
    })
    .await
}

async fn undo(State(review): Here, Extension(RequestId(by)): Extension<RequestId>) -> Said {
    change(&review, by, |inner| {
        let undone = inner.draft.undo().map_err(|error| problem(&error))?;
        undone.ok_or_else(|| Fault::Conflict.because("there is nothing to undo"))
    })
    .await
}

async fn redo(State(review): Here, Extension(RequestId(by)): Extension<RequestId>) -> Said {
    change(&review, by, |inner| {
        let done = inner.draft.redo().map_err(|error| problem(&error))?;
        done.ok_or_else(|| Fault::Conflict.because("there is nothing to do again"))
    })
    .await
}

/// Changes the plan, and tells every page.
async fn change(
    review: &Arc<Review>,
    by: String,
    work: impl FnOnce(&mut Inner) -> Result<Vec<Change>, Problem> + Send + 'static,
) -> Said {
    with(review, move |review| {
        if matches!(review.jobs.running(), Some("apply" | "undo")) {
            review.jobs.idle()?;
        }
        let mut inner = review.lock();
        let changes = work(&mut inner)?;
        let told = inner.told(&changes);
        drop(inner);
        if !changes.is_empty() {
            let (version, decisions) = (&told["version"], &told["decisions"]);
            let news = json!({ "by": by, "version": version, "decisions": decisions });
            review.hub.tell("decided", &news);
        }
        Ok(Json(told))
    })
    .await
}

/// What the plan would do, in words.
async fn dry(State(review): Here) -> Said {
    with(&review, |review| {
        let (applied, problems) = match review.tried() {
            Ok(applied) => (applied, vec![]),
            Err(lookalike::Error::Plan(doctor::plan::PlanError::DoesNotFit(lines))) => {
                (Applied::default(), lines.into_iter().map(|(_, why)| why).collect())
            }
            Err(error) => return Err(problem(&error)),
        };
        let inner = review.lock();
        let root = album::real(&inner.list.root);
        let above = root.parent().unwrap_or(&root).to_owned();
        let moves = applied.moved.iter().take(NAMED).map(|moved| {
            let at = inner.list.by_path(moved.from.strip_prefix(&root).unwrap_or(&moved.from));
            let show = |path: &std::path::Path| {
                let within = path.strip_prefix(&root).or_else(|_| path.strip_prefix(&above));
                within.unwrap_or(path).display().to_string()
            };
            json!({
                "picture": at.map(|at| inner.list.items[at].id), "action": moved.action.words(),
                "from": show(&moved.from), "to": show(&moved.to), "reason": moved.reason,
            })
        });
        Ok(Json(json!({
            "words": words(&applied, &problems), "moves": moves.collect::<Vec<_>>(),
            "total": applied.moved.len(), "problems": problems,
        })))
    })
    .await
}

fn words(applied: &Applied, problems: &[String]) -> Vec<String> {
    if !problems.is_empty() {
        return vec!["The plan does not fit what is there; nothing would be moved.".into()];
    }
    let of = |action| applied.moved.iter().filter(|moved| moved.action == action).count();
    let renamed = applied
        .moved
        .iter()
        .filter(|one| one.action == Action::Move && one.from.parent() == one.to.parent())
        .count();
    let left_out = applied.left_out.file_name().unwrap_or_default().to_string_lossy();
    let line = |count: usize, rest: String| {
        let pictures = match count {
            0 => return None,
            1 => "1 picture is".to_owned(),
            n => format!("{} pictures are", ground::words::thousands(n)),
        };
        Some(format!("{pictures} {rest}"))
    };
    let sorted = of(Action::Relabel) + of(Action::Move) - renamed;
    let lines = [
        line(sorted, "moved to the folder of another class.".into()),
        line(of(Action::LeaveOut), format!("left out: moved to `{left_out}`, beside the folder.")),
        line(renamed, "renamed.".into()),
    ];
    let mut lines: Vec<String> = lines.into_iter().flatten().collect();
    lines.push(match lines.is_empty() {
        true => "Nothing would be moved.".into(),
        false => "No picture is deleted, and everything can be put back.".into(),
    });
    lines
}

fn started(id: u64) -> (StatusCode, Json<Value>) {
    (StatusCode::ACCEPTED, Json(json!({ "job": id })))
}

async fn apply(State(review): Here) -> Result<(StatusCode, Json<Value>), Problem> {
    with(&review, |review| review.apply().map(started)).await
}

async fn put_back(State(review): Here) -> Result<(StatusCode, Json<Value>), Problem> {
    with(&review, |review| review.put_back().map(started)).await
}

async fn train(State(review): Here) -> Result<(StatusCode, Json<Value>), Problem> {
    with(&review, |review| review.train().map(started)).await
}

async fn stop(State(review): Here) -> Result<StatusCode, Problem> {
    review.jobs.stop().map(|()| StatusCode::ACCEPTED)
}

/// The plan as a file.
async fn plan(State(review): Here) -> Result<Response, Problem> {
    let (name, bytes) = with(&review, |review| {
        let inner = review.lock();
        let file = &inner.draft.file;
        if !file.exists() {
            inner.draft.save().map_err(|error| problem(&error))?;
        }
        let bytes = std::fs::read(file);
        let bytes = bytes.map_err(|error| Fault::Failed.because(error.to_string()))?;
        Ok((file.file_name().unwrap_or_default().to_string_lossy().into_owned(), bytes))
    })
    .await?;
    let mut response = ([(CONTENT_TYPE, "text/csv; charset=utf-8")], bytes).into_response();
    response.headers_mut().insert(CONTENT_DISPOSITION, body::attachment(&name));
    Ok(response)
}

fn told(inner: &Inner, groups: &Groups, group: usize) -> Value {
    let files = &groups.groups[group];
    let first = files.iter().filter_map(|file| inner.list.by_path(file)).take(FIRST);
    let title = Groups::title(group);
    json!({
        "group": group, "title": title[..1].to_uppercase() + &title[1..],
        "name": groups.name(group), "pictures": files.len(),
        "first": first.map(|at| inner.picture(at)).collect::<Vec<_>>(),
    })
}

async fn groups(State(review): Here) -> Said {
    with(&review, |review| {
        let inner = review.lock();
        let all = inner.draft.groups.as_ref().map_or(vec![], |groups| {
            (0..groups.groups.len()).map(|group| told(&inner, groups, group)).collect()
        });
        Ok(Json(json!({ "version": inner.version(), "groups": all })))
    })
    .await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Name {
    name: Option<String>,
}

async fn name(
    State(review): Here,
    Path(group): Path<String>,
    Extension(RequestId(by)): Extension<RequestId>,
    request: Request,
) -> Said {
    let Name { name } = body::json(request, &review.app.settings.limits).await?;
    let name = name.map(|name| name.trim().to_owned()).filter(|name| !name.is_empty());
    let name = name.map(|name| names::class(&name)).transpose()?;
    let group: usize = group.parse().unwrap_or(usize::MAX);
    let told_all = change(&review, by, move |inner| {
        members(inner, group)?;
        if inner.applied > 0 {
            let what = "the plan is applied already";
            return Err(Fault::Conflict.because(what).advise(Some("undo it first".into())));
        }
        inner.draft.change(vec![Change::Name(group, name)]).map_err(|error| problem(&error))
    })
    .await?;
    with(&review, move |review| {
        let inner = review.lock();
        let groups = inner.draft.groups.as_ref();
        let groups = groups.ok_or_else(|| Fault::NotFound.because("there are no groups"))?;
        let group = told(&inner, groups, group);
        Ok(Json(
            json!({ "version": told_all["version"], "plan": told_all["plan"], "group": group }),
        ))
    })
    .await
}
