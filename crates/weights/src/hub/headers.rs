//! Reading what a server says: headers, locations, first bytes.

use ground::Digest;
use ureq::http::HeaderMap;

/// A header as text.
pub(super) fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

/// A SHA-256 that stands where an entity tag does, as hubs do it.
pub(super) fn hash(headers: &HeaderMap, name: &str) -> Option<String> {
    let tag = text(headers, name)?;
    let tag = tag.strip_prefix("W/").unwrap_or(tag).trim_matches('"');
    tag.parse::<Digest>().ok().map(|digest| digest.to_string())
}

/// First byte and whole size from `bytes first-last/size`.
pub(super) fn content_range(headers: &HeaderMap) -> Option<(u64, Option<u64>)> {
    let (range, size) = text(headers, "content-range")?.strip_prefix("bytes ")?.split_once('/')?;
    let first = range.split_once('-')?.0.parse().ok()?;
    Some((first, size.parse().ok()))
}

/// The first characters of content that cannot be a safetensors file; `None` while it may be.
pub(super) fn not_weights(opening: &[u8]) -> Option<String> {
    let (length, rest) = opening.split_first_chunk::<8>()?;
    let fits = u64::from_le_bytes(*length) <= crate::safetensors::Limits::WEIGHTS.header;
    match rest.first() {
        None | Some(b'{') if fits => None,
        _ => Some(String::from_utf8_lossy(opening).escape_debug().to_string()),
    }
}

/// Scheme and authority.
pub(super) fn origin(url: &str) -> &str {
    let host = url.find("://").map_or(0, |at| at + 3);
    url[host..].find(['/', '?', '#']).map_or(url, |end| &url[..host + end])
}

/// Where a `Location` leads from here, if that is HTTP.
pub(super) fn join(url: &str, location: &str) -> Option<String> {
    if location.starts_with("https://") || location.starts_with("http://") {
        return Some(location.into());
    }
    if let Some(rest) = location.strip_prefix("//") {
        return Some(format!("{}://{rest}", url.split_once("://")?.0));
    }
    if location.starts_with('/') {
        return Some(format!("{}{location}", origin(url)));
    }
    // A colon before any slash names another scheme.
    let scheme = location.split(['/', '?', '#']).next().is_some_and(|first| first.contains(':'));
    let folder = &url[..url.split(['?', '#']).next()?.rfind('/')?];
    (!scheme && folder.len() >= origin(url).len()).then(|| format!("{folder}/{location}"))
}

#[cfg(test)]
mod tests {
    use super::{join, not_weights, origin};

    #[test]
    fn locations_lead_where_rfc_3986_says() {
        let url = "https://hub.example/owner/name/resolve/main/model?x=/y";
        for (location, expected) in [
            ("https://store.example/a?b", Some("https://store.example/a?b")),
            ("//store.example/a", Some("https://store.example/a")),
            ("/api/cache/a", Some("https://hub.example/api/cache/a")),
            ("other", Some("https://hub.example/owner/name/resolve/main/other")),
            ("file:/etc/passwd", None),
            ("ftp://x/y", None),
            ("data:,x", None),
        ] {
            assert_eq!(join(url, location).as_deref(), expected, "{location}");
        }
        assert_eq!(join("http://h", "a"), None);
        assert_eq!(origin("http://127.0.0.1:80?x"), "http://127.0.0.1:80");
    }

    #[test]
    fn a_page_is_told_from_weights_by_its_first_bytes() {
        assert_eq!(not_weights(b"\x08\0\0"), None);
        assert_eq!(not_weights(b"\x08\0\0\0\0\0\0\0{}"), None);
        assert!(not_weights(b"<!DOCTYPE html>").unwrap().starts_with("<!DOCTYPE"));
        assert!(not_weights(b"\x08\0\0\0\0\0\0\0[]").is_some());
    }
}
