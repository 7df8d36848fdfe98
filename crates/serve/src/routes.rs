//! Every address that answers, in one table.

use std::sync::Arc;

use axum::extract::{DefaultBodyLimit, Path, Request, State};
use axum::http::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE,
    SET_COOKIE, VARY,
};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router, body};
use lookalike::Error;
use serde::Deserialize;
use serde_json::json;

use crate::Desk;
use crate::app::{App, Route};
use crate::assets::takes_gzip;
use crate::phone::Phone;
use crate::predict::predict;
use crate::problem::{self, Fault, Problem};
use crate::project::Project;
use crate::review::Review;

/// The document that describes them.
const OPENAPI: &str = include_str!("../openapi.json");
/// What it says besides of reviews and projects.
const OPENAPI_OF_PAGES: &str = include_str!("../openapi.pages.json");

/// The report is one page with everything in it; whatever it holds, it can ask nobody for anything.
const REPORT_POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; \
     base-uri 'none'; form-action 'none'; frame-ancestors 'none'; sandbox";

/// What a server is for beside answers.
pub(crate) enum Session {
    Answers,
    Review(Arc<Review>),
    Project(Arc<Project>),
}

impl Session {
    /// # Errors
    /// When a folder cannot be read.
    pub(crate) fn open(app: &Arc<App>) -> Result<Self, Error> {
        Ok(match &app.settings.desk {
            Desk::Answers => Self::Answers,
            Desk::Review { folder, plan } => Self::Review(Review::open(app, folder, plan)?),
            Desk::Project { folder } => Self::Project(Project::open(app, folder)?),
        })
    }

    /// The first job.
    pub(crate) fn begin(&self) {
        match self {
            Self::Answers => {}
            Self::Review(review) => review.begin(),
            Self::Project(project) => project.begin(),
        }
    }

    /// A telephone may send photographs.
    pub(crate) fn pair(&self, phone: &Arc<Phone>) {
        if let Self::Project(project) = self {
            project.pair(phone);
        }
    }

    /// Ends the news.
    pub(crate) fn part(&self) {
        match self {
            Self::Answers => {}
            Self::Review(review) => review.part(),
            Self::Project(project) => project.part(),
        }
    }

    /// Waits for the job that runs, which was asked to stop.
    pub(crate) fn close(&self) {
        match self {
            Self::Answers => {}
            Self::Review(review) => review.close(),
            Self::Project(project) => project.close(),
        }
    }

    /// What a telephone shows at first.
    fn phone_state(
        &self,
        app: &Arc<App>,
    ) -> impl Fn() -> std::future::Ready<Json<serde_json::Value>> + Clone + Send + Sync + 'static
    {
        let (app, project) = (
            Arc::clone(app),
            match self {
                Self::Project(project) => Some(Arc::clone(project)),
                _ => None,
            },
        );
        move || {
            let model = &app.settings.model;
            let name = model.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            std::future::ready(Json(json!({
                "page": "phone", "of": if project.is_some() { "app" } else { "serve" },
                "name": project.as_ref().map_or(name, |project| project.name().to_owned()),
                "ready": app.ready().is_ok(),
                "classes": project.as_ref().map(|project| project.classes()),
                "served": {
                    "version": env!("CARGO_PKG_VERSION"),
                    "max_bytes": app.settings.limits.body_bytes,
                    "max_pictures": app.settings.limits.pictures,
                },
            })))
        }
    }

    /// The routes of this server's own.
    fn table(&self) -> Vec<Route> {
        match self {
            Self::Answers => vec![],
            Self::Review(review) => crate::review::table(review),
            Self::Project(project) => crate::project::table(project),
        }
    }
}

/// The routes of every server.
fn table() -> Vec<Route> {
    vec![
        ("post", "/v1/predict", post(predict)),
        ("get", "/v1/classifier", get(classifier)),
        ("get", "/v1/known/{picture}", get(known)),
        ("get", "/report", get(report)),
        ("get", "/health", get(health)),
        ("get", "/ready", get(ready)),
        ("get", "/metrics", get(metrics)),
        ("get", "/openapi.json", get(openapi)),
        ("get", "/problems/{name}", get(explained)),
        ("post", "/session", post(session_of)),
    ]
}

