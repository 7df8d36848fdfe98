//! Which network addresses may be connected to, asked where connections are made.

use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::NextTimeout;

/// Finds the addresses of a host and port.
pub type Lookup = dyn Fn(&str, u16) -> io::Result<Vec<SocketAddr>> + Send + Sync;

/// Which addresses may be connected to: by default, public ones only, so that a list from a
/// stranger cannot make this machine ask its own network for something.
///
/// It is the resolver of every connection, so that what is checked is what is connected to: a name
/// that means something else the next time it is asked for is checked that time too.
#[derive(Clone, Default)]
pub struct Guard {
    /// Whether any address will do.
    pub private: bool,
    /// Addresses with ports that will do besides public ones.
    pub also: Vec<SocketAddr>,
    /// Hosts, by name, that may be anywhere: those that the user named.
    pub hosts: Vec<String>,
    /// Asked instead of the system.
    pub lookup: Option<Arc<Lookup>>,
}

/// Every address of a host is refused.
#[derive(Debug, thiserror::Error)]
#[error("`{host}` is at {address}, {what}")]
pub struct Private {
    host: String,
    address: IpAddr,
    what: &'static str,
}

impl Guard {
    /// Why this address may not be connected to, if it may not.
    #[must_use]
    pub fn refuses(&self, address: SocketAddr) -> Option<&'static str> {
        if self.private || self.also.contains(&address) {
            return None;
        }
        match address.ip() {
            IpAddr::V4(ip) => not_public_4(ip),
            IpAddr::V6(ip) => not_public_6(ip),
        }
    }

    /// The addresses of `found` that may be connected to.
    fn admit(
        &self,
        host: &str,
        found: impl IntoIterator<Item = SocketAddr>,
    ) -> Result<Vec<SocketAddr>, ureq::Error> {
        let named = self.hosts.iter().any(|name| name.eq_ignore_ascii_case(host));
        let mut refused = None;
        let mut admitted = Vec::new();
        for address in found {
            match self.refuses(address).filter(|_| !named) {
                None => admitted.push(address),
                Some(what) => refused = Some((address.ip(), what)),
            }
        }
        match refused {
            Some((address, what)) if admitted.is_empty() => {
                let host = host.to_owned();
                Err(ureq::Error::Other(Box::new(Private { host, address, what })))
            }
            _ if admitted.is_empty() => Err(ureq::Error::HostNotFound),
            _ => Ok(admitted),
        }
    }
}

impl fmt::Debug for Guard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Guard")
            .field("private", &self.private)
            .field("also", &self.also)
            .field("hosts", &self.hosts)
            .field("lookup", &self.lookup.is_some())
            .finish()
    }
}

impl Resolver for Guard {
    fn resolve(
        &self,
        uri: &Uri,
        config: &Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let host = uri.host().unwrap_or_default();
        let admitted = match &self.lookup {
            Some(lookup) => {
                let usual = if uri.scheme_str() == Some("https") { 443 } else { 80 };
                self.admit(host, lookup(host, uri.port_u16().unwrap_or(usual))?)?
            }
            None => {
                let found = DefaultResolver::default().resolve(uri, config, timeout)?;
                self.admit(host, found.iter().copied())?
            }
        };
        let mut result = Resolver::empty(self);
        for address in admitted.into_iter().take(16) {
            result.push(address);
        }
        Ok(result)
    }
}

/// What an IPv4 address is, unless it is public: IANA's special-purpose registry (RFC 6890).
fn not_public_4(ip: Ipv4Addr) -> Option<&'static str> {
    let [a, b, c, _] = ip.octets();
    let what = match (a, b, c) {
        (0, ..) => "which means this machine",
        (127, ..) => "which is this machine (loopback)",
        (10, ..) | (172, 16..=31, _) | (192, 168, _) => "a private address",
        (100, 64..=127, _) => "an address within a provider's network",
        (169, 254, _) => "a link-local address",
        (192, 0, 0) | (192, 0, 2) | (198, 18..=19, _) | (198, 51, 100) | (203, 0, 113) => {
            "an address kept for tests and documents"
        }
        (192, 88, 99) => "a relay to another network",
        (224..=239, ..) => "a multicast address",
        (240..=255, ..) => "a reserved address",
        _ => return None,
    };
    Some(what)
}

