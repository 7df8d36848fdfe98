//! The default recipe's judgement, on numbers that stand for features.

#![allow(clippy::unwrap_used, reason = "a test may fail wherever it stands")]

use ground::progress::Silent;
use ground::random::{Draws, Purpose};
use ground::{Digest, Stop};
use insight::{Part, Protocol};
use network::{Backbone, Parameters};
use pictures::{Dataset, Item, Side};
use training::auto::{Auto, AutoError, Fitted, HeadSpec, fit};
use training::features::{About, DerivedCache, Features, Table};

const WIDTH: usize = 200;

/// Pictures of two classes. `content` says which are copies; each has noise for features, and of
/// its class as much as `signal`.
fn made(count: usize, content: impl Fn(usize) -> usize, signal: f64) -> (Dataset, Features) {
    made_wide(WIDTH, count, content, signal)
}

fn made_wide(
    width: usize,
    count: usize,
    content: impl Fn(usize) -> usize,
    signal: f64,
) -> (Dataset, Features) {
    let (mut items, mut numbers) = (vec![], vec![]);
    for picture in 0..count {
        let content = content(picture);
        let mut draws = Draws::new(1, Purpose::Synthetic, &[content as u64]);
        let label = (draws.uniform() < 0.5) as usize;
        numbers.extend((0..width).map(|c| {
            let of_class = if c % 2 == label { signal } else { 0.0 };
            (draws.normal() + of_class) as f32
        }));
        items.push(Item {
            place: format!("{picture}.png").as_str().into(),
            label,
            digest: Digest::of(&content.to_le_bytes()),
            side: Side::Train,
            width: 10,
            height: 10,
        });
    }
    let squares = (0..count).map(|_| vec![0; 3].into()).collect();
    let data = Dataset::of_squares(vec!["a".into(), "b".into()], items, 1, squares);
    let about = vec![About { width: 10, height: 10, colour: [0.0; 3] }; count];
    let table = Table::new(width, numbers);
    (data, Features { table, about, computed: count, kept: DerivedCache::default() })
}

fn fitted(data: &Dataset, features: &Features) -> Fitted {
    let settings = Auto::new(Backbone::Small);
    let body = Parameters::start(&settings.architecture(2).graph(), 1);
    let bytes = vec![100; data.items.len()];
    fit(&settings, data, features, body, Some(&bytes), &Silent, &Stop::new()).unwrap()
}

fn accuracy(data: &Dataset, fitted: &Fitted) -> f64 {
    let held_out = &fitted.record.held_out;
    let right = held_out.iter().zip(&fitted.held_out).filter(|(one, picture)| {
        let answer = usize::from(one.logits[1] > one.logits[0]);
        answer == data.items[**picture].label
    });
    right.count() as f64 / held_out.len() as f64
}

/// There is nothing to learn, and room to learn everything by heart: whoever had seen a picture
/// would name it.
#[test]
fn noise_is_judged_as_noise() {
    let (data, features) = made(120, |picture| picture, 0.0);
    let fitted = fitted(&data, &features);
    assert_eq!(fitted.record.held_out.len(), 120);
    assert!((0.3..0.7).contains(&accuracy(&data, &fitted)), "{}", accuracy(&data, &fitted));
    // Those too that were not chosen.
    let by_chance = |wrong: usize| (36..=84).contains(&wrong);
    assert!(
        fitted.record.candidates.iter().all(|c| by_chance(c.errors.0)),
        "{:?}",
        fitted.record.candidates
    );
}

/// Whoever had seen its copy would name it too.
#[test]
fn copies_do_not_help_one_another() {
    let (data, features) = made(120, |picture| picture / 2, 0.0);
    let fitted = fitted(&data, &features);
    assert!((0.2..0.8).contains(&accuracy(&data, &fitted)), "{}", accuracy(&data, &fitted));
    for pair in fitted.record.held_out.chunks(2) {
        assert_eq!((pair[0].fold, pair[0].group), (pair[1].fold, pair[1].group));
        assert!(pair[0].novelty.unwrap() > 0.1, "its copy is not among what it is compared with");
    }
}

