//! A web page saved by a browser: which pictures it shows.

use std::fs;
use std::path::{Component, Path, PathBuf};

use fetch::Url;
use html5gum::{StartTag, State, Token, Tokenizer};

use super::{Place, Sources, Wanted, class_of};
use crate::CollectError;

/// Attributes that hold a picture's address, the likeliest to be large first.
const PLACES: [&str; 5] = ["data-original", "data-src", "data-lazy-src", "data-lazy", "src"];

/// The pictures of a page, each once: from the folder that the browser saved beside it, else from
/// the network.
pub(super) fn read(
    path: &Path,
    text: &str,
    asked: Option<&str>,
    sources: &mut Sources,
) -> Result<(), CollectError> {
    let class = match asked {
        Some(asked) => asked.to_owned(),
        None => class_of(path)?,
    };
    let tags = tags(text);
    let base = base(text, &tags);
    let folder = ground::files::folder_of(path);
    let mut inline = 0;
    for tag in tags.iter().filter(|tag| tag.name == b"img") {
        let places = || PLACES.iter().filter_map(|name| value(tag, name)).map(str::trim);
        if let Some(file) = places().find_map(|place| saved(folder, place)) {
            let name = file.display().to_string();
            sources.wanted.push(Wanted { name, class: class.clone(), place: Place::File(file) });
            continue;
        }
        let sets = ["data-srcset", "srcset"].iter().filter_map(|name| largest(value(tag, name)?));
        let mut all = sets.chain(places()).filter(|place| !place.is_empty()).peekable();
        if all.peek().is_none() {
            continue;
        }
        // A page often shows a few bytes of its own until the picture is scrolled to.
        let Some(place) = all.find(|place| !place.starts_with("data:")) else {
            inline += 1;
            continue;
        };
        let resolved = base.as_ref().and_then(|base| base.join(place).ok());
        sources.wanted.push(match resolved {
            Some(url) => Wanted::at(url.as_str(), &class),
            None => Wanted::at(place, &class),
        });
    }
    if inline > 0 {
        let path = path.display();
        sources.notes.push(format!(
            "{inline} pictures are written into `{path}` itself and are left out: such are \
             thumbnails or placeholders"
        ));
    }
    Ok(())
}

/// Where relative addresses start from: what the page says, or where the browser saved it from.
fn base(text: &str, tags: &[StartTag<()>]) -> Option<Url> {
    let said = tags.iter().find(|tag| tag.name == b"base").and_then(|tag| value(tag, "href"));
    let web = |url: &Url| matches!(url.scheme(), "http" | "https");
    let is_canonical = |tag: &&StartTag<()>| {
        let rel = value(tag, "rel").unwrap_or_default();
        tag.name == b"link" && rel.eq_ignore_ascii_case("canonical")
    };
    let canonical = || tags.iter().find(is_canonical).and_then(|tag| value(tag, "href"));
    let from = || {
        // Browsers write `saved from url=(0031)https://…`.
        let (_, rest) = text.split_once("saved from url=(")?;
        let (_, rest) = rest.split_once(')')?;
        rest.split(|c: char| c.is_whitespace() || c == '>').next()
    };
    let parse = |text: &str| Url::parse(text).ok().filter(web);
    said.and_then(parse).or_else(|| from().and_then(parse)).or_else(|| canonical().and_then(parse))
}

/// The file that a relative address names in the page's own folder or below, if it is there.
fn saved(folder: &Path, place: &str) -> Option<PathBuf> {
    if place.is_empty() || place.contains(':') || place.starts_with(['/', '\\']) {
        return None;
    }
    let place = place.split(['?', '#']).next()?;
    let inside = PathBuf::from(unescaped(place));
    let plain = |part: Component<'_>| matches!(part, Component::Normal(_) | Component::CurDir);
    if !inside.components().all(plain) {
        return None;
    }
    let path = folder.join(inside);
    // No link on the way: what a page names must lie where the browser put it.
    let real = fs::canonicalize(&path).ok()?;
    let within = real.starts_with(fs::canonicalize(folder).ok()?);
    (within && fs::symlink_metadata(&path).is_ok_and(|file| file.is_file())).then_some(path)
}

