//! Evidence for tests: as a run would leave it, with drawn thumbnails.

use image::{ExtendedColorType, Rgb, RgbImage, codecs::jpeg::JpegEncoder};
use insight::{BadPicture, Epoch, Evidence, Fact, Prediction, Sample};

/// Everything that [`report::html`] takes, for `classes` of which `wrong` of 10 pictures each are
/// called by the next class's name.
pub(crate) fn evidence(
    classes: &[String],
    pictures: usize,
    wrong: usize,
) -> (Evidence, Vec<Vec<u8>>) {
    let n = classes.len();
    let thumbnails: Vec<Vec<u8>> = (0..n.min(40)).map(thumbnail).collect();
    let mut made = Evidence { classes: classes.to_vec(), ..Evidence::default() };
    for (actual, class) in classes.iter().enumerate() {
        for i in 0..pictures {
            // Mistakes go to neighbours, at several distances, so that pairs differ in count.
            let predicted = if i % 10 < wrong { (actual + 1 + i % 2) % n } else { actual };
            let mut probabilities = vec![0.3 / n as f32; n];
            probabilities[predicted] += 0.7 - 0.01 * (i % 30) as f32;
            let logits = probabilities.iter().map(|p| p.ln()).collect();
            let thumbnail = (actual < thumbnails.len()).then_some(actual);
            let picture = format!("{class}/picture {i}.jpg");
            let group = made.predictions.len();
            let one =
                Prediction { picture, actual, logits, group, thumbnail, ..Prediction::default() };
            made.predictions.push(one);
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
