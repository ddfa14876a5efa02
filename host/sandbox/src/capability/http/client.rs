//! The way out that all calls share: one client for the public internet and one for the services the owner opened.
//! It keeps no cookies, follows no redirects and reads no proxy from the environment; a guest that wants to follow a
//! redirect asks again and is judged again.

use std::sync::Arc;
use std::time::Duration;

use http::header::{self, HeaderMap, HeaderName};
use tokio::sync::OnceCell;
use url::Url;
use wasmtime_wasi_http::{Error, RequestOptions, WasiBody};

use super::body::{self, Bounds};
use super::denial::Denial;
use super::fault;
use super::noted::Noted;
use super::policy::{Destination, HttpPolicy, Way};
use super::public_name::is_public;
use super::resolver::{self, Lookup, LookupError, PublicOnly, public_addresses};
use super::stand_in;
use crate::error::SandboxError;

/// The most bytes all headers of a response may have together, names and values.
const HEADERS_LIMIT: u32 = 64 << 10;
/// The most headers a response may have.
const HEADER_COUNT: usize = 200;
const AGENT: &str = concat!("Steward/", env!("CARGO_PKG_VERSION"));

/// Headers that concern one connection (RFC 9110, 7.6.1), and `host`, which is made from the address.
const CONNECTION_HEADERS: [HeaderName; 10] = [
    header::CONNECTION,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
    header::PROXY_AUTHENTICATE,
    header::PROXY_AUTHORIZATION,
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
    header::HOST,
];

pub(crate) struct Client {
    pub(super) policy: HttpPolicy,
    pub(super) opened: Vec<Destination>,
    lookup: Lookup,
    /// Made at the first request: reading the machine's certificates takes longer than a start should.
    public: OnceCell<reqwest::Client>,
    direct: OnceCell<reqwest::Client>,
}

/// A request the policy has let through.
pub(crate) struct Approved {
    pub(crate) request: http::Request<WasiBody>,
    pub(crate) url: Url,
    pub(crate) to: Destination,
    pub(crate) way: Way,
    pub(crate) options: RequestOptions,
}

/// How much one exchange may be, and how long it may take.
#[derive(Clone, Copy)]
pub(crate) struct Amounts {
    /// Bytes of the request's body.
    pub(crate) request: u64,
    /// Bytes of the response's body.
    pub(crate) response: u64,
    /// The longest wait for the head of the response, sending the request among it.
    pub(crate) head: Duration,
    /// The longest wait for the next part of its body.
    pub(crate) wait: Duration,
}

impl Client {
    /// # Errors
    /// A proxy or a private address that cannot be used.
    pub(crate) fn new(policy: HttpPolicy) -> Result<Self, SandboxError> {
        #[cfg(test)]
        if let Some(lookup) = policy.lookup {
            return Self::with_lookup(policy, lookup);
        }
        Self::with_lookup(policy, resolver::system)
    }

    pub(super) fn with_lookup(policy: HttpPolicy, lookup: Lookup) -> Result<Self, SandboxError> {
        if let Some(proxy) = policy.proxy.as_ref().filter(|proxy| !matches!(proxy.scheme(), "http" | "https")) {
            let scheme = proxy.scheme();
            return Err(SandboxError::Http(format!(
                "a {scheme} proxy cannot be used: give one that starts with http://"
            )));
        }
        let opened = policy.allow_private.iter().map(|text| {
            Destination::parse(text).ok_or_else(|| {
                SandboxError::Http(format!("`{text}` is not a private address: write host:port, \"192.168.1.5:8080\""))
            })
        });
        let opened = opened.collect::<Result<_, _>>()?;
        Ok(Self { policy, opened, lookup, public: OnceCell::new(), direct: OnceCell::new() })
    }

    /// Sends a request and gives the head of its response; the body follows as the guest reads it.
    pub(crate) async fn send(
        self: Arc<Self>,
        approved: Approved,
        noted: Noted,
    ) -> Result<http::Response<WasiBody>, Error> {
        let HttpPolicy { request_limit: request, response_limit: response, read_timeout: wait, .. } = self.policy;
        self.send_within(approved, noted, Amounts { request, response, head: wait, wait }).await
    }

    /// The services the owner opened.
    pub(crate) fn opened(&self) -> &[Destination] {
        &self.opened
    }

