//! Writes features that nobody extracted, to see what reading many of them takes:
//! `cargo run --release -p lookalike-tables --example made_up -- FOLDER ROWS FILE`. Ten classes, each around a
//! point of its own. They claim to be of the same network as the features in FILE, which
//! `lookalike features` wrote.

use std::path::Path;

use ground::Digest;
use ground::files::Disk;
use ground::random::{Draws, Purpose};
use tables::features::{Preprocess, Row, Settings, Writer};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [folder, rows, like] = &arguments[..] else {
        return Err("pass FOLDER ROWS FILE".into());
    };
    let file = tables::Parquet::open(Path::new(like), tables::Limits::default())?;
    let settings = Settings { first: 0, ..tables::features::settings(&file)? };
    let Preprocess { size, .. } = settings.preprocess;
    std::fs::create_dir_all(folder)?;
    let mut writer = Writer::begin(&Disk, Path::new(folder), &settings)?;
    for number in 0..rows.parse::<u64>()? {
        let mut draws = Draws::new(1, Purpose::Practice, &[number]);
        let class = number % 10;
        let own = |at: usize| if at as u64 % 10 == class { 0.5 } else { 0.0 };
        let features = (0..settings.dim).map(|at| (own(at) + draws.uniform()) as f32).collect();
        writer.add(Row {
            id: format!("class {class}/{number}.jpg"),
            sha256: Some(Digest::of(&number.to_le_bytes())),
            label: Some(format!("class {class}")),
            width: size as u32,
            height: size as u32,
            bytes: 10_000,
            colour: Some([128.0; 3]),
            features: Some(features),
            ..Row::default()
        })?;
    }
    for file in writer.finish()? {
        println!("{} {} rows, {} bytes", file.path.display(), file.rows, file.bytes);
    }
    Ok(())
}
