//! The one way of git to another machine: it talks to this relay on loopback, and the host asks the one address that was
//! admitted, by the policy that holds for the requests of plugins. A secret is put in here, toward the host it is bound
//! to; git has none, resolves no name and follows no redirect.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::Response;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use http::header::{self, HeaderName, HeaderValue};
use http::{Method, StatusCode};
use http_body_util::BodyExt as _;
use tokio::net::TcpListener;
use tokio_util::task::AbortOnDropHandle;
use url::Url;
use wasmtime_wasi_http::{Error, RequestOptions, WasiBody};

use crate::bindings::Failure;
use crate::capability::http::{Amounts, Approved, Client, Denial, HttpScope, Noted, Way, decide};
use crate::grant::HttpGrant;
use crate::secret::Known;

/// A relay for one call; it ends with it.
pub(super) struct Relay {
    port: u16,
    word: String,
    upstream: Arc<Upstream>,
    _serving: AbortOnDropHandle<()>,
}

/// Where requests go, and with what.
struct Upstream {
    client: Arc<Client>,
    known: Arc<Known>,
    /// The secrets that may be used, by name.
    secrets: Vec<String>,
    /// `git-upload-pack` to get, `git-receive-pack` to send.
    service: &'static str,
    /// What git proves itself with: other programs of this machine can reach the port as well.
    word: String,
    amounts: Amounts,
    now: Mutex<Now>,
}

/// What has come to light.
struct Now {
    /// The repository; another after a redirect.
    base: Url,
    /// Its server asked for a password.
    signed: bool,
    /// Why it does not go on.
    told: Option<String>,
}

/// The header git proves itself with.
const WORD: &str = "steward-relay";
const REDIRECTS: usize = 5;
/// How long a server may think about what it was sent.
const WAIT: Duration = Duration::from_secs(300);
/// What of a request goes on: nothing git was told here.
const ASKED: [HeaderName; 6] = [
    header::ACCEPT,
    header::CONTENT_LENGTH,
    header::CONTENT_TYPE,
    header::CONTENT_ENCODING,
    header::USER_AGENT,
    HeaderName::from_static("git-protocol"),
];

/// Reads an address that is reached over https or http and may be, by what is known without asking anybody.
///
/// # Errors
/// Why it may not be.
pub(super) fn admitted(client: &Client, address: &str) -> Result<Url, Failure> {
    let mut url = Url::parse(address).map_err(|_| Failure::Invalid("the address cannot be read".to_owned()))?;
    url.set_fragment(None);
    if url.query().is_some() {
        return Err(Failure::Invalid("the address of a repository has no `?`".to_owned()));
    }
    judge(client, &Method::GET, &url).map_err(|denial| Failure::Denied(denial.to_string()))?;
    Ok(url)
}

fn judge(client: &Client, method: &Method, url: &Url) -> Result<(crate::capability::http::Destination, Way), Denial> {
    let grant = HttpGrant {
        hosts: vec!["*".to_owned()],
        methods: vec!["GET".to_owned(), "POST".to_owned()],
        ports: url.port_or_known_default().into_iter().collect(),
    };
    decide(&HttpScope::try_from(&grant).map_err(Denial::Grant)?, client.opened(), method, url)
}

impl Relay {
    /// Begins to listen; `url` was admitted.
    pub(super) async fn start(
        client: Arc<Client>,
        known: Arc<Known>,
        secrets: Vec<String>,
        url: Url,
        sends: bool,
        (most, time): (u64, Duration),
    ) -> Result<Self, Failure> {
        let wrong = |error: std::io::Error| Failure::Unavailable(format!("git cannot be relayed: {error}"));
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.map_err(wrong)?;
        let port = listener.local_addr().map_err(wrong)?.port();
        let word = format!("{:032x}", rand::random::<u128>());
        let service = if sends { "git-receive-pack" } else { "git-upload-pack" };
        let amounts = Amounts { request: most, response: most, wait: WAIT.min(time), head: time };
        let now = Mutex::new(Now { base: url, signed: false, told: None });
        let upstream = Arc::new(Upstream { client, known, secrets, service, word: word.clone(), amounts, now });
        let router = Router::new().fallback(answer).with_state(Arc::clone(&upstream));
        let serving = tokio::spawn(async move {
            if let Err(error) = axum::serve(listener, router).await {
                tracing::warn!(%error, "the relay of git has ended");
            }
        });
        Ok(Self { port, word, upstream, _serving: AbortOnDropHandle::new(serving) })
    }

    /// What git is given as the address.
    pub(super) fn address(&self) -> String {
        format!("http://127.0.0.1:{}/repository", self.port)
    }

