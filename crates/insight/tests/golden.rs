//! Scores beside those of scikit-learn and SciPy; golden/make.py writes them.

#![allow(clippy::unwrap_used)] // every function here is part of a test

use insight::stats::{self, Units, mcnemar, wilson};
use insight::{Calibration, HeldOut, Insight, RunRecord, Scaling, suspects};
use serde_json::Value;

fn golden() -> Value {
    serde_json::from_str(include_str!("golden/scores.json")).unwrap()
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect()
}

fn counts(value: &Value) -> Vec<usize> {
    numbers(value).into_iter().map(|v| v as usize).collect()
}

fn close(ours: f64, theirs: f64) {
    assert!((ours - theirs).abs() < 1e-6, "{ours} is not {theirs}");
}

fn rows(case: &Value) -> Vec<Vec<f64>> {
    case["probabilities"].as_array().unwrap().iter().map(numbers).collect()
}

fn insight(case: &Value) -> Insight {
    Insight::of(&record(case))
}

fn record(case: &Value) -> RunRecord {
    let rows = case["probabilities"].as_array().unwrap();
    let predictions =
        counts(&case["actual"]).into_iter().zip(rows).enumerate().map(|(i, (actual, row))| {
            let logits = numbers(row).into_iter().map(|p| p.ln() as f32).collect();
            let picture = i.to_string();
            HeldOut { picture, actual, logits, group: i, ..HeldOut::default() }
        });
    let classes = (0..counts(&case["support"]).len()).map(|c| format!("class {c}")).collect();
    RunRecord { classes, held_out: predictions.collect(), ..RunRecord::default() }
}

#[test]
fn wilson_is_scipys() {
    for row in golden()["wilson"].as_array().unwrap() {
        let row = numbers(row);
        let ours = wilson(row[0] as usize, row[1] as usize);
        close(ours.low, row[2]);
        close(ours.high, row[3]);
    }
}

#[test]
fn scores_are_scikit_learns() {
    for case in golden()["cases"].as_array().unwrap() {
        let insight = insight(case);
        let accuracy = insight.accuracy.estimate().unwrap();
        close(accuracy.value, case["accuracy"].as_f64().unwrap());
        close(accuracy.interval.low, case["interval"][0].as_f64().unwrap());
        close(accuracy.interval.high, case["interval"][1].as_f64().unwrap());
        close(insight.error_rate.estimate().unwrap().value, 1.0 - accuracy.value);
        close(
            insight.calibrated.as_ref().unwrap().log_loss_before.value,
            case["log_loss"].as_f64().unwrap(),
        );
        for scores in &insight.per_class {
            let class = scores.class;
            let theirs = |name: &str| numbers(&case[name])[class];
            assert_eq!(scores.recall.n as f64, theirs("support"));
            close(scores.precision.estimate().map_or(0.0, |e| e.value), theirs("precision"));
            close(scores.recall.estimate().unwrap().value, theirs("recall"));
            let f1 = scores.f1.unwrap();
            close(f1.value, theirs("f1"));
            assert!(f1.interval.low <= f1.value && f1.value <= f1.interval.high);
        }
    }
}

#[test]
fn confusion_is_scikit_learns() {
    for case in golden()["cases"].as_array().unwrap() {
        let confusion = insight(case).confusion;
        for (actual, row) in case["confusion"].as_array().unwrap().iter().enumerate() {
            assert_eq!(confusion.counts[actual], counts(row));
            for (predicted, share) in numbers(&case["shares"][actual]).into_iter().enumerate() {
                close(confusion.share(actual, predicted), share);
            }
        }
    }
}

