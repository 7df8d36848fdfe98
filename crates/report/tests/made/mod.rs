//! RunRecord for tests: as a run would leave it, with drawn thumbnails.

#![allow(dead_code, reason = "each test binary uses a part of this")]

use doctor::{Checkup, Finding, Kind, Light, Seen, Sight, Survey};
use ground::Digest;
use ground::random::{Draws, Purpose};
use image::{ExtendedColorType, Rgb, RgbImage, codecs::jpeg::JpegEncoder};
use insight::{
    BadPicture, Body, Candidate, CurvePoint, Difference, Epoch, Fact, Heat, HeldOut, Interval, Map,
    Place, Protocol, Reasons, RunRecord, Sample, Shortcut, Whose,
};

/// Everything that [`report::html`] takes, for `classes` of which `wrong` of 10 pictures each are
/// called by the next class's name.
pub(crate) fn record(
    classes: &[String],
    pictures: usize,
    wrong: usize,
) -> (RunRecord, Vec<Vec<u8>>) {
    let n = classes.len();
    let thumbnails: Vec<Vec<u8>> = (0..n.min(40)).map(thumbnail).collect();
    let mut made = RunRecord { classes: classes.to_vec(), ..RunRecord::default() };
    for (actual, class) in classes.iter().enumerate() {
        for i in 0..pictures {
            // Mistakes go to neighbours, at several distances, so that pairs differ in count.
            let predicted = if i % 10 < wrong { (actual + 1 + i % 2) % n } else { actual };
            let mut probabilities = vec![0.3 / n as f32; n];
            probabilities[predicted] += 0.7 - 0.01 * (i % 30) as f32;
            let logits = probabilities.iter().map(|p| p.ln()).collect();
            let thumbnail = (actual < thumbnails.len()).then_some(actual);
            let picture = format!("{class}/picture {i}.jpg");
            let group = made.held_out.len();
            let one = HeldOut { picture, actual, logits, group, thumbnail, ..HeldOut::default() };
            made.held_out.push(one);
        }
        for i in 0..6 {
            let picture = format!("{class}/sample {i}.jpg");
            let thumbnail = actual % thumbnails.len();
            made.samples.push(Sample { class: actual, picture, thumbnail });
        }
    }
    let of = n * pictures;
    for (stage, epochs) in [("frozen", 20), ("unfrozen", 10)] {
        for epoch in 1..=epochs {
            let left = 1.0 / epoch as f64;
            made.history.push(Epoch {
                stage: stage.into(),
                epoch,
                train_loss: 0.3 + left,
                valid_loss: Some(0.6 + 0.5 * left + 0.01 * epoch as f64),
                errors: Some(((of as f64 * 0.5 * left) as usize, of)),
                seconds: 31.4,
            });
        }
    }
    made.bad.push(BadPicture { picture: "bee/broken.jpg".into(), reason: "cut off".into() });
    made.notes.push("Few pictures: every range is wide.".into());
    let fact = |name: &str, value: &str| Fact { name: name.into(), value: value.into() };
    made.facts = vec![fact("seed", "42"), fact("weights", &"0123456789abcdef".repeat(4))];
    (made, thumbnails)
}

