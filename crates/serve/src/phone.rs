//! A telephone beside this machine: a second listener, on its address in the local network, which answers
//! on a photograph, files one under a class, and knows nothing else.
//!
//! It is paired by a key of its own, in an address that is shown as a picture. The key is good for ten
//! minutes; the telephone's session lasts as long as the program.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use lookalike::{Error, Kind};
use qrcodegen::{QrCode, QrCodeEcc};
use serde_json::{Value, json};

use crate::app::App;
use crate::listen::{Bound, Listen};
use crate::problem::{Fault, Problem};

/// How long a key can be exchanged.
pub(crate) const GOOD_FOR: Duration = Duration::from_secs(600);

/// What is light around a code, in its modules: readers need it.
const QUIET: i32 = 4;

/// The second listener.
pub(crate) struct Phone {
    /// Its own half of the server.
    pub(crate) app: Arc<App>,
    /// Its address without a key.
    base: String,
}

/// A socket on the address by which this machine is reached from the local network.
///
/// # Errors
/// When it is in no network.
pub(crate) fn bound() -> Result<Bound, Error> {
    let all = if_addrs::get_if_addrs().unwrap_or_default();
    let reached = |ip: &IpAddr| match ip {
        IpAddr::V4(ip) => !ip.is_loopback() && !ip.is_link_local(),
        IpAddr::V6(_) => false,
    };
    let ip = all.iter().map(if_addrs::Interface::ip).find(reached);
    let none = || {
        let what = "this machine is in no local network that a telephone could reach";
        let help = "connect it to the same Wi-Fi as the telephone, or leave out `--phone`";
        Error::refused(Kind::Network, what).advise(help)
    };
    Bound::to(&Listen::Address(SocketAddr::new(ip.ok_or_else(none)?, 0).to_string()))
}

impl Phone {
    /// Takes this half of the server, which listens there.
    pub(crate) fn new(app: Arc<App>, bound: &Bound) -> Self {
        Self { app, base: bound.addresses().into_iter().next().unwrap_or_default() }
    }

    /// The address with the key, and the seconds for which it is good.
    fn address(&self) -> (String, u64) {
        let (key, left) = self.app.gate.paired_by().unwrap_or_default();
        (format!("{}/#k={key}", self.base), left.as_secs())
    }

    /// A key that is good for ten minutes from now on, in place of the one before.
    ///
    /// # Errors
    /// When the system has no random numbers.
    pub(crate) fn renew(&self) -> Result<(), Problem> {
        let failed = |error: Error| Fault::Failed.because(error.to_string());
        self.app.gate.renew(GOOD_FOR).map_err(failed)
    }

    /// As pages are told of it.
    pub(crate) fn json(&self) -> Value {
        let (address, seconds) = self.address();
        let until = SystemTime::now() + Duration::from_secs(seconds);
        let until = until.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let version = ground::Digest::of(address.as_bytes()).to_string();
        json!({
            "address": address, "until": until, "seconds": seconds,
            "qr": format!("v1/phone.svg?v={}", &version[..8]),
        })
    }

    /// The address as a code, drawn.
    pub(crate) fn svg(&self) -> Result<Response, Problem> {
        let code = code(&self.address().0).map_err(|error| Fault::Failed.because(error))?;
        let side = code.size() + 2 * QUIET;
        let mut path = String::new();
        for y in 0..code.size() {
            for x in (0..code.size()).filter(|&x| code.get_module(x, y)) {
                path += &format!("M{} {}h1v1h-1z", x + QUIET, y + QUIET);
            }
        }
        let svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {side} {side}\" \
             shape-rendering=\"crispEdges\"><path fill=\"#fff\" d=\"M0 0h{side}v{side}H0z\"/>\
             <path d=\"{path}\"/></svg>"
        );
        Ok(([(CONTENT_TYPE, "image/svg+xml")], svg).into_response())
    }

    /// The address, and as a code for a terminal, two rows of modules a line.
    pub(crate) fn told(&self) -> (String, String) {
        let address = self.address().0;
        let Ok(code) = code(&address) else { return (address, String::new()) };
        let light = |x: i32, y: i32| !code.get_module(x, y);
        let (from, to) = (-QUIET / 2, code.size() + QUIET / 2);
        let mut lines = vec![];
        for y in (from..to).step_by(2) {
            let half = |x: i32| match (light(x, y), light(x, y + 1)) {
                (true, true) => '█',
                (true, false) => '▀',
                (false, true) => '▄',
                (false, false) => ' ',
            };
            lines.push((from..to).map(half).collect::<String>());
        }
        (address, lines.join("\n"))
    }
}

fn code(text: &str) -> Result<QrCode, String> {
    QrCode::encode_text(text, QrCodeEcc::Medium).map_err(|error| error.to_string())
}
