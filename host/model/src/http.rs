//! The one HTTP client of this crate, and a server's address with all that is sent to it. Redirects are not followed:
//! a key goes only where it was configured to go.

use std::error::Error;
use std::io;
use std::time::Duration;

use bytes::Bytes;
use futures::Stream;
use futures::stream::unfold;
use jiff::Timestamp;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, LOCATION};
use reqwest::{Client, ClientBuilder, NoProxy, Proxy, RequestBuilder, Response};
use serde_json::Value;
use steward_agent::ModelError;
use url::Url;

use crate::config::{GatewayConfig, Secret};
use crate::fault::{self, Complaint, Failure};
use crate::retry;

/// Addresses that no proxy is asked for.
const NEAR: &str = "localhost,127.0.0.0/8,::1";
/// The most bytes of one answer.
const MOST_BYTES: usize = 64 * 1024 * 1024;
/// The most bytes of an error's text.
const MOST_ERROR_BYTES: usize = 64 * 1024;
/// How much longer the first byte may take than any later one.
const FIRST_BYTE: u32 = 3;

/// Whose certificates a client trusts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Trust {
    /// Those the system trusts. Reading them takes longer than all else at a start.
    System,
    /// None, as it speaks plain HTTP.
    Nobody,
}

/// A client by the configuration.
pub(crate) fn client(config: &GatewayConfig) -> Result<Client, ModelError> {
    let wrong = |reason: String| ModelError::Unreachable { address: "any address".to_owned(), reason };
    let proxy = match config.http_proxy.as_deref().map(str::trim).filter(|proxy| !proxy.is_empty()) {
        None => None,
        Some(address) => {
            let proxy = Proxy::all(address)
                .map_err(|_| wrong("the HTTP proxy is not an address: write it as http://host:port".to_owned()))?;
            Some(proxy.no_proxy(NoProxy::from_string(NEAR)))
        }
    };
    build(proxy, config.connect_timeout, trust(config))
        .map_err(|error| wrong(format!("the HTTP client cannot be made: {}", innermost(&error))))
}

/// A client that speaks to servers of this machine only.
pub(crate) fn local_client(timeout: Duration) -> Result<Client, reqwest::Error> {
    build(None, timeout, Trust::Nobody)
}

fn trust(config: &GatewayConfig) -> Trust {
    let secure = |scheme: &str| !scheme.eq_ignore_ascii_case("http");
    let models = config.models.iter().filter_map(|model| model.address().ok()).any(|url| secure(url.scheme()));
    let proxy = config.http_proxy.as_deref().and_then(|proxy| proxy.trim().split_once("://"));
    if models || proxy.is_some_and(|(scheme, _)| secure(scheme)) { Trust::System } else { Trust::Nobody }
}

