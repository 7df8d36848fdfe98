//! Calibration, "I don't know", what more pictures bring, wrong labels, shortcuts, comparisons.

#![allow(clippy::unwrap_used)] // every function here is part of a test

use ground::random::{Draws, Purpose};
use insight::{
    Calibration, Candidate, CurvePoint, HeldOut, Insight, Protocol, Reason, RecordError, RunRecord,
    Scaling, Shortcut, Verdict, compare, stats,
};

/// `n` pictures of three classes, `sharp` easy to tell apart, told with three times too large
/// logits.
fn drawn(n: usize, sharp: f64) -> RunRecord {
    let mut draws = Draws::new(9, Purpose::Synthetic, &[n as u64]);
    let predictions = (0..n).map(|i| HeldOut {
        picture: format!("{i}.jpg"),
        actual: i % 3,
        logits: (0..3)
            .map(|c| {
                let signal = if c == i % 3 { sharp } else { 0.0 };
                (3.0 * sharp * (draws.normal() + signal)) as f32
            })
            .collect(),
        fold: i / 3 % 5,
        group: i,
        novelty: Some((0.3 + 0.05 * draws.normal()) as f32),
        ..HeldOut::default()
    });
    RunRecord {
        classes: ["ant", "bee", "fly"].map(String::from).to_vec(),
        protocol: Protocol::OutOfFold { folds: 5, repeats: 1 },
        held_out: predictions.collect(),
        ..RunRecord::default()
    }
}

#[test]
fn promises_are_kept_on_pictures_that_made_no_threshold() {
    let insight = Insight::of(&drawn(600, 1.4));
    let answers = insight.answers.as_ref().unwrap();
    let share = |p: insight::Proportion| p.estimate().unwrap().value;
    assert!((0.87..0.93).contains(&share(answers.coverage)), "{}", answers.coverage);
    for class in &answers.per_class {
        assert!((0.85..0.95).contains(&share(*class)), "{class}");
    }
    assert!((0.03..0.07).contains(&share(answers.unfamiliar)), "{}", answers.unfamiliar);
    let all = answers.single.hits + answers.ambiguous.hits + answers.unfamiliar.hits;
    assert_eq!(all, 600, "every picture has one verdict");
    assert!(share(answers.single_right) > share(insight.accuracy) + 0.03);
}

#[test]
fn calibration_takes_the_excess_away() {
    let insight = Insight::of(&drawn(600, 1.4));
    let calibrated = insight.calibrated.as_ref().unwrap();
    assert!(calibrated.before.error.interval.low > 0.05, "{}", calibrated.before.error);
    assert!(calibrated.after.error.interval.low < 0.01, "{}", calibrated.after.error);
    assert!(calibrated.after.error.value < 0.03, "{}", calibrated.after.error);
    let Scaling::Temperature(t) = calibrated.scaling else { panic!("no class is favoured") };
    assert!((2.4..3.6).contains(&t), "{t}");
    assert!(insight.log_loss.unwrap().value < calibrated.log_loss_before.value - 0.1);
    let words = insight.calibration_sentence().to_string();
    assert!(words.starts_with(
        "The uncalibrated network is overconfident: its percentages are off by about"
    ));
}

#[test]
fn no_picture_speaks_for_itself() {
    let mut record = drawn(300, 1.4);
    let before = Insight::of(&record);
    for p in record.held_out.iter_mut().filter(|p| p.fold == 0) {
        p.actual = (p.actual + 1) % 3;
        p.novelty = Some(0.9);
    }
    let after = Insight::of(&record);
    for (i, p) in record.held_out.iter().enumerate() {
        let (before, after) = (&before.judged[i], &after.judged[i]);
        let same = before.probability.to_bits() == after.probability.to_bits();
        // What is wrong with a fold changes how the others are calibrated, and not itself.
        assert_eq!(same, p.fold == 0, "{i}: {} {}", before.probability, after.probability);
        assert_eq!(after.verdict == Verdict::Unfamiliar, p.fold == 0, "{i}");
    }
}