/// What an IPv6 address is, unless it is public. Only 2000::/3 is given out at all; and within it,
/// addresses that hold another network's are refused, whatever they hold.
fn not_public_6(ip: Ipv6Addr) -> Option<&'static str> {
    let [a, b, ..] = ip.segments();
    let what = match (a, b) {
        _ if ip.is_loopback() => "which is this machine (loopback)",
        _ if ip.is_unspecified() => "which means this machine",
        _ if ip.to_ipv4_mapped().is_some() => "an IPv4 address in disguise",
        (0x64, 0xff9b) | (0x2002, _) | (0x2001, 0) => "an address that leads into another network",
        (0xfc00..=0xfdff, _) => "a private address",
        (0xfe80..=0xfebf, _) => "a link-local address",
        (0xff00..=0xffff, _) => "a multicast address",
        (0x2001, 1..=0x1ff) | (0x2001, 0xdb8) | (0x3fff, 0..=0xfff) => {
            "an address kept for tests and documents"
        }
        (0x2000..=0x3fff, _) => return None,
        _ => "a reserved address",
    };
    Some(what)
}

#[cfg(test)]
mod tests {
    use super::Guard;

    #[test]
    fn only_public_addresses_are_admitted() {
        let guard = Guard::default();
        let refused =
            |ip: &str| guard.refuses((ip.parse::<std::net::IpAddr>().unwrap(), 80).into());
        for ip in ["1.1.1.1", "8.8.8.8", "100.63.0.1", "100.128.0.1", "172.15.0.1", "172.32.0.1"] {
            assert_eq!(refused(ip), None, "{ip}");
        }
        for ip in ["2606:4700::1111", "2001:4860:4860::8888", "2a00:1450::1", "2001:200::1"] {
            assert_eq!(refused(ip), None, "{ip}");
        }
        let kept = "0.0.0.0 0.1.2.3 10.0.0.1 100.64.0.1 100.127.255.255 127.0.0.1 127.255.0.9 \
            169.254.169.254 172.16.0.1 172.31.255.255 192.0.0.8 192.0.2.1 192.88.99.1 192.168.1.1 \
            198.18.0.1 198.19.255.1 198.51.100.7 203.0.113.9 224.0.0.1 239.1.1.1 240.0.0.1 \
            255.255.255.255 :: ::1 ::127.0.0.1 ::ffff:127.0.0.1 ::ffff:8.8.8.8 ::ffff:0:8.8.8.8 \
            64:ff9b::7f00:1 64:ff9b:1::a00:1 100::1 2001::1 2001:2::1 2001:10::1 2001:db8::1 \
            2002:7f00:1::1 3fff::1 5f00::1 fc00::1 fd12::1 fe80::1 fec0::1 ff02::1";
        for ip in kept.split_whitespace() {
            assert!(refused(ip).is_some(), "{ip}");
        }
    }

    #[test]
    fn a_name_with_one_public_address_is_connected_to_there_only() {
        let found = ["10.0.0.1:80", "1.1.1.1:80", "[::1]:80"].map(|a| a.parse().unwrap());
        assert_eq!(Guard::default().admit("x", found).unwrap(), ["1.1.1.1:80".parse().unwrap()]);
        let error = Guard::default().admit("evil.example", ["127.0.0.1:80".parse().unwrap()]);
        let error = error.unwrap_err().to_string();
        let why = "`evil.example` is at 127.0.0.1, which is this machine (loopback)";
        assert!(error.ends_with(why), "{error}");
    }
}