/// Without certificates of the system (a bare container) plain HTTP still works and HTTPS is refused.
fn build(proxy: Option<Proxy>, connect_timeout: Duration, trust: Trust) -> Result<Client, reqwest::Error> {
    if rustls::crypto::CryptoProvider::get_default().is_none()
        && rustls::crypto::ring::default_provider().install_default().is_err()
    {
        tracing::debug!("another part of the program installed its TLS provider first");
    }
    let builder = || -> ClientBuilder {
        let builder = Client::builder()
            .user_agent(concat!("steward/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(connect_timeout)
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy();
        match proxy.clone() {
            Some(proxy) => builder.proxy(proxy),
            None => builder,
        }
    };
    if trust == Trust::Nobody {
        return builder().tls_certs_only([]).build();
    }
    builder().build().or_else(|error| {
        tracing::warn!(%error, "no certificates of the system: install ca-certificates to reach models over HTTPS");
        builder().tls_certs_only([]).build()
    })
}

/// A model server: where it is, how to speak to it, what to call it.
#[derive(Clone, Debug)]
pub(crate) struct Server {
    pub(crate) client: Client,
    /// Ends in `/`.
    base: Url,
    /// Host and port, for people.
    pub(crate) address: String,
    pub(crate) key: Option<Secret>,
    /// What goes with every request; the key among it.
    headers: HeaderMap,
    pub(crate) idle: Duration,
}

impl Server {
    /// `base` gets `/v1` where it has no path of its own.
    pub(crate) fn new(client: Client, base: &Url, key: Option<Secret>, idle: Duration) -> Self {
        let mut base = base.clone();
        let path = base.path().trim_end_matches('/').to_owned();
        base.set_path(&if path.is_empty() { "/v1/".to_owned() } else { format!("{path}/") });
        let host = base.host_str().unwrap_or_default();
        let address = base.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
        Self { client, address, base, key, headers: HeaderMap::new(), idle }
    }

    /// Adds a header to every request; with a key in it if `value` makes one.
    pub(crate) fn with_header(mut self, name: &'static str, value: &str) -> Result<Self, ModelError> {
        let mut value = HeaderValue::from_str(value).map_err(|_| ModelError::Refused {
            address: self.address.clone(),
            reason: "the key holds characters that no key has: copy it again".to_owned(),
        })?;
        value.set_sensitive(true);
        self.headers.insert(HeaderName::from_static(name), value);
        Ok(self)
    }

    /// The base address without the slash at its end, and without a name and password in it.
    pub(crate) fn shown(&self) -> String {
        let mut base = self.base.clone();
        if base.set_username("").is_err() || base.set_password(None).is_err() {
            return self.address.clone();
        }
        base.as_str().trim_end_matches('/').to_owned()
    }

    /// Posts a body of JSON; the answer has begun well when this returns.
    pub(crate) async fn post(&self, path: &str, body: Vec<u8>, model: &str) -> Result<Response, Failure> {
        let request = self.client.post(self.url(path)?).header(CONTENT_TYPE, "application/json").body(body);
        self.send(request, model).await
    }

    /// Gets JSON.
    pub(crate) async fn get(&self, path: &str, model: &str) -> Result<Value, Failure> {
        let response = self.send(self.client.get(self.url(path)?), model).await?;
        let text = self.text(response, MOST_BYTES).await.map_err(|e| Failure::unreachable(&self.address, e))?;
        serde_json::from_str(&text).map_err(|_| Failure::garbled(&self.address, "it answered something else than JSON"))
    }

    fn url(&self, path: &str) -> Result<Url, Failure> {
        self.base.join(path).map_err(|error| Failure::invalid(&self.address, error.to_string()))
    }

    async fn send(&self, request: RequestBuilder, model: &str) -> Result<Response, Failure> {
        let sent = tokio::time::timeout(self.idle * FIRST_BYTE, request.headers(self.headers.clone()).send()).await;
        let response = match sent {
            Err(_) => return Err(Failure::broke_off(&self.address, silence(self.idle * FIRST_BYTE))),
            Ok(Err(error)) if error.is_connect() => return Err(Failure::unreachable(&self.address, explain(&error))),
            Ok(Err(error)) => return Err(Failure::broke_off(&self.address, explain(&error))),
            Ok(Ok(response)) => response,
        };
        if response.status().is_success() { Ok(response) } else { Err(self.complaint(response, model).await) }
    }

    async fn complaint(&self, response: Response, model: &str) -> Failure {
        let status = response.status().as_u16();
        if response.status().is_redirection() {
            let to = response.headers().get(LOCATION).and_then(|to| to.to_str().ok()).unwrap_or("another address");
            let reason = format!("it sends us on to {to}: correct the address in the configuration");
            return Failure::invalid(&self.address, reason);
        }
        let retry_after = retry::retry_after(response.headers(), Timestamp::now());
        let body = self.text(response, MOST_ERROR_BYTES).await.unwrap_or_default();
        self.complains(model, Some(status), retry_after, &body).into_failure()
    }

    /// What an error inside of a stream means.
    pub(crate) fn stream_failure(&self, model: &str, data: &str) -> Failure {
        let status = serde_json::from_str(data).ok().and_then(|piece| fault::status_of(&piece));
        Complaint { streamed: true, ..self.complains(model, status, None, data) }.into_failure()
    }

    fn complains<'a>(
        &'a self,
        model: &'a str,
        status: Option<u16>,
        retry_after: Option<Duration>,
        body: &'a str,
    ) -> Complaint<'a> {
        let key = self.key.as_ref().map(Secret::reveal);
        Complaint { address: &self.address, model, status, streamed: false, retry_after, body, key }
    }

    /// The beginning of a body as text.
    pub(crate) async fn text(&self, mut response: Response, most: usize) -> Result<String, String> {
        let mut bytes: Vec<u8> = Vec::new();
        while bytes.len() < most {
            match tokio::time::timeout(self.idle, response.chunk()).await {
                Ok(Ok(Some(chunk))) => bytes.extend_from_slice(&chunk),
                Ok(Ok(None)) => break,
                Ok(Err(error)) => return Err(explain(&error)),
                Err(_) => return Err(silence(self.idle)),
            }
        }
        bytes.truncate(most);
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }
}

