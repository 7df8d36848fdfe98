//! Bodies of requests: any bytes are pictures, or there is a problem that is the client's own.
#![no_main]

use libfuzzer_sys::fuzz_target;
use serve::count_pictures;

fuzz_target!(|bytes: &[u8]| {
    // The first byte says what the rest claims to be.
    let Some((kind, body)) = bytes.split_first() else { return };
    let kind = match kind % 3 {
        0 => "multipart/form-data; boundary=b",
        1 => "application/json",
        _ => "multipart/form-data; boundary=\"--b c\"",
    };
    match count_pictures(kind, body) {
        Ok(count) => assert!((1..=64).contains(&count)),
        Err(status) => assert!((400..500).contains(&status), "{status}"),
    }
});
