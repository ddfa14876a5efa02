//! `[serve]`: the HTTP listener. It is off without an address, and on an address that other machines can reach it needs
//! a key.

use std::net::{Ipv4Addr, SocketAddr};

use anyhow::bail;
use serde::Deserialize;
use steward_serve::{Key, Settings, SettingsError};

use super::environment::Environment;

/// The section as it is written.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct ServeFile {
    /// Where it listens. Beyond this machine only with a key.
    ///
    /// Environment: `STEWARD_SERVE_ADDRESS`
    /// Values: an address with a port: `127.0.0.1:8080`
    /// Default: none (off)
    pub(super) address: Option<String>,
    /// What callers must send as `Authorization: Bearer KEY`.
    ///
    /// Environment: `STEWARD_SERVE_KEY`
    /// Values: at least 32 characters
    /// Default: none
    pub(super) key: Option<String>,
    /// Names under which it may be called, in addition to its address and `localhost`.
    ///
    /// Environment: `STEWARD_SERVE_HOSTS` (divided by commas)
    pub(super) hosts: Vec<String>,
}

impl ServeFile {
    pub(super) fn checked(self, environment: &Environment) -> anyhow::Result<Option<Settings>> {
        let own = |name| environment.get(name).map(str::to_owned);
        let Some(address) = own("STEWARD_SERVE_ADDRESS").or(self.address) else { return Ok(None) };
        let Some(address) = parsed(&address) else {
            bail!("serve.address: “{address}” is not an address with a port. Write it as 127.0.0.1:8080 or [::1]:8080.")
        };
        let key = own("STEWARD_SERVE_KEY").or(self.key).map(|key| Key::new(key.trim()));
        let key = key.transpose().map_err(|error| anyhow::anyhow!("serve.key: {error}."))?;
        let hosts = match own("STEWARD_SERVE_HOSTS") {
            Some(text) => text.split(',').map(str::trim).filter(|host| !host.is_empty()).map(str::to_owned).collect(),
            None => self.hosts,
        };
        Settings::new(address, key, &hosts).map(Some).map_err(|error| match error {
            SettingsError::NoKey(_) => anyhow::anyhow!(
                "serve.address: {error}. Set serve.key or STEWARD_SERVE_KEY, for instance to what `openssl rand -hex 32` \
                 prints, or use 127.0.0.1:{}.",
                address.port()
            ),
            SettingsError::Host(_) => anyhow::anyhow!("serve.hosts: {error}."),
        })
    }
}

/// An address with its port; of names only `localhost` is sure to be this machine.
fn parsed(address: &str) -> Option<SocketAddr> {
    let address = address.trim();
    match address.strip_prefix("localhost:") {
        Some(port) => Some((Ipv4Addr::LOCALHOST, port.parse().ok()?).into()),
        None => address.parse().ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "0123456789abcdef0123456789abcdef";

    fn read(text: &str, pairs: &[(&str, &str)]) -> anyhow::Result<Option<Settings>> {
        let environment = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        toml::from_str::<ServeFile>(text)?.checked(&environment)
    }

    #[test]
    fn it_is_off_until_it_has_an_address() {
        assert_eq!(read("", &[]).unwrap(), None);
        assert_eq!(read("hosts = [\"a.org\"]\nkey = \"short\"", &[]).unwrap(), None);
        let on = read("address = \"localhost:8080\"", &[]).unwrap().unwrap();
        assert_eq!((on.address().to_string().as_str(), on.asks_for_key()), ("127.0.0.1:8080", false));
    }

    #[test]
    fn the_environment_goes_before_the_file() {
        let text = "address = \"127.0.0.1:1\"\nkey = \"k\"";
        let pairs = [("STEWARD_SERVE_ADDRESS", "0.0.0.0:2"), ("STEWARD_SERVE_KEY", KEY)];
        let on = read(text, &pairs).unwrap().unwrap();
        assert_eq!((on.address().to_string().as_str(), on.asks_for_key()), ("0.0.0.0:2", true));
        let hosts = [("STEWARD_SERVE_ADDRESS", "[::1]:2"), ("STEWARD_SERVE_HOSTS", "a.org, b.org,")];
        assert!(read("", &hosts).unwrap().is_some());
    }

    #[test]
    fn mistakes_name_the_key_and_the_remedy_and_never_the_key_s_value() {
        let short = format!("address = \"0.0.0.0:80\"\nkey = \"{}\"", &KEY[1..]);
        for (text, words) in [
            ("address = \"8080\"", ["serve.address", "“8080”", "127.0.0.1:8080"]),
            ("address = \"example.org:80\"", ["serve.address", "example.org", "[::1]:8080"]),
            ("address = \"0.0.0.0:80\"", ["serve.address: 0.0.0.0:80", "STEWARD_SERVE_KEY", "127.0.0.1:80"]),
            (short.as_str(), ["serve.key", "32 characters", "openssl rand -hex 32"]),
            ("address = \"[::1]:80\"\nhosts = [\"http://a.org\"]", ["serve.hosts", "http://a.org", "without scheme"]),
        ] {
            let error = format!("{:#}", read(text, &[]).unwrap_err());
            assert!(words.iter().all(|word| error.contains(word)), "{text}: {error}");
            assert!(!error.contains(&KEY[1..]), "{error}");
        }
    }
}