    /// What git's settings say for it. They are in a file, for everybody can read the arguments of programs.
    pub(super) fn settings(&self) -> String {
        format!("[http]\n\textraHeader = {WORD}: {}\n\tproxy =\n\tpostBuffer = 1m\n", self.word)
    }

    /// Why it did not go on, if it did not.
    pub(super) fn told(&self) -> Option<String> {
        self.upstream.with(|now| now.told.clone())
    }
}

async fn answer(State(upstream): State<Arc<Upstream>>, request: Request) -> Response {
    let proof = request.headers().get(WORD).map(HeaderValue::as_bytes).unwrap_or_default();
    if blake3::hash(proof) != blake3::hash(upstream.word.as_bytes()) {
        return plain(StatusCode::FORBIDDEN);
    }
    let service = upstream.service;
    let path = request.uri().path_and_query().map(|path| path.as_str()).unwrap_or_default();
    let asks = format!("/repository/info/refs?service={service}");
    let sends = format!("/repository/{service}");
    let rest = path.strip_prefix("/repository").unwrap_or_default().to_owned();
    match *request.method() {
        Method::GET if path == asks => ask(&upstream, request, &rest).await,
        Method::POST if path == sends => {
            let url = upstream.with(|now| below(&now.base, &rest));
            let sent = upstream.send(request.map(outgoing), url).await;
            sent.map_or_else(|_| plain(StatusCode::BAD_GATEWAY), returned)
        }
        // Nothing but git's own protocol, in which a server cannot name other addresses.
        _ => plain(StatusCode::NOT_FOUND),
    }
}

/// The first question, after which it is known where the repository is and whether a password is needed.
async fn ask(upstream: &Upstream, request: Request, rest: &str) -> Response {
    let (head, _) = request.into_parts();
    for _ in 0..=REDIRECTS {
        let mut again = http::Request::new(WasiBody::default());
        *again.method_mut() = Method::GET;
        *again.headers_mut() = head.headers.clone();
        let url = upstream.with(|now| below(&now.base, rest));
        let Ok(response) = upstream.send(again, url.clone()).await else { return plain(StatusCode::BAD_GATEWAY) };
        let status = response.status();
        if status.is_redirection() {
            let to = response.headers().get(header::LOCATION).and_then(|to| to.to_str().ok());
            match to.and_then(|to| redirected(&url, to, rest)) {
                Some(base) => upstream.with(|now| (now.base, now.signed) = (base, false)),
                None => return upstream.fail("the server sends git to an address that is not one of a repository"),
            }
        } else if status == StatusCode::UNAUTHORIZED && upstream.can_sign(&url) {
            upstream.with(|now| now.signed = true);
        } else {
            if !status.is_success() {
                upstream.tell_status(status, &url);
            }
            return returned(response);
        }
    }
    upstream.fail("the server sends git from one address to the next")
}

/// The repository a redirect of the first question leads to.
fn redirected(from: &Url, to: &str, rest: &str) -> Option<Url> {
    let to = from.join(to).ok()?;
    let safe = from.scheme() != "https" || to.scheme() == "https";
    let base = Url::parse(to.as_str().strip_suffix(rest)?).ok()?;
    Some(base).filter(|_| safe)
}

fn below(base: &Url, rest: &str) -> Url {
    let text = format!("{}{rest}", base.as_str().trim_end_matches('/'));
    Url::parse(&text).unwrap_or_else(|_| base.clone())
}

