//! What the program says of itself.

mod common;

use common::{Place, told};

#[test]
fn help_of_the_program() {
    snapshot!(told(&Place::new().run("--help")));
}

#[test]
fn help_of_each_command() {
    for command in
        ["train", "lr-find", "predict", "report", "show", "practice", "bench", "collect", "look"]
    {
        let help = Place::new().run(&format!("{command} --help"));
        insta::assert_snapshot!(format!("help_of_{command}"), told(&help));
    }
}

#[test]
fn version_is_the_crates() {
    assert_eq!(
        Place::new().out("--version"),
        concat!("lookalike ", env!("CARGO_PKG_VERSION"), "\n")
    );
}
