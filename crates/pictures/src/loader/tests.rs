use std::collections::HashSet;
use std::fs;

use ground::progress::Silent;
use ground::random::{Draws, Purpose};
use ground::{Digest, Stop};

use super::{Batch, Batching, Loader};
use crate::dataset::Settings;
use crate::{Augment, Dataset, Folder, Item, PicturesError, Preprocess, Side};

const SIZE: usize = 6;

fn dataset(count: usize) -> Dataset {
    let mut draws = Draws::new(1, Purpose::Synthetic, &[]);
    let item = |index: usize| Item {
        place: format!("{index}.png").as_str().into(),
        label: index % 3,
        digest: Digest::of(&index.to_le_bytes()),
        side: Side::Train,
        width: 6,
        height: 6,
    };
    let squares = (0..count).map(|_| (0..SIZE * SIZE * 3).map(|_| draws.bits() as u8).collect());
    let classes = ["oak", "elm", "ash"].map(String::from).into();
    Dataset::of_squares(classes, (0..count).map(item).collect(), SIZE, squares.collect())
}

fn epoch(dataset: &Dataset, batching: &Batching, epoch: u64) -> Vec<Batch> {
    let preprocess = Preprocess::square(network::Backbone::ResNet50.preprocessing(), SIZE);
    let indices = (0..dataset.items.len()).collect();
    let loader = Loader::new(dataset, indices, &preprocess, batching.clone());
    let mut batches = vec![];
    loader
        .epoch(epoch, |batch| {
            batches.push(batch.clone());
            Ok::<_, PicturesError>(())
        })
        .unwrap();
    assert_eq!(batches.len(), loader.batches());
    for batch in &batches {
        assert_eq!((batch.count, batch.size), (batch.pictures.len(), SIZE));
        assert_eq!(batch.pixels.len(), batch.count * SIZE * SIZE * 3);
        let label = |&picture: &usize| dataset.items[picture].label;
        assert_eq!(batch.labels, batch.pictures.iter().map(label).collect::<Vec<_>>());
    }
    batches
}

fn order(batches: &[Batch]) -> Vec<usize> {
    batches.iter().flat_map(|batch| batch.pictures.clone()).collect()
}

#[test]
fn workers_change_nothing() {
    let dataset = dataset(23);
    let train = Batching { workers: 0, ..Batching::to_train(4, Some(Augment::default()), 9) };
    let alone = epoch(&dataset, &train, 5);
    for workers in [1, 2, 7] {
        assert_eq!(epoch(&dataset, &Batching { workers, ..train.clone() }, 5), alone);
    }
    assert_ne!(epoch(&dataset, &train, 6), alone);
    assert_ne!(epoch(&dataset, &Batching { seed: 10, ..train }, 5), alone);
}

#[test]
fn an_epoch_that_goes_on_gives_what_is_left_of_it() {
    let dataset = dataset(23);
    let train = Batching::to_train(4, Some(Augment::default()), 9);
    let preprocess = Preprocess::square(network::Backbone::ResNet50.preprocessing(), SIZE);
    let whole = epoch(&dataset, &train, 5);
    for workers in [0, 1, 3] {
        let batching = Batching { workers, ..train.clone() };
        let loader = Loader::new(&dataset, (0..23).collect(), &preprocess, batching);
        for done in 0..=whole.len() + 1 {
            let mut left = vec![];
            loader
                .epoch_from(5, done, |batch| {
                    left.push(batch.clone());
                    Ok::<_, PicturesError>(())
                })
                .unwrap();
            assert_eq!(left, whole[done.min(whole.len())..]);
        }
    }
}

#[test]
fn alterations_follow_the_content_not_the_place() {
    let dataset = dataset(8);
    let batching = Batching { augment: Some(Augment::default()), ..Batching::to_measure(1) };
    let ordered = epoch(&dataset, &batching, 2);
    for batch in epoch(&dataset, &Batching { shuffle: true, ..batching }, 2) {
        assert_eq!(batch, ordered[batch.pictures[0]]);
    }
}

