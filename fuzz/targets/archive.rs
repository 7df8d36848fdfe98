//! Archives: whatever the bytes are, entries within the limits, or a reason.
#![no_main]

use std::io::{Cursor, Read};

use collect::archive::{Kind, Limits, Stopped, visit};
use ground::Stop;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    // Small ones, so that many are tried in a second.
    let limits = Limits { entries: 100, bytes: 1 << 20, ratio: 20, slack: 1 << 16 };
    // As each kind, whatever it begins with: the readers must not rely on who calls them.
    for kind in [Kind::Zip, Kind::Tar, Kind::TarGz] {
        let (mut entries, mut unpacked) = (0, 0);
        let done = visit(Cursor::new(bytes), kind, &limits, &Stop::new(), &mut |entry| {
            entries += 1;
            if let Ok(content) = entry.content {
                let mut whole = vec![];
                let _ = content.read_to_end(&mut whole);
                unpacked += whole.len() as u64;
            }
            Ok::<(), ()>(())
        });
        assert!(entries <= limits.entries && unpacked <= limits.bytes);
        if let Err(Stopped::Archive(why)) = done {
            assert!(!why.is_empty());
        }
    }
});
