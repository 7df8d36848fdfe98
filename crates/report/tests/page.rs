//! What the page holds, for records of every shape.

#![allow(clippy::unwrap_used)] // every function here is part of a test

mod made;

use insight::{BadPicture, Epoch, Fact, Insight, Protocol, Reasons, RunRecord, Whose};
use report::About;

fn html(record: &RunRecord, thumbnails: &[Vec<u8>], about: &About) -> String {
    report::html(record, &Insight::of(record), thumbnails, about)
}

fn json(record: &RunRecord, about: &About) -> String {
    report::json(record, &Insight::of(record), about)
}

fn about() -> About {
    About {
        title: "Sled dogs".into(),
        file: "dogs.lookalike".into(),
        program: "lookalike 0".into(),
    }
}

/// The text between the first `from` and the `to` after it.
fn between<'a>(page: &'a str, from: &str, to: &str) -> &'a str {
    let start = page.find(from).unwrap_or_else(|| panic!("no {from}")) + from.len();
    &page[start..start + page[start..].find(to).unwrap()]
}

/// The page holds nothing that runs and nothing that fetches.
fn stands_alone(page: &str) {
    let lower = page.to_lowercase();
    for never in [
        "<script",
        "<iframe",
        "<object",
        "<link rel=\"stylesheet",
        "@import",
        "url(",
        "http:",
        "https:",
        "javascript:",
    ] {
        assert!(!lower.contains(never), "{never}");
    }
    for picture in lower.split("<img").skip(1) {
        assert!(picture.starts_with(" src=\"data:image/"), "{}", &picture[..60]);
    }
    assert!(
        lower.contains("content=\"default-src 'none'; style-src 'unsafe-inline'; img-src data:\"")
    );
}

#[test]
fn sections_follow_in_their_order() {
    let (record, thumbnails) = made::honest(&made::names(3), 60);
    let page = html(&record, &thumbnails, &about());
    let ids = [
        "samples",
        "confusion",
        "pairs",
        "confused",
        "losses",
        "map",
        "classes",
        "certainty",
        "unsure",
        "more",
        "labels",
        "shortcuts",
        "tried",
        "training",
        "bad",
        "done",
    ];
    let places: Vec<_> = ids.iter().map(|id| page.find(&format!("id=\"{id}\"")).unwrap()).collect();
    assert!(places.is_sorted(), "{places:?}");
    stands_alone(&page);
    let (record, thumbnails) = made::record(&made::names(3), 20, 3);
    let page = html(&record, &thumbnails, &about());
    assert!(page.contains("42 of 60 held-out pictures are classified correctly: 70%"));
    assert!(page.contains("Of the 20 pictures predicted as "));
    assert_eq!(page.matches("class=\"whisker\"").count(), 12);
    assert_eq!(
        between(&page, "class=\"cell dark right\"", "</td>").split('>').nth(1),
        Some("14<small")
    );
    assert!(page.contains("0123456789abcdef0123456789abcdef"), "hashes are whole");
    stands_alone(&page);
}

#[test]
fn cells_lead_to_their_pictures() {
    let (record, thumbnails) = made::record(&made::names(3), 20, 3);
    let page = html(&record, &thumbnails, &about());
    for pair in 0..6 {
        assert!(
            page.contains(&format!("href=\"#pair-{pair}\""))
                && page.contains(&format!("id=\"pair-{pair}\""))
        );
    }
    let cards = between(&page, "id=\"pair-0\"", "class=\"pair\"").matches("class=\"card\"").count();
    assert_eq!(cards, 4);
}