#[test]
fn strangers_are_told_and_the_rest_answered() {
    let record = drawn(600, 3.0);
    let calibration = Calibration::of(&record);
    assert_eq!(calibration.check(3), Ok(()));
    let limit = calibration.novelty.unwrap();
    assert!((0.36..0.42).contains(&limit), "the 95th of a hundred: {limit}");
    let sure = calibration.answer(&[40.0, 0.0, 0.0], Some(0.3));
    assert_eq!((&sure.verdict, sure.reason), (&Verdict::Class(0), Reason::Sure));
    assert!((sure.probabilities.iter().sum::<f32>() - 1.0).abs() < 1e-5);
    let stranger = calibration.answer(&[40.0, 0.0, 0.0], Some(0.9));
    assert_eq!((stranger.verdict, stranger.reason), (Verdict::Unfamiliar, Reason::Far));
    assert_eq!(calibration.answer(&[40.0, 0.0, 0.0], None).verdict, Verdict::Class(0));
    // So well are these told apart that 90 % of a class are nearly certain: an even picture is in
    // no set, and the two most probable are named.
    let torn = calibration.answer(&[1.0, 1.1, -30.0], Some(0.3));
    assert_eq!((torn.verdict, torn.reason), (Verdict::Ambiguous(vec![1, 0]), Reason::Unsure));
    let hard = Calibration::of(&drawn(600, 1.0));
    let torn = hard.answer(&[1.0, 1.1, -30.0], Some(0.3));
    assert_eq!((torn.verdict, torn.reason), (Verdict::Ambiguous(vec![1, 0]), Reason::Several));
}

#[test]
fn too_few_pictures_promise_by_naming_all() {
    let mut few = drawn(6, 3.0);
    let calibration = Calibration::of(&few);
    assert_eq!((calibration.novelty, calibration.thresholds.clone()), (None, vec![0.0; 3]));
    assert!(matches!(calibration.answer(&[9.0, 0.0, 0.0], Some(9.0)).verdict,
        Verdict::Ambiguous(all) if all.len() == 3));
    few.held_out.clear();
    let nothing = Calibration::of(&few);
    assert_eq!(nothing.scaling, Scaling::Temperature(1.0));
    assert_eq!(nothing.check(3), Ok(()));
    assert!(nothing.check(4).is_err());
    let insight = Insight::of(&few);
    assert!(insight.answers.is_none() && insight.calibrated.is_none() && insight.auroc.is_none());
    assert_eq!(insight.honest_lines(), Vec::<String>::new());
}

#[test]
fn a_calibration_survives_its_file_and_a_spoilt_one_is_refused() {
    let calibration = Calibration::of(&drawn(300, 1.4));
    let json = serde_json::to_string(&calibration).unwrap();
    assert_eq!(serde_json::from_str::<Calibration>(&json).unwrap(), calibration);
    let spoilt: [fn(&mut Calibration); 5] = [
        |c| c.scaling = Scaling::Temperature(0.0),
        |c| c.thresholds[0] = 1.5,
        |c| c.own_threshold.truncate(1),
        |c| c.novelty = Some(f64::NAN),
        |c| c.scaling = Scaling::Vector { factors: vec![1.0; 3], shifts: vec![0.0; 2] },
    ];
    for spoil in spoilt {
        let mut bad = calibration.clone();
        spoil(&mut bad);
        let refused = bad.check(3).unwrap_err().to_string();
        assert_eq!(refused, "the calibration has impossible numbers");
    }
}

#[test]
fn wrong_labels_come_first() {
    let mut record = drawn(600, 3.0);
    let flipped: Vec<usize> = (0..600).step_by(20).collect();
    for &i in &flipped {
        record.held_out[i].actual = (record.held_out[i].actual + 1) % 3;
    }
    let suspects = Insight::of(&record).suspects;
    let first: Vec<usize> = suspects.pictures.iter().take(45).map(|s| s.picture).collect();
    let found = flipped.iter().filter(|i| first.contains(i)).count();
    assert!(found >= 27, "{found} of 30");
    assert!((25.0..36.0).contains(&suspects.estimated), "{}", suspects.estimated);
    let right = suspects.pictures.iter().take(20).filter(|s| s.suggested == s.picture % 3).count();
    assert!(right >= 18, "the class suggested is the true one: {right}");
}