/// What answers requests that have passed the gate.
pub(crate) fn router(app: &Arc<App>, session: &Session, phone: Option<&Arc<Phone>>) -> Router {
    let own = session.table().into_iter().chain(phone.into_iter().flat_map(pairing));
    routed(app, table().into_iter().chain(own).collect())
}

/// What answers a telephone: on photographs, and where to file them.
pub(crate) fn phone_router(phone: &Phone, session: &Session) -> Router {
    let mut routes: Vec<Route> = vec![
        ("post", "/v1/predict", post(predict)),
        ("post", "/session", post(session_of)),
        ("get", "/health", get(health)),
        ("get", "/v1/state", get(session.phone_state(&phone.app))),
    ];
    if let Session::Project(project) = session {
        routes.push(("post", "/v1/classes/{id}/pictures", crate::project::adding(project)));
    }
    routed(&phone.app, routes)
}

/// The routes of the page that shows a telephone the way.
fn pairing(phone: &Arc<Phone>) -> Vec<Route> {
    let (shown, renewed) = (Arc::clone(phone), Arc::clone(phone));
    let svg = move || {
        let phone = Arc::clone(&shown);
        async move { phone.svg() }
    };
    let renew = move || {
        let phone = Arc::clone(&renewed);
        async move { phone.renew().map(|()| Json(phone.json())) }
    };
    vec![("get", "/v1/phone.svg", get(svg)), ("post", "/v1/phone", post(renew))]
}

fn routed(app: &Arc<App>, routes: Vec<Route>) -> Router {
    let named = routes.iter().map(|(_, path, _)| *path).collect();
    let known: Vec<_> = routes.iter().map(|(method, path, _)| (*method, *path)).collect();
    // The router is made once.
    let _ = app.routes.set((named, described(&known).into()));
    let add = |router: Router<Arc<App>>, (_, path, who): Route| router.route(path, who);
    let router = routes.into_iter().fold(Router::new(), add);
    // Bodies have limits of their own.
    router.fallback(file).layer(DefaultBodyLimit::disable()).with_state(Arc::clone(app))
}

/// The document, with what this server answers alone.
fn described(routes: &[(&str, &str)]) -> String {
    use serde_json::{Map, Value};
    let mut document: Value = serde_json::from_str(OPENAPI).unwrap_or_default();
    let mut pages: Value = serde_json::from_str(OPENAPI_OF_PAGES).unwrap_or_default();
    let taken = |from: &mut Value| from.as_object_mut().map(std::mem::take).unwrap_or_default();
    let own = |(path, methods): (String, Value)| {
        let methods = methods.as_object()?.iter();
        let own = methods.filter(|(method, _)| routes.contains(&(&method[..], &path[..])));
        let own: Map<String, Value> = own.map(|(name, it)| (name.clone(), it.clone())).collect();
        (!own.is_empty()).then_some((path, own.into()))
    };
    let named: Vec<String> =
        pages["paths"].as_object().into_iter().flatten().map(|(path, _)| path.clone()).collect();
    let paths = taken(&mut document["paths"]).into_iter().chain(taken(&mut pages["paths"]));
    let paths: Map<String, Value> = paths.filter_map(own).collect();
    // What is described of pages alone is no part of a server that has none.
    if named.iter().any(|path| paths.contains_key(path)) {
        let schemas = taken(&mut pages["components"]["schemas"]);
        if let Some(known) = document["components"]["schemas"].as_object_mut() {
            known.extend(schemas);
        }
    }
    document["paths"] = paths.into();
    document.to_string()
}

/// The route of a path, for the log and the counters: never what a client made up.
pub(crate) fn name_of(app: &App, path: &str) -> &'static str {
    let is = |route: &str| {
        let (mut wanted, mut found) = (route.split('/'), path.split('/'));
        let same = wanted.by_ref().zip(found.by_ref()).all(|(a, b)| a == b || a.starts_with('{'));
        same && route.split('/').count() == path.split('/').count()
    };
    let all = app.routes.get().map_or(&[][..], |(names, _)| names);
    let known = all.iter().copied().find(|route| is(route));
    let file = || match path {
        "/" => Some("/"),
        _ => crate::assets::Assets::names().any(|name| path[1..] == *name).then_some("/{file}"),
    };
    known.or_else(file).unwrap_or("other")
}

async fn health() -> Response {
    Json(json!({ "status": "ok" })).into_response()
}