/// Names so long that a classifier's file has room for 42 of them.
#[test]
fn where_there_is_no_room_for_all_an_even_part_is_judged() {
    let (mut data, features) = made(120, |picture| picture / 2, 0.0);
    let whole = fitted(&data, &features);
    assert_eq!((whole.record.part, whole.record.held_out.len()), (None, 120));
    for (picture, item) in data.items.iter_mut().enumerate() {
        item.place = format!("{picture}{}", "x".repeat(3 << 20)).as_str().into();
    }
    let fitted = fitted(&data, &features);
    assert_eq!(fitted.record.part, Some(Part { kept: 42, of: 120 }));
    assert_eq!(fitted.held_out, fitted.record.part.unwrap().places().collect::<Vec<_>>());
    // What is judged is judged as it would be among all, but in one round.
    for (one, &picture) in fitted.record.held_out.iter().zip(&fitted.held_out) {
        let same = &whole.record.held_out[picture];
        assert_eq!((one.fold, one.group, one.logits.len()), (same.fold, same.group, 2));
        assert_eq!(one.novelty, same.novelty, "its copy is not among what it is compared with");
    }
    assert_eq!(fitted.fold_of, whole.fold_of);
    assert_eq!(fitted.head, whole.head, "trained on all");
}

#[test]
fn what_can_be_learned_is_and_a_stop_ends_it() {
    let (data, features) = made(120, |picture| picture, 0.7);
    let fitted = fitted(&data, &features);
    assert!(accuracy(&data, &fitted) > 0.9, "{}", accuracy(&data, &fitted));
    let (first, last) = (&fitted.record.curve[0], fitted.record.curve.last().unwrap());
    assert!(first.pictures < last.pictures && last.pictures == 96, "{:?}", fitted.record.curve);
    // What is the same for all pictures says nothing of them.
    let most = data.items.iter().filter(|item| item.label == 1).count().max(60);
    assert!(fitted.record.shortcuts.iter().all(|shortcut| shortcut.right <= most + 6));
    let settings = Auto::new(Backbone::Small);
    let body = Parameters::start(&settings.architecture(2).graph(), 1);
    let stop = Stop::new();
    stop.ask();
    assert!(fit(&settings, &data, &features, body, Some(&[1; 120]), &Silent, &stop).is_err());
}

/// As where every picture of a small set was taken in one go: nothing is left to learn from.
#[test]
fn where_all_pictures_are_of_one_group_none_can_be_held_out() {
    let (mut data, features) = made(20, |picture| picture, 1.0);
    data.groups.fill(0);
    let settings = Auto::new(Backbone::Small);
    let body = Parameters::start(&settings.architecture(2).graph(), 1);
    let refused = fit(&settings, &data, &features, body, Some(&[100; 20]), &Silent, &Stop::new());
    assert!(matches!(refused, Err(AutoError::Related)), "{refused:?}");
}

#[test]
fn a_given_side_is_judged_and_a_test_before_all() {
    let (mut data, features) = made(90, |picture| picture, 0.7);
    let side = |picture: usize| [Side::Train, Side::Train, Side::Valid][picture % 3];
    data.set_sides(&(0..90).map(side).collect::<Vec<_>>());
    let held_out = fitted(&data, &features);
    assert_eq!(held_out.record.protocol, Protocol::HeldOut { share: None });
    assert!(held_out.held_out.iter().all(|picture| picture % 3 == 2));
    let side = |picture: usize| [Side::Train, Side::Test, Side::Valid][picture % 3];
    data.set_sides(&(0..90).map(side).collect::<Vec<_>>());
    let tested = fitted(&data, &features);
    assert_eq!((tested.record.protocol, tested.held_out.len()), (Protocol::Test, 30));
    assert!(tested.held_out.iter().all(|picture| picture % 3 == 1));
}

/// Where there are more pictures than a strength and a curve need, parts of them are taken.
#[test]
fn many_pictures_are_judged_too() {
    let count = 52_000;
    let (data, features) = made_wide(8, count, |picture| picture, 0.7);
    let fitted = fitted(&data, &features);
    assert_eq!(fitted.record.held_out.len(), count);
    let accuracy = accuracy(&data, &fitted);
    // Two corners 0.7·√8 apart, noise of 1: Φ(0.99) = 0.839.
    assert!((0.83..0.85).contains(&accuracy), "{accuracy}");
    assert!(
        fitted.record.curve.iter().all(|point| point.runs.len() == 1),
        "{:?}",
        fitted.record.curve
    );
    let last = fitted.record.curve.last().unwrap();
    assert_eq!(last.pictures, count / 5 * 4);
    assert_eq!(last.per_class.iter().map(|class| class.1).sum::<usize>(), count / 5);
}

