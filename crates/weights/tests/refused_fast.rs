//! Files made to bloat or stall a reader are refused at once and in little memory. Alone in its
//! process, because it looks at the process's peak of memory.

#![allow(clippy::unwrap_used, reason = "a test's helpers may panic as tests do")]

use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

use weights::safetensors::{File, Limits};

/// The most memory that this process has held, in KiB, where the system tells.
fn peak() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB")?.parse().ok())
}

/// A file whose header is `start`, `count` times `piece`, and `end`; no data.
fn write(path: &Path, start: &str, piece: impl Fn(usize) -> String, count: usize, end: &str) {
    let mut file = std::io::BufWriter::new(std::fs::File::create(path).unwrap());
    let length: usize = start.len() + end.len() + (0..count).map(|n| piece(n).len()).sum::<usize>();
    let padded = length.next_multiple_of(8);
    file.write_all(&(padded as u64).to_le_bytes()).unwrap();
    file.write_all(start.as_bytes()).unwrap();
    (0..count).for_each(|n| file.write_all(piece(n).as_bytes()).unwrap());
    file.write_all(end.as_bytes()).unwrap();
    file.write_all(" ".repeat(padded - length).as_bytes()).unwrap();
}

#[test]
fn bloated_headers_cost_neither_time_nor_memory() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bloated");
    let empty =
        |n| format!(",\"a{n:06}\":{{\"dtype\":\"F32\",\"shape\":[0],\"data_offsets\":[0,0]}}");
    let one =
        |n| format!("\"{n}\":{{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[{n},{}]}},", n + 1);
    type Case<'a> = (&'a str, &'a dyn Fn(usize) -> String, usize, &'a str);
    let cases: [Case<'_>; 6] = [
        // 59 MB of a million empty tensors, which the format's own library takes in seconds and
        // a gigabyte.
        ("{\"x\":{\"dtype\":\"F32\",\"shape\":[0],\"data_offsets\":[0,0]}", &empty, 1_000_000, "}"),
        ("{", &one, 17_000, "}"),
        ("{\"a\":{\"shape\":[1", &|_| ",1".into(), 500_000, "]}}"),
        ("{\"a\":", &|_| "[".into(), 1_000_000, "}"),
        ("{\"a\":", &|_| "{\"a\":".into(), 200_000, "}"),
        ("{\"", &|_| "a".into(), 1_000_000, "\":1}"),
    ];
    for (index, (start, piece, count, end)) in cases.into_iter().enumerate() {
        write(&path, start, piece, count, end);
        let before = peak();
        // The best of three, because a busy machine may pause any one of them.
        let took = (0..3).map(|_| {
            let since = Instant::now();
            assert!(File::open(&path, &Limits::WEIGHTS).is_err(), "case {index}");
            since.elapsed()
        });
        let took = took.min().unwrap_or_default();
        assert!(took < Duration::from_millis(20), "case {index} took {took:?}");
        if let (Some(before), Some(after)) = (before, peak()) {
            assert!(after - before < 8 << 10, "case {index} held {} KiB more", after - before);
        }
    }
}
