//! Weights and classifiers are safetensors files: a header that is believed in nothing.
#![no_main]

use std::path::Path;

use libfuzzer_sys::fuzz_target;
use weights::safetensors::{File, Limits};

fuzz_target!(|bytes: &[u8]| {
    for limits in [Limits::WEIGHTS, Limits::CLASSIFIER] {
        let Ok(file) = File::of_bytes(Path::new("fuzzed"), bytes, &limits) else { continue };
        let names: Vec<String> = file.layout().entries().keys().cloned().collect();
        let mut total = 0;
        for name in names {
            total += file.bytes(&name).map_or(0, |bytes| bytes.len());
            let _ = file.tensor_f32(&name);
        }
        assert!(total <= bytes.len());
    }
});