/// The heads that are asked for reasons are those that judged: on pictures so few that they are
/// fitted in their span, and on more.
#[test]
fn the_judges_of_the_first_round_are_handed_on() {
    for count in [90, 200] {
        let (data, features) = made(count, |picture| picture, 0.3);
        let settings = Auto { repeats: Some(1), ..Auto::new(Backbone::Small) };
        let body = Parameters::start(&settings.architecture(2).graph(), 1);
        let bytes = vec![100; data.items.len()];
        let fitted =
            fit(&settings, &data, &features, body, Some(&bytes), &Silent, &Stop::new()).unwrap();
        assert_eq!(fitted.fold_heads.len(), 5);
        let apart = |head: usize, at: usize| {
            let picture = fitted.held_out[at];
            let logits = fitted.fold_heads[head].logits(&features.table, &[picture]).unwrap();
            logits[0]
                .iter()
                .zip(&fitted.record.held_out[at].logits)
                .map(|(a, b)| (a - b).abs())
                .fold(0.0, f32::max)
        };
        let largest = |of: &dyn Fn(usize) -> usize| {
            let held_out = fitted.record.held_out.iter().enumerate();
            held_out.map(|(at, one)| apart(of(one.fold), at)).fold(0.0, f32::max)
        };
        assert!(largest(&|fold| fold) < 0.02, "{count}: {}", largest(&|fold| fold));
        assert!(largest(&|fold| (fold + 1) % 5) > 0.2, "another fold's judge says something else");
        // Every judged picture is on the map of so few.
        let record = &fitted.record;
        assert!(record.map.is_some() && record.held_out.iter().all(|one| one.place.is_some()));
    }
}

/// Pictures whose classes lie in opposite corners, so far apart, and on both sides of a line too.
fn corners(seed: u64, corner: f64, line: f64) -> (Dataset, Features) {
    let (data, mut features) = made_wide(16, 300, |picture| picture, 0.0);
    let mut numbers = vec![];
    for (picture, item) in data.items.iter().enumerate() {
        let mut draws = Draws::new(seed, Purpose::Synthetic, &[picture as u64]);
        let side = if draws.chance(0.5) { 1.0 } else { -1.0 };
        let sign = if item.label == 0 { 1.0 } else { -1.0 };
        numbers.extend((0..16).map(|c| {
            let at = corner * if c % 2 == 0 { side } else { side * sign };
            (2.0 + at + line * sign + 0.7 * draws.normal()) as f32
        }));
    }
    features.table = Table::new(16, numbers);
    (data, features)
}

/// Where no straight line parts the classes, the two-layer network is selected: it judges, it is
/// handed on, and the network that comes of it has its layers.
#[test]
fn the_two_layer_network_is_selected_where_it_is_better() {
    let (data, features) = corners(9, 1.0, 0.0);
    let fitted = fitted(&data, &features);
    let taken = fitted.record.candidates.iter().find(|c| c.chosen).map(|c| c.name.as_str());
    assert_eq!((taken, fitted.chosen), (Some("two-layer network"), HeadSpec::Hidden));
    assert_eq!(fitted.record.protocol, Protocol::OutOfFold { folds: 5, repeats: 1 });
    assert!(accuracy(&data, &fitted) > 0.8, "{}", accuracy(&data, &fitted));
    // All three were asked about the same pictures, and the others are behind, beyond chance.
    for other in fitted.record.candidates.iter().filter(|c| !c.chosen) {
        assert_eq!(other.errors.1, 300);
        assert!(other.behind.unwrap().low > 0.1, "{other:?}");
    }
    for (one, &picture) in fitted.record.held_out.iter().zip(&fitted.held_out) {
        let judge = &fitted.fold_heads[one.fold];
        assert_eq!(judge.logits(&features.table, &[picture]).unwrap()[0], one.logits);
    }
    assert!(fitted.record.curve.iter().all(|point| point.runs.len() == 1));
}

/// A lead that chance explains is no reason to take it.
#[test]
fn the_small_network_is_not_taken_for_its_luck() {
    let (data, features) = corners(13, 0.36, 0.2);
    let fitted = fitted(&data, &features);
    let [.., network] = &fitted.record.candidates[..] else { panic!("three candidates") };
    let lead = network.behind.unwrap();
    assert!(lead.value < 0.0 && lead.high > 0.0, "{network:?}");
    assert!(!network.chosen && matches!(fitted.chosen, HeadSpec::Linear(..)));
    assert_eq!(fitted.record.protocol, Protocol::OutOfFold { folds: 5, repeats: 2 });
}

/// Where a linear head is as good, the small network is tried on the first folds only.
#[test]
fn the_small_network_gives_up_early() {
    let (data, features) = made(300, |picture| picture, 0.5);
    let fitted = fitted(&data, &features);
    let [.., network] = &fitted.record.candidates[..] else { panic!("three candidates") };
    assert_eq!((network.name.as_str(), network.chosen), ("two-layer network", false));
    assert!((100..200).contains(&network.errors.1), "{network:?}");
    assert!(network.behind.unwrap().value > 0.0 && network.range.is_some());
    assert_eq!(fitted.record.protocol, Protocol::OutOfFold { folds: 5, repeats: 2 });
}
