//! What to do next follows from what was found.

#![allow(clippy::unwrap_used)] // every function here is part of a test

use insight::{
    Candidate, CurvePoint, HeldOut, Insight, Paths, Protocol, RunRecord, Shortcut, Step,
};

/// Two classes of `n` pictures; of each so many in a hundred are predicted wrongly.
fn record(n: usize, wrong: [usize; 2]) -> RunRecord {
    let held_out = (0..2 * n).map(|i| {
        let (actual, number) = (i % 2, i / 2);
        let predicted = if number % 100 < wrong[actual] { 1 - actual } else { actual };
        let mut logits = vec![0.0; 2];
        logits[predicted] = 1.0;
        HeldOut { picture: format!("{i}.jpg"), actual, logits, group: i, ..HeldOut::default() }
    });
    RunRecord {
        classes: vec!["husky".into(), "malamute".into()],
        protocol: Protocol::OutOfFold { folds: 5, repeats: 1 },
        held_out: held_out.collect(),
        ..RunRecord::default()
    }
}

fn steps(record: &RunRecord) -> Vec<Step> {
    Insight::of(record).next_steps(record)
}

const PATHS: Paths<'_> =
    Paths { pictures: "photos", classifier: "photos.lookalike", suspects: Some("s.csv") };

#[test]
fn a_perfect_classifier_is_used() {
    assert_eq!(steps(&record(100, [0, 0])), [Step::Predict]);
    assert_eq!(
        Step::Predict.line(&Insight::of(&record(100, [0, 0])), &PATHS),
        "Classify new pictures: `lookalike predict photos.lookalike NEW_PICTURES`"
    );
}

#[test]
fn commands_hold_tables_and_odd_names_as_a_shell_takes_them() {
    let paths = Paths { pictures: "--labels 'my labels.csv'", ..PATHS };
    assert_eq!(
        Step::FineTune.command(&paths).unwrap(),
        "lookalike train --labels 'my labels.csv' --minutes 30"
    );
    let paths = Paths { classifier: "dog's.lookalike", ..PATHS };
    let command = Step::Predict.command(&paths).unwrap();
    assert_eq!(command, r"lookalike predict 'dog'\''s.lookalike' NEW_PICTURES");
}

#[test]
fn one_that_guesses_is_not_used_and_suspects_no_label() {
    let guessing = record(100, [50, 50]);
    assert_eq!(steps(&guessing), [Step::LookAtClasses]);
    let lines = Insight::of(&guessing).honest_lines().join("\n");
    assert!(!lines.contains("mislabelled") && !lines.contains("wrong"), "{lines}");
}

#[test]
fn label_errors_come_before_fine_tuning_and_a_shortcut_before_both() {
    let mut found = record(500, [10, 10]);
    let candidate = Candidate {
        name: "logistic regression".into(),
        log_loss: 0.5,
        range: None,
        behind: None,
        errors: (100, 1000),
        chosen: true,
    };
    found.candidates = vec![candidate];
    let [Step::ReviewLabels { about }, Step::FineTune, Step::Predict] = steps(&found)[..] else {
        panic!("{:?}", steps(&found))
    };
    assert!(about > 10, "{about}");
    let insight = Insight::of(&found);
    assert_eq!(
        Step::ReviewLabels { about: 12 }.line(&insight, &PATHS),
        "Look at about 12 possible label errors: `lookalike review photos --model photos.lookalike`"
    );
    let table = Paths { pictures: "--labels l.csv", ..PATHS };
    assert_eq!(
        Step::ReviewLabels { about: 12 }.line(&insight, &table),
        "Look at about 12 possible label errors. Write `relabel` or `leave out` into the column \
         `decision` of `s.csv` where you agree, then: `lookalike train --labels l.csv --fixes s.csv`"
    );
    found.shortcuts = vec![Shortcut { what: "the mean colour".into(), right: 900, of: 1000 }];
    let urgent = steps(&found);
    assert_eq!((urgent[0], urgent[2], urgent.len()), (Step::LookForShortcut, Step::Predict, 3));
}

#[test]
fn the_class_that_gains_most_or_has_very_few_pictures_is_to_be_extended() {
    let mut found = record(200, [0, 30]);
    found.curve = [40, 80, 160, 320]
        .map(|pictures| CurvePoint {
            pictures,
            runs: vec![1.0 - 4.0 / (pictures as f64).sqrt() / 2.0],
            per_class: vec![
                (1000, 1000),
                (1000 - (4000.0 / (pictures as f64).sqrt()) as usize, 1000),
            ],
        })
        .to_vec();
    assert!(
        steps(&found).contains(&Step::AddPictures { class: 1, has: None }),
        "{:?}",
        steps(&found)
    );
    let line = Step::AddPictures { class: 1, has: None }.line(&Insight::of(&found), &PATHS);
    assert!(line.starts_with("Add pictures of malamute: twice as many would raise it from "));
    let few = record(10, [0, 0]);
    assert_eq!(steps(&few), [Step::AddPictures { class: 0, has: Some(10) }, Step::Predict]);
    let line = Step::AddPictures { class: 0, has: Some(10) }.line(&Insight::of(&few), &PATHS);
    assert_eq!(
        line,
        "Add pictures of husky: it has 10, and with fewer than 20 no score means much"
    );
}

/// A run of the default recipe that tried no fine-tuning, on `n` pictures of each of two classes.
fn untuned(n: usize, wrong: usize) -> RunRecord {
    let mut found = record(n, [wrong, wrong]);
    found.candidates = vec![Candidate {
        name: "logistic regression".into(),
        log_loss: 0.5,
        range: None,
        behind: None,
        errors: (wrong, 2 * n),
        chosen: true,
    }];
    found
}

#[test]
fn fine_tuning_is_suggested_from_a_thousand_pictures_on() {
    assert!(!steps(&untuned(499, 10)).contains(&Step::FineTune), "998 pictures");
    assert!(steps(&untuned(500, 10)).contains(&Step::FineTune), "1,000 pictures");
    let mut one_less = untuned(500, 10);
    one_less.held_out.pop();
    assert!(!steps(&one_less).contains(&Step::FineTune), "999 pictures");
    assert!(!steps(&untuned(500, 0)).contains(&Step::FineTune), "nothing is left to gain");
}

#[test]
fn pictures_set_aside_to_evaluate_do_not_count_as_pictures_to_train_on() {
    let mut found = record(100, [10, 10]);
    found.protocol = Protocol::Test;
    let extended = |found: &RunRecord| {
        steps(found).into_iter().find(|step| matches!(step, Step::AddPictures { .. }))
    };
    assert_eq!(extended(&found), None, "nobody counted them");
    found.to_train = vec![60, 5];
    assert_eq!(extended(&found), Some(Step::AddPictures { class: 1, has: Some(5) }));
    found.to_train = vec![60, 20];
    assert_eq!(extended(&found), None);
}

#[test]
fn one_that_guesses_is_not_told_to_get_more_of_the_same() {
    let mut guessing = record(100, [45, 50]);
    guessing.curve = [40, 80, 160]
        .map(|pictures| CurvePoint {
            pictures,
            runs: vec![0.5],
            per_class: vec![(500, 1000), (400 + pictures, 1000)],
        })
        .to_vec();
    assert_eq!(steps(&guessing), [Step::LookAtClasses]);
}
