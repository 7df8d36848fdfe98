//! ES modules joined into one script: fewer requests of a page, and the only way for one from the disk.

/// The script `first` with all that it imports, directly or not, out of these files: each in a function of
/// its own, which returns what it exports, behind those that it imports.
///
/// This is no parser. It relies on how the pages' scripts are written: an import or an export begins a
/// line, an import is on one line, and no two scripts import each other. A file that is missing is left
/// out; tests make sure that none is.
#[must_use]
pub fn join(files: &[(&str, &str)], first: &str) -> String {
    let mut whole = String::from("const modules = {};\n");
    for (name, text) in ordered(files, first) {
        let mut exports = vec![];
        whole += &format!("modules['{name}'] = (() => {{\n");
        for line in text.lines() {
            whole += &match (imported(line), line.strip_prefix("export ")) {
                (Some((names, from)), _) => format!("const {names} = modules['{from}'];"),
                (None, Some(rest)) => {
                    exports.extend(declared(rest));
                    rest.to_owned()
                }
                (None, None) => line.to_owned(),
            };
            whole.push('\n');
        }
        whole += &format!("return {{ {} }};\n}})();\n", exports.join(", "));
    }
    whole
}

/// `first` and what it imports, each behind what it imports itself.
fn ordered<'a>(files: &[(&'a str, &'a str)], first: &str) -> Vec<(&'a str, &'a str)> {
    let mut order = vec![];
    add(files, first, &mut order);
    order
}

fn add<'a>(files: &[(&'a str, &'a str)], name: &str, order: &mut Vec<(&'a str, &'a str)>) {
    let Some(&file) = files.iter().find(|(other, _)| *other == name) else { return };
    if order.contains(&file) {
        return;
    }
    file.1.lines().filter_map(imported).for_each(|(_, from)| add(files, from, order));
    order.push(file);
}

/// What a line imports, and the file that has it.
fn imported(line: &str) -> Option<(&str, &str)> {
    let (names, from) = line.strip_prefix("import ")?.split_once(" from './")?;
    Some((names, from.strip_suffix("';")?))
}

/// The name of what a line of a script declares.
fn declared(line: &str) -> Option<&str> {
    const KINDS: [&str; 5] = ["async", "function", "class", "const", "let"];
    let word = line.split(' ').find(|word| !KINDS.contains(word))?;
    word.split(|c: char| !c.is_alphanumeric() && c != '_').next()
}

#[cfg(test)]
mod tests {
    use super::{declared, join};

    #[test]
    fn the_name_of_an_export_is_found() {
        let names =
            ["const head = () => 1;", "async function ask(a) {", "class Store {"].map(declared);
        assert_eq!(names, [Some("head"), Some("ask"), Some("Store")]);
    }

    #[test]
    fn a_script_stands_once_behind_what_it_imports() {
        let files = [
            ("first.mjs", "import { a } from './a.mjs';\nimport { b } from './b.mjs';\nb(a);"),
            ("other.mjs", "export const other = 1;"),
            ("b.mjs", "import { a } from './a.mjs';\nexport function b() { return a; }"),
            ("a.mjs", "export const a = 1;"),
        ];
        let expected = "const modules = {};\n\
            modules['a.mjs'] = (() => {\nconst a = 1;\nreturn { a };\n})();\n\
            modules['b.mjs'] = (() => {\nconst { a } = modules['a.mjs'];\nfunction b() { return a; }\n\
            return { b };\n})();\n\
            modules['first.mjs'] = (() => {\nconst { a } = modules['a.mjs'];\n\
            const { b } = modules['b.mjs'];\nb(a);\nreturn {  };\n})();\n";
        assert_eq!(join(&files, "first.mjs"), expected);
    }
}
