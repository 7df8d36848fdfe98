//! The page in a real browser: at the width of a phone and of a desk, light and dark.
//!
//! Skipped with a notice where there is no Chromium, unless `LOOKALIKE_REQUIRE_BROWSER=1`. With
//! `LOOKALIKE_SCREENSHOTS=FOLDER` it leaves the pages and a picture of each there, to look at.

#![allow(clippy::unwrap_used)] // every function here is part of a test

mod made;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;

use insight::{Insight, RunRecord};
use report::{About, Sheet, SheetClass, Tile, check, contact_sheet, html};
use serde_json::Value;

/// One browser at a time: several would starve each other on a small machine.
static ONE: Mutex<()> = Mutex::new(());

fn browser() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let names = ["chromium", "chromium-browser", "google-chrome"];
    let found = std::env::split_paths(&path)
        .flat_map(|folder| names.map(|name| folder.join(name)))
        .find(|file| file.is_file());
    if found.is_none() {
        assert!(std::env::var_os("LOOKALIKE_REQUIRE_BROWSER").is_none(), "no chromium on PATH");
        eprintln!("skipped: no chromium on PATH");
    }
    found
}

/// Opens a file; what the browser prints to its output and to its log.
fn open(browser: &Path, page: &Path, width: u32, dark: bool, more: &[String]) -> (String, String) {
    let _alone = ONE.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let profile = tempfile::tempdir().unwrap();
    let output = Command::new(browser)
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"])
        .args(["--disable-background-networking", "--disable-component-update", "--disable-sync"])
        .args(["--hide-scrollbars", "--enable-logging=stderr", "--virtual-time-budget=3000"])
        .arg("--host-resolver-rules=MAP * ~NOTFOUND")
        .arg(format!("--user-data-dir={}", profile.path().display()))
        .arg(format!("--blink-settings=preferredColorScheme={}", u8::from(!dark)))
        .arg(format!("--window-size={width},1000"))
        .args(more)
        .arg(format!("file://{}", page.display()))
        .output()
        .unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (text(&output.stdout), text(&output.stderr))
}

/// What a page says in the console, and whom it asks for anything over a network.
fn console_and_requests(browser: &Path, page: &Path) -> (Vec<String>, Vec<String>) {
    let log = tempfile::NamedTempFile::new().unwrap();
    let netlog = format!("--log-net-log={}", log.path().display());
    let (_, stderr) = open(browser, page, 1280, false, &[netlog, "--dump-dom".into()]);
    let console =
        stderr.lines().filter(|line| line.contains("CONSOLE")).map(str::to_owned).collect();
    let log = fs::read_to_string(log.path()).unwrap();
    assert!(log.contains("\"constants\""), "the browser kept a network log");
    // One event a line. The browser's own requests (updates, the time) have no origin.
    let event = |line: &str| serde_json::from_str::<Value>(line.trim_end_matches(',')).ok();
    let params = log.lines().filter_map(event).map(|event| event["params"].clone());
    let asked = params
        .filter(|params| {
            params["initiator"].as_str().is_some_and(|origin| origin != "not an origin")
        })
        .map(|params| params["url"].to_string())
        .filter(|url| !url.starts_with("\"data:"))
        .collect();
    (console, asked)
}

/// Around the measured page: a frame of each width wanted, as a window has at least 500 pixels. All
/// lie in one place, so that each is in sight.
fn frames(widths: &[u32]) -> String {
    let frame = |width| {
        format!(
            "<iframe src=measured.html style='border:0;position:absolute;width:{width}px;height:1000px'></iframe>"
        )
    };
    let frames: String = widths.iter().map(frame).collect();
    format!(
        "<!doctype html><html style='color-scheme: light dark'><body style='margin:0'>{frames}\
         <script>const said = []; onmessage = (e) => {{\
         said[Array.from(frames).findIndex((frame) => frame === e.source)] = e.data;\
         document.title = said.join(' '); }}</script>"
    )
}

/// How a page lies in windows of these widths, as measure.js sees it.
fn measure(browser: &Path, page: &str, widths: &[u32], dark: bool) -> Vec<Value> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("frames.html");
    let script = format!("<script>{}</script></body>", include_str!("measure.js"));
    let copy =
        page.replace("http-equiv=\"Content-Security-Policy\"", "").replace("</body>", &script);
    fs::write(folder.path().join("measured.html"), copy).unwrap();
    fs::write(&file, frames(widths)).unwrap();
    let (dom, stderr) = open(browser, &file, 1400, dark, &["--dump-dom".into()]);
    let start = dom.find("<title>").unwrap_or_else(|| panic!("not measured: {stderr}"));
    let said = dom[start..].split(['>', '<']).nth(2).unwrap();
    let measured: Vec<Value> =
        said.split(' ').map(|text| serde_json::from_slice(&decoded(text)).unwrap()).collect();
    assert_eq!(measured.len(), widths.len(), "each width was measured");
    measured
}

