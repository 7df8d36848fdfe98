//! What the program says of itself.

mod common;

use common::{Place, told};

#[test]
fn help_of_the_program() {
    snapshot!(told(&Place::new().run("--help")));
}

#[test]
fn help_of_each_command() {
    for command in [
        "train", "lr-find", "predict", "report", "show", "practice", "bench", "collect", "look",
        "export",
    ] {
        let help = Place::new().run(&format!("{command} --help"));
        insta::assert_snapshot!(format!("help_of_{command}"), told(&help));
    }
}

#[test]
fn version_is_the_crates() {
    let version = concat!("lookalike ", env!("CARGO_PKG_VERSION"), "\n");
    assert_eq!(Place::new().out("-V"), version);
    let long = Place::new().out("--version");
    assert!(long.starts_with(version) && long.contains("computes with "), "{long}");
}

#[test]
fn shells_and_man_know_every_command() {
    let place = Place::new();
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = place.out(&format!("completions {shell}"));
        assert!(script.contains("evaluate") && script.contains("min-probability"), "{script}");
    }
    place.out("man pages");
    let page = String::from_utf8(place.read("pages/lookalike-train.1")).expect("text");
    assert!(page.contains(".TH lookalike-train 1") && page.contains("fine\\-tune"), "{page}");
    assert!(place.path("pages/lookalike.1").is_file());
}