/// The same as a run out of fold leaves it, with everything that there can be: too sure a network,
/// a few wrong labels, a shortcut.
pub(crate) fn honest(classes: &[String], pictures: usize) -> (RunRecord, Vec<Vec<u8>>) {
    let (mut made, thumbnails) = record(classes, pictures, 0);
    let n = classes.len();
    let mut draws = Draws::new(3, Purpose::Synthetic, &[n as u64]);
    for (i, p) in made.held_out.iter_mut().enumerate() {
        // Every thirtieth label is wrong.
        let shown = if i % 30 == 7 { (p.actual + 1) % n } else { p.actual };
        let signal = |c: usize| if c == shown { 1.9 } else { 0.0 };
        p.logits = (0..n).map(|c| 3.2 * (draws.normal() + signal(c)) as f32).collect();
        p.fold = i % 5;
        p.novelty = Some((0.2 + 0.05 * draws.normal()) as f32);
    }
    let shifted: Vec<Vec<f32>> = made
        .held_out
        .iter()
        .map(|p| p.logits.iter().map(|x| x + 4.0 * draws.normal() as f32).collect())
        .collect();
    let own: Vec<Vec<f32>> = made.held_out.iter().map(|p| p.logits.clone()).collect();
    let labels: Vec<usize> = made.held_out.iter().map(|p| p.actual).collect();
    let groups: Vec<usize> = made.held_out.iter().map(|p| p.group).collect();
    let comparison =
        insight::compare("the fitted head", &shifted, "fine-tuning", &own, &labels, &groups);
    let of = labels.len();
    made.protocol = Protocol::OutOfFold { folds: 5, repeats: 1 };
    made.comparisons = vec![comparison];
    let rival = |name: &str, log_loss, wrong, chosen: bool| Candidate {
        name: name.into(),
        log_loss,
        range: Some(Interval { low: log_loss - 0.1, high: log_loss + 0.1 }),
        behind: (!chosen).then_some(Difference { value: 0.19, low: 0.1, high: 0.3 }),
        errors: (wrong, of),
        chosen,
    };
    made.candidates = vec![
        rival("logistic regression", 0.52, of / 5, true),
        rival("nearest class mean", 0.71, of / 4, false),
        rival("two-layer network", 0.60, of / 5, false),
    ];
    made.curve = [0.1, 0.2, 0.4, 0.7, 1.0]
        .iter()
        .map(|share: &f64| {
            let accuracy = 1.0 - 0.2 * share.powf(-0.35);
            let right = |class: usize| (accuracy * pictures as f64) as usize * 3 + class % 3;
            CurvePoint {
                pictures: (share * 0.8 * of as f64) as usize,
                runs: vec![accuracy - 0.02, accuracy, accuracy + 0.015],
                per_class: (0..n).map(|c| (right(c).min(3 * pictures), 3 * pictures)).collect(),
            }
        })
        .collect();
    see(&mut made);
    let shortcut = |what: &str, right| Shortcut { what: what.into(), right, of };
    made.shortcuts = vec![
        shortcut("the file's size", of / n + of / 20),
        shortcut("the picture's size", of * 3 / 4),
        shortcut("the mean colour", of / n + of / 12),
    ];
    (made, thumbnails)
}

/// What a check leaves: of each class `pictures` pictures and a file that is none; one picture in
/// two classes, near copies, blurred pictures, a shortcut.
pub(crate) fn checkup(classes: &[String], pictures: usize) -> (Checkup, report::check::Thumbnails) {
    let mut survey =
        Survey { folder: "photos".into(), classes: classes.to_vec(), ..Survey::default() };
    for (label, class) in classes.iter().enumerate() {
        for number in 0..=pictures {
            let sight = Sight {
                width: 500,
                height: 375,
                pixels: Digest::of(&[label as u8, number as u8]),
                hash: pictures::PerceptualHash::from_bytes(&[9; pictures::PerceptualHash::BYTES]),
                light: Light::default(),
            };
            survey.files.push(Seen {
                place: format!("photos/{class}/picture {number}.jpg").as_str().into(),
                label,
                side: None,
                bytes: 40_000 + 1_000 * number as u64,
                digest: Some(sight.pixels),
                header: None,
                sight: if number < pictures { Ok(sight) } else { Err("a web page".into()) },
            });
        }
    }
    let (count, of) = (survey.files.len(), pictures + 1);
    let found = |kind, files: Vec<usize>, words: &str| Finding { kind, files, words: words.into() };
    let mut findings = vec![found(Kind::LabelConflict, vec![0, of], "2 files")];
    findings.extend(
        (1..=classes.len()).map(|class| {
            found(Kind::Unreadable, vec![class * of - 1], "a web page is not supported")
        }),
    );
    findings.push(found(Kind::NearCopies, (1..4).collect(), "3 pictures, mirrored"));
    findings.extend(
        (0..count)
            .filter(|file| file % of < pictures / 2)
            .map(|file| found(Kind::Blurred, vec![file], "500 × 375 pixels")),
    );
    findings.push(found(
        Kind::Shortcut,
        vec![],
        "the camera alone names the class of 93 % rightly",
    ));
    let checkup = Checkup { survey, findings, groups: vec![vec![0, of], vec![1, 2, 3]] };
    let shown = report::check::shown(&checkup).into_iter();
    let thumbnails = shown.map(|file| (file, thumbnail(file % 40))).collect();
    (checkup, thumbnails)
}

