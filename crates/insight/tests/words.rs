//! What people read: numbers in words, and nothing hidden in them.

use insight::stats::{Difference, f1, wilson};
use insight::{
    BadPicture, Candidate, Epoch, Fact, HeldOut, Insight, Proportion, RunRecord, Sample, text,
    visible,
};

/// A record whose confusion matrix is `counts`.
fn record(classes: &[&str], counts: &[&[usize]]) -> RunRecord {
    let mut predictions = Vec::new();
    for (actual, row) in counts.iter().enumerate() {
        for (predicted, &n) in row.iter().enumerate() {
            for _ in 0..n {
                let mut logits = vec![0.0; classes.len()];
                logits[predicted] = 1.5;
                let picture = format!("{}/{}.jpg", classes[actual], predictions.len());
                let group = predictions.len();
                predictions.push(HeldOut { picture, actual, logits, group, ..HeldOut::default() });
            }
        }
    }
    let classes = classes.iter().map(|&name| name.to_owned()).collect();
    RunRecord { classes, held_out: predictions, ..RunRecord::default() }
}

fn dogs() -> RunRecord {
    record(&["eskimo_dog", "malamute", "siberian_husky"], &[&[20, 5, 4], &[8, 26, 2], &[6, 5, 25]])
}

#[test]
fn the_story_reads_as_it_was_told() {
    let insight = Insight::of(&dogs());
    assert_eq!(
        insight.sentence().to_string(),
        "71 of 101 held-out pictures are classified correctly: 70%. With so few pictures the true \
         accuracy may be anywhere between 61% and 78%. Of the 34 pictures predicted as eskimo dog, \
         20 really are eskimo dog, 8 are malamute and 6 are siberian husky. Most often confused: \
         malamute predicted as eskimo dog (8 of 36 pictures; the other way round 5 of 29)."
    );
    let baseline = insight.baseline_sentence().to_string();
    assert_eq!(baseline, "Always answering malamute would be right for 36%.");
}

#[test]
fn columns_read_well_at_every_count() {
    let read = |counts: &[&[usize]], class| {
        Insight::of(&record(&["ant", "bee", "fly"], counts)).column_sentence(class).to_string()
    };
    let table: &[&[usize]] = &[&[3, 0, 0], &[0, 0, 1], &[0, 0, 1]];
    assert_eq!(read(table, 0), "All 3 pictures predicted as ant really are ant.");
    assert_eq!(read(table, 1), "No picture was predicted as bee.");
    assert_eq!(read(table, 2), "Of the 2 pictures predicted as fly, 1 really is fly and 1 is bee.");
    assert_eq!(
        read(&[&[0, 1, 0], &[0, 0, 0], &[0, 2, 0]], 1),
        "Of the 3 pictures predicted as bee, none is: 2 are fly and 1 is ant."
    );
    assert_eq!(
        read(&[&[0, 0, 0], &[1, 0, 0], &[0, 0, 0]], 0),
        "The only picture predicted as ant is bee."
    );
    assert_eq!(
        read(&[&[1, 0, 0], &[0, 0, 0], &[0, 0, 0]], 0),
        "The only picture predicted as ant really is ant."
    );
    let many = Insight::of(&record(
        &["a", "b", "c", "d", "e", "f"],
        &[&[1], &[2], &[3], &[4], &[5], &[6]],
    ));
    assert_eq!(
        many.column_sentence(0).to_string(),
        "Of the 21 pictures predicted as a, 1 really is a, 6 are f, 5 are e, 4 are d and 5 are of 2 other classes."
    );
}

#[test]
fn nothing_held_out_and_no_classes_are_said() {
    let empty = Insight::of(&RunRecord::default());
    let nothing = "No picture was held out, so the accuracy is unknown.";
    assert_eq!(empty.sentence().to_string(), nothing);
    assert_eq!(empty.column_sentence(0).to_string(), "There are no classes.");
    assert_eq!((empty.accuracy.to_string(), empty.log_loss), ("–".to_owned(), None));
    assert_eq!(text::short(&empty, 80, true), format!("{nothing}\n"));
}

#[test]
fn no_more_digits_than_the_interval_supports() {
    let shown = |hits, n| Proportion::new(hits, n).to_string();
    assert_eq!(shown(71, 101), "70% (61–78%)");
    assert_eq!(shown(7, 7), "100% (65–100%)");
    assert_eq!(shown(0, 7), "0% (0–35%)");
    assert_eq!(shown(9_412, 10_000), "94.1% (93.6–94.6%)");
    assert_eq!(shown(941_234, 1_000_000), "94.12% (94.08–94.17%)");
    // Not quite all, and not quite none, must not read as such.
    assert_eq!(shown(998, 1000), "99.8% (99.3–99.9%)");
    assert_eq!(shown(299, 300), "99.7% (98.1–99.9%)");
    assert_eq!(shown(1, 300), "0.3% (0.1–1.9%)");
}

