//! Collecting from servers, lists and archives that are kind, broken or malicious.

#![allow(clippy::unwrap_used, reason = "a test's helpers may panic as tests do")]

mod archives;
mod private;
mod servers;
mod survival;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use collect::{Collected, Guard, Row, Settings, collect};
use ground::Stop;
use ground::progress::Silent;
use testserver::{Answer, Request, Server};

/// A picture that its number alone determines.
pub(crate) fn picture(number: u32) -> Vec<u8> {
    let mut file = std::io::Cursor::new(Vec::new());
    let [_, a, b, c] = number.to_be_bytes();
    let colour = image::Rgb([a, b, c]);
    image::RgbImage::from_pixel(40, 33, colour)
        .write_to(&mut file, image::ImageFormat::Png)
        .unwrap();
    file.into_inner()
}

/// A server without a `robots.txt`, except where a host's name begins with `robots`.
pub(crate) fn serve(answer: impl Fn(&Request, &mut Answer) + Send + Sync + 'static) -> Server {
    Server::start(move |request, reply| {
        if request.path == "/robots.txt" && !request.host().starts_with("robots") {
            reply.head(404, &[("Content-Length", "0".into())]);
        } else {
            answer(request, reply);
        }
    })
}

/// Little patience, and only these addresses besides public ones; every name leads to the first.
pub(crate) fn impatient(addresses: &[SocketAddr]) -> Settings {
    let all = addresses.to_vec();
    let lookup = addresses.first().copied();
    Settings {
        guard: Guard {
            also: all,
            lookup: lookup.map(|first| {
                Arc::new(move |_: &str, port| Ok(vec![SocketAddr::new(first.ip(), port)])) as _
            }),
            ..Guard::default()
        },
        pause: Duration::from_millis(10),
        longest_pause: Duration::from_millis(1500),
        connect: Duration::from_secs(2),
        silence: Duration::from_millis(700),
        total: Duration::from_secs(4),
        window: Duration::from_millis(500),
        slowest: 2000,
        most: 1 << 20,
        threads: 2,
        ..Settings::default()
    }
}

/// Collects a list into a folder.
pub(crate) fn run(list: &str, folder: &Path, settings: &Settings) -> Collected {
    let path = folder.join("list.txt");
    std::fs::write(&path, list).unwrap();
    collect(&[path], &folder.join("out"), settings, &Silent, &Stop::new()).unwrap()
}

/// What lies in a folder and below, but for locks, journals and the table.
pub(crate) fn tree(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(tree(&path));
        } else if !entry.file_name().to_str().unwrap().starts_with('.')
            && !path.ends_with("collected.csv")
        {
            found.insert(path.clone(), std::fs::read(&path).unwrap());
        }
    }
    found
}

pub(crate) fn row<'a>(collected: &'a Collected, part: &str) -> &'a Row {
    collected.rows.iter().find(|row| row.url.contains(part)).unwrap_or_else(|| panic!("{part}"))
}

pub(crate) fn slow() -> bool {
    std::env::var_os("LOOKALIKE_SLOW").is_some_and(|value| value == "1")
}
