//! R10: a run that is killed is gone on from to the same folder.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use collect::{Settings, Status, collect};
use ground::Stop;
use ground::progress::Silent;
use ground::random::{Draws, Purpose};

use crate::{impatient, picture, run, serve, slow, tree};

/// Not a test of its own: others run it as a program that can be killed.
#[test]
#[ignore = "other tests run this in a process of its own"]
fn program() {
    let (Ok(address), Ok(folder)) = (std::env::var("TEST_ADDRESS"), std::env::var("TEST_FOLDER"))
    else {
        return;
    };
    let folder = Path::new(&folder);
    let settings = patient(address.parse().unwrap());
    collect(&[folder.join("list.txt")], &folder.join("out"), &settings, &Silent, &Stop::new())
        .unwrap();
}

fn patient(address: std::net::SocketAddr) -> Settings {
    let second = Duration::from_secs(60);
    Settings { silence: second, total: second, window: second, ..impatient(&[address]) }
}

#[test]
fn killed_runs_end_in_the_same_folder() {
    let (kills, pictures) = if slow() { (100, 500) } else { (5, 120) };
    let server = serve(|request, answer| {
        std::thread::sleep(Duration::from_millis(3));
        let number: u32 = request.path[1..].parse().unwrap();
        match number % 10 {
            7 => drop(answer.head(404, &[("Content-Length", "0".into())])),
            8 => answer.ok(b"<html>"),
            9 => answer.ok(&picture(1)),
            _ => answer.ok(&picture(number)),
        }
    });
    let list: String = (0..pictures)
        .map(|n| {
            format!(
                "class{}\t{}\n",
                n % 3,
                server.url_of(&format!("h{}.example", n % 2), &n.to_string())
            )
        })
        .collect();
    let whole = tempfile::tempdir().unwrap();
    let settings = patient(server.address);
    let expected = run(&list, whole.path(), &settings);
    let asked = server.requests().len();
    let strip = |folder: &Path| -> Vec<_> {
        let out = folder.join("out");
        tree(&out).into_iter().map(|(k, v)| (k.strip_prefix(&out).unwrap().to_owned(), v)).collect()
    };
    let expected_tree = strip(whole.path());

    let mut draws = Draws::new(5, Purpose::Synthetic, &[10]);
    let mut killed = 0;
    let mut rounds = 0;
    while killed < kills {
        // A folder that is done is begun anew.
        rounds += 1;
        assert!(rounds < 4 * kills, "runs end before they are killed");
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("list.txt"), &list).unwrap();
        let before = server.requests().len();
        let mut here = 0;
        while here < 5 && killed < kills {
            let mut child = Command::new(std::env::current_exe().unwrap())
                .args(["--exact", "survival::program", "--include-ignored"])
                .env("TEST_ADDRESS", server.address.to_string())
                .env("TEST_FOLDER", folder.path())
                .stdout(Stdio::null())
                .spawn()
                .unwrap();
            std::thread::sleep(Duration::from_millis(10 + draws.below(150) as u64));
            let ended = child.try_wait().unwrap().is_some();
            let _ = child.kill();
            child.wait().unwrap();
            // Whatever has its name is whole.
            for (path, bytes) in strip(folder.path()) {
                assert!(expected_tree.contains(&(path.clone(), bytes)), "{}", path.display());
            }
            if ended {
                break;
            }
            (killed, here) = (killed + 1, here + 1);
        }
        let collected = run(&list, folder.path(), &settings);
        assert_eq!(strip(folder.path()), expected_tree);
        let told = |rows: &[collect::Row]| -> Vec<_> {
            let of = |row: &collect::Row| (row.key_for_test(), row.status, row.reason.clone());
            rows.iter().map(of).collect()
        };
        assert_eq!(told(&collected.rows), told(&expected.rows));
        assert_eq!(collected.count(Status::Later), 0);
        // At most what was in flight is asked for again: 4 a host, and robots.txt.
        let more = server.requests().len() - before - asked;
        assert!(more <= here * 2 * (4 + 1), "{more} repeated requests after {here} kills");
    }
}

trait Known {
    fn key_for_test(&self) -> (String, String, String);
}

impl Known for collect::Row {
    fn key_for_test(&self) -> (String, String, String) {
        (self.url.clone(), self.class.clone(), self.file.clone())
    }
}

#[test]
fn stopping_is_prompt_and_loses_nothing() {
    let server = serve(|request, answer| {
        if request.path == "/1" {
            std::thread::sleep(Duration::from_secs(30));
        }
        answer.ok(&picture(2));
    });
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("fox.txt");
    std::fs::write(
        &path,
        format!("{}\n{}\n", server.url_of("a.example", "1"), server.url_of("a.example", "2")),
    )
    .unwrap();
    let stop = Stop::new();
    let asker = stop.clone();
    std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(600));
        asker.ask();
    });
    let collected =
        collect(&[path], &folder.path().join("out"), &patient(server.address), &Silent, &stop)
            .unwrap();
    assert!(collected.stopped);
    assert_eq!(collected.rows.len(), 1);
    assert_eq!(collected.count(Status::Kept), 1);
    assert!(folder.path().join("out/collected.csv").exists());
}