/// The chance that the interval of a draw of `n` holds the true `share`, summed exactly.
fn coverage(n: usize, share: f64) -> f64 {
    let mut weight = (1.0 - share).powi(n as i32);
    let mut covered = 0.0;
    for hits in 0..=n {
        let interval = wilson(hits, n);
        if interval.low <= share && share <= interval.high {
            covered += weight;
        }
        weight *= share / (1.0 - share) * (n - hits) as f64 / (hits + 1) as f64;
    }
    covered
}

#[test]
fn intervals_keep_their_promise() {
    for n in [10, 34, 101] {
        let shares: Vec<f64> = (1..=98).map(|i| f64::from(i) / 99.0).collect();
        let each: Vec<f64> = shares.iter().map(|&share| coverage(n, share)).collect();
        let mean = each.iter().sum::<f64>() / each.len() as f64;
        assert!((0.945..0.965).contains(&mean), "{n}: {mean}");
        assert!(each.iter().all(|&c| c > 0.83), "{n}: {each:?}");
    }
}

#[test]
fn f1_follows_from_the_share_of_the_union() {
    let estimate = f1(20, 14, 9, 1.0).unwrap();
    let union = wilson(20, 43);
    assert!((estimate.value - 40.0 / 63.0).abs() < 1e-12);
    assert!((estimate.interval.low - 2.0 * union.low / (1.0 + union.low)).abs() < 1e-12);
    assert!((estimate.interval.high - 2.0 * union.high / (1.0 + union.high)).abs() < 1e-12);
    let perfect = f1(10, 0, 0, 1.0).unwrap();
    assert!(perfect.value == 1.0 && perfect.interval.low < 0.9, "no errors is not certainty");
    assert_eq!(f1(0, 0, 0, 1.0), None);
}

#[test]
fn the_terminal_shows_the_matrix_where_it_fits() {
    let insight = Insight::of(&dogs());
    let shown = text::short(&insight, 80, false);
    assert_eq!(
        shown,
        "\
accuracy  70% (61–78%)  71 of 101 held-out pictures
baseline  36%  always answering malamute
log-loss  0.83 (0.69–0.99)

                predicted
actual              eskimo dog        malamute  siberian husky
eskimo dog                  20               5               4
malamute                     8              26               2
siberian husky               6               5              25

most often confused
    8 of 36  malamute predicted as eskimo dog
    6 of 36  siberian husky predicted as eskimo dog
    5 of 29  eskimo dog predicted as malamute
    5 of 36  siberian husky predicted as malamute
    4 of 29  eskimo dog predicted as siberian husky
  and 1 other pair
"
    );
    let narrow = text::short(&insight, 36, false);
    assert!(!narrow.contains("predicted\n"), "{narrow}");
    assert!(narrow.lines().all(|line| line.chars().count() <= 54), "{narrow}");
    let coloured = text::short(&insight, 80, true);
    let mut stripped = coloured.clone();
    for code in ["\x1b[0m", "\x1b[1m", "\x1b[2m", "\x1b[31m"] {
        stripped = stripped.replace(code, "");
    }
    assert!(coloured.contains("\x1b[1m") && stripped == shown, "colour changes nothing else");
}

#[test]
fn hostile_names_move_no_cursor() {
    let names = ["\x1b[2J\x07dog", "a\u{202e}gpj.b", "c\nd"];
    let insight = Insight::of(&record(&names, &[&[1, 1, 0], &[0, 1, 1], &[1, 0, 1]]));
    let shown = text::short(&insight, 100, false) + &insight.sentence().to_string();
    assert!(!shown.contains(['\x1b', '\x07', '\u{202e}']), "{shown}");
    assert!(shown.contains("�[2J�dog") && shown.contains("c�d"), "{shown}");
    assert_eq!(visible("naïve שלום 犬 👩‍🌾"), "naïve שלום 犬 👩‍🌾");
}

