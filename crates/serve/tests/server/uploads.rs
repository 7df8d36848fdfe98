//! Pictures that are none, that lie about themselves, and forms that go on for ever.

use serde_json::json;
use serve::Limits;

use crate::client::{MULTIPART, Server, TRAINED, form, limited, settings};

fn raw(server: &Server, bytes: &[u8]) -> String {
    server
        .ask("POST /v1/predict", &["Content-Type: image/png"], bytes)
        .problem()
        .unwrap_or_default()
}

/// A PNG that states a size and holds almost nothing.
fn bomb(width: u32, height: u32) -> Vec<u8> {
    png_of(width, height, &[0x78, 0x9c, 3, 0, 0, 0, 0, 1])
}

/// A grey PNG that states a size and holds these packed rows.
fn png_of(width: u32, height: u32, rows: &[u8]) -> Vec<u8> {
    let mut bytes = vec![];
    let mut encoder = png::Encoder::new(&mut bytes, width, height);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_depth(png::BitDepth::Eight);
    let mut writer = encoder.write_header().unwrap();
    writer.write_chunk(png::chunk::IDAT, rows).unwrap();
    drop(writer);
    bytes
}

#[test]
fn what_is_no_picture_is_refused_with_its_reason() {
    let server = Server::start(settings());
    let picture = TRAINED.picture();
    assert_eq!(raw(&server, b"hello"), "not-a-picture");
    assert_eq!(raw(&server, b"<svg xmlns='http://www.w3.org/2000/svg'/>"), "not-a-picture");
    assert_eq!(raw(&server, b"PK\x03\x04zipped"), "not-a-picture");
    assert_eq!(raw(&server, &picture[..picture.len() / 2]), "unreadable-picture");
    assert_eq!(server.ask("POST /v1/predict", &[], b"").problem().unwrap(), "not-a-picture");
    let encoded = server.ask("POST /v1/predict", &["Content-Encoding: gzip"], &picture);
    assert_eq!(encoded.problem().unwrap(), "bad-request");
    let body = form(&[("picture", "a", b"x"), ("picture", "b", &picture)]);
    let rows = server.ask("POST /v1/predict", &[MULTIPART], &body).json()["predictions"].clone();
    assert_eq!(rows[0], json!({ "picture": "a", "error": "not a picture" }));
    assert!(rows[1]["verdict"].is_string());
}

#[test]
fn a_picture_that_states_more_than_it_may_costs_nothing() {
    let server = Server::start(settings());
    for (width, height) in [(100_000, 100_000), (1 << 30, 1), (65_535, 65_535)] {
        assert_eq!(raw(&server, &bomb(width, height)), "unreadable-picture");
    }
    // Rows of zeros, which pack a thousandfold, behind a size that is too large.
    let rows = {
        let mut packed = flate2::write::ZlibEncoder::new(vec![], flate2::Compression::best());
        std::io::Write::write_all(&mut packed, &vec![0; 8 << 20]).unwrap();
        packed.finish().unwrap()
    };
    assert_eq!(raw(&server, &png_of(50_000, 50_000, &rows)), "unreadable-picture");
    // More rows than the picture states: what is beyond is not unpacked.
    let over = raw(&server, &png_of(8, 8, &rows));
    assert!(over.is_empty() || over == "unreadable-picture", "{over}");
    // The server is as well as before, and never held what they stated.
    assert_eq!(server.ask("POST /v1/predict", &[], &TRAINED.picture()).status, 200);
    if let Ok(status) = std::fs::read_to_string("/proc/self/status") {
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        let peak: f64 = peak.trim().trim_end_matches(" kB").parse().unwrap();
        assert!(peak < 2e6, "{peak} kB");
    }
}

#[test]
fn a_picture_within_or_behind_something_else_is_one_picture_or_none() {
    let server = Server::start(settings());
    let picture = TRAINED.picture();
    // A zip behind a picture, as polyglots have it: the picture alone is read.
    let zipped = [&picture[..], b"PK\x03\x04\x14\0\0\0\x08\0", &[7; 400]].concat();
    assert_eq!(raw(&server, &zipped), "");
    let before = [&b"PK\x03\x04"[..], &picture[..]].concat();
    assert_eq!(raw(&server, &before), "not-a-picture");
    // Of an animation the first picture is read, however many the file states.
    let mut bytes = vec![];
    let mut encoder = png::Encoder::new(&mut bytes, 16, 16);
    encoder.set_animated(3, 0).unwrap();
    let mut writer = encoder.write_header().unwrap();
    (0..3).for_each(|shade| writer.write_image_data(&[shade * 80; 256]).unwrap());
    writer.finish().unwrap();
    assert_eq!(raw(&server, &bytes), "");
}

