//! One page with everything inside: the page of `serve`, its scripts joined into one, the module and the
//! classifier as text.

use std::collections::BTreeMap;
use std::io::Write;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use classifier::Classifier;
use flate2::Compression;
use flate2::write::GzEncoder;
use insight::Insight;
use pages::module;
use serde_json::{Value, json};

use crate::ExportError;

/// What the page may do: run what is in it. It may ask nobody for anything.
const POLICY: &str = "default-src 'none'; script-src 'unsafe-inline' 'wasm-unsafe-eval' blob:; \
     worker-src blob:; style-src 'unsafe-inline'; img-src blob: data:; media-src blob:; \
     base-uri 'none'; form-action 'none'";

/// Training pictures that are shown of a class before there is a first answer.
const EXAMPLES: usize = 4;

/// The page for a classifier of this name, whose file has these bytes.
pub(super) fn page(
    name: &str,
    classifier: &Classifier,
    bytes: &[u8],
    known: bool,
) -> Result<String, ExportError> {
    let about = about(name, classifier, known)?;
    let worker = worker();
    let parts = [
        format!(
            "<meta http-equiv=\"Content-Security-Policy\" content=\"{POLICY}\">\n\
             <meta name=\"generator\" content=\"lookalike classifier\">\n"
        ),
        format!("<style>\n{}</style>\n", [pages::BASE_STYLE, pages::PAGE_STYLE].concat()),
        data("application/json", "about", &about.to_string().replace('<', "\\u003c")),
        data("text/plain", "worker", &worker),
        data("text/plain", "module", &STANDARD.encode(module::PACKED)),
        data("text/plain", "classifier", &STANDARD.encode(packed(bytes))),
        format!("<script type=\"module\">\n{}</script>\n", joined()),
    ];
    // What the server's page loads stands in this one.
    let loads = |line: &&str| {
        let is = |start| line.starts_with(start);
        is("<link rel=\"stylesheet\"") || is("<script ")
    };
    let lines: Vec<&str> = pages::INDEX.lines().filter(|line| !loads(line)).collect();
    let html = lines.join("\n") + "\n";
    // The policy stands before all that it is for, and what is large comes last.
    let [policy, style, rest @ ..] = &parts;
    let html = html.replacen("<title>", &format!("{policy}<title>"), 1);
    let html = html.replacen("</head>", &format!("{style}</head>"), 1);
    Ok(html.replacen("</body>", &format!("{}</body>", rest.concat()), 1))
}

/// The scripts as one.
fn joined() -> String {
    pages::join(&scripts(), "main.mjs")
}

/// The scripts of all pages. The one that asks for answers asks a worker of the page.
fn scripts() -> Vec<pages::File> {
    let own = |&(name, text): &pages::File| match name {
        "transport.mjs" => (name, module::TRANSPORT),
        _ => (name, text),
    };
    pages::SCRIPTS.iter().map(own).collect()
}

/// What the page's worker runs, which is no module: a page from the disk may not start such a one.
fn worker() -> String {
    let script =
        module::SCRIPT.replace("\nexport ", "\n").replace("import.meta.url", "location.href");
    format!("{script}\n{}", module::WORKER)
}

/// Text that the page carries.
fn data(kind: &str, id: &str, text: &str) -> String {
    format!("<script type=\"{kind}\" id=\"{id}\">{text}</script>\n")
}

fn address(kind: &str, bytes: &[u8]) -> String {
    format!("data:{kind};base64,{}", STANDARD.encode(bytes))
}

fn packed(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    let done = encoder.write_all(bytes).and_then(|()| encoder.finish());
    done.expect("memory takes whatever is written to it")
}

/// What the page says of its classifier, as `serve` says it of its own.
fn about(name: &str, classifier: &Classifier, known: bool) -> Result<Value, ExportError> {
    let pictures = classifier.reference.iter().flat_map(|reference| &reference.pictures);
    let shown: Vec<_> = pictures.filter(|_| known).collect();
    let jpeg = |number: Option<usize>| {
        let bytes = classifier.thumbnails.get(number?)?;
        Some(address("image/jpeg", bytes))
    };
    let thumbnails: BTreeMap<&str, String> = shown
        .iter()
        .filter_map(|known| Some((known.picture.as_str(), jpeg(known.thumbnail)?)))
        .collect();
    let examples = classifier.classes.iter().enumerate().map(|(label, class)| {
        let own = shown.iter().filter(|known| known.label == label);
        let own: Vec<_> = own.filter_map(|known| jpeg(known.thumbnail)).take(EXAMPLES).collect();
        json!({ "class": class, "thumbnails": own })
    });
    let examples: Vec<Value> = if thumbnails.is_empty() { vec![] } else { examples.collect() };
    Ok(json!({
        "id": classifier.id()?,
        "name": name,
        "classes": classifier.classes,
        "accuracy": Insight::of(&classifier.record).accuracy,
        "thumbnails": thumbnails,
        "served": {
            "version": env!("CARGO_PKG_VERSION"),
            "max_bytes": pictures::Limits::default().max_bytes,
            "known": known,
            "report": false,
            "examples": examples,
        },
    }))
}

#[cfg(test)]
mod tests {
    use super::{joined, scripts, worker};

    #[test]
    fn the_page_asks_its_own_worker() {
        let joined = joined();
        assert!(pages::INDEX.contains("src=\"main.mjs\""), "the script that the page begins with");
        assert!(joined.contains("modules['main.mjs'] = ") && joined.contains("new Worker("));
        assert!(!joined.contains("fetch("), "a request to a server");
        let at = |name: &str| joined.find(&format!("modules['{name}'] = "));
        for (name, text) in scripts() {
            let Some(own) = at(name) else { continue };
            for line in text.lines().filter(|line| line.starts_with("import ")) {
                let import = line.rsplit(" from './").next().unwrap().trim_end_matches("';");
                assert!(at(import).is_some_and(|before| before < own), "{name}: {line}");
            }
        }
        let of_module = |line: &str| line.starts_with("import ") || line.starts_with("export ");
        assert!(!joined.lines().any(of_module));
    }

    #[test]
    fn no_text_of_the_page_ends_its_element() {
        for text in [worker(), joined()] {
            assert!(!text.contains("</script") && !text.contains("<!--"));
        }
        assert!(worker().lines().all(|line| !line.starts_with("export ")));
        assert!(!worker().contains("import.meta"));
    }
}
