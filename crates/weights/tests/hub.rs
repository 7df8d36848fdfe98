//! Fetching weights from a real server on localhost that behaves well, badly and maliciously.

#![allow(clippy::unwrap_used, reason = "a test's helpers may panic as tests do")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, OnceLock};
use std::time::{Duration, Instant};

use fetch::Guard;
use ground::progress::{Bar, Progress, Silent};
use ground::{Digest, Stop};
use network::{Architecture, Backbone, Head, Parameters};
use tempfile::TempDir;
use testserver::{Answer, Request, Server};
use weights::{Hub, Pretrained, WeightsError, store};

/// A row as the table has them, of a network small enough to be sent often.
fn row() -> Pretrained {
    Pretrained {
        name: "small",
        backbone: Backbone::Small,
        classes: 2,
        repository: "test/small.test",
        file: "model.safetensors",
        licence: "none",
        top1: 0.0,
    }
}

/// The file of a small network with this seed and number of classes.
fn model(seed: u64, classes: usize) -> Vec<u8> {
    let graph = Architecture { backbone: Backbone::Small, head: Head::Linear { classes } }.graph();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model");
    store(&path, &graph, &Parameters::start(&graph, seed), &BTreeMap::new()).unwrap();
    fs::read(path).unwrap()
}

/// The right file; almost 5 MB.
fn right() -> &'static [u8] {
    static RIGHT: OnceLock<Vec<u8>> = OnceLock::new();
    RIGHT.get_or_init(|| model(1, 2))
}

/// Its SHA-256 as an entity tag.
fn tag(file: &[u8]) -> String {
    format!("\"{}\"", Digest::of(file))
}

/// A hub with an empty cache and little patience.
fn hub(server: &Server) -> (Hub, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    (impatient(&server.url, folder.path()), folder)
}

fn impatient(url: &str, cache: &Path) -> Hub {
    Hub {
        cache: cache.to_owned(),
        endpoint: url.to_owned(),
        guard: Guard { private: true, ..Guard::default() },
        proxy: false,
        pause: Duration::from_millis(5),
        longest_pause: Duration::from_millis(300),
        connect: Duration::from_secs(2),
        silence: Duration::from_secs(1),
        window: Duration::from_millis(400),
        slowest: 2000,
        ..Hub::from_variables(|_| None)
    }
}

fn fetch(hub: &Hub) -> Result<PathBuf, WeightsError> {
    hub.fetch(&row(), &Silent, &Stop::new())
}

/// What lies in the cache, but for the lock.
fn names(folder: &TempDir) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| !name.ends_with(".lock"))
        .collect();
    names.sort();
    names
}

const DONE: [&str; 2] = ["small.test.json", "small.test.safetensors"];

/// Fetches from a server that answers so, and expects the right file.
fn succeeds(answer: impl Fn(&Request, &mut Answer) + Send + Sync + 'static) -> Server {
    let server = Server::start(answer);
    let (hub, folder) = hub(&server);
    let path = fetch(&hub).unwrap();
    assert!(fs::read(path).unwrap() == right());
    assert_eq!(names(&folder), DONE);
    server
}

/// Fetches from a server that answers so, and expects an error, soon, and nothing in the cache.
fn fails(answer: impl Fn(&Request, &mut Answer) + Send + Sync + 'static) -> (WeightsError, Server) {
    let server = Server::start(answer);
    let (hub, folder) = hub(&server);
    let since = Instant::now();
    let error = fetch(&hub).unwrap_err();
    assert!(since.elapsed() < Duration::from_secs(30), "{error}");
    assert!(
        !names(&folder).iter().any(|name| DONE.contains(&name.as_str())),
        "{:?}",
        names(&folder)
    );
    (error, server)
}

fn well(request: &Request, answer: &mut Answer) {
    answer.file(request, right(), &tag(right()), usize::MAX);
}

