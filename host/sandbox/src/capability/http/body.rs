//! Bodies on their way out and in, cut off where they grow too long or stop coming. Nothing is collected: a part is
//! passed on before the next is asked for.

use std::time::Duration;

use bytes::Bytes;
use futures::{Stream, StreamExt as _, stream};
use http_body_util::{BodyExt as _, StreamBody};
use wasmtime_wasi_http::{Error, WasiBody};

use super::denial::Denial;
use super::fault;
use super::noted::Noted;

/// The request's body has more bytes than allowed.
#[derive(Debug, thiserror::Error)]
#[error("the request's body is longer than {0} bytes")]
pub(crate) struct TooLong(pub(crate) u64);

/// A part of a guest's body failed.
#[derive(Debug, thiserror::Error)]
#[error("the request's body ended early: {0}")]
struct Broken(Error);

type AnyError = Box<dyn std::error::Error + Send + Sync>;

/// The guest's body for the client; `None` if it is empty, so that a GET goes out without a body. Waits for the first
/// part, which a guest may write after it has asked for the request to be sent.
pub(crate) async fn outgoing(body: WasiBody, limit: u64, noted: Noted) -> Result<Option<reqwest::Body>, Error> {
    let mut parts = body.into_data_stream();
    let first = loop {
        match parts.next().await.transpose()? {
            None => return Ok(None),
            Some(part) if part.is_empty() => {}
            Some(part) => break part,
        }
    };
    let parts = stream::once(async { Ok(first) }).chain(parts);
    Ok(Some(reqwest::Body::wrap_stream(up_to(parts, limit, noted))))
}

fn up_to(
    parts: impl Stream<Item = Result<Bytes, Error>> + Send + 'static,
    limit: u64,
    noted: Noted,
) -> impl Stream<Item = Result<Bytes, AnyError>> + Send + 'static {
    let mut sent = 0;
    parts.map(move |part| {
        let part = part.map_err(Broken)?;
        sent += part.len() as u64;
        if sent > limit {
            noted.note(Denial::RequestBody { limit });
            return Err(TooLong(limit).into());
        }
        noted.sent(part.len());
        Ok(part)
    })
}

/// What bounds the body of a response.
pub(crate) struct Bounds {
    /// Bytes, after decompression.
    pub(crate) limit: u64,
    /// The longest wait for the next part.
    pub(crate) wait: Duration,
    /// For the text that tells of it.
    pub(crate) host: String,
    pub(crate) noted: Noted,
}

/// The response's body for the guest.
pub(crate) fn incoming(body: reqwest::Body, bounds: Bounds) -> WasiBody {
    let start = Some((body, 0u64, bounds));
    let frames = stream::unfold(start, |state| async move {
        let (mut body, read, bounds) = state?;
        let frame = match tokio::time::timeout(bounds.wait, body.frame()).await {
            Err(_) => return Some((Err(Error::ConnectionReadTimeout), None)),
            Ok(None) => return None,
            Ok(Some(Err(error))) => return Some((Err(fault::kind(&error)), None)),
            Ok(Some(Ok(frame))) => frame,
        };
        let length = frame.data_ref().map_or(0, |data| data.len());
        bounds.noted.received(length);
        let read = read + length as u64;
        if read > bounds.limit {
            bounds.noted.note(Denial::ResponseBody { limit: bounds.limit, host: bounds.host });
            return Some((Err(Error::HttpResponseBodySize(Some(bounds.limit))), None));
        }
        Some((Ok(frame), Some((body, read, bounds))))
    });
    StreamBody::new(frames).boxed_unsync()
}
