//! Everything about a weights file is hostile until checked: one case for each line of the
//! check-list, a golden file of the reference library, mutated headers, faults while writing.

#![allow(clippy::unwrap_used, reason = "a test's helpers may panic as tests do")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use ground::Hash;
use ground::files::Failing;
use proptest::prelude::*;
use weights::WeightsError;
use weights::safetensors::{
    Dtype, File, Limits, Malformed, TensorRef, Values, content_digest, write, write_on,
};

/// A file with this header, padded as it should be, and so many bytes of data.
fn file(header: &str, data: usize) -> Vec<u8> {
    let mut header = header.as_bytes().to_vec();
    header.resize(header.len().next_multiple_of(8), b' ');
    raw(&header, data)
}

fn raw(header: &[u8], data: usize) -> Vec<u8> {
    let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
    bytes.extend(header);
    bytes.resize(bytes.len() + data, 0);
    bytes
}

fn read(bytes: &[u8]) -> Result<File<&[u8]>, WeightsError> {
    File::of_bytes(Path::new("test"), bytes, &Limits::WEIGHTS)
}

/// The error and its cause in one line.
fn refusal(bytes: &[u8]) -> String {
    let error = read(bytes).expect_err("accepted");
    let WeightsError::Malformed { reason, .. } = error else { panic!("{error}") };
    reason.to_string()
}