/// A path without percent escapes.
fn unescaped(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let pair = text.get(at + 1..at + 3).filter(|_| bytes[at] == b'%');
        match pair.and_then(|pair| u8::from_str_radix(pair, 16).ok()) {
            Some(byte) => {
                out.push(byte);
                at += 3;
            }
            None => {
                out.push(bytes[at]);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// The largest of the candidates of a `srcset`, by width or density.
fn largest(set: &str) -> Option<&str> {
    let mut best: Option<(f64, &str)> = None;
    let mut rest = set;
    loop {
        rest = rest.trim_start_matches(|c: char| c.is_whitespace() || c == ',');
        // An address may hold commas, but no space.
        let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
        let (address, after) = rest.split_at(end);
        if address.is_empty() {
            return best.map(|(_, address)| address);
        }
        let (address, size, next) = match address.strip_suffix(',') {
            Some(alone) => (alone, "", after),
            None => match after.split_once(',') {
                Some((size, next)) => (address, size, next),
                None => (address, after, ""),
            },
        };
        let size = size.trim().trim_end_matches(['w', 'x']).parse().unwrap_or(1.0);
        if best.is_none_or(|(largest, _)| size > largest) {
            best = Some((size, address));
        }
        rest = next;
    }
}

/// The opening tags of a page that may name a picture. Comments, scripts and styles hold none.
fn tags(text: &str) -> Vec<StartTag<()>> {
    let mut tags = Vec::new();
    let mut tokens = Tokenizer::new(text);
    while let Some(Ok(token)) = tokens.next() {
        let Token::StartTag(tag) = token else { continue };
        match tag.name.as_slice() {
            b"img" | b"base" | b"link" => tags.push(tag),
            b"script" => tokens.set_state(State::ScriptData),
            b"style" => tokens.set_state(State::RawText),
            _ => {}
        }
    }
    tags
}

/// The value of a tag's attribute.
fn value<'a>(tag: &'a StartTag<()>, name: &str) -> Option<&'a str> {
    std::str::from_utf8(tag.attributes.get(name.as_bytes())?).ok()
}

#[cfg(test)]
mod tests {
    use super::{largest, read, tags};
    use crate::source::{Place, Sources};
    use std::path::Path;

    fn names(page: &str) -> Vec<String> {
        let mut sources = Sources::default();
        read(Path::new("fox.html"), page, None, &mut sources).unwrap();
        assert!(sources.wanted.iter().all(|wanted| wanted.class == "fox"));
        sources.wanted.into_iter().map(|wanted| wanted.name).collect()
    }

    #[test]
    fn a_page_names_its_pictures() {
        let page = r#"<!DOCTYPE html><!-- saved from url=(0021)https://a.example/b/ -->
            <script>'<img src="https://no.example/">'</SCRIPT ><!-- <img src=//no.example> -->
            <IMG alt='a > b' SRC="/1.jpg?x=1&amp;y=&#50;"><img src=2.jpg><img/src='//c.example/3.jpg'/>
            <img src="data:image/gif;base64,AA" data-src="4.jpg"><img src="data:image/gif;base64,AA">
            <img src=s.jpg srcset="5s.jpg 100w, 5,l.jpg 900w,5m.jpg 400w"><img alt=none><img src=""#;
        assert_eq!(
            names(page),
            [
                "https://a.example/1.jpg?x=1&y=2",
                "https://a.example/b/2.jpg",
                "https://c.example/3.jpg",
                "https://a.example/b/4.jpg",
                "https://a.example/b/5,l.jpg"
            ]
        );
        let base = r#"<base href="https://z.example/y/"><img src="x.jpg">"#;
        assert_eq!(names(base), ["https://z.example/y/x.jpg"]);
    }

    #[test]
    fn pictures_for_browsers_without_scripts_count_and_those_in_styles_do_not() {
        let page = "<base href='https://a.example'><noscript><img src='/&eacute;.jpg'></noscript>\
            <style><img src=/no.jpg></STYLE><img src=/y.jpg>";
        assert_eq!(names(page), ["https://a.example/%C3%A9.jpg", "https://a.example/y.jpg"]);
    }

    #[test]
    fn what_a_browser_saved_beside_the_page_is_taken_from_there_and_from_nowhere_else() {
        let folder = tempfile::tempdir().unwrap();
        let page = folder.path().join("in/fox.html");
        let saved = folder.path().join("in/fox files/a b.jpg");
        std::fs::create_dir_all(saved.parent().unwrap()).unwrap();
        std::fs::write(&saved, "").unwrap();
        std::fs::write(folder.path().join("secret"), "").unwrap();
        let text = r#"<img src="./fox%20files/a%20b.jpg"><img src="../secret"><img src="/etc/passwd">
            <img src="fox files/missing.jpg"><img src="file:///etc/passwd"><img src="..%2fsecret">"#;
        let mut sources = Sources::default();
        read(&page, text, None, &mut sources).unwrap();
        let files = sources.wanted.iter().filter_map(|wanted| match &wanted.place {
            Place::File(path) => Some(path.canonicalize().unwrap()),
            _ => None,
        });
        assert_eq!(files.collect::<Vec<_>>(), [saved.canonicalize().unwrap()]);
        assert!(!sources.wanted.iter().any(|wanted| matches!(wanted.place, Place::Address(_))));
    }

    #[test]
    fn the_largest_of_a_set_is_taken() {
        assert_eq!(largest("a.jpg"), Some("a.jpg"));
        assert_eq!(largest("a.jpg, b.jpg 2x"), Some("b.jpg"));
        assert_eq!(largest("a.jpg 1x,b.jpg 1.5x , c,d.jpg 3x"), Some("c,d.jpg"));
        assert_eq!(largest(" , "), None);
    }

    #[test]
    fn broken_pages_break_nothing() {
        for page in [
            "<",
            "<img",
            "<img src",
            "<img src=",
            "<img src='",
            "<img =>",
            "<!--",
            "<script",
            "<img \u{fc}=é é",
            "&#x110000;",
        ] {
            tags(page);
        }
        assert!(names("<img src='&#x110000;&bogus;&'>").len() == 1);
    }
}