/// Remembers what it is told.
#[derive(Default)]
struct Ear {
    advanced: std::sync::Arc<AtomicU64>,
    notes: Mutex<Vec<String>>,
    /// Asked to stop once so much has come.
    stop: Option<(Stop, u64)>,
}

struct EarBar(std::sync::Arc<AtomicU64>, Option<(Stop, u64)>);

impl Progress for Ear {
    fn begin(&self, _what: &str, _total: Option<u64>) -> Box<dyn Bar> {
        Box::new(EarBar(self.advanced.clone(), self.stop.clone()))
    }
    fn note(&self, line: &str) {
        self.notes.lock().unwrap().push(line.to_owned());
    }
    fn warn(&self, line: &str) {
        self.note(line);
    }
}

impl Bar for EarBar {
    fn advance(&self, units: u64) {
        let sum = self.0.fetch_add(units, Ordering::SeqCst) + units;
        if let Some((stop, at)) = &self.1
            && sum >= *at
        {
            stop.ask();
        }
    }
    fn say(&self, _message: &str) {}
}

#[test]
fn fetched_once_recorded_and_kept() {
    let server = Server::start(well);
    let (hub, folder) = hub(&server);
    let ear = Ear::default();
    let path = hub.fetch(&row(), &ear, &Stop::new()).unwrap();
    assert!(fs::read(&path).unwrap() == right());
    assert_eq!(ear.advanced.load(Ordering::SeqCst), right().len() as u64);
    assert!(ear.notes.lock().unwrap().is_empty());
    let record: serde_json::Value =
        serde_json::from_slice(&fs::read(folder.path().join(DONE[0])).unwrap()).unwrap();
    assert_eq!(record["sha256"], Digest::of(right()).to_string());
    assert_eq!(record["size"], right().len());
    assert_eq!(
        record["url"],
        format!("{}/test/small.test/resolve/main/model.safetensors", server.url)
    );
    assert!(record["fetched"].as_u64().unwrap() > 1_700_000_000);

    assert_eq!(fetch(&hub).unwrap(), path);
    assert_eq!(fetch(&Hub { offline: true, ..hub.clone() }).unwrap(), path);
    assert_eq!(server.requests().len(), 1);
    assert!(server.requests()[0].headers["user-agent"].starts_with("lookalike/"));
}

#[test]
fn the_hubs_redirect_states_hash_and_size() {
    for location in ["/store/blob", "blob?x=1#y"] {
        let server = succeeds(move |request, answer| {
            if request.path.contains("resolve") && !request.path.contains("blob") {
                let headers = [
                    ("Location", location.to_owned()),
                    ("X-Linked-ETag", tag(right())),
                    ("X-Linked-Size", right().len().to_string()),
                    ("Content-Length", "0".into()),
                ];
                answer.head(302, &headers);
            } else {
                answer.file(request, right(), "\"store-1\"", usize::MAX);
            }
        });
        assert_eq!(server.requests().len(), 2);
    }
}

#[test]
fn without_a_stated_hash_the_computed_one_is_recorded_and_told() {
    let server = Server::start(|_, answer| {
        answer.head(200, &[]).body(right());
    });
    let (hub, _folder) = hub(&server);
    let ear = Ear::default();
    hub.fetch(&row(), &ear, &Stop::new()).unwrap();
    assert!(ear.notes.lock().unwrap()[0].contains(&Digest::of(right()).to_string()));
}

#[test]
fn dropped_connections_are_gone_on_from() {
    let server = Server::start(|request, answer| {
        answer.file(request, right(), &tag(right()), 1_200_000);
    });
    let (hub, folder) = hub(&server);
    // More drops than tries: each brought enough to be worth another.
    let path = fetch(&Hub { attempts: 2, ..hub }).unwrap();
    assert!(fs::read(path).unwrap() == right());
    assert_eq!(names(&folder), DONE);
    let requests = server.requests();
    assert!(requests.len() > 3, "{}", requests.len());
    assert!(
        requests[1..].iter().all(|r| r.from().is_some() && r.headers["if-range"] == tag(right()))
    );
    assert!(server.sent() < right().len() + right().len() / 10, "{} bytes sent", server.sent());
}

