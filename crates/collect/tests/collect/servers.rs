//! R9: a hostile or broken server cannot stall a run or fill the disk.

use std::io::Write;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use collect::{Settings, Status};

use crate::{impatient, picture, row, run, serve, slow, tree};
use testserver::{Answer, Request};

/// What a server does, and what becomes of its picture.
const BEHAVIOURS: [(&str, Status); 24] = [
    ("well", Status::Kept),
    ("chunked", Status::Kept),
    ("gzip", Status::Kept),
    ("redirected", Status::Kept),
    ("busy-once", Status::Kept),
    ("reset-once", Status::Kept),
    ("endless", Status::Failed),
    ("stated-endless", Status::Failed),
    ("drip", Status::Later),
    ("header-drip", Status::Later),
    ("silent", Status::Later),
    ("bomb", Status::Failed),
    ("packed", Status::Failed),
    ("short", Status::Later),
    ("circle", Status::Failed),
    ("away", Status::Refused),
    ("busy", Status::Later),
    ("busy-long", Status::Later),
    ("trouble", Status::Later),
    ("missing", Status::Failed),
    ("page", Status::Unusable),
    ("empty", Status::Unusable),
    ("kept-from-robots", Status::Refused),
    ("robots", Status::Refused),
];

fn packed(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// Packed before a server is asked for it: under load that takes longer than a client's patience.
static BOMB: LazyLock<Vec<u8>> = LazyLock::new(|| packed(&vec![0; 64 << 20]));

fn misbehave(request: &Request, answer: &mut Answer) {
    let number = request.path[1..].parse().unwrap_or(0);
    let good = picture(number);
    let kind = request.host().split('.').next().unwrap();
    let length = |n: usize| ("Content-Length", n.to_string());
    let late = |n: u64| ("Retry-After", n.to_string());
    match kind {
        "robots" if request.path == "/robots.txt" => answer.ok(b"User-agent: *\nDisallow: /"),
        "robots" => panic!("fetched what robots.txt forbids"),
        "chunked" => {
            answer.head(200, &[("Transfer-Encoding", "chunked".into())]);
            answer.body(
                &[format!("{:x}\r\n", good.len()).as_bytes(), &good, b"\r\n0\r\n\r\n"].concat(),
            );
        }
        "gzip" => {
            let body = packed(&good);
            answer
                .head(200, &[length(body.len()), ("Content-Encoding", "gzip".into())])
                .body(&body);
        }
        "redirected" if !request.path.ends_with('9') => {
            answer.head(301, &[("Location", format!("{}9", request.path)), length(0)]);
        }
        "busy-once" if request.before == 0 => drop(answer.head(429, &[late(1), length(0)])),
        "reset-once" if request.before == 0 => drop(answer.head(200, &[length(9999)]).body(&good)),
        "endless" => {
            answer.head(200, &[]);
            while answer.body(&[7; 1 << 14]) {}
        }
        "stated-endless" => {
            answer.head(200, &[length(1 << 40)]);
            while answer.body(&[7; 1 << 14]) {}
        }
        "drip" => {
            answer.head(200, &[length(good.len())]);
            while answer.body(b"x") {
                std::thread::sleep(Duration::from_millis(100));
            }
        }
        "header-drip" => {
            let _ = answer.body(b"HTTP/1.1 200 X\r\nX: ");
            while answer.body(b"x") {
                std::thread::sleep(Duration::from_millis(100));
            }
        }
        "silent" => std::thread::sleep(Duration::from_secs(5)),
        "bomb" => {
            answer
                .head(200, &[length(BOMB.len()), ("Content-Encoding", "gzip".into())])
                .body(&BOMB);
        }
        "packed" => {
            let _ = answer.head(200, &[length(4), ("Content-Encoding", "br".into())]).body(b"abcd");
        }
        "short" => drop(answer.head(200, &[length(good.len() + 100)]).body(&good)),
        "circle" => drop(answer.head(302, &[("Location", request.path.clone()), length(0)])),
        "away" => drop(answer.head(302, &[("Location", "file:///etc/passwd".into()), length(0)])),
        "busy" => drop(answer.head(503, &[length(0)])),
        "busy-long" => drop(answer.head(429, &[late(3600), length(0)])),
        "trouble" => drop(answer.head(500, &[length(0)])),
        "missing" => drop(answer.head(404, &[length(0)])),
        "page" => answer.ok(b"<!DOCTYPE html><title>Log in</title>"),
        "empty" => answer.ok(b""),
        "kept-from-robots" => {
            answer.head(200, &[length(good.len()), ("X-Robots-Tag", "noai".into())]).body(&good);
        }
        _ => answer.ok(&good),
    }
}

#[test]
fn no_server_stalls_a_run_or_fills_the_disk() {
    LazyLock::force(&BOMB);
    let server = serve(misbehave);
    let times = if slow() { 10 } else { 2 };
    let mut list = String::new();
    for (at, (kind, _)) in BEHAVIOURS.iter().enumerate() {
        for time in 0..times {
            let number = at * 1000 + time * 10 + 10;
            list +=
                &format!("{}\n", server.url_of(&format!("{kind}.example"), &number.to_string()));
        }
    }
    let folder = tempfile::tempdir().unwrap();
    let since = Instant::now();
    let settings = Settings { attempts: 2, ..impatient(&[server.address]) };
    let collected = run(&list, folder.path(), &settings);
    // The bar that is set, which patience alone would break ten times over.
    assert!(since.elapsed() < Duration::from_secs(60), "{:?}", since.elapsed());
    assert_eq!(collected.rows.len(), BEHAVIOURS.len() * times);
    for (kind, status) in BEHAVIOURS {
        let rows =
            collected.rows.iter().filter(|row| row.url.contains(&format!("//{kind}.example")));
        for row in rows {
            assert_eq!(row.status, status, "{row:?}");
            assert_eq!(row.reason.is_empty(), status == Status::Kept, "{row:?}");
        }
    }
    let most = server.most();
    assert!(most.values().all(|&most| most <= 4), "{most:?}");
    let kept = tree(&folder.path().join("out"));
    assert_eq!(kept.len(), collected.count(Status::Kept));
    assert!(kept.values().all(|file| file.len() < 1 << 20));
    let requests = server.requests();
    let asked = |kind: &str| {
        let host = format!("{kind}.example:");
        requests.iter().filter(|r| r.host().starts_with(&host) && r.path != "/robots.txt").count()
    };
    // One host that asks for an hour is left alone; one that fails is tried as often as is set.
    assert!(asked("busy-long") <= 4, "{}", asked("busy-long"));
    assert_eq!(asked("trouble"), 2 * times);
    assert_eq!(asked("missing"), times);
    let robots = requests.iter().filter(|r| r.path == "/robots.txt").count();
    assert_eq!(robots, BEHAVIOURS.len(), "once a host");
    assert!(requests.iter().all(|r| r.headers["user-agent"].starts_with("lookalike/")));
}

#[test]
fn a_server_that_never_shakes_hands_is_left() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let settings = Settings { attempts: 1, ..impatient(&[address]) };
    let collected = run(&format!("https://{address}/x.png\n"), folder.path(), &settings);
    assert_eq!(row(&collected, "x.png").status, Status::Later, "{:?}", collected.rows);
}

