//! The page's files, which are part of the program.

use std::collections::BTreeMap;
use std::io::Write;

use axum::body::Bytes;
use axum::http::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG,
    IF_NONE_MATCH, VARY,
};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use flate2::Compression;
use flate2::write::GzEncoder;
use ground::{Digest, Hash};
use pages::{FILES, FIRST, SCRIPTS, join};

/// What the page may do: load what is its own, and nothing else.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
     img-src 'self' blob: data:; media-src 'self' blob:; connect-src 'self'; base-uri 'none'; \
     form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; \
     trusted-types 'none'";

/// The files, compressed where that makes them smaller.
pub(crate) struct Assets(BTreeMap<&'static str, Asset>);

struct Asset {
    kind: &'static str,
    tag: HeaderValue,
    plain: Bytes,
    gzip: Option<Bytes>,
}

impl Assets {
    pub(crate) fn new() -> Self {
        let files = FILES.iter().map(|&(name, text)| (name, Bytes::from_static(text.as_bytes())));
        let scripts = FIRST.iter().map(|&name| (name, join(SCRIPTS, name).into()));
        Self(files.chain(scripts).map(|(name, bytes)| (name, Asset::of(name, bytes))).collect())
    }

    /// The names of the files.
    pub(crate) fn names() -> impl Iterator<Item = &'static str> {
        FILES.iter().map(|&(name, _)| name).chain(FIRST.iter().copied())
    }

    /// The file of this name, as a browser that sends these headers wants it.
    pub(crate) fn answer(&self, name: &str, headers: &HeaderMap) -> Option<Response> {
        let asset = self.0.get(name)?;
        let text =
            |name| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let tag = asset.tag.to_str().unwrap_or_default();
        let known =
            text(IF_NONE_MATCH).split(',').any(|one| one.trim().trim_start_matches("W/") == tag);
        let mut response = match (known, &asset.gzip) {
            (true, _) => StatusCode::NOT_MODIFIED.into_response(),
            (false, Some(gzip)) if takes_gzip(text(ACCEPT_ENCODING)) => {
                ([(CONTENT_ENCODING, "gzip")], gzip.clone()).into_response()
            }
            (false, _) => asset.plain.clone().into_response(),
        };
        let of = response.headers_mut();
        of.insert(CONTENT_TYPE, HeaderValue::from_static(asset.kind));
        of.insert(ETAG, asset.tag.clone());
        of.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        of.insert(VARY, HeaderValue::from_static("accept-encoding"));
        of.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
        Some(response)
    }
}

impl Asset {
    fn of(name: &str, plain: Bytes) -> Self {
        let digest = Digest::by(Hash::Blake3, &plain).to_string();
        let tag = HeaderValue::from_str(&format!("\"{}\"", &digest[..32]));
        let tag = tag.unwrap_or(HeaderValue::from_static("\"\""));
        let gzip = compressed(&plain).filter(|gzip| gzip.len() < plain.len());
        Self { kind: kind(name), tag, plain, gzip }
    }
}

/// Whether a browser's `Accept-Encoding` names gzip and does not refuse it.
pub(crate) fn takes_gzip(accepted: &str) -> bool {
    accepted.split(',').any(|one| {
        let mut parts = one.split(';').map(str::trim);
        let refused = || one.replace(' ', "").ends_with(";q=0");
        parts.next().is_some_and(|name| name.eq_ignore_ascii_case("gzip")) && !refused()
    })
}

/// The same bytes by gzip.
pub(crate) fn compressed(plain: &[u8]) -> Option<Bytes> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(plain).ok()?;
    encoder.finish().ok().map(Bytes::from)
}

/// The type of a file by its suffix.
fn kind(name: &str) -> &'static str {
    match name.rsplit_once('.').map_or("", |(_, suffix)| suffix) {
        "html" => "text/html; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "json" => "application/json",
        "webmanifest" => "application/manifest+json",
        "txt" => "text/plain; charset=utf-8",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "jpg" => "image/jpeg",
        "webp" => "image/webp",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use axum::http::header::{ACCEPT_ENCODING, CONTENT_ENCODING, ETAG, IF_NONE_MATCH};
    use axum::http::{HeaderMap, HeaderValue, StatusCode};

    use super::{Assets, FILES, SCRIPTS, kind, takes_gzip};

    #[test]
    fn every_file_has_a_type() {
        for (name, _) in FILES.iter().chain(SCRIPTS) {
            assert_ne!(kind(name), "application/octet-stream", "{name}");
        }
    }

    #[test]
    fn a_file_comes_compressed_once_and_not_again() {
        let assets = Assets::new();
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("br, gzip"));
        let first = assets.answer("index.html", &headers).unwrap();
        assert_eq!(first.headers()[CONTENT_ENCODING], "gzip");
        headers.insert(IF_NONE_MATCH, first.headers()[ETAG].clone());
        let second = assets.answer("index.html", &headers).unwrap();
        assert_eq!(second.status(), StatusCode::NOT_MODIFIED);
        assert!(assets.answer("../src/lib.rs", &headers).is_none());
        assert!(!takes_gzip("gzip;q=0") && !takes_gzip("br") && takes_gzip("deflate, GZIP; q=0.5"));
    }
}
