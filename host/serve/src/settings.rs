//! Where the listener is and who may come. Only settings that are safe can be made.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use axum::http::uri::Authority;
use thiserror::Error;

use crate::key::Key;

/// Checked settings of a listener.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    address: SocketAddr,
    key: Option<Key>,
    /// Lower case, without brackets and ports.
    hosts: Vec<String>,
}

/// Why there can be no such listener.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum SettingsError {
    /// Other machines could use it.
    #[error("{0} can be reached from other machines, so it needs a key")]
    NoKey(SocketAddr),
    /// It would match no request.
    #[error("“{0}” is not the name of a host: write it as steward.example.org, without scheme, port and path")]
    Host(String),
}

impl Settings {
    /// A listener on this address. `hosts` are names and addresses under which it is reached in addition to its own, for
    /// instance through a proxy.
    ///
    /// # Errors
    /// If other machines can reach it and there is no key, or one of the hosts is not a host.
    pub fn new(address: SocketAddr, key: Option<Key>, hosts: &[String]) -> Result<Self, SettingsError> {
        if key.is_none() && !address.ip().to_canonical().is_loopback() {
            return Err(SettingsError::NoKey(address));
        }
        let hosts = hosts.iter().map(|host| checked_host(host)).collect::<Result<_, _>>()?;
        Ok(Self { address, key, hosts })
    }

    /// The address it listens on; port 0 is any free one.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Callers have to show a key.
    pub fn asks_for_key(&self) -> bool {
        self.key.is_some()
    }

    pub(crate) fn key(&self) -> Option<&Key> {
        self.key.as_ref()
    }

    pub(crate) fn hosts(&self) -> &[String] {
        &self.hosts
    }

    /// The address by which this machine itself reaches it.
    pub(crate) fn near(&self) -> SocketAddr {
        let ip = match self.address.ip() {
            IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
            ip => ip,
        };
        SocketAddr::new(ip, self.address.port())
    }
}

fn checked_host(host: &str) -> Result<String, SettingsError> {
    let wrong = || SettingsError::Host(host.to_owned());
    let trimmed = host.trim();
    if let Ok(ip) = unbracketed(trimmed).parse::<IpAddr>() {
        return Ok(ip.to_canonical().to_string());
    }
    let authority: Authority = trimmed.parse().map_err(|_| wrong())?;
    let plain = authority.host() == authority.as_str() && !trimmed.contains(['*', '[']);
    if plain { Ok(normal(trimmed)) } else { Err(wrong()) }
}

/// A host as it is compared: `LOCALHOST.` is `localhost`, `[::1]` is `::1`.
pub(crate) fn normal(host: &str) -> String {
    let host = unbracketed(host.strip_suffix('.').unwrap_or(host)).to_ascii_lowercase();
    match host.parse::<IpAddr>() {
        Ok(ip) => ip.to_canonical().to_string(),
        Err(_) => host,
    }
}

fn unbracketed(host: &str) -> &str {
    host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(address: &str, key: bool, hosts: &[&str]) -> Result<Settings, SettingsError> {
        let key = key.then(|| Key::new(&"k".repeat(32)).unwrap());
        let hosts: Vec<_> = hosts.iter().map(|host| (*host).to_owned()).collect();
        Settings::new(address.parse().unwrap(), key, &hosts)
    }

    #[test]
    fn what_other_machines_can_reach_needs_a_key() {
        for near in ["127.0.0.1:80", "127.8.8.8:80", "[::1]:80", "[::ffff:127.0.0.1]:80"] {
            assert!(with(near, false, &[]).is_ok(), "{near}");
        }
        for far in ["0.0.0.0:80", "[::]:80", "192.168.1.5:80", "[::ffff:0.0.0.0]:80", "[fe80::1]:80"] {
            assert_eq!(with(far, false, &[]), Err(SettingsError::NoKey(far.parse().unwrap())), "{far}");
            assert!(with(far, true, &[]).is_ok(), "{far}");
        }
    }

    #[test]
    fn hosts_are_names_and_addresses_alone() {
        let settings = with("127.0.0.1:80", false, &["Steward.Example.org", "192.168.1.5", "[2001:db8::1]"]).unwrap();
        assert_eq!(settings.hosts(), ["steward.example.org", "192.168.1.5", "2001:db8::1"]);
        for wrong in ["https://a.org", "a.org:80", "a.org/x", "*.a.org", "*", "", "me@a.org", "a b"] {
            assert_eq!(with("127.0.0.1:80", false, &[wrong]), Err(SettingsError::Host(wrong.to_owned())), "{wrong}");
        }
    }

    #[test]
    fn the_machine_itself_reaches_every_address_by_its_loopback() {
        let near = |address: &str| with(address, true, &[]).unwrap().near().to_string();
        assert_eq!(near("0.0.0.0:80"), "127.0.0.1:80");
        assert_eq!(near("[::]:80"), "[::1]:80");
        assert_eq!(near("192.168.1.5:80"), "192.168.1.5:80");
    }
}