#[test]
fn connections_are_used_to_the_full_and_no_further() {
    let server = serve(|request, answer| {
        std::thread::sleep(Duration::from_millis(150));
        answer.ok(&picture(request.path[1..].parse().unwrap()));
    });
    let url = |n: usize| server.url_of(&format!("h{}.example", n % 2), &n.to_string());
    let list: String = (0..60).map(|n| format!("{}\n", url(n))).collect();
    let folder = tempfile::tempdir().unwrap();
    let collected = run(&list, folder.path(), &impatient(&[server.address]));
    assert_eq!(collected.count(Status::Kept), 60);
    let most = server.most();
    assert_eq!(most.values().copied().collect::<Vec<usize>>(), [4, 4], "{most:?}");
}

#[test]
fn the_same_picture_is_kept_once_a_class_and_told_of_in_two() {
    let server = serve(|_, answer| {
        let file = picture(7);
        let link = "<https://licence.example/4.0/>; rel=license".to_owned();
        answer.head(200, &[("Content-Length", file.len().to_string()), ("Link", link)]).body(&file);
    });
    let of = |class: &str, name: &str| format!("{class}\t{}\n", server.url_of("a.example", name));
    let list = [of("fox", "1"), of("fox", "2"), of("dog", "3"), of("dog", "1")].concat();
    let folder = tempfile::tempdir().unwrap();
    let collected = run(&list, folder.path(), &impatient(&[server.address]));
    let statuses: Vec<_> = collected.rows.iter().map(|row| row.status).collect();
    assert_eq!(statuses, [Status::Kept, Status::Same, Status::Kept, Status::Same]);
    assert!(
        collected.rows[0].warning.contains("`dog`") && collected.rows[2].warning.contains("`fox`")
    );
    assert_eq!(collected.rows[0].licence, "Link: https://licence.example/4.0/");
    assert_eq!(tree(&folder.path().join("out")).len(), 2);
    let asked = server.requests().len();
    assert_eq!(asked, 4, "robots.txt and three addresses, each once");
    // Again: nothing is asked for, and what somebody took out does not come back.
    std::fs::remove_file(folder.path().join("out").join(&collected.rows[0].file)).unwrap();
    let again = run(&list, folder.path(), &impatient(&[server.address]));
    assert_eq!(server.requests().len(), asked);
    assert_eq!(again.rows[0].status, Status::Removed);
}
