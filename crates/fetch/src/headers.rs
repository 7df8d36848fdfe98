use std::time::{Duration, SystemTime};

use ureq::http::HeaderMap;

/// All values of a header that are text.
pub fn all<'a>(headers: &'a HeaderMap, name: &str) -> impl Iterator<Item = &'a str> {
    headers.get_all(name).into_iter().filter_map(|value| value.to_str().ok())
}

/// A header's value, if it is text.
#[must_use]
pub fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok().map(str::trim)
}

/// For how long a server asks to be left alone: `Retry-After`, in seconds or as a date.
#[must_use]
pub fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let text = text(headers, "retry-after")?;
    if text.bytes().all(|b| b.is_ascii_digit()) && !text.is_empty() {
        // More digits than a number has mean for ever.
        return Some(Duration::from_secs(text.parse().unwrap_or(u64::from(u32::MAX))));
    }
    let then = httpdate::parse_http_date(text).ok()?;
    Some(then.duration_since(now).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::retry_after;
    use std::time::{Duration, UNIX_EPOCH};
    use ureq::http::{HeaderMap, HeaderValue};

    #[test]
    fn time_is_asked_for_in_seconds_or_by_a_date() {
        let now = UNIX_EPOCH + Duration::from_secs(784_111_777); // the example of RFC 9110
        let of = |value| {
            let mut headers = HeaderMap::new();
            headers.insert("retry-after", HeaderValue::from_static(value));
            retry_after(&headers, now)
        };
        assert_eq!(of("120"), Some(Duration::from_secs(120)));
        assert_eq!(of("Sun, 06 Nov 1994 08:50:37 GMT"), Some(Duration::from_secs(60)));
        assert_eq!(of("Sun, 06 Nov 1994 08:00:00 GMT"), Some(Duration::ZERO));
        assert!(of("99999999999999999999").unwrap() > Duration::from_secs(1 << 30));
        assert_eq!(of("soon"), None);
        assert_eq!(of(""), None);
    }
}