/// What `encodeURIComponent` made one word of.
fn decoded(text: &str) -> Vec<u8> {
    let bytes = text.as_bytes();
    let mut decoded = Vec::new();
    let mut i = 0;
    while i < bytes.len() {
        if bytes[i] == b'%' {
            decoded.push(u8::from_str_radix(&text[i + 1..i + 3], 16).unwrap());
            i += 3;
        } else {
            decoded.push(bytes[i]);
            i += 1;
        }
    }
    decoded
}

fn keep(browser: &Path, name: &str, page: &str, width: u32, dark: bool) {
    let Some(folder) = std::env::var_os("LOOKALIKE_SCREENSHOTS") else { return };
    let folder = fs::canonicalize(folder).unwrap();
    let file = folder.join(format!("{name}.html"));
    fs::write(&file, page).unwrap();
    let picture =
        folder.join(format!("{name}-{width}-{}.png", if dark { "dark" } else { "light" }));
    let shot = format!("--screenshot={}", picture.display());
    open(browser, &file, width, dark, &[shot, format!("--window-size={width},9500")]);
}

/// Opens the report of a classifier and asserts all that must hold of any.
fn sound(name: &str, record: &RunRecord, thumbnails: &[Vec<u8>], widths: &[u32], darks: &[bool]) {
    let about = About {
        title: name.into(),
        file: format!("{name}.lookalike"),
        program: "lookalike".into(),
    };
    let page = html(record, &Insight::of(record), thumbnails, &about);
    stands(name, &page, widths, darks, &|measured, place| {
        // The bar, how sure, how many it answers, and three whiskers for each of up to 30
        // classes; the matrix.
        let held_out = !record.held_out.is_empty();
        // Of few pictures there is no more than the bar and the whiskers.
        let few = Insight::of(record).is_small();
        let more = if few { 1 } else { 3 };
        let of_answers = if held_out { more + 3 * record.classes.len().min(30) } else { 0 };
        let curves = if record.history.is_empty() { 0 } else { 2 };
        let guesses = if record.shortcuts.is_empty() { 0 } else { record.shortcuts.len() + 2 };
        let tried = record.comparisons.len();
        let curve = if few { 0 } else { record.curve.len().min(1) };
        let charts = of_answers + curves + guesses + tried + curve;
        assert_eq!(measured["charts"], charts, "{place}");
        assert_eq!(measured["matrices"], usize::from(held_out), "{place}");
        let seen = &measured["seen"];
        let placed = record.held_out.iter().filter(|p| p.place.is_some()).count();
        assert_eq!((&seen["before"], &seen["points"]), (&0.into(), &placed.into()), "{place}");
        if placed > 0 {
            assert_eq!((&seen["tip"], &seen["moved"]), (&1.into(), &true.into()), "{place}");
        }
        if record.reasons.is_some() {
            assert!(seen["heat"].as_u64().unwrap() > 0, "{place}");
        }
    });
}

/// Opens a page and asserts all that must hold of any, and `more` of what was measured.
fn stands(name: &str, page: &str, widths: &[u32], darks: &[bool], more: &dyn Fn(&Value, &str)) {
    let Some(browser) = browser() else { return };
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("report.html");
    fs::write(&file, page).unwrap();
    let (console, asked) = console_and_requests(&browser, &file);
    assert!(console.is_empty(), "{name}: {console:?}");
    assert!(asked.is_empty(), "{name}: {asked:?}");
    for &dark in darks {
        for (&width, measured) in widths.iter().zip(measure(&browser, page, widths, dark)) {
            keep(&browser, name, page, width, dark);
            let place = format!("{name} at {width}, {}", if dark { "dark" } else { "light" });
            assert_eq!(measured["wide"], width, "{place}");
            assert_eq!(measured["dark"], dark, "{place}");
            assert_eq!(measured["faults"], serde_json::json!([]), "{place}");
            assert!(
                measured["scrolls"].as_u64().unwrap() <= u64::from(width),
                "{place}: {measured}"
            );
            assert!(measured["contrast"].as_f64().unwrap() > 4.0, "{place}: {measured}");
            more(&measured, &place);
        }
    }
}

