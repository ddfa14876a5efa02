//! Answers that stand in for other machines while a plugin is tested. Where there are any, no request leaves: one that
//! none of them fits is refused. What a plugin may ask for at all was decided before, as for every request.

use std::sync::Arc;

use http_body_util::BodyExt as _;
use wasmtime_wasi_http::Error;

use super::body;
use super::client::Approved;
use super::denial::Denial;
use super::noted::Noted;

/// One answer, to one kind of request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StandIn {
    /// In capitals.
    pub method: String,
    /// The whole address.
    pub url: String,
    /// The body a request must have; without it any fits.
    pub sent: Option<String>,
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: String,
}

/// What stands in; the first that fits answers.
pub type StandIns = Arc<[StandIn]>;

/// The answer to a request.
///
/// # Errors
/// None fits, or the one that does cannot be an answer.
pub(super) async fn answer(
    stand_ins: &[StandIn],
    approved: Approved,
    limit: u64,
    noted: &Noted,
) -> Result<reqwest::Response, Error> {
    let Approved { request, url, .. } = approved;
    let (parts, sent) = request.into_parts();
    let sent = match body::outgoing(sent, limit, noted.clone()).await? {
        Some(sent) => sent.collect().await.map_err(|_| Error::HttpRequestBodySize(Some(limit)))?.to_bytes(),
        None => Default::default(),
    };
    let fits = |one: &&StandIn| {
        let body = one.sent.as_ref().is_none_or(|wanted| wanted.as_bytes() == sent);
        one.method == parts.method.as_str() && one.url == url.as_str() && body
    };
    let Some(found) = stand_ins.iter().find(fits) else {
        noted.note(Denial::NoStandIn { method: parts.method, url: url.into() });
        return Err(Error::HttpRequestDenied);
    };
    found.response().map_err(|error| {
        noted.note(Denial::Machine(format!("the answer that stands in for {} is none: {error}", found.url)));
        Error::ConfigurationError
    })
}

impl StandIn {
    fn response(&self) -> http::Result<reqwest::Response> {
        let mut response = http::Response::builder().status(self.status);
        for (name, value) in &self.headers {
            response = response.header(name, value);
        }
        response.body(self.body.clone()).map(Into::into)
    }
}
