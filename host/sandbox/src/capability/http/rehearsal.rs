//! What a dry run does with a request that would change something elsewhere: it is read, noted and not sent.

use http::Method;
use http_body_util::BodyExt as _;
use wasmtime_wasi_http::{Error, WasiBody};

use super::client::Approved;
use super::denial::Denial;
use super::noted::Noted;
use crate::record::dry::{Held, HeldBack};

/// The most of a body that is shown, in characters.
const SHOWN: usize = 1000;
/// The most of a body that is kept to be shown, in bytes.
const KEPT: usize = 4 * SHOWN;

/// Whether a dry run sends requests of this method: those that only ask.
pub(super) fn is_sent(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD)
}

/// Reads a request to its end, notes it, and gives the error the guest gets instead of an answer. Placeholders of
/// secrets are still what they are: nothing was put in.
pub(super) async fn hold(held: &Held, approved: Approved, limit: u64, noted: &Noted) -> Error {
    let Approved { request, url, to, .. } = approved;
    let (parts, body) = request.into_parts();
    let (kept, size) = match read(body, limit, noted).await {
        Ok(read) => read,
        Err(error) => return error,
    };
    let text = String::from_utf8_lossy(&kept);
    let body = text.chars().take(SHOWN).map(|c| if c.is_control() && c != '\n' { ' ' } else { c }).collect();
    let headers = parts.headers.keys().map(ToString::to_string).collect();
    let url = url.to_string();
    held.note(HeldBack::Request { method: parts.method.to_string(), url, headers, body, size });
    noted.note(Denial::Held { method: parts.method, host: to.host });
    Error::HttpRequestDenied
}

/// The beginning of a body, and how long it is.
async fn read(mut body: WasiBody, limit: u64, noted: &Noted) -> Result<(Vec<u8>, usize), Error> {
    let (mut kept, mut size) = (Vec::new(), 0);
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame?.into_data() else { continue };
        size += data.len();
        if size as u64 > limit {
            noted.note(Denial::RequestBody { limit });
            return Err(Error::HttpRequestBodySize(Some(limit)));
        }
        let room = KEPT.saturating_sub(kept.len()).min(data.len());
        kept.extend_from_slice(&data[..room]);
    }
    Ok((kept, size))
}