#[test]
fn a_server_without_ranges_is_asked_for_all_again() {
    let server = succeeds(|request, answer| {
        let most = if request.number == 0 { 2_000_000 } else { usize::MAX };
        let headers = [("Content-Length", right().len().to_string()), ("ETag", tag(right()))];
        answer.head(200, &headers).body(&right()[..right().len().min(most)]);
    });
    assert_eq!(server.requests().len(), 2);
}

#[test]
fn a_server_that_is_busy_is_given_time() {
    let since = Instant::now();
    let server = succeeds(|request, answer| match request.number {
        0 => {
            answer.head(503, &[("Retry-After", "60".into())]);
        }
        1 => {
            answer.head(429, &[]);
        }
        _ => well(request, answer),
    });
    assert_eq!(server.requests().len(), 3);
    // A minute was asked for; the longest pause is 0.3 s here.
    assert!((300..5000).contains(&since.elapsed().as_millis()), "{:?}", since.elapsed());

    let (error, server) = fails(|_, answer| {
        answer.head(502, &[]);
    });
    assert_eq!(server.requests().len(), 5);
    assert!(
        matches!(&error, WeightsError::BrokenOff { reason, .. } if reason == "status 502"),
        "{error}"
    );
}

#[test]
fn lies_about_the_length_are_noticed() {
    let sized = |answer: &mut Answer, length: usize, linked: bool| {
        let mut headers = vec![("Content-Length", length.to_string())];
        if linked {
            headers.push(("X-Linked-Size", right().len().to_string()));
        }
        answer.head(200, &headers).body(&right()[..length.min(right().len())]);
    };
    let (error, _) = fails(move |_, answer| sized(answer, 1_000_000, true));
    assert!(matches!(error, WeightsError::WrongSize { found: 1_000_000, .. }), "{error}");
    let (error, _) = fails(move |_, answer| sized(answer, 1_000_000, false));
    assert!(matches!(error, WeightsError::Malformed { .. }), "{error}");
    let (error, _) = fails(move |_, answer| sized(answer, right().len() + 1000, false));
    assert!(matches!(error, WeightsError::BrokenOff { .. }), "{error}");

    let (error, server) = fails(move |_, answer| sized(answer, 10 << 30, false));
    assert!(matches!(error, WeightsError::TooLarge { .. }), "{error}");
    assert!(server.requests().len() == 1);
    // No length at all, and no end: 4 MiB above what the network can need is the most.
    let (error, server) = fails(|_, answer| {
        answer.head(200, &[]).body(&right()[..1000]);
        (0..10_000).all(|_| answer.body(&[0; 1 << 14]));
    });
    assert!(matches!(error, WeightsError::TooLarge { .. }), "{error}");
    assert!(server.sent() < right().len() + (20 << 20), "{}", server.sent());
    // Chunked, and longer than the hub had said.
    let (error, _) = fails(|_, answer| {
        answer.head(200, &[("X-Linked-Size", "2000".into())]).body(right());
    });
    assert!(matches!(error, WeightsError::WrongSize { stated: 2000, .. }), "{error}");
}

#[test]
fn a_wrong_file_is_not_kept() {
    let (error, _) = fails(|request, answer| {
        answer.file(request, &model(2, 2), &tag(right()), usize::MAX);
    });
    assert!(matches!(error, WeightsError::WrongHash { .. }), "{error}");
    let (error, _) = fails(|request, answer| {
        let wrong = model(1, 3);
        answer.file(request, &wrong, &tag(&wrong), usize::MAX);
    });
    assert!(matches!(error, WeightsError::Shape { .. }), "{error}");
    let (error, server) = fails(|_, answer| {
        answer
            .head(200, &[("Content-Type", "text/html".into())])
            .body(b"<!DOCTYPE html><title>Log in</title>");
    });
    assert!(
        error.to_string().ends_with("it starts with `<!DOCTYPE html><title>Log in</title>`"),
        "{error}"
    );
    assert_eq!(server.requests().len(), 1);
    let (error, _) = fails(|_, answer| {
        answer.head(200, &[("Content-Length", "0".into())]);
    });
    assert!(matches!(error, WeightsError::Malformed { .. }), "{error}");
}