/// What can be guessed of pictures of so many classes, one of it far too well; and by chance.
pub(crate) fn guesses(classes: usize) -> (Vec<insight::Guessed>, insight::Proportion) {
    let chance = insight::Proportion::new(300 / classes, 300);
    let shortcut = |what: &str, right| Shortcut { what: what.into(), right, of: 300 };
    let judged = [shortcut("the camera", 280), shortcut("the mean colour", 300 / classes + 3)];
    (insight::guessed(&judged, &chance), chance)
}

/// Heat for all but every ninth picture, and places by class with some astray.
fn see(made: &mut RunRecord) {
    let n = made.classes.len();
    for (i, p) in made.held_out.iter_mut().enumerate() {
        let mut draws = Draws::new(4, Purpose::Synthetic, &[i as u64]);
        let called = (0..n).fold(0, |a, b| if p.logits[b] > p.logits[a] { b } else { a });
        let mut classes = vec![called, p.actual];
        classes.dedup();
        if i % 9 != 0 {
            let hot = draws.below(49);
            let cell = |at: usize| {
                let (dx, dy) = ((at % 7).abs_diff(hot % 7), (at / 7).abs_diff(hot / 7));
                255u8 >> (2 * (dx + dy)).min(8).min(7)
            };
            let heat = |class| Heat { class, cells: (0..49).map(cell).collect() };
            p.heat = classes.into_iter().map(heat).collect();
        }
        let turn = std::f64::consts::TAU * p.actual as f64 / n as f64;
        let mut around = |middle: f64| (500.0 + 300.0 * middle + 70.0 * draws.normal()) as u16;
        let near = [around(turn.cos()).min(1000), around(turn.sin()).min(1000)];
        let linear = [around(turn.cos() / 3.0).min(1000), around(turn.sin() / 3.0).min(1000)];
        p.place = Some(Place { linear, near });
    }
    made.reasons = Some(Reasons { whose: Whose::Judge, side: 7 });
    made.map = Some(Map { body: Body::Pretrained, explained: 0.23 });
}

pub(crate) fn names(n: usize) -> Vec<String> {
    let known = ["eskimo_dog", "malamute", "siberian_husky"];
    (0..n)
        .map(|i| known.get(i).map_or_else(|| format!("species_{i}"), |&name| name.to_owned()))
        .collect()
}

/// A disc whose colour and place tell the class.
fn thumbnail(class: usize) -> Vec<u8> {
    let colour = |i: usize| (60 + (class * 67 + i * 91) % 180) as u8;
    let (x0, y0) = (40 + (class * 13 % 32) as i32, 40 + (class * 29 % 32) as i32);
    let picture = RgbImage::from_fn(112, 112, |x, y| {
        let (dx, dy) = (x as i32 - x0, y as i32 - y0);
        if dx * dx + dy * dy < 900 {
            Rgb([colour(0), colour(1), colour(2)])
        } else {
            Rgb([225, 232, 224])
        }
    });
    let mut jpeg = Vec::new();
    JpegEncoder::new_with_quality(&mut jpeg, 80)
        .encode(&picture, 112, 112, ExtendedColorType::Rgb8)
        .unwrap();
    jpeg
}

/// Names made to break out of a page, hide in it, or burst it.
pub(crate) fn hostile() -> Vec<String> {
    vec![
        "<script>alert(1)</script>".into(),
        "\"><img src=x onerror=alert(2)>".into(),
        "'; } body { display:none } /*</style><style>".into(),
        "a\u{202e}gpj.exe\u{2066}\n\0\x1b[2J".into(),
        "שלום עולם".into(),
        "long".repeat(5_000),
        "{{ about.file }}{% endif %}&amp;&lt;".into(),
        "x".into(),
    ]
}
