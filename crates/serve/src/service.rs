//! One request from its head to the last line about it.

use std::sync::Arc;
use std::time::{Instant, SystemTime};

use axum::Router;
use axum::body::Body;
use axum::http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ALLOW, CACHE_CONTROL, CONNECTION,
    CONTENT_LENGTH, CONTENT_SECURITY_POLICY, HeaderName, VARY, WWW_AUTHENTICATE,
};
use axum::http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode};
use axum::response::IntoResponse;
use tower::ServiceExt;

use crate::app::{App, RequestId};
use crate::gate::Ends;
use crate::log::Entry;
use crate::problem::{Fault, Problem};
use crate::routes;

/// The name of a request, taken or made.
const ID: HeaderName = HeaderName::from_static("x-request-id");

/// Letters of a name that a client may give.
const LONGEST: usize = 64;

/// What is said with every response: nothing here is to be guessed at, framed or read by others.
const ALWAYS: [(&str, &str); 6] = [
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
    ("cross-origin-resource-policy", "same-origin"),
    ("cross-origin-opener-policy", "same-origin"),
    ("permissions-policy", "camera=(self)"),
    ("x-frame-options", "DENY"),
];

/// Answers a request and logs it.
pub(crate) async fn answer(
    app: Arc<App>,
    router: Router,
    ends: Ends,
    request: Request<Body>,
) -> Response<Body> {
    let (begun, when) = (Instant::now(), SystemTime::now());
    let (mut parts, body) = request.into_parts();
    let id = name(&parts.headers);
    parts.extensions.insert(RequestId(id.clone()));
    let (method, route) = (parts.method.clone(), routes::name_of(&app, parts.uri.path()));
    let origin = app.gate.allowed_origin(&parts.headers).map(str::to_owned);
    let mut response = match app.gate.check(&parts, ends) {
        Err(problem) => problem.into_response(),
        Ok(()) if app.gate.is_preflight(&parts) => preflight(),
        Ok(()) => match router.oneshot(Request::from_parts(parts, body)).await {
            Ok(response) => response,
            Err(never) => match never {},
        },
    };
    let problem = explain(&mut response, &id);
    complete(response.headers_mut(), &id, origin.as_deref());
    let status = response.status().as_u16();
    app.metrics.count_request(route, status);
    let entry = Entry {
        when,
        id: &id,
        from: ends.remote.map(|remote| remote.ip()),
        method: known_method(&method),
        route,
        status,
        took: begun.elapsed(),
        problem: problem.as_ref().map(|problem| (problem.fault.name(), &problem.detail[..])),
    };
    if let Some(line) = entry.line(app.settings.log) {
        (app.log)(&line);
    }
    response
}

/// The name that a client gave a request, or one of our own.
fn name(headers: &HeaderMap) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-');
    let given = headers.get(ID).and_then(|value| value.to_str().ok());
    let given = given.filter(|id| (1..=LONGEST).contains(&id.len()) && id.bytes().all(plain));
    // Without random numbers a request has no name, and is answered all the same.
    given.map_or_else(|| crate::gate::random().unwrap_or_default(), str::to_owned)
}

/// A method as it is logged: one that exists.
fn known_method(method: &Method) -> &'static str {
    let known = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT"];
    known.into_iter().find(|known| method == *known).unwrap_or("other")
}

/// Writes the document of a problem into its response.
fn explain(response: &mut Response<Body>, id: &str) -> Option<Problem> {
    let bare = response.status() == StatusCode::METHOD_NOT_ALLOWED
        && response.extensions().get::<Problem>().is_none();
    if bare {
        let allow = response.headers().get(ALLOW).cloned();
        *response = Fault::MethodNotAllowed
            .because("this address does not take that method")
            .into_response();
        response.headers_mut().extend(allow.map(|allow| (ALLOW, allow)));
    }
    let problem = response.extensions_mut().remove::<Problem>()?;
    *response.body_mut() = Body::from(problem.json(id));
    let headers = response.headers_mut();
    headers.remove(CONTENT_LENGTH);
    if problem.fault == Fault::TokenNeeded {
        headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    // The body may not have been read, and the client may be sending it still.
    if matches!(problem.fault.status().as_u16(), 400 | 403 | 408 | 413 | 503) {
        headers.insert(CONNECTION, HeaderValue::from_static("close"));
    }
    Some(problem)
}

/// Headers that every response has.
fn complete(headers: &mut HeaderMap, id: &str, origin: Option<&str>) {
    for (name, value) in ALWAYS {
        headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    let policy = HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'");
    headers.entry(CONTENT_SECURITY_POLICY).or_insert(policy);
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    headers.extend(HeaderValue::from_str(id).map(|id| (ID, id)));
    if let Some(origin) = origin.and_then(|origin| HeaderValue::from_str(origin).ok()) {
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        headers.append(VARY, HeaderValue::from_static("origin"));
        let shown = "x-request-id, server-timing, retry-after";
        headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(shown));
    }
}

/// Tells a browser what a page from an allowed origin may ask.
fn preflight() -> Response<Body> {
    let about = [
        (ACCESS_CONTROL_ALLOW_METHODS, "GET, POST"),
        (ACCESS_CONTROL_ALLOW_HEADERS, "authorization, content-type, x-request-id"),
        (ACCESS_CONTROL_MAX_AGE, "600"),
    ];
    (StatusCode::NO_CONTENT, about).into_response()
}