#[test]
fn a_refusal_is_final() {
    for status in [400, 401, 403, 404, 410, 304] {
        let (error, server) = fails(move |_, answer| {
            answer.head(status, &[]).body(b"no");
        });
        assert!(matches!(error, WeightsError::Status { status: s, .. } if s == status), "{error}");
        assert_eq!(server.requests().len(), 1);
    }
}

#[test]
fn a_server_that_stalls_is_left() {
    // One byte every 20 ms is never silent; it is just too slow.
    let (error, _) = fails(|_, answer| {
        answer.head(200, &[("Content-Length", right().len().to_string())]);
        for byte in &right()[..500] {
            if !answer.body(&[*byte]) {
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    });
    assert!(
        matches!(&error, WeightsError::BrokenOff { reason, .. } if reason.contains("bytes came in")),
        "{error}"
    );
    let (error, server) = fails(|_, _| std::thread::sleep(Duration::from_secs(8)));
    assert!(matches!(error, WeightsError::BrokenOff { received: 0, .. }), "{error}");
    assert_eq!(server.requests().len(), 5);
}

#[test]
fn redirects_lead_only_so_far_and_only_over_http() {
    let (error, server) = fails(|_, answer| {
        answer.head(302, &[("Location", "/again".into())]);
    });
    assert!(error.to_string().ends_with("redirects more than 5 times"), "{error}");
    assert_eq!(server.requests().len(), 6);
    for location in ["file:///etc/passwd", "ftp://x/y", "data:,x"] {
        let (error, _) = fails(move |_, answer| {
            answer.head(302, &[("Location", location.into())]);
        });
        assert!(matches!(error, WeightsError::Redirect { .. }), "{error}");
    }
}

#[test]
fn private_addresses_are_refused_but_to_a_mirror_that_the_user_named() {
    let server = Server::start(well);
    let (hub, _folder) = hub(&server);
    let error = fetch(&Hub { guard: Guard::default(), ..hub }).unwrap_err();
    let WeightsError::Unreachable { source, .. } = &error else { panic!("{error}") };
    let why = "`127.0.0.1` is at 127.0.0.1, which is this machine (loopback)";
    assert_eq!((source.to_string().as_str(), server.requests().len()), (why, 0));
}

#[test]
fn a_hash_stated_by_another_host_is_not_the_hubs() {
    // The store behind the redirect claims a hash of its own; only the hub's counts.
    let store = Server::start(|_, answer| {
        let wrong = model(2, 2);
        answer.head(
            200,
            &[("X-Linked-ETag", tag(&wrong)), ("Content-Length", wrong.len().to_string())],
        );
        answer.body(&wrong);
    });
    let location = format!("{}/x", store.url);
    let (error, _) = fails(move |_, answer| {
        answer.head(302, &[("Location", location.clone()), ("X-Linked-ETag", tag(right()))]);
    });
    assert!(matches!(error, WeightsError::WrongHash { .. }), "{error}");
}

#[test]
fn without_a_network_the_answer_comes_at_once() {
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let since = Instant::now();
    let patient = Hub {
        pause: Duration::from_secs(9),
        ..impatient(&format!("http://{closed}"), folder.path())
    };
    let error = fetch(&patient).unwrap_err();
    assert!(matches!(error, WeightsError::Unreachable { .. }), "{error}");
    assert!(since.elapsed() < Duration::from_secs(2));
    assert!(error.help().unwrap().contains("--weights FILE"));
}

#[test]
fn offline_says_what_to_fetch_and_where_to_put_it() {
    let server = Server::start(well);
    let (hub, folder) = hub(&server);
    let error = fetch(&Hub { offline: true, ..hub.clone() }).unwrap_err();
    let help = error.help().unwrap();
    let path = folder.path().join(DONE[1]);
    assert!(help.contains(&hub.url(&row())) && help.contains(path.to_str().unwrap()), "{help}");
    assert_eq!(server.requests().len(), 0);
    assert_eq!(hub.cached(&row()).unwrap(), None);

    // Put there by hand, it counts once it has been checked.
    fs::write(&path, model(1, 3)).unwrap();
    assert!(matches!(fetch(&hub), Err(WeightsError::Shape { .. })));
    fs::write(&path, right()).unwrap();
    assert_eq!(fetch(&Hub { offline: true, ..hub }).unwrap(), path);
    assert_eq!(names(&folder), DONE);
}

#[test]
fn a_file_that_changed_in_the_cache_is_refused() {
    let server = Server::start(well);
    let (hub, folder) = hub(&server);
    let path = fetch(&hub).unwrap();
    let touch = |seconds| {
        let later = std::time::SystemTime::now() + Duration::from_secs(seconds);
        fs::File::options().append(true).open(&path).unwrap().set_modified(later).unwrap();
    };
    touch(100);
    assert_eq!(fetch(&hub).unwrap(), path);
    let mut bytes = fs::read(&path).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    fs::write(&path, bytes).unwrap();
    touch(200);
    let error = fetch(&hub).unwrap_err();
    assert!(matches!(error, WeightsError::Changed { .. }), "{error}");
    assert!(error.help().unwrap().starts_with("delete"));
    fs::remove_file(folder.path().join(DONE[1])).unwrap();
    fetch(&hub).unwrap();
    assert_eq!(server.requests().len(), 2);
}

#[test]
fn stopping_keeps_what_came() {
    let server = Server::start(well);
    let (hub, folder) = hub(&server);
    let stop = Stop::new();
    let ear = Ear { stop: Some((stop.clone(), 2_000_000)), ..Ear::default() };
    let error = hub.fetch(&row(), &ear, &stop).unwrap_err();
    assert!(matches!(error, WeightsError::Stopped { .. }), "{error}");
    let part = fs::metadata(folder.path().join("small.test.part")).unwrap().len();
    assert!((1_900_000..2_200_000).contains(&part), "{part}");
    fetch(&hub).unwrap();
    assert_eq!(server.requests()[1].from(), Some(part as usize));
}

#[test]
fn a_part_of_another_file_or_a_damaged_one_is_not_gone_on_from() {
    let server = Server::start(well);
    let (hub, folder) = hub(&server);
    let lay = |part: &[u8], record: String| {
        fs::write(folder.path().join("small.test.part"), part).unwrap();
        fs::write(folder.path().join("small.test.part.json"), record).unwrap();
    };
    let record =
        |file: &[u8]| format!(r#"{{"sha256":"{}","size":{}}}"#, Digest::of(file), right().len());
    let old = model(3, 2);
    let mut damaged = right().to_vec();
    damaged[3_000_000] ^= 1;
    for (what, part, record) in [
        ("another version of the file", &old[..1_000_000], record(&old)),
        ("damaged on the disk", &damaged[..3_500_000], record(right())),
        ("damaged and complete", &damaged[..], record(right())),
        ("longer than the file", &[damaged.clone(), vec![0; 9]].concat()[..], record(right())),
        ("nothing known of it", &right()[..1_000_000], "not JSON".into()),
    ] {
        lay(part, record);
        let path = fetch(&hub).unwrap_or_else(|error| panic!("{what}: {error}"));
        assert!(fs::read(&path).unwrap() == right(), "{what}");
        assert_eq!(names(&folder), DONE, "{what}");
        fs::remove_file(path).unwrap();
    }
}

/// Not a test of its own: others run it as a program that can be killed.
#[test]
#[ignore = "other tests run this in a process of its own"]
fn program() {
    let (Ok(url), Ok(cache)) = (std::env::var("TEST_URL"), std::env::var("TEST_CACHE")) else {
        return;
    };
    fetch(&Hub { window: Duration::from_secs(60), ..impatient(&url, Path::new(&cache)) }).unwrap();
}

fn spawn(server: &Server, folder: &TempDir) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "program", "--include-ignored"])
        .env("TEST_URL", &server.url)
        .env("TEST_CACHE", folder.path())
        .stdout(Stdio::null())
        .spawn()
        .unwrap()
}

