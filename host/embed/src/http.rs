//! The HTTP clients of this crate. Which redirects are followed is the caller's to say: a key goes only where it was
//! configured to go.

use std::error::Error;
use std::time::Duration;

use reqwest::redirect::Policy;
use reqwest::{Client, ClientBuilder, NoProxy, Proxy};
use url::Url;

use crate::EmbedError;

/// Addresses that no proxy is asked for.
const NEAR: &str = "localhost,127.0.0.0/8,::1";
/// For a connection to be made.
const CONNECT: Duration = Duration::from_secs(10);

/// A client for this server, which waits for each next byte no longer than `idle`.
pub(crate) fn client(
    server: &Url,
    proxy: Option<&str>,
    redirect: fn() -> Policy,
    idle: Duration,
) -> Result<Client, EmbedError> {
    let unreachable = |reason: String| EmbedError::Unreachable { address: address(server), reason };
    let proxy = match proxy.map(str::trim).filter(|proxy| !proxy.is_empty()) {
        None => None,
        Some(proxy) => {
            let wrong = |_| unreachable("the HTTP proxy is not an address: write it as http://host:port".to_owned());
            Some(Proxy::all(proxy).map_err(wrong)?.no_proxy(NoProxy::from_string(NEAR)))
        }
    };
    install_tls();
    let secure = server.scheme() != "http";
    let builder = || -> ClientBuilder {
        let builder = Client::builder()
            .user_agent(concat!("steward/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT)
            .read_timeout(idle)
            .https_only(secure)
            .redirect(redirect())
            .no_proxy();
        proxy.iter().fold(builder, |builder, proxy| builder.proxy(proxy.clone()))
    };
    // Reading the system's certificates takes longer than all else, and plain HTTP needs none.
    let plain = !secure && proxy.is_none();
    let built = if plain { builder().tls_certs_only([]).build() } else { builder().build() };
    built.map_err(|error| unreachable(format!("{}; are ca-certificates installed?", explain(&error))))
}

fn install_tls() {
    if rustls::crypto::CryptoProvider::get_default().is_none()
        && rustls::crypto::ring::default_provider().install_default().is_err()
    {
        tracing::debug!("another part of the program installed its TLS provider first");
    }
}

/// Host and port, for people.
pub(crate) fn address(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

/// Why a request failed, without the address, which may hold a password.
pub(crate) fn explain(error: &reqwest::Error) -> String {
    let mut cause: &(dyn Error + 'static) = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    let cause = match cause.downcast_ref::<reqwest::Error>() {
        Some(error) if error.is_timeout() => "it did not answer in time".to_owned(),
        Some(error) if error.is_builder() => "its address cannot be understood".to_owned(),
        Some(error) => error.to_string().split(" for url").next().unwrap_or_default().to_owned(),
        None => cause.to_string(),
    };
    if error.is_connect() { format!("{cause}; is the server running, and is the address right?") } else { cause }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proxy_that_is_no_address_is_told_of() {
        let url = Url::parse("https://me:secret@models.example/v1").unwrap();
        let error = client(&url, Some("http://["), Policy::none, CONNECT).unwrap_err().to_string();
        assert!(error.contains("models.example") && error.contains("http://host:port"), "{error}");
        assert!(!error.contains("secret"), "{error}");
    }
}
