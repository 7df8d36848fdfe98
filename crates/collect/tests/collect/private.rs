//! R8: a list cannot turn the program against the network that it runs in.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use collect::{Guard, Settings, Status};

use crate::{impatient, picture, run, serve};

/// A listener to which nobody may connect, and how many did.
fn trap() -> (SocketAddr, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let count = Arc::new(AtomicUsize::new(0));
    let counted = count.clone();
    std::thread::spawn(move || {
        for _ in listener.incoming() {
            counted.fetch_add(1, Ordering::SeqCst);
        }
    });
    (address, count)
}

fn hostile(port: u16) -> Vec<String> {
    let hosts = "127.0.0.1 localhost LOCALHOST. 127.1 127.0.1 2130706433 0x7f000001 0x7f.0.0.1 \
        0177.0.0.1 017700000001 127.000.000.001 0.0.0.0 0 127.255.255.254 [::1] [::] \
        [::ffff:127.0.0.1] [::ffff:7f00:1] [0:0:0:0:0:ffff:7f00:1] [::127.0.0.1] \
        [64:ff9b::7f00:1] [2002:7f00:1::] [fe80::1] [fc00::1] [ff02::1] [fec0::1] 10.0.0.1 \
        172.16.0.1 192.168.0.1 169.254.169.254 [fd00:ec2::254] 100.64.0.1 224.0.0.1 \
        255.255.255.255 １２７.0.0.1 ①②⑦.0.0.1";
    let mut urls: Vec<String> =
        hosts.split_whitespace().map(|host| format!("http://{host}:{port}/{host}.png")).collect();
    urls.extend([
        format!("http://a.example@127.0.0.1:{port}/x"),
        format!("http://a.example:80\\@127.0.0.1:{port}/x"),
        format!("http://127.0.0.1:{port}#@a.example/"),
        format!("http://:@127.0.0.1:{port}/x"),
        format!("https://127.0.0.1:{port}/x"),
        format!("file://127.0.0.1:{port}/etc/passwd"),
        "file:///etc/passwd".into(),
        "data:image/png;base64,iVBORw0KGgo=".into(),
        format!("ftp://127.0.0.1:{port}/x"),
        format!("gopher://127.0.0.1:{port}/_GET"),
    ]);
    urls
}

#[test]
fn hostile_addresses_reach_nothing() {
    let (trap, count) = trap();
    let urls = hostile(trap.port());
    assert!(urls.len() >= 45, "{}", urls.len());
    let folder = tempfile::tempdir().unwrap();
    // Names are looked up by the system itself, as for a user.
    let settings = Settings { guard: Guard::default(), attempts: 1, ..impatient(&[]) };
    let collected = run(&urls.join("\n"), folder.path(), &settings);
    for row in &collected.rows {
        // Some hosts' names no resolver takes for addresses at all.
        assert!(matches!(row.status, Status::Refused | Status::Later), "{row:?}");
    }
    assert!(collected.count(Status::Refused) >= 40, "{:?}", collected.reasons());
    assert_eq!(count.load(Ordering::SeqCst), 0);
}

#[test]
fn redirects_to_hostile_addresses_reach_nothing() {
    let (trap, count) = trap();
    let urls = hostile(trap.port());
    let targets = urls.clone();
    let server = serve(move |request, answer| {
        let at: usize = request.path[1..].parse().unwrap();
        // Header values are ASCII; a browser would send the rest escaped.
        let target = targets[at].replace(|c: char| !c.is_ascii(), "1");
        answer.head(302, &[("Location", target), ("Content-Length", "0".into())]);
    });
    let folder = tempfile::tempdir().unwrap();
    let list: String =
        (0..urls.len()).map(|at| format!("http://{}/{at}\n", server.address)).collect();
    let mut settings = Settings { attempts: 1, strikes: 1000, ..impatient(&[server.address]) };
    settings.guard.lookup = None;
    let collected = run(&list, folder.path(), &settings);
    assert_eq!(collected.rows.len(), urls.len());
    assert_eq!(collected.count(Status::Kept), 0);
    assert_eq!(count.load(Ordering::SeqCst), 0);
    assert!(collected.count(Status::Refused) >= 38, "{:?}", collected.reasons());
}

#[test]
fn a_name_that_changes_its_address_is_checked_each_time() {
    let (trap, count) = trap();
    let server = serve(|request, answer| {
        answer.ok(&picture(request.path[1..].parse().unwrap()));
    });
    let good = server.address;
    let asked = Arc::new(AtomicUsize::new(0));
    let counted = asked.clone();
    let mut settings = Settings { attempts: 1, strikes: 1000, ..impatient(&[good]) };
    settings.guard.lookup = Some(Arc::new(move |_, _| {
        let time = counted.fetch_add(1, Ordering::SeqCst);
        Ok(match time % 3 {
            0 => vec![good],
            1 => vec![trap],
            _ => vec![trap, good],
        })
    }));
    let folder = tempfile::tempdir().unwrap();
    let list: String = (0..100).map(|n| format!("http://turn.example/{n}\n")).collect();
    let collected = run(&list, folder.path(), &settings);
    assert_eq!(count.load(Ordering::SeqCst), 0);
    assert!(asked.load(Ordering::SeqCst) >= 100);
    assert_eq!(collected.count(Status::Kept) + collected.count(Status::Refused), 100);
    assert!(collected.count(Status::Kept) >= 60 && collected.count(Status::Refused) >= 30);
}

#[test]
fn private_addresses_are_connected_to_where_that_is_allowed() {
    let server = serve(|_, answer| answer.ok(&picture(1)));
    let folder = tempfile::tempdir().unwrap();
    let guard = Guard { private: true, ..Guard::default() };
    let settings = Settings { guard, ..impatient(&[]) };
    let collected = run(&format!("http://{}/1\n", server.address), folder.path(), &settings);
    assert_eq!(collected.count(Status::Kept), 1);
}
