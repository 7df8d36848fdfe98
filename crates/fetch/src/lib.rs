//! Fetching over HTTP: one address at a time, with patience and without trust.
//!
//! Its central types are [`Client`] (sends requests and reads bodies within the limits of its
//! [`Settings`]), [`Hops`] (the redirects of one request, followed by hand so that the caller sees
//! every address before it is asked) and [`Guard`] (which network addresses may be connected to).
//! [`FetchError`] says whether another try may help; [`backoff`] says after how long.
//!
//! ```
//! use fetch::{Client, Guard, Hops, Settings};
//! use ground::Stop;
//! # let server = testserver::Server::start(|request, answer| match request.path.as_str() {
//! #     "/old" => { answer.head(301, &[("Location", "/new".into()), ("Content-Length", "0".into())]); }
//! #     _ => answer.ok(b"a picture"),
//! # });
//! # let address = format!("{}/old", server.url);
//! // The address is on this machine, which is refused unless it is allowed by name.
//! let guard = Guard { private: true, ..Guard::default() };
//! let client = Client::new(Settings { guard, ..Settings::default() }, Stop::new());
//! let mut hops = Hops::new(address.parse()?, 5);
//! let response = loop {
//!     let response = client.send(hops.url(), &[], None)?;
//!     if !hops.follow(&response)? {
//!         break response;
//!     }
//! };
//! assert_eq!(client.bytes(response, 1 << 20, None)?, b"a picture");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod body;
mod client;
mod error;
mod guard;
mod headers;
mod hops;

pub use body::Watched;
pub use client::{Client, Response, Settings, backoff};
pub use error::FetchError;
pub use guard::{Guard, Lookup, Private};
pub use headers::{all, retry_after, text};
pub use hops::Hops;
pub use ureq::http::HeaderMap;
pub use url::{Host, Url};
