//! From a folder and a list to a folder that trains, with the real binary.

mod common;

use common::{Place, told};

#[test]
fn a_folder_is_taken_in_and_an_address_at_home_is_refused() {
    let place = Place::new();
    place.out("practice mine --per-class 5 --seed 1");
    place.write("mine/other/page.jpg", "<!DOCTYPE html>");
    let output = place.run("collect mine --output photos");
    let text = told(&output);
    assert!(output.status.success(), "{text}");
    assert!(text.contains("15 pictures of 3 classes in `photos`"), "{text}");
    assert!(text.contains("1  unusable: a web page is not supported"), "{text}");
    assert!(text.contains("`lookalike check photos`"), "{text}");
    // Again: the same, and nothing new.
    let table = place.read("photos/collected.csv");
    let again = place.out("collect mine --output photos --json");
    let again: serde_json::Value = serde_json::from_str(&again).unwrap();
    assert_eq!(again["counts"]["kept"], 15);
    assert_eq!(place.read("photos/collected.csv"), table);

    place.write("fox.txt", "http://127.0.0.1:9/x.jpg\nfile:///etc/passwd\n");
    let output = place.command("collect fox.txt -o foxes").env_remove("LOOKALIKE_OFFLINE").output();
    let text = told(&output.unwrap());
    assert!(text.starts_with("exit: 3"), "{text}");
    assert!(text.contains("which is this machine (loopback)"), "{text}");
    let offline = told(&place.run("collect fox.txt -o foxes --again"));
    assert!(offline.starts_with("exit: 5"), "{offline}");
}

#[test]
fn what_names_no_picture_is_an_error_with_advice() {
    let place = Place::new();
    place.write("poem.txt", "a rose is a rose\n");
    place.write("list.csv", "url,class\nhttp://a.example/x,../up\n");
    for (arguments, code, words) in [
        ("collect poem.txt", 3, "`poem.txt`, line 1: `a rose is a rose` is no address"),
        ("collect list.csv", 3, "`../up` cannot be a class"),
        ("collect missing.txt", 3, "cannot read `missing.txt`"),
        ("collect poem.txt --class a/b", 2, "`a/b` cannot be the name of a class"),
        ("collect poem.txt --per-host 5", 2, "from 1 to 4"),
    ] {
        let text = told(&place.run(arguments));
        assert!(text.starts_with(&format!("exit: {code}")) && text.contains(words), "{text}");
        assert!(!place.path("photos/collected.csv").exists());
    }
}
