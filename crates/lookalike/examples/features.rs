//! Uses a classifier's features: finds, of some pictures, the two that are most alike.
//! `cargo run --release -p lookalike --example features birds.lookalike photos`

use std::error::Error;
use std::io;
use std::path::PathBuf;

use lookalike::{Picture, Predictor, Stop, paths};

fn main() -> Result<(), Box<dyn Error>> {
    let named: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let (model, pictures) = named.split_first().ok_or("name a classifier and some pictures")?;
    let mut predictor = Predictor::load(model)?;
    let pictures = paths(pictures, io::empty())?.map(|path| (path.clone(), Picture::from(path)));
    let mut known: Vec<(PathBuf, Vec<f32>)> = vec![];
    predictor.features(pictures, &Stop::new(), |path, features| match features {
        Ok(features) => known.push((path, features)),
        Err(reason) => eprintln!("{}: {reason}", path.display()),
    })?;
    let pairs = (0..known.len()).flat_map(|a| (0..a).map(move |b| (a, b)));
    let alike = |&(a, b): &(usize, usize)| cosine(&known[a].1, &known[b].1);
    let most = pairs.max_by(|one, other| alike(one).total_cmp(&alike(other)));
    let (a, b) = most.ok_or("two pictures are needed")?;
    let similarity = alike(&(a, b));
    println!("{} and {}: {similarity:.3}", known[a].0.display(), known[b].0.display());
    Ok(())
}

/// The cosine of the angle between two rows of features.
fn cosine(a: &[f32], b: &[f32]) -> f32 {
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
    dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()
}
