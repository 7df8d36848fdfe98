use url::Url;

use crate::client::Response;
use crate::error::FetchError;
use crate::headers::text;

/// The addresses of one request: the first, and where redirects lead.
#[derive(Clone, Debug)]
pub struct Hops {
    url: Url,
    /// Redirects that may still be followed.
    left: usize,
    most: usize,
}

impl Hops {
    /// Begins at an address and follows at most so many redirects.
    #[must_use]
    pub fn new(url: Url, most: usize) -> Self {
        Self { url, left: most, most }
    }

    /// The address to ask next, or that was asked last.
    #[must_use]
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// Whether the response redirects; then [`Hops::url`] is where it leads.
    ///
    /// # Errors
    /// When it leads nowhere, away from the web, from https to http, or too far.
    pub fn follow(&mut self, response: &Response) -> Result<bool, FetchError> {
        if !matches!(response.status().as_u16(), 301 | 302 | 303 | 307 | 308) {
            return Ok(false);
        }
        let astray = |how: &str| FetchError::Redirect(how.to_owned());
        let location = text(response.headers(), "location").ok_or_else(|| astray("to nowhere"))?;
        let mut next = self.url.join(location).map_err(|_| astray("to what is no address"))?;
        next.set_fragment(None);
        match (self.url.scheme(), next.scheme()) {
            ("https", "http") => return Err(astray("from https to http")),
            (_, "https" | "http") => {}
            (_, other) => return Err(FetchError::Scheme(other.to_owned())),
        }
        let left = self.left.checked_sub(1);
        self.left = left.ok_or_else(|| astray(&format!("more than {} times", self.most)))?;
        self.url = next;
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::Hops;
    use crate::client::Response;

    fn redirect(location: &str) -> Response {
        let response = ureq::http::Response::builder().status(302).header("location", location);
        response.body(ureq::Body::builder().data("")).unwrap()
    }

    #[test]
    fn locations_lead_where_rfc_3986_says_and_only_to_the_web() {
        let from = "https://hub.example/owner/name/resolve/main/model?x=/y";
        for (location, expected) in [
            ("https://store.example/a?b#c", Some("https://store.example/a?b")),
            ("//store.example/a", Some("https://store.example/a")),
            ("/api/cache/a", Some("https://hub.example/api/cache/a")),
            ("other", Some("https://hub.example/owner/name/resolve/main/other")),
            ("http://hub.example/a", None),
            ("file:/etc/passwd", None),
            ("ftp://x/y", None),
            ("data:,x", None),
            ("http://", None),
        ] {
            let mut hops = Hops::new(from.parse().unwrap(), 5);
            let followed = hops.follow(&redirect(location));
            assert_eq!(followed.is_ok(), expected.is_some(), "{location}");
            assert_eq!(hops.url().as_str(), expected.unwrap_or(from), "{location}");
        }
    }

    #[test]
    fn only_so_many_redirects_are_followed() {
        let mut hops = Hops::new("http://a.example".parse().unwrap(), 2);
        assert!(hops.follow(&redirect("/1")).unwrap() && hops.follow(&redirect("/2")).unwrap());
        let error = hops.follow(&redirect("/3")).unwrap_err();
        assert_eq!(error.to_string(), "redirects more than 2 times");
    }
}
