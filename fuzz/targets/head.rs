//! Heads of requests: whatever the lines are, nobody passes the gate without the server's name in `Host`,
//! and nobody reaches what is closed without the token or its cookie.
#![no_main]

use libfuzzer_sys::fuzz_target;
use serve::may_ask;

fuzz_target!(|bytes: &[u8]| {
    let Ok(head) = std::str::from_utf8(bytes) else { return };
    let has = |text: &str| head.to_ascii_lowercase().contains(text);
    match may_ask(head) {
        Ok(()) => {
            let named = ["birds.example", "127.0.0.1", "localhost", "[::1]"].iter().any(|name| has(name));
            assert!(has("host: ") && named);
            let closed = head.split(' ').nth(1).is_some_and(|target| target.starts_with("/v1/"));
            // A browser asks first, without a token, whether a page may ask.
            let asks_first = head.starts_with("OPTIONS ");
            assert!(!closed || asks_first || has("a-token-of-fuzzing") || has("lookalike-8000="));
        }
        Err(status) => assert!((400..500).contains(&status), "{status}"),
    }
});