/// What is not square is learned from every place along its longer side, and measured in the middle.
#[test]
fn learning_goes_along_the_longer_side() {
    let folder = tempfile::tempdir().unwrap();
    for (class, width, height) in [("wide", 18, 6), ("wide", 6, 18), ("square", 6, 6)] {
        let dir = folder.path().join(class);
        fs::create_dir_all(&dir).unwrap();
        let grey = |x: u32, y: u32| image::Luma([(x * 13 + y * 11) as u8]);
        let picture = image::GrayImage::from_fn(width, height, grey);
        picture.save(dir.join(format!("{width}x{height}.png"))).unwrap();
    }
    let settings = Settings { margin: true, valid_fraction: 0.0, ..Settings::default() };
    let (preprocess, stop) =
        (Preprocess::square(network::Backbone::ResNet50.preprocessing(), SIZE), Stop::new());
    let folder = Folder::scan(folder.path()).unwrap();
    let dataset = Dataset::prepare(&folder, &preprocess, &settings, &Silent, &stop).unwrap();
    let plain = Augment { flip: false, p_affine: 0.0, p_lighting: 0.0, ..Augment::default() };
    let learn = Batching { workers: 0, ..Batching::to_train(1, Some(plain), 3) };
    let mut seen = vec![HashSet::new(); 3];
    for batch in (0..60).flat_map(|number| epoch(&dataset, &learn, number)) {
        let bits: Vec<u32> = batch.pixels.iter().map(|x| x.to_bits()).collect();
        seen[batch.pictures[0]].insert(bits);
    }
    let places =
        dataset.items.iter().map(|item| if item.width == item.height { 1 } else { SIZE + 1 });
    assert_eq!(seen.iter().map(HashSet::len).collect::<Vec<_>>(), places.collect::<Vec<_>>());
    for batch in epoch(&dataset, &Batching::to_measure(1), 0) {
        let mut square = [0; SIZE * SIZE * 3];
        dataset.read(batch.pictures[0], &mut square).unwrap();
        let mut expected = vec![0.0; square.len()];
        preprocess.normalise(&square, &mut expected);
        assert_eq!(batch.pixels, expected);
    }
}

#[test]
fn measuring_gives_every_picture_once_in_order() {
    let dataset = dataset(9);
    let batches = epoch(&dataset, &Batching::to_measure(4), 0);
    assert_eq!(batches.iter().map(|b| b.count).collect::<Vec<_>>(), [4, 4, 1]);
    assert_eq!(order(&batches), (0..9).collect::<Vec<_>>());
    let mut square = [0; SIZE * SIZE * 3];
    dataset.read(8, &mut square).unwrap();
    let mut expected = vec![0.0; square.len()];
    Preprocess::square(network::Backbone::ResNet50.preprocessing(), SIZE)
        .normalise(&square, &mut expected);
    assert_eq!(batches[2].pixels, expected);
}

#[test]
fn training_drops_what_does_not_fill_a_batch() {
    let batching = Batching::to_train(4, None, 1);
    let counts = |pictures: usize| {
        let batches = epoch(&dataset(pictures), &batching, 0);
        batches.iter().map(|b| b.count).collect::<Vec<_>>()
    };
    assert_eq!(counts(11), [4, 4]);
    assert_eq!(counts(8), [4, 4]);
    assert_eq!(counts(3), [3]);
    assert_eq!(counts(0), [0; 0]);
    // Each epoch leaves out others.
    let dataset = dataset(11);
    let mut seen: Vec<usize> = (0..9).flat_map(|e| order(&epoch(&dataset, &batching, e))).collect();
    seen.sort_unstable();
    seen.dedup();
    assert_eq!(seen.len(), 11);
}

#[test]
fn an_error_of_the_caller_ends_the_epoch() {
    let dataset = dataset(40);
    let preprocess = Preprocess::square(network::Backbone::ResNet50.preprocessing(), SIZE);
    for workers in [0, 1, 3] {
        let batching = Batching { workers, ..Batching::to_train(2, None, 1) };
        let loader = Loader::new(&dataset, (0..40).collect(), &preprocess, batching);
        let mut taken = 0;
        let result = loader.epoch(0, |_| {
            taken += 1;
            if taken == 3 { Err(PicturesError::Stopped) } else { Ok(()) }
        });
        assert!(matches!(result, Err(PicturesError::Stopped)) && taken == 3);
    }
}
