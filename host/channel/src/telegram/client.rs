//! Calls to the Bot API: one method, one answer, one clear error. The token is part of every address, so addresses
//! never reach an error or the log.
//!
//! teloxide's payloads and types are used, its transport is not: it waits silently after a server error, loses the
//! error code, fails a whole batch for one answer it cannot read and takes a proxy from the environment only.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use teloxide::requests::Payload;
use url::Url;

use crate::ChannelError;
use crate::telegram::TelegramConfig;

const TELEGRAM: &str = "https://api.telegram.org";
const CONNECT: Duration = Duration::from_secs(10);

/// Why a call did not succeed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum CallError {
    /// Telegram answered with an error.
    #[error("Telegram answered {code}: {description}")]
    Api { code: u16, description: String, retry_after: Option<Duration> },
    /// No answer in time.
    #[error("Telegram did not answer in time")]
    Silent,
    /// The connection could not be made or broke.
    #[error("no connection to Telegram: {0}")]
    Network(String),
    /// The answer is none of the Bot API. The body may be personal: it is not for the log.
    #[error("the answer of the Telegram server cannot be understood: {reason}")]
    Unreadable { reason: String, body: Bytes },
}

impl CallError {
    pub(crate) fn code(&self) -> Option<u16> {
        match self {
            Self::Api { code, .. } => Some(*code),
            _ => None,
        }
    }

    pub(crate) fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Api { retry_after, .. } => *retry_after,
            _ => None,
        }
    }

    /// Telegram's words contain this, in any case.
    pub(crate) fn says(&self, words: &str) -> bool {
        let Self::Api { description, .. } = self else { return false };
        description.to_ascii_lowercase().contains(&words.to_ascii_lowercase())
    }
}

/// The envelope of every answer.
#[derive(Deserialize)]
struct Answer {
    ok: bool,
    result: Option<Value>,
    error_code: Option<u16>,
    description: Option<String>,
    parameters: Option<Parameters>,
}

#[derive(Deserialize)]
struct Parameters {
    retry_after: Option<u64>,
}

/// The way to the Bot API server.
pub(crate) struct Client {
    token: String,
    base: Url,
    proxy: Option<String>,
    call_timeout: Duration,
    /// Replaced as a whole when a connection died in silence, for its pool may hold more of that kind.
    http: Mutex<reqwest::Client>,
}

impl Client {
    pub(crate) fn new(config: &TelegramConfig) -> Result<Self, ChannelError> {
        let base = match &config.api_url {
            Some(url) => url.clone(),
            None => Url::parse(TELEGRAM).map_err(|error| ChannelError::ApiUrl(error.to_string()))?,
        };
        if base.cannot_be_a_base() || !matches!(base.scheme(), "http" | "https") {
            return Err(ChannelError::ApiUrl(format!("`{}:` is not the address of a server", base.scheme())));
        }
        let http = connect(&base, config.proxy.as_deref())?;
        Ok(Self {
            token: config.token.trim().to_owned(),
            base,
            proxy: config.proxy.clone(),
            call_timeout: config.call_timeout,
            http: Mutex::new(http),
        })
    }

    /// Forgets all connections; the next call makes a new one.
    pub(crate) fn renew(&self) {
        match connect(&self.base, self.proxy.as_deref()) {
            Ok(http) => *self.http.lock().unwrap_or_else(PoisonError::into_inner) = http,
            Err(error) => tracing::error!(%error, "the connections to Telegram could not be renewed"),
        }
    }

    /// Calls a method; `R` is what is read of its result, which may be less than teloxide knows of it.
    pub(crate) async fn call<P, R>(&self, payload: &P) -> Result<R, CallError>
    where
        P: Payload + Serialize + Sync,
        R: DeserializeOwned,
    {
        // teloxide writes `GetMe`, the documentation `getMe`; not every server takes both.
        let mut name = P::NAME.to_owned();
        if let Some(first) = name.get_mut(..1) {
            first.make_ascii_lowercase();
        }
        self.method(&name, payload, self.call_timeout).await
    }

    /// Calls a method by its name. No answer for `timeout` is [`CallError::Silent`].
    pub(crate) async fn method<R: DeserializeOwned>(
        &self,
        name: &str,
        payload: &(impl Serialize + ?Sized + Sync),
        timeout: Duration,
    ) -> Result<R, CallError> {
        let url = self.url(&["bot"], name);
        let exchange = async {
            let response = self.http().post(url).json(payload).send().await.map_err(|e| self.network(e))?;
            let status = response.status().as_u16();
            let body = response.bytes().await.map_err(|e| self.network(e))?;
            Ok((status, body))
        };
        let (status, body) = tokio::time::timeout(timeout, exchange).await.map_err(|_| CallError::Silent)??;
        self.read(status, body)
    }

    /// Begins to download a file that `getFile` told the path of.
    pub(crate) async fn download(&self, path: &str) -> Result<reqwest::Response, CallError> {
        let request = self.http().get(self.url(&["file", "bot"], path)).send();
        let response = tokio::time::timeout(self.call_timeout, request).await.map_err(|_| CallError::Silent)?;
        response.map_err(|error| self.network(error))
    }

    /// The next piece of a download, `None` at its end.
    pub(crate) async fn chunk(&self, response: &mut reqwest::Response) -> Result<Option<Bytes>, CallError> {
        let chunk = tokio::time::timeout(self.call_timeout, response.chunk()).await;
        chunk.map_err(|_| CallError::Silent)?.map_err(|error| self.network(error))
    }

    /// An own server was configured, not Telegram's cloud.
    pub(crate) fn is_own_server(&self) -> bool {
        self.base.host_str() != Some("api.telegram.org")
    }

