//! Reading what a hub says: headers, first bytes.

use fetch::{HeaderMap, text};
use ground::Digest;

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

#[cfg(test)]
mod tests {
    use super::not_weights;

    #[test]
    fn a_page_is_told_from_weights_by_its_first_bytes() {
        assert_eq!(not_weights(b"\x08\0\0"), None);
        assert_eq!(not_weights(b"\x08\0\0\0\0\0\0\0{}"), None);
        assert!(not_weights(b"<!DOCTYPE html>").unwrap().starts_with("<!DOCTYPE"));
        assert!(not_weights(b"\x08\0\0\0\0\0\0\0[]").is_some());
    }
}