#[test]
fn a_class_of_one_picture_accuses_no_other() {
    // Its threshold is the probability that its only picture has: nearly nothing.
    let mut record = drawn(300, 3.0);
    record.classes.push("wasp".into());
    record.held_out.iter_mut().for_each(|picture| picture.logits.push(-2.0));
    let without = Insight::of(&record).suspects;
    record.held_out[0].actual = 3;
    let suspects = Insight::of(&record).suspects;
    let about_wasps: Vec<_> = suspects.pictures.iter().filter(|s| s.suggested == 3).collect();
    assert!(about_wasps.is_empty(), "{about_wasps:?}");
    assert!(suspects.estimated <= without.estimated + 2.0, "{}", suspects.estimated);
    assert!(suspects.pictures.iter().all(|suspect| suspect.margin >= 0.0));
}

#[test]
fn no_more_labels_are_wrong_than_the_predictions_contradict() {
    for (n, sharp) in [(60, 0.8), (150, 1.4), (600, 3.0)] {
        let insight = Insight::of(&drawn(n, sharp));
        let wrong = insight.error_rate.hits;
        assert!(
            insight.suspects.about() <= wrong.max(1),
            "{} of {wrong}",
            insight.suspects.about()
        );
    }
}

fn curve(power: f64) -> Vec<CurvePoint> {
    [40, 80, 160, 400]
        .iter()
        .map(|&pictures| {
            let error = 0.3 * (pictures as f64 / 400.0).powf(-power);
            let right = ((1.0 - error) * 1000.0).round() as usize;
            let class = [(right + 50).min(1000), right, right - 50];
            CurvePoint {
                pictures,
                runs: vec![1.0 - error - 0.01, 1.0 - error + 0.01],
                per_class: class.map(|right| (right, 1000)).to_vec(),
            }
        })
        .collect()
}

#[test]
fn a_power_law_is_found_again() {
    let mut record = drawn(600, 1.4);
    record.curve = curve(0.4);
    let insight = Insight::of(&record);
    let learning = insight.learning.as_ref().unwrap();
    assert!((learning.power - 0.4).abs() < 0.02, "{}", learning.power);
    let error = 1.0 - insight.accuracy.estimate().unwrap().value;
    let expected = 1.0 - error * 0.5f64.powf(0.4);
    assert!((learning.doubled.value - expected).abs() < 0.005, "{}", learning.doubled);
    let now = insight.accuracy.estimate().unwrap().interval;
    let then = learning.doubled.interval;
    assert!(then.low > now.low && then.high - then.low > 0.02, "{then:?}");
    assert_eq!(learning.law.last().unwrap().0, 800);
    let words = insight.learning_sentence().to_string();
    assert!(
        words.starts_with("With twice as many pictures of the same kind, expect about "),
        "{words}"
    );
    assert!(words.contains("More pictures would help "), "{words}");

    // The less sure the steepness, the wider what is expected.
    for (i, point) in record.curve.iter_mut().enumerate() {
        let off = if i % 2 == 0 { 130 } else { 0 };
        point.per_class.iter_mut().for_each(|class| class.0 -= off);
    }
    let rough = Insight::of(&record).learning.unwrap().doubled.interval;
    assert!(rough.high - rough.low > 1.1 * (then.high - then.low), "{rough:?} {then:?}");

    record.curve = curve(0.0);
    let flat = Insight::of(&record).learning.unwrap();
    assert!(flat.power < 0.02 && flat.gains_most.is_none(), "{flat:?}");
    record.curve.truncate(2);
    assert_eq!(Insight::of(&record).learning, None, "two points are no law");
}

#[test]
fn a_shortcut_far_above_chance_raises_an_alarm() {
    let mut record = drawn(300, 1.4);
    let shortcut = |what: &str, right| Shortcut { what: what.into(), right, of: 300 };
    // A third is chance; the alarm starts where the whole interval lies ten points above.
    record.shortcuts = vec![shortcut("the file's size", 135), shortcut("the mean colour", 160)];
    let insight = Insight::of(&record);
    let alarms: Vec<bool> = insight.shortcuts.iter().map(|s| s.alarm).collect();
    assert_eq!(alarms, [false, true]);
    let words = insight.shortcut_alarms()[0].to_string();
    assert!(
        words.starts_with(
            "Possible shortcut: the mean colour alone predicts the right class for 53% (48–59%)"
        ),
        "{words}"
    );
    let lines = insight.honest_lines().join("\n");
    assert!(
        lines.contains(
            "\nPossible shortcut: the mean colour alone gives the right class for 53% (48–59%)"
        ),
        "{lines}"
    );
    assert!(!lines.contains("twice as many"), "nothing is said of what was not measured");
}