impl Upstream {
    fn with<T>(&self, change: impl FnOnce(&mut Now) -> T) -> T {
        change(&mut self.now.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn fail(&self, why: &str) -> Response {
        self.with(|now| now.told = Some(why.to_owned()));
        plain(StatusCode::BAD_GATEWAY)
    }

    /// Sends one request, judged anew; keeps why it did not go.
    async fn send(&self, mut request: http::Request<WasiBody>, url: Url) -> Result<http::Response<WasiBody>, ()> {
        let host = url.host_str().unwrap_or_default().to_owned();
        let (to, way) = judge(&self.client, request.method(), &url)
            .map_err(|denial| self.with(|now| now.told = Some(denial.to_string())))?;
        let headers = std::mem::take(request.headers_mut());
        for name in ASKED {
            if let Some(value) = headers.get(&name) {
                request.headers_mut().insert(name, value.clone());
            }
        }
        let is_safe = self.is_safe(&url);
        if self.with(|now| now.signed)
            && is_safe
            && let Some(value) = self.signature(&to.host, to.port)
        {
            request.headers_mut().insert(header::AUTHORIZATION, value);
        }
        let noted = Noted::default();
        let approved = Approved { request, url, to, way, options: RequestOptions::default() };
        let sent = Arc::clone(&self.client).send_within(approved, noted.clone(), self.amounts).await;
        sent.map_err(|_| {
            // Why exactly would tell open ports from closed ones.
            let why = noted.last().map_or_else(|| format!("{host} cannot be reached"), |denial| denial.to_string());
            self.with(|now| now.told = Some(why));
        })
    }

    fn can_sign(&self, url: &Url) -> bool {
        let Ok((to, _)) = judge(&self.client, &Method::GET, url) else { return false };
        !self.with(|now| now.signed) && self.is_safe(url) && self.signature(&to.host, to.port).is_some()
    }

    /// Over https, or to a service the owner opened.
    fn is_safe(&self, url: &Url) -> bool {
        let opened = || judge(&self.client, &Method::GET, url).is_ok_and(|(_, way)| way == Way::Opened);
        url.scheme() == "https" || opened()
    }

    /// The first of the secrets that is bound to the host, as a password.
    fn signature(&self, host: &str, port: u16) -> Option<HeaderValue> {
        let token = self.secrets.iter().find_map(|name| self.known.value_for(name, host, port))?;
        let encoded = BASE64_STANDARD.encode(format!("x-access-token:{token}"));
        let mut value = HeaderValue::from_str(&format!("Basic {encoded}")).ok()?;
        value.set_sensitive(true);
        Some(value)
    }

    fn tell_status(&self, status: StatusCode, url: &Url) {
        let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
        let host = format!("{}{port}", url.host_str().unwrap_or_default());
        let signed = self.with(|now| now.signed);
        let names = self.secrets.join(" or ");
        let why = match status.as_u16() {
            401 if !signed && !self.is_safe(url) => {
                format!("{host} asks for a password, which is sent over https only")
            }
            401 if !signed => format!(
                "{host} asks for a password: the owner keeps a token for it with `steward secret set {} --host {host}`",
                self.secrets.first().map_or("NAME", String::as_str)
            ),
            401 | 403 if signed => format!("{host} does not take the token in {names} for this repository"),
            403 => format!("{host} refuses this repository"),
            404 => format!("{host} has no such repository, or needs a token to show it ({names})"),
            status => format!("{host} answers with status {status}"),
        };
        self.with(|now| now.told = Some(why));
    }
}

fn outgoing(body: Body) -> WasiBody {
    body.map_err(|_| Error::ConnectionTerminated).boxed_unsync()
}

fn returned(response: http::Response<WasiBody>) -> Response {
    let (head, body) = response.into_parts();
    let mut answer = Response::new(Body::new(body.map_err(|error| std::io::Error::other(format!("{error:?}")))));
    // Git asks nobody for a password.
    *answer.status_mut() = head.status;
    if let Some(kind) = head.headers.get(header::CONTENT_TYPE) {
        answer.headers_mut().insert(header::CONTENT_TYPE, kind.clone());
    }
    answer
}

fn plain(status: StatusCode) -> Response {
    let mut answer = Response::new(Body::empty());
    *answer.status_mut() = status;
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_redirect_leads_to_a_repository_and_never_from_https() {
        let rest = "/info/refs?service=git-upload-pack";
        let to = |from: &str, to: &str| redirected(&Url::parse(from).unwrap(), to, rest).map(|url| url.to_string());
        let from = "https://a.org/o/r/info/refs?service=git-upload-pack";
        assert_eq!(to(from, &format!("https://b.org/x{rest}")).as_deref(), Some("https://b.org/x"));
        assert_eq!(to(from, &format!("/n/r.git{rest}")).as_deref(), Some("https://a.org/n/r.git"));
        assert_eq!(to(from, &format!("http://b.org/x{rest}")), None);
        assert_eq!(to(from, "https://a.org/login"), None);
    }

    #[test]
    fn only_public_hosts_are_admitted() {
        let client = Client::new(crate::HttpPolicy::default()).unwrap();
        for near in [
            "http://127.0.0.1:8080/r",
            "http://localhost/r",
            "https://[::1]/r",
            "http://169.254.169.254/r",
            "http://10.0.0.1:9/r",
            "http://0x7f.1/r",
            "https://a:b@example.org/r",
            "ftp://example.org/r",
        ] {
            assert!(matches!(admitted(&client, near), Err(Failure::Denied(_))), "{near}");
        }
        assert!(admitted(&client, "https://example.org/r?x=1").is_err());
        assert_eq!(admitted(&client, "https://example.org:8443/o/r").unwrap().as_str(), "https://example.org:8443/o/r");
    }
}
