//! The files are those that `make.py` made, and small enough to be published.

use bundled::{ALL, named};
use ground::Digest;

#[test]
fn each_file_has_the_digest_that_is_stated() {
    for bundled in &ALL {
        assert_eq!(Digest::of(bundled.bytes).to_string(), bundled.sha256, "{}", bundled.name);
        assert_eq!(named(bundled.name), Some(bundled));
    }
    assert_eq!(named("resnet50"), None);
}

#[test]
fn together_they_fit_into_a_published_crate() {
    let bytes: usize = ALL.iter().map(|bundled| bundled.bytes.len()).sum();
    assert!(bytes < 9_500_000, "{bytes} bytes; the registry takes 10 MB");
}