#[test]
fn hostile_names_are_inert() {
    let names = made::hostile();
    let (mut record, thumbnails) = made::record(&names, 10, 4);
    for name in &names {
        record.bad.push(BadPicture { picture: name.clone(), reason: name.clone() });
        record.facts.push(Fact { name: name.clone(), value: name.clone() });
        record.notes.push(name.clone());
        let epoch = Epoch { stage: name.clone(), ..record.history[0].clone() };
        record.history.push(epoch);
    }
    for name in &names {
        let about = About { title: name.clone(), file: name.clone(), program: name.clone() };
        let page = html(&record, &thumbnails, &about);
        stands_alone(&page);
        assert!(!page.contains("<img src=x") && !page.contains("</style><style>"), "{name}");
        assert!(!page.contains(['\u{202e}', '\u{2066}', '\0', '\x1b']), "{name}");
        assert_eq!(page.matches("</style>").count(), 1);
        assert!(!page.contains(&"long".repeat(600)), "absurd names are cut");
        assert!(page.len() < 2_000_000, "{}", page.len());
        serde_json::from_str::<serde_json::Value>(&json(&record, &about)).unwrap();
    }
}

#[test]
fn every_shape_of_evidence_makes_a_page() {
    for n in [2, 3, 7, 50, 1000] {
        for (pictures, wrong) in [(0, 0), (1, 0), (10, 0), (10, 10)] {
            let (mut record, thumbnails) =
                made::record(&made::names(n), pictures.min(2_000 / n), wrong);
            let page = html(&record, &thumbnails, &about());
            stands_alone(&page);
            assert!(page.len() < 3_000_000, "{n} classes: {}", page.len());
            assert_eq!(page.contains("id=\"confusion\""), !record.held_out.is_empty());
            record.history.clear();
            record.samples.clear();
            record.bad.clear();
            record.facts.clear();
            let page = html(&record, &[], &About::default());
            assert!(
                !page.contains("id=\"training\"") && page.contains("Every picture could be read")
            );
        }
    }
    let empty = html(&RunRecord::default(), &[], &About::default());
    assert!(empty.contains("No picture was held out"));
    serde_json::from_str::<serde_json::Value>(&json(&RunRecord::default(), &About::default()))
        .unwrap();
}

#[test]
fn no_mistakes_are_said_and_many_classes_are_cut() {
    let (record, thumbnails) = made::record(&made::names(2), 10, 0);
    let page = html(&record, &thumbnails, &about());
    assert!(page.contains("No picture was confused.") && !page.contains("id=\"confused\""));
    let (record, thumbnails) = made::record(&made::names(50), 10, 2);
    let page = html(&record, &thumbnails, &about());
    assert!(page.contains("The 30 classes most often confused, of 50."));
    assert!(page.contains("those with the lowest F1"));
    assert_eq!(page.matches("class=\"whisker\"").count(), 120);
}

#[test]
fn training_that_broke_down_is_said_and_leaves_a_gap() {
    let (mut record, _) = made::record(&made::names(2), 2, 0);
    record.history.truncate(6);
    record.history[5].train_loss = f64::NAN;
    record.history[5].valid_loss = Some(f64::INFINITY);
    let page = html(&record, &[], &about());
    assert!(page.contains("Training diverged"));
    let training = between(&page, "id=\"training\"", "<details");
    assert!(!training.contains("NaN") && !training.contains("inf "));
    assert!(page.contains("<details open>"), "a short table lies open");
}

#[test]
fn one_epoch_is_a_dot() {
    let (mut record, _) = made::record(&made::names(2), 2, 0);
    record.history.truncate(1);
    record.history[0].valid_loss = None;
    record.history[0].errors = None;
    let page = html(&record, &[], &about());
    assert!(page.contains("class=\"point train\"") && !page.contains("class=\"line wrong\""));
}

