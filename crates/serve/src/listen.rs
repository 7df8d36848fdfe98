//! Addresses to listen on: of the network, a path, or sockets that systemd opened.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, UdpSocket};
#[cfg(unix)]
use std::os::unix::net::UnixListener;
use std::path::PathBuf;
use std::str::FromStr;

use lookalike::{Error, Kind};

/// Where to listen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Listen {
    /// An address and a port, as in `127.0.0.1:8000`; port 0 stands for any that is free.
    Address(String),
    /// A socket at a path.
    Path(PathBuf),
    /// Sockets that systemd opened.
    Systemd,
}

impl Default for Listen {
    fn default() -> Self {
        Self::Address("127.0.0.1:8000".into())
    }
}

impl FromStr for Listen {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong =
            || "an address is needed, such as `127.0.0.1:8000`, `8000`, `unix:PATH` or `systemd`";
        if text == "systemd" {
            return Ok(Self::Systemd);
        }
        if let Some(path) = text.strip_prefix("unix:").filter(|path| !path.is_empty()) {
            return Ok(Self::Path(path.into()));
        }
        if text.parse::<u16>().is_ok() {
            return Ok(Self::Address(format!("127.0.0.1:{text}")));
        }
        let (host, port) = text.rsplit_once(':').ok_or_else(wrong)?;
        match !host.is_empty() && port.parse::<u16>().is_ok() {
            true => Ok(Self::Address(text.into())),
            false => Err(wrong().into()),
        }
    }
}

/// A socket that listens.
#[derive(Debug)]
pub(crate) enum Listener {
    Tcp(TcpListener),
    #[cfg(unix)]
    Unix(UnixListener, PathBuf),
}

/// Sockets that listen; nobody is answered yet.
#[derive(Debug)]
pub struct Bound(pub(crate) Vec<Listener>);

impl Bound {
    /// Opens the sockets.
    ///
    /// # Errors
    /// When an address is taken, is not one of this machine, or must not be used.
    pub fn to(listen: &Listen) -> Result<Self, Error> {
        let bound = match listen {
            Listen::Address(address) => bind(address).map(|one| vec![Listener::Tcp(one)])?,
            #[cfg(unix)]
            Listen::Path(path) => vec![bind_path(path)?],
            #[cfg(unix)]
            Listen::Systemd => inherited()?,
            #[cfg(not(unix))]
            _ => {
                return Err(Error::refused(
                    Kind::Usage,
                    "there are no such sockets on this system",
                ));
            }
        };
        for listener in &bound {
            let done = match listener {
                Listener::Tcp(one) => one.set_nonblocking(true),
                #[cfg(unix)]
                Listener::Unix(one, _) => one.set_nonblocking(true),
            };
            done.map_err(|error| unusable("the socket", &error))?;
        }
        Ok(Self(bound))
    }

    /// Whether clients of this machine alone can connect over the network; sockets at a path count as
    /// such.
    #[must_use]
    pub fn is_local(&self) -> bool {
        self.ips().all(|ip| ip.is_loopback())
    }

    /// Whether one is a socket at a path, which may be another program's door to the network.
    pub(crate) fn has_path(&self) -> bool {
        self.0.iter().any(|listener| !matches!(listener, Listener::Tcp(_)))
    }

    fn ips(&self) -> impl Iterator<Item = IpAddr> {
        self.tcp().map(|address| address.ip())
    }

    fn tcp(&self) -> impl Iterator<Item = SocketAddr> {
        self.0.iter().filter_map(|listener| match listener {
            Listener::Tcp(one) => one.local_addr().ok(),
            #[cfg(unix)]
            Listener::Unix(..) => None,
        })
    }

    /// The port of the first address, which names the cookie of a session.
    pub(crate) fn port(&self) -> u16 {
        self.tcp().next().map_or(0, |address| address.port())
    }

    /// What to call: `http://127.0.0.1:8000`, or `unix:PATH`. A socket that listens on all addresses of
    /// this machine can be called by more than these.
    #[must_use]
    pub fn addresses(&self) -> Vec<String> {
        self.0.iter().flat_map(Listener::addresses).collect()
    }
}

impl Listener {
    fn addresses(&self) -> Vec<String> {
        match self {
            Self::Tcp(one) => {
                let Ok(address) = one.local_addr() else { return vec![] };
                let ips =
                    if address.ip().is_unspecified() { reachable() } else { vec![address.ip()] };
                let named = ips.into_iter().map(|ip| SocketAddr::new(ip, address.port()));
                named.map(|address| format!("http://{address}")).collect()
            }
            #[cfg(unix)]
            Self::Unix(_, path) => vec![format!("unix:{}", path.display())],
        }
    }
}

/// This machine's own address, and the one by which it would call another machine. Nothing is sent.
fn reachable() -> Vec<IpAddr> {
    let outwards = || {
        let socket = UdpSocket::bind("0.0.0.0:0")?;
        socket.connect("192.0.2.1:9")?;
        socket.local_addr()
    };
    let beyond = outwards().ok().map(|address| address.ip()).filter(|ip| !ip.is_loopback());
    std::iter::once(Ipv4Addr::LOCALHOST.into()).chain(beyond).collect()
}

