//! Damaged files: an error or rows, never a panic, and no more memory than the limits allow.
#![allow(clippy::unwrap_used, reason = "a test may fail wherever it stands")]

use std::path::Path;

use ground::files::Disk;
use ground::random::{Draws, Purpose};
use tables::features::{Row, Settings, Writer, read, settings};
use tables::{Limits, Parquet};

/// Mutated files that are read.
const MUTATED: u64 = 2000;
/// The most that the process may have taken, in kilobytes.
const MEMORY: u64 = 1 << 20;

fn sound(folder: &Path, half: bool) -> Vec<u8> {
    let kind = Settings { backbone: "small".into(), dim: 8, half, ..Settings::default() };
    let mut writer = Writer::begin(&Disk, folder, &kind).unwrap();
    for at in 0..600u32 {
        let features = (at % 7 > 0).then(|| (0..8).map(|x| (x * at) as f32).collect());
        let label = Some(["wren", "robin"][at as usize % 2].to_owned());
        let print = Some(vec![at as u8; 16]);
        writer
            .add(Row { id: format!("{at}.jpg"), label, print, features, ..Row::default() })
            .unwrap();
    }
    std::fs::read(&writer.finish().unwrap()[0].path).unwrap()
}

/// Damages a file: single bytes and bits, cuts, and pieces that are copied elsewhere; in the footer as
/// often as in the rest, as it is what lengths and types come from.
fn mutate(bytes: &mut Vec<u8>, draws: &mut Draws) {
    let footer =
        bytes.len() - 8 - bytes[bytes.len() - 8] as usize - 256 * bytes[bytes.len() - 7] as usize;
    let at = |draws: &mut Draws, from: usize, to: usize| from + draws.below(to - from);
    for _ in 0..=draws.below(4) {
        let end = bytes.len();
        let from = if draws.chance(0.5) { footer.min(end - 1) } else { 0 };
        let place = at(draws, from, end);
        match draws.below(10) {
            0 => bytes.truncate(place.max(1)),
            1 => {
                let other = at(draws, 0, end);
                let length = draws.below(64).min(end - place.max(other));
                bytes.copy_within(other..other + length, place);
            }
            2..=4 => bytes[place] ^= 1 << draws.below(8),
            5 => bytes[place] = 0xff,
            _ => bytes[place] = draws.below(256) as u8,
        }
    }
}

#[test]
fn two_thousand_mutated_files_neither_panic_nor_take_much_memory() {
    let place = tempfile::tempdir().unwrap();
    let sound = [false, true].map(|half| sound(place.path(), half));
    let path = place.path().join("mutated.parquet");
    let (mut refused, mut read_on) = (0, 0);
    for number in 0..MUTATED {
        let mut draws = Draws::new(7, Purpose::Practice, &[number]);
        let mut bytes = sound[number as usize % 2].clone();
        mutate(&mut bytes, &mut draws);
        std::fs::write(&path, &bytes).unwrap();
        let rows = || -> Result<usize, tables::TablesError> {
            let file = Parquet::open(&path, Limits::default())?;
            settings(&file)?;
            let mut rows = 0;
            read(&file, &mut |_| {
                rows += 1;
                Ok(())
            })?;
            Ok(rows)
        };
        match rows() {
            Ok(_) => read_on += 1,
            Err(error) => {
                let text = error.to_string();
                assert!(text.contains("mutated.parquet"), "{number}: {text}");
                refused += 1;
            }
        }
    }
    // Most are found out; those that are not had a byte changed that means nothing, or a label's.
    assert!(refused > MUTATED / 2 && read_on > 0, "{refused} refused, {read_on} read");
    if let Ok(status) = std::fs::read_to_string("/proc/self/status") {
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let peak: u64 = peak.unwrap().trim().trim_end_matches(" kB").parse().unwrap();
        assert!(peak < MEMORY, "{peak} kB");
    }
}