#[test]
fn the_same_for_machines() {
    let (record, _) = made::record(&made::names(3), 20, 3);
    let report: serde_json::Value = serde_json::from_str(&json(&record, &about())).unwrap();
    assert_eq!(report["title"], "Sled dogs");
    assert_eq!(report["accuracy"]["hits"], 42);
    assert_eq!(report["accuracy"]["value"], 0.7);
    assert!(report["accuracy"]["low"].as_f64().unwrap() < 0.6);
    assert_eq!(report["baseline"]["class"], "eskimo_dog");
    assert_eq!(report["confusion"]["counts"][0], serde_json::json!([14, 4, 2]));
    assert_eq!(report["confusion"]["shares"][0][0], 0.7);
    let pair = &report["most_confused"][0];
    assert_eq!((&pair["actual"], &pair["count"]), (&"eskimo_dog".into(), &4.into()));
    assert_eq!(pair["pictures"].as_array().unwrap().len(), 4);
    assert_eq!(report["top_losses"].as_array().unwrap().len(), 20);
    assert_eq!(report["predictions"].as_array().unwrap().len(), 60);
    assert_eq!(report["history"][0]["stage"], "frozen");
    assert_eq!(report["history"][0]["error_rate"], 0.5);
    assert_eq!(report["facts"][0]["name"], "seed");
    let words = report["in_words"].as_str().unwrap();
    assert!(words.contains("42 of 60") && words.contains("Most often confused"));
    let last = report["next_steps"].as_array().unwrap().last().unwrap();
    assert_eq!(last["kind"], "predict");
    assert_eq!(last["command"], "lookalike predict dogs.lookalike NEW_PICTURES");
    let page = html(&record, &[], &about());
    assert!(page.contains("<code>lookalike predict dogs.lookalike NEW_PICTURES</code>"));
}

