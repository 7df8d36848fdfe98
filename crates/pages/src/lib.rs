//! What browsers are given: the pages of the server and of an exported classifier.
//!
//! [`FILES`] and [`SCRIPTS`] are the folder `web`; [`join`] makes one script of those that a page
//! begins with and what they import. [`module`] is what a page needs to answer by itself: the engine,
//! compiled for WebAssembly, and the scripts around it.
//!
//! ```
//! let script = pages::join(pages::SCRIPTS, "main.mjs");
//! assert!(pages::INDEX.contains("src=\"main.mjs\"") && !script.contains("\nimport "));
//! ```

mod join;
pub mod module;

pub use self::join::join;

/// A file's name and what it holds.
pub type File = (&'static str, &'static str);

/// The style that all pages share, reports among them: colours, light and dark, and type.
pub const BASE_STYLE: &str = include_str!("../web/base.css");
/// The page of a classifier.
pub const INDEX: &str = include_str!("../web/index.html");
/// The style of [`INDEX`], to which [`BASE_STYLE`] belongs too.
pub const PAGE_STYLE: &str = include_str!("../web/page.css");

/// A file of the folder `web`.
macro_rules! file {
    ($name:literal) => {
        ($name, include_str!(concat!("../web/", $name)))
    };
}

/// The pages and their styles.
pub const FILES: &[File] = &[
    ("base.css", BASE_STYLE),
    file!("app.css"),
    ("page.css", PAGE_STYLE),
    file!("review.css"),
    file!("app.html"),
    ("index.html", INDEX),
    file!("phone.html"),
    file!("review.html"),
];

/// The scripts with which the pages begin.
pub const FIRST: &[&str] = &["app.mjs", "main.mjs", "phone.mjs", "review.mjs"];

/// All scripts.
pub const SCRIPTS: &[File] = &[
    file!("answers.mjs"),
    file!("app.mjs"),
    file!("burst.mjs"),
    file!("camera.mjs"),
    file!("card.mjs"),
    file!("classes.mjs"),
    file!("code.mjs"),
    file!("desk.mjs"),
    file!("finish.mjs"),
    file!("gallery.mjs"),
    file!("grid.mjs"),
    file!("header.mjs"),
    file!("intake.mjs"),
    file!("keys.mjs"),
    file!("main.mjs"),
    file!("make.mjs"),
    file!("measure.mjs"),
    file!("outbox.mjs"),
    file!("phone.mjs"),
    file!("pick.mjs"),
    file!("program.mjs"),
    file!("queue.mjs"),
    file!("review.mjs"),
    file!("teach.mjs"),
    file!("tiles.mjs"),
    file!("transport.mjs"),
    file!("trial.mjs"),
    file!("upload.mjs"),
    file!("views.mjs"),
    file!("words.en.mjs"),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::{FILES, FIRST, SCRIPTS, join};

    /// What a page's files end in. The folder's other files, and its folders, are tools and tests.
    const PAGE: [&str; 8] = ["html", "css", "mjs", "js", "svg", "png", "ico", "webmanifest"];

    #[test]
    fn the_tables_and_the_folder_hold_the_same_files() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("web");
        let paths = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        let is_of_page = |path: &Path| {
            let suffix = path.extension().unwrap_or_default();
            path.is_file() && PAGE.iter().any(|known| suffix == *known)
        };
        let name = |path: &Path| path.file_name().unwrap().to_string_lossy().into_owned();
        let found: BTreeSet<_> = paths.filter(|p| is_of_page(p)).map(|p| name(&p)).collect();
        let table: BTreeSet<_> =
            FILES.iter().chain(SCRIPTS).map(|(name, _)| (*name).to_owned()).collect();
        assert_eq!(table, found);
    }

    #[test]
    fn a_page_begins_with_a_script_that_has_all_it_imports() {
        for (name, text) in FILES.iter().filter(|(name, _)| name.ends_with(".html")) {
            let first = text.split("<script type=\"module\" src=\"").nth(1);
            let first = first.unwrap_or_else(|| panic!("{name} has no script"));
            assert!(FIRST.contains(&first.split('"').next().unwrap()), "{name}");
        }
        let mut needed = BTreeSet::new();
        for first in FIRST {
            let joined = join(SCRIPTS, first);
            for (name, text) in SCRIPTS {
                let at = |name: &str| joined.find(&format!("modules['{name}'] = "));
                let Some(own) = at(name) else { continue };
                needed.insert(*name);
                for line in text.lines().filter(|line| line.starts_with("import ")) {
                    let import = line.rsplit(" from './").next().unwrap().trim_end_matches("';");
                    let before = at(import).unwrap_or_else(|| panic!("{name}: {line}"));
                    assert!(before < own, "{name}: {line}");
                }
            }
        }
        assert_eq!(needed.len(), SCRIPTS.len(), "a script that no page needs");
    }
}