/// A header entry of F32 numbers.
fn entry(name: &str, shape: &str, start: u64, end: u64) -> String {
    format!(r#""{name}":{{"dtype":"F32","shape":{shape},"data_offsets":[{start},{end}]}}"#)
}

#[test]
fn what_is_right_is_read() {
    for (header, data) in [
        ("{}".to_owned(), 0),
        (r#"{"__metadata__":{}}"#.to_owned(), 0),
        (format!("{{{}}}", entry("a", "[]", 0, 4)), 4),
        (format!("{{{}}}", entry("a.b-C_9", "[1,1,1,1,1,1,1,2]", 0, 8)), 8),
        // An object has no order; what counts is where the bytes lie.
        (format!("{{{},{}}}", entry("b", "[1]", 4, 8), entry("a", "[1]", 0, 4)), 8),
        (format!("{{{}}}", entry(&"n".repeat(128), "[1]", 0, 4)), 4),
    ] {
        assert!(read(&file(&header, data)).is_ok(), "{header}");
    }
}

#[test]
fn each_line_of_the_check_list_refuses() {
    let one = entry("a", "[1]", 0, 4);
    let object = |inside: &str| format!("{{{inside}}}");
    let json = |inside: &str, data| file(&object(inside), data);
    let many: Vec<String> =
        (0..2001).map(|n| entry(&format!("t{n}"), "[1]", 4 * n, 4 * n + 4)).collect();
    let nested = |depth| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    let mut wide = (2u64 << 20).to_le_bytes().to_vec();
    wide.resize(3 << 20, b' ');
    let mut latin = file(&object(&one), 4);
    latin[10] = 0xe9;

    let cases: Vec<(&str, Vec<u8>, &str)> = vec![
        ("empty file", vec![], "0 bytes are too few"),
        ("7 bytes", vec![0; 7], "7 bytes are too few"),
        ("no header", vec![0; 8], "does not start with `{`"),
        (
            "header beyond the file",
            [&[16, 0, 0, 0, 0, 0, 0, 0][..], b"{}      "].concat(),
            "announce a header of 16 bytes, but the file has 16",
        ),
        (
            "header of 2⁶⁴−1 bytes",
            [[0xff; 8], *b"{}      "].concat(),
            "announce a header of 18446744073709551615",
        ),
        ("header above the limit", wide, "the limit is 1048576"),
        ("first byte a space", file(&format!(" {}", object(&one)), 4), "does not start with `{`"),
        ("first byte of a zip", file("PK", 0), "does not start with `{`"),
        ("byte order mark", file("\u{feff}{}", 0), "does not start with `{`"),
        ("not UTF-8", latin, "not UTF-8"),
        ("not closed", file("{", 0), "does not end with `}`"),
        ("padded with zeros", raw(b"{}\0\0\0\0\0\0", 0), "does not end with `}`"),
        ("padded with newlines", raw(b"{}\n\n\n\n\n\n", 0), "does not end with `}`"),
        ("two objects", file("{}{}", 0), "trailing characters"),
        ("data not aligned", raw(object(&one).as_bytes(), 4), "not a multiple of 8"),
        ("an array", file("{\"a\":[]}", 0), "expected an object with `dtype`"),
        (
            "entry as a sequence",
            json(r#""a":["F32",[1],[0,4]]"#, 4),
            "expected an object with `dtype`",
        ),
        ("deep nesting", json(&format!(r#""a":{}"#, nested(5000)), 0), "expected an object"),
        ("deep nesting in a shape", json(&entry("a", &nested(5000), 0, 4), 4), "expected u64"),
        ("deep metadata", json(r#""__metadata__":{"a":{"b":"c"}}"#, 0), "expected a string"),
        ("metadata null", json(r#""__metadata__":null"#, 0), "expected an object of strings"),
        ("duplicate tensor", json(&format!("{one},{one}"), 4), "`a` stands twice"),
        (
            "duplicate by escape",
            json(&format!("{one},{}", entry("\\u0061", "[1]", 4, 8)), 8),
            "`a` stands twice",
        ),
        (
            "duplicate metadata",
            json(r#""__metadata__":{},"__metadata__":{}"#, 0),
            "`__metadata__` stands twice",
        ),
        ("duplicate key in metadata", json(r#""__metadata__":{"a":"","a":""}"#, 0), "stands twice"),
        (
            "duplicate key in a tensor",
            json(r#""a":{"dtype":"F32","dtype":"F32","shape":[1],"data_offsets":[0,4]}"#, 4),
            "`dtype` of a tensor stands twice",
        ),
        (
            "unknown key",
            json(r#""a":{"dtype":"F32","shape":[1],"data_offsets":[0,4],"device":"cuda"}"#, 4),
            "unknown key `device`",
        ),
        (
            "missing key",
            json(r#""a":{"dtype":"F32","shape":[1]}"#, 4),
            "missing field `data_offsets`",
        ),
        ("path as a name", json(&entry("../../x", "[1]", 0, 4), 4), "is named `../../x`"),
        ("NUL in a name", json(&entry("x\\u0000", "[1]", 0, 4), 4), r"is named `x\0`"),
        (
            "escape sequence in a name",
            json(&entry("\\u001b[2J", "[1]", 0, 4), 4),
            r"is named `\u{1b}[2J`",
        ),
        ("empty name", json(&entry("", "[1]", 0, 4), 4), "is named ``"),
        ("name of 129", json(&entry(&"n".repeat(129), "[1]", 0, 4), 4), "…`"),
        (
            "a long string for a tensor",
            json(&format!("\"a\":\"{}\"", "x".repeat(9000)), 0),
            "invalid type",
        ),
        ("lone surrogate", json(&entry("\\ud800", "[1]", 0, 4), 4), "hex escape"),
        ("2,001 tensors", json(&many.join(","), 8004), "more than 2000 tensors"),
        ("rank 9", json(&entry("a", "[1,1,1,1,1,1,1,1,1]", 0, 4), 4), "more than 8 dimensions"),
        (
            "rank 100,001",
            json(&entry("a", &format!("[1{}]", ",1".repeat(100_000)), 0, 4), 4),
            "more than 8 dimensions",
        ),
        ("dimension 0", json(&entry("a", "[0]", 0, 0), 0), "dimension of 0"),
        ("0 × 2⁶⁴−1", json(&entry("a", "[0,18446744073709551615,2]", 0, 0), 0), "dimension of 0"),
        ("dimension above 2²⁴", json(&entry("a", "[16777217]", 0, 4), 4), "dimension of 16777217"),
        ("negative dimension", json(&entry("a", "[-1]", 0, 4), 4), "expected u64"),
        ("fractional dimension", json(&entry("a", "[1.0]", 0, 4), 4), "expected u64"),
        ("dimension 2⁶⁴", json(&entry("a", "[18446744073709551616]", 0, 4), 4), "expected u64"),
        (
            "product overflows to 0",
            json(&entry("a", "[16777216,16777216,65536]", 0, 0), 0),
            "does not fill",
        ),
        (
            "unknown dtype",
            json(r#""a":{"dtype":"F8_E4M3","shape":[4],"data_offsets":[0,4]}"#, 4),
            "`F8_E4M3`",
        ),
        (
            "dtype in lower case",
            json(r#""a":{"dtype":"f32","shape":[1],"data_offsets":[0,4]}"#, 4),
            "`f32`",
        ),
        (
            "fewer bytes than the shape",
            json(&entry("a", "[2]", 0, 4), 4),
            "does not fill bytes 0 to 4",
        ),
        (
            "more bytes than the shape",
            json(&entry("a", "[1]", 0, 8), 8),
            "does not fill bytes 0 to 8",
        ),
        ("end before start", json(&entry("a", "[1]", 4, 0), 4), "starts at byte 4"),
        (
            "offsets that overflow",
            json(&entry("a", "[1]", u64::MAX, 3), 4),
            "starts at byte 18446744073709551615",
        ),
        (
            "three offsets",
            json(r#""a":{"dtype":"F32","shape":[1],"data_offsets":[0,4,8]}"#, 4),
            "trailing characters",
        ),
        ("not from 0", json(&entry("a", "[1]", 4, 8), 8), "starts at byte 4 of the data, not at 0"),
        (
            "a hole",
            json(&format!("{one},{}", entry("b", "[1]", 8, 12)), 12),
            "starts at byte 8 of the data, not at 4",
        ),
        (
            "an overlap",
            json(&format!("{one},{}", entry("b", "[1]", 2, 6)), 6),
            "starts at byte 2 of the data, not at 4",
        ),
        (
            "the same bytes twice",
            json(&format!("{one},{}", entry("b", "[1]", 0, 4)), 4),
            "starts at byte 0 of the data, not at 4",
        ),
        (
            "data cut short",
            json(&entry("a", "[2]", 0, 8), 7),
            "cover 8 bytes of data, but the file has 7",
        ),
        ("a tail", json(&one, 5), "cover 4 bytes of data, but the file has 5"),
        ("data without a tensor", file("{}", 1), "cover 0 bytes of data, but the file has 1"),
    ];
    for (what, bytes, expected) in cases {
        let refusal = refusal(&bytes);
        assert!(refusal.contains(expected), "{what}: {refusal}");
        assert!(refusal.len() < 400 && !refusal.contains('\u{1b}'), "{what}: not fit to be shown");
    }
}

#[test]
fn a_file_above_the_limit_or_no_file_is_refused_unread() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sparse");
    std::fs::File::create(&path).unwrap().set_len((2 << 30) + 1).unwrap();
    let error = File::open(&path, &Limits::WEIGHTS).unwrap_err();
    assert!(
        matches!(error, WeightsError::Malformed { reason: Malformed::Large { .. }, .. }),
        "{error}"
    );
    assert!(matches!(File::open(folder.path(), &Limits::WEIGHTS), Err(WeightsError::File(_))));
    assert!(matches!(
        File::open(&folder.path().join("none"), &Limits::WEIGHTS),
        Err(WeightsError::File(_))
    ));
}

#[test]
fn the_reference_librarys_file_is_read_exactly() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden/mixed.safetensors");
    let file = File::open(&path, &Limits::WEIGHTS).unwrap();
    assert_eq!(file.layout().metadata()["kind"], "wagtail é");
    assert_eq!(file.tensor_f32("f32").unwrap(), [1.5, -2.25, f32::MAX]);
    let values = [0.0, -0.5, 1.0, 65504.0, 6.103_515_6e-5, 5.960_464_5e-8];
    assert_eq!(file.tensor_f32("f16").unwrap(), values);
    let mut rounded = values;
    rounded[3] = 65536.0;
    assert_eq!(file.tensor_f32("bf16").unwrap(), rounded);
    assert_eq!(file.layout().entries()["f16"].shape, [2, 3]);
    let counter = &file.layout().entries()["bn1.num_batches_tracked"];
    assert_eq!((counter.dtype, counter.shape.len(), counter.bytes), (Dtype::I64, 0, 8));
    assert_eq!(file.bytes("u8").unwrap(), [0, 1, 2, 3, 4]);

    assert!(matches!(file.bytes("f32"), Err(WeightsError::Dtype { .. })));
    assert!(matches!(file.tensor_f32("u8"), Err(WeightsError::Dtype { .. })));
    assert!(matches!(file.tensor_f32("nothing"), Err(WeightsError::NoTensor { .. })));
}

/// Three tensors and their file's metadata.
fn sample() -> (BTreeMap<String, String>, [TensorRef<'static>; 3]) {
    let tensors = [
        TensorRef { name: "thumbnail", shape: &[3], values: Values::U8(&[1, 2, 255]) },
        TensorRef { name: "seen", shape: &[1, 2], values: Values::BF16(&[-0.5, 1.001]) },
        TensorRef { name: "weight", shape: &[2, 1], values: Values::F32(&[-0.0, 1.0e-40]) },
    ];
    ([("classes".to_owned(), "[\"wren\"]".to_owned())].into(), tensors)
}

#[test]
fn what_is_written_is_read_and_does_not_depend_on_order() {
    let folder = tempfile::tempdir().unwrap();
    let (one, two) = (folder.path().join("one"), folder.path().join("two"));
    let (metadata, mut tensors) = sample();
    write(&one, &metadata, &tensors).unwrap();
    tensors.reverse();
    write(&two, &metadata, &tensors).unwrap();
    assert_eq!(std::fs::read(&one).unwrap(), std::fs::read(&two).unwrap());

    let file = File::open(&one, &Limits::WEIGHTS).unwrap();
    assert_eq!(file.layout().metadata(), &metadata);
    assert_eq!(file.bytes("thumbnail").unwrap(), [1, 2, 255]);
    assert_eq!(file.tensor_f32("seen").unwrap(), [-0.5, 1.0]);
    let bits: Vec<u32> = file.tensor_f32("weight").unwrap().iter().map(|x| x.to_bits()).collect();
    assert_eq!(bits, [(-0.0f32).to_bits(), 1.0e-40f32.to_bits()]);
    assert_eq!(file.layout().entries()["weight"].start % 8, 0);

    let written = content_digest(
        Hash::Blake3,
        tensors.iter().map(|t| (t.name, t.dtype(), t.digest(Hash::Blake3))),
    );
    let found = |file: &File<&[u8]>| {
        let entries = file.layout().entries().iter();
        content_digest(
            Hash::Blake3,
            entries.map(|(n, e)| (n.as_str(), e.dtype, file.digest(n, Hash::Blake3).unwrap())),
        )
    };
    let mut bytes = std::fs::read(&one).unwrap();
    assert_eq!(found(&read(&bytes).unwrap()), written);
    for hash in [Hash::Sha256, Hash::Blake3] {
        let both = file.tensor_and_digest("weight", hash).unwrap();
        assert_eq!(both.1, file.digest("weight", hash).unwrap());
    }
    *bytes.last_mut().unwrap() ^= 1;
    assert_ne!(found(&read(&bytes).unwrap()), written);
    // What lies where is part of the content: another type, or another's name.
    let of = |dtype, name| {
        content_digest(Hash::Blake3, [(name, dtype, file.digest("weight", Hash::Blake3).unwrap())])
    };
    assert_ne!(of(Dtype::F16, "weight"), of(Dtype::BF16, "weight"));
    assert_ne!(of(Dtype::F32, "weight"), of(Dtype::F32, "seen"));
}

#[test]
fn what_could_not_be_read_is_not_written() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model");
    let good = TensorRef { name: "a", shape: &[1], values: Values::F32(&[1.0]) };
    for (what, tensors) in [
        ("name", vec![TensorRef { name: "../a", ..good }]),
        ("shape", vec![TensorRef { shape: &[2], ..good }]),
        ("empty", vec![TensorRef { shape: &[0], values: Values::F32(&[]), ..good }]),
        ("twice", vec![good, good]),
    ] {
        let error = write(&path, &BTreeMap::new(), &tensors).unwrap_err();
        assert!(matches!(error, WeightsError::Unwritable { .. }), "{what}: {error}");
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn a_full_disk_leaves_the_old_file_whole() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model");
    let (metadata, tensors) = sample();
    write(&path, &metadata, &tensors[..1]).unwrap();
    let old = std::fs::read(&path).unwrap();
    let failures = (0..).take_while(|&n| {
        let failed = write_on(&Failing::at(n), &path, &metadata, &tensors).is_err();
        let now = File::open(&path, &Limits::WEIGHTS).unwrap().layout().entries().len();
        assert_eq!(now == 1, std::fs::read(&path).unwrap() == old);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "litter after step {n}");
        failed
    });
    assert!(failures.count() >= 6);
    assert_eq!(File::open(&path, &Limits::WEIGHTS).unwrap().layout().entries().len(), 3);
}

/// A valid file's bytes with some changed, removed or inserted, most of them in its header.
fn mutated() -> impl Strategy<Value = Vec<u8>> {
    let header = format!(
        "{{\"__metadata__\":{{\"k\":\"v\"}},{},{}}}",
        entry("a", "[2,3]", 0, 24),
        entry("b", "[1]", 24, 28)
    );
    let bytes = file(&header, 28);
    let telling = prop::sample::select(b"{}[]\",:0123456789eE-+.\\ua\0 \xff".to_vec());
    let change = (0..bytes.len() + 4, 0..4u8, prop_oneof![4 => telling, 1 => any::<u8>()]);
    prop::collection::vec(change, 0..6).prop_map(move |changes| {
        let mut bytes = bytes.clone();
        for (at, kind, byte) in changes {
            let at = at % bytes.len().max(1);
            match kind {
                0 => bytes.insert(at, byte),
                1 if bytes.len() > 1 => drop(bytes.remove(at)),
                _ => bytes[at] = byte,
            }
        }
        // Half of the time the length is made to fit again, so that the rest is reached.
        if bytes.len() >= 40 && bytes.len().is_multiple_of(2) {
            let header = (bytes.len() - 36) as u64;
            bytes[..8].copy_from_slice(&header.to_le_bytes());
        }
        bytes
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 20_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_mutated_file_is_refused_or_accounted_for_to_the_last_byte(bytes in mutated()) {
        let Ok(file) = read(&bytes) else { return Ok(()) };
        let entries = file.layout().entries().clone();
        let data: u64 = entries.values().map(|entry| entry.bytes).sum();
        prop_assert_eq!(file.layout().data_start() + data, bytes.len() as u64);
        for (name, entry) in entries {
            prop_assert_eq!((entry.shape.iter().product::<usize>() * entry.dtype.size()) as u64, entry.bytes);
            if !matches!(entry.dtype, Dtype::I64 | Dtype::U8) {
                prop_assert_eq!(file.tensor_f32(&name).unwrap().len() * entry.dtype.size(), entry.bytes as usize);
            }
        }
    }
}