#[test]
fn underscores_become_spaces_unless_two_would_meet() {
    let owned = |names: &[&str]| names.iter().map(|&n| n.to_owned()).collect::<Vec<_>>();
    assert_eq!(insight::labels(&owned(&["eskimo_dog", "ant"])), owned(&["eskimo dog", "ant"]));
    assert_eq!(insight::labels(&owned(&["a_b", "a b"])), owned(&["a_b", "a b"]));
    assert_eq!(insight::labels(&owned(&["_", "b"])), owned(&["_", "b"]));
}

#[test]
fn logits_that_break_down_break_nothing() {
    let mut record = dogs();
    record.held_out[0].logits = vec![0.0, f32::NAN, 0.0];
    record.held_out[1].logits = vec![];
    record.held_out[2].actual = 99;
    let insight = Insight::of(&record);
    assert_eq!(insight.judged.len(), 98);
    assert!(insight.log_loss.unwrap().value.is_finite());
}

#[test]
fn evidence_survives_a_round_trip() {
    let mut record = dogs();
    record.held_out[3].thumbnail = Some(0);
    record.samples.push(Sample { class: 2, picture: "a.jpg".into(), thumbnail: 0 });
    record.bad.push(BadPicture { picture: "b.jpg".into(), reason: "cut off".into() });
    record.facts.push(Fact { name: "seed".into(), value: "42".into() });
    record.notes.push("few pictures".into());
    let epoch = Epoch {
        stage: "frozen".into(),
        epoch: 1,
        train_loss: 1.25,
        valid_loss: Some(0.1),
        errors: Some((3, 10)),
        seconds: 2.5,
    };
    record.history.push(epoch.clone());
    let json = serde_json::to_string(&record).unwrap();
    let back: RunRecord = serde_json::from_str(&json).unwrap();
    assert_eq!(back, record);
    assert_eq!(back.check(1), Ok(()));
    assert!(serde_json::from_str::<RunRecord>(&json.replacen('{', "{\"surprise\":1,", 1)).is_err());

    // A loss that is no number is the one thing that JSON cannot hold.
    record.history[0].train_loss = f64::NAN;
    let json = serde_json::to_string(&record).unwrap();
    assert!(serde_json::from_str::<RunRecord>(&json).unwrap().history[0].train_loss.is_nan());
}

#[test]
fn evidence_that_cannot_be_is_refused() {
    let refused = |spoil: fn(&mut RunRecord)| {
        let mut record = dogs();
        spoil(&mut record);
        record.check(1).unwrap_err().to_string()
    };
    assert_eq!(refused(|e| e.held_out[0].actual = 3), "class 3 is named where there are 3");
    assert_eq!(
        refused(|e| e.held_out[0].thumbnail = Some(1)),
        "thumbnail 1 is named where there are 1"
    );
    assert_eq!(
        refused(|e| e.held_out[0].logits = vec![1.0]),
        "`eskimo_dog/0.jpg` has 1 logits for 3 classes"
    );
    assert_eq!(
        refused(|e| e.held_out[0].logits[1] = f32::NAN),
        "`eskimo_dog/0.jpg` has the logit NaN"
    );
    assert!(
        refused(|e| e.samples.push(Sample { class: 9, picture: String::new(), thumbnail: 0 }))
            .contains('9')
    );
    let epoch = |errors, seconds| Epoch {
        stage: "s".into(),
        epoch: 1,
        train_loss: 0.0,
        valid_loss: None,
        errors,
        seconds,
    };
    let mut record = dogs();
    record.history = vec![epoch(Some((11, 10)), 1.0)];
    assert!(record.check(0).is_err());
    record.history = vec![epoch(None, f64::NAN)];
    assert!(record.check(0).is_err());
    record.history = vec![epoch(None, 1.0)];
    assert!(record.check(0).is_ok());
}

#[test]
fn heads_are_not_compared_on_a_handful_of_pictures() {
    let candidate = |name: &str, chosen: bool| Candidate {
        name: name.into(),
        log_loss: 0.5,
        range: None,
        behind: (!chosen).then_some(Difference { value: -85.41, low: -200.0, high: 3.0 }),
        errors: (1, 6),
        chosen,
    };
    let said = |counts: &[&[usize]]| {
        let candidates = vec![candidate("class means", true), candidate("network", false)];
        let record = RunRecord { candidates, ..record(&["ant", "bee"], counts) };
        Insight::of(&record).honest_lines().join("\n")
    };
    let few = said(&[&[2, 1], &[1, 2]]);
    assert!(few.contains("Selected: class means") && !few.contains("Also tried"), "{few}");
    let many = said(&[&[30, 2], &[1, 40]]);
    assert!(many.contains("Also tried") && many.contains("-85.410"), "{many}");
}