    fn http(&self) -> reqwest::Client {
        self.http.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// `base/…/bot<token>/tail`, where `tail` may have several segments.
    fn url(&self, prefix: &[&str], tail: &str) -> Url {
        let mut url = self.base.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty();
            if let Some((last, folders)) = prefix.split_last() {
                segments.extend(folders).push(&format!("{last}{}", self.token));
            }
            segments.extend(tail.split('/').filter(|part| !part.is_empty()));
        }
        url
    }

    fn read<R: DeserializeOwned>(&self, status: u16, body: Bytes) -> Result<R, CallError> {
        let unreadable = |error: serde_json::Error, body| CallError::Unreadable { reason: position(&error), body };
        let answer: Answer = match serde_json::from_slice(&body) {
            Ok(answer) => answer,
            Err(_) if status >= 400 => return Err(plain_error(status)),
            Err(error) => return Err(unreadable(error, body)),
        };
        match answer.result {
            Some(result) if answer.ok => serde_json::from_value(result).map_err(|error| unreadable(error, body)),
            _ => Err(CallError::Api {
                code: answer.error_code.unwrap_or(status),
                description: self.without_token(&answer.description.unwrap_or_default()),
                retry_after: answer.parameters.and_then(|known| known.retry_after).map(Duration::from_secs),
            }),
        }
    }

    fn network(&self, error: reqwest::Error) -> CallError {
        CallError::Network(self.without_token(&chain(&error.without_url())))
    }

    pub(crate) fn without_token(&self, text: &str) -> String {
        if self.token.is_empty() { text.to_owned() } else { text.replace(&self.token, "<token>") }
    }
}

/// What is wrong and where, without the words around it: serde's own text may quote a message.
fn position(error: &serde_json::Error) -> String {
    format!("{:?} error at line {}, column {}", error.classify(), error.line(), error.column())
}

/// An error page of something between us and the server.
fn plain_error(status: u16) -> CallError {
    CallError::Api { code: status, description: "no further words".to_owned(), retry_after: None }
}

/// The error with its causes, the outermost first.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let words = inner.to_string();
        if !text.contains(&words) {
            text = format!("{text}: {words}");
        }
        cause = inner.source();
    }
    text
}

/// HTTP/1.1 on purpose: a poll and a call never share a connection, so one that hangs holds up nothing else.
fn connect(base: &Url, proxy: Option<&str>) -> Result<reqwest::Client, ChannelError> {
    let builder = reqwest::Client::builder()
        .connect_timeout(CONNECT)
        .tcp_keepalive(Duration::from_secs(30))
        .pool_idle_timeout(Duration::from_secs(55))
        .redirect(reqwest::redirect::Policy::none())
        .http1_only();
    // A server of one's own on this machine that speaks plain HTTP: reading the system's certificates would be for
    // nothing.
    let builder = if is_loopback(base) && base.scheme() == "http" { builder.tls_certs_only([]) } else { builder };
    let builder = match proxy {
        _ if is_loopback(base) => builder.no_proxy(),
        Some(address) => {
            let proxy =
                reqwest::Proxy::all(address).map_err(|error| ChannelError::Proxy(chain(&error.without_url())))?;
            builder.proxy(proxy.no_proxy(reqwest::NoProxy::from_env()))
        }
        None => builder,
    };
    builder.build().map_err(|error| ChannelError::Client(chain(&error)))
}

fn is_loopback(base: &Url) -> bool {
    match base.host() {
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        Some(url::Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client() -> Client {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut config = TelegramConfig::new("12:secret");
        config.api_url = Some("http://127.0.0.1:9/base/".parse().unwrap());
        Client::new(&config).unwrap()
    }

    #[test]
    fn addresses_are_built_below_the_base() {
        assert_eq!(client().url(&["bot"], "getMe").as_str(), "http://127.0.0.1:9/base/bot12:secret/getMe");
        let file = client().url(&["file", "bot"], "photos/file 1.jpg");
        assert_eq!(file.as_str(), "http://127.0.0.1:9/base/file/bot12:secret/photos/file%201.jpg");
    }

    #[test]
    fn answers_become_results_or_clear_errors() {
        let read = |status, body: &'static str| client().read::<u8>(status, Bytes::from_static(body.as_bytes()));
        assert_eq!(read(200, r#"{"ok":true,"result":7}"#), Ok(7));
        let flood = r#"{"ok":false,"error_code":429,"description":"Too Many","parameters":{"retry_after":3}}"#;
        let error = read(429, flood).unwrap_err();
        assert_eq!((error.code(), error.retry_after()), (Some(429), Some(Duration::from_secs(3))));
        assert_eq!(read(502, "<html>").unwrap_err().code(), Some(502));
        assert!(matches!(read(200, "<html>"), Err(CallError::Unreadable { .. })));
    }

    #[tokio::test]
    async fn the_token_is_in_no_error() {
        let error = client().method::<u8>("getMe", &(), Duration::from_secs(5)).await.unwrap_err();
        assert!(!error.to_string().contains("secret"), "{error}");
        let told = Bytes::from_static(br#"{"ok":false,"error_code":404,"description":"no bot 12:secret"}"#);
        assert!(!client().read::<u8>(404, told).unwrap_err().to_string().contains("secret"));
    }

    #[test]
    fn impossible_settings_are_refused() {
        let mut config = TelegramConfig::new("1:a");
        config.api_url = Some("mailto:a@b".parse().unwrap());
        assert!(matches!(Client::new(&config), Err(ChannelError::ApiUrl(_))));
        config.api_url = None;
        config.proxy = Some("http://[bad".into());
        assert!(matches!(Client::new(&config), Err(ChannelError::Proxy(_))));
    }
}