fn bind(address: &str) -> Result<TcpListener, Error> {
    TcpListener::bind(address).map_err(|error| unusable(&format!("`{address}`"), &error))
}

/// Why there is no listening at an address, and what to do.
fn unusable(what: &str, error: &io::Error) -> Error {
    let help = match error.kind() {
        io::ErrorKind::AddrInUse => {
            return Error::refused(Kind::Network, format!("{what} is in use by another program")).advise(
                "stop that program, or choose another port, as in `--listen 127.0.0.1:8001`; port 0 takes any that is free",
            );
        }
        io::ErrorKind::PermissionDenied => {
            "ports below 1024 are for the administrator; choose one above, as in `--listen 127.0.0.1:8000`"
        }
        io::ErrorKind::AddrNotAvailable => {
            "name an address of this machine; `0.0.0.0:8000` stands for all of them"
        }
        _ => "name an address of this machine, as in `--listen 127.0.0.1:8000`",
    };
    Error::refused(Kind::Network, format!("cannot listen on {what}: {error}")).advise(help)
}

/// A socket at a path. One that a server left behind is replaced; one that answers, or a file of another
/// kind, is not.
#[cfg(unix)]
fn bind_path(path: &std::path::Path) -> Result<Listener, Error> {
    use std::os::unix::fs::FileTypeExt;
    use std::os::unix::net::UnixStream;
    let what = format!("`{}`", path.display());
    let is_socket =
        std::fs::symlink_metadata(path).is_ok_and(|about| about.file_type().is_socket());
    if is_socket && UnixStream::connect(path).is_err() {
        // Where it cannot be removed, binding says so.
        let _ = std::fs::remove_file(path);
    }
    match UnixListener::bind(path) {
        Ok(listener) => Ok(Listener::Unix(listener, path.to_owned())),
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
            let taken = match is_socket {
                true => format!("{what} is in use by another program"),
                false => format!("{what} exists and is not a socket"),
            };
            Err(Error::refused(Kind::Network, taken).advise("choose another path"))
        }
        Err(error) => {
            Err(Error::refused(Kind::Network, format!("cannot listen on {what}: {error}"))
                .advise("name a new file in a folder that you may write to"))
        }
    }
}

/// The sockets that systemd opened, as its environment says.
#[cfg(unix)]
fn inherited() -> Result<Vec<Listener>, Error> {
    let none = || {
        let what = "systemd passed no socket that listens";
        Error::refused(Kind::Usage, what)
            .advise("start the program by a `.socket` unit of systemd; docs/serve.md has one")
    };
    let mut handed = listenfd::ListenFd::from_env();
    let mut found = vec![];
    for index in 0..handed.len() {
        // A socket of the other kind stays where it is, to be taken as what it is.
        if let Ok(Some(listener)) = handed.take_tcp_listener(index) {
            found.push(Listener::Tcp(listener));
        } else if let Ok(Some(listener)) = handed.take_unix_listener(index) {
            let path = listener.local_addr().ok().and_then(|a| a.as_pathname().map(PathBuf::from));
            found.push(Listener::Unix(listener, path.unwrap_or_default()));
        }
    }
    if found.is_empty() { Err(none()) } else { Ok(found) }
}

#[cfg(test)]
mod tests {
    use super::{Bound, Listen};

    #[test]
    fn addresses_ports_paths_and_systemd_are_understood() {
        let read = |text: &str| text.parse::<Listen>();
        assert_eq!(read("8000"), Ok(Listen::default()));
        assert_eq!(read("[::1]:0"), Ok(Listen::Address("[::1]:0".into())));
        assert_eq!(read("localhost:80"), Ok(Listen::Address("localhost:80".into())));
        assert_eq!(read("unix:a b"), Ok(Listen::Path("a b".into())));
        assert_eq!(read("systemd"), Ok(Listen::Systemd));
        for wrong in ["", "unix:", "127.0.0.1", ":80", "a:b", "127.0.0.1:70000"] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_taken_port_is_an_error_that_says_what_to_do() {
        let first = Bound::to(&Listen::Address("127.0.0.1:0".into())).unwrap();
        assert!(first.is_local());
        let taken = format!("127.0.0.1:{}", first.port());
        let error = Bound::to(&Listen::Address(taken.clone())).unwrap_err();
        assert_eq!(error.to_string(), format!("`{taken}` is in use by another program"));
        assert!(error.help().unwrap().contains("port 0"));
        assert!(!Bound::to(&Listen::Address("0.0.0.0:0".into())).unwrap().is_local());
    }

    #[cfg(unix)]
    #[test]
    fn a_socket_left_behind_is_replaced_and_nothing_else_is() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("socket");
        let listen = Listen::Path(path.clone());
        let first = Bound::to(&listen).unwrap();
        assert!(Bound::to(&listen).unwrap_err().to_string().contains("in use"));
        drop(first);
        drop(Bound::to(&listen).unwrap());
        std::fs::remove_file(&path).unwrap();
        std::fs::write(&path, "mine").unwrap();
        assert!(Bound::to(&listen).unwrap_err().to_string().contains("is not a socket"));
        assert_eq!(std::fs::read(&path).unwrap(), b"mine");
    }
}