#[test]
fn a_form_that_is_not_one_ends_the_request() {
    let server = Server::start(limited(Limits { body_bytes: 3 << 20, ..Limits::default() }));
    let ask = |body: &[u8]| server.ask("POST /v1/predict", &[MULTIPART], body).problem();
    let part =
        "--edge\r\nContent-Disposition: form-data; name=\"picture\"; filename=\"a\"\r\n\r\nx\r\n";
    // No end, ten thousand parts, a form within a form, a header of a megabyte, a header too many.
    assert_eq!(ask(part.as_bytes()).unwrap(), "bad-request");
    assert_eq!(ask(part.repeat(10_000).as_bytes()).unwrap(), "too-many-pictures");
    let headers = |lines: &str| format!("--edge\r\n{lines}\r\n\r\nx\r\n--edge--\r\n").into_bytes();
    let disposition = "Content-Disposition: form-data; name=\"picture\"";
    let long = format!("{disposition}\r\nX: {}", "a".repeat(1 << 20));
    assert_eq!(ask(&headers(&long)).unwrap(), "bad-request");
    assert_eq!(
        ask(&headers(&format!("{disposition}{}", "\r\nX: a".repeat(1000)))).unwrap(),
        "bad-request"
    );
    assert_eq!(ask(&headers("X: a")).unwrap(), "bad-request");
    assert_eq!(ask(&vec![b'-'; 4 << 20]).unwrap(), "too-large");
    let nested = form(&[("picture", "a", &form(&[("picture", "b", b"x")]))]);
    let rows = server.ask("POST /v1/predict", &[MULTIPART], &nested);
    assert!(rows.status == 400 || rows.json()["predictions"][0]["error"].is_string(), "{rows:?}");
}

#[test]
fn names_are_text_whatever_they_hold() {
    let server = Server::start(settings());
    let picture = TRAINED.picture();
    for name in [
        "<script>alert(1)</script>.jpg",
        "../../etc/passwd",
        "a\u{202e}gpj.exe",
        "C:\\a.jpg",
        "ü 🦉.jpg",
    ] {
        let body = form(&[("picture", name, &picture)]);
        let row = server.ask("POST /v1/predict", &[MULTIPART], &body).json();
        // A backslash quotes what comes next, as browsers have it.
        let told = row["predictions"][0]["picture"].as_str().unwrap().replace('\\', "");
        assert_eq!(told, name.replace('\\', ""));
    }
    let long = "n".repeat(255);
    let body = form(&[("picture", &long, &picture)]);
    assert_eq!(
        server.ask("POST /v1/predict", &[MULTIPART], &body).json()["predictions"][0]["picture"],
        long
    );
    let log = server.log().join("\n");
    assert!(!log.contains("script") && !log.contains("passwd"), "{log}");
}

#[test]
fn more_than_a_request_may_have_is_refused_before_it_is_sent() {
    let server =
        Server::start(limited(Limits { body_bytes: 1 << 20, pictures: 2, ..Limits::default() }));
    let head = "POST /v1/predict HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1048577\r\n\
                Expect: 100-continue\r\n\r\n";
    let text = server.exchange(head.as_bytes());
    assert!(text.starts_with("HTTP/1.1 413") && !text.contains("100 Continue"), "{text}");
    // Without a length it is noticed on the way.
    let chunk = format!("{:x}\r\n{}\r\n", 1 << 19, "x".repeat(1 << 19));
    let head = "POST /v1/predict HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n";
    let text = server.exchange(format!("{head}{}0\r\n\r\n", chunk.repeat(3)).as_bytes());
    assert!(text.starts_with("HTTP/1.1 413"), "{text}");
    let three = json!({ "pictures": vec![json!({ "data": "" }); 3] }).to_string();
    let answer =
        server.ask("POST /v1/predict", &["Content-Type: application/json"], three.as_bytes());
    assert_eq!(answer.problem().unwrap(), "too-many-pictures");
}
