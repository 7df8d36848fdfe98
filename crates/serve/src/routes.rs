//! Every address that answers, in one table.

use std::sync::Arc;

use axum::extract::{DefaultBodyLimit, Path, Request, State};
use axum::http::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE,
    SET_COOKIE, VARY,
};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{MethodRouter, get, post};
use axum::{Json, Router, body};
use serde::Deserialize;
use serde_json::json;

use crate::app::{App, Report};
use crate::assets::{compressed, takes_gzip};
use crate::predict::predict;
use crate::problem::{self, Fault, Problem};

/// The document that describes them.
const OPENAPI: &str = include_str!("../openapi.json");

/// The report is one page with everything in it; whatever it holds, it can ask nobody for anything.
const REPORT_POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; \
     base-uri 'none'; form-action 'none'; frame-ancestors 'none'; sandbox";

/// A method, a path as OpenAPI writes it, and who answers.
pub(crate) type Route = (&'static str, &'static str, MethodRouter<Arc<App>>);

/// All routes but those of the page's files.
pub(crate) fn table() -> Vec<Route> {
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
        ("post", "/session", post(session)),
    ]
}

/// What answers requests that have passed the gate.
pub(crate) fn router(app: &Arc<App>) -> Router {
    let routes = table().into_iter();
    let router = routes.fold(Router::new(), |router, (_, path, who)| router.route(path, who));
    // Bodies have limits of their own.
    router.fallback(file).layer(DefaultBodyLimit::disable()).with_state(Arc::clone(app))
}

/// The route of a path, for the log and the counters: never what a client made up.
pub(crate) fn name_of(path: &str) -> &'static str {
    let is = |route: &str| match route.split_once('{') {
        Some((before, _)) => path.strip_prefix(before).is_some_and(|rest| !rest.contains('/')),
        None => path == route,
    };
    let known = table().into_iter().map(|(_, route, _)| route).find(|route| is(route));
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
    app.ready().map(|_| Json(json!({ "status": "ready" })).into_response())
}

async fn metrics(State(app): State<Arc<App>>) -> Response {
    let text = app.metrics.text(&app.gauges());
    ([(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text).into_response()
}

async fn openapi() -> Response {
    ([(CONTENT_TYPE, "application/json")], OPENAPI).into_response()
}

async fn explained(Path(name): Path<String>) -> Result<Html<String>, Problem> {
    problem::page(&name)
}

async fn classifier(State(app): State<Arc<App>>) -> Result<Response, Problem> {
    let about = app.ready()?.about.clone();
    Ok(([(CONTENT_TYPE, "application/json")], about).into_response())
}

/// A training picture's thumbnail: a small JPEG that the classifier's file carries.
async fn known(
    State(app): State<Arc<App>>,
    Path(picture): Path<String>,
) -> Result<Response, Problem> {
    let number = picture.strip_suffix(".jpg").and_then(|number| number.parse().ok());
    let jpeg = match number {
        Some(number) => app.ready()?.thumbnails.get(&number).cloned(),
        None => None,
    };
    let jpeg = jpeg.ok_or_else(|| Fault::NotFound.because("there is no such training picture"))?;
    Ok(([(CONTENT_TYPE, "image/jpeg"), (CACHE_CONTROL, "private, max-age=3600")], jpeg)
        .into_response())
}

/// The classifier's report, drawn when it is first asked for.
async fn report(State(app): State<Arc<App>>, headers: HeaderMap) -> Result<Response, Problem> {
    app.ready()?;
    if !app.known {
        return Err(
            Fault::NotFound.because("the report shows training pictures, which are not shown here")
        );
    }
    let failed = |error: &dyn std::fmt::Display| Fault::Failed.because(error.to_string());
    let drawn = Arc::clone(&app);
    let drawing = tokio::task::spawn_blocking(move || draw(&drawn));
    let report = drawing.await.map_err(|error| failed(&error))?.map_err(|error| failed(&error))?;
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

fn draw(app: &App) -> Result<Report, lookalike::Error> {
    if let Some(report) = app.report.get() {
        return Ok(report.clone());
    }
    let plain = body::Bytes::from(lookalike::report(&app.settings.model)?.html());
    let gzip = compressed(&plain).unwrap_or_else(|| plain.clone());
    Ok(app.report.get_or_init(|| Report { plain, gzip }).clone())
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
async fn session(State(app): State<Arc<App>>, request: Request) -> Result<Response, Problem> {
    let wrong = || Fault::BadRequest.because("a key is needed, as in `{\"key\": \"…\"}`");
    let body = body::to_bytes(request.into_body(), KEY).await.map_err(|_| wrong())?;
    let Key { key } = serde_json::from_slice(&body).map_err(|_| wrong())?;
    match (app.gate.session(&key), app.gate.key()) {
        (Some(cookie), _) => Ok((StatusCode::NO_CONTENT, [(SET_COOKIE, cookie)]).into_response()),
        (None, Some(_)) => Err(Fault::TokenNeeded.because("this is not the key")),
        (None, None) => Ok(StatusCode::NO_CONTENT.into_response()),
    }
}

/// A file of the page.
async fn file(
    State(app): State<Arc<App>>,
    uri: Uri,
    request: Request,
) -> Result<Response, Problem> {
    let name = if uri.path() == "/" { "index.html" } else { &uri.path()[1..] };
    let nothing = || Fault::NotFound.because("there is nothing at this address");
    if !app.settings.page || uri.path() == "/index.html" {
        return Err(nothing());
    }
    let found = app.assets.answer(name, request.headers()).ok_or_else(nothing)?;
    match request.method().as_str() {
        "GET" | "HEAD" => Ok(found),
        _ => Err(Fault::MethodNotAllowed.because("a file of the page is only read")),
    }
}