    /// The same with other amounts than those of a plugin's request.
    pub(crate) async fn send_within(
        self: Arc<Self>,
        approved: Approved,
        noted: Noted,
        amounts: Amounts,
    ) -> Result<http::Response<WasiBody>, Error> {
        if let Some(stand_ins) = &self.policy.stand_ins {
            let (wait, host) = (amounts.wait, approved.to.host.clone());
            let response = stand_in::answer(stand_ins, approved, amounts.request, &noted).await?;
            return received(response, Bounds { limit: amounts.response, wait, host, noted });
        }
        let Approved { request, url, to, way, options } = approved;
        if way == Way::Public && self.policy.proxy.is_some() {
            self.check_before_proxy(&to, &noted).await?;
        }
        let (parts, body) = request.into_parts();
        let mut outgoing = reqwest::Request::new(parts.method, url);
        *outgoing.headers_mut() = end_to_end(parts.headers);
        *outgoing.body_mut() = body::outgoing(body, amounts.request, noted.clone()).await?;
        let client = self.client(way, &noted).await?;
        let patience = self.policy.connect_timeout + at_most(options.first_byte_timeout, amounts.head);
        let response = match tokio::time::timeout(patience, client.execute(outgoing)).await {
            Err(_) => return Err(Error::HttpResponseTimeout),
            Ok(Err(error)) => return Err(refusal(&error, to, &noted)),
            Ok(Ok(response)) => response,
        };
        let wait = at_most(options.between_bytes_timeout, amounts.wait);
        let bounds = Bounds { limit: amounts.response, wait, host: to.host, noted };
        received(response, bounds)
    }

    /// A proxy looks names up itself, so what can be known here is checked here. A name that only the proxy can
    /// resolve is left to it if it is a public one.
    async fn check_before_proxy(&self, to: &Destination, noted: &Noted) -> Result<(), Error> {
        match public_addresses(self.lookup, &to.host).await {
            Err(LookupError::Nearer) => {
                noted.note(Denial::Private(to.clone()));
                Err(Error::HttpRequestDenied)
            }
            Err(LookupError::Unknown(_)) if !is_public(&to.host) => {
                noted.note(Denial::NotPublic(to.clone()));
                Err(Error::HttpRequestDenied)
            }
            Ok(_) | Err(LookupError::Unknown(_)) => Ok(()),
        }
    }

    async fn client(&self, way: Way, noted: &Noted) -> Result<&reqwest::Client, Error> {
        let cell = match way {
            Way::Public => &self.public,
            Way::Opened => &self.direct,
        };
        let made = cell.get_or_try_init(|| async {
            let (policy, lookup) = (self.policy.clone(), self.lookup);
            tokio::task::spawn_blocking(move || build(&policy, lookup, way)).await.map_err(|error| error.to_string())?
        });
        made.await.map_err(|problem| {
            noted.note(Denial::Machine(problem));
            Error::ConfigurationError
        })
    }
}

fn build(policy: &HttpPolicy, lookup: Lookup, way: Way) -> Result<reqwest::Client, String> {
    if rustls::crypto::CryptoProvider::get_default().is_none() {
        // Lost only against another thread that installs one at the same moment, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
    }
    let plain = reqwest::Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .user_agent(AGENT)
        .connect_timeout(policy.connect_timeout)
        .pool_idle_timeout(Duration::from_secs(30))
        .pool_max_idle_per_host(2)
        .http1_max_headers(HEADER_COUNT)
        .http2_max_header_list_size(HEADERS_LIMIT);
    let client = match (&policy.proxy, way) {
        (Some(proxy), Way::Public) => {
            plain.proxy(reqwest::Proxy::all(proxy.clone()).map_err(|error| error.to_string())?)
        }
        (None, Way::Public) => plain.dns_resolver(Arc::new(PublicOnly(lookup))),
        (_, Way::Opened) => plain,
    };
    client.build().map_err(|error| format!("{error:?}"))
}

fn refusal(error: &reqwest::Error, to: Destination, noted: &Noted) -> Error {
    if fault::is_nearer(error) {
        noted.note(Denial::Private(to));
    }
    fault::kind(error)
}

fn received(response: reqwest::Response, bounds: Bounds) -> Result<http::Response<WasiBody>, Error> {
    let (mut parts, body) = http::Response::<reqwest::Body>::from(response).into_parts();
    let bytes: usize = parts.headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
    if bytes > HEADERS_LIMIT as usize {
        return Err(Error::HttpResponseHeaderSectionSize(Some(HEADERS_LIMIT)));
    }
    parts.headers = end_to_end(parts.headers);
    Ok(http::Response::from_parts(parts, body::incoming(body, bounds)))
}

/// The headers without those that concern one connection, among them what `connection` lists.
fn end_to_end(mut headers: HeaderMap) -> HeaderMap {
    let listed: Vec<HeaderName> = headers
        .get_all(header::CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|name| name.trim().parse().ok())
        .collect();
    for name in CONNECTION_HEADERS.iter().chain(&listed) {
        headers.remove(name);
    }
    headers
}

fn at_most(asked: Option<Duration>, most: Duration) -> Duration {
    asked.map_or(most, |asked| asked.min(most))
}