/// Sends slowly enough to be killed on the way.
fn slowly(request: &Request, answer: &mut Answer) {
    let from = request.from().unwrap_or(0);
    answer.file(request, right(), &tag(right()), 0);
    for piece in right()[from..].chunks(1 << 16) {
        if !answer.body(piece) {
            return;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn a_killed_program_is_gone_on_from() {
    let server = Server::start(slowly);
    let (hub, folder) = hub(&server);
    let part = folder.path().join("small.test.part");
    let size = || fs::metadata(&part).map_or(0, |metadata| metadata.len());
    for goal in [1 << 20, 2 << 20, 3 << 20] {
        let mut child = spawn(&server, &folder);
        while size() < goal {
            assert!(child.try_wait().unwrap().is_none(), "ended before it was killed");
            std::thread::sleep(Duration::from_millis(2));
        }
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(!folder.path().join(DONE[1]).exists());
    }
    let path = fetch(&hub).unwrap();
    assert!(fs::read(path).unwrap() == right());
    assert_eq!(names(&folder), DONE);
    // What was on its way when the program died is sent again, no more.
    assert!(server.sent() < right().len() + (4 << 20), "{} bytes sent", server.sent());
    assert!(server.requests()[1..].iter().all(|request| request.from().is_some()));
}

#[test]
fn two_programs_at_once_fetch_once() {
    let server = Server::start(slowly);
    let (hub, folder) = hub(&server);
    let mut children = [spawn(&server, &folder), spawn(&server, &folder), spawn(&server, &folder)];
    for child in &mut children {
        assert!(child.wait().unwrap().success());
    }
    assert_eq!(server.requests().len(), 1);
    assert!(fs::read(hub.cached(&row()).unwrap().unwrap()).unwrap() == right());
    assert_eq!(names(&folder), DONE);
}

#[test]
fn the_environment_names_cache_mirror_and_mode() {
    let of = |pairs: &[(&str, &str)]| {
        let map: BTreeMap<_, _> = pairs.iter().copied().collect();
        Hub::from_variables(|name| map.get(name).map(|value| (*value).to_owned()))
    };
    assert_eq!(of(&[]).endpoint, "https://huggingface.co");
    assert_eq!(of(&[("HF_ENDPOINT", "https://a.example/")]).endpoint, "https://a.example");
    let both = of(&[("HF_ENDPOINT", "https://a.example"), ("LOOKALIKE_HUB", "http://b.example")]);
    assert_eq!(both.endpoint, "http://b.example");
    assert!(both.guard.private && !of(&[]).guard.private);
    assert_eq!(of(&[("LOOKALIKE_CACHE", "there")]).cache, Path::new("there/weights"));
    assert!(of(&[("LOOKALIKE_OFFLINE", "1")]).offline);
    assert!(!of(&[("LOOKALIKE_OFFLINE", "0")]).offline && !of(&[]).offline);
    let name = "resnet51";
    let error = of(&[]).find(name, &Silent, &Stop::new()).unwrap_err();
    assert!(error.to_string().contains("there are resnet18, resnet34"), "{error}");
    assert_eq!(
        of(&[]).url(Pretrained::named("resnet50").unwrap()),
        "https://huggingface.co/timm/resnet50.tv_in1k/resolve/main/model.safetensors"
    );
}