#[test]
fn how_far_to_trust_it_is_there_for_machines_and_people() {
    let (record, thumbnails) = made::honest(&made::names(3), 60);
    let report: serde_json::Value = serde_json::from_str(&json(&record, &about())).unwrap();
    assert_eq!(report["format"], 2);
    assert_eq!(report["judged"], serde_json::json!({ "outoffold": { "folds": 5, "repeats": 1 } }));
    for score in ["log_loss", "macro_f1", "auroc"] {
        let [low, value, high] =
            ["low", "value", "high"].map(|end| report[score][end].as_f64().unwrap());
        assert!(low < value && value < high, "{score}");
    }
    let bins = |when: &str| report["calibration"][when]["bins"].as_array().unwrap().len();
    assert_eq!((bins("before"), bins("after")), (7, 7), "180 pictures, 25 or more in each");
    assert_eq!(report["answers"]["stated_coverage"], 0.9);
    assert_eq!(report["answers"]["per_class"][2]["class"], "siberian_husky");
    assert_eq!(report["selected"].as_array().unwrap().len(), 20);
    let curve = &report["learning_curve"];
    assert_eq!(curve["law"][5]["pictures"], 2 * curve["law"][4]["pictures"].as_u64().unwrap());
    assert!(curve["gains_most"]["class"].is_string());
    let suspect = &report["suspects"][0];
    assert!(suspect["label"] != suspect["suggested"] && suspect["confident"] == true);
    assert_eq!(report["shortcuts"][1]["alarm"], true);
    assert_eq!(report["candidates"][0]["chosen"], true);
    assert_eq!(report["comparisons"][0]["b"], "fine-tuning");
    let verdicts: Vec<&str> = report["predictions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|p| p["verdict"].as_str().unwrap())
        .collect();
    for verdict in ["class", "ambiguous", "unfamiliar"] {
        assert!(verdicts.contains(&verdict), "{verdict}");
    }

    let page = html(&record, &thumbnails, &about());
    let section = |id: &str| between(&page, &format!("<section id=\"{id}\">"), "</section>");
    assert!(section("certainty").contains("The uncalibrated network is overconfident"));
    assert!(section("certainty").contains("class=\"line ideal\""));
    assert!(section("unsure").contains("class=\"band valid\""));
    assert!(section("more").contains("With twice as many pictures"));
    assert!(section("labels").matches("class=\"card\"").count() >= 5);
    assert!(section("shortcuts").contains("class=\"alarm\""), "the row stands out");
    assert!(
        page.contains("Possible shortcut: the picture&#39;s size alone predicts"),
        "told at once"
    );
    assert!(section("tried").contains("Fine-tuning is"));
    // Where nothing of it was measured, nothing is said.
    let (plain, thumbnails) = made::record(&made::names(3), 20, 3);
    let page = html(&plain, &thumbnails, &about());
    for absent in ["more", "shortcuts", "tried"] {
        assert!(!page.contains(&format!("id=\"{absent}\"")), "{absent}");
    }
}

#[test]
fn reasons_lie_over_the_pictures_and_say_whose_they_are() {
    let (mut record, thumbnails) = made::honest(&made::names(3), 60);
    let page = html(&record, &thumbnails, &about());
    assert!(
        page.contains(
            "from the classifier that evaluated the picture, which was not trained on it"
        )
    );
    let confused = between(&page, "id=\"confused\"", "id=\"losses\"");
    let cards = confused.matches("class=\"card\"").count();
    let both = confused.matches("class=\"heat called\"").count();
    assert!(both > cards / 2 && both < cards, "{both} of {cards}");
    assert_eq!(confused.matches("class=\"heat actual\"").count(), both);
    // A picture that is right in spite of its loss has one map for both names.
    record.held_out.iter_mut().for_each(|p| p.actual = 0);
    for p in &mut record.held_out {
        p.logits = vec![3.0, 0.0, 0.0];
        p.heat.truncate(1);
        p.heat.iter_mut().for_each(|heat| heat.class = 0);
    }
    let right = html(&record, &thumbnails, &about());
    assert!(right.contains("class=\"heat called actual\""));
    record.reasons = Some(Reasons { whose: Whose::Saved, side: 7 });
    let page = html(&record, &thumbnails, &about());
    assert!(page.contains("It has been trained on these pictures since they were evaluated"));
    record.protocol = Protocol::Test;
    let page = html(&record, &thumbnails, &about());
    assert!(page.contains("from the saved classifier, which was not trained on these pictures"));
    // Nothing of it where nobody was asked, and nothing drawn that is no map.
    record.reasons = Some(Reasons { whose: Whose::Saved, side: 6 });
    let page = html(&record, &thumbnails, &about());
    assert!(!page.contains("class=\"heat "));
    record.reasons = None;
    let page = html(&record, &thumbnails, &about());
    assert!(!page.contains("class=\"lens\"") && !page.contains("class=\"heat "));
}

#[test]
fn the_map_shows_every_place_and_says_what_it_leaves_out() {
    let (mut record, thumbnails) = made::honest(&made::names(3), 60);
    let page = html(&record, &thumbnails, &about());
    let map = between(&page, "id=\"map\"", "</section>");
    assert_eq!(map.matches("name=\"map-point\"").count(), 180);
    let wrong = map.matches(" wrong\" style").count();
    assert!((10..90).contains(&wrong), "{wrong}");
    assert!(map.contains(&format!("only the {wrong} wrong predictions")));
    assert_eq!(map.matches("class=\"wrongly\"").count(), wrong);
    assert!(map.contains("the two axes show 23% of"));
    assert!(!map.contains("The map shows") && !map.contains("show their picture."));
    for p in record.held_out.iter_mut().take(50) {
        p.place = None;
    }
    for p in record.held_out.iter_mut().rev().take(30) {
        p.thumbnail = None;
    }
    let page = html(&record, &thumbnails, &about());
    assert!(page.contains("The map shows 130 of 180 pictures"));
    assert!(page.contains("100 of the 130 points show their picture."));
    let report: serde_json::Value = serde_json::from_str(&json(&record, &about())).unwrap();
    assert_eq!(report["map"], serde_json::json!({ "body": "pretrained", "explained": 0.23 }));
    assert_eq!(report["reasons"]["whose"], "judge");
    let last = report["predictions"].as_array().unwrap().last().unwrap();
    assert!(last["place"]["near"][0].is_u64());
    assert_eq!(last["heat"][0]["cells"].as_array().unwrap().len(), 49);
    record.map = None;
    assert!(!html(&record, &thumbnails, &about()).contains("id=\"map\""));
}