#[test]
fn most_confused_is_fastais() {
    for case in golden()["cases"].as_array().unwrap() {
        let insight = insight(case);
        let pairs: Vec<_> = insight
            .most_confused
            .iter()
            .map(|pair| vec![pair.actual, pair.predicted, pair.count])
            .collect();
        let theirs: Vec<_> = case["most_confused"].as_array().unwrap().iter().map(counts).collect();
        assert_eq!(pairs, theirs);
        for pair in &insight.most_confused {
            assert_eq!(pair.pictures.len(), pair.count);
            for &index in &pair.pictures {
                let judged = &insight.judged[index];
                assert_eq!((judged.actual, judged.predicted), (pair.actual, pair.predicted));
            }
        }
    }
}

#[test]
fn top_losses_come_largest_first() {
    for case in golden()["cases"].as_array().unwrap() {
        let insight = insight(case);
        let mut losses: Vec<f64> = insight.judged.iter().map(|judged| judged.loss).collect();
        losses.sort_by(|a, b| b.total_cmp(a));
        let top: Vec<f64> = insight.top_losses(12).iter().map(|judged| judged.loss).collect();
        assert_eq!(top, losses[..12]);
    }
}

#[test]
fn scores_of_all_classes_are_scikit_learns() {
    for case in golden()["cases"].as_array().unwrap() {
        let (rows, actual) = (rows(case), counts(&case["actual"]));
        let groups: Vec<usize> = (0..actual.len()).collect();
        let units = Units::new(&actual, &groups);
        let first = |row: &Vec<f64>| {
            (1..row.len()).fold(0, |best, c| if row[c] > row[best] { c } else { best })
        };
        let predicted: Vec<usize> = rows.iter().map(first).collect();
        let classes = rows[0].len();
        let f1 = stats::macro_f1(&predicted, &actual, classes, &units).unwrap();
        close(f1.value, case["macro_f1"].as_f64().unwrap());
        let auroc = stats::auroc(&rows, &actual, &units).unwrap();
        close(auroc.value, case["auroc"].as_f64().unwrap());
        let confidence: Vec<f64> = rows.iter().zip(&predicted).map(|(row, &p)| row[p]).collect();
        let right: Vec<bool> = predicted.iter().zip(&actual).map(|(p, a)| p == a).collect();
        let found = stats::reliability(&confidence, &right, &units).unwrap();
        close(found.plain, case["calibration_error"].as_f64().unwrap());
        for estimate in [f1, auroc, found.error] {
            let within = estimate.interval.low..=estimate.interval.high;
            assert!(within.contains(&estimate.value), "{estimate:?}");
        }
    }
}

#[test]
fn confident_learning_follows_its_paper() {
    for case in golden()["cases"].as_array().unwrap() {
        let theirs = &case["confident_learning"];
        let (rows, actual) = (rows(case), counts(&case["actual"]));
        let ours = suspects(&rows, &actual, rows[0].len());
        for (ours, theirs) in ours.thresholds.iter().zip(numbers(&theirs["thresholds"])) {
            close(*ours, theirs);
        }
        for (ours, theirs) in ours.joint.iter().zip(theirs["joint"].as_array().unwrap()) {
            assert_eq!(*ours, counts(theirs));
        }
        let found: Vec<Vec<usize>> =
            ours.pictures.iter().map(|s| vec![s.picture, s.suggested]).collect();
        let expected: Vec<Vec<usize>> =
            theirs["suspects"].as_array().unwrap().iter().map(counts).collect();
        assert_eq!(found, expected);
        close(ours.estimated, theirs["estimated"].as_f64().unwrap());
    }
}

#[test]
fn the_temperature_is_scipys() {
    for case in golden()["cases"].as_array().unwrap() {
        let Scaling::Temperature(ours) = Calibration::of(&record(case)).scaling else {
            panic!("too few pictures for more");
        };
        let theirs = case["temperature"].as_f64().unwrap();
        assert!((ours / theirs - 1.0).abs() < 1e-4, "{ours} is not {theirs}");
    }
}

#[test]
fn mcnemars_test_is_the_binomial_one() {
    for row in golden()["mid_p"].as_array().unwrap() {
        let row = numbers(row);
        close(mcnemar(row[0] as usize, row[1] as usize), row[2]);
    }
}