async fn ready(State(app): State<Arc<App>>) -> Result<Response, Problem> {
    match app.ready() {
        // A page that has no classifier yet is there to train one.
        Err(problem) if problem.fault != Fault::Conflict => Err(problem),
        _ => Ok(Json(json!({ "status": "ready" })).into_response()),
    }
}

async fn metrics(State(app): State<Arc<App>>) -> Response {
    let text = app.metrics.text(&app.gauges());
    ([(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text).into_response()
}

async fn openapi(State(app): State<Arc<App>>) -> Response {
    let document = app.routes.get().map(|(_, document)| document.clone()).unwrap_or_default();
    ([(CONTENT_TYPE, "application/json")], document).into_response()
}

async fn explained(Path(name): Path<String>) -> Result<Html<String>, Problem> {
    problem::page(&name)
}

async fn classifier(State(app): State<Arc<App>>) -> Result<Response, Problem> {
    let about = app.ready()?.loaded.about.clone();
    Ok(([(CONTENT_TYPE, "application/json")], about).into_response())
}

/// A training picture's thumbnail: a small JPEG that the classifier's file carries.
async fn known(
    State(app): State<Arc<App>>,
    Path(picture): Path<String>,
) -> Result<Response, Problem> {
    let number = picture.strip_suffix(".jpg").and_then(|number| number.parse().ok());
    let jpeg = match number {
        Some(number) => app.ready()?.loaded.thumbnails.get(&number).cloned(),
        None => None,
    };
    let jpeg = jpeg.ok_or_else(|| Fault::NotFound.because("there is no such training picture"))?;
    Ok(([(CONTENT_TYPE, "image/jpeg"), (CACHE_CONTROL, "private, max-age=3600")], jpeg)
        .into_response())
}

/// The classifier's report, drawn when it is first asked for.
async fn report(State(app): State<Arc<App>>, headers: HeaderMap) -> Result<Response, Problem> {
    let engine = app.ready()?;
    if !app.known {
        return Err(
            Fault::NotFound.because("the report shows training pictures, which are not shown here")
        );
    }
    let draw = move || engine.report().map_err(|error| Fault::Failed.because(error.to_string()));
    let report = app.blocking(draw).await?;
    let accepted = headers.get(ACCEPT_ENCODING).and_then(|value| value.to_str().ok());
    let mut response = match takes_gzip(accepted.unwrap_or_default()) {
        true => ([(CONTENT_ENCODING, "gzip")], report.gzip).into_response(),
        false => report.plain.into_response(),
    };
    let about = [
        (CONTENT_TYPE, "text/html; charset=utf-8"),
        (CONTENT_SECURITY_POLICY, REPORT_POLICY),
        (VARY, "accept-encoding"),
    ];
    for (name, value) in about {
        response.headers_mut().insert(name, axum::http::HeaderValue::from_static(value));
    }
    Ok(response)
}

/// The key of the address that was printed.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Key {
    key: String,
}

/// Bytes of a key in JSON.
const KEY: usize = 4 << 10;

/// Exchanges the key for the cookie of a session.
async fn session_of(State(app): State<Arc<App>>, request: Request) -> Result<Response, Problem> {
    let wrong = || Fault::BadRequest.because("a key is needed, as in `{\"key\": \"…\"}`");
    let body = body::to_bytes(request.into_body(), KEY).await.map_err(|_| wrong())?;
    let Key { key } = serde_json::from_slice(&body).map_err(|_| wrong())?;
    match (app.gate.session(&key), app.gate.has_key()) {
        (Some(cookie), _) => Ok((StatusCode::NO_CONTENT, [(SET_COOKIE, cookie)]).into_response()),
        (None, true) => Err(Fault::TokenNeeded.because("this is not the key")),
        (None, false) => Ok(StatusCode::NO_CONTENT.into_response()),
    }
}

/// A file of the page.
async fn file(
    State(app): State<Arc<App>>,
    uri: Uri,
    request: Request,
) -> Result<Response, Problem> {
    let name = if uri.path() == "/" { app.page } else { &uri.path()[1..] };
    let nothing = || Fault::NotFound.because("there is nothing at this address");
    if !app.settings.page || uri.path().ends_with(".html") {
        return Err(nothing());
    }
    let found = app.assets.answer(name, request.headers()).ok_or_else(nothing)?;
    match request.method().as_str() {
        "GET" | "HEAD" => Ok(found),
        _ => Err(Fault::MethodNotAllowed.because("a file of the page is only read")),
    }
}