/// The page of a check.
fn sound_check(name: &str, classes: &[String], widths: &[u32], darks: &[bool]) {
    let (checkup, thumbnails) = made::checkup(classes, 12);
    let (guesses, chance) = made::guesses(classes.len());
    let about = About { title: name.into(), file: "photos".into(), program: "lookalike".into() };
    let page = check::html(&checkup, &guesses, Some(&chance), &thumbnails, &about);
    stands(name, &page, widths, darks, &|measured, place| {
        assert_eq!(measured["charts"], 3, "{place}");
        // Two of the conflict, three near copies, blurred ones, and each class at a glance.
        let shown = page.matches("<img ").count();
        assert_eq!(measured["pictures"], shown, "{place}");
        assert!(shown >= 5 + 12 * classes.len().min(30), "{place}: {shown}");
    });
}

#[test]
fn what_check_found_at_both_widths_and_in_both_lights() {
    sound_check("check", &made::names(3), &[390, 1280], &[false, true]);
    sound_check("check-hostile", &made::hostile(), &[390], &[true]);
    sound_check("check-fifty", &made::names(50), &[1280], &[false]);
}

#[test]
fn three_classes_at_both_widths_and_in_both_lights() {
    let (record, thumbnails) = made::record(&made::names(3), 30, 3);
    sound("three", &record, &thumbnails, &[390, 1280], &[false, true]);
}

#[test]
fn all_that_is_honest_at_both_widths_and_in_both_lights() {
    let (record, thumbnails) = made::honest(&made::names(3), 170);
    sound("honest", &record, &thumbnails, &[390, 1280], &[false, true]);
    let (record, thumbnails) = made::honest(&made::hostile(), 30);
    sound("hostile-honest", &record, &thumbnails, &[390], &[false]);
}

#[test]
fn fifty_classes_scroll_inside_their_box() {
    let (record, thumbnails) = made::record(&made::names(50), 10, 3);
    sound("fifty", &record, &thumbnails, &[390, 1280], &[false]);
}

#[test]
fn hostile_names_break_no_layout_and_run_nothing() {
    let (record, thumbnails) = made::record(&made::hostile(), 10, 4);
    sound("hostile", &record, &thumbnails, &[390, 1280], &[true]);
}

#[test]
fn no_mistakes_no_history_no_pictures() {
    let (mut record, _) = made::record(&made::names(2), 10, 0);
    record.held_out.iter_mut().for_each(|p| p.thumbnail = None);
    record.history.clear();
    record.samples.clear();
    sound("bare", &record, &[], &[390], &[false]);
    record.held_out.clear();
    sound("nothing", &record, &[], &[390], &[true]);
}

#[test]
fn a_contact_sheet_at_both_widths_and_in_both_lights() {
    let (_, thumbnails) = made::record(&made::names(3), 1, 0);
    for (name, names) in [("sheet", made::names(3)), ("hostile-sheet", made::hostile())] {
        let class = |name: &String| SheetClass {
            name: name.clone(),
            count: 400,
            tiles: (0..40)
                .map(|i| Tile {
                    file: format!("{name}/{i}.jpg"),
                    picture: match i % 13 {
                        5 => Err(format!("{name} is not a picture")),
                        _ => Ok((thumbnails[i % 3].clone(), [[112, 84], [84, 112]][i % 2])),
                    },
                })
                .collect(),
        };
        let sheet = Sheet {
            of: report::SheetOf::Classes,
            title: names[0].clone(),
            program: "lookalike".into(),
            classes: names.iter().map(class).collect(),
        };
        let page = contact_sheet(&sheet);
        stands(name, &page, &[390, 1280], &[false, true], &|measured, place| {
            assert_eq!(measured["pictures"], 37 * names.len(), "{place}");
        });
    }
}

/// The negative control: were a page to ask or to fail, these checks would see it.
#[test]
fn a_page_that_asks_and_fails_is_caught() {
    let Some(browser) = browser() else { return };
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("bad.html");
    fs::write(
        &file,
        "<!doctype html><img src=http://127.0.0.1:9/asked.png><script>nothing()</script>",
    )
    .unwrap();
    let (console, asked) = console_and_requests(&browser, &file);
    assert!(console.iter().any(|line| line.contains("nothing is not defined")), "{console:?}");
    assert!(asked.iter().any(|url| url.contains("asked.png")), "{asked:?}");
    let page = "<!doctype html><body><p style='width:900px;color:#ccc;background:#fff'>wide and pale</p></body>";
    let measured = &measure(&browser, page, &[390], false)[0];
    assert!(measured["scrolls"].as_u64().unwrap() > 390);
    assert!(!measured["faults"].as_array().unwrap().is_empty());
    assert!(measured["contrast"].as_f64().unwrap() < 2.0);
}
