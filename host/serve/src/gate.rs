//! What every request passes before a mount sees it: the host it names (a page that had its own name resolve to this
//! machine names another), the origin it comes from, the key it shows, its size and its time. A request that fails gets
//! a line that says why.

use std::net::IpAddr;
use std::sync::Arc;

use axum::Extension;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http_body_util::Limited;

use crate::limits::Limits;
use crate::settings::{Settings, normal};

/// Who makes a request, as far as the listener can tell. It is among the extensions of every request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Caller {
    /// They have the key, or none is asked for.
    Trusted,
    /// They have shown no key.
    Stranger,
}

/// The address of this machine that the connection came in on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Local(pub(crate) IpAddr);

#[derive(Clone, Debug)]
pub(crate) struct Gate {
    pub(crate) settings: Settings,
    pub(crate) limits: Limits,
}

type Refusal = (StatusCode, &'static str);

const NO_HOST: Refusal = (StatusCode::BAD_REQUEST, "The request must name one host.\n");
const OTHER_HOST: Refusal = (
    StatusCode::MISDIRECTED_REQUEST,
    "This is not a name of this listener. If it should be, add it to serve.hosts in steward.toml.\n",
);
const FOREIGN_ORIGIN: Refusal = (
    StatusCode::FORBIDDEN,
    "Pages of other sites may not use this listener. If this site is yours, add its host to serve.hosts in \
     steward.toml.\n",
);
const NO_KEY: Refusal =
    (StatusCode::UNAUTHORIZED, "Send the key from serve.key in the header Authorization: Bearer KEY.\n");
const TOO_LARGE: Refusal = (StatusCode::PAYLOAD_TOO_LARGE, "The body of this request is too large.\n");
const TOO_SLOW: Refusal = (StatusCode::REQUEST_TIMEOUT, "The request took too long.\n");

/// Runs the request through everything and then through the mounts.
pub(crate) async fn pass(
    State(gate): State<Arc<Gate>>,
    Extension(Local(local)): Extension<Local>,
    mut request: Request,
    next: Next,
) -> Response {
    let caller = match gate.judge(request.uri(), request.headers(), local) {
        Ok(caller) => caller,
        Err(refusal) => {
            tracing::debug!(status = refusal.0.as_u16(), "a request is refused");
            return sealed(refused(refusal));
        }
    };
    request.extensions_mut().insert(caller);
    let limit = gate.limits.body;
    let request = request.map(|body| Body::new(Limited::new(body, limit)));
    let answered = tokio::time::timeout(gate.limits.request_time, next.run(request)).await;
    sealed(answered.unwrap_or_else(|_| refused(TOO_SLOW)))
}

impl Gate {
    fn judge(&self, uri: &Uri, headers: &HeaderMap, local: IpAddr) -> Result<Caller, Refusal> {
        let host = self.host(uri, headers, local)?;
        self.check_origin(headers, &host)?;
        let caller = self.caller(headers)?;
        if declared(headers).is_some_and(|length| length > self.limits.body as u64) {
            return Err(TOO_LARGE);
        }
        Ok(caller)
    }

    /// The one host that the request names, if it is this listener.
    fn host(&self, uri: &Uri, headers: &HeaderMap, local: IpAddr) -> Result<Authority, Refusal> {
        let named = only(headers, &header::HOST).ok_or(NO_HOST)?;
        let host: Authority = named.to_str().ok().and_then(|text| text.parse().ok()).ok_or(NO_HOST)?;
        // A request may name it twice: in its header and in its first line.
        for one in [Some(&host), uri.authority()].into_iter().flatten() {
            if one.as_str().contains('@') || !self.is_ours(one.host(), local) {
                return Err(OTHER_HOST);
            }
        }
        Ok(host)
    }

    /// Ports are not compared: what forwards to this one may have another.
    fn is_ours(&self, host: &str, local: IpAddr) -> bool {
        let host = normal(host);
        host == "localhost" || host == local.to_canonical().to_string() || self.is_listed(&host)
    }

    fn is_listed(&self, host: &str) -> bool {
        self.settings.hosts().iter().any(|one| one == host)
    }

    /// Browsers name the origin of the page that asks; programs name none.
    fn check_origin(&self, headers: &HeaderMap, host: &Authority) -> Result<(), Refusal> {
        if !headers.contains_key(header::ORIGIN) {
            return Ok(());
        }
        let origin = only(headers, &header::ORIGIN).and_then(|origin| origin.to_str().ok());
        let origin: Option<Uri> = origin.and_then(|text| text.parse().ok());
        let (scheme, authority) = match origin.as_ref().map(|uri| (uri.scheme_str(), uri.authority())) {
            Some((Some(scheme), Some(authority))) => (scheme, authority),
            _ => return Err(FOREIGN_ORIGIN),
        };
        let usual = match scheme {
            "http" => 80,
            "https" => 443,
            _ => return Err(FOREIGN_ORIGIN),
        };
        let place = |one: &Authority| (normal(one.host()), one.port_u16().unwrap_or(usual));
        let same = place(authority) == place(host) || self.is_listed(&normal(authority.host()));
        if same { Ok(()) } else { Err(FOREIGN_ORIGIN) }
    }

    /// A wrong key is refused everywhere, so that nobody takes it for the right one.
    fn caller(&self, headers: &HeaderMap) -> Result<Caller, Refusal> {
        let Some(key) = self.settings.key() else { return Ok(Caller::Trusted) };
        if !headers.contains_key(header::AUTHORIZATION) {
            return Ok(Caller::Stranger);
        }
        let shown = only(headers, &header::AUTHORIZATION).and_then(|shown| bearer(shown.as_bytes()));
        match shown.is_some_and(|shown| key.is(shown)) {
            true => Ok(Caller::Trusted),
            false => Err(NO_KEY),
        }
    }
}

/// The key in `Bearer KEY`; the scheme is written in any case.
fn bearer(shown: &[u8]) -> Option<&[u8]> {
    const SCHEME: &[u8] = b"Bearer ";
    let (scheme, key) = shown.split_at_checked(SCHEME.len())?;
    scheme.eq_ignore_ascii_case(SCHEME).then(|| key.trim_ascii())
}

/// The value of a header that is there once.
fn only<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a HeaderValue> {
    let mut values = headers.get_all(name).iter();
    values.next().filter(|_| values.next().is_none())
}

fn declared(headers: &HeaderMap) -> Option<u64> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// The answer to a caller who needs the key and has not shown it.
pub(crate) fn refuse_without_key() -> Response {
    refused(NO_KEY)
}

fn refused(refusal: Refusal) -> Response {
    let mut response = refusal.into_response();
    if refusal.0 == StatusCode::UNAUTHORIZED {
        response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    response
}

/// Nothing is taken for another kind of file, and nothing is kept on the way unless the mount says so.
fn sealed(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

#[cfg(test)]
mod tests;
