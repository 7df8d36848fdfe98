//! A web page saved by a browser: which pictures it shows.

use std::fs;
use std::path::{Component, Path, PathBuf};

use fetch::Url;

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
    for tag in tags.iter().filter(|tag| tag.name == "img") {
        let places = || PLACES.iter().filter_map(|name| tag.get(name)).map(str::trim);
        if let Some(file) = places().find_map(|place| saved(folder, place)) {
            let name = file.display().to_string();
            sources.wanted.push(Wanted { name, class: class.clone(), place: Place::File(file) });
            continue;
        }
        let sets = ["data-srcset", "srcset"].iter().filter_map(|name| largest(tag.get(name)?));
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
fn base(text: &str, tags: &[Tag]) -> Option<Url> {
    let said = tags.iter().find(|tag| tag.name == "base").and_then(|tag| tag.get("href"));
    let web = |url: &Url| matches!(url.scheme(), "http" | "https");
    let canonical = || {
        tags.iter()
            .find(|tag| {
                let rel = tag.get("rel").unwrap_or_default();
                tag.name == "link" && rel.eq_ignore_ascii_case("canonical")
            })
            .and_then(|tag| tag.get("href"))
    };
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

/// A tag with its attributes.
#[derive(Debug)]
struct Tag {
    /// In lower case.
    name: String,
    attributes: Vec<(String, String)>,
}

impl Tag {
    fn get(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

/// The opening tags of a page that may name a picture. Forgiving, as pages are: what is no tag is
/// passed over. What stands in comments, scripts and styles is none.
fn tags(text: &str) -> Vec<Tag> {
    let mut tags = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find('<') {
        rest = &rest[at + 1..];
        if let Some(comment) = rest.strip_prefix("!--") {
            rest = comment.find("-->").map_or("", |end| &comment[end + 3..]);
            continue;
        }
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(rest.len());
        let name = rest[..end].to_ascii_lowercase();
        rest = &rest[end..];
        if matches!(name.as_str(), "script" | "style") {
            // Upper and lower case, without a copy of the rest for each.
            let close = format!("</{name}");
            let found = rest
                .as_bytes()
                .windows(close.len())
                .position(|w| w.eq_ignore_ascii_case(close.as_bytes()));
            rest = found.map_or("", |at| rest.get(at..).unwrap_or(""));
            continue;
        }
        if matches!(name.as_str(), "img" | "base" | "link") {
            let (attributes, after) = attributes(rest);
            tags.push(Tag { name, attributes });
            rest = after;
        }
    }
    tags
}

/// Attributes up to the tag's end, and what follows.
fn attributes(mut rest: &str) -> (Vec<(String, String)>, &str) {
    let mut found = Vec::new();
    loop {
        rest = rest.trim_start_matches(|c: char| c.is_whitespace() || c == '/');
        if rest.is_empty() {
            return (found, rest);
        }
        if let Some(after) = rest.strip_prefix('>') {
            return (found, after);
        }
        let ends = |c: char| c.is_whitespace() || matches!(c, '=' | '>' | '/');
        // A name has at least one character, whichever it is.
        let first = rest.chars().next().map_or(0, char::len_utf8);
        let end = rest[first..].find(ends).map_or(rest.len(), |end| first + end);
        let name = rest[..end].to_ascii_lowercase();
        rest = rest[end..].trim_start();
        let mut value = "";
        if let Some(after) = rest.strip_prefix('=') {
            let after = after.trim_start();
            let quote = after.chars().next().filter(|&c| c == '"' || c == '\'');
            (value, rest) = match quote {
                Some(quote) => after[1..].split_once(quote).unwrap_or((&after[1..], "")),
                None => {
                    let end = after.find(|c: char| c.is_whitespace() || c == '>');
                    after.split_at(end.unwrap_or(after.len()))
                }
            };
        }
        found.push((name, decoded(value)));
    }
}

/// Text with the entities that addresses hold.
fn decoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let end = rest.bytes().take(12).position(|b| b == b';');
        let character = end.and_then(|end| match &rest[1..end] {
            "amp" => Some('&'),
            "lt" => Some('<'),
            "gt" => Some('>'),
            "quot" => Some('"'),
            "apos" => Some('\''),
            entity => {
                let number = entity.strip_prefix('#')?;
                let hex = number.strip_prefix(['x', 'X']).map(|hex| u32::from_str_radix(hex, 16));
                char::from_u32(hex.unwrap_or_else(|| number.parse()).ok()?)
            }
        });
        match (character, end) {
            (Some(character), Some(end)) => {
                out.push(character);
                rest = &rest[end + 1..];
            }
            _ => {
                out.push('&');
                rest = &rest[1..];
            }
        }
    }
    out + rest
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
