//! Addresses of pictures: as browsers read them, and which are refused before anything is asked.

use fetch::{Host, Url};

/// The longest address that is fetched, in characters.
const LONGEST: usize = 8192;

/// An address in its one spelling, so that the same one is not fetched twice.
///
/// # Errors
/// With the reason why it is not an address, or is not fetched.
pub(crate) fn parse(text: &str) -> Result<Url, String> {
    if text.len() > LONGEST {
        return Err(format!("longer than {LONGEST} characters"));
    }
    let mut url = Url::parse(text).map_err(|why| format!("not an address: {why}"))?;
    url.set_fragment(None);
    check(&url)?;
    Ok(url)
}

/// Refuses addresses that are never fetched. A host's network address is checked on connecting.
pub(crate) fn check(url: &Url) -> Result<(), String> {
    if !matches!(url.scheme(), "http" | "https") {
        return Err(format!("`{}:` is not fetched, only http and https", url.scheme()));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("it holds a user's name or password".into());
    }
    match url.host() {
        None | Some(Host::Domain("")) => Err("it names no host".into()),
        Some(_) if url.port() == Some(0) => Err("port 0 is none".into()),
        Some(_) => Ok(()),
    }
}

/// The host, whose connections are counted.
pub(crate) fn host(url: &Url) -> String {
    url.host_str().unwrap_or_default().trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn one_address_has_one_spelling() {
        let one = parse("http://A.example/b c.jpg?x#y").unwrap();
        assert_eq!(one.as_str(), "http://a.example/b%20c.jpg?x");
        assert_eq!(parse("http://a.example:80/./b c.jpg?x").unwrap(), one);
        assert_eq!(
            parse("https://bücher.example/").unwrap().host_str(),
            Some("xn--bcher-kva.example")
        );
    }

    #[test]
    fn only_the_web_is_fetched() {
        for (text, why) in [
            ("file:///etc/passwd", "`file:` is not fetched"),
            ("ftp://a.example/x", "`ftp:` is not fetched"),
            ("data:image/png;base64,AA", "`data:` is not fetched"),
            ("javascript:alert(1)", "is not fetched"),
            ("http://user@a.example/", "user's name"),
            ("http://:secret@a.example/", "user's name"),
            ("http:///", "not an address"),
            ("a.example/x.jpg", "not an address"),
            ("", "not an address"),
            ("http://a b.example/", "not an address"),
            ("http://a.example:0/", "port 0"),
        ] {
            let error = parse(text).unwrap_err();
            assert!(error.contains(why), "{text}: {error}");
        }
    }
}