#[test]
fn the_surest_fifths_are_the_better_ones() {
    let insight = Insight::of(&drawn(600, 1.4));
    let accuracy = |at: usize| insight.selected[at].accuracy.estimate().unwrap().value;
    assert_eq!(insight.selected.len(), 20);
    assert!(accuracy(3) > accuracy(11) && accuracy(11) > accuracy(19));
    assert_eq!(insight.selected[19].accuracy.n, 600);
    let (answered, most) = insight.most_selected().unwrap();
    assert!((answered - 0.8).abs() < 1e-9 && most.value > accuracy(19));
}

#[test]
fn better_is_said_only_beyond_chance() {
    let rows = |right: &dyn Fn(usize) -> bool| -> Vec<Vec<f32>> {
        (0..200).map(|i| if right(i) { vec![2.0, 0.0] } else { vec![0.0, 1.0] }).collect()
    };
    let (labels, groups) = (vec![0; 200], (0..200).collect::<Vec<_>>());
    let a = rows(&|i| i % 4 != 0);
    let b = rows(&|i| i % 4 != 0 || i % 8 == 0);
    let found = compare("the head", &a, "fine-tuning", &b, &labels, &groups);
    assert_eq!((found.both_right, found.only_a, found.only_b), (150, 0, 25));
    assert_eq!((found.better, found.accuracy_difference.value), (Some(true), 0.125));
    assert!(found.accuracy_difference.low > 0.05 && found.log_loss_difference.high < 0.0);
    assert_eq!(
        found.sentence().to_string(),
        "Fine-tuning is better than the head. Of 200 pictures, 25 are right with fine-tuning only \
         and 0 with the head only: a difference of 12.5 points in accuracy (7.6 to 17.1)."
    );
    let back = compare("fine-tuning", &b, "the head", &a, &labels, &groups);
    assert_eq!(back.better, Some(false));
    // The same twenty-five pictures in one group are one witness.
    let one: Vec<usize> = (0..200).map(|i| if i % 8 == 0 { 1000 } else { i }).collect();
    let same = compare("the head", &a, "fine-tuning", &b, &labels, &one);
    assert_eq!(same.better, None, "{same:?}");
    assert!(same.sentence().to_string().starts_with("Fine-tuning is not clearly better or worse"));
    let named = insight::Comparison { b: "efficientnet-lite2".into(), ..same };
    let words = named.sentence().to_string();
    assert!(words.starts_with("efficientnet-lite2 is not clearly"), "{words}");
    let itself = compare("a", &a, "a", &a, &labels, &groups);
    assert_eq!((itself.p_value, itself.better), (1.0, None));
}

/// Where all but a picture or two are named right with certainty, the range of a mean can begin
/// below zero, where no log-loss is.
#[test]
fn a_log_loss_is_nowhere_negative() {
    let units = stats::Units::new(&[0; 60], &(0..60).collect::<Vec<_>>());
    let mut below = 0;
    for set in 0..50 {
        let mut draws = Draws::new(set, Purpose::Synthetic, &[]);
        let losses: Vec<f64> = (0..60).map(|_| (3.0 * draws.normal() - 6.0).exp()).collect();
        let mean = stats::mean(&losses, &units).unwrap();
        let loss = stats::mean_loss(&losses, &units).unwrap();
        assert_eq!((loss.value, loss.interval.high), (mean.value, mean.interval.high));
        assert_eq!(loss.interval.low, mean.interval.low.max(0.0));
        below += usize::from(mean.interval.low < 0.0);
    }
    assert!(below > 0, "no range of a mean began below zero");
}

