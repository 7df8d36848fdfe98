//! The picture front: any bytes are a picture within the limits, or there is a reason.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pictures::{Limits, Reason, decode};

fuzz_target!(|bytes: &[u8]| {
    // Small ones, so that many are tried in a second.
    let limits = Limits { max_pixels: 1 << 20, ..Limits::default() };
    match decode(bytes, &limits) {
        Ok(picture) => {
            let pixels = u64::from(picture.width) * u64::from(picture.height);
            assert!(pixels <= limits.max_pixels && picture.data.len() as u64 == 3 * pixels);
        }
        // Caught, so no user sees it; found here, somebody may tell the decoder's authors.
        Err(Reason::Panicked(words)) => panic!("{words}"),
        Err(reason) => assert!(!reason.to_string().contains(|c: char| c.is_control())),
    }
});