/// The bytes of an answer; an error when none come for `idle`, for the first one three times as long.
pub(crate) fn body(response: Response, idle: Duration) -> impl Stream<Item = Result<Bytes, io::Error>> + Send {
    unfold((response, idle * FIRST_BYTE, 0usize), move |(mut response, patience, seen)| async move {
        let chunk = match tokio::time::timeout(patience, response.chunk()).await {
            Ok(Ok(None)) => return None,
            Ok(Ok(Some(chunk))) => Ok(chunk),
            Ok(Err(error)) => Err(io::Error::other(explain(&error))),
            Err(_) => Err(io::Error::new(io::ErrorKind::TimedOut, silence(patience))),
        };
        let seen = seen + chunk.as_ref().map_or(0, Bytes::len);
        let chunk = if seen > MOST_BYTES { Err(io::Error::other("the answer is endless")) } else { chunk };
        Some((chunk, (response, idle, seen)))
    })
}

fn silence(patience: Duration) -> String {
    format!("it said nothing for {} seconds", patience.as_secs_f32().ceil())
}

/// Why a request failed, without the address (it may hold a password) and with the remedy where there is one.
fn explain(error: &reqwest::Error) -> String {
    let cause = innermost(error);
    if error.is_connect() { format!("{cause}; is the server running, and is the address right?") } else { cause }
}

/// The words of the error all others were caused by.
fn innermost(error: &(dyn Error + 'static)) -> String {
    let mut cause = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    match cause.downcast_ref::<reqwest::Error>() {
        Some(error) if error.is_builder() => "it cannot be understood".to_owned(),
        Some(error) if error.is_timeout() => "it did not answer in time".to_owned(),
        _ => cause.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::ModelConfig;
    use crate::openai::OPENAI;
    use crate::rehearsal::REHEARSAL;

    fn server(base: &str) -> Server {
        let client = client(&GatewayConfig::default()).unwrap();
        Server::new(client, &Url::parse(base).unwrap(), Some(Secret::new("k")), Duration::from_secs(1))
    }

    #[test]
    fn an_address_without_a_path_gets_v1() {
        let cases = [
            ("http://127.0.0.1:1234", "http://127.0.0.1:1234/v1/", "127.0.0.1:1234"),
            ("https://api.openai.com/v1", "https://api.openai.com/v1/", "api.openai.com"),
            ("https://openrouter.ai/api/v1/", "https://openrouter.ai/api/v1/", "openrouter.ai"),
        ];
        for (given, base, address) in cases {
            let server = server(given);
            assert_eq!((server.base.as_str(), server.address.as_str()), (base, address));
        }
    }

    #[test]
    fn a_password_in_the_address_is_not_shown() {
        let server = server("https://me:secret@models.example/v1");
        assert_eq!((server.shown().as_str(), server.address.as_str()), ("https://models.example/v1", "models.example"));
    }

    #[test]
    fn certificates_are_read_only_for_https() {
        let model = |base: &str| ModelConfig { base_url: Some(Url::parse(base).unwrap()), ..ModelConfig::new(&OPENAI) };
        let of = |models: &[ModelConfig], proxy: Option<&str>| {
            let http_proxy = proxy.map(str::to_owned);
            trust(&GatewayConfig { models: models.to_vec(), http_proxy, ..GatewayConfig::default() })
        };
        let (near, far) = (model("http://127.0.0.1:1234"), model("https://api.openai.com/v1"));
        for models in [&[][..], &[ModelConfig::new(&REHEARSAL)], std::slice::from_ref(&near)] {
            assert_eq!(of(models, None), Trust::Nobody, "{models:?}");
            assert_eq!(of(models, Some("http://proxy:3128")), Trust::Nobody);
            assert_eq!(of(models, Some("HTTPS://proxy:3128")), Trust::System);
        }
        assert_eq!(of(&[near, far], None), Trust::System);
    }

    #[test]
    fn a_proxy_that_is_no_address_and_a_broken_key_are_told_of() {
        let config = GatewayConfig { http_proxy: Some("http://[".into()), ..GatewayConfig::default() };
        assert!(client(&config).unwrap_err().to_string().contains("http://host:port"));
        let error = server("http://127.0.0.1").with_header("x-api-key", "a\nb").unwrap_err();
        assert!(error.to_string().contains("copy it again"), "{error}");
    }
}