#[test]
fn groups_widen_what_is_told() {
    let mut record = drawn(600, 1.4);
    let alone = Insight::of(&record);
    // Every picture five times over, as films are.
    for i in 0..600 {
        let first = i / 15 * 15 + i % 3;
        let original = record.held_out[first].clone();
        let (group, fold) = (first, first / 15 % 5);
        record.held_out[i] = HeldOut { group, fold, ..original };
    }
    let together = Insight::of(&record);
    let width = |i: insight::Interval| i.high - i.low;
    let wider = |together, alone| width(together) > 1.6 * width(alone);
    assert!(wider(together.accuracy.interval, alone.accuracy.interval));
    for (together, alone) in together.per_class.iter().zip(&alone.per_class) {
        assert!(wider(together.recall.interval, alone.recall.interval), "{together:?} {alone:?}");
        assert!(wider(together.precision.interval, alone.precision.interval));
        let (together, alone) = (together.f1.unwrap(), alone.f1.unwrap());
        assert!(wider(together.interval, alone.interval), "{together:?} {alone:?}");
    }
}

#[test]
fn how_it_was_judged_is_said() {
    let mut record = drawn(30, 3.0);
    let mut said = |judged| {
        record.protocol = judged;
        record.held_out.iter_mut().for_each(|p| p.fold = 0);
        let insight = Insight::of(&record);
        (insight.protocol_sentence().to_string(), insight.accuracy_sentence().to_string())
    };
    let (how, right) = said(Protocol::OutOfFold { folds: 5, repeats: 3 });
    assert!(how.contains("5-fold cross-validation, repeated 3 times:"), "{how}");
    assert!(right.contains(" of 30 pictures are "), "{right}");
    let (how, right) = said(Protocol::HeldOut { share: Some(0.2) });
    assert!(how.starts_with("20% of the pictures, chosen at random,"), "{how}");
    assert!(right.contains(" of 30 held-out pictures are "), "{right}");
    assert!(said(Protocol::Test).1.contains(" of 30 test pictures are "));
}

/// A part of the record, and a way to make it impossible.
type Case = (&'static str, fn(&mut RunRecord));

#[test]
fn all_of_it_survives_a_round_trip_and_nothing_impossible_does() {
    let mut record = drawn(30, 3.0);
    record.curve = curve(0.3);
    record.shortcuts = vec![Shortcut { what: "the file's size".into(), right: 3, of: 30 }];
    record.candidates = vec![Candidate {
        name: "a".into(),
        log_loss: 0.5,
        range: None,
        behind: None,
        errors: (1, 30),
        chosen: true,
    }];
    let rows: Vec<Vec<f32>> = record.held_out.iter().map(|p| p.logits.clone()).collect();
    let labels: Vec<usize> = record.held_out.iter().map(|p| p.actual).collect();
    let groups: Vec<usize> = (0..30).collect();
    record.comparisons = vec![compare("a", &rows, "b", &rows, &labels, &groups)];
    let json = serde_json::to_string(&record).unwrap();
    assert_eq!(serde_json::from_str::<RunRecord>(&json).unwrap(), record);
    assert_eq!(record.check(0), Ok(()));

    let cases: [Case; 8] = [
        ("how it was judged", |e| e.protocol = Protocol::HeldOut { share: Some(1.0) }),
        ("a candidate", |e| e.candidates[0].errors = (31, 30)),
        ("a candidate", |e| e.candidates[0].log_loss = -1.0),
        ("a comparison", |e| e.comparisons[0].both_right = usize::MAX),
        ("a comparison", |e| e.comparisons[0].p_value = 1.1),
        ("the learning curve", |e| e.curve[0].runs[0] = 1.5),
        ("the learning curve", |e| e.curve[0].per_class.truncate(2)),
        ("a shortcut", |e| e.shortcuts[0].right = 31),
    ];
    for (part, spoil) in cases {
        let mut bad = record.clone();
        spoil(&mut bad);
        if part == "how it was judged" {
            bad.held_out.iter_mut().for_each(|p| p.fold = 0);
        }
        assert_eq!(bad.check(0), Err(RecordError::Impossible { part }));
    }
    let mut bad = record.clone();
    bad.held_out[0].novelty = Some(f32::INFINITY);
    assert_eq!(bad.check(0).unwrap_err().to_string(), "`0.jpg` has the novelty inf");
    bad = record;
    bad.held_out[0].fold = 5;
    assert_eq!(bad.check(0).unwrap_err().to_string(), "fold 5 is named where there are 5");
}
